use super::*;

fn pending(message: &str, claims: &[&str]) -> PodFacts {
    PodFacts {
        unschedulable: Some(message.into()),
        claims: claims.iter().map(|claim| (*claim).into()).collect(),
        ..PodFacts::default()
    }
}

#[test]
fn what_the_scheduler_writes_is_said_in_words() {
    for (message, title, evidence) in [
        (
            "0/6 nodes are available: 3 Insufficient cpu, 2 node(s) had untolerated taint {dedicated: gpu}, 1 node(s) didn't \
             match pod anti-affinity rules. preemption: 0/6 nodes are available: 6 Preemption is not helpful for scheduling.",
            Some("with enough CPU"),
            "Of 6 nodes, 3 have too little CPU left; 2 have the taint dedicated=gpu, which the pod does not tolerate; 1 has a \
             pod that it must be kept apart from (anti-affinity).",
        ),
        (
            "0/3 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }, 2 Insufficient \
             memory. no new claims to deallocate, preemption: 0/3 nodes are available: 3 No preemption victims found.",
            Some("with enough memory"),
            "Of 3 nodes, 2 have too little memory left; 1 is NotReady.",
        ),
        (
            "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.",
            Some("with enough CPU"),
            "Of 1 node, 1 has too little CPU left; 1 has too little memory left.",
        ),
        ("0/2 nodes are available: 2 node(s) were unschedulable.", None, "Of 2 nodes, 2 are cordoned."),
        (
            "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.",
            None,
            "Of 2 nodes, 2 do not match its node selector or affinity.",
        ),
        (
            "0/2 nodes are available: 2 node(s) didn't match pod topology spread constraints.",
            None,
            "Of 2 nodes, 2 would break its spread over zones or nodes.",
        ),
        (
            "0/2 nodes are available: 2 node(s) had volume node affinity conflict.",
            None,
            "Of 2 nodes, 2 cannot have its volumes.",
        ),
        ("0/4 nodes are available: 4 Too many pods.", None, "Of 4 nodes, 4 have as many pods as they may."),
        (
            "0/4 nodes are available: 4 node(s) had untolerated taint(s).",
            Some("that it tolerates"),
            "Of 4 nodes, 4 have a taint that the pod does not tolerate.",
        ),
        ("0/4 nodes are available: 4 moon is full.", None, "Of 4 nodes, 4: moon is full."),
        // Two taints of one node are two reasons; the same of two parts is one.
        (
            "0/3 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }, 2 node(s) had \
             untolerated taint {node.kubernetes.io/not-ready: }.",
            None,
            "Of 3 nodes, 3 are NotReady.",
        ),
    ] {
        let explained = explain(&pending(message, &[])).unwrap();
        assert_eq!((explained.title.as_deref(), &*explained.evidence), (title, evidence), "{message}");
        assert!(explained.advice.is_some_and(|advice| advice.ends_with('.')));
    }
}

#[test]
fn a_claim_that_is_not_bound_is_named() {
    const UNBOUND: &str =
        "0/6 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/6 nodes.";
    for (message, claims, evidence) in [
        (UNBOUND, &["data-0"][..], "Its PersistentVolumeClaim data-0 is not bound."),
        (UNBOUND, &["data-0", "log-0"], "One of its PersistentVolumeClaims is not bound: data-0, log-0."),
        (UNBOUND, &[], "A PersistentVolumeClaim of it is not bound."),
        (
            "0/6 nodes are available: persistentvolumeclaim \"data-9\" not found.",
            &["data-0"],
            "Its PersistentVolumeClaim data-9 does not exist.",
        ),
        ("persistentvolumeclaim \"data-9\" not found", &[], "Its PersistentVolumeClaim data-9 does not exist."),
    ] {
        assert_eq!(explain(&pending(message, claims)).unwrap().evidence, evidence, "{message}");
    }
}

#[test]
fn what_is_not_understood_is_left_to_the_message_itself() {
    for message in
        ["", "running PreFilter plugin failed", "0/x nodes are available: 1 moon", "0/6 nodes are available: "]
    {
        assert_eq!(explain(&pending(message, &[])), None, "{message:?}");
    }
    let long = format!("0/6 nodes are available: {}.", ["1 Insufficient \u{202e}x"; 40].join(", "));
    assert!(explain(&pending(&long, &[])).is_some_and(|explained| !explained.evidence.contains('\u{202e}')));
}

#[test]
fn nodes_that_are_not_ready_are_among_the_reasons_or_not() {
    for (message, expected) in [
        (
            "0/3 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }, 2 Insufficient cpu.",
            true,
        ),
        ("0/3 nodes are available: 3 Insufficient cpu.", false),
        ("", false),
    ] {
        assert_eq!(blames_lost_nodes(message), expected, "{message}");
    }
}
