//! What is being answered at the moment: who asks what since when, to follow it and to cancel it.

use super::model::{RunKind, SqlRunInfo};
use kernel::problem::{Class, Problem};
use kernel::scope::{Permission, Scope};
use kernel::time::Timestamp;
use lake::SqlWatch;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Longest name of a run, in characters.
const NAME_CHARS_MAX: usize = 64;

/// The runs of all workspaces. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Runs(Arc<Mutex<HashMap<String, Vec<Arc<Run>>>>>);

/// One question on its way.
#[derive(Debug)]
pub(super) struct Run {
    name: String,
    actor: String,
    kind: RunKind,
    sql: String,
    since: Timestamp,
    waiting: AtomicBool,
    watch: SqlWatch,
    cancelled_by: Mutex<Option<String>>,
}

/// Keeps a run in the list; dropped, it is over.
#[derive(Debug)]
pub(super) struct Listed {
    runs: Runs,
    workspace: String,
    run: Arc<Run>,
}

impl Drop for Listed {
    fn drop(&mut self) {
        let mut all = self.runs.0.lock();
        if let Some(runs) = all.get_mut(&self.workspace) {
            runs.retain(|run| !Arc::ptr_eq(run, &self.run));
            if runs.is_empty() {
                all.remove(&self.workspace);
            }
        }
    }
}

impl Listed {
    /// Follows and stops it.
    pub(super) fn watch(&self) -> SqlWatch {
        self.run.watch.clone()
    }

    /// Its turn has come.
    pub(super) fn started(&self) {
        self.run.waiting.store(false, Ordering::Relaxed);
    }

    /// The problem as the asker is told it: a cancellation names who did it.
    pub(super) fn told(&self, problem: Problem) -> Problem {
        if !self.run.watch.is_cancelled() {
            return problem;
        }
        match &*self.run.cancelled_by.lock() {
            Some(by) if *by != self.run.actor => {
                let message = format!("The question was cancelled by {by}. Ask them before you run it again.");
                Problem::new(Class::Conflict, "cancelled", message)
            }
            Some(_) => Problem::new(Class::Conflict, "cancelled", "You cancelled the question."),
            None => problem,
        }
    }

    /// Refuses to go on with what was cancelled meanwhile.
    pub(super) fn go_on(&self) -> Result<(), Problem> {
        if self.run.watch.is_cancelled() {
            return Err(self.told(lake::LakeError::Cancelled.into()));
        }
        Ok(())
    }
}

/// Whether somebody may see and stop what others ask.
fn oversees(scope: &Scope) -> bool {
    scope.permissions.has(Permission::JobsWrite)
}

impl Runs {
    /// Puts a question into the list.
    pub(super) fn enter(
        &self,
        scope: &Scope,
        name: String,
        kind: RunKind,
        sql: &str,
        now: Timestamp,
    ) -> Result<Listed, Problem> {
        let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        if name.is_empty() || name.len() > NAME_CHARS_MAX || !name.chars().all(is_letter) {
            let message = format!("From 1 to {NAME_CHARS_MAX} letters, digits, hyphens and underscores.");
            return Err(Problem::invalid("run", message));
        }
        let mut all = self.0.lock();
        let runs = all.entry(scope.workspace.id.to_string()).or_default();
        if runs.iter().any(|run| run.name == name) {
            let message = format!("A question named `{name}` is being answered. Choose another name, or leave it out.");
            return Err(Problem::new(Class::Conflict, "run_exists", message).at("run"));
        }
        let files = runs.iter().filter(|run| run.kind == RunKind::File).count();
        if kind == RunKind::File && files >= kernel::limits::SQL_EXPORTS_MAX {
            let message = "Another file is being made in this workspace. Try again when it is done, or cancel it.";
            return Err(Problem::new(Class::TooMany, "too_many_exports", message).retry_after(10));
        }
        let run = Arc::new(Run {
            name,
            actor: scope.actor.label(),
            kind,
            sql: sql.to_owned(),
            since: now,
            waiting: AtomicBool::new(true),
            watch: SqlWatch::default(),
            cancelled_by: Mutex::default(),
        });
        runs.push(run.clone());
        Ok(Listed { runs: self.clone(), workspace: scope.workspace.id.to_string(), run })
    }

    /// What is being answered, the oldest first: one's own, and everybody's for whoever may cancel them.
    pub(super) fn list(&self, scope: &Scope) -> Vec<SqlRunInfo> {
        let actor = scope.actor.label();
        let all = self.0.lock();
        let runs = all.get(scope.workspace.id.as_str()).into_iter().flatten();
        let seen = runs.filter(|run| oversees(scope) || run.actor == actor);
        seen.map(|run| {
            let progress = run.watch.progress();
            SqlRunInfo {
                run: run.name.clone(),
                actor: run.actor.clone(),
                kind: run.kind,
                sql: run.sql.clone(),
                since: run.since,
                waiting: run.waiting.load(Ordering::Relaxed),
                rows_planned: progress.rows_planned,
                rows_read: progress.rows_read,
                bytes_read: progress.bytes_read,
                rows_given: progress.rows_given,
            }
        })
        .collect()
    }

    /// Cancels a run.
    pub(super) fn cancel(&self, scope: &Scope, name: &str) -> Result<(), Problem> {
        let actor = scope.actor.label();
        let all = self.0.lock();
        let mut runs = all.get(scope.workspace.id.as_str()).into_iter().flatten();
        // What one may not see is not there.
        let found = runs.find(|run| run.name == name && (oversees(scope) || run.actor == actor));
        let Some(run) = found else {
            let message = format!("No question of yours named `{name}` is being answered; it may have ended.");
            return Err(Problem::new(Class::NotFound, "run_not_found", message));
        };
        run.cancelled_by.lock().get_or_insert(actor);
        run.watch.cancel();
        Ok(())
    }
}
