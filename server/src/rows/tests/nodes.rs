//! What is shown of pods whose node turns.

use domain::facts::{Condition, NodeFacts};
use domain::view::{Cell, EnvironmentView, PodRow, SourceView};

use super::*;

const DEPLOYMENT: Kind = Kind::Workload(WorkloadKind::Deployment);
const NODES: WatchId = WatchId { kind: Kind::Node, within: None };
const PODS: WatchId = WatchId { kind: Kind::Pod, within: None };

fn facts(ready: Option<bool>) -> NodeFacts {
    let condition = Condition {
        kind: "Ready".into(),
        status: ready,
        reason: if ready == Some(true) { "KubeletReady" } else { "KubeletNotReady" }.into(),
        message: "".into(),
        since: START_MS / 1000 - 120,
    };
    NodeFacts { conditions: vec![condition], ..NodeFacts::default() }
}

fn key(name: &str) -> Key {
    Key { kind: Kind::Node, namespace: None, name: name.into() }
}

fn seen(name: &str, facts: NodeFacts) -> Change {
    Change::Seen(Observed { key: key(name), uid: 7, object: Object::Node(Box::new(facts)) })
}

fn listed(names: &[&str]) -> Change {
    let seen = names.iter().map(|name| (None, Arc::from(*name))).collect();
    Change::Listed { kind: Kind::Node, within: None, seen }
}

/// `web` of a/production, three of three ready: one pod on node-0, two on node-1; one on node-1 of staging.
fn scene() -> Rows {
    set_now(START_MS);
    let (rows, cluster) = (Rows::new(registry(0), now), MAIN.cluster());
    rows.answered(&cluster);
    rows.watches(&cluster, vec![PODS, NODES]);
    let mut web = thing(DEPLOYMENT, "web").observed(0, 0);
    let Object::Workload(workload) = &mut web.object else { panic!("no workload") };
    let facts = &mut workload.facts;
    (facts.observed_generation, facts.paused, facts.conditions) = (facts.generation, false, Vec::new());
    (facts.wanted, facts.existing, facts.updated, facts.ready, facts.available) = (3, 3, 3, 3, 3);
    rows.take_in(&cluster, vec![Change::Seen(web)]);
    for (which, node) in [
        (thing(Kind::Pod, "web-1-a"), 0),
        (thing(Kind::Pod, "web-1-b"), 1),
        (thing(Kind::Pod, "web-2-a"), 1),
        (Which { namespace: 1, ..thing(Kind::Pod, "web-1-a") }, 1),
    ] {
        rows.take_in(&cluster, vec![Change::Seen(ready_on(which, node))]);
    }
    rows.take_in(&cluster, vec![seen("node-0", self::facts(Some(true))), seen("node-1", self::facts(Some(true)))]);
    rows.take_in(&cluster, vec![listed(&["node-0", "node-1"])]);
    for watch in [PODS, NODES] {
        rows.watch_state(&cluster, &watch, WatchState::InStep);
    }
    rows
}

fn ready_on(which: Which, node: u8) -> Observed {
    let mut observed = which.observed(0, 1);
    let Object::Pod(pod) = &mut observed.object else { panic!("no pod") };
    pod.node = format!("node-{node}").into();
    observed
}

fn tell(rows: &Rows, change: Change) {
    rows.take_in(&MAIN.cluster(), vec![change]);
}

fn row(rows: &Rows, environment: &str, name: &str) -> PodRow {
    let found = pods(rows, &PodQuery { environment: environment.parse().ok(), ..PodQuery::default() }).rows;
    found.into_iter().find(|row| &*row.name == name).unwrap()
}

fn words(rows: &Rows) -> Vec<String> {
    let query = PodQuery { sort: Sort { column: PodColumn::Name, descending: false }, ..PodQuery::default() };
    pods(rows, &query).rows.iter().map(|row| row.status.word.to_string()).collect()
}

fn page(rows: &Rows) -> EnvironmentView {
    match rows.seen_by(&Grants::everything()).page(&Topic::Environment("a/production".parse().unwrap())) {
        Page::Environment(view) => view,
        other => panic!("{other:?}"),
    }
}

fn web(rows: &Rows) -> Cell {
    page(rows).components.into_iter().find(|cell| cell.id.name.as_str() == "web").unwrap()
}

fn source(rows: &Rows) -> SourceView {
    rows.seen_by(&Grants::everything()).chrome().sources.remove(0)
}

#[test]
fn pods_of_a_node_that_turns_turn_with_it_and_back_in_every_environment() {
    let rows = scene();
    assert_eq!(words(&rows), ["Ready"; 4]);
    assert_eq!((web(&rows).status.state, web(&rows).ready), (Health::Ready, 3));
    for ready in [Some(false), None] {
        tell(&rows, seen("node-1", facts(ready)));
        assert_eq!(words(&rows), ["Ready", "Node lost", "Node lost", "Node lost"]);
        let lost = row(&rows, "a/staging", "web-1-a").status;
        assert_eq!(&*lost.why, "Node node-1 is NotReady (KubeletNotReady): what runs there is not known.");
        let cell = web(&rows);
        assert_eq!((cell.status.state, &*cell.status.word, cell.ready), (Health::Degraded, "Node lost", 1));
        let titles: Vec<_> = page(&rows).findings.iter().map(|finding| finding.title.to_string()).collect();
        assert!(titles.contains(&"web has 2 of 3 pods on node-1, which is NotReady".to_owned()), "{titles:?}");
        tell(&rows, seen("node-1", facts(Some(true))));
        assert_eq!((words(&rows), web(&rows).ready), (vec!["Ready".to_owned(); 4], 3));
    }
}

