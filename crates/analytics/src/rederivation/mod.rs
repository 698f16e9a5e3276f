//! Versions of a workspace's channel and visitor rules, and bringing history to the newest one.
//!
//! Saving a version makes it the one by which new events are told, from that moment, and asks for the job that derives
//! history again: all events at once, or none when it is stopped. What was derived before stays with the events, so a
//! question as of a moment is answered as it was then.
//!
//! **Invariant:** a version never changes; going back is a new version with an older text.
//! **Invariant:** when history is derived again, no event that was told by older rules is still on its way into the log.

mod api;
mod derive;
mod explain;
mod job;
mod model;
mod store;
#[cfg(test)]
mod tests;

pub use api::routes;
pub use explain::{ChannelAnswer, ChannelQuestion, VisitorAnswer};
pub use model::{MovedEvents, NewRules, ProgramRule, RuleVersion, RulesApplied, RulesInUse, RulesPreview, RulesRevert};
pub(crate) use store::newest;

use crate::channel_rules::{RuleBook, RuleSet, differences};
use crate::channels::{RULES_VERSION, rules_listed};
use crate::ingest::Lakes;
use derive::Follow;
use kernel::page::{Page, PageRequest};
use kernel::problem::{Class, Problem};
use kernel::scope::{Permission, Scope, WorkspaceRef};
use kernel::time::{DAY, TimeRange};
use lake::{Cancel, RewriteProgress};
use model::moved;
use platform::Platform;
use serde_json::json;
use std::sync::Arc;

/// Versions of a workspace; bounds what an event can carry of what was derived before.
const VERSIONS_MAX: u32 = 1_000;
const NOTE_CHARS_MAX: usize = 256;
/// Days that a preview looks at.
const PREVIEW_DAYS: i64 = 30;

/// The rules of all workspaces. Clones share them.
#[derive(Clone)]
pub struct ChannelRules {
    platform: Platform,
    lakes: Lakes,
}

/// Stops what a request that went away was waiting for.
struct StopOnDrop(Cancel);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl ChannelRules {
    /// On this platform; makes its job known.
    #[must_use]
    pub fn new(platform: &Platform, lakes: &Lakes) -> Self {
        let rules = Self { platform: platform.clone(), lakes: lakes.clone() };
        platform.jobs.register(Arc::new(job::Handler(rules.clone())));
        rules
    }

    /// The set by which new events are told.
    async fn in_use(&self, scope: &Scope) -> Result<Arc<RuleSet>, Problem> {
        Ok(self.lakes.intake(&scope.workspace).await?.rules.read().await.clone())
    }

    /// Takes the newest version into use; returns when no event is told by another any more.
    async fn activate(&self, workspace: &WorkspaceRef) -> Result<Arc<RuleSet>, Problem> {
        let intake = self.lakes.intake(workspace).await?;
        let db = self.platform.databases.workspace(workspace).await?;
        // Whoever reads the rules holds them until its events are stored: the lock is given when they are.
        let mut rules = intake.rules.write().await;
        let newest = newest(&db).await?;
        if newest.version() != rules.version() {
            *rules = Arc::new(newest);
        }
        Ok(rules.clone())
    }

    /// The newest version, and the rules of the program.
    ///
    /// # Errors
    /// 403 without `metrics.read`.
    pub async fn current(&self, scope: &Scope) -> Result<RulesInUse, Problem> {
        scope.require(Permission::MetricsRead)?;
        let db = self.platform.db(scope).await?;
        let mut versions = store::list(&db, None, 1).await?;
        let current = versions.pop().unwrap_or_else(RuleVersion::program);
        let program = rules_listed()
            .into_iter()
            .map(|rule| ProgramRule { rule: rule.rule, channel: rule.channel, condition: rule.condition })
            .collect();
        Ok(RulesInUse { current, program })
    }

    /// Versions, newest first, each with what differs from the one before.
    ///
    /// # Errors
    /// 403 without `metrics.read`.
    pub async fn versions(&self, scope: &Scope, page: &PageRequest) -> Result<Page<RuleVersion>, Problem> {
        scope.require(Permission::MetricsRead)?;
        let before = page.cursor.as_deref().map(|cursor| {
            cursor.parse::<u32>().map_err(|_| Problem::invalid("cursor", "This is not a cursor of this list."))
        });
        let (before, rows) = (before.transpose()?, page.rows() as usize);
        let db = self.platform.db(scope).await?;
        let mut items = store::list(&db, before, rows + 1).await?;
        let more = items.len() > rows;
        if !more && before.is_none_or(|before| before > RULES_VERSION) {
            items.push(RuleVersion::program());
        }
        for place in 0..items.len().saturating_sub(1) {
            items[place].changes = differences(&items[place + 1].rules, &items[place].rules);
        }
        if more {
            items.truncate(rows);
        }
        let next_cursor = items.last().filter(|_| more).map(|last| last.version.to_string());
        Ok(Page { items, next_cursor, total: None })
    }

