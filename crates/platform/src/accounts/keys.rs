//! API keys and write keys: made, shown once, used, revoked.

use super::model::{Key, KeyKind, NewKey};
use super::store::{KeyUse, NewKeyRow};
use super::{Accounts, store};
use crate::auth::{random_text, token_hash};
use crate::http::Caller;
use crate::naming::check_name;
use crate::sql::{DbError, Tx};
use kernel::ids::{KeyId, UserId};
use kernel::page::{Page, PageRequest};
use kernel::problem::{Class, Problem};
use kernel::scope::{Actor, Permission, PermissionSet, Scope, WorkspaceRef};
use kernel::time::{MINUTE, Timestamp};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::json;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Random letters of a secret: 160 bits.
const SECRET_LETTERS: usize = 32;
/// How long a process believes what it knows of a write key; a revocation elsewhere takes effect within it.
const WRITE_KEY_KEPT: Duration = Duration::from_secs(10);
/// Write keys (known and unknown) a process remembers.
const WRITE_KEYS_MAX: usize = 10_000;

/// A key that is to be made.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRequest {
    /// What it is for.
    pub kind: KeyKind,
    /// What people will call it.
    #[schema(example = "Nightly export")]
    pub name: String,
    /// What an API key may do: at least one, and nothing its maker may not. A write key sends events and nothing else.
    #[serde(default)]
    pub permissions: Vec<Permission>,
    /// When it ends by itself; absent means never.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

/// What this process knows of write keys, by the hash of their secret.
#[derive(Default)]
pub(super) struct WriteKeyCache(Mutex<HashMap<Vec<u8>, Known>>);

struct Known {
    opens: Option<(WorkspaceRef, KeyId)>,
    expires: Option<Timestamp>,
    at: Instant,
}

impl Accounts {
    /// The keys of a workspace, newest first, without their secrets.
    ///
    /// # Errors
    /// A database failure.
    pub async fn keys(&self, scope: &Scope, page: &PageRequest) -> Result<Page<Key>, Problem> {
        Ok(store::keys(&self.db(), &scope.workspace.id, page).await?)
    }

    /// Makes a key. Its secret is in the answer, and nowhere else.
    ///
    /// # Errors
    /// 422 for a name, a permission or an end that is wrong.
    pub async fn create_key(&self, scope: &Scope, request: KeyRequest) -> Result<NewKey, Problem> {
        if request.kind == KeyKind::Api {
            if request.permissions.is_empty() {
                let message = "Choose at least one permission: a key without any can do nothing.";
                return Err(Problem::invalid("permissions", message));
            }
            for (place, permission) in request.permissions.iter().enumerate() {
                if *permission == Permission::EventsIngest || !scope.permissions.has(*permission) {
                    let name = permission.as_str();
                    let message = format!("You cannot give `{name}` to a key: you do not have it yourself.");
                    return Err(Problem::invalid(format!("permissions[{place}]"), message));
                }
            }
        } else if !request.permissions.is_empty() {
            let message = "A write key sends events and can do nothing else, so it takes no permissions.";
            return Err(Problem::invalid("permissions", message));
        }
        let mut tx = self.db().begin().await?;
        let key = self.insert_key(&mut tx, &scope.workspace, &scope.actor, request).await?;
        tx.commit().await?;
        self.0.write_keys.0.lock().clear();
        Ok(key)
    }

