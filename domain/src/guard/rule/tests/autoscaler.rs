//! What the autoscaler will do.

use super::*;
use crate::guard::facts::{Autoscaler, Known};

fn hpa(facts: &mut Facts) -> &mut Autoscaler {
    match &mut facts.autoscaler {
        Known::Read { value: Some(autoscaler), .. } => autoscaler,
        Known::Read { value: None, .. } | Known::Unread(_) => panic!("the sample has an autoscaler"),
    }
}

#[test]
fn a_number_that_an_autoscaler_owns_is_not_set_by_hand() {
    check(
        Rule::Autoscaler,
        &[
            (scale(5), |_| {}, "red: the HPA fleet-app-hpa sets this back to 3 within 15 s: change its range instead"),
            (
                scale(5),
                |facts| hpa(facts).desired = 7,
                "red: the HPA fleet-app-hpa sets this back to 7 within 15 s: change its range instead",
            ),
            (
                scale(5),
                |facts| (hpa(facts).desired, workload(facts).wanted) = (0, 4),
                "red: the HPA fleet-app-hpa sets this back to 4 within 15 s: change its range instead",
            ),
            (
                scale(5),
                |facts| hpa(facts).desired = 30,
                "red: the HPA fleet-app-hpa sets this back to 20 within 15 s: change its range instead",
            ),
            (
                scale(0),
                |_| {},
                "amber: 0 switches the HPA fleet-app-hpa off for good, until somebody scales up by hand",
            ),
            (
                scale(4),
                |facts| workload(facts).wanted = 0,
                "green: the HPA fleet-app-hpa is off while there are 0: this switches it on again",
            ),
            (
                scale(1),
                |facts| workload(facts).wanted = 0,
                "green: the HPA fleet-app-hpa is off while there are 0: this switches it on again, and goes to 3 within 15 s",
            ),
            (scale(5), |facts| facts.autoscaler = sample::read(None), "green: no HPA sets the number back"),
            (
                scale(5),
                |facts| facts.autoscaler = unread(),
                "unknown: whether an HPA scales it is not known: forbidden",
            ),
        ],
    );
}

#[test]
fn a_range_says_what_the_autoscaler_does_next() {
    fn nine(facts: &mut Facts) {
        workload(facts).wanted = 9;
    }
    check(
        Rule::Autoscaler,
        &[
            (range(3, 20), |_| {}, "red: the range of the HPA fleet-app-hpa is 3 to 20 already"),
            (range(5, 3), |_| {}, "red: the fewest, 5, are more than the most, 3"),
            (range(0, 3), |_| {}, "red: an HPA keeps at least 1: the API server refuses 0"),
            (range(0, 0), |_| {}, "red: an HPA keeps at least 1: the API server refuses 0"),
            (range(5, 20), |_| {}, "green: the HPA fleet-app-hpa goes from 3 up to 5 within 15 s"),
            (range(3, 5), nine, "amber: the HPA fleet-app-hpa goes from 9 down to 5 within 15 s"),
            (range(3, 9), nine, "amber: the HPA fleet-app-hpa is at its maximum then, 9: it cannot answer more load"),
            (
                range(2, 20),
                nine,
                "green: the HPA fleet-app-hpa goes from 9 down to 2 if the load allows it, 5 min from now at the earliest",
            ),
            (range(3, 30), nine, "green: the HPA fleet-app-hpa goes on from 9, between 3 and 30"),
            (range(4, 30), nine, "green: the HPA fleet-app-hpa goes on from 9, between 4 and 30"),
            (
                range(2, 20),
                |facts| workload(facts).wanted = 2,
                "green: the HPA fleet-app-hpa goes on from 2, between 2 and 20",
            ),
            (
                range(3, 10),
                |facts| workload(facts).wanted = 0,
                "amber: the HPA fleet-app-hpa is off while there are 0: the range counts once somebody scales up by hand",
            ),
            (
                range(3, 10),
                |facts| facts.autoscaler = unread(),
                "unknown: whether an HPA scales it is not known: forbidden",
            ),
            (range(3, 10), |facts| facts.autoscaler = sample::read(None), ""),
        ],
    );
    check(
        Rule::Order,
        &[
            (range(3, 10), |facts| facts.autoscaler = sample::read(None), "red: no autoscaler scales it"),
            (range(3, 10), |facts| facts.autoscaler = unread(), "red: its autoscaler was not read"),
        ],
    );
}

#[test]
fn pods_are_not_replaced_unsaid_while_the_autoscaler_has_none_to_spare() {
    check(
        Rule::Autoscaler,
        &[
            (RESTART, |_| {}, ""),
            (RESTART, |facts| facts.autoscaler = unread(), "unknown: whether an HPA scales it is not known: forbidden"),
            (
                RESTART,
                |facts| hpa(facts).current = 20,
                "amber: the HPA fleet-app-hpa is at its maximum, 20 of 20: the load leaves no pod to spare",
            ),
            (RESTART, |facts| hpa(facts).current = 19, ""),
            (RESTART, |facts| (hpa(facts).min, hpa(facts).max) = (3, 3), ""),
        ],
    );
}
