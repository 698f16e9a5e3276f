//! Deals over HTTP.

use super::{Deal, DealFilter, DealInput, DealKey, DealOutcome, DealPersonInput, DealSummary, Deals, Pipeline};
use crate::companies::CompanyInput;
use crate::identity::Kind;
use crate::upsert::Source;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use kernel::ids::{CompanyId, DealId};
use kernel::money::Money;
use kernel::page::{Page, PageRequest};
use kernel::scope::{Permission, Scope};
use kernel::time::Timestamp;
use platform::http::{Access, ApiJson, ApiPath, ApiQuery, ApiResult, Routes, Scoped, routes};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The routes of this slice.
#[must_use]
pub fn routes(deals: Deals) -> Routes {
    Routes::new()
        .add(Access::Needs(Permission::DealsRead), routes!(list), deals.clone())
        .add(Access::Needs(Permission::DealsWrite), routes!(create), deals.clone())
        .add(Access::Needs(Permission::DealsRead), routes!(pipelines), deals.clone())
        .add(Access::Needs(Permission::DealsRead), routes!(get), deals.clone())
        .add(Access::Needs(Permission::DealsWrite), routes!(update), deals)
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Part of the name.
    q: Option<String>,
    /// The key of a pipeline.
    pipeline: Option<String>,
    /// The key of a stage.
    stage: Option<String>,
    /// `open`, `won` or `lost`.
    #[param(inline)]
    outcome: Option<DealOutcome>,
    /// The id of a company.
    company: Option<CompanyId>,
    /// Rows per page, at most 500; 50 when absent.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Deals, the newest first.
#[utoipa::path(get, path = "/deals", operation_id = "deals_list", tag = "deals", params(ListQuery),
    responses((status = 200, description = "One page of deals", body = Page<DealSummary>)))]
async fn list(
    State(deals): State<Deals>,
    Scoped(scope): Scoped,
    ApiQuery(query): ApiQuery<ListQuery>,
) -> ApiResult<Json<Page<DealSummary>>> {
    let filter = DealFilter {
        q: query.q.unwrap_or_default(),
        pipeline: query.pipeline.unwrap_or_default(),
        stage: query.stage.unwrap_or_default(),
        outcome: query.outcome,
        company: query.company,
    };
    let page = PageRequest { limit: query.limit, cursor: query.cursor };
    Ok(Json(deals.list(&scope, &filter, &page).await?))
}

/// The pipelines with their stages, in order.
#[utoipa::path(get, path = "/deals/pipelines", operation_id = "deals_pipelines", tag = "deals",
    responses((status = 200, description = "The pipelines", body = Vec<Pipeline>)))]
async fn pipelines(State(deals): State<Deals>, Scoped(scope): Scoped) -> ApiResult<Json<Vec<Pipeline>>> {
    Ok(Json(deals.pipelines(&scope).await?))
}

/// One deal: its people, the stages it went through, its keys and values.
#[utoipa::path(get, path = "/deals/{id}", operation_id = "deals_get", tag = "deals",
    params(("id" = DealId, Path, description = "The deal")),
    responses((status = 200, description = "The deal", body = Deal), (status = 404, description = "`deal_not_found`")))]
async fn get(State(deals): State<Deals>, Scoped(scope): Scoped, ApiPath(id): ApiPath<DealId>) -> ApiResult<Json<Deal>> {
    Ok(Json(deals.get(&scope, &id).await?))
}

/// A person who takes part in a deal.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
struct DealPersonBody {
    /// E-mail address; a person who is not known yet is made.
    email: String,
    /// The role, for example `champion`.
    #[serde(default)]
    role: String,
    /// The deal's main contact.
    #[serde(default)]
    primary: bool,
}

/// A deal to be made or changed. What is absent stays as it is.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct DealBody {
    /// The name.
    name: Option<String>,
    /// The pipeline, by key or name.
    pipeline: Option<String>,
    /// The stage, by key or name.
    stage: Option<String>,
    /// The amount.
    amount: Option<Money>,
    /// When it was created.
    created_at: Option<Timestamp>,
    /// When it was, or is to be, closed.
    closed_at: Option<Timestamp>,
    /// The company.
    company: Option<CompanyId>,
    /// People who take part.
    #[serde(default)]
    people: Vec<DealPersonBody>,
    /// Who owns it.
    owner: Option<String>,
    /// Why it was won or lost.
    reason: Option<String>,
    /// Further values.
    #[serde(default)]
    #[schema(value_type = Object)]
    properties: Map<String, Value>,
}

impl DealBody {
    fn input(self, key: DealKey, scope: &Scope, now: Timestamp) -> DealInput {
        let source = Source::Actor(scope.actor.clone());
        let company = self.company.map(|id| {
            let mut company = CompanyInput::new(now, source.clone());
            company.id = Some(id);
            company
        });
        let person = |person: DealPersonBody| DealPersonInput {
            identifiers: vec![(Kind::Email, person.email)],
            role: person.role,
            primary: person.primary,
        };
        DealInput {
            name: self.name,
            pipeline: self.pipeline,
            stage: self.stage,
            amount: self.amount,
            created_at: self.created_at,
            closed_at: self.closed_at,
            company,
            people: self.people.into_iter().map(person).collect(),
            owner: self.owner,
            reason: self.reason,
            properties: self.properties,
            ..DealInput::new(key, now, source)
        }
    }
}

/// Makes a deal. Without a pipeline it stands in the first one, without a stage in the pipeline's first.
#[utoipa::path(post, path = "/deals", operation_id = "deals_create", tag = "deals", request_body = DealBody,
    responses((status = 201, description = "The deal", body = Deal),
        (status = 409, description = "`two_people`, `identity_rule`"), (status = 422, description = "`missing_field`")))]
async fn create(
    State(deals): State<Deals>,
    Scoped(scope): Scoped,
    ApiJson(body): ApiJson<DealBody>,
) -> ApiResult<(StatusCode, Json<Deal>)> {
    let input = body.input(DealKey::New, &scope, deals.now());
    Ok((StatusCode::CREATED, Json(deals.put(&scope, input).await?)))
}

/// Changes a deal. A change of stage is recorded with its moment.
#[utoipa::path(patch, path = "/deals/{id}", operation_id = "deals_update", tag = "deals",
    params(("id" = DealId, Path, description = "The deal")), request_body = DealBody,
    responses((status = 200, description = "The deal", body = Deal), (status = 404, description = "`deal_not_found`")))]
async fn update(
    State(deals): State<Deals>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<DealId>,
    ApiJson(body): ApiJson<DealBody>,
) -> ApiResult<Json<Deal>> {
    let input = body.input(DealKey::Id(id), &scope, deals.now());
    Ok(Json(deals.put(&scope, input).await?))
}