    /// Saves a version: new events are told by it at once, history by a job.
    ///
    /// # Errors
    /// 403 without `workspace.write`; 422 naming the rule and the field; 409 `rules_changed` when somebody saved meanwhile,
    /// `rules_same` when nothing differs, `rules_full` when there are too many versions.
    pub async fn save(&self, scope: &Scope, new: NewRules) -> Result<RuleVersion, Problem> {
        scope.require(Permission::WorkspaceWrite)?;
        let rules = new.rules.canonical()?;
        let note = new.note.trim().to_owned();
        if note.chars().count() > NOTE_CHARS_MAX || note.chars().any(char::is_control) {
            let message = format!("A note has at most {NOTE_CHARS_MAX} characters, in one line.");
            return Err(Problem::invalid("note", message));
        }
        self.add(scope, rules, note, Some(new.based_on)).await
    }

    /// Saves an older version once more, as the newest.
    ///
    /// # Errors
    /// As [`ChannelRules::save`]; 404 when there is no such version.
    pub async fn revert(&self, scope: &Scope, version: u32) -> Result<RuleVersion, Problem> {
        scope.require(Permission::WorkspaceWrite)?;
        let rules = if version == RULES_VERSION {
            RuleBook::default()
        } else {
            let db = self.platform.db(scope).await?;
            let found = store::get(&db, version).await?;
            found.ok_or_else(|| Problem::not_found("rule_version", version))?.rules
        };
        self.add(scope, rules, format!("Back to version {version}"), None).await
    }

    async fn add(
        &self,
        scope: &Scope,
        rules: RuleBook,
        note: String,
        based_on: Option<u32>,
    ) -> Result<RuleVersion, Problem> {
        let conflict = |code: &str, message: String| Err(Problem::new(Class::Conflict, code, message));
        let (db, now) = (self.platform.db(scope).await?, self.platform.world.now());
        let mut tx = db.begin().await?;
        let last = store::last(&mut tx).await?.unwrap_or_else(RuleVersion::program);
        if based_on.is_some_and(|version| version != last.version) {
            let message =
                format!("Somebody saved version {} meanwhile. Load it and make your change again.", last.version);
            return conflict("rules_changed", message);
        }
        if last.rules == rules {
            return conflict("rules_same", format!("These are the rules of version {} already.", last.version));
        }
        if last.version >= VERSIONS_MAX {
            return conflict("rules_full", format!("There are {VERSIONS_MAX} versions; no more are possible."));
        }
        let version = last.version.max(RULES_VERSION) + 1;
        let changes = differences(&last.rules, &rules);
        let job = job::enqueue(&self.platform.jobs, &mut tx, scope, version).await?;
        let saved = RuleVersion {
            version,
            rules,
            note,
            saved_by: Some(scope.actor.label()),
            saved_at: Some(now),
            changes,
            job: Some(job),
            applied: None,
        };
        if let Err(error) = store::insert(&mut tx, &saved).await {
            if !error.is_unique_violation() {
                return Err(error.into());
            }
            let message = format!("Somebody saved version {version} meanwhile. Load it and make your change again.");
            return conflict("rules_changed", message);
        }
        let details = json!({ "version": version, "changes": saved.changes, "note": saved.note });
        platform::audit::record(&mut tx, scope, now, "channels.rules_saved", &version.to_string(), &details).await?;
        tx.commit().await?;
        // Should this fail, the job takes the version into use.
        self.activate(&scope.workspace).await?;
        Ok(saved)
    }

    /// Asks for the job once more, after it was stopped or failed.
    ///
    /// # Errors
    /// 403 without `workspace.write`; 409 `rules_applied` when history follows the newest version already.
    pub async fn apply(&self, scope: &Scope) -> Result<RuleVersion, Problem> {
        scope.require(Permission::WorkspaceWrite)?;
        let db = self.platform.db(scope).await?;
        let mut tx = db.begin().await?;
        let last = store::last(&mut tx).await?.filter(|last| last.applied.is_none());
        let Some(mut last) = last else {
            let message = "History follows the newest version already.";
            return Err(Problem::new(Class::Conflict, "rules_applied", message));
        };
        let job = job::enqueue(&self.platform.jobs, &mut tx, scope, last.version).await?;
        store::set_job(&mut tx, last.version, &job).await?;
        last.job = Some(job);
        tx.commit().await?;
        Ok(last)
    }

    /// What a draft would change among the events of the last 30 days; nothing is written.
    ///
    /// # Errors
    /// As [`ChannelRules::save`].
    pub async fn preview(&self, scope: &Scope, draft: RuleBook) -> Result<RulesPreview, Problem> {
        scope.require(Permission::WorkspaceWrite)?;
        let draft = RuleSet::new(self.in_use(scope).await?.version() + 1, draft.canonical()?);
        let lake = self.lakes.get(&scope.workspace).await?;
        let to = self.platform.world.now();
        let from = to.plus(-PREVIEW_DAYS * DAY);
        let progress = RewriteProgress::default();
        let _stop = StopOnDrop(progress.cancel.clone());
        let range = TimeRange { from, to: TimeRange::ALL.to };
        let found = lake.rederive_preview(Box::new(Follow::new(Arc::new(draft))), range, &progress).await?;
        Ok(RulesPreview {
            from,
            to,
            events: found.events,
            changed: found.changed,
            missing: found.missing,
            channels: moved(found.channels),
            classes: moved(found.classes),
        })
    }
}
