//! Where a visit came from: source, medium and campaign out of the UTM parameters, else the click id, else the referrer.

use super::clicks::{CLICK_IDS, ClickId, click_id};
use super::lists::{List, lower};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use std::borrow::Cow;

/// What decided the source and the medium.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// UTM parameters in the address, or a campaign the sender named.
    Utm,
    /// A click id in the address.
    ClickId,
    /// The page that linked here.
    Referrer,
    /// Nothing: `(direct)`.
    #[default]
    None,
}

/// The marks of a campaign, from the address or from the sender's context. Case is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks<'a> {
    /// `utm_source`
    pub source: Cow<'a, str>,
    /// `utm_medium`
    pub medium: Cow<'a, str>,
    /// `utm_campaign`
    pub campaign: Cow<'a, str>,
    /// `utm_id`
    pub campaign_id: Cow<'a, str>,
    /// `utm_content`
    pub content: Cow<'a, str>,
    /// `utm_term`
    pub term: Cow<'a, str>,
    /// The strongest click id and its value.
    pub click: Option<(&'static ClickId, Cow<'a, str>)>,
    /// The ad network, as `network=` in the address names it.
    pub network: Cow<'a, str>,
}

/// Longest value of a mark that is kept, in bytes; the rest is cut at a character.
const MARK_BYTES_MAX: usize = 500;

impl<'a> Marks<'a> {
    /// Reads the marks out of a query string (`utm_source=…&gclid=…`, with or without the `?`).
    #[must_use]
    pub fn of_query(query: &'a str) -> Self {
        let mut marks = Self::default();
        for pair in query.trim_start_matches('?').split('&') {
            if let Some((name, value)) = pair.split_once('=').filter(|(_, value)| !value.is_empty()) {
                marks.set(name, value);
            }
        }
        marks
    }

    fn set(&mut self, name: &str, value: &'a str) {
        let place = if name.eq_ignore_ascii_case("utm_source") {
            &mut self.source
        } else if name.eq_ignore_ascii_case("utm_medium") {
            &mut self.medium
        } else if name.eq_ignore_ascii_case("utm_campaign") {
            &mut self.campaign
        } else if name.eq_ignore_ascii_case("utm_id") || name.eq_ignore_ascii_case("gad_campaignid") {
            &mut self.campaign_id
        } else if name.eq_ignore_ascii_case("utm_content") {
            &mut self.content
        } else if name.eq_ignore_ascii_case("utm_term") {
            &mut self.term
        } else if name.eq_ignore_ascii_case("network") {
            &mut self.network
        } else {
            if let Some(known) = click_id(name) {
                self.click_on(known, decoded(value));
            }
            return;
        };
        if place.is_empty() || name.eq_ignore_ascii_case("utm_id") {
            *place = decoded(value);
        }
    }

    /// Takes a click id if it is stronger evidence than the one there is.
    pub fn click_on(&mut self, known: &'static ClickId, value: Cow<'a, str>) {
        let rank = |id: &ClickId| CLICK_IDS.iter().position(|other| other.name == id.name);
        if self.click.as_ref().is_none_or(|(present, _)| rank(known) < rank(present)) {
            self.click = Some((known, value));
        }
    }

    /// Fills what is empty here with what `other` has.
    pub fn or(&mut self, other: Marks<'a>) {
        for (mine, theirs) in [
            (&mut self.source, other.source),
            (&mut self.medium, other.medium),
            (&mut self.campaign, other.campaign),
            (&mut self.campaign_id, other.campaign_id),
            (&mut self.content, other.content),
            (&mut self.term, other.term),
            (&mut self.network, other.network),
        ] {
            if mine.is_empty() {
                *mine = theirs;
            }
        }
        if let Some((known, value)) = other.click {
            self.click_on(known, value);
        }
    }

    /// The same with texts of its own.
    #[must_use]
    pub fn into_owned(self) -> Marks<'static> {
        let own = |text: Cow<'a, str>| Cow::Owned(text.into_owned());
        Marks {
            source: own(self.source),
            medium: own(self.medium),
            campaign: own(self.campaign),
            campaign_id: own(self.campaign_id),
            content: own(self.content),
            term: own(self.term),
            click: self.click.map(|(known, value)| (known, own(value))),
            network: own(self.network),
        }
    }

    fn has_utm(&self) -> bool {
        !(self.source.is_empty() && self.medium.is_empty() && self.campaign.is_empty())
    }
}

