//! Explore over HTTP.
