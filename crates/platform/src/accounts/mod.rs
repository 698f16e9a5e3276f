//! Users, sessions, workspaces, members and keys: who may do what, and where.
//!
//! Accounts live in the control database; every change of them stands in its audit chain, in the same transaction.
//!
//! **Invariant:** a secret (password, session token, key) is stored as a hash only and shown at most once.
//! **Invariant:** a workspace always has an owner.
//! **Invariant:** an API key never may more than whoever made it may at that moment.

mod api;
mod keys;
mod members;
mod model;
mod sessions;
mod setup;
mod store;

mod workspaces;

pub use crate::auth::PasswordCost;
pub use api::routes;
pub use keys::KeyRequest;
pub use members::{AddedMember, NewMember};
pub use model::{Key, KeyKind, Member, NewKey, User, Workspace, WorkspaceSettings};
pub use sessions::{Membership, SessionView, SignInFrom, StartedSession};
pub use setup::{NewOwner, SetUp};
pub use workspaces::{NewWorkspace, WorkspaceChange};

use crate::audit::{Chain, NewEntry};
use crate::auth::Failures;
use crate::sql::{Databases, Db, DbError, Tx};
use crate::world::World;
use kernel::scope::Actor;
use kernel::time::DAY;
use std::sync::Arc;

/// How accounts are kept.
#[derive(Debug, Clone)]
pub struct AccountSettings {
    /// Microseconds without use after which a session ends.
    pub idle_us_max: i64,
    /// Microseconds after which a session ends in any case.
    pub age_us_max: i64,
    /// Failed sign-ins of one e-mail address from one network address in a quarter of an hour.
    pub failures_max: u32,
    /// Whether the session cookie is sent over https only.
    pub secure_cookie: bool,
    /// How slow the hash of a password is.
    pub password_cost: PasswordCost,
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self {
            idle_us_max: 14 * DAY,
            age_us_max: 90 * DAY,
            failures_max: 10,
            secure_cookie: false,
            password_cost: PasswordCost::Real,
        }
    }
}

/// All accounts. Cheap to clone.
#[derive(Clone)]
pub struct Accounts(Arc<Inner>);

struct Inner {
    databases: Databases,
    world: World,
    settings: AccountSettings,
    failures: Failures,
    write_keys: keys::WriteKeyCache,
    nobody: tokio::sync::OnceCell<String>,
}

impl std::fmt::Debug for Accounts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Accounts").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

impl Accounts {
    /// The accounts of these databases.
    #[must_use]
    pub fn new(databases: Databases, world: World, settings: AccountSettings) -> Self {
        let failures = Failures::new(settings.failures_max);
        let (write_keys, nobody) = (keys::WriteKeyCache::default(), tokio::sync::OnceCell::new());
        Self(Arc::new(Inner { databases, world, settings, failures, write_keys, nobody }))
    }

    fn db(&self) -> Db {
        self.0.databases.control()
    }

    /// Records a change of accounts, in the transaction that makes it.
    async fn record(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        workspace_id: &str,
        action: &str,
        target: &str,
        details: serde_json::Value,
    ) -> Result<(), DbError> {
        let entry = NewEntry { at: self.0.world.now(), workspace_id, actor, action, target, details: &details };
        Chain::Control.append(tx, entry).await
    }
}
