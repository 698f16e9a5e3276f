//! The tables of deals.

use super::model::{DealFact, DealKey, DealOutcome, DealPart, DealPerson, DealSummary, StageEntry};
use crate::bulk::{like, name_key, select_in, update_from};
use crate::record_history::{DealWas, follow_entries, follow_parts, keep_deals, keep_entries, keep_parts};
use crate::upsert::Document;
use hashbrown::HashMap;
use kernel::ids::{CompanyId, DealId, PersonId};
use kernel::money::{Currency, Money};
use kernel::page::{Page, PageRequest};
use kernel::time::Timestamp;
use platform::params;
use platform::sql::{Db, DbError, FromRow, Row, Tx, Value};

/// One row of `deals`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DealRow {
    pub(super) id: DealId,
    pub(super) state: String,
    pub(super) name: String,
    pub(super) pipeline: String,
    pub(super) stage: String,
    pub(super) outcome: DealOutcome,
    pub(super) amount: Option<Money>,
    pub(super) company: Option<CompanyId>,
    pub(super) owner: String,
    pub(super) reason: String,
    pub(super) created_at: Timestamp,
    pub(super) closed_at: Option<Timestamp>,
    pub(super) properties: Document,
    pub(super) origin: String,
    pub(super) source_row: String,
    /// What the database says of it; none for a new row.
    pub(super) was: Option<DealWas>,
}

const READ: &str = "id, state, name, pipeline, stage, outcome, amount_micros, currency, company, owner, reason, \
    created_us, closed_us, properties, origin, source_row, known_us";

fn amount(row: &Row) -> Result<Option<Money>, DbError> {
    let (micros, currency) = (row.opt_int("amount_micros")?, row.get::<Option<Currency>>("currency")?);
    Ok(micros.zip(currency).map(|(micros, currency)| Money::new(micros, currency)))
}

fn outcome(row: &Row) -> Result<DealOutcome, DbError> {
    Ok(DealOutcome::parse(&row.text("outcome")?).unwrap_or(DealOutcome::Open))
}

impl FromRow for DealRow {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        let deal = Self {
            id: row.get("id")?,
            state: row.text("state")?,
            name: row.text("name")?,
            pipeline: row.text("pipeline")?,
            stage: row.text("stage")?,
            outcome: outcome(row)?,
            amount: amount(row)?,
            company: row.get("company")?,
            owner: row.text("owner")?,
            reason: row.text("reason")?,
            created_at: row.get("created_us")?,
            closed_at: row.get("closed_us")?,
            properties: Document::parse(&row.text("properties")?),
            origin: row.text("origin")?,
            source_row: row.text("source_row")?,
            was: None,
        };
        let was = DealWas { known: row.opt_int("known_us")?, ..deal.is(Timestamp::default()) };
        Ok(Self { was: Some(was), ..deal })
    }
}

impl DealRow {
    /// What metrics count of it, as it is known from a moment on.
    fn is(&self, known: Timestamp) -> DealWas {
        DealWas {
            deal: self.id.clone(),
            state: self.state.clone(),
            name: self.name.clone(),
            pipeline: self.pipeline.clone(),
            stage: self.stage.clone(),
            outcome: self.outcome.as_str().to_owned(),
            amount: self.amount,
            company: self.company.clone(),
            created: self.created_at,
            closed: self.closed_at,
            known: Some(known.micros()),
        }
    }
}

/// Takes the turn to write deals. Returns the number of this write.
pub(super) async fn hold(tx: &mut Tx) -> Result<i64, DbError> {
    let sql = "update deal_state set changes = changes + 1 where only_row = 1 returning changes";
    Ok(tx.query_one::<(i64,)>(sql, Vec::new()).await?.0)
}

pub(super) async fn changes(db: &Db) -> Result<i64, DbError> {
    Ok(db.query_one::<(i64,)>("select changes from deal_state where only_row = 1", Vec::new()).await?.0)
}

/// The deals of each name, whoever they are with.
pub(super) async fn named(tx: &mut Tx, keys: &[DealKey]) -> Result<HashMap<String, Vec<DealId>>, DbError> {
    let names: Vec<String> =
        keys.iter().filter_map(|key| if let DealKey::Name(name) = key { Some(name_key(name)) } else { None }).collect();
    let sql = "select name_key, id from deals where state = 'live' and name_key in ({in})";
    let mut by_name: HashMap<String, Vec<DealId>> = HashMap::new();
    for (name, id) in select_in::<(String, DealId), _>(tx, sql, &names).await? {
        by_name.entry(name).or_default().push(id);
    }
    // A list of keys is filled up with its last one, and a name may be asked for twice.
    for ids in by_name.values_mut() {
        ids.sort();
        ids.dedup();
    }
    Ok(by_name)
}

