//! Explore against plain loops.
