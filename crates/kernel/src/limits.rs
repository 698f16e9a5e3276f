//! Every limit on input, named once; the reference docs list them.

/// Rows on a page when the caller does not say.
pub const PAGE_ROWS: u32 = 50;
/// Most rows on a page.
pub const PAGE_ROWS_MAX: u32 = 500;
/// Largest event, in bytes of JSON (Segment: 32 kB).
pub const EVENT_BYTES_MAX: usize = 32 * 1024;
/// Largest batch, in bytes of JSON after decompression (Segment: 500 kB).
pub const BATCH_BYTES_MAX: usize = 500 * 1024;
/// Longest message id, in characters (Segment: 100).
pub const MESSAGE_ID_CHARS_MAX: usize = 100;
/// Longest identifier value (user id, group id, e-mail), in characters.
pub const IDENTIFIER_CHARS_MAX: usize = 500;
/// Most properties or traits of one event, nested ones not counted.
pub const EVENT_PROPERTIES_MAX: usize = 300;
/// Longest event name, in characters.
pub const EVENT_NAME_CHARS_MAX: usize = 200;
/// Largest body of an ordinary API request, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Largest file that can be imported, in bytes.
pub const IMPORT_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// Most columns of an imported file.
pub const IMPORT_COLUMNS_MAX: usize = 500;
/// Most rows a SQL answer returns.
pub const SQL_ROWS_MAX: usize = 100_000;
/// Longest a SQL question may run, in seconds.
pub const SQL_SECONDS_MAX: u64 = 60;
/// Most rows of a file that answers a SQL question: it is streamed, never held.
pub const SQL_EXPORT_ROWS_MAX: usize = 5_000_000;
/// Longest a SQL question may run whose answer is streamed as a file, in seconds, the download included.
pub const SQL_EXPORT_SECONDS_MAX: u64 = 600;
/// Longest a download of an answer may take nothing before it is given up, in seconds.
pub const SQL_EXPORT_STALL_SECONDS_MAX: u64 = 30;
/// Files of answers that are made at the same time in a workspace: one question can always run beside them.
pub const SQL_EXPORTS_MAX: usize = 1;
/// Longest SQL question, in characters.
pub const SQL_CHARS_MAX: usize = 20_000;
/// Saved SQL questions of a workspace, archived ones included.
pub const SAVED_QUERIES_MAX: usize = 2_000;
/// Longest description a user gives to anything, in characters.
pub const DESCRIPTION_CHARS_MAX: usize = 2_000;
/// Most memory of one SQL question, in bytes.
pub const SQL_MEMORY_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Most memory of the output of one fold over events, in bytes.
pub const FOLD_MEMORY_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Most properties of events that event files keep as columns of their own.
pub const PROPERTIES_KEPT_MAX: usize = 16;
/// Most metrics in one query.
pub const QUERY_METRICS_MAX: usize = 20;
/// Most dimensions in one query.
pub const QUERY_DIMENSIONS_MAX: usize = 5;
/// Most rows in the answer of one query.
pub const QUERY_ROWS_MAX: usize = 10_000;
/// Longest name a user gives to anything, in characters.
pub const NAME_CHARS_MAX: usize = 200;
/// Shortest password, in characters.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Longest password, in characters (argon2 reads all of it).
pub const PASSWORD_CHARS_MAX: usize = 512;
