//! Profiles: lists of people, one person, the timeline.
