//! The tables of identity.

use super::rows::{COLUMNS, PersonRow, READ};
use crate::bulk::{select_in, update_from};
use crate::companies::MembershipSource;
use kernel::ids::{CompanyId, PersonId};
use platform::params;
use platform::sql::{Db, DbError, Tx, Value};
use science::identity::{Identifier, Kind, MergeEdge, Refused};

/// A link to be recorded.
pub(super) struct NewLink {
    pub(super) identifier: Identifier,
    pub(super) person: u64,
    pub(super) at: i64,
    pub(super) source: String,
    pub(super) event_id: String,
    pub(super) via: String,
}

/// A merge to be recorded.
pub(super) struct NewMerge {
    pub(super) edge: MergeEdge,
    pub(super) at: i64,
    pub(super) known: i64,
    pub(super) source: String,
    pub(super) event_id: String,
}

/// An identifier that was left out, to be recorded.
pub(super) struct NewRefusal {
    pub(super) key: String,
    pub(super) reason: &'static str,
    pub(super) person: u64,
    pub(super) owner: Option<u64>,
    pub(super) at: i64,
    pub(super) source: String,
    pub(super) event_id: String,
}

impl NewRefusal {
    pub(super) fn of(refused: &Refused, person: u64, at: i64, source: &str, event_id: &str) -> Self {
        Self {
            key: refused.identifier.key(),
            reason: refused.reason.as_str(),
            person,
            owner: refused.home,
            at,
            source: source.to_owned(),
            event_id: event_id.to_owned(),
        }
    }
}

/// A person's place in a company.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Membership {
    pub(super) person: u64,
    pub(super) company: CompanyId,
    pub(super) how: MembershipSource,
    pub(super) role: String,
    pub(super) since: i64,
    pub(super) source: String,
}

pub(super) async fn homes(tx: &mut Tx, keys: &[String]) -> Result<Vec<(String, PersonId)>, DbError> {
    let sql = "select identifier, person from person_identifiers where state = 'linked' and identifier in ({in})";
    select_in(tx, sql, keys).await
}

/// Person and canonical person of every member of the components of these persons, where merged.
pub(super) async fn components(tx: &mut Tx, people: &[u64]) -> Result<Vec<(u64, u64)>, DbError> {
    let any: (i64,) =
        tx.query_one("select count(*) from (select 1 from person_merges limit 1) as m", Vec::new()).await?;
    if any.0 == 0 {
        return Ok(Vec::new());
    }
    let sql = "select person, canonical from person_merges where person in ({in})";
    let mut canonical: Vec<u64> =
        select_in::<(u64, u64), _>(tx, sql, people).await?.into_iter().map(|row| row.1).collect();
    canonical.extend(people);
    canonical.sort_unstable();
    canonical.dedup();
    select_in(tx, "select person, canonical from person_merges where canonical in ({in})", &canonical).await
}

/// How many merges and separations there have been.
pub(super) async fn merge_count(db: &Db) -> Result<i64, DbError> {
    Ok(db.query_one::<(i64,)>("select merges from identity_state where only_row = 1", Vec::new()).await?.0)
}

pub(super) async fn all_merges(tx: &mut Tx) -> Result<Vec<(u64, u64)>, DbError> {
    tx.query("select person, canonical from person_merges", Vec::new()).await
}

pub(super) async fn separations(tx: &mut Tx) -> Result<Vec<(u64, u64)>, DbError> {
    tx.query("select person, other from person_merge_edges where state = 'separated'", Vec::new()).await
}

pub(super) async fn counts(tx: &mut Tx, people: &[u64]) -> Result<Vec<(u64, Kind, u32)>, DbError> {
    let sql = "select person, kind, count(*) from person_identifiers where state = 'linked' and person in ({in}) \
        group by person, kind";
    let rows: Vec<(u64, String, u32)> = select_in(tx, sql, people).await?;
    Ok(rows.into_iter().filter_map(|(person, kind, count)| Some((person, Kind::parse(&kind)?, count))).collect())
}

pub(super) async fn people(tx: &mut Tx, people: &[u64]) -> Result<Vec<PersonRow>, DbError> {
    select_in(tx, &format!("select {READ} from people where person in ({{in}})"), people).await
}

pub(super) async fn memberships(tx: &mut Tx, people: &[u64]) -> Result<Vec<Membership>, DbError> {
    let sql = "select person, company, how, role, since_us, source from company_members \
        where until_us is null and person in ({in})";
    let rows: Vec<(u64, CompanyId, String, String, i64, String)> = select_in(tx, sql, people).await?;
    let one = |(person, company, how, role, since, source): (u64, CompanyId, String, String, i64, String)| Membership {
        person,
        company,
        how: MembershipSource::parse(&how),
        role,
        since,
        source,
    };
    Ok(rows.into_iter().map(one).collect())
}

