use super::*;
use crate::component::clues::Restarted;
use crate::component::fixture::{NOW, World, condition, node, world};
use crate::facts::{Condition, NodeFacts, PodFacts};
use crate::freshness::Freshness;
use crate::health;

const NAMES: [&str; 5] = ["fleet-app", "fleet-api", "fleet-postgres", "fleet-redis", "rag-indexer"];

fn down() -> NodeFacts {
    let ready = Condition { status: None, since: NOW - 130, ..condition("Ready", false, "NodeStatusUnknown") };
    NodeFacts { conditions: vec![ready], ..NodeFacts::default() }
}

/// A component with its first pods on node-2, which is down; the pods are judged as the server judges them.
fn on_lost_node(name: &str, there: usize) -> World {
    let mut world = world(name);
    for pod in world.pods.iter_mut().take(there) {
        pod.node = "node-2".into();
        pod.status = health::pod_on_node(pod.status.clone(), "node-2", Some(&down()));
    }
    world.nodes.insert("node-2".into(), down());
    world
}

/// A component whose first pod finds no node.
fn pending(mut world: World, message: &str) -> World {
    let facts = PodFacts { unschedulable: Some(message.into()), created: NOW - 60, ..PodFacts::default() };
    world.pods[0].status = health::pod(&facts, NOW);
    (world.workload().ready, world.workload().available) = (0, 0);
    world.clues.facts.insert(0, facts);
    world
}

fn failures(worlds: &[World]) -> Vec<Finding> {
    let all: Vec<Assessment> = worlds.iter().map(World::assess).collect();
    merged(&all).into_iter().filter(|finding| finding.kind == FindingKind::Failure).collect()
}

#[test]
fn a_node_that_is_not_ready_is_one_finding_whatever_ran_there() {
    const BLAMES: &str = "0/2 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }, 1 \
                          Insufficient cpu.";
    let found = failures(&[on_lost_node("fleet-app", 2), on_lost_node("fleet-postgres", 1), world("fleet-redis")]);
    let [finding] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(&*finding.title, "3 pods of 2 components are not ready because node-2 is NotReady");
    assert!(finding.evidence.starts_with("Node node-2 has been NotReady for 2 minutes"), "{}", finding.evidence);
    assert!(finding.evidence.ends_with("fleet-app: fleet-app-0, fleet-app-1; fleet-postgres: fleet-postgres-0."));
    assert_eq!((finding.since, &finding.component), (NOW - 130, &None));

    let waits = pending(on_lost_node("fleet-api", 0), BLAMES);
    let found = failures(&[on_lost_node("fleet-app", 2), waits]);
    let [finding] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(&*finding.title, "3 pods of 2 components are not ready or pending because node-2 is NotReady");

    // What waits for something else is another finding.
    let waits = pending(on_lost_node("fleet-api", 0), "0/2 nodes are available: 2 Insufficient cpu.");
    let found = failures(&[on_lost_node("fleet-app", 2), on_lost_node("fleet-postgres", 1), waits]);
    let titles: Vec<&str> = found.iter().map(|finding| &*finding.title).collect();
    assert_eq!(
        titles,
        [
            "fleet-api finds no node with enough CPU: 0 of 1 ready",
            "3 pods of 2 components are not ready because node-2 is NotReady"
        ]
    );
}

#[test]
fn of_one_component_alone_the_node_is_told_as_before() {
    let found = failures(&[on_lost_node("fleet-app", 2), world("fleet-api")]);
    let titles: Vec<&str> = found.iter().map(|finding| &*finding.title).collect();
    assert_eq!(titles, ["fleet-app has 2 of 3 pods on node-2, which is NotReady"]);
}

