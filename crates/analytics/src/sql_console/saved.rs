//! Saved questions: who keeps what, and the table they are in.
//!
//! **Invariant:** a private question is seen by its owner alone; a shared one is changed by its owner, or by whoever may
//! change the workspace.
//! **Invariant:** a change and its entry in the audit trail commit together.

use super::SqlConsole;
use super::model::{ChartSpec, NewSavedQuery, SavedQuery, SavedQueryChange};
use super::tables;
use crate::drill::SqlSettings;
use kernel::ids::QueryId;
use kernel::limits::{DESCRIPTION_CHARS_MAX, NAME_CHARS_MAX, SAVED_QUERIES_MAX, SQL_CHARS_MAX};
use kernel::problem::{Class, Problem};
use kernel::scope::{Permission, Scope};
use kernel::time::Timestamp;
use platform::sql::{DbError, FromRow, Row};
use platform::{audit, params};
use serde_json::json;

/// Columns of a chart whose numbers are drawn.
const CHART_COLUMNS_MAX: usize = 20;

const COLUMNS: &str = "id, name, description, text, settings, chart, owner, shared, version, created_us, updated_us, \
                       updated_by, archived_us";

impl FromRow for SavedQuery {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.id("id")?,
            name: row.text("name")?,
            description: row.text("description")?,
            sql: row.text("text")?,
            settings: row.json::<SqlSettings>("settings")?,
            chart: row.json::<Option<ChartSpec>>("chart")?,
            owner: row.text("owner")?,
            shared: row.bool("shared")?,
            version: row.int("version")?,
            created_at: row.time("created_us")?,
            updated_at: row.time("updated_us")?,
            updated_by: row.text("updated_by")?,
            archived_at: row.opt_time("archived_us")?,
            editable: false,
        })
    }
}

impl SavedQuery {
    fn is_seen_by(&self, scope: &Scope) -> bool {
        self.shared || self.owner == scope.actor.label()
    }

    fn is_changed_by(&self, scope: &Scope) -> bool {
        self.owner == scope.actor.label() || (self.shared && scope.permissions.has(Permission::WorkspaceWrite))
    }

    fn told_to(mut self, scope: &Scope) -> Self {
        self.editable = self.is_changed_by(scope);
        self
    }

    /// Checks what people typed.
    fn check(&mut self) -> Result<(), Problem> {
        self.name = self.name.trim().to_owned();
        let length = self.name.chars().count();
        if length == 0 || length > NAME_CHARS_MAX || self.name.chars().any(char::is_control) {
            return Err(Problem::invalid("name", format!("Write a name of 1 to {NAME_CHARS_MAX} characters.")));
        }
        if self.description.chars().count() > DESCRIPTION_CHARS_MAX {
            let message = format!("Write at most {DESCRIPTION_CHARS_MAX} characters.");
            return Err(Problem::invalid("description", message));
        }
        if self.sql.trim().is_empty() || self.sql.chars().count() > SQL_CHARS_MAX {
            return Err(Problem::invalid("sql", format!("From 1 to {SQL_CHARS_MAX} characters.")));
        }
        tables::check(&self.settings)?;
        if let Some(chart) = &self.chart {
            if chart.y.is_empty() || chart.y.len() > CHART_COLUMNS_MAX {
                return Err(Problem::invalid("chart.y", format!("Name 1 to {CHART_COLUMNS_MAX} columns.")));
            }
            let names = chart.y.iter().chain([&chart.x]).chain(&chart.series);
            if names.into_iter().any(|name| name.chars().count() > 1_000) {
                return Err(Problem::invalid("chart", "A column has a name of at most 1 000 characters."));
            }
        }
        Ok(())
    }
}

fn written<T: serde::Serialize>(value: &T) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(|error| Problem::new(Class::Internal, "internal", error.to_string()))
}

impl SqlConsole {
    /// The saved questions the caller may see, by name; archived ones only when asked for.
    ///
    /// # Errors
    /// 403 without `sql.run`.
    pub async fn saved(&self, scope: &Scope, archived: bool) -> Result<Vec<SavedQuery>, Problem> {
        scope.require(Permission::SqlRun)?;
        let db = self.platform.db(scope).await?;
        let sql = format!(
            "select {COLUMNS} from saved_queries where (shared or owner = $1) and ($2 or archived_us is null) \
             order by lower(name), id"
        );
        let found: Vec<SavedQuery> = db.query(&sql, params![scope.actor.label(), archived]).await?;
        Ok(found.into_iter().map(|query| query.told_to(scope)).collect())
    }

    /// One saved question.
    ///
    /// # Errors
    /// 404 when there is none the caller may see.
    pub async fn saved_one(&self, scope: &Scope, id: &QueryId) -> Result<SavedQuery, Problem> {
        scope.require(Permission::SqlRun)?;
        let db = self.platform.db(scope).await?;
        let sql = format!("select {COLUMNS} from saved_queries where id = $1");
        let found: Option<SavedQuery> = db.query_optional(&sql, params![id]).await?;
        let found = found.filter(|query| query.is_seen_by(scope));
        Ok(found.ok_or_else(|| Problem::not_found("query", id))?.told_to(scope))
    }

