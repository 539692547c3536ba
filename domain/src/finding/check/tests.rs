use super::*;
use crate::component::fixture::{NOW, environment_id, production, world};
use crate::view::Status;

const NAMES: [&str; 5] = ["fleet-app", "fleet-api", "fleet-postgres", "fleet-redis", "rag-indexer"];

fn result(kind: CheckKind, outcome: Outcome, sentence: &str) -> CheckResult {
    let at = (NOW - 5) * SECOND_US;
    CheckResult { kind, at, outcome, sentence: sentence.into(), latency_ms: Some(3), pause_s: 30 }
}

fn standing(kind: CheckKind, outcome: Outcome, sentence: &str) -> Standing {
    Standing::after(None, result(kind, outcome, sentence))
}

/// All as it should be, but for one component that is so, with so many pods ready.
fn cells(name: &str, state: State, ready: u32) -> Vec<Cell> {
    let mut cells: Vec<Cell> = NAMES.iter().map(|name| world(name).assess().cell).collect();
    if let Some(cell) = cells.iter_mut().find(|cell| cell.id.name.as_str() == name) {
        (cell.status, cell.ready) = (Status::new(state, "Crash loop", "It ends."), ready);
    }
    cells
}

fn found(standing: &[Standing], cells: &[Cell], now: i64) -> Vec<Finding> {
    checks(standing, &production(), &cells.iter().collect::<Vec<_>>(), now)
}

#[test]
fn what_fails_is_as_bad_as_what_users_miss() {
    use CheckKind::{Cluster, Health, Pods, Postgres, Redis, Services, Telemetry};
    use Outcome::{Failed, NotConfigured, Ok, Unknown, Warning};
    use State::Degraded;
    let fine = cells("", State::Ready, 1);
    let check = |state| Some((state, FindingKind::Check, false));
    let remark = Some((Degraded, FindingKind::CheckWarning, true));
    for (kind, outcome, expected) in [
        (Health, Failed, check(State::Failed)),
        (Postgres, Failed, check(State::Failed)),
        (Redis, Failed, check(Degraded)),
        (Services, Failed, check(Degraded)),
        (Telemetry, Failed, remark),
        (Health, Warning, remark),
        (Postgres, Warning, remark),
        (Redis, Warning, remark),
        (Services, Warning, remark),
        (Telemetry, Warning, remark),
        // Said already by the rest.
        (Cluster, Failed, None),
        (Pods, Failed, None),
        (Pods, Warning, None),
    ] {
        let found = found(&[standing(kind, outcome, "It is so.")], &fine, NOW);
        let told = found.first().map(|finding| (finding.state, finding.kind, finding.is_remark()));
        assert_eq!(told, expected, "{kind} {outcome:?}");
        assert!(found.iter().all(|finding| &*finding.evidence == "It is so." && finding.look == Look::Checks));
        assert!(found.iter().all(|finding| !finding.advice.is_empty() && finding.component.is_none()));
    }
    for (kind, outcome) in
        CheckKind::ALL.into_iter().flat_map(|kind| [Ok, Unknown, NotConfigured].map(|outcome| (kind, outcome)))
    {
        assert_eq!(found(&[standing(kind, outcome, "It is so.")], &fine, NOW), [], "{kind} {outcome:?}");
    }
}

#[test]
fn a_result_holds_for_three_pauses() {
    let fine = cells("", State::Ready, 1);
    let failed = [standing(CheckKind::Redis, Outcome::Failed, "Redis is silent.")];
    let at = NOW - 5;
    for (seconds, holds) in [(0, true), (90, true), (91, false), (3_600, false), (-60, true)] {
        assert_eq!(found(&failed, &fine, at + seconds).len(), usize::from(holds), "{seconds} s");
    }
}

