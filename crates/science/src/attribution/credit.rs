//! From a journey to the credit of each touch.

use super::custom::{CustomWeights, Shares};
use super::decay::halved;
use super::model::Model;
use kernel::money::split_micros;

/// Microseconds in a day.
const DAY_US: i64 = 86_400_000_000;

/// One marketing interaction of a journey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Touch<'a> {
    /// When, in microseconds.
    pub at: i64,
    /// A number that is unique in the journey and orders touches of one moment: the event offset.
    pub id: u64,
    /// The channel, by the name custom weights use.
    pub channel: &'a str,
    /// Whether nobody sent the visitor: typed address or bookmark.
    pub direct: bool,
}

/// The touches before a goal, and the moments the position models look at. Touches come in any order.
#[derive(Debug, Clone, Default)]
pub struct Journey<'a> {
    /// The touches, all at or before the goal.
    pub touches: Vec<Touch<'a>>,
    /// When the goal was reached.
    pub goal_at: i64,
    /// When the first lead of the journey was created.
    pub lead_at: Option<i64>,
    /// When the opportunity was created.
    pub opportunity_at: Option<i64>,
    /// Every conversion of anybody in the journey: leads and the opportunity.
    pub conversions: Vec<i64>,
}

/// The named positions a touch can stand on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Roles {
    /// It is the first.
    pub first: bool,
    /// It is the newest at or before the lead was created.
    pub lead: bool,
    /// It is the newest at or before the opportunity was created.
    pub opportunity: bool,
    /// It is the newest at or before some conversion.
    pub conversion: bool,
    /// It is the last.
    pub last: bool,
}

/// What one touch got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credit {
    /// Its part of the value, in micros; zero and the value's sign only.
    pub micros: i64,
    /// Its part of one whole goal, in millionths; the parts of a journey sum to 1 000 000.
    pub share: i64,
    /// The positions it stands on.
    pub roles: Roles,
}

/// The positions of each touch, in the order of `journey.touches`.
#[must_use]
pub fn roles(journey: &Journey<'_>) -> Vec<Roles> {
    let order = in_time(journey);
    let mut roles = vec![Roles::default(); order.len()];
    let (Some(first), Some(last)) = (order.first(), order.last()) else { return roles };
    roles[*first].first = true;
    roles[*last].last = true;
    // A moment after the goal had not happened yet; one before every touch has no touch that led to it.
    let touch_before = |moment: i64| {
        let reached = order.partition_point(|place| journey.touches[*place].at <= moment);
        (moment <= journey.goal_at && reached > 0).then(|| order[reached - 1])
    };
    if let Some(place) = journey.lead_at.and_then(touch_before) {
        roles[place].lead = true;
    }
    if let Some(place) = journey.opportunity_at.and_then(touch_before) {
        roles[place].opportunity = true;
    }
    for place in journey.conversions.iter().filter_map(|moment| touch_before(*moment)) {
        roles[place].conversion = true;
    }
    roles
}

/// The proportions in which a model shares a goal among the touches, in the order of `journey.touches`.
///
/// At least one is above zero, unless there is no touch. Under [`Model::Influenced`] all are equal, and whoever uses
/// them says that it is not a share.
#[must_use]
pub fn weights(model: &Model, journey: &Journey<'_>) -> Vec<u64> {
    weights_of(model, journey, &roles(journey))
}

/// The credit of each touch, in the order of `journey.touches`: under a conserving model the micros sum to `value`
/// exactly (largest remainder; of equal remainders the earlier touch's wins), the shares to one million.
///
/// Under [`Model::Influenced`] every touch gets the whole value and the whole share; see [`Model::conserves`].
#[must_use]
pub fn credits(model: &Model, journey: &Journey<'_>, value: i64) -> Vec<Credit> {
    let roles = roles(journey);
    if !model.conserves() {
        return roles.into_iter().map(|roles| Credit { micros: value, share: 1_000_000, roles }).collect();
    }
    let weights = weights_of(model, journey, &roles);
    // The split breaks ties by place, so it is done in time order: the input's order must not show in the result.
    let order = in_time(journey);
    let in_order: Vec<u64> = order.iter().map(|place| weights[*place]).collect();
    let (Ok(micros), Ok(shares)) = (split_micros(value, &in_order), split_micros(1_000_000, &in_order)) else {
        return Vec::new();
    };
    let mut credits = vec![Credit { micros: 0, share: 0, roles: Roles::default() }; order.len()];
    for (rank, place) in order.into_iter().enumerate() {
        credits[place] = Credit { micros: micros[rank], share: shares[rank], roles: roles[place] };
    }
    credits
}

/// Why a touch got what it got, in words: the positions it stands on under this model.
#[must_use]
pub fn why(model: &Model, roles: Roles, touches: usize) -> String {
    if touches == 1 {
        return "the only touch".to_owned();
    }
    match model {
        Model::LastNonDirect => return "the last touch that is not Direct (the last one when all are)".to_owned(),
        Model::TimeDecay { half_life_days } => {
            return format!("halved for every {half_life_days} days before the goal");
        }
        Model::Influenced => return "took part".to_owned(),
        _ => {}
    }
    let Some(shares) = model.shares() else { return String::new() };
    let mut parts: Vec<String> = Vec::new();
    let mut say = |applies: bool, share: u32, name: &str| {
        if applies && share > 0 {
            parts.push(format!("{name} {}", per_cent(share)));
        }
    };
    say(roles.first, shares.first, "first touch");
    say(roles.lead, shares.lead, "lead creation");
    say(roles.opportunity, shares.opportunity, "opportunity creation");
    say(roles.conversion, shares.conversions, "conversion touches together");
    say(roles.last, shares.last, "last touch");
    say(is_rest(&shares, roles), shares.rest, "other touches together");
    say(true, shares.every, "all touches together");
    if parts.is_empty() { "no position that this model rewards".to_owned() } else { parts.join(" + ") }
}

