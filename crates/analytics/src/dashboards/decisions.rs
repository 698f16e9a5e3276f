//! What needs a decision: a fact that is off, why that matters, and where to act.

use crate::facts::{Day, Facts, Grain, date_of, day_of};
use crate::metrics::internal::{Measure, Sums, spread};
use crate::metrics::{Dimension, Figure, Plan, Query};
use jiff::ToSpan;
use kernel::money::Money;
use kernel::problem::Problem;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Spend above plan by more than this is over-paced; below by more than this, under-paced.
const PACE_TOLERANCE: f64 = 0.10;
/// Sessions without a channel above this part are a broken tag, not chance.
const UNASSIGNED_MAX: f64 = 0.01;

/// How urgent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Money or data is being lost.
    High,
    /// Should be decided this week.
    Medium,
    /// Makes the numbers better.
    Low,
}

/// One thing that waits for somebody to decide.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Decision {
    /// What it is, for example `over_pacing`.
    pub kind: String,
    /// How urgent.
    pub severity: Severity,
    /// What is off, in one line.
    pub title: String,
    /// Why it matters and what can be done.
    pub detail: String,
    /// What the button says.
    pub action: String,
    /// Where it leads, a path of the web app.
    pub path: String,
    /// How much is at stake, where that is money.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Figure>,
}

impl Decision {
    fn new(kind: &str, severity: Severity, [title, detail, action, path]: [String; 4]) -> Self {
        Self { kind: kind.to_owned(), severity, title, detail, action, path, amount: None }
    }
}

/// Everything that waits, most urgent first. `rejected` is what was rejected in the last day and in the week before.
pub(super) fn decisions(
    facts: &Facts,
    base: &Query,
    today: Day,
    rejected: (u64, u64),
) -> Result<Vec<Decision>, Problem> {
    let mut found = pacing(facts, base, today);
    found.extend(unmatched(facts));
    found.extend(rates(facts));
    found.extend(unassigned(facts, base, today)?);
    found.extend(quarantine(rejected));
    found.extend(roles(facts));
    found.sort_by_key(|decision| decision.severity);
    Ok(found)
}

/// A channel whose spend comes on more days of a month than this is billed by the day, any other by the invoice.
const INVOICE_DAYS_MAX: usize = 4;
/// Months over which that is seen.
const BILLING_MONTHS: i32 = 3;

/// Spend against plan of each channel in the month that the range ends in, as far as the ledger of the channel goes: what
/// is not imported yet is not unspent. A channel that is billed by the invoice stands against its whole month, and is
/// under plan only when the month is over.
fn pacing(facts: &Facts, base: &Query, today: Day) -> Vec<Decision> {
    let end = day_of(base.range.to).min(today);
    let start = Grain::Month.start(end);
    let days = Grain::Month.next(start) - start;
    let mut planned: BTreeMap<&str, i64> = BTreeMap::new();
    for plan in facts.spend.plan.iter().filter(|plan| day_of(plan.month.first_of_month()) == start) {
        *planned.entry(&plan.channel).or_default() += plan.micros.unwrap_or(0);
    }
    let mut found = Vec::new();
    for (channel, planned) in planned.into_iter().filter(|(_, planned)| *planned > 0) {
        let entries = || facts.spend.entries.iter().filter(|entry| entry.channel == channel);
        let Some(newest) = entries().map(|entry| day_of(entry.date)).filter(|day| *day <= end).max() else { continue };
        if newest < start {
            continue;
        }
        let by_day = is_billed_by_day(entries().map(|entry| day_of(entry.date)).filter(|day| *day <= end), start);
        let over = end - start + 1 == days;
        let last = if by_day && !over { newest } else { start + days - 1 };
        let so_far = usize::try_from(last - start + 1).unwrap_or(0);
        let planned: i64 = spread(planned, days).iter().take(so_far).sum();
        let inside = entries().filter(|entry| (start..=end).contains(&day_of(entry.date)));
        let spend: i64 = inside.filter_map(|entry| entry.micros).sum();
        found.extend(pace(facts, channel, (spend, planned), (start, last), by_day || over));
    }
    found
}

/// Whether the spend of a channel comes day by day: in any of the months before, or in this one so far.
fn is_billed_by_day(days: impl Iterator<Item = Day>, month: Day) -> bool {
    let first = day_of(date_of(month).saturating_sub(BILLING_MONTHS.months()));
    let mut by_month: BTreeMap<Day, BTreeSet<Day>> = BTreeMap::new();
    for day in days.filter(|day| *day >= first) {
        by_month.entry(Grain::Month.start(day)).or_default().insert(day);
    }
    by_month.values().any(|days| days.len() > INVOICE_DAYS_MAX)
}

