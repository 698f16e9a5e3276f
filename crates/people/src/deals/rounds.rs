//! Creates and changes deals: the one way a deal comes into being.
//!
//! Whether a row is refused is known only after its company and its people were looked for, and made where there are
//! none. So rows are written behind a mark in the transaction; where some are refused, all is taken back to the mark and
//! the others are written again without them.
//!
//! **Invariant:** a row that is refused leaves nothing: no company, no person, no stage.

use super::model::DealInput;
use super::{store, upsert};
use crate::bulk::{drop_mark, hold, mark, return_to_mark};
use crate::companies::company_domain;
use crate::upsert::Upserted;
use hashbrown::HashSet;
use kernel::ids::DealId;
use platform::World;
use platform::sql::{DbError, Tx};

/// Rounds in which a row that was refused beside an earlier one of the same people or company is tried again.
const ROUNDS_MAX: usize = 8;

/// Creates and changes deals; one answer a row, in order.
///
/// # Errors
/// [`DbError`]; then the transaction must be given up.
pub async fn upsert_deals(tx: &mut Tx, world: &World, inputs: &[DealInput]) -> Result<Vec<Upserted<DealId>>, DbError> {
    let held = hold(tx).await?;
    store::hold(tx).await?;
    mark(tx).await?;
    let mut refused: Vec<Option<Upserted<DealId>>> = vec![None; inputs.len()];
    let mut round = 0;
    loop {
        round += 1;
        let places: Vec<usize> = (0..inputs.len()).filter(|place| refused[*place].is_none()).collect();
        let rows: Vec<&DealInput> = places.iter().map(|place| &inputs[*place]).collect();
        let done = upsert::write(tx, world, held, &rows).await?;
        if done.iter().all(|one| one.id().is_some()) {
            let mut done = done.into_iter();
            drop_mark(tx).await?;
            return Ok(refused.into_iter().filter_map(|one| one.or_else(|| done.next())).collect());
        }
        return_to_mark(tx).await?;
        // What an earlier row left before it was refused may be why a later one of the same people or company was.
        let mut left_by_others: HashSet<String> = HashSet::new();
        for (place, one) in places.into_iter().zip(done).filter(|(_, one)| one.id().is_none()) {
            let own = sides(&inputs[place]);
            if round >= ROUNDS_MAX || !own.iter().any(|side| left_by_others.contains(side)) {
                refused[place] = Some(one);
            }
            left_by_others.extend(own);
        }
    }
}

/// What rows about the same people or company have in common.
fn sides(input: &DealInput) -> Vec<String> {
    let identifiers = input.people.iter().flat_map(|person| &person.identifiers);
    let mut all: Vec<String> =
        identifiers.map(|(kind, value)| format!("{kind}:{}", value.trim().to_lowercase())).collect();
    if let Some(company) = &input.company {
        all.extend(company.external.iter().map(|(system, key)| format!("company:{system}:{key}")));
        all.extend(Some(company_domain(&company.domain)).filter(|domain| !domain.is_empty()));
    }
    all
}
