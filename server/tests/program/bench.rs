//! The program with what it needs: a folder, a browser part of a few bytes, a registry, a cluster that a test makes up.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

/// More than anything here takes on a busy machine.
pub const LONG: Duration = Duration::from_secs(60);
/// The password of everybody here. Nothing may ever print it.
pub const PASSWORD: &str = "canary lamp anchor 7731";
/// The token of the kubeconfig. Nothing may ever print it.
pub const CLUSTER_TOKEN: &str = "canary-cluster-token-5512";

const REGISTRY: &str = "clusters: [{ id: main, connect: { context: main } }]\n\
systems: [{ id: shop, name: The Shop, environments: [\n\
  { id: production, cluster: main, namespace: shop, tier: production, timeZone: Europe/Berlin,\n\
    components: [{ kind: Deployment, name: web, role: app, replicas: 1 }] } ] }]\n";

/// What a program is started with.
pub struct Setup {
    folder: TempDir,
    /// `sqlite:` in the folder unless it is set.
    pub database: String,
    /// The API server of its one cluster; by default an address where nobody is.
    pub cluster: String,
    /// What it logs.
    pub log: &'static str,
    /// Flags beside the necessary.
    pub flags: Vec<String>,
}

impl Setup {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("quarterdeck-program-").tempdir().unwrap();
        write_browser_part(&folder.path().join("site"));
        std::fs::write(folder.path().join("registry.yaml"), REGISTRY).unwrap();
        let database = format!("sqlite:{}", folder.path().join("people.db").display());
        Self { folder, database, cluster: "http://127.0.0.1:9".into(), log: "trace", flags: Vec::new() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn flags(mut self, flags: &[&str]) -> Self {
        self.flags.extend(flags.iter().map(|flag| (*flag).to_owned()));
        self
    }

    /// A command of the program on its database.
    pub fn command(&self, words: &[&str], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_quarterdeck"))
            .args(words)
            .env("QUARTERDECK_DATABASE", &self.database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }

    /// Adds somebody who looks at everything and administers.
    pub fn add_person(&self, name: &str) {
        let words = ["user", "add", name, "--role", "viewer", "--role", "admin", "--password-stdin"];
        let added = self.command(&words, &format!("{PASSWORD}\n"));
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    }

    /// Writes the kubeconfig of its cluster; where it is.
    pub fn write_kubeconfig(&self) -> PathBuf {
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "main",
            "clusters": [{"name": "main", "cluster": {"server": self.cluster}}],
            "users": [{"name": "main", "user": {"token": CLUSTER_TOKEN}}],
            "contexts": [{"name": "main", "context": {"cluster": "main", "user": "main"}}],
        });
        std::fs::write(self.path("kubeconfig"), kubeconfig.to_string()).unwrap();
        self.path("kubeconfig")
    }

    /// Starts the program, and waits until it listens.
    pub async fn start(&self) -> Program {
        self.write_kubeconfig();
        let mut child = Command::new(env!("CARGO_BIN_EXE_quarterdeck"))
            .args(["serve", "--listen", "127.0.0.1:0", "--private-listen", "127.0.0.1:0", "--log", self.log])
            .arg("--config")
            .arg(self.path("registry.yaml"))
            .arg("--kubeconfig")
            .arg(self.path("kubeconfig"))
            .arg("--site")
            .arg(self.path("site"))
            .args(&self.flags)
            .env("QUARTERDECK_DATABASE", &self.database)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        hear(child.stdout.take().unwrap(), said.clone());
        hear(child.stderr.take().unwrap(), said.clone());
        let mut program =
            Program { child, said, address: "127.0.0.1:0".parse().unwrap(), private: "127.0.0.1:0".parse().unwrap() };
        program.private = program.told("metrics and health are at http://").await;
        program.address = program.told("Quarterdeck is at http").await;
        program
    }
}

/// Collects what a program says.
fn hear(from: impl std::io::Read + Send + 'static, said: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        let mut lines = BufReader::new(from);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            said.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
            line.clear();
        }
    });
}

/// The program while it runs. It is killed when it is dropped.
pub struct Program {
    child: Child,
    said: Arc<Mutex<String>>,
    pub address: SocketAddr,
    pub private: SocketAddr,
}

