//! The ledger over HTTP.

use super::Ledger;
use super::model::{
    EntryFilter, EntryView, Mapping, NewEntry, PlanChange, PlanView, RateLine, Summary, UnmatchedReport, Written,
};
use super::plan::month;
use analytics::channels::Channel;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::civil::Date;
use kernel::ids::LedgerId;
use kernel::money::Currency;
use kernel::page::{Page, PageRequest};
use kernel::problem::Problem;
use kernel::scope::Permission;
use platform::http::{Access, ApiJson, ApiPath, ApiQuery, ApiResult, Routes, Scoped};
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

/// The routes of this slice.
#[must_use]
pub fn routes(ledger: Ledger) -> Routes {
    let (read, write) = (Access::Needs(Permission::LedgerRead), Access::Needs(Permission::LedgerWrite));
    Routes::new()
        .add(read, routes!(list), ledger.clone())
        .add(write, routes!(enter), ledger.clone())
        .add(write, routes!(reverse), ledger.clone())
        .add(read, routes!(plan), ledger.clone())
        .add(write, routes!(set_plan), ledger.clone())
        .add(read, routes!(rates), ledger.clone())
        .add(write, routes!(set_rates), ledger.clone())
        .add(read, routes!(unmatched), ledger.clone())
        .add(read, routes!(mappings), ledger.clone())
        .add(write, routes!(set_mapping), ledger.clone())
        .add(read, routes!(summary), ledger)
}

/// Lines of actual spend, the newest day first: entries and the reversals that take them back.
#[utoipa::path(get, path = "/ledger/entries", operation_id = "ledger_entries", tag = "ledger", params(EntryFilter),
    responses((status = 200, description = "One page of lines", body = Page<EntryView>)))]
async fn list(
    State(ledger): State<Ledger>,
    Scoped(scope): Scoped,
    ApiQuery(filter): ApiQuery<EntryFilter>,
) -> ApiResult<Json<Page<EntryView>>> {
    Ok(Json(ledger.list(&scope, &filter).await?))
}

/// Enters a line of spend by hand.
#[utoipa::path(post, path = "/ledger/entries", operation_id = "ledger_enter", tag = "ledger", request_body = NewEntry,
    responses((status = 201, description = "The line", body = EntryView)))]
async fn enter(
    State(ledger): State<Ledger>,
    Scoped(scope): Scoped,
    ApiJson(new): ApiJson<NewEntry>,
) -> ApiResult<(StatusCode, Json<EntryView>)> {
    Ok((StatusCode::CREATED, Json(ledger.enter(&scope, new).await?)))
}

/// Why a line is taken back.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct Reversal {
    /// In a few words; it stands in the note of the new line.
    #[serde(default)]
    reason: String,
}

/// Takes a line back with a line of its own; the two sum to zero. Nothing is edited or deleted.
#[utoipa::path(post, path = "/ledger/entries/{id}/reverse", operation_id = "ledger_reverse", tag = "ledger",
    params(("id" = LedgerId, Path, description = "The line")), request_body = Reversal,
    responses((status = 201, description = "The reversal", body = EntryView)))]
async fn reverse(
    State(ledger): State<Ledger>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<LedgerId>,
    ApiJson(reversal): ApiJson<Reversal>,
) -> ApiResult<(StatusCode, Json<EntryView>)> {
    Ok((StatusCode::CREATED, Json(ledger.reverse(&scope, &id, &reversal.reason).await?)))
}

/// A span of months.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Months {
    /// The first month (`2026-03`), or a date in it.
    from: Option<String>,
    /// The last month, or a date in it.
    to: Option<String>,
    /// Every version of the plan instead of the one in force. Of no meaning for the summary.
    #[serde(default)]
    history: bool,
}

impl Months {
    fn span(&self) -> Result<(Option<Date>, Option<Date>), Problem> {
        let read = |field: &str, text: &Option<String>| match text.as_deref().filter(|text| !text.is_empty()) {
            None => Ok(None),
            Some(text) => month(text)
                .map(Some)
                .ok_or_else(|| Problem::invalid(field, format!("`{text}` is not a month; write it like 2026-03."))),
        };
        Ok((read("from", &self.from)?, read("to", &self.to)?))
    }
}

/// A list that has no pages.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct PlanList {
    /// By month, then channel.
    items: Vec<PlanView>,
}

/// The plan by month and channel.
#[utoipa::path(get, path = "/ledger/plan", operation_id = "ledger_plan", tag = "ledger", params(Months),
    responses((status = 200, description = "The plan", body = PlanList)))]
async fn plan(
    State(ledger): State<Ledger>,
    Scoped(scope): Scoped,
    ApiQuery(months): ApiQuery<Months>,
) -> ApiResult<Json<PlanList>> {
    let items = ledger.plan(&scope, months.span()?, months.history).await?;
    Ok(Json(PlanList { items }))
}

/// Lines of the plan to set.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct PlanChanges {
    /// At most 5 000.
    items: Vec<PlanChange>,
}

