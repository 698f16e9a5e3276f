//! A whole platform for one test: an owner, a workspace, a simulated world.

use crate::START;
use crate::postgres::{self, DropSchemas};
use kernel::scope::{Actor, PermissionSet, Role, Scope};
use kernel::time::SimClock;
use platform::accounts::{AccountSettings, NewOwner, NewWorkspace, PasswordCost, SetUp, SignInFrom};
use platform::config::Config;
use platform::sql::{DatabaseSettings, Databases, Db};
use platform::{Platform, World};
use std::sync::Arc;

/// The two kinds of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// Files in a temporary folder.
    Sqlite,
    /// Schemas of the test server.
    Postgres,
}

/// SQLite, and Postgres when there is a test server.
#[must_use]
pub fn backends() -> Vec<Backend> {
    let mut all = vec![Backend::Sqlite];
    if postgres::url().is_some() {
        all.push(Backend::Postgres);
    }
    all
}

/// A platform for one test. Its world is simulated; it has one workspace `acme` (EUR, Europe/Berlin), whose owner is
/// `ada@example.com` with the password [`TestPlatform::PASSWORD`].
#[derive(Debug)]
pub struct TestPlatform {
    /// The platform.
    pub platform: Platform,
    /// The owner in the workspace.
    pub scope: Scope,
    /// The database of the workspace.
    pub db: Db,
    /// The clock, to move it.
    pub clock: Arc<SimClock>,
    /// What the first run made: owner, write key, session.
    pub set_up: SetUp,
    _schemas: Option<DropSchemas>,
    _folder: tempfile::TempDir,
}

impl TestPlatform {
    /// The owner's password.
    pub const PASSWORD: &'static str = "three random words";

    /// The owner's scope with the permissions of another role.
    #[must_use]
    pub fn scope_as(&self, role: Role) -> Scope {
        self.scope_with(role.permissions())
    }

    /// The owner's scope with other permissions.
    #[must_use]
    pub fn scope_with(&self, permissions: PermissionSet) -> Scope {
        Scope { permissions, ..self.scope.clone() }
    }

    /// Moves the clock.
    pub fn advance(&self, micros: i64) {
        self.clock.advance(micros);
    }
}

/// A platform on each backend.
///
/// # Panics
/// When one cannot be made.
pub async fn platforms() -> Vec<TestPlatform> {
    let mut all = Vec::new();
    for backend in backends() {
        all.push(platform(backend).await);
    }
    all
}

/// A platform on one backend.
///
/// # Panics
/// When it cannot be made, for example because there is no test server.
pub async fn platform(backend: Backend) -> TestPlatform {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let world = World::simulated(START, 7);
    let clock = world.sim_clock().expect("a simulated clock");
    let mut config = Config::default();
    config.data.folder = folder.path().to_owned();
    config.server.requests_per_minute = 1_000_000;
    let mut settings = DatabaseSettings {
        folder: folder.path().to_owned(),
        url: String::new(),
        schema_prefix: String::new(),
        connections_max: 4,
        durable: false,
    };
    let mut schemas = None;
    if backend == Backend::Postgres {
        settings.url = postgres::url().expect("MAINSPRING_TEST_PG_URL is set");
        settings.schema_prefix = postgres::unique("test") + "_";
        config.database.url.clone_from(&settings.url);
        let names = ["control", "ws_acme"].map(|name| format!("{}{name}", settings.schema_prefix));
        schemas = Some(DropSchemas { url: settings.url.clone(), schemas: names.to_vec() });
    }
    let databases = Databases::open(settings, world.clone()).await.expect("databases");
    let accounts = AccountSettings { password_cost: PasswordCost::Test, ..AccountSettings::default() };
    let platform = Platform::with(config, world, databases, accounts);
    let workspace = NewWorkspace {
        name: "Acme".to_owned(),
        currency: "EUR".parse().expect("a currency"),
        time_zone: "Europe/Berlin".to_owned(),
    };
    let owner = NewOwner {
        name: "Ada".to_owned(),
        email: "ada@example.com".to_owned(),
        password: Some(TestPlatform::PASSWORD.to_owned()),
        workspace,
    };
    let set_up = platform.accounts.set_up(owner, &SignInFrom::default()).await.expect("a first run");
    let scope = Scope {
        workspace: set_up.workspace.reference(),
        actor: Actor::User(set_up.user.id.clone()),
        permissions: Role::Owner.permissions(),
    };
    let db = platform.db(&scope).await.expect("the workspace's database");
    TestPlatform { platform, scope, db, clock, set_up, _schemas: schemas, _folder: folder }
}
