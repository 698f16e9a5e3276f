//! Imports: files of people, companies, deals and spend.
