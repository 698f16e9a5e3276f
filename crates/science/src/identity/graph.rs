//! The graph of links and merges: what [`decide`](super::decide()) reads, and what it changes.

use super::decide::{Decision, MergeEdge, Outcome, View};
use super::identifier::{Identifier, Kind};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Links and merge edges in memory: all of a workspace in a test, the part that a batch of events touches in a store.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    homes: HashMap<Identifier, u64>,
    counts: HashMap<u64, BTreeMap<Kind, u32>>,
    canonical: HashMap<u64, u64>,
    members: HashMap<u64, Vec<u64>>,
    separated: BTreeSet<(u64, u64)>,
}

impl Graph {
    /// Records that an identifier is a person's; `counted` when the person's counts do not include it yet.
    pub fn link(&mut self, identifier: Identifier, person: u64, counted: bool) {
        if counted {
            *self.counts.entry(person).or_default().entry(identifier.kind().clone()).or_default() += 1;
        }
        self.homes.insert(identifier, person);
    }

    /// States how many identifiers of a kind a person (not its component) has.
    pub fn set_count(&mut self, person: u64, kind: Kind, count: u32) {
        self.counts.entry(person).or_default().insert(kind, count);
    }

    /// Whether the counts of a person are known here.
    #[must_use]
    pub fn knows(&self, person: u64) -> bool {
        self.counts.contains_key(&person)
    }

    /// Records that nothing but what follows is known of a person.
    pub fn know(&mut self, person: u64) {
        self.counts.entry(person).or_default();
    }

    /// States that these two were separated by hand.
    pub fn separate(&mut self, person: u64, other: u64) {
        self.separated.insert((person.min(other), person.max(other)));
    }

    /// Makes two persons one. Returns the canonical person, and whether anything changed.
    pub fn join(&mut self, person: u64, other: u64) -> (u64, bool) {
        let (a, b) = (self.canonical(person), self.canonical(other));
        let (keep, give) = (a.min(b), a.max(b));
        if keep == give {
            return (keep, false);
        }
        let moved = self.members.remove(&give).unwrap_or_else(|| vec![give]);
        for member in &moved {
            self.canonical.insert(*member, keep);
        }
        self.members.entry(keep).or_insert_with(|| vec![keep]).extend(moved);
        (keep, true)
    }

    /// The members of a person's component, oldest first.
    #[must_use]
    pub fn members(&self, person: u64) -> Vec<u64> {
        let canonical = self.canonical(person);
        let mut members = self.members.get(&canonical).cloned().unwrap_or_else(|| vec![canonical]);
        members.sort_unstable();
        members
    }

    /// Carries out a decision. `create` makes the number of a new person. Returns whose event it is.
    pub fn apply(&mut self, decision: &Decision, create: impl FnOnce() -> u64) -> Option<u64> {
        let home = match &decision.outcome {
            Outcome::Nobody => return None,
            Outcome::Create => create(),
            Outcome::Attach | Outcome::Merge(_) => decision.home?,
        };
        self.know(home);
        for identifier in &decision.links {
            self.link(identifier.clone(), home, true);
        }
        if let Outcome::Merge(edges) = &decision.outcome {
            for edge in edges {
                self.join(edge.person, edge.other);
            }
        }
        Some(home)
    }
}

impl View for Graph {
    fn home(&self, identifier: &Identifier) -> Option<u64> {
        self.homes.get(identifier).copied()
    }

    fn canonical(&self, person: u64) -> u64 {
        self.canonical.get(&person).copied().unwrap_or(person)
    }

    fn kinds(&self, canonical: u64) -> Vec<Kind> {
        let members = self.members.get(&canonical).cloned().unwrap_or_else(|| vec![canonical]);
        let counts = members.iter().filter_map(|member| self.counts.get(member));
        counts.flat_map(|kinds| kinds.keys().cloned()).collect()
    }

    fn count(&self, canonical: u64, kind: &Kind) -> u32 {
        let one = |person: &u64| self.counts.get(person).and_then(|kinds| kinds.get(kind)).copied().unwrap_or(0);
        self.members.get(&canonical).map_or_else(|| one(&canonical), |members| members.iter().map(one).sum())
    }

    fn separated(&self, canonical: u64, other: u64) -> bool {
        let names = BTreeSet::from([canonical, other]);
        self.separated.iter().any(|(a, b)| BTreeSet::from([self.canonical(*a), self.canonical(*b)]) == names)
    }
}

/// Person → canonical person of every person that is not its own, from the merge edges that stand. The result does not
/// depend on the order of the edges.
#[must_use]
pub fn flatten(edges: impl IntoIterator<Item = (u64, u64)>) -> BTreeMap<u64, u64> {
    let mut graph = Graph::default();
    for (person, other) in edges {
        graph.join(person, other);
    }
    graph.canonical.into_iter().filter(|(person, canonical)| person != canonical).collect()
}

impl MergeEdge {
    /// The two persons, the older one first.
    #[must_use]
    pub fn pair(&self) -> (u64, u64) {
        (self.person.min(self.other), self.person.max(self.other))
    }
}
