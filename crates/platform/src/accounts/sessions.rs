//! Signing in and out, and who a request comes from.

use super::model::{User, Workspace};
use super::store::{NewSession, SessionRow, UserRow, email_key};
use super::{Accounts, store};
use crate::auth::{check_password, fits, hash_password, one_time_password, random_text, token_hash};
use crate::http::{Authenticator, Caller, Credentials};
use crate::naming::EMAIL_BYTES_MAX;
use crate::sql::Tx;
use async_trait::async_trait;
use kernel::ids::{SessionId, UserId};
use kernel::limits::PASSWORD_CHARS_MAX;
use kernel::problem::{Class, Problem};
use kernel::scope::{Actor, Permission, Role, Scope};
use kernel::time::{MINUTE, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Random letters of a session token: 260 bits.
const TOKEN_LETTERS: usize = 52;
/// A session's last use is noted to this precision, so that reading costs no write.
const SEEN_EVERY: i64 = 5 * MINUTE;

/// Where somebody signs in from.
#[derive(Debug, Clone, Default)]
pub struct SignInFrom {
    /// The network address.
    pub address: String,
    /// The browser's own name.
    pub agent: String,
}

/// A session just started: its token goes into a cookie and is stored as a hash only.
#[derive(Debug, Clone)]
pub struct StartedSession {
    /// The session.
    pub id: SessionId,
    /// Its token.
    pub token: String,
}

/// A workspace and the role somebody has in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Membership {
    /// The workspace's short name.
    pub slug: String,
    /// What people call it.
    pub name: String,
    /// The role.
    pub role: Role,
}

/// Who is signed in, where, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SessionView {
    /// The user.
    pub user: User,
    /// The workspaces they belong to, the first joined first.
    pub workspaces: Vec<Membership>,
    /// The workspace of this request; absent for who belongs to none.
    pub workspace: Option<Workspace>,
    /// Their role in it.
    pub role: Option<Role>,
    /// What they may do in it.
    pub permissions: Vec<Permission>,
}

fn ended() -> Problem {
    let message = "You are not signed in, or your session has ended. Sign in again.";
    Problem::new(Class::Unauthenticated, "not_signed_in", message)
}

impl Accounts {
    /// Signs somebody in. The answer, and the time it takes, is the same for an unknown address and a wrong password.
    ///
    /// # Errors
    /// 401 `sign_in_refused`, 429 `too_many_sign_ins`.
    pub async fn sign_in(&self, email: &str, password: &str, from: &SignInFrom) -> Result<StartedSession, Problem> {
        let refused = || {
            let message = "The e-mail address or the password is wrong.";
            Problem::new(Class::Unauthenticated, "sign_in_refused", message)
        };
        // No account has such an address: there is nothing to find, and nothing to keep.
        if email.len() > EMAIL_BYTES_MAX {
            return Err(refused());
        }
        let (now, key) = (self.0.world.now(), email_key(email));
        self.0.failures.attempt(&key, &from.address, now)?;
        let right = self.password_of(email, password).await;
        let Some(row) = right.inspect_err(|_| self.0.failures.undecided(&key, &from.address))? else {
            return Err(refused());
        };
        self.0.failures.succeeded(&key, &from.address);
        let mut tx = self.db().begin().await?;
        let session = self.start_session(&mut tx, &row.user.id, from).await?;
        let actor = Actor::User(row.user.id.clone());
        let details = json!({"address": from.address});
        self.record(&mut tx, &actor, "", "session.start", session.id.as_str(), details).await?;
        tx.commit().await?;
        Ok(session)
    }

    /// The user of this address, if the password is theirs.
    async fn password_of(&self, email: &str, password: &str) -> Result<Option<UserRow>, Problem> {
        let found = store::user_by_email(&self.db(), email).await?;
        let hash = match &found {
            Some(row) => row.password_hash.clone(),
            None => self.nobody().await?,
        };
        // What is longer than any password is not worth hashing, but takes as long.
        let tried: String = password.chars().take(PASSWORD_CHARS_MAX + 1).collect();
        let right = fits(tried, hash).await?;
        Ok(found.filter(|_| right))
    }

    /// The hash of a password nobody has, so that an unknown address costs the same time.
    async fn nobody(&self) -> Result<String, Problem> {
        let made = self.0.nobody.get_or_try_init(|| async {
            let mut rng = self.0.world.rng();
            hash_password(random_text(20, &mut rng), self.0.settings.password_cost, rng).await
        });
        made.await.cloned()
    }

    pub(super) async fn start_session(
        &self,
        tx: &mut Tx,
        user: &UserId,
        from: &SignInFrom,
    ) -> Result<StartedSession, Problem> {
        let (now, mut rng) = (self.0.world.now(), self.0.world.rng());
        let (id, token) = (SessionId::new(now, &mut rng), random_text(TOKEN_LETTERS, &mut rng));
        let session = NewSession {
            id: &id,
            token_hash: token_hash(&token),
            user,
            address: &from.address,
            agent: &from.agent,
            now,
            expires: self.session_end(now, now),
        };
        store::insert_session(tx, session).await?;
        Ok(StartedSession { id, token })
    }

