//! The tables of companies.

use super::model::{
    Company, CompanyDeal, CompanyFact, CompanyKey, CompanyKnown, CompanySummary, Member, MembershipSource, Property,
};
use crate::bulk::{like, name_key, select_in, update_from};
use crate::record_history::{CompanyWas, keep_companies};
use crate::upsert::{Document, Stated};
use hashbrown::HashSet;
use kernel::ids::{CompanyId, DealId, PersonId};
use kernel::money::{Currency, Money};
use kernel::page::{Page, PageRequest};
use kernel::time::Timestamp;
use platform::params;
use platform::sql::{Db, DbError, FromRow, Row, Tx, Value};

/// One row of `companies`.
#[derive(Debug, Clone)]
pub(super) struct CompanyRow {
    pub(super) id: CompanyId,
    pub(super) state: String,
    pub(super) name: String,
    pub(super) domain: String,
    pub(super) industry: String,
    pub(super) country: String,
    pub(super) properties: Document,
    pub(super) created_at: Timestamp,
    pub(super) origin: String,
    /// What the database says of it; none for a new row.
    pub(super) was: Option<CompanyWas>,
}

const COLUMNS: &str = "id, state, name, domain, industry, country, properties, created_us, origin, known_us";

impl FromRow for CompanyRow {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.get("id")?,
            state: row.text("state")?,
            name: row.text("name")?,
            domain: row.text("domain")?,
            industry: row.text("industry")?,
            country: row.text("country")?,
            properties: Document::parse(&row.text("properties")?),
            created_at: row.get("created_us")?,
            origin: row.text("origin")?,
            was: Some(CompanyWas::from_row(row)?),
        })
    }
}

impl CompanyRow {
    /// Writes the columns from the values.
    pub(super) fn derive(&mut self) {
        let text = |name: &str| self.properties.text(name);
        self.name = text("name").unwrap_or_else(|| self.domain.clone());
        self.industry = text("industry").unwrap_or_default();
        self.country = text("country").unwrap_or_default();
    }

    fn search(&self) -> String {
        format!("{} {}", self.name, self.domain).to_lowercase()
    }
}

/// A key to be added.
pub(super) struct NewKey {
    pub(super) key: String,
    pub(super) company: CompanyId,
    pub(super) source: String,
    pub(super) at: Timestamp,
}

pub(super) async fn owners_of(tx: &mut Tx, keys: &[&str]) -> Result<Vec<(String, CompanyId)>, DbError> {
    let sql = "select company_key, company from company_keys where state = 'linked' and company_key in ({in})";
    select_in(tx, sql, keys).await
}

pub(super) async fn rows(tx: &mut Tx, ids: &[CompanyId]) -> Result<Vec<CompanyRow>, DbError> {
    select_in(tx, &format!("select {COLUMNS} from companies where state = 'live' and id in ({{in}})"), ids).await
}

pub(super) async fn rows_by_name(tx: &mut Tx, names: &[&str]) -> Result<Vec<CompanyRow>, DbError> {
    select_in(tx, &format!("select {COLUMNS} from companies where state = 'live' and name_key in ({{in}})"), names)
        .await
}

/// Writes companies. `changes` is the number of this write, `now` the moment since which it is known.
pub(super) async fn write(tx: &mut Tx, (changes, now): (i64, Timestamp), rows: &[CompanyRow]) -> Result<(), DbError> {
    let columns = [
        "id",
        "state",
        "changed",
        "name",
        "name_key",
        "domain",
        "industry",
        "country",
        "properties",
        "created_us",
        "origin",
        "search",
        "known_us",
    ];
    let mut was = Vec::new();
    let values = rows.iter().map(|row| {
        let (state, name) = (row.state.clone(), row.name.clone());
        let is = CompanyWas { company: row.id.clone(), state, name, known: Some(now.micros()) };
        let (is, before) = is.after(row.was.as_ref());
        was.extend(before);
        params![
            &row.id,
            &row.state,
            changes,
            &row.name,
            name_key(&row.name),
            &row.domain,
            &row.industry,
            &row.country,
            row.properties.to_text(),
            row.created_at,
            &row.origin,
            row.search(),
            is.known
        ]
    });
    let values: Vec<Vec<Value>> = values.collect();
    keep_companies(tx, was).await?;
    let set: Vec<String> = columns[1..].iter().map(|name| format!("{name} = excluded.{name}")).collect();
    let suffix = format!("on conflict (id) do update set {}", set.join(", "));
    tx.insert_many("companies", &columns, values, &suffix).await.map(|_| ())
}

