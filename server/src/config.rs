//! The settings of the program, each a flag and an environment variable.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{Directive, LevelFilter};

use crate::alerts::AlertSettings;
use crate::cluster::Kubeconfig;
use crate::http::PublicUrl;
use crate::listen::tls::TlsFiles;
use crate::oidc::OidcSettings;
use crate::people::{NoPerTier, PerTier, SessionLimits};
use crate::store::DatabaseUrl;

/// The filter of the log where none is set.
const LOG_DEFAULT: &str = "info";
/// kube logs a body that it cannot read in full as a warning, and the body may be a Secret; and each connection that fails as
/// an error, once for every watch. What of that is news is logged here.
const LOG_ALWAYS: &str = "kube_client=off";

/// Everything `quarterdeck serve` can be told.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct ServeSettings {
    /// The registry: which clusters, systems and environments there are and what each should look like.
    ///
    /// It is read again whenever it changes; a version with problems is refused and the old one stays. `quarterdeck check`
    /// says what is wrong with a file.
    #[arg(long, env = "QUARTERDECK_CONFIG", value_name = "FILE")]
    pub config: PathBuf,

    /// The address and port to listen on; port 0 takes any free one.
    ///
    /// Beyond loopback only with --public-url, and with TLS: by --tls-cert and --tls-key, or by a proxy in front that speaks
    /// it. What such a proxy writes into headers is not believed.
    #[arg(
        long,
        env = "QUARTERDECK_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:7780",
        value_parser = listen_address
    )]
    pub listen: SocketAddr,

    /// The certificate to speak TLS with, in PEM, the server's own first. It is read again when it changes.
    #[arg(long, env = "QUARTERDECK_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// The key of --tls-cert, in PEM, without a password.
    #[arg(long, env = "QUARTERDECK_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// A second address, for programs: /metrics (Prometheus), /livez and /readyz, without sign-in and without TLS.
    ///
    /// Whoever reaches it reads the names of clusters and how much is asked for, and nothing else. Where it is not given there
    /// is none.
    #[arg(long, env = "QUARTERDECK_PRIVATE_LISTEN", value_name = "ADDRESS", value_parser = listen_address)]
    pub private_listen: Option<SocketAddr>,

    /// Seconds between SIGTERM and the end of listening, in which /readyz says that it leaves and others take over.
    ///
    /// After them open pages are told to connect again, what is under way is finished, and the program ends: 24 seconds at
    /// most together with the default. SIGINT ends it without them.
    #[arg(long, env = "QUARTERDECK_DRAIN", value_name = "SECONDS", default_value_t = 3,
        value_parser = clap::value_parser!(u32).range(0..=300))]
    pub drain: u32,

    /// Where people, sessions and the record of what was done are kept: `sqlite:<file>` or `postgres://user@host/database`.
    ///
    /// Where it is not given, a SQLite file in the state folder of the user. PostgreSQL is for more than one replica. A
    /// password is better given in the environment variable than on the command line, which others can see.
    #[arg(long, env = "QUARTERDECK_DATABASE", value_name = "URL", hide_env_values = true)]
    pub database: Option<DatabaseUrl>,

    /// The address under which people reach the console, where it is not loopback: `https://quarterdeck.example.com`.
    ///
    /// Requests for other hosts are refused, and only its own pages may change anything or open a socket.
    #[arg(long, env = "QUARTERDECK_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<PublicUrl>,

    /// Sign-in by an OpenID provider.
    #[command(flatten)]
    pub oidc: OidcSettings,

    /// Sending alerts.
    #[command(flatten)]
    pub alerts: AlertSettings,

    /// Minutes without a request after which a session ends: `30`, or by tier `30,production=15`.
    ///
    /// A session lasts as the strictest tier says that its person may see. What is not registered is production.
    #[arg(long, env = "QUARTERDECK_SESSION_IDLE", value_name = "MINUTES", default_value = "30",
        value_parser = session_idle)]
    pub session_idle: PerTier,

    /// Hours after which a session ends whatever happens: `12`, or by tier `12,production=8`.
    #[arg(long, env = "QUARTERDECK_SESSION_LONGEST", value_name = "HOURS", default_value = "12",
        value_parser = session_longest)]
    pub session_longest: PerTier,

    /// The kubeconfig that holds the contexts named in the registry.
    ///
    /// Where it is not given, the files of KUBECONFIG are used, then ~/.kube/config. Clusters that the registry reaches
    /// by `inCluster: true` need none: they use the service account of the pod.
    #[arg(long, env = "QUARTERDECK_KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,

    /// The directory of the browser part: scripts, styles, pictures.
    ///
    /// Where it is not given: `site` beside the program, else `target/site`.
    #[arg(
        long,
        env = "QUARTERDECK_SITE",
        value_name = "DIRECTORY",
        default_value_os_t = default_site(),
        hide_default_value = true
    )]
    pub site: PathBuf,

    /// Lets checks ask what is on this machine, as the demo does.
    ///
    /// Whoever can write the registry could otherwise have the program speak with whatever listens beside it.
    #[arg(long, env = "QUARTERDECK_CHECKS_ALLOW_LOOPBACK")]
    pub checks_allow_loopback: bool,

    /// What is logged: a level, and levels of single parts, like `info,server=debug`.
    ///
    /// `kube_client` stays off whatever is written here: it logs bodies that it cannot read, Secrets among them.
    #[arg(
        long,
        env = "QUARTERDECK_LOG",
        value_name = "FILTER",
        default_value = LOG_DEFAULT,
        value_parser = log_directives
    )]
    pub log: String,

    /// How a line of the log is written: `text` for people, `json` for collectors.
    #[arg(long, env = "QUARTERDECK_LOG_FORMAT", value_name = "FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for collectors.
    Json,
}

