//! Waiting until something really answers.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use kube::Client;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

const PAUSE: Duration = Duration::from_millis(100);
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Asks until the answer is yes. Gives up when `alive` says no, or after `limit`.
pub async fn until<F, Fut>(what: &str, limit: Duration, alive: impl Fn() -> bool, mut ask: F) -> Result<()>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<()>>,
{
    let since = Instant::now();
    loop {
        let refusal = match timeout(ANSWER_WITHIN, ask()).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error,
            Err(_) => anyhow::anyhow!("no answer within {} s", ANSWER_WITHIN.as_secs()),
        };
        if !alive() {
            return Err(refusal.context(format!("{what} ended")));
        }
        if since.elapsed() > limit {
            return Err(refusal.context(format!("{what} was not ready after {} s", limit.as_secs())));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether a plain HTTP server on loopback answers 200.
pub async fn http(port: u16, path: &str) -> Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.context("connecting")?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.context("asking")?;
    let mut answer = Vec::new();
    stream.take(4096).read_to_end(&mut answer).await.context("reading the answer")?;
    let first = String::from_utf8_lossy(&answer);
    let line = first.lines().next().unwrap_or_default();
    if line.split_whitespace().nth(1) == Some("200") { Ok(()) } else { bail!("{path} answered {line:?}") }
}

/// Whether a Kubernetes process answers on a path such as `/readyz`.
pub async fn kubernetes(client: &Client, path: &str) -> Result<()> {
    let request = http::Request::get(path).body(Vec::new()).context("making a request")?;
    client.request_text(request).await.map(drop).with_context(|| format!("asking {path}"))
}
