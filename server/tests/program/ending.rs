//! How it ends, and what programs are told of it.

use std::time::Duration;

use futures::StreamExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::bench::{Ask, LONG, Program, Setup};

/// The socket of a tab, until it is closed: the code it was closed with.
async fn watch(program: &Program, cookie: &str) -> tokio::task::JoinHandle<Option<u16>> {
    let address = program.address;
    let mut request = format!("ws://{address}/live").into_client_request().unwrap();
    request.headers_mut().insert("origin", format!("http://{address}").parse().unwrap());
    request.headers_mut().insert("cookie", cookie.parse().unwrap());
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut socket, _) = client_async(request, stream).await.unwrap();
    // It is live once it said something.
    timeout(LONG, socket.next()).await.unwrap().unwrap().unwrap();
    tokio::spawn(async move {
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Close(frame) = message {
                return frame.map(|frame| frame.code.into());
            }
        }
        None
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn asked_to_end_it_says_so_and_goes_in_order() {
    let setup = Setup::new().flags(&["--drain", "60"]);
    setup.add_person("kim");
    let mut program = setup.start().await;
    let cookie = program.sign_in("kim").await;
    program.until("it is ready", "/readyz?verbose", "", |answer| answer.status == 200).await;
    let tab = watch(&program, &cookie).await;

    program.signal("-TERM");
    let leaving = program.until("it leaves", "/readyz?verbose", "", |answer| answer.status == 503).await;
    assert!(leaving.body.contains("[-] program: it was asked to end"), "{}", leaving.body);
    // Until others took over, it answers on.
    assert_eq!(program.get("/", &cookie).await.status, 200);
    // Whoever asks twice does not want to wait.
    let begin = Instant::now();
    program.signal("-TERM");
    let code = timeout(LONG, tab).await.unwrap().unwrap();
    assert_eq!(code, Some(1012), "a tab is told that it may come back at once");
    assert!(program.ended().await.success());
    assert!(begin.elapsed() < Duration::from_secs(25), "it took {:?}", begin.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_it_ends_at_once_whatever_hangs() {
    let setup = Setup::new().flags(&["--drain", "300"]);
    setup.add_person("kim");
    let mut program = setup.start().await;
    let cookie = program.sign_in("kim").await;
    let tab = watch(&program, &cookie).await;
    // Somebody who sends half a request and waits.
    let mut hanging = TcpStream::connect(program.address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut hanging, b"POST /sign-in HTTP/1.1\r\ncontent-le").await.unwrap();
    let begin = Instant::now();
    program.signal("-INT");
    assert!(program.ended().await.success());
    assert!(begin.elapsed() < Duration::from_secs(25), "it took {:?}", begin.elapsed());
    assert_eq!(timeout(LONG, tab).await.unwrap().unwrap(), Some(1012));
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_have_a_listener_of_their_own() {
    let setup = Setup::new();
    setup.add_person("kim");
    let program = setup.start().await;
    let cookie = program.sign_in("kim").await;
    program.get("/", &cookie).await;
    program.until("it is ready", "/readyz?verbose", "", |answer| answer.status == 200).await;
    let private = |path| Ask { private: true, ..Ask::get(path) };
    assert_eq!(program.ask(&private("/livez")).await.body, "ok\n");
    assert_eq!(program.ask(&private("/readyz")).await.body, "ok\n");
    let counted = program.ask(&private("/metrics")).await;
    assert!(counted.header("content-type").starts_with("application/openmetrics-text"));
    for line in [
        "quarterdeck_requests_total{endpoint=\"/\",status=\"200\"} 1",
        "quarterdeck_sign_ins_total{outcome=\"Done\"} 1",
        "quarterdeck_cluster_live{cluster=\"main\"} 0",
        "quarterdeck_database_up 1",
    ] {
        assert!(counted.body.contains(line), "{line} is not in\n{}", counted.body);
    }
    // Neither does one have the pages of the other.
    assert_eq!(program.ask(&Ask { cookie: &cookie, ..private("/people") }).await.status, 404);
    assert_eq!(program.get("/metrics", &cookie).await.status, 404);
    assert_eq!(program.get("/metrics", "").await.status, 303);
}
