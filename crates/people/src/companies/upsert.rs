//! Creates and changes companies in bulk: the one way a company comes into being.

use super::domains::company_domain;
use super::model::CompanyInput;
use super::store::{self, CompanyRow};
use crate::bulk::{hold, name_key};
use crate::upsert::{Changed, Clash, Document, Reverted, Source, Upserted, document_undo, plain_text, revert_document};
use hashbrown::{HashMap, HashSet};
use kernel::ids::CompanyId;
use kernel::limits::NAME_CHARS_MAX;
use kernel::time::Timestamp;
use platform::World;
use platform::sql::{DbError, Tx};
use serde_json::{Value as Json, json};

/// Creates and changes companies; one answer a row, in order.
///
/// # Errors
/// [`DbError`]; then the transaction must be given up.
pub async fn upsert_companies(
    tx: &mut Tx,
    world: &World,
    inputs: &[CompanyInput],
) -> Result<Vec<Upserted<CompanyId>>, DbError> {
    let held = hold(tx).await?;
    upsert_held(tx, world, (held.changes, world.now()), inputs).await
}

/// As [`upsert_companies`], for a caller that already holds the turn: the number of its write, and since when what it says
/// is known.
pub(crate) async fn upsert_held(
    tx: &mut Tx,
    world: &World,
    write: (i64, Timestamp),
    inputs: &[CompanyInput],
) -> Result<Vec<Upserted<CompanyId>>, DbError> {
    if inputs.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: Vec<Wanted<'_>> = inputs.iter().map(Wanted::of).collect();
    let mut work = Work::load(tx, &wanted).await?;
    let mut rng = world.rng();
    let mut results = Vec::with_capacity(inputs.len());
    for one in &wanted {
        results.push(work.take(one, || CompanyId::new(world.now(), &mut rng)));
    }
    work.save(tx, write).await?;
    Ok(results)
}

/// An input with its keys in normal form.
struct Wanted<'a> {
    input: &'a CompanyInput,
    /// Keys of other systems first, then the domain.
    keys: Vec<String>,
    domain: String,
    name_key: String,
}

impl<'a> Wanted<'a> {
    fn of(input: &'a CompanyInput) -> Self {
        let domain = company_domain(&input.domain);
        let mut keys: Vec<String> = Vec::new();
        for (system, key) in &input.external {
            let (system, key) = (system.trim().to_lowercase(), key.trim());
            if !key.is_empty() && !system.is_empty() && system != "domain" {
                keys.push(format!("{system}:{key}"));
            }
        }
        if !domain.is_empty() {
            keys.push(format!("domain:{domain}"));
        }
        Self { input, keys, domain, name_key: name_key(&input.name) }
    }

    /// The key of the domain that the company may have, where only its name is given.
    fn hint(&self) -> Option<String> {
        let domain = if self.by_name_only() { company_domain(&self.input.email_domain) } else { String::new() };
        (!domain.is_empty()).then(|| format!("domain:{domain}"))
    }

    fn by_name_only(&self) -> bool {
        self.keys.is_empty() && self.input.id.is_none() && !self.name_key.is_empty()
    }
}

/// The companies that a batch touches.
#[derive(Default)]
struct Work {
    keys: HashMap<String, CompanyId>,
    names: HashMap<String, CompanyId>,
    rows: HashMap<CompanyId, CompanyRow>,
    touched: HashSet<CompanyId>,
    new_keys: Vec<store::NewKey>,
}

