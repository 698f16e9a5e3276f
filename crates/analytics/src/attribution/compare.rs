//! Models side by side, and one deal opened to its touches.

use super::goal::{Goal, JourneyKey, JourneyKind, LOOKBACK_DAYS, LOOKBACK_DAYS_MAX, NONE};
use super::journeys::Walk;
use crate::facts::{Day, Deal, Facts};
use crate::metrics::internal::answer;
use crate::metrics::{AsOf, DateRange, Dimension, Figure, Filter, KeyPart, Plan, Query, Span, parse_model};
use kernel::ids::PersonId;
use kernel::money::Money;
use kernel::problem::Problem;
use kernel::time::Timestamp;
use science::attribution::{Model, credits, why};
use serde::{Deserialize, Serialize};

/// Which models to put side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttributionRequest {
    /// The dates on which the goal was reached.
    pub range: DateRange,
    /// `deal_created`, `deal_won` (when absent) or `event:NAME`.
    #[serde(default)]
    pub goal: Option<String>,
    /// What to share the value among; `channel` when absent.
    #[serde(default)]
    pub dimension: Option<String>,
    /// The models; all with a fixed meaning when absent.
    #[serde(default)]
    pub models: Option<Vec<String>>,
    /// What to keep.
    #[serde(default)]
    pub filters: Vec<Filter>,
    /// How far back, in days; 180 when absent.
    #[serde(default)]
    pub lookback_days: Option<u32>,
    /// Whose touches count; everybody's in the company when absent.
    #[serde(default)]
    pub journey: Option<JourneyKind>,
    /// Most rows; 200 when absent.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// A model of the comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ModelColumn {
    /// The name in the API.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// The rule.
    pub description: String,
    /// Whether credits sum to the value.
    pub conserves: bool,
}

impl ModelColumn {
    fn of(model: &Model) -> Self {
        Self {
            id: model.to_string(),
            name: model.title(),
            description: model.description(),
            conserves: model.conserves(),
        }
    }
}

/// One channel, campaign, … under every model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ModelRow {
    /// What it is.
    pub key: KeyPart,
    /// Credited value, one a model.
    pub values: Vec<Money>,
    /// Credited number of goals, one a model.
    pub goals: Vec<f64>,
    /// The least any conserving model gives it.
    pub lowest: Money,
    /// The most any conserving model gives it.
    pub highest: Money,
    /// The distance of both: how much the answer depends on the model.
    pub spread: Money,
}

/// What the journeys are like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct JourneyCounts {
    /// Goals reached.
    pub goals: usize,
    /// Those with at least one touch.
    pub with_touches: usize,
    /// Those without any: their value stands under "No touch known".
    pub without_touch: usize,
    /// Touches in all.
    pub touches: usize,
    /// Goals whose people were taken from the company, because the deal names none.
    pub people_suggested: usize,
    /// Goals whose amount no exchange rate converts.
    pub without_rate: usize,
}

/// Models side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AttributionAnswer {
    /// The goal.
    pub goal: String,
    /// What the value is shared among.
    pub dimension: Dimension,
    /// The models, in the order of the values.
    pub models: Vec<ModelColumn>,
    /// The rows, largest first.
    pub rows: Vec<ModelRow>,
    /// Rows beyond the limit.
    pub rows_left_out: usize,
    /// The whole value, one a model: the same under every conserving model.
    pub totals: Vec<Money>,
    /// The journeys.
    pub journeys: JourneyCounts,
    /// The dates.
    pub range: Span,
    /// How far the events were read.
    pub watermark: AsOf,
}

impl AttributionRequest {
    /// The goal, deal won when nothing is said.
    ///
    /// # Errors
    /// 422 when it is none.
    pub fn goal(&self) -> Result<Goal, Problem> {
        self.goal.as_deref().map_or(Ok(Goal::DealWon), str::parse)
    }

    fn models(&self) -> Result<Vec<Model>, Problem> {
        match &self.models {
            None => Ok(Model::named()),
            Some(texts) if texts.is_empty() || texts.len() > 20 => {
                Err(Problem::invalid("models", "From 1 to 20 models."))
            }
            Some(texts) => {
                let parse = |(place, text): (usize, &String)| parse_model(text, format!("models[{place}]"));
                texts.iter().enumerate().map(parse).collect()
            }
        }
    }
}

