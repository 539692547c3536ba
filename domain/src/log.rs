//! Lines of logs: how the bytes of a container become something that a person reads, searches and trusts.
//!
//! Bytes are split into lines ([`split`]) and made safe to show with their colours ([`drawn`]). It is found out how bad a line is
//! ([`level`]), what a structured one says ([`shape`]), and whether it belongs to the one before ([`trace`]). A log that is followed
//! goes on after a cut where it was ([`resume`]).
//! What stands around a line that is looked for is shown with it ([`context`]). What was read is counted over time ([`counts`]), shown as
//! somebody wants it ([`display`]), and can be taken away as a file ([`export`]).

pub mod context;
pub mod counts;
pub mod display;
pub mod drawn;
pub mod export;
pub mod follow;
pub mod level;
pub mod query;
pub mod resume;
pub mod shape;
pub mod split;
pub mod trace;
pub mod view;
