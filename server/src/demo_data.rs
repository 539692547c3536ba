//! Demo data: enrolling a database, counting what is in it, and bringing it back to its seed.
//!
//! What must agree is decided by `domain::demo_data`; see docs/adr/0015-demo-data.md for why it is done so.

mod enrol;
mod reset;
mod seed;
mod table;

pub use enrol::{EnrolTrouble, enrol};
pub use reset::{Done, Order, ResetTrouble, reset};
pub use seed::{Seed, SeedTrouble};
