//! A control plane of one's own. It ends with this process, however that ends: a small watchman reads from a pipe that only this
//! process holds open.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig as KubeconfigFile};
use kube::{Client, Config};
use serde_json::json;

/// The cluster.
pub struct Plane {
    pub run: PathBuf,
    /// Two contexts, `one` and `two`, that lead to it.
    pub kubeconfig: PathBuf,
    port: u16,
    /// Flags of `up` beside the necessary.
    flags: &'static [&'static str],
    _watchman: Child,
}

/// `cargo xtask cluster`; without cargo where it was built already, because cargo waits for whoever builds.
fn xtask() -> Command {
    let built = std::env::current_exe().unwrap().ancestors().nth(2).map(|folder| folder.join("xtask"));
    let mut command = match built.filter(|program| program.is_file()) {
        Some(program) => Command::new(program),
        None => {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.arg("xtask");
            cargo
        }
    };
    command.arg("cluster").current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    command
}

/// Fails with what to do where the control plane was not built: a test that skips itself holds nothing.
fn require_programs() {
    let given = std::env::var_os("QUARTERDECK_CONTROL_PLANE").map(PathBuf::from);
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))
        .map(|cache| cache.join("quarterdeck/control-plane"));
    let built = cache.and_then(|cache| std::fs::read_dir(cache).ok());
    let built = built.into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let found = given.into_iter().chain(built).any(|folder| folder.join("kube-apiserver").is_file());
    assert!(found, "there is no control plane to test against: build it once with `cargo xtask cluster build`");
}

/// The first of seven free ports in a row.
fn port_base() -> u16 {
    let first = 20_000 + (std::process::id() % 1_000) as u16 * 7;
    (0..1_000)
        .map(|step| 20_000 + (first - 20_000 + step * 7) % 7_000)
        .find(|base| (0..7).all(|next| TcpListener::bind(("127.0.0.1", base + next)).is_ok()))
        .expect("no seven free ports in a row")
}

impl Plane {
    /// Starts one; `flags` are for `up`.
    pub fn start(flags: &'static [&'static str]) -> Self {
        require_programs();
        let run = tempfile::Builder::new().prefix("quarterdeck-test-").tempdir().unwrap().keep();
        let port = port_base();
        let arguments = format!("--name test --run-dir {}", run.display());
        let down = format!("{} down --wipe {arguments}", shown(&xtask()));
        // `read` returns when the pipe closes: when this process is no more.
        let watchman = Command::new("sh")
            .args(["-c", &format!("read line; exec {down}")])
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let plane = Self { kubeconfig: run.join("kubeconfig"), run, port, flags, _watchman: watchman };
        plane.up();
        plane.write_kubeconfig();
        plane
    }

    /// Starts what is not running.
    pub fn up(&self) {
        let run = self.run.display().to_string();
        let output = xtask()
            .args(["up", "--no-demo", "--nodes", "2", "--name", "test", "--run-dir", &run])
            .args(["--port-base", &self.port.to_string()])
            .args(self.flags)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn write_kubeconfig(&self) {
        let admin = std::fs::read(self.run.join("pki/admin.conf")).unwrap();
        let mut file: serde_json::Value = serde_json::from_slice(&admin).unwrap();
        let context = file["contexts"][0]["context"].clone();
        file["contexts"] = json!([{"name": "one", "context": context}, {"name": "two", "context": context}]);
        file["current-context"] = json!("one");
        std::fs::write(&self.kubeconfig, file.to_string()).unwrap();
    }

    pub async fn client(&self) -> Client {
        let file = KubeconfigFile::read_from(&self.kubeconfig).unwrap();
        let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.unwrap();
        Client::try_from(config).unwrap()
    }

    /// Sends a signal to one of its processes.
    pub fn signal(&self, process: &str, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.pid(process)]).status().unwrap().success());
    }

    /// Kills one of its processes and returns when it is no more. Its connections break well before: an `up` in between
    /// takes what is dying for running, and starts nothing.
    pub fn kill(&self, process: &str) {
        let stat = format!("/proc/{}/stat", self.pid(process));
        let state = || std::fs::read_to_string(&stat).ok().and_then(|line| line.rsplit_once(") ")?.1.chars().next());
        // It may have ended by itself, as controllers do that cannot renew their lease: that is as well.
        let _ = Command::new("kill").args(["-KILL", &self.pid(process)]).stderr(Stdio::null()).status();
        for _ in 0..6_000 {
            if matches!(state(), None | Some('Z' | 'X')) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("{process} does not end");
    }

    fn pid(&self, process: &str) -> String {
        let noted = std::fs::read_to_string(self.run.join("pid").join(process)).unwrap();
        noted.split_whitespace().next().unwrap().to_owned()
    }
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| format!("'{}'", word.to_str().unwrap())).collect::<Vec<_>>().join(" ")
}
