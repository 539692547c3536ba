use super::fixture::{NOW, World, condition, ready, world};
use super::*;
use crate::facts::Update;
use crate::finding::merged;
use crate::view::Look;

const CRASH: &str = "Container api ends with exit code 1 soon after it starts.";

fn titles(world: &World) -> Vec<String> {
    world.assess().findings.iter().map(|finding| finding.title.to_string()).collect()
}

#[test]
fn what_is_as_declared_has_a_quiet_cell() {
    for name in ["fleet-app", "fleet-redis", "rag-indexer"] {
        let assessment = world(name).assess();
        assert_eq!(assessment.findings, [], "{name}");
        assert!(!assessment.cell.differs(), "{name}: {:?}", assessment.cell);
        assert!(assessment.expectations.iter().all(|line| line.3), "{name}: {:?}", assessment.expectations);
    }
    let cell = world("fleet-app").assess().cell;
    assert_eq!((cell.ready, cell.wanted, cell.range), (3, Some(3), Some((3, 20))));
    assert_eq!((&*cell.tag, &*cell.digest, cell.changed), ("v1.4.0", "51c02ae", NOW - 3 * 86_400));
}

#[test]
fn a_crash_is_named_with_its_restarts_and_exit_code() {
    let mut api = world("fleet-api").broken("Crash loop", CRASH, 7);
    api.changed = NOW - 14 * 60;
    let assessment = api.assess();
    assert_eq!(&*assessment.cell.status.word, "Crash loop");
    assert_eq!(assessment.cell.restarts, Some(7));
    let first = &assessment.findings[0];
    assert_eq!(&*first.title, "fleet-api crash loops: 7 restarts, exit code 1");
    assert_eq!(&*first.evidence, format!("{CRASH} Its template was last changed 14 minutes ago."));
    assert!(first.advice.contains("previous log"));
    assert_eq!(first.component.as_ref(), Some(&assessment.cell.id));
}

#[test]
fn no_restarts_are_not_counted() {
    for (why, restarts, title) in [
        (CRASH, 0, "fleet-api crash loops: exit code 1"),
        (CRASH, 1, "fleet-api crash loops: 1 restart, exit code 1"),
        ("Container api ends soon after it starts; how is not recorded.", 0, "fleet-api crash loops"),
    ] {
        assert_eq!(titles(&world("fleet-api").broken("Crash loop", why, restarts))[0], title);
    }
}

#[test]
fn findings_say_what_is_wrong_worst_first() {
    let oom = "Container main was killed: it used more memory than it may (exit code 137).";
    let mut drifted = world("fleet-app").broken("OOM killed", oom, 1);
    drifted.container().image = "elsewhere.test/fleet-app:v1.4.0".into();
    assert_eq!(titles(&drifted)[0], "fleet-app runs out of memory: 3 restarts");
    assert_eq!(titles(&drifted).len(), 2);
    let evidence = drifted.assess().findings[0].evidence.clone();
    assert!(evidence.contains("The memory limit of container main is 2Gi."), "{evidence}");

    for (spoil, title) in [
        ((|world| world.workload = None) as fn(&mut World), "fleet-app does not exist"),
        (|world| world.workload().observed_generation = 0, "How fleet-app is, is not known"),
        (|world| world.workload().paused = true, "The rollout of fleet-app is paused"),
        (
            |world| (world.workload().update, world.workload().updated) = (Update::OnDelete, 1),
            "fleet-app is held back at an older revision",
        ),
        (|world| world.workload().ready = 2, "fleet-app is short of pods: 2 of 3 ready"),
        (
            |world| {
                world.workload().conditions = vec![condition("Progressing", false, "ProgressDeadlineExceeded")];
            },
            "The rollout of fleet-app is stuck: 3 of 3 ready",
        ),
        (
            |world| {
                let limited = condition("ScalingLimited", true, "TooManyReplicas");
                world.autoscaler.as_mut().unwrap().conditions.push(limited);
            },
            "fleet-app is at its HPA's maximum",
        ),
        (
            |world| {
                let blind = condition("ScalingActive", false, "FailedGetResourceMetric");
                world.autoscaler.as_mut().unwrap().conditions = vec![blind];
            },
            "The HPA of fleet-app does not scale: no metrics",
        ),
    ] {
        let mut world = world("fleet-app");
        world.pods.pop();
        spoil(&mut world);
        assert_eq!(titles(&world).first().map(String::as_str), Some(title));
    }
}

