//! Spend: reports of ad platforms, and sheets of invoices.
//!
//! A line of a report is known by its system, account, day, source, campaign, ad group, ad and currency; in a file of no
//! known system, by the file's layout too. When the same report comes again with
//! another amount (platforms restate the last days), the line that stands is taken back and the new one is written; when
//! it says the same, nothing is. Two rows of one file with the same key are two lines: a report may be cut finer than its
//! columns show.
//!
//! **Invariant:** importing a file twice leaves the ledger as importing it once.
//! **Invariant:** after any sequence of reports, the lines of a key sum to what its newest report says.

use super::{missing, text};
use crate::ledger::store::{self, Head};
use crate::ledger::{Entry, Line, counter, details, entry};
use analytics::channels::Channel;
use async_trait::async_trait;
use kernel::ids::LedgerId;
use kernel::money::Money;
use people::imports::{
    Change, FieldChange, FieldKind, FieldSpec, ImportContext, Importer, ImporterError, ImporterSpec, MappedRow,
    Outcome, RowOutcome, RowProblem, Undone, row_key,
};
use platform::Platform;
use platform::audit;
use platform::sql::{DbError, Tx};
use rand::Rng;
use serde_json::json;
use std::collections::HashMap;

const DATE: usize = 0;
const COST: usize = 1;
const CURRENCY: usize = 2;
const CHANNEL: usize = 3;
const SOURCE: usize = 4;
const MEDIUM: usize = 5;
const CAMPAIGN: usize = 6;
const CAMPAIGN_ID: usize = 7;
const CAMPAIGN_TYPE: usize = 8;
const AD_GROUP: usize = 9;
const AD: usize = 10;
const CLICK_ID: usize = 11;
const NOTE: usize = 12;
const IMPRESSIONS: usize = 13;
const CLICKS: usize = 14;
const ACCOUNT: usize = 15;

const FIELDS: &[FieldSpec] = &[
    FieldSpec::new("date", "Date", FieldKind::Date).required().known_as(&[
        "day",
        "tag",
        "datum",
        "start date",
        "start date (in utc)",
        "invoice date",
        "spend date",
    ]),
    FieldSpec::new("cost", "Cost", FieldKind::Money).required().known_as(&[
        "cost",
        "spend",
        "amount",
        "net amount",
        "betrag",
        "amount spent",
        "total spent",
        "ausgegebener betrag",
        "kosten",
        "net amount",
    ]),
    FieldSpec::new("currency", "Currency", FieldKind::Currency).known_as(&[
        "currency code",
        "währung",
        "account currency",
    ]),
    FieldSpec::new("channel", "Channel", FieldKind::Text).known_as(&["marketing channel", "kanal"]),
    FieldSpec::new("source", "Source", FieldKind::Text).known_as(&["utm source", "utm_source", "platform", "vendor"]),
    FieldSpec::new("medium", "Medium", FieldKind::Text).known_as(&["utm medium", "utm_medium"]),
    FieldSpec::new("campaign", "Campaign", FieldKind::Text).known_as(&[
        "campaign name",
        "kampagne",
        "kampagnenname",
        "utm campaign",
        "utm_campaign",
    ]),
    FieldSpec::new("campaign_id", "Campaign ID", FieldKind::Text).known_as(&["kampagnen-id", "utm id", "utm_id"]),
    FieldSpec::new("campaign_type", "Campaign type", FieldKind::Text).known_as(&[
        "advertising channel type",
        "kampagnentyp",
        "network",
        "network (with search partners)",
    ]),
    FieldSpec::new("ad_group", "Ad group", FieldKind::Text).known_as(&[
        "ad group name",
        "ad set name",
        "anzeigengruppe",
        "anzeigengruppenname",
        "campaign group name",
    ]),
    FieldSpec::new("ad", "Ad", FieldKind::Text).known_as(&[
        "ad name",
        "anzeige",
        "anzeigenname",
        "creative name",
        "utm content",
        "utm_content",
    ]),
    FieldSpec::new("click_id", "Click ID", FieldKind::Text).known_as(&[
        "gclid",
        "google click id",
        "fbclid",
        "li_fat_id",
    ]),
    FieldSpec::new("note", "Note", FieldKind::Text).known_as(&["notes", "description", "notiz", "invoice number"]),
    FieldSpec::new("impressions", "Impressions", FieldKind::Integer).known_as(&["impr.", "impressionen"]),
    FieldSpec::new("clicks", "Clicks", FieldKind::Integer).known_as(&["link clicks", "klicks", "link-klicks"]),
    FieldSpec::new("account", "Account", FieldKind::Text).known_as(&[
        "account id",
        "account name",
        "customer id",
        "konto",
        "kontoname",
    ]),
];

