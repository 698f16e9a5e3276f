//! Taking the lines of an import back.

use super::feed;
use super::keys::report_key;
use crate::ledger::store::{self, Head, Released};
use crate::ledger::{Entry, counter, details, entry};
use kernel::ids::LedgerId;
use people::imports::{Change, ImportContext, ImporterError, Outcome, RowProblem, Undone, begun_after};
use platform::audit;
use platform::sql::{DbError, Tx};
use rand::Rng;
use serde_json::json;
use std::collections::HashMap;

/// A place of a report's line, as an undo names it: the key, and which of its lines.
fn place(undo: &serde_json::Value) -> Option<(&str, i64)> {
    let place = undo.get("place")?;
    Some((place.get(0)?.as_str()?, place.get(1)?.as_i64()?))
}

/// The import that had stated a place before and was not undone since, and its line; nobody where an undo does not say.
fn seen(undo: &serde_json::Value, released: &Released) -> (String, i64) {
    let seen = undo.get("seen").and_then(|seen| Some((seen.get(0)?.as_str()?.to_owned(), seen.get(1)?.as_i64()?)));
    let (Some(mut seen), Some((key, occurrence))) = (seen, place(undo)) else { return (String::new(), 0) };
    // Each step is one more import back.
    for _ in 0..released.len() {
        let Some(before) = released.get(&(seen.0.clone(), key.to_owned(), occurrence)) else { break };
        seen.clone_from(before);
    }
    seen
}

/// Takes back that an import stated what stood already; the lines stay. Gives back what imports that were undone out of
/// turn left behind: with it the undo of a later one finds who stated a place before them.
pub(super) async fn release(context: &ImportContext, tx: &mut Tx, changes: &[Change]) -> Result<Released, DbError> {
    let mut keys: Vec<&str> = changes.iter().filter_map(|change| Some(place(&change.undo)?.0)).collect();
    keys.sort_unstable();
    keys.dedup();
    let released = store::released_of(tx, &keys).await?;
    let stated = changes.iter().filter(|change| change.outcome == Outcome::Unchanged);
    let before: HashMap<(&str, i64), (String, i64)> =
        stated.filter_map(|change| Some((place(&change.undo)?, seen(&change.undo, &released)))).collect();
    let (mut own, mut passed) = (Vec::new(), Vec::new());
    for head in store::heads_of(tx, &keys).await? {
        let Some((import, line)) = before.get(&(head.report_key.as_str(), head.occurrence)).cloned() else { continue };
        let heads = if head.seen_import == context.import.as_str() { &mut own } else { &mut passed };
        heads.push(Head { seen_import: import, seen_line: line, ..head });
    }
    store::set_heads(tx, &own).await?;
    store::release(tx, context.import.as_str(), &passed).await?;
    Ok(released)
}

/// The line that stands for the one that an import wrote, and its place: the line itself, or the one that was written
/// again in its place, word for word, when the import that had restated it was undone.
async fn standing(
    tx: &mut Tx,
    id: &LedgerId,
    undo: &serde_json::Value,
    feed: &str,
) -> Result<Option<(Entry, Head)>, DbError> {
    let ids = std::slice::from_ref(id);
    let Some(entry) = store::entries_of(tx, ids).await?.pop() else { return Ok(None) };
    if let Some(head) = store::heads_on(tx, ids).await?.pop() {
        return Ok(Some((entry, head)));
    }
    let Some((key, occurrence)) = place(undo) else { return Ok(None) };
    // Since then the place may have got the key of today.
    let today = report_key(&entry.line, feed);
    let mut keys = vec![key, &today];
    keys.dedup();
    let heads = store::heads_of(tx, &keys).await?;
    let heads = heads.into_iter().filter(|head| head.occurrence == occurrence || head.report_key != key);
    for head in heads {
        let now = store::entries_of(tx, std::slice::from_ref(&head.entry)).await?.pop();
        if let Some(now) = now.filter(|now| now.line == entry.line && now.import == entry.import) {
            return Ok(Some((now, head)));
        }
    }
    Ok(None)
}