#[test]
fn it_is_told_since_when_where_the_begin_was_seen() {
    use Outcome::{Failed, NotConfigured, Ok, Unknown, Warning};
    let begun = |outcomes: &[Outcome]| {
        let mut before: Option<Standing> = None;
        for (at, outcome) in (1_i64..).zip(outcomes) {
            let result =
                CheckResult { at: at * 100 * SECOND_US + 7, ..result(CheckKind::Redis, *outcome, "It is so.") };
            before = Some(Standing::after(before.as_ref(), result));
        }
        before.unwrap().since
    };
    for (outcomes, since) in [
        (&[Failed][..], 0),
        (&[Failed, Failed], 0),
        (&[Ok, Failed], 200),
        (&[Ok, Failed, Failed, Failed], 200),
        (&[Ok, Failed, Unknown, Failed], 200),
        (&[Ok, Failed, Ok, Failed], 400),
        (&[Ok, Warning, Failed], 300),
        (&[NotConfigured, Failed], 200),
        (&[Unknown, Failed], 0),
    ] {
        assert_eq!(begun(outcomes), since, "{outcomes:?}");
    }
}

#[test]
fn what_the_pods_explain_is_not_said_again() {
    use CheckKind::{Health, Postgres, Redis, Services, Telemetry};
    use State::{Degraded, Failed, Off, Progressing, Unknown};
    for (kind, name, state, ready, is_said) in [
        (Health, "fleet-api", Failed, 0, false),
        (Health, "fleet-api", Progressing, 0, false),
        (Health, "fleet-api", Off, 0, false),
        // Some of it serves, so that nothing answers is news.
        (Health, "fleet-api", Degraded, 1, true),
        (Health, "fleet-api", Unknown, 0, true),
        (Health, "fleet-app", Failed, 0, true),
        (Health, "fleet-postgres", Failed, 0, true),
        (Postgres, "fleet-postgres", Failed, 0, false),
        (Postgres, "fleet-redis", Failed, 0, true),
        (Redis, "fleet-redis", Failed, 0, false),
        (Services, "rag-indexer", Failed, 0, false),
        (Services, "rag-indexer", Degraded, 0, false),
        // What is switched off on purpose leads nowhere on purpose, and explains no other.
        (Services, "rag-indexer", Off, 0, true),
        (Services, "fleet-redis", Off, 0, false),
        (Telemetry, "fleet-api", Failed, 0, true),
    ] {
        let cells = cells(name, state, ready);
        let sentence = "1 of 5 Services lead nowhere: fleet-redis has no endpoints.";
        let found = found(&[standing(kind, Outcome::Failed, sentence)], &cells, NOW);
        assert_eq!(found.len(), usize::from(is_said), "{kind} {name} {state:?} {ready}");
    }
}

