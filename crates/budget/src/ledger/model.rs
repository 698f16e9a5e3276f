//! What the ledger holds: lines of spend, plans, rates and mappings.

use analytics::channels::Channel;
use analytics::metrics::SpendMatch;
use jiff::civil::Date;
use kernel::ids::LedgerId;
use kernel::money::{Currency, Money};
use kernel::time::Timestamp;
use serde::{Deserialize, Serialize};

pub use analytics::metrics::RATE_AGE_DAYS_MAX;

/// Most plan lines, or rates, in one request.
pub const LINES_MAX: usize = 5_000;
/// Longest text of a line, in characters.
pub const TEXT_CHARS_MAX: usize = 500;

/// A line of actual spend. Never changed once written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id; ids sort by the moment of writing.
    pub id: LedgerId,
    /// When it was written.
    pub entered_at: Timestamp,
    /// Who wrote it.
    pub actor: String,
    /// The import it came with.
    pub import: Option<String>,
    /// What it says.
    pub line: Line,
    /// The line it takes back, when it is a reversal.
    pub reverses: Option<LedgerId>,
}

/// What a line of spend says, apart from who wrote it when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The system it came from: `google_ads`, `meta`, `linkedin`, `file`, `manual`.
    pub system: String,
    /// The account on that system, where a report covers several.
    pub account: String,
    /// The day the money was spent, in the account's own calendar.
    pub date: Date,
    /// The channel, where somebody named it; else it follows from the touches, or from source and medium.
    pub channel: Option<Channel>,
    /// The source, for example `google`.
    pub source: String,
    /// The medium, for example `cpc`.
    pub medium: String,
    /// The campaign's name.
    pub campaign: String,
    /// The campaign's id on its platform.
    pub campaign_id: String,
    /// The ad group.
    pub ad_group: String,
    /// The ad.
    pub ad: String,
    /// The click that was paid for.
    pub click_id: String,
    /// How much.
    pub money: Money,
    /// A remark.
    pub note: String,
    /// How often the ad was shown, where a report says so.
    pub impressions: Option<i64>,
    /// How often it was clicked, as the platform counts.
    pub clicks: Option<i64>,
}

impl Line {
    /// Whether it names something that touches could carry.
    #[must_use]
    pub fn names_a_campaign(&self) -> bool {
        !(self.campaign.is_empty() && self.campaign_id.is_empty() && self.click_id.is_empty())
    }

    /// The key by which a person maps the spend of a campaign by hand: its system, and its id or else its name.
    #[must_use]
    pub fn spend_key(&self) -> String {
        if self.campaign_id.is_empty() {
            format!("{}/name:{}", self.system, plain_name(&self.campaign))
        } else {
            format!("{}/id:{}", self.system, self.campaign_id)
        }
    }
}

/// A name as names are joined: letters and digits in lower case, single hyphens between. `ABM | DACH` and `abm-dach` are
/// one name.
#[must_use]
pub fn plain_name(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for letter in name.chars().flat_map(char::to_lowercase) {
        if letter.is_alphanumeric() {
            plain.push(letter);
        } else if !plain.is_empty() && !plain.ends_with('-') {
            plain.push('-');
        }
    }
    if plain.ends_with('-') {
        plain.pop();
    }
    plain
}

/// What somebody enters by hand.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEntry {
    /// The day the money was spent.
    #[schema(value_type = String, format = Date)]
    pub date: Date,
    /// How much; negative for money that came back.
    pub amount: Money,
    /// The channel. May be left out when source and medium, or the campaign's touches, say it.
    #[serde(default)]
    pub channel: Option<Channel>,
    /// The source, for example `google`.
    #[serde(default)]
    pub source: String,
    /// The medium, for example `cpc`.
    #[serde(default)]
    pub medium: String,
    /// The campaign's name.
    #[serde(default)]
    pub campaign: String,
    /// The campaign's id on its platform: what its links carry as `utm_id`.
    #[serde(default)]
    pub campaign_id: String,
    /// The ad group.
    #[serde(default)]
    pub ad_group: String,
    /// The ad.
    #[serde(default)]
    pub ad: String,
    /// The click that was paid for.
    #[serde(default)]
    pub click_id: String,
    /// A remark, for example the number of the invoice.
    #[serde(default)]
    pub note: String,
}

