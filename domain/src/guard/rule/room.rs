//! Nodes for the pods that come: those that they may run on, and where pods keep away from each other.

mod ground;
mod hall;
mod may;

use super::super::facts::{Known, Pod, Strategy, Workload};
use super::super::{Case, Level, Line};
use super::{Rule, count, shown};
use crate::demand;
use crate::facts::Phase;
use crate::name::WorkloadKind;
use crate::operation::Operation;
use ground::{Ground, Verdict};
use hall::{Hall, MOST};

pub(super) fn lines(case: &Case<'_>) -> Vec<Line> {
    let Some((workload, _)) = case.workload().filter(|(workload, _)| case.makes_pods(workload)) else {
        return Vec::new();
    };
    let (nodes, at) = match &case.facts.nodes {
        Known::Unread(why) => return case.unknown(Rule::Room, "whether there are nodes for its pods is", why, "nodes"),
        Known::Read { value, at } => (value, *at),
    };
    let say = |level, text: String| case.line(Rule::Room, level, text, "nodes", Some(at));
    let mut lines = vec![match foreign(workload) {
        Some(why) => say(Level::Unknown, format!("whether there are nodes for its pods is not known: {why}")),
        None => {
            // Where the limit ranges were not read, what containers say themselves is the least that they ask for.
            let limits = case.facts.limits.value().map(Vec::as_slice).unwrap_or_default();
            let pod = demand::Pod::of_workload(workload, limits);
            let ground = Ground::new(&pod, &workload.scheduling, case.target.kind(), nodes);
            let pods = match &case.facts.pods {
                Known::Unread(why) if case.needs_places(workload) => {
                    return case.unknown(Rule::Room, "which nodes its pods are on is", why, "pods");
                }
                Known::Unread(_) => &[],
                Known::Read { value, .. } => &**value,
            };
            let (level, text) = Room { case, workload, ground: &ground, pods }.judge();
            say(level, text)
        }
    }];
    lines.extend(other_nodes(case).map(|text| case.line(Rule::Room, Level::Amber, text, "plan", None)));
    lines
}

/// What places its pods by rules of its own, so that nothing here is about them.
fn foreign(workload: &Workload) -> Option<String> {
    let by = workload.scheduling.placed_by.as_deref().map(|by| format!("what {} does is not judged", shown(by)));
    // A class may have a node selector and tolerations of its own.
    let class = workload.runtime_class.as_deref();
    by.or_else(|| class.map(|class| format!("the RuntimeClass {} is not read", shown(class))))
}

/// What a rollback takes back may run elsewhere; where is not told here.
fn other_nodes(case: &Case<'_>) -> Option<String> {
    let Operation::RollBack { revision } = case.operation else { return None };
    let chosen = case.facts.revisions.value()?.iter().find(|known| known.number == *revision)?;
    let fields = ["nodeSelector", "affinity", "tolerations", "topologySpreadConstraints", "nodeName", "schedulerName"];
    let differs = |field: &str| fields.iter().any(|name| field.starts_with(&format!("spec.{name}")));
    let differs = chosen.diff.iter().any(|diff| differs(&diff.field));
    differs.then(|| format!("revision {revision} chooses nodes by other rules than those that were looked at"))
}

impl Case<'_> {
    /// Whether it matters where its pods are: they keep away from each other. A DaemonSet has its node for each.
    pub(super) fn needs_places(&self, workload: &Workload) -> bool {
        let is_picky = !workload.anti_affinity.is_empty() || !workload.spread.is_empty();
        let evicts = matches!(self.operation, Operation::RestartPod { .. });
        match self.target.kind() {
            WorkloadKind::Deployment | WorkloadKind::StatefulSet => is_picky,
            WorkloadKind::DaemonSet => evicts,
        }
    }
}

/// What is judged.
struct Room<'a> {
    case: &'a Case<'a>,
    workload: &'a Workload,
    ground: &'a Ground<'a>,
    pods: &'a [Pod],
}