/// The deals of these keys; those of a name are given. A name that two deals have finds neither.
pub(super) async fn find(
    tx: &mut Tx,
    keys: &[DealKey],
    by_name: &HashMap<String, Vec<DealId>>,
) -> Result<HashMap<DealKey, DealId>, DbError> {
    let mut found = HashMap::new();
    let external: Vec<String> = keys.iter().filter_map(external_key).collect();
    let sql = "select deal_key, deal from deal_keys where state = 'linked' and deal_key in ({in})";
    let by_key: HashMap<String, DealId> =
        select_in::<(String, DealId), _>(tx, sql, &external).await?.into_iter().collect();
    let ids: Vec<&DealId> =
        keys.iter().filter_map(|key| if let DealKey::Id(id) = key { Some(id) } else { None }).collect();
    let sql = "select id, name from deals where state = 'live' and id in ({in})";
    let by_id: HashMap<DealId, String> = select_in::<(DealId, String), _>(tx, sql, &ids).await?.into_iter().collect();
    for key in keys {
        let deal = match key {
            DealKey::Id(id) => by_id.contains_key(id).then(|| id.clone()),
            DealKey::New => None,
            DealKey::External(..) => external_key(key).and_then(|key| by_key.get(&key).cloned()),
            DealKey::Name(name) => by_name.get(&name_key(name)).filter(|ids| ids.len() == 1).map(|ids| ids[0].clone()),
        };
        if let Some(deal) = deal {
            found.insert(key.clone(), deal);
        }
    }
    Ok(found)
}

/// `system:key`, in normal form.
pub(super) fn external_key(key: &DealKey) -> Option<String> {
    let DealKey::External(system, key) = key else { return None };
    Some(format!("{}:{}", system.trim().to_lowercase(), key.trim()))
}

pub(super) async fn rows(tx: &mut Tx, ids: &[DealId]) -> Result<Vec<DealRow>, DbError> {
    select_in(tx, &format!("select {READ} from deals where state = 'live' and id in ({{in}})"), ids).await
}

/// Writes deals as they are known from `now` on.
pub(super) async fn write(tx: &mut Tx, rows: &[DealRow], now: Timestamp) -> Result<(), DbError> {
    let columns = [
        "id",
        "state",
        "name",
        "name_key",
        "pipeline",
        "stage",
        "outcome",
        "amount_micros",
        "currency",
        "company",
        "owner",
        "reason",
        "created_us",
        "closed_us",
        "properties",
        "origin",
        "source_row",
        "known_us",
    ];
    let mut was = Vec::new();
    let values = rows.iter().map(|row| {
        let (known, before) = row.is(now).after(row.was.as_ref());
        was.extend(before);
        params![
            &row.id,
            &row.state,
            &row.name,
            name_key(&row.name),
            &row.pipeline,
            &row.stage,
            row.outcome.as_str(),
            row.amount.map(|amount| amount.micros),
            row.amount.map(|amount| amount.currency),
            row.company.as_ref(),
            &row.owner,
            &row.reason,
            row.created_at,
            row.closed_at,
            row.properties.to_text(),
            &row.origin,
            &row.source_row,
            known
        ]
    });
    let values: Vec<Vec<Value>> = values.collect();
    keep_deals(tx, was).await?;
    let set: Vec<String> = columns[1..].iter().map(|name| format!("{name} = excluded.{name}")).collect();
    let suffix = format!("on conflict (id) do update set {}", set.join(", "));
    tx.insert_many("deals", &columns, values, &suffix).await.map(|_| ())
}

pub(super) async fn add_keys(tx: &mut Tx, keys: Vec<(String, DealId, String)>) -> Result<(), DbError> {
    let rows = keys.into_iter().map(|(key, deal, source)| params![key, deal, "linked", source]).collect();
    tx.insert_many("deal_keys", &["deal_key", "deal", "state", "source"], rows, "").await.map(|_| ())
}

