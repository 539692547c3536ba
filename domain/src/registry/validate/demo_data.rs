//! What demo data must fulfil. Barrier one of docs/adr/0015-demo-data.md: production has none.

use super::Problems;
use super::checks::{credential, place};
use crate::demo_data::manifest::is_name;
use crate::registry::demo_data::{DemoCache, DemoData, DemoDatabase, Passwords};
use crate::registry::{Registry, Tier};

/// What is alone at an end of a prefix that no key of another environment begins with by chance.
const SEPARATORS: [char; 4] = [':', '/', '.', '-'];

/// Everything that is wrong with what one environment declares, and with what several share.
pub(super) fn check(registry: &Registry, problems: &mut Problems) {
    let mut seen: Vec<(String, &DemoData)> = Vec::new();
    let all = registry.systems.iter().enumerate().flat_map(|(system, declared)| {
        let environments = declared.environments.iter().enumerate();
        environments.map(move |(index, environment)| (format!("systems[{system}].environments[{index}]"), environment))
    });
    for (path, environment) in all {
        let Some(data) = &environment.demo_data else { continue };
        let path = format!("{path}.demoData");
        match environment.tier {
            Tier::Production => {
                let message =
                    "production has no demo data: take this out. Nothing would reset it, whatever stands here";
                problems.add(&path, message);
            }
            Tier::Staging | Tier::Development => {}
        }
        one(data, &path, problems);
        shared(registry, data, &path, &seen, problems);
        seen.push((path, data));
    }
}

fn one(data: &DemoData, path: &str, problems: &mut Problems) {
    let DemoData { seed, profile, database, redis, passwords, active_sessions, schedule: _ } = data;
    if !is_folder(seed) {
        let message = "it is no folder of 'seeds': write its name alone, in lower case letters, digits and -";
        problems.add(&format!("{path}.seed"), message);
    }
    problems.unless_blank(&format!("{path}.profile"), profile, "the size of the seed, like staging");
    {
        let path = format!("{path}.database");
        let DemoDatabase { host, port, database, user, password_env, password_file, tls: _ } = database;
        place(host, *port, &path, problems);
        problems.unless_blank(&format!("{path}.database"), database, "the name of the database");
        problems.unless_blank(&format!("{path}.user"), user, "the role that owns the tables");
        credential(&path, "password", password_env, password_file, problems);
    }
    if let Some(cache) = redis {
        let path = format!("{path}.redis");
        let DemoCache { host, port, user, password_env, password_file, tls: _, database: _, prefix } = cache;
        place(host, *port, &path, problems);
        if user.is_some() && cache.password().is_none() {
            problems.add(&format!("{path}.user"), "a user has a password: write passwordEnv or passwordFile as well");
        }
        credential(&path, "password", password_env, password_file, problems);
        if let Some(trouble) = prefix_trouble(prefix) {
            problems.add(&format!("{path}.prefix"), trouble);
        }
    }
    if let Some(Passwords { table, login, hash, scheme: _ }) = passwords {
        for (field, name) in [("table", table), ("login", login), ("hash", hash)] {
            if !is_name(name) {
                let message = "it is no name of a table or column: write lower case letters, digits and _";
                problems.add(&format!("{path}.passwords.{field}"), message);
            }
        }
    }
    if let Some(query) = active_sessions {
        let begins = query.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("select"));
        if !begins || query.contains(';') {
            let message = "it is no query that counts: write one like select count(*) from sessions, without ';'";
            problems.add(&format!("{path}.activeSessions"), message);
        }
    }
}