impl ServeSettings {
    /// Refuses what does not go together.
    pub fn check(&self) -> Result<(), SettingsError> {
        let reachable = !self.listen.ip().to_canonical().is_loopback();
        if reachable && self.public_url.is_none() {
            return Err(SettingsError::Reachable(self.listen.ip()));
        }
        Ok(())
    }

    /// Whether TLS is spoken by a proxy in front, from whose address everybody comes then.
    pub fn is_behind_proxy(&self) -> bool {
        self.public_url.is_some() && self.tls_cert.is_none()
    }

    /// The files to speak TLS with, where it does.
    pub fn tls_files(&self) -> Option<TlsFiles> {
        let (certificate, key) = (self.tls_cert.clone()?, self.tls_key.clone()?);
        Some(TlsFiles { certificate, key })
    }

    /// The files that were named for the program itself: what holds its keys, its passwords and its data.
    pub fn own_files(&self) -> Vec<PathBuf> {
        let named = [
            Some(&self.config),
            self.tls_cert.as_ref(),
            self.tls_key.as_ref(),
            self.oidc.oidc_client_secret_file.as_ref(),
            self.alerts.smtp_password_file.as_ref(),
        ];
        let mut files: Vec<PathBuf> = named.into_iter().flatten().cloned().collect();
        files.extend(Kubeconfig { path: self.kubeconfig.clone() }.files());
        let database = self.database.clone().or_else(DatabaseUrl::in_state_folder);
        files.extend(database.iter().flat_map(DatabaseUrl::files));
        files
    }

    /// How long sessions last.
    pub fn session_limits(&self) -> SessionLimits {
        SessionLimits { idle_minutes: self.session_idle, longest_hours: self.session_longest }
    }

    /// What passes into the log.
    pub fn log_filter(&self) -> EnvFilter {
        EnvFilter::builder().parse_lossy(format!("{},{LOG_ALWAYS}", self.log))
    }
}

/// `site` beside the program, as it is installed; else where the build puts it.
fn default_site() -> PathBuf {
    std::env::current_exe()
        .ok()
        .and_then(|program| Some(program.parent()?.join("site")))
        .filter(|site| site.is_dir())
        .unwrap_or_else(|| PathBuf::from("target/site"))
}

