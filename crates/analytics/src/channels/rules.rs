//! The rules: GA4's default channel group as data, so that the engine that decides and the text that explains are one.

use super::clicks::{Click, Network, click_id};
use super::lists::{List, lower};
use super::model::{Channel, Evidence};
use std::borrow::Cow;

/// One question about the evidence.
pub(super) enum Test {
    /// The source is one of these.
    SourceIs(&'static [&'static str]),
    /// The source is in a list.
    SourceIn(List),
    /// The medium is one of these.
    MediumIs(&'static [&'static str]),
    /// The medium contains one of these.
    MediumContains(&'static [&'static str]),
    /// The medium ends with this.
    MediumEnds(&'static str),
    /// `^(.*cp.*|ppc|retargeting|paid.*)$`
    MediumPaid,
    /// The campaign's name contains this.
    CampaignContains(&'static str),
    /// `^(.*(([^a-df-z]|^)shop|shopping).*)$`
    CampaignShops,
    /// There is a click id of this kind.
    Clicked(Click),
    /// The ad platform names this network.
    Shown(Network),
}

/// A channel, and what must hold for it: of every clause, at least one test.
pub(super) struct Rule {
    pub(super) order: &'static str,
    pub(super) channel: Channel,
    pub(super) clauses: &'static [&'static [Test]],
}

const NO_MEDIUM: &[&str] = &["(not set)", "(none)", ""];
const NO_SOURCE: &[&str] = &["(direct)", ""];
const BANNERS: &[&str] = &["display", "banner", "expandable", "interstitial", "cpm"];
const SOCIAL: &[&str] = &["social", "social-network", "social-media", "sm", "social network", "social media"];
const EMAIL: &[&str] = &["email", "e-mail", "e_mail", "e mail"];

const fn rule(order: &'static str, channel: Channel, clauses: &'static [&'static [Test]]) -> Rule {
    Rule { order, channel, clauses }
}

use Test as T;

/// The rules in order; the first that holds decides. Those numbered `C` look at click ids and stand before the manual
/// ones; the numbers of the others are those of AN 1.1.
pub(super) const RULES: &[Rule] = &[
    rule(
        "C1",
        Channel::CrossNetwork,
        &[&[T::Clicked(Click::Google)], &[T::Shown(Network::Cross), T::CampaignContains("cross-network")]],
    ),
    rule("C2", Channel::PaidShopping, &[&[T::Clicked(Click::Google)], &[T::Shown(Network::Shopping)]]),
    rule("C3", Channel::PaidVideo, &[&[T::Clicked(Click::Google)], &[T::Shown(Network::Video)]]),
    rule(
        "C4",
        Channel::Display,
        &[&[T::Clicked(Click::Google), T::Clicked(Click::Microsoft)], &[T::Shown(Network::Display)]],
    ),
    rule("C5", Channel::PaidSocial, &[&[T::Clicked(Click::Google)], &[T::Shown(Network::Social)]]),
    rule(
        "C6",
        Channel::PaidSearch,
        &[&[T::Clicked(Click::Google), T::Clicked(Click::Microsoft), T::Clicked(Click::Search)]],
    ),
    rule("C7", Channel::Display, &[&[T::Clicked(Click::Display)]]),
    rule("C8", Channel::PaidSocial, &[&[T::Clicked(Click::Social)]]),
    rule("C9", Channel::Affiliates, &[&[T::Clicked(Click::Affiliate)]]),
    rule("1", Channel::Direct, &[&[T::SourceIs(NO_SOURCE)], &[T::MediumIs(NO_MEDIUM)]]),
    rule("2", Channel::CrossNetwork, &[&[T::CampaignContains("cross-network")]]),
    rule("3", Channel::PaidShopping, &[&[T::SourceIn(List::Shopping), T::CampaignShops], &[T::MediumPaid]]),
    rule("4", Channel::PaidSearch, &[&[T::SourceIn(List::Search)], &[T::MediumPaid]]),
    rule("5", Channel::PaidSocial, &[&[T::SourceIn(List::Social)], &[T::MediumPaid]]),
    rule("6", Channel::PaidVideo, &[&[T::SourceIn(List::Video)], &[T::MediumPaid]]),
    rule("7", Channel::Display, &[&[T::MediumIs(BANNERS)]]),
    rule("8", Channel::PaidOther, &[&[T::MediumPaid]]),
    rule("9", Channel::OrganicShopping, &[&[T::SourceIn(List::Shopping), T::CampaignShops]]),
    rule("10", Channel::OrganicSocial, &[&[T::SourceIn(List::Social), T::MediumIs(SOCIAL)]]),
    rule("11", Channel::OrganicVideo, &[&[T::SourceIn(List::Video), T::MediumContains(&["video"])]]),
    rule("12", Channel::OrganicSearch, &[&[T::SourceIn(List::Search), T::MediumIs(&["organic"])]]),
    rule("12b", Channel::AiAssistant, &[&[T::MediumIs(&["ai-assistant"]), T::SourceIn(List::Assistants)]]),
    rule("13", Channel::Referral, &[&[T::MediumIs(&["referral", "app", "link"])]]),
    rule("14", Channel::Email, &[&[T::SourceIs(EMAIL), T::MediumIs(EMAIL)]]),
    rule("15", Channel::Affiliates, &[&[T::MediumIs(&["affiliate"])]]),
    rule("16", Channel::Audio, &[&[T::MediumIs(&["audio"])]]),
    rule("17", Channel::Sms, &[&[T::SourceIs(&["sms"]), T::MediumIs(&["sms"])]]),
    rule(
        "18",
        Channel::MobilePush,
        &[&[T::MediumEnds("push"), T::MediumContains(&["mobile", "notification"]), T::SourceIs(&["firebase"])]],
    ),
];

/// The evidence in lower case, once for all rules.
pub(super) struct Folded<'a> {
    source: Cow<'a, str>,
    medium: Cow<'a, str>,
    campaign: Cow<'a, str>,
    click_id_kind: &'a str,
    click: Option<Click>,
    network_code: &'a str,
    network: Option<Network>,
    /// The list that a workspace has put the source on.
    own_list: Option<List>,
}

