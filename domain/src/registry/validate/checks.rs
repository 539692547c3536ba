//! What the checks of an environment must fulfil.

use std::net::IpAddr;

use super::text::{address_trouble, is_host, is_secret_like};
use super::{Problems, Seen};
use crate::registry::checks::{Figures, PrometheusCheck, TelemetryCheck, is_own_file};
use crate::registry::{Checks, Environment};

/// An address as it should be.
const INSTEAD: &str = "write an address like https://fleet.example.com/api/health";

pub(super) fn check(environment: &Environment, path: &str, problems: &mut Problems) {
    let path = format!("{path}.checks");
    let Checks { services, health, postgres, redis, telemetry, figures, every_seconds } = &environment.checks;
    if let Some(services) = services {
        if services.is_empty() {
            problems
                .add(&format!("{path}.services"), "no Service is named: write some, or leave it out to look at all");
        }
        let mut names = Seen::default();
        for (index, name) in services.iter().enumerate() {
            let path = format!("{path}.services[{index}]");
            if names.again(name, &path).is_some() {
                problems.add(&path, "the Service is in the list already: write it once");
            }
        }
    }
    if let Some(health) = health {
        let path = format!("{path}.health");
        url(&health.url, &format!("{path}.url"), problems);
        if let Some(value) = &health.environment {
            let instead = "what the API should answer as its environment, or leave it out";
            problems.unless_blank(&format!("{path}.environment"), value, instead);
        }
        if let Some(name) = &health.component
            && !environment.components.iter().any(|component| component.name == *name)
        {
            let message = format!("no component '{name}' is declared here: write the name of one");
            problems.add(&format!("{path}.component"), message);
        }
    }
    if let Some(postgres) = postgres {
        let path = format!("{path}.postgres");
        place(&postgres.host, postgres.port, &path, problems);
        problems.unless_blank(&format!("{path}.database"), &postgres.database, "the name of the database");
        problems.unless_blank(&format!("{path}.user"), &postgres.user, "the role that may only ask for the time");
        credential(&path, "password", &postgres.password_env, &postgres.password_file, problems);
    }
    if let Some(redis) = redis {
        let path = format!("{path}.redis");
        place(&redis.host, redis.port, &path, problems);
        if let Some(user) = &redis.user {
            problems.unless_blank(&format!("{path}.user"), user, "the name of the user, or leave it out");
            if redis.password().is_none() {
                problems
                    .add(&format!("{path}.user"), "a user has a password: write passwordEnv or passwordFile as well");
            }
        }
        credential(&path, "password", &redis.password_env, &redis.password_file, problems);
    }
    match telemetry {
        Some(TelemetryCheck::Prometheus(PrometheusCheck { url: address, query, token_env, token_file })) => {
            let path = format!("{path}.telemetry.prometheus");
            prometheus(address, token_env, token_file, &path, problems);
            problems.unless_blank(&format!("{path}.query"), query, "a query that finds something, like sum(up)");
        }
        Some(TelemetryCheck::Http(http)) => url(&http.url, &format!("{path}.telemetry.http.url"), problems),
        None => {}
    }
    if let Some(figures) = figures {
        let path = format!("{path}.figures");
        let Figures { url: address, error_percent, p95_milliseconds, volume_free_percent, token_env, token_file } =
            figures;
        prometheus(address, token_env, token_file, &path, problems);
        let queries = [
            ("errorPercent", error_percent),
            ("p95Milliseconds", p95_milliseconds),
            ("volumeFreePercent", volume_free_percent),
        ];
        for (name, query) in &queries {
            if let Some(query) = query {
                problems.unless_blank(&format!("{path}.{name}"), query, "a query that finds a number, or leave it out");
            }
        }
        if queries.iter().all(|(_, query)| query.is_none()) {
            let message =
                "it asks for nothing: write errorPercent, p95Milliseconds or volumeFreePercent, or leave it out";
            problems.add(&path, message);
        }
    }
    if let Some(seconds) = every_seconds.filter(|seconds| !(10..=3600).contains(seconds)) {
        let message = format!("{seconds} is not between 10 and 3600: write a number of seconds in between");
        problems.add(&format!("{path}.everySeconds"), message);
    }
}

fn url(address: &str, path: &str, problems: &mut Problems) {
    if let Some(trouble) = address_trouble(address, INSTEAD) {
        problems.add(path, trouble);
        return;
    }
    let query = address.split('#').next().unwrap_or_default().split_once('?').map_or("", |(_, query)| query);
    for pair in query.split('&') {
        let key = pair.split('=').next().unwrap_or_default();
        if is_secret_like(key) {
            let key = crate::text::plain(key, 50);
            problems
                .add(path, format!("its parameter '{key}' reads like a secret, and this file holds none: take it out"));
        }
    }
}