/// Puts models side by side.
///
/// # Errors
/// 422 naming the field.
pub fn compare(
    facts: &Facts,
    request: &AttributionRequest,
    today: Day,
    watermark: AsOf,
) -> Result<AttributionAnswer, Problem> {
    let models = request.models()?;
    let goal = request.goal()?;
    let dimension = request.dimension.as_deref().unwrap_or("channel");
    let limit = request.limit.unwrap_or(200) as usize;
    let mut query = Query::new(&["goal_value", "goals"], request.range);
    query.dimensions = vec![dimension.to_owned()];
    query.filters.clone_from(&request.filters);
    query.lookback_days = request.lookback_days;
    query.journey = request.journey;
    query.goal = Some(goal.to_string());
    query.limit = Some(u32::try_from(kernel::limits::QUERY_ROWS_MAX).unwrap_or(u32::MAX));
    let mut rows: Vec<ModelRow> = Vec::new();
    let mut places: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    let mut totals = Vec::new();
    let zero = Money::new(0, facts.currency);
    let money = |figure: Option<&Figure>| match figure {
        Some(Figure::Money(money)) => *money,
        _ => zero,
    };
    for (number, model) in models.iter().enumerate() {
        query.model = Some(model.to_string());
        let table = answer(facts, &Plan::new(&query, today)?, watermark);
        totals.push(money(table.totals[0].value.as_ref()));
        for row in table.rows {
            let Some(key) = row.key.into_iter().next() else { continue };
            let place = *places.entry(key.value.clone()).or_insert_with(|| {
                let (values, goals) = (vec![zero; models.len()], vec![0.0; models.len()]);
                rows.push(ModelRow { key, values, goals, lowest: zero, highest: zero, spread: zero });
                rows.len() - 1
            });
            rows[place].values[number] = money(row.cells[0].value.as_ref());
            rows[place].goals[number] = row.cells[1].value.as_ref().map_or(0.0, Figure::number);
        }
    }
    for row in &mut rows {
        let fair = row.values.iter().zip(&models).filter(|(_, model)| model.conserves()).map(|(value, _)| value.micros);
        let (lowest, highest) =
            fair.fold((i64::MAX, i64::MIN), |(low, high), micros| (low.min(micros), high.max(micros)));
        let (lowest, highest) = if lowest > highest { (0, 0) } else { (lowest, highest) };
        row.lowest.micros = lowest;
        row.highest.micros = highest;
        row.spread.micros = highest - lowest;
    }
    rows.sort_by(|a, b| b.highest.micros.cmp(&a.highest.micros).then_with(|| a.key.label.cmp(&b.key.label)));
    let rows_left_out = rows.len().saturating_sub(limit);
    rows.truncate(limit);
    let plan = Plan::new(&query, today)?;
    Ok(AttributionAnswer {
        journeys: counts(facts, &plan.journeys(goal.clone()), plan.range),
        goal: goal.to_string(),
        dimension: plan.dimensions[0],
        models: models.iter().map(ModelColumn::of).collect(),
        rows,
        rows_left_out,
        totals,
        range: Span::of(plan.range),
        watermark,
    })
}

fn counts(facts: &Facts, key: &JourneyKey, days: (Day, Day)) -> JourneyCounts {
    let mut counts = JourneyCounts::default();
    facts.journeys(key).visit(facts, days, &mut |walk| {
        counts.goals += 1;
        counts.touches += walk.touches.len();
        counts.with_touches += usize::from(!walk.touches.is_empty());
        counts.people_suggested += usize::from(walk.item.suggested);
        counts.without_rate += usize::from(walk.item.value.is_none());
    });
    counts.without_touch = counts.goals - counts.with_touches;
    counts
}

/// What one touch got under one model, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TouchCredit {
    /// The model.
    pub model: String,
    /// Its part of the value.
    pub value: Money,
    /// Its part of one deal; the parts sum to 1.
    pub share: f64,
    /// Why.
    pub why: String,
}

/// One touch of a deal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DealTouch {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub person: Option<PersonId>,
    /// Channel.
    pub channel: String,
    /// Source.
    pub source: String,
    /// Medium.
    pub medium: String,
    /// Campaign.
    pub campaign: String,
    /// The first page.
    pub landing_page: String,
    /// Log offset of its first event.
    pub event_offset: u64,
    /// The positions it stands on: `first`, `lead`, `opportunity`, `conversion`, `last`.
    pub positions: Vec<String>,
    /// One a model.
    pub credits: Vec<TouchCredit>,
}

