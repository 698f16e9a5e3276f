//! The decision: create, attach, merge, or leave something out.

use super::identifier::{Identifier, Kind, Refusal};
use super::rules::Rules;
use std::collections::BTreeSet;

/// What is known about the identifiers of an event. A *canonical* person names a component of merged persons.
pub trait View {
    /// The person an identifier is linked to.
    fn home(&self, identifier: &Identifier) -> Option<u64>;
    /// The name of a person's component.
    fn canonical(&self, person: u64) -> u64;
    /// The kinds of identifiers a component has.
    fn kinds(&self, canonical: u64) -> Vec<Kind>;
    /// How many identifiers of a kind a component has.
    fn count(&self, canonical: u64, kind: &Kind) -> u32;
    /// Whether somebody separated members of these two components by hand.
    fn separated(&self, canonical: u64, other: u64) -> bool;
}

/// What an event does to the set of persons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The event names nobody.
    Nobody,
    /// A new person.
    Create,
    /// The person is known.
    Attach,
    /// These persons are one.
    Merge(Vec<MergeEdge>),
}

/// Two homes that one event showed to be one person, and the identifiers that showed it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MergeEdge {
    /// The home of the more important identifier.
    pub person: u64,
    /// The home of the other one.
    pub other: u64,
    /// The more important identifier.
    pub identifier: Identifier,
    /// The other one.
    pub other_identifier: Identifier,
}

/// An identifier that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which.
    pub identifier: Identifier,
    /// Why.
    pub reason: Refusal,
    /// Whose it is, when somebody's: a candidate for a duplicate.
    pub home: Option<u64>,
}

/// What [`decide`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What happens to the persons.
    pub outcome: Outcome,
    /// The home of the most important identifier: whose event it is. `None` for a person still to be made, or nobody.
    pub home: Option<u64>,
    /// Identifiers that become this person's.
    pub links: Vec<Identifier>,
    /// The known identifier that brought the new ones, when one did.
    pub via: Option<Identifier>,
    /// Identifiers that were left out, in the order in which they were.
    pub refused: Vec<Refused>,
}

/// Decides who an event belongs to (AN 1.6). `alias` is an explicit statement that two user ids are one person, and
/// waives their limit.
#[must_use]
pub fn decide(rules: &Rules, identifiers: &[Identifier], alias: bool, view: &impl View) -> Decision {
    let sorted: BTreeSet<&Identifier> = identifiers.iter().collect();
    let mut carried: Vec<Carried<'_>> = sorted
        .into_iter()
        .map(|identifier| {
            let home = view.home(identifier);
            Carried { identifier, home, canonical: home.map(|person| view.canonical(person)) }
        })
        .collect();
    let mut refused = Vec::new();
    while let Some((place, reason)) = objection(rules, &carried, alias, view) {
        let out = carried.remove(place);
        refused.push(Refused { identifier: out.identifier.clone(), reason, home: out.home });
    }
    conclude(&carried, refused)
}

struct Carried<'a> {
    identifier: &'a Identifier,
    home: Option<u64>,
    canonical: Option<u64>,
}

/// The first thing that stands against these identifiers being one person, and which of them has to go.
fn objection(rules: &Rules, carried: &[Carried<'_>], alias: bool, view: &impl View) -> Option<(usize, Refusal)> {
    let people: BTreeSet<u64> = carried.iter().filter_map(|one| one.canonical).collect();
    let settled = people.len() <= 1 && carried.iter().all(|one| one.home.is_some());
    if settled {
        return None;
    }
    if let Some(place) = shared_device(carried, view) {
        return Some((place, Refusal::SharedDevice));
    }
    let last = carried.len().checked_sub(1).filter(|last| *last > 0);
    let apart = |a: &u64| people.range(a + 1..).any(|b| view.separated(*a, *b));
    if people.iter().any(apart) {
        return last.map(|place| (place, Refusal::Separated));
    }
    let mut kinds: BTreeSet<Kind> = carried.iter().map(|one| one.identifier.kind().clone()).collect();
    if people.len() > 1 {
        // A merge can overflow a kind that the event itself does not carry.
        kinds.extend(people.iter().flat_map(|person| view.kinds(*person)));
    }
    let over = kinds.iter().any(|kind| overflows(rules, kind, carried, &people, alias, view));
    last.filter(|_| over).map(|place| (place, Refusal::OverLimit))
}

fn overflows(
    rules: &Rules,
    kind: &Kind,
    carried: &[Carried<'_>],
    people: &BTreeSet<u64>,
    alias: bool,
    view: &impl View,
) -> bool {
    if alias && *kind == Kind::UserId {
        return false;
    }
    let new = carried.iter().filter(|one| one.home.is_none() && one.identifier.kind() == kind).count();
    let counts = || people.iter().map(|person| view.count(*person, kind));
    let total = counts().sum::<u32>() + u32::try_from(new).unwrap_or(u32::MAX);
    // A person who already stands above a limit (by an alias, or by an older rule) is not cut by the next event.
    total > rules.limit(kind) && total > counts().max().unwrap_or(0)
}

/// A browser or phone number that is the only thing between a person with an e-mail address and another address.
fn shared_device(carried: &[Carried<'_>], view: &impl View) -> Option<usize> {
    let emails = || carried.iter().filter(|one| *one.identifier.kind() == Kind::Email);
    carried.iter().rposition(|weak| {
        let Some(owner) = weak.canonical.filter(|_| weak.identifier.kind().is_weak()) else { return false };
        let foreign = emails().any(|email| email.canonical != Some(owner));
        let held = carried.iter().any(|one| one.canonical == Some(owner) && !one.identifier.kind().is_weak());
        foreign && !held && view.count(owner, &Kind::Email) > 0
    })
}

fn conclude(carried: &[Carried<'_>], refused: Vec<Refused>) -> Decision {
    let links = carried.iter().filter(|one| one.home.is_none()).map(|one| one.identifier.clone()).collect();
    let known: Vec<&Carried<'_>> = carried.iter().filter(|one| one.home.is_some()).collect();
    let Some(first) = known.first() else {
        let outcome = if carried.is_empty() { Outcome::Nobody } else { Outcome::Create };
        return Decision { outcome, home: None, links, via: None, refused };
    };
    let mut joined: BTreeSet<Option<u64>> = BTreeSet::from([first.canonical]);
    let mut edges = Vec::new();
    for other in &known[1..] {
        if let (Some(person), Some(other_person), true) = (first.home, other.home, joined.insert(other.canonical)) {
            edges.push(MergeEdge {
                person,
                other: other_person,
                identifier: first.identifier.clone(),
                other_identifier: other.identifier.clone(),
            });
        }
    }
    let outcome = if edges.is_empty() { Outcome::Attach } else { Outcome::Merge(edges) };
    Decision { outcome, home: first.home, links, via: Some(first.identifier.clone()), refused }
}
