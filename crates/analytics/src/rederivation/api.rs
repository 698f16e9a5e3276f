//! Channel rules over HTTP.

use super::{
    ChannelAnswer, ChannelQuestion, ChannelRules, NewRules, RuleVersion, RulesInUse, RulesPreview, RulesRevert,
};
use crate::channel_rules::RuleBook;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use kernel::page::{Page, PageRequest};
use kernel::scope::Permission;
use platform::http::{Access, ApiJson, ApiQuery, ApiResult, Routes, Scoped, routes};

/// The routes of this slice.
#[must_use]
pub fn routes(rules: ChannelRules) -> Routes {
    let (read, write) = (Access::Needs(Permission::MetricsRead), Access::Needs(Permission::WorkspaceWrite));
    Routes::new()
        .add(read, routes!(explain_channel), rules.clone())
        .add(read, routes!(current), rules.clone())
        .add(read, routes!(versions), rules.clone())
        .add(write, routes!(save), rules.clone())
        .add(write, routes!(revert), rules.clone())
        .add(write, routes!(apply), rules.clone())
        .add(write, routes!(preview), rules)
}

/// Explain which channel a visit has, and why no earlier rule held; by the rules in use, or by a draft of them.
#[utoipa::path(post, path = "/channels/explain", tag = "channels", request_body = ChannelQuestion,
    responses((status = 200, body = ChannelAnswer), (status = 422, description = "A rule of the draft is wrong")))]
async fn explain_channel(
    State(rules): State<ChannelRules>,
    Scoped(scope): Scoped,
    ApiJson(question): ApiJson<ChannelQuestion>,
) -> ApiResult<Json<ChannelAnswer>> {
    Ok(Json(rules.explain(&scope, question).await?))
}

/// The rules in use: the newest version of the workspace's own, and those of the program.
#[utoipa::path(get, path = "/channels/rules", operation_id = "channel_rules", tag = "channels",
    responses((status = 200, description = "The rules in use", body = RulesInUse)))]
async fn current(State(rules): State<ChannelRules>, Scoped(scope): Scoped) -> ApiResult<Json<RulesInUse>> {
    Ok(Json(rules.current(&scope).await?))
}

/// Versions of the rules, newest first, each with what differs from the one before.
#[utoipa::path(get, path = "/channels/rules/versions", operation_id = "channel_rules_versions", tag = "channels",
    params(PageRequest), responses((status = 200, description = "One page of versions", body = Page<RuleVersion>)))]
async fn versions(
    State(rules): State<ChannelRules>,
    Scoped(scope): Scoped,
    ApiQuery(page): ApiQuery<PageRequest>,
) -> ApiResult<Json<Page<RuleVersion>>> {
    Ok(Json(rules.versions(&scope, &page).await?))
}

/// Saves a version of the rules. New events are told by it at once; the job of the answer brings history to it.
#[utoipa::path(put, path = "/channels/rules", operation_id = "channel_rules_save", tag = "channels",
    request_body = NewRules,
    responses((status = 202, description = "The version, with the job to follow", body = RuleVersion),
        (status = 409, description = "`rules_changed`, `rules_same` or `rules_full`"),
        (status = 422, description = "A rule is wrong; the field names it")))]
async fn save(
    State(rules): State<ChannelRules>,
    Scoped(scope): Scoped,
    ApiJson(new): ApiJson<NewRules>,
) -> ApiResult<(StatusCode, Json<RuleVersion>)> {
    Ok((StatusCode::ACCEPTED, Json(rules.save(&scope, new).await?)))
}

/// Goes back to an older version, by saving it once more as the newest.
#[utoipa::path(post, path = "/channels/rules/revert", operation_id = "channel_rules_revert", tag = "channels",
    request_body = RulesRevert,
    responses((status = 202, description = "The new version, with the job to follow", body = RuleVersion),
        (status = 404, description = "`rule_version_not_found`"), (status = 409, description = "`rules_same`")))]
async fn revert(
    State(rules): State<ChannelRules>,
    Scoped(scope): Scoped,
    ApiJson(wanted): ApiJson<RulesRevert>,
) -> ApiResult<(StatusCode, Json<RuleVersion>)> {
    Ok((StatusCode::ACCEPTED, Json(rules.revert(&scope, wanted.version).await?)))
}

/// Asks once more for the job that brings history to the newest version, after it was stopped or failed.
#[utoipa::path(post, path = "/channels/rules/apply", operation_id = "channel_rules_apply", tag = "channels",
    responses((status = 202, description = "The version, with the job to follow", body = RuleVersion),
        (status = 409, description = "`rules_applied`: history follows it already")))]
async fn apply(State(rules): State<ChannelRules>, Scoped(scope): Scoped) -> ApiResult<(StatusCode, Json<RuleVersion>)> {
    Ok((StatusCode::ACCEPTED, Json(rules.apply(&scope).await?)))
}

/// What a draft of the rules would change among the events of the last 30 days. Nothing is written.
#[utoipa::path(post, path = "/channels/rules/preview", operation_id = "channel_rules_preview", tag = "channels",
    request_body = RuleBook,
    responses((status = 200, description = "How many events would go from where to where", body = RulesPreview),
        (status = 422, description = "A rule is wrong; the field names it")))]
async fn preview(
    State(rules): State<ChannelRules>,
    Scoped(scope): Scoped,
    ApiJson(draft): ApiJson<RuleBook>,
) -> ApiResult<Json<RulesPreview>> {
    Ok(Json(rules.preview(&scope, draft).await?))
}
