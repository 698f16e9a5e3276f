//! Source, medium and channel of what was seen before, remembered: most events of a visit came the same way.
//!
//! **Invariant:** the memory is by everything that decides, so it answers as the rules do.

use super::model::{Channel, Evidence};
use super::origin::{Marks, origin};
use crate::channel_rules::{RuleSet, Sight};
use hashbrown::HashMap;
use std::cell::RefCell;

/// How somebody came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The source.
    pub source: String,
    /// The medium.
    pub medium: String,
    /// The channel.
    pub channel: Channel,
}

const KEPT_MAX: usize = 4_096;
const KEY_BYTES_MAX: usize = 1_000;

#[derive(Default)]
struct Memory {
    ways: HashMap<Vec<u8>, Way>,
    key: Vec<u8>,
}

thread_local! {
    static MEMORY: RefCell<Memory> = RefCell::default();
}

/// The way of these marks and hosts, which are in lower case, to a page by these rules.
#[must_use]
pub fn way(rules: &RuleSet, marks: &Marks<'_>, referrer_host: &str, host: &str, path: &str) -> Way {
    let path = if rules.reads_path() { path } else { "" };
    MEMORY.with_borrow_mut(|memory| {
        let Memory { ways, key } = memory;
        key.clear();
        let click = marks.click.as_ref().map_or("", |(known, _)| known.name);
        key.extend_from_slice(&rules.id().to_le_bytes());
        for part in [referrer_host, host, click, &marks.source, &marks.medium, &marks.campaign, &marks.network, path] {
            // With its length, so that no two ways have one key.
            key.extend_from_slice(&part.len().to_le_bytes());
            key.extend_from_slice(part.as_bytes());
        }
        if let Some(known) = ways.get(key.as_slice()) {
            return known.clone();
        }
        let fresh = find(rules, marks, referrer_host, host, path);
        if key.len() <= KEY_BYTES_MAX {
            if ways.len() >= KEPT_MAX {
                ways.clear();
            }
            ways.insert(key.clone(), fresh.clone());
        }
        fresh
    })
}

fn find(rules: &RuleSet, marks: &Marks<'_>, referrer_host: &str, host: &str, path: &str) -> Way {
    let found = origin(marks, referrer_host, host);
    let evidence = Evidence {
        source: &found.source,
        medium: &found.medium,
        campaign: &marks.campaign,
        click_id_kind: marks.click.as_ref().map_or("", |(known, _)| known.name),
        network: &marks.network,
    };
    let channel = rules.classify(&Sight { evidence, referrer_host, path });
    Way { source: found.source.into_owned(), medium: found.medium.into_owned(), channel }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_what_the_rules_say() {
        let queries =
            ["", "utm_source=news&utm_medium=email", "utm_source=newsutm&utm_medium=_medium", "gclid=1", "gclid=2"];
        let rules = RuleSet::default();
        let hosts = ["", "www.google.com", "acme.example", "www.acme.example"];
        for _ in 0..2 {
            for query in queries {
                for (referrer, host) in hosts.iter().flat_map(|one| hosts.iter().map(move |other| (one, other))) {
                    let marks = Marks::of_query(query);
                    let expected = find(&rules, &marks, referrer, host, "/");
                    assert_eq!(way(&rules, &marks, referrer, host, "/"), expected, "{query} {referrer} {host}");
                }
            }
        }
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let marks = |source: &'static str, medium: &'static str| Marks {
            source: source.into(),
            medium: medium.into(),
            ..Marks::default()
        };
        let ways = [("a", "bc"), ("ab", "c"), ("abc", ""), ("a\0b", "c")]
            .map(|(a, b)| way(&RuleSet::default(), &marks(a, b), "", "", ""));
        assert_eq!(ways[0].source, "a");
        assert_eq!(ways[1].source, "ab");
        assert_eq!(ways[2].source, "abc");
        assert_eq!(ways[3].source, "a\0b");
    }
}
