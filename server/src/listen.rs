//! The listener: takes connections, with TLS where there is a certificate, and bounds what they may hold.
//!
//! `axum::serve` has no limit on connections and waits for ever for a request's head; whoever opens connections and says
//! nothing would take all of them. Hyper has what is needed; this is the loop around it.

pub mod tls;

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;
use tracing::{debug, warn};

use crate::metrics;
use tls::Certificate;

/// What connections may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most connections at a time. Further ones wait in the system's queue.
    pub connections: usize,
    /// How long a TLS handshake may take, and how long the head of a request may take to come: counted from the opening, and
    /// anew after each answer, so that it also ends connections that nobody uses. As long may nothing of an answer be taken.
    pub head: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 4096, head: Duration::from_secs(20) }
    }
}

/// The most requests at a time in one connection of HTTP/2. A page asks for five.
const STREAMS: u32 = 64;
/// A connection of HTTP/2 that answers no ping for so long is let go.
const SILENCE: Duration = Duration::from_secs(20);
/// The pause after the system gave no connection: for want of file descriptors, most likely.
const BREATH: Duration = Duration::from_millis(200);

/// A bound address.
pub struct Listener {
    tcp: TcpListener,
    certificate: Option<Arc<Certificate>>,
    limits: Limits,
}

impl Listener {
    /// Binds an address. With a certificate, everything on it is TLS.
    pub async fn bind(address: SocketAddr, certificate: Option<Arc<Certificate>>, limits: Limits) -> io::Result<Self> {
        Ok(Self { tcp: TcpListener::bind(address).await?, certificate, limits })
    }

    /// The address that was bound: with port 0, the port that was found.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }

    /// Answers until `cancel` is cancelled; then takes no more, and waits for what is under way, for `farewell` at most.
    pub async fn serve(self, router: Router, cancel: CancellationToken, farewell: Duration) {
        let room = Arc::new(Semaphore::new(self.limits.connections));
        let connections = TaskTracker::new();
        let acceptor = self.certificate.as_ref().map(|certificate| TlsAcceptor::from(certificate.config()));
        loop {
            let taken = tokio::select! {
                () = cancel.cancelled() => break,
                taken = self.take(&room) => taken,
            };
            let Some((stream, peer, permit)) = taken else { continue };
            let connection =
                Connection { router: router.clone(), peer, head: self.limits.head, leaving: cancel.clone(), permit };
            match acceptor.clone() {
                Some(acceptor) => drop(connections.spawn(connection.serve_by_tls(acceptor, stream))),
                None => drop(connections.spawn(connection.serve(stream, false))),
            }
        }
        drop(self.tcp);
        connections.close();
        if timeout(farewell, connections.wait()).await.is_err() {
            warn!("some requests did not end within {} s", farewell.as_secs());
        }
    }

    /// The next connection; `None` when the system gave none.
    async fn take(&self, room: &Arc<Semaphore>) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        // Asked for first: what cannot be served is not taken. It fails only when the semaphore is closed, which nobody does.
        let permit = room.clone().acquire_owned().await.ok()?;
        match self.tcp.accept().await {
            Ok((stream, peer)) => {
                // Small frames must not wait for the acknowledgement of the frame before (Nagle's algorithm).
                if let Err(error) = stream.set_nodelay(true) {
                    debug!("a connection keeps its delay: {error}");
                }
                Some((stream, peer, permit))
            }
            // It was gone before it was taken.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => None,
            Err(error) => {
                warn!("no connection can be taken: {error}");
                sleep(BREATH).await;
                None
            }
        }
    }
}

/// What a connection does.
#[derive(Default)]
struct Activity {
    /// Requests that are being answered.
    under_way: AtomicUsize,
    /// Requests that came.
    begun: AtomicUsize,
}

/// A request that is being answered.
struct UnderWay(Arc<Activity>);

impl Activity {
    fn begin(self: &Arc<Self>) -> UnderWay {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(self.clone())
    }

    /// Waits until nothing was asked for so long, and nothing is being answered.
    async fn rested(&self, long: Duration) {
        loop {
            let before = self.begun.load(Ordering::Relaxed);
            sleep(long).await;
            if self.under_way.load(Ordering::Relaxed) == 0 && self.begun.load(Ordering::Relaxed) == before {
                return;
            }
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One connection on its way.
struct Connection {
    router: Router,
    peer: SocketAddr,
    head: Duration,
    /// Cancelled when it should end after what is under way.
    leaving: CancellationToken,
    permit: OwnedSemaphorePermit,
}

impl Connection {
    async fn serve_by_tls(self, acceptor: TlsAcceptor, stream: TcpStream) {
        match timeout(self.head, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => {
                let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                self.serve(stream, is_http2).await;
            }
            Ok(Err(error)) => debug!(peer = %self.peer, "no TLS came about: {error}"),
            Err(_) => debug!(peer = %self.peer, "no TLS came about in time"),
        }
    }

    /// Which version is spoken is known from the handshake, and without one it is 1.1. Hyper would find out by reading, and
    /// waits for ever for who says nothing.
    async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S, is_http2: bool) {
        let Self { router, peer, head, leaving, permit } = self;
        let _counted = metrics::connection();
        let activity = Arc::new(Activity::default());
        let seen = activity.clone();
        let answer = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            let (router, under_way) = (router.clone(), seen.begin());
            async move {
                let answered = router.oneshot(request.map(Body::new)).await;
                drop(under_way);
                Ok::<_, Infallible>(answered.unwrap_or_else(|never| match never {}))
            }
        });
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(head));
        let (stream, timer) = (TokioIo::new(Box::pin(stream)), TokioTimer::new());
        let ended = if is_http2 {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder.timer(timer).max_concurrent_streams(STREAMS);
            builder.keep_alive_interval(SILENCE).keep_alive_timeout(SILENCE);
            let mut connection = pin!(builder.serve_connection(stream, answer));
            let mut is_asked = false;
            loop {
                tokio::select! {
                    ended = &mut connection => break ended,
                    () = leaving.cancelled(), if !is_asked => {
                        is_asked = true;
                        connection.as_mut().graceful_shutdown();
                    }
                    // Hyper has no such limit for this version: not before the first request, and not after one.
                    () = activity.rested(head) => {
                        if is_asked {
                            break Ok(());
                        }
                        is_asked = true;
                        connection.as_mut().graceful_shutdown();
                    }
                }
            }
        } else {
            let mut builder = http1::Builder::new();
            builder.timer(timer).header_read_timeout(head);
            let mut connection = pin!(builder.serve_connection(stream, answer).with_upgrades());
            tokio::select! {
                ended = &mut connection => ended,
                () = leaving.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        };
        if let Err(error) = ended {
            debug!(%peer, "a connection ended badly: {error}");
        }
        drop(permit);
    }
}

#[cfg(test)]
mod tests;
