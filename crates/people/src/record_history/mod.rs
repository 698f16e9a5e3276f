//! What records were: the versions of what metrics count of people, companies and deals, and since when each was known.
//!
//! The version that stands is in the table of the record, with `known_us`; one whose place another took is a row of a table
//! `…_was`, with the moments between which it stood. So a record as of a moment is the one version whose time holds the moment
//! ([decision 16](../../../../docs/decisions/0016-what-a-record-was.md)).
//!
//! **Invariant:** the times of the versions of a record do not overlap and leave no gap.
//! **Invariant:** a version is written by whoever writes the record, in the same transaction, and only where a value that
//! metrics count is another one; a new record writes none.
//! **Invariant:** nothing is kept here of a person who was erased.

mod people;
#[cfg(test)]
mod tests;
mod versions;

pub use people::{PeopleThen, people_at};
pub(crate) use versions::{
    CompanyWas, DealWas, PersonWas, Said, companies_at, follow_entries, follow_parts, keep_companies, keep_deals,
    keep_entries, keep_parts, keep_people,
};
