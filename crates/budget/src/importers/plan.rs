//! The plan by month and channel.

use super::{entering, missing, text};
use crate::ledger::{PlanRow, month, put_plan, store};
use analytics::channels::Channel;
use async_trait::async_trait;
use jiff::civil::Date;
use kernel::money::Money;
use people::imports::{
    Change, FieldChange, FieldKind, FieldSpec, ImportContext, Importer, ImporterError, ImporterSpec, MappedRow,
    RowOutcome, RowProblem, Undone, row_key,
};
use platform::Platform;
use platform::audit;
use platform::sql::Tx;
use serde_json::json;

const MONTH: usize = 0;
const CHANNEL: usize = 1;
const AMOUNT: usize = 2;
const CURRENCY: usize = 3;
const NOTE: usize = 4;

const FIELDS: &[FieldSpec] = &[
    FieldSpec::new("month", "Month", FieldKind::Text).required().key().known_as(&["period", "monat", "plan month"]),
    FieldSpec::new("channel", "Channel", FieldKind::Text).required().key().known_as(&["marketing channel", "kanal"]),
    FieldSpec::new("planned", "Planned amount", FieldKind::Money).required().known_as(&[
        "planned",
        "plan",
        "budget",
        "planned spend",
        "geplant",
    ]),
    FieldSpec::new("currency", "Currency", FieldKind::Currency).known_as(&["currency code", "währung"]),
    FieldSpec::new("note", "Note", FieldKind::Text).known_as(&["notes", "comment"]),
];

static SPEC: ImporterSpec =
    ImporterSpec { kind: "plan", title: "Plan by month and channel", fields: FIELDS, keeps_properties: false };

/// Imports plans.
#[derive(Debug, Clone)]
pub struct PlanImporter {
    platform: Platform,
}

impl PlanImporter {
    /// An importer on a platform.
    #[must_use]
    pub fn new(platform: Platform) -> Self {
        Self { platform }
    }
}

fn row_of(context: &ImportContext, row: &MappedRow) -> Result<PlanRow, RowProblem> {
    let said = row.text(MONTH).ok_or_else(|| missing("month", "month"))?;
    let month = month(said).ok_or_else(|| {
        RowProblem::new("bad_month", format!("`{said}` is not a month; write it like 2026-03.")).at("month")
    })?;
    let name = row.text(CHANNEL).ok_or_else(|| missing("channel", "channel"))?;
    let channel = Channel::parse(name)
        .ok_or_else(|| RowProblem::new("unknown_channel", format!("`{name}` is not a channel.")).at("channel"))?;
    let micros = row.micros(AMOUNT).ok_or_else(|| missing("planned", "planned amount"))?;
    if micros < 0 {
        return Err(RowProblem::new("negative_plan", "A plan is not negative.").at("planned"));
    }
    let money = Some(Money::new(micros, row.currency(CURRENCY).unwrap_or(context.currency)));
    let (note, actor) = (text(row, NOTE), context.scope.actor.label());
    Ok(PlanRow { month, channel, version: 0, money, note, actor, entered_at: context.now })
}

fn record(row: &PlanRow) -> String {
    format!("{}/{}", row.month, row.channel)
}

#[async_trait]
impl Importer for PlanImporter {
    fn spec(&self) -> &'static ImporterSpec {
        &SPEC
    }

    fn permission(&self) -> kernel::scope::Permission {
        kernel::scope::Permission::LedgerWrite
    }

    fn keys(&self, context: &ImportContext, row: &MappedRow, keys: &mut Vec<u64>) {
        if let Ok(row) = row_of(context, row) {
            keys.push(row_key("plan", &record(&row)));
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
        let (mut outcomes, mut written) = (Vec::with_capacity(rows.len()), 0);
        for row in rows {
            let plan = match row_of(context, row) {
                Ok(plan) => plan,
                Err(problem) => {
                    outcomes.push(RowOutcome::rejected(problem));
                    continue;
                }
            };
            let (record, before) = (record(&plan), store::plan_of(tx, plan.month, plan.channel).await?);
            let Some(now) = put_plan(tx, plan, Some(context.import.as_str())).await? else {
                outcomes.push(RowOutcome::unchanged(record));
                continue;
            };
            written += 1;
            let held = before.as_ref().and_then(|before| before.money);
            let undo = json!({"version": now.version, "before": held});
            outcomes.push(match held {
                None => RowOutcome::created(record, undo),
                Some(held) => {
                    let to = now.money.map(|money| money.to_string()).unwrap_or_default();
                    let change = FieldChange { field: "planned".to_owned(), from: Some(held.to_string()), to };
                    RowOutcome::updated(record, vec![change], undo)
                }
            });
        }
        if written > 0 {
            let details = json!({"import": context.import, "lines": written});
            audit::record(tx, &context.scope, context.now, "ledger.plan", "plan", &details).await?;
            store::changed(tx).await?;
        }
        Ok(outcomes)
    }

    async fn undo(
        &self,
        context: &ImportContext,
        tx: &mut Tx,
        changes: &[Change],
    ) -> Result<Vec<Undone>, ImporterError> {
        store::hold(tx).await?;
        let now = self.platform.world.now();
        let mut undone = Vec::with_capacity(changes.len());
        for change in changes {
            let place = change.record.split_once('/');
            let place =
                place.and_then(|(month, channel)| Some((month.parse::<Date>().ok()?, Channel::parse(channel)?)));
            let version = change.undo.get("version").and_then(serde_json::Value::as_u64);
            let held = match place {
                Some((month, channel)) => store::plan_of(tx, month, channel).await?,
                None => None,
            };
            let Some(held) = held.filter(|held| Some(u64::from(held.version)) == version) else {
                let message = "The plan was changed since; it is left as it is.";
                undone.push(Undone::Refused(RowProblem::new("changed_since", message)));
                continue;
            };
            let before = change.undo.get("before").cloned().unwrap_or_default();
            let money = serde_json::from_value::<Option<Money>>(before).unwrap_or(None);
            let (note, actor) = ("The import was undone".to_owned(), context.scope.actor.label());
            let entered_at = now.max(held.entered_at);
            let row = PlanRow { version: held.version + 1, money, note, actor, entered_at, ..held };
            store::append_plan(tx, &row, Some(context.import.as_str())).await?;
            undone.push(Undone::Reverted);
        }
        if undone.contains(&Undone::Reverted) {
            let details = json!({"import": context.import, "undone": true});
            audit::record(tx, &context.scope, now, "ledger.plan", "plan", &details).await?;
            store::changed(tx).await?;
        }
        Ok(undone)
    }
}