impl Room<'_> {
    /// The line. What is not known only ever closes nodes: it can make a line unknown, and no other worse.
    fn judge(&self) -> (Level, String) {
        let (level, text) = self.judge_what_is_known();
        let mut unjudged: Vec<_> = self.workload.scheduling.unjudged.iter().map(|what| shown(what)).collect();
        if self.workload.has_pod_resources {
            unjudged.push("what the pod as a whole asks for".into());
        }
        let strange = self.ground.count(Verdict::NotKnown);
        let doubtful = strange + self.ground.count(Verdict::SizeNotKnown);
        // One node more takes no place away, but it can be a domain of its own that holds no pod.
        let decides = level > Level::Green || !self.workload.spread.is_empty();
        match level {
            _ if doubtful > 0 && decides => {
                let all = self.ground.all();
                let why = if strange > 0 {
                    "the template asks in a way that is not known here"
                } else {
                    "how large they are was not said"
                };
                let text = format!("whether its pods may run on {doubtful} of {all} nodes is not known: {why}");
                (Level::Unknown, text)
            }
            Level::Green | Level::Amber if !unjudged.is_empty() => {
                let text = format!("whether nodes take its pods is not known: {} not judged", is(&unjudged));
                (Level::Unknown, text)
            }
            Level::Green => (level, format!("{text}; {}", self.unread())),
            Level::Amber | Level::Unknown | Level::Red => (level, text),
        }
    }

    /// What nobody looked at: a green line must not be taken for more than it says.
    fn unread(&self) -> &'static str {
        if self.workload.scheduling.has_claims {
            "how full nodes are and where its volumes are is not read"
        } else {
            "how full nodes are is not read"
        }
    }

    fn judge_what_is_known(&self) -> (Level, String) {
        let open = self.ground.count(Verdict::Open);
        if open == 0 {
            let text = self.ground.too_small();
            return (
                self.worst(),
                text.unwrap_or_else(|| format!("no node may run its pods: {}", self.ground.closed())),
            );
        }
        if let (Operation::RestartPod { pod }, WorkloadKind::DaemonSet) = (self.case.operation, self.case.target.kind())
        {
            // It comes back on its own node or not at all.
            let node = self.pods.iter().find(|known| known.name == *pod).map(|pod| &pod.node);
            let site = self.ground.sites.iter().find(|site| Some(&site.node.name) == node);
            return match site.map(|site| site.verdict) {
                Some(Verdict::Open) => (Level::Green, "its node may run the pod again".to_owned()),
                Some(Verdict::NotKnown | Verdict::SizeNotKnown) | None => {
                    (Level::Unknown, "whether its node may run the pod again is not known".to_owned())
                }
                Some(
                    Verdict::OtherLabels | Verdict::Tainted | Verdict::Cordoned | Verdict::NotReady | Verdict::TooSmall,
                ) => (Level::Red, "its node would not run the pod again".to_owned()),
            };
        }
        if self.case.needs_places(self.workload) { self.places() } else { (Level::Green, self.some(open)) }
    }

    /// The level of pods that find no node at all.
    fn worst(&self) -> Level {
        match self.case.operation {
            Operation::ScaleRange { min, .. } if *min <= self.workload.existing => Level::Amber,
            Operation::Restart
            | Operation::RollBack { .. }
            | Operation::RestartPod { .. }
            | Operation::Scale { .. }
            | Operation::ScaleRange { .. } => Level::Red,
        }
    }

    fn some(&self, open: usize) -> String {
        let all = self.ground.all();
        if open == all && all > 1 {
            format!("all {all} nodes may run its pods")
        } else {
            format!("{open} of {all} nodes may run its pods")
        }
    }

    /// Why pods find no place.
    fn why(&self) -> String {
        let (open, all) = (self.ground.count(Verdict::Open), self.ground.all());
        let apart = !self.workload.anti_affinity.is_empty();
        let why = if apart { "its pods share no node" } else { "its pods are spread evenly" };
        if open < all { format!("{why} and may run on {open} of {all} nodes") } else { why.to_owned() }
    }

    /// Whether there is a place for each, where they keep away from each other.
    fn places(&self) -> (Level, String) {
        let Self { case, workload, ground, pods } = *self;
        let gone = match case.operation {
            Operation::RestartPod { pod } => Some(pod),
            Operation::Restart
            | Operation::RollBack { .. }
            | Operation::Scale { .. }
            | Operation::ScaleRange { .. } => None,
        };
        let live = pods.iter().filter(|pod| Some(&pod.name) != gone && !is_over(pod));
        let (placed, waiting): (Vec<&Pod>, Vec<&Pod>) = live.partition(|pod| !pod.node.is_empty());
        let mut hall = Hall::new(workload, ground, placed.iter().map(|pod| &*pod.node));
        // Whoever waits for a node already takes the first.
        let waiting = u32::try_from(waiting.len()).unwrap_or(u32::MAX);
        let starved = hall.seat(waiting) < waiting;
        let why = self.why();
        let mut free = |wanted: u32| if starved { 0 } else { hall.seat(wanted) };
        match case.operation {
            Operation::RestartPod { .. } => match free(1) {
                0 => (Level::Red, format!("no node would take the pod again: {why}")),
                _ => (Level::Green, "a node may take the pod again".to_owned()),
            },
            Operation::Restart | Operation::RollBack { .. } => {
                // In the end all of them are new.
                let wanted = workload.wanted;
                let fresh = Hall::new(workload, ground, [].into_iter()).seat(wanted);
                if fresh < wanted.min(MOST) {
                    return (Level::Red, format!("the nodes may take {fresh} of its {}: {why}", count(wanted, "pod")));
                }
                if case.more_pods(workload) == 0 {
                    return (Level::Green, self.some(ground.count(Verdict::Open)));
                }
                match (free(1), workload.strategy) {
                    (0, Strategy::Rolling { unavailable: 0, .. }) => {
                        (Level::Red, format!("no spare node: {why}, so the rollout would stand still"))
                    }
                    (
                        0,
                        Strategy::Rolling { .. } | Strategy::Partitioned(_) | Strategy::Recreate | Strategy::OnDelete,
                    ) => (
                        Level::Amber,
                        format!("no spare node: {why}, so each new pod waits until an old one has ended"),
                    ),
                    _ => (Level::Green, format!("a spare node may take the pod that comes first: {why}")),
                }
            }
            Operation::Scale { .. } => {
                let more = case.more_pods(workload);
                match free(more) {
                    free if free >= more.min(MOST) => (Level::Green, takes(free, more)),
                    free => (Level::Red, format!("{}: {why}", takes(free, more))),
                }
            }
            Operation::ScaleRange { min, max } => {
                let fewest = min.saturating_sub(workload.existing);
                let most = max.saturating_sub(workload.existing);
                match free(most) {
                    free if free < fewest.min(MOST) => (Level::Red, format!("{} at least: {why}", takes(free, fewest))),
                    free if free < most.min(MOST) => (Level::Amber, format!("{} at most: {why}", takes(free, most))),
                    free => (Level::Green, format!("{} at most", takes(free, most))),
                }
            }
        }
    }
}

fn takes(seated: u32, pods: u32) -> String {
    let least = if seated == MOST && pods > MOST { "at least " } else { "" };
    let pods = count(pods, "new pod");
    if seated == 0 { format!("no node takes {pods}") } else { format!("the nodes may take {least}{seated} of {pods}") }
}

/// `a is`, `a, b are`.
fn is(names: &[impl AsRef<str>]) -> String {
    let all: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    format!("{} {}", all.join(", "), if all.len() == 1 { "is" } else { "are" })
}

/// Whether a pod has ended, and takes no place.
fn is_over(pod: &Pod) -> bool {
    match pod.facts.phase {
        Phase::Succeeded | Phase::Failed => true,
        Phase::Pending | Phase::Running | Phase::Unknown => false,
    }
}
