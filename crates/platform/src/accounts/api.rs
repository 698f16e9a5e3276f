//! Setting up, signing in, the workspace, its members and its keys over HTTP.

use super::{
    Accounts, AddedMember, Key, KeyRequest, Member, NewKey, NewMember, NewOwner, NewWorkspace, SessionView, SignInFrom,
    StartedSession, Workspace, WorkspaceChange,
};
use crate::http::{
    Access, ApiJson, ApiPath, ApiQuery, ApiResult, ClientAddress, Routes, Scoped, SignedIn, session_cookie_header,
};
use axum::Json;
use axum::extract::State;
use axum::http::header::{SET_COOKIE, USER_AGENT};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::IntoResponse;
use kernel::ids::{KeyId, UserId};
use kernel::money::Currency;
use kernel::page::{Page, PageRequest};
use kernel::scope::{Permission, Role};
use serde::{Deserialize, Serialize};
use utoipa_axum::routes;

/// The routes of this slice.
#[must_use]
pub fn routes(accounts: Accounts) -> Routes {
    let all = || accounts.clone();
    Routes::new()
        .add(Access::Public, routes!(setup_state, setup), all())
        .add(Access::Public, routes!(sign_in), all())
        .add(Access::SignedIn, routes!(session, sign_out), all())
        .add(Access::SignedIn, routes!(change_password), all())
        .add(Access::Needs(Permission::WorkspaceRead), routes!(workspace), all())
        .add(Access::Needs(Permission::WorkspaceWrite), routes!(update_workspace), all())
        .add(Access::SignedIn, routes!(workspaces, create_workspace), all())
        .add(Access::Needs(Permission::WorkspaceRead), routes!(members), all())
        .add(Access::Needs(Permission::MembersWrite), routes!(add_member), all())
        .add(Access::Needs(Permission::MembersWrite), routes!(update_member, remove_member), all())
        .add(Access::Needs(Permission::KeysRead), routes!(keys), all())
        .add(Access::Needs(Permission::KeysWrite), routes!(create_key), all())
        .add(Access::Needs(Permission::KeysWrite), routes!(revoke_key), all())
}

/// Whether somebody has to set Mainspring up first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct SetupState {
    /// True while nobody can sign in yet.
    needed: bool,
}

/// The first user and their workspace.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct SetupRequest {
    /// The owner's name.
    name: String,
    /// The address they will sign in with.
    email: String,
    /// Their password: at least 12 characters.
    password: String,
    /// What people will call the workspace.
    workspace_name: String,
    /// The currency its totals are shown in.
    currency: Currency,
    /// The time zone its days begin in, by its IANA name.
    time_zone: String,
}

/// A write key with its secret, shown once.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct WriteKeySecret {
    /// The key's id.
    id: KeyId,
    /// Its secret.
    secret: String,
}

/// A workspace just made, and its first write key.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct MadeWorkspace {
    /// The workspace.
    workspace: Workspace,
    /// Its first write key.
    write_key: WriteKeySecret,
}

impl MadeWorkspace {
    fn new(workspace: Workspace, key: NewKey) -> Self {
        Self { workspace, write_key: WriteKeySecret { id: key.key.id, secret: key.secret } }
    }
}

/// Whether somebody has to set Mainspring up first.
#[utoipa::path(get, path = "/setup", operation_id = "setup_state", tag = "accounts",
    responses((status = 200, description = "Whether it is needed", body = SetupState)))]
async fn setup_state(State(accounts): State<Accounts>) -> ApiResult<Json<SetupState>> {
    Ok(Json(SetupState { needed: accounts.needs_setup().await? }))
}

fn from(address: ClientAddress, headers: &HeaderMap) -> SignInFrom {
    let agent = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or("");
    SignInFrom { address: address.0.to_string(), agent: agent.to_owned() }
}

fn cookie(accounts: &Accounts, session: Option<&StartedSession>) -> [(HeaderName, HeaderValue); 1] {
    let settings = &accounts.0.settings;
    let token = session.map(|session| session.token.as_str());
    [(SET_COOKIE, session_cookie_header(token, settings.age_us_max / kernel::time::SECOND, settings.secure_cookie))]
}

/// Creates the owner, the first workspace and its write key, and signs the owner in. Possible while nobody can sign in.
#[utoipa::path(post, path = "/setup", operation_id = "setup_create", tag = "accounts", request_body = SetupRequest,
    responses((status = 201, description = "Set up; the session is in a cookie", body = MadeWorkspace)))]
