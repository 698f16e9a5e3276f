//! What changed, and where it came from.

use crate::facts::{Day, Facts};
use crate::metrics::internal::answer;
use crate::metrics::{AsOf, Cell, Dimension, Direction, Figure, KeyPart, Plan, Query, Table, Unit};
use kernel::problem::Problem;
use serde::{Deserialize, Serialize};

/// Most changes on the page.
const CHANGES_MAX: usize = 4;
/// Changes below this part are not worth a line.
const CHANGE_MIN: f64 = 0.03;

/// One channel or campaign that moved a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Cause {
    /// `channel` or `campaign`.
    pub dimension: Dimension,
    /// Which.
    pub key: KeyPart,
    /// By how much it moved the number.
    pub delta: Figure,
}

/// One number that moved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Change {
    /// The metric.
    pub metric: String,
    /// Its name.
    pub name: String,
    /// What its numbers are.
    pub unit: Unit,
    /// Now and before.
    pub value: Cell,
    /// By how much it moved.
    pub delta: Figure,
    /// Whether it is more than chance alone does.
    pub significant: bool,
    /// Whether that is good; absent where the metric has no good direction, and where it may be chance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_good: Option<bool>,
    /// What moved it, the largest first.
    pub causes: Vec<Cause>,
    /// All of that in one sentence.
    pub text: String,
}

const METRICS: &[&str] = &["pipeline_contribution", "revenue_contribution", "new_leads", "spend", "deals_won"];

/// The largest movements against the comparison, each with what moved it and whether it is more than noise.
pub(super) fn changes(facts: &Facts, base: &Query, today: Day, as_of: AsOf) -> Result<Vec<Change>, Problem> {
    let ask = |dimension: Dimension| -> Result<Table, Problem> {
        let mut query = base.clone().by(&[dimension]);
        query.metrics = METRICS.iter().map(|metric| (*metric).to_owned()).collect();
        query.limit = Some(5_000);
        Ok(answer(facts, &Plan::new(&query, today)?, as_of))
    };
    let (channels, campaigns) = (ask(Dimension::Channel)?, ask(Dimension::Campaign)?);
    let mut changes: Vec<Change> = Vec::new();
    for (place, column) in channels.metrics.iter().enumerate() {
        let total = &channels.totals[place];
        let (Some(now), Some(before)) = (&total.value, &total.previous) else { continue };
        let part = total.change.unwrap_or(if now.number() == 0.0 { 0.0 } else { 1.0 });
        if part.abs() < CHANGE_MIN {
            continue;
        }
        let mut causes = causes(&channels, Dimension::Channel, place);
        causes.extend(causes_of_campaigns(&campaigns, place));
        let delta = minus(now, before);
        let rises = delta.number() > 0.0;
        let significant = total.significant.unwrap_or(true);
        let is_good = match column.direction {
            _ if !significant => None,
            Direction::UpIsGood => Some(rises),
            Direction::DownIsGood => Some(!rises),
            Direction::Neutral => None,
        };
        causes.retain(|cause| (cause.delta.number() > 0.0) == rises);
        let text = sentence(&column.name, total, &delta, &causes);
        changes.push(Change {
            metric: column.id.clone(),
            name: column.name.clone(),
            unit: column.unit,
            value: total.clone(),
            delta,
            significant,
            is_good,
            causes,
            text,
        });
    }
    let size = |change: &Change| change.value.change.map_or(1.0, f64::abs).min(10.0);
    // What may be chance stands last, however large it looks.
    changes.sort_by(|a, b| b.significant.cmp(&a.significant).then_with(|| size(b).total_cmp(&size(a))));
    changes.truncate(CHANGES_MAX);
    Ok(changes)
}

fn minus(now: &Figure, before: &Figure) -> Figure {
    match (now, before) {
        (Figure::Money(now), Figure::Money(before)) => {
            Figure::Money(kernel::money::Money::new(now.micros.saturating_sub(before.micros), now.currency))
        }
        (now, before) => Figure::Number(now.number() - before.number()),
    }
}

fn causes(table: &Table, dimension: Dimension, place: usize) -> Vec<Cause> {
    let mut causes: Vec<Cause> = table
        .rows
        .iter()
        .filter_map(|row| {
            let cell = row.cells.get(place)?;
            let delta = minus(cell.value.as_ref()?, cell.previous.as_ref()?);
            Some(Cause { dimension, key: row.key.first()?.clone(), delta })
        })
        .filter(|cause| cause.delta.number() != 0.0)
        .collect();
    causes.sort_by(|a, b| b.delta.number().abs().total_cmp(&a.delta.number().abs()));
    causes.truncate(2);
    causes
}

/// The campaign that moved most; visits without a campaign explain nothing.
fn causes_of_campaigns(table: &Table, place: usize) -> Vec<Cause> {
    let named = Table {
        rows: table
            .rows
            .iter()
            .filter(|row| row.key.first().is_some_and(|key| !key.value.is_empty() && !is_placeholder(&key.value)))
            .cloned()
            .collect(),
        ..table.clone()
    };
    causes(&named, Dimension::Campaign, place).into_iter().take(1).collect()
}

fn is_placeholder(value: &str) -> bool {
    value == crate::facts::NOT_SET_TEXT || value == crate::facts::NO_TOUCH_TEXT
}

fn sentence(name: &str, total: &Cell, delta: &Figure, causes: &[Cause]) -> String {
    let verb = if delta.number() > 0.0 { "rose" } else { "fell" };
    let by = match total.change {
        Some(change) => format!("by {:.0} % ({})", change.abs() * 100.0, signed(delta)),
        None => format!("by {}", signed(delta)),
    };
    let mut text = format!("{name} {verb} {by}");
    let parts: Vec<String> = causes
        .iter()
        .map(|cause| match cause.dimension {
            Dimension::Campaign => format!("campaign “{}” ({})", cause.key.label, signed(&cause.delta)),
            _ => format!("{} ({})", cause.key.label, signed(&cause.delta)),
        })
        .collect();
    if !parts.is_empty() {
        text.push_str(", mostly ");
        text.push_str(&parts.join(", "));
    }
    text.push('.');
    if total.significant == Some(false) {
        text.push_str(" Chance alone moves it as far.");
    }
    text
}

fn signed(figure: &Figure) -> String {
    let sign = if figure.number() < 0.0 { "−" } else { "+" };
    match figure {
        Figure::Money(money) => {
            let units = (i128::from(money.micros.unsigned_abs()) + 500_000) / 1_000_000;
            format!("{sign}{} {}", grouped(units), money.currency)
        }
        Figure::Number(number) if number.fract() == 0.0 => format!("{sign}{:.0}", number.abs()),
        Figure::Number(number) => format!("{sign}{:.1}", number.abs()),
    }
}

/// Thousands apart by a thin space.
fn grouped(number: i128) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 * 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(1_234_567), "1\u{202f}234\u{202f}567");
    }
}
