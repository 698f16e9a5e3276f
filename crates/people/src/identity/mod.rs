//! Identity: turns the log of events into persons.
//!
//! The rules are [`science::identity`]; this slice loads what they need, a batch at a time, and records what they
//! decide. Every link between an identifier and a person is a row with its source, every merge a row with its evidence.
//!
//! **Invariant:** the same key never makes two persons: writers take turns (one row of the workspace's database is
//! updated first), and a unique key stands behind them.
//! **Invariant:** resolving a batch again, after a crash, gives the same persons and adds nothing.
//! **Invariant:** a merge moves nothing: events, links and values stay with the person they came to, and
//! [`Identity::merges`] says which persons are one. So [`Identity::separate`] restores both sides exactly.
//! **Invariant:** a bot is never a person: its events carry a number from a hash ([`is_light`]) and have no row.

mod api;
mod model;
mod observe;
mod resolve;
mod rows;
mod separate;
mod store;
#[cfg(test)]
mod tests;
mod upsert;
mod work;

pub use api::routes;
pub use model::{Observation, ObservationKind, PersonInput, Resolved};
pub use observe::is_light;
pub(crate) use observe::{Sighting, light as light_of};
pub use science::identity::Kind;
pub(crate) use upsert::upsert_people_held;
pub use upsert::{revert_people, upsert_people};

use crate::erasure::Gate;
pub(crate) use crate::identity_cache::Cache;
use hashbrown::HashMap;
use kernel::ids::PersonId;
use kernel::problem::Problem;
use kernel::scope::Scope;
use parking_lot::Mutex;
use platform::Platform;
use platform::sql::DbError;
use science::identity::Rules;
use std::sync::Arc;
use tokio::sync::watch;

/// From every person that was merged to the canonical one of its component.
pub type Merges = Arc<std::collections::HashMap<u64, u64>>;

/// Times a batch is tried again after it met another process's write.
const TRIES: u32 = 5;

/// The resolver of all workspaces. Cheap to clone.
#[derive(Clone)]
pub struct Identity {
    pub(crate) platform: Platform,
    rules: Rules,
    desks: Arc<Mutex<HashMap<String, Arc<Desk>>>>,
}

/// One workspace's resolver.
pub(crate) struct Desk {
    pub(crate) turn: Arc<tokio::sync::Mutex<Cache>>,
    merges: watch::Sender<Merges>,
    /// How many merges and separations there had been when the merges were last read.
    merges_read: Mutex<Option<i64>>,
    pub(crate) gate: Gate,
}

impl Identity {
    /// The resolver on this platform, with the rules of AN 1.6.
    #[must_use]
    pub fn new(platform: &Platform) -> Self {
        Self { platform: platform.clone(), rules: Rules::default(), desks: Arc::default() }
    }

    pub(crate) fn desk(&self, scope: &Scope) -> Arc<Desk> {
        let mut desks = self.desks.lock();
        let new = || {
            Arc::new(Desk {
                turn: Arc::default(),
                merges: watch::Sender::new(Merges::default()),
                merges_read: Mutex::default(),
                gate: Gate::default(),
            })
        };
        desks.entry_ref(scope.workspace.slug.as_str()).or_insert_with(new).clone()
    }

    /// Resolves a batch of events in the order of the log; one answer an event, in order. It is one transaction: on an
    /// error nothing is kept, and the batch can be given again.
    ///
    /// # Errors
    /// [`DbError`] when the database fails, or when an event is one that [`Identity::erased`] takes out: ask it again.
    pub async fn resolve(&self, scope: &Scope, events: &[Observation]) -> Result<Vec<Resolved>, DbError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let db = self.platform.db(scope).await?;
        let desk = self.desk(scope);
        let mut turn = desk.turn.lock().await;
        self.refuse_erased(scope, events).await?;
        // Taken out, so that a call that is dropped half-way leaves nothing that the database does not hold.
        let mut cache = std::mem::take(&mut *turn);
        let mut tries = 0;
        loop {
            tries += 1;
            match resolve::batch(&db, &self.platform.world, &self.rules, &mut cache, events).await {
                Ok((resolved, merged)) => {
                    if merged {
                        desk.merges.send_replace(cache.merges.clone());
                    }
                    *turn = cache;
                    return Ok(resolved);
                }
                Err(error) => {
                    cache.clear();
                    if tries >= TRIES || !(error.is_retryable() || error.is_unique_violation()) {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Which persons are one, as the database says now; read again only when there was a merge or a separation since.
    ///
    /// # Errors
    /// [`DbError`] when the database fails.
    pub async fn merges(&self, scope: &Scope) -> Result<Merges, DbError> {
        let db = self.platform.db(scope).await?;
        let desk = self.desk(scope);
        // Read first: merges that come in between are read now and once more.
        let count = store::merge_count(&db).await?;
        if *desk.merges_read.lock() == Some(count) {
            return Ok(desk.merges.borrow().clone());
        }
        let rows: Vec<(u64, u64)> = db.query("select person, canonical from person_merges", Vec::new()).await?;
        let fresh: std::collections::HashMap<u64, u64> = rows.into_iter().collect();
        desk.merges.send_if_modified(|known| {
            let other = **known != fresh;
            if other {
                *known = Arc::new(fresh);
            }
            other
        });
        *desk.merges_read.lock() = Some(count);
        let known = desk.merges.borrow().clone();
        Ok(known)
    }

    /// Follows the merges of a workspace. Call [`Identity::merges`] first: it reads those from before this process.
    #[must_use]
    pub fn watch_merges(&self, scope: &Scope) -> watch::Receiver<Merges> {
        self.desk(scope).merges.subscribe()
    }

    /// Takes a merge back: the edge between two homes. Their components are as they were without it, and events will not
    /// join them again. Recorded in the audit trail.
    ///
    /// # Errors
    /// [`Problem`] without permission, or `merge_not_found`.
    pub async fn separate(&self, scope: &Scope, person: PersonId, other: PersonId) -> Result<Merges, Problem> {
        scope.require(kernel::scope::Permission::PeopleWrite)?;
        separate::separate(&self.platform, scope, person, other).await?;
        Ok(self.merges(scope).await?)
    }
}