#[test]
fn a_pod_that_is_told_of_while_its_node_is_down_is_not_ready_and_is_when_the_node_is_back() {
    let rows = scene();
    tell(&rows, seen("node-0", facts(None)));
    let which = thing(Kind::Pod, "web-1-a");
    tell(&rows, Change::Seen(ready_on(which, 0)));
    assert_eq!(&*row(&rows, "a/production", "web-1-a").status.word, "Node lost");
    rows.tick();
    assert_eq!(&*row(&rows, "a/production", "web-1-a").status.word, "Node lost");
    // One that is not ready by itself is judged by itself again.
    let mut starting = which.observed(0, 3);
    let Object::Pod(pod) = &mut starting.object else { panic!("no pod") };
    (pod.node, pod.facts.unschedulable) = ("node-0".into(), None);
    tell(&rows, Change::Seen(starting));
    assert_eq!(&*row(&rows, "a/production", "web-1-a").status.word, "Node lost");
    tell(&rows, seen("node-0", facts(Some(true))));
    assert_eq!(&*row(&rows, "a/production", "web-1-a").status.word, "Starting");
    // A pod that moves is judged by the node it has then.
    tell(&rows, seen("node-0", facts(None)));
    tell(&rows, Change::Seen(ready_on(which, 1)));
    assert_eq!(&*row(&rows, "a/production", "web-1-a").status.word, "Ready");
}

#[test]
fn a_node_that_goes_or_cannot_be_read_says_nothing_of_its_pods_any_more() {
    for gone in [Change::Gone(key("node-1"), 7), listed(&["node-0"]), Change::Unread(key("node-1"), 7)] {
        let rows = scene();
        tell(&rows, seen("node-1", facts(None)));
        assert_eq!(words(&rows)[1], "Node lost");
        // A late word about another node of its name.
        tell(&rows, Change::Gone(key("node-1"), 6));
        assert_eq!(words(&rows)[1], "Node lost");
        let unread = matches!(gone, Change::Unread(..));
        tell(&rows, gone);
        assert_eq!(words(&rows), ["Ready"; 4]);
        assert_eq!(&*source(&rows).trouble, if unread { "Some of the nodes cannot be read." } else { "" });
        tell(&rows, seen("node-1", facts(None)));
        assert_eq!((words(&rows)[1].as_str(), &*source(&rows).trouble), ("Node lost", ""));
    }
}

#[test]
fn nodes_that_may_not_be_read_are_said_and_make_nothing_old() {
    let missing = || WatchState::Missing("Quarterdeck may not list and watch nodes in the whole cluster.".into());
    let rows = scene();
    tell(&rows, seen("node-1", facts(None)));
    assert_eq!(words(&rows)[1], "Node lost");
    rows.watch_state(&MAIN.cluster(), &NODES, missing());
    assert!(source(&rows).freshness.is_live());
    assert_eq!(source(&rows).missing.iter().map(|right| &*right.resource).collect::<Vec<_>>(), ["nodes"]);
    // What was told before is not the present.
    assert_eq!((words(&rows), web(&rows).status.state), (vec!["Ready".to_owned(); 4], Health::Ready));
    rows.watch_state(&MAIN.cluster(), &NODES, WatchState::InStep);
    assert_eq!(words(&rows)[1], "Node lost");
    // A watch that breaks off leaves what it told, and says that it broke off.
    let broken = "The watch of nodes broke off.";
    rows.watch_state(&MAIN.cluster(), &NODES, WatchState::OutOfStep(broken.into()));
    assert!(source(&rows).freshness.is_live());
    assert_eq!((words(&rows)[1].as_str(), &*source(&rows).trouble), ("Node lost", broken));
}

#[test]
fn until_nodes_were_listed_once_nothing_is_known() {
    set_now(START_MS);
    let (rows, cluster) = (Rows::new(registry(0), now), MAIN.cluster());
    rows.answered(&cluster);
    rows.watches(&cluster, vec![PODS, NODES]);
    rows.watch_state(&cluster, &PODS, WatchState::InStep);
    assert!(!source(&rows).freshness.is_live());
    rows.watch_state(&cluster, &NODES, WatchState::InStep);
    assert!(source(&rows).freshness.is_live());
}

#[test]
fn a_node_is_held_across_registries_that_name_its_cluster() {
    let rows = scene();
    tell(&rows, seen("node-1", facts(None)));
    rows.register(&registry(1));
    assert_eq!(words(&rows)[1], "Node lost");
    rows.register(&registry(2));
    tell(&rows, seen("node-1", facts(Some(true))));
    assert_eq!(&*row(&rows, "a/production", "web-1-b").status.word, "Ready");
}
