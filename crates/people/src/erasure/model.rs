//! An erasure and its report.

use kernel::ids::{ErasureId, JobId, PersonId};
use kernel::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Where an erasure stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErasureState {
    /// Its job waits or runs; the job says more, also why it failed.
    Running,
    /// Done, and proven.
    Done,
}

impl ErasureState {
    /// As the database writes it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
        }
    }
}

/// A person that was asked to be erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Erasure {
    /// Its id.
    pub id: ErasureId,
    /// The person: a number, by which nobody is found any more.
    pub person: PersonId,
    /// Where it stands.
    pub state: ErasureState,
    /// Whether the person's keys are refused from then on, in events and imports.
    pub keep_out: bool,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// By whom: `user:usr_…`, `key:key_…`.
    pub requested_by: String,
    /// The job that does it.
    pub job: Option<JobId>,
    /// Events that came in later under the person's keys and were not stored.
    pub late_events: u64,
    /// When it was proven.
    pub finished_at: Option<Timestamp>,
    /// What was done; once it is proven.
    pub report: Option<ErasureReport>,
    /// SHA-256 of the report as JSON, in hexadecimal; the audit trail has it too.
    pub sha256: Option<String>,
}

/// What an erasure did and what the search afterwards found. Nothing in it says who the person was.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ErasureReport {
    /// The numbers of the person and of everybody merged into it.
    pub persons: Vec<PersonId>,
    /// Events that were erased.
    pub events: u64,
    /// The event files that held them.
    pub files: Vec<ErasedEventFile>,
    /// What was erased from the records.
    pub records: ErasedRecords,
    /// The search afterwards.
    pub proof: ErasureProofView,
}

/// An event file that was written again, or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ErasedEventFile {
    /// Its path below the workspace's folder.
    pub path: String,
    /// Events in it.
    pub rows_before: u64,
    /// Events of others, which stay.
    pub rows_after: u64,
}

/// What was erased from the records.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct ErasedRecords {
    /// Profiles: the person and everybody merged into it.
    pub profiles: u64,
    /// Keys with the history of their links, refused ones among them.
    pub identifiers: u64,
    /// The evidence of merges.
    pub merges: u64,
    /// Places in companies. The companies stay.
    pub memberships: u64,
    /// Roles in deals. The deals stay.
    pub deal_roles: u64,
    /// What the person and its roles in deals were at earlier moments.
    pub versions: u64,
    /// Rows of the reports of imports, emptied.
    pub import_rows: u64,
    /// Images that imports keep to take their changes back.
    pub import_images: u64,
    /// Lines of uploaded files, emptied.
    pub import_lines: u64,
    /// Messages in the quarantine and lines of the live view.
    pub messages: u64,
    /// Keys on the list of those that are refused, as keyed hashes.
    pub keys_listed: u64,
}

/// What the search found after the erasure.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ErasureProofView {
    /// When it was searched.
    pub at: Timestamp,
    /// The place in the log up to which everything was erased.
    pub up_to: u64,
    /// Event files that were searched.
    pub files_searched: u64,
    /// Events in them and in memory.
    pub rows_searched: u64,
    /// Events of the person among them: 0.
    pub rows_found: u64,
    /// Files that had been set aside, searched too.
    pub orphans_searched: u64,
    /// Segments of the log that hold anything from before: 0.
    pub log_segments_left: u64,
    /// Rows of the person in the tables of people, keys, merges, places and deals, and of what those were: 0.
    pub records_found: u64,
}

/// By what messages beside the lake are known to be of erased people.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Traces {
    /// Their numbers.
    pub persons: Vec<u64>,
    /// The values of their keys.
    pub values: Vec<String>,
}

impl Traces {
    /// Short values stand in many texts that have nothing to do with the person: they count only where a whole field is one.
    const TELLING_LENGTH: usize = 6;

    /// The values that tell of the person wherever they stand in a text, in lower case; addresses also as they stand in a
    /// link.
    #[must_use]
    pub fn telling(&self) -> Vec<String> {
        let long = self.values.iter().filter(|value| value.chars().count() >= Self::TELLING_LENGTH);
        let lower = long.map(|value| value.to_lowercase());
        let in_link = |value: &String| value.contains('@').then(|| value.replace('@', "%40"));
        lower.flat_map(|value| [in_link(&value), Some(value)]).flatten().collect()
    }
}

/// Whether a text (in lower case) stands in another by itself: not as a part of a longer word or address.
#[must_use]
pub fn holds(text: &str, wanted: &str) -> bool {
    let goes_on = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '.');
    text.match_indices(wanted).any(|(place, _)| {
        let after = &text[place + wanted.len()..];
        !goes_on(text[..place].chars().next_back()) && !after.chars().next().is_some_and(char::is_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn a_text_is_told_from_a_longer_one_around_it() {
        for (text, found) in [
            ("{\"email\":\"ann@x.org\"}", true),
            ("mail=ann@x.org&a=1", true),
            ("ann@x.org", true),
            ("ann@x.org.", true),
            ("joann@x.org", false),
            ("jo.ann@x.org", false),
            ("ann@x.orgs", false),
            ("joann@x.org, ann@x.org", true),
        ] {
            assert_eq!(holds(text, "ann@x.org"), found, "{text}");
        }
    }
}
