//! The socket, over a real connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::access::{Grants, Role};
use domain::frame::{Ask, CROWDED, Frame, Page, PageDelta, SIGNED_OUT, Topic};
use domain::name::{ComponentId, WorkloadKind};
use domain::query::{PodColumn, PodQuery, Sort};
use domain::session::Ending;
use domain::view::{Chrome, Person};
use futures::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{WebSocketStream, client_async};
use tokio_util::sync::CancellationToken;

use super::site::{cookie_of, deployment, lose, person, pod, rows, see, site, token};
use crate::clock;
use crate::http::{Site, router};
use crate::people::By;
use crate::people::token::Token;
use crate::rows::Rows;
use crate::store::{NewSession, SessionId};

/// More than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(20);

pub struct Server {
    rows: Arc<Rows>,
    pub site: Site,
    address: SocketAddr,
    cancel: CancellationToken,
}

impl Server {
    pub async fn start() -> Self {
        let rows = rows();
        let site = site(rows.clone()).await;
        let cancel = site.cancel.clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = router(site.clone());
        tokio::spawn(async move { axum::serve(listener, served).await.unwrap() });
        Self { rows, site, address, cancel }
    }

    async fn connect(&self) -> Tab {
        self.connect_as(Some(&token())).await
    }

    async fn connect_as(&self, token: Option<&Token>) -> Tab {
        self.connect_to("/live", token).await
    }

    pub async fn connect_to(&self, path: &str, token: Option<&Token>) -> Tab {
        let mut request = format!("ws://{}{path}", self.address).into_client_request().unwrap();
        request.headers_mut().insert("origin", format!("http://{}", self.address).parse().unwrap());
        if let Some(token) = token {
            request.headers_mut().insert("cookie", cookie_of(token).parse().unwrap());
        }
        let stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Tab { socket: client_async(request, stream).await.unwrap().0 }
    }
}

/// A tab's end of the socket.
pub struct Tab {
    pub socket: WebSocketStream<TcpStream>,
}

impl Tab {
    async fn ask(&mut self, number: u32, topic: Topic) {
        let bytes = postcard::to_allocvec(&Ask { number, topic }).unwrap();
        self.socket.send(Message::binary(bytes)).await.unwrap();
    }

    /// The next message that is no beat: what it says and how many bytes it has.
    async fn next(&mut self) -> (Frame, usize) {
        loop {
            let message = timeout(LONG, self.socket.next()).await.expect("nothing came").unwrap().unwrap();
            let Message::Binary(bytes) = message else { panic!("{message:?}") };
            let frame: Frame = postcard::from_bytes(&bytes).unwrap();
            if !matches!(frame, Frame::Beat(_)) {
                return (frame, bytes.len());
            }
        }
    }

    async fn greeting(&mut self) -> Chrome {
        let (Frame::Hello { build, now_ms }, _) = self.next().await else { panic!("no hello") };
        assert!(build.starts_with(env!("CARGO_PKG_VERSION")) && now_ms > 1_700_000_000_000);
        let (Frame::Chrome(chrome), _) = self.next().await else { panic!("no chrome") };
        assert_eq!(&*chrome.person.name, "viewer");
        Chrome { person: Person::default(), ..chrome }
    }

    /// Asks and takes the page.
    async fn open(&mut self, number: u32, topic: Topic) -> Page {
        self.ask(number, topic).await;
        match self.next().await {
            (Frame::Page { number: answered, page }, _) if answered == number => *page,
            other => panic!("{other:?}"),
        }
    }

    /// The next change, and its bytes on the wire.
    async fn change(&mut self, number: u32) -> (PageDelta, usize) {
        match self.next().await {
            (Frame::Change { number: of, change }, bytes) if of == number => (*change, bytes),
            other => panic!("{other:?}"),
        }
    }

