//! What is asked: the pages of the program, each with dates that differ from round to round.

use jiff::ToSpan;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use kernel::time::{Clock as _, SystemClock};
use serde_json::{Value, json};

/// The last day with events, and the first.
const LAST: Date = date(2026, 6, 30);
const FIRST: Date = date(2025, 1, 1);

/// A question that is asked again and again.
pub(crate) struct Question {
    pub(crate) name: String,
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
    /// From the first event on until after today.
    Lasting,
}

impl Question {
    /// Method, path and body of a round.
    pub(crate) fn ask(&self, round: usize) -> (&'static str, String, String) {
        let back = i32::try_from(round).unwrap_or(0);
        let to = LAST.saturating_sub(back.days());
        let from = match self.days {
            Days::Last(days) => to.saturating_sub((days - 1).days()),
            Days::All | Days::Lasting => FIRST,
        };
        let to = if matches!(self.days, Days::Lasting) {
            SystemClock.now().date_in(&TimeZone::UTC).saturating_add(2.days())
        } else {
            to
        };
        let (method, path, body) = (self.ask)(from, to);
        (method, path, if body.is_null() { String::new() } else { body.to_string() })
    }
}

fn question(
    name: impl Into<String>,
    days: Days,
    ask: impl Fn(Date, Date) -> (&'static str, String, Value) + 'static,
) -> Question {
    let rounds_max = if matches!(days, Days::All) { 10 } else { 100 };
    Question { name: name.into(), rounds_max, ask: Box::new(ask), days }
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

fn explore(name: String, days: Days, ask: Value) -> Question {
    question(name, days, move |from, to| {
        ("POST", "/api/v1/explore".to_owned(), json!({"range": {"from": from, "to": to}, "ask": ask}))
    })
}

/// Every question, in the order of the table.
pub(crate) fn all() -> Vec<Question> {
    home().into_iter().chain(reports()).chain(explorations()).collect()
}

fn home() -> Vec<Question> {
    let whole = question("Home, whole", Days::Last(90), |from, to| {
        ("GET", format!("/api/v1/dashboards/home?from={from}&to={to}"), Value::Null)
    });
    vec![
        whole,
        tile("tile: pipeline contribution", "pipeline_contribution"),
        tile("tile: marketing-sourced revenue", "marketing_sourced_revenue"),
        tile("tile: CAC", "cac"),
        tile("tile: payback", "payback_months"),
        tile("tile: spend", "spend"),
        tile("tile: campaign velocity", "campaign_velocity"),
    ]
}

fn reports() -> Vec<Question> {
    let by = |metrics: &[&str], dimensions: &[&str]| json!({"metrics": metrics, "dimensions": dimensions});
    let report = |name, metrics: &[&str], dimensions: &[&str]| query(name, Days::Last(90), by(metrics, dimensions));
    let models = question("attribution, all models by channel", Days::Last(90), |from, to| {
        ("POST", "/api/v1/attribution".to_owned(), json!({"range": {"from": from, "to": to}}))
    });
    let drill = question("the rows behind sessions of a channel", Days::Last(90), |from, to| {
        let query = json!({"metrics": ["sessions"], "dimensions": ["channel"], "range": {"from": from, "to": to}});
        let body = json!({"query": query, "metric": "sessions", "key": ["Paid Search"]});
        ("POST", "/api/v1/query/drill".to_owned(), body)
    });
    vec![
        report("sessions and engagement by channel", &["sessions", "engagement_rate"], &["channel"]),
        report("sessions by day", &["sessions", "engaged_sessions"], &["day"]),
        report("sessions by landing page and country", &["sessions"], &["landing_page", "country"]),
        query("sessions by month and channel, all time", Days::All, by(&["sessions"], &["month", "channel"])),
        query("sessions by page, 7 days", Days::Last(7), by(&["sessions"], &["page"])),
        query("sessions by company, 7 days", Days::Last(7), by(&["sessions"], &["company"])),
        report("new leads and conversion by channel", &["new_leads", "conversion_rate"], &["channel"]),
        report("people first seen by week", &["people"], &["week"]),
        report("spend and cost per lead by campaign", &["spend", "new_leads", "cost_per_lead"], &["campaign"]),
        report("pipeline and revenue by channel", &["pipeline_created", "won_revenue"], &["channel"]),
        models,
        drill,
    ]
}

/// Explorations that are asked again and again while events come in.
pub(crate) fn lasting() -> Vec<Question> {
    let asks = kinds().into_iter();
    asks.map(|(kind, ask)| explore(format!("Explore: {kind}, all time"), Days::Lasting, ask)).collect()
}

fn kinds() -> [(&'static str, Value); 4] {
    [
        ("trend", json!({"kind": "trends", "series": [{"name": "Page viewed"}]})),
        ("funnel", json!({"kind": "funnel", "steps": [{"name": "Page viewed"}, {"name": "Demo requested"}]})),
        ("retention", json!({"kind": "retention"})),
        ("paths", json!({"kind": "paths", "anchor": {"name": "Page viewed"}, "node": "path"})),
    ]
}

fn explorations() -> Vec<Question> {
    let asks = kinds();
    let over = [(Days::Last(28), "28 days"), (Days::All, "all time")];
    let all = over.into_iter().flat_map(|(days, words)| asks.iter().map(move |ask| (days, words, ask)));
    all.map(|(days, words, (kind, ask))| explore(format!("Explore: {kind}, {words}"), days, ask.clone())).collect()
}