/// Why an address is not listened on.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum ListenError {
    /// Not an address.
    #[error("'{0}' is not an address and port: write it like 127.0.0.1:7780")]
    Form(String),
}

/// Why settings do not go together.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Reachable from elsewhere, and nobody said how.
    #[error(
        "{0} can be reached from other machines, so passwords and cookies must travel by TLS: say under which address people \
         reach the console (--public-url https://host), and give --tls-cert and --tls-key or put a proxy in front that speaks \
         TLS. Or keep 127.0.0.1 and come by `kubectl port-forward` or an ssh tunnel (ssh -L 7780:127.0.0.1:7780 <host>)"
    )]
    Reachable(IpAddr),
}

/// Reads an address.
fn listen_address(text: &str) -> Result<SocketAddr, ListenError> {
    let address = match text.strip_prefix("localhost:") {
        Some(port) => port.parse().map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port))).ok(),
        None => text.parse::<SocketAddr>().ok(),
    };
    address.ok_or_else(|| ListenError::Form(text.to_owned()))
}

/// Why a time is not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum TimeError {
    /// Not numbers.
    #[error(transparent)]
    Form(#[from] NoPerTier),
    /// Out of bounds.
    #[error("write {0} to {1} {2}")]
    Bounds(u32, u32, &'static str),
}

/// Minutes by tier, up to a day.
fn session_idle(text: &str) -> Result<PerTier, TimeError> {
    let read: PerTier = text.parse()?;
    if read.is_within(1..=1440) { Ok(read) } else { Err(TimeError::Bounds(1, 1440, "minutes")) }
}

/// Hours by tier, up to a week.
fn session_longest(text: &str) -> Result<PerTier, TimeError> {
    let read: PerTier = text.parse()?;
    if read.is_within(1..=168) { Ok(read) } else { Err(TimeError::Bounds(1, 168, "hours")) }
}

/// Why a log filter is not taken.
#[derive(Debug, thiserror::Error)]
enum LogError {
    /// It could let through what must not be logged.
    #[error("'{0}' is not allowed: kube_client stays off, because it logs bodies that may be Secrets")]
    Forbidden(String),
    /// Not a filter.
    #[error("'{0}' is not a level: write error, warn, info, debug or trace, and levels of parts like server=debug")]
    Form(String),
}

/// Reads a log filter and refuses those that could open kube's bodies: by name, or by span, which has no name.
fn log_directives(text: &str) -> Result<String, LogError> {
    if let Some(directive) = text.split(',').find(|part| part.contains("kube_client") || part.contains('[')) {
        return Err(LogError::Forbidden(directive.trim().to_owned()));
    }
    let directives: Vec<&str> = text.split(',').map(str::trim).collect();
    for directive in &directives {
        // A lone word that is no level would be read as the name of a part, and silence all the others.
        let (_, level) = directive.rsplit_once('=').unwrap_or(("", directive));
        if level.parse::<LevelFilter>().is_err() || directive.parse::<Directive>().is_err() {
            return Err(LogError::Form((*directive).to_owned()));
        }
    }
    Ok(directives.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The settings of a command line.
    fn settings(words: &[&str]) -> ServeSettings {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            settings: ServeSettings,
        }
        let line = ["serve", "--config", "my.yaml"].into_iter().chain(words.iter().copied());
        <Line as clap::Parser>::try_parse_from(line).unwrap().settings
    }

    #[test]
    fn an_address_is_one() {
        for (text, expected) in [
            ("127.0.0.1:7780", Ok("127.0.0.1:7780")),
            ("0.0.0.0:0", Ok("0.0.0.0:0")),
            ("localhost:7780", Ok("127.0.0.1:7780")),
            ("[::1]:7780", Ok("[::1]:7780")),
            ("7780", Err("write it like 127.0.0.1:7780")),
            ("localhost", Err("write it like 127.0.0.1:7780")),
            ("example.com:80", Err("write it like 127.0.0.1:7780")),
            ("127.0.0.1:70000", Err("write it like 127.0.0.1:7780")),
            ("", Err("write it like 127.0.0.1:7780")),
        ] {
            match (listen_address(text), expected) {
                (Ok(address), Ok(expected)) => assert_eq!(address.to_string(), expected, "{text}"),
                (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{text}: {error}"),
                (result, expected) => panic!("{text}: {result:?} instead of {expected:?}"),
            }
        }
    }

    #[test]
    fn other_machines_reach_it_only_under_an_address_with_tls() {
        for (listen, is_loopback) in [
            ("127.0.0.1:7780", true),
            ("127.8.9.10:80", true),
            ("[::1]:7780", true),
            ("[::ffff:127.0.0.1]:80", true),
            ("0.0.0.0:7780", false),
            ("[::]:7780", false),
            ("[::ffff:0.0.0.0]:7780", false),
            ("192.168.1.4:7780", false),
            ("[fe80::1]:7780", false),
        ] {
            let checked = settings(&["--listen", listen]).check();
            assert_eq!(checked.is_ok(), is_loopback, "{listen}: {checked:?}");
            // A certificate alone does not say which hosts are ours.
            let with_files = settings(&["--listen", listen, "--tls-cert", "a", "--tls-key", "b"]);
            assert_eq!(with_files.check().is_ok(), is_loopback, "{listen}");
            assert!(settings(&["--listen", listen, "--public-url", "https://a.test"]).check().is_ok(), "{listen}");
        }
        assert!(settings(&["--listen", "[::]:1"]).check().unwrap_err().to_string().contains("kubectl port-forward"));
    }

    #[test]
    fn the_files_that_flags_name_are_our_own() {
        let folder = tempfile::tempdir().unwrap();
        let kubeconfig = folder.path().join("kubeconfig");
        let accounts = "users: [{name: a, user: {client-key: keys/a.pem}}, {name: b, user: {tokenFile: /secrets/b}}]";
        std::fs::write(&kubeconfig, format!("{{apiVersion: v1, kind: Config, {accounts}}}")).unwrap();
        let words = ["--tls-cert", "/a/cert", "--tls-key", "/a/key", "--oidc-issuer", "https://id.test"];
        let more = ["--oidc-client-id", "q", "--oidc-client-secret-file", "/a/oidc", "--database", "sqlite:/a/q.db"];
        let mail = ["--smtp-url", "smtps://mail.test:465", "--smtp-from", "q@mail.test", "--smtp-user", "q"];
        let last = ["--smtp-password-file", "/a/smtp", "--kubeconfig", kubeconfig.to_str().unwrap()];
        let files = settings(&[&words[..], &more, &mail, &last].concat()).own_files();
        let key = folder.path().join("keys/a.pem");
        let expected = ["my.yaml", "/a/key", "/a/oidc", "/a/smtp", "/a/q.db", "/a/q.db-wal", "/secrets/b"];
        for path in expected.iter().map(PathBuf::from).chain([kubeconfig, key]) {
            assert!(files.contains(&path), "{}: {files:?}", path.display());
        }
        let url = "postgres://q@db.test/q?sslkey=/a/db.pem";
        assert!(settings(&["--database", url]).own_files().contains(&PathBuf::from("/a/db.pem")));
    }

    #[test]
    fn a_filter_is_one_and_lets_no_bodies_of_kube_into_the_log() {
        for text in ["debug,kube_client=warn", "kube_client::client=trace", "[span]=trace", "info,[{x}]=trace"] {
            assert!(matches!(log_directives(text), Err(LogError::Forbidden(_))), "{text}");
        }
        for text in ["inof", "server", "server=loud", "", "info,"] {
            assert!(matches!(log_directives(text), Err(LogError::Form(_))), "{text:?}");
        }
        for (text, filter) in [
            ("info", "info"),
            ("OFF", "OFF"),
            ("warn,server=debug", "warn,server=debug"),
            ("debug, server::http=trace ", "debug,server::http=trace"),
        ] {
            assert_eq!(log_directives(text).unwrap(), filter);
        }
    }
}
