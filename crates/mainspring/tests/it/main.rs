//! The real program, started as a process and talked to over HTTP.

mod crash;
mod server;
