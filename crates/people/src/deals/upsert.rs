//! Creates and changes deals in bulk, with their stages and the people who take part.

use super::model::{DealInput, DealKey, DealOutcome, DealRoleInput, StageEntryInput};
use super::sides::{Found, company_undo, people_undo, resolve_people};
use super::store::{self, DealRow, Entry, Part};
use crate::bulk::{Held, hold, name_key};
use crate::companies::{CompanyInput, upsert_held};
use crate::pipelines::Pipelines;
use crate::upsert::{Changed, Clash, Document, Source, Upserted, plain_text};
use hashbrown::{HashMap, HashSet};
use kernel::ids::{CompanyId, DealId};
use kernel::time::Timestamp;
use platform::World;
use platform::sql::{DbError, Tx};
use serde_json::{Map, Value as Json, json};

/// Writes deals with their companies and people; one answer a row, in order. A row that is refused may have left a
/// company or a person: see [`super::rounds`].
pub(super) async fn write(
    tx: &mut Tx,
    world: &World,
    held: Held,
    inputs: &[&DealInput],
) -> Result<Vec<Upserted<DealId>>, DbError> {
    let companies: Vec<CompanyInput> = inputs.iter().filter_map(|input| input.company.clone()).collect();
    let mut found = upsert_held(tx, world, (held.changes, world.now()), &companies).await?.into_iter();
    let companies: Vec<Option<Upserted<CompanyId>>> =
        inputs.iter().map(|input| input.company.as_ref().and_then(|_| found.next())).collect();
    let rows = inputs.iter().map(|one| (&one.people[..], one.created_at, one.at, &one.source));
    let people = resolve_people(tx, world, held, rows).await?;
    let keys: Vec<DealKey> = inputs.iter().map(|input| input.key.clone()).collect();
    let mut work = Work::load(tx, &keys).await?;
    let mut rng = world.rng();
    let mut results = Vec::with_capacity(inputs.len());
    for ((input, company), people) in inputs.iter().zip(&companies).zip(&people) {
        results.push(work.take(input, company.as_ref(), people, || DealId::new(world.now(), &mut rng)));
    }
    work.save(tx, world.now()).await?;
    Ok(results)
}

/// Adds entries into stages; one answer a row, in order.
///
/// # Errors
/// [`DbError`]; then the transaction must be given up.
pub async fn upsert_stage_history(
    tx: &mut Tx,
    world: &World,
    inputs: &[StageEntryInput],
) -> Result<Vec<Upserted<DealId>>, DbError> {
    hold(tx).await?;
    store::hold(tx).await?;
    let keys: Vec<DealKey> = inputs.iter().map(|input| input.deal.clone()).collect();
    let mut work = Work::load(tx, &keys).await?;
    let mut results = Vec::with_capacity(inputs.len());
    for input in inputs {
        let Some(id) = work.found.get(&input.deal).cloned() else {
            results.push(Upserted::Rejected(unknown(&input.deal)));
            continue;
        };
        let pipeline = work.rows.get(&id).map(|row| row.pipeline.clone()).unwrap_or_default();
        let place = work.pipelines.place_of(&pipeline).unwrap_or_else(|| work.pipelines.pipeline(None));
        let stage = work.pipelines.stage(place, Some(&input.stage), None);
        let entry =
            Entry { deal: id.clone(), stage: stage.key.clone(), at: input.entered_at, source: input.source.text() };
        let Some(added) = work.enter(entry) else {
            results.push(Upserted::Unchanged { id });
            continue;
        };
        let changes =
            vec![Changed { field: "stage".to_owned(), from: None, to: format!("{} at {}", stage.name, added.at) }];
        let undo = json!({ "entries": [[added.stage, added.at.micros()]] });
        results.push(Upserted::Updated { id, changes, undo });
    }
    work.save(tx, world.now()).await?;
    Ok(results)
}

