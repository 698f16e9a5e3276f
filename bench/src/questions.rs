//! The questions, in the best form each engine has for them. An answer is numbers by name.

use std::collections::BTreeMap;

/// Numbers by name; equal among engines.
pub(crate) type Answer = BTreeMap<String, f64>;

/// 2025-01-06T00:00:00Z, a Monday.
pub(crate) const FIRST_WEEK: i64 = 1_736_121_600_000_000;
pub(crate) const WEEKS: i64 = 80;
/// 2025-01-01T00:00:00Z.
pub(crate) const FIRST_DAY: i64 = 1_735_689_600_000_000;
pub(crate) const DAYS: i64 = 546;
pub(crate) const STEPS: [&str; 4] = ["Page viewed", "CTA Clicked", "Form Submitted", "Signed In"];
pub(crate) const TOUCH: &str = "Page viewed";
pub(crate) const CONVERSION: &str = "Form Submitted";

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    Funnel,
    Retention,
    Attribution,
    Cube,
}

impl Question {
    pub(crate) const ALL: [Question; 4] = [Self::Funnel, Self::Retention, Self::Attribution, Self::Cube];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Funnel => "funnel",
            Self::Retention => "retention",
            Self::Attribution => "attribution",
            Self::Cube => "cube",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Funnel => "ordered 4-step funnel, 30 days",
            Self::Retention => "weekly retention",
            Self::Attribution => "time decay and Markov transitions",
            Self::Cube => "daily counts and uniques by channel",
        }
    }
}
