use super::*;
use crate::registry::Registry;

/// A registry in which everything is right, to be spoiled one value at a time.
const GOOD: &str = r#"{
  "clusters": [
    {"id": "main", "region": "East US 2", "connect": {"context": "main"}},
    {"id": "fleetops", "connect": {"inCluster": true}}
  ],
  "systems": [
    {"id": "fleet-management", "name": "Fleet Management", "environments": [
      {"id": "production", "cluster": "main", "namespace": "fleet-management", "tier": "production",
       "host": "fleet.example.com", "timeZone": "America/New_York", "zeroDowntime": true,
       "freezes": [{"from": "2026-12-18T18:00", "to": "2027-01-04T08:00", "why": "year-end closing"}],
       "maintenance": {"windows": [{"days": ["sunday"], "nth": 1, "from": "02:00", "to": "06:00"}]},
       "contacts": [{"role": "On-call", "reach": "pager, immediate"}],
       "links": [{"name": "Grafana", "url": "https://grafana.example.com"}],
       "config": [{"configMap": "fleet-config", "expect": {"LOG_LEVEL": "info"}}],
       "quota": {"requests": {"cpu": "10"}, "limits": {"memory": "64Gi"}},
       "limitRange": {"default": {"cpu": "501m"}},
       "components": [
         {"kind": "Deployment", "name": "fleet-app", "role": "app", "replicas": {"min": 3, "max": 20, "cpu": 70, "memory": 80, "scaleDownSeconds": 300},
          "disruptionBudget": {"minAvailable": "50%"},
          "resources": {"cpu": {"request": "500m", "limit": "2000m"}, "memory": {"request": "512Mi", "limit": "2Gi"}},
          "image": "fleetappregistry.azurecr.io/fleet-app", "reads": ["fleet-config"]},
         {"kind": "StatefulSet", "name": "fleet-postgres", "role": "database", "replicas": 1, "storage": "100Gi"},
         {"kind": "DaemonSet", "name": "agent", "role": "worker"}
       ]},
      {"id": "staging", "cluster": "main", "namespace": "staging", "tier": "staging", "timeZone": "UTC",
       "maintenance": "anyTime", "components": [{"kind": "Deployment", "name": "fleet-app", "role": "app", "replicas": 0}]}
    ]},
    {"id": "fleetops", "name": "FleetOps", "environments": [
      {"id": "staging", "cluster": "fleetops", "namespace": "staging", "tier": "staging", "timeZone": "UTC",
       "components": [{"kind": "Deployment", "name": "api", "role": "api", "replicas": 2}]}
    ]}
  ]
}"#;

fn problems(json: &str) -> Vec<Problem> {
    validate(&serde_json::from_str::<Registry>(json).unwrap_or_else(|error| panic!("{error}: {json}")))
}

#[test]
fn a_registry_that_is_right_has_no_problems() {
    assert_eq!(problems(GOOD), []);
}

