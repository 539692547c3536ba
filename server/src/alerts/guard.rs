//! Where a webhook may not lead: addresses that only this machine or its cloud answers.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::Name;
use tower::Service;

/// Why an address is not connected to.
pub(super) const REFUSED: &str =
    "the address is loopback, link-local or of the cloud's metadata, and is not connected to";

/// Whether an address may be connected to.
pub(super) fn is_allowed(address: IpAddr, allows_loopback: bool) -> bool {
    let refused = match address.to_canonical() {
        IpAddr::V4(v4) => {
            // 100.100.100.200 is the metadata service of Alibaba Cloud; all others are link-local.
            v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_multicast()
                || v4.is_broadcast()
                || v4.octets() == [100, 100, 100, 200]
        }
        IpAddr::V6(v6) => {
            // fd00:ec2::254 is the metadata service of AWS.
            let is_metadata = v6.segments() == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254];
            v6.is_unicast_link_local() || v6.is_unspecified() || v6.is_multicast() || is_metadata
        }
    };
    !refused && (allows_loopback || !address.to_canonical().is_loopback())
}

/// Resolves names to addresses that may be connected to; the connection goes to exactly these.
#[derive(Debug, Clone)]
pub(super) struct Resolver {
    /// Whether this machine is one of them.
    pub allows_loopback: bool,
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let allows_loopback = self.allows_loopback;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| is_allowed(address.ip(), allows_loopback)).collect();
            if allowed.is_empty() { Err(io::Error::other(REFUSED)) } else { Ok(allowed.into_iter()) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_this_machine_or_its_cloud_answers_is_refused() {
        for (address, usually, with_loopback) in [
            ("203.0.113.7", true, true),
            ("10.0.0.5", true, true),
            ("192.168.1.4", true, true),
            ("2001:db8::1", true, true),
            ("fd12::1", true, true),
            ("127.0.0.1", false, true),
            ("127.8.9.10", false, true),
            ("::1", false, true),
            ("::ffff:127.0.0.1", false, true),
            ("169.254.169.254", false, false),
            ("::ffff:169.254.169.254", false, false),
            ("fe80::1", false, false),
            ("fd00:ec2::254", false, false),
            ("100.100.100.200", false, false),
            ("0.0.0.0", false, false),
            ("::", false, false),
            ("224.0.0.1", false, false),
            ("255.255.255.255", false, false),
            ("ff02::1", false, false),
        ] {
            let ip: IpAddr = address.parse().unwrap();
            assert_eq!((is_allowed(ip, false), is_allowed(ip, true)), (usually, with_loopback), "{address}");
        }
    }

    #[tokio::test]
    async fn a_name_of_this_machine_is_refused_too() {
        let name = || "localhost".parse::<Name>().unwrap();
        let refused = Resolver { allows_loopback: false }.call(name()).await.unwrap_err();
        assert_eq!(refused.to_string(), REFUSED);
        assert!(Resolver { allows_loopback: true }.call(name()).await.unwrap().count() > 0);
    }
}
