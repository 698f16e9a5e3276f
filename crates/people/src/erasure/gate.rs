//! The gate of identity: what names somebody who was erased is not resolved.

use super::KeyList;
use crate::identity::{Cache, Identity, Observation, Sighting};
use hashbrown::HashMap;
use kernel::scope::Scope;
use parking_lot::Mutex;
use platform::sql::DbError;
use std::sync::Arc;

/// What a resolver knows of erased people.
#[derive(Default)]
pub(crate) struct Gate {
    /// Their keys, once they were read.
    erased: Mutex<Option<Arc<KeyList>>>,
    /// The list by which the last batch was asked about.
    asked: Mutex<Option<Arc<KeyList>>>,
}

/// The turn to resolve: while one holds it, no batch is resolved.
pub(crate) struct Turn {
    _cache: tokio::sync::OwnedMutexGuard<Cache>,
}

impl Identity {
    /// For each event whether it may not be stored: it names somebody who was erased, and happened before that or is kept
    /// out. They are counted with the erasure; asked again after a failure, they are counted again.
    ///
    /// # Errors
    /// [`DbError`] when the database fails.
    pub async fn erased(&self, scope: &Scope, events: &[Observation]) -> Result<Vec<bool>, DbError> {
        let list = self.key_list(scope).await?;
        *self.desk(scope).gate.asked.lock() = Some(list.clone());
        if list.is_empty() {
            return Ok(vec![false; events.len()]);
        }
        let mut refused = Vec::with_capacity(events.len());
        let mut counts: HashMap<&str, u64> = HashMap::new();
        for event in events {
            let erasure = refused_by(&list, event)?;
            if let Some(erasure) = erasure {
                *counts.entry(erasure).or_default() += 1;
            }
            refused.push(erasure.is_some());
        }
        for (erasure, events) in counts {
            super::count_late(&self.platform.db(scope).await?, erasure, events).await?;
        }
        Ok(refused)
    }

    /// Whether anybody was ever erased. Cheap.
    ///
    /// # Errors
    /// [`DbError`] when the database fails.
    pub async fn has_erased(&self, scope: &Scope) -> Result<bool, DbError> {
        Ok(!self.key_list(scope).await?.is_empty())
    }

    async fn key_list(&self, scope: &Scope) -> Result<Arc<KeyList>, DbError> {
        let desk = self.desk(scope);
        let known = desk.gate.erased.lock().clone();
        if let Some(list) = known {
            return Ok(list);
        }
        let list = Arc::new(KeyList::load(&self.platform.db(scope).await?).await?);
        Ok(desk.gate.erased.lock().get_or_insert(list).clone())
    }

    /// Waits until no batch is being resolved, and keeps it so.
    pub(crate) async fn turn(&self, scope: &Scope) -> Turn {
        Turn { _cache: self.desk(scope).turn.clone().lock_owned().await }
    }

    /// The list of keys of erased people was changed: it is read again.
    pub(crate) fn keys_changed(&self, scope: &Scope) {
        *self.desk(scope).gate.erased.lock() = None;
    }

    /// Refuses a batch that was asked about before somebody in it was erased. To be called in the turn to resolve.
    pub(crate) async fn refuse_erased(&self, scope: &Scope, events: &[Observation]) -> Result<(), DbError> {
        let (desk, list) = (self.desk(scope), self.key_list(scope).await?);
        // Somebody was erased since these events were asked about.
        if !desk.gate.asked.lock().as_ref().is_some_and(|asked| Arc::ptr_eq(asked, &list)) {
            for event in events {
                if refused_by(&list, event)?.is_some() {
                    let reason = "is of somebody who was erased meanwhile".to_owned();
                    return Err(DbError::Column { column: "identifier".to_owned(), reason });
                }
            }
        }
        Ok(())
    }
}

/// The erasure because of which an event may not be stored.
fn refused_by<'a>(list: &'a KeyList, event: &Observation) -> Result<Option<&'a str>, DbError> {
    if list.is_empty() {
        return Ok(None);
    }
    let sighting = Sighting::of(event);
    list.refuses(event.at.micros(), sighting.identifiers.iter().chain(&sighting.previous))
}
