//! Deals, the stages they went through, and the people who take part, from files.

use super::people::company;
use super::{ids, outcome, properties, source, text, undone};
use crate::deals::{self, DealInput, DealKey, DealOutcome, DealPersonInput, DealRoleInput, StageEntryInput};
use crate::identity::Kind;
use crate::imports::{
    Change, FieldChange, FieldKind, FieldSpec, ImportContext, Importer, ImporterError, ImporterSpec, MappedRow,
    Outcome, RowOutcome, Undone, row_key,
};
use async_trait::async_trait;
use kernel::ids::DealId;
use kernel::money::Money;
use platform::World;
use platform::sql::Tx;

const EXTERNAL_ID: usize = 0;
const NAME: usize = 1;
const AMOUNT: usize = 2;
const CURRENCY: usize = 3;
const PIPELINE: usize = 4;
const STAGE: usize = 5;
const CREATED_AT: usize = 6;
const CLOSED_AT: usize = 7;
const WON: usize = 8;
const CLOSED: usize = 9;
const COMPANY: usize = 10;
const COMPANY_DOMAIN: usize = 11;
const COMPANY_EXTERNAL_ID: usize = 12;
const CONTACT_EMAIL: usize = 13;
const CONTACT_EXTERNAL_IDS: usize = 14;
const OWNER: usize = 15;
const REASON: usize = 16;
const SOURCE: usize = 17;
const STAGE_ENTERED_AT: usize = 18;
const OUTCOME: usize = 19;

static FIELDS: [FieldSpec; 20] = [
    FieldSpec::new("external_id", "Record ID", FieldKind::Text).key().known_as(&["id", "deal id", "opportunity id"]),
    FieldSpec::new("name", "Name", FieldKind::Text).key().known_as(&[
        "deal",
        "deal name",
        "opportunity",
        "opportunity name",
        "title",
    ]),
    FieldSpec::new("amount", "Amount", FieldKind::Money).known_as(&[
        "value",
        "deal value",
        "deal amount",
        "betrag",
        "wert",
        "montant",
        "importe",
    ]),
    FieldSpec::new("currency", "Currency", FieldKind::Currency).known_as(&[
        "currency code",
        "deal currency",
        "währung",
        "devise",
        "moneda",
    ]),
    FieldSpec::new("pipeline", "Pipeline", FieldKind::Text),
    FieldSpec::new("stage", "Stage", FieldKind::Text).known_as(&["deal stage", "status", "phase", "étape", "etapa"]),
    FieldSpec::new("created_at", "Created", FieldKind::Moment).known_as(&[
        "created",
        "create date",
        "created date",
        "erstellt am",
    ]),
    FieldSpec::new("closed_at", "Close date", FieldKind::Moment).known_as(&[
        "closed",
        "closed date",
        "close",
        "expected close date",
        "abschlussdatum",
    ]),
    FieldSpec::new("won", "Is won", FieldKind::Boolean).known_as(&["iswon", "is won"]),
    FieldSpec::new("closed", "Is closed", FieldKind::Boolean).known_as(&["isclosed", "is closed"]),
    FieldSpec::new("company", "Company", FieldKind::Text).known_as(&[
        "company name",
        "account",
        "account name",
        "customer",
        "firma",
        "unternehmen",
        "kunde",
    ]),
    FieldSpec::new("company_domain", "Company domain", FieldKind::Domain).known_as(&["website", "domain"]),
    FieldSpec::new("company_external_id", "Company record ID", FieldKind::Text).known_as(&["company id", "account id"]),
    FieldSpec::new("contact_email", "Contact e-mail", FieldKind::Email).known_as(&[
        "email",
        "e-mail",
        "contact email",
        "primary contact email",
    ]),
    FieldSpec::new("contact_external_ids", "Contact record IDs", FieldKind::Text)
        .known_as(&["contact id", "contact ids"]),
    FieldSpec::new("owner", "Owner", FieldKind::Text).known_as(&["deal owner", "opportunity owner", "sales rep"]),
    FieldSpec::new("reason", "Reason", FieldKind::Text).known_as(&[
        "loss reason",
        "lost reason",
        "closed lost reason",
        "win reason",
    ]),
    FieldSpec::new("source", "Source", FieldKind::Text).known_as(&["lead source", "original source", "quelle"]),
    FieldSpec::new("stage_entered_at", "Stage entered", FieldKind::Moment)
        .known_as(&["stage since", "last stage change date"]),
    FieldSpec::new("outcome", "Outcome", FieldKind::Text).known_as(&["result", "won or lost"]),
];

