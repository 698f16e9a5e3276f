//! Workspaces: their short names, and their settings.

use super::keys::KeyRequest;
use super::model::{KeyKind, NewKey, Workspace, WorkspaceSettings};
use super::{Accounts, store};
use crate::naming::{SLUG_CHARS_MAX, check_name, check_zone, slug_of};
use crate::sql::{DbError, Tx};
use kernel::ids::{UserId, WorkspaceId};
use kernel::money::Currency;
use kernel::problem::{Class, Problem};
use kernel::scope::{Actor, Role, Scope, WorkspaceRef};
use serde::Deserialize;
use serde_json::json;

/// What a new workspace is made of.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWorkspace {
    /// What people will call it; its short name follows from this.
    #[schema(example = "Acme")]
    pub name: String,
    /// The currency its totals are shown in.
    pub currency: Currency,
    /// The time zone its days begin in, by its IANA name.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
}

/// What is to change in a workspace; what is absent stays.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceChange {
    /// What people call it.
    pub name: Option<String>,
    /// The currency its totals are shown in.
    pub currency: Option<Currency>,
    /// The time zone its days begin in, by its IANA name.
    pub time_zone: Option<String>,
}

impl Accounts {
    /// Every workspace.
    ///
    /// # Errors
    /// [`DbError`].
    pub async fn workspaces(&self) -> Result<Vec<WorkspaceRef>, DbError> {
        store::workspace_refs(&self.db()).await
    }

    /// The workspace of a short name.
    ///
    /// # Errors
    /// 404 `workspace_not_found`.
    pub async fn find_workspace(&self, slug: &str) -> Result<Workspace, Problem> {
        store::workspace_by_slug(&self.db(), slug).await?.ok_or_else(|| {
            let found: String = slug.chars().take(SLUG_CHARS_MAX).collect();
            Problem::new(Class::NotFound, "workspace_not_found", format!("There is no workspace `{found}`."))
        })
    }

    /// A workspace with its settings.
    ///
    /// # Errors
    /// 404 `workspace_not_found`.
    pub async fn workspace(&self, workspace: &WorkspaceRef) -> Result<Workspace, Problem> {
        let found = store::workspace(&self.db(), &workspace.id).await?;
        found.ok_or_else(|| Problem::not_found("workspace", &workspace.slug))
    }

    /// Name, currency and time zone of a workspace.
    ///
    /// # Errors
    /// 404 `workspace_not_found`.
    pub async fn settings(&self, workspace: &WorkspaceRef) -> Result<WorkspaceSettings, Problem> {
        Ok(self.workspace(workspace).await?.settings())
    }

    /// Creates a workspace with a first write key; the user becomes its owner. Only who owns one may make another.
    ///
    /// # Errors
    /// 403 `forbidden`, 422 for a field that is wrong.
    pub async fn create_workspace(&self, user: &UserId, new: NewWorkspace) -> Result<(Workspace, NewKey), Problem> {
        let owned = store::memberships(&self.db(), user).await?;
        if !owned.iter().any(|membership| membership.role == Role::Owner) {
            let message = "Only somebody who owns a workspace can create another.";
            return Err(Problem::new(Class::Forbidden, "forbidden", message));
        }
        let mut tx = self.db().begin().await?;
        let actor = Actor::User(user.clone());
        let made = self.insert_workspace(&mut tx, &actor, user, new).await?;
        tx.commit().await?;
        self.0.databases.workspace(&made.0.reference()).await?;
        Ok(made)
    }

    /// The rows of a new workspace: itself, its owner, its first write key, and the audit entries.
    pub(super) async fn insert_workspace(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        owner: &UserId,
        new: NewWorkspace,
    ) -> Result<(Workspace, NewKey), Problem> {
        let name = check_name("name", &new.name)?;
        check_zone(&new.time_zone)?;
        store::lock(tx).await?;
        let base = slug_of(&name);
        let taken = store::slugs_like(tx, &base).await?;
        let free = (1..).map(|number| if number == 1 { base.clone() } else { format!("{base}-{number}") });
        let slug = free.into_iter().find(|slug| !taken.contains(slug)).unwrap_or(base);
        let now = self.0.world.now();
        let id = WorkspaceId::new(now, &mut self.0.world.rng());
        let NewWorkspace { currency, time_zone, .. } = new;
        let workspace = Workspace { id, slug, name, currency, time_zone, created_at: now };
        store::insert_workspace(tx, &workspace).await?;
        store::insert_member(tx, &workspace.id, owner, Role::Owner, now).await?;
        let details = json!({"slug": workspace.slug, "name": workspace.name, "currency": currency});
        let id = workspace.id.as_str();
        self.record(tx, actor, id, "workspace.create", id, details).await?;
        let request =
            KeyRequest { kind: KeyKind::Write, name: "Website".to_owned(), permissions: Vec::new(), expires_at: None };
        let key = self.insert_key(tx, &workspace.reference(), actor, request).await?;
        Ok((workspace, key))
    }

    /// Changes name, currency or time zone.
    ///
    /// # Errors
    /// 422 for a field that is wrong.
    pub async fn update_workspace(&self, scope: &Scope, change: WorkspaceChange) -> Result<Workspace, Problem> {
        let mut tx = self.db().begin().await?;
        // Read in its turn: what somebody else changes at the same time stays.
        store::lock(&mut tx).await?;
        let found = store::workspace_now(&mut tx, &scope.workspace.id).await?;
        let mut workspace = found.ok_or_else(|| Problem::not_found("workspace", &scope.workspace.slug))?;
        let mut details = serde_json::Map::new();
        if let Some(name) = change.name {
            workspace.name = check_name("name", &name)?;
            details.insert("name".to_owned(), json!(workspace.name));
        }
        if let Some(currency) = change.currency {
            workspace.currency = currency;
            details.insert("currency".to_owned(), json!(currency));
        }
        if let Some(zone) = change.time_zone {
            check_zone(&zone)?;
            workspace.time_zone = zone;
            details.insert("time_zone".to_owned(), json!(workspace.time_zone));
        }
        if details.is_empty() {
            return Ok(workspace);
        }
        store::update_workspace(&mut tx, &workspace.id, &workspace.name, workspace.currency, &workspace.time_zone)
            .await?;
        let id = workspace.id.as_str();
        self.record(&mut tx, &scope.actor, id, "workspace.update", id, serde_json::Value::Object(details)).await?;
        tx.commit().await?;
        Ok(workspace)
    }
}
