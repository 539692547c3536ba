//! Pods that use nearly all they may: what comes next is an end by force, or waiting for CPU.

use std::sync::Arc;

use crate::component::ComponentFacts;
use crate::component::clues::Usage;
use crate::facts::TemplateFacts;
use crate::guard::facts::Resources;
use crate::quantity::Quantity;
use crate::text::plain;
use crate::view::{Finding, FindingKind, Look, State};

const BYTES_OF_MIB: i64 = 1 << 20;

/// A resource of which a container may use only so much.
struct Room {
    /// What it is called in `resources.limits`.
    resource: &'static str,
    what: &'static str,
    unit: &'static str,
    /// From which share on it is said.
    percent: u64,
    /// The limit in the unit.
    amount: fn(&Quantity) -> i64,
    used: fn(Usage) -> u32,
}

const ROOMS: [Room; 2] = [
    Room {
        resource: "memory",
        what: "memory",
        unit: "MiB",
        percent: 90,
        amount: |limit| limit.milli() / 1000 / BYTES_OF_MIB,
        used: |usage| usage.memory_mib,
    },
    Room {
        resource: "cpu",
        what: "CPU",
        unit: "m",
        // From here on it is throttled, by what metrics-server averages over some 15 s.
        percent: 95,
        amount: Quantity::milli,
        used: |usage| usage.cpu_m,
    },
];

/// What is to be said of how much its pods use of what they may.
pub(super) fn findings(facts: &ComponentFacts<'_>) -> Vec<Finding> {
    let Some(workload) = facts.workload else { return Vec::new() };
    ROOMS.iter().filter_map(|room| room.finding(facts, &workload.template)).collect()
}

/// Whether a container of this template may use only so much: without a limit nothing is near it.
pub fn is_bounded(template: &TemplateFacts, container: &str) -> bool {
    ROOMS.iter().any(|room| room.limit(template, container).is_some())
}

/// Whether any container of this template may use only so much.
pub fn has_bounds(template: &TemplateFacts) -> bool {
    running(template).any(|(container, _)| is_bounded(template, container))
}

/// Whether what the containers of a pod use is so near to what they may that it is said.
pub fn is_near(template: &TemplateFacts, usage: &[(Arc<str>, Usage)]) -> bool {
    ROOMS.iter().any(|room| room.worst(template, usage).is_some_and(|worst| worst.percent >= room.percent))
}

/// What runs in a pod while it runs, by name: containers and sidecars.
fn running(template: &TemplateFacts) -> impl Iterator<Item = (&str, &Resources)> {
    let sidecars = template.init_containers.iter().filter(|container| container.sidecar);
    let sidecars = sidecars.map(|container| (&*container.name, &container.resources));
    template.containers.iter().map(|(name, resources)| (&**name, resources)).chain(sidecars)
}

/// The container of a pod that is nearest to its limit.
struct Worst<'a> {
    percent: u64,
    container: &'a str,
    used: u32,
    limit: &'a Quantity,
}

