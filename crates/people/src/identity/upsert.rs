//! Persons from imports and from the API: the one way, besides events, in which a person comes into being.

use super::model::PersonInput;
use super::rows::{PersonRow, state_traits};
use super::work::{Cause, Stated, Stay, Work};
use crate::bulk::{Held, hold, select_in, update_from};
use crate::companies::{MembershipSource, revert_companies};
use crate::upsert::{Changed, Clash, Reverted, Source, Upserted, document_undo, revert_document};
use hashbrown::{HashMap, HashSet};
use kernel::ids::{CompanyId, PersonId};
use kernel::time::Timestamp;
use platform::World;
use platform::params;
use platform::sql::{DbError, Tx, Value};
use science::identity::{Graph, Identifier, Kind, Outcome, Refusal, Rules, View, decide};
use serde_json::{Value as Json, json};
use std::ops::Range;

/// Creates and changes persons; one answer a row, in order. A file never merges: a row whose identifiers belong to two
/// people, or that would break a rule of identity, is a conflict.
///
/// # Errors
/// [`DbError`]; then the transaction must be given up.
pub async fn upsert_people(
    tx: &mut Tx,
    world: &World,
    inputs: &[PersonInput],
) -> Result<Vec<Upserted<PersonId>>, DbError> {
    let held = hold(tx).await?;
    upsert_people_held(tx, world, held, inputs).await
}

/// As [`upsert_people`], for a caller that already holds the turn.
pub(crate) async fn upsert_people_held(
    tx: &mut Tx,
    world: &World,
    held: Held,
    inputs: &[PersonInput],
) -> Result<Vec<Upserted<PersonId>>, DbError> {
    let rows: Vec<Typed> = inputs.iter().map(Typed::of).collect();
    let identifiers: HashSet<Identifier> = rows.iter().flat_map(|row| row.identifiers.iter().cloned()).collect();
    let erased = crate::erasure::kept_out(tx, &identifiers).await?;
    let mut work = Work::load(tx, world, identifiers, &[]).await?;
    let rules = Rules::default();
    let mut drafts = Vec::with_capacity(inputs.len());
    for (input, typed) in inputs.iter().zip(&rows) {
        let refused = typed.identifiers.iter().any(|one| erased.contains(one)).then(crate::erasure::refusal);
        drafts.push(refused.map_or_else(|| take(&mut work, &rules, input, typed), Draft::Done));
    }
    work.settle(tx, world, held).await?;
    let results = drafts.into_iter().map(|draft| draft.finish(&work)).collect();
    work.save(tx, held, world.now()).await?;
    Ok(results)
}

/// An input's identifiers in normal form.
struct Typed {
    identifiers: Vec<Identifier>,
    refused: Vec<(Kind, String, Refusal)>,
}

impl Typed {
    fn of(input: &PersonInput) -> Self {
        let mut typed = Self { identifiers: Vec::new(), refused: Vec::new() };
        for (kind, raw) in input.identifiers.iter().filter(|(_, raw)| !raw.trim().is_empty()) {
            match Identifier::new(kind.clone(), raw) {
                Ok(identifier) => typed.identifiers.push(identifier),
                Err(reason) => typed.refused.push((kind.clone(), raw.chars().take(200).collect(), reason)),
            }
        }
        typed.identifiers.sort();
        typed.identifiers.dedup();
        typed
    }
}

/// A row that is decided, but whose company is not settled yet.
enum Draft {
    Done(Upserted<PersonId>),
    Written {
        id: PersonId,
        new: bool,
        changes: Vec<Changed>,
        undo: serde_json::Map<String, Json>,
        /// The place in a company that the row itself states, and the role in it.
        stay: Option<(usize, String)>,
        /// Where among the stays of the batch those of this row are.
        stays: Range<usize>,
    },
}

