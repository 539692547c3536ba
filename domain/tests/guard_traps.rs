//! The traps of the documents that the product runs, as far as the guard must keep people out of them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use domain::guard::facts::{Budget, Facts, Keeper, Known, Quota, Strategy, Tool, Workload};
use domain::guard::{Level, Refusal, Rule, Verdict, judge};
use domain::operation::{Operation, Target};
use domain::policy::{Class, Requirement, When};
use domain::registry::Tier;
use domain::registry::window::openings;
use jiff::Timestamp;

#[path = "../src/guard/sample.rs"]
mod sample;

fn workload(facts: &mut Facts) -> &mut Workload {
    match &mut facts.workload {
        Known::Read { value: Some(workload), .. } => workload,
        Known::Read { value: None, .. } | Known::Unread(_) => panic!("the sample has a workload"),
    }
}

/// What a rule says, worst first.
fn said(verdict: &Verdict, rule: Rule) -> Vec<(Level, &str)> {
    verdict.lines.iter().filter(|line| line.rule == rule).map(|line| (line.level, &*line.text)).collect()
}

fn judged(operation: &Operation, facts: &Facts) -> Verdict {
    judge(operation, &sample::target(), facts)
}

fn needs_second_person(verdict: &Verdict) -> bool {
    verdict.refusals.iter().any(|refusal| matches!(refusal, Refusal::SecondPerson(_)))
}

#[test]
fn trap_2_the_command_to_hand_on_names_the_namespace_that_there_is() {
    let target: Target = sample::target();
    assert_eq!(target.component.environment.to_string(), "fleet-management/production");
    let command = target.kubectl(&Operation::Restart, None, None);
    assert_eq!(command, "kubectl -n fleet-management rollout restart deployment/fleet-app --field-manager=quarterdeck");
    // What is not registered is judged as production.
    let unregistered = "fleet-management-production/none".parse().unwrap();
    let required = sample::facts().place.policy.requirement(Tier::Production, &unregistered, Class::RestartDatabase);
    assert_eq!(required, Requirement::usual(Tier::Production, Class::RestartDatabase));
    assert!(required.second_person && required.when == When::InWindow);
}

#[test]
fn trap_3_a_rollback_from_latest_to_latest_is_judged_by_digest() {
    let back = Operation::RollBack { revision: 8 };
    let with = |digest: &str| {
        let mut facts = sample::facts();
        let revisions = vec![sample::revision(9, "latest", "sha256:bbbbbbbb"), sample::revision(8, "latest", digest)];
        facts.revisions = sample::read(revisions);
        judged(&back, &facts)
    };
    let pulls = (Level::Amber, "fleet-app:latest may pull something else than what ran then");
    let same = "same digest bbbbbbb: this rollback changes nothing of the image; only the tag differs";
    assert_eq!(said(&with("sha256:bbbbbbbb"), Rule::Digest), [(Level::Amber, same), pulls]);
    assert_eq!(said(&with("sha256:aaaaaaaa"), Rule::Digest)[0], pulls);
    let unknown = with("");
    assert_eq!(said(&unknown, Rule::Digest)[0].0, Level::Unknown);
    assert!(unknown.refusals.iter().any(|refusal| matches!(refusal, Refusal::Unknown(_))));
}

#[test]
fn trap_4_a_number_that_an_autoscaler_undoes_is_not_set_and_0_is_no_small_thing() {
    let five = judged(&Operation::Scale { replicas: 5 }, &sample::facts());
    let text = "the HPA fleet-app-hpa sets this back to 3 within 15 s: change its range instead";
    assert_eq!(said(&five, Rule::Autoscaler), [(Level::Red, text)]);
    assert!(five.permit().is_err());
    let none = judged(&Operation::Scale { replicas: 0 }, &sample::facts());
    let text = "0 switches the HPA fleet-app-hpa off for good, until somebody scales up by hand";
    assert_eq!(said(&none, Rule::Autoscaler), [(Level::Amber, text)]);
    assert_eq!(none.class, Class::ScaleBelow);
    assert!(needs_second_person(&none) && none.required.when == When::InWindow);
    // What does hold is the range.
    assert!(judged(&Operation::ScaleRange { min: 5, max: 20 }, &sample::facts()).permit().is_ok());
}

#[test]
fn trap_6_one_replica_under_a_promise_of_zero_downtime_is_no_plain_restart() {
    let mut facts = sample::facts();
    facts.declared = Some(sample::component("1"));
    facts.autoscaler = sample::read(None);
    let workload = workload(&mut facts);
    (workload.wanted, workload.existing, workload.updated, workload.ready, workload.available) = (1, 1, 1, 1, 1);
    workload.strategy = Strategy::Rolling { surge: 0, unavailable: 1 };
    let verdict = judged(&Operation::Restart, &facts);
    let text = "one replica and no surge: about 40 s without service, and zero downtime is promised here";
    assert_eq!(said(&verdict, Rule::Availability), [(Level::Amber, text)]);
    assert_eq!(verdict.class, Class::RestartWithDowntime);
    assert!(needs_second_person(&verdict));
    assert!(verdict.refusals.iter().any(|refusal| matches!(refusal, Refusal::Window(_))));
}