impl Room {
    /// How much a container may use.
    fn limit<'a>(&self, template: &'a TemplateFacts, container: &str) -> Option<&'a Quantity> {
        let (_, resources) = running(template).find(|(name, _)| *name == container)?;
        let (_, limit) = resources.limits.iter().find(|(resource, _)| **resource == *self.resource)?;
        Some(limit).filter(|limit| (self.amount)(limit) > 0)
    }

    /// Of equals the first by name, so that the words do not flip. None where nothing that is known is bounded.
    fn worst<'a>(&self, template: &'a TemplateFacts, usage: &'a [(Arc<str>, Usage)]) -> Option<Worst<'a>> {
        let known = usage.iter().filter_map(|(container, usage)| {
            let limit = self.limit(template, container)?;
            let (used, amount) = ((self.used)(*usage), u64::try_from((self.amount)(limit)).ok()?);
            Some(Worst { percent: u64::from(used) * 100 / amount, container, used, limit })
        });
        known.max_by_key(|worst| (worst.percent, std::cmp::Reverse(worst.container)))
    }

    fn finding(&self, facts: &ComponentFacts<'_>, template: &TemplateFacts) -> Option<Finding> {
        let pods = facts.clues.pods.iter();
        let known = pods.filter_map(|pod| Some((self.worst(template, pod.usage)?, &*pod.row.name)));
        let known: Vec<(Worst<'_>, &str)> = known.collect();
        let near = known.iter().filter(|(worst, _)| worst.percent >= self.percent);
        let count = near.clone().count();
        let (worst, pod) = near.max_by_key(|(worst, name)| (worst.percent, std::cmp::Reverse(*name)))?;
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
        let who = match running(template).count() {
            1 => (*pod).to_owned(),
            _ => format!("Container {} of {pod}", plain(worst.container, 63)),
        };
        let Worst { percent, used, limit, .. } = worst;
        Some(Finding {
            state: State::Degraded,
            kind: FindingKind::Room,
            title: title.into(),
            evidence: format!("{who} uses {used} {unit} of {what}, {percent} % of the limit of {limit}.").into(),
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
    use crate::component::fixture::{World, world};
    use crate::guard::facts::InitContainer;

    fn limits(cpu: &str, memory: &str) -> Resources {
        let limits = [("cpu", cpu), ("memory", memory)].into_iter().filter(|(_, limit)| !limit.is_empty());
        Resources {
            requests: Vec::new(),
            limits: limits.map(|(name, limit)| (name.into(), limit.parse().unwrap())).collect(),
        }
    }

    /// One with two cores and 2 GiB for each pod.
    fn bounded() -> World {
        let mut world = world("fleet-app");
        world.workload().template.containers = vec![("main".into(), limits("2000m", "2Gi"))];
        world
    }

    fn uses(container: &str, cpu_m: u32, memory_mib: u32) -> Vec<(Arc<str>, Usage)> {
        vec![(container.into(), Usage { cpu_m, memory_mib })]
    }

    fn said(world: &World) -> Vec<(String, String)> {
        let found = world.with(findings);
        found.iter().map(|finding| (finding.title.to_string(), finding.evidence.to_string())).collect()
    }

    #[test]
    fn what_is_nearly_used_up_is_told_of_the_worst_pod() {
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
            let mut world = bounded();
            let usages = usages.iter().map(|(cpu_m, memory_mib)| uses("main", *cpu_m, *memory_mib));
            world.clues.usage = usages.enumerate().collect();
            let found = said(&world);
            let first = found.first().map(|(title, evidence)| (title.as_str(), evidence.as_str()));
            assert_eq!(first, expected);
            assert!(found.len() <= 1);
            let template = &world.workload().template.clone();
            assert_eq!(world.clues.usage.values().any(|usage| is_near(template, usage)), expected.is_some());
        }
    }

    #[test]
    fn each_container_is_held_against_its_own_limit() {
        let mut world = bounded();
        let template = &mut world.workload().template;
        template.containers.push(("proxy".into(), limits("", "128Mi")));
        let init =
            |name: &str, sidecar| InitContainer { name: name.into(), resources: limits("100m", "64Mi"), sidecar };
        template.init_containers = vec![init("migrate", false), init("log-shipper", true)];
        let template = template.clone();
        let mut with = |container: &str, cpu_m, memory_mib| {
            let mut usage = uses("main", 100, 900);
            usage.extend(uses(container, cpu_m, memory_mib));
            assert_eq!(is_near(&template, &usage), {
                world.clues.usage = [(0, usage.clone())].into();
                !said(&world).is_empty()
            });
            said(&world)
        };
        let title = "fleet-app is near its memory limit".to_owned();
        let evidence = "Container proxy of fleet-app-0 uses 120 MiB of memory, 93 % of the limit of 128Mi.".to_owned();
        assert_eq!(with("proxy", 5, 120), [(title, evidence)]);
        // It may use as much CPU as there is.
        assert_eq!(with("proxy", 5_000, 64), []);
        let title = "fleet-app is at its CPU limit".to_owned();
        let evidence = "Container log-shipper of fleet-app-0 uses 99 m of CPU, 99 % of the limit of 100m.".to_owned();
        assert_eq!(with("log-shipper", 99, 1), [(title, evidence)]);
        // What has ended before the others started, and what is not of the template, is held against nothing.
        assert_eq!(with("migrate", 99, 64), []);
        assert_eq!(with("debugger", 9_999, 9_999), []);
        for (container, expected) in
            [("main", true), ("proxy", true), ("log-shipper", true), ("migrate", false), ("debugger", false)]
        {
            assert_eq!(is_bounded(&template, container), expected, "{container}");
        }
    }

    #[test]
    fn without_a_limit_nothing_is_near_it() {
        let mut world = bounded();
        world.clues.usage.insert(0, uses("main", u32::MAX, u32::MAX));
        assert_eq!(said(&world).len(), 2);
        assert!(has_bounds(&world.workload().template));
        for resources in [limits("", ""), limits("0", "")] {
            world.workload().template.containers = vec![("main".into(), resources)];
            assert_eq!(said(&world), []);
            assert!(!has_bounds(&world.workload().template));
        }
    }
}