fn per_cent(share: u32) -> String {
    let (whole, fraction) = (share / 1_000, share % 1_000);
    if fraction == 0 {
        return format!("{whole} %");
    }
    format!("{whole}.{} %", format!("{fraction:03}").trim_end_matches('0'))
}

fn weights_of(model: &Model, journey: &Journey<'_>, roles: &[Roles]) -> Vec<u64> {
    match model {
        Model::LastNonDirect => last_non_direct(journey),
        Model::TimeDecay { half_life_days } => time_decay(journey, *half_life_days),
        Model::Influenced => vec![1; journey.touches.len()],
        Model::Custom(custom) => positions(&custom.shares, roles, Some((custom, journey))),
        _ => positions(&model.shares().unwrap_or_default(), roles, None),
    }
}

/// Places in `journey.touches`, earliest touch first.
fn in_time(journey: &Journey<'_>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..journey.touches.len()).collect();
    order.sort_by_key(|place| journey.touches[*place]);
    order
}

fn last_non_direct(journey: &Journey<'_>) -> Vec<u64> {
    let mut weights = vec![0; journey.touches.len()];
    let order = in_time(journey);
    let chosen = order.iter().rev().find(|place| !journey.touches[**place].direct).or(order.last());
    if let Some(place) = chosen {
        weights[*place] = 1;
    }
    weights
}

/// Ages are taken from the newest touch: the common factor falls out when the shares are scaled, and the newest touch
/// always has full weight, however long before the goal it was.
fn time_decay(journey: &Journey<'_>, half_life_days: u32) -> Vec<u64> {
    let newest = journey.touches.iter().map(|touch| touch.at).max().unwrap_or(0);
    let half_life = i64::from(half_life_days.max(1)) * DAY_US;
    journey.touches.iter().map(|touch| halved(newest.saturating_sub(touch.at), half_life)).collect()
}

/// Whether a touch belongs to the rest: on no position that this model rewards by name.
fn is_rest(shares: &Shares, roles: Roles) -> bool {
    !((roles.first && shares.first > 0)
        || (roles.lead && shares.lead > 0)
        || (roles.opportunity && shares.opportunity > 0)
        || (roles.conversion && shares.conversions > 0)
        || (roles.last && shares.last > 0))
}

/// Exact proportions: every share is scaled by the sizes of the groups it may have to be divided by, so nothing is
/// rounded before the one split. A share that nobody can take drops out, which hands it to the others in proportion.
fn positions(shares: &Shares, roles: &[Roles], custom: Option<(&CustomWeights, &Journey<'_>)>) -> Vec<u64> {
    let count = |applies: &dyn Fn(&Roles) -> bool| roles.iter().filter(|roles| applies(roles)).count().max(1) as u128;
    let conversions = count(&|roles| roles.conversion);
    let rest = count(&|roles| is_rest(shares, *roles));
    let all = count(&|_| true);
    let scale = conversions * rest * all;
    let by_position = |roles: &Roles| {
        let part =
            |applies: bool, share: u32, group: u128| if applies { u128::from(share) * (scale / group) } else { 0 };
        part(roles.first, shares.first, 1)
            + part(roles.lead, shares.lead, 1)
            + part(roles.opportunity, shares.opportunity, 1)
            + part(roles.conversion, shares.conversions, conversions)
            + part(roles.last, shares.last, 1)
            + part(is_rest(shares, *roles), shares.rest, rest)
            + part(true, shares.every, all)
    };
    let plain: Vec<u128> = roles.iter().map(by_position).collect();
    let Some((custom, journey)) = custom else { return fit(&plain) };
    let factors = journey.touches.iter().map(|touch| u128::from(custom.factor(touch.channel)));
    let weighted: Vec<u128> = plain.iter().zip(factors.clone()).map(|(weight, factor)| weight * factor).collect();
    // Where the weights leave nobody a share, the value must still go somewhere: to the channels that count, evenly;
    // when none does, to the positions; when those are empty too, to all evenly.
    let candidates = [weighted, factors.collect(), plain, vec![1; roles.len()]];
    candidates
        .iter()
        .find(|weights| weights.iter().any(|weight| *weight > 0))
        .map_or_else(Vec::new, |chosen| fit(chosen))
}

/// The same proportions in 64 bits: exact for any journey below a million touches.
fn fit(weights: &[u128]) -> Vec<u64> {
    let divisor = weights.iter().fold(0, |divisor, weight| gcd(divisor, *weight)).max(1);
    let largest = weights.iter().max().copied().unwrap_or(0) / divisor;
    let shift = 128_u32.saturating_sub(largest.leading_zeros()).saturating_sub(63);
    let narrow = |weight: &u128| u64::try_from((weight / divisor) >> shift).unwrap_or(u64::MAX);
    let narrowed: Vec<u64> = weights.iter().map(narrow).collect();
    // Positions that nobody stands on leave all weights zero (a W without any milestone and without a rest): evenly.
    if narrowed.iter().all(|weight| *weight == 0) { vec![1; weights.len()] } else { narrowed }
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}