/// Adds people to deals; one answer a row, in order.
///
/// # Errors
/// [`DbError`]; then the transaction must be given up.
pub async fn upsert_deal_roles(
    tx: &mut Tx,
    world: &World,
    inputs: &[DealRoleInput],
) -> Result<Vec<Upserted<DealId>>, DbError> {
    let held = hold(tx).await?;
    store::hold(tx).await?;
    let keys: Vec<DealKey> = inputs.iter().map(|input| input.deal.clone()).collect();
    let mut work = Work::load(tx, &keys).await?;
    // A person is made only for a deal that is there.
    let known: Vec<&DealRoleInput> = inputs.iter().filter(|input| work.found.contains_key(&input.deal)).collect();
    let created = |one: &DealRoleInput| work.rows.get(work.found.get(&one.deal)?).map(|row| row.created_at);
    let rows = known.iter().map(|one| (std::slice::from_ref(&one.person), created(one), one.at, &one.source));
    let mut people = resolve_people(tx, world, held, rows).await?.into_iter();
    let mut results = Vec::with_capacity(inputs.len());
    for input in inputs {
        let Some(id) = work.found.get(&input.deal).cloned() else {
            results.push(Upserted::Rejected(unknown(&input.deal)));
            continue;
        };
        let source = input.source.text();
        let mut undo = Map::new();
        let mut changes = Vec::new();
        match work.add_people(&id, &people.next().unwrap_or_default(), &source, &mut changes, &mut undo) {
            Err(clash) => results.push(Upserted::Conflict(clash)),
            Ok(()) if changes.is_empty() => results.push(Upserted::Unchanged { id }),
            Ok(()) => results.push(Upserted::Updated { id, changes, undo: undo.into() }),
        }
    }
    work.save(tx, world.now()).await?;
    Ok(results)
}

/// When a deal was closed, or is to be: what an input says, and where it says nothing, what follows from its outcome.
/// `decided`: the outcome is another one now. The day on which it was expected is then no day on which it was won.
fn closed_at(row: &DealRow, input: &DealInput, decided: bool) -> Option<Timestamp> {
    if input.closed_at.is_some() {
        return input.closed_at;
    }
    match (row.outcome, decided) {
        (DealOutcome::Open, true) => None,
        (DealOutcome::Open, false) => row.closed_at,
        // A file that is read today does not say that the deal was closed today; its stages do, when they are known.
        (_, true) => input.stage_entered_at.or(Some(input.at).filter(|_| !matches!(input.source, Source::Import(_)))),
        (_, false) => row.closed_at.or(input.stage_entered_at),
    }
}

fn unknown(key: &DealKey) -> Clash {
    let name = match key {
        DealKey::Id(id) => id.to_string(),
        DealKey::New => "yet".to_owned(),
        DealKey::External(system, key) => format!("{system} {key}"),
        DealKey::Name(name) => format!("named {name} (or there are several)"),
    };
    Clash::new("unknown_deal", format!("There is no deal {name}. Import the deals first."))
}

/// The deals that a batch touches.
pub(super) struct Work {
    pub(super) pipelines: Pipelines,
    pub(super) found: HashMap<DealKey, DealId>,
    /// The deals of each name.
    named: HashMap<String, Vec<DealId>>,
    pub(super) rows: HashMap<DealId, DealRow>,
    touched: HashSet<DealId>,
    parts: HashMap<(DealId, u64), Part>,
    new_parts: HashMap<(DealId, u64), Part>,
    entries: HashMap<DealId, Vec<Entry>>,
    new_entries: Vec<Entry>,
    new_keys: Vec<(String, DealId, String)>,
}

impl Work {
    pub(super) async fn load(tx: &mut Tx, keys: &[DealKey]) -> Result<Self, DbError> {
        let named = store::named(tx, keys).await?;
        let found = store::find(tx, keys, &named).await?;
        let ids: HashSet<DealId> = found.values().chain(named.values().flatten()).cloned().collect();
        let ids: Vec<DealId> = ids.into_iter().collect();
        let mut entries: HashMap<DealId, Vec<Entry>> = HashMap::new();
        for entry in store::entries(tx, &ids).await? {
            entries.entry(entry.deal.clone()).or_default().push(entry);
        }
        let parts = store::parts(tx, &ids).await?;
        Ok(Self {
            pipelines: Pipelines::load(tx).await?,
            rows: store::rows(tx, &ids).await?.into_iter().map(|row| (row.id.clone(), row)).collect(),
            found,
            named,
            touched: HashSet::new(),
            parts: parts.into_iter().map(|part| ((part.deal.clone(), part.person), part)).collect(),
            new_parts: HashMap::new(),
            entries,
            new_entries: Vec::new(),
            new_keys: Vec::new(),
        })
    }

