//! Pods that use nearly all they may: what comes next is an end by force, or waiting for CPU.

use crate::component::ComponentFacts;
use crate::component::clues::{PodClue, Usage};
use crate::facts::TemplateContainer;
use crate::quantity::Quantity;
use crate::view::{Finding, FindingKind, Look, State};

/// Percent of the memory limit from which on it is said.
const MEMORY_PERCENT: u64 = 90;
/// Percent of the CPU limit from which on a container is throttled, by what metrics-server averages over some 15 s.
const CPU_PERCENT: u64 = 95;

const BYTES_OF_MIB: i64 = 1 << 20;

/// What is to be said of how much its pods use of what they may.
pub(super) fn findings(facts: &ComponentFacts<'_>) -> Vec<Finding> {
    let Some(TemplateContainer { memory_limit, cpu_limit, .. }) =
        facts.workload.and_then(|workload| workload.container.as_ref())
    else {
        return Vec::new();
    };
    let mib = memory_limit.as_ref().map(|limit| limit.milli() / 1000 / BYTES_OF_MIB);
    let memory =
        Room { what: "memory", unit: "MiB", limit: memory_limit.as_ref(), amount: mib, percent: MEMORY_PERCENT };
    let cores = cpu_limit.as_ref().map(Quantity::milli);
    let cpu = Room { what: "CPU", unit: "m", limit: cpu_limit.as_ref(), amount: cores, percent: CPU_PERCENT };
    let found = [memory.finding(facts, |usage| usage.memory_mib), cpu.finding(facts, |usage| usage.cpu_m)];
    found.into_iter().flatten().collect()
}

/// A resource that a container may use only so much of.
struct Room<'a> {
    what: &'static str,
    unit: &'static str,
    limit: Option<&'a Quantity>,
    /// The limit in the unit.
    amount: Option<i64>,
    /// From which share on it is said.
    percent: u64,
}

impl Room<'_> {
    fn finding(&self, facts: &ComponentFacts<'_>, used: impl Fn(Usage) -> u32) -> Option<Finding> {
        let limit = u64::try_from(self.amount?).ok().filter(|limit| *limit > 0)?;
        let share = |pod: &PodClue<'_>| pod.usage.map(|usage| (u64::from(used(usage)) * 100 / limit, used(usage)));
        let known: Vec<(u64, u32, &str)> = facts
            .clues
            .pods
            .iter()
            .filter_map(|pod| share(pod).map(|(percent, used)| (percent, used, &*pod.row.name)))
            .collect();
        let near = known.iter().filter(|(percent, ..)| *percent >= self.percent);
        let count = near.clone().count();
        // Of equals the first by name, so that the words do not flip.
        let (percent, used, pod) = near.max_by_key(|(percent, _, name)| (*percent, std::cmp::Reverse(*name)))?;
        let (name, what, unit) = (&facts.id.name, self.what, self.unit);
        let all = known.len();
        let of = if all == 1 { String::new() } else { format!(" in {count} of {all} pods") };
        let (title, advice) = match what {
            "CPU" => (
                format!("{name} is at its CPU limit{of}"),
                "It is throttled: requests take longer. Raise the limit, or let the HPA make more pods.",
            ),
            _ => (
                format!("{name} is near its memory limit{of}"),
                "Beyond the limit it is killed. Raise the limit when the load grew, look for a leak when memory only climbs.",
            ),
        };
        let limit = self.limit.map(Quantity::to_string).unwrap_or_default();
        Some(Finding {
            state: State::Degraded,
            kind: FindingKind::Room,
            title: title.into(),
            evidence: format!("{pod} uses {used} {unit} of {what}, {percent} % of the limit of {limit}.").into(),
            lines: Vec::new(),
            advice: advice.into(),
            component: Some(facts.id.clone()),
            // Figures are not kept.
            since: 0,
            look: Look::Component,
        })
    }
}

/// What is said once of an environment whose pods' use is not known, for this reason: a sentence.
pub fn unmeasured(why: &str) -> Finding {
    Finding {
        state: State::Unknown,
        kind: FindingKind::Room,
        title: "How much CPU and memory the pods use is not known".into(),
        evidence: why.into(),
        lines: Vec::new(),
        advice: "Look whether metrics-server runs: kubectl top pods. HPAs that go by CPU or memory need it as well."
            .into(),
        component: None,
        since: 0,
        look: Look::Component,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::fixture::world;

    #[test]
    fn what_is_nearly_used_up_is_told_of_the_worst_pod() {
        // Of 2000m and 2Gi.
        for (usages, expected) in [
            (&[(100, 1_842), (100, 900), (100, 900)][..], None),
            (
                &[(100, 1_844), (100, 900), (100, 900)],
                Some((
                    "fleet-app is near its memory limit in 1 of 3 pods",
                    "fleet-app-0 uses 1844 MiB of memory, 90 % of the limit of 2Gi.",
                )),
            ),
            (
                &[(100, 1_844), (100, 2_048), (100, 2_048)],
                Some((
                    "fleet-app is near its memory limit in 3 of 3 pods",
                    "fleet-app-1 uses 2048 MiB of memory, 100 % of the limit of 2Gi.",
                )),
            ),
            (&[(1_899, 100)], None),
            (
                &[(1_900, 100)],
                Some(("fleet-app is at its CPU limit", "fleet-app-0 uses 1900 m of CPU, 95 % of the limit of 2000m.")),
            ),
            (&[], None),
        ] {
            let mut world = world("fleet-app");
            let usages = usages.iter().map(|(cpu_m, memory_mib)| Usage { cpu_m: *cpu_m, memory_mib: *memory_mib });
            world.clues.usage = usages.enumerate().collect();
            let found = world.with(findings);
            let found: Vec<(&str, &str)> = found.iter().map(|finding| (&*finding.title, &*finding.evidence)).collect();
            assert_eq!(found.first().copied(), expected);
            assert!(found.len() <= 1);
        }
    }

    #[test]
    fn without_a_limit_nothing_is_near_it() {
        let mut world = world("fleet-app");
        world.clues.usage.insert(0, Usage { cpu_m: u32::MAX, memory_mib: u32::MAX });
        assert_eq!(world.with(findings).len(), 2);
        (world.container().memory_limit, world.container().cpu_limit) = (None, "0".parse().ok());
        assert_eq!(world.with(findings), []);
    }
}
