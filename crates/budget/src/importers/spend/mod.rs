//! Spend: reports of ad platforms, and sheets of invoices.
//!
//! A line of a report is known by its system, account, day, source, campaign, ad group, ad and currency; in a file of no
//! known system, by the file's layout too. When the same report comes again with
//! another amount (platforms restate the last days), the line that stands is taken back and the new one is written; when
//! it says the same, nothing is. Two rows of one file with the same key are two lines: a report may be cut finer than its
//! columns show. When it comes again with fewer rows of a key, the lines that are left over are taken back at its end. A
//! key that it does not name at all keeps its lines: a file of some days or campaigns says nothing about the others.
//!
//! **Invariant:** importing a file twice leaves the ledger as importing it once.
//! **Invariant:** after any sequence of reports, the lines of a key sum to what its newest report says; that is the one whose
//! import began last, also when an earlier one is continued after it.

mod back;
mod batch;
mod keys;

use super::{entering, missing, text};
use crate::ledger::{Line, store};
use analytics::channels::Channel;
use async_trait::async_trait;
use kernel::money::Money;
use people::imports::{
    Change, FieldKind, FieldSpec, ImportContext, Importer, ImporterError, ImporterSpec, MappedRow, Outcome, RowOutcome,
    RowProblem, Undone, row_key,
};
use platform::Platform;
use platform::audit;
use platform::sql::Tx;
use serde_json::json;

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
            keys.push(row_key("spend", &self::keys::report_key(&line, &feed(context))));
        }
    }

    async fn apply(
        &self,
        context: &ImportContext,
        tx: &mut Tx,
        rows: &[MappedRow],
    ) -> Result<Vec<RowOutcome>, ImporterError> {
        store::hold(tx).await?;
        let context = &entering(&self.platform, context);
        let lines: Vec<Result<Line, RowProblem>> = rows.iter().map(|row| line_of(context, row)).collect();
        let mut batch = batch::Batch::read(context, tx, &lines).await?;
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

    async fn finish(&self, context: &ImportContext, tx: &mut Tx) -> Result<Vec<Change>, ImporterError> {
        store::hold(tx).await?;
        let context = &entering(&self.platform, context);
        back::withdraw(context, tx, &mut self.platform.world.rng()).await
    }

    async fn undo(
        &self,
        context: &ImportContext,
        tx: &mut Tx,
        changes: &[Change],
    ) -> Result<Vec<Undone>, ImporterError> {
        store::hold(tx).await?;
        let context = &entering(&self.platform, context);
        let mut rng = self.platform.world.rng();
        let released = back::release(context, tx, changes).await?;
        let (mut undone, mut count) = (Vec::with_capacity(changes.len()), 0);
        for change in changes {
            if change.outcome == Outcome::Unchanged {
                undone.push(Undone::Reverted);
                continue;
            }
            let one = back::take_back(context, tx, (change, &released), &mut rng).await?;
            count += u64::from(one == Undone::Reverted);
            undone.push(one);
        }
        if count > 0 {
            let details = json!({"import": context.import, "lines": count});
            let import = context.import.as_str();
            audit::record(tx, &context.scope, context.now, "ledger.undo_import", import, &details).await?;
            store::changed(tx).await?;
        }
        Ok(undone)
    }
}
