//! The first run: the first user, the first workspace and its write key. Possible only while there is no user.

use super::model::{NewKey, User, Workspace};
use super::sessions::{SignInFrom, StartedSession};
use super::workspaces::NewWorkspace;
use super::{Accounts, store};
use crate::auth::{check_password, hash_password, one_time_password};
use crate::naming::{check_email, check_name};
use crate::sql::DbError;
use kernel::ids::UserId;
use kernel::problem::{Class, Problem};
use kernel::scope::Actor;
use serde_json::json;

/// The first user and their workspace.
#[derive(Debug, Clone)]
pub struct NewOwner {
    /// Their name.
    pub name: String,
    /// The address they will sign in with.
    pub email: String,
    /// Their password; without one, they get one for one use.
    pub password: Option<String>,
    /// The first workspace.
    pub workspace: NewWorkspace,
}

/// What the first run made.
#[derive(Debug, Clone)]
pub struct SetUp {
    /// The owner.
    pub user: User,
    /// The workspace.
    pub workspace: Workspace,
    /// Its first write key.
    pub write_key: NewKey,
    /// A session for the owner.
    pub session: StartedSession,
    /// The password for one use, when none was given.
    pub one_time_password: Option<String>,
}

fn already_set_up() -> Problem {
    let message = "Mainspring has been set up already. Sign in, or ask an owner to add you.";
    Problem::new(Class::Conflict, "already_set_up", message)
}

impl Accounts {
    /// Whether nobody can sign in yet.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn needs_setup(&self) -> Result<bool, DbError> {
        Ok(!store::any_user(&self.db()).await?)
    }

    /// Creates the owner, the first workspace and its write key, and signs the owner in.
    ///
    /// # Errors
    /// 409 `already_set_up`, 422 for a field that is wrong.
    pub async fn set_up(&self, owner: NewOwner, from: &SignInFrom) -> Result<SetUp, Problem> {
        let (email, name) = (check_email(&owner.email)?, check_name("name", &owner.name)?);
        let one_time = owner.password.is_none().then(|| one_time_password(&mut self.0.world.rng()));
        let password = match owner.password {
            Some(password) => {
                check_password(&password, &email, &name)?;
                password
            }
            None => one_time.clone().unwrap_or_default(),
        };
        // Asked again in the transaction; here, so that nobody makes a server that is set up hash for them.
        if !self.needs_setup().await? {
            return Err(already_set_up());
        }
        let hash = hash_password(password, self.0.settings.password_cost, self.0.world.rng()).await?;
        let now = self.0.world.now();
        let mut tx = self.db().begin().await?;
        store::lock(&mut tx).await?;
        if store::any_user_now(&mut tx).await? {
            return Err(already_set_up());
        }
        let id = UserId::new(now, &mut self.0.world.rng());
        let user = User { id, email, name, must_change_password: one_time.is_some() };
        store::insert_user(&mut tx, &user, &hash, now).await?;
        let actor = Actor::User(user.id.clone());
        self.record(&mut tx, &actor, "", "user.create", user.id.as_str(), json!({"email": user.email})).await?;
        let made = self.insert_workspace(&mut tx, &actor, &user.id, owner.workspace).await;
        let (workspace, write_key) = made.map_err(|problem| match problem.field.as_deref() {
            // The form calls the workspace's name by its own name.
            Some("name") => problem.at("workspace_name"),
            _ => problem,
        })?;
        let session = self.start_session(&mut tx, &user.id, from).await?;
        tx.commit().await?;
        self.0.databases.workspace(&workspace.reference()).await?;
        Ok(SetUp { user, workspace, write_key, session, one_time_password: one_time })
    }
}
