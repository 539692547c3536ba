use std::collections::BTreeMap;

use super::*;
use crate::component::fixture::{environment_id, production, world};
use crate::facts::AutoscalerTargets;
use crate::finding;
use crate::guard::facts::{Quota, Resources};

/// fleet-app behind its autoscaler and fleet-api, each pod with a CPU limit of 2 and a request of 500m.
struct Scene {
    declared: registry::Environment,
    around: Around,
    workloads: Vec<(&'static str, WorkloadFacts, Option<AutoscalerFacts>)>,
    freshness: Freshness,
}

fn scene() -> Scene {
    let workload = |name: &'static str| {
        let (facts, autoscaler) = (world(name).workload.unwrap(), world(name).autoscaler);
        let resources =
            Resources { requests: vec![("cpu".into(), amount("500m"))], limits: vec![("cpu".into(), amount("2"))] };
        let mut facts = WorkloadFacts { labels: [("app".into(), name.into())].into(), ..facts };
        facts.template.containers = vec![("main".into(), resources)];
        (name, facts, autoscaler)
    };
    Scene {
        declared: production(),
        around: Around::default(),
        workloads: vec![workload("fleet-app"), workload("fleet-api")],
        freshness: Freshness::Live(1),
    }
}

fn amount(text: &str) -> Quantity {
    text.parse().unwrap()
}