#[test]
fn the_registry_says_which_component_answers_for_the_api() {
    let mut declared = production();
    declared.checks.health =
        Some(serde_json::from_str(r#"{"url": "http://a.test/", "component": "fleet-app"}"#).unwrap());
    let failed = [standing(CheckKind::Health, Outcome::Failed, "The API is silent.")];
    for (name, is_said) in [("fleet-app", false), ("fleet-api", true)] {
        let cells = cells(name, State::Failed, 0);
        let found = checks(&failed, &declared, &cells.iter().collect::<Vec<_>>(), NOW);
        assert_eq!(found.len(), usize::from(is_said), "{name}");
    }
}

#[test]
fn what_the_pods_explained_is_over_with_their_fault_until_it_is_asked_again() {
    let declared = production();
    let (down, up) = (cells("fleet-api", State::Failed, 0), cells("", State::Ready, 1));
    let mut standing = standing(CheckKind::Health, Outcome::Failed, "The API answers with HTTP 503.");
    standing.look(&declared, &up.iter().collect::<Vec<_>>());
    assert_eq!(found(std::slice::from_ref(&standing), &up, NOW).len(), 1);
    standing.look(&declared, &down.iter().collect::<Vec<_>>());
    standing.look(&declared, &up.iter().collect::<Vec<_>>());
    assert_eq!(found(std::slice::from_ref(&standing), &up, NOW), []);
    let again = Standing::after(Some(&standing), standing.result.clone());
    assert_eq!(found(&[again], &up, NOW).len(), 1);
}

#[test]
fn nothing_is_wrong_where_all_is_switched_off() {
    let mut off = cells("", State::Ready, 1);
    for cell in &mut off {
        (cell.status, cell.ready) = (Status::new(State::Off, "Off", "0 replicas are wanted."), 0);
    }
    let failed = CheckKind::ALL.map(|kind| standing(kind, Outcome::Failed, "It is so."));
    assert_eq!(found(&failed, &off, NOW), []);
}

/// What is said of a component, or of a cluster of CloudNativePG.
fn failure(state: State, title: &str, component: Option<&str>) -> Finding {
    let id = |name: &str| world(name).assess().cell.id;
    Finding {
        state,
        kind: FindingKind::Failure,
        title: title.into(),
        evidence: "It was seen.".into(),
        lines: Vec::new(),
        advice: "".into(),
        component: component.map(id),
        since: 0,
        look: Look::Component,
    }
}

#[test]
fn what_another_finding_says_already_becomes_part_of_it() {
    use CheckKind::{Health, Postgres};
    use Outcome::{Failed, Warning};
    assert_eq!(environment_id(), world("fleet-api").assess().cell.id.environment);
    let short = "2 of 3 instances of the cluster pg are ready: It heals.";
    let none = "PostgreSQL is stopping (error 57P01). No instance of the cluster pg is ready: It heals.";
    let crash = || failure(State::Failed, "fleet-api crash loops", Some("fleet-api"));
    let cluster = |state| failure(state, "PostgreSQL cluster pg is short of instances: 2 of 3 ready", None);
    let alone = || failure(State::Failed, "Node node-1 is NotReady", None);
    for (known, kind, outcome, sentence, down, evidence) in [
        (crash(), Health, Failed, "HTTP 503.", "fleet-api", &["It was seen. HTTP 503."][..]),
        (crash(), Health, Failed, "HTTP 503.", "", &["It was seen.", "HTTP 503."]),
        // Nothing is said of what is on its way, and so not of what follows from it.
        (alone(), Health, Failed, "HTTP 503.", "fleet-api", &["It was seen."]),
        (cluster(State::Degraded), Postgres, Warning, short, "", &["It was seen."]),
        (cluster(State::Degraded), Postgres, Failed, none, "", &["It was seen.", none]),
        (cluster(State::Failed), Postgres, Failed, none, "", &[&*format!("It was seen. {none}")]),
        (cluster(State::Failed), Postgres, Failed, "It is silent.", "", &["It was seen.", "It is silent."]),
        (
            failure(State::Failed, "PostgreSQL cluster pg-2 has no ready instance", None),
            Postgres,
            Failed,
            none,
            "",
            &["It was seen.", none],
        ),
    ] {
        let cells = cells(down, State::Failed, 0);
        let mut findings = vec![known];
        let standing = [standing(kind, outcome, sentence)];
        add_checks(&mut findings, &standing, &production(), &cells.iter().collect::<Vec<_>>(), NOW);
        let told: Vec<&str> = findings.iter().map(|finding| &*finding.evidence).collect();
        assert_eq!(told, evidence, "{kind} {outcome:?} {down}");
    }
}

#[test]
fn what_announces_the_lines_of_a_log_stays_before_them() {
    for (evidence, expected) in [
        ("It ended. The last lines of container web:", "It ended. It answers 503. The last lines of container web:"),
        ("The last lines of container web:", "It answers 503. The last lines of container web:"),
        ("It ended.", "It ended. It answers 503."),
    ] {
        assert_eq!(beside(evidence, "It answers 503."), expected);
    }
}