/// A Prometheus, whatever it is asked.
fn prometheus(
    address: &str,
    token_env: &Option<String>,
    token_file: &Option<String>,
    path: &str,
    problems: &mut Problems,
) {
    url(address, &format!("{path}.url"), problems);
    if address.contains(['?', '#']) {
        problems.add(&format!("{path}.url"), "the query has a field of its own: write the address without '?'");
    }
    credential(path, "token", token_env, token_file, problems);
    if address.to_ascii_lowercase().starts_with("http:") && (token_env.is_some() || token_file.is_some()) {
        problems.add(&format!("{path}.url"), "a token is sent by https: only: write an https: address");
    }
}

pub(super) fn place(host: &str, port: u16, path: &str, problems: &mut Problems) {
    let is_name = is_host(host) && !host.contains([':', '[']);
    if host.parse::<IpAddr>().is_err() && !is_name {
        let message = "it is no host: write a name like postgres.example.com or an address, without scheme and port";
        problems.add(&format!("{path}.host"), message);
    }
    if port == 0 {
        problems.add(&format!("{path}.port"), "nothing listens on port 0: write a number from 1 to 65535");
    }
}

pub(super) fn credential(
    path: &str,
    what: &str,
    variable: &Option<String>,
    file: &Option<String>,
    problems: &mut Problems,
) {
    if let Some(name) = variable {
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if name.starts_with("QUARTERDECK_") {
            // Whoever writes the registry would have the program's own secrets sent to a host of their choice.
            problems.add(&format!("{path}.{what}Env"), "this variable belongs to Quarterdeck itself: write another");
        } else if !is_name {
            let message = "no environment variable has such a name: write the name, never the secret itself";
            problems.add(&format!("{path}.{what}Env"), message);
        }
    }
    if let Some(file) = file {
        if !file.starts_with('/') || crate::text::plain(file, file.len()) != file.as_str() {
            problems.add(&format!("{path}.{what}File"), "it is no path of a file: write one that begins with '/'");
        }
        // One path has one spelling here, so that none of the program's own gets through in another.
        if file.split('/').skip(1).any(|part| matches!(part, "" | "." | "..")) {
            let message = "a part of the path is empty, '.' or '..': write each folder once, by its name";
            problems.add(&format!("{path}.{what}File"), message);
        } else if is_own_file(file) {
            problems.add(&format!("{path}.{what}File"), "this file belongs to Quarterdeck itself: write another");
        }
        if variable.is_some() {
            let message = format!("{what}Env says already where it is: write one of the two");
            problems.add(&format!("{path}.{what}File"), message);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::registry::Registry;
    use crate::registry::validate::{Problem, validate};

    fn problems(checks: &str) -> Result<Vec<Problem>, String> {
        let json = format!(
            r#"{{"clusters": [{{"id": "main", "connect": {{"context": "main"}}}}], "systems": [{{"id": "fleet", "name": "Fleet",
               "environments": [{{"id": "staging", "cluster": "main", "namespace": "staging", "tier": "staging",
               "timeZone": "UTC", "checks": {checks},
               "components": [{{"kind": "Deployment", "name": "api", "role": "api", "replicas": 2}}]}}]}}]}}"#
        );
        serde_json::from_str::<Registry>(&json).map(|registry| validate(&registry)).map_err(|error| error.to_string())
    }

    #[test]
    fn what_can_be_asked_is_taken() {
        for checks in [
            "{}",
            r#"{"services": ["api"], "everySeconds": 10}"#,
            r#"{"health": {"url": "https://fleet.example.com:8443/api/health?full=1", "environment": "staging", "component": "api"}}"#,
            r#"{"postgres": {"host": "10.0.0.5", "database": "fleet", "user": "deck", "passwordEnv": "FLEET_DB_PASSWORD"}}"#,
            r#"{"postgres": {"host": "fd00::5", "port": 5433, "database": "fleet", "user": "deck", "tls": "disable"}}"#,
            r#"{"redis": {"host": "redis.staging.svc", "user": "deck", "passwordFile": "/secrets/..data/redis.d/word", "tls": "require"}}"#,
            r#"{"telemetry": {"prometheus": {"url": "https://prom.example.com/x", "query": "sum(up)", "tokenEnv": "PROM"}}}"#,
            r#"{"telemetry": {"http": {"url": "http://otel.example.com/healthz"}}}"#,
        ] {
            assert_eq!(problems(checks), Ok(Vec::new()), "{checks}");
        }
    }

    #[test]
    fn what_cannot_be_asked_and_every_secret_is_refused_where_it_stands() {
        for (checks, path, message) in [
            (r#"{"services": []}"#, "services", "leave it out"),
            (r#"{"services": ["a", "a"]}"#, "services[1]", "write it once"),
            (r#"{"health": {"url": "https://u:p@a.test/"}}"#, "health.url", "holds no user or password"),
            (r#"{"health": {"url": "file:///etc/passwd"}}"#, "health.url", "only https: and http:"),
            (r#"{"health": {"url": "https://a.test/?x=1&api_key=k"}}"#, "health.url", "'api_key' reads like a secret"),
            (r#"{"health": {"url": "https://a.test/", "environment": " "}}"#, "health.environment", "leave it out"),
            (r#"{"health": {"url": "https://a.test/", "component": "web"}}"#, "health.component", "no component 'web'"),
            (r#"{"postgres": {"host": "postgres://a", "database": "a", "user": "a"}}"#, "postgres.host", "no host"),
            (r#"{"postgres": {"host": "a:5432", "database": "a", "user": "a"}}"#, "postgres.host", "without scheme"),
            (r#"{"postgres": {"host": "a", "port": 0, "database": "a", "user": "a"}}"#, "postgres.port", "1 to 65535"),
            (r#"{"postgres": {"host": "a", "database": "", "user": "a"}}"#, "postgres.database", "the name of the"),
            (r#"{"postgres": {"host": "a", "database": "a", "user": ""}}"#, "postgres.user", "may only ask"),
            (
                r#"{"postgres": {"host": "a", "database": "a", "user": "a", "passwordEnv": "hunter2!"}}"#,
                "postgres.passwordEnv",
                "never the secret",
            ),
            (
                r#"{"redis": {"host": "a", "passwordEnv": "QUARTERDECK_DATABASE"}}"#,
                "redis.passwordEnv",
                "belongs to Quarterdeck itself",
            ),
            (
                r#"{"redis": {"host": "a", "passwordFile": "/var/run/secrets/kubernetes.io/serviceaccount/token"}}"#,
                "redis.passwordFile",
                "belongs to Quarterdeck itself",
            ),
            (r#"{"redis": {"host": "a", "passwordFile": "/proc/self/environ"}}"#, "redis.passwordFile", "itself"),
            (r#"{"redis": {"host": "a", "passwordFile": "/a/../proc/self/environ"}}"#, "redis.passwordFile", "'..'"),
            (r#"{"redis": {"host": "a", "passwordFile": "//proc/self/environ"}}"#, "redis.passwordFile", "is empty"),
            (r#"{"redis": {"host": "a", "passwordFile": "/./proc/self/environ"}}"#, "redis.passwordFile", "'.'"),
            (r#"{"redis": {"host": "a", "passwordFile": "/secrets/"}}"#, "redis.passwordFile", "is empty"),
            (
                r#"{"redis": {"host": "a", "passwordFile": "//var/run/secrets/kubernetes.io/serviceaccount/token"}}"#,
                "redis.passwordFile",
                "is empty",
            ),
            (r#"{"redis": {"host": "a", "passwordFile": "secret"}}"#, "redis.passwordFile", "begins with '/'"),
            (r#"{"redis": {"host": "a", "user": "b"}}"#, "redis.user", "a user has a password"),
            (
                r#"{"redis": {"host": "a", "passwordFile": "/a", "passwordEnv": "A"}}"#,
                "redis.passwordFile",
                "one of the two",
            ),
            (
                r#"{"telemetry": {"prometheus": {"url": "https://a.test", "query": ""}}}"#,
                "telemetry.prometheus.query",
                "sum(up)",
            ),
            (
                r#"{"telemetry": {"prometheus": {"url": "https://a.test/?q=1", "query": "up"}}}"#,
                "telemetry.prometheus.url",
                "without '?'",
            ),
            (
                r#"{"telemetry": {"prometheus": {"url": "http://a.test", "query": "up", "tokenFile": "/a"}}}"#,
                "telemetry.prometheus.url",
                "by https: only",
            ),
            (r#"{"telemetry": {"http": {"url": "ftp://a.test"}}}"#, "telemetry.http.url", "only https:"),
            (r#"{"everySeconds": 9}"#, "everySeconds", "9 is not between 10 and 3600"),
            (r#"{"everySeconds": 3601}"#, "everySeconds", "not between"),
        ] {
            let found = problems(checks).unwrap();
            let path = format!("systems[0].environments[0].checks.{path}");
            assert_eq!(found.len(), 1, "{checks}: {found:#?}");
            assert!(found[0].path == path && found[0].message.contains(message), "{checks}: {found:#?}");
        }
        // A secret has no field that it could stand in.
        for checks in [
            r#"{"postgres": {"host": "a", "database": "a", "user": "a", "password": "x"}}"#,
            r#"{"redis": {"host": "a", "url": "redis://:x@a"}}"#,
            r#"{"telemetry": {"prometheus": {"url": "https://a.test", "query": "up", "token": "x"}}}"#,
            r#"{"allowLoopback": true}"#,
        ] {
            assert!(problems(checks).unwrap_err().contains("unknown field"), "{checks}");
        }
    }
}