    /// How the server ended it; a code if it said good-bye.
    pub async fn end(&mut self) -> Option<u16> {
        loop {
            match timeout(LONG, self.socket.next()).await.expect("the socket stays open") {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }
}

fn by_name(length: u16) -> PodQuery {
    PodQuery { sort: Sort { column: PodColumn::Name, descending: false }, length, ..PodQuery::default() }
}

#[tokio::test]
async fn a_tab_is_greeted_and_gets_each_page_it_asks_for() {
    let server = Server::start().await;
    see(&server.rows, [pod("web-7c9d-a", 0), deployment()]);
    let mut tab = server.connect().await;
    assert_eq!(tab.greeting().await, server.rows.seen_by(&Grants::everything()).chrome());
    let component = ComponentId {
        environment: "shop/production".parse().unwrap(),
        kind: WorkloadKind::Deployment,
        name: "web".parse().unwrap(),
    };
    let topics = [
        Topic::Wall,
        Topic::Environment("shop/production".parse().unwrap()),
        Topic::Environment("shop/nowhere".parse().unwrap()),
        Topic::Component(component),
        Topic::Pods(PodQuery::default()),
    ];
    for (number, topic) in (1..).zip(topics) {
        let page = tab.open(number, topic.clone()).await;
        assert_eq!(page, server.rows.seen_by(&Grants::everything()).page(&topic), "{topic:?}");
        assert_eq!(page == Page::Absent, topic == Topic::Environment("shop/nowhere".parse().unwrap()));
    }
}

/// The gate for the bytes of a change: no machine matters. Goal in performance.md: at most 100.
#[tokio::test]
async fn a_change_travels_as_what_changed_in_a_few_bytes() {
    let server = Server::start().await;
    see(&server.rows, (0..60).map(|number| pod(&format!("web-7c9d-{number:02}"), 0)));
    see(&server.rows, [deployment()]);
    let mut pods = server.connect().await;
    let mut wall = server.connect().await;
    pods.greeting().await;
    wall.greeting().await;
    let mut page = pods.open(7, Topic::Pods(by_name(50))).await;
    let mut columns = wall.open(8, Topic::Wall).await;
    see(&server.rows, [pod("web-7c9d-30", 1)]);
    for (tab, number, page, topic, most) in
        [(&mut pods, 7, &mut page, Topic::Pods(by_name(50)), 16), (&mut wall, 8, &mut columns, Topic::Wall, 20)]
    {
        let (change, bytes) = tab.change(number).await;
        assert!(bytes <= most, "a restart costs {bytes} bytes: {change:?}");
        page.apply(change).unwrap();
        assert_eq!(*page, server.rows.seen_by(&Grants::everything()).page(&topic));
    }
}

#[tokio::test]
async fn a_pod_that_fails_travels_in_at_most_a_hundred_bytes_and_its_words() {
    let server = Server::start().await;
    see(&server.rows, (0..60).map(|number| pod(&format!("web-7c9d-{number:02}"), 0)));
    let mut tab = server.connect().await;
    tab.greeting().await;
    let mut page = tab.open(1, Topic::Pods(by_name(50))).await;
    let mut sick = pod("web-7c9d-30", 4);
    sick["status"]["conditions"][0]["status"] = "False".into();
    sick["status"]["containerStatuses"][0]["ready"] = false.into();
    sick["status"]["containerStatuses"][0]["state"] = serde_json::json!({"waiting": {"reason": "CrashLoopBackOff"}});
    see(&server.rows, [sick]);
    let (change, bytes) = tab.change(1).await;
    page.apply(change).unwrap();
    let Page::Pods(view) = &page else { panic!("{page:?}") };
    let status = &view.rows[30].status;
    assert_eq!(&*status.word, "Crash loop");
    assert!(bytes <= 100 + status.why.len(), "{bytes} bytes");
    assert_eq!(page, server.rows.seen_by(&Grants::everything()).page(&Topic::Pods(by_name(50))));
}

#[tokio::test]
async fn rows_outside_the_window_cost_nothing_but_counts() {
    let server = Server::start().await;
    see(&server.rows, (0..20).map(|number| pod(&format!("web-7c9d-{number:02}"), 0)));
    let mut tab = server.connect().await;
    tab.greeting().await;
    let mut page = tab.open(1, Topic::Pods(by_name(5))).await;
    // Below the window: nothing at all is sent, so the next that comes is about the window.
    see(&server.rows, [pod("web-7c9d-15", 3)]);
    tokio::task::yield_now().await;
    see(&server.rows, [pod("web-7c9d-02", 9)]);
    let (change, _) = tab.change(1).await;
    let PageDelta::Pods { head: None, rows: Some(_) } = &change else { panic!("{change:?}") };
    page.apply(change).unwrap();
    // One more below the window: the counts.
    see(&server.rows, [pod("web-7c9d-99", 0)]);
    let (change, bytes) = tab.change(1).await;
    let PageDelta::Pods { head: Some(head), rows: None } = &change else { panic!("{change:?}") };
    assert_eq!((head.total, head.matching), (21, 21));
    assert!(bytes <= 12, "{bytes} bytes");
    page.apply(change).unwrap();
    // One above: it moves in.
    lose(&server.rows, "web-7c9d-00");
    let (change, _) = tab.change(1).await;
    page.apply(change).unwrap();
    assert_eq!(page, server.rows.seen_by(&Grants::everything()).page(&Topic::Pods(by_name(5))));
}

#[tokio::test]
async fn a_change_comes_at_once_and_a_burst_comes_as_one() {
    let server = Server::start().await;
    see(&server.rows, [pod("web-7c9d-a", 0)]);
    let mut tab = server.connect().await;
    tab.greeting().await;
    let mut page = tab.open(1, Topic::Pods(by_name(5))).await;
    let mut frames = 0;
    for restarts in 1..=1000 {
        see(&server.rows, [pod("web-7c9d-a", restarts)]);
    }
    let last = server.rows.seen_by(&Grants::everything()).page(&Topic::Pods(by_name(5)));
    while page != last {
        let (change, _) = tab.change(1).await;
        page.apply(change).unwrap();
        frames += 1;
    }
    assert!(frames <= 100, "{frames} frames for a burst of 1000 changes");
}

#[tokio::test]
async fn a_tab_that_reads_nothing_delays_no_other() {
    let server = Server::start().await;
    see(&server.rows, (0..200).map(|number| pod(&format!("web-7c9d-{number:03}"), 0)));
    let mut deaf = server.connect().await;
    let mut tab = server.connect().await;
    tab.greeting().await;
    tab.open(1, Topic::Pods(by_name(5))).await;
    // Far more than the buffers between us hold: from somewhere in there the server's end can only wait.
    for number in 0..1000 {
        let bytes = postcard::to_allocvec(&Ask { number, topic: Topic::Pods(by_name(200)) }).unwrap();
        if timeout(Duration::from_millis(200), deaf.socket.send(Message::binary(bytes))).await.is_err() {
            break;
        }
    }
    for restarts in 1..=20 {
        let started = Instant::now();
        see(&server.rows, [pod("web-7c9d-000", restarts)]);
        tab.change(1).await;
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    }
    // It comes back to life and is right.
    drop(deaf);
}

#[tokio::test]
async fn what_is_no_question_ends_the_socket_and_nothing_else() {
    let server = Server::start().await;
    see(&server.rows, [pod("web-7c9d-a", 0)]);
    let mut healthy = server.connect().await;
    healthy.greeting().await;
    healthy.open(1, Topic::Pods(by_name(5))).await;
    let hostile = postcard::to_allocvec(&(1u32, 1u32, "../../secrets", "x")).unwrap();
    for message in [
        Message::text("{}"),
        Message::binary(vec![]),
        Message::binary(vec![0xff; 64]),
        Message::binary(vec![0; 5_000]),
        Message::binary(hostile),
    ] {
        let mut tab = server.connect().await;
        tab.greeting().await;
        tab.socket.send(message).await.unwrap();
        tab.end().await;
    }
    see(&server.rows, [pod("web-7c9d-a", 1)]);
    healthy.change(1).await;
}

#[tokio::test]
async fn a_server_that_ends_says_so_to_every_tab() {
    let server = Server::start().await;
    let mut tabs = [server.connect().await, server.connect().await];
    for tab in &mut tabs {
        tab.greeting().await;
    }
    server.cancel.cancel();
    for tab in &mut tabs {
        assert_eq!(tab.end().await, Some(1012));
    }
}

#[tokio::test]
async fn only_our_own_pages_open_a_socket() {
    let server = Server::start().await;
    let host = server.address.to_string();
    let port = server.address.port();
    let own = format!("http://{host}");
    let (https, suffix) = (format!("https://{host}"), format!("http://{host}.evil.test"));
    let (other_port, other_name) = (format!("http://127.0.0.1:{}", port ^ 1), format!("http://localhost:{port}"));
    let in_query = format!("http://evil.test/?{own}");
    for (origin, expected) in [
        (Some(own.as_str()), "101"),
        (None, "403"),
        (Some("null"), "403"),
        (Some("http://evil.test"), "403"),
        (Some(&https), "403"),
        (Some(&other_port), "403"),
        (Some(&other_name), "403"),
        (Some(&suffix), "403"),
        (Some(&in_query), "403"),
    ] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let origin_line = origin.map(|origin| format!("Origin: {origin}\r\n")).unwrap_or_default();
        let request = format!(
            "GET /live HTTP/1.1\r\nHost: {host}\r\n{origin_line}Connection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut start = [0; 12];
        timeout(LONG, stream.read_exact(&mut start)).await.unwrap().unwrap();
        assert_eq!(&start[9..], expected.as_bytes(), "{origin:?}");
    }
}

#[tokio::test]
async fn a_silent_cluster_is_said_around_every_page() {
    let server = Server::start().await;
    let mut tab = server.connect().await;
    let mut chrome = tab.greeting().await;
    server.rows.silent(&super::site::main(), "The API server does not answer within 2 s.");
    let (Frame::ChromeChange(change), bytes) = tab.next().await else { panic!("no change") };
    chrome.apply(change).unwrap();
    assert_eq!(chrome, server.rows.seen_by(&Grants::everything()).chrome());
    assert!(!chrome.sources[0].freshness.is_live());
    assert!(bytes <= 100, "{bytes} bytes");
}

#[tokio::test]
async fn whoever_is_not_signed_in_hears_nothing_but_that() {
    let server = Server::start().await;
    see(&server.rows, [pod("web-7c9d-a", 0), deployment()]);
    for token in [None, Some(Token::random())] {
        let mut tab = server.connect_as(token.as_ref()).await;
        match timeout(LONG, tab.socket.next()).await.unwrap() {
            Some(Ok(Message::Close(Some(frame)))) => assert_eq!(u16::from(frame.code), SIGNED_OUT),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_socket_shows_what_its_person_may_see_and_nothing_else() {
    let server = Server::start().await;
    see(&server.rows, [pod("web-7c9d-a", 0), deployment()]);
    let token = Token::random();
    person(&server.site, "one", &[(Role::Operator, "shop/staging")], &token).await;
    let mut tab = server.connect_as(Some(&token)).await;
    let (Frame::Hello { .. }, _) = tab.next().await else { panic!("no hello") };
    let (Frame::Chrome(chrome), _) = tab.next().await else { panic!("no chrome") };
    let seen: Vec<_> = chrome.environments.iter().map(|environment| environment.id.to_string()).collect();
    assert_eq!(seen, ["shop/staging"]);
    let component = |environment: &str| {
        Topic::Component(ComponentId {
            environment: environment.parse().unwrap(),
            kind: WorkloadKind::Deployment,
            name: "web".parse().unwrap(),
        })
    };
    for (number, topic) in
        [Topic::Environment("shop/production".parse().unwrap()), component("shop/production")].into_iter().enumerate()
    {
        assert_eq!(tab.open(number as u32, topic.clone()).await, Page::Absent, "{topic:?}");
    }
    let Page::Wall(wall) = tab.open(7, Topic::Wall).await else { panic!("no wall") };
    assert!(wall.cells.iter().all(|cell| cell.id.environment.to_string() == "shop/staging"), "{wall:?}");
    let query = PodQuery { environment: Some("shop/production".parse().unwrap()), ..PodQuery::default() };
    for (number, query) in [(8, PodQuery::default()), (9, query)] {
        let Page::Pods(pods) = tab.open(number, Topic::Pods(query)).await else { panic!("no pods") };
        assert_eq!((pods.rows.len(), pods.head.total, pods.head.matching), (0, 0, 0));
    }
    // What changes where they do not look does not reach them.
    see(&server.rows, [pod("web-7c9d-b", 3)]);
    assert!(timeout(Duration::from_millis(300), tab.next()).await.is_err(), "something of production arrived");
}

/// CVE-2023-40025 and CVE-2024-41666: streams that outlive the session or the right.
#[tokio::test]
async fn a_socket_ends_within_five_seconds_of_its_session() {
    let server = Server::start().await;
    let mut tabs = Vec::new();
    for what in ["sessions", "disabled", "role", "signed-out"] {
        let token = Token::random();
        let id = person(&server.site, what, &[(Role::Viewer, "*")], &token).await;
        let mut tab = server.connect_as(Some(&token)).await;
        let (Frame::Hello { .. }, _) = tab.next().await else { panic!("no hello") };
        tabs.push((what, id, token, tab));
    }
    let (people, now) = (&server.site.people, clock::now_us());
    for (what, id, token, _) in &tabs {
        match *what {
            "sessions" => _ = people.end_sessions(&By::CommandLine, *id, now).await.unwrap(),
            "disabled" => _ = people.disable(&By::CommandLine, *id, true, now).await.unwrap(),
            "role" => {
                let grant = Grants::everything().0.remove(0);
                people.change_role(&By::CommandLine, *id, &grant, false, now).await.unwrap();
            }
            _ => {
                let who = people.who(token, now).await.unwrap().unwrap();
                people.sign_out(&who, Ending::SignedOut, now).await.unwrap();
            }
        }
    }
    let ended = Instant::now();
    for (what, _, _, mut tab) in tabs {
        assert_eq!(tab.end().await, Some(SIGNED_OUT), "{what}");
    }
    assert!(ended.elapsed() < Duration::from_secs(5), "{:?}", ended.elapsed());
}

/// How the server closes a socket before it says anything; `None` when it greets.
async fn turned_away(tab: &mut Tab) -> Option<(u16, String)> {
    match timeout(LONG, tab.socket.next()).await.expect("nothing came") {
        Some(Ok(Message::Close(Some(frame)))) => Some((frame.code.into(), frame.reason.to_string())),
        Some(Ok(Message::Binary(_))) => None,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn one_session_and_one_person_take_no_more_than_their_share_of_sockets() {
    let server = Server::start().await;
    let by_session = (CROWDED, "32 pages are open in this session already: close some of them".to_owned());
    let by_person = (CROWDED, "you have 128 pages open already, in all your sessions: close some of them".to_owned());
    let first = Token::random();
    let id = person(&server.site, "kim", &[(Role::Viewer, "*")], &first).await;
    let kim = server.site.people.who(&first, clock::now_us()).await.unwrap().unwrap().user.clone();
    let mut sessions = vec![first];
    for number in 1..=4_u128 {
        let (token, now) = (Token::random(), clock::now_us());
        let session = NewSession {
            key: token.key(),
            id: SessionId(number),
            user: id,
            created_at: now,
            expires_at: now + 3_600_000_000,
            idle_us: 3_600_000_000,
            source: "127.0.0.1".into(),
            agent: "a test".into(),
            groups: Vec::new(),
        };
        let mut write = server.site.people.store().write().await.unwrap();
        write.begin_session(&session).await.unwrap();
        write.commit().await.unwrap();
        sessions.push(token);
    }
    let mut open = Vec::new();
    for token in &sessions[..4] {
        for _ in 0..32 {
            let mut tab = server.connect_as(Some(token)).await;
            assert_eq!(turned_away(&mut tab).await, None, "{} of {}", open.len(), kim.name);
            open.push(tab);
        }
        assert_eq!(turned_away(&mut server.connect_as(Some(token)).await).await, Some(by_session.clone()));
    }
    assert_eq!(turned_away(&mut server.connect_as(Some(&sessions[4])).await).await, Some(by_person));
    // Others are not held up, and a place that is left is free again.
    assert_eq!(turned_away(&mut server.connect().await).await, None);
    drop(open.pop());
    let began = Instant::now();
    while turned_away(&mut server.connect_as(Some(&sessions[4])).await).await.is_some() {
        assert!(began.elapsed() < LONG, "the place stays taken");
    }
}
