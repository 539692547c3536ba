//! A way to a server on which a test can stop a message: before the server sees it, or before its answer is seen.

use std::sync::{Arc, Mutex};

use tokio::io::AsyncWriteExt as _;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::bench::LONG;
use crate::wire::{Answers, Requests, Wire};

/// On which side of the server a message is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The server never saw it.
    Before,
    /// The server has done it, and its answer was not seen.
    After,
}

impl Side {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Before, Self::After];
}

/// By what a message is known.
#[derive(Debug, Clone, Copy)]
pub struct Telltale {
    /// What was sent before on the same connection; empty: anything.
    pub earlier: &'static str,
    /// What it says.
    pub text: &'static str,
}

/// A message that is stopped. Dropped, its connection is cut on both sides.
#[derive(Debug)]
pub struct Caught(oneshot::Sender<()>);

impl Caught {
    /// Lets it go on.
    pub fn go(self) {
        // Where its connection is gone meanwhile there is nothing to go on with.
        _ = self.0.send(());
    }
}

#[derive(Debug, Clone)]
struct Armed {
    telltale: Telltale,
    side: Side,
    caught: mpsc::UnboundedSender<Caught>,
}

impl Armed {
    /// Stops whoever calls until the test says what becomes of it. `false`: the connection is cut.
    async fn stop(&self) -> bool {
        let (go, decided) = oneshot::channel();
        // Where nobody waits for it any more, nobody wants it stopped.
        self.caught.send(Caught(go)).is_err() || decided.await.is_ok()
    }
}

/// What is armed; dropped, messages pass as usual, and those that are stopped and nobody took go on.
#[derive(Debug)]
pub struct Trap {
    armed: Arc<Mutex<Option<Armed>>>,
    caught: mpsc::UnboundedReceiver<Caught>,
}

impl Trap {
    /// The next message that is stopped.
    pub async fn caught(&mut self, what: &str) -> Caught {
        timeout(LONG, self.next()).await.unwrap_or_else(|_| panic!("{what}: never sent"))
    }

    /// The same, however long it takes.
    pub async fn next(&mut self) -> Caught {
        self.caught.recv().await.unwrap()
    }
}

impl Drop for Trap {
    fn drop(&mut self) {
        *self.armed.lock().unwrap() = None;
        self.caught.close();
        while let Ok(caught) = self.caught.try_recv() {
            caught.go();
        }
    }
}

/// A way to a server.
pub struct Proxy {
    /// Where it listens on loopback.
    pub port: u16,
    armed: Arc<Mutex<Option<Armed>>>,
    _open: AbortOnDropHandle<()>,
}

impl Proxy {
    /// One to a port of loopback.
    pub async fn start(to: u16, wire: Wire) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let armed = Arc::<Mutex<Option<Armed>>>::default();
        let known = armed.clone();
        let open = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let known = known.clone();
                tokio::spawn(async move {
                    // Where nobody is, the client finds its connection closed.
                    let Ok(server) = TcpStream::connect(("127.0.0.1", to)).await else { return };
                    pass(wire, client, server, known).await;
                });
            }
        });
        Self { port, armed, _open: AbortOnDropHandle::new(open) }
    }

    /// Stops what is known by a telltale from now on.
    pub fn arm(&self, telltale: Telltale, side: Side) -> Trap {
        let (sender, caught) = mpsc::unbounded_channel();
        *self.armed.lock().unwrap() = Some(Armed { telltale, side, caught: sender });
        Trap { armed: self.armed.clone(), caught }
    }
}

/// Passes everything on until one of the two is gone; then it is for the other one too.
async fn pass(wire: Wire, client: TcpStream, server: TcpStream, known: Arc<Mutex<Option<Armed>>>) {
    for stream in [&client, &server] {
        // Messages are short, and one after another is passed on: each would wait for the last one to be acknowledged.
        stream.set_nodelay(true).unwrap();
    }
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let asked = Arc::default();
    tokio::select! {
        _ = ask(wire, from_client, to_server, known, &asked) => {}
        _ = answer(wire, from_server, to_client, &asked) => {}
    }
}

async fn ask(
    wire: Wire,
    from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    known: Arc<Mutex<Option<Armed>>>,
    asked: &Mutex<Option<Armed>>,
) -> Option<()> {
    let mut requests = Requests::new(wire, from);
    let mut sent = String::new();
    let mut prepared: Option<Armed> = None;
    loop {
        let request = requests.next().await?;
        let armed = known.lock().unwrap().clone();
        if let Some(armed) = armed
            && request.text.contains(armed.telltale.text)
            && sent.contains(armed.telltale.earlier)
        {
            match armed.side {
                Side::Before => {
                    if !armed.stop().await {
                        return None;
                    }
                }
                Side::After => prepared = Some(armed),
            }
        }
        sent.push_str(&request.text);
        sent.push('\n');
        if request.is_done_at_once && prepared.is_some() {
            *asked.lock().unwrap() = prepared.take();
        }
        to.write_all(&request.bytes).await.ok()?;
    }
}

async fn answer(wire: Wire, from: OwnedReadHalf, mut to: OwnedWriteHalf, asked: &Mutex<Option<Armed>>) -> Option<()> {
    let mut answers = Answers::new(wire, from);
    let mut held = Vec::new();
    loop {
        let answer = answers.next().await?;
        let is_asked = asked.lock().unwrap().is_some();
        if !is_asked || answer.is_on_the_way {
            to.write_all(&answer.bytes).await.ok()?;
            continue;
        }
        held.extend(answer.bytes);
        if answer.is_end {
            let armed = asked.lock().unwrap().take()?;
            if !armed.stop().await {
                return None;
            }
            to.write_all(&held).await.ok()?;
            held.clear();
        }
    }
}