static SPEC: ImporterSpec = ImporterSpec { kind: "deals", title: "Deals", fields: &FIELDS, keeps_properties: true };

fn deal_key(context: &ImportContext, id: Option<&str>, name: Option<&str>) -> DealKey {
    match id {
        Some(id) => DealKey::External(context.system.clone(), id.to_owned()),
        None => DealKey::Name(name.unwrap_or_default().to_owned()),
    }
}

/// Won or lost, when the file says so apart from the stage. Not won is lost only when it is closed.
fn stated_outcome(row: &MappedRow) -> Option<DealOutcome> {
    if let Some(text) = row.text(OUTCOME) {
        return match text.trim().to_lowercase().as_str() {
            "won" | "closed won" | "gewonnen" | "gagné" | "ganado" => Some(DealOutcome::Won),
            "lost" | "closed lost" | "verloren" | "perdu" | "perdido" => Some(DealOutcome::Lost),
            "open" | "offen" | "ouvert" | "abierto" => Some(DealOutcome::Open),
            _ => None,
        };
    }
    match (row.boolean(WON), row.boolean(CLOSED)) {
        (Some(true), _) => Some(DealOutcome::Won),
        (Some(false), Some(true)) => Some(DealOutcome::Lost),
        (_, Some(false)) => Some(DealOutcome::Open),
        _ => None,
    }
}

fn input(context: &ImportContext, row: &MappedRow) -> DealInput {
    let key = deal_key(context, row.text(EXTERNAL_ID), row.text(NAME));
    let mut deal = DealInput::new(key, context.row_at(row), source(context));
    deal.name = text(row, NAME);
    deal.pipeline = text(row, PIPELINE);
    deal.stage = text(row, STAGE);
    deal.outcome = stated_outcome(row);
    let currency = row.currency(CURRENCY).unwrap_or(context.currency);
    deal.amount = row.micros(AMOUNT).map(|micros| Money::new(micros, currency));
    deal.created_at = row.moment(CREATED_AT);
    deal.closed_at = row.moment(CLOSED_AT);
    deal.stage_entered_at = row.moment(STAGE_ENTERED_AT);
    deal.company = company(context, row, COMPANY, COMPANY_DOMAIN, COMPANY_EXTERNAL_ID);
    let email = row.text(CONTACT_EMAIL).map(|email| vec![(Kind::Email, email.to_owned())]);
    let contacts = ids(row.text(CONTACT_EXTERNAL_IDS).unwrap_or_default());
    let contacts = contacts.map(|id| vec![(Kind::External(context.system.clone()), id.to_owned())]);
    let people = email.into_iter().chain(contacts).enumerate();
    deal.people = people
        .map(|(place, identifiers)| DealPersonInput { identifiers, role: String::new(), primary: place == 0 })
        .collect();
    deal.owner = text(row, OWNER);
    deal.reason = text(row, REASON);
    if let Some(value) = row.text(SOURCE) {
        deal.properties.insert("source".to_owned(), value.into());
    }
    for (name, value) in properties(row) {
        deal.properties.entry(name).or_insert(value);
    }
    deal.source_row = format!("import:{}#{}", context.import, row.line);
    deal
}

