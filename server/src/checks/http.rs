//! One `GET` of a check: a small answer, and no way to be sent elsewhere.

use bytes::Bytes;
use domain::check::trouble::Trouble;
use domain::registry::checks::TlsMode;
use http::header::{ACCEPT, AUTHORIZATION, HOST, HeaderValue, USER_AGENT};
use http_body_util::{BodyExt as _, Empty, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use url::Url;

use super::wire::Reach;

/// The largest body that is read.
const LONGEST_BODY_BYTES: usize = 64 * 1024;

/// Asks an address. A redirect is an answer like any other and is not followed. `token`: sent as a bearer token.
pub async fn get(reach: &Reach, url: &Url, token: Option<&str>) -> Result<(u16, Bytes), Trouble> {
    let host = url.host_str().ok_or(Trouble::Unresolved)?;
    let port = url.port_or_known_default().ok_or(Trouble::Unresolved)?;
    let mode = if url.scheme() == "https" { TlsMode::Verify } else { TlsMode::Disable };
    let stream = reach.open(host, port, mode).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| of_hyper(&error))?;
    let authority = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let path = match url.query() {
        Some(query) => [url.path(), "?", query].concat(),
        None => url.path().to_owned(),
    };
    let mut request = http::Request::get(path)
        .header(HOST, authority)
        .header(USER_AGENT, "Quarterdeck")
        .header(ACCEPT, "application/json, */*");
    if let Some(token) = token {
        let mut value = HeaderValue::try_from(format!("Bearer {token}"))
            .map_err(|_| Trouble::Credential("it holds characters that no token has".into()))?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(|_| Trouble::Unresolved)?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(|error| of_hyper(&error))?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), LONGEST_BODY_BYTES).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                Trouble::Large(LONGEST_BODY_BYTES)
            } else {
                Trouble::Connection("the connection broke in the middle of the answer".into())
            }
        })?;
        Ok((status, body.to_bytes()))
    };
    // The connection is driven here, and ends with the answer.
    tokio::pin!(answer);
    tokio::pin!(connection);
    tokio::select! {
        answer = &mut answer => answer,
        ended = &mut connection => match ended {
            // Closed after the last byte: what came is read to its end.
            Ok(()) => answer.await,
            Err(error) => Err(of_hyper(&error)),
        },
    }
}

fn of_hyper(error: &hyper::Error) -> Trouble {
    if error.is_parse() {
        Trouble::Garbled
    } else {
        Trouble::Connection("the connection was closed before the answer".into())
    }
}
