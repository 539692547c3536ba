//! How often one may guess: counted in the database, so that a restart or another replica forgets nothing.

use crate::store::Key;

/// How long tries count, in microseconds.
pub const WINDOW_US: i64 = 3600 * 1_000_000;
/// The most tries for one account in that time (CVE-2020-8827 and its followers: a limit that holds).
pub const MOST_PER_ACCOUNT: i64 = 20;
/// The most tries from one address in that time: an office behind one address has many people.
pub const MOST_PER_SOURCE: i64 = 100;

/// What tries for an account are counted under. Names that nobody has are counted too, so that they behave alike.
pub fn account(name: &str) -> Key {
    Key::of(["account\0", &name.to_lowercase()].concat().as_bytes())
}

/// What tries from an address are counted under.
pub fn source(address: &str) -> Key {
    Key::of(["source\0", address].concat().as_bytes())
}
