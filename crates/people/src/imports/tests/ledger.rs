//! An importer of another area, as small as one can be: a key and an amount in the table `meta`.

use super::super::{
    Change, FieldChange, FieldKind, FieldSpec, ImportContext, Importer, ImporterError, ImporterSpec, MappedRow,
    RowOutcome, RowProblem, Undone, row_key,
};
use async_trait::async_trait;
use platform::params;
use platform::sql::Tx;
use serde_json::json;

static FIELDS: [FieldSpec; 6] = [
    FieldSpec::new("date", "Date", FieldKind::Date).required(),
    FieldSpec::new("campaign", "Campaign", FieldKind::Text).required().key(),
    FieldSpec::new("cost", "Cost", FieldKind::Money).required().known_as(&["spend"]),
    FieldSpec::new("currency", "Currency", FieldKind::Currency),
    FieldSpec::new("clicks", "Clicks", FieldKind::Integer),
    FieldSpec::new("source", "Source", FieldKind::Text),
];

static SPEC: ImporterSpec = ImporterSpec { kind: "spend", title: "Ad spend", fields: &FIELDS, keeps_properties: false };

pub(super) struct TestLedger;

fn name(row: &MappedRow) -> String {
    let date = row.date(0).map(|date| date.to_string()).unwrap_or_default();
    format!("{date} {}", row.text(1).unwrap_or_default())
}

#[async_trait]
impl Importer for TestLedger {
    fn spec(&self) -> &'static ImporterSpec {
        &SPEC
    }

    fn keys(&self, _: &ImportContext, row: &MappedRow, keys: &mut Vec<u64>) {
        keys.push(row_key("line", &name(row)));
    }

    async fn apply(
        &self,
        context: &ImportContext,
        tx: &mut Tx,
        rows: &[MappedRow],
    ) -> Result<Vec<RowOutcome>, ImporterError> {
        let mut outcomes = Vec::new();
        for row in rows {
            let (name, cost) = (name(row), row.micros(2).unwrap_or(0));
            if cost < 0 {
                outcomes.push(RowOutcome::conflict(RowProblem::new("negative", "Spend cannot be less than nothing.")));
                continue;
            }
            let value = format!("{cost} {}", row.currency(3).unwrap_or(context.currency));
            let sql = "select value from meta where name = $1";
            let before: Option<(String,)> = tx.query_optional(sql, params![&name]).await?;
            let undo = json!([before.as_ref().map(|(value,)| value.clone()), value.clone()]);
            outcomes.push(match before {
                Some((same,)) if same == value => RowOutcome::unchanged(name),
                Some((other,)) => {
                    tx.execute("update meta set value = $1 where name = $2", params![&value, &name]).await?;
                    let change = FieldChange { field: "cost".to_owned(), from: Some(other), to: value };
                    RowOutcome::updated(name, vec![change], undo)
                }
                None => {
                    tx.execute("insert into meta (name, value) values ($1, $2)", params![&name, &value]).await?;
                    RowOutcome::created(name, undo)
                }
            });
        }
        Ok(outcomes)
    }

    async fn undo(&self, _: &ImportContext, tx: &mut Tx, changes: &[Change]) -> Result<Vec<Undone>, ImporterError> {
        let mut all = Vec::new();
        for change in changes {
            let sql = "select value from meta where name = $1";
            let now: Option<(String,)> = tx.query_optional(sql, params![&change.record]).await?;
            if now.map(|(value,)| value).as_deref() != change.undo[1].as_str() {
                all.push(Undone::Refused(RowProblem::new("changed_since", "The line was changed since.")));
                continue;
            }
            match change.undo[0].as_str() {
                Some(value) => {
                    tx.execute("update meta set value = $1 where name = $2", params![value, &change.record]).await?
                }
                None => tx.execute("delete from meta where name = $1", params![&change.record]).await?,
            };
            all.push(Undone::Reverted);
        }
        Ok(all)
    }
}