async fn undo(tx: &mut Tx, world: &World, changes: &[Change]) -> Result<Vec<Undone>, ImporterError> {
    let mut rows = Vec::with_capacity(changes.len());
    for change in changes {
        let id: DealId = change.record.parse().map_err(|error| ImporterError::Failed(format!("{error}")))?;
        rows.push((id, change.undo.clone()));
    }
    Ok(deals::revert_deals(tx, world, &rows).await?.into_iter().map(undone).collect())
}

/// Says of a new deal without a date (only deals are made here) that it counts from the import on, until its stage history comes.
fn undated(context: &ImportContext, row: &MappedRow, mut one: RowOutcome) -> RowOutcome {
    if one.outcome == Outcome::Create && [CREATED_AT, STAGE_ENTERED_AT].iter().all(|place| row.moment(*place).is_none())
    {
        let to = format!("{}: the file names no date, so the deal counts from this import on", context.row_at(row));
        one.changes.push(FieldChange { field: "created_at".to_owned(), from: None, to });
    }
    one
}

/// The keys of the deal that a row is about.
fn deal_keys(row: &MappedRow, id: usize, name: usize, keys: &mut Vec<u64>) {
    keys.extend(row.text(id).map(|id| row_key("external", id)));
    keys.extend(row.text(name).map(|name| row_key("name", &crate::bulk::name_key(name))));
}

