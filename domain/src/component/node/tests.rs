use super::*;
use crate::component::fixture::{NOW, World, condition, node, world};
use crate::facts::Condition;
use crate::view::{EnvironmentHead, State};

fn down(since: i64) -> NodeFacts {
    let ready = Condition {
        status: None,
        message: "Kubelet stopped posting node status.".into(),
        since,
        ..condition("Ready", false, "NodeStatusUnknown")
    };
    NodeFacts { conditions: vec![ready], zone: Some("eu-1a".into()), ..NodeFacts::default() }
}

/// A component of which some pods are on node-2, which is so; the pods are judged as the server judges them.
fn on(name: &str, node_2: NodeFacts, there: usize) -> World {
    let mut world = world(name);
    for pod in world.pods.iter_mut().take(there) {
        pod.node = "node-2".into();
        pod.status = health::pod_on_node(pod.status.clone(), "node-2", Some(&node_2));
    }
    world.nodes.insert("node-2".into(), node_2);
    world
}

#[test]
fn pods_on_a_node_that_is_down_are_told_with_the_node_since_when_and_what_to_do() {
    let app = on("fleet-app", down(NOW - 130), 2).assess();
    let status = &app.cell.status;
    assert_eq!((status.state, &*status.word, app.cell.ready), (State::Degraded, "Node lost", 1));
    assert_eq!(&*status.why, "2 of 3 pods: Node node-2 is NotReady (NodeStatusUnknown): what runs there is not known.");
    let [finding] = app.findings.as_slice() else { panic!("{:#?}", app.findings) };
    assert_eq!((finding.state, finding.kind), (State::Degraded, FindingKind::Failure));
    assert_eq!(&*finding.title, "fleet-app has 2 of 3 pods on node-2, which is NotReady");
    assert_eq!(
        &*finding.evidence,
        "Node node-2 in zone eu-1a has been NotReady for 2 minutes (NodeStatusUnknown): Kubelet stopped posting node \
         status. On it: fleet-app-0, fleet-app-1."
    );
    assert_eq!(
        &*finding.advice,
        "Look at the node: kubectl describe node node-2. Kubernetes makes its pods anew elsewhere about 5 minutes after a \
         node fell silent, where there is room."
    );
}

#[test]
fn how_long_a_node_has_been_down_is_said_as_far_as_it_is_known() {
    for (node, said) in [
        (down(NOW - 59), "Node node-2 in zone eu-1a has been NotReady for less than a minute (NodeStatusUnknown): "),
        (down(NOW - 3600), "Node node-2 in zone eu-1a has been NotReady for 1 hour (NodeStatusUnknown): "),
        (down(0), "Node node-2 in zone eu-1a is NotReady (NodeStatusUnknown): "),
        (down(NOW + 3600), "Node node-2 in zone eu-1a is NotReady (NodeStatusUnknown): "),
        (NodeFacts::default(), "Node node-2 is NotReady: it has never said that it is ready. "),
    ] {
        let evidence = on("fleet-postgres", node, 1).assess().findings[0].evidence.clone();
        assert!(evidence.starts_with(said), "{evidence}");
    }
}

#[test]
fn nothing_is_usable_whose_pods_all_sit_on_a_node_that_is_down() {
    for (name, said) in [
        ("fleet-postgres", "fleet-postgres runs on a node that is NotReady."),
        ("fleet-app", "fleet-app runs on a node that is NotReady."),
    ] {
        let world = on(name, down(NOW - 130), 3);
        let assessment = world.assess();
        assert_eq!((assessment.cell.status.state, assessment.cell.ready), (State::Unknown, 0), "{name}");
        let cells = [&assessment.cell];
        let (state, sentence) = crate::sentence::environment(&world.environment, &cells, &[], world.freshness, NOW);
        assert_eq!((state, &*sentence), (State::Unknown, said));
        let head = EnvironmentHead {
            id: assessment.cell.id.environment.clone(),
            system: "Fleet Management".into(),
            title: "Production".into(),
            tier: world.environment.tier,
            cluster: world.environment.cluster.clone(),
            state,
            sentence: sentence.as_str().into(),
        };
        let wall = crate::sentence::wall(&[head], &cells, NOW).sentence;
        assert_eq!(*wall, format!("Fleet Management production needs you: {said}"));
    }
}

#[test]
fn a_node_that_is_up_and_takes_no_pods_or_lacks_something_is_a_remark() {
    let with = |kind: &str| {
        let mut node = node();
        node.conditions.push(condition(kind, true, ""));
        node
    };
    let cordoned = NodeFacts { unschedulable: true, ..node() };
    for (node_2, chip, title) in [
        (cordoned.clone(), "node node-2: cordoned", "fleet-app has 1 of 3 pods on node-2, which is cordoned"),
        (
            with("MemoryPressure"),
            "node node-2: short of memory",
            "fleet-app has 1 of 3 pods on node-2, which is short of memory",
        ),
        (
            NodeFacts { unschedulable: true, ..with("DiskPressure") },
            "node node-2: cordoned, short of disk",
            "fleet-app has 1 of 3 pods on node-2, which is cordoned, short of disk",
        ),
    ] {
        let app = on("fleet-app", node_2, 1).assess();
        assert_eq!((app.cell.status.state, app.cell.ready), (State::Ready, 3), "{chip}");
        // A chip that is Off is no difference.
        assert_eq!(app.cell.chips, [Chip { state: State::Off, text: chip.into() }]);
        let [finding] = app.findings.as_slice() else { panic!("{:#?}", app.findings) };
        assert_eq!((&*finding.title, finding.kind), (title, FindingKind::Node));
    }
    // Of what goes from there anyway, and of nodes on which it has nothing, nothing is said.
    let mut leaving = on("fleet-app", cordoned.clone(), 1);
    leaving.pods[0].status = Word::Terminating.status(State::Progressing, "");
    assert_eq!((leaving.assess().findings, leaving.assess().cell.chips), (vec![], vec![]));
    assert_eq!(on("fleet-app", cordoned, 0).assess().findings, []);
}

#[test]
fn a_worse_fault_is_said_beside_the_node_and_many_pods_are_counted() {
    let mut app = on("fleet-app", down(NOW - 130), 2);
    app.pods[2].status = Word::CrashLoop.status(State::Failed, "It ends.");
    let titles: Vec<_> = app.assess().findings.iter().map(|finding| finding.title.to_string()).collect();
    assert_eq!(
        titles,
        ["fleet-app crash loops: 0 of 3 ready", "fleet-app has 2 of 3 pods on node-2, which is NotReady"]
            .map(|title| title.replace(": 0 of 3 ready", ""))
    );
    let mut many = on("fleet-app", down(NOW - 130), 3);
    for number in 3..9 {
        let mut pod = many.pods[0].clone();
        pod.name = format!("fleet-app-{number}").into();
        many.pods.push(pod);
    }
    let evidence = many.assess().findings[0].evidence.clone();
    let listed = "On it: fleet-app-0, fleet-app-1, fleet-app-2, fleet-app-3, fleet-app-4 and 4 more.";
    assert!(evidence.ends_with(listed), "{evidence}");
}

#[test]
fn a_node_that_is_not_known_says_nothing() {
    let mut app = world("fleet-app");
    app.nodes.clear();
    assert_eq!((app.assess().findings, app.assess().cell.ready), (vec![], 3));
}
