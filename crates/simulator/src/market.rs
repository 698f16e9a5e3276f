//! Marketing: the channels, their true effect, the campaigns and where their clicks lead.

use crate::calendar::Calendar;
use crate::draw::Draw;
use jiff::civil::Date;
use kernel::money::UNIT;

/// The channels of the company, by the names of GA4's default channel group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Channel {
    /// Google search ads.
    PaidSearch,
    /// Meta and LinkedIn ads.
    PaidSocial,
    /// Banners on Google's network.
    Display,
    /// Trade shows and sponsored newsletters.
    PaidOther,
    /// The newsletter and the e-mail tool.
    Email,
    /// Search engines; an agency writes and optimises.
    OrganicSearch,
    /// Partners that are paid per lead.
    Affiliates,
    /// Other websites; above all a review site.
    Referral,
    /// Nobody knows.
    Direct,
    /// Posts of the company and its people.
    OrganicSocial,
    /// Chat assistants that name the company.
    AiAssistant,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Channel; 11] = [
        Channel::PaidSearch,
        Channel::PaidSocial,
        Channel::Display,
        Channel::PaidOther,
        Channel::Email,
        Channel::OrganicSearch,
        Channel::Affiliates,
        Channel::Referral,
        Channel::Direct,
        Channel::OrganicSocial,
        Channel::AiAssistant,
    ];

    /// The channels money is spent on.
    pub const PAID_FOR: [Channel; 8] = [
        Channel::PaidSearch,
        Channel::PaidSocial,
        Channel::Display,
        Channel::PaidOther,
        Channel::Email,
        Channel::OrganicSearch,
        Channel::Affiliates,
        Channel::Referral,
    ];

    /// The name in GA4's default channel group.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Channel::PaidSearch => "Paid Search",
            Channel::PaidSocial => "Paid Social",
            Channel::Display => "Display",
            Channel::PaidOther => "Paid Other",
            Channel::Email => "Email",
            Channel::OrganicSearch => "Organic Search",
            Channel::Affiliates => "Affiliates",
            Channel::Referral => "Referral",
            Channel::Direct => "Direct",
            Channel::OrganicSocial => "Organic Social",
            Channel::AiAssistant => "AI Assistant",
        }
    }

    /// Of a hundred deals, how many this channel causes when it is as busy as on average: without it they would not be.
    /// What remains of the hundred would have come anyway, and first shows as `Direct`.
    #[must_use]
    pub fn causes(self) -> f64 {
        match self {
            Channel::PaidSocial => 20.0,
            Channel::OrganicSearch => 17.0,
            Channel::PaidSearch => 14.0,
            Channel::PaidOther => 12.0,
            Channel::Email => 8.0,
            Channel::Referral => 4.0,
            Channel::AiAssistant | Channel::OrganicSocial => 3.0,
            Channel::Display => 2.0,
            Channel::Affiliates => 1.0,
            Channel::Direct => 16.0,
        }
    }

    /// How likely the last visit before somebody asks for a demo comes this way: harvest, not cause.
    #[must_use]
    pub fn harvests(self) -> f64 {
        match self {
            Channel::Affiliates => 24.0,
            Channel::Direct => 26.0,
            Channel::PaidSearch => 18.0,
            Channel::Referral | Channel::OrganicSearch => 10.0,
            Channel::Email => 8.0,
            Channel::PaidSocial => 3.0,
            Channel::AiAssistant => 1.0,
            _ => 0.0,
        }
    }

    /// The share of anonymous visits.
    pub(crate) fn traffic(self) -> f64 {
        match self {
            Channel::OrganicSearch => 34.0,
            Channel::Direct => 18.0,
            Channel::PaidSocial => 14.0,
            Channel::PaidSearch => 13.0,
            Channel::Display => 6.0,
            Channel::OrganicSocial => 5.0,
            Channel::Referral | Channel::AiAssistant => 3.0,
            Channel::Email | Channel::PaidOther => 1.5,
            Channel::Affiliates => 1.0,
        }
    }

    /// Days in which the effect of one set of ads halves; none where nothing tires.
    #[must_use]
    pub fn fatigue_days(self) -> Option<f64> {
        match self {
            Channel::PaidSocial => Some(40.0),
            Channel::Display => Some(28.0),
            _ => None,
        }
    }
}

