//! Takes a merge back.

use super::rows::{Own, PersonRow, together};
use super::store;
use super::work::best;
use crate::bulk::hold;
use crate::record_history::{Said, keep_people};
use hashbrown::{HashMap, HashSet};
use kernel::ids::{CompanyId, PersonId};
use kernel::problem::Problem;
use kernel::scope::Scope;
use kernel::time::Timestamp;
use platform::Platform;
use platform::params;
use platform::sql::{DbError, Tx};
use serde_json::json;
use std::collections::BTreeMap;

pub(super) async fn separate(
    platform: &Platform,
    scope: &Scope,
    person: PersonId,
    other: PersonId,
) -> Result<(), Problem> {
    let mut tx = platform.db(scope).await?.begin().await?;
    let held = hold(&mut tx).await?;
    let members = members_of(&mut tx, person).await?;
    let now = known_by(&mut tx, &members, platform.world.now()).await?;
    let sql = "update person_merge_edges set state = 'separated', ended_us = $3, ended_by = $4 where state = 'merged' \
        and ((person = $1 and other = $2) or (person = $2 and other = $1))";
    if tx.execute(sql, params![person, other, now, scope.actor.label()]).await? == 0 {
        return Err(Problem::not_found("merge", format!("of {person} and {other}")));
    }
    let canonical = rejoin(&mut tx, &members).await?;
    let said = Said { at: now.micros(), by_event: false };
    rewrite(&mut tx, (held.changes, said), &members, &canonical).await?;
    tx.execute("update identity_state set merges = merges + 1 where only_row = 1", Vec::new()).await?;
    let details = json!({ "person": person, "other": other });
    platform::audit::record(&mut tx, scope, now, "person.separate", &person.to_string(), &details).await?;
    Ok(tx.commit().await?)
}

async fn members_of(tx: &mut Tx, person: PersonId) -> Result<Vec<u64>, DbError> {
    let mut members: Vec<u64> =
        store::components(tx, &[person.number()]).await?.into_iter().flat_map(|(a, b)| [a, b]).collect();
    members.push(person.number());
    members.sort_unstable();
    members.dedup();
    Ok(members)
}

/// The moment; where the clock was set back, that since which these people are known as they are: their merge does not end
/// before.
async fn known_by(tx: &mut Tx, members: &[u64], now: Timestamp) -> Result<Timestamp, DbError> {
    let sql = "select known_us from people where known_us is not null and person in ({in})";
    let known: Vec<(i64,)> = crate::bulk::select_in(tx, sql, members).await?;
    Ok(known.into_iter().map(|row| Timestamp::from_micros(row.0)).fold(now, Ord::max))
}

/// Computes the components of what was one component from the edges that stand, and writes them.
async fn rejoin(tx: &mut Tx, members: &[u64]) -> Result<BTreeMap<u64, u64>, DbError> {
    let sql = "select person, other from person_merge_edges where state = 'merged' and person in ({in})";
    let edges: Vec<(u64, u64)> = crate::bulk::select_in(tx, sql, members).await?;
    let flat = science::identity::flatten(edges);
    for member in members {
        tx.execute("delete from person_merges where person = $1", params![*member]).await?;
    }
    store::set_canonical(tx, flat.iter().map(|(person, canonical)| (*person, *canonical)).collect()).await?;
    Ok(flat)
}

/// Writes the rows of the new components: what each shows, and its company.
async fn rewrite(
    tx: &mut Tx,
    (changes, said): (i64, Said),
    members: &[u64],
    flat: &BTreeMap<u64, u64>,
) -> Result<(), DbError> {
    let mut rows: HashMap<u64, PersonRow> =
        store::people(tx, members).await?.into_iter().map(|row| (row.person, row)).collect();
    let stays = store::memberships(tx, members).await?;
    let name = |person: u64| flat.get(&person).copied().unwrap_or(person);
    let names: HashSet<u64> = members.iter().map(|member| name(*member)).collect();
    let (mut values, mut was) = (Vec::new(), Vec::new());
    for canonical in names {
        let inside: Vec<u64> = members.iter().copied().filter(|member| name(*member) == canonical).collect();
        let shown: Option<Own> = together(inside.iter().filter_map(|member| rows.get(member)).map(|row| &row.own));
        let company: Option<CompanyId> = best(stays.iter().filter(|stay| inside.contains(&stay.person)));
        for member in inside {
            let Some(row) = rows.get_mut(&member) else { continue };
            let stands = member == canonical;
            if row.state != "undone" {
                (if stands { "live" } else { "merged" }).clone_into(&mut row.state);
            }
            row.company = company.clone().filter(|_| stands);
            let (is, before) = row.values(changes, shown.as_ref().filter(|_| stands), said);
            values.push(is);
            was.extend(before);
        }
    }
    keep_people(tx, was).await?;
    store::write(tx, values).await
}
