//! The facts as tables for questions in SQL.

use crate::attribution::{Goal, JourneyKey, JourneyKind, LOOKBACK_DAYS, LOOKBACK_DAYS_MAX, NONE, Walk};
use crate::drill::SqlSettings;
use crate::facts::{Day, Facts, NO_TOUCH_TEXT, Session, date_of, day_of};
use crate::metrics::internal::{converting_session, first_session, spread};
use crate::metrics::parse_model;
use jiff::ToSpan;
use kernel::ids::PersonId;
use kernel::problem::Problem;
use lake::{SqlTable, SqlType, SqlValue as V};
use science::attribution::Model;
use std::collections::HashSet;

/// Name and type of the columns of a table.
pub(super) type Columns = &'static [(&'static str, SqlType)];

use SqlType::{Bool, Int, Text, Timestamp};

const ALL_DAYS: (Day, Day) = (Day::MIN, Day::MAX);

/// Every table but `events` and `audit`, with its columns.
pub(super) const TABLES: &[(&str, &str, Columns)] = &[
    (
        "sessions",
        "Visits, one row each; `day` is in the workspace's time zone.",
        &[
            ("event_offset", Int),
            ("person", Text),
            ("company", Text),
            ("started_at", Timestamp),
            ("day", Text),
            ("seconds", Int),
            ("pages", Int),
            ("channel", Text),
            ("source", Text),
            ("medium", Text),
            ("campaign", Text),
            ("campaign_id", Text),
            ("content", Text),
            ("landing_page", Text),
            ("country", Text),
            ("device", Text),
            ("agent_class", Text),
            ("engaged", Bool),
            ("direct", Bool),
            ("campaign_first", Bool),
        ],
    ),
    ("session_pages", "The distinct pages of each session.", &[("event_offset", Int), ("page", Text)]),
    (
        "people",
        "Persons. `first_…` is their first session, `lead_…` the one that made them a lead.",
        &[
            ("person", Text),
            ("person_number", Int),
            ("company", Text),
            ("created_at", Timestamp),
            ("created_day", Text),
            ("lead_at", Timestamp),
            ("lead_day", Text),
            ("lead_has_session", Bool),
            ("country", Text),
            ("first_channel", Text),
            ("first_source", Text),
            ("first_medium", Text),
            ("first_campaign", Text),
            ("first_content", Text),
            ("first_landing_page", Text),
            ("first_country", Text),
            ("first_device", Text),
            ("lead_channel", Text),
            ("lead_source", Text),
            ("lead_medium", Text),
            ("lead_campaign", Text),
            ("lead_content", Text),
            ("lead_landing_page", Text),
            ("lead_country", Text),
            ("lead_device", Text),
        ],
    ),
    ("companies", "Companies.", &[("company", Text), ("name", Text), ("people", Int)]),
    (
        "deals",
        "Deals, with their amount in the workspace's currency at both rates.",
        &[
            ("deal", Text),
            ("name", Text),
            ("company", Text),
            ("pipeline", Text),
            ("stage", Text),
            ("outcome", Text),
            ("amount_micros", Int),
            ("currency", Text),
            ("created_at", Timestamp),
            ("created_day", Text),
            ("won_at", Timestamp),
            ("won_day", Text),
            ("created_value_micros", Int),
            ("won_value_micros", Int),
        ],
    ),
    (
        "deal_stages",
        "Every entry of a deal into a stage.",
        &[("deal", Text), ("stage", Text), ("entered_at", Timestamp)],
    ),
    (
        "deal_pages",
        "The pages that a deal's people saw before it was created, within the lookback.",
        &[("goal_id", Text), ("deal", Text), ("company", Text), ("day", Text), ("page", Text), ("value_micros", Int)],
    ),
    (
        "ledger",
        "Spend (`actual`) and the plan spread over days (`plan`), in the workspace's currency.",
        &[
            ("kind", Text),
            ("id", Text),
            ("day", Text),
            ("channel", Text),
            ("source", Text),
            ("medium", Text),
            ("campaign", Text),
            ("content", Text),
            ("micros", Int),
            ("original_micros", Int),
            ("currency", Text),
            ("matched", Bool),
        ],
    ),
    (
        "credits",
        "What each touch got of each goal, under each model; `share` is in millionths.",
        &[
            ("goal", Text),
            ("model", Text),
            ("goal_id", Text),
            ("deal", Text),
            ("company", Text),
            ("reached_at", Timestamp),
            ("day", Text),
            ("session_offset", Int),
            ("person", Text),
            ("touch_at", Timestamp),
            ("channel", Text),
            ("source", Text),
            ("medium", Text),
            ("campaign", Text),
            ("content", Text),
            ("landing_page", Text),
            ("country", Text),
            ("device", Text),
            ("marketing", Bool),
            ("first_touch", Bool),
            ("micros", Int),
            ("share", Int),
            ("value_micros", Int),
            ("microseconds_before", Int),
        ],
    ),
];

