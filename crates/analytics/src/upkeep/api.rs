//! The upkeep of events, over HTTP.

use super::{EventsKept, PropertyUse, Upkeep};
use axum::Json;
use axum::extract::State;
use kernel::scope::Permission;
use platform::http::{Access, ApiJson, ApiResult, Routes, Scoped, routes};
use serde::{Deserialize, Serialize};

/// The routes of this slice.
#[must_use]
pub fn routes(upkeep: Upkeep) -> Routes {
    Routes::new()
        .add(Access::Needs(Permission::WorkspaceRead), routes!(get), upkeep.clone())
        .add(Access::Needs(Permission::WorkspaceRead), routes!(properties), upkeep.clone())
        .add(Access::Needs(Permission::WorkspaceWrite), routes!(put), upkeep)
}

/// The properties of events that questions asked for in the last 90 days.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct PropertiesAsked {
    /// The most used first; 200 at most.
    properties: Vec<PropertyUse>,
}

/// Which properties of events questions ask for. Those asked for most, 16 at most, are kept by event files as columns of
/// their own, so that a question about one does not read the rest.
#[utoipa::path(get, path = "/upkeep/properties", operation_id = "upkeep_properties", tag = "upkeep",
    responses((status = 200, description = "Properties and how often they are asked for", body = PropertiesAsked)))]
async fn properties(State(upkeep): State<Upkeep>, Scoped(scope): Scoped) -> ApiResult<Json<PropertiesAsked>> {
    Ok(Json(PropertiesAsked { properties: upkeep.properties(&scope).await? }))
}

#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct EventsToKeep {
    /// Events of so many whole months are kept, besides those of the running one, 1 to 1200; null: for ever.
    months: Option<u32>,
}

/// How long events are kept, and what the last run dropped.
#[utoipa::path(get, path = "/upkeep/events", operation_id = "upkeep_events", tag = "upkeep",
    responses((status = 200, description = "How long events are kept", body = EventsKept)))]
async fn get(State(upkeep): State<Upkeep>, Scoped(scope): Scoped) -> ApiResult<Json<EventsKept>> {
    Ok(Json(upkeep.kept(&scope).await?))
}

/// Says how long events are kept. What is too old is dropped by a job at once, and each month from then on; it cannot be
/// brought back. People, deals and spend stay.
#[utoipa::path(put, path = "/upkeep/events", operation_id = "upkeep_keep_events", tag = "upkeep",
    request_body = EventsToKeep,
    responses((status = 200, description = "How long events are kept", body = EventsKept),
        (status = 422, description = "`months` is no number from 1 to 1200")))]
async fn put(
    State(upkeep): State<Upkeep>,
    Scoped(scope): Scoped,
    ApiJson(wanted): ApiJson<EventsToKeep>,
) -> ApiResult<Json<EventsKept>> {
    Ok(Json(upkeep.keep(&scope, wanted.months).await?))
}