#[test]
fn every_word_has_advice_and_a_title_that_names_the_component() {
    for word in Word::ALL {
        for state in [State::Failed, State::Degraded] {
            let seen = word.status(state, "It is so.");
            for finding in world("fleet-api").with(|facts| finding::findings(facts, &seen)) {
                assert!(finding.title.contains("fleet-api") && !finding.title.ends_with(['.', ' ']), "{finding:?}");
                assert!(finding.evidence.ends_with('.') && finding.advice.ends_with('.'), "{finding:?}");
            }
        }
    }
}

#[test]
fn without_pods_a_component_is_unknown_and_nothing_of_them_is_counted() {
    let mut api = world("fleet-api");
    api.pods.clear();
    api.unreadable.pods = Some(Unread::Forbidden);
    let Assessment { cell, findings, .. } = api.assess();
    assert_eq!(cell.status.state, State::Unknown);
    assert_eq!(
        &*cell.status.why,
        "Pods cannot be read: the account of Quarterdeck may not. The Deployment reports 1 of 1 ready."
    );
    assert_eq!(cell.restarts, None);
    assert!(findings.iter().any(|finding| finding.advice.contains("on pods")), "{findings:?}");
    // What is wanted of it is known.
    (api.workload().wanted, api.workload().existing, api.workload().ready) = (0, 0, 0);
    assert_eq!(api.assess().cell.status.state, State::Off);
}

#[test]
fn what_may_not_be_read_any_more_is_last_seen() {
    let mut api = world("fleet-api").broken("Crash loop", CRASH, 7);
    api.unreadable.workload = Some(Unread::Forbidden);
    let Assessment { cell, findings, expectations, .. } = api.assess();
    assert_eq!(cell.status.state, State::Unknown);
    assert_eq!(
        &*cell.status.why,
        "Last seen Crash loop (0 of 1 ready); the account of Quarterdeck may not read it any more."
    );
    assert!(!findings.is_empty());
    assert!(findings.iter().all(|finding| finding.state == State::Unknown && finding.title.starts_with("Last seen: ")));
    assert!(expectations.iter().all(|line| !line.3));
}

#[test]
fn stale_figures_are_kept_and_never_shown_as_the_present() {
    let mut api = world("fleet-api").broken("Crash loop", CRASH, 7);
    api.config().values.insert("LOG_LEVEL".into(), "debug".into());
    api.freshness = Freshness::Stale((NOW - 120) * 1000);
    let Assessment { cell, findings, expectations, .. } = api.assess();
    assert_eq!((cell.status.state, &*cell.status.word), (State::Unknown, "Unknown"));
    assert_eq!(&*cell.status.why, "Last seen Crash loop (0 of 1 ready); nothing current comes from the cluster.");
    assert_eq!((cell.ready, cell.wanted, cell.restarts, &*cell.digest), (0, Some(1), Some(7), "51c02ae"));
    assert!(cell.chips.iter().all(|chip| matches!(chip.state, State::Unknown | State::Off)), "{:?}", cell.chips);
    assert!(!findings.is_empty());
    assert!(findings.iter().all(|finding| finding.state == State::Unknown && finding.title.starts_with("Last seen: ")));
    assert!(expectations.iter().all(|line| !line.3));
}

#[test]
fn what_was_never_seen_is_not_missing() {
    let mut api = world("fleet-api");
    (api.workload, api.freshness) = (None, Freshness::Never);
    api.pods.clear();
    api.config_maps.clear();
    let Assessment { cell, findings, expectations, .. } = api.assess();
    assert_eq!((cell.status.state, &*cell.status.word, cell.wanted), (State::Unknown, "Unknown", None));
    assert_eq!((cell.chips, findings), (vec![], vec![]));
    assert!(expectations.iter().all(|line| &*line.1 == "not seen yet" && !line.3));
}

#[test]
fn the_digest_is_what_most_ready_pods_run() {
    let mut app = world("fleet-app");
    for (digests, expected) in [
        ([("aaa", true), ("bbb", true), ("bbb", true)], "bbb"),
        ([("aaa", true), ("bbb", false), ("bbb", false)], "aaa"),
        ([("bbb", true), ("aaa", true), ("", true)], "aaa"),
        ([("", true), ("ccc", false), ("", true)], "ccc"),
        ([("", true), ("", true), ("", true)], ""),
    ] {
        for (pod, (digest, is_ready)) in app.pods.iter_mut().zip(digests) {
            pod.digest = digest.into();
            pod.status = if is_ready { ready() } else { Status::new(State::Failed, "Crash loop", CRASH) };
        }
        assert_eq!(&*app.assess().cell.digest, expected, "{digests:?}");
    }
}

