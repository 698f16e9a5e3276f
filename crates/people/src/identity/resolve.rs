//! One batch of events: who each belongs to, in one transaction.
//!
//! An event whose identifiers are all remembered as one person's, and that says nothing new, only moves when the person
//! was seen. The others are decided one after the other over what is loaded for them at once.

use super::model::{Observation, ObservationKind, Resolved};
use super::observe::Sighting;
use super::rows::{NEVER, Own, PersonRow, state_traits};
use super::store::{self, Sight};
use super::work::{Cause, Stay, Work};
use crate::bulk::hold;
use crate::companies::{CompanyInput, MembershipSource};
use crate::identity_cache::{Cache, Known};
use crate::upsert::{Source, plain_text};
use hashbrown::HashMap;
use kernel::ids::{CompanyId, PersonId};
use platform::World;
use platform::sql::{Db, DbError, Tx};
use science::identity::{Identifier, Kind, Rules, decide};
use serde_json::{Map, Value as Json};

/// What an event of the batch came to.
#[derive(Clone)]
struct Fate {
    person: u64,
    company: Option<CompanyId>,
    /// The place of this event's group among the companies that are settled later.
    stay: Option<usize>,
}

/// Resolves a batch. The cache is left as the database is, or empty when this fails.
pub(super) async fn batch(
    db: &Db,
    world: &World,
    rules: &Rules,
    cache: &mut Cache,
    events: &[Observation],
) -> Result<(Vec<Resolved>, bool), DbError> {
    let sightings: Vec<Sighting> = events.iter().map(Sighting::of).collect();
    let mut tx = db.begin().await?;
    let held = hold(&mut tx).await?;
    let mut merges_changed = cache.follow(held);
    if merges_changed {
        cache.set_merges(store::all_merges(&mut tx).await?.into_iter().collect());
    }
    let mut fates: Vec<Option<Fate>> = vec![None; events.len()];
    let mut seen: HashMap<u64, (i64, i64)> = HashMap::new();
    for ((event, sighting), fate) in events.iter().zip(&sightings).zip(&mut fates) {
        *fate = quick(cache, event, sighting, &mut seen);
    }
    if fates.iter().any(Option::is_none) {
        merges_changed |= slow(&mut tx, world, rules, cache, held, events, &sightings, &mut fates).await?;
    }
    write_seen(&mut tx, cache, seen).await?;
    tx.commit().await?;
    let resolved = fates.into_iter().flatten().map(|fate| {
        let person = PersonId::from_number(fate.person)
            .map_err(|error| DbError::Column { column: "person".to_owned(), reason: error.to_string() })?;
        Ok(Resolved { person, company: fate.company })
    });
    Ok((resolved.collect::<Result<_, DbError>>()?, merges_changed))
}

/// The fate of an event that says nothing new, from memory alone.
fn quick(
    cache: &mut Cache,
    event: &Observation,
    sighting: &Sighting,
    seen: &mut HashMap<u64, (i64, i64)>,
) -> Option<Fate> {
    if !event.human {
        return Some(Fate { person: sighting.light(event), company: None, stay: None });
    }
    let says_more = event.traits.is_some()
        || event.group_id.is_some()
        || event.kind == ObservationKind::Alias
        || !sighting.refused.is_empty();
    if says_more {
        return None;
    }
    let Some(first) = sighting.identifiers.first() else {
        return Some(Fate { person: sighting.light(event), company: None, stay: None });
    };
    let home = cache.home(first)?;
    let canonical = cache.canonical(home);
    for identifier in &sighting.identifiers[1..] {
        let other = cache.home(identifier)?;
        if cache.canonical(other) != canonical {
            return None;
        }
    }
    let known = cache.person(home)?;
    let at = event.at.micros();
    let known_by = sighting.identifiers.iter().any(|identifier| identifier.kind().makes_known());
    // An event from before moves the day the person is counted on, which is more than when they were seen.
    if at < known.created || (known_by && known.lead.is_none_or(|lead| at < lead)) {
        return None;
    }
    let span = seen.entry(home).or_insert((at, at));
    *span = (span.0.min(at), span.1.max(at));
    Some(Fate { person: home, company: known.company, stay: None })
}

async fn write_seen(tx: &mut Tx, cache: &mut Cache, seen: HashMap<u64, (i64, i64)>) -> Result<(), DbError> {
    let (mut whole, mut own, mut shown) = (Vec::new(), Vec::new(), HashMap::new());
    for (person, (first, last)) in seen {
        let Some(mut known) = cache.person(person) else { continue };
        let earlier = known.first_seen == NEVER || first < known.first_seen;
        if !earlier && last <= known.last_seen {
            continue;
        }
        known.first_seen = if known.first_seen == NEVER { first } else { known.first_seen.min(first) };
        known.last_seen = known.last_seen.max(last);
        cache.set_person(person, known);
        let name = cache.canonical(person);
        if name == person && !cache.is_canonical(person) {
            whole.push((person, first, last));
        } else {
            own.push((person, first, last));
            let span: &mut (i64, i64) = shown.entry(name).or_insert((first, last));
            *span = (span.0.min(first), span.1.max(last));
        }
    }
    store::seen(tx, Sight::Whole, whole).await?;
    store::seen(tx, Sight::Own, own).await?;
    store::seen(tx, Sight::Shown, shown.into_iter().map(|(person, (a, b))| (person, a, b)).collect()).await
}

