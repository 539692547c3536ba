//! Why no node takes a pod, by what the scheduler writes.
//!
//! `0/6 nodes are available: 3 Insufficient cpu, 2 node(s) had untolerated taint {dedicated: gpu}, 1 node(s) didn't match pod
//! anti-affinity rules. preemption: …`, or one reason without a count that holds for all of them.

use super::Explanation;
use crate::facts::PodFacts;
use crate::text::plain;

/// The most reasons that are said.
const MOST_REASONS: usize = 5;
/// The longest taint, resource or reason of others that is shown.
const WORD_LIMIT: usize = 80;

/// Why a node does not take a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Reason {
    /// It has too little of a resource left.
    Lacks(String),
    /// It has a taint that the pod does not tolerate: its key, and its value if it has one.
    Taint(String),
    /// It is cordoned.
    Cordoned,
    /// Node affinity or selector.
    Selector,
    /// A pod there is to be kept apart from.
    AntiAffinity,
    /// No pod there that it wants to be near.
    Affinity,
    /// Too many of its kind are there or in its zone.
    Spread,
    /// Its volumes are elsewhere, or there are none to be had.
    Volume,
    /// As many pods as it takes.
    Full,
    /// A port of the node is taken.
    Port,
    /// What the scheduler says, as is.
    Other(String),
}

/// What a message of the scheduler says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Verdict {
    nodes: u32,
    /// For how many nodes each holds, most first.
    reasons: Vec<(u32, Reason)>,
    /// Whether it waits for a claim that is not bound, or the name of one that does not exist.
    claim: Option<Claim>,
}

/// What is wrong with a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Claim {
    Unbound,
    Missing(String),
}

/// Why no node takes a pod, in words; `None` when the scheduler's message is not understood.
pub(super) fn explain(pod: &PodFacts) -> Option<Explanation> {
    let verdict = parse(pod.unschedulable.as_deref()?)?;
    if let Some(claim) = &verdict.claim {
        return Some(of_claim(claim, pod));
    }
    let (_, first) = verdict.reasons.first()?;
    let reasons: Vec<String> = verdict.reasons.iter().take(MOST_REASONS).map(|(nodes, why)| of(*nodes, why)).collect();
    let more = match verdict.reasons.len().saturating_sub(MOST_REASONS) {
        0 => String::new(),
        more => format!(", and {more} more reasons"),
    };
    let noun = if verdict.nodes == 1 { "node" } else { "nodes" };
    let evidence = format!("Of {} {noun}, {}{more}.", verdict.nodes, reasons.join("; "));
    let (with, advice) = remedy(first);
    Some(Explanation { evidence, advice: Some(advice), title: with, ..Explanation::default() })
}

/// Whether nodes that are NotReady are among the reasons.
pub(crate) fn blames_lost_nodes(message: &str) -> bool {
    let is_lost = |(_, reason): &(u32, Reason)| match reason {
        Reason::Taint(taint) => is_lost(taint),
        Reason::Lacks(_)
        | Reason::Cordoned
        | Reason::Selector
        | Reason::AntiAffinity
        | Reason::Affinity
        | Reason::Spread
        | Reason::Volume
        | Reason::Full
        | Reason::Port
        | Reason::Other(_) => false,
    };
    parse(message).is_some_and(|verdict| verdict.reasons.iter().any(is_lost))
}

/// The taints of a node that is NotReady.
/// <https://kubernetes.io/docs/reference/labels-annotations-taints/#node-kubernetes-io-unreachable>
fn is_lost(taint: &str) -> bool {
    matches!(taint, "node.kubernetes.io/unreachable" | "node.kubernetes.io/not-ready")
}

