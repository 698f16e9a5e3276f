//! What was computed before. An answer holds as long as no event came in since, and none was taken out.

use hashbrown::HashMap;
use parking_lot::Mutex;
use people::identity::Merges;
use std::sync::{Arc, Weak};

/// What an answer depends on beside its question.
#[derive(Debug, Clone)]
pub(crate) struct Stamp {
    /// The last event that was counted.
    pub(crate) offset: u64,
    /// How often events were taken out: erased, or too old.
    pub(crate) removals: u64,
    /// The hour it was given in: which periods are over depends on it.
    pub(crate) hour: i64,
    /// Which persons are one: only to be known again, so that an answer does not keep the map of its time in memory.
    pub(crate) merges: Weak<std::collections::HashMap<u64, u64>>,
}

impl PartialEq for Stamp {
    fn eq(&self, other: &Self) -> bool {
        (self.offset, self.removals, self.hour) == (other.offset, other.removals, other.hour)
            && Weak::ptr_eq(&self.merges, &other.merges)
    }
}

struct Held<T, S> {
    stamp: S,
    value: Arc<T>,
    weight: usize,
    /// The map that the value keeps in memory, maybe together with others.
    merges: Option<Merges>,
    used: u64,
}

struct Inner<T, S> {
    held: HashMap<String, Held<T, S>>,
    /// By the address of each map how many values keep it: it weighs once.
    maps: HashMap<usize, usize>,
    weight: usize,
    turn: u64,
}

/// About how many bytes a map takes: a seventh more places than it may hold, each with a byte beside it.
fn bytes_of(merges: &Merges) -> usize {
    merges.capacity() / 7 * 8 * (size_of::<(u64, u64)>() + 1)
}

impl<T, S> Inner<T, S> {
    fn add(&mut self, key: String, held: Held<T, S>) {
        self.weight += held.weight;
        if let Some(merges) = &held.merges {
            let keepers = self.maps.entry(Arc::as_ptr(merges).addr()).or_default();
            *keepers += 1;
            if *keepers == 1 {
                self.weight += bytes_of(merges);
            }
        }
        self.held.insert(key, held);
    }

    fn remove(&mut self, key: &str) {
        let Some(held) = self.held.remove(key) else { return };
        self.weight -= held.weight;
        let Some(merges) = &held.merges else { return };
        let place = Arc::as_ptr(merges).addr();
        if let Some(keepers) = self.maps.get_mut(&place) {
            *keepers -= 1;
            if *keepers == 0 {
                self.maps.remove(&place);
                self.weight -= bytes_of(merges);
            }
        }
    }
}

/// Values by question; what was not used for longest goes first.
pub(crate) struct Cache<T, S = Stamp> {
    inner: Mutex<Inner<T, S>>,
    weight_max: usize,
}

