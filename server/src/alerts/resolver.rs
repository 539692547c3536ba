//! Resolving the names of webhooks: to addresses that may be connected to, and the connection goes to exactly these.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::Name;
use tower::Service;

use crate::address::refusal;

/// Why a name leads nowhere. Inside of an [`io::Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NameError {
    /// What it leads to is never asked.
    #[error("the address is {0}, and is not connected to")]
    Refused(&'static str),
    /// No name server knows it.
    #[error("the name of the address cannot be resolved")]
    Unresolved,
}

/// Resolves names.
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
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found: Vec<SocketAddr> = found.map_err(|_| io::Error::other(NameError::Unresolved))?.collect();
            let kind = found.iter().find_map(|address| refusal(address.ip(), allows_loopback));
            let is_allowed = |address: &SocketAddr| refusal(address.ip(), allows_loopback).is_none();
            let allowed: Vec<SocketAddr> = found.into_iter().filter(is_allowed).collect();
            match kind {
                Some(kind) if allowed.is_empty() => Err(io::Error::other(NameError::Refused(kind))),
                Some(_) | None => Ok(allowed.into_iter()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_of_this_machine_is_refused() {
        let name = || "localhost".parse::<Name>().unwrap();
        let refused = Resolver { allows_loopback: false }.call(name()).await.unwrap_err();
        assert_eq!(refused.to_string(), NameError::Refused("a loopback address").to_string());
        assert!(Resolver { allows_loopback: true }.call(name()).await.unwrap().count() > 0);
    }
}
