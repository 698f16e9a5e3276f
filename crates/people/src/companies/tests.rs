//! Companies on both databases.
