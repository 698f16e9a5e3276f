//! Reads persons.

use super::model::{
    IdentifierEdge, Identifiers, MergeEvidence, OriginKind, PeopleFilter, PeopleSort, Person, PersonDeal, PersonFact,
    PersonSummary, Place, RefusedIdentifier,
};
use crate::bulk::like;
use crate::companies::properties_of;
use crate::upsert::Document;
use kernel::ids::PersonId;
use kernel::page::{Page, PageRequest};
use kernel::time::Timestamp;
use platform::params;
use platform::sql::{Db, DbError, FromRow, Row, Value, placeholders};

struct Summary(PersonSummary);

fn ever(micros: i64) -> Option<Timestamp> {
    (micros != 0).then(|| Timestamp::from_micros(micros))
}

impl FromRow for Summary {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let lead_at = row.get::<Option<Timestamp>>("lead_us")?;
        Ok(Self(PersonSummary {
            id: row.get("person")?,
            name: row.text("name")?,
            email: row.text("email")?,
            title: row.text("title")?,
            company: row.get("company")?,
            company_name: row.text("company_name")?,
            country: row.text("country")?,
            city: row.text("city")?,
            known: lead_at.is_some(),
            lead_at,
            created_at: row.get("created_us")?,
            first_seen: ever(row.int("first_seen_us")?),
            last_seen: ever(row.int("last_seen_us")?),
            origin: row.text("origin")?,
        }))
    }
}

const SUMMARY: &str = "select p.person, p.name, p.email, p.title, p.company, coalesce(c.name, '') as company_name, \
    p.country, p.city, p.lead_us, p.created_us, p.first_seen_us, p.last_seen_us, p.origin, p.sort_name from people p \
    left join companies c on c.id = p.company";

/// The condition of a filter; parameters are numbered from 1.
fn condition(filter: &PeopleFilter) -> (String, Vec<Value>) {
    let mut parts = vec!["p.state = 'live'".to_owned()];
    let mut values: Vec<Value> = Vec::new();
    let mut add = |text: &str, value: Value| {
        values.push(value);
        parts.push(text.replace('?', &format!("${}", values.len())));
    };
    if !filter.q.trim().is_empty() {
        add("p.search like ? escape '\\'", format!("%{}%", like(&filter.q)).into());
    }
    if let Some(company) = &filter.company {
        add("p.company = ?", company.into());
    }
    if !filter.country.is_empty() {
        add("p.country = ?", filter.country.as_str().into());
    }
    match filter.origin {
        Some(OriginKind::Event) => add("p.origin like ?", "event:%".into()),
        Some(OriginKind::Import) => add("p.origin like ?", "import:%".into()),
        Some(OriginKind::Manual) => {
            add("p.origin not like ?", "event:%".into());
            add("p.origin not like ?", "import:%".into());
        }
        None => {}
    }
    match filter.known {
        Some(true) => parts.push("p.lead_us is not null".to_owned()),
        Some(false) => parts.push("p.lead_us is null".to_owned()),
        None => {}
    }
    (parts.join(" and "), values)
}

pub(super) async fn list(db: &Db, filter: &PeopleFilter, page: &PageRequest) -> Result<Page<PersonSummary>, DbError> {
    let (wanted, mut values) = condition(filter);
    let total: (i64,) = db.query_one(&format!("select count(*) from people p where {wanted}"), values.clone()).await?;
    let rows = usize::try_from(page.rows()).unwrap_or(1);
    let (column, order) = match filter.sort {
        PeopleSort::LastSeen => ("p.last_seen_us", "<"),
        PeopleSort::Created => ("p.created_us", "<"),
        PeopleSort::Name => ("p.sort_name", ">"),
    };
    let direction = if order == "<" { "desc" } else { "asc" };
    let mut after = String::new();
    let cursor = page.cursor.as_deref().and_then(|cursor| cursor.rsplit_once('|'));
    if let Some((key, person)) = cursor.and_then(|(key, id)| Some((key, id.parse::<PersonId>().ok()?))) {
        let key: Value = match filter.sort {
            PeopleSort::Name => key.into(),
            _ => key.parse::<i64>().unwrap_or(i64::MAX).into(),
        };
        let (k, p) = (values.len() + 1, values.len() + 2);
        after = format!("and ({column} {order} ${k} or ({column} = ${k} and p.person {order} ${p}))");
        values.extend([key, person.into()]);
    }
    values.push((rows + 1).into());
    let sql = format!(
        "{SUMMARY} where {wanted} {after} order by {column} {direction}, p.person {direction} limit ${}",
        values.len()
    );
    let found: Vec<Sorted> = db.query(&sql, values).await?;
    let more = found.len() > rows;
    let last = found.get(rows.saturating_sub(1)).filter(|_| more);
    let next_cursor = last.map(|Sorted(one, name)| match filter.sort {
        PeopleSort::LastSeen => format!("{}|{}", one.last_seen.map_or(0, Timestamp::micros), one.id),
        PeopleSort::Created => format!("{}|{}", one.created_at.micros(), one.id),
        PeopleSort::Name => format!("{name}|{}", one.id),
    });
    let items = found.into_iter().take(rows).map(|row| row.0).collect();
    Ok(Page { items, next_cursor, total: u64::try_from(total.0).ok() })
}

