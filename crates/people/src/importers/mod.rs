//! What the rows of a file become: presets and mappings, and the importers of people, companies, deals, stage history
//! and contact roles.
//!
//! **Invariant:** an importer only translates; records are written by the entry points of identity, companies and deals,
//! the same that events and the API use.

mod cells;
mod companies;
mod deals;
mod mapping;
mod people;
mod presets;

pub use crate::importer::{
    Change, FieldChange, FieldKind, FieldSpec, FieldValue, ImportContext, Importer, ImporterError, ImporterSpec,
    MappedRow, Outcome, RowOutcome, RowProblem, Undone, row_key,
};
pub(crate) use cells::{Mapped, RowMapper};
pub use mapping::{ColumnMapping, Mapping, Question};
pub(crate) use mapping::{propose, questions};
pub(crate) use presets::{all as all_presets, knows as preset_knows, named as preset_named};

use crate::upsert::{Clash, Reverted, Source, Upserted};
use platform::World;
use std::sync::Arc;

/// The importers of this crate.
#[must_use]
pub(crate) fn all(world: &World) -> Vec<Arc<dyn Importer>> {
    vec![
        Arc::new(people::PeopleImporter::new(world)),
        Arc::new(companies::CompaniesImporter::new(world)),
        Arc::new(deals::DealsImporter::new(world)),
        Arc::new(deals::StageHistoryImporter::new(world)),
        Arc::new(deals::ContactRolesImporter::new(world)),
    ]
}

fn problem(clash: Clash) -> RowProblem {
    RowProblem { code: clash.code, field: clash.field, message: clash.message }
}

fn outcome<I>(upserted: Upserted<I>, text: impl Fn(&I) -> String) -> RowOutcome {
    match upserted {
        Upserted::Created { id, undo } => RowOutcome::created(text(&id), undo),
        Upserted::Updated { id, changes, undo } => {
            let changes = changes.into_iter().map(|one| FieldChange { field: one.field, from: one.from, to: one.to });
            RowOutcome::updated(text(&id), changes.collect(), undo)
        }
        Upserted::Unchanged { id } => RowOutcome::unchanged(text(&id)),
        Upserted::Conflict(clash) => RowOutcome::conflict(problem(clash)),
        Upserted::Rejected(clash) => RowOutcome::rejected(problem(clash)),
    }
}

fn undone(reverted: Reverted) -> Undone {
    match reverted {
        Reverted::Done => Undone::Reverted,
        Reverted::Refused(clash) => Undone::Refused(problem(clash)),
    }
}

fn source(context: &ImportContext) -> Source {
    Source::Import(context.import.clone())
}

/// The text at a place, when there is one.
fn text(row: &MappedRow, place: usize) -> Option<String> {
    row.text(place).map(str::to_owned)
}

/// The ids of a cell that may hold several: `101;102`.
fn ids(text: &str) -> impl Iterator<Item = &str> {
    text.split([';', ',']).map(str::trim).filter(|id| !id.is_empty())
}

/// The row's properties as values of a record.
fn properties(row: &MappedRow) -> impl Iterator<Item = (String, serde_json::Value)> {
    row.properties.iter().map(|(name, text)| (name.to_string(), serde_json::Value::from(text.as_str())))
}