fn decoded(value: &str) -> Cow<'_, str> {
    let value = cut(value);
    if !value.bytes().any(|byte| byte == b'%' || byte == b'+') {
        return Cow::Borrowed(value);
    }
    let spaced = value.replace('+', " ");
    Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
}

fn cut(value: &str) -> &str {
    &value[..value.floor_char_boundary(MARK_BYTES_MAX)]
}

/// Source and medium, and what they were derived from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The source; `(direct)` when there is none.
    pub source: Cow<'a, str>,
    /// The medium; `(none)` when there is none.
    pub medium: Cow<'a, str>,
    /// What decided.
    pub basis: Basis,
}

/// Derives source and medium: UTM, then click id, then referrer. A referrer of the page's own site tells nothing.
///
/// Where the UTM parameters name a campaign or a medium but no source, the click id or the referrer fills the gap.
#[must_use]
pub fn origin<'a>(marks: &Marks<'a>, referrer_host: &'a str, page_host: &str) -> Origin<'a> {
    let derived = match &marks.click {
        Some((known, _)) => {
            Origin { source: Cow::Borrowed(known.source), medium: known.medium.into(), basis: Basis::ClickId }
        }
        None => of_referrer(referrer_host, page_host),
    };
    if !marks.has_utm() {
        return derived;
    }
    let known = derived.basis != Basis::None;
    let fill = |mark: &Cow<'a, str>, derived: Cow<'a, str>| match (mark.is_empty(), known) {
        (false, _) => mark.clone(),
        (true, true) => derived,
        (true, false) => Cow::Borrowed("(not set)"),
    };
    Origin {
        source: fill(&marks.source, derived.source),
        medium: fill(&marks.medium, derived.medium),
        basis: Basis::Utm,
    }
}

fn of_referrer<'a>(referrer_host: &'a str, page_host: &str) -> Origin<'a> {
    if referrer_host.is_empty() || same_site(referrer_host, page_host) {
        return Origin { source: "(direct)".into(), medium: "(none)".into(), basis: Basis::None };
    }
    let found = List::ALL.iter().find_map(|list| list.name_of(referrer_host).map(|name| (*list, name)));
    let (source, medium) = match found {
        Some((List::Search, name)) => (Cow::Borrowed(name), "organic"),
        Some((List::Assistants, name)) => (Cow::Borrowed(name), "ai-assistant"),
        Some((_, name)) => (Cow::Borrowed(name), "referral"),
        None => (without_www(referrer_host), "referral"),
    };
    Origin { source, medium: medium.into(), basis: Basis::Referrer }
}

fn without_www(host: &str) -> Cow<'_, str> {
    match lower(host) {
        Cow::Borrowed(host) => Cow::Borrowed(host.strip_prefix("www.").unwrap_or(host)),
        Cow::Owned(host) => Cow::Owned(host.strip_prefix("www.").map(str::to_owned).unwrap_or(host)),
    }
}

/// Whether two hosts belong to one site: the same registrable domain (`app.acme.co.uk` and `www.acme.co.uk`).
#[must_use]
pub fn same_site(one: &str, other: &str) -> bool {
    if one.is_empty() || other.is_empty() {
        return false;
    }
    if one.eq_ignore_ascii_case(other) {
        return true;
    }
    let (one, other) = (lower(one), lower(other));
    match (psl::domain_str(&one), psl::domain_str(&other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

/// The parts of an address that reports need. Borrowed; nothing is decoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Address<'a> {
    /// The host without user, password and port.
    pub host: &'a str,
    /// The path, starting with `/`; empty when there is no host.
    pub path: &'a str,
    /// The query, without `?` and without the fragment.
    pub query: &'a str,
}

impl<'a> Address<'a> {
    /// Takes an address apart. What is no address gives empty parts; a path alone (`/a?b`) gives path and query.
    #[must_use]
    pub fn parse(url: &'a str) -> Self {
        let url = url.trim();
        let url = url.split_once('#').map_or(url, |(before, _)| before);
        let (rest, query) = url.split_once('?').unwrap_or((url, ""));
        if rest.starts_with('/') && !rest.starts_with("//") {
            return Self { host: "", path: rest, query };
        }
        let Some((_, rest)) = rest.split_once("//") else { return Self { host: "", path: "", query } };
        let (authority, path) = rest.find('/').map_or((rest, "/"), |place| rest.split_at(place));
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let host = host
            .strip_prefix('[')
            .and_then(|v6| v6.split_once(']'))
            .map_or_else(|| host.split_once(':').map_or(host, |(name, _)| name), |(v6, _)| v6);
        Self { host, path, query }
    }
}