impl<T, S: PartialEq> Cache<T, S> {
    /// Holds values of so much weight in all.
    pub(crate) fn new(weight_max: usize) -> Self {
        let inner = Inner { held: HashMap::new(), maps: HashMap::new(), weight: 0, turn: 0 };
        Self { inner: Mutex::new(inner), weight_max }
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
            inner.remove(key);
            return None;
        }
        held.used = turn;
        Some(held.value.clone())
    }

    /// Keeps a value in place of the one before, unless it alone is too heavy.
    pub(crate) fn put(&self, key: String, stamp: S, value: Arc<T>, weight: usize) {
        self.put_with(key, stamp, value, weight, None);
    }

    /// As [`Cache::put`], of a value that keeps a map in memory. However many values do, the map weighs once.
    pub(crate) fn put_with(&self, key: String, stamp: S, value: Arc<T>, weight: usize, merges: Option<Merges>) {
        let mut inner = self.inner.lock();
        inner.remove(&key);
        if weight + merges.as_ref().map_or(0, bytes_of) > self.weight_max {
            return;
        }
        inner.turn += 1;
        let used = inner.turn;
        inner.add(key, Held { stamp, value, weight, merges, used });
        while inner.weight > self.weight_max {
            let oldest = inner.held.iter().min_by_key(|(_, held)| held.used).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { break };
            inner.remove(&oldest);
        }
    }

    /// Forgets the values of all questions that begin with this text.
    pub(crate) fn forget(&self, beginning: &str) {
        let mut inner = self.inner.lock();
        let gone: Vec<String> = inner.held.keys().filter(|key| key.starts_with(beginning)).cloned().collect();
        gone.iter().for_each(|key| inner.remove(key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_is_bounded_and_forgets_what_changed() {
        let merges = Merges::default();
        let stamp = |offset| Stamp { offset, removals: 0, hour: 1, merges: Arc::downgrade(&merges) };
        let cache: Cache<u32> = Cache::new(10);
        for key in ["a", "b", "c"] {
            cache.put(key.to_owned(), stamp(1), Arc::new(1), 4);
            assert!(cache.get("a", &stamp(1)).is_some() == (key != "x"), "used each time, so it stays");
        }
        assert!(cache.get("b", &stamp(1)).is_none(), "not used for longest");
        assert!(cache.get("c", &stamp(1)).is_some());
        assert!(cache.get("c", &stamp(2)).is_none(), "an event came in");
        assert!(cache.get("c", &stamp(1)).is_none(), "and what was before is gone");
        let merged = Merges::new([(1, 2)].into());
        let other = Stamp { merges: Arc::downgrade(&merged), ..stamp(1) };
        assert!(cache.get("a", &other).is_none(), "two persons became one");
        cache.put("d".to_owned(), stamp(1), Arc::new(1), 4);
        assert!(cache.get("d", &Stamp { removals: 1, ..stamp(1) }).is_none(), "somebody was erased");
        cache.put("heavy".to_owned(), stamp(1), Arc::new(1), 9);
        cache.put("heavy".to_owned(), stamp(1), Arc::new(1), 11);
        assert!(cache.get("heavy", &stamp(1)).is_none(), "nor is what was there before");
        assert_eq!(cache.weight(), 0);
    }

    fn map(merges: u64) -> Merges {
        Arc::new((0..merges).map(|person| (person, person + 1)).collect())
    }

    #[test]
    fn a_map_of_merges_weighs_once_and_as_long_as_a_value_keeps_it() {
        let (one, two) = (map(1_000), map(1_000));
        let bytes = bytes_of(&one);
        assert!(bytes >= 1_000 * 16 && bytes == bytes_of(&two));
        let cache: Cache<u32, ()> = Cache::new(bytes + 10);
        let put = |key: &str, merges: &Merges| cache.put_with(key.to_owned(), (), Arc::new(1), 2, Some(merges.clone()));
        put("a", &one);
        put("b", &one);
        assert_eq!(cache.weight(), bytes + 4);
        put("a", &one);
        assert_eq!(cache.weight(), bytes + 4);
        put("c", &two);
        assert_eq!(cache.weight(), bytes + 2, "both maps do not fit");
        assert!(cache.get("a", &()).is_none() && cache.get("b", &()).is_none());
        assert_eq!((Arc::strong_count(&one), Arc::strong_count(&two)), (1, 2));
        cache.put("c".to_owned(), (), Arc::new(1), 3);
        assert_eq!((cache.weight(), Arc::strong_count(&two)), (3, 1));
        cache.put_with("c".to_owned(), (), Arc::new(1), 11, Some(two));
        assert_eq!(cache.weight(), 0, "too heavy together with its map");
    }

    #[test]
    fn a_stamp_keeps_no_map() {
        let merges = map(10);
        let stamp = Stamp { offset: 1, removals: 0, hour: 1, merges: Arc::downgrade(&merges) };
        let cache: Cache<u32> = Cache::new(10);
        cache.put("a".to_owned(), stamp.clone(), Arc::new(1), 4);
        assert_eq!((cache.get("a", &stamp).is_some(), Arc::strong_count(&merges)), (true, 1));
    }

    #[test]
    fn what_begins_so_is_forgotten() {
        let cache: Cache<u32, ()> = Cache::new(10);
        for key in ["w1 a", "w1 b", "w10 a"] {
            cache.put(key.to_owned(), (), Arc::new(1), 3);
        }
        cache.forget("w1 ");
        assert_eq!((cache.get("w1 a", &()), cache.get("w1 b", &()), cache.weight()), (None, None, 3));
        assert!(cache.get("w10 a", &()).is_some());
    }
}
