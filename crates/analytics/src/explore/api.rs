//! Explore over HTTP.

use super::saved::{SaveRequest, SavedChange, SavedExploration, SavedFilter};
use super::service::Explore;
use crate::explore_model::{Column, Exploration, PeopleRequest};
use crate::explore_model::{ExploreAnswer, ExploreBridge, ExploreChoices, PeopleBehind, PropertyChoice, TextChoice};
use axum::Json;
use axum::extract::State;
use kernel::ids::ExplorationId;
use kernel::scope::Permission;
use platform::http::{Access, ApiJson, ApiPath, ApiQuery, ApiResult, Routes, Scoped, routes};
use serde::Deserialize;

/// The routes of this slice.
#[must_use]
pub fn routes(explore: Explore) -> Routes {
    let (read, write) = (Access::Needs(Permission::MetricsRead), Access::Needs(Permission::ExplorationsWrite));
    Routes::new()
        .add(read, routes!(ask), explore.clone())
        .add(read, routes!(bridge), explore.clone())
        .add(Access::Needs(Permission::PeopleRead), routes!(behind), explore.clone())
        .add(read, routes!(choices), explore.clone())
        .add(read, routes!(texts), explore.clone())
        .add(read, routes!(properties), explore.clone())
        .add(read, routes!(property_values), explore.clone())
        .add(read, routes!(company_values), explore.clone())
        .add(read, routes!(list), explore.clone())
        .add(write, routes!(save), explore.clone())
        .add(write, routes!(change), explore)
}

/// Ask what people did: trends, funnel, retention or paths.
#[utoipa::path(post, path = "/explore", operation_id = "explore", tag = "explore", request_body = Exploration,
    responses((status = 200, description = "The answer", body = ExploreAnswer),
        (status = 422, description = "`invalid_field`: more than a limit allows, or something that means nothing")))]
async fn ask(
    State(explore): State<Explore>,
    Scoped(scope): Scoped,
    ApiJson(asked): ApiJson<Exploration>,
) -> ApiResult<Json<ExploreAnswer>> {
    Ok(Json(explore.ask(&scope, &asked).await?))
}

/// What lies between the answer of `as_of` and that of now: events that came late, people who were merged or separated.
#[utoipa::path(post, path = "/explore/bridge", operation_id = "explore_bridge", tag = "explore",
    request_body = Exploration,
    responses((status = 200, description = "The parts", body = ExploreBridge),
        (status = 422, description = "`invalid_field`: as for the question, and when it has no `as_of`")))]
async fn bridge(
    State(explore): State<Explore>,
    Scoped(scope): Scoped,
    ApiJson(asked): ApiJson<Exploration>,
) -> ApiResult<Json<ExploreBridge>> {
    Ok(Json(explore.bridge(&scope, &asked).await?))
}

/// List who is behind a number of an answer.
#[utoipa::path(post, path = "/explore/people", operation_id = "explore_people", tag = "explore",
    request_body = PeopleRequest,
    responses((status = 200, description = "One page", body = PeopleBehind)))]
async fn behind(
    State(explore): State<Explore>,
    Scoped(scope): Scoped,
    ApiJson(request): ApiJson<PeopleRequest>,
) -> ApiResult<Json<PeopleBehind>> {
    Ok(Json(explore.people(&scope, &request).await?))
}

/// What questions can be made of: names of events that came in during the last 92 days, and columns.
#[utoipa::path(get, path = "/explore/choices", operation_id = "explore_choices", tag = "explore",
    responses((status = 200, body = ExploreChoices)))]
async fn choices(State(explore): State<Explore>, Scoped(scope): Scoped) -> ApiResult<Json<ExploreChoices>> {
    Ok(Json(explore.choices(&scope).await?))
}

/// Which texts of a column to offer.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct TextsQuery {
    /// The column.
    column: Column,
    /// A part of the text, whatever the case.
    #[serde(default)]
    q: String,
}

/// The texts that a column had during the last 92 days, those of most people first; at most 50.
#[utoipa::path(get, path = "/explore/texts", operation_id = "explore_texts", tag = "explore", params(TextsQuery),
    responses((status = 200, body = Vec<TextChoice>)))]
