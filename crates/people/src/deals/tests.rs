//! Deals on both databases.
