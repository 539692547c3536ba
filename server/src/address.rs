//! Which addresses are never asked, whoever writes them into the registry, a secret or a name server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Where clouds tell machines their credentials. <https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16>
const METADATA_V4: [Ipv4Addr; 4] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(192, 0, 0, 192),
];
/// The same of IPv6, where it is one address. <https://cloud.google.com/compute/docs/metadata/querying-metadata>
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254);

/// What kind of address it is, if it is one that is never asked. Private ranges are where databases are, and are asked.
pub fn refusal(address: IpAddr, allow_loopback: bool) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => refusal_v4(address, allow_loopback),
        IpAddr::V6(address) => match embedded(address) {
            Some(inner) => refusal_v4(inner, allow_loopback),
            None => refusal_v6(address, allow_loopback),
        },
    }
}

fn refusal_v4(address: Ipv4Addr, allow_loopback: bool) -> Option<&'static str> {
    if METADATA_V4.contains(&address) {
        Some("the metadata service of a cloud")
    } else if address.is_loopback() {
        (!allow_loopback).then_some("a loopback address")
    } else if address.is_link_local() {
        Some("a link-local address")
    } else if address.octets()[0] == 0 {
        Some("an unspecified address")
    } else if address.is_multicast() || address.is_broadcast() {
        Some("a multicast address")
    } else {
        None
    }
}

fn refusal_v6(address: Ipv6Addr, allow_loopback: bool) -> Option<&'static str> {
    // AWS keeps several services for machines in fd00:ec2::/32.
    if address == METADATA_V6 || address.segments()[..2] == [0xfd00, 0xec2] {
        Some("the metadata service of a cloud")
    } else if address.is_loopback() {
        (!allow_loopback).then_some("a loopback address")
    } else if address.is_unspecified() {
        Some("an unspecified address")
    } else if address.is_multicast() {
        Some("a multicast address")
    } else if address.is_unicast_link_local() || (address.segments()[0] & 0xffc0) == 0xfec0 {
        Some("a link-local address")
    } else if address.segments()[..3] == [0x64, 0xff9b, 1] {
        // Where in it the address of IPv4 stands is everybody's own affair. <https://www.rfc-editor.org/rfc/rfc8215>
        Some("an address that is translated to another")
    } else {
        None
    }
}

/// The address of IPv4 that one of IPv6 leads to: mapped, compatible, by 6to4, or by NAT64.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let of = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0xffff] => Some(of(g, h)),
        // `::` and `::1` are of IPv6 alone.
        [0, 0, 0, 0, 0, 0] if g != 0 || h > 1 => Some(of(g, h)),
        [0x2002, high, low, ..] => Some(of(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0] => Some(of(g, h)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_on_this_machine_or_belongs_to_the_cloud_is_never_asked() {
        for (address, expected) in [
            ("10.0.0.5", None),
            ("172.16.3.4", None),
            ("192.168.1.1", None),
            ("100.64.0.1", None),
            ("203.0.113.7", None),
            ("fd12:3456::1", None),
            ("2001:db8::1", None),
            ("127.0.0.1", Some("loopback")),
            ("127.8.9.10", Some("loopback")),
            ("::1", Some("loopback")),
            ("::ffff:127.0.0.1", Some("loopback")),
            ("::127.0.0.1", Some("loopback")),
            ("2002:7f00:1::", Some("loopback")),
            ("64:ff9b::127.0.0.1", Some("loopback")),
            ("169.254.0.9", Some("link-local")),
            ("::ffff:169.254.0.9", Some("link-local")),
            ("fe80::1", Some("link-local")),
            ("febf::1", Some("link-local")),
            ("fec0::1", Some("link-local")),
            ("169.254.169.254", Some("metadata")),
            ("::ffff:169.254.169.254", Some("metadata")),
            ("64:ff9b::a9fe:a9fe", Some("metadata")),
            ("100.100.100.200", Some("metadata")),
            ("168.63.129.16", Some("metadata")),
            ("192.0.0.192", Some("metadata")),
            ("fd00:ec2::254", Some("metadata")),
            ("fd00:ec2::23", Some("metadata")),
            ("fd00:ec3::254", None),
            ("fd20:ce::254", Some("metadata")),
            ("fd20:ce::253", None),
            ("64:ff9b:1::a9fe:a9fe", Some("translated")),
            ("64:ff9b:1:a9fe:a9:fe00::", Some("translated")),
            ("64:ff9b:2::1", None),
            ("0.0.0.0", Some("unspecified")),
            ("0.1.2.3", Some("unspecified")),
            ("::", Some("unspecified")),
            ("::ffff:0.0.0.0", Some("unspecified")),
            ("224.0.0.1", Some("multicast")),
            ("255.255.255.255", Some("multicast")),
            ("ff02::1", Some("multicast")),
        ] {
            let address: IpAddr = address.parse().unwrap();
            let found = refusal(address, false);
            match expected {
                Some(kind) => assert!(found.is_some_and(|found| found.contains(kind)), "{address}: {found:?}"),
                None => assert_eq!(found, None, "{address}"),
            }
            // Of all these, the demo may ask its own machine and nothing else.
            let allowed = refusal(address, true).is_none();
            assert_eq!(allowed, matches!(expected, None | Some("loopback")), "{address}");
        }
    }
}