impl Draft {
    fn finish(self, work: &Work) -> Upserted<PersonId> {
        let (id, new, mut changes, mut undo, stay, stays) = match self {
            Draft::Done(done) => return done,
            Draft::Written { id, new, changes, undo, stay, stays } => (id, new, changes, undo, stay, stays),
        };
        let made = stays.filter_map(|place| {
            Some(json!([work.companies.get(place)?.as_ref()?.as_str(), work.made.get(place)?.as_ref()?]))
        });
        let made: Vec<Json> = made.collect();
        if !made.is_empty() {
            undo.insert("companies".to_owned(), made.into());
        }
        if let Some((place, role)) = stay
            && let Some(company) = work.companies.get(place).cloned().flatten()
        {
            match work.stated.get(place).and_then(Option::as_ref) {
                None => {}
                Some(Stated::Place(before, now)) => {
                    undo.insert("company".to_owned(), json!(company.as_str()));
                    if let Some(now) = now.as_ref().filter(|now| before.as_ref() != Some(*now)) {
                        let from = before.as_ref().map(ToString::to_string);
                        changes.push(Changed { field: "company".to_owned(), from, to: now.to_string() });
                    }
                }
                Some(Stated::Role(before)) => {
                    undo.insert("company_role".to_owned(), json!([company.as_str(), before, role]));
                    let from = Some(before.clone()).filter(|before| !before.is_empty());
                    changes.push(Changed { field: "company_role".to_owned(), from, to: role });
                }
            }
        }
        if new {
            return Upserted::Created { id, undo: undo.into() };
        }
        if changes.is_empty() {
            return Upserted::Unchanged { id };
        }
        Upserted::Updated { id, changes, undo: undo.into() }
    }
}

fn conflict(code: &str, message: String) -> Draft {
    Draft::Done(Upserted::Conflict(Clash::new(code, message)))
}

/// Decides one row and writes it into the batch.
fn take(work: &mut Work, rules: &Rules, input: &PersonInput, typed: &Typed) -> Draft {
    let strong = |identifier: &&Identifier| identifier.kind().makes_known();
    if !typed.identifiers.iter().any(|identifier| strong(&identifier)) {
        let why =
            typed.refused.iter().map(|(kind, raw, reason)| format!(" {kind} `{raw}` is {reason}.")).collect::<String>();
        let message = format!("The row has no usable e-mail address, user id or id of another system.{why}");
        return Draft::Done(Upserted::Rejected(Clash::new("no_key", message)));
    }
    let decision = decide(rules, &typed.identifiers, false, &work.graph);
    if let Outcome::Merge(edges) = &decision.outcome {
        let names: Vec<String> =
            edges.iter().map(|edge| format!("{} and {}", edge.identifier, edge.other_identifier)).collect();
        return conflict(
            "two_people",
            format!("The row's identifiers belong to different people: {}.", names.join("; ")),
        );
    }
    if let Some(refused) = decision.refused.iter().find(|refused| !refused.identifier.kind().is_weak()) {
        return conflict(
            "identity_rule",
            clash_text(&work.graph, &typed.identifiers, &refused.identifier, refused.reason),
        );
    }
    let source = input.source.text();
    let cause = Cause { at: input.at, known: input.at, source: &input.source, event_id: "" };
    let new = decision.outcome == Outcome::Create;
    let Some(home) = work.apply(&decision, input.created_at.unwrap_or(input.at), &cause) else {
        return conflict("no_key", "The row names nobody.".to_owned());
    };
    for (kind, raw, reason) in &typed.refused {
        work.refuse(home, format!("{kind}:{raw}"), reason.as_str(), &cause);
    }
    let mut changes: Vec<Changed> = decision
        .links
        .iter()
        .filter(|_| !new)
        .map(|link| Changed { field: link.kind().to_string(), from: None, to: link.value().to_owned() })
        .collect();
    let mut undo = serde_json::Map::new();
    let Some(row) = work.rows.get_mut(&home) else { return conflict("gone", "The person is not there.".to_owned()) };
    let document = write_values(row, input, typed, &mut changes, &mut undo, new);
    if new {
        undo.insert("new".to_owned(), json!(source));
    } else {
        undo.insert("document".to_owned(), document);
        let keys: Vec<String> = decision.links.iter().map(Identifier::key).collect();
        undo.insert("keys".to_owned(), json!(keys));
    }
    if !changes.is_empty() {
        work.touched.insert(home);
    }
    let mut stays = work.stay_by_domain(home, &decision, &cause);
    let stay = input.company.as_ref().map(|company| state_stay(work, input, typed, home, company));
    stays.end += usize::from(stay.is_some());
    match PersonId::from_number(home) {
        Ok(id) => Draft::Written { id, new, changes, undo, stay, stays },
        Err(error) => conflict("gone", error.to_string()),
    }
}

fn state_stay(
    work: &mut Work,
    input: &PersonInput,
    typed: &Typed,
    home: u64,
    company: &crate::companies::CompanyInput,
) -> (usize, String) {
    let mut company = company.clone();
    if company.email_domain.is_empty()
        && let Some(email) = typed.identifiers.iter().find(|identifier| *identifier.kind() == Kind::Email)
    {
        email.value().clone_into(&mut company.email_domain);
    }
    let how =
        if matches!(input.source, Source::Actor(_)) { MembershipSource::Manual } else { MembershipSource::Import };
    let role = input.company_role.clone();
    (work.stay(Stay { person: home, company, how, role: role.clone() }), role)
}

