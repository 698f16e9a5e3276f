//! Typed, prefixed, time-ordered ids: the one registry of prefixes.
//!
//! A text id is `<prefix>_<26 characters of Crockford base 32>`: 48 bits of milliseconds, then 80 random bits, so that
//! ids sort by creation. A person is different: its id is a 63-bit integer, because the lake stores and hashes it for
//! every event; it is shown as `per_<13 characters>`.

use crate::time::Timestamp;
use rand::Rng;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An id that does not have the form of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not an id of the form `{prefix}_…`")]
pub struct BadId {
    /// The text that was given.
    pub found: String,
    /// The prefix that was expected.
    pub prefix: &'static str,
}

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schema(value_type = String)]
        pub struct $name(String);

        impl $name {
            /// The text before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id, ordered by `now`.
            pub fn new(now: Timestamp, rng: &mut impl Rng) -> Self {
                Self(time_ordered($prefix, now, rng))
            }

            /// The id as text, prefix included.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// When it was made, to the millisecond.
            #[must_use]
            pub fn made_at(&self) -> Timestamp {
                made_at(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                check(text, $prefix).map(|()| Self(text.to_owned()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                check(&text, $prefix).map(|()| Self(text))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    )+};
}

text_ids! {
    /// One entry of the audit chain.
    AuditId = "aud";
    /// A company.
    CompanyId = "com";
    /// A deal.
    DealId = "dea";
    /// An erasure of a person.
    ErasureId = "ers";
    /// A saved exploration.
    ExplorationId = "exp";
    /// An import: one uploaded file and what became of it.
    ImportId = "imp";
    /// A background job.
    JobId = "job";
    /// An API key or a write key.
    KeyId = "key";
    /// A line of the ledger.
    LedgerId = "led";
    /// A rejected event, kept with its reason.
    QuarantineId = "qua";
    /// A saved SQL query or view.
    QueryId = "qry";
    /// A signed-in browser.
    SessionId = "ses";
    /// A user: somebody who can sign in.
    UserId = "usr";
    /// A workspace.
    WorkspaceId = "wsp";
}

fn time_ordered(prefix: &str, now: Timestamp, rng: &mut impl Rng) -> String {
    let millis = u64::try_from(now.micros() / 1_000).unwrap_or(0);
    let random = (u128::from(rng.next_u64()) << 64) | u128::from(rng.next_u64());
    format!("{prefix}_{}", ulid::Ulid::from_parts(millis, random).to_string().to_lowercase())
}

fn made_at(text: &str) -> Timestamp {
    let body = text.rsplit('_').next().unwrap_or_default();
    let millis = ulid::Ulid::from_string(body).map_or(0, |id| id.timestamp_ms());
    Timestamp::from_micros(i64::try_from(millis).unwrap_or(0) * 1_000)
}

fn check(text: &str, prefix: &'static str) -> Result<(), BadId> {
    let bad = || BadId { found: text.chars().take(64).collect(), prefix };
    let body = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).ok_or_else(bad)?;
    if body.len() == 26 && body.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase()) {
        Ok(())
    } else {
        Err(bad())
    }
}

/// A person. A positive 63-bit integer, so that it fits a signed column of any store and hashes fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, example = "per_01k8x0w3c5r7n")]
pub struct PersonId(u64);

const BASE32: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl PersonId {
    /// The text before the underscore.
    pub const PREFIX: &'static str = "per";

    /// The person with this number.
    ///
    /// # Errors
    /// [`BadId`] when the number does not fit 63 bits.
    pub fn from_number(number: u64) -> Result<Self, BadId> {
        if number >> 63 == 0 {
            Ok(Self(number))
        } else {
            Err(BadId { found: number.to_string(), prefix: Self::PREFIX })
        }
    }

    /// The number the lake and the database store.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }

    /// The number as the signed integer a database column holds; never negative.
    #[must_use]
    pub fn column(self) -> i64 {
        self.0.cast_signed()
    }

    /// When it was made, to the millisecond; numbers that were handed out one after the other share that of the first.
    #[must_use]
    pub fn made_at(self) -> Timestamp {
        Timestamp::from_micros((self.0 >> 21).cast_signed() * 1_000)
    }

    /// The first number a process may hand out at `now`: 42 bits of milliseconds, then 21 bits of chance, so that two
    /// processes that start in the same millisecond rarely meet (the primary key refuses the rest).
    pub fn first_number(now: Timestamp, rng: &mut impl Rng) -> u64 {
        let millis = u64::try_from(now.micros() / 1_000).unwrap_or(0) & ((1 << 42) - 1);
        (millis << 21) | (rng.next_u64() & 0xF_FFFF)
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0_u8; 13];
        for (place, byte) in text.iter_mut().rev().enumerate() {
            *byte = BASE32[usize::try_from((self.0 >> (5 * place)) & 31).unwrap_or(0)];
        }
        write!(f, "per_{}", String::from_utf8_lossy(&text))
    }
}

impl FromStr for PersonId {
    type Err = BadId;
    fn from_str(text: &str) -> Result<Self, BadId> {
        let bad = || BadId { found: text.chars().take(64).collect(), prefix: Self::PREFIX };
        let body = text.strip_prefix("per_").filter(|body| body.len() == 13).ok_or_else(bad)?;
        let number = body.bytes().try_fold(0_u64, |sum, byte| {
            let digit = BASE32.iter().position(|known| *known == byte)?;
            sum.checked_mul(32)?.checked_add(digit as u64)
        });
        Self::from_number(number.ok_or_else(bad)?)
    }
}

impl TryFrom<String> for PersonId {
    type Error = BadId;
    fn try_from(text: String) -> Result<Self, BadId> {
        text.parse()
    }
}

impl From<PersonId> for String {
    fn from(id: PersonId) -> String {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;

    #[test]
    fn ids_sort_by_creation_and_round_trip() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let early = DealId::new(Timestamp::from_micros(1_700_000_000_000_000), &mut rng);
        let late = DealId::new(Timestamp::from_micros(1_700_000_000_001_000), &mut rng);
        assert!(early < late);
        assert_eq!(late.made_at(), Timestamp::from_micros(1_700_000_000_001_000));
        assert_eq!(early.to_string().parse::<DealId>(), Ok(early));
        let person = PersonId::first_number(late.made_at(), &mut rng);
        assert_eq!(PersonId::from_number(person + 1).unwrap().made_at(), late.made_at());
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let user = UserId::new(Timestamp::from_micros(0), &mut rng);
        let error = user.as_str().parse::<DealId>().unwrap_err();
        assert_eq!(error.prefix, "dea");
    }

    proptest! {
        #[test]
        fn a_person_round_trips_and_keeps_its_order(a in 0_u64..1 << 63, b in 0_u64..1 << 63) {
            let (first, second) = (PersonId::from_number(a).unwrap(), PersonId::from_number(b).unwrap());
            prop_assert_eq!(first.to_string().parse::<PersonId>().unwrap(), first);
            prop_assert_eq!(first.to_string().cmp(&second.to_string()), a.cmp(&b));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,40}") {
            let _ = text.parse::<PersonId>();
            let _ = text.parse::<DealId>();
        }
    }
}
