//! Questions in SQL over everything: events, and the facts as tables.
//!
//! **Invariant:** read-only, with limits on rows, time and memory; only for those who may see every row.

mod api;
mod tables;
#[cfg(test)]
mod tests;

pub use api::routes;

use crate::drill::SqlSettings;
use crate::facts::{FactStore, aside};
use crate::metrics::AsOf;
use kernel::limits;
use kernel::problem::Problem;
use kernel::scope::{Permission, Scope};
use lake::{Col, SqlAnswer, SqlLimits, SqlTable, SqlType, SqlValue};
use serde::{Deserialize, Serialize};

/// Longest statement, in characters.
const SQL_CHARS_MAX: usize = 20_000;

/// A question in SQL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlRequest {
    /// One `select` statement.
    #[schema(
        example = "select channel, sum(micros) / 1e6 as revenue from credits where goal = 'deal_won' and model = 'linear' group by channel"
    )]
    pub sql: String,
    /// How the tables that follow from journeys are written.
    #[serde(default)]
    pub settings: SqlSettings,
    /// Most rows; 1 000 when absent.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SqlColumnInfo {
    /// Its name.
    pub name: String,
    /// `int`, `float`, `text`, `bool`, `timestamp` or another type of the engine.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A table that can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SqlTableInfo {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub description: String,
    /// Its columns.
    pub columns: Vec<SqlColumnInfo>,
}

/// The answer to a question in SQL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SqlResult {
    /// The columns.
    pub columns: Vec<SqlColumnInfo>,
    /// The rows, each as long as `columns`.
    pub rows: Vec<Vec<serde_json::Value>>,
    /// Whether rows were left out.
    pub truncated: bool,
    /// How far the events behind the tables were read.
    pub watermark: AsOf,
}

/// Questions in SQL.
#[derive(Debug, Clone)]
pub struct SqlConsole {
    store: FactStore,
}

fn kind_name(kind: SqlType) -> &'static str {
    match kind {
        SqlType::Int => "int",
        SqlType::Float => "float",
        SqlType::Text => "text",
        SqlType::Bool => "bool",
        SqlType::Timestamp => "timestamp",
    }
}

const AUDIT: &[(&str, SqlType)] = &[
    ("id", SqlType::Text),
    ("at", SqlType::Timestamp),
    ("actor", SqlType::Text),
    ("action", SqlType::Text),
    ("target", SqlType::Text),
    ("details", SqlType::Text),
];

impl SqlConsole {
    /// Over these facts.
    #[must_use]
    pub fn new(store: FactStore) -> Self {
        Self { store }
    }

    /// Every table with its columns.
    #[must_use]
    pub fn schema(&self) -> Vec<SqlTableInfo> {
        let column = |name: &str, kind: &str| SqlColumnInfo { name: name.to_owned(), kind: kind.to_owned() };
        let fixed = [
            ("offset", "int"),
            ("person", "int"),
            ("at", "timestamp"),
            ("received_at", "timestamp"),
            ("kind", "text"),
            ("agent_class", "text"),
            ("value", "int"),
            ("channel_rule", "int"),
        ];
        let columns = fixed.iter().map(|(name, kind)| column(name, kind));
        let texts = Col::ALL.iter().map(|text| column(text.name(), "text"));
        let mut tables = vec![SqlTableInfo {
            name: "events".to_owned(),
            description: "Every event, one row each; `person` is people.person_number.".to_owned(),
            columns: columns.chain(texts).collect(),
        }];
        let known = tables::TABLES.iter().map(|(name, description, columns)| (*name, *description, *columns));
        let audit = ("audit", "Who changed what (needs the permission audit.read).", AUDIT);
        for (name, description, columns) in known.chain([audit]) {
            tables.push(SqlTableInfo {
                name: name.to_owned(),
                description: description.to_owned(),
                columns: columns.iter().map(|(name, kind)| column(name, kind_name(*kind))).collect(),
            });
        }
        tables
    }

    /// Answers a statement.
    ///
    /// # Errors
    /// 403 without `sql.run`; 422 when the statement is refused or wrong; 429 when too many are being answered.
    pub async fn run(&self, scope: &Scope, request: SqlRequest) -> Result<SqlResult, Problem> {
        scope.require(Permission::SqlRun)?;
        if request.sql.trim().is_empty() || request.sql.chars().count() > SQL_CHARS_MAX {
            return Err(Problem::invalid("sql", format!("From 1 to {SQL_CHARS_MAX} characters.")));
        }
        let rows = request.limit.unwrap_or(1_000) as usize;
        if rows == 0 || rows > limits::SQL_ROWS_MAX {
            return Err(Problem::invalid("limit", format!("From 1 to {} rows.", limits::SQL_ROWS_MAX)));
        }
        tables::check(&request.settings)?;
        let goal = request.settings.goal.as_deref().map(str::parse).transpose();
        let goal = goal.map_err(|problem: Problem| problem.at("settings.goal"))?;
        let ready = self.store.with_goal(scope, goal.as_ref()).await?;
        // Before the tables are built: what waits for its turn must not hold them.
        let turn = self.store.source().sql_turn(scope).await?;
        let (facts, settings, text) = (ready.facts.clone(), request.settings, request.sql.clone());
        // The turn goes along: it lasts as long as the tables are built, also when whoever asked is gone.
        let (turn, built) = aside(move || (turn, tables::build(&facts, &text, &settings))).await?;
        let mut tables = built?;
        if tables::mentions(&request.sql, "audit") {
            scope.require(Permission::AuditRead)?;
            tables.push(self.audit(scope).await?);
        }
        let limits = SqlLimits { rows, ..SqlLimits::default() };
        let answer = self.store.source().sql(scope, turn, &request.sql, tables, limits).await?;
        let SqlAnswer { columns, rows, truncated } = answer;
        let columns =
            columns.into_iter().map(|column| SqlColumnInfo { name: column.name, kind: column.kind }).collect();
        Ok(SqlResult { columns, rows, truncated, watermark: ready.as_of })
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
