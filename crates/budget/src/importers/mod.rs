//! Files of spend, plans and rates: three importers on the trait of imports.

mod plan;
mod rates;
mod spend;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_order;

pub use plan::PlanImporter;
pub use rates::RateImporter;
pub use spend::SpendImporter;

use people::imports::{ImportContext, MappedRow, RowProblem};
use platform::Platform;

/// The context as its lines are entered: not when the import began, but now, for only now can a report tell them. To be
/// called once the turn to write is held.
fn entering(platform: &Platform, context: &ImportContext) -> ImportContext {
    ImportContext { now: platform.world.now(), ..context.clone() }
}

/// A text of a row, held to the length of a line's texts.
fn text(row: &MappedRow, place: usize) -> String {
    crate::ledger::text("", row.text(place).unwrap_or("")).unwrap_or_else(|_| {
        let all = row.text(place).unwrap_or("").trim();
        all.chars().take(crate::ledger::TEXT_CHARS_MAX).collect()
    })
}

/// A field that a row must have.
fn missing(field: &str, what: &str) -> RowProblem {
    RowProblem::new("missing_field", format!("The row has no {what}.")).at(field)
}