/// States the values of a row. Returns what takes them back.
fn write_values(
    row: &mut PersonRow,
    input: &PersonInput,
    typed: &Typed,
    changes: &mut Vec<Changed>,
    undo: &mut serde_json::Map<String, Json>,
    new: bool,
) -> Json {
    let source = input.source.text();
    let before = if new { crate::upsert::Document::default() } else { row.own.traits.clone() };
    let changed = state_traits(&mut row.own.traits, &input.traits, input.at, &source);
    changes.extend(changed.into_iter().filter_map(|(field, from, to)| Some(Changed { field, from, to: to? })));
    let email = typed.identifiers.iter().find(|identifier| *identifier.kind() == Kind::Email);
    if let Some(email) = email {
        let from = row.own.traits.text("email");
        if row.own.traits.state("email", Json::String(email.value().to_owned()), input.at, &source)
            && (new || from.is_some())
        {
            changes.push(Changed { field: "email".to_owned(), from, to: email.value().to_owned() });
        }
    }
    let dates = [Some(row.own.created), row.own.lead];
    row.own.lead_at(input.created_at.unwrap_or(input.at).micros());
    if let Some(created) = input.created_at {
        row.own.created = row.own.created.min(created.micros());
    }
    if new {
        return Json::Null;
    }
    let now = [Some(row.own.created), row.own.lead];
    for (place, field) in
        ["created_at", "lead_at"].into_iter().enumerate().filter(|(place, _)| dates[*place] != now[*place])
    {
        let text = |at: Option<i64>| at.map(|at| Timestamp::from_micros(at).to_string());
        changes.push(Changed {
            field: field.to_owned(),
            from: text(dates[place]),
            to: text(now[place]).unwrap_or_default(),
        });
        undo.insert(field.to_owned(), json!([dates[place], now[place]]));
    }
    let stated = |name: &&String| row.own.traits.0.get(*name) != before.0.get(*name);
    let names: Vec<String> = row.own.traits.0.keys().filter(stated).cloned().collect();
    document_undo(&before, &row.own.traits, &names)
}

fn clash_text(graph: &Graph, all: &[Identifier], refused: &Identifier, reason: Refusal) -> String {
    let kept = all.iter().find(|one| one.kind() < refused.kind()).map(|one| one.key()).unwrap_or_default();
    let whose = graph.home(refused).map_or(String::new(), |_| " is somebody else's:".to_owned());
    format!("{refused}{whose} {reason}. The row also says {kept}; correct the one that is wrong.")
}

/// Takes rows of an upsert back where nothing changed since; one answer a row, in order.
///
/// # Errors
/// [`DbError`]; then the transaction must be given up.
pub async fn revert_people(tx: &mut Tx, world: &World, rows: &[(PersonId, Json)]) -> Result<Vec<Reverted>, DbError> {
    let held = hold(tx).await?;
    let people: Vec<u64> = rows.iter().map(|(id, _)| id.number()).collect();
    let mut work = Work::load(tx, world, HashSet::new(), &people).await?;
    let sql = "select person, identifier, source from person_identifiers where state = 'linked' and person in ({in})";
    let mut links: HashMap<u64, Vec<(String, String)>> = HashMap::new();
    for (person, key, source) in select_in::<(u64, String, String), _>(tx, sql, &people).await? {
        links.entry(person).or_default().push((key, source));
    }
    let in_deals: HashSet<u64> =
        select_in::<(u64,), _>(tx, "select distinct person from deal_people where person in ({in})", &people)
            .await?
            .into_iter()
            .map(|row| row.0)
            .collect();
    let (mut ended, mut companies) = (Ended::default(), Vec::new());
    let mut results = Vec::with_capacity(rows.len());
    for (id, undo) in rows {
        let person = id.number();
        let own = links.get(&person).map(Vec::as_slice).unwrap_or_default();
        results.push(match undo.get("new").and_then(Json::as_str) {
            Some(source) => undo_new(&mut work, person, source, own, in_deals.contains(&person), &mut ended),
            None => undo_change(&mut work, person, undo, &mut ended),
        });
        if results.last() == Some(&Reverted::Done) {
            companies.extend(undo.get("companies").and_then(Json::as_array).into_iter().flatten().filter_map(made));
        }
    }
    end(tx, world, ended).await?;
    work.save(tx, held, world.now()).await?;
    // A company that somebody else is in by now stays.
    if !companies.is_empty() {
        revert_companies(tx, world, &companies).await?;
    }
    Ok(results)
}