/// Takes back the lines of the keys that an import states which it does not state itself: its report has fewer rows of
/// them than the one before. What an import states that began later is the newer word and stays. Gives back the changes;
/// their record is the line that was taken back.
pub(super) async fn withdraw(
    context: &ImportContext,
    tx: &mut Tx,
    rng: &mut impl Rng,
) -> Result<Vec<Change>, ImporterError> {
    let import = context.import.as_str();
    let later = begun_after(tx, &context.import).await?;
    let mut left = store::heads_left(tx, import).await?;
    left.retain(|(head, _)| !later.contains(&head.seen_import));
    let ids: Vec<LedgerId> = left.iter().map(|(head, _)| head.entry.clone()).collect();
    let standing = store::entries_of(tx, &ids).await?.into_iter().map(|entry| (entry.id.clone(), entry));
    let standing: HashMap<LedgerId, Entry> = standing.collect();
    let (mut fresh, mut changes) = (Vec::new(), Vec::with_capacity(left.len()));
    for (head, line) in left {
        store::drop_head(tx, &head).await?;
        let Some(entry) = standing.get(&head.entry) else { continue };
        let reason = "its report no longer states it";
        fresh.push(counter(&context.scope, context.now, rng, entry, reason, Some(import.to_owned())));
        let undo = json!({
            "withdrawn": true,
            "place": [head.report_key, head.occurrence],
            "seen": [head.seen_import, head.seen_line],
        });
        let line = u64::try_from(line).unwrap_or_default();
        changes.push(Change { line, outcome: Outcome::Update, record: entry.id.to_string(), undo });
    }
    store::append(tx, &fresh).await?;
    if !fresh.is_empty() {
        let details = json!({"import": import, "withdrawn": fresh.len()});
        audit::record(tx, &context.scope, context.now, "ledger.import", import, &details).await?;
        store::changed(tx).await?;
    }
    Ok(changes)
}

/// Writes a line again, word for word, that an import had withdrawn, unless its place was taken since.
async fn write_again(
    context: &ImportContext,
    tx: &mut Tx,
    (change, released): (&Change, &Released),
    rng: &mut impl Rng,
) -> Result<Undone, ImporterError> {
    let refused = |message: &str| Ok(Undone::Refused(RowProblem::new("changed_since", message)));
    let (Ok(id), Some((key, occurrence))) = (change.record.parse::<LedgerId>(), place(&change.undo)) else {
        return refused("The line is not of this ledger.");
    };
    let Some(before) = store::entries_of(tx, &[id]).await?.pop() else {
        return refused("The line is not of this ledger.");
    };
    if store::heads_of(tx, &[key]).await?.iter().any(|head| head.occurrence == occurrence) {
        return refused("A later import states another line in its place.");
    }
    let again = entry(&context.scope, context.now, rng, before.line, before.import);
    let (seen_import, seen_line) = seen(&change.undo, released);
    let head = Head { report_key: key.to_owned(), occurrence, entry: again.id.clone(), seen_import, seen_line };
    store::append(tx, &[again]).await?;
    store::set_heads(tx, &[head]).await?;
    Ok(Undone::Reverted)
}

/// Takes a change of an import back: the new line by a counter-entry, and what stood before is written again.
pub(super) async fn take_back(
    context: &ImportContext,
    tx: &mut Tx,
    (change, released): (&Change, &Released),
    rng: &mut impl Rng,
) -> Result<Undone, ImporterError> {
    if change.undo.get("withdrawn").is_some() {
        return write_again(context, tx, (change, released), rng).await;
    }
    let refused = |message: &str| Ok(Undone::Refused(RowProblem::new("changed_since", message)));
    let Ok(id) = change.record.parse::<LedgerId>() else { return refused("The line is not of this ledger.") };
    let Some((entry, head)) = standing(tx, &id, &change.undo, &feed(context)).await? else {
        return refused("A later import restated this line, or somebody took it back.");
    };
    if !head.seen_import.is_empty() && head.seen_import != context.import.as_str() {
        return refused("A later import states this line too. Undo that one first.");
    }
    let import = Some(context.import.to_string());
    let back = counter(&context.scope, context.now, rng, &entry, "the import was undone", import.clone());
    let mut fresh = vec![back];
    let before =
        change.undo.get("before").and_then(|before| before.as_str()).and_then(|id| id.parse::<LedgerId>().ok());
    match before.filter(|_| change.outcome == Outcome::Update) {
        Some(before) => {
            let Some(before) = store::entries_of(tx, &[before]).await?.pop() else {
                return refused("The line that stood before is not of this ledger.");
            };
            let again = self::entry(&context.scope, context.now, rng, before.line, before.import);
            let (seen_import, seen_line) = seen(&change.undo, released);
            let head = Head { entry: again.id.clone(), seen_import, seen_line, ..head };
            fresh.push(again);
            store::append(tx, &fresh).await?;
            store::set_heads(tx, &[head]).await?;
        }
        None => {
            store::append(tx, &fresh).await?;
            store::drop_head(tx, &head).await?;
        }
    }
    tracing::debug!(line = %details(&fresh[0].line), "a line of an import was taken back");
    Ok(Undone::Reverted)
}
