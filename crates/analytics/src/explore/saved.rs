//! Saved explorations: a question under a name, which can stand on Home.

use super::service::Explore;
use super::store;
use crate::explore_engine::check;
use crate::explore_model::Exploration;
use crate::facts::{date_of, day_of};
use kernel::ids::ExplorationId;
use kernel::limits::NAME_CHARS_MAX;
use kernel::problem::{Class, Problem};
use kernel::scope::{Permission, Scope};
use kernel::time::Timestamp;
use platform::audit;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Most explorations of a workspace that are not archived.
pub(super) const SAVED_MAX: u64 = 500;
/// Most that stand on Home.
pub(super) const PINNED_MAX: u64 = 4;
/// Archived ones that are listed.
pub(super) const LISTED_MAX: usize = 1_000;

/// A question under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SavedExploration {
    /// The id.
    pub id: ExplorationId,
    /// The name.
    pub name: String,
    /// The question. A rolling one ends today.
    pub exploration: Exploration,
    /// Whether its dates move on: as many days as when it was saved, up to today.
    pub rolling: bool,
    /// Whether it is shown on Home.
    pub pinned: bool,
    /// Who saved it first: `user:…` or `key:…`.
    pub owner: String,
    /// When that was.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was archived; absent when it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<Timestamp>,
}

/// Which ones to list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SavedFilter {
    /// The archived ones instead of the others.
    #[serde(default)]
    pub archived: bool,
    /// Only those on Home.
    #[serde(default)]
    pub pinned: bool,
}

/// A question to save.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveRequest {
    /// The name.
    pub name: String,
    /// The question.
    pub exploration: Exploration,
    /// Whether its dates move on.
    #[serde(default)]
    pub rolling: bool,
}

/// What to change; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SavedChange {
    /// The name.
    #[serde(default)]
    pub name: Option<String>,
    /// The question.
    #[serde(default)]
    pub exploration: Option<Exploration>,
    /// Whether its dates move on.
    #[serde(default)]
    pub rolling: Option<bool>,
    /// Whether it is shown on Home.
    #[serde(default)]
    pub pinned: Option<bool>,
    /// Whether it is archived; that takes it off Home.
    #[serde(default)]
    pub archived: Option<bool>,
}

fn named(name: &str) -> Result<String, Problem> {
    let name = name.trim();
    let length = name.chars().count();
    if length == 0 || length > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(Problem::invalid("name", format!("Write a name of 1 to {NAME_CHARS_MAX} characters.")));
    }
    Ok(name.to_owned())
}

/// The problem of a part of a request, whose fields are under `exploration`.
fn within(problem: Problem) -> Problem {
    match &problem.field {
        Some(field) => {
            let field = format!("exploration.{field}");
            problem.at(field)
        }
        None => problem,
    }
}

fn full(pinned: bool) -> Problem {
    let message = if pinned {
        format!("Home has room for {PINNED_MAX} explorations. Take one off first.")
    } else {
        format!("A workspace keeps {SAVED_MAX} explorations. Archive some that nobody needs.")
    };
    Problem::new(Class::Conflict, "too_many_explorations", message)
}

impl Explore {
    /// The saved questions, by name.
    ///
    /// # Errors
    /// 403 without `metrics.read`.
    pub async fn saved(&self, scope: &Scope, filter: SavedFilter) -> Result<Vec<SavedExploration>, Problem> {
        scope.require(Permission::MetricsRead)?;
        let today = self.today(scope).await?;
        let mut all = store::list(&self.platform().db(scope).await?, filter).await?;
        for saved in all.iter_mut().filter(|saved| saved.rolling) {
            let range = &mut saved.exploration.range;
            let days = day_of(range.to) - day_of(range.from);
            (range.from, range.to) = (date_of(today - days), date_of(today));
        }
        Ok(all)
    }