/// What a reset of one environment would take from another.
fn shared(registry: &Registry, data: &DemoData, path: &str, seen: &[(String, &DemoData)], problems: &mut Problems) {
    if let Some((first, _)) = seen.iter().find(|(_, other)| other.database.place() == data.database.place()) {
        let message = format!("it is the database of {first}: a database belongs to one environment");
        problems.add(&format!("{path}.database"), message);
    }
    let is_it = |check: &crate::registry::checks::PostgresCheck| {
        (check.host.to_ascii_lowercase(), check.port, check.database.as_str()) == data.database.place()
    };
    let production = registry.environments().find(|(_, environment)| {
        environment.tier == Tier::Production && environment.checks.postgres.as_ref().is_some_and(is_it)
    });
    if let Some((system, environment)) = production {
        let message = format!("it is the database of {}, which is production", system.environment_id(environment));
        problems.add(&format!("{path}.database"), message);
    }
    let Some(cache) = data.redis.as_ref().filter(|cache| prefix_trouble(&cache.prefix).is_none()) else { return };
    let is_shared = registry.environments().find(|(_, environment)| {
        let redis = environment.checks.redis.as_ref();
        environment.tier == Tier::Production
            && redis.is_some_and(|redis| redis.host.eq_ignore_ascii_case(&cache.host) && redis.port == cache.port)
    });
    if let Some((system, environment)) = is_shared {
        let message = format!("it is the Redis of {}, which is production", system.environment_id(environment));
        problems.add(&format!("{path}.redis"), message);
    }
    let overlaps = |other: &DemoCache| {
        let same = (other.host.eq_ignore_ascii_case(&cache.host), other.port, other.database);
        same == (true, cache.port, cache.database)
            && (other.prefix.starts_with(&cache.prefix) || cache.prefix.starts_with(&other.prefix))
    };
    if let Some((first, _)) = seen.iter().find(|(_, other)| other.redis.as_ref().is_some_and(overlaps)) {
        let message = format!("keys of {first} begin alike: write a prefix that is the environment's own");
        problems.add(&format!("{path}.redis.prefix"), message);
    }
}