pub(super) async fn add_keys(tx: &mut Tx, keys: Vec<NewKey>) -> Result<(), DbError> {
    let rows = keys.into_iter().map(|key| params![key.key, key.company, "linked", key.source, key.at]).collect();
    tx.insert_many("company_keys", &["company_key", "company", "state", "source", "at_us"], rows, "").await.map(|_| ())
}

pub(super) async fn unlink_keys(tx: &mut Tx, keys: &[String]) -> Result<(), DbError> {
    let rows: Vec<Vec<Value>> = keys.iter().map(|key| params![key]).collect();
    let sql = "update company_keys set state = 'unlinked' from (values {rows}) as v \
        where company_key = v.column1 and state = 'linked'";
    update_from(tx, sql, rows).await
}

/// Those of the companies that have people or deals.
pub(super) async fn used(tx: &mut Tx, ids: &[CompanyId]) -> Result<HashSet<CompanyId>, DbError> {
    let members = "select distinct company from company_members where until_us is null and company in ({in})";
    let deals = "select distinct company from deals where state = 'live' and company in ({in})";
    let mut used: HashSet<CompanyId> =
        select_in::<(CompanyId,), _>(tx, members, ids).await?.into_iter().map(|r| r.0).collect();
    used.extend(select_in::<(CompanyId,), _>(tx, deals, ids).await?.into_iter().map(|row| row.0));
    Ok(used)
}

/// What a list of companies is narrowed by.
#[derive(Debug, Clone, Default)]
pub(super) struct Narrow {
    pub(super) q: String,
    pub(super) sort: super::CompanySort,
}

struct Summary(CompanySummary);

impl FromRow for Summary {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self(CompanySummary {
            id: row.get("id")?,
            name: row.text("name")?,
            domain: row.text("domain")?,
            industry: row.text("industry")?,
            country: row.text("country")?,
            people: row.get("people")?,
            deals: row.get("deals")?,
            created_at: row.get("created_us")?,
            origin: row.text("origin")?,
        }))
    }
}

/// Persons as they are seen: a member that was merged counts as its canonical person, once.
const SUMMARY: &str = "select c.id, c.name, c.domain, c.industry, c.country, c.created_us, c.origin, \
    (select count(*) from people p where p.company = c.id and p.state = 'live') as people, \
    (select count(*) from deals d where d.company = c.id and d.state = 'live') as deals from companies c";

pub(super) async fn list(db: &Db, narrow: &Narrow, page: &PageRequest) -> Result<Page<CompanySummary>, DbError> {
    let pattern = format!("%{}%", like(&narrow.q));
    let wanted = "c.state = 'live' and ($1 = '%%' or c.search like $1 escape '\\')";
    let total: (i64,) =
        db.query_one(&format!("select count(*) from companies c where {wanted}"), params![pattern.as_str()]).await?;
    let (key, order) = match narrow.sort {
        super::CompanySort::Name => ("c.name_key", "c.name_key, c.id"),
        super::CompanySort::Created => ("c.created_us", "c.created_us desc, c.id desc"),
    };
    let rows = i64::from(page.rows());
    let cursor = page.cursor.as_deref().and_then(|cursor| cursor.rsplit_once('|'));
    let mut values = params![pattern, rows + 1];
    let after = match (cursor, narrow.sort) {
        (None, _) => "",
        (Some((at, id)), super::CompanySort::Created) => {
            values.extend(params![at.parse::<i64>().unwrap_or(i64::MAX), id]);
            "and (c.created_us < $3 or (c.created_us = $3 and c.id < $4))"
        }
        (Some((name, id)), super::CompanySort::Name) => {
            values.extend(params![name, id]);
            "and (c.name_key > $3 or (c.name_key = $3 and c.id > $4))"
        }
    };
    let sql = format!("{SUMMARY} where {wanted} {after} order by {order} limit $2");
    let mut items: Vec<CompanySummary> =
        db.query::<Summary>(&sql, values).await?.into_iter().map(|row| row.0).collect();
    let more = items.len() > usize::try_from(rows).unwrap_or(0);
    items.truncate(usize::try_from(rows).unwrap_or(0));
    let next_cursor = items.last().filter(|_| more).map(|last| match key {
        "c.name_key" => format!("{}|{}", name_key(&last.name), last.id),
        _ => format!("{}|{}", last.created_at.micros(), last.id),
    });
    Ok(Page { items, next_cursor, total: u64::try_from(total.0).ok() })
}

struct MemberRow(Member);

impl FromRow for MemberRow {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self(Member {
            person: row.get::<PersonId>("person")?,
            name: row.text("name")?,
            email: row.text("email")?,
            role: row.text("role")?,
            since: row.get("since_us")?,
            source: MembershipSource::parse(&row.text("how")?),
        }))
    }
}

