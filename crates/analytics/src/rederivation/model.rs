//! Versions, and what they changed.

use crate::channel_rules::RuleBook;
use crate::channels::{Channel, RULES_VERSION};
use kernel::ids::JobId;
use kernel::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A version of the rules.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct RuleVersion {
    /// Its number. Version 1 is the program's rules alone.
    pub version: u32,
    /// The workspace's own rules.
    pub rules: RuleBook,
    /// Why it was saved.
    pub note: String,
    /// Who saved it: `user:usr_…` or `key:key_…`; absent for version 1.
    pub saved_by: Option<String>,
    /// When it was saved, and from when new events are told by it; absent for version 1.
    pub saved_at: Option<Timestamp>,
    /// What differs from the version before, in words.
    pub changes: Vec<String>,
    /// The job that brings history to it.
    pub job: Option<JobId>,
    /// What that changed; absent while it has not, for version 1, and for versions that a newer one overtook.
    pub applied: Option<RulesApplied>,
}

impl RuleVersion {
    pub(super) fn program() -> Self {
        Self {
            version: RULES_VERSION,
            rules: RuleBook::default(),
            note: String::new(),
            saved_by: None,
            saved_at: None,
            changes: Vec::new(),
            job: None,
            applied: None,
        }
    }
}

/// What bringing history to a version changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RulesApplied {
    /// From when numbers follow it.
    pub at: Timestamp,
    /// Events that were looked at.
    pub events: u64,
    /// Those that changed.
    pub changed: u64,
    /// Those that keep what they have because what a rule needs was not kept with them.
    pub missing: u64,
    /// Files that were written again.
    pub files: u64,
    /// From which channel to which.
    pub channels: Vec<MovedEvents>,
    /// From which class of visitor to which.
    pub classes: Vec<MovedEvents>,
}

/// How many events go from one value to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MovedEvents {
    /// The value they have.
    pub from: String,
    /// The value they get.
    pub to: String,
    /// How many.
    pub events: u64,
}

pub(super) fn moved(moved: Vec<lake::Moved>) -> Vec<MovedEvents> {
    moved.into_iter().map(|lake::Moved { from, to, events }| MovedEvents { from, to, events }).collect()
}

/// What a draft would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct RulesPreview {
    /// The first moment that was looked at.
    pub from: Timestamp,
    /// When it was looked at.
    pub to: Timestamp,
    /// Events that were looked at.
    pub events: u64,
    /// Those that would change.
    pub changed: u64,
    /// Those that would keep what they have because what a rule needs was not kept with them.
    pub missing: u64,
    /// From which channel to which.
    pub channels: Vec<MovedEvents>,
    /// From which class of visitor to which.
    pub classes: Vec<MovedEvents>,
}

/// A rule of the program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ProgramRule {
    /// Its place.
    pub rule: String,
    /// The channel it leads to.
    pub channel: Channel,
    /// What it asks for, in words.
    pub condition: String,
}

/// The rules in use.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct RulesInUse {
    /// The newest version.
    pub current: RuleVersion,
    /// The rules of the program, which come after the workspace's own.
    pub program: Vec<ProgramRule>,
}

/// A version to save.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRules {
    /// The workspace's own rules, all of them.
    pub rules: RuleBook,
    /// Why, at most 256 characters.
    #[serde(default)]
    pub note: String,
    /// The version that was changed: another one that was saved meanwhile is not overwritten.
    pub based_on: u32,
}

/// The version to go back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RulesRevert {
    /// Its number.
    pub version: u32,
}
