//! From a stored event to what a version of the rules says of it: the same as if it came in now.

use crate::channel_rules::{RuleSet, Sight};
use crate::channels::{Address, Evidence, visitor};
use crate::messages::{Again, again};
use hashbrown::HashMap;
use lake::{AgentClass, Col, Columns, Derivation, Derive, DeriveRow, Verdict};
use std::cell::OnceCell;
use std::sync::Arc;

const COLUMNS: [Col; 10] = [
    Col::Name,
    Col::Url,
    Col::Path,
    Col::ReferrerHost,
    Col::Source,
    Col::Medium,
    Col::Campaign,
    Col::ClickIdKind,
    Col::AgentReason,
    Col::Raw,
];
/// A network of each kind, and none: what an address may have named that was not kept.
const NETWORKS: [&str; 7] = ["", "g", "ytv", "d", "social", "x", "u"];
const KEPT_MAX: usize = 4_096;
const KEY_BYTES_MAX: usize = 1_000;

/// Follows a version.
pub(super) struct Follow {
    rules: Arc<RuleSet>,
    /// Channels that were told before, by all that decides them.
    channels: HashMap<Vec<u8>, &'static str>,
    key: Vec<u8>,
}

impl Follow {
    pub(super) fn new(rules: Arc<RuleSet>) -> Self {
        Self { rules, channels: HashMap::new(), key: Vec::new() }
    }

    fn channel(&mut self, row: &DeriveRow<'_>, network: &str) -> &'static str {
        let evidence = Evidence {
            source: row.text(Col::Source),
            medium: row.text(Col::Medium),
            campaign: row.text(Col::Campaign),
            click_id_kind: row.text(Col::ClickIdKind),
            network,
        };
        let path = if self.rules.reads_path() { row.text(Col::Path) } else { "" };
        let sight = Sight { evidence, referrer_host: row.text(Col::ReferrerHost), path };
        self.key.clear();
        for part in [
            evidence.source,
            evidence.medium,
            evidence.campaign,
            evidence.click_id_kind,
            network,
            sight.referrer_host,
            path,
        ] {
            // With its length, so that no two have one key.
            self.key.extend_from_slice(&part.len().to_le_bytes());
            self.key.extend_from_slice(part.as_bytes());
        }
        if let Some(known) = self.channels.get(&self.key) {
            return known;
        }
        let channel = self.rules.classify(&sight).as_str();
        if self.key.len() <= KEY_BYTES_MAX {
            if self.channels.len() >= KEPT_MAX {
                self.channels.clear();
            }
            self.channels.insert(self.key.clone(), channel);
        }
        channel
    }

    /// The channel; none when the network of the ad decides it and was not kept.
    fn channel_of(&mut self, row: &DeriveRow<'_>, message: &Stored<'_>) -> Option<&'static str> {
        // The program's rules ask for the network of an ad that was clicked, and nothing else does.
        if row.text(Col::ClickIdKind).is_empty() {
            return Some(self.channel(row, ""));
        }
        let first = self.channel(row, NETWORKS[0]);
        if NETWORKS[1..].iter().all(|network| self.channel(row, network) == first) {
            return Some(first);
        }
        if let Some(again) = message.read() {
            return Some(self.channel(row, &again.network));
        }
        // Without the message, an address with a query tells what the message would most likely have told.
        let query = Address::parse(row.text(Col::Url)).query;
        let marks = crate::channels::Marks::of_query(query);
        (!query.is_empty()).then(|| self.channel(row, &marks.network))
    }
}

/// The stored message, read when it is asked for.
struct Stored<'a> {
    row: DeriveRow<'a>,
    read: OnceCell<Option<Again>>,
}

impl Stored<'_> {
    fn read(&self) -> Option<&Again> {
        let read = || {
            let raw = self.row.text(Col::Raw);
            if raw.is_empty() {
                return None;
            }
            again(raw, self.row.text(Col::Name) == "Page viewed", self.row.text(Col::Url))
        };
        self.read.get_or_init(read).as_ref()
    }
}

/// Class and reason; none when the user agent was not kept.
fn visitor_of(rules: &RuleSet, row: &DeriveRow<'_>, message: &Stored<'_>) -> Option<(AgentClass, String)> {
    let (class, reason) = (row.agent_class(), row.text(Col::AgentReason));
    let keeps = || Some((class, reason.to_owned()));
    let was_ruled = RuleSet::is_own_reason(reason);
    if rules.book().visitors.is_empty() && !was_ruled {
        return keeps();
    }
    let again = message.read().filter(|again| !again.user_agent.is_empty());
    let Some(again) = again else {
        // Where there never was a user agent, no rule asks for one.
        return if Again::needs_no_user_agent(reason) { keeps() } else { None };
    };
    if let Some((class, why)) = rules.visitor(&again.user_agent) {
        return Some((class, why.to_owned()));
    }
    let found = visitor(&again.user_agent);
    let (class, reason) = again.unless_automated((found.class, found.reason));
    Some((class, reason.to_owned()))
}

impl Derive for Follow {
    fn columns(&self) -> Columns {
        Columns::of(&COLUMNS)
    }

    fn derive(&mut self, row: &DeriveRow<'_>) -> Verdict {
        let message = Stored { row: *row, read: OnceCell::new() };
        let was = row.text(Col::Channel);
        // What a server reports has no way here of its own, by no version.
        let channel = if was.is_empty() { Some("") } else { self.channel_of(row, &message) };
        let visitor = visitor_of(&self.rules, row, &message);
        let is_missing = channel.is_none() || visitor.is_none();
        let channel = channel.unwrap_or(was);
        let (class, reason) = visitor.unwrap_or_else(|| (row.agent_class(), row.text(Col::AgentReason).to_owned()));
        if channel == was && class == row.agent_class() {
            return if is_missing { Verdict::Missing } else { Verdict::Same };
        }
        let agent_reason = if class == row.agent_class() { row.text(Col::AgentReason).to_owned() } else { reason };
        Verdict::New(Derivation {
            channel: channel.to_owned(),
            channel_rule: self.rules.version(),
            agent_class: class,
            agent_reason,
        })
    }
}