    /// Saves a question.
    ///
    /// # Errors
    /// 422 for a field that is wrong, 409 when there are too many.
    pub async fn save(&self, scope: &Scope, new: NewSavedQuery) -> Result<SavedQuery, Problem> {
        scope.require(Permission::SqlRun)?;
        let now = self.platform.world.now();
        let NewSavedQuery { name, description, sql, settings, chart, shared } = new;
        let mut query = SavedQuery {
            id: QueryId::new(now, &mut self.platform.world.rng()),
            name,
            description,
            sql,
            settings,
            chart,
            owner: scope.actor.label(),
            shared,
            version: 1,
            created_at: now,
            updated_at: now,
            updated_by: scope.actor.label(),
            archived_at: None,
            editable: true,
        };
        query.check()?;
        let mut tx = self.platform.db(scope).await?.begin().await?;
        let (count,): (i64,) = tx.query_one("select count(*) from saved_queries", vec![]).await?;
        if usize::try_from(count).unwrap_or(usize::MAX) >= SAVED_QUERIES_MAX {
            let message =
                format!("A workspace keeps at most {SAVED_QUERIES_MAX} questions. Change one that is no longer used.");
            return Err(Problem::new(Class::Conflict, "too_many_queries", message));
        }
        let insert = format!(
            "insert into saved_queries ({COLUMNS}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
        );
        let values = params![
            &query.id,
            &query.name,
            &query.description,
            &query.sql,
            written(&query.settings)?,
            written(&query.chart)?,
            &query.owner,
            query.shared,
            query.version,
            now,
            now,
            &query.updated_by,
            None::<Timestamp>
        ];
        tx.execute(&insert, values).await?;
        let details = json!({"name": query.name, "shared": query.shared, "sql": query.sql});
        audit::record(&mut tx, scope, now, "query.create", query.id.as_str(), &details).await?;
        tx.commit().await?;
        Ok(query)
    }

    /// Changes a saved question.
    ///
    /// # Errors
    /// 404 when there is none the caller may see, 403 when it is another's, 409 when it was changed meanwhile.
    pub async fn change_saved(
        &self,
        scope: &Scope,
        id: &QueryId,
        change: SavedQueryChange,
    ) -> Result<SavedQuery, Problem> {
        scope.require(Permission::SqlRun)?;
        let now = self.platform.world.now();
        let mut tx = self.platform.db(scope).await?.begin().await?;
        let select = format!("select {COLUMNS} from saved_queries where id = $1{}", tx.pick("", " for update"));
        let found: Option<SavedQuery> = tx.query_optional(&select, params![id]).await?;
        let before = found.filter(|query| query.is_seen_by(scope)).ok_or_else(|| Problem::not_found("query", id))?;
        if !before.is_changed_by(scope) {
            let message = "This question belongs to somebody else. Save it under a name of your own to change it.";
            return Err(Problem::new(Class::Forbidden, "not_your_query", message));
        }
        if change.version.is_some_and(|version| version != before.version) {
            let message = format!(
                "The question was changed by {} meanwhile. Load it again, or save yours under another name.",
                before.updated_by
            );
            return Err(Problem::new(Class::Conflict, "query_changed", message).at("version"));
        }
        let mut query = applied(before.clone(), change, now);
        query.check()?;
        let details = differences(&before, &query);
        if details.as_object().is_some_and(serde_json::Map::is_empty) {
            return Ok(before.told_to(scope));
        }
        query.version += 1;
        query.updated_at = now;
        query.updated_by = scope.actor.label();
        let update = "update saved_queries set name = $2, description = $3, text = $4, settings = $5, chart = $6, \
                      shared = $7, version = $8, updated_us = $9, updated_by = $10, archived_us = $11 where id = $1";
        let values = params![
            id,
            &query.name,
            &query.description,
            &query.sql,
            written(&query.settings)?,
            written(&query.chart)?,
            query.shared,
            query.version,
            now,
            &query.updated_by,
            query.archived_at
        ];
        tx.execute(update, values).await?;
        let action = match (before.archived_at, query.archived_at) {
            (None, Some(_)) => "query.archive",
            (Some(_), None) => "query.restore",
            _ => "query.update",
        };
        audit::record(&mut tx, scope, now, action, id.as_str(), &details).await?;
        tx.commit().await?;
        Ok(query.told_to(scope))
    }
}

fn applied(mut query: SavedQuery, change: SavedQueryChange, now: Timestamp) -> SavedQuery {
    let SavedQueryChange { version: _, name, description, sql, settings, chart, shared, archived } = change;
    query.name = name.unwrap_or(query.name);
    query.description = description.unwrap_or(query.description);
    query.sql = sql.unwrap_or(query.sql);
    query.settings = settings.unwrap_or(query.settings);
    query.chart = chart.unwrap_or(query.chart);
    query.shared = shared.unwrap_or(query.shared);
    query.archived_at = match archived {
        Some(true) => query.archived_at.or(Some(now)),
        Some(false) => None,
        None => query.archived_at,
    };
    query
}

/// What differs, as the audit trail keeps it.
fn differences(before: &SavedQuery, after: &SavedQuery) -> serde_json::Value {
    let of = |query: &SavedQuery| {
        [
            ("name", json!(query.name)),
            ("description", json!(query.description)),
            ("sql", json!(query.sql)),
            ("settings", json!(query.settings)),
            ("chart", json!(query.chart)),
            ("shared", json!(query.shared)),
            ("archived", json!(query.archived_at.is_some())),
        ]
    };
    let changed = of(before).into_iter().zip(of(after)).filter(|((_, before), (_, after))| before != after);
    changed.map(|((name, _), (_, after))| (name.to_owned(), after)).collect::<serde_json::Map<_, _>>().into()
}
