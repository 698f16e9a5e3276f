//! The join of spend to touches: by click id, then UTM id, then name; before all, by what a person said.
//!
//! **Invariant:** pure. A line is joined or has a reason; it never disappears.

use crate::ledger::{Line, Mapping, plain_name};
use analytics::channels::{Channel, Evidence, classify};
use analytics::metrics::{CampaignTouch, SpendMatch, TouchIndex};
use std::collections::HashMap;

/// What touches there are, ready to be looked up.
pub(crate) struct Joiner<'a> {
    index: &'a TouchIndex,
    names: HashMap<String, usize>,
    mappings: &'a HashMap<String, Mapping>,
}

/// Where a line belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) channel: Channel,
    pub(crate) source: String,
    pub(crate) medium: String,
    pub(crate) campaign: String,
    pub(crate) matched: Option<SpendMatch>,
    /// Why nothing matched.
    pub(crate) reason: Option<String>,
}

impl<'a> Joiner<'a> {
    /// A joiner over these touches and mappings.
    pub(crate) fn new(index: &'a TouchIndex, mappings: &'a HashMap<String, Mapping>) -> Self {
        let mut names: HashMap<String, usize> = HashMap::new();
        for (place, campaign) in index.campaigns.iter().enumerate() {
            let name = plain_name(&campaign.campaign);
            if name.is_empty() {
                continue;
            }
            // Two spellings of one name: the one with more sessions stands for both.
            let held = names.entry(name).or_insert(place);
            if index.campaigns[*held].sessions < campaign.sessions {
                *held = place;
            }
        }
        Self { index, names, mappings }
    }

    /// Joins one line.
    pub(crate) fn join(&self, line: &Line) -> Joined {
        if let Some(mapping) = self.mappings.get(&line.spend_key()).filter(|_| line.names_a_campaign()) {
            return self.mapped(line, mapping);
        }
        if !line.names_a_campaign() {
            return whole_channel(line);
        }
        let clicks = std::slice::from_ref(&line.click_id);
        let clicks = if line.click_id.is_empty() { &[] } else { clicks };
        let found = self.index.find(clicks, &line.campaign_id, &line.campaign);
        let found = found.or_else(|| self.by_name(&line.campaign).map(|touch| (touch, SpendMatch::Name)));
        match found {
            Some((touch, by)) => of_touch(line, touch, by, line.channel),
            None => {
                let (channel, _) = own_channel(line);
                Joined { matched: None, reason: Some(self.reason(line)), ..own(line, channel) }
            }
        }
    }

    /// What a person said wins: a campaign by name or id, a channel, or both.
    fn mapped(&self, line: &Line, mapping: &Mapping) -> Joined {
        let touch = if mapping.campaign.is_empty() {
            None
        } else {
            let by_id = self.index.find(&[], &mapping.campaign, &mapping.campaign).map(|(touch, _)| touch);
            by_id.or_else(|| self.by_name(&mapping.campaign))
        };
        match (touch, mapping.channel) {
            (Some(touch), said) => of_touch(line, touch, SpendMatch::Name, said.or(line.channel)),
            (None, Some(channel)) => Joined { matched: Some(SpendMatch::Channel), ..own(line, channel) },
            (None, None) => {
                let (channel, _) = own_channel(line);
                let reason = format!("It is mapped to the campaign `{}`, which no session carries.", mapping.campaign);
                Joined { matched: None, reason: Some(reason), ..own(line, channel) }
            }
        }
    }

    fn by_name(&self, name: &str) -> Option<&'a CampaignTouch> {
        let name = plain_name(name);
        if name.is_empty() { None } else { self.names.get(&name).map(|place| &self.index.campaigns[*place]) }
    }

    fn reason(&self, line: &Line) -> String {
        if self.index.campaigns.is_empty() {
            return "No session carries a campaign yet.".to_owned();
        }
        let mut tried = Vec::new();
        if !line.click_id.is_empty() {
            tried.push(format!("the click id `{}`", line.click_id));
        }
        if !line.campaign_id.is_empty() {
            tried.push(format!("`utm_id={}`", line.campaign_id));
        }
        if !line.campaign.is_empty() {
            tried.push(format!("the campaign `{}`", line.campaign));
        }
        format!("No session carries {}. Tag the links of the ads, or map the campaign by hand.", tried.join(" or "))
    }

    /// Campaigns of touches whose name shares most words with this one, at most three.
    pub(crate) fn suggest(&self, line: &Line) -> Vec<String> {
        let own = plain_name(&line.campaign);
        let words: Vec<&str> = own.split('-').filter(|word| word.len() > 2).collect();
        let mut scored: Vec<(usize, u64, &str)> = Vec::new();
        for touch in &self.index.campaigns {
            let other = plain_name(&touch.campaign);
            let shared = other.split('-').filter(|word| words.contains(word)).count();
            if shared > 0 {
                scored.push((shared, touch.sessions, &touch.campaign));
            }
        }
        scored.sort_by(|one, other| (other.0, other.1, one.2).cmp(&(one.0, one.1, other.2)));
        scored.dedup_by(|one, other| one.2 == other.2);
        scored.into_iter().take(3).map(|(_, _, name)| name.to_owned()).collect()
    }
}

/// A line that names only its channel, its source or nothing.
fn whole_channel(line: &Line) -> Joined {
    let (channel, known) = own_channel(line);
    let reason = (!known).then(|| "It names no channel, source or campaign.".to_owned());
    Joined { matched: known.then_some(SpendMatch::Channel), reason, ..own(line, channel) }
}