impl Work {
    async fn load(tx: &mut Tx, wanted: &[Wanted<'_>]) -> Result<Self, DbError> {
        let mut work = Self::default();
        let keys: HashSet<String> = wanted.iter().flat_map(|one| one.keys.iter().cloned().chain(one.hint())).collect();
        work.keys.extend(store::owners_of(tx, &keys.iter().map(String::as_str).collect::<Vec<_>>()).await?);
        let names: HashSet<&str> =
            wanted.iter().filter(|one| one.by_name_only()).map(|one| one.name_key.as_str()).collect();
        let mut ids: HashSet<CompanyId> = work.keys.values().cloned().collect();
        ids.extend(wanted.iter().filter_map(|one| one.input.id.clone()));
        let mut rows = store::rows(tx, &ids.into_iter().collect::<Vec<_>>()).await?;
        rows.extend(store::rows_by_name(tx, &names.into_iter().collect::<Vec<_>>()).await?);
        // The oldest company of a name is the one that is meant.
        rows.sort_by(|a, b| b.id.cmp(&a.id));
        for row in rows {
            work.names.insert(name_key(&row.name), row.id.clone());
            work.rows.insert(row.id.clone(), row);
        }
        Ok(work)
    }

    fn take(&mut self, one: &Wanted<'_>, new_id: impl FnOnce() -> CompanyId) -> Upserted<CompanyId> {
        let input = one.input;
        let mut found: Vec<CompanyId> = Vec::new();
        let mut add = |id: &CompanyId| {
            if !found.contains(id) {
                found.push(id.clone());
            }
        };
        input.id.iter().filter(|id| self.rows.contains_key(*id)).for_each(&mut add);
        one.keys.iter().filter_map(|key| self.keys.get(key)).for_each(&mut add);
        let hint = one.hint();
        let mut hinted = None;
        if one.by_name_only() {
            self.names.get(&one.name_key).into_iter().for_each(&mut add);
            if found.is_empty() {
                match hint.as_ref().map(|key| (key, self.keys.get(key).and_then(|id| self.rows.get(id)))) {
                    Some((_, Some(row))) if row.name == row.domain => found.push(row.id.clone()),
                    Some((key, None)) => hinted = Some(key.clone()),
                    _ => {}
                }
            }
        }
        // An event cannot be asked: its own key (the group id) says which company, a domain of another one is left out.
        if found.len() > 1 && !matches!(input.source, Source::Event { .. }) {
            let names: Vec<&str> =
                found.iter().filter_map(|id| self.rows.get(id)).map(|row| row.name.as_str()).collect();
            let message =
                format!("The row's keys belong to {} different companies: {}.", found.len(), names.join(", "));
            return Upserted::Conflict(Clash::new("two_companies", message));
        }
        match found.into_iter().next() {
            Some(id) => self.change(&id, one),
            None if input.known_only => {
                Upserted::Rejected(Clash::new("unknown_company", "No company has this key yet."))
            }
            None if one.keys.is_empty() && one.name_key.is_empty() => Upserted::Rejected(Clash::new(
                "no_key",
                "The row names no company: it needs an id, a domain or a name.",
            )),
            None => self.create(new_id(), one, hinted),
        }
    }

    fn create(&mut self, id: CompanyId, one: &Wanted<'_>, hinted: Option<String>) -> Upserted<CompanyId> {
        let created = one.input.created_at.unwrap_or(one.input.at);
        let domain = hinted.as_deref().and_then(|key| key.strip_prefix("domain:")).unwrap_or(&one.domain).to_owned();
        let row = CompanyRow {
            id: id.clone(),
            state: "live".to_owned(),
            name: String::new(),
            domain,
            industry: String::new(),
            country: String::new(),
            properties: Document::default(),
            created_at: created,
            origin: one.input.source.text(),
            was: None,
        };
        self.rows.insert(id.clone(), row);
        let (_, names, mut keys) = self.write(&id, one);
        if let Some(key) = hinted {
            self.add_key(&key, &id, one.input);
            keys.push(key);
        }
        let after = self.rows.get(&id).map(|row| row.properties.clone()).unwrap_or_default();
        let document = document_undo(&Document::default(), &after, &names);
        Upserted::Created { id, undo: json!({ "new": true, "document": document, "keys": keys }) }
    }

    fn change(&mut self, id: &CompanyId, one: &Wanted<'_>) -> Upserted<CompanyId> {
        // A domain alone, known by now: nearly every contact of a file says no more.
        let says_more = !one.name_key.is_empty() || !one.input.properties.is_empty() || one.input.created_at.is_some();
        let known = |key: &String| self.keys.contains_key(key);
        if !says_more && one.keys.iter().all(known) && self.rows.get(id).is_some_and(|row| !row.domain.is_empty()) {
            return Upserted::Unchanged { id: id.clone() };
        }
        let before = self.rows.get(id).map(|row| row.properties.clone()).unwrap_or_default();
        let (changes, names, keys) = self.write(id, one);
        if changes.is_empty() && keys.is_empty() {
            return Upserted::Unchanged { id: id.clone() };
        }
        let after = self.rows.get(id).map(|row| row.properties.clone()).unwrap_or_default();
        let document = document_undo(&before, &after, &names);
        let undo = json!({ "new": false, "document": document, "keys": keys });
        Upserted::Updated { id: id.clone(), changes, undo }
    }

    fn add_key(&mut self, key: &str, id: &CompanyId, input: &CompanyInput) {
        self.keys.insert(key.to_owned(), id.clone());
        let (company, source) = (id.clone(), input.source.text());
        self.new_keys.push(store::NewKey { key: key.to_owned(), company, source, at: input.at });
    }

    /// Writes an input's keys and values. Returns what is other than before, the names stated, and the new keys.
    fn write(&mut self, id: &CompanyId, one: &Wanted<'_>) -> (Vec<Changed>, Vec<String>, Vec<String>) {
        let (input, source) = (one.input, one.input.source.text());
        let mut changes = Vec::new();
        let mut new_keys = Vec::new();
        for key in one.keys.iter().filter(|key| !self.keys.contains_key(*key)).cloned().collect::<Vec<_>>() {
            self.add_key(&key, id, input);
            if let Some((kind, value)) = key.split_once(':') {
                changes.push(Changed { field: kind.to_owned(), from: None, to: value.to_owned() });
            }
            new_keys.push(key);
        }
        let mut names = Vec::new();
        let Some(row) = self.rows.get_mut(id) else { return (changes, names, new_keys) };
        let name = Some(input.name.trim()).filter(|name| !name.is_empty());
        let name = name.map(|name| Json::String(name.chars().take(NAME_CHARS_MAX).collect()));
        let stated =
            name.iter().map(|name| ("name", name)).chain(input.properties.iter().map(|(n, v)| (n.as_str(), v)));
        for (name, value) in stated.filter(|(_, value)| !value.is_null()) {
            let before = row.properties.get(name).and_then(plain_text);
            let same = row.properties.get(name) == Some(value);
            if row.properties.state(name, value.clone(), input.at, &source) {
                let to = plain_text(value).unwrap_or_else(|| value.to_string());
                changes.push(Changed { field: name.to_owned(), from: before, to });
            }
            if !same {
                names.push(name.to_owned());
            }
        }
        if row.domain.is_empty() {
            row.domain.clone_from(&one.domain);
        }
        let created = input.created_at.map_or(row.created_at, |created| created.min(row.created_at));
        row.created_at = created;
        row.derive();
        self.names.entry(name_key(&row.name)).or_insert_with(|| id.clone());
        if !changes.is_empty() || !names.is_empty() {
            self.touched.insert(id.clone());
        }
        (changes, names, new_keys)
    }

    async fn save(mut self, tx: &mut Tx, write: (i64, Timestamp)) -> Result<(), DbError> {
        let touched: Vec<CompanyRow> = self.touched.iter().filter_map(|id| self.rows.remove(id)).collect();
        store::write(tx, write, &touched).await?;
        store::add_keys(tx, self.new_keys).await
    }
}

/// Takes rows of an upsert back where nothing changed since; one answer a row, in order.
///
/// # Errors
/// [`DbError`]; then the transaction must be given up.
pub async fn revert_companies(
    tx: &mut Tx,
    world: &World,
    rows: &[(CompanyId, Json)],
) -> Result<Vec<Reverted>, DbError> {
    let held = hold(tx).await?;
    let ids: Vec<CompanyId> = rows.iter().map(|(id, _)| id.clone()).collect();
    let used = store::used(tx, &ids).await?;
    let mut known: HashMap<CompanyId, CompanyRow> =
        store::rows(tx, &ids).await?.into_iter().map(|row| (row.id.clone(), row)).collect();
    let (mut results, mut touched, mut keys) = (Vec::with_capacity(rows.len()), HashSet::new(), Vec::new());
    for (id, undo) in rows {
        let new = undo.get("new").and_then(Json::as_bool).unwrap_or(false);
        let refused = |code: &str, message: &str| Reverted::Refused(Clash::new(code, message));
        let Some(row) = known.get_mut(id) else {
            results.push(refused("gone", "The company is not there any more."));
            continue;
        };
        if new && used.contains(id) {
            results.push(refused("in_use", "The company has people or deals by now."));
            continue;
        }
        let mut document = row.properties.clone();
        if !revert_document(&mut document, undo.get("document").unwrap_or(&Json::Null))
            || (new && !document.0.is_empty())
        {
            results.push(refused("changed_since", "The company was changed since the import."));
            continue;
        }
        row.properties = document;
        if new {
            "undone".clone_into(&mut row.state);
        }
        let own = undo.get("keys").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
        for key in own {
            if key.strip_prefix("domain:") == Some(row.domain.as_str()) {
                row.domain.clear();
            }
            keys.push(key.to_owned());
        }
        row.derive();
        touched.insert(id.clone());
        results.push(Reverted::Done);
    }
    let touched: Vec<CompanyRow> = touched.iter().filter_map(|id| known.remove(id)).collect();
    store::write(tx, (held.changes, world.now()), &touched).await?;
    store::unlink_keys(tx, &keys).await?;
    Ok(results)
}
