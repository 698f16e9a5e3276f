//! What is asked: the pages of the program, each with dates that differ from round to round.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use serde_json::{Value, json};

/// The last day with events, and the first.
const LAST: Date = date(2026, 6, 30);
const FIRST: Date = date(2025, 1, 1);

/// A question that is asked again and again.
pub(crate) struct Question {
    pub(crate) name: &'static str,
    pub(crate) rounds_max: usize,
    ask: Box<dyn Fn(Date, Date) -> (&'static str, String, Value)>,
    days: Days,
}

/// Over which dates.
#[derive(Clone, Copy)]
enum Days {
    /// So many, ending on days that differ.
    Last(i32),
    /// From the first event on.
    All,
}

impl Question {
    /// Method, path and body of a round.
    pub(crate) fn ask(&self, round: usize) -> (&'static str, String, String) {
        let back = i32::try_from(round).unwrap_or(0);
        let to = LAST.saturating_sub(back.days());
        let from = match self.days {
            Days::Last(days) => to.saturating_sub((days - 1).days()),
            Days::All => FIRST,
        };
        let (method, path, body) = (self.ask)(from, to);
        (method, path, if body.is_null() { String::new() } else { body.to_string() })
    }
}

fn question(
    name: &'static str,
    days: Days,
    ask: impl Fn(Date, Date) -> (&'static str, String, Value) + 'static,
) -> Question {
    let rounds_max = if matches!(days, Days::All) { 10 } else { 100 };
    Question { name, rounds_max, ask: Box::new(ask), days }
}

fn query(name: &'static str, days: Days, body: Value) -> Question {
    question(name, days, move |from, to| {
        let mut body = body.clone();
        body["range"] = json!({"from": from, "to": to});
        ("POST", "/api/v1/query".to_owned(), body)
    })
}

fn tile(name: &'static str, metric: &'static str) -> Question {
    query(name, Days::Last(90), json!({"metrics": [metric], "compare": "previous", "grain": "week"}))
}

fn explore(name: &'static str, days: Days, ask: Value) -> Question {
    question(name, days, move |from, to| {
        ("POST", "/api/v1/explore".to_owned(), json!({"range": {"from": from, "to": to}, "ask": ask}))
    })
}

/// Every question, in the order of the table.
pub(crate) fn all() -> Vec<Question> {
    let quarter = Days::Last(90);
    let home = question("Home, whole", quarter, |from, to| {
        ("GET", format!("/api/v1/dashboards/home?from={from}&to={to}"), Value::Null)
    });
    let drill = question("the rows behind sessions of a channel", quarter, |from, to| {
        let query = json!({"metrics": ["sessions"], "dimensions": ["channel"], "range": {"from": from, "to": to}});
        (
            "POST",
            "/api/v1/query/drill".to_owned(),
            json!({"query": query, "metric": "sessions", "key": ["Paid Search"]}),
        )
    });
    let models = question("attribution, all models by channel", quarter, |from, to| {
        ("POST", "/api/v1/attribution".to_owned(), json!({"range": {"from": from, "to": to}}))
    });
    let funnel = json!({"kind": "funnel", "steps": [{"name": "Page viewed"}, {"name": "Demo requested"}]});
    let trends = json!({"kind": "trends", "series": [{"name": "Page viewed"}]});
    let retention = json!({"kind": "retention"});
    let paths = json!({"kind": "paths", "anchor": {"name": "Page viewed"}, "node": "path"});
    let mut questions = vec![
        home,
        tile("tile: pipeline contribution", "pipeline_contribution"),
        tile("tile: marketing-sourced revenue", "marketing_sourced_revenue"),
        tile("tile: CAC", "cac"),
        tile("tile: payback", "payback_months"),
        tile("tile: spend", "spend"),
        tile("tile: campaign velocity", "campaign_velocity"),
        query(
            "sessions and engagement by channel",
            quarter,
            json!({"metrics": ["sessions", "engagement_rate"], "dimensions": ["channel"], "compare": "previous"}),
        ),
        query("sessions by day", quarter, json!({"metrics": ["sessions", "engaged_sessions"], "grain": "day"})),
        query(
            "sessions by landing page and country",
            quarter,
            json!({"metrics": ["sessions"], "dimensions": ["landing_page", "country"]}),
        ),
        query(
            "sessions by channel, all time",
            Days::All,
            json!({"metrics": ["sessions"], "dimensions": ["channel"], "grain": "month"}),
        ),
        query("sessions by page, 7 days", Days::Last(7), json!({"metrics": ["sessions"], "dimensions": ["page"]})),
        query(
            "new leads and conversion by channel",
            quarter,
            json!({"metrics": ["new_leads", "conversion_rate"], "dimensions": ["channel"]}),
        ),
        query("people first seen by week", quarter, json!({"metrics": ["people"], "grain": "week"})),
        query(
            "spend and cost per lead by campaign",
            quarter,
            json!({"metrics": ["spend", "new_leads", "cost_per_lead"], "dimensions": ["campaign"]}),
        ),
        query(
            "pipeline and revenue by channel",
            quarter,
            json!({"metrics": ["pipeline_created", "won_revenue"], "dimensions": ["channel"], "model": "time_decay"}),
        ),
        models,
        drill,
    ];
    for (days, names) in [
        (
            Days::Last(28),
            [
                "Explore: trend, 28 days",
                "Explore: funnel, 28 days",
                "Explore: retention, 28 days",
                "Explore: paths, 28 days",
            ],
        ),
        (
            Days::All,
            [
                "Explore: trend, all time",
                "Explore: funnel, all time",
                "Explore: retention, all time",
                "Explore: paths, all time",
            ],
        ),
    ] {
        let asks = [trends.clone(), funnel.clone(), retention.clone(), paths.clone()];
        questions.extend(names.into_iter().zip(asks).map(|(name, ask)| explore(name, days, ask)));
    }
    questions
}
