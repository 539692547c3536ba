//! A client that reads: what would change something does not leave.

use std::future::{Ready, ready};
use std::task::{Context, Poll};

use futures::future::Either;
use http::{Method, Request, Response};
use kube::client::Body;
use tower::{BoxError, Service};

/// Something else than a question was to be sent by a connection that only reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this connection only reads")]
pub struct NotReading;

/// A client's service that lets only `GET` through.
#[derive(Debug, Clone)]
pub struct ReadOnly<S>(pub S);

impl<S, B> Service<Request<Body>> for ReadOnly<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Error: Into<BoxError>,
{
    type Response = Response<B>;
    type Error = BoxError;
    type Future = Either<Ready<Result<Response<B>, BoxError>>, futures::future::ErrInto<S::Future, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if *request.method() != Method::GET {
            return Either::Left(ready(Err(NotReading.into())));
        }
        Either::Right(futures::TryFutureExt::err_into(self.0.call(request)))
    }
}
