//! Doubts about events between their receipt and their admission.
//!
//! **Invariant:** a doubt of an event that is stored is told when the event becomes visible: a failure before that takes
//! none away, and neither does another request that brought the same event and could not be stored.

use crate::messages::Doubt;
use hashbrown::HashMap;
use parking_lot::Mutex;

/// A request; 0 for what the pump itself doubts.
pub(super) type Sending = u128;

/// By event id, each with the request that brought it.
#[derive(Debug, Default)]
pub(super) struct Doubts(Mutex<HashMap<String, Vec<(Sending, Doubt)>>>);

impl Doubts {
    /// Notes a doubt, once for each request.
    pub(super) fn raise(&self, event_id: &str, sending: Sending, doubt: Doubt) {
        let mut all = self.0.lock();
        let found = all.entry_ref(event_id).or_default();
        let raised = (sending, doubt);
        if !found.contains(&raised) {
            found.push(raised);
        }
    }

    /// Whether there is none about any event.
    pub(super) fn are_none(&self) -> bool {
        self.0.lock().is_empty()
    }

    /// The doubts about an event, each once, in the order they came up.
    pub(super) fn of(&self, event_id: &str) -> Vec<Doubt> {
        let all = self.0.lock();
        let mut distinct: Vec<Doubt> = Vec::new();
        for (_, doubt) in all.get(event_id).into_iter().flatten() {
            if !distinct.contains(doubt) {
                distinct.push(doubt.clone());
            }
        }
        distinct
    }

    /// Takes back what a request raised that could not be stored.
    pub(super) fn withdraw<'a>(&self, event_ids: impl Iterator<Item = &'a str>, sending: Sending) {
        let mut all = self.0.lock();
        for event_id in event_ids {
            let Some(found) = all.get_mut(event_id) else { continue };
            found.retain(|(raised_by, _)| *raised_by != sending);
            if found.is_empty() {
                all.remove(event_id);
            }
        }
    }

    /// Forgets the doubts of events that were admitted.
    pub(super) fn settle<'a>(&self, event_ids: impl Iterator<Item = &'a str>) {
        let mut all = self.0.lock();
        for event_id in event_ids {
            all.remove(event_id);
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.lock().len()
    }
}
