//! What became of an admitted batch, told only when somebody asks: most of it nobody ever looks at.

use crate::events::{Fate, FateStatus, Fates};
use hashbrown::HashMap;
use kernel::ids::PersonId;
use kernel::time::Timestamp;
use lake::{Batch, Col, Owner, Stored};
use std::sync::Arc;

/// Why an event is not simply accepted.
pub(super) struct Why {
    pub(super) code: &'static str,
    pub(super) reason: String,
}

/// What is told of an event of somebody who was erased: not whose it was, nor anything that says it.
pub(super) fn erased(event: &Stored<'_>) -> Fate {
    Fate {
        sequence: 0,
        status: FateStatus::Rejected,
        code: "erased".to_owned(),
        reason: "the person was erased; the event is not stored and not kept".to_owned(),
        offset: None,
        quarantine: None,
        at: Timestamp::from_micros(event.at),
        received_at: Timestamp::from_micros(event.received_at),
        kind: event.kind.as_str().to_owned(),
        name: event.text(Col::Name).to_owned(),
        person: None,
        user_id: String::new(),
        anonymous_id: String::new(),
        message_id: String::new(),
        write_key: event.text(Col::WriteKey).to_owned(),
        library: String::new(),
        channel: String::new(),
        url: String::new(),
        agent_class: String::new(),
        agent_reason: String::new(),
    }
}

/// The events of a batch, and what became of each.
pub(super) struct ToldBatch {
    kept: Arc<Batch>,
    owners: Vec<Owner>,
    repeats: Batch,
    /// Doubts, by place among the kept.
    doubtful: HashMap<usize, Why>,
    /// In the order of the log: whether it is a repeat, and its place.
    order: Vec<(bool, usize)>,
}

impl ToldBatch {
    pub(super) fn new(kept: Arc<Batch>, owners: Vec<Owner>, repeats: Batch, doubtful: HashMap<usize, Why>) -> Self {
        let mut order: Vec<(bool, usize)> = Vec::with_capacity(kept.len() + repeats.len());
        order.extend((0..kept.len()).map(|place| (false, place)));
        if !repeats.is_empty() {
            order.extend((0..repeats.len()).map(|place| (true, place)));
            order.sort_by_key(
                |(is_repeat, place)| if *is_repeat { repeats.offset(*place) } else { kept.offset(*place) },
            );
        }
        Self { kept, owners, repeats, doubtful, order }
    }
}

impl Fates for ToldBatch {
    fn count(&self) -> usize {
        self.order.len()
    }

    fn fate(&self, number: usize) -> Option<Fate> {
        let (is_repeat, place) = *self.order.get(number)?;
        let batch = if is_repeat { &self.repeats } else { &self.kept };
        let event = batch.event(place).ok()?;
        let text = |column| event.text(column).to_owned();
        let doubt = self.doubtful.get(&place).filter(|_| !is_repeat);
        let (status, code, reason) = match doubt {
            _ if is_repeat => (FateStatus::Duplicate, "duplicate", "an event with this message id is already stored"),
            Some(why) => (FateStatus::Suspicious, why.code, why.reason.as_str()),
            None => (FateStatus::Accepted, "", ""),
        };
        let person = self.owners.get(place).filter(|_| !is_repeat).map_or(0, |owner| owner.person);
        Some(Fate {
            sequence: 0,
            status,
            code: code.to_owned(),
            reason: reason.to_owned(),
            offset: Some(batch.offset(place)),
            quarantine: None,
            at: Timestamp::from_micros(event.at),
            received_at: Timestamp::from_micros(event.received_at),
            kind: event.kind.as_str().to_owned(),
            name: text(Col::Name),
            person: PersonId::from_number(person).ok().filter(|person| person.number() != 0),
            user_id: text(Col::UserId),
            anonymous_id: text(Col::AnonymousId),
            message_id: text(Col::EventId),
            write_key: text(Col::WriteKey),
            library: text(Col::Library),
            channel: text(Col::Channel),
            url: text(Col::Url),
            agent_class: event.agent_class.as_str().to_owned(),
            agent_reason: text(Col::AgentReason),
        })
    }
}