struct DealRow(CompanyDeal);

impl FromRow for DealRow {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let amount = row.opt_int("amount_micros")?;
        let currency = row.get::<Option<Currency>>("currency")?;
        Ok(Self(CompanyDeal {
            id: row.get::<DealId>("id")?,
            name: row.text("name")?,
            stage: row.text("stage")?,
            outcome: row.text("outcome")?,
            amount: amount.zip(currency).map(|(micros, currency)| Money::new(micros, currency)),
        }))
    }
}

pub(super) async fn get(db: &Db, id: &CompanyId) -> Result<Option<Company>, DbError> {
    let sql = format!("{SUMMARY} where c.id = $1 and c.state = 'live'");
    let Some(Summary(summary)) = db.query_optional(&sql, params![id]).await? else { return Ok(None) };
    let sql = "select company_key, source, at_us from company_keys where company = $1 and state = 'linked' \
        order by company_key";
    let keys: Vec<(String, String, Timestamp)> = db.query(sql, params![id]).await?;
    let keys = keys.into_iter().map(|(key, source, at)| {
        let (kind, value) = key.split_once(':').unwrap_or(("", &key));
        CompanyKey { kind: kind.to_owned(), value: value.to_owned(), source, at }
    });
    let sql = "select c.person, c.name, c.email, coalesce(max(m.role), '') as role, \
        coalesce(min(m.since_us), c.created_us) as since_us, coalesce(max(m.how), 'domain') as how from people c \
        left join company_members m on m.company = $1 and m.until_us is null and (m.person = c.person or m.person in \
        (select person from person_merges where canonical = c.person)) \
        where c.company = $1 and c.state = 'live' group by c.person, c.name, c.email, c.created_us, c.last_seen_us \
        order by c.last_seen_us desc limit 500";
    let members = db.query::<MemberRow>(sql, params![id]).await?.into_iter().map(|row| row.0).collect();
    let sql = "select d.id, d.name, coalesce(s.name, d.stage) as stage, d.outcome, d.amount_micros, d.currency \
        from deals d left join pipeline_stages s on s.stage = d.stage where d.company = $1 and d.state = 'live' \
        order by d.created_us desc limit 500";
    let company_deals = db.query::<DealRow>(sql, params![id]).await?.into_iter().map(|row| row.0).collect();
    let text: (String,) = db.query_one("select properties from companies where id = $1", params![id]).await?;
    let properties = properties_of(&Document::parse(&text.0));
    Ok(Some(Company { summary, keys: keys.collect(), properties, members, company_deals }))
}

/// The values of a document for a caller.
pub(crate) fn properties_of(document: &Document) -> Vec<Property> {
    let one = |(name, Stated(value, at, source)): (&String, &Stated)| Property {
        name: name.clone(),
        value: value.clone(),
        at: Timestamp::from_micros(*at),
        source: source.clone(),
    };
    document.0.iter().map(one).collect()
}

pub(super) async fn facts(db: &Db) -> Result<Vec<CompanyFact>, DbError> {
    let rows: Vec<(CompanyId, String, String)> =
        db.query("select id, name, domain from companies where state = 'live'", Vec::new()).await?;
    Ok(rows.into_iter().map(|(id, name, domain)| CompanyFact { id, name, domain }).collect())
}

pub(super) async fn version(db: &Db) -> Result<i64, DbError> {
    Ok(db.query_one::<(i64,)>("select coalesce(max(changed), 0) from companies", Vec::new()).await?.0)
}

pub(super) async fn known(db: &Db) -> Result<Vec<CompanyKnown>, DbError> {
    let rows: Vec<CompanyRow> =
        db.query(&format!("select {COLUMNS} from companies where state = 'live'"), Vec::new()).await?;
    let known = |row: CompanyRow| {
        let stated = row.properties.0.into_iter().map(|(name, stated)| (name, stated.0));
        let columns =
            [("name", row.name), ("domain", row.domain), ("industry", row.industry), ("country", row.country)];
        let columns = columns.map(|(name, text)| (name.to_owned(), text.into()));
        CompanyKnown { id: row.id, values: stated.chain(columns).collect() }
    };
    Ok(rows.into_iter().map(known).collect())
}

/// Everybody who belongs to one of these companies.
pub(super) async fn people_of(db: &Db, companies: &HashSet<CompanyId>) -> Result<HashSet<u64>, DbError> {
    let sql = "select person, company from people where state = 'live' and company is not null";
    let rows: Vec<(i64, CompanyId)> = db.query(sql, Vec::new()).await?;
    let of = rows.into_iter().filter(|(_, company)| companies.contains(company));
    Ok(of.map(|(person, _)| person.cast_unsigned()).collect())
}
