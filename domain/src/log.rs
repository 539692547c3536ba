//! Lines of logs.

pub mod drawn;
pub mod level;
pub mod shape;
pub mod split;
pub mod trace;
