//! All SQL of users, sessions, workspaces, members and keys.

use super::model::{Key, KeyKind, Member, User, Workspace, permission_set, permission_text, role};
use crate::params;
use crate::sql::{Db, DbError, FromRow, Row, Tx};
use kernel::ids::{KeyId, SessionId, UserId, WorkspaceId};
use kernel::money::Currency;
use kernel::page::{Page, PageRequest};
use kernel::scope::{PermissionSet, Role, WorkspaceRef};
use kernel::time::Timestamp;

/// Makes changes of accounts take turns, so that a check and the change it allows are one.
pub(super) async fn lock(tx: &mut Tx) -> Result<(), DbError> {
    tx.execute("update control_audit_head set sequence = sequence where only_row = 1", vec![]).await?;
    Ok(())
}

pub(super) struct UserRow {
    pub(super) user: User,
    pub(super) password_hash: String,
}

impl FromRow for UserRow {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self { user: User::from_row(row)?, password_hash: row.text("password_hash")? })
    }
}

const USER: &str = "id, email, name, password_is_temporary, password_hash";

/// The form of an e-mail address that is unique.
pub(super) fn email_key(email: &str) -> String {
    email.trim().to_lowercase()
}

pub(super) async fn any_user(db: &Db) -> Result<bool, DbError> {
    Ok(db.query_optional::<(i64,)>("select 1 from users limit 1", vec![]).await?.is_some())
}

pub(super) async fn any_user_now(tx: &mut Tx) -> Result<bool, DbError> {
    Ok(tx.query_optional::<(i64,)>("select 1 from users limit 1", vec![]).await?.is_some())
}

pub(super) async fn user_by_email(db: &Db, email: &str) -> Result<Option<UserRow>, DbError> {
    db.query_optional(&format!("select {USER} from users where email_key = $1"), params![email_key(email)]).await
}

pub(super) async fn user_by_email_now(tx: &mut Tx, email: &str) -> Result<Option<UserRow>, DbError> {
    tx.query_optional(&format!("select {USER} from users where email_key = $1"), params![email_key(email)]).await
}

pub(super) async fn user(db: &Db, id: &UserId) -> Result<Option<UserRow>, DbError> {
    db.query_optional(&format!("select {USER} from users where id = $1"), params![id]).await
}

pub(super) async fn insert_user(tx: &mut Tx, user: &User, hash: &str, now: Timestamp) -> Result<(), DbError> {
    let sql = "insert into users (id, email, email_key, name, password_hash, password_is_temporary, created_us) \
               values ($1, $2, $3, $4, $5, $6, $7)";
    let email = user.email.trim();
    let values = params![&user.id, email, email_key(email), &user.name, hash, user.must_change_password, now];
    tx.execute(sql, values).await?;
    Ok(())
}

pub(super) async fn set_password(tx: &mut Tx, user: &UserId, hash: &str, temporary: bool) -> Result<(), DbError> {
    let sql = "update users set password_hash = $2, password_is_temporary = $3 where id = $1";
    tx.execute(sql, params![user, hash, temporary]).await?;
    Ok(())
}

pub(super) struct NewSession<'a> {
    pub(super) id: &'a SessionId,
    pub(super) token_hash: Vec<u8>,
    pub(super) user: &'a UserId,
    pub(super) address: &'a str,
    pub(super) agent: &'a str,
    pub(super) now: Timestamp,
    pub(super) expires: Timestamp,
}

pub(super) async fn insert_session(tx: &mut Tx, session: NewSession<'_>) -> Result<(), DbError> {
    let sql = "insert into sessions (id, token_hash, user_id, address, agent, created_us, seen_us, expires_us) \
               values ($1, $2, $3, $4, $5, $6, $6, $7)";
    let agent: String = session.agent.chars().take(300).collect();
    let (now, expires) = (session.now, session.expires);
    tx.execute(sql, params![session.id, session.token_hash, session.user, session.address, agent, now, expires])
        .await?;
    tx.execute("update users set signed_in_us = $2 where id = $1", params![session.user, now]).await?;
    tx.execute("delete from sessions where expires_us <= $1", params![now]).await?;
    Ok(())
}

pub(super) struct SessionRow {
    pub(super) id: SessionId,
    pub(super) user: User,
    pub(super) created: Timestamp,
    pub(super) seen: Timestamp,
}

