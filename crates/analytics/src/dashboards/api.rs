//! Dashboards over HTTP.

use super::{Dashboards, Home, HomeRequest};
use crate::attribution::JourneyKind;
use crate::facts::{Grain, date_of};
use crate::metrics::{Compare, DateRange};
use axum::Json;
use axum::extract::State;
use jiff::civil::Date;
use kernel::scope::Permission;
use platform::http::{Access, ApiQuery, ApiResult, Routes, Scoped, routes};
use serde::Deserialize;

/// The routes of this slice.
#[must_use]
pub fn routes(dashboards: Dashboards) -> Routes {
    Routes::new().add(Access::Needs(Permission::MetricsRead), routes!(home), dashboards)
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct HomeQuery {
    /// The first date; the first of this quarter when absent.
    #[param(value_type = Option<String>, format = Date)]
    from: Option<Date>,
    /// The last date; the last of the quarter of `from` when absent.
    #[param(value_type = Option<String>, format = Date)]
    to: Option<Date>,
    /// What to compare with; the period before when absent.
    #[param(inline)]
    compare: Option<Compare>,
    /// The attribution model; `w_shape` when absent.
    model: Option<String>,
    /// How far back, in days; 180 when absent.
    lookback_days: Option<u32>,
    /// Whose touches count.
    #[param(inline)]
    journey: Option<JourneyKind>,
}

/// Home: what changed and why, six figures, pipeline and spend over time, channels, content, what needs a decision.
#[utoipa::path(get, path = "/dashboards/home", operation_id = "dashboards_home", tag = "analytics", params(HomeQuery),
    responses((status = 200, description = "Home", body = Home)))]
async fn home(
    State(dashboards): State<Dashboards>,
    Scoped(scope): Scoped,
    ApiQuery(query): ApiQuery<HomeQuery>,
) -> ApiResult<Json<Home>> {
    let today = dashboards.today(&scope).await?;
    let from = query.from.unwrap_or_else(|| date_of(Grain::Quarter.start(today)));
    let quarter_end = || date_of(Grain::Quarter.next(Grain::Quarter.start(crate::facts::day_of(from))) - 1);
    let request = HomeRequest {
        range: DateRange { from, to: query.to.unwrap_or_else(quarter_end) },
        compare: query.compare.unwrap_or(Compare::Previous),
        model: query.model,
        lookback_days: query.lookback_days,
        journey: query.journey,
    };
    Ok(Json(dashboards.home(&scope, request).await?))
}
