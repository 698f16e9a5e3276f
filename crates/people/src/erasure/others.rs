//! Those who were one person with the erased for a time, before somebody took that merge back: what one shows for a whole
//! component is of all its members, so what such people were in that time says what the erased were.

use crate::bulk::select_in;
use kernel::time::MINUTE;
use platform::params;
use platform::sql::{DbError, Tx};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Events may be received in a slightly other order than the one in which they are resolved.
const SLACK: i64 = MINUTE;

/// A time in which somebody was one with the erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Shared {
    pub(super) person: u64,
    pub(super) from: i64,
    pub(super) until: i64,
}

impl Shared {
    /// Whether a version of the person is of this time.
    fn holds(&self, (known, until): (Option<i64>, i64)) -> bool {
        self.from < until && until <= self.until && known.is_none_or(|known| known >= self.from.saturating_sub(SLACK))
    }
}

/// Who else was one with these people, and when: over the merges that were taken back, and from those on over merges that
/// stood at the same time. To be called before the merges go.
pub(super) async fn shared(tx: &mut Tx, members: &[u64]) -> Result<Vec<Shared>, DbError> {
    let inside: HashSet<u64> = members.iter().copied().collect();
    let mut found: Vec<Shared> = Vec::new();
    let mut next: Vec<Shared> =
        members.iter().map(|person| Shared { person: *person, from: i64::MIN, until: i64::MAX }).collect();
    while !next.is_empty() {
        let edges = edges_of(tx, &next).await?;
        let mut reached = Vec::new();
        for at in &next {
            for (person, known, ended) in edges.get(&at.person).into_iter().flatten().copied() {
                let one = Shared { person, from: known.max(at.from), until: ended.min(at.until) };
                let is_known =
                    |known: &Shared| known.person == person && known.from <= one.from && one.until <= known.until;
                if one.from < one.until && !inside.contains(&person) && !found.iter().any(is_known) {
                    found.push(one);
                    reached.push(one);
                }
            }
        }
        next = reached;
    }
    Ok(found)
}

/// Of each of these people with whom it was ever merged, from when to when.
async fn edges_of(tx: &mut Tx, people: &[Shared]) -> Result<HashMap<u64, Vec<(u64, i64, i64)>>, DbError> {
    let people: Vec<u64> = people.iter().map(|one| one.person).collect::<BTreeSet<_>>().into_iter().collect();
    let mut edges: HashMap<u64, Vec<(u64, i64, i64)>> = HashMap::new();
    for (here, there) in [("person", "other"), ("other", "person")] {
        let sql = format!(
            "select {here}, {there}, known_us, coalesce(ended_us, {}) from person_merge_edges where {here} in ({{in}})",
            i64::MAX
        );
        for (person, other, known, ended) in select_in::<(u64, u64, i64, i64), _>(tx, &sql, &people).await? {
            edges.entry(person).or_default().push((other, known, ended));
        }
    }
    Ok(edges)
}

async fn versions_of(tx: &mut Tx, person: u64) -> Result<Vec<(Option<i64>, i64)>, DbError> {
    tx.query("select known_us, until_us from person_was where person = $1 order by until_us", params![person]).await
}

fn people_in(shared: &[Shared]) -> BTreeSet<u64> {
    shared.iter().map(|one| one.person).collect()
}

fn is_shared(shared: &[Shared], person: u64, version: (Option<i64>, i64)) -> bool {
    shared.iter().any(|one| one.person == person && one.holds(version))
}

/// Forgets what these people were in that time: they were then what they are from its end on, as if there had been no merge,
/// for nobody knows of it any more. How many versions went.
pub(super) async fn forget(tx: &mut Tx, shared: &[Shared]) -> Result<u64, DbError> {
    let mut gone = 0;
    for person in people_in(shared) {
        // Since when the next version stands in the place of those that went.
        let mut since: Option<Option<i64>> = None;
        for version in versions_of(tx, person).await? {
            let (known, until) = version;
            if is_shared(shared, person, version) {
                let sql = "delete from person_was where person = $1 and until_us = $2";
                gone += tx.execute(sql, params![person, until]).await?;
                since.get_or_insert(known);
            } else if let Some(since) = since.take() {
                let sql = "update person_was set known_us = $1 where person = $2 and until_us = $3";
                tx.execute(sql, params![since, person, until]).await?;
            }
        }
        if let Some(since) = since {
            let sql = "update people set known_us = $1 where person = $2 and state <> 'erased'";
            tx.execute(sql, params![since, person]).await?;
        }
    }
    Ok(gone)
}

/// How many versions of that time there are.
pub(super) async fn left(tx: &mut Tx, shared: &[Shared]) -> Result<u64, DbError> {
    let mut left = 0;
    for person in people_in(shared) {
        let versions = versions_of(tx, person).await?;
        left += versions.into_iter().filter(|version| is_shared(shared, person, *version)).count() as u64;
    }
    Ok(left)
}
