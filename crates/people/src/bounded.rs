//! A memory of bounded size, and what identifiers are remembered by.

use hashbrown::HashMap;
use science::identity::{Identifier, Kind};
use std::hash::Hash;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128_with_seed};

/// Entries of one generation; two of them are kept.
const GENERATION: usize = 200_000;

/// A map that forgets what was not used for a while: the young generation becomes the old one when it is full.
pub(crate) struct Bounded<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K, V> Default for Bounded<K, V> {
    fn default() -> Self {
        Self { young: HashMap::new(), old: HashMap::new() }
    }
}

impl<K: Hash + Eq + Copy, V: Clone> Bounded<K, V> {
    pub(crate) fn get(&mut self, key: K) -> Option<V> {
        if let Some(value) = self.young.get(&key) {
            return Some(value.clone());
        }
        let value = self.old.remove(&key)?;
        self.put(key, value.clone());
        Some(value)
    }

    pub(crate) fn put(&mut self, key: K, value: V) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, value);
    }

    pub(crate) fn clear(&mut self) {
        self.young.clear();
        self.old.clear();
    }
}

/// What an identifier is remembered by: kind and value, without writing them down together.
pub(crate) fn print_of(identifier: &Identifier) -> u128 {
    let kind = match identifier.kind() {
        Kind::UserId => 1,
        Kind::Email => 2,
        Kind::AnonymousId => 3,
        Kind::Phone => 4,
        Kind::External(system) => xxh3_64(system.as_bytes()) | 1 << 63,
    };
    xxh3_128_with_seed(identifier.value().as_bytes(), kind)
}
