//! How often signing in failed: who guesses has to wait.
//!
//! Three counts: an e-mail address from one network address (a person who mistypes, or a guesser), all of one network
//! address (a guesser of many accounts), all of one e-mail address (many guessers of one account; the limit is high, so
//! that a stranger cannot easily lock somebody out). Successes do not count.
//!
//! **Invariant:** an attempt counts before its password is looked at, so that attempts at the same time are not free.
//! **Invariant:** what a stranger sends is kept as a hash, for a quarter of an hour, and at most so many of them.

use kernel::problem::{Class, Problem};
use kernel::time::{MINUTE, SECOND, Timestamp};
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use std::collections::{HashMap, VecDeque};

const WINDOW: i64 = 15 * MINUTE;
/// Counts that are kept; beyond it the oldest go.
const KEPT_MAX: usize = 100_000;

type Key = [u8; 16];

#[derive(Default)]
struct Counts {
    by_key: HashMap<Key, (u32, Timestamp)>,
    /// When each count began, the oldest first.
    begun: VecDeque<(Timestamp, Key)>,
}

pub(crate) struct Failures {
    limit: u32,
    counts: Mutex<Counts>,
}

fn key(one: &str, other: &str) -> Key {
    let digest = Sha256::new().chain_update(one).chain_update([0]).chain_update(other).finalize();
    std::array::from_fn(|place| digest[place])
}

impl Counts {
    fn prune(&mut self, now: Timestamp) {
        while let Some((since, key)) = self.begun.front().copied() {
            if now.since(since) < WINDOW && self.begun.len() <= KEPT_MAX {
                return;
            }
            self.begun.pop_front();
            if self.by_key.get(&key).is_some_and(|count| count.1 == since) {
                self.by_key.remove(&key);
            }
        }
    }

    fn add(&mut self, key: Key, now: Timestamp) {
        let begun = &mut self.begun;
        let count = self.by_key.entry(key).or_insert_with(|| {
            begun.push_back((now, key));
            (0, now)
        });
        count.0 = count.0.saturating_add(1);
    }
}

impl Failures {
    pub(crate) fn new(limit: u32) -> Self {
        Self { limit, counts: Mutex::default() }
    }

    fn keys(&self, email_key: &str, address: &str) -> [(Key, u32); 3] {
        [
            (key(email_key, address), self.limit),
            (key("*", address), self.limit.saturating_mul(5)),
            (key(email_key, "*"), self.limit.saturating_mul(10)),
        ]
    }

    /// Counts an attempt, or refuses it when there were too many failures; the answer is the same whether or not the
    /// account exists.
    pub(crate) fn attempt(&self, email_key: &str, address: &str, now: Timestamp) -> Result<(), Problem> {
        let mut counts = self.counts.lock();
        counts.prune(now);
        let keys = self.keys(email_key, address);
        for (key, limit) in keys {
            if let Some((count, since)) = counts.by_key.get(&key)
                && *count >= limit
            {
                let seconds = u64::try_from((WINDOW - now.since(*since)) / SECOND).unwrap_or(0) + 1;
                let message = format!("Too many failed sign-ins. Try again in {} min.", seconds.div_ceil(60));
                return Err(Problem::new(Class::TooMany, "too_many_sign_ins", message).retry_after(seconds));
            }
        }
        keys.into_iter().for_each(|(key, _)| counts.add(key, now));
        Ok(())
    }

    /// Takes an attempt back that could not be decided.
    pub(crate) fn undecided(&self, email_key: &str, address: &str) {
        let mut counts = self.counts.lock();
        for (key, _) in self.keys(email_key, address) {
            if let Some((count, _)) = counts.by_key.get_mut(&key) {
                *count = count.saturating_sub(1);
            }
        }
    }

    /// Takes an attempt back that succeeded, and forgets the failures before it.
    pub(crate) fn succeeded(&self, email_key: &str, address: &str) {
        self.undecided(email_key, address);
        let [own, _, _] = self.keys(email_key, address);
        if let Some((count, _)) = self.counts.lock().by_key.get_mut(&own.0) {
            *count = 0;
        }
    }

    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.counts.lock().begun.len()
    }
}