    fn take(
        &mut self,
        input: &DealInput,
        company: Option<&Upserted<CompanyId>>,
        people: &[Found],
        new_id: impl FnOnce() -> DealId,
    ) -> Upserted<DealId> {
        if let Some(Upserted::Conflict(clash) | Upserted::Rejected(clash)) = company {
            return Upserted::Conflict(clash.clone().at("company"));
        }
        let found = match self.meant(&input.key, company.and_then(Upserted::id)) {
            Ok(found) => found,
            Err(clash) => return Upserted::Conflict(clash),
        };
        let new = found.is_none();
        let id = match found {
            Some(id) => id,
            None => match self.create(input, new_id) {
                Ok(id) => id,
                Err(clash) => return Upserted::Rejected(clash),
            },
        };
        let Some(before) = self.rows.get(&id).cloned() else { return Upserted::Rejected(unknown(&input.key)) };
        let mut changes = Vec::new();
        let mut undo = Map::new();
        let source = input.source.text();
        if let Err(clash) = self.add_people(&id, people, &source, &mut changes, &mut undo) {
            if new {
                self.forget(&id, &input.key);
            }
            return Upserted::Conflict(clash.at("people"));
        }
        let after = self.change(before.clone(), input, company.and_then(Upserted::id), new, &mut changes);
        let entered = Entry {
            deal: id.clone(),
            stage: after.stage.clone(),
            at: input.stage_entered_at.unwrap_or(if new { after.created_at } else { input.at }),
            source,
        };
        let moved = new || after.stage != before.stage;
        if let Some(entry) = Some(entered).filter(|_| moved).and_then(|entry| self.enter(entry)) {
            undo.insert("entries".to_owned(), json!([[entry.stage, entry.at.micros()]]));
        }
        // A statement that repeats a value is no change of the deal.
        let after = if new || said(&after) != said(&before) { after } else { before.clone() };
        if new || after != before {
            self.touched.insert(id.clone());
        }
        if new {
            undo.insert("new".to_owned(), json!(true));
        } else {
            undo.insert("before".to_owned(), image(&before));
        }
        undo.insert("after".to_owned(), said(&after));
        company_undo(company, &mut undo);
        self.rows.insert(id.clone(), after);
        match (new, changes.is_empty()) {
            (true, _) => Upserted::Created { id, undo: undo.into() },
            (false, true) => Upserted::Unchanged { id },
            (false, false) => Upserted::Updated { id, changes, undo: undo.into() },
        }
    }

    /// The deal that a row means. Where a row has no id, a name and its company say which; a row that names no company
    /// means the deal without one, else the only one of its name.
    fn meant(&self, key: &DealKey, company: Option<&CompanyId>) -> Result<Option<DealId>, Clash> {
        let DealKey::Name(name) = key else {
            return Ok(self.found.get(key).cloned().filter(|id| self.rows.contains_key(id)));
        };
        let known = self.named.get(&name_key(name)).map(Vec::as_slice).unwrap_or_default();
        let known = || known.iter().filter_map(|id| self.rows.get(id));
        let mut same: Vec<&DealId> = known().filter(|row| row.company.as_ref() == company).map(|row| &row.id).collect();
        if same.is_empty() && company.is_none() {
            same = known().map(|row| &row.id).collect();
        }
        match same.as_slice() {
            [] => Ok(None),
            [one] => Ok(Some((*one).clone())),
            several => {
                let message = format!(
                    "There are {} deals named {name} that the row may mean. Give ids, or the company of each.",
                    several.len()
                );
                Err(Clash::new("several_deals", message).at("name"))
            }
        }
    }

