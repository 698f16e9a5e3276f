//! What the resolver remembers between batches: bounded, and never wrong, because it says which state it belongs to.

use crate::bounded::{Bounded, print_of};
use crate::bulk::Held;
use hashbrown::HashSet;
use kernel::ids::CompanyId;
use science::identity::Identifier;
use std::sync::Arc;

/// What is remembered of a person.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) created: i64,
    pub(crate) first_seen: i64,
    pub(crate) last_seen: i64,
    pub(crate) lead: Option<i64>,
    pub(crate) company: Option<CompanyId>,
}

/// The memory of one workspace's resolver: about 40 bytes an identifier and 70 a person.
#[derive(Default)]
pub(crate) struct Cache {
    homes: Bounded<u128, u64>,
    people: Bounded<u64, Known>,
    pub(crate) merges: Arc<std::collections::HashMap<u64, u64>>,
    /// The persons that others were merged into.
    canonical: HashSet<u64>,
    at: Option<Held>,
}

impl Cache {
    /// Drops what somebody else's writes made stale. Returns whether the merges have to be read again.
    pub(crate) fn follow(&mut self, held: Held) -> bool {
        let at = self.at.replace(held);
        let Some(at) = at else { return true };
        if at.unlinks != held.unlinks {
            self.homes.clear();
        }
        if at.changes + 1 != held.changes {
            self.people.clear();
        }
        at.merges != held.merges
    }

    /// Says that this batch itself merged, so that the next one does not read the merges again.
    pub(crate) fn merged(&mut self) {
        if let Some(at) = &mut self.at {
            at.merges += 1;
        }
    }

    /// Forgets everything: the batch was given up.
    pub(crate) fn clear(&mut self) {
        self.homes.clear();
        self.people.clear();
        self.at = None;
    }

    pub(crate) fn home(&mut self, identifier: &Identifier) -> Option<u64> {
        self.homes.get(print_of(identifier))
    }

    pub(crate) fn set_home(&mut self, identifier: &Identifier, person: u64) {
        self.homes.put(print_of(identifier), person);
    }

    pub(crate) fn person(&mut self, person: u64) -> Option<Known> {
        self.people.get(person)
    }

    pub(crate) fn set_person(&mut self, person: u64, known: Known) {
        self.people.put(person, known);
    }

    pub(crate) fn set_merges(&mut self, merges: std::collections::HashMap<u64, u64>) {
        self.canonical = merges.values().copied().collect();
        self.merges = Arc::new(merges);
    }

    pub(crate) fn canonical(&self, person: u64) -> u64 {
        self.merges.get(&person).copied().unwrap_or(person)
    }

    /// Whether others were merged into this person.
    pub(crate) fn is_canonical(&self, person: u64) -> bool {
        self.canonical.contains(&person)
    }
}