#[test]
fn every_mistake_is_found_where_it_stands_with_what_to_write() {
    const PROD: &str = "systems[0].environments[0]";
    for (right, wrong, path, message) in [
        (r#""id": "fleetops", "connect""#, r#""id": "main", "connect""#, "clusters[1].id", "write another id"),
        (r#"{"context": "main"}"#, r#"{"context": " "}"#, "clusters[0].connect.context", "a context of the kubeconfig"),
        (r#"{"inCluster": true}"#, r#"{"inCluster": false}"#, "clusters[1].connect.inCluster", "write true"),
        (r#"{"inCluster": true}"#, r#"{"context": "main"}"#, "clusters[1].connect", "declare it once"),
        (r#""id": "fleetops", "name""#, r#""id": "fleet-management", "name""#, "systems[1].id", "write another id"),
        (r#""name": "FleetOps""#, r#""name": """#, "systems[1].name", "the name that people use"),
        (
            r#""id": "staging", "cluster": "main""#,
            r#""id": "production", "cluster": "main""#,
            "systems[0].environments[1].id",
            "systems[0].environments[0].id already",
        ),
        (
            r#""cluster": "fleetops""#,
            r#""cluster": "other""#,
            "systems[1].environments[0].cluster",
            "write one of main, fleetops",
        ),
        (
            r#""cluster": "fleetops""#,
            r#""cluster": "main""#,
            "systems[1].environments[0].namespace",
            "a namespace belongs to one environment",
        ),
        ("America/New_York", "EST", "{}.timeZone", "write America/New_York"),
        ("\"fleet.example.com\"", "\"https://fleet.example.com/\"", "{}.host", "write 'fleet.example.com'"),
        ("https://grafana.example.com", "javascript:alert(1)", "{}.links[0].url", "only https: and http:"),
        (r#""name": "Grafana""#, r#""name": """#, "{}.links[0].name", "what it is called"),
        (r#""role": "On-call""#, r#""role": """#, "{}.contacts[0].role", "who it is"),
        ("pager, immediate", "", "{}.contacts[0].reach", "how and how fast"),
        (r#"["sunday"]"#, "[]", "{}.maintenance.windows[0].days", "write the days"),
        (r#"["sunday"]"#, r#"["sunday", "sunday"]"#, "{}.maintenance.windows[0].days[1]", "write it once"),
        (r#""nth": 1"#, r#""nth": 6"#, "{}.maintenance.windows[0].nth", "write 1 to 5"),
        (r#""nth": 1"#, r#""nth": 0"#, "{}.maintenance.windows[0].nth", "write 1 to 5"),
        (r#""to": "06:00""#, r#""to": "02:00""#, "{}.maintenance.windows[0].to", "open for no time"),
        (r#""from": "02:00""#, r#""from": "24:00""#, "{}.maintenance.windows[0].from", "write 00:00"),
        ("2027-01-04T08:00", "2026-12-18T18:00", "{}.freezes[0].to", "write a later date"),
        ("2027-01-04T08:00", "2025-12-20T18:00", "{}.freezes[0].to", "write a later date"),
        ("year-end closing", " ", "{}.freezes[0].why", "write why"),
        (
            r#"[{"days": ["sunday"], "nth": 1, "from": "02:00", "to": "06:00"}]"#,
            "[]",
            "{}.maintenance.windows",
            "write a window, or anyTime",
        ),
        ("LOG_LEVEL", "DATABASE_URL", "{}.config[0].expect.DATABASE_URL", "reads like a secret"),
        ("LOG_LEVEL", "LOG LEVEL", "{}.config[0].expect.LOG LEVEL", "has no such key"),
        (r#""info""#, r#""http://u:p@h/x""#, "{}.config[0].expect.LOG_LEVEL", "holds a user and password"),
        (
            r#""expect": {"LOG_LEVEL": "info"}}"#,
            r#""expect": {}}, {"configMap": "fleet-config", "expect": {}}"#,
            "{}.config[1].configMap",
            "write its keys there",
        ),
        (r#"["fleet-config"]"#, r#"["other"]"#, "{}.components[0].reads[0]", "is not watched"),
        (r#", "reads": ["fleet-config"]"#, "", "{}.config[0].configMap", "no component reads 'fleet-config'"),
        (r#"["fleet-config"]"#, r#"["fleet-config", "fleet-config"]"#, "{}.components[0].reads[1]", "write it once"),
        (r#""min": 3"#, r#""min": 0"#, "{}.components[0].replicas.min", "1 or more"),
        (r#""max": 20"#, r#""max": 2"#, "{}.components[0].replicas.max", "at least 3"),
        (r#""cpu": 70"#, r#""cpu": 0"#, "{}.components[0].replicas.cpu", "like 80"),
        (r#""memory": 80"#, r#""memory": 0"#, "{}.components[0].replicas.memory", "like 80"),
        ("300}", "3601}", "{}.components[0].replicas.scaleDownSeconds", "at most 3600"),
        (r#""50%""#, r#""half""#, "{}.components[0].disruptionBudget.minAvailable", "write it like 2"),
        (
            r#"{"minAvailable": "50%"}"#,
            r#"{"maxUnavailable": "101%"}"#,
            "{}.components[0].disruptionBudget.maxUnavailable",
            "like",
        ),
        (
            r#""name": "agent", "role": "worker""#,
            r#""name": "agent", "role": "worker", "disruptionBudget": {"minAvailable": 1}"#,
            "{}.components[2].disruptionBudget",
            "leave it out",
        ),
        (r#"{"cpu": "10"}"#, r#"{"cpu": "0"}"#, "{}.quota.requests.cpu", "above 0"),
        (r#"{"requests": {"cpu": "10"}, "limits": {"memory": "64Gi"}}"#, "{}", "{}.quota", "it says nothing"),
        (r#"{"cpu": "501m"}"#, r#"{"memory": "-1"}"#, "{}.limitRange.default.memory", "above 0"),
        (r#""replicas": 1, "#, "", "{}.components[1].replicas", "how many should run"),
        (
            r#""name": "agent", "role": "worker""#,
            r#""name": "agent", "role": "worker", "replicas": 1"#,
            "{}.components[2].replicas",
            "leave replicas out",
        ),
        (r#""request": "500m""#, r#""request": "3""#, "{}.components[0].resources.cpu.request", "write it lower"),
        (r#""request": "512Mi""#, r#""request": "0""#, "{}.components[0].resources.memory.request", "above 0"),
        (r#""storage": "100Gi""#, r#""storage": "0""#, "{}.components[1].storage", "above 0"),
        (
            r#""storage": "100Gi""#,
            r#""backup": {"cronJob": "dump", "maxAgeHours": 26, "rpoMinutes": 0}"#,
            "{}.components[1].backup.rpoMinutes",
            "at least 1",
        ),
        (r#""kind": "StatefulSet""#, r#""kind": "Deployment""#, "{}.components[1].storage", "only a StatefulSet"),
        ("azurecr.io/fleet-app\"", "azurecr.io/fleet-app:latest\"", "{}.components[0].image", "io/fleet-app'"),
        ("azurecr.io/fleet-app\"", "azurecr.io/fleet-app@sha256:1\"", "{}.components[0].image", "the digest"),
        ("fleetappregistry.azurecr.io/", "https://x/", "{}.components[0].image", "no scheme"),
        ("azurecr.io/fleet-app\"", "azurecr.io/\"", "{}.components[0].image", "not a repository"),
        (
            r#""kind": "StatefulSet", "name": "fleet-postgres""#,
            r#""kind": "DaemonSet", "name": "agent""#,
            "{}.components[2].name",
            "declare it once",
        ),
    ] {
        assert!(GOOD.contains(right), "{right}");
        let found = problems(&GOOD.replacen(right, wrong, 1));
        let path = path.replace("{}", PROD);
        assert!(
            found.iter().any(|problem| problem.path == path && problem.message.contains(message)),
            "{path}: {message}: {found:#?}"
        );
    }
}

#[test]
fn two_environments_of_a_system_that_look_the_same_want_names() {
    let second = |words: &str| {
        let text = r#""namespace": "staging", "tier": "staging", "timeZone": "UTC",
       "maintenance""#;
        assert!(GOOD.contains(text));
        problems(&GOOD.replacen(
            text,
            &format!(r#""namespace": "staging", {words}, "timeZone": "UTC", "maintenance""#),
            1,
        ))
    };
    let path = |words| second(words).into_iter().map(|problem| problem.path).collect::<Vec<_>>();
    let found = second(r#""tier": "production""#);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].path, "systems[0].environments[1].tier");
    assert!(found[0].message.contains("systems[0].environments[0].tier"), "{}", found[0].message);
    assert!(found[0].message.ends_with("like 'name: Production staging'"), "{}", found[0].message);
    assert_eq!(path(r#""tier": "staging", "name": "production""#), ["systems[0].environments[1].name"]);
    assert_eq!(path(r#""tier": "production", "name": "Production EU""#), [""; 0]);
}

#[test]
fn an_id_that_is_declared_twice_is_suggested_once() {
    let twice = GOOD.replacen(r#""id": "fleetops", "connect""#, r#""id": "main", "connect""#, 1);
    let found = problems(&twice);
    let unknown = found.iter().find(|problem| problem.path == "systems[1].environments[0].cluster").unwrap();
    assert_eq!(unknown.message, "no cluster 'fleetops' is declared: write one of main");
}

#[test]
fn what_is_empty_is_not_declared() {
    for (json, paths) in [
        (r#"{"clusters": [], "systems": []}"#, vec!["clusters", "systems"]),
        (
            r#"{"clusters": [{"id": "main", "connect": {"context": "x"}}], "systems": [{"id": "a", "name": "A", "environments": []}]}"#,
            vec!["systems[0].environments"],
        ),
    ] {
        let found: Vec<String> = problems(json).into_iter().map(|problem| problem.path).collect();
        assert_eq!(found, paths);
    }
    let nothing = r#"[{"kind": "Deployment", "name": "api", "role": "api", "replicas": 2}]"#;
    let found = problems(&GOOD.replacen(nothing, "[]", 1));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].path, "systems[1].environments[0].components");
}

#[test]
fn messages_are_in_the_house_style() {
    for (right, wrong) in [("America/New_York", "EST"), ("LOG_LEVEL", "PASSWORD"), (r#""nth": 1"#, r#""nth": 9"#)] {
        for problem in problems(&GOOD.replacen(right, wrong, 1)) {
            assert!(!problem.message.ends_with(['.', '!']) && problem.message.contains(": "), "{}", problem.message);
        }
    }
}

#[test]
fn a_line_of_access_gives_something_that_there_is_once() {
    let with = |lines: &str| {
        let text = GOOD.trim_end().strip_suffix('}').unwrap();
        problems(&format!(r#"{text}, "access": [{lines}]}}"#))
    };
    let fine = r#"{"group": "sre", "role": "operator", "in": "fleet-management/production"},
        {"group": "sre", "role": "viewer", "in": "*"}, {"group": "qa", "role": "tester", "in": "fleetops"},
        {"group": "heads", "role": "admin", "in": "*"}"#;
    assert_eq!(with(fine), []);
    for (line, path, message) in [
        (
            r#"{"group": "qa", "role": "viewer", "in": "fleet"}"#,
            "access[0].in",
            "write one of fleet-management, fleetops",
        ),
        (
            r#"{"group": "qa", "role": "viewer", "in": "fleetops/prod"}"#,
            "access[0].in",
            "write one of fleet-management/production, fleet-management/staging, fleetops/staging",
        ),
        (r#"{"group": "qa", "role": "admin", "in": "fleetops"}"#, "access[0].in", "write the scope *"),
        (
            r#"{"group": "qa", "role": "viewer", "in": "*"}, {"group": "qa", "role": "viewer", "in": "*"}"#,
            "access[1]",
            "by access[0] already",
        ),
    ] {
        let found = with(line);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].path == path && found[0].message.contains(message), "{found:#?}");
    }
    let line = r#"{"group": "system:masters", "role": "admin", "in": "*"}"#;
    assert!(
        serde_json::from_str::<crate::group::GroupRule>(line)
            .unwrap_err()
            .to_string()
            .contains("begins with 'system:'")
    );
}

#[test]
fn a_row_of_the_policy_is_about_something_that_there_is() {
    let with = |rows: &str| {
        let text = GOOD.trim_end().strip_suffix('}').unwrap();
        problems(&format!(r#"{text}, "policy": [{rows}]}}"#))
    };
    let row = |what: &str, hours: &str| {
        format!(
            r#"{{"operation": "restart", {what} "require": {{"confirm": "press", "reason": true, "when": "inWindow",
               "secondPerson": false{hours}}}}}"#
        )
    };
    for fine in [
        "",
        r#""tier": "staging","#,
        r#""scope": "*","#,
        r#""scope": "fleetops", "tier": "production","#,
        r#""scope": "fleetops/staging", "tier": "staging","#,
    ] {
        assert_eq!(with(&row(fine, r#", "backupHours": 1"#)), [], "{fine}");
    }
    for (what, hours, path, message) in [
        (r#""scope": "fleet","#, "", "policy[0].scope", "write one of fleet-management, fleetops"),
        (r#""scope": "fleetops/prod","#, "", "policy[0].scope", "write one of fleet-management/production"),
        (r#""scope": "fleetops/staging", "tier": "production","#, "", "policy[0].tier", "is staging: write that"),
        ("", r#", "backupHours": 0"#, "policy[0].require.backupHours", "write at least 1"),
    ] {
        let found = with(&row(what, hours));
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].path == path && found[0].message.contains(message), "{found:#?}");
    }
}

#[test]
fn a_mask_has_a_name_of_its_own_and_there_are_not_too_many() {
    let with = |masks: &[String]| {
        let text = GOOD.trim_end().strip_suffix('}').unwrap();
        problems(&format!(r#"{text}, "masks": [{}]}}"#, masks.join(", ")))
    };
    let mask = |name: &str| format!(r#"{{"name": "{name}", "pattern": "CUST-[0-9]+"}}"#);
    let many = |count: u32| (0..count).map(|number| mask(&format!("mask {number}"))).collect::<Vec<_>>();
    assert_eq!(with(&[mask("customer number"), mask("order")]), []);
    assert_eq!(with(&many(50)), []);
    for (masks, path, message) in [
        (
            many(51),
            "masks",
            "there are 51 masks, and at most 50 are looked for in a line: write one pattern for several",
        ),
        (vec![mask(" ")], "masks[0].name", "write what it hides"),
        (vec![mask("a"), mask("b"), mask("A ")], "masks[2].name", "at masks[0].name already: write another name"),
    ] {
        let found = with(&masks);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(found[0].path == path && found[0].message.contains(message), "{found:#?}");
    }
}