/// One deal opened to its touches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DealAttribution {
    /// The deal.
    pub deal: String,
    /// Its name.
    pub name: String,
    /// The goal.
    pub goal: String,
    /// When it was reached.
    pub reached_at: Timestamp,
    /// What is shared: the amount in the workspace's currency at the rate of that day.
    pub value: Option<Money>,
    /// The amount as booked.
    pub amount: Option<Money>,
    /// When the first lead of the journey was created.
    pub lead_at: Option<Timestamp>,
    /// When the deal was created.
    pub opportunity_at: Option<Timestamp>,
    /// Whether the people were taken from the company, because the deal names none.
    pub people_suggested: bool,
    /// The models, in the order of the credits.
    pub models: Vec<ModelColumn>,
    /// The touches, earliest first; without any, the value stands under "No touch known".
    pub touches: Vec<DealTouch>,
    /// How far the events were read.
    pub watermark: AsOf,
}

/// Opens a deal to its touches. Without a goal: won when it is won, else created.
///
/// # Errors
/// 404 when there is no such deal or it did not reach the goal; 422 when the goal is an event.
pub fn of_deal(
    facts: &Facts,
    id: &str,
    goal: Option<Goal>,
    lookback_days: Option<u32>,
    kind: JourneyKind,
    watermark: AsOf,
) -> Result<DealAttribution, Problem> {
    let lookback_days = lookback_days.unwrap_or(LOOKBACK_DAYS);
    if lookback_days == 0 || lookback_days > LOOKBACK_DAYS_MAX {
        return Err(Problem::invalid("lookback_days", format!("From 1 to {LOOKBACK_DAYS_MAX} days.")));
    }
    let place = facts.deals.iter().position(|deal| deal.id == id).ok_or_else(|| Problem::not_found("deal", id))?;
    let deal = &facts.deals[place];
    let goal = goal.unwrap_or(if deal.won_at.is_some() { Goal::DealWon } else { Goal::DealCreated });
    if matches!(goal, Goal::Event(_)) {
        return Err(Problem::invalid("goal", "A deal is created or won; an event is not about a deal."));
    }
    let journeys = facts.journeys(&JourneyKey { goal: goal.clone(), lookback_days, kind });
    let number = u32::try_from(place).unwrap_or(NONE);
    let item = journeys.items.iter().position(|item| item.deal == number);
    let item = item.ok_or_else(|| Problem::not_found("deal", format!("{id} that was won")))?;
    Ok(journeys.walk(facts, item, |walk| opened(facts, deal, &goal, &walk, watermark)))
}

/// A deal with the touches that led to a goal of it.
fn opened(facts: &Facts, deal: &Deal, goal: &Goal, walk: &Walk<'_>, watermark: AsOf) -> DealAttribution {
    let (item, journey) = (walk.item, walk.journey(facts));
    let models = Model::named();
    let books: Vec<_> = models.iter().map(|model| credits(model, &journey, item.value.unwrap_or(0))).collect();
    let touches = walk.touches.iter().enumerate().filter_map(|(rank, session)| {
        let session = facts.sessions.get(*session)?;
        let credit = |(model, book): (&Model, &Vec<science::attribution::Credit>)| TouchCredit {
            model: model.to_string(),
            value: Money::new(book[rank].micros, facts.currency),
            share: share(book[rank].share),
            why: why(model, book[rank].roles, walk.touches.len()),
        };
        let roles = books.first().map(|book| book[rank].roles).unwrap_or_default();
        let positions = [
            (roles.first, "first"),
            (roles.lead, "lead"),
            (roles.opportunity, "opportunity"),
            (roles.conversion, "conversion"),
            (roles.last, "last"),
        ];
        Some(DealTouch {
            at: Timestamp::from_micros(session.start),
            person: PersonId::from_number(session.person).ok(),
            channel: facts.shown(session.channel).to_owned(),
            source: facts.shown(session.source).to_owned(),
            medium: facts.shown(session.medium).to_owned(),
            campaign: facts.shown(session.campaign).to_owned(),
            landing_page: facts.shown(session.landing).to_owned(),
            event_offset: session.offset,
            positions: positions.iter().filter(|(on, _)| *on).map(|(_, name)| (*name).to_owned()).collect(),
            credits: models.iter().zip(&books).map(credit).collect(),
        })
    });
    DealAttribution {
        touches: touches.collect(),
        deal: deal.id.clone(),
        name: deal.name.clone(),
        goal: goal.to_string(),
        reached_at: Timestamp::from_micros(item.at),
        value: item.value.map(|micros| Money::new(micros, facts.currency)),
        amount: deal.amount,
        lead_at: walk.lead_at.map(Timestamp::from_micros),
        opportunity_at: item.opportunity_at.map(Timestamp::from_micros),
        people_suggested: item.suggested,
        models: models.iter().map(ModelColumn::of).collect(),
        watermark,
    }
}

#[expect(clippy::cast_precision_loss, reason = "millionths have far fewer digits than a float")]
fn share(millionths: i64) -> f64 {
    millionths as f64 / 1e6
}
