//! The listener, over real connections.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::routing::get;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::tls::TlsFiles;
use super::tls::tests::issue;
use super::*;

/// More than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(20);
/// A request that asks for the connection to be kept.
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// A listener that is being served.
struct Served {
    address: SocketAddr,
    cancel: CancellationToken,
    /// The handler of `/slow` waits for it.
    go_on: Arc<Notify>,
    /// Told when `/slow` was asked for.
    asked: Arc<Notify>,
    task: tokio::task::JoinHandle<()>,
}

impl Served {
    async fn start(certificate: Option<Certificate>, limits: Limits) -> Self {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), certificate.map(Arc::new), limits).await.unwrap();
        let address = listener.address().unwrap();
        let (cancel, go_on, asked) = (CancellationToken::new(), Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = |State((asked, go_on)): State<(Arc<Notify>, Arc<Notify>)>| async move {
            asked.notify_one();
            go_on.notified().await;
            "slow\n"
        };
        let router = Router::new()
            .route("/", get(|ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { format!("{}\n", peer.ip()) }))
            .route("/slow", get(slow))
            .route("/large", get(|| async { vec![b'x'; 64 << 20] }))
            .with_state((asked.clone(), go_on.clone()));
        let task = tokio::spawn(listener.serve(router, cancel.clone(), LONG));
        Self { address, cancel, go_on, asked, task }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

/// Reads until a text has come.
async fn read_to<S: AsyncRead + Unpin>(stream: &mut S, end: &str) -> String {
    let mut text = String::new();
    while !text.contains(end) {
        let mut bytes = [0; 4096];
        let count = timeout(LONG, stream.read(&mut bytes)).await.expect("nothing came").unwrap();
        assert!(count > 0, "it ended with: {text}");
        text.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    text
}

/// Waits until the other end closes.
async fn ended(stream: &mut TcpStream, what: &str) {
    let mut rest = Vec::new();
    // Closed with something unread is a reset; that is an end too.
    _ = timeout(LONG, stream.read_to_end(&mut rest)).await.unwrap_or_else(|_| panic!("it stays open: {what}"));
}

fn brief(connections: usize) -> Limits {
    Limits { connections, head: Duration::from_millis(300) }
}

#[tokio::test]
async fn who_says_nothing_is_let_go() {
    let served = Served::start(None, brief(10)).await;
    for begin in [&b""[..], b"GET / HTTP/1.1\r\nhost: loc", REQUEST] {
        let mut stream = served.connect().await;
        stream.write_all(begin).await.unwrap();
        ended(&mut stream, &String::from_utf8_lossy(begin)).await;
    }
}

#[tokio::test]
async fn who_reads_nothing_is_let_go() {
    let served = Served::start(None, brief(10)).await;
    let mut stream = served.connect().await;
    stream.write_all(b"GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    // More is written until what lies between is full and the other end gave up.
    let gone = async { while stream.write_all(REQUEST).await.is_ok() {} };
    timeout(LONG, gone).await.expect("it stays open");
}

#[tokio::test]
async fn a_handshake_that_does_not_come_is_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, _) = certificate(folder.path());
    let served = Served::start(Some(certificate), brief(10)).await;
    ended(&mut served.connect().await, "no handshake").await;
}

#[tokio::test]
async fn who_is_silent_in_the_second_version_is_let_go_too() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, connector) = certificate(folder.path());
    let served = Served::start(Some(certificate), brief(10)).await;
    for begin in [&b""[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"] {
        let mut stream = by_tls(&served, connector(b"h2")).await;
        stream.write_all(begin).await.unwrap();
        let mut rest = Vec::new();
        _ = timeout(LONG, stream.read_to_end(&mut rest)).await.unwrap_or_else(|_| panic!("it stays open: {begin:?}"));
    }
}

#[tokio::test]
async fn further_connections_wait_until_there_is_room() {
    let served = Served::start(None, Limits { connections: 1, head: LONG }).await;
    let mut first = served.connect().await;
    first.write_all(REQUEST).await.unwrap();
    read_to(&mut first, "127.0.0.1\n").await;
    let mut second = served.connect().await;
    second.write_all(REQUEST).await.unwrap();
    let mut bytes = [0; 1];
    let early = timeout(Duration::from_millis(200), second.read(&mut bytes)).await;
    assert!(early.is_err(), "the second was served beside the first");
    drop(first);
    read_to(&mut second, "127.0.0.1\n").await;
}

#[tokio::test]
async fn what_is_under_way_is_finished_and_nothing_new_begins() {
    let served = Served::start(None, Limits::default()).await;
    let mut stream = served.connect().await;
    stream.write_all(b"GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    timeout(LONG, served.asked.notified()).await.unwrap();
    served.cancel.cancel();
    // The socket that listens is closed once the loop saw it.
    while TcpStream::connect(served.address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    served.go_on.notify_one();
    read_to(&mut stream, "slow\n").await;
    ended(&mut stream, "the end").await;
    timeout(LONG, served.task).await.expect("it does not end").unwrap();
}

/// A certificate, and a client that trusts it and speaks one protocol.
fn certificate(folder: &std::path::Path) -> (Certificate, impl Fn(&[u8]) -> TlsConnector + use<>) {
    let files = TlsFiles { certificate: folder.join("tls.crt"), key: folder.join("tls.key") };
    let issued = issue(&files);
    let connector = move |protocol: &[u8]| {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(issued.clone())).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        TlsConnector::from(Arc::new(config))
    };
    (Certificate::read(files).unwrap(), connector)
}

async fn by_tls(served: &Served, connector: TlsConnector) -> TlsStream<TcpStream> {
    let name = ServerName::try_from("localhost").unwrap();
    connector.connect(name, served.connect().await).await.unwrap()
}

#[tokio::test]
async fn tls_carries_both_versions_of_http() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, connector) = certificate(folder.path());
    let served = Served::start(Some(certificate), Limits::default()).await;

    let mut stream = by_tls(&served, connector(b"http/1.1")).await;
    stream.write_all(REQUEST).await.unwrap();
    read_to(&mut stream, "127.0.0.1\n").await;

    let stream = by_tls(&served, connector(b"h2")).await;
    let (mut send, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("https://localhost/").body(Empty::<Bytes>::new()).unwrap();
    let answer = timeout(LONG, send.send_request(request)).await.unwrap().unwrap();
    assert_eq!((answer.status(), answer.version()), (StatusCode::OK, http::Version::HTTP_2));
    assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "127.0.0.1\n");

    // Whoever speaks plain HTTP gets no answer.
    let mut plain = served.connect().await;
    plain.write_all(REQUEST).await.unwrap();
    let mut answer = Vec::new();
    _ = timeout(LONG, plain.read_to_end(&mut answer)).await.unwrap();
    assert!(!String::from_utf8_lossy(&answer).contains("HTTP/1.1 200"));
}
