//! How often signing in failed: who guesses has to wait.
//!
//! Three counts: an e-mail address from one network address (a person who mistypes, or a guesser), all of one network
//! address (a guesser of many accounts), all of one e-mail address (many guessers of one account; the limit is high, so
//! that a stranger cannot easily lock somebody out). Successes do not count.

use kernel::problem::{Class, Problem};
use kernel::time::{MINUTE, SECOND, Timestamp};
use parking_lot::Mutex;
use std::collections::HashMap;

const WINDOW: i64 = 15 * MINUTE;
/// Counts that are kept before old ones are dropped.
const KEPT: usize = 20_000;

pub(crate) struct Failures {
    limit: u32,
    counts: Mutex<HashMap<String, (u32, Timestamp)>>,
}

impl Failures {
    pub(crate) fn new(limit: u32) -> Self {
        Self { limit, counts: Mutex::default() }
    }

    fn keys(&self, email_key: &str, address: &str) -> [(String, u32); 3] {
        [
            (format!("{email_key} {address}"), self.limit),
            (format!("* {address}"), self.limit.saturating_mul(5)),
            (format!("{email_key} *"), self.limit.saturating_mul(10)),
        ]
    }

    /// Refuses when there were too many failures; the answer is the same whether or not the account exists.
    pub(crate) fn check(&self, email_key: &str, address: &str, now: Timestamp) -> Result<(), Problem> {
        let counts = self.counts.lock();
        for (key, limit) in self.keys(email_key, address) {
            if let Some((count, since)) = counts.get(&key)
                && *count >= limit
                && now.since(*since) < WINDOW
            {
                let seconds = u64::try_from((WINDOW - now.since(*since)) / SECOND).unwrap_or(0) + 1;
                let message = format!("Too many failed sign-ins. Try again in {} min.", seconds.div_ceil(60));
                return Err(Problem::new(Class::TooMany, "too_many_sign_ins", message).retry_after(seconds));
            }
        }
        Ok(())
    }

    pub(crate) fn add(&self, email_key: &str, address: &str, now: Timestamp) {
        let mut counts = self.counts.lock();
        if counts.len() > KEPT {
            counts.retain(|_, (_, since)| now.since(*since) < WINDOW);
        }
        for (key, _) in self.keys(email_key, address) {
            let entry = counts.entry(key).or_insert((0, now));
            if now.since(entry.1) >= WINDOW {
                *entry = (0, now);
            }
            entry.0 = entry.0.saturating_add(1);
        }
    }

    /// Forgets the failures of somebody who got in.
    pub(crate) fn clear(&self, email_key: &str, address: &str) {
        let mut counts = self.counts.lock();
        let [own, _, _] = self.keys(email_key, address);
        counts.remove(&own.0);
    }
}
