//! Companies from a file.

use super::{outcome, properties, source, text, undone};
use crate::companies::{self, CompanyInput};
use crate::imports::{
    Change, FieldKind, FieldSpec, ImportContext, Importer, ImporterError, ImporterSpec, MappedRow, RowOutcome, Undone,
    row_key,
};
use async_trait::async_trait;
use kernel::ids::CompanyId;
use kernel::money::format_decimal;
use platform::World;
use platform::sql::Tx;
use serde_json::Value as Json;

const EXTERNAL_ID: usize = 0;
const DOMAIN: usize = 1;
const NAME: usize = 2;
const EMPLOYEES: usize = 3;
const REVENUE: usize = 4;
const CURRENCY: usize = 5;
const CREATED_AT: usize = 6;
/// Fields that are values of the company under their own name.
const VALUES: [usize; 4] = [7, 8, 9, 10];

static FIELDS: [FieldSpec; 11] = [
    FieldSpec::new("external_id", "Record ID", FieldKind::Text).key().known_as(&[
        "id",
        "company id",
        "account id",
        "kundennummer",
    ]),
    FieldSpec::new("domain", "Domain", FieldKind::Domain).key().known_as(&[
        "website",
        "company domain",
        "company domain name",
        "url",
        "webseite",
    ]),
    FieldSpec::new("name", "Name", FieldKind::Text).key().known_as(&[
        "company",
        "company name",
        "account name",
        "organization",
        "organisation",
        "firma",
        "unternehmen",
        "société",
        "empresa",
    ]),
    FieldSpec::new("employees", "Employees", FieldKind::Integer).known_as(&[
        "number of employees",
        "company size",
        "mitarbeiter",
        "effectif",
        "empleados",
    ]),
    FieldSpec::new("revenue", "Annual revenue", FieldKind::Money).known_as(&[
        "revenue",
        "umsatz",
        "chiffre d'affaires",
    ]),
    FieldSpec::new("currency", "Currency of the revenue", FieldKind::Currency).known_as(&["currency code", "währung"]),
    FieldSpec::new("created_at", "Created", FieldKind::Moment).known_as(&[
        "created",
        "create date",
        "created date",
        "erstellt am",
    ]),
    FieldSpec::new("industry", "Industry", FieldKind::Text).known_as(&["sector", "branche", "secteur"]),
    FieldSpec::new("country", "Country", FieldKind::Country).known_as(&[
        "country/region",
        "country code",
        "billing country",
        "land",
        "pays",
        "país",
    ]),
    FieldSpec::new("city", "City", FieldKind::Text).known_as(&["town", "stadt", "ort", "ville", "ciudad"]),
    FieldSpec::new("owner", "Owner", FieldKind::Text).known_as(&["company owner", "account owner"]),
];

static SPEC: ImporterSpec =
    ImporterSpec { kind: "companies", title: "Companies", fields: &FIELDS, keeps_properties: true };

/// Imports companies.
pub(super) struct CompaniesImporter {
    world: World,
}

impl CompaniesImporter {
    pub(super) fn new(world: &World) -> Self {
        Self { world: world.clone() }
    }
}

fn input(context: &ImportContext, row: &MappedRow) -> CompanyInput {
    let mut company = CompanyInput::new(context.row_at(row), source(context));
    company.external = text(row, EXTERNAL_ID).map(|id| (context.system.clone(), id)).into_iter().collect();
    company.domain = text(row, DOMAIN).unwrap_or_default();
    company.name = text(row, NAME).unwrap_or_default();
    company.created_at = row.moment(CREATED_AT);
    let values = &mut company.properties;
    for place in VALUES {
        if let Some(value) = row.text(place) {
            values.insert(FIELDS[place].name.to_owned(), Json::from(value));
        }
    }
    if let Some(number) = row.integer(EMPLOYEES) {
        values.insert("employees".to_owned(), Json::from(number));
    }
    if let Some(micros) = row.micros(REVENUE) {
        let currency = row.currency(CURRENCY).unwrap_or(context.currency);
        values.insert("revenue".to_owned(), Json::from(format!("{} {currency}", format_decimal(micros))));
    }
    for (name, value) in properties(row) {
        values.entry(name).or_insert(value);
    }
    company
}

#[async_trait]
impl Importer for CompaniesImporter {
    fn spec(&self) -> &'static ImporterSpec {
        &SPEC
    }

    fn permission(&self) -> kernel::scope::Permission {
        kernel::scope::Permission::PeopleWrite
    }

    fn keys(&self, _: &ImportContext, row: &MappedRow, keys: &mut Vec<u64>) {
        keys.extend(row.text(EXTERNAL_ID).map(|id| row_key("external", id)));
        keys.extend(row.text(DOMAIN).map(|domain| row_key("domain", domain)));
        keys.extend(row.text(NAME).map(|name| row_key("name", &crate::bulk::name_key(name))));
    }

    async fn apply(
        &self,
        context: &ImportContext,
        tx: &mut Tx,
        rows: &[MappedRow],
    ) -> Result<Vec<RowOutcome>, ImporterError> {
        let inputs: Vec<CompanyInput> = rows.iter().map(|row| input(context, row)).collect();
        let upserted = companies::upsert_companies(tx, &self.world, &inputs).await?;
        Ok(upserted.into_iter().map(|one| outcome(one, ToString::to_string)).collect())
    }

    async fn undo(&self, _: &ImportContext, tx: &mut Tx, changes: &[Change]) -> Result<Vec<Undone>, ImporterError> {
        let mut rows = Vec::with_capacity(changes.len());
        for change in changes {
            let id: CompanyId = change.record.parse().map_err(|error| ImporterError::Failed(format!("{error}")))?;
            rows.push((id, change.undo.clone()));
        }
        Ok(companies::revert_companies(tx, &self.world, &rows).await?.into_iter().map(undone).collect())
    }
}
