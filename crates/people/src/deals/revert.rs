//! Takes rows of an upsert back where nothing changed since.

use super::model::{DealKey, DealOutcome};
use super::sides::Sides;
use super::store::{self, DealRow, Part};
use super::upsert::{Work, said};
use crate::bulk::hold;
use crate::upsert::{Clash, Reverted};
use hashbrown::{HashMap, HashSet};
use kernel::ids::{DealId, PersonId};
use kernel::money::{Currency, Money};
use kernel::time::Timestamp;
use platform::World;
use platform::sql::{DbError, Tx};
use serde_json::Value as Json;

/// Takes rows of [`super::upsert_deals`], [`super::upsert_stage_history`] and [`super::upsert_deal_roles`] back where
/// nothing changed since, and with them the persons and companies they brought; one answer a row, in order.
///
/// # Errors
/// [`DbError`]; then the transaction must be given up.
pub async fn revert_deals(tx: &mut Tx, world: &World, rows: &[(DealId, Json)]) -> Result<Vec<Reverted>, DbError> {
    hold(tx).await?;
    store::hold(tx).await?;
    let keys: Vec<DealKey> = rows.iter().map(|(id, _)| DealKey::Id(id.clone())).collect();
    let mut work = Work::load(tx, &keys).await?;
    let ids: Vec<DealId> = work.rows.keys().cloned().collect();
    let parts = store::parts(tx, &ids).await?;
    let mut parts: HashMap<(DealId, u64), Part> =
        parts.into_iter().map(|part| ((part.deal.clone(), part.person), part)).collect();
    // What each part is in the end: several rows may have changed it, and it is written once.
    let mut ended: HashMap<(DealId, u64), Option<Part>> = HashMap::new();
    let (mut gone, mut sides) = (Vec::new(), Sides::default());
    let (mut entries, mut touched) = (Vec::new(), HashSet::new());
    let mut results = Vec::with_capacity(rows.len());
    for (id, undo) in rows {
        let Some(row) = work.rows.get_mut(id) else {
            results.push(refused("gone", "The deal is not there any more."));
            continue;
        };
        let wanted: Vec<PartUndo> =
            undo.get("parts").and_then(Json::as_array).into_iter().flatten().filter_map(PartUndo::read).collect();
        let same = wanted.iter().all(|one| {
            parts
                .get(&(id.clone(), one.person))
                .is_some_and(|part| (part.role.as_str(), part.primary) == (one.after.0.as_str(), one.after.1))
        });
        if !same || undo.get("after").is_some_and(|after| *after != said(row)) {
            results.push(refused("changed_since", "The deal was changed since the import."));
            continue;
        }
        if undo.get("new").is_some() {
            "undone".clone_into(&mut row.state);
            gone.push(id.clone());
            touched.insert(id.clone());
        } else if let Some(before) = undo.get("before") {
            restore(row, before);
            touched.insert(id.clone());
        }
        for one in wanted {
            let key = (id.clone(), one.person);
            let part = parts.remove(&key).zip(one.before).map(|(part, (role, primary))| Part { role, primary, ..part });
            parts.extend(part.clone().map(|part| (key.clone(), part)));
            ended.insert(key, part);
        }
        let own = undo.get("entries").and_then(Json::as_array).into_iter().flatten();
        entries.extend(own.filter_map(|entry| {
            let at = entry.get(1)?.as_i64()?;
            Some((id.clone(), entry.get(0)?.as_str()?.to_owned(), Timestamp::from_micros(at)))
        }));
        sides.add(undo);
        results.push(Reverted::Done);
    }
    let touched: Vec<DealRow> = touched.iter().filter_map(|id| work.rows.remove(id)).collect();
    let now = world.now();
    store::write(tx, &touched, now).await?;
    store::unlink_keys(tx, &gone).await?;
    let dropped: Vec<(DealId, u64)> =
        ended.iter().filter(|(_, part)| part.is_none()).map(|(key, _)| key.clone()).collect();
    store::drop_parts(tx, &dropped, now).await?;
    store::add_parts(tx, ended.into_values().flatten().collect(), now).await?;
    store::drop_entries(tx, &entries, now).await?;
    sides.revert(tx, world).await?;
    Ok(results)
}

fn refused(code: &str, message: &str) -> Reverted {
    Reverted::Refused(Clash::new(code, message))
}

/// A person's part in an undo: `[person, [role, primary] before or null, [role, primary] after]`.
struct PartUndo {
    person: u64,
    before: Option<(String, bool)>,
    after: (String, bool),
}

impl PartUndo {
    fn read(json: &Json) -> Option<Self> {
        let pair = |json: &Json| Some((json.get(0)?.as_str()?.to_owned(), json.get(1)?.as_bool()?));
        let person = json.get(0)?.as_str()?.parse::<PersonId>().ok()?.number();
        Some(Self { person, before: json.get(1).and_then(pair), after: pair(json.get(2)?)? })
    }
}

/// Writes an image back into a row.
fn restore(row: &mut DealRow, before: &Json) {
    let text = |place: usize| before.get(place).and_then(Json::as_str).unwrap_or_default().to_owned();
    let number = |place: usize| before.get(place).and_then(Json::as_i64);
    row.name = text(0);
    row.pipeline = text(1);
    row.stage = text(2);
    row.outcome = DealOutcome::parse(&text(3)).unwrap_or(DealOutcome::Open);
    row.amount = before.get(4).and_then(|pair| {
        let currency = pair.get(1)?.as_str()?.parse::<Currency>().ok()?;
        Some(Money::new(pair.get(0)?.as_i64()?, currency))
    });
    row.company = text(5).parse().ok();
    row.owner = text(6);
    row.reason = text(7);
    row.created_at = number(8).map_or(row.created_at, Timestamp::from_micros);
    row.closed_at = number(9).map(Timestamp::from_micros);
    row.properties = before.get(10).and_then(|json| serde_json::from_value(json.clone()).ok()).unwrap_or_default();
}