    fn create(&mut self, input: &DealInput, new_id: impl FnOnce() -> DealId) -> Result<DealId, Clash> {
        if matches!(input.key, DealKey::Id(_)) {
            return Err(unknown(&input.key));
        }
        let from_key = if let DealKey::Name(name) = &input.key { Some(name.clone()) } else { None };
        let name = input.name.clone().or(from_key).filter(|name| !name.trim().is_empty());
        let Some(name) = name else {
            return Err(Clash::new("missing_field", "A new deal needs a name.").at("name"));
        };
        let id = new_id();
        let place = self.pipelines.pipeline(input.pipeline.as_deref());
        let pipeline = self.pipelines.all[place].key.clone();
        let created_at = input.created_at.unwrap_or(input.at);
        let row = DealRow {
            id: id.clone(),
            state: "live".to_owned(),
            name: name.trim().to_owned(),
            pipeline,
            stage: String::new(),
            outcome: DealOutcome::Open,
            amount: None,
            company: None,
            owner: String::new(),
            reason: String::new(),
            created_at,
            closed_at: None,
            properties: Document::default(),
            origin: input.source.text(),
            source_row: input.source_row.clone(),
            was: None,
        };
        if let Some(key) = store::external_key(&input.key) {
            self.new_keys.push((key, id.clone(), input.source.text()));
        }
        match input.key {
            DealKey::New => {}
            DealKey::Name(ref name) => self.named.entry(name_key(name)).or_default().push(id.clone()),
            ref key => {
                self.found.insert(key.clone(), id.clone());
            }
        }
        self.rows.insert(id.clone(), row);
        Ok(id)
    }

    /// Takes a deal that was just made away again: its row is a conflict.
    fn forget(&mut self, id: &DealId, key: &DealKey) {
        self.rows.remove(id);
        self.found.remove(key);
        self.named.values_mut().for_each(|ids| ids.retain(|known| known != id));
        self.new_keys.retain(|(_, deal, _)| deal != id);
    }

    /// A deal with an input's values.
    fn change(
        &mut self,
        mut row: DealRow,
        input: &DealInput,
        company: Option<&CompanyId>,
        new: bool,
        changes: &mut Vec<Changed>,
    ) -> DealRow {
        let mut note = |field: &str, from: Option<String>, to: String| {
            let from = from.filter(|from| !from.is_empty());
            if from.as_deref() != Some(to.as_str()) && !(from.is_none() && to.is_empty()) {
                changes.push(Changed { field: field.to_owned(), from, to });
            }
        };
        for (field, slot, value) in [
            ("name", &mut row.name, &input.name),
            ("owner", &mut row.owner, &input.owner),
            ("reason", &mut row.reason, &input.reason),
        ] {
            if let Some(value) = value.as_deref().map(str::trim).filter(|value| !value.is_empty()) {
                note(field, Some(slot.clone()), value.to_owned());
                value.clone_into(slot);
            }
        }
        if let Some(amount) = input.amount {
            note("amount", row.amount.map(|amount| amount.to_string()), amount.to_string());
            row.amount = Some(amount);
        }
        if let Some(company) = company {
            note("company", row.company.as_ref().map(ToString::to_string), company.to_string());
            row.company = Some(company.clone());
        }
        if let Some(created) = input.created_at {
            note("created_at", Some(row.created_at.to_string()), created.to_string());
            row.created_at = created;
        }
        let source = input.source.text();
        for (name, value) in input.properties.iter().filter(|(_, value)| !value.is_null()) {
            let from = row.properties.get(name).and_then(plain_text);
            if row.properties.state(name, value.clone(), input.at, &source) {
                note(name, from, plain_text(value).unwrap_or_else(|| value.to_string()));
            }
        }
        let outcome = row.outcome;
        self.move_to_stage(&mut row, input, new, &mut note);
        let closed = closed_at(&row, input, new || row.outcome != outcome);
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        note("closed_at", text(row.closed_at), text(closed).unwrap_or_default());
        row.closed_at = closed;
        row
    }

