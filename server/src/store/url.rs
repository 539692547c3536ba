//! The address of a database, which shows no password.

mod argument;

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Where the database is: `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST/DATABASE`.
///
/// `Display` and `Debug` show the scheme and the host, or the path of a file, and nothing else: an address may be logged.
/// A PostgreSQL on another machine must prove who it is by TLS, unless `sslmode` in the address says otherwise.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Place);

#[derive(Clone, PartialEq, Eq)]
enum Place {
    Sqlite(PathBuf),
    /// As it is given to the driver, and as it may be shown.
    Postgres {
        url: String,
        shown: String,
    },
}

/// Why a text is no address of a database. The text is not repeated, because it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoDatabaseUrl {
    /// Neither of the two.
    #[error("a database is written sqlite:FILE or postgres://USER@HOST/DATABASE")]
    Scheme,
    /// Nothing survives the program there.
    #[error("a database in memory is gone when the program ends: write sqlite: and the path of a file")]
    Memory,
    /// `sqlite:x.db?mode=ro`
    #[error("a file has no parameters: write sqlite: and its path, and rename it if that holds a '?' or '#'")]
    FileParameter,
    /// Not a URL.
    #[error(
        "the address of the database is no URL ({0}): write postgres://USER:PASSWORD@HOST:PORT/DATABASE, special characters of the password as %XX"
    )]
    Form(&'static str),
    /// The driver would log the parameter and its value.
    #[error("the address of the database has a parameter that is not known: use {PARAMETERS}")]
    Parameter,
}

/// Those that the driver knows and that are safe to be set by somebody else.
const PARAMETERS: &str =
    "host, port, dbname, user, password, sslmode, sslrootcert, sslcert, sslkey, application_name, options";

impl DatabaseUrl {
    /// A SQLite file.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self(Place::Sqlite(path.into()))
    }

    /// The file, where it is one.
    pub fn path(&self) -> Option<&Path> {
        match &self.0 {
            Place::Sqlite(path) => Some(path),
            Place::Postgres { .. } => None,
        }
    }

    /// The files that it is, or that hold what it is reached with: the database with what SQLite keeps beside it, or the key and the
    /// passwords that the driver takes for PostgreSQL. <https://sqlite.org/tempfiles.html>,
    /// <https://www.postgresql.org/docs/current/libpq-pgpass.html>
    pub fn files(&self) -> Vec<PathBuf> {
        match &self.0 {
            Place::Sqlite(path) => {
                let beside = ["", "-wal", "-shm", "-journal"].map(|end| {
                    let mut name = path.as_os_str().to_owned();
                    name.push(end);
                    PathBuf::from(name)
                });
                beside.to_vec()
            }
            Place::Postgres { url, .. } => {
                let url = url::Url::parse(url).ok();
                let key = url.as_ref().and_then(|url| url.query_pairs().find(|(name, _)| name == "sslkey"));
                let passwords = std::env::var_os("PGPASSFILE").map(PathBuf::from);
                let at_home = std::env::home_dir().map(|home| home.join(".pgpass"));
                key.map(|(_, path)| PathBuf::from(&*path)).into_iter().chain(passwords).chain(at_home).collect()
            }
        }
    }

    /// As the driver wants it. Never to be shown.
    pub(super) fn secret(&self) -> String {
        match &self.0 {
            Place::Sqlite(path) => format!("sqlite:{}", escaped(path)),
            Place::Postgres { url, .. } => url.clone(),
        }
    }

    /// The default: `quarterdeck.db` in the folder for state of the XDG base directories. None without a home.
    /// <https://specifications.freedesktop.org/basedir-spec/latest/>
    pub fn in_state_folder() -> Option<Self> {
        let given = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
        let home = || std::env::var_os("HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
        let folder = given.or_else(|| Some(home()?.join(".local/state")))?;
        Some(Self::file(folder.join("quarterdeck/quarterdeck.db")))
    }
}

/// A path with everything escaped that means something in a URL.
fn escaped(path: &Path) -> String {
    let mut text = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' => text.push(char::from(*byte)),
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

impl FromStr for DatabaseUrl {
    type Err = NoDatabaseUrl;
    fn from_str(text: &str) -> Result<Self, NoDatabaseUrl> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return match path {
                "" => Err(NoDatabaseUrl::Scheme),
                ":memory:" => Err(NoDatabaseUrl::Memory),
                path if path.contains(['?', '#', '\0']) => Err(NoDatabaseUrl::FileParameter),
                path => Ok(Self::file(path)),
            };
        }
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(NoDatabaseUrl::Scheme);
        }
        postgres(text).map(Self)
    }
}