#[test]
fn a_digest_stands_beside_the_tag_that_it_ran_under() {
    let mut app = world("fleet-app");
    (app.workload().existing, app.workload().updated) = (4, 1);
    app.container().image = "registry.test/fleet-app:v1.5.0".into();
    let mut new = app.pods[0].clone();
    (new.uid, new.tag, new.digest) = (9, "v1.5.0".into(), "".into());
    app.pods.push(new);
    app.pods.iter_mut().for_each(|pod| pod.status = Status::new(State::Failed, "Crash loop", CRASH));
    let cell = app.assess().cell;
    assert_eq!((&*cell.tag, &*cell.digest), ("v1.5.0", ""), "no pod of the new tag was seen to run");
    app.pods[3].digest = "830d8f4".into();
    assert_eq!(&*app.assess().cell.digest, "830d8f4", "though more pods have the old one");
    app.pods[0].status = ready();
    let cell = app.assess().cell;
    assert_eq!((&*cell.tag, &*cell.digest), ("v1.4.0", "51c02ae"), "what is ready runs");
    let next = cell.next.map(|next| (next.name.to_string(), next.ready, next.wanted));
    assert_eq!(next, Some(("v1.5.0".to_owned(), 0, 3)));
}

#[test]
fn of_equal_state_what_fails_comes_before_what_differs() {
    let mut old = world("fleet-app");
    old.config().changed = NOW - 60;
    let mut stuck = world("fleet-api");
    stuck.workload().conditions = vec![condition("Progressing", false, "ProgressDeadlineExceeded")];
    stuck.config().changed = NOW - 60;
    let titles: Vec<_> =
        merged(&[old.assess(), stuck.assess()]).into_iter().map(|finding| finding.title.to_string()).collect();
    let expected = [
        "The rollout of fleet-api is stuck: 1 of 1 ready",
        "fleet-app runs with old config",
        "fleet-api runs with old config",
        "fleet-api has one replica; zero downtime is promised here",
    ];
    assert_eq!(titles, expected);
}

#[test]
fn one_fault_that_several_components_share_is_one_finding() {
    let spoil = |name| {
        let mut world = world(name);
        world.config().values.insert("LOG_LEVEL".into(), "debug".into());
        world.assess()
    };
    let findings = merged(&[spoil("fleet-app"), spoil("fleet-api")]);
    let levels: Vec<_> = findings.iter().filter(|finding| finding.title.contains("LOG_LEVEL")).collect();
    assert_eq!(levels.len(), 1, "{findings:#?}");
    assert_eq!(levels[0].component, None);
    // What is about one component keeps it.
    assert!(findings.iter().any(|finding| finding.component.is_some()));
    assert!(findings.is_sorted_by_key(|finding| std::cmp::Reverse(finding.state)));
}

#[test]
fn what_may_not_be_read_is_unknown_and_not_absent() {
    let all = |unread| Unreadable { workload: unread, pods: unread, autoscalers: unread, config_maps: unread };
    let (unreadable, garbled) = (all(Some(Unread::Forbidden)), all(Some(Unread::Garbled)));
    for (blind, state, hpa, config) in [
        (Unreadable::default(), State::Failed, "no HPA", "no ConfigMap"),
        (unreadable, State::Unknown, "HPA unknown", "ConfigMap fleet-config unknown"),
        (garbled, State::Unknown, "HPA unknown", "ConfigMap fleet-config unknown"),
    ] {
        let mut world = world("fleet-app");
        world.workload = None;
        world.autoscaler = None;
        world.config_maps.clear();
        world.unreadable = blind;
        let cell = world.assess().cell;
        assert_eq!(cell.status.state, state);
        for text in [hpa, config] {
            let chip = cell.chips.iter().find(|chip| chip.text.starts_with(text));
            let chip = chip.unwrap_or_else(|| panic!("{text} is not among {:?}", cell.chips));
            assert_eq!(chip.state == State::Unknown, blind.autoscalers.is_some(), "{text}");
        }
    }
}

#[test]
fn a_remark_is_what_differs_and_stops_nothing() {
    use crate::view::FindingKind::{Autoscaler, Difference, Failure, Node, OldConfig, Promise};
    for (kind, state, is_remark) in [
        (Failure, State::Degraded, false),
        (Autoscaler, State::Degraded, false),
        (Difference, State::Degraded, true),
        (OldConfig, State::Degraded, true),
        (Promise, State::Degraded, true),
        (Node, State::Degraded, true),
        // Scaled to 0, and not known.
        (Difference, State::Failed, false),
        (Difference, State::Unknown, false),
    ] {
        let finding = Finding {
            state,
            kind,
            title: "".into(),
            evidence: "".into(),
            lines: Vec::new(),
            advice: "".into(),
            component: None,
            since: 0,
            look: Look::Component,
        };
        assert_eq!(finding.is_remark(), is_remark, "{kind:?} {state:?}");
    }
}
