//! When each person was first (and last) seen, or first did something.

use crate::event::{Col, Columns};
use crate::fold::{Dict, EventRef, Fold};

/// The first and last event of each person, of one name or of any.
#[derive(Debug, Clone, Default)]
pub struct FirstEventFold {
    /// Only events of this name; any when none.
    pub name: Option<String>,
    /// Whether bots and AI agents are left out.
    pub humans_only: bool,
}

/// A person's first and last matching event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstEvent {
    /// The person.
    pub person: u64,
    /// When the first happened, microseconds UTC.
    pub at: i64,
    /// The first one's place in the log.
    pub offset: u64,
    /// When the last happened, microseconds UTC.
    pub last_at: i64,
    /// How many there are.
    pub events: u64,
}

impl Fold for FirstEventFold {
    type State = Option<FirstEvent>;
    type Output = Vec<FirstEvent>;

    fn columns(&self) -> Columns {
        let columns = if self.name.is_some() { Columns::of(&[Col::Name]) } else { Columns::NONE };
        let columns = columns.with_offset();
        if self.humans_only { columns.with_agent_class() } else { columns }
    }

    fn literals(&self) -> Vec<String> {
        self.name.iter().filter(|name| !name.is_empty()).cloned().collect()
    }

    fn init(&self) -> Option<FirstEvent> {
        None
    }

    fn step(&self, state: &mut Option<FirstEvent>, event: &EventRef<'_>) {
        if self.humans_only && event.agent_class().is_machine() {
            return;
        }
        if let Some(name) = &self.name {
            let wanted = if name.is_empty() { 0 } else { Dict::literal(0) };
            if event.code(Col::Name) != wanted {
                return;
            }
        }
        let at = event.at();
        let first = state.get_or_insert(FirstEvent { person: 0, at, offset: event.offset(), last_at: at, events: 0 });
        first.last_at = at;
        first.events += 1;
    }

    fn finish(&self, person: u64, state: &mut Option<FirstEvent>, _dict: &Dict, output: &mut Vec<FirstEvent>) {
        output.extend(state.map(|first| FirstEvent { person, ..first }));
    }

    fn output(&self) -> Vec<FirstEvent> {
        Vec::new()
    }

    fn merge(&self, into: &mut Vec<FirstEvent>, mut from: Vec<FirstEvent>) {
        into.append(&mut from);
    }
}
