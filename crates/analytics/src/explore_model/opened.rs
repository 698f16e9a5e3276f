//! Which number of an answer to open.

use super::asked::Exploration;
use serde::{Deserialize, Serialize};

/// A part of a breakdown.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ExploreGroup)]
pub enum Group {
    /// One text; empty for events that do not say.
    Value(String),
    /// All that are not shown by themselves.
    Other,
}

/// A stop of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PathStop)]
pub enum Stop {
    /// One text.
    Value(String),
    /// All that are not shown by themselves.
    Other,
    /// Nothing more.
    End,
}

/// How far the people behind a number of a funnel came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepOutcome {
    /// They took the step.
    Reached,
    /// They took the step, and not the one after it.
    Dropped,
}

/// A number of an answer. Its kind is that of the question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[schema(as = ExploreCell)]
pub enum Cell {
    /// A point of a line, or its total.
    Trends {
        /// Which of the events, from 0.
        series: usize,
        /// Which point, from 0; the total when absent.
        #[serde(default)]
        period: Option<usize>,
        /// Which part of the breakdown; all when absent.
        #[serde(default)]
        group: Option<Group>,
    },
    /// A step.
    Funnel {
        /// Which step, from 0.
        step: usize,
        /// How far they came.
        outcome: StepOutcome,
        /// Which part of the breakdown; all when absent.
        #[serde(default)]
        group: Option<Group>,
    },
    /// A cohort, or its return in a period or a bracket.
    Retention {
        /// Which cohort, from 0; when absent, all of those for which the period or the bracket is over.
        #[serde(default)]
        cohort: Option<usize>,
        /// How many periods later; the whole cohort when absent.
        #[serde(default)]
        after: Option<usize>,
        /// In which bracket instead, from 0.
        #[serde(default)]
        bracket: Option<usize>,
        /// Which part of the breakdown; all when absent.
        #[serde(default)]
        group: Option<Group>,
    },
    /// A stop.
    Paths {
        /// Which step, from 0: the anchor.
        step: usize,
        /// Which stop; all who came this far when absent.
        #[serde(default)]
        stop: Option<Stop>,
    },
}

/// Who is behind a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PeopleRequest {
    /// The question the number came from.
    pub exploration: Exploration,
    /// The number.
    pub cell: Cell,
    /// Rows per page: 1 to 500; 50 when absent.
    #[serde(default)]
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: Option<String>,
}
