//! Sessions of a workspace, month by month: whole for the people that numbers follow, counted in cells for everybody else.
//!
//! A month is folded once and kept; what is open when it ends is carried into the next one. A month is folded again when
//! its events change; where only some people change (merges, new leads), only those are.
//!
//! **Invariant:** however it came about, what is kept equals one fold over everything, cut by the same rules.

mod cells;
mod extra;
mod fold;
mod model;
mod month;
mod renew;
#[cfg(test)]
mod tests;
mod touched;

pub use cells::{CELL_CODES, Cell, CellName, Cells};
pub use extra::{Extra, SESSIONS_AT_ONCE_MAX, extra, firsts};
pub use fold::TouchRows;
pub use model::{Agents, DIRECT, NO_TOUCH_TEXT, NOT_SET_TEXT, Session, SessionFacts};
pub use month::{Kept, MonthRows};
pub use renew::{Settings, Wanted, renew};
pub(crate) use touched::click_hash;
