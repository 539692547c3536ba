//! How often one may guess: counted in the database, so that a restart or another replica forgets nothing.

use std::net::Ipv6Addr;

use crate::store::Key;

/// How long tries count, in microseconds.
pub const WINDOW_US: i64 = 3600 * 1_000_000;
/// The most tries for one account in that time (CVE-2020-8827 and its followers: a limit that holds).
pub const MOST_PER_ACCOUNT: i64 = 20;
/// The most tries from one address in that time: an office behind one address has many people.
pub const MOST_PER_SOURCE: i64 = 100;

/// How many times as often one may try from the address of a proxy.
pub const SHARING: i64 = 50;

/// How long sign-ins that leave for the provider count, in microseconds: as long as they are kept.
pub const FLOWS_WINDOW_US: i64 = 600 * 1_000_000;
/// The most sign-ins that leave for the provider from one address in that time.
pub const MOST_FLOWS: i64 = 300;
/// The most refusals from one address that are written down in an hour.
pub const MOST_REFUSALS: i64 = 20;

/// What sign-ins that leave for the provider are counted under.
pub fn flows(address: &str) -> Key {
    Key::of(["flows\0", &network(address)].concat().as_bytes())
}

/// What refused sign-ins by the provider are counted under.
pub fn refusals(address: &str) -> Key {
    Key::of(["refusals\0", &network(address)].concat().as_bytes())
}

/// What tries for an account are counted under. Names that nobody has are counted too, so that they behave alike.
pub fn account(name: &str) -> Key {
    Key::of(["account\0", &name.to_lowercase()].concat().as_bytes())
}

/// What tries from an address are counted under.
pub fn source(address: &str) -> Key {
    Key::of(["source\0", &network(address)].concat().as_bytes())
}

/// The address, and of IPv6 the network: whoever has one address there has all of its 2⁶⁴.
fn network(address: &str) -> String {
    match address.parse::<Ipv6Addr>() {
        Ok(address) => {
            let [first, second, third, fourth, ..] = address.segments();
            format!("{first:x}:{second:x}:{third:x}:{fourth:x}::/64")
        }
        Err(_) => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_an_address_or_a_network() {
        for key in [source, flows, refusals] {
            assert!(key("2001:db8:1:2::1") == key("2001:db8:1:2:ffff::9"));
            assert!(key("2001:db8:1:2::1") != key("2001:db8:1:3::1"));
            assert!(key("192.0.2.1") != key("192.0.2.2"));
        }
    }
}
