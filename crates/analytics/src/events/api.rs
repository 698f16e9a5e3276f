//! The live stream and the quarantine over HTTP.

use super::model::{Fate, FateFilter, FateStatus, QuarantineFilter, Quarantined};
use crate::channel_rules::{RuleSet, Sight};
use crate::channels::{Address, Evidence, Explanation, Marks};
use crate::ingest::Lakes;
use crate::messages::{CountryBasis, again, country_basis};
use axum::extract::State;
use axum::response::IntoResponse;
use futures::StreamExt as _;
use kernel::ids::{KeyId, PersonId};
use kernel::money::format_decimal;
use kernel::page::{Page, PageRequest};
use kernel::problem::Problem;
use kernel::scope::Permission;
use kernel::time::Timestamp;
use lake::Event;
use platform::http::{Access, ApiPath, ApiQuery, ApiResult, Routes, Scoped, routes, sse};
use serde::{Deserialize, Serialize};

/// The routes of the live page.
pub fn routes(lakes: Lakes) -> Routes {
    let read = Access::Needs(Permission::EventsRead);
    Routes::new()
        .add(read, routes!(list_events), lakes.clone())
        .add_slow(read, routes!(watch_events), lakes.clone())
        .add(read, routes!(get_event), lakes.clone())
        .add(read, routes!(list_quarantine), lakes)
}

/// Which fates to list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct EventsQuery {
    /// `accepted`, `duplicate`, `rejected` or `suspicious`.
    status: Option<FateStatus>,
    /// A person's id, or a part of a user id or an anonymous id.
    person: Option<String>,
    /// A part of the event's name.
    name: Option<String>,
    /// The id of a write key.
    key: Option<KeyId>,
    /// Rows per page: 1 to 500; 50 when absent.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List what became of the last messages, newest first.
#[utoipa::path(get, path = "/events", tag = "events", params(EventsQuery),
    responses((status = 200, body = Page<Fate>)))]
async fn list_events(
    State(lakes): State<Lakes>,
    Scoped(scope): Scoped,
    ApiQuery(query): ApiQuery<EventsQuery>,
) -> ApiResult<axum::Json<Page<Fate>>> {
    let intake = lakes.intake(&scope.workspace).await.map_err(Problem::from)?;
    let EventsQuery { status, person, name, key, limit, cursor } = query;
    let request = PageRequest { limit, cursor };
    let before = match &request.cursor {
        None => None,
        Some(cursor) => {
            let parsed = cursor.parse::<u64>();
            Some(parsed.map_err(|_| Problem::invalid("cursor", "This is not a cursor of this list."))?)
        }
    };
    let limit = request.rows() as usize;
    let mut fates = intake.view().await.recent(&FateFilter { status, person, name, key }, before, limit + 1);
    let more = fates.len() > limit;
    fates.truncate(limit);
    let next_cursor = fates.last().filter(|_| more).map(|fate| fate.sequence.to_string());
    let items = fates.iter().map(|fate| Fate::clone(fate)).collect();
    Ok(axum::Json(Page { items, next_cursor, total: None }))
}

/// Watch what becomes of messages as they come in: a stream of server-sent events, one fate each.
#[utoipa::path(get, path = "/events/watch", tag = "events", params(FateFilter),
    responses((status = 200, body = Fate, content_type = "text/event-stream")))]
async fn watch_events(
    State(lakes): State<Lakes>,
    Scoped(scope): Scoped,
    ApiQuery(filter): ApiQuery<FateFilter>,
) -> ApiResult<impl IntoResponse> {
    let intake = lakes.intake(&scope.workspace).await.map_err(Problem::from)?;
    let fates = intake.view().await.watch(filter).map(|fate| Fate::clone(&fate));
    Ok(sse(fates))
}

