//! What needs a decision: a fact that is off, why that matters, and where to act.

use crate::facts::{Day, Facts, Grain, date_of};
use crate::metrics::internal::{Measure, Sums};
use crate::metrics::{DateRange, Dimension, Figure, Plan, Query};
use kernel::money::Money;
use kernel::problem::Problem;
use serde::{Deserialize, Serialize};

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
    let mut found = pacing(facts, base, today)?;
    found.extend(unmatched(facts));
    found.extend(rates(facts));
    found.extend(unassigned(facts, base, today)?);
    found.extend(quarantine(rejected));
    found.extend(roles(facts));
    found.sort_by_key(|decision| decision.severity);
    Ok(found)
}

/// Spend against plan since the beginning of the month that the range ends in.
fn pacing(facts: &Facts, base: &Query, today: Day) -> Result<Vec<Decision>, Problem> {
    let end = crate::facts::day_of(base.range.to).min(today);
    let start = Grain::Month.start(end);
    let mut query = Query::new(&["spend", "plan"], DateRange { from: date_of(start), to: date_of(end) });
    query.dimensions = vec![Dimension::Channel.as_str().to_owned()];
    let plan = Plan::new(&query, today)?;
    let table =
        crate::metrics::internal::answer(facts, &plan, crate::metrics::AsOf { offset: 0, at: None, lag_seconds: 0 });
    let micros = |figure: Option<&Figure>| match figure {
        Some(Figure::Money(money)) => money.micros,
        _ => 0,
    };
    let mut found = Vec::new();
    for row in &table.rows {
        let (spend, planned) = (micros(row.cells[0].value.as_ref()), micros(row.cells[1].value.as_ref()));
        let channel = row.key.first().map(|key| key.label.clone()).unwrap_or_default();
        if planned <= 0 {
            continue;
        }
        let pace = ratio(spend, planned) - 1.0;
        let off = Money::new(spend - planned, facts.currency);
        let month = date_of(start).strftime("%Y-%m").to_string();
        let (kind, severity, title, detail) = if pace > PACE_TOLERANCE {
            let title = format!("{channel} is {:.0} % over plan in {month}", pace * 100.0);
            ("over_pacing", Severity::High, title, "Brake it, or move plan from another channel before the month ends.")
        } else if pace < -2.0 * PACE_TOLERANCE {
            let title = format!("{channel} is {:.0} % under plan in {month}", -pace * 100.0);
            (
                "under_pacing",
                Severity::Medium,
                title,
                "Raise its budget, or give the money to a channel that earns more.",
            )
        } else {
            continue;
        };
        let texts = [title, detail.to_owned(), "Review pacing".to_owned(), format!("/budget/ledger?month={month}")];
        found.push(Decision { amount: Some(Figure::Money(off)), ..Decision::new(kind, severity, texts) });
    }
    Ok(found)
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
        "Their channel's returns look better than they are until campaign names or UTM ids agree.".to_owned(),
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
