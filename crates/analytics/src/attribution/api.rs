//! Attribution over HTTP.

use super::compare::{AttributionAnswer, AttributionRequest, DealAttribution, compare, of_deal};
use super::goal::{Goal, JourneyKind};
use crate::facts::aside;
use crate::metrics::Metrics;
use axum::Json;
use axum::extract::State;
use kernel::ids::DealId;
use kernel::scope::Permission;
use platform::http::{Access, ApiJson, ApiPath, ApiQuery, ApiResult, Routes, Scoped, routes};
use serde::Deserialize;

/// The routes of this slice.
#[must_use]
pub fn routes(metrics: Metrics) -> Routes {
    Routes::new().add(Access::Needs(Permission::MetricsRead), routes!(side_by_side), metrics.clone()).add(
        Access::Needs(Permission::DealsRead),
        routes!(deal),
        metrics,
    )
}

/// Models side by side: what each gives a channel, campaign, page, …, and how far they are apart.
#[utoipa::path(post, path = "/attribution", operation_id = "attribution_compare", tag = "analytics",
    request_body = AttributionRequest,
    responses((status = 200, description = "The models side by side", body = AttributionAnswer)))]
async fn side_by_side(
    State(metrics): State<Metrics>,
    Scoped(scope): Scoped,
    ApiJson(request): ApiJson<AttributionRequest>,
) -> ApiResult<Json<AttributionAnswer>> {
    let goal = request.goal()?;
    let ready = metrics.store().with_goal(&scope, Some(&goal)).await?;
    Ok(Json(aside(move || compare(&ready.facts, &request, ready.today, ready.as_of)).await??))
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct DealQuery {
    /// `deal_created` or `deal_won`; won when it is won, else created.
    goal: Option<String>,
    /// How far back, in days; 180 when absent.
    lookback_days: Option<u32>,
    /// Whose touches count.
    #[param(inline)]
    journey: Option<JourneyKind>,
}

/// A deal's touches, with the credit of each under every model and why.
#[utoipa::path(get, path = "/attribution/deals/{id}", operation_id = "attribution_deal", tag = "analytics",
    params(("id" = DealId, Path, description = "The deal"), DealQuery),
    responses((status = 200, description = "The touches", body = DealAttribution),
        (status = 404, description = "`deal_not_found`")))]
async fn deal(
    State(metrics): State<Metrics>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<DealId>,
    ApiQuery(query): ApiQuery<DealQuery>,
) -> ApiResult<Json<DealAttribution>> {
    let goal = query.goal.as_deref().map(str::parse::<Goal>).transpose()?;
    let ready = metrics.store().get(&scope).await?;
    let kind = query.journey.unwrap_or_default();
    let lookback = query.lookback_days;
    let opened = aside(move || of_deal(&ready.facts, id.as_str(), goal, lookback, kind, ready.as_of)).await??;
    Ok(Json(opened))
}
