//! From a request to its answer: rows, a plan or a file.

use super::model::{RunKind, SqlColumnInfo, SqlExportRequest, SqlPlanInfo, SqlRequest, SqlResult};
use super::runs::Listed;
use super::{AUDIT, SqlConsole, tables};
use crate::explore_engine;
use crate::facts::aside;
use crate::metrics::AsOf;
use bytes::Bytes;
use kernel::limits;
use kernel::problem::Problem;
use kernel::scope::{Permission, Scope};
use lake::{Lake, SqlAnswer, SqlFile, SqlLimits, SqlQuestion, SqlTable, SqlTurn, SqlValue};
use rand::Rng as _;

/// A question that is ready to be asked.
struct Ready {
    lake: Lake,
    turn: SqlTurn,
    question: SqlQuestion,
    watermark: AsOf,
}

/// A file on its way. Dropped, the question is cancelled.
pub struct ExportStream {
    file: SqlFile,
    listed: Listed,
}

impl ExportStream {
    /// The next piece; none after the last. A file that ends with an error is not complete.
    ///
    /// # Errors
    /// As [`SqlConsole::run`].
    pub async fn next(&mut self) -> Option<Result<Bytes, Problem>> {
        let piece = self.file.next().await?;
        Some(piece.map_err(|error| self.listed.told(error.into())))
    }
}

impl SqlConsole {
    /// Answers a statement.
    ///
    /// # Errors
    /// 403 without `sql.run`; 409 when it was cancelled; 422 when the statement is refused or wrong; 429 when too many are
    /// being answered.
    pub async fn run(&self, scope: &Scope, request: SqlRequest) -> Result<SqlResult, Problem> {
        let rows = rows_of(request.limit, 1_000, limits::SQL_ROWS_MAX)?;
        let as_of = request.as_of;
        let listed = self.enter(scope, &request, RunKind::Rows)?;
        let limits = SqlLimits { rows, ..SqlLimits::default() };
        let Ready { lake, turn, question, watermark } = self.ready(scope, &listed, request, limits).await?;
        let answer = lake.sql_in(turn, question).await;
        let SqlAnswer { columns, rows, truncated } = answer.map_err(|error| told(&listed, as_of.is_some(), error))?;
        let columns =
            columns.into_iter().map(|column| SqlColumnInfo { name: column.name, kind: column.kind }).collect();
        let rows_read = listed.watch().progress().rows_read;
        Ok(SqlResult { columns, rows, truncated, watermark, as_of, rows_read })
    }

    /// How a statement would be answered, without answering it.
    ///
    /// # Errors
    /// As [`SqlConsole::run`].
    pub async fn explain(&self, scope: &Scope, request: SqlRequest) -> Result<SqlPlanInfo, Problem> {
        rows_of(request.limit, 1_000, limits::SQL_ROWS_MAX)?;
        let as_of = request.as_of;
        let listed = self.enter(scope, &request, RunKind::Plan)?;
        let Ready { lake, turn, question, .. } = self.ready(scope, &listed, request, SqlLimits::default()).await?;
        let plan = lake.sql_plan(turn, question).await;
        Ok(plan.map_err(|error| told(&listed, as_of.is_some(), error))?.into())
    }

    /// Answers a statement as a file, which is made while it is read.
    ///
    /// # Errors
    /// As [`SqlConsole::run`], as long as nothing was given; later the stream ends with it.
    pub async fn export(&self, scope: &Scope, request: SqlExportRequest) -> Result<ExportStream, Problem> {
        let rows = rows_of(request.limit, limits::SQL_EXPORT_ROWS_MAX, limits::SQL_EXPORT_ROWS_MAX)?;
        let SqlExportRequest { sql, format, settings, limit, as_of, run } = request;
        let request = SqlRequest { sql, settings, limit, as_of, run };
        let listed = self.enter(scope, &request, RunKind::File)?;
        let limits = SqlLimits { rows, seconds: limits::SQL_EXPORT_SECONDS_MAX, ..SqlLimits::default() };
        let Ready { lake, turn, question, .. } = self.ready(scope, &listed, request, limits).await?;
        let file = lake.sql_file(turn, question, format.format(), limit.is_some()).await;
        let file = file.map_err(|error| told(&listed, as_of.is_some(), error))?;
        Ok(ExportStream { file, listed })
    }

