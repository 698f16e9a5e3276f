//! Messages of the Segment HTTP API, as values: from the bytes of a request to events, and from a stored event to what
//! identity needs to know of it.
//!
//! parse → check → stamp → describe (who sent it, where it came from): each step is a pure function of the message and
//! of what is known about the request.
//!
//! **Invariant:** a message gives an event or a rejection with its reason; nothing is dropped.
//! **Invariant:** neither a write key nor a whole IP address is in what comes out.

mod again;
mod body;
mod mask;
mod observe;
mod place;
mod quick;
mod read;
mod reason;
mod stamp;
mod wire;
mod worth;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_quick;

pub(crate) use again::{Again, again};
pub(crate) use body::{Body, key_of_first, messages, unpack};
pub(crate) use observe::{anonymous, observe};
pub use place::CountryBasis;
pub(crate) use read::{Rejected, Request, read, visible};
pub use reason::{Doubt, Rejection};

use lake::Event;
use place::{Hints, country};
use wire::{Context, Core};

/// Reads a batch into the types of this module and does nothing with it: the floor under taking it in. Returns how many
/// messages could be read.
#[must_use]
pub fn parse_only(bytes: &[u8]) -> usize {
    let body = messages(bytes, true);
    let sound = body.messages.iter().filter(|raw| {
        let Ok(core) = serde_json::from_str::<Core<'_>>(raw.get()) else { return false };
        let context = core.context.and_then(|raw| serde_json::from_str::<Context<'_>>(raw.get()).ok());
        let bag = core.properties.or(core.traits).and_then(|raw| serde_json::from_str::<wire::Bag<'_>>(raw.get()).ok());
        std::hint::black_box((context, bag)).1.is_some()
    });
    sound.count()
}

/// What the country of a stored event was derived from; none when it has no country.
#[must_use]
pub fn country_basis(event: &Event) -> Option<CountryBasis> {
    if event.country.is_empty() {
        return None;
    }
    let core = serde_json::from_str::<Core<'_>>(&event.raw).ok()?;
    let context = core.context.and_then(|raw| serde_json::from_str::<Context<'_>>(raw.get()).ok()).unwrap_or_default();
    let hints = Hints {
        location: context.location.as_ref().map_or("", |location| &location.country),
        edge: "",
        time_zone: &context.timezone,
        locale: &context.locale,
    };
    // The header of the request is not stored: what the message itself does not give came from there.
    let found = country(&hints).filter(|(code, _)| *code == event.country);
    Some(found.map_or(CountryBasis::NetworkEdge, |(_, basis)| basis))
}
