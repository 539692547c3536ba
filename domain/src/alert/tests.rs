use std::collections::BTreeMap;

use super::*;
use crate::facts::Condition;
use crate::facts::around::{AroundKind, CertificateFacts, Unseen};
use crate::health::Word;
use crate::registry::{Role, Tier};
use crate::view::{FindingKind, Look, State, Status};

const NOW: i64 = 1_800_000_000;
const DAY: i64 = 86_400;

fn head(state: State) -> EnvironmentHead {
    EnvironmentHead {
        id: "shop/production".parse().unwrap(),
        system: "The Shop".into(),
        title: "Production".into(),
        tier: Tier::Production,
        cluster: "main".parse().unwrap(),
        state,
        sentence: "Not usable: web has no pods.".into(),
    }
}

fn sight(head: &EnvironmentHead) -> Sight<'_> {
    Sight {
        head,
        is_live: true,
        cells: Vec::new(),
        autoscalers: Some(Vec::new()),
        findings: Vec::new(),
        around: None,
        database: None,
        measured: Measured::default(),
        now: NOW,
    }
}

fn cell(name: &str, state: State, word: Word) -> Cell {
    Cell {
        id: format!("shop/production/deployment/{name}").parse().unwrap(),
        role: Role::App,
        status: Status::new(state, word.text(), "It ended with exit code 1."),
        ready: 0,
        wanted: Some(1),
        range: None,
        tag: "".into(),
        digest: "".into(),
        next: None,
        restarts: Some(7),
        changed: 0,
        chips: Vec::new(),
    }
}

/// What a rule sees, with the bound it has by default: the titles, or that it cannot be seen.
fn titles(id: RuleId, sight: &Sight<'_>) -> Option<Vec<String>> {
    let rule = id.rule();
    let seen = symptoms(rule, sight, rule.threshold.map_or(0, |threshold| threshold.default))?;
    Some(seen.symptoms.into_iter().map(|symptom| symptom.title).collect())
}

fn one(title: &str) -> Option<Vec<String>> {
    Some(vec![title.to_owned()])
}

#[test]
fn every_rule_is_in_the_list_under_its_own_name() {
    assert_eq!(RULES.map(|rule| rule.id), RuleId::ALL);
    for id in RuleId::ALL {
        assert_eq!(id.rule().id, id);
        assert_eq!(id.as_str().parse(), Ok(id));
        assert_eq!(serde_json::to_value(id).unwrap(), id.as_str());
        let threshold = id.rule().threshold;
        assert!(threshold.is_none_or(|threshold| (1..=threshold.most).contains(&threshold.default)), "{id}");
    }
    assert!("environment-dwon".parse::<RuleId>().is_err());
}

#[test]
fn the_defaults_are_those_that_were_asked_for() {
    for (id, seconds, threshold) in [
        (RuleId::EnvironmentDown, 120, None),
        (RuleId::ErrorRate, 120, Some(5)),
        (RuleId::DatabaseFailed, 60, None),
        (RuleId::DiskFull, 300, Some(15)),
        (RuleId::CertificateExpiring, 600, Some(30)),
        (RuleId::CrashLoop, 60, None),
        (RuleId::AutoscalerAtMaximum, 900, None),
        (RuleId::BackupOld, 900, None),
        (RuleId::SlowResponses, 300, Some(2_000)),
    ] {
        let rule = id.rule();
        assert_eq!((rule.for_seconds, rule.threshold.map(|threshold| threshold.default)), (seconds, threshold), "{id}");
    }
}

#[test]
fn an_environment_is_down_while_it_is_seen_to_be() {
    for (state, is_live, expected) in [
        (State::Failed, true, one("The Shop Production is down")),
        (State::Failed, false, None),
        (State::Unknown, true, None),
        (State::Ready, false, None),
        (State::Ready, true, Some(vec![])),
        (State::Degraded, true, Some(vec![])),
        (State::Progressing, true, Some(vec![])),
        (State::Off, true, Some(vec![])),
    ] {
        let head = head(state);
        let sight = Sight { is_live, ..sight(&head) };
        assert_eq!(titles(RuleId::EnvironmentDown, &sight), expected, "{state:?} {is_live}");
    }
}

