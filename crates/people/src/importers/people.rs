//! People from a file.

use super::{ids, outcome, properties, source, text, undone};
use crate::companies::CompanyInput;
use crate::identity::{self, Kind, PersonInput};
use crate::imports::{
    Change, FieldKind, FieldSpec, ImportContext, Importer, ImporterError, ImporterSpec, MappedRow, RowOutcome, Undone,
    row_key,
};
use async_trait::async_trait;
use kernel::ids::PersonId;
use platform::World;
use platform::sql::Tx;
use serde_json::Value as Json;

const EMAIL: usize = 0;
const EXTERNAL_ID: usize = 1;
const USER_ID: usize = 2;
const PHONE: usize = 3;
const COMPANY: usize = 8;
const COMPANY_DOMAIN: usize = 9;
const COMPANY_EXTERNAL_ID: usize = 10;
const COMPANY_ROLE: usize = 11;
const CREATED_AT: usize = 12;
/// Fields from here on, and those between phone and company, are values of the person under the field's own name.
const VALUES: [usize; 11] = [PHONE, 4, 5, 6, 7, 13, 14, 15, 16, 17, 18];

static FIELDS: [FieldSpec; 19] = [
    FieldSpec::new("email", "E-mail", FieldKind::Email).key().known_as(&[
        "e-mail",
        "mail",
        "email address",
        "e-mail address",
        "e-mail-adresse",
        "work email",
        "business email",
        "adresse e-mail",
        "correo electrónico",
        "courriel",
    ]),
    FieldSpec::new("external_id", "Record ID", FieldKind::Text).key().known_as(&[
        "id",
        "contact id",
        "person id",
        "customer id",
        "crm id",
        "kundennummer",
    ]),
    FieldSpec::new("user_id", "User ID", FieldKind::Text).key().known_as(&["userid", "account user id", "login"]),
    FieldSpec::new("phone", "Phone", FieldKind::Phone).known_as(&[
        "phone number",
        "telephone",
        "mobile",
        "telefon",
        "téléphone",
        "teléfono",
    ]),
    FieldSpec::new("first_name", "First name", FieldKind::Text).known_as(&[
        "firstname",
        "given name",
        "vorname",
        "prénom",
        "nombre",
    ]),
    FieldSpec::new("last_name", "Last name", FieldKind::Text).known_as(&[
        "lastname",
        "surname",
        "family name",
        "nachname",
        "nom",
        "apellidos",
        "apellido",
    ]),
    FieldSpec::new("name", "Name", FieldKind::Text).known_as(&["full name", "contact name", "vollständiger name"]),
    FieldSpec::new("title", "Job title", FieldKind::Text).known_as(&["position", "job", "funktion", "poste", "cargo"]),
    FieldSpec::new("company", "Company", FieldKind::Text).known_as(&[
        "company name",
        "account",
        "account name",
        "organization",
        "organisation",
        "firma",
        "unternehmen",
        "société",
        "empresa",
    ]),
    FieldSpec::new("company_domain", "Company domain", FieldKind::Domain).known_as(&[
        "website",
        "domain",
        "company website",
        "webseite",
    ]),
    FieldSpec::new("company_external_id", "Company record ID", FieldKind::Text).known_as(&["company id", "account id"]),
    FieldSpec::new("company_role", "Role in the company", FieldKind::Text).known_as(&["role", "rolle"]),
    FieldSpec::new("created_at", "Created", FieldKind::Moment).known_as(&[
        "created",
        "create date",
        "created date",
        "signup date",
        "signed up",
        "erstellt am",
        "date de création",
        "fecha de creación",
    ]),
    FieldSpec::new("country", "Country", FieldKind::Country).known_as(&[
        "country/region",
        "country code",
        "land",
        "pays",
        "país",
    ]),
    FieldSpec::new("city", "City", FieldKind::Text).known_as(&["town", "stadt", "ort", "ville", "ciudad"]),
    FieldSpec::new("lifecycle_stage", "Lifecycle stage", FieldKind::Text),
    FieldSpec::new("lead_status", "Lead status", FieldKind::Text).known_as(&["status"]),
    FieldSpec::new("source", "Source", FieldKind::Text).known_as(&[
        "lead source",
        "original source",
        "quelle",
        "origine",
        "origen",
    ]),
    FieldSpec::new("owner", "Owner", FieldKind::Text).known_as(&["contact owner", "lead owner", "sales rep"]),
];