/// The channel a line says by itself: by name, else by the rules of channels over its source and medium.
fn own_channel(line: &Line) -> (Channel, bool) {
    if let Some(channel) = line.channel {
        return (channel, true);
    }
    if line.source.is_empty() && line.medium.is_empty() {
        return (Channel::Unassigned, false);
    }
    let evidence =
        Evidence { source: &line.source, medium: &line.medium, campaign: &line.campaign, ..Evidence::default() };
    let channel = classify(&evidence);
    (channel, channel != Channel::Unassigned)
}

fn own(line: &Line, channel: Channel) -> Joined {
    Joined {
        channel,
        source: line.source.clone(),
        medium: line.medium.clone(),
        campaign: line.campaign.clone(),
        matched: None,
        reason: None,
    }
}

/// A line whose campaign was seen. A channel that somebody named wins; else the sessions say it, unless no rule knows
/// them (a mistake in a link must not hide what was paid for).
fn of_touch(line: &Line, touch: &CampaignTouch, by: SpendMatch, said: Option<Channel>) -> Joined {
    let seen = Channel::parse(&touch.channel).filter(|channel| *channel != Channel::Unassigned);
    let channel = said.or(seen).unwrap_or_else(|| own_channel(line).0);
    let campaign = if touch.campaign.is_empty() { &line.campaign } else { &touch.campaign };
    Joined {
        channel,
        source: touch.source.clone(),
        medium: touch.medium.clone(),
        campaign: campaign.clone(),
        matched: Some(by),
        reason: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::money::Money;
    use kernel::time::Timestamp;

    fn touch(name: &str, id: &str, channel: &str) -> CampaignTouch {
        CampaignTouch {
            channel: channel.into(),
            source: "google".into(),
            medium: "cpc".into(),
            campaign: name.into(),
            campaign_id: id.into(),
            first_at: Timestamp::default(),
            last_at: Timestamp::default(),
            sessions: 3,
        }
    }

    fn index() -> TouchIndex {
        TouchIndex {
            campaigns: vec![
                touch("spring", "11", "Paid Search"),
                touch("abm-dach-q3", "", "Paid Social"),
                touch("sponsored", "", "Unassigned"),
            ],
            by_campaign_id: HashMap::from([("11".to_owned(), 0)]),
            by_name: HashMap::from([("spring".to_owned(), 0), ("abm-dach-q3".to_owned(), 1)]),
            by_click_id: HashMap::from([("gclid-9".to_owned(), 1)]),
            ..TouchIndex::default()
        }
    }

    fn line(campaign: &str, id: &str, click: &str) -> Line {
        Line {
            system: "google_ads".into(),
            account: String::new(),
            date: "2026-03-06".parse().unwrap(),
            channel: None,
            source: "google".into(),
            medium: "cpc".into(),
            campaign: campaign.into(),
            campaign_id: id.into(),
            ad_group: String::new(),
            ad: String::new(),
            click_id: click.into(),
            money: Money::new(1, "EUR".parse().unwrap()),
            note: String::new(),
            impressions: None,
            clicks: None,
        }
    }

    /// AN-C "Ad-cost join": click id, then UTM id, then name; unmatched spend is listed.
    #[test]
    fn spend_is_joined_by_click_then_id_then_name() {
        let (index, none) = (index(), HashMap::new());
        let joiner = Joiner::new(&index, &none);
        let by = |line: Line| joiner.join(&line).matched;
        assert_eq!(by(line("spring", "11", "gclid-9")), Some(SpendMatch::ClickId));
        assert_eq!(by(line("abm-dach-q3", "11", "")), Some(SpendMatch::UtmId));
        assert_eq!(by(line("ABM | DACH | Q3", "99", "")), Some(SpendMatch::Name));
        let lost = joiner.join(&line("Winter", "77", ""));
        assert_eq!((lost.matched, lost.channel), (None, Channel::PaidSearch), "it keeps the channel its platform says");
        assert!(lost.reason.unwrap().contains("utm_id=77"));
        let whole = joiner.join(&line("", "", ""));
        assert_eq!((whole.matched, whole.channel), (Some(SpendMatch::Channel), Channel::PaidSearch));
    }

    #[test]
    fn what_a_person_said_wins_also_for_the_past() {
        let index = index();
        let lost = line("Winter", "77", "");
        let map = |campaign: &str, channel| {
            let mapping = Mapping { spend_key: lost.spend_key(), campaign: campaign.into(), channel };
            let mappings = HashMap::from([(lost.spend_key(), mapping)]);
            Joiner::new(&index, &mappings).join(&lost)
        };
        let mapped = map("ABM DACH Q3", None);
        assert_eq!((mapped.channel, mapped.matched), (Channel::PaidSocial, Some(SpendMatch::Name)));
        assert_eq!(mapped.campaign, "abm-dach-q3");
        let channel = map("", Some(Channel::Display));
        assert_eq!((channel.channel, channel.matched), (Channel::Display, Some(SpendMatch::Channel)));
        assert!(map("nothing", None).reason.is_some());
    }

    #[test]
    fn a_mistake_in_a_link_does_not_hide_the_channel_that_was_named() {
        let (index, none) = (index(), HashMap::new());
        let joiner = Joiner::new(&index, &none);
        let mut named = line("Sponsored", "", "");
        named.channel = Some(Channel::PaidOther);
        let joined = joiner.join(&named);
        assert_eq!((joined.channel, joined.matched), (Channel::PaidOther, Some(SpendMatch::Name)));
        let unnamed = joiner.join(&line("Sponsored", "", ""));
        assert_eq!(unnamed.channel, Channel::PaidSearch, "an unassigned touch says less than source and medium");
    }

    #[test]
    fn names_that_share_words_are_suggested() {
        let (index, none) = (index(), HashMap::new());
        let joiner = Joiner::new(&index, &none);
        assert_eq!(joiner.suggest(&line("DACH ABM retargeting", "", "")), ["abm-dach-q3"]);
    }
}
