//! The platform from outside, on both databases.

mod sql;
