//! One question in SQL: checked, planned, run within its limits, on a thread of its own.
//!
//! The thread has a large stack: a question of many nested or chained expressions recurses deeply in planner and
//! engine, and a stack that overflows would take the server with it.

use super::answer::SqlAnswer;
use super::events::{EventsTable, Reads};
use super::functions::{BATCH_ROWS, bounded, check_plan};
use super::question::{SqlPlan, SqlQuestion, SqlWatch};
use super::refusal::{READ_ONLY, refused};
use super::values::{Answer, table_batch};
use crate::error::LakeError;
use crate::lake::SqlTurn;
use crate::view::View;
use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::config::Dialect;
use datafusion::datasource::MemTable;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::display::DisplayableExecutionPlan;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::Statement as Ast;
use futures::StreamExt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Longest question, in bytes: bounds how deep its expressions can nest.
const TEXT_BYTES_MAX: usize = 32 << 10;
const STACK_BYTES: usize = 256 << 20;

/// Runs work on a thread of its own, up to its end, its time or its cancellation; the turn lasts until the thread is done.
pub(super) fn on_thread<T, Work, Fut>(
    turn: SqlTurn,
    seconds: u64,
    watch: SqlWatch,
    work: Work,
) -> Result<oneshot::Receiver<Result<T, LakeError>>, LakeError>
where
    T: Send + 'static,
    Work: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output = Result<T, LakeError>>,
{
    let (reply, answer) = oneshot::channel();
    let run = move || {
        let _turn = turn;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let result = match runtime {
            Ok(runtime) => runtime.block_on(limited(work(), seconds, &watch)),
            Err(error) => Err(LakeError::Data(error.to_string())),
        };
        // Nobody waits any more when the caller went away.
        let _ = reply.send(result);
    };
    let thread = std::thread::Builder::new().name("lake-sql".into()).stack_size(STACK_BYTES);
    thread.spawn(run).map_err(|error| LakeError::Data(error.to_string()))?;
    Ok(answer)
}

async fn limited<T>(
    work: impl Future<Output = Result<T, LakeError>>,
    seconds: u64,
    watch: &SqlWatch,
) -> Result<T, LakeError> {
    tokio::select! {
        // First, because work that uses up its share of a turn leaves none to those polled after it.
        biased;
        () = watch.cancelled() => Err(LakeError::Cancelled),
        () = tokio::time::sleep(Duration::from_secs(seconds)) => Err(LakeError::Limit(format!(
            "The question took longer than {seconds} s. Narrow it, for example to a range of `at`."
        ))),
        result = work => result,
    }
}

fn context(memory: usize) -> Result<SessionContext, LakeError> {
    let config = SessionConfig::new().with_information_schema(true).with_target_partitions(1);
    let mut config = config.with_batch_size(BATCH_ROWS);
    // So that what is wrong can be shown where it stands.
    config.options_mut().sql_parser.collect_spans = true;
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(GreedyMemoryPool::new(memory)))
        .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled))
        .build_arc()
        .map_err(|error| refused(&error))?;
    let builder = SessionStateBuilder::new_with_default_features().with_config(config).with_runtime_env(runtime);
    Ok(SessionContext::new_with_state(bounded(builder).build()))
}

/// A question that is checked and planned.
pub(super) struct Planned {
    state: SessionState,
    logical: LogicalPlan,
    pub(super) physical: Arc<dyn ExecutionPlan>,
    reads: Reads,
}

impl Planned {
    /// Begins to answer.
    pub(super) fn stream(&self) -> Result<SendableRecordBatchStream, LakeError> {
        let plan = yielding(Arc::clone(&self.physical)).map_err(|error| refused(&error))?;
        execute_stream(plan, self.state.task_ctx()).map_err(|error| refused(&error))
    }
}

/// The same plan, in which every step makes way now and then. The engine does so only where it reads: a join that makes many
/// rows of few reads nothing for long, and would be deaf to the clock and to a cancellation.
fn yielding(plan: Arc<dyn ExecutionPlan>) -> datafusion::error::Result<Arc<dyn ExecutionPlan>> {
    let wrapped = plan.transform_up(|step| {
        let step: Arc<dyn ExecutionPlan> = Arc::new(CooperativeExec::new(step));
        Ok(Transformed::yes(step))
    });
    wrapped.map(|wrapped| wrapped.data)
}

