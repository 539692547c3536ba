//! How much of an answer is read. A server without measure must not eat the memory of a console that shows others too.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::HttpBody;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::{Request, Response, Uri};
use kube::client::Body;
use tower::{BoxError, Service};

/// The most bytes of an answer. A page of 500 pods takes a quarter of this.
const MOST_OF_ANSWER: usize = 32 << 20;
/// The most bytes of a line of a watch. etcd takes objects of 1.5 MiB.
const MOST_OF_LINE: usize = 8 << 20;

/// Whether an answer is a log that is as long as its container wrote. Whoever asks without `limitBytes` splits it into lines of bounded
/// length and keeps a bounded number of them.
fn is_endless(uri: &Uri) -> bool {
    let is_log = uri.path().starts_with("/api/v1/namespaces/") && uri.path().ends_with("/log");
    is_log && !uri.query().unwrap_or_default().split('&').any(|parameter| parameter.starts_with("limitBytes="))
}

/// More came than is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("more than {} MiB in one {}", .at_most >> 20, if *.of_line { "line of a watch" } else { "answer" })]
pub struct TooLong {
    /// How many bytes are read.
    at_most: usize,
    /// Whether it is about a line of a watch: a watch itself may be as long as it likes.
    of_line: bool,
}

impl TooLong {
    /// This, if it is the reason of an error.
    pub fn behind(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(found) = error.downcast_ref::<Self>() {
                return Some(*found);
            }
            cause = error.source();
        }
        None
    }
}

/// A client's service whose answers end with [`TooLong`] when they are.
#[derive(Debug, Clone)]
pub struct Limited<S>(S);

impl<S> Limited<S> {
    /// Limits what is read of the answers of a service.
    pub fn new(service: S) -> Self {
        Self(service)
    }
}

impl<S, B> Service<Request<Body>> for Limited<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<axum::body::Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let asked = request.uri().query().unwrap_or_default();
        let is_watch = asked.split('&').any(|parameter| matches!(parameter, "watch=true" | "watch=1"));
        let is_endless = is_endless(request.uri());
        let answer = self.0.call(request);
        Box::pin(async move {
            let answer = answer.await.map_err(Into::into)?;
            if is_endless && answer.status().is_success() {
                return Ok(answer.map(axum::body::Body::new));
            }
            let of_line = is_watch && answer.status().is_success();
            Ok(answer.map(|body| limited(body, of_line)))
        })
    }
}

fn limited<B>(body: B, of_line: bool) -> axum::body::Body
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let too_long = TooLong { at_most: if of_line { MOST_OF_LINE } else { MOST_OF_ANSWER }, of_line };
    let chunks = axum::body::Body::new(body).into_data_stream();
    let chunks = stream::unfold((chunks, 0usize), move |(mut chunks, read)| async move {
        if read > too_long.at_most {
            return None;
        }
        let chunk = chunks.next().await?.map_err(BoxError::from);
        let read = match &chunk {
            Ok(bytes) => length(read, bytes, of_line),
            Err(_) => read,
        };
        let chunk = if read > too_long.at_most { Err(too_long.into()) } else { chunk };
        Some((chunk, (chunks, read)))
    });
    axum::body::Body::from_stream(chunks)
}

/// How long it is with these bytes: of a watch its longest line so far, or the one that is under way.
fn length(read: usize, bytes: &Bytes, of_line: bool) -> usize {
    if !of_line {
        return read.saturating_add(bytes.len());
    }
    let mut lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::len);
    let first = read.saturating_add(lines.next().unwrap_or(0));
    match lines.next_back() {
        // A line that ended here was read as far as it was allowed.
        Some(last) if first <= MOST_OF_LINE => last,
        Some(_) | None => first,
    }
}