impl<'a> Folded<'a> {
    pub(super) fn new(evidence: &Evidence<'a>, own_list: Option<List>) -> Self {
        Self {
            source: lower(evidence.source),
            medium: lower(evidence.medium),
            campaign: lower(evidence.campaign),
            click_id_kind: evidence.click_id_kind,
            click: click_id(evidence.click_id_kind).map(|known| known.click),
            network_code: evidence.network,
            network: Network::parse(evidence.network),
            own_list,
        }
    }
}

impl Rule {
    pub(super) fn holds(&self, folded: &Folded<'_>) -> bool {
        self.clauses.iter().all(|clause| clause.iter().any(|test| test.holds(folded)))
    }

    /// The rule in words.
    pub(super) fn text(&self) -> String {
        let clauses: Vec<String> = self.clauses.iter().map(|clause| clause_text(clause)).collect();
        clauses.join(", and ")
    }

    /// The first clause that does not hold, with the values it looked at.
    pub(super) fn why_not(&self, folded: &Folded<'_>) -> String {
        let failed = self.clauses.iter().find(|clause| !clause.iter().any(|test| test.holds(folded)));
        failed.map_or_else(String::new, |clause| format!("not: {} ({})", clause_text(clause), seen(clause, folded)))
    }

    /// The tests that hold, with the values they matched.
    pub(super) fn why(&self, folded: &Folded<'_>) -> String {
        let matched = self.clauses.iter().filter_map(|clause| clause.iter().find(|test| test.holds(folded)));
        let matched: Vec<String> = matched.map(|test| format!("{} ({})", test.text(), test.seen(folded))).collect();
        matched.join(", and ")
    }
}

fn clause_text(clause: &[Test]) -> String {
    let tests: Vec<String> = clause.iter().map(Test::text).collect();
    tests.join(" or ")
}

/// What a clause looked at, each value once.
fn seen(clause: &[Test], folded: &Folded<'_>) -> String {
    let mut values: Vec<String> = Vec::new();
    for test in clause {
        let value = test.seen(folded);
        if !values.contains(&value) {
            values.push(value);
        }
    }
    values.join(", ")
}