static SPEC: ImporterSpec =
    ImporterSpec { kind: "spend", title: "Ad spend and invoices", fields: FIELDS, keeps_properties: false };

/// Imports spend.
#[derive(Debug, Clone)]
pub struct SpendImporter {
    platform: Platform,
}

impl SpendImporter {
    /// An importer on a platform.
    #[must_use]
    pub fn new(platform: Platform) -> Self {
        Self { platform }
    }
}

/// A line as the row says it.
fn line_of(context: &ImportContext, row: &MappedRow) -> Result<Line, RowProblem> {
    let date = row.date(DATE).ok_or_else(|| missing("date", "date"))?;
    if !(2000..2100).contains(&date.year()) {
        return Err(RowProblem::new("bad_date", format!("{date} is not a day of this century.")).at("date"));
    }
    let micros = row.micros(COST).ok_or_else(|| missing("cost", "cost"))?;
    let channel = match row.text(CHANNEL).map(str::trim).filter(|name| !name.is_empty()) {
        None => None,
        Some(name) => Some(Channel::parse(name).ok_or_else(|| {
            let known: Vec<&str> = Channel::ALL.iter().map(|channel| channel.as_str()).collect();
            let message = format!("`{name}` is not a channel; the channels are {}.", known.join(", "));
            RowProblem::new("unknown_channel", message).at("channel")
        })?),
    };
    let system = system(&context.system);
    let mut line = Line {
        system: system.to_owned(),
        account: text(row, ACCOUNT),
        date,
        channel,
        source: text(row, SOURCE),
        medium: text(row, MEDIUM),
        campaign: text(row, CAMPAIGN),
        campaign_id: text(row, CAMPAIGN_ID),
        ad_group: text(row, AD_GROUP),
        ad: text(row, AD),
        click_id: text(row, CLICK_ID),
        money: Money::new(micros, row.currency(CURRENCY).unwrap_or(context.currency)),
        note: text(row, NOTE),
        impressions: row.integer(IMPRESSIONS),
        clicks: row.integer(CLICKS),
    };
    place(&mut line, &text(row, CAMPAIGN_TYPE));
    if line.channel.is_none() && line.source.is_empty() && !line.names_a_campaign() {
        let message = "The row says neither channel nor source nor campaign; map one of these columns.";
        return Err(RowProblem::new("missing_field", message).at("channel"));
    }
    Ok(line)
}

/// What tells the reports of unknown systems apart: the columns of the file. A platform's report is known by its system,
/// whichever columns somebody chose.
fn feed(context: &ImportContext) -> String {
    if context.system == "file" { format!("{:016x}", row_key("feed", &context.feed)) } else { String::new() }
}

/// One name for a platform, whatever the preset is called.
fn system(name: &str) -> &str {
    let known = ["google_ads", "meta", "linkedin", "microsoft_ads", "tiktok"];
    let starts = ["google", "meta", "linkedin", "microsoft", "tiktok"];
    let place = starts.iter().position(|start| name.starts_with(start));
    place.map_or(if name.starts_with("facebook") { "meta" } else { name }, |place| known[place])
}

/// Source and medium of a platform's spend, where the row does not say them, so that the rules of channels apply to it as
/// to the visits it pays for.
fn place(line: &mut Line, campaign_type: &str) {
    let (source, medium) = match line.system.as_str() {
        "google_ads" => ("google", "cpc"),
        "meta" => ("facebook", "paid-social"),
        "linkedin" => ("linkedin", "paid-social"),
        "microsoft_ads" => ("bing", "cpc"),
        "tiktok" => ("tiktok", "paid-social"),
        _ => ("", ""),
    };
    let kind = campaign_type.to_lowercase();
    let (source, medium) = match kind.as_str() {
        "display" | "display network" | "google display network" => (source, "display"),
        "video" | "youtube" | "youtube videos" => ("youtube", "paid-video"),
        _ => (source, medium),
    };
    if line.channel.is_none() && matches!(kind.as_str(), "performance max" | "demand gen" | "cross-network") {
        line.channel = Some(Channel::CrossNetwork);
    }
    if line.source.is_empty() {
        source.clone_into(&mut line.source);
    }
    if line.medium.is_empty() {
        medium.clone_into(&mut line.medium);
    }
}

