use super::*;
use crate::component::fixture::{condition, node};

#[test]
fn a_node_is_up_only_while_its_condition_ready_is_true() {
    let unknown = Condition { status: None, ..condition("Ready", false, "NodeStatusUnknown") };
    for (name, conditions, is_down) in [
        ("ready", vec![condition("Ready", true, "KubeletReady")], false),
        ("not ready", vec![condition("Ready", false, "KubeletNotReady")], true),
        ("silent", vec![unknown], true),
        ("new", vec![], true),
        ("says something else", vec![condition("MemoryPressure", false, "")], true),
    ] {
        assert_eq!(is_node_down(&NodeFacts { conditions, ..NodeFacts::default() }), is_down, "{name}");
    }
}

#[test]
fn a_node_is_of_note_when_it_is_down_cordoned_or_lacks_something() {
    let with = |kind: &str, status: bool| {
        let mut node = node();
        node.conditions.push(condition(kind, status, ""));
        node
    };
    for (node, is_of_note, lacks) in [
        (node(), false, vec![]),
        (NodeFacts { unschedulable: true, ..node() }, true, vec![]),
        (NodeFacts::default(), true, vec![]),
        (with("MemoryPressure", false), false, vec![]),
        (with("MemoryPressure", true), true, vec!["short of memory"]),
        (with("DiskPressure", true), true, vec!["short of disk"]),
        (with("PIDPressure", true), true, vec!["short of process ids"]),
        (with("NetworkUnavailable", true), true, vec!["without network"]),
        (with("KernelDeadlock", true), false, vec![]),
    ] {
        assert_eq!((is_node_of_note(&node), pressures(&node)), (is_of_note, lacks), "{node:?}");
    }
}

#[test]
fn what_was_said_of_a_pod_holds_only_while_its_node_is_up() {
    let down = |reason: &str| NodeFacts { conditions: vec![condition("Ready", false, reason)], ..NodeFacts::default() };
    let why = "Node worker-2 is NotReady (KubeletNotReady): what runs there is not known.";
    for word in Word::ALL {
        let own = word.status(State::Degraded, "It is so.");
        assert_eq!(pod_on_node(own.clone(), "worker-2", None), own, "{word:?} on a node that is not known");
        assert_eq!(pod_on_node(own.clone(), "worker-2", Some(&node())), own, "{word:?} on a node that is up");
        let seen = pod_on_node(own.clone(), "worker-2", Some(&down("KubeletNotReady")));
        let turns = matches!(word, Word::Ready | Word::Starting | Word::NotReady | Word::Pending | Word::NodeLost);
        let expected = if turns { Word::NodeLost.status(State::Unknown, why) } else { own };
        assert_eq!(seen, expected, "{word:?} on a node that is down");
    }
    for (node, why) in [
        (NodeFacts::default(), "Node n is NotReady: what runs there is not known."),
        (down(""), "Node n is NotReady: what runs there is not known."),
        (down("a\u{1b}[1m"), "Node n is NotReady (a␛[1m): what runs there is not known."),
    ] {
        assert_eq!(&*pod_on_node(crate::health::ready_pod(), "n", Some(&node)).why, why);
    }
}