#[test]
fn a_crash_loop_is_one_alert_for_each_component_and_unknown_where_the_component_is() {
    let head = head(State::Degraded);
    let cells = [
        cell("web", State::Failed, Word::CrashLoop),
        cell("api", State::Degraded, Word::InitCrashLoop),
        cell("worker", State::Failed, Word::OomKilled),
        cell("cache", State::Ready, Word::Ready),
        cell("db", State::Unknown, Word::NodeLost),
    ];
    let sight = Sight { cells: cells.iter().collect(), ..sight(&head) };
    let seen = symptoms(RuleId::CrashLoop.rule(), &sight, 0).unwrap();
    let abouts: Vec<_> = seen.symptoms.iter().map(|symptom| (&*symptom.about, symptom.title.as_str())).collect();
    assert_eq!(
        abouts,
        [
            ("deployment/web", "web crash loops"),
            ("deployment/api", "api crash loops"),
            ("deployment/worker", "worker runs out of memory")
        ]
    );
    assert_eq!(seen.hidden, [Arc::from("deployment/db")]);
    assert_eq!(titles(RuleId::CrashLoop, &Sight { is_live: false, ..sight }), None);
}

#[test]
fn an_autoscaler_is_at_its_maximum_since_the_cluster_says_so() {
    let condition = |kind: &str, status, reason: &str| Condition {
        kind: kind.into(),
        status: Some(status),
        reason: reason.into(),
        message: "".into(),
        since: NOW - 1_200,
    };
    let facts = |limited, reason| AutoscalerFacts {
        min: 2,
        max: 6,
        current: 6,
        desired: 6,
        conditions: vec![
            condition("AbleToScale", true, ""),
            condition("ScalingActive", true, ""),
            condition("ScalingLimited", limited, reason),
        ],
        ..AutoscalerFacts::default()
    };
    let (full, fine, floor) = (facts(true, "TooManyReplicas"), facts(false, ""), facts(true, "TooFewReplicas"));
    let head = head(State::Ready);
    let named = |facts| Some(vec![(Arc::from("web"), facts)]);
    let seen = symptoms(RuleId::AutoscalerAtMaximum.rule(), &Sight { autoscalers: named(&full), ..sight(&head) }, 0);
    let seen = seen.unwrap().symptoms;
    assert_eq!((seen[0].title.as_str(), seen[0].since), ("The HPA web is at its maximum", Some(NOW - 1_200)));
    for facts in [&fine, &floor] {
        let sight = Sight { autoscalers: named(facts), ..sight(&head) };
        assert_eq!(titles(RuleId::AutoscalerAtMaximum, &sight), Some(vec![]));
    }
    assert_eq!(titles(RuleId::AutoscalerAtMaximum, &Sight { autoscalers: None, ..sight(&head) }), None);
}

#[test]
fn a_certificate_is_named_a_month_before_it_ends() {
    let head = head(State::Ready);
    for (not_after, expected) in [
        (NOW + 31 * DAY, Some(vec![])),
        (NOW + 30 * DAY, Some(vec![])),
        (NOW + 30 * DAY - 1, one("The certificate tls expires in 29 days")),
        (NOW + DAY, one("The certificate tls expires in 1 day")),
        (NOW + 5, one("The certificate tls expires in less than a day")),
        (NOW, one("The certificate tls has expired")),
        (NOW - DAY, one("The certificate tls has expired")),
        // Not issued yet.
        (0, Some(vec![])),
    ] {
        let certificate = CertificateFacts { names: vec![], not_after, renewal: 0, conditions: vec![] };
        let mut around = Around { certificates: BTreeMap::from([("tls".into(), certificate)]), ..Around::default() };
        assert_eq!(titles(RuleId::CertificateExpiring, &Sight { around: Some(&around), ..sight(&head) }), expected);
        around.unseen = BTreeMap::from([(AroundKind::Certificate, Unseen::NotYet)]);
        assert_eq!(titles(RuleId::CertificateExpiring, &Sight { around: Some(&around), ..sight(&head) }), None);
    }
    assert_eq!(titles(RuleId::CertificateExpiring, &sight(&head)), None);
}

