//! The guard as a whole, with a claim in memory.

mod app;
mod decisions;
mod instances;
mod properties;
mod shared;