#[test]
fn what_was_last_seen_of_a_node_is_said_so() {
    let mut worlds = [on_lost_node("fleet-app", 2), on_lost_node("fleet-postgres", 1)];
    worlds.iter_mut().for_each(|world| world.freshness = Freshness::Stale((NOW - 120) * 1000));
    let found = failures(&worlds);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].title.starts_with("Last seen: 3 pods of 2 components"), "{}", found[0].title);
    assert_eq!(found[0].state, State::Unknown);
}

#[test]
fn the_same_of_many_components_is_one_finding_with_a_count() {
    let old = |name: &&str| {
        let mut world = world(name);
        world.workload().paused = true;
        world
    };
    for (count, titles) in [
        (
            3,
            &[
                "The rollout of fleet-app is paused",
                "The rollout of fleet-api is paused",
                "The rollout of fleet-postgres is paused",
            ][..],
        ),
        (4, &["The rollout of fleet-app is paused; the same holds of 3 more"]),
        (5, &["The rollout of fleet-app is paused; the same holds of 4 more"]),
    ] {
        let worlds: Vec<World> = NAMES.iter().take(count).map(old).collect();
        let found = failures(&worlds);
        assert_eq!(found.iter().map(|finding| &*finding.title).collect::<Vec<_>>(), titles, "{count}");
    }
    let worlds: Vec<World> = NAMES.iter().map(old).collect();
    let found = failures(&worlds);
    assert!(found[0].evidence.ends_with("The same holds of fleet-api, fleet-postgres, fleet-redis, rag-indexer."));
    assert_eq!(found[0].component, None);
}

#[test]
fn other_words_are_other_findings_and_other_numbers_are_not() {
    let api: ComponentId = world("fleet-api").assess().cell.id;
    let finding = |title: &str, state| Finding {
        state,
        kind: FindingKind::Failure,
        title: title.into(),
        evidence: "".into(),
        lines: Vec::new(),
        advice: "".into(),
        component: Some(api.clone()),
        since: 0,
        look: Look::Component,
    };
    let same = |one: &Finding, other: &Finding| pattern(one) == pattern(other);
    let ready = finding("fleet-api is not ready: 1 of 3 ready", State::Degraded);
    assert!(same(&ready, &finding("fleet-api is not ready: 10 of 30 ready", State::Degraded)));
    assert!(!same(&ready, &finding("fleet-api is not ready: 1 of 3 ready", State::Failed)));
    assert!(!same(&ready, &finding("fleet-api is short of pods: 1 of 3 ready", State::Degraded)));
    assert_eq!(pattern(&Finding { component: None, ..ready }), None);
}

#[test]
fn what_hurts_most_comes_first() {
    let broken = |name| world(name).broken("Not ready", "It runs and is not ready.", 0);
    let mut cordoned = world("fleet-api");
    cordoned.nodes.insert("node-1".into(), NodeFacts { unschedulable: true, ..node() });
    cordoned.clues.restarted.insert(0, Restarted { times: 4, since: NOW - 60 });
    let worlds = [broken("rag-indexer"), cordoned, broken("fleet-postgres"), broken("fleet-app")];
    let all: Vec<Assessment> = worlds.iter().map(World::assess).collect();
    let found = merged(&all);
    let order: Vec<(State, FindingKind)> = found.iter().map(|finding| (finding.state, finding.kind)).collect();
    assert!(order.is_sorted_by_key(|(state, kind)| (std::cmp::Reverse(*state), *kind)), "{order:?}");
    let said = |of: FindingKind| {
        let titles = found.iter().filter(|finding| finding.kind == of).map(|finding| &*finding.title);
        titles.map(|title| title.split(' ').next().unwrap()).collect::<Vec<_>>()
    };
    // What users see, then what it talks to, then what keeps data, then what works behind them.
    assert_eq!(said(FindingKind::Failure), ["fleet-app", "fleet-postgres", "rag-indexer"]);
    assert_eq!(said(FindingKind::Promise), ["fleet-api", "fleet-postgres"]);
    assert_eq!(said(FindingKind::Restarts), ["fleet-api"]);
}
