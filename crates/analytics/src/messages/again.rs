//! What a stored message tells again: what rules look at and no column holds.

use super::read::{AUTOMATED, BY_APP, BY_SERVER};
use super::wire::{Bag, Campaign, Page, Text};
use crate::channels::{Address, Marks};
use lake::AgentClass;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// What no column holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Again {
    /// The user agent; empty when none was kept.
    pub(crate) user_agent: String,
    /// The page found that a program drives the browser.
    pub(crate) automated: bool,
    /// The ad network.
    pub(crate) network: String,
}

impl Again {
    /// Who it is where no rule knows the user agent, given what the program says of it.
    pub(crate) fn unless_automated<'a>(&self, found: (AgentClass, &'a str)) -> (AgentClass, &'a str) {
        if self.automated && found.0 == AgentClass::Human { (AgentClass::Bot, AUTOMATED) } else { found }
    }

    /// Whether a class was told without a user agent, so that there is none to look at.
    pub(crate) fn needs_no_user_agent(reason: &str) -> bool {
        [BY_APP, BY_SERVER, "no user agent"].contains(&reason)
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Message<'a> {
    #[serde(borrow)]
    context: Option<Circumstances<'a>>,
    #[serde(borrow)]
    properties: Option<&'a RawValue>,
    #[serde(borrow)]
    received_user_agent: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Circumstances<'a> {
    #[serde(borrow)]
    page: Option<Page<'a>>,
    #[serde(borrow)]
    campaign: Option<Campaign<'a>>,
    #[serde(borrow)]
    user_agent: Text<'a>,
    automated: Option<bool>,
}

/// Reads a stored message again; `url` is the event's. None when it cannot be read.
pub(crate) fn again(raw: &str, is_page: bool, url: &str) -> Option<Again> {
    let message: Message<'_> = serde_json::from_str(raw).ok()?;
    let context = message.context.unwrap_or_default();
    let own = context.user_agent.trim();
    let user_agent = if own.is_empty() { message.received_user_agent.trim() } else { own };
    let mut marks = context.campaign.map(|campaign| campaign.0).unwrap_or_default();
    let query = Address::parse(url).query;
    let query = if query.is_empty() {
        let bag: Bag<'_> = message
            .properties
            .filter(|_| is_page)
            .and_then(|raw| serde_json::from_str(raw.get()).ok())
            .unwrap_or_default();
        let stated = context.page.unwrap_or_default().search.0;
        if bag.search.is_empty() { stated } else { bag.search.0 }
    } else {
        Cow::Borrowed(query)
    };
    marks.or(Marks::of_query(&query).into_owned());
    Some(Again {
        user_agent: user_agent.to_owned(),
        automated: context.automated == Some(true),
        network: marks.network.into_owned(),
    })
}
