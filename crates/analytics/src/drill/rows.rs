//! The rows behind a part of a formula.

use super::window::Window;
use crate::attribution::{Goal, Item, NONE};
use crate::facts::{Facts, Session, date_of};
use crate::metrics::internal::{Figure, Key, Measure, Plan, Record, Run, Subject, is_distinct};
use kernel::ids::PersonId;
use kernel::money::Money;
use kernel::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing that was counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DrillRow {
    /// `session`, `person`, `deal`, `event`, `spend` or `plan`.
    pub kind: String,
    /// Its id, where it has one.
    pub id: String,
    /// What to call it.
    pub label: String,
    /// When it happened, where the moment is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The date it counts for.
    #[schema(format = Date)]
    pub date: String,
    /// What it adds to the part.
    pub value: Figure,
    /// The person of the session, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// Log offset of the touch's first event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_offset: Option<u64>,
    /// More about it: name and text.
    pub facts: Vec<DrillFact>,
}

/// One more thing about a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DrillFact {
    /// What.
    pub name: String,
    /// Its value as text.
    pub text: String,
}

/// One number of a formula, and its rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DrillPart {
    /// What it is.
    pub name: String,
    /// Its value.
    pub value: Figure,
    /// The goal that its rows reached, where they are deals or conversions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goal: Option<String>,
    /// How many rows there are.
    pub rows_total: usize,
    /// The rows, largest first.
    pub rows: Vec<DrillRow>,
    /// Give this back as `cursor` for more rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// This part for the SQL console; empty with `as_of`.
    pub sql: String,
}

fn cursor_name(measure: Measure) -> String {
    format!("{measure:?}").to_lowercase()
}

/// How many rows of a part a cursor leaves out.
pub(super) fn skipped(measure: Measure, cursor: Option<&str>) -> usize {
    let number = cursor.and_then(|cursor| cursor.strip_prefix(&format!("{}:", cursor_name(measure)))?.parse().ok());
    number.unwrap_or(0)
}

