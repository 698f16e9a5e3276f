//! The event store: append log, Parquet, catalog, folds and SQL. The only crate that knows DataFusion.