    pub(super) async fn insert_key(
        &self,
        tx: &mut Tx,
        workspace: &WorkspaceRef,
        actor: &Actor,
        request: KeyRequest,
    ) -> Result<NewKey, Problem> {
        let (now, mut rng) = (self.0.world.now(), self.0.world.rng());
        let name = check_name("name", &request.name)?;
        if request.expires_at.is_some_and(|end| end <= now) {
            return Err(Problem::invalid("expires_at", "This moment has passed."));
        }
        let (start, permissions) = match request.kind {
            KeyKind::Api => ("mk_", request.permissions.iter().copied().collect::<PermissionSet>()),
            KeyKind::Write => ("wk_", [Permission::EventsIngest].into_iter().collect()),
        };
        let secret = format!("{start}{}", random_text(SECRET_LETTERS, &mut rng));
        let (id, created_by) = (KeyId::new(now, &mut rng), actor.label());
        let creator = match actor {
            Actor::User(user) => Some(user.clone()),
            Actor::Key(key) => store::creator_of(tx, key).await?,
            Actor::System(_) => None,
        };
        let prefix: String = secret.chars().take(start.len() + 4).collect();
        let row = NewKeyRow {
            id: &id,
            workspace: &workspace.id,
            kind: request.kind,
            name: &name,
            prefix: &prefix,
            secret_hash: token_hash(&secret),
            permissions,
            created_by: &created_by,
            creator: creator.as_ref(),
            now,
            expires: request.expires_at,
        };
        store::insert_key(tx, row).await?;
        let details = json!({"kind": request.kind.as_str(), "name": name, "prefix": prefix,
            "permissions": permissions.iter().map(Permission::as_str).collect::<Vec<_>>()});
        self.record(tx, actor, workspace.id.as_str(), "key.create", id.as_str(), details).await?;
        let key = Key {
            id,
            kind: request.kind,
            name,
            prefix,
            permissions: permissions.iter().collect(),
            created_by,
            created_at: now,
            expires_at: request.expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        Ok(NewKey { key, secret })
    }

    /// Revokes a key; it stays in the list, and nobody can use it any more. Doing it twice is doing it once.
    ///
    /// # Errors
    /// 404 `key_not_found`.
    pub async fn revoke_key(&self, scope: &Scope, id: &KeyId) -> Result<Key, Problem> {
        let workspace = &scope.workspace.id;
        let mut tx = self.db().begin().await?;
        let mut key = store::key_now(&mut tx, workspace, id).await?.ok_or_else(|| Problem::not_found("key", id))?;
        if key.revoked_at.is_none() {
            let now = self.0.world.now();
            store::revoke_key(&mut tx, id, now).await?;
            let details = json!({"name": key.name, "prefix": key.prefix});
            self.record(&mut tx, &scope.actor, workspace.as_str(), "key.revoke", id.as_str(), details).await?;
            key.revoked_at = Some(now);
        }
        tx.commit().await?;
        self.0.write_keys.0.lock().clear();
        Ok(key)
    }

    /// The workspace a write key sends events to. Fast: it is remembered for some seconds, unknown keys too.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn authenticate_write_key(&self, secret: &str) -> Result<Option<(WorkspaceRef, KeyId)>, DbError> {
        let (now, hash) = (self.0.world.now(), token_hash(secret));
        if let Some(known) = self.0.write_keys.0.lock().get(&hash)
            && known.at.elapsed() < WRITE_KEY_KEPT
        {
            let live = known.expires.is_none_or(|end| end > now);
            return Ok(known.opens.clone().filter(|_| live));
        }
        let found = store::key_by_secret(&self.db(), KeyKind::Write, hash.clone(), now).await?;
        if let Some(key) = &found {
            self.touch(key, now).await?;
        }
        let expires = found.as_ref().and_then(|key| key.expires);
        let opens = found.map(|key| (key.workspace, key.id));
        let mut kept = self.0.write_keys.0.lock();
        if kept.len() >= WRITE_KEYS_MAX {
            kept.clear();
        }
        kept.insert(hash, Known { opens: opens.clone(), expires, at: Instant::now() });
        Ok(opens)
    }

    /// Notes when a key was used, to the minute.
    async fn touch(&self, key: &KeyUse, now: Timestamp) -> Result<(), DbError> {
        if key.last_used.is_none_or(|last| now.since(last) >= MINUTE) {
            store::touch_key(&self.db(), &key.id, now).await?;
        }
        Ok(())
    }

    /// Who an API key is. Its permissions are held down to what its maker may do now.
    pub(super) async fn key_caller(&self, secret: &str, workspace: Option<&str>) -> Result<Caller, Problem> {
        let unknown = || {
            let message = "This API key is not known, has ended or was revoked.";
            Problem::new(Class::Unauthenticated, "key_unknown", message)
        };
        let now = self.0.world.now();
        let found = store::key_by_secret(&self.db(), KeyKind::Api, token_hash(secret), now).await?;
        let key = found.ok_or_else(unknown)?;
        if workspace.is_some_and(|slug| slug != key.workspace.slug) {
            let message = format!("This API key belongs to the workspace `{}`.", key.workspace.slug);
            return Err(Problem::new(Class::Forbidden, "key_of_another_workspace", message));
        }
        self.touch(&key, now).await?;
        let permissions = match (&key.creator, key.creator_role) {
            (None, _) => key.permissions,
            (Some(_), Some(role)) => key.permissions.both(role.permissions()),
            (Some(_), None) => return Err(unknown()),
        };
        let scope = Scope { workspace: key.workspace, actor: Actor::Key(key.id), permissions };
        Ok(Caller { scope: Some(scope), user: None, must_change_password: false })
    }

    /// Revokes the API keys of somebody who leaves a workspace.
    pub(super) async fn revoke_keys_of(&self, tx: &mut Tx, scope: &Scope, user: &UserId) -> Result<usize, DbError> {
        let ids = store::revoke_keys_of(tx, &scope.workspace.id, user, self.0.world.now()).await?;
        for id in &ids {
            let details = json!({"because": "its maker left the workspace"});
            self.record(tx, &scope.actor, scope.workspace.id.as_str(), "key.revoke", id.as_str(), details).await?;
        }
        Ok(ids.len())
    }
}