async fn setup(
    State(accounts): State<Accounts>,
    address: ClientAddress,
    headers: HeaderMap,
    ApiJson(request): ApiJson<SetupRequest>,
) -> ApiResult<impl IntoResponse> {
    let SetupRequest { name, email, password, workspace_name, currency, time_zone } = request;
    let workspace = NewWorkspace { name: workspace_name, currency, time_zone };
    let owner = NewOwner { name, email, password: Some(password), workspace };
    let made = accounts.set_up(owner, &from(address, &headers)).await?;
    let body = MadeWorkspace::new(made.workspace, made.write_key);
    Ok((StatusCode::CREATED, cookie(&accounts, Some(&made.session)), Json(body)))
}

/// An e-mail address and its password.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct SignInRequest {
    /// The address.
    email: String,
    /// The password.
    password: String,
}

/// Signs in. Too many failures from one address, or for one account, have to wait.
#[utoipa::path(post, path = "/session", operation_id = "session_start", tag = "accounts", request_body = SignInRequest,
    responses((status = 204, description = "Signed in; the session is in a cookie")))]
async fn sign_in(
    State(accounts): State<Accounts>,
    address: ClientAddress,
    headers: HeaderMap,
    ApiJson(request): ApiJson<SignInRequest>,
) -> ApiResult<impl IntoResponse> {
    let session = accounts.sign_in(&request.email, &request.password, &from(address, &headers)).await?;
    Ok((StatusCode::NO_CONTENT, cookie(&accounts, Some(&session))))
}

/// Who is signed in, in which workspaces, and what they may do in this one.
#[utoipa::path(get, path = "/session", operation_id = "session_get", tag = "accounts",
    responses((status = 200, description = "The session", body = SessionView)))]
async fn session(State(accounts): State<Accounts>, signed_in: SignedIn) -> ApiResult<Json<SessionView>> {
    Ok(Json(accounts.session_view(&signed_in.user, signed_in.scope.as_ref()).await?))
}

/// Signs out.
#[utoipa::path(delete, path = "/session", operation_id = "session_end", tag = "accounts",
    responses((status = 204, description = "Signed out")))]
async fn sign_out(State(accounts): State<Accounts>, signed_in: SignedIn) -> ApiResult<impl IntoResponse> {
    accounts.sign_out(&signed_in.session).await?;
    Ok((StatusCode::NO_CONTENT, cookie(&accounts, None)))
}

/// The present password, and the one to come.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordRequest {
    /// The present one.
    current_password: String,
    /// The one to come: at least 12 characters.
    new_password: String,
}

/// Changes one's own password and ends one's other sessions.
#[utoipa::path(put, path = "/session/password", operation_id = "session_password", tag = "accounts",
    request_body = PasswordRequest, responses((status = 204, description = "Changed")))]
async fn change_password(
    State(accounts): State<Accounts>,
    signed_in: SignedIn,
    ApiJson(request): ApiJson<PasswordRequest>,
) -> ApiResult<StatusCode> {
    let PasswordRequest { current_password, new_password } = request;
    accounts.change_password(&signed_in.user, &signed_in.session, &current_password, &new_password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The workspace of this request.
#[utoipa::path(get, path = "/workspace", operation_id = "workspace_get", tag = "accounts",
    responses((status = 200, description = "The workspace", body = Workspace)))]
async fn workspace(State(accounts): State<Accounts>, Scoped(scope): Scoped) -> ApiResult<Json<Workspace>> {
    Ok(Json(accounts.workspace(&scope.workspace).await?))
}

/// Changes the workspace's name, currency or time zone.
#[utoipa::path(patch, path = "/workspace", operation_id = "workspace_update", tag = "accounts",
    request_body = WorkspaceChange, responses((status = 200, description = "The workspace", body = Workspace)))]
async fn update_workspace(
    State(accounts): State<Accounts>,
    Scoped(scope): Scoped,
    ApiJson(change): ApiJson<WorkspaceChange>,
) -> ApiResult<Json<Workspace>> {
    Ok(Json(accounts.update_workspace(&scope, change).await?))
}

/// The workspaces one belongs to.
#[utoipa::path(get, path = "/workspaces", operation_id = "workspaces_list", tag = "accounts",
    responses((status = 200, description = "The workspaces", body = Vec<super::Membership>)))]
async fn workspaces(State(accounts): State<Accounts>, signed_in: SignedIn) -> ApiResult<Json<Vec<super::Membership>>> {
    Ok(Json(accounts.session_view(&signed_in.user, None).await?.workspaces))
}

