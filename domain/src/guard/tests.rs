//! What holds of every judgement, whatever the facts are.

use proptest::prelude::*;

use super::facts::{Budget, Facts, Given, Keeper, Known, Other, Quota, Strategy as Rolling, Tool, Workload};
use super::{Level, Order, Refusal, Rule, judge, sample};
use crate::access::Role;
use crate::name::WorkloadKind;
use crate::operation::{Operation, Target};
use crate::policy::{Class, Confirm, Policy, PolicyRule, Requirement, When};
use crate::registry::{Maintenance, Role as Part, Tier};

const TIERS: [Tier; 3] = [Tier::Development, Tier::Staging, Tier::Production];

fn any_operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        4 => Just(Operation::Restart),
        2 => (0u32..40).prop_map(|replicas| Operation::Scale { replicas }),
        2 => (0u32..8, 0u32..40).prop_map(|(min, max)| Operation::ScaleRange { min, max }),
        2 => (7i64..10).prop_map(|revision| Operation::RollBack { revision }),
        2 => (1u32..6).prop_map(|node| Operation::RestartPod { pod: format!("pod-node-{node}").parse().unwrap() }),
    ]
}

fn any_requirement() -> impl Strategy<Value = Requirement> {
    let confirm = proptest::sample::select(vec![Confirm::Press, Confirm::TypeName]);
    let when = proptest::sample::select(vec![When::AnyTime, When::WhenGreen, When::InWindow]);
    (confirm, any::<bool>(), when, proptest::bool::weighted(0.1), proptest::option::weighted(0.2, 1u32..50)).prop_map(
        |(confirm, reason, when, second_person, backup_hours)| Requirement {
            confirm,
            reason,
            when,
            second_person,
            backup_hours,
        },
    )
}

fn workload(facts: &mut Facts) -> Option<&mut Workload> {
    match &mut facts.workload {
        Known::Read { value, .. } => value.as_mut(),
        Known::Unread(_) => None,
    }
}

const FIELDS: u8 = 10;

/// Makes a fact one that could not be read.
fn forget(facts: &mut Facts, field: u8) {
    let why: std::sync::Arc<str> = "forbidden".into();
    match field {
        0 => facts.workload = Known::Unread(why),
        1 => facts.pods = Known::Unread(why),
        2 => facts.autoscaler = Known::Unread(why),
        3 => facts.budgets = Known::Unread(why),
        4 => facts.quotas = Known::Unread(why),
        5 => facts.limits = Known::Unread(why),
        6 => facts.nodes = Known::Unread(why),
        7 => facts.revisions = Known::Unread(why),
        8 => facts.backup = Known::Unread(why),
        _ => facts.others = Known::Unread(why),
    }
}

/// Changes one thing of the good case.
fn spoil(facts: &mut Facts, what: u8, number: u32) {
    let (now, is_even) = (facts.now, number.is_multiple_of(2));
    let strategies = [
        Rolling::Rolling { surge: 0, unavailable: 1 },
        Rolling::Rolling { surge: 2, unavailable: 2 },
        Rolling::Recreate,
        Rolling::OnDelete,
        Rolling::Partitioned(number % 5),
    ];
    match what {
        0 => forget(facts, (number % u32::from(FIELDS)) as u8),
        1 => facts.autoscaler = sample::read(None),
        2 => {
            facts.budgets =
                sample::read(vec![Budget { name: "pdb".into(), rule: "minAvailable 2".into(), allowed: number % 2 }])
        }
        3 => {
            let most = format!("{number}").parse().unwrap();
            let bounds = vec![("limits.cpu".into(), "6".parse().unwrap(), most)];
            facts.quotas = sample::read(vec![Quota { name: "quota".into(), bounds, scoped: number % 7 == 3 }]);
        }
        4 => facts.maintenance_open(is_even),
        5 => facts
            .declared
            .as_mut()
            .into_iter()
            .for_each(|declared| declared.role = if is_even { Part::Database } else { Part::Cache }),
        6 => facts.backup = sample::read(Some(now - i64::from(number) * 3600)),
        7 => facts.others = sample::read(vec![other(number)]),
        8 => facts.declared = None,
        9 => facts.now += i64::from(number),
        10 => facts.place.zero_downtime = is_even,
        22 | 23 => {
            let Known::Read { value: nodes, .. } = &mut facts.nodes else { return };
            for node in nodes.iter_mut().take(number as usize % 6) {
                if what == 22 { node.cordoned = true } else { node.allocatable = sample::amounts(&[("cpu", "250m")]) }
            }
        }
        _ => {
            let Some(workload) = workload(facts) else { return };
            match what {
                11 => workload.strategy = strategies[number as usize % strategies.len()],
                12 => workload.wanted = number % 6,
                13 => workload.available = number % 6,
                14 => workload.ready = number % 6,
                15 => workload.paused = is_even,
                16 => workload.updated = number % 4,
                17 => workload.generation += i64::from(number % 2),
                18 => workload.containers[0].image = if is_even { "app:latest".into() } else { "app:1".into() },
                19 => workload.anti_affinity = vec!["kubernetes.io/hostname".into()],
                20 => workload.history_limit = number % 4,
                _ => {
                    let tools = [Tool::FluxHelm, Tool::FluxKustomize, Tool::ArgoCd, Tool::Helm];
                    let suspended = [None, Some(true), Some(false)][number as usize % 3];
                    let tool = tools[number as usize % tools.len()];
                    workload.owner =
                        Some(Keeper { tool, name: "a/b".into(), interval_s: Some(600), last: Some(now), suspended });
                }
            }
        }
    }
}