    fn move_to_stage(
        &mut self,
        row: &mut DealRow,
        input: &DealInput,
        new: bool,
        note: &mut impl FnMut(&str, Option<String>, String),
    ) {
        let place = match input.pipeline.as_deref().filter(|name| !name.trim().is_empty()) {
            Some(name) => self.pipelines.pipeline(Some(name)),
            None => self.pipelines.place_of(&row.pipeline).unwrap_or_else(|| self.pipelines.pipeline(None)),
        };
        let key = self.pipelines.all[place].key.clone();
        if key != row.pipeline {
            note("pipeline", Some(row.pipeline.clone()), key.clone());
            row.pipeline = key;
        }
        let named = input.stage.as_deref().filter(|name| !name.trim().is_empty());
        if named.is_some() || new || input.outcome.is_some_and(|outcome| outcome != row.outcome) {
            let from = self.pipelines.by_key(&row.stage).map(|stage| stage.name.clone());
            let stage = self.pipelines.stage(place, named, input.outcome);
            note("stage", from, stage.name.clone());
            row.stage = stage.key;
            row.outcome = input.outcome.unwrap_or(stage.outcome);
        }
    }

    /// Adds an entry unless it is there.
    fn enter(&mut self, entry: Entry) -> Option<Entry> {
        let known = self.entries.entry(entry.deal.clone()).or_default();
        if known.iter().any(|one| one.stage == entry.stage && one.at == entry.at) {
            return None;
        }
        known.push(entry.clone());
        self.new_entries.push(entry.clone());
        Some(entry)
    }

    fn add_people(
        &mut self,
        id: &DealId,
        people: &[Found],
        source: &str,
        changes: &mut Vec<Changed>,
        undo: &mut Map<String, Json>,
    ) -> Result<(), Clash> {
        if let Some(clash) = people.iter().find_map(|one| one.person.as_ref().err()) {
            return Err(clash.clone());
        }
        let mut parts = Vec::new();
        for Found { input, person, .. } in people {
            let Ok(person) = person else { continue };
            let key = (id.clone(), person.number());
            let old = self.parts.get(&key);
            let role = if input.role.is_empty() { old.map(|part| part.role.clone()) } else { Some(input.role.clone()) };
            let part = Part {
                deal: id.clone(),
                person: person.number(),
                role: role.unwrap_or_default(),
                primary: input.primary || old.is_some_and(|part| part.primary),
                source: old.map_or_else(|| source.to_owned(), |part| part.source.clone()),
            };
            if old == Some(&part) {
                continue;
            }
            let before = old.map(|part| json!([part.role, part.primary]));
            parts.push(json!([person.to_string(), before, [part.role, part.primary]]));
            let from = old.map(|part| part.role.clone());
            changes.push(Changed {
                field: "people".to_owned(),
                from,
                to: format!("{person} {}", part.role).trim().to_owned(),
            });
            self.parts.insert(key.clone(), part.clone());
            self.new_parts.insert(key, part);
        }
        if !parts.is_empty() {
            undo.insert("parts".to_owned(), parts.into());
        }
        people_undo(people, undo);
        Ok(())
    }

    async fn save(mut self, tx: &mut Tx, now: Timestamp) -> Result<(), DbError> {
        self.pipelines.save(tx).await?;
        let touched: Vec<DealRow> = self.touched.iter().filter_map(|id| self.rows.remove(id)).collect();
        let written: HashSet<&DealId> = touched.iter().map(|row| &row.id).collect();
        let keys = self.new_keys.into_iter().filter(|(_, deal, _)| written.contains(deal)).collect();
        store::write(tx, &touched, now).await?;
        store::add_keys(tx, keys).await?;
        store::add_parts(tx, self.new_parts.into_values().collect(), now).await?;
        store::add_entries(tx, self.new_entries, now).await
    }
}

/// What of a deal an undo compares: its values, whoever stated them when.
pub(super) fn said(row: &DealRow) -> Json {
    let mut said = image(row);
    said[10] =
        row.properties.0.iter().map(|(name, stated)| (name.clone(), stated.0.clone())).collect::<Map<_, _>>().into();
    said
}

/// What of a deal an undo restores.
pub(super) fn image(row: &DealRow) -> Json {
    json!([
        row.name,
        row.pipeline,
        row.stage,
        row.outcome.as_str(),
        row.amount.map(|amount| json!([amount.micros, amount.currency.as_str()])),
        row.company.as_ref().map(|id| id.as_str()),
        row.owner,
        row.reason,
        row.created_at.micros(),
        row.closed_at.map(Timestamp::micros),
        row.properties,
        name_key(&row.name)
    ])
}
