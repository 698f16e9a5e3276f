//! Channels: from the marks on an address, the click id and the referrer to one of GA4's default channels (AN 1.1).
//!
//! **Invariant:** pure. The same evidence gives the same channel, and [`explain`] reads the very rules that [`classify`]
//! runs: an explanation cannot differ from the decision.
//! **Invariant:** a change of a rule or a list changes [`RULES_VERSION`], which stands on every event, so that history
//! can be re-derived.

mod clicks;
mod lists;
mod model;
mod origin;
mod rules;
mod visitor;
mod way;

#[cfg(test)]
mod tests;

pub use clicks::{CLICK_IDS, Click, ClickId, Network, click_id};
pub use lists::List;
pub(crate) use lists::lower;
pub use model::{Channel, Evidence};
pub use origin::{Address, Basis, Marks, Origin, origin, same_site};
pub use visitor::{Visitor, visitor};
pub use way::{Way, way};

use rules::{Folded, RULES};
use serde::{Deserialize, Serialize};

/// The version of rules and lists together.
pub const RULES_VERSION: u32 = 1;

/// The channel of this evidence: the first rule that holds.
#[must_use]
pub fn classify(evidence: &Evidence<'_>) -> Channel {
    classify_with(evidence, None)
}

/// As [`classify`], with the source on one more list.
#[must_use]
pub(crate) fn classify_with(evidence: &Evidence<'_>, own_list: Option<List>) -> Channel {
    let folded = Folded::new(evidence, own_list);
    RULES.iter().find(|rule| rule.holds(&folded)).map_or(Channel::Unassigned, |rule| rule.channel)
}

/// One rule in an explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RuleOutcome {
    /// The rule's place: `W1`… are the workspace's own, `C1`… look at click ids, the others are numbered as in the guide.
    #[schema(example = "4")]
    pub rule: String,
    /// The channel the rule leads to.
    pub channel: Channel,
    /// What the rule asks for, in words.
    pub condition: String,
    /// Why it did not hold, or what it matched, with the values.
    pub why: String,
}

/// Why some evidence has the channel it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Explanation {
    /// The channel.
    pub channel: Channel,
    /// The version of the rules.
    pub rules_version: u32,
    /// The rule that decided; absent for Unassigned.
    pub decided_by: Option<RuleOutcome>,
    /// Every earlier rule, in order, and why it did not hold.
    pub failed: Vec<RuleOutcome>,
}

/// Why this evidence has its channel: each earlier rule that failed, and the rule that held.
#[must_use]
pub fn explain(evidence: &Evidence<'_>) -> Explanation {
    explain_with(evidence, None)
}

/// As [`explain`], with the source on one more list.
#[must_use]
pub(crate) fn explain_with(evidence: &Evidence<'_>, own_list: Option<List>) -> Explanation {
    let folded = Folded::new(evidence, own_list);
    let mut failed = Vec::new();
    for rule in RULES {
        let outcome =
            |why| RuleOutcome { rule: rule.order.to_owned(), channel: rule.channel, condition: rule.text(), why };
        if rule.holds(&folded) {
            let decided_by = Some(outcome(rule.why(&folded)));
            return Explanation { channel: rule.channel, rules_version: RULES_VERSION, decided_by, failed };
        }
        failed.push(outcome(rule.why_not(&folded)));
    }
    Explanation { channel: Channel::Unassigned, rules_version: RULES_VERSION, decided_by: None, failed }
}

/// The rules of the program, in order: each without values it looked at.
pub(crate) fn rules_listed() -> Vec<RuleOutcome> {
    let listed = |rule: &rules::Rule| RuleOutcome {
        rule: rule.order.to_owned(),
        channel: rule.channel,
        condition: rule.text(),
        why: String::new(),
    };
    RULES.iter().map(listed).collect()
}

/// The rules in words, one a line, as the guide and the API show them.
#[must_use]
pub fn rules_text() -> String {
    let lines = RULES.iter().map(|rule| format!("{:>3}  {:<26}{}\n", rule.order, rule.channel.as_str(), rule.text()));
    lines.collect()
}