/// The rate an amount was converted at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RateUsed {
    /// Units of the workspace's currency for one unit of the amount's.
    #[schema(example = "0.9184")]
    pub rate: String,
    /// The day the rate is of; the newest one not after the day of the amount.
    #[schema(value_type = String, format = Date)]
    pub date: Date,
}

/// A line of the ledger as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct EntryView {
    /// Its id.
    pub id: LedgerId,
    /// When it was written.
    pub entered_at: Timestamp,
    /// Who wrote it.
    pub actor: String,
    /// The import it came with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub import: Option<String>,
    /// The system it came from.
    pub system: String,
    /// The day the money was spent.
    #[schema(value_type = String, format = Date)]
    pub date: Date,
    /// The channel it counts for.
    pub channel: String,
    /// The source.
    pub source: String,
    /// The medium.
    pub medium: String,
    /// The campaign's name, as it was given.
    pub campaign: String,
    /// The campaign's id.
    pub campaign_id: String,
    /// The ad group.
    pub ad_group: String,
    /// The ad.
    pub ad: String,
    /// The click.
    pub click_id: String,
    /// The amount as booked.
    pub amount: Money,
    /// The amount in the workspace's currency; absent when no rate converts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub converted: Option<Money>,
    /// The rate it was converted at; absent for the workspace's own currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<RateUsed>,
    /// Which key joined it to touches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matched: Option<SpendMatch>,
    /// Why it is joined to no touch, or not converted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// A remark.
    pub note: String,
    /// How often the ad was shown, as its platform counts; negative in a reversal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impressions: Option<i64>,
    /// How often it was clicked, as its platform counts; negative in a reversal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clicks: Option<i64>,
    /// The line it takes back, when it is a reversal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reverses: Option<LedgerId>,
    /// The line that takes it back, when it was reversed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reversed_by: Option<LedgerId>,
}

/// Which lines to list.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EntryFilter {
    /// The first day.
    #[param(value_type = Option<String>, format = Date)]
    pub from: Option<Date>,
    /// The last day.
    #[param(value_type = Option<String>, format = Date)]
    pub to: Option<Date>,
    /// The channel they count for.
    pub channel: Option<String>,
    /// The system they came from.
    pub system: Option<String>,
    /// A part of the campaign's name, its id, or the note.
    pub q: Option<String>,
    /// The import they came with.
    pub import: Option<String>,
    /// Only lines that stand: neither reversed nor reversals.
    #[serde(default)]
    pub standing: bool,
    /// Lines per page: 1 to 500; 50 when absent.
    pub limit: Option<u32>,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// One version of the plan of a channel for a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRow {
    /// The first day of the month.
    pub month: Date,
    /// The channel.
    pub channel: Channel,
    /// 1 for the first.
    pub version: u32,
    /// The amount; none when the plan was withdrawn.
    pub money: Option<Money>,
    /// A remark.
    pub note: String,
    /// Who planned it.
    pub actor: String,
    /// When.
    pub entered_at: Timestamp,
}

/// A line of the plan as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct PlanView {
    /// The month.
    #[schema(example = "2026-03")]
    pub month: String,
    /// The channel.
    pub channel: Channel,
    /// The amount; absent when the plan was withdrawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned: Option<Money>,
    /// The amount in the workspace's currency, at the rate of the first day of the month; until it comes, at the newest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub converted: Option<Money>,
    /// 1 for the first version.
    pub version: u32,
    /// A remark.
    pub note: String,
    /// Who planned it.
    pub actor: String,
    /// When.
    pub entered_at: Timestamp,
}

/// A line of the plan that somebody sets.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanChange {
    /// The month.
    #[schema(example = "2026-03")]
    pub month: String,
    /// The channel.
    pub channel: Channel,
    /// The amount; absent to withdraw the plan.
    #[serde(default)]
    pub planned: Option<Money>,
    /// A remark.
    #[serde(default)]
    pub note: String,
}

/// A daily rate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLine {
    /// The day.
    #[schema(value_type = String, format = Date)]
    pub date: Date,
    /// One unit of this currency …
    pub from: Currency,
    /// … is worth this many of that one. The workspace's currency when absent.
    #[serde(default)]
    pub to: Option<Currency>,
    /// A positive decimal number with at most nine places.
    #[schema(example = "0.9184")]
    pub rate: String,
}

