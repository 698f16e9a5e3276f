//! One question in SQL: checked, planned, run within its limits, on a thread of its own.
//!
//! The thread has a large stack: a question of many nested or chained expressions recurses deeply in planner and
//! engine, and a stack that overflows would take the server with it.

use super::answer::{SqlAnswer, SqlLimits, SqlTable};
use super::events::EventsTable;
use super::functions::{BATCH_ROWS, bounded, check_plan};
use super::values::{Answer, table_batch};
use crate::error::LakeError;
use crate::fold::Cancel;
use crate::lake::SqlTurn;
use crate::view::View;
use datafusion::config::Dialect;
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::GreedyMemoryPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::{SQLOptions, SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::Statement as Ast;
use futures::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Longest question, in bytes: bounds how deep its expressions can nest.
const TEXT_BYTES_MAX: usize = 32 << 10;
const STACK_BYTES: usize = 256 << 20;
const READ_ONLY: &str = "Only one question that reads is possible: SELECT, WITH, EXPLAIN, SHOW or DESCRIBE";

/// Answers a question; its turn lasts until its thread is done.
pub(crate) async fn sql(
    view: View,
    text: String,
    tables: Vec<SqlTable>,
    limits: SqlLimits,
    stop: Cancel,
    turn: SqlTurn,
) -> Result<SqlAnswer, LakeError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(LakeError::Sql(format!("The question has {} bytes; at most {TEXT_BYTES_MAX}.", text.len())));
    }
    let (reply, answer) = oneshot::channel();
    let work = move || {
        let _turn = turn;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let result = match runtime {
            Ok(runtime) => runtime.block_on(limited(view, &text, tables, limits, &stop)),
            Err(error) => Err(LakeError::Data(error.to_string())),
        };
        // Nobody waits any more when the caller went away.
        let _ = reply.send(result);
    };
    let thread = std::thread::Builder::new().name("lake-sql".into()).stack_size(STACK_BYTES);
    thread.spawn(work).map_err(|error| LakeError::Data(error.to_string()))?;
    answer.await.unwrap_or_else(|_| Err(LakeError::Data("the question could not be answered".into())))
}

async fn limited(
    view: View,
    text: &str,
    tables: Vec<SqlTable>,
    limits: SqlLimits,
    stop: &Cancel,
) -> Result<SqlAnswer, LakeError> {
    let too_long = || {
        LakeError::Limit(format!(
            "The question took longer than {} s. Narrow it, for example to a range of `at`.",
            limits.seconds
        ))
    };
    let run = run(view, text, tables, limits, stop);
    match tokio::time::timeout(Duration::from_secs(limits.seconds), run).await {
        Ok(answer) => answer,
        Err(_) => Err(too_long()),
    }
}

fn context(memory: usize) -> Result<SessionContext, LakeError> {
    let config = SessionConfig::new().with_information_schema(true).with_target_partitions(1);
    let config = config.with_batch_size(BATCH_ROWS);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(GreedyMemoryPool::new(memory)))
        .with_disk_manager_builder(DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled))
        .build_arc()
        .map_err(|error| refused(&error))?;
    let builder = SessionStateBuilder::new_with_default_features().with_config(config).with_runtime_env(runtime);
    Ok(SessionContext::new_with_state(bounded(builder).build()))
}

async fn run(
    view: View,
    text: &str,
    tables: Vec<SqlTable>,
    limits: SqlLimits,
    stop: &Cancel,
) -> Result<SqlAnswer, LakeError> {
    let context = context(limits.memory)?;
    let events = EventsTable::new(Arc::new(view), stop.clone());
    context.register_table("events", Arc::new(events)).map_err(|error| refused(&error))?;
    for table in tables {
        let name = table.name.clone();
        let (schema, batch) = table_batch(table)?;
        let table = MemTable::try_new(schema, vec![vec![batch]]).map_err(|error| refused(&error))?;
        context.register_table(name.as_str(), Arc::new(table)).map_err(|error| refused(&error))?;
    }
    let state = context.state();
    let statement = state.sql_to_statement(text, &Dialect::Generic).map_err(|error| refused(&error))?;
    if !is_read_only(&statement) {
        return Err(LakeError::Sql(format!("{READ_ONLY}.")));
    }
    let plan = state.statement_to_plan(statement).await.map_err(|error| refused(&error))?;
    let read_only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    read_only.verify_plan(&plan).map_err(|_| LakeError::Sql(format!("{READ_ONLY}.")))?;
    let frame = context.execute_logical_plan(plan).await.map_err(|error| refused(&error))?;
    let (state, plan) = frame.into_parts();
    // Optimised here and not once more on the way: only then it shows what its constants became.
    let plan = state.optimize(&plan).map_err(|error| refused(&error))?;
    check_plan(&plan)?;
    let plan = state.query_planner().create_physical_plan(&plan, &state).await.map_err(|error| refused(&error))?;
    let mut stream = execute_stream(plan, state.task_ctx()).map_err(|error| refused(&error))?;
    let mut answer = Answer::new(&stream.schema(), limits);
    while let Some(batch) = stream.next().await {
        if !answer.add(&batch.map_err(|error| refused(&error))?)? {
            break;
        }
    }
    Ok(answer.finish())
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

/// The failure in words for the author of the question.
fn refused(error: &DataFusionError) -> LakeError {
    match error.find_root() {
        DataFusionError::ResourcesExhausted(_) => LakeError::Limit(
            "The question needs more memory than it may take. Narrow it, or group by fewer values.".into(),
        ),
        DataFusionError::External(cause) => match cause.downcast_ref::<LakeError>() {
            Some(LakeError::Cancelled) => LakeError::Cancelled,
            Some(LakeError::Limit(message)) => LakeError::Limit(message.clone()),
            _ => LakeError::Data(cause.to_string()),
        },
        DataFusionError::SQL(cause, _) => {
            let cause = cause.to_string();
            let cause = cause.strip_prefix("sql parser error: ").unwrap_or(&cause);
            LakeError::Sql(format!("The SQL cannot be read: {cause}"))
        }
        DataFusionError::NotImplemented(what) => LakeError::Sql(if what.contains("single SQL statement") {
            format!("{READ_ONLY}.")
        } else {
            format!("Not possible here: {what}")
        }),
        root => LakeError::Sql(root.message().lines().next().unwrap_or("The SQL is wrong").to_owned()),
    }
}