    /// Saves a question.
    ///
    /// # Errors
    /// 403 without `explorations.write`; 422 for a bad name or question; 409 when there are too many.
    pub async fn save(&self, scope: &Scope, request: SaveRequest) -> Result<SavedExploration, Problem> {
        scope.require(Permission::ExplorationsWrite)?;
        let name = named(&request.name)?;
        check(&request.exploration, None).map_err(within)?;
        let world = &self.platform().world;
        let now = world.now();
        let mut tx = self.platform().db(scope).await?.begin().await?;
        if store::count(&mut tx, false).await? >= SAVED_MAX {
            return Err(full(false));
        }
        let saved = SavedExploration {
            id: ExplorationId::new(now, &mut world.rng()),
            name,
            exploration: request.exploration,
            rolling: request.rolling,
            pinned: false,
            owner: scope.actor.label(),
            created_at: now,
            updated_at: now,
            archived_at: None,
        };
        store::insert(&mut tx, &saved).await?;
        let said = json!({"name": saved.name, "kind": saved.exploration.ask.kind(), "exploration": saved.exploration});
        audit::record(&mut tx, scope, now, "exploration.create", saved.id.as_str(), &said).await?;
        tx.commit().await?;
        Ok(saved)
    }

    /// Changes a saved question. A change that says the same writes nothing.
    ///
    /// # Errors
    /// 403 without `explorations.write`; 404; 422 for a bad name or question; 409 when Home is full.
    pub async fn change(
        &self,
        scope: &Scope,
        id: &ExplorationId,
        change: SavedChange,
    ) -> Result<SavedExploration, Problem> {
        scope.require(Permission::ExplorationsWrite)?;
        let now = self.platform().world.now();
        let mut tx = self.platform().db(scope).await?.begin().await?;
        let before = store::get(&mut tx, id).await?.ok_or_else(|| Problem::not_found("exploration", id))?;
        let mut after = before.clone();
        if let Some(name) = &change.name {
            after.name = named(name)?;
        }
        if let Some(exploration) = change.exploration {
            check(&exploration, None).map_err(within)?;
            after.exploration = exploration;
        }
        after.rolling = change.rolling.unwrap_or(before.rolling);
        after.pinned = change.pinned.unwrap_or(before.pinned);
        match change.archived {
            Some(true) => after.archived_at = before.archived_at.or(Some(now)),
            Some(false) => after.archived_at = None,
            None => {}
        }
        if after.archived_at.is_some() {
            if change.pinned == Some(true) {
                return Err(Problem::invalid("pinned", "An archived exploration cannot stand on Home."));
            }
            after.pinned = false;
        }
        if after == before {
            return Ok(before);
        }
        if after.pinned && !before.pinned && store::count(&mut tx, true).await? >= PINNED_MAX {
            return Err(full(true));
        }
        let back = before.archived_at.is_some() && after.archived_at.is_none();
        if back && store::count(&mut tx, false).await? >= SAVED_MAX {
            return Err(full(false));
        }
        after.updated_at = now;
        store::update(&mut tx, &after).await?;
        audit::record(&mut tx, scope, now, "exploration.update", id.as_str(), &differences(&before, &after)).await?;
        tx.commit().await?;
        Ok(after)
    }
}

/// What changed, with the values before and after.
fn differences(before: &SavedExploration, after: &SavedExploration) -> serde_json::Value {
    let mut said = serde_json::Map::new();
    let mut add = |name: &str, before: serde_json::Value, after: serde_json::Value| {
        if before != after {
            said.insert(name.to_owned(), json!({"before": before, "after": after}));
        }
    };
    add("name", json!(before.name), json!(after.name));
    add("exploration", json!(before.exploration), json!(after.exploration));
    add("rolling", json!(before.rolling), json!(after.rolling));
    add("pinned", json!(before.pinned), json!(after.pinned));
    add("archived", json!(before.archived_at.is_some()), json!(after.archived_at.is_some()));
    serde_json::Value::Object(said)
}
