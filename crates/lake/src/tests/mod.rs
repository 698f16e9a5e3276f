//! The lake as a whole: exactly once in every order of arrival, through seals, merges, failures and crashes.

mod bounded;
mod crash;
mod erase;
mod exact;
mod facade;
mod kill;
mod kill_child;
mod rederive;

use crate::fold::{Dict, EventRef, Fold};
use crate::{
    AgentClass, Cancel, Catalog, Col, Columns, Derivation, Derive, DeriveRow, Event, EventKind, FileCatalog,
    FoldOptions, Lake, LakeConfig, LakeError, Verdict,
};
use kernel::time::{SimClock, Timestamp};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// 2026-01-15T00:00:00Z.
pub(crate) const START: i64 = 1_768_435_200_000_000;

/// An event whose person the test's consumer reads from its user id.
pub(crate) fn event(id: &str, person: u64, at: i64, name: &str) -> Event {
    Event {
        event_id: id.to_owned(),
        at,
        received_at: at + 1,
        name: name.to_owned(),
        user_id: person.to_string(),
        kind: EventKind::Track,
        device: "desktop".to_owned(),
        value: person.is_multiple_of(2).then_some(at % 1000),
        properties: format!("{{\"plan\":\"p{}\"}}", person % 3),
        raw: format!("{{\"messageId\":\"{id}\",\"properties\":{{\"plan\":\"p{}\"}}}}", person % 3),
        ..Event::default()
    }
}

/// Settings under which little data already fills segments, chunks, files and runs.
pub(crate) fn small(folder: &Path) -> LakeConfig {
    LakeConfig {
        buckets: 4,
        segment_bytes: 1_000,
        files_max: 2,
        runs_max: 2,
        hot_events_max: 20,
        fold_threads: 2,
        ..LakeConfig::at(folder)
    }
}

pub(crate) async fn open_with(config: LakeConfig) -> Result<Lake, LakeError> {
    open_at(config, Arc::new(SimClock::new(Timestamp::from_micros(START)))).await
}

pub(crate) async fn open_at(config: LakeConfig, clock: Arc<SimClock>) -> Result<Lake, LakeError> {
    let catalog: Arc<dyn Catalog> = Arc::new(FileCatalog::new(config.folder.join("catalog.json")));
    Lake::open(config, catalog, clock).await
}

pub(crate) async fn open(folder: &Path) -> Lake {
    open_with(small(folder)).await.unwrap()
}

/// What the ingest pump does: next, dedup, resolve, admit, until nothing waits.
pub(crate) async fn pump(lake: &Lake) {
    while lake.watermark().offset < lake.watermark().appended_offset {
        let mut events = lake.next(7).await.unwrap();
        let up_to = events.last().unwrap().offset;
        lake.dedup(&mut events).await.unwrap();
        for event in &mut events {
            event.person = event.user_id.parse().unwrap();
        }
        lake.admit(events, up_to).await.unwrap();
    }
}

/// Rules for a test: what they say of an event depends on its id and on their version, and for many ids on the id alone.
pub(crate) struct ByVersion(pub(crate) u32);

impl ByVersion {
    pub(crate) fn of(&self, event_id: &str) -> Derivation {
        let sum: u32 = event_id.bytes().map(u32::from).sum();
        let agent_class = if (sum + self.0).is_multiple_of(7) { AgentClass::Bot } else { AgentClass::Human };
        Derivation {
            channel: format!("c{}", (sum + self.0 * (sum % 4)) % 3),
            channel_rule: self.0,
            agent_class,
            agent_reason: format!("{} by {}", agent_class.as_str(), self.0),
        }
    }

    /// The event as somebody takes it in who has these rules.
    pub(crate) fn stamped(&self, mut event: Event) -> Event {
        let new = self.of(&event.event_id);
        event.channel = new.channel;
        event.channel_rule = new.channel_rule;
        event.agent_class = new.agent_class;
        event.agent_reason = new.agent_reason;
        event
    }
}

impl Derive for ByVersion {
    fn columns(&self) -> Columns {
        Columns::of(&[Col::EventId])
    }

    fn derive(&mut self, row: &DeriveRow<'_>) -> Verdict {
        let new = self.of(row.text(Col::EventId));
        let is_same = new.channel == row.text(Col::Channel) && new.agent_class == row.agent_class();
        if is_same { Verdict::Same } else { Verdict::New(new) }
    }
}

/// (at, offset, name with channel and class where there are any, value) of one event.
pub(crate) type Seen = (i64, u64, String, Option<i64>);

/// A name with what was derived, if anything was.
pub(crate) fn named(name: &str, channel: &str, class: AgentClass, reason: &str) -> String {
    if channel.is_empty() { name.to_owned() } else { format!("{name} {channel} {} {reason}", class.as_str()) }
}

/// Writes down everything a fold sees.
#[derive(Clone)]
pub(crate) struct TraceFold;

impl Fold for TraceFold {
    type State = Vec<Seen>;
    type Output = BTreeMap<u64, Vec<Vec<Seen>>>;

    fn columns(&self) -> Columns {
        let texts = [Col::Name, Col::Raw, Col::Channel, Col::AgentReason];
        Columns::of(&texts).with_value().with_offset().with_agent_class()
    }

    fn init(&self) -> Vec<Seen> {
        Vec::new()
    }

    fn step(&self, state: &mut Vec<Seen>, event: &EventRef<'_>) {
        assert!(event.text(Col::Raw).starts_with("{\"messageId\""));
        let (channel, class) = (event.text(Col::Channel), event.agent_class());
        let name = named(event.text(Col::Name), channel, class, event.text(Col::AgentReason));
        state.push((event.at(), event.offset(), name, event.value()));
    }

    fn finish(&self, person: u64, state: &mut Vec<Seen>, _dict: &Dict, output: &mut Self::Output) {
        output.entry(person).or_default().push(std::mem::take(state));
    }

    fn output(&self) -> Self::Output {
        BTreeMap::new()
    }

    fn merge(&self, into: &mut Self::Output, from: Self::Output) {
        for (person, traces) in from {
            into.entry(person).or_default().extend(traces);
        }
    }
}

/// What a fold over everything sees; each person is finished exactly once.
pub(crate) async fn trace(lake: &Lake, options: &FoldOptions) -> BTreeMap<u64, Vec<Seen>> {
    let traces = lake.fold(&TraceFold, options).await.unwrap();
    traces
        .into_iter()
        .map(|(person, mut traces)| {
            assert_eq!(traces.len(), 1, "person {person} was finished more than once");
            (person, traces.remove(0))
        })
        .collect()
}

pub(crate) async fn assert_sound(lake: &Lake) {
    assert_eq!(lake.check().await.unwrap().problems, Vec::<String>::new());
}

pub(crate) fn cancelled() -> FoldOptions {
    let cancel = Cancel::default();
    cancel.cancel();
    FoldOptions { cancel, ..FoldOptions::default() }
}