    fn enter(&self, scope: &Scope, request: &SqlRequest, kind: RunKind) -> Result<Listed, Problem> {
        scope.require(Permission::SqlRun)?;
        if request.sql.trim().is_empty() || request.sql.chars().count() > limits::SQL_CHARS_MAX {
            return Err(Problem::invalid("sql", format!("From 1 to {} characters.", limits::SQL_CHARS_MAX)));
        }
        tables::check(&request.settings)?;
        let world = self.store.world();
        let name = request.run.clone().unwrap_or_else(|| format!("run-{:016x}", world.rng().next_u64()));
        self.runs.enter(scope, name, kind, &request.sql, world.now())
    }

    async fn ready(
        &self,
        scope: &Scope,
        listed: &Listed,
        request: SqlRequest,
        limits: SqlLimits,
    ) -> Result<Ready, Problem> {
        let SqlRequest { sql, settings, as_of, .. } = request;
        let goal = settings.goal.as_deref().map(str::parse).transpose();
        let goal = goal.map_err(|problem: Problem| problem.at("settings.goal"))?;
        let lake = self.store.source().sql_lake(scope).await?;
        let is_now = as_of.is_none();
        // Facts are made only for a statement that names one of their tables: `events` is there as it is.
        let facts = if is_now && !tables::named_in(&sql).is_empty() {
            Some(self.store.with_goal(scope, goal.as_ref()).await?)
        } else {
            None
        };
        // Before the tables are built: what waits for its turn must not hold them.
        let turn = self.store.source().sql_turn(scope).await?;
        listed.started();
        listed.go_on()?;
        let watermark = match &facts {
            Some(ready) => ready.as_of,
            None => explore_engine::as_of(lake.watermark(), self.store.world().now()),
        };
        let (facts, text) = (facts.map(|ready| ready.facts), sql.clone());
        // The turn goes along: it lasts as long as the tables are built, also when whoever asked is gone.
        let build = move || {
            let built = facts.map_or(Ok(Vec::new()), |facts| tables::build(&facts, &text, &settings));
            (turn, built)
        };
        let (turn, built) = aside(build).await?;
        let mut tables = built?;
        if is_now && tables::mentions(&sql, "audit") {
            scope.require(Permission::AuditRead)?;
            tables.push(self.audit(scope).await?);
        }
        listed.go_on()?;
        let as_of = match as_of {
            Some(at) => Some(self.store.source().known_at(scope, at).await?),
            None => None,
        };
        let question = SqlQuestion { text: sql, tables, limits, as_of, watch: listed.watch() };
        Ok(Ready { lake, turn, question, watermark })
    }

    async fn audit(&self, scope: &Scope) -> Result<SqlTable, Problem> {
        let row = |entry: platform::audit::AuditEntry| {
            vec![
                SqlValue::Text(entry.id.to_string()),
                SqlValue::Timestamp(entry.at.micros()),
                SqlValue::Text(entry.actor),
                SqlValue::Text(entry.action),
                SqlValue::Text(entry.target),
                SqlValue::Text(entry.details.to_string()),
            ]
        };
        let rows = self.store.source().audit(scope).await?.into_iter().map(row).collect();
        let columns = AUDIT.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
        Ok(SqlTable { name: "audit".to_owned(), columns, rows })
    }
}

fn rows_of(limit: Option<u32>, usual: usize, most: usize) -> Result<usize, Problem> {
    let rows = limit.map_or(usual, |limit| limit as usize);
    if rows == 0 || rows > most {
        return Err(Problem::invalid("limit", format!("From 1 to {most} rows.")));
    }
    Ok(rows)
}

/// The failure as the asker is told it. A table that is there only as it is known now is named as such.
fn told(listed: &Listed, as_of: bool, error: lake::LakeError) -> Problem {
    let problem = listed.told(error.into());
    let names = tables::TABLES.iter().map(|(name, ..)| *name).chain(["audit"]);
    let missing = names.into_iter().find(|name| problem.message.contains(&format!("table '{name}' not found")));
    match missing.filter(|_| as_of) {
        Some(name) => {
            let message = format!(
                "`{name}` is there only as it is known now. With `as_of`, ask `events` alone; or leave `as_of` out."
            );
            Problem::invalid("as_of", message)
        }
        None => problem,
    }
}