/// Decides the events that `quick` could not. Returns whether anything was merged.
#[expect(clippy::too_many_arguments, reason = "the parts of one batch, taken apart for the borrow checker")]
async fn slow(
    tx: &mut Tx,
    world: &World,
    rules: &Rules,
    cache: &mut Cache,
    held: crate::bulk::Held,
    events: &[Observation],
    sightings: &[Sighting],
    fates: &mut [Option<Fate>],
) -> Result<bool, DbError> {
    let open: Vec<usize> = (0..events.len()).filter(|place| fates[*place].is_none()).collect();
    let all = open.iter().flat_map(|place| sightings[*place].identifiers.iter().chain(&sightings[*place].previous));
    let mut work = Work::load(tx, world, all.cloned().collect(), &[]).await?;
    let mut homes: Vec<(Identifier, u64)> = Vec::new();
    for place in open {
        let (event, sighting) = (&events[place], &sightings[place]);
        fates[place] = Some(one(&mut work, rules, event, sighting, &mut homes));
    }
    work.settle(tx, world, held).await?;
    for fate in fates.iter_mut().flatten() {
        if work.rows.contains_key(&fate.person) {
            let group = fate.stay.and_then(|place| work.companies.get(place).cloned().flatten());
            fate.company = group.or_else(|| work.company(fate.person));
        }
    }
    let merged = work.merged();
    let pairs = work.save(tx, held, world.now()).await?;
    if merged {
        cache.merged();
        let mut merges = (*cache.merges).clone();
        merges.extend(pairs);
        cache.set_merges(merges);
    }
    for (identifier, home) in homes {
        cache.set_home(&identifier, home);
    }
    let rows: Vec<(u64, Own)> = work.rows.iter().map(|(person, row)| (*person, row.own.clone())).collect();
    for (person, own) in rows {
        let company = work.company(person);
        let Own { created, first_seen, last_seen, lead, .. } = own;
        let known = Known { created, first_seen, last_seen, lead, company };
        cache.set_person(person, known);
    }
    Ok(merged)
}

/// Decides one event.
fn one(
    work: &mut Work,
    rules: &Rules,
    event: &Observation,
    sighting: &Sighting,
    homes: &mut Vec<(Identifier, u64)>,
) -> Fate {
    let source = Source::Event { offset: event.offset };
    let cause = Cause { at: event.at, known: event.received_at, source: &source, event_id: &event.event_id };
    let alias = event.kind == ObservationKind::Alias;
    let identifiers = if alias { sighting.with_previous(&work.graph) } else { sighting.identifiers.clone() };
    let decision = decide(rules, &identifiers, alias, &work.graph);
    let Some(home) = work.apply(&decision, event.at, &cause) else {
        return Fate { person: sighting.light(event), company: None, stay: None };
    };
    for (key, reason) in &sighting.refused {
        work.refuse(home, key.clone(), reason.as_str(), &cause);
    }
    let refused = |identifier: &&Identifier| !decision.refused.iter().any(|one| one.identifier == **identifier);
    let own: Vec<&Identifier> = identifiers.iter().filter(refused).collect();
    for identifier in &own {
        if let Some(owner) = science::identity::View::home(&work.graph, identifier) {
            homes.push(((*identifier).clone(), owner));
        }
    }
    work.touched.insert(home);
    if let Some(row) = work.rows.get_mut(&home) {
        learn(row, event, &own, &source);
    }
    work.stay_by_domain(home, &decision, &cause);
    let stay = event.group_id.as_deref().and_then(|group| {
        let company = group_company(event, group, source.clone())?;
        let role = event.traits.as_ref().and_then(|traits| traits.get("role")).and_then(plain_text);
        let how = MembershipSource::Group;
        Some(work.stay(Stay { person: home, company, how, role: role.unwrap_or_default() }))
    });
    Fate { person: home, company: None, stay }
}

/// Takes an event into a person's row.
fn learn(row: &mut PersonRow, event: &Observation, own: &[&Identifier], source: &Source) {
    let (at, text) = (event.at, source.text());
    row.own.see(at.micros());
    row.own.created = row.own.created.min(at.micros());
    if own.iter().any(|identifier| identifier.kind().makes_known()) {
        row.own.lead_at(at.micros());
    }
    if let Some(traits) = &event.traits {
        state_traits(&mut row.own.traits, traits, at, &text);
    }
    // An address that was refused is somebody else's: it never overwrites this person's (MA-34).
    if let Some(email) = own.iter().find(|identifier| *identifier.kind() == Kind::Email) {
        row.own.traits.state("email", Json::String(email.value().to_owned()), at, &text);
    }
}

/// The company of a group call or of a context with a group id.
fn group_company(event: &Observation, group: &str, source: Source) -> Option<CompanyInput> {
    let group = Identifier::new(Kind::External("group".to_owned()), group).ok()?;
    let mut company = CompanyInput::new(event.at, source);
    company.external = vec![("group".to_owned(), group.value().to_owned())];
    company.known_only = event.group_traits.is_none();
    let none = Map::new();
    let traits = event.group_traits.as_ref().unwrap_or(&none);
    for (name, value) in traits.iter().filter(|(_, value)| !value.is_null()) {
        match name.as_str() {
            "name" => company.name = plain_text(value).unwrap_or_default(),
            "domain" | "website" => {
                if company.domain.is_empty() || name == "domain" {
                    company.domain = plain_text(value).unwrap_or_default();
                }
                company.properties.insert(name.clone(), value.clone());
            }
            _ => {
                company.properties.insert(name.clone(), value.clone());
            }
        }
    }
    Some(company)
}