pub(super) fn part(
    facts: &Facts,
    plan: &Plan,
    (measure, total): (Measure, i64),
    key: Option<&Key>,
    (limit, cursor): (u32, Option<&str>),
    window: Option<(&Facts, &Window)>,
) -> DrillPart {
    let (shown, days) = window.map_or((facts, plan.range), |(facts, window)| (facts, window.days));
    let run = Run::new(shown, plan, days).one_by_one();
    let skip = skipped(measure, cursor);
    // Persons come in the order in which they are shown: those behind the page need only be counted.
    let held_max = if measure == Measure::People { skip.saturating_add(limit as usize) } else { usize::MAX };
    let (mut records, mut counted): (Vec<Record>, usize) = (Vec::new(), 0);
    run.visit(measure, &mut |record| {
        let wanted = key.map_or(record.model == 0, |key| run.key(record) == *key);
        let again =
            is_distinct(plan, measure, record.model) && records.last().is_some_and(|last| last.unit == record.unit);
        if wanted && !again {
            counted += record.times as usize;
            if records.len() < held_max {
                records.push(*record);
            }
        }
    });
    // Stable: rows of one value stay in the order in which they were found; sessions stand in the order of time.
    records.sort_by_cached_key(|record| {
        let session = shown.sessions.get(record.session).filter(|_| record.subject == Subject::Session);
        let time = session.map(|session| (session.day, session.start, session.offset));
        (std::cmp::Reverse(record.value.unsigned_abs()), time)
    });
    let (before, rows_total) = window.map_or((0, counted), |(_, window)| (window.before, window.total));
    let end = skip.saturating_add(limit as usize).min(rows_total);
    let page = skip.saturating_sub(before)..end.saturating_sub(before).min(records.len());
    let rows = records.get(page).unwrap_or(&[]).iter().map(|record| row(shown, plan, measure, record)).collect();
    let range = super::narrowed(plan, key);
    DrillPart {
        name: measure.title().to_owned(),
        // Of durations, what goes into the formula is how many there are; each row has its own.
        value: if measure == Measure::TimeToWin { count(total) } else { figure(facts, measure, total) },
        goal: has_goal(measure).then(|| goal_of(plan, measure).to_string()),
        rows_total,
        rows,
        next_cursor: (end < rows_total).then(|| format!("{}:{end}", cursor_name(measure))),
        sql: match facts.sessions.known {
            None => super::sql_text::of_measure(facts, plan, measure, range, key),
            Some(_) => String::new(),
        },
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown, not summed")]
fn count(whole: i64) -> Figure {
    Figure::Number(whole as f64)
}

#[expect(clippy::cast_precision_loss, reason = "shown, not summed")]
fn figure(facts: &Facts, measure: Measure, whole: i64) -> Figure {
    if measure.is_money() {
        Figure::Money(Money::new(whole, facts.currency))
    } else if measure.is_share() {
        Figure::Number(whole as f64 / 1e6)
    } else if measure == Measure::TimeToWin {
        Figure::Number(whole as f64 / kernel::time::DAY as f64)
    } else {
        Figure::Number(whole as f64)
    }
}

fn row(facts: &Facts, plan: &Plan, measure: Measure, record: &Record) -> DrillRow {
    let session = match record.subject {
        Subject::Start(place) => facts.sessions.campaign_starts.get(place as usize).copied(),
        Subject::Visitor { person, .. } => {
            let first = facts.firsts.get(&person).copied();
            facts.sessions.get(record.session).or(first.filter(|_| record.own.is_some()))
        }
        Subject::Person(place) => {
            let first = facts.people.get(place as usize).and_then(|person| facts.firsts.get(&person.person)).copied();
            facts.sessions.get(record.session).or(first.filter(|_| record.own.is_some()))
        }
        _ => facts.sessions.get(record.session),
    };
    let session = session.as_ref();
    let mut row = DrillRow {
        kind: "session".to_owned(),
        id: String::new(),
        label: String::new(),
        at: None,
        date: date_of(record.day).to_string(),
        value: figure(facts, measure, record.value),
        person: session.and_then(|session| PersonId::from_number(session.person).ok()),
        event_offset: session.map(|session| session.offset),
        facts: Vec::new(),
    };
    match record.subject {
        Subject::Session | Subject::Start(_) => row.of_session(facts, session),
        // They are brought before rows are shown.
        Subject::Counted | Subject::Visitors => {}
        Subject::Visitor { person, created_at } => row.of_visitor(facts, (person, created_at), session),
        Subject::Person(place) => row.of_person(facts, place, session),
        Subject::Credit { goal, share, .. } => {
            let journeys = facts.journeys(&plan.journeys(goal_of(plan, measure)));
            row.of_goal(facts, journeys.items.get(goal as usize));
            row.touch(facts, session);
            row.fact("Share of the goal", format!("{}.{:04} %", share / 10_000, share % 10_000));
        }
        Subject::Goal(goal) => {
            let journeys = facts.journeys(&plan.journeys(goal_of(plan, measure)));
            row.of_goal(facts, journeys.items.get(goal as usize));
            row.touch(facts, session);
            if measure == Measure::AssistedPipeline {
                row.fact("Page", facts.shown(record.page));
            }
        }
        Subject::Spend(place) => row.of_spend(facts, place),
        Subject::Plan(place) => row.of_plan(facts, place),
    }
    row
}

/// Whether the records of a measure are deals or conversions.
fn has_goal(measure: Measure) -> bool {
    use Measure as M;
    let deals = matches!(measure, M::DealsCreated | M::Pipeline | M::MarketingPipeline | M::AssistedPipeline);
    let won = matches!(measure, M::DealsWon | M::Revenue | M::MarketingRevenue | M::SourcedRevenue);
    deals || won || matches!(measure, M::InfluencedRevenue | M::TimeToWin | M::Goals | M::GoalValue)
}

fn goal_of(plan: &Plan, measure: Measure) -> Goal {
    use Measure as M;
    match measure {
        M::DealsCreated | M::Pipeline | M::MarketingPipeline | M::AssistedPipeline => Goal::DealCreated,
        M::Goals | M::GoalValue => plan.goal.clone().unwrap_or(Goal::DealCreated),
        _ => Goal::DealWon,
    }
}

impl DrillRow {
    fn fact(&mut self, name: &str, text: impl Into<String>) {
        self.facts.push(DrillFact { name: name.to_owned(), text: text.into() });
    }

    fn touch(&mut self, facts: &Facts, session: Option<&Session>) {
        let Some(session) = session else {
            self.fact("Touch", crate::facts::NO_TOUCH_TEXT);
            return;
        };
        self.fact("Touch at", Timestamp::from_micros(session.start).to_string());
        for (name, code) in [
            ("Channel", session.channel),
            ("Source", session.source),
            ("Campaign", session.campaign),
            ("Landing page", session.landing),
        ] {
            if code != 0 {
                self.fact(name, facts.shown(code));
            }
        }
    }

    fn of_session(&mut self, facts: &Facts, session: Option<&Session>) {
        let Some(session) = session else { return };
        self.id = session.offset.to_string();
        self.at = Some(Timestamp::from_micros(session.start));
        self.label = format!("{} · {}", facts.shown(session.channel), facts.shown(session.landing));
        self.touch(facts, Some(session));
        self.fact("Pages", session.pages.to_string());
        self.fact("Seconds", session.seconds.to_string());
        self.fact("Engaged", if session.engaged { "yes" } else { "no" });
    }

    fn of_person(&mut self, facts: &Facts, place: u32, session: Option<&Session>) {
        let Some(person) = facts.people.get(place as usize) else { return };
        "person".clone_into(&mut self.kind);
        self.person = PersonId::from_number(person.person).ok();
        self.id = self.person.map_or_else(String::new, |id| id.to_string());
        self.label.clone_from(&self.id);
        self.at = Some(Timestamp::from_micros(person.lead_at.unwrap_or(person.created_at)));
        if person.company != 0 {
            self.fact("Company", facts.company_names.get(&person.company).cloned().unwrap_or_default());
        }
        self.touch(facts, session);
    }

    fn of_visitor(&mut self, facts: &Facts, (person, created_at): (u64, i64), session: Option<&Session>) {
        "person".clone_into(&mut self.kind);
        self.person = PersonId::from_number(person).ok();
        self.id = self.person.map_or_else(String::new, |id| id.to_string());
        self.label.clone_from(&self.id);
        self.at = Some(Timestamp::from_micros(created_at));
        self.touch(facts, session);
    }

    fn of_goal(&mut self, facts: &Facts, item: Option<&Item>) {
        let Some(item) = item else { return };
        self.at = Some(Timestamp::from_micros(item.at));
        if item.deal == NONE {
            "event".clone_into(&mut self.kind);
            self.id = item.offset.to_string();
            self.label = PersonId::from_number(item.person).map_or_else(|_| String::new(), |id| id.to_string());
            return;
        }
        let Some(deal) = facts.deals.get(item.deal as usize) else { return };
        "deal".clone_into(&mut self.kind);
        self.id.clone_from(&deal.id);
        self.label.clone_from(&deal.name);
        match deal.amount {
            Some(amount) => self.fact("Amount", amount.to_string()),
            None => self.fact("Amount", "not known"),
        }
        self.fact("Stage", deal.stage.clone());
        if !deal.source_row.is_empty() {
            self.fact("Imported from", deal.source_row.clone());
        }
        if item.suggested {
            self.fact("People", "taken from the company: the deal names none");
        }
        let foreign = deal.amount.filter(|amount| amount.currency != facts.currency);
        match foreign.map(|amount| facts.spend.rates.on(amount.currency, date_of(item.day))) {
            _ if item.value.is_none() => self.fact("Exchange rate", "none of that day: worth nothing here"),
            Some(Some((rate, date))) => self.fact("Exchange rate", format!("{rate} of {date}")),
            _ => {}
        }
    }

    fn of_spend(&mut self, facts: &Facts, place: u32) {
        let Some(entry) = facts.spend.entries.get(place as usize) else { return };
        "spend".clone_into(&mut self.kind);
        self.id.clone_from(&entry.id);
        self.label = if entry.campaign.is_empty() { entry.channel.clone() } else { entry.campaign.clone() };
        self.fact("Booked", entry.original.to_string());
        if let Some((rate, date)) = entry.rate {
            self.fact("Exchange rate", format!("{rate} of {date}"));
        }
        self.fact("Channel", entry.channel.clone());
        let matched = entry.matched.map_or("no touch", |matched| match matched {
            crate::metrics::SpendMatch::ClickId => "click id",
            crate::metrics::SpendMatch::UtmId => "UTM id",
            crate::metrics::SpendMatch::Name => "campaign name",
            crate::metrics::SpendMatch::Channel => "channel",
        });
        self.fact("Joined by", matched);
        if !entry.note.is_empty() {
            self.fact("Note", entry.note.clone());
        }
    }

    fn of_plan(&mut self, facts: &Facts, place: u32) {
        let Some(plan) = facts.spend.plan.get(place as usize) else { return };
        "plan".clone_into(&mut self.kind);
        self.id = format!("{} {}", plan.month, plan.channel);
        self.label = plan.channel.clone();
        self.fact("Planned for the month", plan.original.to_string());
    }
}
