//! How dangerous an operation is.

use super::super::class;
use super::*;
use crate::guard::facts::{Budget, Strategy};
use crate::policy::Class;
use crate::registry::Role;

#[test]
fn a_restart_that_interrupts_is_told_from_one_that_does_not() {
    type Spoil = fn(&mut Facts);
    let rows: &[(Spoil, Class)] = &[
        (|_| {}, Class::Restart),
        (|facts| workload(facts).wanted = 1, Class::RestartWithDowntime),
        (|facts| workload(facts).ready = 1, Class::RestartWithDowntime),
        (
            |facts| (workload(facts).wanted, workload(facts).ready, workload(facts).available) = (2, 2, 2),
            Class::Restart,
        ),
        (|facts| workload(facts).available = 0, Class::RestartWithDowntime),
        (|facts| workload(facts).strategy = Strategy::Recreate, Class::RestartWithDowntime),
        (|facts| workload(facts).strategy = Strategy::OnDelete, Class::RestartWithDowntime),
        (|facts| workload(facts).strategy = Strategy::Rolling { surge: 0, unavailable: 1 }, Class::Restart),
        (|facts| workload(facts).strategy = Strategy::Rolling { surge: 0, unavailable: 3 }, Class::RestartWithDowntime),
        (|facts| workload(facts).strategy = Strategy::Partitioned(0), Class::Restart),
        (
            |facts| (workload(facts).strategy, workload(facts).available) = (Strategy::Partitioned(2), 1),
            Class::RestartWithDowntime,
        ),
        // None of its pods is replaced.
        (|facts| (workload(facts).strategy, workload(facts).available) = (Strategy::Partitioned(3), 1), Class::Restart),
        (|facts| facts.budgets = sample::read(vec![budget(0)]), Class::RestartWithDowntime),
        (|facts| facts.budgets = sample::read(vec![budget(1)]), Class::Restart),
        (|facts| facts.budgets = unread(), Class::RestartWithDowntime),
        (|facts| facts.workload = unread(), Class::RestartWithDowntime),
        (|facts| facts.workload = sample::read(None), Class::RestartWithDowntime),
        (|facts| facts.declared.as_mut().unwrap().role = Role::Database, Class::RestartDatabase),
        (|facts| facts.declared = None, Class::Restart),
    ];
    for (index, (spoil, expected)) in rows.iter().enumerate() {
        let mut facts = sample::facts();
        spoil(&mut facts);
        assert_eq!(class(&RESTART, &sample::target(), &facts), *expected, "row {index}");
        assert_eq!(class(&BACK, &sample::target(), &facts), Class::RollBack);
    }
}

fn budget(allowed: u32) -> Budget {
    Budget { name: "fleet-app-pdb".into(), rule: "minAvailable 2".into(), allowed }
}

#[test]
fn a_stateful_set_of_which_nobody_says_what_it_is_may_hold_data() {
    for (role, restart, eviction) in [
        (None, Class::RestartDatabase, Class::RestartDatabase),
        (Some(Role::Database), Class::RestartDatabase, Class::RestartDatabase),
        (Some(Role::Cache), Class::Restart, Class::Restart),
        (Some(Role::Worker), Class::Restart, Class::Restart),
    ] {
        let mut facts = sample::facts();
        match role {
            Some(role) => facts.declared.as_mut().unwrap().role = role,
            None => facts.declared = None,
        }
        assert_eq!(class(&RESTART, &stateful(), &facts), restart, "{role:?}");
        assert_eq!(class(&evict("node-1"), &stateful(), &facts), eviction, "{role:?}");
        workload(&mut facts).wanted = 1;
        if role == Some(Role::Cache) {
            assert_eq!(class(&evict("node-1"), &stateful(), &facts), Class::RestartWithDowntime);
        }
    }
}

#[test]
fn fewer_than_declared_is_a_class_of_its_own() {
    for (declared, operation, expected) in [
        (r#"{"min": 3, "max": 20}"#, scale(3), Class::Scale),
        (r#"{"min": 3, "max": 20}"#, scale(21), Class::Scale),
        (r#"{"min": 3, "max": 20}"#, scale(2), Class::ScaleBelow),
        (r#"{"min": 3, "max": 20}"#, range(3, 5), Class::Scale),
        (r#"{"min": 3, "max": 20}"#, range(2, 20), Class::ScaleBelow),
        ("4", scale(4), Class::Scale),
        ("4", scale(3), Class::ScaleBelow),
        ("0", scale(0), Class::ScaleBelow),
        ("0", scale(1), Class::Scale),
        ("null", scale(5), Class::ScaleBelow),
    ] {
        let mut facts = sample::facts();
        facts.declared = Some(sample::component(declared));
        assert_eq!(class(&operation, &sample::target(), &facts), expected, "{operation:?} of {declared}");
        facts.declared = None;
        assert_eq!(class(&operation, &sample::target(), &facts), Class::ScaleBelow, "{operation:?}, not declared");
    }
}