fn parse(message: &str) -> Option<Verdict> {
    let claim = claim_in(message);
    let (count, rest) = message.split_once(" nodes are available: ").unzip();
    let nodes = count.and_then(|count| count.rsplit('/').next()?.parse().ok());
    if claim.is_some() {
        return Some(Verdict { nodes: nodes.unwrap_or(0), reasons: Vec::new(), claim });
    }
    let (nodes, rest) = (nodes?, rest?);
    // What follows is about preemption.
    let said = rest.split_once(". ").map_or(rest, |(said, _)| said).trim_end_matches('.');
    let mut reasons: Vec<(u32, Reason)> = Vec::new();
    for part in said.split(", ").filter(|part| !part.is_empty()) {
        let (count, what) = match part.split_once(' ') {
            Some((count, what)) if count.bytes().all(|byte| byte.is_ascii_digit()) => (count.parse().ok()?, what),
            Some(_) | None => (nodes, part),
        };
        let reason = reason(what);
        match reasons.iter_mut().find(|(_, known)| *known == reason) {
            Some((known, _)) => *known = known.saturating_add(count),
            None => reasons.push((count, reason)),
        }
    }
    // Stable, so that equals stay as the scheduler wrote them.
    reasons.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    (!reasons.is_empty()).then_some(Verdict { nodes, reasons, claim: None })
}

fn claim_in(message: &str) -> Option<Claim> {
    if message.contains("unbound immediate PersistentVolumeClaims") {
        return Some(Claim::Unbound);
    }
    let (_, rest) = message.split_once("persistentvolumeclaim \"")?;
    let (name, rest) = rest.split_once('"')?;
    rest.starts_with(" not found").then(|| Claim::Missing(plain(name, 253).into_owned()))
}

fn reason(what: &str) -> Reason {
    if let Some(resource) = what.strip_prefix("Insufficient ") {
        return Reason::Lacks(plain(resource, WORD_LIMIT).into_owned());
    }
    if what == "Too many pods" {
        return Reason::Full;
    }
    let Some(why) = what.strip_prefix("node(s) ") else { return Reason::Other(plain(what, WORD_LIMIT).into_owned()) };
    if let Some(taint) = why.strip_prefix("had untolerated taint") {
        return Reason::Taint(taint_in(taint));
    }
    if why.starts_with("were unschedulable") {
        Reason::Cordoned
    } else if why.contains("node affinity/selector") {
        Reason::Selector
    } else if why.contains("anti-affinity") {
        Reason::AntiAffinity
    } else if why.contains("pod affinity") {
        Reason::Affinity
    } else if why.contains("topology spread") {
        Reason::Spread
    } else if why.contains("volume") {
        Reason::Volume
    } else if why.contains("free ports") {
        Reason::Port
    } else {
        Reason::Other(plain(why, WORD_LIMIT).into_owned())
    }
}

/// `{dedicated: gpu}` is `dedicated=gpu`, `{node.kubernetes.io/unreachable: }` has no value.
fn taint_in(text: &str) -> String {
    let inner = text.trim().trim_start_matches("(s)").trim().trim_start_matches('{').trim_end_matches('}');
    let (key, value) = inner.split_once(':').unwrap_or((inner, ""));
    let (key, value) = (plain(key.trim(), WORD_LIMIT), plain(value.trim(), WORD_LIMIT));
    if value.is_empty() { key.into_owned() } else { format!("{key}={value}") }
}