fn text(text: &str) -> V {
    V::Text(text.to_owned())
}

fn person(number: u64) -> V {
    PersonId::from_number(number).map_or(V::Null, |id| V::Text(id.to_string()))
}

fn day(facts: &Facts, at: i64) -> V {
    V::Text(date_of(facts.day(at)).to_string())
}

/// Channel, source, medium, campaign, content, landing page, country and device of a touch.
fn touch(facts: &Facts, session: Option<&Session>) -> [V; 8] {
    let Some(session) = session else { return std::array::from_fn(|_| text(NO_TOUCH_TEXT)) };
    let codes = [
        session.channel,
        session.source,
        session.medium,
        session.campaign,
        session.content,
        session.landing,
        session.country,
        session.device,
    ];
    codes.map(|code| text(facts.shown(code)))
}

/// Which tables a statement may mean: every one whose name stands in it. Building only those keeps a question about
/// deals from copying a million sessions.
pub(super) fn named_in(statement: &str) -> Vec<&'static str> {
    TABLES.iter().map(|(name, _, _)| *name).filter(|name| mentions(statement, name)).collect()
}

/// Whether a word stands in a statement.
pub(super) fn mentions(statement: &str, word: &str) -> bool {
    let mut words = statement.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    words.any(|found| found.eq_ignore_ascii_case(word))
}

/// Most models that credits are written under at a time.
const MODELS_MAX: usize = 20;

/// What tables that follow from journeys can be written under.
pub(super) fn check(settings: &SqlSettings) -> Result<(), Problem> {
    if settings.lookback_days.is_some_and(|days| days == 0 || days > LOOKBACK_DAYS_MAX) {
        let message = format!("The lookback is from 1 to {LOOKBACK_DAYS_MAX} days.");
        return Err(Problem::invalid("settings.lookback_days", message));
    }
    if settings.models.as_ref().is_some_and(|models| models.is_empty() || models.len() > MODELS_MAX) {
        let message = format!("From 1 to {MODELS_MAX} models, or none for all that have a name.");
        return Err(Problem::invalid("settings.models", message));
    }
    Ok(())
}

/// The tables that a statement names.
pub(super) fn build(facts: &Facts, statement: &str, settings: &SqlSettings) -> Result<Vec<SqlTable>, Problem> {
    let mut tables = Vec::new();
    for name in named_in(statement) {
        refuse_counted(facts, name)?;
        let rows = match name {
            "sessions" => sessions(facts),
            "session_pages" => session_pages(facts),
            "people" => people(facts, settings),
            "companies" => companies(facts),
            "deals" => deals(facts),
            "deal_stages" => deal_stages(facts),
            "deal_pages" => deal_pages(facts, settings),
            "ledger" => ledger(facts),
            _ => credits(facts, settings)?,
        };
        let columns = TABLES.iter().find(|(known, _, _)| *known == name).map_or(&[][..], |(_, _, columns)| columns);
        let columns = columns.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
        tables.push(SqlTable { name: name.to_owned(), columns, rows });
    }
    Ok(tables)
}

/// Visits that are only counted are no rows.
fn refuse_counted(facts: &Facts, table: &str) -> Result<(), Problem> {
    if facts.sessions.is_whole() || !matches!(table, "sessions" | "session_pages" | "people") {
        return Ok(());
    }
    let message = format!(
        "`{table}` would have to be made of {} visits, more than a statement can read at a time. Ask `events` for the days you \
         need, or the metrics.",
        facts.sessions.sessions()
    );
    Err(Problem::invalid("sql", message))
}

fn lookback(settings: &SqlSettings) -> u32 {
    settings.lookback_days.unwrap_or(LOOKBACK_DAYS)
}