impl Scene {
    fn with<T>(&self, ask: impl FnOnce(&Surroundings<'_>) -> T) -> T {
        let workloads: Vec<Neighbour<'_>> = self
            .workloads
            .iter()
            .map(|(name, facts, autoscaler)| Neighbour {
                kind: facts.kind,
                name,
                facts,
                autoscaler: autoscaler.as_ref(),
            })
            .collect();
        ask(&Surroundings {
            id: &environment_id(),
            declared: &self.declared,
            around: &self.around,
            workloads: &workloads,
            freshness: self.freshness,
        })
    }

    fn titles(&self) -> Vec<String> {
        let findings = self.with(finding::surroundings);
        assert!(findings.iter().all(|finding| finding.evidence.ends_with('.') && finding.advice.ends_with('.')));
        findings.into_iter().map(|finding| finding.title.to_string()).collect()
    }

    fn quota(&mut self, bounds: &[(&str, &str)]) {
        let bounds = bounds.iter().map(|(name, most)| ((*name).into(), amount("0"), amount(most))).collect();
        self.around.quotas.insert("compute".into(), Quota { name: "compute".into(), bounds, scoped: false });
    }

    fn budget(&mut self, least: &str, app: &str) -> &mut BudgetFacts {
        let labels: BTreeMap<_, _> = [("app".into(), app.into())].into();
        let budget = BudgetFacts {
            min_available: Some(least.into()),
            labels,
            allowed: 1,
            healthy: 3,
            desired: 2,
            expected: 3,
            ..BudgetFacts::default()
        };
        self.around.budgets.insert("guard".into(), budget);
        self.around.budgets.get_mut("guard").unwrap()
    }
}

#[test]
fn a_quota_is_held_against_the_maximum_of_every_autoscaler() {
    let none: &[&str] = &[];
    // 20 of fleet-app and one of fleet-api.
    let cases: &[(&[(&str, &str)], &[&str])] = &[
        (&[("limits.cpu", "42")], none),
        (&[("limits.cpu", "41")], &["The quota would not hold the HPA's maximum: limits 42 of 41 CPU"]),
        (&[("requests.cpu", "10")], &["The quota would not hold the HPA's maximum: requests 10.5 of 10 CPU"]),
        (&[("cpu", "10500m")], none),
        (&[("pods", "20")], &["The quota would not hold the HPA's maximum: 21 of 20 pods"]),
        (
            &[("limits.cpu", "10"), ("requests.cpu", "4")],
            &["The quota would not hold the HPA's maximum: limits 42 of 10 CPU, requests 10.5 of 4 CPU"],
        ),
        // Nothing is known of what they ask for: that is no excess.
        (&[("limits.memory", "1Ki"), ("requests.nvidia.com/gpu", "1"), ("services", "1")], none),
    ];
    for (bounds, expected) in cases {
        let mut scene = scene();
        scene.quota(bounds);
        assert_eq!(scene.titles(), *expected, "{bounds:?}");
    }
    let mut scene = scene();
    scene.quota(&[("limits.cpu", "41")]);
    // Not seen, for some pods only, off, or without an autoscaler: nothing is said.
    let spoil: &[fn(&mut Scene)] = &[
        |scene| _ = scene.around.unseen.insert(AroundKind::Quota, Unseen::NotYet),
        |scene| _ = scene.around.unseen.insert(AroundKind::LimitRange, Unseen::Forbidden),
        |scene| scene.around.quotas.get_mut("compute").unwrap().scoped = true,
        |scene| scene.workloads[0].1.wanted = 0,
        |scene| scene.workloads[0].2 = None,
        |scene| scene.freshness = Freshness::Never,
    ];
    for (number, spoil) in spoil.iter().enumerate() {
        let mut spoilt = self::scene();
        spoilt.around = scene.around.clone();
        assert_eq!(spoilt.titles().len(), 1);
        spoil(&mut spoilt);
        assert_eq!(spoilt.titles(), none, "{number}");
    }
}

#[test]
fn what_containers_leave_out_comes_from_the_limit_range() {
    let mut scene = scene();
    scene.quota(&[("limits.memory", "10Gi")]);
    assert_eq!(scene.titles(), [""; 0]);
    let range = LimitRange { default_limit: vec![("memory".into(), amount("512Mi"))], ..LimitRange::default() };
    scene.around.limit_ranges.insert("limits".into(), vec![range]);
    assert_eq!(scene.titles(), ["The quota would not hold the HPA's maximum: limits 10.5Gi of 10Gi memory"]);
}

#[test]
fn a_budget_that_allows_nothing_or_is_about_nothing_is_said() {
    let cases: &[(fn(&mut Scene), &[&str])] = &[
        (|scene| _ = scene.budget("2", "fleet-app"), &[]),
        (|scene| _ = scene.budget("3", "fleet-app"), &["PDB 3 with HPA minimum 3: no disruption allowed when idle"]),
        // 70 % of 3 are 2.1, and 3 is the next whole pod.
        (
            |scene| _ = scene.budget("70%", "fleet-app"),
            &["PDB 70% with HPA minimum 3: no disruption allowed when idle"],
        ),
        (|scene| _ = scene.budget("50%", "fleet-app"), &[]),
        (
            |scene| _ = scene.budget("1", "fleet-api"),
            &["PDB guard (minAvailable 1) with 1 replica: no disruption is ever allowed"],
        ),
        (
            |scene| {
                let budget = scene.budget("1", "fleet-app");
                (budget.min_available, budget.max_unavailable) = (None, Some("0".into()));
            },
            &["PDB 0 with HPA minimum 3: no disruption allowed when idle"],
        ),
        (
            |scene| {
                let budget = scene.budget("1", "fleet-app");
                (budget.min_available, budget.max_unavailable) = (None, Some("1".into()));
            },
            &[],
        ),
        (|scene| scene.budget("1", "fleet-ap").expected = 0, &["PDB guard selects no pods"]),
        // Pods that no workload here makes.
        (|scene| _ = scene.budget("1", "fleet-ap"), &[]),
        (
            |scene| scene.budget("2", "fleet-app").allowed = 0,
            &["PDB guard allows no disruption now, though all its pods are ready"],
        ),
        (
            |scene| {
                let budget = scene.budget("2", "fleet-app");
                (budget.allowed, budget.healthy) = (0, 2);
            },
            &[],
        ),
        // Which pods it selects is not known; what it allows is.
        (
            |scene| {
                let budget = scene.budget("3", "fleet-app");
                (budget.has_expressions, budget.expected, budget.healthy) = (true, 0, 0);
            },
            &[],
        ),
        (
            |scene| {
                scene.budget("3", "fleet-app");
                scene.around.unseen.insert(AroundKind::Budget, Unseen::Forbidden);
            },
            &[],
        ),
    ];
    for (number, (spoil, expected)) in cases.iter().enumerate() {
        let mut scene = scene();
        spoil(&mut scene);
        assert_eq!(scene.titles(), *expected, "{number}");
    }
}

#[test]
fn what_was_last_seen_is_marked_as_such() {
    let mut scene = scene();
    scene.budget("3", "fleet-app");
    scene.freshness = Freshness::Stale(1);
    let findings = scene.with(finding::surroundings);
    assert!(findings[0].title.starts_with("Last seen: PDB 3 with"), "{findings:?}");
    assert_eq!(findings[0].state, State::Unknown);
    let items = scene.with(|facts| environment(facts).0);
    let budget = items.iter().find(|item| &*item.name == "PDB").unwrap();
    let why = "Last seen: minAvailable 3; nothing current comes from the cluster.";
    assert_eq!(budget.actual, Actual::Unknown(why.into()));
}

#[test]
fn amounts_are_compared_however_they_are_written() {
    let mut scene = scene();
    scene.workloads[0].2 = None;
    scene.declared.quota = serde_json::from_str(r#"{"requests": {"cpu": "4", "memory": "8Gi"}}"#).unwrap();
    scene.declared.limit_range = serde_json::from_str(r#"{"default": {"cpu": "500m"}}"#).unwrap();
    scene.quota(&[("cpu", "4000m"), ("requests.memory", "8192Mi"), ("limits.cpu", "100")]);
    let range = LimitRange { default_limit: vec![("cpu".into(), amount("0.5"))], ..LimitRange::default() };
    // Bounds of whole pods give no defaults.
    let of_pods =
        LimitRange { per: Per::Pod, default_limit: vec![("cpu".into(), amount("9"))], ..LimitRange::default() };
    scene.around.limit_ranges.insert("limits".into(), vec![of_pods, range]);
    assert_eq!(scene.titles(), [""; 0]);
    // Of two quotas the tighter one counts.
    let bounds = vec![("requests.cpu".into(), amount("0"), amount("3"))];
    scene.around.quotas.insert("tight".into(), Quota { name: "tight".into(), bounds, scoped: false });
    assert_eq!(scene.titles()[0], "The quota has requests.cpu 3, expected 4");
    let items = scene.with(|facts| environment(facts).0);
    let limits = items.iter().find(|item| &*item.name == "limits.cpu").unwrap();
    assert_eq!((limits.differs(), &limits.expected), (false, &Expected::Undeclared));
}

#[test]
fn an_autoscaler_counts_with_what_it_may_ask_for() {
    let mut scene = scene();
    let (_, facts, autoscaler) = &mut scene.workloads[1];
    *autoscaler = Some(AutoscalerFacts {
        min: 1,
        max: 2,
        targets: AutoscalerTargets::default(),
        current: 4,
        desired: 4,
        cpu: None,
        memory: None,
        conditions: Vec::new(),
    });
    // Somebody scaled it beyond its maximum: for now there are so many.
    facts.wanted = 4;
    scene.quota(&[("pods", "23")]);
    assert_eq!(scene.titles(), ["The quota would not hold the HPA's maximum: 24 of 23 pods"]);
}
