//! Daily exchange rates.

use super::{entering, missing};
use crate::ledger::{put_rate, store};
use async_trait::async_trait;
use jiff::civil::Date;
use kernel::money::{Currency, Rate};
use people::imports::{
    Change, FieldChange, FieldKind, FieldSpec, ImportContext, Importer, ImporterError, ImporterSpec, MappedRow,
    RowOutcome, RowProblem, Undone, row_key,
};
use platform::Platform;
use platform::audit;
use platform::sql::Tx;
use serde_json::json;

const DATE: usize = 0;
const FROM: usize = 1;
const TO: usize = 2;
const RATE: usize = 3;

const FIELDS: &[FieldSpec] = &[
    FieldSpec::new("date", "Date", FieldKind::Date).required().key().known_as(&["day", "rate date", "datum"]),
    FieldSpec::new("from", "From currency", FieldKind::Currency).required().key().known_as(&[
        "from",
        "base",
        "base currency",
        "currency",
        "source currency",
    ]),
    FieldSpec::new("to", "To currency", FieldKind::Currency).key().known_as(&[
        "to",
        "quote",
        "quote currency",
        "target currency",
    ]),
    FieldSpec::new("rate", "Rate", FieldKind::Number).required().known_as(&["exchange rate", "fx rate", "kurs"]),
];

static SPEC: ImporterSpec =
    ImporterSpec { kind: "rates", title: "Exchange rates", fields: FIELDS, keeps_properties: false };

/// Imports rates.
#[derive(Debug, Clone)]
pub struct RateImporter {
    platform: Platform,
}

impl RateImporter {
    /// An importer on a platform.
    #[must_use]
    pub fn new(platform: Platform) -> Self {
        Self { platform }
    }
}

type Place = (Currency, Currency, Date);

fn row_of(context: &ImportContext, row: &MappedRow) -> Result<(Place, Rate), RowProblem> {
    let date = row.date(DATE).ok_or_else(|| missing("date", "date"))?;
    let from = row.currency(FROM).ok_or_else(|| missing("from", "currency"))?;
    let to = row.currency(TO).unwrap_or(context.currency);
    let said = row.text(RATE).ok_or_else(|| missing("rate", "rate"))?;
    let rate: Rate = said.parse().map_err(|_| {
        RowProblem::new("bad_rate", format!("`{said}` is not a rate; write a positive number such as 0.9184."))
            .at("rate")
    })?;
    if from == to {
        let message = format!("{from} is always worth one {to}.");
        return Err(RowProblem::new("same_currency", message).at("from"));
    }
    Ok(((from, to, date), rate))
}

fn record((from, to, date): Place) -> String {
    format!("{from}/{to}/{date}")
}

fn place(record: &str) -> Option<Place> {
    let mut parts = record.splitn(3, '/');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[async_trait]
impl Importer for RateImporter {
    fn spec(&self) -> &'static ImporterSpec {
        &SPEC
    }

    fn permission(&self) -> kernel::scope::Permission {
        kernel::scope::Permission::LedgerWrite
    }

    fn keys(&self, context: &ImportContext, row: &MappedRow, keys: &mut Vec<u64>) {
        if let Ok((place, _)) = row_of(context, row) {
            keys.push(row_key("rates", &record(place)));
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
        let actor = context.scope.actor.label();
        let (mut outcomes, mut written) = (Vec::with_capacity(rows.len()), 0);
        for row in rows {
            let (place, rate) = match row_of(context, row) {
                Ok(row) => row,
                Err(problem) => {
                    outcomes.push(RowOutcome::rejected(problem));
                    continue;
                }
            };
            let before = put_rate(tx, place, rate, (&actor, context.now)).await?;
            let undo = json!({"rate": rate.nanos, "before": before.map(|before| before.nanos)});
            written += u64::from(before != Some(rate));
            outcomes.push(match before {
                Some(before) if before == rate => RowOutcome::unchanged(record(place)),
                None => RowOutcome::created(record(place), undo),
                Some(before) => {
                    let (from, to) = (Some(before.to_string()), rate.to_string());
                    let change = FieldChange { field: "rate".to_owned(), from, to };
                    RowOutcome::updated(record(place), vec![change], undo)
                }
            });
        }
        if written > 0 {
            let details = json!({"import": context.import, "rates": written});
            audit::record(tx, &context.scope, context.now, "ledger.rates", "rates", &details).await?;
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
        let (now, actor) = (self.platform.world.now(), context.scope.actor.label());
        let mut undone = Vec::with_capacity(changes.len());
        for change in changes {
            let nanos =
                |name: &str| change.undo.get(name).and_then(serde_json::Value::as_i64).map(|nanos| Rate { nanos });
            let place = place(&change.record);
            let held = match place {
                Some((from, to, date)) => store::rate_of(tx, from, to, date).await?,
                None => None,
            };
            let Some(place) = place.filter(|_| held.is_some() && held == nanos("rate")) else {
                let message = "The rate was changed since; it is left as it is.";
                undone.push(Undone::Refused(RowProblem::new("changed_since", message)));
                continue;
            };
            store::set_rate(tx, place, nanos("before"), (&actor, now)).await?;
            undone.push(Undone::Reverted);
        }
        if undone.contains(&Undone::Reverted) {
            let details = json!({"import": context.import, "undone": true});
            audit::record(tx, &context.scope, now, "ledger.rates", "rates", &details).await?;
            store::changed(tx).await?;
        }
        Ok(undone)
    }
}
