//! Metrics over HTTP.

use super::{Dimension, Direction, METRICS, Metrics, Query, QueryBridge, Table, Unit};
use crate::attribution::{LOOKBACK_DAYS, LOOKBACK_DAYS_MAX};
use crate::drill::{DrillAnswer, DrillRequest};
use axum::Json;
use axum::extract::State;
use kernel::scope::Permission;
use platform::http::{Access, ApiJson, ApiResult, Routes, Scoped, routes};
use science::attribution::Model;
use serde::Serialize;

/// The routes of this slice.
#[must_use]
pub fn routes(metrics: Metrics) -> Routes {
    let access = Access::Needs(Permission::MetricsRead);
    Routes::new()
        .add(access, routes!(registry), metrics.clone())
        .add(access, routes!(query), metrics.clone())
        .add(access, routes!(bridge), metrics.clone())
        .add(access, routes!(drill), metrics)
}

/// A metric as the registry shows it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct RegistryMetric {
    /// The name in the API.
    id: String,
    /// The name for people.
    name: String,
    /// What its numbers are.
    unit: Unit,
    /// What it means.
    definition: String,
    /// Its formula in words.
    formula: String,
    /// Which way is good.
    direction: Direction,
    /// Which decision it serves.
    decision: String,
    /// Whether its rows sum to its total.
    additive: bool,
    /// Whether only models that conserve may be used.
    needs_conserving_model: bool,
    /// What it can be split by.
    dimensions: Vec<Dimension>,
}

/// A dimension as the registry shows it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct RegistryDimension {
    /// The name in the API.
    id: Dimension,
    /// The name for people.
    name: String,
    /// Whether it is a length of time.
    is_time: bool,
}

/// An attribution model as the registry shows it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct RegistryModel {
    /// The name in the API.
    id: String,
    /// The name for people.
    name: String,
    /// Its rule.
    description: String,
    /// Whether credits sum to the value.
    conserves: bool,
}

/// Everything a question can be made of.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Registry {
    /// The metrics.
    metrics: Vec<RegistryMetric>,
    /// The dimensions.
    dimensions: Vec<RegistryDimension>,
    /// The attribution models with a fixed meaning, and the label `influenced`; `custom:WEIGHTS` works as well.
    models: Vec<RegistryModel>,
    /// The model when nothing is said.
    default_model: String,
    /// The lookback when nothing is said, in days.
    default_lookback_days: u32,
    /// The longest lookback, in days.
    lookback_days_max: u32,
}

/// Every metric with its definition, formula, decision and the dimensions it can be split by.
#[utoipa::path(get, path = "/metrics-registry", operation_id = "metrics_registry", tag = "analytics",
    responses((status = 200, description = "The registry", body = Registry)))]
async fn registry() -> ApiResult<Json<Registry>> {
    let metrics = METRICS.iter().map(|metric| RegistryMetric {
        id: metric.id.to_owned(),
        name: metric.words.name.clone(),
        unit: metric.unit,
        definition: metric.words.definition.clone(),
        formula: metric.words.formula.clone(),
        direction: metric.direction,
        decision: metric.words.decision.clone(),
        additive: metric.is_additive(),
        needs_conserving_model: metric.needs_conserving_credit(),
        dimensions: metric.dimensions(),
    });
    let dimensions = Dimension::ALL.iter().map(|dimension| RegistryDimension {
        id: *dimension,
        name: dimension.title().to_owned(),
        is_time: dimension.grain().is_some(),
    });
    let models = Model::named().into_iter().chain([Model::Influenced]).map(|model| RegistryModel {
        id: model.to_string(),
        name: model.title(),
        description: model.description(),
        conserves: model.conserves(),
    });
    Ok(Json(Registry {
        metrics: metrics.collect(),
        dimensions: dimensions.collect(),
        models: models.collect(),
        default_model: super::MODEL.to_string(),
        default_lookback_days: LOOKBACK_DAYS,
        lookback_days_max: LOOKBACK_DAYS_MAX,
    }))
}

/// Asks for metrics, split and filtered, with totals, comparison and watermark.
#[utoipa::path(post, path = "/query", operation_id = "metrics_query", tag = "analytics", request_body = Query,
    responses((status = 200, description = "The table", body = Table),
        (status = 413, description = "`too_large`: what was known at `as_of` is too much to be put together"),
        (status = 422, description = "`invalid_field`: a name that does not exist, a pair that would give a wrong number, or \
            an `as_of` that is still to come")))]
async fn query(
    State(metrics): State<Metrics>,
    Scoped(scope): Scoped,
    ApiJson(query): ApiJson<Query>,
) -> ApiResult<Json<Table>> {
    Ok(Json(metrics.query(&scope, &query).await?))
}

/// Why the totals as of `as_of` are other ones now: late events, rules, merges, records, the ledger, days that passed.
#[utoipa::path(post, path = "/query/bridge", operation_id = "metrics_bridge", tag = "analytics", request_body = Query,
    responses((status = 200, description = "The steps", body = QueryBridge),
        (status = 413, description = "`too_large`: what was known at `as_of` is too much to be put together"),
        (status = 422, description = "`invalid_field`: as for the question, and when it has no `as_of`")))]
async fn bridge(
    State(metrics): State<Metrics>,
    Scoped(scope): Scoped,
    ApiJson(query): ApiJson<Query>,
) -> ApiResult<Json<QueryBridge>> {
    Ok(Json(metrics.bridge(&scope, &query).await?))
}

/// Opens a number: its formula with the numbers put in, the rows behind it, and the same question in SQL.
#[utoipa::path(post, path = "/query/drill", operation_id = "metrics_drill", tag = "analytics",
    request_body = DrillRequest,
    responses((status = 200, description = "What is behind the number", body = DrillAnswer)))]
async fn drill(
    State(metrics): State<Metrics>,
    Scoped(scope): Scoped,
    ApiJson(request): ApiJson<DrillRequest>,
) -> ApiResult<Json<DrillAnswer>> {
    Ok(Json(metrics.drill(&scope, request).await?))
}
