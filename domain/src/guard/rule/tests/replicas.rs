//! Numbers that make no sense, or are not declared.

use super::*;
use crate::registry::Role;

fn wanted(facts: &mut Facts, declared: &str, wanted: u32) {
    facts.declared = Some(sample::component(declared));
    workload(facts).wanted = wanted;
    facts.autoscaler = sample::read(None);
}

#[test]
fn a_number_is_held_against_what_is_and_what_is_declared() {
    check(
        Rule::Replicas,
        &[
            (RESTART, |_| {}, ""),
            (scale(3), |_| {}, "red: there are 3 already"),
            (scale(1), |facts| wanted(facts, "1", 1), "red: there is 1 already"),
            (scale(5), |_| {}, "green: within the 3 to 20 declared"),
            (scale(2), |_| {}, "amber: 2 is fewer than the 3 declared"),
            (scale(21), |_| {}, "amber: 21 is more than the 20 declared"),
            (
                scale(0),
                |_| {},
                "amber: with 0 replicas fleet-app serves nobody | amber: 0 is fewer than the 3 declared",
            ),
            (scale(2), |facts| wanted(facts, "2", 3), "green: 2 are declared"),
            (scale(1), |facts| wanted(facts, "1", 0), "green: 1 is declared"),
            (scale(3), |facts| wanted(facts, "2", 1), "amber: 3 is more than the 2 declared"),
            (scale(4), |facts| facts.declared = None, "amber: the registry declares no number to compare with"),
            (scale(4), |facts| wanted(facts, "null", 3), "amber: the registry declares no number to compare with"),
            (range(3, 20), |_| {}, "green: within the 3 to 20 declared"),
            (range(2, 20), |_| {}, "amber: 2 is fewer than the 3 declared"),
            (range(3, 21), |_| {}, "amber: 21 is more than the 20 declared"),
        ],
    );
}

#[test]
fn thirty_for_three_is_asked_about() {
    fn declared(facts: &mut Facts, now: u32) {
        wanted(facts, r#"{"min": 1, "max": 1000}"#, now);
    }
    check(
        Rule::Replicas,
        &[
            (
                scale(30),
                |facts| declared(facts, 3),
                "amber: from 3 to 30 is 10 times as many: 30 for 3? | green: within the 1 to 1000 declared",
            ),
            (scale(29), |facts| declared(facts, 3), "green: within the 1 to 1000 declared"),
            (scale(9), |facts| declared(facts, 0), "green: within the 1 to 1000 declared"),
            (
                scale(10),
                |facts| declared(facts, 0),
                "amber: from 0 to 10 is 10 times as many: 10 for 0? | green: within the 1 to 1000 declared",
            ),
            // From 0 up to what is declared is no slip.
            (scale(12), |facts| wanted(facts, r#"{"min": 3, "max": 20}"#, 0), "green: within the 3 to 20 declared"),
            (scale(100), |facts| declared(facts, 90), "green: within the 1 to 1000 declared"),
            (
                scale(101),
                |facts| declared(facts, 90),
                "amber: 101 are more than 100: 101 for 90? | green: within the 1 to 1000 declared",
            ),
            (scale(101), |facts| declared(facts, 102), "green: within the 1 to 1000 declared"),
            // Of a range it is the most that counts.
            (
                range(3, 200),
                |_| {},
                "amber: from 20 to 200 is 10 times as many: 200 for 20? | amber: 200 is more than the 20 declared",
            ),
            (range(3, 90), |facts| facts.autoscaler = unread(), RANGE_WITHOUT_AUTOSCALER),
        ],
    );
}

const RANGE_WITHOUT_AUTOSCALER: &str =
    "amber: from 3 to 90 is 30 times as many: 90 for 3? | amber: 90 is more than the 20 declared";

#[test]
fn what_keeps_data_is_not_scaled_by_more_pods() {
    let more = "amber: each pod has data of its own: more pods share none of it by themselves | green: 4 are declared";
    let fewer = "amber: 2 is fewer than the 4 declared | \
                 amber: each pod has data of its own: the pods with the highest numbers go, and nothing serves theirs";
    fn with(facts: &mut Facts, role: Role) {
        facts.declared = Some(sample::component("4"));
        facts.declared.as_mut().unwrap().role = role;
    }
    check_of(
        Rule::Replicas,
        &stateful(),
        &[
            (scale(4), |facts| with(facts, Role::Database), more),
            (scale(4), |facts| with(facts, Role::Cache), more),
            (scale(2), |facts| with(facts, Role::Cache), fewer),
            (scale(4), |facts| with(facts, Role::Worker), "green: 4 are declared"),
            (
                scale(4),
                |facts| facts.declared = None,
                "amber: the registry declares no number to compare with | \
                 amber: each pod has data of its own: more pods share none of it by themselves",
            ),
        ],
    );
    check(Rule::Replicas, &[(scale(4), |facts| with(facts, Role::Cache), "green: 4 are declared")]);
}
