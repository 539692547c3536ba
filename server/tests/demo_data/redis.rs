//! A Redis of our own, killed when it is dropped.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;
use tokio::time::{Instant, sleep};

use crate::bench::LONG;

/// Its password: nothing of ours may ever print it.
pub const PASSWORD: &str = "canary redis/word";

/// A running Redis.
pub struct Redis {
    /// Where it listens on loopback.
    pub port: u16,
    folder: tempfile::TempDir,
    child: Child,
}

impl Redis {
    /// A new one, which keeps what it holds over a kill: whoever starts it again finds it.
    pub fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::Builder::new().prefix("quarterdeck-redis-").tempdir().unwrap();
        let child = run(port, folder.path());
        Self { port, folder, child }
    }

    /// Kills it, as the machine's end would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again after it was killed.
    pub fn again(&mut self) {
        self.child = run(self.port, self.folder.path());
    }

    /// A connection, once it takes some.
    pub async fn connect(&self) -> MultiplexedConnection {
        let info: redis::ConnectionInfo = format!("redis://127.0.0.1:{}/", self.port).parse().unwrap();
        let info = info.clone().set_redis_settings(info.redis_settings().clone().set_password(PASSWORD));
        let client = redis::Client::open(info).unwrap();
        let begin = Instant::now();
        loop {
            match client.get_multiplexed_async_connection().await {
                Ok(connection) => return connection,
                Err(error) => assert!(begin.elapsed() < LONG, "{error}"),
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Puts keys in: `count` with a prefix.
    pub async fn fill(&self, prefix: &str, count: usize) {
        let mut connection = self.connect().await;
        let keys: Vec<(String, &str)> = (0..count).map(|number| (format!("{prefix}{number}"), "old")).collect();
        let _: () = connection.mset(&keys).await.unwrap();
    }

    /// How many keys begin with a prefix.
    pub async fn count(&self, prefix: &str) -> usize {
        let mut connection = self.connect().await;
        let keys: Vec<String> = connection.keys(format!("{prefix}*")).await.unwrap();
        keys.len()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn run(port: u16, folder: &Path) -> Child {
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"])
        .args(["--appendfsync", "always", "--requirepass", PASSWORD, "--dir"])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("redis-server is installed by scripts/setup")
}
