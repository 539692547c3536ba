//! Nodes that the pods of a template may run on.

use super::*;
use crate::guard::facts::{
    Effect, Known, Node, NodeOperator, NodeTerm, Requirement, Strategy, Taint, Toleration, TolerationOperator,
};
use crate::name::WorkloadKind;

const OPEN: &str = "green: all 4 nodes may run its pods; how full nodes are is not read";
const ONE: &str = "green: 1 of 4 nodes may run its pods; how full nodes are is not read";
const THREE: &str = "green: 3 of 4 nodes may run its pods; how full nodes are is not read";
const NONE: &str = "red: no node may run its pods: 4 have not the labels they ask for";
const TAINTED: &str = "red: no node may run its pods: 4 have taints they do not tolerate";

pub(super) fn nodes(facts: &mut Facts) -> &mut Vec<Node> {
    match &mut facts.nodes {
        Known::Read { value, .. } => value,
        Known::Unread(_) => panic!("the sample has nodes"),
    }
}

/// Node 1 has a label, the others have not.
fn labelled(facts: &mut Facts, key: &str, value: &str) {
    nodes(facts)[0].labels.push((key.into(), value.into()));
}

fn selects(facts: &mut Facts, key: &str, value: &str) {
    workload(facts).scheduling.node_selector.push((key.into(), value.into()));
}

pub(super) fn wants(key: &str, operator: NodeOperator, values: &[&str]) -> Requirement {
    Requirement { key: key.into(), operator, values: values.iter().map(|value| (*value).into()).collect() }
}

pub(super) fn term(facts: &mut Facts, expressions: Vec<Requirement>, fields: Vec<Requirement>) {
    let terms = workload(facts).scheduling.node_affinity.get_or_insert_default();
    terms.push(NodeTerm { expressions, fields });
}

#[test]
fn a_node_selector_wants_every_label() {
    check(
        Rule::Room,
        &[
            (RESTART, |_| {}, OPEN),
            (RESTART, |facts| selects(facts, "disk", "ssd"), NONE),
            (
                RESTART,
                |facts| {
                    selects(facts, "disk", "ssd");
                    labelled(facts, "disk", "ssd");
                },
                ONE,
            ),
            (
                RESTART,
                |facts| {
                    selects(facts, "disk", "ssd");
                    labelled(facts, "disk", "hdd");
                },
                NONE,
            ),
            (
                RESTART,
                |facts| {
                    selects(facts, "disk", "ssd");
                    selects(facts, "gpu", "");
                    labelled(facts, "disk", "ssd");
                },
                NONE,
            ),
            // Whatever is done, unless no pod comes of it.
            (scale(4), |facts| selects(facts, "disk", "ssd"), NONE),
            (evict("node-1"), |facts| selects(facts, "disk", "ssd"), NONE),
            (
                BACK,
                |facts| {
                    selects(facts, "disk", "ssd");
                    workload(facts).strategy = Strategy::Rolling { surge: 0, unavailable: 1 };
                },
                NONE,
            ),
            (scale(2), |facts| selects(facts, "disk", "ssd"), ""),
            (range(4, 6), |facts| selects(facts, "disk", "ssd"), NONE),
            (
                range(2, 6),
                |facts| selects(facts, "disk", "ssd"),
                "amber: no node may run its pods: 4 have not the labels they ask for",
            ),
            (RESTART, |facts| nodes(facts).clear(), "red: no node may run its pods: there is none"),
        ],
    );
}

/// Each row: the requirement, the label of node 1 if any, and on how many of four nodes it holds.
#[test]
fn each_operator_of_a_node_affinity_compares_as_kubernetes_does() {
    use NodeOperator::{DoesNotExist, Exists, Gt, In, Lt, NotIn};
    let rows: &[(NodeOperator, &[&str], Option<&str>, &str)] = &[
        (In, &["a", "b"], Some("b"), ONE),
        (In, &["a", "b"], Some("c"), NONE),
        (In, &["a", "b"], None, NONE),
        // A label that is not there is none of the values.
        (NotIn, &["a", "b"], Some("b"), THREE),
        (NotIn, &["a", "b"], Some("c"), OPEN),
        (NotIn, &["a", "b"], None, OPEN),
        (Exists, &[], Some(""), ONE),
        (Exists, &[], None, NONE),
        (DoesNotExist, &[], Some("a"), THREE),
        (DoesNotExist, &[], None, OPEN),
        // Numbers, not texts; what is none matches nothing.
        (Gt, &["9"], Some("10"), ONE),
        (Gt, &["10"], Some("10"), NONE),
        (Gt, &["9"], Some("ten"), NONE),
        (Gt, &["nine"], Some("10"), NONE),
        (Gt, &["9"], None, NONE),
        (Lt, &["10"], Some("9"), ONE),
        (Lt, &["10"], Some("10"), NONE),
        (Lt, &["9"], None, NONE),
    ];
    for (operator, values, label, expected) in rows {
        let mut facts = sample::facts();
        label.iter().for_each(|value| labelled(&mut facts, "size", value));
        term(&mut facts, vec![wants("size", *operator, values)], Vec::new());
        let lines = said(&RESTART, &sample::target(), &facts, Rule::Room);
        assert_eq!(lines, *expected, "{operator:?} {values:?} {label:?}");
    }
}