/// Sets lines of the plan; lines that are not named stay. What differs becomes a new version.
#[utoipa::path(put, path = "/ledger/plan", operation_id = "ledger_set_plan", tag = "ledger", request_body = PlanChanges,
    responses((status = 200, description = "How many lines were written", body = Written)))]
async fn set_plan(
    State(ledger): State<Ledger>,
    Scoped(scope): Scoped,
    ApiJson(changes): ApiJson<PlanChanges>,
) -> ApiResult<Json<Written>> {
    Ok(Json(ledger.set_plan(&scope, changes.items).await?))
}

/// Which rates.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct RateFilter {
    /// One currency, on either side.
    currency: Option<Currency>,
    /// Rates per page: 1 to 500; 50 when absent.
    limit: Option<u32>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Daily exchange rates, the newest day first.
#[utoipa::path(get, path = "/ledger/rates", operation_id = "ledger_rates", tag = "ledger", params(RateFilter),
    responses((status = 200, description = "One page of rates", body = Page<RateLine>)))]
async fn rates(
    State(ledger): State<Ledger>,
    Scoped(scope): Scoped,
    ApiQuery(filter): ApiQuery<RateFilter>,
) -> ApiResult<Json<Page<RateLine>>> {
    let page = PageRequest { limit: filter.limit, cursor: filter.cursor };
    Ok(Json(ledger.rates(&scope, filter.currency, &page).await?))
}

/// Rates to set.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct RateLines {
    /// At most 5 000.
    items: Vec<RateLine>,
}

/// Sets daily rates; a rate of the same day and currencies is replaced.
#[utoipa::path(put, path = "/ledger/rates", operation_id = "ledger_set_rates", tag = "ledger", request_body = RateLines,
    responses((status = 200, description = "How many rates were written", body = Written)))]
async fn set_rates(
    State(ledger): State<Ledger>,
    Scoped(scope): Scoped,
    ApiJson(lines): ApiJson<RateLines>,
) -> ApiResult<Json<Written>> {
    Ok(Json(ledger.set_rates(&scope, lines.items).await?))
}

/// Spend that no touch carries, by campaign, with the reason and campaigns that sound alike; and amounts without a rate.
#[utoipa::path(get, path = "/ledger/unmatched", operation_id = "ledger_unmatched", tag = "ledger",
    responses((status = 200, description = "What could not be placed", body = UnmatchedReport)))]
async fn unmatched(State(ledger): State<Ledger>, Scoped(scope): Scoped) -> ApiResult<Json<UnmatchedReport>> {
    Ok(Json(ledger.unmatched(&scope).await?))
}

/// What was mapped by hand.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct MappingList {
    /// By key.
    items: Vec<Mapping>,
}

/// Spend that was mapped to a campaign or channel by hand.
#[utoipa::path(get, path = "/ledger/mappings", operation_id = "ledger_mappings", tag = "ledger",
    responses((status = 200, description = "The mappings", body = MappingList)))]
async fn mappings(State(ledger): State<Ledger>, Scoped(scope): Scoped) -> ApiResult<Json<MappingList>> {
    Ok(Json(MappingList { items: ledger.mappings(&scope).await? }))
}

/// Where the spend of a campaign belongs.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct MappingChange {
    /// Which spend: the `spend_key` of the unmatched list.
    spend_key: String,
    /// The campaign, by the name or the id its touches carry.
    #[serde(default)]
    campaign: Option<String>,
    /// The channel; wins over what the touches say. Without campaign and channel the mapping is taken back.
    #[serde(default)]
    channel: Option<Channel>,
}

/// Maps the spend of a campaign by hand, for the past too; or takes the mapping back.
#[utoipa::path(put, path = "/ledger/mappings", operation_id = "ledger_set_mapping", tag = "ledger",
    request_body = MappingChange, responses((status = 200, description = "What is unmatched now", body = UnmatchedReport)))]
async fn set_mapping(
    State(ledger): State<Ledger>,
    Scoped(scope): Scoped,
    ApiJson(change): ApiJson<MappingChange>,
) -> ApiResult<Json<UnmatchedReport>> {
    let campaign = change.campaign.unwrap_or_default();
    let said = !campaign.trim().is_empty() || change.channel.is_some();
    let to = said.then(|| Mapping { spend_key: String::new(), campaign, channel: change.channel });
    ledger.map(&scope, &change.spend_key, to).await?;
    Ok(Json(ledger.unmatched(&scope).await?))
}

/// Plan and actual by month and channel, in the workspace's currency.
#[utoipa::path(get, path = "/ledger/summary", operation_id = "ledger_summary", tag = "ledger", params(Months),
    responses((status = 200, description = "Plan and actual", body = Summary)))]
async fn summary(
    State(ledger): State<Ledger>,
    Scoped(scope): Scoped,
    ApiQuery(months): ApiQuery<Months>,
) -> ApiResult<Json<Summary>> {
    let (from, to) = months.span()?;
    Ok(Json(ledger.summary(&scope, from, to).await?))
}