impl Facts {
    fn maintenance_open(&mut self, is_open: bool) {
        self.place.maintenance = if is_open { Maintenance::AnyTime } else { Maintenance::Undeclared };
    }
}

fn other(number: u32) -> Other {
    Other {
        who: "lee".into(),
        what: "Restart fleet-app".into(),
        since: sample::now(),
        under_way: number.is_multiple_of(2),
        same_target: number.is_multiple_of(3),
    }
}

/// A good case with some things spoiled, and often with a policy of its own, so that much of it is allowed.
fn any_case() -> impl Strategy<Value = (Operation, Target, Facts)> {
    (
        any_operation(),
        proptest::sample::select(TIERS.to_vec()),
        proptest::option::weighted(0.6, any_requirement()),
        proptest::collection::vec((0u8..24, 0u32..40), 0..5),
        proptest::bool::weighted(0.9),
    )
        .prop_map(|(operation, tier, require, spoils, is_given)| {
            let mut facts = sample::facts();
            facts.place.tier = tier;
            if let Some(require) = require {
                let row = |operation| PolicyRule { operation, tier: None, scope: None, require };
                facts.place.policy = Policy(Class::ALL.map(row).into());
            }
            for (what, number) in spoils {
                spoil(&mut facts, what, number);
            }
            if !is_given {
                facts.given = Given::default();
            }
            (operation, sample::target(), facts)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn nothing_is_red_and_permitted_and_in_production_nothing_is_unknown((operation, target, facts) in any_case()) {
        let verdict = judge(&operation, &target, &facts);
        let level = verdict.level();
        let is_unknown = verdict.lines.iter().any(|line| line.level == Level::Unknown);
        prop_assert!(verdict.lines.is_sorted_by_key(|line| std::cmp::Reverse(line.level)));
        match verdict.permit() {
            Ok(permit) => {
                prop_assert!(level < Level::Red);
                prop_assert!(!is_unknown || facts.place.tier != Tier::Production);
                prop_assert_eq!((permit.operation(), permit.target()), (&operation, &target));
                let fits = match (&operation, permit.order()) {
                    (Operation::Restart, Order::Restart) => true,
                    (Operation::Scale { replicas }, Order::Replicas { to, .. }) => replicas == to,
                    (Operation::ScaleRange { min, max }, Order::Range { to, .. }) => (*min, *max) == *to,
                    (Operation::RollBack { revision }, Order::Template { revision: ordered, .. }) => revision == ordered,
                    (Operation::RestartPod { pod }, Order::Evict { pod: ordered, .. }) => pod == ordered,
                    _ => false,
                };
                prop_assert!(fits, "{:?} for {operation:?}", permit.order());
            }
            Err(refusals) => prop_assert!(!refusals.is_empty()),
        }
    }

    #[test]
    fn a_higher_role_never_allows_less((operation, target, mut facts) in any_case()) {
        let mut allows = |role| {
            facts.asker.role = role;
            judge(&operation, &target, &facts).permit().is_ok()
        };
        let operator = allows(Some(Role::Operator));
        prop_assert_eq!(allows(Some(Role::Lead)), operator);
        for role in [None, Some(Role::Viewer), Some(Role::Tester), Some(Role::Admin)] {
            prop_assert!(!allows(role), "{:?}", role);
        }
    }

    #[test]
    fn what_is_given_never_takes_a_permit_and_is_no_part_of_the_plan((operation, target, mut facts) in any_case()) {
        facts.given = Given::default();
        let bare = judge(&operation, &target, &facts);
        facts.given = Given { reason: "why".into(), typed: "fleet-app".into(), name: None };
        let given = judge(&operation, &target, &facts);
        prop_assert_eq!(bare.fingerprint(&operation, &target), given.fingerprint(&operation, &target));
        prop_assert_eq!(bare.is_offered(), given.refusals.is_empty());
        if bare.permit().is_ok() {
            prop_assert!(given.permit().is_ok());
        }
    }

    #[test]
    fn what_is_not_known_never_allows_what_would_be_refused_if_it_were(
        (operation, target, mut facts) in any_case(),
        field in 0..FIELDS,
    ) {
        facts.place.tier = Tier::Production;
        let is_allowed = judge(&operation, &target, &facts).permit().is_ok();
        forget(&mut facts, field);
        let is_allowed_without = judge(&operation, &target, &facts).permit().is_ok();
        prop_assert!(is_allowed || !is_allowed_without, "without field {}", field);
    }

    #[test]
    fn the_hash_of_a_plan_holds_no_age_and_nobody_who_looks_on(
        (operation, target, mut facts) in any_case(),
        seconds in -2i64..8,
    ) {
        let fresh = facts.now == sample::now();
        prop_assume!(fresh);
        let before = judge(&operation, &target, &facts).fingerprint(&operation, &target);
        fn age<T>(fact: &mut Known<T>, seconds: i64) {
            if let Known::Read { at, .. } = fact {
                *at -= seconds;
            }
        }
        age(&mut facts.workload, seconds);
        age(&mut facts.autoscaler, seconds);
        age(&mut facts.budgets, seconds);
        age(&mut facts.quotas, seconds);
        age(&mut facts.revisions, seconds);
        if let Known::Read { value, .. } = &mut facts.others {
            value.push(Other { under_way: false, same_target: true, ..other(1) });
        }
        prop_assert_eq!(judge(&operation, &target, &facts).fingerprint(&operation, &target), before);
    }
}

#[test]
fn the_hash_of_a_plan_holds_what_was_planned() {
    let (target, facts) = (sample::target(), sample::facts());
    let of = |operation: &Operation, target: &Target, facts: &Facts| {
        judge(operation, target, facts).fingerprint(operation, target)
    };
    let plan = of(&Operation::Restart, &target, &facts);
    let mut other = target.clone();
    other.generation += 1;
    let mut changed =
        vec![of(&Operation::RollBack { revision: 8 }, &target, &facts), of(&Operation::Restart, &other, &facts)];
    for what in [1, 2, 3, 4, 5, 11, 12, 15, 18] {
        let mut facts = sample::facts();
        spoil(&mut facts, what, 4);
        // No autoscaler, and a window that is open, are as green as the plan was.
        if ![1, 4].contains(&what) {
            changed.push(of(&Operation::Restart, &target, &facts));
        }
    }
    for changed in changed {
        assert_ne!(changed, plan);
    }
    let scales: Vec<String> = [4, 5].map(|replicas| of(&Operation::Scale { replicas }, &target, &facts)).into();
    assert_ne!(scales[0], scales[1]);
}

#[test]
fn what_the_form_lacks_is_asked_for_and_nothing_else() {
    let target = sample::target();
    for (reason, typed, expected) in [
        ("why", "fleet-app", vec![]),
        (" ", "fleet-app", vec![Refusal::Reason]),
        ("why", "fleet-ap", vec![Refusal::Name("fleet-app".into())]),
        ("", "", vec![Refusal::Reason, Refusal::Name("fleet-app".into())]),
    ] {
        let mut facts = sample::facts();
        facts.given = Given { reason: reason.into(), typed: typed.into(), name: None };
        let verdict = judge(&Operation::Restart, &target, &facts);
        assert_eq!(verdict.refusals, expected, "{reason:?} {typed:?}");
        assert!(verdict.is_offered());
        assert_eq!(verdict.permit().is_ok(), expected.is_empty());
    }
    // Of several targets what they have in common is typed, and then the one's own name is not enough.
    let mut facts = sample::facts();
    for (typed, expected) in [
        ("fleet-config", vec![]),
        ("fleet-app", vec![Refusal::Name("fleet-config".into())]),
        ("", vec![Refusal::Name("fleet-config".into())]),
    ] {
        facts.given = Given { reason: "why".into(), typed: typed.into(), name: Some("fleet-config".into()) };
        assert_eq!(judge(&Operation::Restart, &target, &facts).refusals, expected, "{typed:?}");
    }
    // Development asks for neither, whatever the plan says; staging for a reason once a line is not green.
    let mut facts = sample::facts();
    facts.given = Given::default();
    spoil(&mut facts, 18, 0);
    for (tier, operation, expected) in [
        (Tier::Development, Operation::Restart, vec![]),
        (Tier::Staging, Operation::Restart, vec![Refusal::Reason]),
        (Tier::Staging, Operation::ScaleRange { min: 4, max: 20 }, vec![]),
        (Tier::Staging, Operation::ScaleRange { min: 4, max: 21 }, vec![Refusal::Reason]),
    ] {
        facts.place.tier = tier;
        assert_eq!(judge(&operation, &target, &facts).refusals, expected, "{tier:?} {operation:?}");
    }
}

#[test]
fn what_stands_in_the_way_is_not_offered() {
    let target = sample::target();
    for (spoils, refusal) in [
        (vec![(15u8, 0u32)], "its rollout is paused"),
        (vec![(0, 3)], "in production nothing is done on what is not known: what disruption budgets allow"),
        (vec![(12, 1)], "the window is closed; it opens Sunday"),
        (vec![(12, 1), (4, 0)], "a restart that interrupts needs a second person here"),
    ] {
        let mut facts = sample::facts();
        for (what, number) in spoils {
            spoil(&mut facts, what, number);
        }
        let verdict = judge(&Operation::Restart, &target, &facts);
        assert!(!verdict.is_offered());
        let said: Vec<String> = verdict.refusals.iter().map(ToString::to_string).collect();
        assert!(said.iter().any(|said| said.starts_with(refusal)), "{said:?}");
    }
    let lines = judge(&Operation::Restart, &target, &sample::facts()).lines;
    let rules: Vec<Rule> = lines.iter().map(|line| line.rule).collect();
    assert!(rules.is_sorted(), "{rules:?}");
}

/// A press is compared by what would be sent, not by what the button says: a pod of the same name is another pod, and another range
/// would be overwritten.
#[test]
fn a_plan_for_another_pod_or_another_range_is_another_plan() {
    let (target, before) = (sample::target(), sample::facts());
    let mut after = sample::facts();
    if let Known::Read { value: Some(autoscaler), .. } = &mut after.autoscaler {
        (autoscaler.min, autoscaler.max) = (5, 50);
    }
    let range = Operation::ScaleRange { min: 3, max: 10 };
    let print = |facts: &Facts, operation: &Operation, target: &Target| {
        judge(operation, target, facts).fingerprint(operation, target)
    };
    assert_ne!(print(&before, &range, &target), print(&after, &range, &target));

    let mut target = target;
    target.component.kind = WorkloadKind::StatefulSet;
    let evict = Operation::RestartPod { pod: "pod-node-1".parse().unwrap() };
    if let Known::Read { value: pods, .. } = &mut after.pods {
        pods[0].uid = "made anew".into();
    }
    assert_ne!(print(&before, &evict, &target), print(&after, &evict, &target));
    assert_eq!(print(&before, &evict, &target), print(&sample::facts(), &evict, &target));
}

#[test]
fn what_is_not_known_is_refused_in_production_and_said_elsewhere() {
    let target = sample::target();
    for (tier, is_refused) in [(Tier::Development, false), (Tier::Staging, false), (Tier::Production, true)] {
        let mut facts = sample::facts();
        facts.place.tier = tier;
        facts.place.maintenance = Maintenance::AnyTime;
        facts.quotas = Known::Unread("listing quotas is forbidden".into());
        let verdict = judge(&Operation::Restart, &target, &facts);
        assert_eq!(verdict.level(), Level::Unknown, "{tier:?}");
        let refused = verdict.refusals.iter().any(|refusal| matches!(refusal, Refusal::Unknown(_)));
        assert_eq!((refused, verdict.permit().is_ok()), (is_refused, !is_refused), "{tier:?}");
    }
}

#[test]
fn a_kind_is_not_asked_for_what_it_does_not_have() {
    let pod = sample::facts().pods.value().and_then(|pods| Some(pods.first()?.name.clone())).unwrap();
    for (kind, operation, expected) in [
        (WorkloadKind::DaemonSet, Operation::Scale { replicas: 2 }, "a DaemonSet has a pod on each node"),
        (WorkloadKind::Deployment, Operation::RestartPod { pod }, "only a pod of a StatefulSet comes back"),
    ] {
        let mut target = sample::target();
        target.component.kind = kind;
        let verdict = judge(&operation, &target, &sample::facts());
        let red = |line: &&super::Line| line.rule == Rule::Order && line.level == Level::Red;
        let said = verdict.lines.iter().find(red).map(|line| line.text.to_string()).unwrap_or_default();
        assert!(said.starts_with(expected), "{kind:?}: {:?}", verdict.lines);
        assert!(verdict.permit().is_err());
    }
}