/// Where a spend report comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Platform {
    /// Google Ads, billed in USD.
    Google,
    /// Meta, billed in EUR.
    Meta,
    /// LinkedIn, billed in USD.
    LinkedIn,
    /// Invoices kept in a sheet, in EUR.
    Invoice,
    /// Costs nothing by itself.
    Free,
}

/// How the links of a campaign are tagged.
#[derive(Debug, Clone)]
pub(crate) struct Tags {
    pub(crate) source: &'static str,
    pub(crate) medium: &'static str,
    pub(crate) campaign: String,
    /// Whether `utm_id` carries the platform's campaign id.
    pub(crate) with_id: bool,
}

/// A campaign, paid or not.
#[derive(Debug, Clone)]
pub(crate) struct Campaign {
    /// The platform's id; empty where there is none.
    pub(crate) id: String,
    /// As the platform or the sheet writes it.
    pub(crate) name: String,
    pub(crate) channel: Channel,
    pub(crate) platform: Platform,
    pub(crate) tags: Option<Tags>,
    pub(crate) referrer: &'static str,
    /// The parameter of the click id.
    pub(crate) click: Option<&'static str>,
    /// Micros a month on average, in the platform's currency.
    pub(crate) budget: i64,
    /// Units of currency a click costs.
    pub(crate) click_cost: f64,
    pub(crate) ad_groups: &'static [&'static str],
    /// The first day and the day after the last.
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// How often it is chosen among the campaigns of its channel.
    pub(crate) weight: f64,
    pub(crate) landing: &'static [&'static str],
}

/// The campaign whose links carry a wrong medium.
pub const MISLABELLED: &str = "Sponsored newsletter SaaS Weekly";
/// The medium its links carry: no rule of any channel knows it.
pub const MISLABELLED_MEDIUM: &str = "piad-newsletter";

/// All campaigns.
pub(crate) struct Market {
    pub(crate) campaigns: Vec<Campaign>,
}

const PRODUCT: &[&str] = &["/", "/product", "/product/attribution", "/pricing", "/solutions/b2b-saas"];
const CONTENT: &[&str] =
    &["/guides/attribution-playbook", "/guides/marketing-budget-template", "/webinars/pipeline-review"];
const COMPARE: &[&str] = &["/compare/spreadsheets", "/pricing", "/demo"];

impl Market {
    /// The campaigns of the company's life.
    pub(crate) fn new(calendar: &Calendar, seed: u64) -> Self {
        let mut market = Self { campaigns: Vec::new() };
        market.free(calendar);
        market.google(calendar, seed);
        market.social(calendar, seed);
        market.email(calendar);
        market.invoices(calendar);
        market
    }

    /// A campaign of a channel that runs on a day; the one nearest in time where none runs.
    pub(crate) fn choose(&self, channel: Channel, day: i64, draw: &mut Draw) -> u16 {
        let weight = |campaign: &Campaign| {
            let running = campaign.from <= day && day < campaign.to;
            if campaign.channel == channel && running { campaign.weight } else { 0.0 }
        };
        let weights: Vec<f64> = self.campaigns.iter().map(weight).collect();
        let place = if weights.iter().any(|weight| *weight > 0.0) {
            draw.weighted(&weights)
        } else {
            let distance = |campaign: &Campaign| (campaign.from - day).max(day - campaign.to).max(0);
            let tagged = |campaign: &&(usize, &Campaign)| campaign.1.channel == channel && campaign.1.weight > 0.0;
            let all = self.campaigns.iter().enumerate().collect::<Vec<_>>();
            all.iter().filter(tagged).min_by_key(|(_, campaign)| distance(campaign)).map_or(0, |(place, _)| *place)
        };
        u16::try_from(place).unwrap_or(0)
    }

    /// A campaign by its place.
    pub(crate) fn get(&self, place: u16) -> &Campaign {
        &self.campaigns[usize::from(place)]
    }

    /// How effective the ads of a channel are on a day: 1 when fresh, less as they tire.
    pub(crate) fn freshness(&self, channel: Channel, day: i64) -> f64 {
        let Some(half) = channel.fatigue_days() else { return 1.0 };
        let running = |campaign: &&Campaign| campaign.channel == channel && campaign.from <= day && day < campaign.to;
        let youngest = self.campaigns.iter().filter(running).map(|campaign| day - campaign.from).min().unwrap_or(0);
        tired(youngest, half)
    }

