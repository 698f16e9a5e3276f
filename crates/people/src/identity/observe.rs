//! From an event to identifiers.

use super::model::{Observation, ObservationKind};
use kernel::ids::PersonId;
use science::identity::{Graph, Identifier, Kind, Refusal, View, looks_like_device_id, normal_email};

/// The bit that marks a person without a row: a bot, or an event that names nobody. Persons with a row are numbered by
/// time and do not reach it before the year 2039.
const LIGHT: u64 = 1 << 62;

/// Whether this is not a person but a number from a hash: a bot, or an event that names nobody. There is no row for it.
#[must_use]
pub fn is_light(person: PersonId) -> bool {
    person.number() & LIGHT != 0
}

/// The number from a hash for this text.
pub(crate) fn light(text: &str) -> u64 {
    LIGHT | (xxhash_rust::xxh3::xxh3_64(text.as_bytes()) & (LIGHT - 1))
}

/// What an event says about who it belongs to.
#[derive(Debug, Default)]
pub(crate) struct Sighting {
    /// In normal form, the most important first.
    pub(crate) identifiers: Vec<Identifier>,
    /// The user id an alias replaces, in both of its possible meanings.
    pub(crate) previous: Vec<Identifier>,
    /// Values that cannot be identifiers: key and reason.
    pub(super) refused: Vec<(String, Refusal)>,
}

impl Sighting {
    pub(crate) fn of(event: &Observation) -> Self {
        let mut sighting = Self::default();
        sighting.add(Kind::UserId, event.user_id.as_deref());
        sighting.add(Kind::Email, event.email.as_deref());
        // Teams that use the e-mail address as user id mean both.
        if event.email.is_none() && event.user_id.as_deref().is_some_and(|id| normal_email(id).is_some()) {
            sighting.add(Kind::Email, event.user_id.as_deref());
        }
        if event.kind != ObservationKind::Alias {
            sighting.add(Kind::AnonymousId, event.anonymous_id.as_deref());
        }
        sighting.add(Kind::Phone, event.phone.as_deref());
        for (system, key) in &event.external {
            if let Some(kind) = Kind::parse(&format!("ext:{system}")) {
                sighting.add(kind, Some(key));
            }
        }
        if let Some(previous) = event.previous_id.as_deref().filter(|_| event.kind == ObservationKind::Alias) {
            for kind in [Kind::AnonymousId, Kind::UserId] {
                match Identifier::new(kind, previous) {
                    Ok(identifier) => sighting.previous.push(identifier),
                    Err(reason) => sighting.refused.push((format!("user_id:{previous}"), reason)),
                }
            }
            sighting.refused.truncate(8);
        }
        sighting.identifiers.sort();
        sighting.identifiers.dedup();
        sighting
    }

    fn add(&mut self, kind: Kind, raw: Option<&str>) {
        let Some(raw) = raw.filter(|raw| !raw.trim().is_empty()) else { return };
        match Identifier::new(kind.clone(), raw) {
            Ok(identifier) => self.identifiers.push(identifier),
            Err(reason) => {
                let short: String = raw.chars().take(200).collect();
                self.refused.push((format!("{kind}:{short}"), reason));
            }
        }
    }

    /// The identifiers to decide on. The id before an alias is what it is known as; when it is not known, it is a
    /// browser's if it looks like one, else a user id.
    pub(super) fn with_previous(&self, graph: &Graph) -> Vec<Identifier> {
        let mut all = self.identifiers.clone();
        let known: Vec<&Identifier> = self.previous.iter().filter(|one| graph.home(one).is_some()).collect();
        if known.is_empty() {
            let device = self.previous.first().is_some_and(|one| looks_like_device_id(one.value()));
            let kind = if device { Kind::AnonymousId } else { Kind::UserId };
            all.extend(self.previous.iter().filter(|one| *one.kind() == kind).cloned());
        } else {
            all.extend(known.into_iter().cloned());
        }
        all
    }

    /// The number of a bot, or of nobody: the same for the same browser.
    pub(super) fn light(&self, event: &Observation) -> u64 {
        let named = self.identifiers.first().map(Identifier::key);
        light(&named.unwrap_or_else(|| format!("event:{}", event.event_id)))
    }
}