/// A company that a row brought: its id, and what takes it back.
fn made(pair: &Json) -> Option<(CompanyId, Json)> {
    Some((pair.get(0)?.as_str()?.parse().ok()?, pair.get(1)?.clone()))
}

#[derive(Default)]
struct Ended {
    keys: Vec<String>,
    stays: Vec<(u64, Option<CompanyId>)>,
}

fn refused(code: &str, message: &str) -> Reverted {
    Reverted::Refused(Clash::new(code, message))
}

fn undo_new(
    work: &mut Work,
    person: u64,
    source: &str,
    links: &[(String, String)],
    in_deals: bool,
    ended: &mut Ended,
) -> Reverted {
    let alone = work.graph.members(person).len() == 1;
    let Some(row) = work.rows.get_mut(&person).filter(|row| row.state == "live" || !alone) else {
        return refused("gone", "The person is not there any more.");
    };
    if in_deals {
        return refused("in_use", "The person takes part in a deal by now.");
    }
    let foreign = row.own.traits.0.values().any(|stated| stated.2 != source)
        || links.iter().any(|(_, link)| link != source)
        || row.own.last_seen != super::rows::NEVER;
    if foreign || !alone {
        return refused("changed_since", "The person has been active, changed or merged since the import.");
    }
    "undone".clone_into(&mut row.state);
    ended.keys.extend(links.iter().map(|(key, _)| key.clone()));
    work.leave(person, None);
    ended.stays.push((person, None));
    Reverted::Done
}

fn undo_change(work: &mut Work, person: u64, undo: &Json, ended: &mut Ended) -> Reverted {
    let Some(row) = work.rows.get_mut(&person).filter(|row| row.state != "undone") else {
        return refused("gone", "The person is not there any more.");
    };
    if !revert_document(&mut row.own.traits, undo.get("document").unwrap_or(&json!({}))) {
        return refused("changed_since", "The person was changed since the import.");
    }
    // A date that somebody moved further since stays where it is.
    let moved = |field: &str, now: Option<i64>| {
        let pair = undo.get(field).filter(|pair| pair.get(1).map(Json::as_i64) == Some(now))?;
        pair.get(0).map(Json::as_i64)
    };
    row.own.created = moved("created_at", Some(row.own.created)).flatten().unwrap_or(row.own.created);
    row.own.lead = moved("lead_at", row.own.lead).unwrap_or(row.own.lead);
    let keys = undo.get("keys").and_then(Json::as_array).into_iter().flatten();
    ended.keys.extend(keys.filter_map(Json::as_str).map(str::to_owned));
    if let Some(company) = undo.get("company").and_then(Json::as_str).and_then(|text| text.parse::<CompanyId>().ok()) {
        work.leave(person, Some((&company, MembershipSource::Import)));
        ended.stays.push((person, Some(company)));
    }
    let role = undo.get("company_role").and_then(|role| {
        Some((role.get(0)?.as_str()?.parse::<CompanyId>().ok()?, role.get(1)?.as_str()?, role.get(2)?.as_str()?))
    });
    if let Some((company, before, now)) = role {
        work.give_role_back(person, &company, (before, now));
    }
    work.touched.insert(person);
    Reverted::Done
}

/// Ends links and places in companies. The rows stay, with the moment of their end.
async fn end(tx: &mut Tx, world: &World, ended: Ended) -> Result<(), DbError> {
    let now = world.now();
    if !ended.keys.is_empty() {
        let rows: Vec<Vec<Value>> = ended.keys.iter().map(|key| params![key, now]).collect();
        let sql = "update person_identifiers set state = 'unlinked', ended_us = v.column2 from (values {rows}) as v \
            where identifier = v.column1 and state = 'linked'";
        update_from(tx, sql, rows).await?;
        let sql = "update identity_state set unlinks = unlinks + 1 where only_row = 1";
        tx.execute(sql, Vec::new()).await?;
    }
    let (all, one): (Vec<_>, Vec<_>) = ended.stays.into_iter().partition(|(_, company)| company.is_none());
    if !all.is_empty() {
        let rows = all.into_iter().map(|(person, _)| params![person, now]).collect();
        let sql = "update company_members set until_us = v.column2 from (values {rows}) as v \
            where person = v.column1 and until_us is null";
        update_from(tx, sql, rows).await?;
    }
    if !one.is_empty() {
        let rows = one.into_iter().map(|(person, company)| params![person, company, now]).collect();
        let sql = "update company_members set until_us = v.column3 from (values {rows}) as v \
            where person = v.column1 and company = v.column2 and how = 'import' and until_us is null";
        update_from(tx, sql, rows).await?;
    }
    Ok(())
}