fn pace(
    facts: &Facts,
    channel: &str,
    (spend, planned): (i64, i64),
    (start, last): (Day, Day),
    may_be_under: bool,
) -> Option<Decision> {
    if planned <= 0 {
        return None;
    }
    let pace = ratio(spend, planned) - 1.0;
    let month = date_of(start).strftime("%Y-%m").to_string();
    let (kind, severity, title, detail) = if pace > PACE_TOLERANCE {
        let title = format!("{channel} is {:.0} % over plan in {month}", pace * 100.0);
        ("over_pacing", Severity::High, title, "Brake it, or move plan from another channel before the month ends.")
    } else if pace < -2.0 * PACE_TOLERANCE && may_be_under {
        let title = format!("{channel} is {:.0} % under plan in {month}", -pace * 100.0);
        ("under_pacing", Severity::Medium, title, "Raise its budget, or give the money to a channel that earns more.")
    } else {
        return None;
    };
    let detail = format!("Spend and plan up to {}. {detail}", date_of(last));
    let texts = [title, detail, "Review pacing".to_owned(), format!("/budget/ledger?month={month}")];
    let amount = Some(Figure::Money(Money::new(spend - planned, facts.currency)));
    Some(Decision { amount, ..Decision::new(kind, severity, texts) })
}

#[expect(clippy::cast_precision_loss, reason = "a ratio shown to three digits")]
fn ratio(top: i64, bottom: i64) -> f64 {
    top as f64 / bottom as f64
}

fn unmatched(facts: &Facts) -> Option<Decision> {
    if facts.spend.unmatched == 0 {
        return None;
    }
    let lines = facts.spend.entries.iter().filter(|entry| entry.matched.is_none());
    let amount: i64 = lines.filter_map(|entry| entry.micros).sum();
    let texts = [
        format!("{} lines of spend match no touch", facts.spend.unmatched),
        "They count for their channel, but for no campaign that visits carry: the returns of campaigns look better than \
         they are until names or UTM ids agree."
            .to_owned(),
        "Review unmatched spend".to_owned(),
        "/budget/ledger?view=unmatched".to_owned(),
    ];
    let amount = Some(Figure::Money(Money::new(amount, facts.currency)));
    Some(Decision { amount, ..Decision::new("unmatched_spend", Severity::Medium, texts) })
}

fn rates(facts: &Facts) -> Vec<Decision> {
    let stale = facts.spend.stale_rates.iter().map(|stale| {
        let newest =
            stale.newest_rate.map_or_else(|| "there is none".to_owned(), |date| format!("the newest is of {date}"));
        let severity = if stale.newest_rate.is_none() { Severity::High } else { Severity::Medium };
        let texts = [
            format!("The exchange rate of {} is behind", stale.currency),
            format!(
                "Entries go up to {}, {newest}. Amounts in {} are converted with it or not at all.",
                stale.newest_entry, stale.currency
            ),
            "Enter rates".to_owned(),
            "/budget/ledger?view=rates".to_owned(),
        ];
        Decision::new("stale_rate", severity, texts)
    });
    let mut found: Vec<Decision> = stale.collect();
    let deals = facts.unconverted_deals();
    if deals > 0 {
        let texts = [
            format!("{deals} deals have no exchange rate"),
            "They are counted, and worth nothing in every total until their currency has a rate.".to_owned(),
            "Enter rates".to_owned(),
            "/budget/ledger?view=rates".to_owned(),
        ];
        found.push(Decision::new("missing_rate", Severity::High, texts));
    }
    found
}

fn unassigned(facts: &Facts, base: &Query, today: Day) -> Result<Option<Decision>, Problem> {
    let mut query = Query::new(&["sessions"], base.range);
    let plan = Plan::new(&query, today)?;
    let all = Sums::of(facts, &plan, plan.range, None).total(Measure::Sessions);
    query.filters = vec![crate::metrics::Filter {
        dimension: Dimension::Channel.as_str().to_owned(),
        op: crate::metrics::FilterOp::In,
        values: vec!["Unassigned".to_owned()],
    }];
    let plan = Plan::new(&query, today)?;
    let lost = Sums::of(facts, &plan, plan.range, None).total(Measure::Sessions);
    if all == 0 || ratio(lost, all) <= UNASSIGNED_MAX {
        return Ok(None);
    }
    let texts = [
        format!("{:.1} % of sessions have no channel", ratio(lost, all) * 100.0),
        format!("{lost} sessions carry a source or medium that no rule knows; their deals are credited to Unassigned."),
        "Explain these channels".to_owned(),
        "/analytics/attribution?dimension=medium&channel=Unassigned".to_owned(),
    ];
    Ok(Some(Decision::new("unassigned", Severity::Medium, texts)))
}

fn quarantine((day, week): (u64, u64)) -> Option<Decision> {
    // More than twice the usual day, and enough to matter.
    if day < 20 || day * 7 <= week * 2 {
        return None;
    }
    let texts = [
        format!("{day} events were rejected in the last day"),
        format!("In the seven days before it were {week} together. Something that sends events has changed."),
        "Open the quarantine".to_owned(),
        "/analytics/events?view=quarantine".to_owned(),
    ];
    Some(Decision::new("quarantine_growth", Severity::High, texts))
}

/// MA-85, C16: deals without people are explained by their company's visits, and that is said.
fn roles(facts: &Facts) -> Option<Decision> {
    let without = facts.deals.iter().filter(|deal| deal.people.is_empty()).count();
    if without == 0 {
        return None;
    }
    let texts = [
        format!("{without} deals name no people"),
        "Their touches are taken from everybody in the company. Contact roles make the credit sharper.".to_owned(),
        "Import contact roles".to_owned(),
        "/people/imports".to_owned(),
    ];
    Some(Decision::new("missing_roles", Severity::Low, texts))
}