struct Sorted(PersonSummary, String);

impl FromRow for Sorted {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self(Summary::from_row(row)?.0, row.text("sort_name")?))
    }
}

/// These persons, in any order; who is in no list is left out.
pub(super) async fn named(db: &Db, people: &[PersonId]) -> Result<Vec<PersonSummary>, DbError> {
    let (list, values) = of(people);
    let found: Vec<Summary> =
        db.query(&format!("{SUMMARY} where p.state = 'live' and p.person in ({list})"), values).await?;
    Ok(found.into_iter().map(|summary| summary.0).collect())
}

/// The persons that are one with this one, the oldest (the canonical one) first; none when there is no such person.
pub(super) async fn members(db: &Db, person: PersonId) -> Result<Vec<PersonId>, DbError> {
    let sql = "select coalesce(m.canonical, p.person) from people p left join person_merges m on m.person = p.person \
        where p.person = $1 and p.state in ('live', 'merged')";
    let Some((canonical,)) = db.query_optional::<(PersonId,)>(sql, params![person]).await? else {
        return Ok(Vec::new());
    };
    let sql = "select person from person_merges where canonical = $1 order by person";
    let rest = db.query::<(PersonId,)>(sql, params![canonical]).await?;
    Ok([canonical].into_iter().chain(rest.into_iter().map(|row| row.0)).collect())
}

fn of(members: &[PersonId]) -> (String, Vec<Value>) {
    (placeholders(1, members.len()), members.iter().map(|member| Value::from(*member)).collect())
}

struct Detail {
    person: Person,
}

impl FromRow for Detail {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            person: Person {
                summary: Summary::from_row(row)?.0,
                first_name: row.text("first_name")?,
                last_name: row.text("last_name")?,
                phone: row.text("phone")?,
                merged_from: None,
                traits: Vec::new(),
                places: Vec::new(),
                deals: Vec::new(),
                identifiers: Identifiers {
                    persons: Vec::new(),
                    edges: Vec::new(),
                    merges: Vec::new(),
                    refused: Vec::new(),
                },
            },
        })
    }
}

pub(super) async fn get(db: &Db, asked: PersonId, members: &[PersonId]) -> Result<Option<Person>, DbError> {
    let Some(canonical) = members.first() else { return Ok(None) };
    let sql = SUMMARY.replacen("select ", "select p.first_name, p.last_name, p.phone, ", 1);
    let Some(Detail { mut person }) =
        db.query_optional(&format!("{sql} where p.person = $1"), params![*canonical]).await?
    else {
        return Ok(None);
    };
    let (list, values) = of(members);
    let texts: Vec<(String,)> = db
        .query(&format!("select traits from people where person in ({list}) order by person"), values.clone())
        .await?;
    let document = texts.iter().fold(Document::default(), |all, (text,)| all.newest(&Document::parse(text)));
    person.traits = properties_of(&document);
    person.places = places(db, &list, values.clone()).await?;
    let current = person.summary.company.clone();
    person.places.sort_by_key(|place| (place.until.is_some(), Some(&place.company) != current.as_ref()));
    let sql = format!(
        "select d.id, d.name, d.outcome, max(r.role) as role from deal_people r join deals d on d.id = r.deal \
         where d.state = 'live' and r.person in ({list}) group by d.id, d.name, d.outcome, d.created_us \
         order by d.created_us desc limit 500"
    );
    let deals: Vec<(kernel::ids::DealId, String, String, String)> = db.query(&sql, values).await?;
    person.deals = deals.into_iter().map(|(id, name, outcome, role)| PersonDeal { id, name, outcome, role }).collect();
    person.merged_from = Some(asked).filter(|asked| asked != canonical);
    person.identifiers = identifiers(db, members).await?;
    Ok(Some(person))
}