/// How many lines a change wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Written {
    /// Lines that are new or say something else now.
    pub written: u64,
    /// Lines that already said this.
    pub unchanged: u64,
}

/// What somebody said by hand about the spend of a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Mapping {
    /// Which spend: the `spend_key` of the unmatched list.
    pub spend_key: String,
    /// The campaign, by the name or the id its touches carry; empty when only the channel is said.
    #[serde(default)]
    pub campaign: String,
    /// The channel; wins over what the touches say.
    #[serde(default)]
    pub channel: Option<Channel>,
}

/// Spend of one campaign that is joined to no touch, and why.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Unmatched {
    /// The key to map it by.
    pub spend_key: String,
    /// The system.
    pub system: String,
    /// The campaign's name.
    pub campaign: String,
    /// The campaign's id.
    pub campaign_id: String,
    /// The channel it counts for.
    pub channel: String,
    /// Lines.
    pub lines: u64,
    /// The first day.
    #[schema(value_type = String, format = Date)]
    pub first: Date,
    /// The last day.
    #[schema(value_type = String, format = Date)]
    pub last: Date,
    /// The amounts as booked, one a currency.
    pub amounts: Vec<Money>,
    /// The sum in the workspace's currency of what could be converted.
    pub converted: Money,
    /// Why nothing matched.
    pub reason: String,
    /// Campaigns of the touches whose name is alike, the likeliest first.
    pub suggestions: Vec<String>,
}

/// Amounts that no rate converts.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Unconverted {
    /// The currency.
    pub currency: Currency,
    /// Lines.
    pub lines: u64,
    /// Their sum.
    pub amount: Money,
    /// The first day without a rate.
    #[schema(value_type = String, format = Date)]
    pub first: Date,
    /// The last day without a rate.
    #[schema(value_type = String, format = Date)]
    pub last: Date,
    /// The newest rate there is.
    #[schema(value_type = Option<String>, format = Date)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest_rate: Option<Date>,
}

/// What the ledger could not place.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct UnmatchedReport {
    /// Campaigns without touches, the dearest first.
    pub campaigns: Vec<Unmatched>,
    /// Amounts without a rate.
    pub unconverted: Vec<Unconverted>,
    /// Campaigns that touches were seen of: 0 means that nothing could be joined yet.
    pub campaigns_of_touches: u64,
}

/// Plan and actual of one channel in one month.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct SummaryCell {
    /// The month.
    pub month: String,
    /// The channel.
    pub channel: String,
    /// Planned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub planned: Option<Money>,
    /// Spent.
    pub actual: Money,
    /// Lines behind it, reversals included.
    pub lines: u64,
    /// Lines of spend and of the plan that no rate converts, and so are in neither amount.
    pub unconverted: u64,
}

/// Plan and actual of a month, a channel, or all.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct SummaryTotal {
    /// The month (`2026-03`), the channel, or `total`.
    pub name: String,
    /// Planned.
    pub planned: Money,
    /// Spent.
    pub actual: Money,
    /// Planned less spent: what is left, or overspent when negative.
    pub left: Money,
}

/// Plan and actual by month and channel. Every total is the sum of its cells, to the micro.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Summary {
    /// The workspace's currency, which all amounts are in.
    pub currency: Currency,
    /// The cells that hold something.
    pub cells: Vec<SummaryCell>,
    /// Totals by month.
    pub months: Vec<SummaryTotal>,
    /// Totals by channel.
    pub channels: Vec<SummaryTotal>,
    /// The total.
    pub total: SummaryTotal,
    /// Lines of spend and of the plan that no rate converts.
    pub unconverted: u64,
    /// Lines of campaigns without touches.
    pub unmatched: u64,
}

#[cfg(test)]
mod tests {
    use super::plain_name;

    #[test]
    fn names_are_joined_by_their_letters_and_digits() {
        for (name, plain) in [
            ("ABM | Marketing leaders | DACH | Q3-25", "abm-marketing-leaders-dach-q3-25"),
            ("abm-marketing-leaders-dach-q3-25", "abm-marketing-leaders-dach-q3-25"),
            ("  Größe %20 ", "größe-20"),
            ("--", ""),
        ] {
            assert_eq!(plain_name(name), plain, "{name}");
        }
    }
}