fn postgres(text: &str) -> Result<Place, NoDatabaseUrl> {
    let mut url = url::Url::parse(text).map_err(|error| NoDatabaseUrl::Form(form(error)))?;
    if url.fragment().is_some() {
        return Err(NoDatabaseUrl::Form("a # in the password is written %23"));
    }
    let (mut host, mut has_mode, mut has_name) = (url.host_str().unwrap_or_default().replace("%2F", "/"), false, false);
    for (key, value) in url.query_pairs() {
        match &*key {
            "host" => host = value.into_owned(),
            "sslmode" => has_mode = true,
            "application_name" => has_name = true,
            key if PARAMETERS.split(", ").any(|known| known == key) => {}
            key if key.starts_with("options[") && key.ends_with(']') => {}
            _ => return Err(NoDatabaseUrl::Parameter),
        }
    }
    {
        let mut pairs = url.query_pairs_mut();
        // Without it the driver takes whatever it is offered, plain text too, from whoever answers.
        if !has_mode && !is_near(&host) {
            pairs.append_pair("sslmode", "verify-full");
        }
        if !has_name {
            pairs.append_pair("application_name", "quarterdeck");
        }
        // The server gives up before we do, so that nothing of ours goes on there after we said that it failed.
        pairs.append_pair("options[statement_timeout]", "5000");
        pairs.append_pair("options[idle_in_transaction_session_timeout]", "15000");
    }
    let host = if host.is_empty() { "localhost".to_owned() } else { host };
    Ok(Place::Postgres { shown: format!("postgres://{host}"), url: url.into() })
}

/// The parser's errors repeat nothing of the address; these are the ones somebody meets.
fn form(error: url::ParseError) -> &'static str {
    match error {
        url::ParseError::EmptyHost => "the host is missing",
        url::ParseError::InvalidPort => "the port is no number, or the password holds a ':', '/' or '@'",
        _ => "something in it has another meaning in a URL",
    }
}

/// A socket of this machine, or its loopback.
fn is_near(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host.is_empty()
        || host.starts_with('/')
        || host == "localhost"
        || address.is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Place::Postgres { shown, .. } => f.write_str(shown),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_and_shows_no_password() {
        for (text, shown) in [
            ("sqlite:x.db", "sqlite:x.db"),
            ("sqlite:///var/lib/x.db", "sqlite:/var/lib/x.db"),
            ("sqlite:/a b/ü.db", "sqlite:/a b/ü.db"),
            ("postgres://kim:canary@db.example.com:5433/deck", "postgres://db.example.com"),
            ("postgresql://kim:canary@127.0.0.1/deck", "postgres://127.0.0.1"),
            ("postgres://kim:can%40ry@[::1]/deck", "postgres://[::1]"),
            ("postgres:///deck?host=/run/postgresql&password=canary", "postgres:///run/postgresql"),
            ("postgres://%2Frun%2Fpostgresql/deck", "postgres:///run/postgresql"),
            ("postgres://db/deck?options=-csearch_path=canary", "postgres://db"),
        ] {
            let url: DatabaseUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), shown, "{text}");
            assert!(!format!("{url} {url:?}").contains("can"), "{url:?}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        for (text, part) in [
            ("", "is written sqlite:FILE"),
            ("quarterdeck.db", "is written sqlite:FILE"),
            ("mysql://kim:canary@db/x", "is written sqlite:FILE"),
            ("sqlite:", "is written sqlite:FILE"),
            ("sqlite::memory:", "gone when the program ends"),
            ("sqlite:x.db?mode=memory", "no parameters"),
            ("postgres://kim:can/ary@db/x", "no URL"),
            ("postgres://kim:can#ary@db/x", "no URL"),
            ("postgres://db/x?passwrod=canary", "a parameter that is not known"),
        ] {
            let error = text.parse::<DatabaseUrl>().unwrap_err();
            assert!(error.to_string().contains(part), "{text}: {error}");
            assert!(!format!("{error} {error:?}").contains("can"), "{error:?}");
        }
    }

    #[test]
    fn only_a_near_database_may_do_without_tls() {
        for (text, mode) in [
            ("postgres://db.example.com/x", true),
            ("postgres://10.0.0.7/x", true),
            ("postgres:///x?host=db.example.com", true),
            ("postgres://localhost/x?host=db.example.com", true),
            ("postgres://db.example.com/x?sslmode=disable", false),
            ("postgres://localhost/x", false),
            ("postgres://[::1]/x", false),
            ("postgres://127.0.0.1/x", false),
            ("postgres:///x?host=/run/postgresql", false),
        ] {
            let url: DatabaseUrl = text.parse().unwrap();
            assert_eq!(url.secret().contains("sslmode=verify-full"), mode, "{text}");
        }
    }

    #[test]
    fn a_path_reaches_the_driver_as_it_is() {
        assert_eq!(DatabaseUrl::file("/a b/50%.db").secret(), "sqlite:/a%20b/50%25.db");
    }
}