impl FromRow for Place {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            company: row.get("company")?,
            name: row.text("name")?,
            role: row.text("role")?,
            how: row.text("how")?,
            since: row.get("since_us")?,
            until: row.get("until_us")?,
            source: row.text("source")?,
        })
    }
}

async fn places(db: &Db, list: &str, values: Vec<Value>) -> Result<Vec<Place>, DbError> {
    let sql = format!(
        "select m.company, c.name, m.role, m.how, m.since_us, m.until_us, m.source from company_members m \
         join companies c on c.id = m.company where m.person in ({list}) order by m.since_us desc, m.company, m.how limit 500"
    );
    db.query(&sql, values).await
}

impl FromRow for IdentifierEdge {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            kind: row.text("kind")?,
            value: row.text("value")?,
            home: row.get("person")?,
            state: row.text("state")?,
            at: row.get("linked_us")?,
            source: row.text("source")?,
            event_id: row.text("event_id")?,
            via: row.text("via")?,
            ended_at: row.get("ended_us")?,
        })
    }
}

impl FromRow for MergeEvidence {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            person: row.get("person")?,
            other: row.get("other")?,
            state: row.text("state")?,
            identifier: row.text("identifier")?,
            other_identifier: row.text("other_identifier")?,
            source: row.text("source")?,
            event_id: row.text("event_id")?,
            at: row.get("at_us")?,
            ended_at: row.get("ended_us")?,
            ended_by: row.get("ended_by")?,
        })
    }
}

impl FromRow for RefusedIdentifier {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            identifier: row.text("identifier")?,
            reason: row.text("reason")?,
            owner: row.get("owner")?,
            at: row.get("at_us")?,
            source: row.text("source")?,
        })
    }
}

pub(super) async fn identifiers(db: &Db, members: &[PersonId]) -> Result<Identifiers, DbError> {
    let (list, values) = of(members);
    let edges = format!(
        "select kind, value, person, state, linked_us, source, event_id, via, ended_us from person_identifiers \
         where person in ({list}) order by linked_us, identifier limit 1000"
    );
    let merges = format!(
        "select person, other, state, identifier, other_identifier, source, event_id, at_us, ended_us, ended_by \
         from person_merge_edges where person in ({list}) or other in ({list}) order by at_us, person, other"
    );
    let refused = format!(
        "select identifier, reason, owner, at_us, source from person_refusals where person in ({list}) \
         order by at_us, identifier limit 1000"
    );
    Ok(Identifiers {
        persons: members.to_vec(),
        edges: db.query(&edges, values.clone()).await?,
        merges: db.query(&merges, values.clone()).await?,
        refused: db.query(&refused, values).await?,
    })
}

pub(super) async fn changes(db: &Db) -> Result<i64, DbError> {
    Ok(db.query_one::<(i64,)>("select changes from identity_state where only_row = 1", Vec::new()).await?.0)
}

/// A fact, or the news that a person is not one any more.
pub(super) struct Fact(pub(super) PersonFact, pub(super) bool);

impl FromRow for Fact {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let fact = PersonFact {
            person: row.get("person")?,
            lead_at: row.get("lead_us")?,
            created_at: row.get("created_us")?,
            company: row.get("company")?,
            country: row.text("country")?,
        };
        Ok(Self(fact, row.text("state")? == "live"))
    }
}

/// The facts of the next persons after one, in the order of ids.
pub(super) async fn facts_after(db: &Db, after: Option<PersonId>, most: u32) -> Result<Vec<Fact>, DbError> {
    let sql = "select person, state, lead_us, created_us, company, country from people where person > $1 \
        order by person limit $2";
    let after = after.map_or(-1, |person| person.number().cast_signed());
    db.query(sql, params![after, i64::from(most)]).await
}

/// The persons whose facts changed after a write.
pub(super) async fn facts_since(db: &Db, changes: i64) -> Result<Vec<Fact>, DbError> {
    let sql =
        "select person, state, lead_us, created_us, company, country from people where changed > $1 order by person";
    db.query(sql, params![changes]).await
}