fn is_folder(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// What is wrong with a prefix: one that is short, ends within a word or reads as a pattern may be that of others.
fn prefix_trouble(prefix: &str) -> Option<&'static str> {
    if prefix.chars().count() < 3 || !prefix.ends_with(SEPARATORS) {
        return Some("other keys may begin so too: write one that ends with ':', like fleet:staging:");
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || SEPARATORS.contains(&c) || c == '_' || c == '{' || c == '}';
    (!prefix.chars().all(is_plain))
        .then_some("it reads as a pattern: write letters, digits, ':', '.', '-', '_' and '/'")
}

#[cfg(test)]
mod tests {
    use crate::registry::Registry;
    use crate::registry::validate::{Problem, validate};

    const DATABASE: &str = r#""database": {"host": "db", "database": "fleetdb_staging", "user": "deck"}"#;

    /// A development and a staging environment with demo data, and production with what `production` says.
    fn problems(staging: &str, tier: &str, production: &str) -> Result<Vec<Problem>, String> {
        let environment = |id: &str, tier: &str, more: &str| {
            format!(
                r#"{{"id": "{id}", "cluster": "main", "namespace": "{id}", "tier": "{tier}", "timeZone": "UTC" {more},
                   "components": [{{"kind": "Deployment", "name": "api", "role": "api", "replicas": 2}}]}}"#
            )
        };
        let development = r#", "demoData": {"seed": "fleet", "profile": "development", "database": {"host": "DB", "database":
            "fleetdb_dev", "user": "deck"}, "redis": {"host": "cache", "prefix": "fleet:dev:"}}"#;
        let json = format!(
            r#"{{"clusters": [{{"id": "main", "connect": {{"context": "main"}}}}], "systems": [{{"id": "fleet", "name": "Fleet",
               "environments": [{}, {}, {}]}}]}}"#,
            environment("development", "development", development),
            environment("staging", tier, &format!(r#", "name": "Second", "demoData": {staging}"#)),
            environment("production", "production", production),
        );
        serde_json::from_str::<Registry>(&json).map(|registry| validate(&registry)).map_err(|error| error.to_string())
    }

    fn data(more: &str) -> String {
        format!(r#"{{"seed": "fleet", "profile": "staging", {DATABASE}{more}}}"#)
    }

    #[test]
    fn what_is_declared_of_development_and_staging_is_taken() {
        for more in [
            "",
            r#", "redis": {"host": "cache", "prefix": "fleet:staging:"}"#,
            r#", "redis": {"host": "cache", "prefix": "{fleet-staging}:", "database": 3, "user": "deck", "passwordEnv": "REDIS"}"#,
            r#", "redis": {"host": "other", "prefix": "fleet:dev:"}"#,
            r#", "passwords": {"table": "users", "login": "email", "hash": "password_hash", "scheme": "bcrypt"}"#,
            r#", "activeSessions": "select count(*) from sessions where expires_at > now()""#,
            r#", "schedule": {"at": "03:30", "days": ["monday", "friday"]}"#,
        ] {
            assert_eq!(problems(&data(more), "staging", ""), Ok(Vec::new()), "{more}");
        }
    }

    #[test]
    fn production_has_none_and_nothing_is_shared() {
        let found = problems(&data(""), "production", "").unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].path, "systems[0].environments[1].demoData");
        assert!(found[0].message.starts_with("production has no demo data"), "{found:?}");
        let postgres = |database: &str| {
            format!(r#", "checks": {{"postgres": {{"host": "db", "database": "{database}", "user": "look"}}}}"#)
        };
        assert_eq!(problems(&data(""), "staging", &postgres("fleetdb")), Ok(Vec::new()));
        let found = problems(&data(""), "staging", &postgres("fleetdb_staging")).unwrap();
        assert!(found.len() == 1 && found[0].message.contains("fleet/production, which is production"), "{found:?}");
        let redis = r#", "redis": {"host": "other", "prefix": "fleet:staging:"}"#;
        let theirs = r#", "checks": {"redis": {"host": "OTHER"}}"#;
        let found = problems(&data(redis), "staging", theirs).unwrap();
        assert!(found.len() == 1 && found[0].message.contains("the Redis of fleet/production"), "{found:?}");
        for (change, to, path, message) in [
            ("fleetdb_staging", "fleetdb_dev", "database", "belongs to one environment"),
            ("}}", r#"}, "redis": {"host": "CACHE", "prefix": "fleet:dev:"}}"#, "redis.prefix", "begin alike"),
            ("}}", r#"}, "redis": {"host": "cache", "prefix": "fleet:"}}"#, "redis.prefix", "begin alike"),
            ("}}", r#"}, "redis": {"host": "cache", "prefix": "fleet:dev:x:"}}"#, "redis.prefix", "begin alike"),
            ("}}", r#"}, "redis": {"host": "cache", "prefix": ""}}"#, "redis.prefix", "begin so too"),
            ("}}", r#"}, "redis": {"host": "cache", "prefix": "fleet"}}"#, "redis.prefix", "begin so too"),
            ("}}", r#"}, "redis": {"host": "cache", "prefix": "f*:"}}"#, "redis.prefix", "as a pattern"),
            (
                "}}",
                r#"}, "redis": {"host": "cache", "prefix": "sta:", "user": "deck"}}"#,
                "redis.user",
                "has a password",
            ),
            (r#""fleet""#, r#""../fleet""#, "seed", "its name alone"),
            (r#""fleet""#, r#""""#, "seed", "its name alone"),
            (r#""staging""#, r#"" ""#, "profile", "the size"),
            (r#""db""#, r#""postgres://db""#, "database.host", "no host"),
            (r#""deck""#, r#""""#, "database.user", "owns the tables"),
            (r#""user""#, r#""passwordFile": "/proc/self/environ", "user""#, "database.passwordFile", "itself"),
            ("}}", r#"}, "activeSessions": "delete from sessions"}"#, "activeSessions", "that counts"),
            ("}}", r#"}, "activeSessions": "select 1; drop table x"}"#, "activeSessions", "without ';'"),
            (
                "}}",
                r#"}, "passwords": {"table": "users u", "login": "email", "hash": "h", "scheme": "argon2id"}}"#,
                "passwords.table",
                "no name",
            ),
        ] {
            let changed = data("").replacen(change, to, 1);
            assert_ne!(changed, data(""), "{change}");
            let found = problems(&changed, "staging", "").unwrap();
            let path = format!("systems[0].environments[1].demoData.{path}");
            assert_eq!(found.len(), 1, "{to}: {found:#?}");
            assert!(found[0].path == path && found[0].message.contains(message), "{to}: {found:#?}");
        }
        for refused in [r#", "password": "x""#, r#", "force": true"#, r#", "tier": "staging""#] {
            assert!(problems(&data(refused), "staging", "").unwrap_err().contains("unknown field"), "{refused}");
        }
    }
}
