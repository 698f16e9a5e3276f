//! The files of imports: received to disk, recognised, read back in batches, and the report of their rows.
//!
//! **Invariant:** a file is never changed once it was received.

mod detect;
mod feed;
mod tally;
mod upload;

pub(crate) use detect::{form_of, questions_of, read_form};
pub(crate) use feed::{BATCH_ROWS, Fed, SheetFile, read_all, start};
pub(crate) use tally::Tally;
pub use upload::Upload;
pub(crate) use upload::{Received, disk};
