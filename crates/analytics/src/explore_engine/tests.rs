//! Explore against plain loops over small random worlds, and the people behind every cell against the cell.

mod cells;
mod kept;
mod oracles;
mod walks;
mod world;