static SPEC: ImporterSpec = ImporterSpec { kind: "people", title: "People", fields: &FIELDS, keeps_properties: true };

/// Imports people.
pub(super) struct PeopleImporter {
    world: World,
}

impl PeopleImporter {
    pub(super) fn new(world: &World) -> Self {
        Self { world: world.clone() }
    }
}

/// What a row says about a company; nothing when it says nothing.
pub(super) fn company(
    context: &ImportContext,
    row: &MappedRow,
    name: usize,
    domain: usize,
    external: usize,
) -> Option<CompanyInput> {
    let id = row.text(external).and_then(|text| ids(text).next());
    let (name, domain) = (row.text(name), row.text(domain));
    if id.is_none() && name.is_none() && domain.is_none() {
        return None;
    }
    let mut company = CompanyInput::new(context.row_at(row), source(context));
    company.external = id.map(|id| (context.system.clone(), id.to_owned())).into_iter().collect();
    company.name = name.unwrap_or_default().to_owned();
    company.domain = domain.unwrap_or_default().to_owned();
    Some(company)
}

fn input(context: &ImportContext, row: &MappedRow) -> PersonInput {
    let mut person = PersonInput::new(context.row_at(row), source(context));
    if let Some(id) = text(row, USER_ID) {
        person.identifiers.push((Kind::UserId, id));
    }
    if let Some(email) = text(row, EMAIL) {
        person.identifiers.push((Kind::Email, email));
    }
    if let Some(id) = text(row, EXTERNAL_ID) {
        person.identifiers.push((Kind::External(context.system.clone()), id));
    }
    for place in VALUES {
        if let Some(value) = row.text(place) {
            person.traits.insert(FIELDS[place].name.to_owned(), Json::from(value));
        }
    }
    for (name, value) in properties(row) {
        person.traits.entry(name).or_insert(value);
    }
    person.company = company(context, row, COMPANY, COMPANY_DOMAIN, COMPANY_EXTERNAL_ID);
    person.company_role = row.text(COMPANY_ROLE).unwrap_or_default().to_owned();
    person.created_at = row.moment(CREATED_AT);
    person
}

#[async_trait]
impl Importer for PeopleImporter {
    fn spec(&self) -> &'static ImporterSpec {
        &SPEC
    }

    fn permission(&self) -> kernel::scope::Permission {
        kernel::scope::Permission::PeopleWrite
    }

    fn keys(&self, _: &ImportContext, row: &MappedRow, keys: &mut Vec<u64>) {
        keys.extend(row.text(EMAIL).map(|email| row_key("email", &email.to_lowercase())));
        keys.extend(row.text(EXTERNAL_ID).map(|id| row_key("external", id)));
        keys.extend(row.text(USER_ID).map(|id| row_key("user", id)));
    }

    async fn apply(
        &self,
        context: &ImportContext,
        tx: &mut Tx,
        rows: &[MappedRow],
    ) -> Result<Vec<RowOutcome>, ImporterError> {
        let inputs: Vec<PersonInput> = rows.iter().map(|row| input(context, row)).collect();
        let upserted = identity::upsert_people(tx, &self.world, &inputs).await?;
        Ok(upserted.into_iter().map(|one| outcome(one, ToString::to_string)).collect())
    }

    async fn undo(&self, _: &ImportContext, tx: &mut Tx, changes: &[Change]) -> Result<Vec<Undone>, ImporterError> {
        let mut rows = Vec::with_capacity(changes.len());
        for change in changes {
            let id: PersonId = change.record.parse().map_err(|error| ImporterError::Failed(format!("{error}")))?;
            rows.push((id, change.undo.clone()));
        }
        Ok(identity::revert_people(tx, &self.world, &rows).await?.into_iter().map(undone).collect())
    }
}
