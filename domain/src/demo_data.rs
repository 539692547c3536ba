//! Demo data: what a reset may touch, what must agree before it does, and how the data stand.
//!
//! A reset empties tables. So nothing here works from a name: what is emptied is the database that was enrolled for the
//! environment, and that says so itself.

pub mod closure;
pub mod guard;
pub mod identity;
pub mod manifest;
pub mod record;
pub mod reservation;
pub mod schedule;
pub mod sight;
pub mod standing;
pub mod step;
