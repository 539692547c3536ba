//! Registries and seeds that are refused, and names that only look like the right one.

use std::fs;

use super::{ROLE, Right, everything, server};
use crate::bench::Setup;
use crate::scene::{Places, STAGING};

/// Who refuses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// `quarterdeck check` and the start.
    Registry,
    /// Whoever reads the seed.
    Seed,
    /// The database, which is not there.
    Database,
}

/// What stands in the registry of each case.
fn places(right: &Right) -> Places {
    Places {
        postgres: server().port(),
        database: right.database.clone(),
        role: ROLE.to_owned(),
        redis: Some(9),
        more: "passwords: { table: users, login: email, hash: password_hash, scheme: argon2id }".to_owned(),
        environment: String::new(),
    }
}

/// A command of the program about the registry. What it says where it fails.
fn failure(setup: &Setup, words: &[&str]) -> Option<String> {
    let config = setup.path("registry.yaml");
    let config = config.to_str().unwrap();
    let words: Vec<&str> = words.iter().map(|word| if *word == "FILE" { config } else { word }).collect();
    let done = setup.command(&words, "");
    (!done.status.success()).then(|| String::from_utf8_lossy(&done.stderr).into_owned())
}

const ENROL: [&str; 6] = ["demo-data", "enrol", STAGING, "--checks-allow-loopback", "--config", "FILE"];
const SHOW: [&str; 6] = ["demo-data", "show", STAGING, "--checks-allow-loopback", "--config", "FILE"];

