//! How often one may guess: counted in the database, so that a restart or another replica forgets nothing.

use crate::store::Key;

/// How long tries count, in microseconds.
pub const WINDOW_US: i64 = 3600 * 1_000_000;
/// The most tries for one account in that time (CVE-2020-8827 and its followers: a limit that holds).
pub const MOST_PER_ACCOUNT: i64 = 20;
/// The most tries from one address in that time: an office behind one address has many people.
pub const MOST_PER_SOURCE: i64 = 100;

/// How long sign-ins that leave for the provider count, in microseconds: as long as they are kept.
pub const FLOWS_WINDOW_US: i64 = 600 * 1_000_000;
/// The most sign-ins that leave for the provider from one address in that time.
pub const MOST_FLOWS: i64 = 300;
/// The most refusals from one address that are written down in an hour.
pub const MOST_REFUSALS: i64 = 20;

/// What sign-ins that leave for the provider are counted under.
pub fn flows(address: &str) -> Key {
    Key::of(["flows\0", address].concat().as_bytes())
}

/// What refused sign-ins by the provider are counted under.
pub fn refusals(address: &str) -> Key {
    Key::of(["refusals\0", address].concat().as_bytes())
}

/// What tries for an account are counted under. Names that nobody has are counted too, so that they behave alike.
pub fn account(name: &str) -> Key {
    Key::of(["account\0", &name.to_lowercase()].concat().as_bytes())
}

/// What tries from an address are counted under.
pub fn source(address: &str) -> Key {
    Key::of(["source\0", address].concat().as_bytes())
}