fn kind(settings: &SqlSettings) -> JourneyKind {
    settings.journey.unwrap_or_default()
}

fn sessions(facts: &Facts) -> Vec<Vec<V>> {
    let firsts: HashSet<u64> = facts.sessions.campaign_starts.iter().map(|session| session.offset).collect();
    let row = |session: Session| {
        let [channel, source, medium, campaign, content, landing, country, device] = touch(facts, Some(&session));
        vec![
            V::Int(session.offset.cast_signed()),
            person(session.person),
            text(facts.shown(facts.company_of(session.person))),
            V::Timestamp(session.start),
            V::Text(date_of(session.day).to_string()),
            V::Int(i64::from(session.seconds)),
            V::Int(i64::from(session.pages)),
            channel,
            source,
            medium,
            campaign,
            text(facts.shown(session.campaign_id)),
            content,
            landing,
            country,
            device,
            text(session.agent_class.as_str()),
            V::Bool(session.engaged),
            V::Bool(session.direct),
            V::Bool(firsts.contains(&session.offset)),
        ]
    };
    facts.sessions.rows().map(row).collect()
}

fn session_pages(facts: &Facts) -> Vec<Vec<V>> {
    let rows = facts.sessions.rows().zip(0_u32..);
    rows.flat_map(|(session, place)| {
        let pages = facts.sessions.pages_of(place).iter();
        pages.map(move |page| vec![V::Int(session.offset.cast_signed()), text(facts.shown(*page))])
    })
    .collect()
}

fn people(facts: &Facts, settings: &SqlSettings) -> Vec<Vec<V>> {
    let row = |who: &crate::facts::Person| {
        let at = |place: u32| facts.sessions.get(place);
        let first = at(first_session(facts, who.person));
        let lead =
            who.lead_at.and_then(|lead_at| at(converting_session(facts, who.person, lead_at, lookback(settings))));
        let mut row = vec![
            person(who.person),
            V::Int(who.person.cast_signed()),
            text(facts.shown(who.company)),
            V::Timestamp(who.created_at),
            day(facts, who.created_at),
            who.lead_at.map_or(V::Null, V::Timestamp),
            who.lead_at.map_or(V::Null, |at| day(facts, at)),
            V::Bool(lead.is_some()),
            text(facts.shown(who.country)),
        ];
        row.extend(touch(facts, first.as_ref()));
        row.extend(touch(facts, lead.as_ref()));
        row
    };
    facts.people.iter().map(row).collect()
}

fn companies(facts: &Facts) -> Vec<Vec<V>> {
    let mut codes: Vec<_> = facts.company_names.iter().collect();
    codes.sort();
    let size = |code: &u32| facts.company_people.get(code).map_or(0, Vec::len);
    let row = |(code, name): (&u32, &String)| {
        vec![text(facts.shown(*code)), text(name), V::Int(i64::try_from(size(code)).unwrap_or(0))]
    };
    codes.into_iter().map(row).collect()
}

fn deals(facts: &Facts) -> Vec<Vec<V>> {
    let row = |deal: &crate::facts::Deal| {
        vec![
            text(&deal.id),
            text(&deal.name),
            text(facts.shown(deal.company)),
            text(&deal.pipeline),
            text(&deal.stage),
            text(deal.outcome.as_str()),
            deal.amount.map_or(V::Null, |amount| V::Int(amount.micros)),
            deal.amount.map_or(V::Null, |amount| text(amount.currency.as_str())),
            V::Timestamp(deal.created_at),
            day(facts, deal.created_at),
            deal.won_at.map_or(V::Null, V::Timestamp),
            deal.won_at.map_or(V::Null, |at| day(facts, at)),
            deal.created_value.map_or(V::Null, V::Int),
            deal.won_value.map_or(V::Null, V::Int),
        ]
    };
    facts.deals.iter().map(row).collect()
}

fn deal_stages(facts: &Facts) -> Vec<Vec<V>> {
    let rows = facts
        .deals
        .iter()
        .flat_map(|deal| deal.stages.iter().map(|(stage, at)| vec![text(&deal.id), text(stage), V::Timestamp(*at)]));
    rows.collect()
}