impl FromRow for SessionRow {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.id("session_id")?,
            user: User::from_row(row)?,
            created: row.time("session_created_us")?,
            seen: row.time("seen_us")?,
        })
    }
}

pub(super) async fn session(db: &Db, token_hash: Vec<u8>, now: Timestamp) -> Result<Option<SessionRow>, DbError> {
    let sql = "select s.id as session_id, s.created_us as session_created_us, s.seen_us, u.id, u.email, u.name, \
               u.password_is_temporary from sessions s join users u on u.id = s.user_id \
               where s.token_hash = $1 and s.expires_us > $2";
    db.query_optional(sql, params![token_hash, now]).await
}

pub(super) async fn renew_session(db: &Db, id: &SessionId, now: Timestamp, expires: Timestamp) -> Result<(), DbError> {
    db.execute("update sessions set seen_us = $2, expires_us = $3 where id = $1", params![id, now, expires]).await?;
    Ok(())
}

pub(super) async fn delete_session(db: &Db, id: &SessionId) -> Result<(), DbError> {
    db.execute("delete from sessions where id = $1", params![id]).await?;
    Ok(())
}

/// Ends the sessions of a user, except one if given.
pub(super) async fn delete_sessions(tx: &mut Tx, user: &UserId, except: Option<&SessionId>) -> Result<(), DbError> {
    let except = except.map_or("", SessionId::as_str);
    tx.execute("delete from sessions where user_id = $1 and id <> $2", params![user, except]).await?;
    Ok(())
}

const WORKSPACE: &str = "w.id, w.slug, w.name, w.currency, w.time_zone, w.created_us";

pub(super) async fn workspace_refs(db: &Db) -> Result<Vec<WorkspaceRef>, DbError> {
    let rows: Vec<(WorkspaceId, String)> = db.query("select id, slug from workspaces order by id", vec![]).await?;
    Ok(rows.into_iter().map(|(id, slug)| WorkspaceRef { id, slug }).collect())
}

pub(super) async fn workspace_by_slug(db: &Db, slug: &str) -> Result<Option<Workspace>, DbError> {
    db.query_optional(&format!("select {WORKSPACE} from workspaces w where w.slug = $1"), params![slug]).await
}

pub(super) async fn workspace(db: &Db, id: &WorkspaceId) -> Result<Option<Workspace>, DbError> {
    db.query_optional(&format!("select {WORKSPACE} from workspaces w where w.id = $1"), params![id]).await
}

pub(super) async fn workspace_now(tx: &mut Tx, id: &WorkspaceId) -> Result<Option<Workspace>, DbError> {
    tx.query_optional(&format!("select {WORKSPACE} from workspaces w where w.id = $1"), params![id]).await
}

pub(super) async fn slugs_like(tx: &mut Tx, slug: &str) -> Result<Vec<String>, DbError> {
    let rows: Vec<(String,)> =
        tx.query("select slug from workspaces where slug like $1", params![format!("{slug}%")]).await?;
    Ok(rows.into_iter().map(|(slug,)| slug).collect())
}

pub(super) async fn insert_workspace(tx: &mut Tx, workspace: &Workspace) -> Result<(), DbError> {
    let sql =
        "insert into workspaces (id, slug, name, currency, time_zone, created_us) values ($1, $2, $3, $4, $5, $6)";
    let Workspace { id, slug, name, currency, time_zone, created_at } = workspace;
    tx.execute(sql, params![id, slug, name, *currency, time_zone, *created_at]).await?;
    Ok(())
}

pub(super) async fn update_workspace(
    tx: &mut Tx,
    id: &WorkspaceId,
    name: &str,
    currency: Currency,
    time_zone: &str,
) -> Result<(), DbError> {
    let sql = "update workspaces set name = $2, currency = $3, time_zone = $4 where id = $1";
    tx.execute(sql, params![id, name, currency, time_zone]).await?;
    Ok(())
}

/// A workspace and the role somebody has in it.
pub(super) struct Membership {
    pub(super) workspace: Workspace,
    pub(super) role: Role,
}

impl FromRow for Membership {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self { workspace: Workspace::from_row(row)?, role: role(row)? })
    }
}

