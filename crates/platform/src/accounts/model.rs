//! Users, workspaces, members and keys as the rest of the program sees them.

use crate::sql::{DbError, FromRow, Row};
use kernel::ids::{KeyId, UserId, WorkspaceId};
use kernel::money::Currency;
use kernel::scope::{Permission, PermissionSet, Role, WorkspaceRef};
use kernel::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A workspace and its settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Its short name: part of addresses, its folder and its schema; never changes.
    #[schema(example = "acme")]
    pub slug: String,
    /// What people call it.
    pub name: String,
    /// The currency its totals are shown in.
    pub currency: Currency,
    /// The time zone its days begin in, by its IANA name.
    #[schema(example = "Europe/Berlin")]
    pub time_zone: String,
    /// When it was created.
    pub created_at: Timestamp,
}

impl Workspace {
    /// Its id and its short name.
    #[must_use]
    pub fn reference(&self) -> WorkspaceRef {
        WorkspaceRef { id: self.id.clone(), slug: self.slug.clone() }
    }

    /// What the rest of the program needs to know of it.
    #[must_use]
    pub fn settings(&self) -> WorkspaceSettings {
        WorkspaceSettings { name: self.name.clone(), currency: self.currency, time_zone: self.time_zone.clone() }
    }
}

impl FromRow for Workspace {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.id("id")?,
            slug: row.text("slug")?,
            name: row.text("name")?,
            currency: row.id("currency")?,
            time_zone: row.text("time_zone")?,
            created_at: row.time("created_us")?,
        })
    }
}

/// What the rest of the program needs to know of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceSettings {
    /// What people call it.
    pub name: String,
    /// The currency its totals are shown in.
    pub currency: Currency,
    /// The time zone its days begin in, by its IANA name.
    pub time_zone: String,
}

impl WorkspaceSettings {
    /// The time zone, ready to use.
    #[must_use]
    pub fn zone(&self) -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::get(&self.time_zone).unwrap_or(jiff::tz::TimeZone::UTC)
    }
}

/// A user: somebody who can sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct User {
    /// The user's id.
    pub id: UserId,
    /// The address they sign in with.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Whether they have to choose a password before anything else.
    pub must_change_password: bool,
}

impl FromRow for User {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.id("id")?,
            email: row.text("email")?,
            name: row.text("name")?,
            must_change_password: row.bool("password_is_temporary")?,
        })
    }
}

/// A user in a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Member {
    /// The user's id.
    pub id: UserId,
    /// The address they sign in with.
    pub email: String,
    /// Their name.
    pub name: String,
    /// What they may do here.
    pub role: Role,
    /// When they were added.
    pub created_at: Timestamp,
    /// When they last signed in; absent when they never have.
    pub signed_in_at: Option<Timestamp>,
}

impl FromRow for Member {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.id("id")?,
            email: row.text("email")?,
            name: row.text("name")?,
            role: role(row)?,
            created_at: row.time("created_us")?,
            signed_in_at: row.opt_time("signed_in_us")?,
        })
    }
}

/// The role in the column of that name.
pub(super) fn role(row: &Row) -> Result<Role, DbError> {
    Role::parse(&row.text("role")?)
        .ok_or_else(|| DbError::Column { column: "role".to_owned(), reason: "is not a role".to_owned() })
}

/// The two kinds of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// For programs that read and change things; kept secret.
    Api,
    /// For sending events, and nothing else; may stand in a web page.
    Write,
}

impl KeyKind {
    /// As the database writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Write => "write",
        }
    }
}

/// A key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// What it is for.
    pub kind: KeyKind,
    /// What people call it.
    pub name: String,
    /// How its secret begins, to recognise it by.
    #[schema(example = "mk_4tq9")]
    pub prefix: String,
    /// What it may do.
    pub permissions: Vec<Permission>,
    /// Who made it: `user:usr_…` or `system:…`.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl FromRow for Key {
    fn from_row(row: &Row) -> Result<Self, DbError> {
        Ok(Self {
            id: row.id("id")?,
            kind: if row.text("kind")? == "write" { KeyKind::Write } else { KeyKind::Api },
            name: row.text("name")?,
            prefix: row.text("prefix")?,
            permissions: permission_set(&row.text("permissions")?).iter().collect(),
            created_by: row.text("created_by")?,
            created_at: row.time("created_us")?,
            expires_at: row.opt_time("expires_us")?,
            last_used_at: row.opt_time("last_used_us")?,
            revoked_at: row.opt_time("revoked_us")?,
        })
    }
}

/// Permissions as one text, separated by spaces. A name that no longer exists allows nothing.
pub(super) fn permission_set(text: &str) -> PermissionSet {
    text.split_whitespace().filter_map(Permission::parse).collect()
}

/// The other way.
pub(super) fn permission_text(permissions: PermissionSet) -> String {
    permissions.iter().map(Permission::as_str).collect::<Vec<_>>().join(" ")
}

/// A key just made: the only moment its secret is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NewKey {
    /// The key.
    pub key: Key,
    /// Its secret. It is stored as a hash only and cannot be shown again.
    pub secret: String,
}
