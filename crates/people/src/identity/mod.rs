//! Identity: turns the log of events into persons.
//!
//! The entry points for imports (they enter with `platform::sql::Tx`; each takes the rows of one batch, returns one
//! answer a row in the same order, and touches no cache, so a transaction that is rolled back leaves nothing):
//!
//! ```text
//! identity::upsert_people(&mut Tx, &Scope, &World, &[PersonInput])          -> Result<Vec<Upserted<PersonId>>, DbError>
//! identity::revert_people(&mut Tx, &Scope, &World, &[(PersonId, Json)])     -> Result<Vec<Reverted>, DbError>
//! companies::upsert_companies / revert_companies   (CompanyInput, CompanyId)
//! deals::upsert_deals / revert_deals               (DealInput, DealId)
//! deals::upsert_stage_history                      (StageEntryInput, DealId); undone by revert_deals with its undo
//! deals::upsert_deal_roles                         (DealRoleInput, DealId); undone by revert_deals with its undo
//! ```

mod model;

pub use model::{Observation, ObservationKind, PersonInput, Resolved};
