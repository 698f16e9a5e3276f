//! Rules that are ready to decide.

use super::model::{Condition, ConditionField, ConditionTest, RuleBook, VisitorClass, VisitorTest};
use crate::channels::{
    Channel, Evidence, Explanation, List, RULES_VERSION, RuleOutcome, classify_with, explain_with, lower,
};
use hashbrown::HashMap;
use lake::AgentClass;
use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

/// What rules look at.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sight<'a> {
    /// What the program's rules look at.
    pub evidence: Evidence<'a>,
    /// Host of the page before.
    pub referrer_host: &'a str,
    /// Path of the page.
    pub path: &'a str,
}

/// One version of a workspace's rules, with those of the program behind them.
#[derive(Debug)]
pub struct RuleSet {
    /// Of this very set, in this process.
    id: u64,
    version: u32,
    book: RuleBook,
    sites: HashMap<String, List>,
    /// Of each visitor rule, why an event has its class.
    reasons: Vec<String>,
    reads_path: bool,
}

impl Default for RuleSet {
    fn default() -> Self {
        Self::new(RULES_VERSION, RuleBook::default())
    }
}

/// What a set looks at, in lower case.
struct Seen<'a> {
    source: Cow<'a, str>,
    medium: Cow<'a, str>,
    campaign: Cow<'a, str>,
    referrer_host: Cow<'a, str>,
    click_id: Cow<'a, str>,
    path: Cow<'a, str>,
}

impl<'a> Seen<'a> {
    fn new(sight: &Sight<'a>) -> Self {
        Self {
            source: lower(sight.evidence.source),
            medium: lower(sight.evidence.medium),
            campaign: lower(sight.evidence.campaign),
            referrer_host: lower(sight.referrer_host),
            click_id: lower(sight.evidence.click_id_kind),
            path: lower(sight.path),
        }
    }

    fn text(&self, field: ConditionField) -> &str {
        match field {
            ConditionField::Source => &self.source,
            ConditionField::Medium => &self.medium,
            ConditionField::Campaign => &self.campaign,
            ConditionField::ReferrerHost => &self.referrer_host,
            ConditionField::ClickId => &self.click_id,
            ConditionField::LandingPath => &self.path,
        }
    }
}

impl Condition {
    fn holds(&self, seen: &Seen<'_>) -> bool {
        let text = seen.text(self.field);
        let compare: fn(&str, &str) -> bool = match self.test {
            ConditionTest::Equals | ConditionTest::OneOf => |text, value| text == value,
            ConditionTest::Contains => |text, value| text.contains(value),
            ConditionTest::Starts => |text, value| text.starts_with(value),
            ConditionTest::Ends => |text, value| text.ends_with(value),
        };
        self.values.iter().any(|value| compare(text, value))
    }

    fn seen(&self, seen: &Seen<'_>) -> String {
        let (name, text) = (self.field.words(), seen.text(self.field));
        if text.is_empty() { format!("no {name}") } else { format!("{name} `{text}`") }
    }
}

impl RuleSet {
    /// A version with these rules, which are in canonical form.
    #[must_use]
    pub fn new(version: u32, book: RuleBook) -> Self {
        // The program's own rules are the same in every workspace.
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = if book == RuleBook::default() { 0 } else { NEXT.fetch_add(1, Ordering::Relaxed) };
        let sites = book.sites.iter().map(|site| (site.site.clone(), site.list.list())).collect();
        let reason = |rule: &super::VisitorRule| {
            let who = match rule.class {
                VisitorClass::Bot => "bot",
                VisitorClass::AiAgent => "AI agent",
                VisitorClass::Human => "a person",
            };
            format!("{who}, by your rule “{}” (`{}` in the user agent)", rule.name, rule.text)
        };
        let reasons = book.visitors.iter().map(reason).collect();
        let conditions = book.channels.iter().flat_map(|rule| &rule.all);
        let reads_path = conditions.into_iter().any(|condition| condition.field == ConditionField::LandingPath);
        Self { id, version, sites, reasons, reads_path, book }
    }

    /// Its number, which no other set of rules has.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Its own rules.
    #[must_use]
    pub fn book(&self) -> &RuleBook {
        &self.book
    }

    /// Whether a rule looks at the path of the page.
    pub(crate) fn reads_path(&self) -> bool {
        self.reads_path
    }

    /// The list that the workspace has put a source on: itself, or a host above it.
    fn own_list(&self, source: &str) -> Option<List> {
        if self.sites.is_empty() {
            return None;
        }
        let source = lower(source);
        let mut rest: &str = &source;
        loop {
            if let Some(list) = self.sites.get(rest) {
                return Some(*list);
            }
            rest = rest.split_once('.')?.1;
        }
    }

    /// The channel: of the first of the workspace's rules that holds, else of the program's.
    #[must_use]
    pub fn classify(&self, sight: &Sight<'_>) -> Channel {
        if !self.book.channels.is_empty() {
            let seen = Seen::new(sight);
            let mut rules = self.book.channels.iter();
            if let Some(rule) = rules.find(|rule| rule.all.iter().all(|condition| condition.holds(&seen))) {
                return rule.channel;
            }
        }
        classify_with(&sight.evidence, self.own_list(sight.evidence.source))
    }

    /// Why it has its channel: each earlier rule that failed, and the rule that held.
    #[must_use]
    pub fn explain(&self, sight: &Sight<'_>) -> Explanation {
        let seen = Seen::new(sight);
        let mut failed: Vec<RuleOutcome> = Vec::new();
        for (place, rule) in self.book.channels.iter().enumerate() {
            let outcome = |why| RuleOutcome {
                rule: format!("W{}", place + 1),
                channel: rule.channel,
                condition: format!("“{}”: {}", rule.name, rule.condition()),
                why,
            };
            if let Some(not) = rule.all.iter().find(|condition| !condition.holds(&seen)) {
                failed.push(outcome(format!("not: {} ({})", not.text(), not.seen(&seen))));
                continue;
            }
            let held: Vec<String> =
                rule.all.iter().map(|condition| format!("{} ({})", condition.text(), condition.seen(&seen))).collect();
            let decided_by = Some(outcome(held.join(", and ")));
            return Explanation { channel: rule.channel, rules_version: self.version, decided_by, failed };
        }
        let mut explanation = explain_with(&sight.evidence, self.own_list(sight.evidence.source));
        failed.append(&mut explanation.failed);
        Explanation { rules_version: self.version, failed, ..explanation }
    }

    /// Who a user agent stands for, and why, when a rule of the workspace says so.
    #[must_use]
    pub fn visitor(&self, user_agent: &str) -> Option<(AgentClass, &str)> {
        if self.book.visitors.is_empty() || user_agent.is_empty() {
            return None;
        }
        let text = lower(user_agent);
        let holds = |rule: &super::VisitorRule| match rule.test {
            VisitorTest::Contains => text.contains(&rule.text),
            VisitorTest::Exact => *text == *rule.text,
        };
        let place = self.book.visitors.iter().position(holds)?;
        Some((self.book.visitors[place].class.class(), &self.reasons[place]))
    }

    /// Whether a reason is that of a workspace's rule.
    pub(crate) fn is_own_reason(reason: &str) -> bool {
        reason.contains(", by your rule “")
    }
}