#[test]
fn of_the_terms_of_a_node_affinity_one_is_enough_and_of_a_term_all_is_needed() {
    use NodeOperator::{Exists, In, NotIn, Other};
    const NOT_KNOWN: &str = "unknown: whether its pods may run on 4 of 4 nodes is not known: \
                             the template asks in a way that is not known here";
    check(
        Rule::Room,
        &[
            (
                RESTART,
                |facts| {
                    labelled(facts, "disk", "ssd");
                    term(facts, vec![wants("disk", In, &["ssd"]), wants("gpu", Exists, &[])], Vec::new());
                },
                NONE,
            ),
            (
                RESTART,
                |facts| {
                    labelled(facts, "disk", "ssd");
                    term(facts, vec![wants("gpu", Exists, &[])], Vec::new());
                    term(facts, vec![wants("disk", In, &["ssd"])], Vec::new());
                },
                ONE,
            ),
            (RESTART, |facts| term(facts, Vec::new(), vec![wants("metadata.name", In, &["node-2"])]), ONE),
            (RESTART, |facts| term(facts, Vec::new(), vec![wants("metadata.name", NotIn, &["node-2"])]), THREE),
            // A term that says nothing is for no node, and neither is an affinity without a term.
            (RESTART, |facts| term(facts, Vec::new(), Vec::new()), NONE),
            (RESTART, |facts| workload(facts).scheduling.node_affinity = Some(Vec::new()), NONE),
            // It must fit the selector as well.
            (
                RESTART,
                |facts| {
                    labelled(facts, "disk", "ssd");
                    selects(facts, "disk", "ssd");
                    term(facts, Vec::new(), vec![wants("metadata.name", In, &["node-2"])]);
                },
                NONE,
            ),
            // What is not known here is unknown, unless another term or line decides.
            (RESTART, |facts| term(facts, vec![wants("disk", Other, &["ssd"])], Vec::new()), NOT_KNOWN),
            (RESTART, |facts| term(facts, Vec::new(), vec![wants("metadata.uid", In, &["1"])]), NOT_KNOWN),
            (
                RESTART,
                |facts| term(facts, vec![wants("disk", Other, &["ssd"]), wants("gpu", Exists, &[])], Vec::new()),
                NONE,
            ),
            (
                RESTART,
                |facts| {
                    term(facts, vec![wants("disk", Other, &["ssd"])], Vec::new());
                    term(facts, Vec::new(), vec![wants("metadata.name", In, &["node-2"])]);
                },
                ONE,
            ),
        ],
    );
}

fn taint(facts: &mut Facts, effect: Effect) {
    for node in nodes(facts) {
        node.taints.push(Taint { key: "team".into(), value: "data".into(), effect });
    }
}

/// Each row: a toleration, and what becomes of nodes with `team=data:NoSchedule`.
#[test]
fn a_toleration_opens_the_nodes_whose_taint_it_matches() {
    use Effect::{NoExecute, NoSchedule};
    use TolerationOperator::{Equal, Exists, Other};
    let not_known = "unknown: whether its pods may run on 4 of 4 nodes is not known: \
                     the template asks in a way that is not known here";
    for (key, operator, value, effect, expected) in [
        ("team", Equal, "data", Some(NoSchedule), OPEN),
        ("team", Equal, "data", None, OPEN),
        ("team", Equal, "web", None, TAINTED),
        ("team", Equal, "data", Some(NoExecute), TAINTED),
        ("other", Equal, "data", None, TAINTED),
        ("", Equal, "data", None, TAINTED),
        ("team", Exists, "", None, OPEN),
        ("team", Exists, "", Some(NoSchedule), OPEN),
        ("team", Exists, "", Some(NoExecute), TAINTED),
        ("other", Exists, "", None, TAINTED),
        ("", Exists, "", None, OPEN),
        ("", Exists, "", Some(NoExecute), TAINTED),
        ("team", Other, "5", None, not_known),
        ("other", Other, "5", None, TAINTED),
    ] {
        let mut facts = sample::facts();
        taint(&mut facts, NoSchedule);
        let toleration = Toleration { key: key.into(), operator, value: value.into(), effect };
        workload(&mut facts).scheduling.tolerations = vec![toleration.clone()];
        assert_eq!(said(&RESTART, &sample::target(), &facts, Rule::Room), expected, "{toleration:?}");
    }
}

