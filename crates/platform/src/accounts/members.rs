//! Members of a workspace: added, given another role, removed.
//!
//! Only an owner makes, changes or removes an owner; the last owner stays. A key is never an owner, whoever made it, and
//! gives no role that may more than the key.

use super::model::{Member, User};
use super::{Accounts, store};
use crate::auth::{hash_password, one_time_password};
use crate::naming::{check_email, check_name};
use crate::sql::{DbError, Tx};
use kernel::ids::{UserId, WorkspaceId};
use kernel::page::{Page, PageRequest};
use kernel::problem::{Class, Problem};
use kernel::scope::{Actor, Role, Scope};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Somebody who is to become a member.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMember {
    /// The address they will sign in with.
    #[schema(example = "grace@example.com")]
    pub email: String,
    /// Their name; not used when they have an account already.
    pub name: String,
    /// What they may do here.
    pub role: Role,
}

/// A member just added.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct AddedMember {
    /// The member.
    pub member: Member,
    /// A password for the first sign-in, to be handed over in person; shown once. Absent for somebody who has an account
    /// already.
    pub one_time_password: Option<String>,
}

fn owners_only() -> Problem {
    let message = "Only an owner can make, change or remove an owner.";
    Problem::new(Class::Forbidden, "owner_needed", message)
}

impl Accounts {
    /// The members of a workspace, in the order they got an account.
    ///
    /// # Errors
    /// A database failure.
    pub async fn members(&self, scope: &Scope, page: &PageRequest) -> Result<Page<Member>, Problem> {
        Ok(store::members(&self.db(), &scope.workspace.id, page).await?)
    }

    /// The role whose authority a scope has: a key has none, Mainspring itself an owner's.
    async fn acting_role(&self, tx: &mut Tx, scope: &Scope) -> Result<Option<Role>, DbError> {
        match &scope.actor {
            Actor::System(_) => Ok(Some(Role::Owner)),
            Actor::User(user) => store::role_now(tx, &scope.workspace.id, user).await,
            Actor::Key(_) => Ok(None),
        }
    }

    /// Whether a scope may give somebody a role.
    async fn check_grant(&self, tx: &mut Tx, scope: &Scope, role: Role) -> Result<(), Problem> {
        if role == Role::Owner && self.acting_role(tx, scope).await? != Some(Role::Owner) {
            return Err(owners_only());
        }
        if matches!(scope.actor, Actor::Key(_)) {
            let beyond = role.permissions().iter().find(|permission| !scope.permissions.has(*permission));
            if let Some(permission) = beyond {
                let (role, name) = (role.as_str(), permission.as_str());
                let message = format!("A key gives no role that may more than the key: `{role}` has `{name}`.");
                return Err(Problem::new(Class::Forbidden, "role_beyond_key", message));
            }
        }
        Ok(())
    }

    /// Adds a member. Somebody without an account gets one, with a password for one use.
    ///
    /// # Errors
    /// 403 `owner_needed` or `role_beyond_key`, 409 `already_member`, 422 for a field that is wrong.
    pub async fn add_member(&self, scope: &Scope, new: NewMember) -> Result<AddedMember, Problem> {
        let (email, name) = (check_email(&new.email)?, check_name("name", &new.name)?);
        // Hashed before the transaction begins, because it is slow on purpose and others wait for the transaction.
        let password = one_time_password(&mut self.0.world.rng());
        let cost = self.0.settings.password_cost;
        let hash = hash_password(password.clone(), cost, self.0.world.rng()).await?;
        let (workspace, now) = (&scope.workspace.id, self.0.world.now());
        let mut tx = self.db().begin().await?;
        store::lock(&mut tx).await?;
        self.check_grant(&mut tx, scope, new.role).await?;
        let known = store::user_by_email_now(&mut tx, &email).await?.map(|row| row.user);
        let one_time_password = known.is_none().then_some(password);
        let user = match known {
            Some(user) => user,
            None => {
                let id = UserId::new(now, &mut self.0.world.rng());
                let user = User { id, email, name, must_change_password: true };
                store::insert_user(&mut tx, &user, &hash, now).await?;
                user
            }
        };
        if !store::insert_member(&mut tx, workspace, &user.id, new.role, now).await? {
            let message = format!("{} is a member of this workspace already.", user.email);
            return Err(Problem::new(Class::Conflict, "already_member", message).at("email"));
        }
        let details = json!({"email": user.email, "role": new.role, "new_account": one_time_password.is_some()});
        self.record(&mut tx, &scope.actor, workspace.as_str(), "member.add", user.id.as_str(), details).await?;
        let member = self.member_now(&mut tx, workspace, &user.id).await?;
        tx.commit().await?;
        Ok(AddedMember { member, one_time_password })
    }

