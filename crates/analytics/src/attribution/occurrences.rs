//! One pass over the events: when people did what is the goal.

use lake::{AgentClass, Col, Columns, Dict, EventRef, Fold};

/// The occurrences of one event by name: goals.
#[derive(Debug, Clone)]
pub struct GoalFold {
    /// The event's name.
    pub name: String,
}

/// One occurrence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoalRow {
    /// The person.
    pub person: u64,
    /// When, microseconds UTC.
    pub at: i64,
    /// Its place in the log.
    pub offset: u64,
    /// Its value, in micros of its currency.
    pub value: Option<i64>,
    /// The currency as it was sent.
    pub currency: String,
}

impl Fold for GoalFold {
    type State = Vec<(i64, u64, Option<i64>, u32)>;
    type Output = Vec<GoalRow>;

    fn columns(&self) -> Columns {
        Columns::of(&[Col::Name, Col::Currency]).with_value().with_offset().with_agent_class()
    }

    fn literals(&self) -> Vec<String> {
        vec![self.name.clone()]
    }

    fn init(&self) -> Self::State {
        Vec::new()
    }

    fn step(&self, state: &mut Self::State, event: &EventRef<'_>) {
        if event.code(Col::Name) == Dict::literal(0)
            && !matches!(event.agent_class(), AgentClass::Bot | AgentClass::AiAgent)
        {
            state.push((event.at(), event.offset(), event.value(), event.code(Col::Currency)));
        }
    }

    fn finish(&self, person: u64, state: &mut Self::State, dict: &Dict, output: &mut Vec<GoalRow>) {
        let rows = state.drain(..).map(|(at, offset, value, currency)| GoalRow {
            person,
            at,
            offset,
            value,
            currency: dict.text(currency).to_owned(),
        });
        output.extend(rows);
    }

    fn output(&self) -> Vec<GoalRow> {
        Vec::new()
    }

    fn weight(&self, output: &Vec<GoalRow>) -> usize {
        output.len() * (size_of::<GoalRow>() + 8)
    }

    fn merge(&self, into: &mut Vec<GoalRow>, from: Vec<GoalRow>) {
        into.extend(from);
    }
}