#[test]
fn trap_7_the_window_of_new_york_keeps_to_the_wall_clock() {
    let instant = |text: &str| text.parse::<Timestamp>().unwrap();
    let facts = sample::facts();
    for (from, to, opening) in [
        ("2026-10-31T00:00:00Z", "2026-11-02T00:00:00Z", ("2026-11-01T07:00:00Z", "2026-11-01T11:00:00Z")),
        ("2026-03-07T00:00:00Z", "2026-03-09T00:00:00Z", ("2026-03-08T07:00:00Z", "2026-03-08T10:00:00Z")),
    ] {
        let place = &facts.place;
        let listed = openings(&place.maintenance, &place.freezes, &place.zone, instant(from), instant(to));
        assert_eq!(listed, [(instant(opening.0), instant(opening.1))]);
    }
    for (now, is_open) in [
        ("2026-11-01T06:59:59Z", false),
        ("2026-11-01T07:00:00Z", true),
        ("2026-11-01T10:59:59Z", true),
        ("2026-11-01T11:00:00Z", false),
        ("2026-03-08T06:59:59Z", false),
        ("2026-03-08T07:00:00Z", true),
        ("2026-03-08T10:00:00Z", false),
    ] {
        let mut facts = sample::facts();
        workload(&mut facts).strategy = Strategy::Recreate;
        facts.now = instant(now).as_second();
        let refusals = judged(&Operation::Restart, &facts).refusals;
        let is_refused = refusals.iter().any(|refusal| matches!(refusal, Refusal::Window(_)));
        assert_eq!(is_refused, !is_open, "{now}");
    }
}

#[test]
fn trap_8_a_budget_of_two_with_two_replicas_and_nodes_that_are_full() {
    let mut facts = sample::facts();
    facts.budgets = sample::read(vec![Budget { name: "pdb".into(), rule: "minAvailable 2".into(), allowed: 0 }]);
    let evict = Operation::RestartPod { pod: "pod-node-1".parse().unwrap() };
    let text = "PDB pdb (minAvailable 2) allows no disruption now: the eviction would be refused";
    assert_eq!(said(&judged(&evict, &facts), Rule::Budget), [(Level::Red, text)]);
    let verdict = judged(&Operation::Restart, &facts);
    assert_eq!(verdict.class, Class::RestartWithDowntime);
    let text = "PDB pdb (minAvailable 2) with 2 replicas: no disruption allowed when idle, so no node can be drained";
    let verdict = judged(&Operation::ScaleRange { min: 2, max: 5 }, &facts);
    assert_eq!(said(&verdict, Rule::Budget), [(Level::Amber, text)]);

    let mut facts = sample::facts();
    workload(&mut facts).anti_affinity = vec!["kubernetes.io/hostname".into()];
    assert_eq!(said(&judged(&Operation::Restart, &facts), Rule::Room)[0].0, Level::Green);
    if let Known::Read { value: nodes, .. } = &mut facts.nodes {
        nodes[3].cordoned = true;
    }
    let text = "no spare node: its pods share no node and may run on 3 of 4 nodes, so the rollout would stand still";
    assert_eq!(said(&judged(&Operation::Restart, &facts), Rule::Room), [(Level::Red, text)]);
}

#[test]
fn trap_9_at_the_most_of_the_autoscaler_the_quota_is_not_enough() {
    let mut facts = sample::facts();
    let workload = workload(&mut facts);
    (workload.wanted, workload.existing, workload.updated, workload.ready, workload.available) = (2, 2, 2, 2, 2);
    workload.containers[0].resources.limits = sample::amounts(&[("cpu", "1")]);
    let bound = |used: &str| vec![("limits.cpu".into(), used.parse().unwrap(), "10".parse().unwrap())];
    facts.quotas = sample::read(vec![Quota { name: "production".into(), bounds: bound("14"), scoped: false }]);
    let verdict = judged(&Operation::ScaleRange { min: 2, max: 5 }, &facts);
    let text = "quota production: limits.cpu 17 of 10 at 5 replicas: the HPA cannot go so far";
    assert_eq!(said(&verdict, Rule::Quota), [(Level::Amber, text)]);
    let text = "quota production: limits.cpu 17 of 10 at 5 replicas";
    let verdict = judged(&Operation::Scale { replicas: 5 }, &facts);
    assert_eq!(said(&verdict, Rule::Quota), [(Level::Red, text)]);
}

#[test]
fn trap_10_what_flux_keeps_is_restarted_by_a_manager_of_our_own_and_not_scaled_unsaid() {
    let mut facts = sample::facts();
    let last = Some(facts.now - 180);
    workload(&mut facts).owner = Some(Keeper {
        tool: Tool::FluxKustomize,
        name: "flux-system/apps".into(),
        interval_s: Some(600),
        last,
        suspended: Some(false),
    });
    let verdict = judged(&Operation::Restart, &facts);
    let text = "Flux leaves the restart alone: it is written by a field manager of our own";
    assert_eq!(said(&verdict, Rule::Keeper), [(Level::Green, text)]);
    assert!(verdict.permit().is_ok());
    let text = "Flux owns this; the change lasts until the next reconcile, in about 7 min";
    for operation in [Operation::ScaleRange { min: 4, max: 20 }, Operation::RollBack { revision: 8 }] {
        assert_eq!(said(&judged(&operation, &facts), Rule::Keeper), [(Level::Amber, text)]);
    }
}
