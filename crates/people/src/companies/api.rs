//! Companies over HTTP.

use super::{Companies, Company, CompanySort, CompanySummary};
use axum::Json;
use axum::extract::State;
use kernel::ids::CompanyId;
use kernel::page::{Page, PageRequest};
use kernel::scope::Permission;
use platform::http::{Access, ApiPath, ApiQuery, ApiResult, Routes, Scoped, routes};
use serde::Deserialize;

/// The routes of this slice.
#[must_use]
pub fn routes(companies: Companies) -> Routes {
    Routes::new().add(Access::Needs(Permission::PeopleRead), routes!(list), companies.clone()).add(
        Access::Needs(Permission::PeopleRead),
        routes!(get),
        companies,
    )
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Part of a name or domain.
    q: Option<String>,
    /// The order: `created` (the newest first) or `name`.
    #[param(inline)]
    sort: Option<CompanySort>,
    /// Rows per page, at most 500; 50 when absent.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Companies, with how many people and deals each has.
#[utoipa::path(get, path = "/companies", operation_id = "companies_list", tag = "people", params(ListQuery),
    responses((status = 200, description = "One page of companies", body = Page<CompanySummary>)))]
async fn list(
    State(companies): State<Companies>,
    Scoped(scope): Scoped,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> ApiResult<Json<Page<CompanySummary>>> {
    let page = PageRequest { limit: query.limit, cursor: query.cursor };
    let (q, sort) = (query.q.unwrap_or_default(), query.sort.unwrap_or_default());
    Ok(Json(companies.list(&scope, &q, sort, &page).await?))
}

/// One company: its people, its deals, its keys and where each came from.
#[utoipa::path(get, path = "/companies/{id}", operation_id = "companies_get", tag = "people",
    params(("id" = CompanyId, Path, description = "The company")),
    responses((status = 200, description = "The company", body = Company),
        (status = 404, description = "`company_not_found`")))]
async fn get(
    State(companies): State<Companies>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<CompanyId>,
) -> ApiResult<Json<Company>> {
    Ok(Json(companies.get(&scope, &id).await?))
}