/// What the three importers have in common: how a row becomes an input, and who takes the inputs.
macro_rules! importer {
    ($(#[$doc:meta])* $name:ident, $spec:ident, $input:ident, $id:ident, $deal_name:ident, |$own:ident, $tx:ident, $inputs:ident| $upsert:expr) => {
        $(#[$doc])*
        pub(super) struct $name {
            world: World,
        }

        impl $name {
            pub(super) fn new(world: &World) -> Self {
                Self { world: world.clone() }
            }
        }

        #[async_trait]
        impl Importer for $name {
            fn spec(&self) -> &'static ImporterSpec {
                &$spec
            }

            fn permission(&self) -> kernel::scope::Permission {
                kernel::scope::Permission::DealsWrite
            }

            fn keys(&self, _: &ImportContext, row: &MappedRow, keys: &mut Vec<u64>) {
                deal_keys(row, $id, $deal_name, keys);
            }

            async fn apply(
                &self,
                context: &ImportContext,
                $tx: &mut Tx,
                rows: &[MappedRow],
            ) -> Result<Vec<RowOutcome>, ImporterError> {
                let ($own, $inputs) = (self, rows.iter().map(|row| $input(context, row)).collect::<Vec<_>>());
                let upserted = $upsert.await?;
                let outcomes = upserted.into_iter().map(|one| outcome(one, ToString::to_string));
                Ok(outcomes.zip(rows).map(|(one, row)| undated(context, row, one)).collect())
            }

            async fn undo(
                &self,
                _: &ImportContext,
                tx: &mut Tx,
                changes: &[Change],
            ) -> Result<Vec<Undone>, ImporterError> {
                undo(tx, &self.world, changes).await
            }
        }
    };
}

importer! {
    /// Imports deals.
    DealsImporter, SPEC, input, EXTERNAL_ID, NAME, |own, tx, inputs| deals::upsert_deals(tx, &own.world, &inputs)
}

const HISTORY_DEAL: usize = 0;
const HISTORY_DEAL_NAME: usize = 1;
const HISTORY_STAGE: usize = 2;
const HISTORY_ENTERED: usize = 3;

static HISTORY_FIELDS: [FieldSpec; 4] = [
    FieldSpec::new("deal_external_id", "Deal record ID", FieldKind::Text).key().known_as(&[
        "deal id",
        "opportunity id",
        "opportunityid",
        "record id",
    ]),
    FieldSpec::new("deal_name", "Deal name", FieldKind::Text).key().known_as(&[
        "deal",
        "opportunity name",
        "opportunity",
    ]),
    FieldSpec::new("stage", "Stage", FieldKind::Text).required().known_as(&[
        "deal stage",
        "stage name",
        "to stage",
        "new value",
    ]),
    FieldSpec::new("entered_at", "Entered", FieldKind::Moment).required().known_as(&[
        "date entered",
        "entered",
        "timestamp",
        "changed at",
        "created date",
        "date",
    ]),
];

static HISTORY_SPEC: ImporterSpec = ImporterSpec {
    kind: "stage_history",
    title: "Stage history of deals",
    fields: &HISTORY_FIELDS,
    keeps_properties: false,
};

fn history_input(context: &ImportContext, row: &MappedRow) -> StageEntryInput {
    StageEntryInput {
        deal: deal_key(context, row.text(HISTORY_DEAL), row.text(HISTORY_DEAL_NAME)),
        stage: text(row, HISTORY_STAGE).unwrap_or_default(),
        entered_at: row.moment(HISTORY_ENTERED).unwrap_or(context.now),
        source: source(context),
    }
}

importer! {
    /// Imports the stages that deals went through.
    StageHistoryImporter, HISTORY_SPEC, history_input, HISTORY_DEAL, HISTORY_DEAL_NAME,
    |own, tx, inputs| deals::upsert_stage_history(tx, &own.world, &inputs)
}

const ROLE_DEAL: usize = 0;
const ROLE_DEAL_NAME: usize = 1;
const ROLE_PERSON: usize = 2;
const ROLE_EMAIL: usize = 3;
const ROLE_ROLE: usize = 4;
const ROLE_PRIMARY: usize = 5;

static ROLE_FIELDS: [FieldSpec; 6] = [
    FieldSpec::new("deal_external_id", "Deal record ID", FieldKind::Text).key().known_as(&[
        "deal id",
        "opportunity id",
        "opportunityid",
        "record id",
    ]),
    FieldSpec::new("deal_name", "Deal name", FieldKind::Text).key().known_as(&[
        "deal",
        "opportunity name",
        "opportunity",
    ]),
    FieldSpec::new("person_external_id", "Contact record ID", FieldKind::Text).known_as(&[
        "contact id",
        "contactid",
        "person id",
    ]),
    FieldSpec::new("email", "Contact e-mail", FieldKind::Email).known_as(&["e-mail", "contact email", "email address"]),
    FieldSpec::new("role", "Role", FieldKind::Text).known_as(&["contact role", "buying role"]),
    FieldSpec::new("primary", "Is the main contact", FieldKind::Boolean).known_as(&[
        "is primary",
        "isprimary",
        "primary contact",
    ]),
];

static ROLE_SPEC: ImporterSpec = ImporterSpec {
    kind: "contact_roles",
    title: "Contact roles of deals",
    fields: &ROLE_FIELDS,
    keeps_properties: false,
};

fn role_input(context: &ImportContext, row: &MappedRow) -> DealRoleInput {
    let id = text(row, ROLE_PERSON).map(|id| (Kind::External(context.system.clone()), id));
    let email = text(row, ROLE_EMAIL).map(|email| (Kind::Email, email));
    DealRoleInput {
        deal: deal_key(context, row.text(ROLE_DEAL), row.text(ROLE_DEAL_NAME)),
        person: DealPersonInput {
            identifiers: email.into_iter().chain(id).collect(),
            role: text(row, ROLE_ROLE).unwrap_or_default(),
            primary: row.boolean(ROLE_PRIMARY).unwrap_or(false),
        },
        at: context.row_at(row),
        source: source(context),
    }
}

importer! {
    /// Imports who takes part in deals.
    ContactRolesImporter, ROLE_SPEC, role_input, ROLE_DEAL, ROLE_DEAL_NAME,
    |own, tx, inputs| deals::upsert_deal_roles(tx, &own.world, &inputs)
}
