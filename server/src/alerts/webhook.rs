//! Posting to a webhook: once, for a short time, without following where it points.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use domain::alert::notice::Notice;
use domain::registry::Webhook;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{Request, Uri};
use hyper::body::{Body, Frame, SizeHint};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use url::{Host, Url};

use super::resolver::{NameError, Resolver};
use super::{shape, trouble};
use crate::address::refusal;

/// Time for one answer, from the name's resolution to the status.
const PATIENCE: Duration = Duration::from_secs(15);
/// The longest address, in bytes.
const LONGEST_URL: u64 = 8 * 1024;

/// Posts to webhooks.
pub struct Webhooks {
    client: Client<HttpsConnector<HttpConnector<Resolver>>, Watched>,
    allows_loopback: bool,
}

/// Why a notice did not arrive. Shown on the page and kept: the address is a secret and never part of it, nor is what was answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum WebhookError {
    /// Nothing holds the address.
    #[error("the variable {0} with the address is not set")]
    NoVariable(String),
    /// The file with the address.
    #[error("the file {0} with the address cannot be read: {1}")]
    File(String, String),
    /// Neither is named.
    #[error("the registry does not say where its address stands")]
    Nowhere,
    /// It is none.
    #[error("what stands for the address is none: write https://host/path")]
    Address,
    /// Loopback and the like.
    #[error(transparent)]
    Refused(NameError),
    /// It could not be sent within the time.
    #[error("no connection within 15 s")]
    Slow,
    /// No connection.
    #[error("{0}")]
    Broken(String),
    /// It was sent, and nothing says whether it arrived.
    #[error("it was sent, and there was no answer: {0}")]
    Unanswered(String),
    /// It does not want it.
    #[error("it answered {0}")]
    Status(u16),
}

impl WebhookError {
    /// Whether it may have arrived all the same.
    pub(super) fn may_have_arrived(&self) -> bool {
        match self {
            Self::Unanswered(_) => true,
            Self::NoVariable(_)
            | Self::File(..)
            | Self::Nowhere
            | Self::Address
            | Self::Refused(_)
            | Self::Slow
            | Self::Broken(_)
            | Self::Status(_) => false,
        }
    }
}

/// A body that tells when a connection took it: from then on it may have arrived.
struct Watched {
    bytes: Option<Bytes>,
    taken: Arc<AtomicBool>,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.taken.store(true, Ordering::Release);
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

impl Webhooks {
    /// Trusts what this machine trusts.
    pub fn new(allows_loopback: bool) -> std::io::Result<Self> {
        let mut connector = HttpConnector::new_with_resolver(Resolver { allows_loopback });
        connector.enforce_http(false);
        // Named, because more than one is compiled in and rustls would not choose.
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let builder = HttpsConnectorBuilder::new().with_provider_and_native_roots(provider)?;
        let connector = builder.https_or_http().enable_http1().wrap_connector(connector);
        // Minutes apart: no connection is kept.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(Self { client, allows_loopback })
    }

    /// Posts a notice.
    pub(super) async fn post(&self, webhook: &Webhook, id: &str, notice: &Notice) -> Result<(), WebhookError> {
        let url = self.address(webhook).await?;
        let body = shape::body(webhook.shape, id, notice).to_string();
        let taken = Arc::new(AtomicBool::new(false));
        let request = Request::post(url)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("quarterdeck/", env!("CARGO_PKG_VERSION")))
            .header("idempotency-key", id)
            .body(Watched { bytes: Some(Bytes::from(body)), taken: taken.clone() })
            .map_err(|_| WebhookError::Address)?;
        let answer = tokio::time::timeout(PATIENCE, self.client.request(request)).await;
        let was_taken = taken.load(Ordering::Acquire);
        let response = match answer {
            Ok(Ok(response)) => response,
            Ok(Err(error)) if was_taken => return Err(WebhookError::Unanswered(trouble::words(&error))),
            Ok(Err(error)) => return Err(WebhookError::Broken(trouble::words(&error))),
            Err(_) if was_taken => return Err(WebhookError::Unanswered("none within 15 s".to_owned())),
            Err(_) => return Err(WebhookError::Slow),
        };
        // What else it says is not read. A redirect is an answer like any other, and not what was asked for.
        let status = response.status();
        if status.is_success() { Ok(()) } else { Err(WebhookError::Status(status.as_u16())) }
    }