    fn session_end(&self, created: Timestamp, seen: Timestamp) -> Timestamp {
        seen.plus(self.0.settings.idle_us_max).min(created.plus(self.0.settings.age_us_max))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// A database failure.
    pub async fn sign_out(&self, session: &SessionId) -> Result<(), Problem> {
        Ok(store::delete_session(&self.db(), session).await?)
    }

    /// The session of a token, its end moved on.
    async fn session(&self, token: &str) -> Result<SessionRow, Problem> {
        let now = self.0.world.now();
        let row = store::session(&self.db(), token_hash(token), now).await?.ok_or_else(ended)?;
        if now.since(row.seen) >= SEEN_EVERY {
            store::renew_session(&self.db(), &row.id, now, self.session_end(row.created, now)).await?;
        }
        Ok(row)
    }

    async fn session_caller(&self, token: &str, workspace: Option<&str>) -> Result<Caller, Problem> {
        let session = self.session(token).await?;
        let memberships = store::memberships(&self.db(), &session.user.id).await?;
        let mut memberships = memberships.into_iter();
        let membership = match workspace {
            Some(slug) => Some(memberships.find(|one| one.workspace.slug == slug).ok_or_else(|| {
                let found: String = slug.chars().take(40).collect();
                let message = format!("There is no workspace `{found}`, or you do not belong to it.");
                Problem::new(Class::NotFound, "workspace_not_found", message)
            })?),
            None => memberships.next(),
        };
        let scope = membership.map(|one| Scope {
            workspace: one.workspace.reference(),
            actor: Actor::User(session.user.id.clone()),
            permissions: one.role.permissions(),
        });
        let must_change_password = session.user.must_change_password;
        Ok(Caller { scope, user: Some((session.user.id, session.id)), must_change_password })
    }

    /// Who is signed in, where, and what they may do.
    ///
    /// # Errors
    /// 401 when the user is gone.
    pub async fn session_view(&self, user: &UserId, scope: Option<&Scope>) -> Result<SessionView, Problem> {
        let row = store::user(&self.db(), user).await?.ok_or_else(ended)?;
        let memberships = store::memberships(&self.db(), user).await?;
        let here = scope.and_then(|scope| memberships.iter().find(|one| one.workspace.id == scope.workspace.id));
        let (workspace, role) = (here.map(|one| one.workspace.clone()), here.map(|one| one.role));
        let workspaces = memberships
            .into_iter()
            .map(|one| Membership { slug: one.workspace.slug, name: one.workspace.name, role: one.role })
            .collect();
        let permissions = scope.map(|scope| scope.permissions.iter().collect()).unwrap_or_default();
        Ok(SessionView { user: row.user, workspaces, workspace, role, permissions })
    }

    /// Changes a password and ends every other session of the user.
    ///
    /// # Errors
    /// 422 when the present password is wrong or the new one is not good enough.
    pub async fn change_password(
        &self,
        user: &UserId,
        session: &SessionId,
        current: &str,
        new: &str,
    ) -> Result<(), Problem> {
        let row = store::user(&self.db(), user).await?.ok_or_else(ended)?;
        let (now, key) = (self.0.world.now(), email_key(&row.user.email));
        self.0.failures.attempt(&key, "password", now)?;
        let tried: String = current.chars().take(PASSWORD_CHARS_MAX + 1).collect();
        let right = fits(tried, row.password_hash).await;
        if right.inspect_err(|_| self.0.failures.undecided(&key, "password"))? {
            self.0.failures.succeeded(&key, "password");
        } else {
            return Err(Problem::invalid("current_password", "This is not your present password."));
        }
        if current == new {
            return Err(Problem::invalid("new_password", "Choose a password that differs from the present one."));
        }
        check_password(new, &row.user.email, &row.user.name).map_err(|problem| problem.at("new_password"))?;
        let hash = hash_password(new.to_owned(), self.0.settings.password_cost, self.0.world.rng()).await?;
        let mut tx = self.db().begin().await?;
        store::set_password(&mut tx, user, &hash, false).await?;
        store::delete_sessions(&mut tx, user, Some(session)).await?;
        let actor = Actor::User(user.clone());
        self.record(&mut tx, &actor, "", "password.change", user.as_str(), json!({})).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Gives a user a new password for one use and ends all their sessions: for whoever has the machine.
    ///
    /// # Errors
    /// 404 `user_not_found`.
    pub async fn reset_password(&self, email: &str) -> Result<String, Problem> {
        let password = one_time_password(&mut self.0.world.rng());
        let hash = hash_password(password.clone(), self.0.settings.password_cost, self.0.world.rng()).await?;
        let mut tx = self.db().begin().await?;
        let row = store::user_by_email_now(&mut tx, email).await?.ok_or_else(|| {
            Problem::new(Class::NotFound, "user_not_found", format!("Nobody signs in as {}.", email.trim()))
        })?;
        store::set_password(&mut tx, &row.user.id, &hash, true).await?;
        store::delete_sessions(&mut tx, &row.user.id, None).await?;
        let actor = Actor::System("command-line".to_owned());
        self.record(&mut tx, &actor, "", "password.reset", row.user.id.as_str(), json!({})).await?;
        tx.commit().await?;
        Ok(password)
    }
}

#[async_trait]
impl Authenticator for Accounts {
    async fn caller(&self, credentials: &Credentials, workspace: Option<&str>) -> Result<Caller, Problem> {
        match credentials {
            Credentials::Session(token) => self.session_caller(token, workspace).await,
            Credentials::Key(secret) => self.key_caller(secret, workspace).await,
        }
    }
}