/// The number after the last person's, or the first one of this moment.
pub(super) async fn next_person(tx: &mut Tx, first: u64) -> Result<u64, DbError> {
    let last: (Option<u64>,) = tx.query_one("select max(person) from people", Vec::new()).await?;
    Ok(last.0.map_or(first, |last| first.max(last + 1)))
}

pub(super) async fn add_links(tx: &mut Tx, links: Vec<NewLink>) -> Result<(), DbError> {
    let columns = ["identifier", "kind", "value", "person", "state", "linked_us", "source", "event_id", "via"];
    let rows = links.into_iter().map(|link| {
        params![
            link.identifier.key(),
            link.identifier.kind().to_string(),
            link.identifier.value(),
            link.person,
            "linked",
            link.at,
            link.source,
            link.event_id,
            link.via
        ]
    });
    tx.insert_many("person_identifiers", &columns, rows.collect(), "").await.map(|_| ())
}

pub(super) async fn add_refusals(tx: &mut Tx, refusals: Vec<NewRefusal>) -> Result<(), DbError> {
    let columns = ["identifier", "reason", "person", "owner", "at_us", "source", "event_id"];
    let rows = refusals
        .into_iter()
        .map(|one| params![one.key, one.reason, one.person, one.owner, one.at, one.source, one.event_id]);
    tx.insert_many("person_refusals", &columns, rows.collect(), "on conflict do nothing").await.map(|_| ())
}

pub(super) async fn add_merges(tx: &mut Tx, merges: Vec<NewMerge>) -> Result<(), DbError> {
    let columns =
        ["person", "other", "state", "identifier", "other_identifier", "at_us", "known_us", "source", "event_id"];
    let rows = merges.into_iter().map(|NewMerge { edge, at, known, source, event_id }| {
        let (key, other_key) = (edge.identifier.key(), edge.other_identifier.key());
        params![edge.person, edge.other, "merged", key, other_key, at, known, source, event_id]
    });
    tx.insert_many("person_merge_edges", &columns, rows.collect(), "on conflict do nothing").await?;
    tx.execute("update identity_state set merges = merges + 1 where only_row = 1", Vec::new()).await.map(|_| ())
}

pub(super) async fn set_canonical(tx: &mut Tx, pairs: Vec<(u64, u64)>) -> Result<(), DbError> {
    let rows = pairs.into_iter().map(|(person, canonical)| params![person, canonical]).collect();
    let suffix = "on conflict (person) do update set canonical = excluded.canonical";
    tx.insert_many("person_merges", &["person", "canonical"], rows, suffix).await.map(|_| ())
}

pub(super) async fn add_memberships(tx: &mut Tx, members: Vec<Membership>) -> Result<(), DbError> {
    let columns = ["person", "company", "how", "role", "since_us", "source"];
    let rows = members
        .into_iter()
        .map(|one| params![one.person, one.company, one.how.as_str(), one.role, one.since, one.source])
        .collect();
    let suffix = "on conflict (person, company, how) do update set role = excluded.role, since_us = excluded.since_us, \
        source = excluded.source, until_us = null";
    tx.insert_many("company_members", &columns, rows, suffix).await.map(|_| ())
}

pub(super) async fn write(tx: &mut Tx, rows: Vec<Vec<Value>>) -> Result<(), DbError> {
    let set: Vec<String> = COLUMNS[1..].iter().map(|name| format!("{name} = excluded.{name}")).collect();
    let suffix = format!("on conflict (person) do update set {}", set.join(", "));
    tx.insert_many("people", &COLUMNS, rows, &suffix).await.map(|_| ())
}

/// Which columns of a sighting are written.
#[derive(Clone, Copy)]
pub(super) enum Sight {
    /// A person that stands for itself.
    Whole,
    /// A member of a component: what it learned itself.
    Own,
    /// The canonical person: what its component shows.
    Shown,
}

/// Records when persons were seen: person, first moment, last moment.
pub(super) async fn seen(tx: &mut Tx, sight: Sight, rows: Vec<(u64, i64, i64)>) -> Result<(), DbError> {
    if rows.is_empty() {
        return Ok(());
    }
    let set = |prefix: &str| {
        format!(
            "{prefix}first_seen_us = case when people.{prefix}first_seen_us = 0 or v.column2 < people.{prefix}first_seen_us \
             then v.column2 else people.{prefix}first_seen_us end, {prefix}last_seen_us = case when v.column3 > \
             people.{prefix}last_seen_us then v.column3 else people.{prefix}last_seen_us end"
        )
    };
    let set = match sight {
        Sight::Whole => format!("{}, {}", set("own_"), set("")),
        Sight::Own => set("own_"),
        Sight::Shown => set(""),
    };
    let sql = format!("update people set {set} from (values {{rows}}) as v where people.person = v.column1");
    update_from(tx, &sql, rows.into_iter().map(|(person, first, last)| params![person, first, last]).collect()).await
}