async fn texts(
    State(explore): State<Explore>,
    Scoped(scope): Scoped,
    ApiQuery(query): ApiQuery<TextsQuery>,
) -> ApiResult<Json<Vec<TextChoice>>> {
    Ok(Json(explore.texts(&scope, query.column, &query.q).await?))
}

/// Of which events to offer properties.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct PropertiesQuery {
    /// The name of the events; any when absent.
    event: Option<String>,
}

/// The properties that events had during the last 14 days, those of most events first; a part of the events is looked at.
#[utoipa::path(get, path = "/explore/properties", operation_id = "explore_properties", tag = "explore",
    params(PropertiesQuery), responses((status = 200, body = Vec<PropertyChoice>)))]
async fn properties(
    State(explore): State<Explore>,
    Scoped(scope): Scoped,
    ApiQuery(query): ApiQuery<PropertiesQuery>,
) -> ApiResult<Json<Vec<PropertyChoice>>> {
    Ok(Json(explore.properties(&scope, query.event.as_deref()).await?))
}

/// Which values of a property to offer.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ValuesQuery {
    /// The key of the property.
    property: String,
    /// The name of the events; any when absent. Not for companies.
    event: Option<String>,
    /// A part of the value, whatever the case.
    #[serde(default)]
    q: String,
}

/// The values that a property of events had during the last 14 days, those of most people first; at most 50.
#[utoipa::path(get, path = "/explore/property-values", operation_id = "explore_property_values", tag = "explore",
    params(ValuesQuery), responses((status = 200, body = Vec<TextChoice>)))]
async fn property_values(
    State(explore): State<Explore>,
    Scoped(scope): Scoped,
    ApiQuery(query): ApiQuery<ValuesQuery>,
) -> ApiResult<Json<Vec<TextChoice>>> {
    let ValuesQuery { property, event, q } = query;
    Ok(Json(explore.property_values(&scope, event.as_deref(), &property, &q).await?))
}

/// The values that a property of companies has, those of most companies first; at most 50.
#[utoipa::path(get, path = "/explore/company-values", operation_id = "explore_company_values", tag = "explore",
    params(ValuesQuery), responses((status = 200, body = Vec<TextChoice>)))]
async fn company_values(
    State(explore): State<Explore>,
    Scoped(scope): Scoped,
    ApiQuery(query): ApiQuery<ValuesQuery>,
) -> ApiResult<Json<Vec<TextChoice>>> {
    Ok(Json(explore.company_values(&scope, &query.property, &query.q).await?))
}

/// List saved explorations, by name.
#[utoipa::path(get, path = "/explorations", operation_id = "explorations_list", tag = "explore", params(SavedFilter),
    responses((status = 200, body = Vec<SavedExploration>)))]
async fn list(
    State(explore): State<Explore>,
    Scoped(scope): Scoped,
    ApiQuery(filter): ApiQuery<SavedFilter>,
) -> ApiResult<Json<Vec<SavedExploration>>> {
    Ok(Json(explore.saved(&scope, filter).await?))
}

/// Save an exploration.
#[utoipa::path(post, path = "/explorations", operation_id = "explorations_create", tag = "explore",
    request_body = SaveRequest,
    responses((status = 200, description = "The saved exploration", body = SavedExploration),
        (status = 409, description = "`too_many_explorations`")))]
async fn save(
    State(explore): State<Explore>,
    Scoped(scope): Scoped,
    ApiJson(request): ApiJson<SaveRequest>,
) -> ApiResult<Json<SavedExploration>> {
    Ok(Json(explore.save(&scope, request).await?))
}

/// Rename, change, pin or archive a saved exploration.
#[utoipa::path(patch, path = "/explorations/{id}", operation_id = "explorations_update", tag = "explore",
    params(("id" = ExplorationId, Path, description = "The exploration")), request_body = SavedChange,
    responses((status = 200, description = "As it is now", body = SavedExploration),
        (status = 404, description = "`exploration_not_found`"),
        (status = 409, description = "`too_many_explorations`: Home is full")))]
async fn change(
    State(explore): State<Explore>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<ExplorationId>,
    ApiJson(request): ApiJson<SavedChange>,
) -> ApiResult<Json<SavedExploration>> {
    Ok(Json(explore.change(&scope, &id, request).await?))
}
