//! What is asked of a provider over the network: little, for a short time, and without following where it points.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use url::Url;

use super::settings::is_loopback;

/// The largest answer that is read: a set of keys takes a hundredth of it.
const LONGEST_ANSWER_BYTES: usize = 1024 * 1024;

/// Asks a provider.
pub(super) struct Wire {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// Whether `http` to this machine is fine, because the provider itself is there.
    plain: bool,
    /// Time for one answer, from the first byte of the connection to the last of the body.
    patience: Duration,
}

/// Why there is no answer. Nothing that the provider wrote is repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// The address is none that we ask.
    #[error("it names an address that is not https")]
    Address,
    /// Nothing came.
    #[error("no answer in time")]
    Slow,
    /// Too much came.
    #[error("an answer of more than 1 MiB")]
    Large,
    /// No connection, or it broke.
    #[error("the connection failed: {0}")]
    Broken(String),
}

impl Wire {
    /// Trusts what this machine trusts. `plain`: the provider is on this machine and speaks without TLS.
    pub fn new(plain: bool, patience: Duration) -> std::io::Result<Self> {
        // Named, because more than one is compiled in and rustls would not choose.
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let builder = HttpsConnectorBuilder::new().with_provider_and_native_roots(provider)?;
        let builder = if plain { builder.https_or_http() } else { builder.https_only() };
        // Every answer is asked for by itself, minutes apart: no connection is kept.
        let client =
            Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(builder.enable_http1().build());
        Ok(Self { client, plain, patience })
    }

    /// Whether browsers and we may be sent to an address.
    pub fn allows(&self, url: &Url) -> bool {
        url.scheme() == "https" || (self.plain && url.scheme() == "http" && is_loopback(url))
    }

    /// Sends a request. A redirect is an answer like any other and is not followed.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, WireError> {
        let url = Url::parse(&request.uri().to_string()).map_err(|_| WireError::Address)?;
        if !self.allows(&url) {
            return Err(WireError::Address);
        }
        let answer = async {
            let response = self.client.request(request.map(|body| Full::new(Bytes::from(body)))).await;
            let (parts, body) = response.map_err(|error| WireError::Broken(chain(&error)))?.into_parts();
            let body = Limited::new(body, LONGEST_ANSWER_BYTES).collect().await.map_err(|error| {
                if error.is::<LengthLimitError>() { WireError::Large } else { WireError::Broken(chain(&*error)) }
            })?;
            Ok(HttpResponse::from_parts(parts, body.to_bytes().to_vec()))
        };
        tokio::time::timeout(self.patience, answer).await.map_err(|_| WireError::Slow)?
    }
}

impl<'c> AsyncHttpClient<'c> for Wire {
    type Error = WireError;
    // Named, because a closure's future is not seen to be `Send` for every lifetime.
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, WireError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// What went wrong, down to what the system said: `client error (Connect): tcp connect error: Connection refused`.
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
