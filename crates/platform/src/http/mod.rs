//! The HTTP edge: problems, extractors, permissions and limits.