fn deal_pages(facts: &Facts, settings: &SqlSettings) -> Vec<Vec<V>> {
    let key = JourneyKey { goal: Goal::DealCreated, lookback_days: lookback(settings), kind: kind(settings) };
    let mut rows = Vec::new();
    facts.journeys(&key).visit(facts, ALL_DAYS, &mut |Walk { item, touches, .. }| {
        let (Some(deal), Some(value)) = (facts.deals.get(item.deal as usize), item.value) else { return };
        let mut seen: HashSet<u32> = HashSet::new();
        for page in touches.iter().flat_map(|place| facts.sessions.pages_of(*place)) {
            if seen.insert(*page) {
                rows.push(vec![
                    text(&deal.id),
                    text(&deal.id),
                    text(facts.shown(item.company)),
                    V::Text(date_of(item.day).to_string()),
                    text(facts.shown(*page)),
                    V::Int(value),
                ]);
            }
        }
    });
    rows
}

fn ledger(facts: &Facts) -> Vec<Vec<V>> {
    let shown = |value: &str| text(if value.is_empty() { crate::facts::NOT_SET_TEXT } else { value });
    let actual = facts.spend.entries.iter().map(|entry| {
        vec![
            text("actual"),
            text(&entry.id),
            V::Text(entry.date.to_string()),
            shown(&entry.channel),
            shown(&entry.source),
            shown(&entry.medium),
            shown(&entry.campaign),
            shown(&entry.content),
            entry.micros.map_or(V::Null, V::Int),
            V::Int(entry.original.micros),
            text(entry.original.currency.as_str()),
            V::Bool(entry.matched.is_some()),
        ]
    });
    let mut rows: Vec<Vec<V>> = actual.collect();
    for plan in &facts.spend.plan {
        let start = plan.month.first_of_month();
        let days = day_of(start.saturating_add(1.month())) - day_of(start);
        let Some(micros) = plan.micros else { continue };
        for (part, number) in spread(micros, days).into_iter().zip(0..) {
            let mut row = vec![V::Null; 12];
            row[0] = text("plan");
            row[2] = V::Text(date_of(day_of(start) + number).to_string());
            row[3] = shown(&plan.channel);
            row[8] = V::Int(part);
            rows.push(row);
        }
    }
    rows
}

fn credits(facts: &Facts, settings: &SqlSettings) -> Result<Vec<Vec<V>>, Problem> {
    let models = match &settings.models {
        None => Model::named(),
        Some(texts) => {
            let parse = |(place, text): (usize, &String)| parse_model(text, format!("settings.models[{place}]"));
            texts.iter().enumerate().map(parse).collect::<Result<_, _>>()?
        }
    };
    let mut goals = vec![Goal::DealCreated, Goal::DealWon];
    if let Some(goal) = &settings.goal {
        let goal: Goal = goal.parse()?;
        if !goals.contains(&goal) {
            goals.push(goal);
        }
    }
    let mut rows = Vec::new();
    for goal in &goals {
        for model in &models {
            let key = JourneyKey { goal: goal.clone(), lookback_days: lookback(settings), kind: kind(settings) };
            let journeys = facts.journeys(&key);
            let (goal_name, model_name) = (goal.to_string(), model.to_string());
            facts.credits(&journeys, model, ALL_DAYS, &mut |item, line| {
                let session = facts.sessions.get(line.session);
                let deal = if item.deal == NONE { None } else { facts.deals.get(item.deal as usize) };
                let goal_id = deal.map_or_else(|| item.offset.to_string(), |deal| deal.id.clone());
                let mut row = vec![
                    text(&goal_name),
                    text(&model_name),
                    V::Text(goal_id),
                    deal.map_or(V::Null, |deal| text(&deal.id)),
                    text(facts.shown(item.company)),
                    V::Timestamp(item.at),
                    V::Text(date_of(item.day).to_string()),
                    session.map_or(V::Null, |session| V::Int(session.offset.cast_signed())),
                    session.map_or(V::Null, |session| person(session.person)),
                    session.map_or(V::Null, |session| V::Timestamp(session.start)),
                ];
                row.extend(touch(facts, session.as_ref()));
                row.extend([
                    V::Bool(session.is_some_and(|session| !session.direct)),
                    V::Bool(line.first),
                    V::Int(line.micros),
                    V::Int(i64::from(line.share)),
                    V::Int(item.value.unwrap_or(0)),
                    session.map_or(V::Null, |session| V::Int(item.reach - session.start)),
                ]);
                rows.push(row);
            });
        }
    }
    Ok(rows)
}