impl Drop for Program {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

impl Program {
    /// Everything it said so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// Waits for something it says, and reads the address that follows.
    async fn told(&mut self, text: &str) -> SocketAddr {
        let begin = Instant::now();
        loop {
            let said = self.said();
            let rest = said.split_once(text).and_then(|(_, rest)| rest.split_once('\n'));
            if let Some((rest, _)) = rest {
                return rest.trim_start_matches("s://").trim_start_matches("://").trim().parse().unwrap();
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("it ended with {status}: {said}");
            }
            assert!(begin.elapsed() < LONG, "it does not say '{text}': {said}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until it ended.
    pub async fn ended(&mut self) -> ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begin.elapsed() < LONG, "it does not end: {}", self.said());
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Asks once, over a connection of its own; `None` where nobody answers.
    pub async fn try_ask(&self, request: &Ask<'_>) -> Option<Answer> {
        let to = if request.private { self.private } else { self.address };
        let stream = TcpStream::connect(to).await.ok()?;
        speak(stream, to, request).await
    }

    pub async fn ask(&self, request: &Ask<'_>) -> Answer {
        self.try_ask(request).await.unwrap_or_else(|| panic!("no answer about {}: {}", request.path, self.said()))
    }

    pub async fn get(&self, path: &str, cookie: &str) -> Answer {
        self.ask(&Ask { cookie, ..Ask::get(path) }).await
    }

    /// Sends a form, as a page does that is shown to whom the cookie belongs.
    pub async fn post(&self, path: &str, cookie: &str, body: &str) -> Answer {
        let page = self.get("/", cookie).await.body;
        // The sign-in has none.
        let build = page.split_once("name=\"build\" value=\"").and_then(|(_, rest)| rest.split_once('"'));
        let build = build.map(|(build, _)| build).unwrap_or_default();
        let body = &format!("build={build}&{body}");
        self.ask(&Ask { method: "POST", cookie, body, ..Ask::get(path) }).await
    }

    /// Signs somebody in; returns their cookie.
    pub async fn sign_in(&self, name: &str) -> String {
        let answer = self.post("/sign-in", "", &sign_in_body(name)).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        answer.cookie()
    }

    /// Asks until an answer is as wanted.
    pub async fn until(&self, what: &str, path: &str, cookie: &str, wanted: impl Fn(&Answer) -> bool) -> Answer {
        let begin = Instant::now();
        loop {
            let ask = Ask { cookie, private: path == "/readyz?verbose", ..Ask::get(path) };
            let answer = self.try_ask(&ask).await;
            if let Some(answer) = answer.filter(|answer| wanted(answer)) {
                return answer;
            }
            assert!(begin.elapsed() < LONG, "never: {what}: {}", self.said());
            sleep(Duration::from_millis(50)).await;
        }
    }
}

pub fn sign_in_body(name: &str) -> String {
    format!("name={name}&password={}&to=%2F", PASSWORD.replace(' ', "+"))
}

/// One request.
pub struct Ask<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub cookie: &'a str,
    pub body: &'a str,
    /// Of the listener for programs.
    pub private: bool,
}

impl<'a> Ask<'a> {
    pub fn get(path: &'a str) -> Self {
        Self { method: "GET", path, cookie: "", body: "", private: false }
    }
}

/// Its answer, read whole.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The cookie that it sets, as a browser sends it back.
    pub fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap().to_owned()
    }
}

/// Asks over a connection.
pub async fn speak<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, to: SocketAddr, ask: &Ask<'_>) -> Option<Answer> {
    let Ask { method, path, cookie, body, .. } = ask;
    let cookie = if cookie.is_empty() { String::new() } else { format!("cookie: {cookie}\r\n") };
    let form = if *method == "POST" {
        format!(
            "content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\nsec-fetch-site: same-origin\r\n",
            body.len()
        )
    } else {
        String::new()
    };
    let text = format!(
        "{method} {path} HTTP/1.1\r\nhost: {to}\r\naccept: text/html\r\nconnection: close\r\n{cookie}{form}\r\n{body}"
    );
    stream.write_all(text.as_bytes()).await.ok()?;
    let mut bytes = Vec::new();
    // A connection that breaks after its answer has answered.
    _ = timeout(LONG, stream.read_to_end(&mut bytes)).await.expect("no answer came");
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(": ")?;
        Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?))
    });
    Some(Answer { status, headers: headers.collect(), body: body.to_owned() })
}

fn write_browser_part(folder: &Path) {
    std::fs::create_dir_all(folder.join("pkg")).unwrap();
    let mut manifest = serde_json::Map::new();
    for (name, media_type) in [
        ("quarterdeck.js", "text/javascript"),
        ("quarterdeck_bg.wasm", "application/wasm"),
        ("quarterdeck.css", "text/css"),
        ("favicon.svg", "image/svg+xml"),
    ] {
        let file = format!("pkg/0a1b2c.{name}");
        for form in ["", ".gz", ".br"] {
            std::fs::write(folder.join(format!("{file}{form}")), name).unwrap();
        }
        manifest.insert(name.to_owned(), json!({"file": file, "media_type": media_type}));
    }
    std::fs::write(folder.join("manifest.json"), json!({ "files": manifest }).to_string()).unwrap();
}