    fn free(&mut self, calendar: &Calendar) {
        let sources: [(Channel, &'static str, f64, &'static [&'static str]); 12] = [
            (Channel::OrganicSearch, "https://www.google.com/", 80.0, CONTENT),
            (Channel::OrganicSearch, "https://www.bing.com/", 12.0, PRODUCT),
            (Channel::OrganicSearch, "https://duckduckgo.com/", 8.0, PRODUCT),
            (Channel::Direct, "", 100.0, PRODUCT),
            (Channel::OrganicSocial, "https://www.linkedin.com/", 70.0, CONTENT),
            (Channel::OrganicSocial, "https://www.reddit.com/", 18.0, CONTENT),
            (Channel::OrganicSocial, "https://news.ycombinator.com/", 12.0, PRODUCT),
            (Channel::AiAssistant, "https://chatgpt.com/", 70.0, PRODUCT),
            (Channel::AiAssistant, "https://www.perplexity.ai/", 20.0, PRODUCT),
            (Channel::AiAssistant, "https://claude.ai/", 10.0, PRODUCT),
            (Channel::Referral, "https://blog.opsgarden.example/best-marketing-ops-tools", 30.0, PRODUCT),
            (Channel::Referral, "https://partners.cloudhutch.example/", 15.0, PRODUCT),
        ];
        for (channel, referrer, weight, landing) in sources {
            let mut campaign = plain(calendar, channel, Platform::Free, String::new());
            (campaign.referrer, campaign.weight, campaign.landing) = (referrer, weight, landing);
            self.campaigns.push(campaign);
        }
    }

    fn google(&mut self, calendar: &Calendar, seed: u64) {
        type Line = (&'static str, Channel, i64, f64, &'static [&'static str], &'static [&'static str]);
        let lines: [Line; 7] = [
            ("Brand | Exact", Channel::PaidSearch, 6_000, 2.4, &["Brand core", "Brand + pricing"], COMPARE),
            (
                "Category | Marketing attribution | DACH",
                Channel::PaidSearch,
                14_000,
                9.6,
                &["Attribution software", "Multi-touch", "ROI reporting"],
                PRODUCT,
            ),
            (
                "Category | Marketing attribution | US",
                Channel::PaidSearch,
                18_000,
                14.2,
                &["Attribution software", "B2B attribution", "Pipeline reporting"],
                PRODUCT,
            ),
            (
                "Category | Marketing budget | EMEA",
                Channel::PaidSearch,
                9_000,
                7.1,
                &["Budget planning", "Spend tracking"],
                CONTENT,
            ),
            ("Competitors | Global", Channel::PaidSearch, 7_500, 11.8, &["Alternatives", "Versus"], COMPARE),
            (
                "Display | Remarketing | All visitors",
                Channel::Display,
                8_000,
                1.9,
                &["Visitors 30d", "Pricing viewers"],
                PRODUCT,
            ),
            (
                "Display | Prospecting | Custom intent",
                Channel::Display,
                6_000,
                1.2,
                &["Marketing leaders", "RevOps leaders"],
                CONTENT,
            ),
        ];
        for (number, (name, channel, budget, cost, groups, landing)) in lines.into_iter().enumerate() {
            let id = 21_400_000_000 + crate::draw::key(seed, "google", number as u64) % 90_000_000;
            let mut campaign = plain(calendar, channel, Platform::Google, name.to_owned());
            let medium = if channel == Channel::Display { "display" } else { "cpc" };
            // Automatic tagging names the click; the tracking template names the campaign.
            campaign.click = (channel == Channel::PaidSearch).then_some("gclid");
            campaign.referrer = if channel == Channel::PaidSearch { "https://www.google.com/" } else { "" };
            campaign.tags = Some(Tags { source: "google", medium, campaign: slug(name), with_id: true });
            (campaign.id, campaign.budget, campaign.click_cost) = (id.to_string(), budget * UNIT, cost);
            (campaign.ad_groups, campaign.landing, campaign.weight) = (groups, landing, units(budget) / cost);
            self.campaigns.push(campaign);
        }
    }

    /// Meta and LinkedIn change their ads every quarter; they tire in between.
    fn social(&mut self, calendar: &Calendar, seed: u64) {
        type Line = (Platform, &'static str, i64, f64, &'static [&'static str], &'static [&'static str]);
        let lines: [Line; 6] = [
            (Platform::Meta, "Lead magnet Budget template", 6_500, 2.1, &["Carousel", "Video 15s"], CONTENT),
            (Platform::Meta, "Retargeting Demo", 4_500, 1.7, &["Customer quote", "Product tour"], PRODUCT),
            (Platform::Meta, "Lookalike Customers", 7_000, 2.6, &["Static A", "Static B"], PRODUCT),
            (Platform::LinkedIn, "ABM | Marketing leaders | DACH", 16_000, 12.4, &["Document ad"], CONTENT),
            (Platform::LinkedIn, "ABM | Marketing leaders | US & UK", 21_000, 15.8, &["Document ad"], CONTENT),
            (Platform::LinkedIn, "Thought leadership | RevOps", 8_000, 9.3, &["Single image"], CONTENT),
        ];
        let flights = (calendar.len() + 90) / 91;
        for flight in 0..flights {
            let (from, to) = (flight * 91, ((flight + 1) * 91).min(calendar.len()));
            let quarter = quarter_of(calendar.date(from + 20));
            for (number, (platform, line, budget, cost, ads, landing)) in lines.into_iter().enumerate() {
                let name = format!("{line} | {quarter}");
                let meta = platform == Platform::Meta;
                let digits = crate::draw::key(seed, "social", flight.unsigned_abs() * 100 + number as u64);
                let id = if meta {
                    120_210_000_000_000_000 + digits % 9_000_000_000_000
                } else {
                    610_000_000 + digits % 9_000_000
                };
                let mut campaign = plain(calendar, Channel::PaidSocial, platform, name.clone());
                campaign.click = Some(if meta { "fbclid" } else { "li_fat_id" });
                campaign.referrer = if meta { "https://l.facebook.com/" } else { "https://www.linkedin.com/" };
                let source = if meta { "facebook" } else { "linkedin" };
                // LinkedIn has no macro for the campaign's id, so that its spend is joined by name.
                campaign.tags = Some(Tags { source, medium: "paid-social", campaign: slug(&name), with_id: meta });
                (campaign.id, campaign.budget, campaign.click_cost) = (id.to_string(), budget * UNIT, cost);
                (campaign.ad_groups, campaign.landing) = (ads, landing);
                (campaign.from, campaign.to, campaign.weight) = (from, to, units(budget) / cost.sqrt());
                self.campaigns.push(campaign);
            }
        }
        // Somebody boosts a post by hand, without tags: its spend matches nothing and must be listed.
        let mut boost = plain(calendar, Channel::PaidSocial, Platform::Meta, "Boosted post: office move".to_owned());
        (boost.id, boost.budget, boost.click_cost) = ("120219999000000017".to_owned(), 1_200 * UNIT, 0.8);
        (boost.ad_groups, boost.from, boost.to, boost.weight) = (&["Boost"], 300, 361, 0.0);
        self.campaigns.push(boost);
    }

    fn email(&mut self, calendar: &Calendar) {
        for (number, month) in calendar.months().into_iter().enumerate() {
            let from = crate::calendar::micros_of(month) / kernel::time::DAY - calendar.at(0) / kernel::time::DAY;
            for (line, weight) in [("newsletter", 60.0), ("product-update", 25.0), ("webinar-invite", 15.0)] {
                let name = format!("{}-{:02}-{line}", month.year(), month.month());
                let mut campaign = plain(calendar, Channel::Email, Platform::Free, name.clone());
                let source = if number % 2 == 0 { "newsletter" } else { "customerio" };
                campaign.tags = Some(Tags { source, medium: "email", campaign: name, with_id: false });
                (campaign.from, campaign.to, campaign.weight) = (from, from + 31, weight);
                campaign.landing = CONTENT;
                self.campaigns.push(campaign);
            }
        }
    }

    fn invoices(&mut self, calendar: &Calendar) {
        let whole = (0, calendar.len());
        type Line = (&'static str, Channel, i64, &'static str, &'static str, (i64, i64), f64);
        let lines: [Line; 9] = [
            ("E-mail tool", Channel::Email, 2_400, "", "", whole, 0.0),
            ("Content and SEO agency", Channel::OrganicSearch, 16_500, "", "", whole, 0.0),
            ("Partner programme Hutchly", Channel::Affiliates, 4_200, "hutchly", "affiliate", whole, 70.0),
            ("Partner programme Toolshelf", Channel::Affiliates, 2_600, "toolshelf", "affiliate", whole, 30.0),
            ("Review site Stackverdict", Channel::Referral, 5_500, "stackverdict", "referral", whole, 55.0),
            ("Trade show Industry Day", Channel::PaidOther, 14_000, "industry-day", "paid-event", (120, 170), 50.0),
            ("Trade show Revenue Forum", Channel::PaidOther, 18_000, "revenue-forum", "paid-event", (300, 350), 50.0),
            ("Roundtables", Channel::PaidOther, 6_000, "roundtable", "paid-event", whole, 20.0),
            (MISLABELLED, Channel::PaidOther, 6_000, "saas-weekly", MISLABELLED_MEDIUM, (380, 471), 60.0),
        ];
        for (number, (name, channel, budget, source, medium, (from, to), weight)) in lines.into_iter().enumerate() {
            let mut campaign = plain(calendar, channel, Platform::Invoice, name.to_owned());
            if !source.is_empty() {
                campaign.id = format!("{}", 7_001 + number);
                campaign.tags = Some(Tags { source, medium, campaign: slug(name), with_id: number % 2 == 0 });
            }
            campaign.referrer = match source {
                "stackverdict" => "https://www.stackverdict.example/marketing-analytics",
                "hutchly" => "https://hutchly.example/",
                _ => "",
            };
            (campaign.budget, campaign.from, campaign.to) = (budget * UNIT, from, to.min(calendar.len()));
            (campaign.weight, campaign.landing) =
                (weight, if channel == Channel::PaidOther { CONTENT } else { COMPARE });
            self.campaigns.push(campaign);
        }
    }
}

/// The effect that is left after so many days.
#[expect(clippy::cast_precision_loss, reason = "an age in days is small")]
pub(crate) fn tired(age: i64, half: f64) -> f64 {
    0.5_f64.powf(age as f64 / half)
}

#[expect(clippy::cast_precision_loss, reason = "a budget in units is small")]
fn units(budget: i64) -> f64 {
    budget as f64
}

fn plain(calendar: &Calendar, channel: Channel, platform: Platform, name: String) -> Campaign {
    Campaign {
        id: String::new(),
        name,
        channel,
        platform,
        tags: None,
        referrer: "",
        click: None,
        budget: 0,
        click_cost: 1.0,
        ad_groups: &[],
        from: 0,
        to: calendar.len(),
        weight: 1.0,
        landing: PRODUCT,
    }
}

fn quarter_of(date: Date) -> String {
    format!("Q{}-{}", (date.month() - 1) / 3 + 1, date.year() % 100)
}

/// `ABM | Marketing leaders | DACH` as somebody writes it into a link: `abm-marketing-leaders-dach`.
pub(crate) fn slug(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars().flat_map(char::to_lowercase) {
        if letter.is_alphanumeric() {
            text.push(letter);
        } else if !text.ends_with('-') {
            text.push('-');
        }
    }
    text.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effects_add_up_to_a_hundred() {
        let causes: f64 = Channel::ALL.iter().map(|channel| channel.causes()).sum();
        assert!((causes - 100.0).abs() < 1e-9);
        let harvests: f64 = Channel::ALL.iter().map(|channel| channel.harvests()).sum();
        assert!((harvests - 100.0).abs() < 1e-9);
    }

    #[test]
    fn every_channel_has_a_campaign_on_every_day() {
        let calendar = Calendar::new("2026-11-01".parse().unwrap());
        let market = Market::new(&calendar, 1);
        let mut draw = Draw::of(1, "test", 0);
        for day in -60..calendar.len() {
            for channel in Channel::ALL {
                assert_eq!(market.get(market.choose(channel, day, &mut draw)).channel, channel);
            }
        }
        let social = |day| market.freshness(Channel::PaidSocial, day);
        assert!(social(92) > social(90), "new ads every quarter");
    }
}
