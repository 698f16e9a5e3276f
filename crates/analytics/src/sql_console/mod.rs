//! Questions in SQL over everything: events, and the facts as tables.
//!
//! **Invariant:** read-only, with limits on rows, time and memory; only for those who may see every row.
//! **Invariant:** what is being answered is listed, and stops when it is cancelled or when whoever asked goes away.

mod api;
mod ask;
mod model;
mod runs;
mod saved;
mod tables;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_saved;

pub use api::routes;
pub use ask::ExportStream;
pub use model::{
    ChartKind, ChartSpec, ExportFormat, NewSavedQuery, RunKind, SavedQuery, SavedQueryChange, SqlColumnInfo,
    SqlExportRequest, SqlMonthInfo, SqlPlanInfo, SqlReadInfo, SqlRequest, SqlResult, SqlRunInfo, SqlTableInfo,
};

use crate::facts::FactStore;
use kernel::problem::Problem;
use kernel::scope::{Permission, Scope};
use lake::{Col, SqlType};
use platform::Platform;
use runs::Runs;

/// Questions in SQL.
#[derive(Debug, Clone)]
pub struct SqlConsole {
    store: FactStore,
    platform: Platform,
    runs: Runs,
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

/// The columns of `events` that are not plain text of the message.
const EVENTS: &[(&str, SqlType)] = &[
    ("person", SqlType::Text),
    ("at", SqlType::Timestamp),
    ("offset", SqlType::Int),
    ("received_at", SqlType::Timestamp),
    ("kind", SqlType::Text),
    ("agent_class", SqlType::Text),
    ("channel_rule", SqlType::Int),
    ("value", SqlType::Int),
];

impl SqlConsole {
    /// Over these facts; saved questions are kept in the workspaces' databases.
    #[must_use]
    pub fn new(store: FactStore, platform: &Platform) -> Self {
        Self { store, platform: platform.clone(), runs: Runs::default() }
    }

    /// Every table with its columns.
    #[must_use]
    pub fn schema(&self) -> Vec<SqlTableInfo> {
        schema()
    }

    /// What is being answered: one's own questions, and everybody's for whoever has `jobs.write`.
    ///
    /// # Errors
    /// 403 without `sql.run`.
    pub fn running(&self, scope: &Scope) -> Result<Vec<SqlRunInfo>, Problem> {
        scope.require(Permission::SqlRun)?;
        Ok(self.runs.list(scope))
    }

    /// Cancels a question of one's own, or anybody's with `jobs.write`.
    ///
    /// # Errors
    /// 404 when it is not being answered.
    pub fn cancel(&self, scope: &Scope, run: &str) -> Result<(), Problem> {
        scope.require(Permission::SqlRun)?;
        self.runs.cancel(scope, run)
    }
}

fn schema() -> Vec<SqlTableInfo> {
    let column = |name: &str, kind: &str| SqlColumnInfo { name: name.to_owned(), kind: kind.to_owned() };
    let fixed = EVENTS.iter().map(|(name, kind)| column(name, kind_name(*kind)));
    let texts = Col::ALL.iter().map(|text| column(text.name(), "text"));
    let mut tables = vec![SqlTableInfo {
        name: "events".to_owned(),
        description: "Every event, one row each; `person` is people.person, `value` is in micros of `currency`."
            .to_owned(),
        columns: fixed.chain(texts).collect(),
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
