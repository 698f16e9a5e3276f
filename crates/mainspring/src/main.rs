//! The Mainspring server and command line.

fn main() {}
