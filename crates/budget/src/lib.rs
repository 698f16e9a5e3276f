//! The ledger: spend, plans, currencies.
