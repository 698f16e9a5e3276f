//! Erasing a person: profile, keys, places, events, and every copy of them beside; with a report that proves it.
//!
//! Asked for, it is a job. First the keys are put on a list of keyed hashes, so that nothing more comes in under them, and the
//! records are emptied, in one transaction; then the lake writes the files that hold events of the person again; then the
//! quarantine, the live view and what imports keep are cleaned; then everything is searched. Each step may be done again.
//!
//! Whoever was one with the person for a time shows nothing of it either, at no moment: see `others`.
//!
//! What stays: companies and deals (without the person), the number of the person, hashes of message ids (an event that is
//! sent again stays a duplicate), the keyed hashes, and the audit trail, which names the number alone.
//!
//! **Invariant:** the report, the audit trail and the list hold nothing that says who the person was.
//! **Invariant:** a report exists only when the search found nothing.

mod api;
mod files;
mod gate;
mod job;
mod keys;
mod model;
mod others;
mod store;
#[cfg(test)]
mod tests;

pub use api::routes;
pub(crate) use gate::Gate;
use keys::KeyList;
pub(crate) use keys::{ERASED, kept_out, refusal};
pub use model::{
    ErasedEventFile, ErasedRecords, Erasure, ErasureProofView, ErasureReport, ErasureState, Traces, holds,
};
pub(crate) use store::count_late;

use crate::identity::Identity;
use async_trait::async_trait;
use kernel::ids::{ErasureId, PersonId};
use kernel::page::{Page, PageRequest};
use kernel::problem::Problem;
use kernel::scope::{Permission, Scope};
use lake::Lake;
use platform::Platform;
use platform::sql::DbError;
use std::sync::Arc;

/// Where events are, and what is kept beside them: handed in when the program is wired.
#[async_trait]
pub trait EventStore: Send + Sync + 'static {
    /// The lake of a workspace.
    ///
    /// # Errors
    /// [`Problem`] when it cannot be opened.
    async fn lake(&self, scope: &Scope) -> Result<Lake, Problem>;

    /// Removes rejected and suspicious messages, and lines of the live view, that name these people; how many.
    ///
    /// # Errors
    /// [`Problem`] when the database fails; it is then called again.
    async fn forget(&self, scope: &Scope, traces: &Traces) -> Result<u64, Problem>;
}

/// A number for whoever keeps what it read of people: it rises when an erasure is asked for, and again whenever the records
/// of one are emptied, in the same transaction. Cheap.
///
/// # Errors
/// [`DbError`] when the database fails.
pub async fn version(platform: &Platform, scope: &Scope) -> Result<u64, DbError> {
    Ok(store::version(&platform.db(scope).await?).await?.cast_unsigned())
}

/// Erasures of all workspaces. Cheap to clone.
#[derive(Clone)]
pub struct Erasures {
    pub(crate) platform: Platform,
    identity: Identity,
    events: Arc<dyn EventStore>,
}

impl Erasures {
    /// Erasures on this platform; makes their job known.
    #[must_use]
    pub fn new(platform: &Platform, identity: &Identity, events: Arc<dyn EventStore>) -> Self {
        let erasures = Self { platform: platform.clone(), identity: identity.clone(), events };
        platform.jobs.register(Arc::new(job::Handler(erasures.clone())));
        erasures
    }

    /// Asks for a person, with everybody merged into it, to be erased. `keep_out`: the person's keys are refused from now on,
    /// in events and imports; without it only what happened before is. While one is under way, that one is given back.
    ///
    /// # Errors
    /// [`Problem`] without permission, or `person_not_found`.
    pub async fn request(&self, scope: &Scope, person: PersonId, keep_out: bool) -> Result<Erasure, Problem> {
        scope.require(Permission::PeopleErase)?;
        let (db, now) = (self.platform.db(scope).await?, self.platform.world.now());
        let mut tx = db.begin().await?;
        crate::bulk::hold(&mut tx).await?;
        let open = store::open_of(&mut tx, person).await?;
        let id = match open {
            Some(id) => id,
            None => {
                let canonical = store::members(&mut tx, person).await?.first().copied();
                let canonical = canonical.ok_or_else(|| Problem::not_found("person", person))?;
                let id = ErasureId::new(now, &mut self.platform.world.rng());
                store::insert(&mut tx, &id, PersonId::from_number(canonical).unwrap_or(person), keep_out, scope, now)
                    .await?;
                let details = serde_json::json!({ "erasure": id, "keep_out": keep_out });
                platform::audit::record(&mut tx, scope, now, "person.erase", &person.to_string(), &details).await?;
                id
            }
        };
        let payload = serde_json::json!({ "erasure": id });
        let job = self.platform.jobs.enqueue(&mut tx, scope, job::KIND, Some(id.as_str()), &payload).await?;
        store::set_job(&mut tx, &id, &job).await?;
        tx.commit().await?;
        store::get(&db, &id).await?.ok_or_else(|| Problem::not_found("erasure", id))
    }

    /// The last erasure of a person; the id of anybody who was merged into it finds it too.
    ///
    /// # Errors
    /// [`Problem`] without permission, or `erasure_not_found`.
    pub async fn of_person(&self, scope: &Scope, person: PersonId) -> Result<Erasure, Problem> {
        scope.require(Permission::PeopleRead)?;
        let found = store::last_of(&self.platform.db(scope).await?, person).await?;
        found.ok_or_else(|| Problem::not_found("erasure", format!("of {person}")))
    }

    /// Erasures, newest first.
    ///
    /// # Errors
    /// [`Problem`] without permission, or when the database fails.
    pub async fn list(&self, scope: &Scope, page: &PageRequest) -> Result<Page<Erasure>, Problem> {
        scope.require(Permission::PeopleRead)?;
        Ok(store::list(&self.platform.db(scope).await?, page).await?)
    }
}
