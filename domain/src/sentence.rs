//! The sentences with which pages begin, made from facts.
//!
//! None of them changes more often than once a minute while nothing happens: ages are whole minutes or coarser.

mod environment;
mod phrase;
#[cfg(test)]
mod tests;
mod wall;

pub use environment::environment;
pub(crate) use environment::{is_needed, matters};
pub(crate) use phrase::depth;
pub use wall::wall;

/// What is said of everything on a cluster that was never reached.
pub const NOT_SEEN_YET: &str = "Not seen yet: connecting to the cluster.";
