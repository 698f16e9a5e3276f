//! Persons over HTTP.

use super::{Identifiers, OriginKind, PeopleFilter, PeopleSort, Person, PersonSummary, Profiles, TimelineEvent};
use axum::Json;
use axum::extract::State;
use kernel::ids::{CompanyId, PersonId};
use kernel::page::{Page, PageRequest};
use kernel::scope::Permission;
use platform::http::{Access, ApiPath, ApiQuery, ApiResult, Routes, Scoped, routes};
use serde::Deserialize;

/// The routes of this slice.
#[must_use]
pub fn routes(profiles: Profiles) -> Routes {
    let read = Access::Needs(Permission::PeopleRead);
    Routes::new()
        .add(read, routes!(list), profiles.clone())
        .add(read, routes!(get), profiles.clone())
        .add(read, routes!(timeline), profiles.clone())
        .add(read, routes!(identifiers), profiles)
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Part of a name or e-mail address.
    q: Option<String>,
    /// `true`: people with an e-mail address, user id or key of another system. `false`: anonymous visitors.
    known: Option<bool>,
    /// People of this company.
    company: Option<CompanyId>,
    /// People of this country, as it is written.
    country: Option<String>,
    /// How they came into being: `event`, `import` or `manual`.
    #[param(inline)]
    origin: Option<OriginKind>,
    /// The order: `last_seen` (the latest first), `created` (the newest first) or `name`.
    #[param(inline)]
    sort: Option<PeopleSort>,
    /// Rows per page, at most 500; 50 when absent.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// People. `total` is exact. Bots are never among them.
#[utoipa::path(get, path = "/people", operation_id = "people_list", tag = "people", params(ListQuery),
    responses((status = 200, description = "One page of people", body = Page<PersonSummary>)))]
async fn list(
    State(profiles): State<Profiles>,
    Scoped(scope): Scoped,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> ApiResult<Json<Page<PersonSummary>>> {
    let filter = PeopleFilter {
        q: query.q.unwrap_or_default(),
        known: query.known,
        company: query.company,
        country: query.country.unwrap_or_default(),
        origin: query.origin,
        sort: query.sort.unwrap_or_default(),
    };
    let page = PageRequest { limit: query.limit, cursor: query.cursor };
    Ok(Json(profiles.list(&scope, &filter, &page).await?))
}

/// One person: values with their sources, companies, deals, and why this is one person. The id of a person that was
/// merged finds the whole; `merged_from` then says so.
#[utoipa::path(get, path = "/people/{id}", operation_id = "people_get", tag = "people",
    params(("id" = PersonId, Path, description = "The person")),
    responses((status = 200, description = "The person", body = Person),
        (status = 404, description = "`person_not_found`")))]
async fn get(
    State(profiles): State<Profiles>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<PersonId>,
) -> ApiResult<Json<Person>> {
    Ok(Json(profiles.get(&scope, id).await?))
}

/// What happened to a person, the newest first.
#[utoipa::path(get, path = "/people/{id}/timeline", operation_id = "people_timeline", tag = "people",
    params(("id" = PersonId, Path, description = "The person"), PageRequest),
    responses((status = 200, description = "One page of events", body = Page<TimelineEvent>),
        (status = 404, description = "`person_not_found`")))]
async fn timeline(
    State(profiles): State<Profiles>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<PersonId>,
    ApiQuery(page): ApiQuery<PageRequest>,
) -> ApiResult<Json<Page<TimelineEvent>>> {
    Ok(Json(profiles.timeline(&scope, id, &page).await?))
}

/// Why this is one person: each identifier with the event or import it came from, each merge with its evidence, and the
/// identifiers that were left out, with the reason.
#[utoipa::path(get, path = "/people/{id}/identifiers", operation_id = "people_identifiers", tag = "people",
    params(("id" = PersonId, Path, description = "The person")),
    responses((status = 200, description = "The identifiers", body = Identifiers),
        (status = 404, description = "`person_not_found`")))]
async fn identifiers(
    State(profiles): State<Profiles>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<PersonId>,
) -> ApiResult<Json<Identifiers>> {
    Ok(Json(profiles.identifiers(&scope, id).await?))
}
