//! The tally: events, people and amounts of a few series, by period and by the texts of a column, all in one pass: of each
//! period, of the whole range, and of people of any set of texts, so that "other" needs no second reading. With sessions
//! instead of events it is the same of visits.

mod counts;
mod fold;
mod parts;
#[cfg(test)]
mod tests;

pub use counts::{Tally, TallyCell};
pub use fold::{Listed, Person, SERIES_MAX, TallyFold, session_columns};
pub use parts::TallyPart;