#[tokio::test(flavor = "multi_thread")]
async fn what_the_registry_or_the_seed_may_not_say_is_refused_before_anything_is_asked() {
    let right = Right::make("wrong_files").await;
    let setup = Setup::new();
    let places = places(&right);
    places.write(&setup);
    setup.write_kubeconfig();
    let manifest = setup.path("seeds/fleet/manifest.yaml");
    let (registry, seed) = (places.registry(&setup), fs::read_to_string(&manifest).unwrap());
    assert_eq!(failure(&setup, &["check", "FILE"]), None, "the control");
    assert_eq!(failure(&setup, &SHOW), None, "the control");

    let production = "tier: production, timeZone: Europe/Berlin,";
    let check = |host: &str, database: &str| {
        format!(
            "{production} checks: {{ postgres: {{ host: {host}, port: {}, database: {database}, user: look }} }},",
            server().port()
        )
    };
    let development = format!(
        "{{ id: development, cluster: main, namespace: fleet-dev, tier: development, timeZone: UTC, demoData: {{ seed: fleet, \
         profile: development, database: {{ host: 127.0.0.1, port: {}, database: {}, user: {ROLE} }} }}, \
         components: [{{ kind: Deployment, name: web, role: app, replicas: 1 }}] }},\n{{ id: production",
        server().port(),
        right.database
    );
    let database = |name: &str| format!("database: {name}, user");
    let own = database(&right.database);
    let no_name = "use lower-case letters";
    let none = "production has no demo data";
    use By::{Database, Registry, Seed};
    let cases: Vec<(&str, By, &str, String, &str)> = vec![
        ("the tier is production", Registry, "tier: staging,", "tier: production,".into(), none),
        ("the host app.staging", Registry, "tier: staging,", "tier: production, host: app.staging,".into(), none),
        (
            "a namespace staging",
            Registry,
            "namespace: fleet-staging, tier: staging,",
            "namespace: staging, tier: production,".into(),
            none,
        ),
        ("no tier", Registry, "tier: staging,", String::new(), "tier"),
        ("a tier that is none", Registry, "tier: staging,", "tier: Staging,".into(), "tier"),
        ("Staging", Registry, "id: staging,", "id: Staging,".into(), no_name),
        ("a space at the end", Registry, "id: staging,", "id: \"staging \",".into(), no_name),
        ("a Cyrillic а", Registry, "id: staging,", "id: st\u{430}ging,".into(), no_name),
        ("a space of no width", Registry, "id: staging,", "id: \"stag\u{200b}ing\",".into(), no_name),
        (
            "the database of production",
            Registry,
            production,
            check("127.0.0.1", &right.database),
            "which is production",
        ),
        (
            "the database of another environment",
            Registry,
            "{ id: production",
            development,
            "belongs to one environment",
        ),
        (
            "a connection string",
            Registry,
            "database: { host: 127.0.0.1",
            "database: { host: \"postgres://127.0.0.1/fleetdb\"".into(),
            "host",
        ),
        ("no prefix", Registry, "\"fleet:staging:\"", "\"\"".into(), "other keys may begin so too"),
        (
            "a prefix that ends in a word",
            Registry,
            "\"fleet:staging:\"",
            "\"fleet\"".into(),
            "other keys may begin so too",
        ),
        ("a prefix that is a pattern", Registry, "\"fleet:staging:\"", "\"f*:\"".into(), "as a pattern"),
        ("a seed elsewhere", Registry, "seed: fleet,", "seed: ../fleet,".into(), "it is no folder of 'seeds'"),
        (
            "passwords of no table",
            Registry,
            "table: users,",
            "table: \"users; drop table users\",".into(),
            "no name of a table",
        ),
        (
            "a query that deletes",
            Registry,
            "seed: fleet,",
            "seed: fleet, activeSessions: delete from users,".into(),
            "that counts",
        ),
        (
            "two statements",
            Registry,
            "seed: fleet,",
            "seed: fleet, activeSessions: select 1; drop table users,".into(),
            "without ';'",
        ),
        ("a word that forces", Registry, "seed: fleet,", "seed: fleet, force: true,".into(), "force"),
        ("a password in the open", Registry, "seed: fleet,", "seed: fleet, password: x,".into(), "password"),
        (
            "a profile that is none",
            Seed,
            "profile: staging,",
            "profile: production,".into(),
            "the profile 'production'",
        ),
        ("a seed that is none", Seed, "seed: fleet,", "seed: flet,".into(), "cannot be read"),
        (
            "a table that ends the statement",
            Seed,
            "name: tenants,",
            "name: \"tenants; drop table users\",".into(),
            "is no name",
        ),
        ("a table of another schema", Seed, "name: tenants,", "name: archive.tenants,".into(), "is no name"),
        ("a table in quotes", Seed, "name: tenants,", "name: '\"tenants\"',".into(), "is no name"),
        ("a table in capitals", Seed, "name: tenants,", "name: Tenants,".into(), "is no name"),
        ("a table with a Cyrillic а", Seed, "name: tenants,", "name: ten\u{430}nts,".into(), "is no name"),
        ("the table of migrations", Seed, "name: tenants,", "name: schema_migrations,".into(), "is never emptied"),
        ("a table twice", Seed, "name: tenants,", "name: users,".into(), "in the list already"),
        ("a key that is more", Seed, "key: id,", "key: id desc,".into(), "is no name"),
        (
            "a file of another folder",
            Seed,
            "sql: tenants.sql",
            "sql: ../../tenants.sql".into(),
            "no file of the seed's folder",
        ),
        ("a table that was not enrolled", Seed, "name: tenants,", "name: sessions,".into(), ""),
        ("a database in capitals", Database, &own, database("WRONG_FILES"), "3D000"),
        ("a database that begins like it", Database, &own, database("wrong_file"), "3D000"),
        ("a database that goes on after it", Database, &own, database("wrong_files2"), "3D000"),
        ("a database that ends with a space", Database, &own, database("\"wrong_files \""), "3D000"),
        ("a database with a Cyrillic о", Database, &own, database("wr\u{43e}ng_files"), "3D000"),
        ("a role that is none", Database, ROLE, "wrong_owner2".into(), "28P01"),
    ];
    let number = cases.len();
    for (name, by, from, to, told) in cases {
        let is_of_manifest = by == Seed && seed.contains(from);
        let text = if is_of_manifest { &seed } else { &registry };
        assert!(text.contains(from), "{name}");
        let changed = text.replacen(from, &to, 1);
        fs::write(setup.path("registry.yaml"), if is_of_manifest { &registry } else { &changed }).unwrap();
        fs::write(&manifest, if is_of_manifest { &changed } else { &seed }).unwrap();
        let before = everything(server(), &right.database).await;
        if by == Registry {
            let said = failure(&setup, &["check", "FILE"]).unwrap_or_else(|| panic!("{name}: it is taken"));
            assert!(said.contains(told), "{name}: {said}");
            let (site, kubeconfig) = (setup.path("site"), setup.path("kubeconfig"));
            let words = ["serve", "--listen", "127.0.0.1:0", "--private-listen", "127.0.0.1:0", "--config", "FILE"];
            let files = ["--site", site.to_str().unwrap(), "--kubeconfig", kubeconfig.to_str().unwrap()];
            let said = failure(&setup, &[&words[..], &files[..]].concat()).unwrap();
            assert!(said.contains(told), "{name}: {said}");
        }
        // Writing a marker is refused too, but where the seed names other tables that are there: that is a person's decision.
        let words = if told.is_empty() { SHOW } else { ENROL };
        let said = failure(&setup, &words).unwrap_or_else(|| panic!("{name}: it is done"));
        assert!(said.contains(told), "{name}: {said}");
        assert!(everything(server(), &right.database).await == before, "{name}");
    }
    println!("{number} wrong registries and seeds, nothing written");
}
