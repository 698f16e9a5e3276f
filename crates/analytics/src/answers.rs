//! What was computed before. An answer holds as long as no event came in since, and none was taken out.

use hashbrown::HashMap;
use parking_lot::Mutex;
use people::identity::Merges;
use std::sync::Arc;

/// What an answer depends on beside its question.
#[derive(Debug, Clone)]
pub(crate) struct Stamp {
    /// The last event that was counted.
    pub(crate) offset: u64,
    /// How often events were taken out: erased, or too old.
    pub(crate) removals: u64,
    /// The hour it was given in: which periods are over depends on it.
    pub(crate) hour: i64,
    /// Which persons are one.
    pub(crate) merges: Merges,
}

impl PartialEq for Stamp {
    fn eq(&self, other: &Self) -> bool {
        (self.offset, self.removals, self.hour) == (other.offset, other.removals, other.hour)
            && Arc::ptr_eq(&self.merges, &other.merges)
    }
}

struct Held<T, S> {
    stamp: S,
    value: Arc<T>,
    weight: usize,
    used: u64,
}

struct Inner<T, S> {
    held: HashMap<String, Held<T, S>>,
    weight: usize,
    turn: u64,
}

/// Values by question; what was not used for longest goes first.
pub(crate) struct Cache<T, S = Stamp> {
    inner: Mutex<Inner<T, S>>,
    weight_max: usize,
}

impl<T, S: PartialEq> Cache<T, S> {
    /// Holds values of so much weight in all.
    pub(crate) fn new(weight_max: usize) -> Self {
        Self { inner: Mutex::new(Inner { held: HashMap::new(), weight: 0, turn: 0 }), weight_max }
    }

    /// How much all values weigh.
    #[cfg(test)]
    pub(crate) fn weight(&self) -> usize {
        self.inner.lock().weight
    }

    /// The value of a question, if nothing has changed since.
    pub(crate) fn get(&self, key: &str, stamp: &S) -> Option<Arc<T>> {
        let mut inner = self.inner.lock();
        inner.turn += 1;
        let turn = inner.turn;
        let held = inner.held.get_mut(key)?;
        if held.stamp != *stamp {
            let weight = held.weight;
            inner.held.remove(key);
            inner.weight -= weight;
            return None;
        }
        held.used = turn;
        Some(held.value.clone())
    }

    /// Keeps a value, unless it alone is too heavy.
    pub(crate) fn put(&self, key: String, stamp: S, value: Arc<T>, weight: usize) {
        if weight > self.weight_max {
            return;
        }
        let mut inner = self.inner.lock();
        inner.turn += 1;
        let held = Held { stamp, value, weight, used: inner.turn };
        if let Some(before) = inner.held.insert(key, held) {
            inner.weight -= before.weight;
        }
        inner.weight += weight;
        while inner.weight > self.weight_max {
            let oldest = inner.held.iter().min_by_key(|(_, held)| held.used).map(|(key, _)| key.clone());
            let Some(gone) = oldest.and_then(|key| inner.held.remove(&key)) else { break };
            inner.weight -= gone.weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_is_bounded_and_forgets_what_changed() {
        let merges = Merges::default();
        let stamp = |offset| Stamp { offset, removals: 0, hour: 1, merges: merges.clone() };
        let cache: Cache<u32> = Cache::new(10);
        for key in ["a", "b", "c"] {
            cache.put(key.to_owned(), stamp(1), Arc::new(1), 4);
            assert!(cache.get("a", &stamp(1)).is_some() == (key != "x"), "used each time, so it stays");
        }
        assert!(cache.get("b", &stamp(1)).is_none(), "not used for longest");
        assert!(cache.get("c", &stamp(1)).is_some());
        assert!(cache.get("c", &stamp(2)).is_none(), "an event came in");
        assert!(cache.get("c", &stamp(1)).is_none(), "and what was before is gone");
        let other = Stamp { merges: Arc::new([(1, 2)].into()), ..stamp(1) };
        assert!(cache.get("a", &other).is_none(), "two persons became one");
        cache.put("d".to_owned(), stamp(1), Arc::new(1), 4);
        assert!(cache.get("d", &Stamp { removals: 1, ..stamp(1) }).is_none(), "somebody was erased");
        cache.put("heavy".to_owned(), stamp(1), Arc::new(1), 11);
        assert!(cache.get("heavy", &stamp(1)).is_none());
    }
}
