//! Identity on both databases.
