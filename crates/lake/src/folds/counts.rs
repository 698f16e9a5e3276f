//! Events and people by event name.

use crate::event::{Col, Columns};
use crate::fold::{Dict, EventRef, Fold};
use std::collections::{BTreeMap, HashMap};

/// How often something happened, and to how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Events.
    pub events: u64,
    /// Different people.
    pub people: u64,
}

/// Counts events and people by event name, or by another text column.
#[derive(Debug, Clone)]
pub struct CountFold {
    /// The column to count by.
    pub by: Col,
    /// Whether bots and AI agents are left out.
    pub humans_only: bool,
}

/// One person's counts by code. A person has few different names, so a list is searched faster than a map.
#[derive(Debug, Default)]
pub struct PersonCounts(Vec<(u32, u64)>);

/// Counts by code while one bucket is folded, by text afterwards.
#[derive(Debug, Default)]
pub struct Counts {
    by_code: Vec<Count>,
    texts: HashMap<String, Count>,
}

impl Counts {
    /// The counts by text.
    #[must_use]
    pub fn into_map(self) -> BTreeMap<String, Count> {
        self.texts.into_iter().collect()
    }
}

impl Default for CountFold {
    fn default() -> Self {
        Self { by: Col::Name, humans_only: false }
    }
}

impl Fold for CountFold {
    type State = PersonCounts;
    type Output = Counts;

    fn columns(&self) -> Columns {
        let columns = Columns::of(&[self.by]);
        if self.humans_only { columns.with_agent_class() } else { columns }
    }

    fn init(&self) -> PersonCounts {
        PersonCounts::default()
    }

    fn step(&self, state: &mut PersonCounts, event: &EventRef<'_>) {
        if self.humans_only && event.agent_class().is_machine() {
            return;
        }
        let code = event.code(self.by);
        match state.0.iter_mut().find(|(known, _)| *known == code) {
            Some((_, count)) => *count += 1,
            None => state.0.push((code, 1)),
        }
    }

    fn finish(&self, _person: u64, state: &mut PersonCounts, dict: &Dict, output: &mut Counts) {
        for (code, events) in state.0.drain(..) {
            let place = code as usize;
            if output.by_code.len() <= place {
                output.by_code.resize(dict.len(), Count::default());
            }
            output.by_code[place].events += events;
            output.by_code[place].people += 1;
        }
    }

    fn output(&self) -> Counts {
        Counts::default()
    }

    fn close(&self, dict: &Dict, output: &mut Counts) {
        for (code, count) in output.by_code.drain(..).enumerate().filter(|(_, count)| count.events > 0) {
            let code = u32::try_from(code).unwrap_or(0);
            add(output.texts.entry(dict.text(code).to_owned()).or_default(), count);
        }
    }

    fn merge(&self, into: &mut Counts, from: Counts) {
        for (text, count) in from.texts {
            add(into.texts.entry(text).or_default(), count);
        }
    }
}

fn add(to: &mut Count, count: Count) {
    to.events += count.events;
    to.people += count.people;
}
