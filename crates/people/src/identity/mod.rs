//! Identity: turns the log of events into persons.