fn quoted(words: &[&str]) -> String {
    let words: Vec<String> =
        words.iter().map(|word| if word.is_empty() { "empty".to_owned() } else { format!("`{word}`") }).collect();
    words.join(", ")
}

/// `^(.*cp.*|ppc|retargeting|paid.*)$` on a lower-case medium.
pub(super) fn is_paid_medium(medium: &str) -> bool {
    medium.contains("cp") || medium == "ppc" || medium == "retargeting" || medium.starts_with("paid")
}

/// `^(.*(([^a-df-z]|^)shop|shopping).*)$` on a lower-case name: `shop` at the start, after `e`, or after no letter.
pub(super) fn is_shopping_name(campaign: &str) -> bool {
    campaign.contains("shopping")
        || campaign.match_indices("shop").any(|(place, _)| {
            campaign[..place].chars().next_back().is_none_or(|letter| letter == 'e' || !letter.is_ascii_lowercase())
        })
}

impl Test {
    fn holds(&self, folded: &Folded<'_>) -> bool {
        let (source, medium, campaign) = (&*folded.source, &*folded.medium, &*folded.campaign);
        match self {
            T::SourceIs(words) => words.contains(&source),
            T::SourceIn(list) => list.has(source) || folded.own_list == Some(*list),
            T::MediumIs(words) => words.contains(&medium),
            T::MediumContains(words) => words.iter().any(|word| medium.contains(word)),
            T::MediumEnds(word) => medium.ends_with(word),
            T::MediumPaid => is_paid_medium(medium),
            T::CampaignContains(word) => campaign.contains(word),
            T::CampaignShops => is_shopping_name(campaign),
            T::Clicked(click) => folded.click == Some(*click),
            T::Shown(network) => folded.network == Some(*network),
        }
    }

    fn text(&self) -> String {
        match self {
            T::SourceIs(words) => format!("the source is {}", quoted(words)),
            T::SourceIn(list) => format!("the source is in the list of {}", list.noun()),
            T::MediumIs(words) => format!("the medium is {}", quoted(words)),
            T::MediumContains(words) => format!("the medium contains {}", quoted(words)),
            T::MediumEnds(word) => format!("the medium ends with `{word}`"),
            T::MediumPaid => "the medium is paid (`ppc`, `retargeting`, `paid…`, or it contains `cp`)".to_owned(),
            T::CampaignContains(word) => format!("the campaign contains `{word}`"),
            T::CampaignShops => {
                "the campaign names a shop (`shopping`, or `shop` not after a letter other than e)".to_owned()
            }
            T::Clicked(click) => format!("the click id is one of {}", click_noun(*click)),
            T::Shown(network) => format!("the ad network is {}", network_noun(*network)),
        }
    }

    fn seen(&self, folded: &Folded<'_>) -> String {
        let shown = |name: &str, value: &str| {
            if value.is_empty() { format!("no {name}") } else { format!("{name} `{value}`") }
        };
        match self {
            T::SourceIs(_) | T::SourceIn(_) => shown("source", &folded.source),
            T::MediumIs(_) | T::MediumContains(_) | T::MediumEnds(_) | T::MediumPaid => shown("medium", &folded.medium),
            T::CampaignContains(_) | T::CampaignShops => shown("campaign", &folded.campaign),
            T::Clicked(_) => shown("click id", folded.click_id_kind),
            T::Shown(_) => shown("ad network", folded.network_code),
        }
    }
}

fn click_noun(click: Click) -> &'static str {
    match click {
        Click::Google => "Google Ads",
        Click::Microsoft => "Microsoft Advertising",
        Click::Search => "another search engine's ads",
        Click::Display => "Google's display server",
        Click::Social => "a social network's ads",
        Click::Affiliate => "an affiliate network",
        Click::Unpaid => "an unpaid link",
    }
}

fn network_noun(network: Network) -> &'static str {
    match network {
        Network::Search => "search",
        Network::Video => "video",
        Network::Display => "display",
        Network::Social => "social",
        Network::Cross => "cross-network",
        Network::Shopping => "shopping",
    }
}