/// One stored event with everything that is known of it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct EventDetail {
    /// Its place in the log.
    offset: u64,
    /// The sender's message id.
    event_id: String,
    /// The person it was resolved to.
    person: Option<PersonId>,
    /// The company, empty when there is none.
    company: String,
    /// When it happened, corrected for the sender's clock.
    at: Timestamp,
    /// When it was received.
    received_at: Timestamp,
    /// The call.
    kind: String,
    /// Its name.
    name: String,
    /// Every other column of the event that is not empty, by name.
    columns: std::collections::BTreeMap<String, String>,
    /// Its value as a decimal number.
    value: Option<String>,
    /// The currency of the value; empty: the workspace's own.
    currency: String,
    /// `human`, `bot`, `ai_agent` or `unknown`.
    agent_class: String,
    /// Why.
    agent_reason: String,
    /// How the country is known.
    country_basis: Option<CountryBasis>,
    /// The properties (the traits of identify and group).
    #[schema(value_type = Object)]
    properties: serde_json::Value,
    /// The message as it was received, without write key and IP address.
    #[schema(value_type = Object)]
    raw: serde_json::Value,
    /// Why it has its channel; absent for an event without one.
    channel: Option<Explanation>,
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|_| serde_json::Value::from(text))
}

fn explanation(event: &Event, rules: &RuleSet) -> Option<Explanation> {
    if event.channel.is_empty() {
        return None;
    }
    let again = again(&event.raw, event.kind == lake::EventKind::Page, &event.url);
    let marks = Marks::of_query(Address::parse(&event.url).query);
    let evidence = Evidence {
        source: &event.source,
        medium: &event.medium,
        campaign: &event.campaign,
        click_id_kind: &event.click_id_kind,
        network: again.as_ref().map_or(&*marks.network, |again| &again.network),
    };
    Some(rules.explain(&Sight { evidence, referrer_host: &event.referrer_host, path: &event.path }))
}

fn detail(event: &Event, rules: &RuleSet) -> EventDetail {
    use lake::Col;
    let own = [Col::EventId, Col::Name, Col::Company, Col::Properties, Col::Raw, Col::Currency, Col::AgentReason];
    let others = Col::ALL.iter().filter(|column| !own.contains(column) && !event.text(**column).is_empty());
    EventDetail {
        offset: event.offset,
        event_id: event.event_id.clone(),
        person: PersonId::from_number(event.person).ok(),
        company: event.company.clone(),
        at: Timestamp::from_micros(event.at),
        received_at: Timestamp::from_micros(event.received_at),
        kind: event.kind.as_str().to_owned(),
        name: event.name.clone(),
        columns: others.map(|column| (column.name().to_owned(), event.text(*column).to_owned())).collect(),
        value: event.value.map(format_decimal),
        currency: event.currency.clone(),
        agent_class: event.agent_class.as_str().to_owned(),
        agent_reason: event.agent_reason.clone(),
        country_basis: country_basis(event),
        properties: json(&event.properties),
        raw: json(&event.raw),
        channel: explanation(event, rules),
    }
}

/// Get one stored event: all its columns, the message as it was received, and why it has its channel.
#[utoipa::path(get, path = "/events/{offset}", tag = "events", params(("offset" = u64, Path, description = "Place in the log")),
    responses((status = 200, body = EventDetail)))]
async fn get_event(
    State(lakes): State<Lakes>,
    Scoped(scope): Scoped,
    ApiPath(offset): ApiPath<u64>,
) -> ApiResult<axum::Json<EventDetail>> {
    let intake = lakes.intake(&scope.workspace).await.map_err(Problem::from)?;
    let event = intake.lake.event_at(offset).await.map_err(Problem::from)?;
    let event = event.ok_or_else(|| Problem::not_found("event", offset))?;
    let rules = intake.rules.read().await.clone();
    Ok(axum::Json(detail(&event, &rules)))
}

/// List rejected and suspicious messages, the last received first.
#[utoipa::path(get, path = "/quarantine", tag = "events", params(QuarantineFilter),
    responses((status = 200, body = Page<Quarantined>)))]
async fn list_quarantine(
    State(lakes): State<Lakes>,
    Scoped(scope): Scoped,
    ApiQuery(filter): ApiQuery<QuarantineFilter>,
) -> ApiResult<axum::Json<Page<Quarantined>>> {
    let intake = lakes.intake(&scope.workspace).await.map_err(Problem::from)?;
    Ok(axum::Json(intake.quarantine.list(&filter).await?))
}