/// Creates a workspace with its first write key. For those who own one already.
#[utoipa::path(post, path = "/workspaces", operation_id = "workspaces_create", tag = "accounts",
    request_body = NewWorkspace, responses((status = 201, description = "Created", body = MadeWorkspace)))]
async fn create_workspace(
    State(accounts): State<Accounts>,
    signed_in: SignedIn,
    ApiJson(new): ApiJson<NewWorkspace>,
) -> ApiResult<impl IntoResponse> {
    let (workspace, key) = accounts.create_workspace(&signed_in.user, new).await?;
    Ok((StatusCode::CREATED, Json(MadeWorkspace::new(workspace, key))))
}

/// The members of the workspace.
#[utoipa::path(get, path = "/members", operation_id = "members_list", tag = "accounts", params(PageRequest),
    responses((status = 200, description = "One page of members", body = Page<Member>)))]
async fn members(
    State(accounts): State<Accounts>,
    Scoped(scope): Scoped,
    ApiQuery(page): ApiQuery<PageRequest>,
) -> ApiResult<Json<Page<Member>>> {
    Ok(Json(accounts.members(&scope, &page).await?))
}

/// Adds a member; somebody new gets an account and a password for one use.
#[utoipa::path(post, path = "/members", operation_id = "members_add", tag = "accounts", request_body = NewMember,
    responses((status = 201, description = "Added", body = AddedMember)))]
async fn add_member(
    State(accounts): State<Accounts>,
    Scoped(scope): Scoped,
    ApiJson(new): ApiJson<NewMember>,
) -> ApiResult<impl IntoResponse> {
    Ok((StatusCode::CREATED, Json(accounts.add_member(&scope, new).await?)))
}

/// Another role for a member.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
struct MemberChange {
    /// The role.
    role: Role,
}

/// Gives a member another role.
#[utoipa::path(patch, path = "/members/{id}", operation_id = "members_update", tag = "accounts",
    params(("id" = UserId, Path, description = "The member")), request_body = MemberChange,
    responses((status = 200, description = "The member", body = Member)))]
async fn update_member(
    State(accounts): State<Accounts>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<UserId>,
    ApiJson(change): ApiJson<MemberChange>,
) -> ApiResult<Json<Member>> {
    Ok(Json(accounts.set_role(&scope, &id, change.role).await?))
}

/// Removes a member and revokes the API keys they made here.
#[utoipa::path(delete, path = "/members/{id}", operation_id = "members_remove", tag = "accounts",
    params(("id" = UserId, Path, description = "The member")),
    responses((status = 204, description = "Removed")))]
async fn remove_member(
    State(accounts): State<Accounts>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<UserId>,
) -> ApiResult<StatusCode> {
    accounts.remove_member(&scope, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The keys of the workspace, newest first, without their secrets.
#[utoipa::path(get, path = "/keys", operation_id = "keys_list", tag = "accounts", params(PageRequest),
    responses((status = 200, description = "One page of keys", body = Page<Key>)))]
async fn keys(
    State(accounts): State<Accounts>,
    Scoped(scope): Scoped,
    ApiQuery(page): ApiQuery<PageRequest>,
) -> ApiResult<Json<Page<Key>>> {
    Ok(Json(accounts.keys(&scope, &page).await?))
}

/// Makes a key. Its secret is in this answer and cannot be shown again.
#[utoipa::path(post, path = "/keys", operation_id = "keys_create", tag = "accounts", request_body = KeyRequest,
    responses((status = 201, description = "Made", body = NewKey)))]
async fn create_key(
    State(accounts): State<Accounts>,
    Scoped(scope): Scoped,
    ApiJson(request): ApiJson<KeyRequest>,
) -> ApiResult<impl IntoResponse> {
    Ok((StatusCode::CREATED, Json(accounts.create_key(&scope, request).await?)))
}

/// Revokes a key. It stays in the list and cannot be used any more.
#[utoipa::path(delete, path = "/keys/{id}", operation_id = "keys_revoke", tag = "accounts",
    params(("id" = KeyId, Path, description = "The key")),
    responses((status = 200, description = "The key, revoked", body = Key)))]
async fn revoke_key(
    State(accounts): State<Accounts>,
    Scoped(scope): Scoped,
    ApiPath(id): ApiPath<KeyId>,
) -> ApiResult<Json<Key>> {
    Ok(Json(accounts.revoke_key(&scope, &id).await?))
}