pub(super) async fn unlink_keys(tx: &mut Tx, deals: &[DealId]) -> Result<(), DbError> {
    let rows: Vec<Vec<Value>> = deals.iter().map(|deal| params![deal]).collect();
    let sql = "update deal_keys set state = 'unlinked' from (values {rows}) as v \
        where deal = v.column1 and state = 'linked'";
    update_from(tx, sql, rows).await
}

/// A person's part in a deal, to be written or as it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    pub(super) deal: DealId,
    pub(super) person: u64,
    pub(super) role: String,
    pub(super) primary: bool,
    pub(super) source: String,
}

pub(super) async fn parts(tx: &mut Tx, deals: &[DealId]) -> Result<Vec<Part>, DbError> {
    let sql = "select deal, person, role, is_primary, source from deal_people where deal in ({in})";
    let rows: Vec<(DealId, u64, String, bool, String)> = select_in(tx, sql, deals).await?;
    let part = |(deal, person, role, primary, source)| Part { deal, person, role, primary, source };
    Ok(rows.into_iter().map(part).collect())
}

pub(super) async fn add_parts(tx: &mut Tx, parts: Vec<Part>, now: Timestamp) -> Result<(), DbError> {
    let places: Vec<(DealId, u64)> = parts.iter().map(|part| (part.deal.clone(), part.person)).collect();
    keep_parts(tx, &places, now).await?;
    let columns = ["deal", "person", "role", "is_primary", "source", "known_us"];
    let row = |part: Part| params![part.deal, part.person, part.role, part.primary, part.source, now];
    let suffix = "on conflict (deal, person) do update set role = excluded.role, is_primary = excluded.is_primary, \
        source = excluded.source, known_us = case when deal_people.known_us > excluded.known_us \
        then deal_people.known_us else excluded.known_us end";
    tx.insert_many("deal_people", &columns, parts.into_iter().map(row).collect(), suffix).await?;
    follow_parts(tx, &places).await
}

/// Takes parts away: they came from an import that is undone.
pub(super) async fn drop_parts(tx: &mut Tx, parts: &[(DealId, u64)], now: Timestamp) -> Result<(), DbError> {
    keep_parts(tx, parts, now).await?;
    for (deal, person) in parts {
        tx.execute("delete from deal_people where deal = $1 and person = $2", params![deal, *person]).await?;
    }
    Ok(())
}

/// One entry into a stage.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) deal: DealId,
    pub(super) stage: String,
    pub(super) at: Timestamp,
    pub(super) source: String,
}

pub(super) async fn entries(tx: &mut Tx, deals: &[DealId]) -> Result<Vec<Entry>, DbError> {
    let sql = "select deal, stage, entered_us, source from deal_stages where deal in ({in})";
    let rows: Vec<(DealId, String, Timestamp, String)> = select_in(tx, sql, deals).await?;
    Ok(rows.into_iter().map(|(deal, stage, at, source)| Entry { deal, stage, at, source }).collect())
}

pub(super) async fn add_entries(tx: &mut Tx, entries: Vec<Entry>, now: Timestamp) -> Result<(), DbError> {
    let places: Vec<_> = entries.iter().map(|one| (one.deal.clone(), one.stage.clone(), one.at)).collect();
    let rows = entries.into_iter().map(|one| params![one.deal, one.stage, one.at, one.source, now]).collect();
    let suffix = "on conflict (deal, stage, entered_us) do nothing";
    tx.insert_many("deal_stages", &["deal", "stage", "entered_us", "source", "known_us"], rows, suffix).await?;
    follow_entries(tx, &places).await
}

pub(super) async fn drop_entries(
    tx: &mut Tx,
    entries: &[(DealId, String, Timestamp)],
    now: Timestamp,
) -> Result<(), DbError> {
    keep_entries(tx, entries, now).await?;
    let sql = "delete from deal_stages where deal = $1 and stage = $2 and entered_us = $3";
    for (deal, stage, at) in entries {
        tx.execute(sql, params![deal, stage, *at]).await?;
    }
    Ok(())
}

/// What a list of deals is narrowed by.
#[derive(Debug, Clone, Default)]
pub(super) struct Narrow {
    pub(super) q: String,
    pub(super) pipeline: String,
    pub(super) stage: String,
    pub(super) outcome: Option<DealOutcome>,
    pub(super) company: Option<CompanyId>,
}

struct Summary(DealSummary);

