//! What is asked of an environment from outside, again and again: where, and with which credentials.
//!
//! The credentials themselves never stand here: a field names the environment variable or the file that holds one.

use serde::{Deserialize, Serialize};

use crate::name::ObjectName;

/// Seconds between two runs of a check that finds nothing wrong, unless `everySeconds` says otherwise.
pub const USUAL_INTERVAL_S: u32 = 30;

/// What the checks of an environment ask. What is left out is not configured, and is never shown as if it were fine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Checks {
    /// The Services that must have endpoints. Left out: every Service of the namespace that has a selector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<Vec<ObjectName>>,
    /// The API's own word on its health.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthCheck>,
    /// The PostgreSQL that it uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres: Option<PostgresCheck>,
    /// The Redis that it uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redis: Option<RedisCheck>,
    /// Where one sees that its telemetry arrives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telemetry: Option<TelemetryCheck>,
    /// Figures that a Prometheus has of it. What is left out is not judged: by no finding, by no alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figures: Option<Figures>,
    /// Seconds between two runs while nothing is wrong: 10 to 3600, and 30 where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every_seconds: Option<u32>,
}

/// An address that answers `{"status", "timestamp", "environment", "version"}` as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HealthCheck {
    /// `https://fleet.example.com/api/health`.
    pub url: String,
    /// What `environment` must be in the answer. Left out: the NODE_ENV that is expected in `config`, else the tier's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The component whose image the `version` is compared with. Left out: the first of role `api`, else of role `app`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<ObjectName>,
}

/// How a connection is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum TlsMode {
    /// Not at all.
    Disable,
    /// With TLS, whoever the other end is.
    Require,
    /// With TLS, and a certificate for the host that this machine trusts.
    #[default]
    Verify,
}

/// A PostgreSQL that is asked for the time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PostgresCheck {
    /// A host name or an address, as Quarterdeck reaches it.
    pub host: String,
    /// Its port.
    #[serde(default = "postgres_port")]
    pub port: u16,
    /// The database.
    pub database: String,
    /// A role that can do nothing else: see docs/operating.md.
    pub user: String,
    /// The environment variable of Quarterdeck that holds the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_env: Option<String>,
    /// The file that holds the password, as a mounted Secret does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<String>,
    /// How the connection is secured.
    #[serde(default)]
    pub tls: TlsMode,
}

/// A Redis that is sent a `PING`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RedisCheck {
    /// A host name or an address, as Quarterdeck reaches it.
    pub host: String,
    /// Its port.
    #[serde(default = "redis_port")]
    pub port: u16,
    /// The user, where it has some: one that may `PING` and nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The environment variable of Quarterdeck that holds the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_env: Option<String>,
    /// The file that holds the password, as a mounted Secret does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_file: Option<String>,
    /// How the connection is secured.
    #[serde(default)]
    pub tls: TlsMode,
}

/// Where one sees that telemetry arrives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum TelemetryCheck {
    /// A query of a Prometheus that must find something other than 0.
    Prometheus(PrometheusCheck),
    /// An address that must answer with a status of 200 to 299.
    Http(HttpCheck),
}

/// A query of a Prometheus.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PrometheusCheck {
    /// Its address, without `/api/v1`: `https://prometheus.example.com`.
    pub url: String,
    /// `sum(up{namespace="fleet-management"})`.
    pub query: String,
    /// The environment variable of Quarterdeck that holds the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_env: Option<String>,
    /// The file that holds the token, as a mounted Secret does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<String>,
}

/// Queries of a Prometheus, each for one number of this moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Figures {
    /// Its address, without `/api/v1`: `https://prometheus.example.com`.
    pub url: String,
    /// How many of a hundred answers are errors:
    /// `100 * sum(rate(http_requests_total{code=~"5.."}[5m])) / sum(rate(http_requests_total[5m]))`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_percent: Option<String>,
    /// Milliseconds within which 95 of a hundred answers come:
    /// `1000 * histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m])))`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95_milliseconds: Option<String>,
    /// How much of each volume is free, in percent, by `persistentvolumeclaim`:
    /// `100 * kubelet_volume_stats_available_bytes{namespace="shop"} / kubelet_volume_stats_capacity_bytes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_free_percent: Option<String>,
    /// The environment variable of Quarterdeck that holds the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_env: Option<String>,
    /// The file that holds the token, as a mounted Secret does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<String>,
}

/// An address that is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpCheck {
    /// `https://otel.example.com/healthz`.
    pub url: String,
}

/// Folders with what belongs to the program itself: its account in the cluster and in clouds, and what its process holds.
const OWN_FOLDERS: [&str; 8] = [
    "/var/run/secrets/kubernetes.io/",
    "/run/secrets/kubernetes.io/",
    "/var/run/secrets/eks.amazonaws.com/",
    "/run/secrets/eks.amazonaws.com/",
    "/var/run/secrets/azure/",
    "/run/secrets/azure/",
    "/proc/",
    "/sys/",
];

/// Whether a file lies where the program's own credentials are. Whoever writes the registry would have them sent to a host of their
/// choice. The path is compared as it is written: without links, and without empty parts, `.` and `..`.
pub fn is_own_file(path: &str) -> bool {
    OWN_FOLDERS.iter().any(|own| path.starts_with(own))
}

/// Where a credential is read: named in the registry, kept elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential<'a> {
    /// In an environment variable of the program.
    Variable(&'a str),
    /// In a file.
    File(&'a str),
}

impl<'a> Credential<'a> {
    pub(super) fn of(variable: &'a Option<String>, file: &'a Option<String>) -> Option<Self> {
        match (variable, file) {
            (Some(name), _) => Some(Self::Variable(name)),
            (None, Some(path)) => Some(Self::File(path)),
            (None, None) => None,
        }
    }
}

impl Checks {
    /// Whether nothing is declared.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Seconds between two runs while nothing is wrong.
    pub fn interval_s(&self) -> u32 {
        self.every_seconds.unwrap_or(USUAL_INTERVAL_S)
    }
}

impl PostgresCheck {
    /// Where its password is.
    pub fn password(&self) -> Option<Credential<'_>> {
        Credential::of(&self.password_env, &self.password_file)
    }
}

impl RedisCheck {
    /// Where its password is.
    pub fn password(&self) -> Option<Credential<'_>> {
        Credential::of(&self.password_env, &self.password_file)
    }
}

impl PrometheusCheck {
    /// Where its token is.
    pub fn token(&self) -> Option<Credential<'_>> {
        Credential::of(&self.token_env, &self.token_file)
    }
}

impl Figures {
    /// Where its token is.
    pub fn token(&self) -> Option<Credential<'_>> {
        Credential::of(&self.token_env, &self.token_file)
    }
}

pub(super) fn postgres_port() -> u16 {
    5432
}

pub(super) fn redis_port() -> u16 {
    6379
}
