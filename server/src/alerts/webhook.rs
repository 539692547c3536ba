//! Posting to a webhook: once, for a short time, without following where it points.

use std::time::Duration;

use bytes::Bytes;
use domain::alert::notice::Notice;
use domain::registry::Webhook;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{Request, Uri};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use url::{Host, Url};

use super::guard::{REFUSED, Resolver, is_allowed};
use super::shape;

/// Time for one answer, from the name's resolution to the status.
const PATIENCE: Duration = Duration::from_secs(15);
/// The longest address, in bytes.
const LONGEST_URL: u64 = 8 * 1024;

/// Posts to webhooks.
pub struct Webhooks {
    client: Client<HttpsConnector<HttpConnector<Resolver>>, Full<Bytes>>,
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
    #[error("{REFUSED}")]
    Refused,
    /// Nothing came.
    #[error("no answer within 15 s")]
    Slow,
    /// No connection, or it broke.
    #[error("the connection failed: {0}")]
    Broken(String),
    /// It does not want it.
    #[error("it answered {0}")]
    Status(u16),
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
        let request = Request::post(url)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("quarterdeck/", env!("CARGO_PKG_VERSION")))
            .header("idempotency-key", id)
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| WebhookError::Address)?;
        let answer = tokio::time::timeout(PATIENCE, self.client.request(request)).await;
        let response = answer.map_err(|_| WebhookError::Slow)?.map_err(|error| WebhookError::Broken(chain(&error)))?;
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
        if literal.is_some_and(|address| !is_allowed(address, self.allows_loopback)) {
            return Err(WebhookError::Refused);
        }
        url.as_str().parse().map_err(|_| WebhookError::Address)
    }
}

/// A file of a few bytes.
async fn read(file: &str) -> std::io::Result<String> {
    use tokio::io::AsyncReadExt as _;
    let mut text = String::new();
    tokio::fs::File::open(file).await?.take(LONGEST_URL).read_to_string(&mut text).await?;
    Ok(text)
}

/// What went wrong, down to what the system said.
fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        source = cause.source();
    }
    domain::text::plain(&words, 300).into_owned()
}