    async fn member_now(&self, tx: &mut Tx, workspace: &WorkspaceId, user: &UserId) -> Result<Member, Problem> {
        store::member_now(tx, workspace, user).await?.ok_or_else(|| Problem::not_found("member", user))
    }

    /// Whether a scope may take this member's role away or give it another.
    async fn check_change(&self, tx: &mut Tx, scope: &Scope, member: &Member, to: Option<Role>) -> Result<(), Problem> {
        if let Some(role) = to {
            self.check_grant(tx, scope, role).await?;
        }
        let acting = self.acting_role(tx, scope).await?;
        if acting != Some(Role::Owner) {
            if member.role == Role::Owner {
                return Err(owners_only());
            }
            if scope.actor == Actor::User(member.id.clone()) && to.is_some() {
                let message = "Nobody but an owner changes their own role.";
                return Err(Problem::new(Class::Forbidden, "own_role", message));
            }
        }
        if member.role == Role::Owner && store::owners(tx, &scope.workspace.id).await? <= 1 {
            let message = "This is the last owner. Make somebody else an owner first.";
            return Err(Problem::new(Class::Conflict, "last_owner", message));
        }
        Ok(())
    }

    /// Gives a member another role.
    ///
    /// # Errors
    /// 403 `owner_needed`, `own_role` or `role_beyond_key`, 404 `member_not_found`, 409 `last_owner`.
    pub async fn set_role(&self, scope: &Scope, user: &UserId, role: Role) -> Result<Member, Problem> {
        let workspace = &scope.workspace.id;
        let mut tx = self.db().begin().await?;
        store::lock(&mut tx).await?;
        let mut member = self.member_now(&mut tx, workspace, user).await?;
        if member.role != role {
            self.check_change(&mut tx, scope, &member, Some(role)).await?;
            store::set_role(&mut tx, workspace, user, role).await?;
            let details = json!({"email": member.email, "from": member.role, "to": role});
            self.record(&mut tx, &scope.actor, workspace.as_str(), "member.update", user.as_str(), details).await?;
            member.role = role;
        }
        tx.commit().await?;
        Ok(member)
    }

    /// Removes a member from the workspace and revokes the API keys they made; their account stays.
    ///
    /// # Errors
    /// 403 `owner_needed`, 404 `member_not_found`, 409 `last_owner`.
    pub async fn remove_member(&self, scope: &Scope, user: &UserId) -> Result<(), Problem> {
        let workspace = &scope.workspace.id;
        let mut tx = self.db().begin().await?;
        store::lock(&mut tx).await?;
        let member = self.member_now(&mut tx, workspace, user).await?;
        self.check_change(&mut tx, scope, &member, None).await?;
        store::delete_member(&mut tx, workspace, user).await?;
        let revoked = self.revoke_keys_of(&mut tx, scope, user).await?;
        let details = json!({"email": member.email, "role": member.role, "keys_revoked": revoked});
        self.record(&mut tx, &scope.actor, workspace.as_str(), "member.remove", user.as_str(), details).await?;
        tx.commit().await?;
        Ok(())
    }
}