/// For how many nodes a reason holds: `3 have too little CPU left`.
fn of(nodes: u32, reason: &Reason) -> String {
    let one = nodes == 1;
    let (has, is, does) = if one { ("has", "is", "does") } else { ("have", "are", "do") };
    match reason {
        Reason::Lacks(resource) => format!("{nodes} {has} too little {} left", resource_word(resource)),
        Reason::Taint(taint) if is_lost(taint) => format!("{nodes} {is} NotReady"),
        Reason::Taint(taint) => match taint.as_str() {
            "" => format!("{nodes} {has} a taint that the pod does not tolerate"),
            "node.kubernetes.io/unschedulable" => format!("{nodes} {is} cordoned"),
            "node.kubernetes.io/memory-pressure" => format!("{nodes} {is} short of memory"),
            "node.kubernetes.io/disk-pressure" => format!("{nodes} {is} short of disk"),
            "node.kubernetes.io/pid-pressure" => format!("{nodes} {is} short of process ids"),
            "node.kubernetes.io/network-unavailable" => format!("{nodes} {is} without network"),
            taint => format!("{nodes} {has} the taint {taint}, which the pod does not tolerate"),
        },
        Reason::Cordoned => format!("{nodes} {is} cordoned"),
        Reason::Selector => format!("{nodes} {does} not match its node selector or affinity"),
        Reason::AntiAffinity => format!("{nodes} {has} a pod that it must be kept apart from (anti-affinity)"),
        Reason::Affinity => format!("{nodes} {has} no pod that it must be near (affinity)"),
        Reason::Spread => format!("{nodes} would break its spread over zones or nodes"),
        Reason::Volume => format!("{nodes} cannot have its volumes"),
        Reason::Full => format!("{nodes} {has} as many pods as {} may", if one { "it" } else { "they" }),
        Reason::Port => format!("{nodes} {has} no free port for it"),
        Reason::Other(said) => format!("{nodes}: {said}"),
    }
}

fn resource_word(resource: &str) -> &str {
    match resource {
        "cpu" => "CPU",
        "ephemeral-storage" => "ephemeral storage",
        other => other,
    }
}

/// What stands in the title after `finds no node`, and what one can do.
fn remedy(reason: &Reason) -> (Option<String>, &'static str) {
    match reason {
        Reason::Lacks(resource) => {
            (Some(format!("with enough {}", resource_word(resource))), "Free room, add a node, or lower the requests.")
        }
        Reason::Taint(taint) if is_lost(taint) => (None, "Bring the nodes that are NotReady back, or add others."),
        Reason::Taint(_) => (
            Some("that it tolerates".to_owned()),
            "Add a toleration when it is meant to run there, or nodes without the taint.",
        ),
        Reason::Cordoned => (None, "Uncordon the nodes when nobody works on them, or add others."),
        Reason::Selector => (None, "Compare its node selector and affinity with the labels of the nodes."),
        Reason::AntiAffinity | Reason::Spread => {
            (None, "Add a node, in another zone if zones are kept apart, or loosen the rule that keeps its pods apart.")
        }
        Reason::Affinity => (None, "Look at what it must be near, and whether that runs."),
        Reason::Volume => {
            (None, "Its volume is bound to a zone or a node: bring that back, or restore the data elsewhere.")
        }
        Reason::Full => (None, "Add a node: these take no more pods, however small."),
        Reason::Port => (None, "Two pods want the same port of a node: add a node, or give the port up."),
        Reason::Other(_) => {
            (None, "Free room, add a node, or lower the requests; anti-affinity and zones may leave no node either.")
        }
    }
}

fn of_claim(claim: &Claim, pod: &PodFacts) -> Explanation {
    let (evidence, advice) = match (claim, pod.claims.as_slice()) {
        (Claim::Missing(name), _) => (
            format!("Its PersistentVolumeClaim {name} does not exist."),
            "Create the claim, or mend the name in the template.",
        ),
        (Claim::Unbound, []) => ("A PersistentVolumeClaim of it is not bound.".to_owned(), UNBOUND),
        (Claim::Unbound, [only]) => (format!("Its PersistentVolumeClaim {} is not bound.", plain(only, 253)), UNBOUND),
        (Claim::Unbound, several) => {
            let names: Vec<_> = several.iter().take(MOST_REASONS).map(|name| plain(name, 253)).collect();
            (format!("One of its PersistentVolumeClaims is not bound: {}.", names.join(", ")), UNBOUND)
        }
    };
    let title = Some("for its volume".to_owned());
    Explanation { evidence, advice: Some(advice), title, ..Explanation::default() }
}

const UNBOUND: &str =
    "Look at the claim and its events: the StorageClass may be missing, without room, or unable to make volumes.";

#[cfg(test)]
mod tests;
