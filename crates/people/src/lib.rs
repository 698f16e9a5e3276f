//! Persons, companies, deals, identity and imports.