#[async_trait]
impl Importer for SpendImporter {
    fn spec(&self) -> &'static ImporterSpec {
        &SPEC
    }

    fn permission(&self) -> kernel::scope::Permission {
        kernel::scope::Permission::LedgerWrite
    }

    fn keys(&self, context: &ImportContext, row: &MappedRow, keys: &mut Vec<u64>) {
        if let Ok(line) = line_of(context, row) {
            keys.push(row_key("spend", &line.report_key(&feed(context))));
        }
    }

    async fn apply(
        &self,
        context: &ImportContext,
        tx: &mut Tx,
        rows: &[MappedRow],
    ) -> Result<Vec<RowOutcome>, ImporterError> {
        store::hold(tx).await?;
        let lines: Vec<Result<Line, RowProblem>> = rows.iter().map(|row| line_of(context, row)).collect();
        let mut batch = Batch::read(context, tx, &lines).await?;
        let mut rng = self.platform.world.rng();
        let mut outcomes = Vec::with_capacity(rows.len());
        for (row, line) in rows.iter().zip(lines) {
            outcomes.push(match line {
                Ok(line) => batch.put(row.line, line, &mut rng),
                Err(problem) => RowOutcome::rejected(problem),
            });
        }
        batch.write(tx).await?;
        Ok(outcomes)
    }

    async fn undo(
        &self,
        context: &ImportContext,
        tx: &mut Tx,
        changes: &[Change],
    ) -> Result<Vec<Undone>, ImporterError> {
        store::hold(tx).await?;
        let mut rng = self.platform.world.rng();
        let mut undone = Vec::with_capacity(changes.len());
        for change in changes {
            undone.push(take_back(context, tx, change, &mut rng).await?);
        }
        if undone.contains(&Undone::Reverted) {
            let count = undone.iter().filter(|one| **one == Undone::Reverted).count();
            let details = json!({"import": context.import, "lines": count});
            let import = context.import.as_str();
            audit::record(tx, &context.scope, context.now, "ledger.undo_import", import, &details).await?;
            store::changed(tx).await?;
        }
        Ok(undone)
    }
}

/// The places and lines a batch of rows touches, and what it writes.
struct Batch<'a> {
    context: &'a ImportContext,
    feed: String,
    heads: HashMap<String, Vec<Head>>,
    standing: HashMap<LedgerId, Entry>,
    fresh: Vec<Entry>,
    touched: HashMap<(String, i64), Head>,
}

impl<'a> Batch<'a> {
    async fn read(
        context: &'a ImportContext,
        tx: &mut Tx,
        lines: &[Result<Line, RowProblem>],
    ) -> Result<Self, DbError> {
        let feed = feed(context);
        let mut keys: Vec<String> = lines.iter().flatten().map(|line| line.report_key(&feed)).collect();
        keys.sort_unstable();
        keys.dedup();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let mut heads: HashMap<String, Vec<Head>> = HashMap::new();
        let mut ids = Vec::new();
        for head in store::heads_of(tx, &keys).await? {
            ids.push(head.entry.clone());
            heads.entry(head.report_key.clone()).or_default().push(head);
        }
        let standing = store::entries_of(tx, &ids).await?;
        let standing = standing.into_iter().map(|entry| (entry.id.clone(), entry)).collect();
        Ok(Self { context, feed, heads, standing, fresh: Vec::new(), touched: HashMap::new() })
    }

    /// One row: the first place of its key that this import has not come to yet, or a new place.
    fn put(&mut self, number: u64, line: Line, rng: &mut impl Rng) -> RowOutcome {
        let (key, import) = (line.report_key(&self.feed), self.context.import.as_str());
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        let heads = self.heads.entry(key.clone()).or_default();
        let again = heads.iter().find(|head| head.seen_import == import && head.seen_line == number);
        if let Some(head) = again {
            return RowOutcome::unchanged(head.entry.to_string());
        }
        let place = heads.iter().position(|head| head.seen_import != import);
        let Some(place) = place else {
            let occurrence = heads.last().map_or(0, |head| head.occurrence + 1);
            let id = self.append(line, rng);
            let undo = json!({"place": [key, occurrence]});
            self.stand(Head {
                report_key: key,
                occurrence,
                entry: id.clone(),
                seen_import: import.to_owned(),
                seen_line: number,
            });
            return RowOutcome::created(id.to_string(), undo);
        };
        let mut head = heads[place].clone();
        let place = json!([key, head.occurrence]);
        (head.seen_import, head.seen_line) = (import.to_owned(), number);
        let before = self.standing.get(&head.entry).cloned();
        let changes = before.as_ref().map(|before| differences(&before.line, &line)).unwrap_or_default();
        match before {
            Some(before) if changes.is_empty() => {
                self.stand(head);
                RowOutcome::unchanged(before.id.to_string())
            }
            Some(before) => {
                let import = Some(import.to_owned());
                let scope = &self.context.scope;
                let counter = counter(scope, self.context.now, rng, &before, "restated by its report", import);
                self.fresh.push(counter);
                let id = self.append(line, rng);
                head.entry = id.clone();
                self.stand(head);
                RowOutcome::updated(id.to_string(), changes, json!({"before": before.id, "place": place}))
            }
            // The place names a line that is gone, which cannot be; a new line is right in any case.
            None => {
                let id = self.append(line, rng);
                head.entry = id.clone();
                self.stand(head);
                RowOutcome::created(id.to_string(), json!({"place": place}))
            }
        }
    }