    /// The address, read anew each time: whoever changes the secret need not start the program again.
    async fn address(&self, webhook: &Webhook) -> Result<Uri, WebhookError> {
        let text = match (&webhook.url_env, &webhook.url_file) {
            (Some(variable), _) => std::env::var(variable).map_err(|_| WebhookError::NoVariable(variable.clone()))?,
            (None, Some(file)) => {
                read(file).await.map_err(|error| WebhookError::File(file.clone(), error.kind().to_string()))?
            }
            (None, None) => return Err(WebhookError::Nowhere),
        };
        let url = Url::parse(text.trim()).map_err(|_| WebhookError::Address)?;
        if !matches!(url.scheme(), "https" | "http") || !url.username().is_empty() || url.password().is_some() {
            return Err(WebhookError::Address);
        }
        // A connector resolves names only.
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(address.into()),
            Some(Host::Ipv6(address)) => Some(address.into()),
            Some(Host::Domain(_)) => None,
            None => return Err(WebhookError::Address),
        };
        if let Some(kind) = literal.and_then(|address| refusal(address, self.allows_loopback)) {
            return Err(WebhookError::Refused(NameError::Refused(kind)));
        }
        url.as_str().parse().map_err(|_| WebhookError::Address)
    }
}

/// A file of a few bytes.
async fn read(file: &str) -> std::io::Result<String> {
    use tokio::io::AsyncReadExt as _;
    let read = async {
        // Others are devices and pipes, which may never end or never begin.
        if !tokio::fs::metadata(file).await?.is_file() {
            return Err(std::io::ErrorKind::Unsupported.into());
        }
        let mut text = String::new();
        tokio::fs::File::open(file).await?.take(LONGEST_URL).read_to_string(&mut text).await?;
        Ok(text)
    };
    // A mount that is gone answers nothing at all.
    tokio::time::timeout(PATIENCE, read).await.unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()))
}

#[cfg(test)]
mod tests {
    use domain::registry::Shape;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// What comes of a notice where the other end reads so much, says something and goes.
    async fn post_to(reads: bool, says: &'static [u8]) -> Result<(), WebhookError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let end = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            if reads {
                let (mut read, mut buffer) = (Vec::new(), [0; 4096]);
                while !read.ends_with(b"}") {
                    let count = stream.read(&mut buffer).await.unwrap();
                    read.extend_from_slice(&buffer[..count]);
                }
            }
            stream.write_all(says).await.unwrap();
        });
        let result = post(&format!("http://{address}/secret")).await;
        end.await.unwrap();
        result
    }

    async fn post(url: &str) -> Result<(), WebhookError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("url");
        std::fs::write(&file, url).unwrap();
        let webhook = Webhook { url_env: None, url_file: Some(file.display().to_string()), shape: Shape::Json };
        Webhooks::new(true).unwrap().post(&webhook, "ab", &Notice::test("ab", "kim", None, 0)).await
    }

    #[tokio::test]
    async fn what_was_sent_without_an_answer_is_told_apart_from_what_was_not_sent() {
        assert_eq!(post_to(true, b"HTTP/1.1 204 No Content\r\n\r\n").await, Ok(()));
        let busy = post_to(true, b"HTTP/1.1 503 Later\r\ncontent-length: 0\r\n\r\n").await.unwrap_err();
        assert_eq!((&busy, busy.may_have_arrived()), (&WebhookError::Status(503), false));
        let gone = post_to(true, b"").await.unwrap_err();
        assert!(gone.may_have_arrived(), "{gone}");
        let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let refused = post(&format!("http://{nobody}/")).await.unwrap_err();
        assert_eq!(refused, WebhookError::Broken("the connection was refused".into()));
        assert!(!refused.may_have_arrived());
        let link_local = post("http://169.254.169.254/").await.unwrap_err();
        assert_eq!(link_local, WebhookError::Refused(NameError::Refused("the metadata service of a cloud")));
    }

    #[tokio::test]
    async fn what_is_no_file_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let file = pipe.display().to_string();
        let webhook = Webhook { url_env: None, url_file: Some(file.clone()), shape: Shape::Json };
        let refused = Webhooks::new(true).unwrap().post(&webhook, "ab", &Notice::test("ab", "kim", None, 0)).await;
        assert_eq!(refused, Err(WebhookError::File(file, "unsupported".into())));
    }
}