impl FromRow for Summary {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self(DealSummary {
            id: row.get("id")?,
            name: row.text("name")?,
            company: row.get("company")?,
            company_name: row.text("company_name")?,
            pipeline: row.text("pipeline")?,
            stage: row.text("stage")?,
            stage_name: row.text("stage_name")?,
            outcome: outcome(row)?,
            amount: amount(row)?,
            created_at: row.get("created_us")?,
            closed_at: row.get("closed_us")?,
            owner: row.text("owner")?,
        }))
    }
}

const SUMMARY: &str = "select d.id, d.name, d.company, coalesce(c.name, '') as company_name, d.pipeline, d.stage, \
    coalesce(s.name, d.stage) as stage_name, d.outcome, d.amount_micros, d.currency, d.created_us, d.closed_us, d.owner \
    from deals d left join companies c on c.id = d.company left join pipeline_stages s on s.stage = d.stage";

const WANTED: &str = "d.state = 'live' and ($1 = '%%' or d.name_key like $1 escape '\\') and ($2 = '' or d.pipeline = $2) \
    and ($3 = '' or d.stage = $3) and ($4 = '' or d.outcome = $4) and ($5 = '' or d.company = $5)";

pub(super) async fn list(db: &Db, narrow: &Narrow, page: &PageRequest) -> Result<Page<DealSummary>, DbError> {
    let wanted = params![
        format!("%{}%", like(&narrow.q)),
        &narrow.pipeline,
        &narrow.stage,
        narrow.outcome.map_or("", DealOutcome::as_str),
        narrow.company.as_ref().map_or("", |id| id.as_str())
    ];
    let total: (i64,) = db.query_one(&format!("select count(*) from deals d where {WANTED}"), wanted.clone()).await?;
    let rows = usize::try_from(page.rows()).unwrap_or(1);
    let mut values = wanted;
    let (at, id) = page.cursor.as_deref().and_then(|cursor| cursor.split_once('|')).unwrap_or(("", ""));
    values.extend(params![at.parse::<i64>().unwrap_or(i64::MAX), id, rows + 1]);
    let sql = format!(
        "{SUMMARY} where {WANTED} and (d.created_us < $6 or (d.created_us = $6 and d.id < $7)) \
         order by d.created_us desc, d.id desc limit $8"
    );
    let mut items: Vec<DealSummary> = db.query::<Summary>(&sql, values).await?.into_iter().map(|row| row.0).collect();
    let more = items.len() > rows;
    items.truncate(rows);
    let next_cursor = items.last().filter(|_| more).map(|last| format!("{}|{}", last.created_at.micros(), last.id));
    Ok(Page { items, next_cursor, total: u64::try_from(total.0).ok() })
}

pub(super) async fn get(db: &Db, id: &DealId) -> Result<Option<(DealSummary, DealRow)>, DbError> {
    let Some(Summary(summary)) =
        db.query_optional(&format!("{SUMMARY} where d.id = $1 and d.state = 'live'"), params![id]).await?
    else {
        return Ok(None);
    };
    let row = db.query_one(&format!("select {READ} from deals where id = $1"), params![id]).await?;
    Ok(Some((summary, row)))
}

pub(super) async fn keys(db: &Db, id: &DealId) -> Result<Vec<String>, DbError> {
    let sql = "select deal_key from deal_keys where deal = $1 and state = 'linked' order by deal_key";
    Ok(db.query::<(String,)>(sql, params![id]).await?.into_iter().map(|row| row.0).collect())
}

struct PersonOf(DealPerson);

impl FromRow for PersonOf {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self(DealPerson {
            person: row.get::<PersonId>("person")?,
            name: row.text("name")?,
            email: row.text("email")?,
            role: row.text("role")?,
            primary: row.bool("is_primary")?,
            source: row.text("source")?,
        }))
    }
}

pub(super) async fn people(db: &Db, id: &DealId) -> Result<Vec<DealPerson>, DbError> {
    let sql = "select p.person, p.name, p.email, d.role, d.is_primary, d.source from deal_people d \
        left join person_merges m on m.person = d.person join people p on p.person = coalesce(m.canonical, d.person) \
        where d.deal = $1 order by d.is_primary desc, p.sort_name, p.person";
    Ok(db.query::<PersonOf>(sql, params![id]).await?.into_iter().map(|row| row.0).collect())
}