/// The workspaces of a user, the first joined first.
pub(super) async fn memberships(db: &Db, user: &UserId) -> Result<Vec<Membership>, DbError> {
    let sql = format!(
        "select {WORKSPACE}, m.role from members m join workspaces w on w.id = m.workspace_id \
         where m.user_id = $1 order by m.created_us, w.id"
    );
    db.query(&sql, params![user]).await
}

pub(super) async fn role_now(tx: &mut Tx, workspace: &WorkspaceId, user: &UserId) -> Result<Option<Role>, DbError> {
    let sql = "select role from members where workspace_id = $1 and user_id = $2";
    let found: Option<(String,)> = tx.query_optional(sql, params![workspace, user]).await?;
    Ok(found.and_then(|(role,)| Role::parse(&role)))
}

pub(super) async fn owners(tx: &mut Tx, workspace: &WorkspaceId) -> Result<i64, DbError> {
    let sql = "select count(*) from members where workspace_id = $1 and role = 'owner'";
    Ok(tx.query_one::<(i64,)>(sql, params![workspace]).await?.0)
}

const MEMBER: &str = "u.id, u.email, u.name, m.role, m.created_us, u.signed_in_us";

pub(super) async fn members(db: &Db, workspace: &WorkspaceId, page: &PageRequest) -> Result<Page<Member>, DbError> {
    let rows = page.rows();
    let sql = format!(
        "select {MEMBER} from members m join users u on u.id = m.user_id \
         where m.workspace_id = $1 and u.id > $2 order by u.id limit $3"
    );
    let after = page.cursor.as_deref().unwrap_or("");
    let mut items: Vec<Member> = db.query(&sql, params![workspace, after, rows + 1]).await?;
    let more = items.len() > rows as usize;
    items.truncate(rows as usize);
    let next_cursor = items.last().filter(|_| more).map(|member| member.id.to_string());
    Ok(Page { items, next_cursor, total: None })
}

pub(super) async fn member_now(tx: &mut Tx, workspace: &WorkspaceId, user: &UserId) -> Result<Option<Member>, DbError> {
    let sql = format!(
        "select {MEMBER} from members m join users u on u.id = m.user_id where m.workspace_id = $1 and u.id = $2"
    );
    tx.query_optional(&sql, params![workspace, user]).await
}

pub(super) async fn insert_member(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    user: &UserId,
    role: Role,
    now: Timestamp,
) -> Result<bool, DbError> {
    let sql = "insert into members (workspace_id, user_id, role, created_us) values ($1, $2, $3, $4) \
               on conflict (workspace_id, user_id) do nothing";
    Ok(tx.execute(sql, params![workspace, user, role.as_str(), now]).await? == 1)
}

pub(super) async fn set_role(tx: &mut Tx, workspace: &WorkspaceId, user: &UserId, role: Role) -> Result<(), DbError> {
    let sql = "update members set role = $3 where workspace_id = $1 and user_id = $2";
    tx.execute(sql, params![workspace, user, role.as_str()]).await?;
    Ok(())
}

pub(super) async fn delete_member(tx: &mut Tx, workspace: &WorkspaceId, user: &UserId) -> Result<(), DbError> {
    tx.execute("delete from members where workspace_id = $1 and user_id = $2", params![workspace, user]).await?;
    Ok(())
}

pub(super) struct NewKeyRow<'a> {
    pub(super) id: &'a KeyId,
    pub(super) workspace: &'a WorkspaceId,
    pub(super) kind: KeyKind,
    pub(super) name: &'a str,
    pub(super) prefix: &'a str,
    pub(super) secret_hash: Vec<u8>,
    pub(super) permissions: PermissionSet,
    pub(super) created_by: &'a str,
    pub(super) creator: Option<&'a UserId>,
    pub(super) now: Timestamp,
    pub(super) expires: Option<Timestamp>,
}

pub(super) async fn insert_key(tx: &mut Tx, key: NewKeyRow<'_>) -> Result<(), DbError> {
    let sql = "insert into api_keys (id, workspace_id, kind, name, prefix, secret_hash, permissions, created_by, \
               creator_user_id, created_us, expires_us) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let values = params![
        key.id,
        key.workspace,
        key.kind.as_str(),
        key.name,
        key.prefix,
        key.secret_hash,
        permission_text(key.permissions),
        key.created_by,
        key.creator.cloned(),
        key.now,
        key.expires
    ];
    tx.execute(sql, values).await?;
    Ok(())
}

