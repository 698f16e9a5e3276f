//! Who an event belongs to: typed identifiers, merges and their reversal.
