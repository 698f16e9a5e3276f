//! Who asks, in which workspace, and what they may do. The first argument of every facade and store function.

use crate::ids::{KeyId, UserId, WorkspaceId};
use crate::problem::{Class, Problem};
use serde::{Deserialize, Serialize};

macro_rules! closed_list {
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$item_doc])* #[serde(rename = $text)] $item,)+
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                // Written by hand: the derive does not see a name that comes from this macro.
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some(Self::ALL.iter().map(|value| value.as_str())))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}

        impl $name {
            /// Every value, in the order of the list.
            pub const ALL: &'static [$name] = &[$($name::$item,)+];

            /// The value as the API and the database write it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $($name::$item => $text,)+ }
            }

            /// The value of this text.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some($name::$item),)+ _ => None }
            }
        }
    };
}

closed_list! {
    /// One thing that can be allowed. Each route names exactly one.
    Permission {
        /// See the workspace's name, currency, time zone and members.
        WorkspaceRead = "workspace.read",
        /// Change the workspace's settings.
        WorkspaceWrite = "workspace.write",
        /// Add, change and remove members.
        MembersWrite = "members.write",
        /// See keys (never their secret).
        KeysRead = "keys.read",
        /// Create and revoke keys.
        KeysWrite = "keys.write",
        /// Read the audit trail.
        AuditRead = "audit.read",
        /// Send events (write keys only).
        EventsIngest = "events.ingest",
        /// Watch the live stream and the quarantine.
        EventsRead = "events.read",
        /// See people and companies.
        PeopleRead = "people.read",
        /// Change people and companies.
        PeopleWrite = "people.write",
        /// Erase people for good.
        PeopleErase = "people.erase",
        /// See deals.
        DealsRead = "deals.read",
        /// Change deals.
        DealsWrite = "deals.write",
        /// See imports.
        ImportsRead = "imports.read",
        /// Upload, apply and undo imports.
        ImportsWrite = "imports.write",
        /// See dashboards, metrics and attribution.
        MetricsRead = "metrics.read",
        /// Save, change and archive explorations.
        ExplorationsWrite = "explorations.write",
        /// See spend, plans and rates.
        LedgerRead = "ledger.read",
        /// Enter spend, plans and rates.
        LedgerWrite = "ledger.write",
        /// Ask questions in SQL: sees every row.
        SqlRun = "sql.run",
        /// See background jobs.
        JobsRead = "jobs.read",
        /// Cancel background jobs.
        JobsWrite = "jobs.write",
    }
}

closed_list! {
    /// The roles of a marketing team.
    Role {
        /// Everything, including members and keys.
        Owner = "owner",
        /// Leads marketing: reads everything, plans money, manages members.
        Director = "director",
        /// Builds campaigns and keeps the data flowing.
        AutomationSpecialist = "automation_specialist",
        /// Asks questions of the data.
        Analyst = "analyst",
        /// Runs one area: imports, people, content.
        Specialist = "specialist",
        /// Plans and follows work and budget.
        ProjectManager = "project_manager",
        /// Reads dashboards.
        Viewer = "viewer",
    }
}

impl Role {
    /// What the role may do.
    #[must_use]
    pub fn permissions(self) -> PermissionSet {
        use Permission as P;
        let read_basics = [P::WorkspaceRead, P::MetricsRead];
        let whole_team = [
            P::EventsRead,
            P::PeopleRead,
            P::DealsRead,
            P::ImportsRead,
            P::ExplorationsWrite,
            P::LedgerRead,
            P::JobsRead,
        ];
        let own: &[Permission] = match self {
            Role::Owner => return Permission::ALL.iter().copied().filter(|p| *p != P::EventsIngest).collect(),
            Role::Director => &[
                P::WorkspaceWrite,
                P::MembersWrite,
                P::KeysRead,
                P::AuditRead,
                P::PeopleErase,
                P::LedgerWrite,
                P::SqlRun,
            ],
            Role::AutomationSpecialist => {
                &[P::KeysRead, P::KeysWrite, P::PeopleWrite, P::DealsWrite, P::ImportsWrite, P::JobsWrite, P::SqlRun]
            }
            Role::Analyst => &[P::SqlRun, P::AuditRead],
            Role::Specialist => &[P::PeopleWrite, P::DealsWrite, P::ImportsWrite, P::LedgerWrite],
            Role::ProjectManager => &[P::LedgerWrite],
            Role::Viewer => return read_basics.into_iter().collect(),
        };
        read_basics.into_iter().chain(whole_team).chain(own.iter().copied()).collect()
    }
}

/// A set of permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PermissionSet(u64);

impl PermissionSet {
    /// Nothing allowed.
    pub const NONE: PermissionSet = PermissionSet(0);

    /// Whether a permission is in the set.
    #[must_use]
    pub fn has(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u64) != 0
    }

    /// What is in both sets: a key never may more than whoever made it.
    #[must_use]
    pub fn both(self, other: PermissionSet) -> PermissionSet {
        PermissionSet(self.0 & other.0)
    }

    /// The permissions in the set, in the order of the list.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.has(*permission))
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(items: I) -> Self {
        Self(items.into_iter().fold(0, |bits, permission| bits | 1 << permission as u64))
    }
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum Actor {
    /// Somebody signed in.
    User(UserId),
    /// A program with a key.
    Key(KeyId),
    /// Mainspring itself: a job of this name.
    System(String),
}

impl Actor {
    /// One text for the audit trail: `user:usr_…`, `key:key_…`, `system:seal`.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Actor::User(id) => format!("user:{id}"),
            Actor::Key(id) => format!("key:{id}"),
            Actor::System(name) => format!("system:{name}"),
        }
    }
}

/// Which workspace: its id, and its short name, which is also its folder and its schema.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WorkspaceRef {
    /// The id.
    pub id: WorkspaceId,
    /// Lower-case letters, digits and hyphens, at most 40.
    pub slug: String,
}

/// Who asks, where, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// The workspace.
    pub workspace: WorkspaceRef,
    /// Who acts.
    pub actor: Actor,
    /// What they may do.
    pub permissions: PermissionSet,
}

impl Scope {
    /// The scope of Mainspring's own work in a workspace: everything is allowed.
    #[must_use]
    pub fn system(workspace: WorkspaceRef, name: &str) -> Self {
        let permissions = Permission::ALL.iter().copied().collect();
        Self { workspace, actor: Actor::System(name.to_owned()), permissions }
    }

    /// Refuses when a permission is missing.
    ///
    /// # Errors
    /// 403 `forbidden`, naming the permission.
    pub fn require(&self, permission: Permission) -> Result<(), Problem> {
        if self.permissions.has(permission) {
            return Ok(());
        }
        let name = permission.as_str();
        Err(Problem::new(
            Class::Forbidden,
            "forbidden",
            format!("This needs the permission `{name}`. Ask an owner of the workspace to grant a role that has it."),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_reads_the_dashboard_and_only_the_owner_makes_everything() {
        for role in Role::ALL {
            assert!(role.permissions().has(Permission::MetricsRead), "{role:?}");
            assert!(!role.permissions().has(Permission::EventsIngest), "{role:?} must use a write key to send events");
        }
        let owner = Role::Owner.permissions();
        assert_eq!(owner.iter().count(), Permission::ALL.len() - 1);
        assert!(!Role::Viewer.permissions().has(Permission::PeopleRead));
    }

    #[test]
    fn texts_round_trip() {
        for permission in Permission::ALL {
            assert_eq!(Permission::parse(permission.as_str()), Some(*permission));
        }
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(*role));
        }
    }
}