const KEY: &str = "id, kind, name, prefix, permissions, created_by, created_us, expires_us, last_used_us, revoked_us";

pub(super) async fn keys(db: &Db, workspace: &WorkspaceId, page: &PageRequest) -> Result<Page<Key>, DbError> {
    let rows = page.rows();
    let sql = format!("select {KEY} from api_keys where workspace_id = $1 and id < $2 order by id desc limit $3");
    let before = page.cursor.as_deref().unwrap_or("l");
    let mut items: Vec<Key> = db.query(&sql, params![workspace, before, rows + 1]).await?;
    let more = items.len() > rows as usize;
    items.truncate(rows as usize);
    let next_cursor = items.last().filter(|_| more).map(|key| key.id.to_string());
    Ok(Page { items, next_cursor, total: None })
}

pub(super) async fn key_now(tx: &mut Tx, workspace: &WorkspaceId, id: &KeyId) -> Result<Option<Key>, DbError> {
    let sql = format!("select {KEY} from api_keys where workspace_id = $1 and id = $2");
    tx.query_optional(&sql, params![workspace, id]).await
}

pub(super) async fn revoke_key(tx: &mut Tx, id: &KeyId, now: Timestamp) -> Result<(), DbError> {
    tx.execute("update api_keys set revoked_us = $2 where id = $1 and revoked_us is null", params![id, now]).await?;
    Ok(())
}

/// Revokes the API keys a user made in a workspace; returns their ids.
pub(super) async fn revoke_keys_of(
    tx: &mut Tx,
    workspace: &WorkspaceId,
    user: &UserId,
    now: Timestamp,
) -> Result<Vec<KeyId>, DbError> {
    let sql = "update api_keys set revoked_us = $3 where workspace_id = $1 and creator_user_id = $2 and kind = 'api' \
               and revoked_us is null returning id";
    let rows: Vec<(KeyId,)> = tx.query(sql, params![workspace, user, now]).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// What a key opens.
pub(super) struct KeyUse {
    pub(super) id: KeyId,
    pub(super) workspace: WorkspaceRef,
    pub(super) permissions: PermissionSet,
    pub(super) creator: Option<UserId>,
    pub(super) creator_role: Option<Role>,
    pub(super) expires: Option<Timestamp>,
    pub(super) last_used: Option<Timestamp>,
}

impl FromRow for KeyUse {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.id("id")?,
            workspace: WorkspaceRef { id: row.id("workspace_id")?, slug: row.text("slug")? },
            permissions: permission_set(&row.text("permissions")?),
            creator: row.opt_id("creator_user_id")?,
            creator_role: row.opt_text("role")?.as_deref().and_then(Role::parse),
            expires: row.opt_time("expires_us")?,
            last_used: row.opt_time("last_used_us")?,
        })
    }
}

pub(super) async fn key_by_secret(
    db: &Db,
    kind: KeyKind,
    secret_hash: Vec<u8>,
    now: Timestamp,
) -> Result<Option<KeyUse>, DbError> {
    let sql = "select k.id, k.workspace_id, w.slug, k.permissions, k.creator_user_id, m.role, k.expires_us, \
               k.last_used_us from api_keys k join workspaces w on w.id = k.workspace_id \
               left join members m on m.workspace_id = k.workspace_id and m.user_id = k.creator_user_id \
               where k.secret_hash = $1 and k.kind = $2 and k.revoked_us is null \
               and (k.expires_us is null or k.expires_us > $3)";
    db.query_optional(sql, params![secret_hash, kind.as_str(), now]).await
}

pub(super) async fn creator_of(tx: &mut Tx, key: &KeyId) -> Result<Option<UserId>, DbError> {
    let sql = "select creator_user_id from api_keys where id = $1";
    let found: Option<(Option<UserId>,)> = tx.query_optional(sql, params![key]).await?;
    Ok(found.and_then(|(creator,)| creator))
}

pub(super) async fn touch_key(db: &Db, id: &KeyId, now: Timestamp) -> Result<(), DbError> {
    db.execute("update api_keys set last_used_us = $2 where id = $1", params![id, now]).await?;
    Ok(())
}
