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

    fn permission(&self) -> kernel::scope::Permission {
        kernel::scope::Permission::LedgerWrite
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

/// Imports are a way to write: they need what writing by hand needs.
#[tokio::test]
async fn who_may_not_write_spend_may_not_import_it() {
    use kernel::scope::{Permission as P, Role};
    for test in testkit::platforms().await {
        let imports = super::imports(&test);
        let mut scope = test.scope.clone();
        let bytes = b"date,campaign,cost,currency,clicks\n2026-01-01,spring,12.50,EUR,3\n";
        let uploaded = super::upload(&imports, &test, "spend.csv", bytes).await;
        assert_eq!(uploaded.mapping.kind, "spend");
        scope.permissions = Role::AutomationSpecialist.permissions();
        assert!(scope.permissions.has(P::ImportsWrite) && !scope.permissions.has(P::LedgerWrite));
        let mut upload = imports.begin_upload(&scope).await.unwrap();
        upload.write(bytes).await.unwrap();
        let change = super::super::MappingChange { mapping: Some(uploaded.mapping.clone()), ..Default::default() };
        let refused = [
            imports.finish_upload(&scope, upload, "spend.csv", None).await.err(),
            imports.set_mapping(&scope, &uploaded.id, change).await.err(),
            imports.check(&scope, &uploaded.id).await.err(),
            imports.apply(&scope, &uploaded.id).await.err(),
            imports.undo(&scope, &uploaded.id).await.err(),
        ];
        for problem in refused {
            let problem = problem.unwrap();
            assert!(problem.code == "forbidden" && problem.message.contains("ledger.write"), "{problem}");
        }
        let page = kernel::page::PageRequest { limit: Some(10), cursor: None };
        assert_eq!(imports.list(&test.scope, &page).await.unwrap().items.len(), 1, "nothing was kept");
        imports.check_now(&test.scope, &uploaded.id, &super::super::Silent).await.unwrap();
    }
}