#[test]
fn every_taint_must_be_tolerated_and_a_cordon_is_one() {
    fn tolerates(facts: &mut Facts, key: &str) {
        let (operator, value) = (TolerationOperator::Exists, "".into());
        workload(facts).scheduling.tolerations.push(Toleration { key: key.into(), operator, value, effect: None });
    }
    check(
        Rule::Room,
        &[
            (RESTART, |facts| taint(facts, Effect::NoExecute), TAINTED),
            (
                RESTART,
                |facts| {
                    taint(facts, Effect::NoSchedule);
                    let other = Taint { key: "gpu".into(), value: "".into(), effect: Effect::NoSchedule };
                    nodes(facts)[0].taints.push(other);
                    tolerates(facts, "team");
                },
                THREE,
            ),
            (
                RESTART,
                |facts| {
                    nodes(facts).iter_mut().for_each(|node| node.cordoned = true);
                    tolerates(facts, "node.kubernetes.io/unschedulable");
                },
                OPEN,
            ),
            // Nothing begins on a node that is not ready, whatever is tolerated.
            (
                RESTART,
                |facts| {
                    nodes(facts).iter_mut().for_each(|node| node.ready = false);
                    tolerates(facts, "");
                },
                "red: no node may run its pods: 4 are not ready",
            ),
            (
                RESTART,
                |facts| {
                    taint(facts, Effect::NoSchedule);
                    selects(facts, "disk", "ssd");
                    labelled(facts, "disk", "ssd");
                    nodes(facts)[0].taints.clear();
                    nodes(facts)[0].cordoned = true;
                },
                "red: no node may run its pods: 3 have not the labels they ask for, 1 is cordoned",
            ),
        ],
    );
}

#[test]
fn pods_of_a_daemon_set_come_back_on_their_own_node() {
    let mut target = sample::target();
    target.component.kind = WorkloadKind::DaemonSet;
    fn pressed(facts: &mut Facts, key: &str) {
        let (key, value) = (key.into(), "".into());
        nodes(facts)[0].taints.push(Taint { key, value, effect: Effect::NoSchedule });
    }
    check_of(
        Rule::Room,
        &target,
        &[
            // They tolerate what the controller gives them, a cordon too.
            (RESTART, |facts| nodes(facts).iter_mut().for_each(|node| node.cordoned = true), OPEN),
            (RESTART, |facts| pressed(facts, "node.kubernetes.io/memory-pressure"), OPEN),
            (RESTART, |facts| pressed(facts, "team"), THREE),
            (evict("node-1"), |_| {}, "green: its node may run the pod again; how full nodes are is not read"),
            (evict("node-1"), |facts| pressed(facts, "team"), "red: its node would not run the pod again"),
            (
                evict("node-1"),
                |facts| {
                    nodes(facts).remove(0);
                },
                "unknown: whether its node may run the pod again is not known",
            ),
            (
                evict("node-1"),
                |facts| facts.pods = unread(),
                "unknown: which nodes its pods are on is not known: forbidden",
            ),
            // It has a node for each, and no other.
            (
                RESTART,
                |facts| {
                    workload(facts).anti_affinity = vec!["kubernetes.io/hostname".into()];
                    nodes(facts).truncate(2);
                },
                "green: all 2 nodes may run its pods; how full nodes are is not read",
            ),
        ],
    );
}

#[test]
fn what_is_not_judged_of_nodes_is_never_green() {
    check(
        Rule::Room,
        &[
            (
                RESTART,
                |facts| workload(facts).scheduling.unjudged = vec!["podAffinity".into()],
                "unknown: whether nodes take its pods is not known: podAffinity is not judged",
            ),
            (
                RESTART,
                |facts| workload(facts).scheduling.unjudged = vec!["podAffinity".into(), "resourceClaims".into()],
                "unknown: whether nodes take its pods is not known: podAffinity, resourceClaims are not judged",
            ),
            // It only ever closes nodes: what is red without it stays so.
            (
                RESTART,
                |facts| {
                    workload(facts).scheduling.unjudged = vec!["podAffinity".into()];
                    selects(facts, "disk", "ssd");
                },
                NONE,
            ),
            (
                RESTART,
                |facts| {
                    workload(facts).scheduling.placed_by = Some("schedulerName batch".into());
                    selects(facts, "disk", "ssd");
                },
                "unknown: whether there are nodes for its pods is not known: what schedulerName batch does is not judged",
            ),
            (
                RESTART,
                |facts| workload(facts).runtime_class = Some("kata".into()),
                "unknown: whether there are nodes for its pods is not known: the RuntimeClass kata is not read",
            ),
            (
                RESTART,
                |facts| workload(facts).scheduling.has_claims = true,
                "green: all 4 nodes may run its pods; how full nodes are and where its volumes are is not read",
            ),
            (
                BACK,
                |facts| {
                    let mut then = sample::revision(8, "1.4.1", "sha256:aaaaaaaa");
                    then.diff[0].field = "spec.tolerations[0].key".into();
                    facts.revisions = sample::read(vec![then]);
                },
                "amber: revision 8 chooses nodes by other rules than those that were looked at | \
                 green: all 4 nodes may run its pods; how full nodes are is not read",
            ),
        ],
    );
}