#[test]
fn backups_are_one_alert_for_each_component_however_old_they_get() {
    let head = head(State::Ready);
    let finding = |kind, component: Option<&str>, title: &str| Finding {
        state: State::Degraded,
        kind,
        title: title.into(),
        evidence: "Seen.".into(),
        advice: "".into(),
        component: component.map(|name| format!("shop/production/statefulset/{name}").parse().unwrap()),
        since: 0,
        look: Look::Component,
        lines: Vec::new(),
    };
    let findings = vec![
        finding(FindingKind::Backup, Some("db"), "The backup of db is 27 h old"),
        finding(FindingKind::Backup, Some("db"), "The last backup of db failed"),
        finding(FindingKind::Backup, None, "There is no backup"),
        finding(FindingKind::Expiry, Some("db"), "A secret is old"),
    ];
    let seen = symptoms(RuleId::BackupOld.rule(), &Sight { findings, ..sight(&head) }, 0).unwrap().symptoms;
    let seen: Vec<_> = seen.iter().map(|symptom| (&*symptom.about, &*symptom.title, &*symptom.evidence)).collect();
    assert_eq!(
        seen,
        [
            ("db", "The backup of db is 27 h old", "Seen. The last backup of db failed. Seen."),
            ("", "There is no backup", "Seen.")
        ]
    );
}

#[test]
fn what_is_measured_is_compared_and_what_is_not_says_nothing() {
    let head = head(State::Ready);
    let measured = |error_percent, p95_ms, free: Option<f64>| Measured {
        trouble: None,
        error_percent,
        p95_ms,
        volumes: free.map(|free| vec![("data".into(), free)]),
    };
    for (id, measured, expected) in [
        (RuleId::ErrorRate, measured(None, None, None), None),
        (RuleId::ErrorRate, measured(Some(5.0), None, None), Some(vec![])),
        (RuleId::ErrorRate, measured(Some(5.1), None, None), one("The Shop Production answers with errors")),
        (RuleId::SlowResponses, measured(None, None, None), None),
        (RuleId::SlowResponses, measured(None, Some(2_000.0), None), Some(vec![])),
        (RuleId::SlowResponses, measured(None, Some(2_001.0), None), one("The Shop Production is slow")),
        (RuleId::DiskFull, measured(None, None, None), None),
        (RuleId::DiskFull, measured(None, None, Some(15.0)), Some(vec![])),
        (RuleId::DiskFull, measured(None, None, Some(14.9)), one("The volume data is nearly full")),
    ] {
        assert_eq!(titles(id, &Sight { measured, ..sight(&head) }), expected, "{id}");
    }
}

#[test]
fn a_database_that_fails_its_check_is_named_since_then() {
    let head = head(State::Ready);
    let checked = |failed| Some(Checked { failed, sentence: "No answer within 5 s.".into(), since: NOW - 60 });
    let seen = symptoms(RuleId::DatabaseFailed.rule(), &Sight { database: checked(true), ..sight(&head) }, 0);
    let seen = seen.unwrap().symptoms;
    assert_eq!((seen[0].evidence.as_str(), seen[0].since), ("No answer within 5 s.", Some(NOW - 60)));
    assert_eq!(titles(RuleId::DatabaseFailed, &Sight { database: checked(false), ..sight(&head) }), Some(vec![]));
    assert_eq!(titles(RuleId::DatabaseFailed, &sight(&head)), None);
}