    fn append(&mut self, line: Line, rng: &mut impl Rng) -> LedgerId {
        let import = Some(self.context.import.to_string());
        let entry = entry(&self.context.scope, self.context.now, rng, line, import);
        let id = entry.id.clone();
        self.standing.insert(id.clone(), entry.clone());
        self.fresh.push(entry);
        id
    }

    fn stand(&mut self, head: Head) {
        let heads = self.heads.entry(head.report_key.clone()).or_default();
        match heads.iter_mut().find(|other| other.occurrence == head.occurrence) {
            Some(other) => *other = head.clone(),
            None => heads.push(head.clone()),
        }
        self.touched.insert((head.report_key.clone(), head.occurrence), head);
    }

    async fn write(self, tx: &mut Tx) -> Result<(), DbError> {
        store::append(tx, &self.fresh).await?;
        let mut heads: Vec<Head> = self.touched.into_values().collect();
        heads.sort_by(|one, other| (&one.report_key, one.occurrence).cmp(&(&other.report_key, other.occurrence)));
        store::set_heads(tx, &heads).await?;
        if self.fresh.is_empty() {
            return Ok(());
        }
        let reversals = self.fresh.iter().filter(|entry| entry.reverses.is_some()).count();
        let lines = self.fresh.len() - reversals;
        let details = json!({"import": self.context.import, "lines": lines, "reversals": reversals});
        let (scope, import) = (&self.context.scope, self.context.import.as_str());
        audit::record(tx, scope, self.context.now, "ledger.import", import, &details).await?;
        store::changed(tx).await
    }
}

/// What a report says differently now. The note is no part of it.
fn differences(before: &Line, now: &Line) -> Vec<FieldChange> {
    let money = |line: &Line| line.money.to_string();
    let channel = |line: &Line| line.channel.map(|channel| channel.as_str().to_owned()).unwrap_or_default();
    let count = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    type Part<'a> = (&'static str, &'a dyn Fn(&Line) -> String);
    let parts: [Part<'_>; 7] = [
        ("cost", &money),
        ("channel", &channel),
        ("source", &|line| line.source.clone()),
        ("medium", &|line| line.medium.clone()),
        ("campaign", &|line| line.campaign.clone()),
        ("impressions", &|line| count(line.impressions)),
        ("clicks", &|line| count(line.clicks)),
    ];
    let changed = parts.into_iter().filter_map(|(field, of)| {
        let (from, to) = (of(before), of(now));
        (from != to).then(|| FieldChange {
            field: field.to_owned(),
            from: Some(from).filter(|text| !text.is_empty()),
            to,
        })
    });
    changed.collect()
}

/// The line that stands for the one that an import wrote, and its place: the line itself, or the one that was written
/// again in its place, word for word, when the import that had restated it was undone.
async fn standing(tx: &mut Tx, id: &LedgerId, undo: &serde_json::Value) -> Result<Option<(Entry, Head)>, DbError> {
    let ids = std::slice::from_ref(id);
    let Some(entry) = store::entries_of(tx, ids).await?.pop() else { return Ok(None) };
    if let Some(head) = store::heads_on(tx, ids).await?.pop() {
        return Ok(Some((entry, head)));
    }
    let place = undo.get("place").and_then(|place| Some((place.get(0)?.as_str()?, place.get(1)?.as_i64()?)));
    let Some((key, occurrence)) = place else { return Ok(None) };
    let heads = store::heads_of(tx, &[key]).await?;
    let Some(head) = heads.into_iter().find(|head| head.occurrence == occurrence) else { return Ok(None) };
    let now = store::entries_of(tx, std::slice::from_ref(&head.entry)).await?.pop();
    let same = now.filter(|now| now.line == entry.line && now.import == entry.import);
    Ok(same.map(|now| (now, head)))
}

/// Takes a change of an import back: the new line by a counter-entry, and what stood before is written again.
async fn take_back(
    context: &ImportContext,
    tx: &mut Tx,
    change: &Change,
    rng: &mut impl Rng,
) -> Result<Undone, ImporterError> {
    let refused = |message: &str| Ok(Undone::Refused(RowProblem::new("changed_since", message)));
    let Ok(id) = change.record.parse::<LedgerId>() else { return refused("The line is not of this ledger.") };
    let Some((entry, head)) = standing(tx, &id, &change.undo).await? else {
        return refused("A later import restated this line, or somebody took it back.");
    };
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
            let head = Head { entry: again.id.clone(), seen_import: String::new(), seen_line: 0, ..head };
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