/// Checks and plans a question. An `explain` in front is taken off when asked to.
pub(super) async fn plan(view: View, question: SqlQuestion, bare: bool) -> Result<Planned, LakeError> {
    let SqlQuestion { text, tables, limits, as_of: _, watch } = question;
    if text.len() > TEXT_BYTES_MAX {
        return Err(LakeError::Sql(format!("The question has {} bytes; at most {TEXT_BYTES_MAX}.", text.len())));
    }
    let context = context(limits.memory)?;
    let reads = Reads::default();
    let events = EventsTable::new(Arc::new(view), watch, Arc::clone(&reads));
    context.register_table("events", Arc::new(events)).map_err(|error| refused(&error))?;
    for table in tables {
        let name = table.name.clone();
        let (schema, batch) = table_batch(table)?;
        let table = MemTable::try_new(schema, vec![vec![batch]]).map_err(|error| refused(&error))?;
        context.register_table(name.as_str(), Arc::new(table)).map_err(|error| refused(&error))?;
    }
    let state = context.state();
    let mut statement = state.sql_to_statement(&text, &Dialect::Generic).map_err(|error| refused(&error))?;
    if bare && let Statement::Explain(explain) = statement {
        statement = *explain.statement;
    }
    if !is_read_only(&statement) {
        return Err(LakeError::Sql(format!("{READ_ONLY}.")));
    }
    let plan = state.statement_to_plan(statement).await.map_err(|error| refused(&error))?;
    let read_only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    read_only.verify_plan(&plan).map_err(|_| LakeError::Sql(format!("{READ_ONLY}.")))?;
    let frame = context.execute_logical_plan(plan).await.map_err(|error| refused(&error))?;
    let (state, plan) = frame.into_parts();
    // Optimised here and not once more on the way: only then it shows what its constants became.
    let logical = state.optimize(&plan).map_err(|error| refused(&error))?;
    check_plan(&logical)?;
    let physical = state.query_planner().create_physical_plan(&logical, &state).await;
    let physical = physical.map_err(|error| refused(&error))?;
    Ok(Planned { state, logical, physical, reads })
}

/// The rows of an answer, up to its limits.
pub(super) async fn rows(view: View, question: SqlQuestion) -> Result<SqlAnswer, LakeError> {
    let (limits, watch) = (question.limits, question.watch.clone());
    let planned = plan(view, question, false).await?;
    let mut stream = planned.stream()?;
    let mut answer = Answer::new(&stream.schema(), limits);
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|error| refused(&error))?;
        watch.given(batch.num_rows());
        if !answer.add(&batch)? {
            break;
        }
    }
    Ok(answer.finish())
}

/// How a question would be answered.
pub(super) async fn explained(view: View, question: SqlQuestion) -> Result<SqlPlan, LakeError> {
    let planned = plan(view, question, true).await?;
    let logical = planned.logical.display_indent().to_string();
    let physical = DisplayableExecutionPlan::new(planned.physical.as_ref()).indent(false).to_string();
    let reads = planned.reads.lock().clone();
    Ok(SqlPlan { logical: logical.trim_end().to_owned(), physical: physical.trim_end().to_owned(), reads })
}

/// Whether a statement is of the kinds that can only read; what it contains is checked again on its plan.
fn is_read_only(statement: &Statement) -> bool {
    match statement {
        Statement::Statement(ast) => matches!(
            **ast,
            Ast::Query(_)
                | Ast::Explain { .. }
                | Ast::ExplainTable { .. }
                | Ast::ShowTables { .. }
                | Ast::ShowColumns { .. }
                | Ast::ShowFunctions { .. }
        ),
        Statement::Explain(explain) => is_read_only(&explain.statement),
        Statement::CreateExternalTable(_) | Statement::CopyTo(_) | Statement::Reset(_) => false,
    }
}
