//! From a stored event to what identity needs to know of it. Read back from the raw message, because the lake keeps only
//! what reports need in columns.

use super::wire::{Context, Core, Raw};
use kernel::time::Timestamp;
use lake::{AgentClass, Col, EventKind, Stored};
use memchr::memmem::Finder;
use people::identity::{Observation, ObservationKind};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::sync::LazyLock;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Ids {
    external_ids: Vec<ExternalId>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ExternalId {
    id: String,
    #[serde(rename = "type")]
    kind: String,
}

/// Most foreign keys that are taken from one event.
const EXTERNAL_IDS_MAX: usize = 10;

/// The names under which an event says more about who it was than its ids.
static SAYS_MORE: LazyLock<[Finder<'static>; 3]> =
    LazyLock::new(|| ["\"traits\"", "\"groupId\"", "\"externalIds\""].map(Finder::new));

/// The event at an offset of the log as identity sees it.
pub(crate) fn observe(event: &Stored<'_>, offset: u64) -> Observation {
    let mut observation = Observation {
        offset,
        at: Timestamp::from_micros(event.at),
        received_at: Timestamp::from_micros(event.received_at),
        kind: match event.kind {
            EventKind::Identify => ObservationKind::Identify,
            EventKind::Group => ObservationKind::Group,
            EventKind::Alias => ObservationKind::Alias,
            EventKind::Track | EventKind::Page | EventKind::Screen => ObservationKind::Activity,
        },
        event_id: event.text(Col::EventId).to_owned(),
        user_id: some(event.text(Col::UserId)),
        anonymous_id: some(event.text(Col::AnonymousId)),
        human: !matches!(event.agent_class, AgentClass::Bot | AgentClass::AiAgent),
        ..Observation::default()
    };
    // Most events say nothing more about who it was, and need not be read again.
    let says_more = observation.kind != ObservationKind::Activity
        || SAYS_MORE.iter().any(|word| word.find(event.text(Col::Raw).as_bytes()).is_some());
    if says_more {
        read_more(event, &mut observation);
    }
    observation
}

/// An event whose identifiers cannot be resolved, stripped of them: it belongs to nobody known.
pub(crate) fn anonymous(event: &Stored<'_>, offset: u64) -> Observation {
    Observation {
        offset,
        at: Timestamp::from_micros(event.at),
        received_at: Timestamp::from_micros(event.received_at),
        event_id: event.text(Col::EventId).to_owned(),
        ..Observation::default()
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn object(raw: Option<Raw<'_>>) -> Option<Map<String, Value>> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
}

fn read_more(event: &Stored<'_>, observation: &mut Observation) {
    let Ok(core) = serde_json::from_str::<Core<'_>>(event.text(Col::Raw)) else { return };
    let parsed = core.context.and_then(|raw| serde_json::from_str::<Context<'_>>(raw.get()).ok());
    let context = parsed.unwrap_or_default();
    let ids = core.context.and_then(|raw| serde_json::from_str::<Ids>(raw.get()).ok()).unwrap_or_default();
    observation.previous_id = some(core.previous_id.trim());
    let group = if core.group_id.trim().is_empty() { context.group_id.trim() } else { core.group_id.trim() };
    observation.group_id = some(group);
    observation.external = ids
        .external_ids
        .into_iter()
        .filter(|external| !external.id.trim().is_empty() && !external.kind.trim().is_empty())
        .map(|external| (external.kind.trim().to_owned(), external.id.trim().to_owned()))
        .take(EXTERNAL_IDS_MAX)
        .collect();
    let mut traits = object(context.traits).unwrap_or_default();
    match event.kind {
        EventKind::Identify => traits.extend(object(core.traits).unwrap_or_default()),
        EventKind::Group => observation.group_traits = Some(object(core.traits).unwrap_or_default()),
        _ => {}
    }
    let text = |name: &str| traits.get(name).and_then(Value::as_str).map(str::trim).and_then(some);
    observation.email = text("email");
    observation.phone = text("phone");
    observation.traits = (!traits.is_empty()).then_some(traits);
}