pub(super) async fn stages(db: &Db, id: &DealId) -> Result<Vec<StageEntry>, DbError> {
    let sql = "select h.stage, coalesce(s.name, h.stage), h.entered_us, h.source from deal_stages h \
        left join pipeline_stages s on s.stage = h.stage where h.deal = $1 order by h.entered_us, coalesce(s.place, 0), h.stage";
    let rows: Vec<(String, String, Timestamp, String)> = db.query(sql, params![id]).await?;
    let entered: Vec<Timestamp> = rows.iter().map(|row| row.2).collect();
    let entry = |(place, (stage, name, entered_at, source))| {
        let left_at = entered.get(place + 1).copied();
        StageEntry { stage, name, entered_at, left_at, source }
    };
    Ok(rows.into_iter().enumerate().map(entry).collect())
}

/// Every deal with its people and stages, the oldest first: as they are, or as they were known at a moment.
pub(super) async fn facts(db: &Db, known_at: Option<Timestamp>) -> Result<Vec<DealFact>, DbError> {
    let (deals, parts, entries) = tables(known_at);
    let values = || known_at.map(|at| params![at]).unwrap_or_default();
    let sql = format!("select {READ} from {deals} where state = 'live' order by created_us, id");
    let mut rows: Vec<DealRow> = db.query(&sql, values()).await?;
    if let Some(at) = known_at {
        rows.retain(|row| row.was.as_ref().is_none_or(|was| was.known.is_some()) || row.id.made_at() <= at);
    }
    let mut people: HashMap<DealId, Vec<DealPart>> = HashMap::new();
    let sql = format!("select deal, person, role, is_primary from {parts} order by deal, is_primary desc, person");
    for (deal, person, role, primary) in db.query::<(DealId, PersonId, String, bool)>(&sql, values()).await? {
        people.entry(deal).or_default().push(DealPart { person, role, primary });
    }
    let mut stages: HashMap<DealId, Vec<(String, Timestamp)>> = HashMap::new();
    let sql = format!(
        "select h.deal, h.stage, h.entered_us from {entries} h left join pipeline_stages s on s.stage = h.stage \
         order by h.deal, h.entered_us, coalesce(s.place, 0), h.stage"
    );
    for (deal, stage, at) in db.query::<(DealId, String, Timestamp)>(&sql, values()).await? {
        stages.entry(deal).or_default().push((stage, at));
    }
    let with_stages = |row: DealRow| (stages.remove(&row.id).unwrap_or_default(), row);
    let fact = |(entered, row): (Vec<(String, Timestamp)>, DealRow)| DealFact {
        people: people.remove(&row.id).unwrap_or_default(),
        deal: row.id,
        name: row.name,
        company: row.company,
        amount: row.amount,
        pipeline: row.pipeline,
        stage: row.stage,
        // A deal was there when it entered its first stage, whatever day its file was read.
        created_at: entered.iter().map(|entry| entry.1).fold(row.created_at, Ord::min),
        closed_at: row.closed_at,
        outcome: row.outcome,
        stages: entered,
        // A file's row names its import already.
        source_row: if row.source_row.is_empty() { row.origin } else { row.source_row },
    };
    Ok(rows.into_iter().map(with_stages).map(fact).collect())
}

/// The tables of deals, of people in them and of their stages; or what those held at the moment `$1`.
fn tables(known_at: Option<Timestamp>) -> (String, String, String) {
    if known_at.is_none() {
        return ("deals".to_owned(), "deal_people".to_owned(), "deal_stages".to_owned());
    }
    let then = |columns: &str, table: &str, was: &str, old_columns: &str| {
        format!(
            "(select {columns} from {table} where known_us is null or known_us <= $1 union all select {old_columns} \
             from {was} w where w.until_us > $1 and (w.known_us is null or w.known_us <= $1)) as"
        )
    };
    let parts = "deal, person, role, is_primary";
    let entries = "deal, stage, entered_us";
    let old = "w.deal, w.state, w.name, w.pipeline, w.stage, w.outcome, w.amount_micros, w.currency, w.company, d.owner, \
        d.reason, w.created_us, w.closed_us, d.properties, d.origin, d.source_row, w.known_us";
    let deals = then(READ, "deals", "deal_was", old)
        .replace("deal_was w where", "deal_was w join deals d on d.id = w.deal where");
    let (parts, entries) = (
        then(parts, "deal_people", "deal_people_was", parts),
        then(entries, "deal_stages", "deal_stages_was", entries),
    );
    (format!("{deals} deals"), format!("{parts} deal_people"), entries)
}
