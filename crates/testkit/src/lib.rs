//! For tests only: a database per test on both backends, a clock and a random source.
