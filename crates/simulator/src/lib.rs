//! A company with known truth: people, campaigns, spend and deals, for the demo, the tests and the benchmarks.
