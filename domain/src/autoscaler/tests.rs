//! Predictions as tables, and what holds of all of them.

use std::sync::Arc;

use proptest::prelude::*;

use super::{Next, STEP, Sample, conditions, draw, next, slot};
use crate::facts::{AutoscalerFacts, Behavior, Change, Condition, Measure, MetricFacts, Policy, ScalingRules, Select};
use crate::view::State;

const NOW: i64 = 1_800_000_000;

fn condition(kind: &str, status: bool, reason: &str) -> Condition {
    Condition { kind: kind.into(), status: Some(status), reason: reason.into(), message: "".into(), since: NOW - 1200 }
}

fn cpu(current: Option<u32>, target: u32) -> MetricFacts {
    MetricFacts {
        name: "CPU".into(),
        at_pods: true,
        target: Measure::Utilization(target),
        current: current.map(Measure::Utilization),
    }
}

fn amount(name: &str, at_pods: bool, current: &str, target: &str) -> MetricFacts {
    let measure = |text: &str| Measure::Average(text.parse().unwrap());
    MetricFacts { name: name.into(), at_pods, target: measure(target), current: Some(measure(current)) }
}

/// One of 2 to 10 that works, has `current` and looks at these.
fn facts(current: u32, metrics: &[MetricFacts]) -> AutoscalerFacts {
    AutoscalerFacts {
        min: 2,
        max: 10,
        current,
        desired: current,
        metrics: metrics.to_vec(),
        conditions: vec![
            condition("AbleToScale", true, "ReadyForNewScale"),
            condition("ScalingActive", true, "ValidMetricFound"),
        ],
        ..AutoscalerFacts::default()
    }
}

/// Ten minutes of samples that asked for what `asked` says of so many seconds ago.
fn past(replicas: u32, asked: impl Fn(i64) -> Option<u32>) -> Vec<Sample> {
    let sample = |ago: i64| Sample { at: slot(NOW) - ago, replicas, desired: replicas, load: None, asked: asked(ago) };
    (0..=40).rev().map(|step| sample(step * STEP)).collect()
}

fn sentence(facts: &AutoscalerFacts, samples: &[Sample], ready: Option<u32>) -> String {
    next(facts, samples, ready, NOW).sentence(facts, |at| format!("{:+} s", at - NOW), NOW)
}

#[test]
fn it_says_what_happens_next() {
    let (low, high) = (past(4, |_| Some(2)), past(4, |ago| Some(if ago < 60 { 2 } else { 4 })));
    for (facts, samples, expected) in [
        (facts(3, &[cpu(Some(52), 80)]), &low, "Scales to 2 within 15 s: CPU 52 % of 80 %."),
        (facts(4, &[cpu(Some(75), 80)]), &high, "Steady at 4: CPU 75 % of 80 %."),
        (facts(2, &[cpu(Some(10), 80)]), &high, "Steady at 2, its minimum: CPU 10 % of 80 %."),
        (facts(10, &[cpu(Some(82), 80)]), &high, "Steady at 10, its maximum: CPU 82 % of 80 %."),
        // Within the tolerance and just outside of it.
        (facts(4, &[cpu(Some(88), 80)]), &high, "Steady at 4: CPU 88 % of 80 %."),
        (facts(4, &[cpu(Some(89), 80)]), &high, "Scales to 5 within 15 s: CPU 89 % of 80 %."),
        // Of several metrics the one that asks for most counts.
        (
            facts(4, &[cpu(Some(30), 80), amount("queue", false, "150", "100")]),
            &high,
            "Scales to 6 within 15 s: queue 150 of 100 a pod.",
        ),
        (
            facts(4, &[cpu(Some(20), 80)]),
            &high,
            "Will not scale down before +240 s, with the window of 5 min that clusters have by default: if the load stays as \
             it is, it then scales to 2.",
        ),
        (facts(4, &[cpu(Some(20), 80)]), &low, "Scales to 2 within 15 s: CPU 20 % of 80 %."),
        // Without a behavior it doubles at most.
        (facts(5, &[cpu(Some(700), 80)]), &high, "Scales to 10 within 15 s: CPU 700 % of 80 %."),
        (facts(10, &[cpu(Some(160), 80)]), &high, "At its maximum of 10, and the load asks for 20."),
        (facts(12, &[cpu(Some(80), 80)]), &high, "Scales to 10 within 15 s: CPU 80 % of 80 %."),
        (facts(1, &[cpu(Some(10), 80)]), &high, "Scales to 2 within 15 s: CPU 10 % of 80 %."),
        // A metric that is missing might ask for more, never for fewer.
        (
            facts(4, &[cpu(Some(20), 80), MetricFacts { current: None, ..amount("queue", false, "1", "1") }]),
            &low,
            "Will not scale down while queue is not known: it might ask for more than the other metrics do.",
        ),
        (
            facts(4, &[cpu(Some(120), 80), MetricFacts { current: None, ..amount("queue", false, "1", "1") }]),
            &low,
            "Scales to 6 within 15 s: CPU 120 % of 80 %.",
        ),
        (facts(4, &[cpu(None, 80)]), &low, "No metrics are known, so it cannot scale."),
        (facts(4, &[cpu(Some(50), 0)]), &low, "No metrics are known, so it cannot scale."),
        (AutoscalerFacts { desired: 6, ..facts(4, &[cpu(Some(120), 80)]) }, &low, "Scaling from 4 to 6 now."),
        (AutoscalerFacts { conditions: vec![], ..facts(4, &[]) }, &low, "It has not reported yet, so nothing scales."),
    ] {
        assert_eq!(sentence(&facts, samples, None), expected, "{facts:?}");
    }
}

#[test]
fn what_it_cannot_do_goes_before_what_it_would() {
    let with =
        |condition: Condition| AutoscalerFacts { conditions: vec![condition], ..facts(4, &[cpu(Some(160), 80)]) };
    for (facts, expected, state) in [
        (
            AutoscalerFacts { current: 0, desired: 0, ..with(condition("ScalingActive", false, "ScalingDisabled")) },
            "It is switched off, because its target was set to 0 replicas, and does not come back by itself.",
            State::Degraded,
        ),
        (
            AutoscalerFacts { desired: 0, ..with(condition("ScalingActive", false, "FailedGetResourceMetric")) },
            "No metrics of CPU and memory, so it cannot scale: FailedGetResourceMetric.",
            State::Degraded,
        ),
        (
            with(condition("AbleToScale", false, "FailedGetScale")),
            "It cannot scale its target: FailedGetScale.",
            State::Degraded,
        ),
        (
            AutoscalerFacts { current: 10, desired: 10, ..with(condition("ScalingLimited", true, "TooManyReplicas")) },
            "At its maximum of 10 for 20 minutes, and the load asks for 20.",
            State::Degraded,
        ),
    ] {
        assert_eq!(sentence(&facts, &[], None), expected);
        assert_eq!(next(&facts, &[], None, NOW).state(), state, "{expected}");
    }
}

#[test]
fn a_window_that_was_not_watched_is_not_known() {
    let asks_for_fewer = facts(4, &[cpu(Some(20), 80)]);
    let all = past(4, |_| Some(1));
    // Nothing was seen, half a window, a window with a hole.
    assert_eq!(next(&asks_for_fewer, &[], None, NOW), Next::Perhaps { to: 2, by: NOW + 300 });
    assert_eq!(next(&asks_for_fewer, &all[31..], None, NOW), Next::Perhaps { to: 2, by: slot(NOW) - 135 + 300 });
    let mut holed = all.clone();
    holed.drain(30..35);
    assert_eq!(next(&asks_for_fewer, &holed, None, NOW), Next::Perhaps { to: 2, by: slot(NOW) - 75 + 300 });
    assert_eq!(next(&asks_for_fewer, &all, None, NOW), Next::Scales { to: 2 });
    // The highest that was asked for since counts, not what is asked for now.
    let falling = past(8, |ago| Some(if ago > 90 { 8 } else { 2 + u32::try_from(ago / 30).unwrap() }));
    assert_eq!(
        next(&facts(8, &[cpu(Some(20), 80)]), &falling, None, NOW),
        Next::Waits { to: 5, until: slot(NOW) - 105 + 300, assumed: true }
    );
}

#[test]
fn behavior_bounds_what_happens() {
    let rules =
        |window, policies: &[Policy]| ScalingRules { window, policies: policies.to_vec(), ..Default::default() };
    let pods = |pods, period| Policy { by: Change::Pods(pods), period };
    let percent = |percent, period| Policy { by: Change::Percent(percent), period };
    let (busy, idle) = (Some(800), Some(8));
    let least = |rules: ScalingRules| ScalingRules { select: Select::Min, ..rules };
    let never = ScalingRules { select: Select::Disabled, ..Default::default() };
    for (load, up, down, expected) in [
        // The defaults: 4 pods or twice as many, whichever is more; down to any number after 5 min.
        (busy, rules(None, &[]), rules(None, &[]), Next::Scales { to: 10 }),
        (idle, rules(None, &[]), rules(Some(0), &[]), Next::Scales { to: 2 }),
        (busy, rules(None, &[pods(1, 60)]), rules(None, &[]), Next::Scales { to: 6 }),
        (busy, least(rules(None, &[pods(1, 60), percent(10, 60)])), rules(None, &[]), Next::Scales { to: 6 }),
        (busy, rules(None, &[percent(50, 60)]), rules(None, &[]), Next::Scales { to: 8 }),
        (idle, rules(None, &[]), rules(Some(0), &[pods(1, 60)]), Next::Scales { to: 4 }),
        (idle, rules(None, &[]), rules(Some(0), &[percent(50, 60), pods(1, 60)]), Next::Scales { to: 2 }),
        (idle, rules(None, &[]), least(rules(Some(0), &[percent(50, 60), pods(1, 60)])), Next::Scales { to: 4 }),
        (idle, rules(None, &[]), never.clone(), Next::Barred { to: 5 }),
        (busy, never.clone(), rules(None, &[]), Next::Barred { to: 5 }),
        // A window of its own in both directions.
        (
            busy,
            rules(Some(120), &[]),
            rules(None, &[]),
            Next::Waits { to: 10, until: slot(NOW) - 45 + 120, assumed: false },
        ),
        (idle, rules(None, &[]), rules(Some(30), &[]), Next::Scales { to: 2 }),
        (
            idle,
            rules(None, &[]),
            rules(Some(60), &[]),
            Next::Waits { to: 2, until: slot(NOW) - 45 + 60, assumed: false },
        ),
    ] {
        let facts = AutoscalerFacts { behavior: Some(Behavior { up, down }), ..facts(5, &[cpu(load, 80)]) };
        // Until 45 s ago it was asked for what it has.
        let samples = past(5, |ago| {
            Some(if ago >= 45 {
                5
            } else if load == busy {
                50
            } else {
                1
            })
        });
        assert_eq!(next(&facts, &samples, None, NOW), expected, "{facts:?}");
    }
}

#[test]
fn a_policy_counts_from_what_there_was_when_its_period_began() {
    let up = ScalingRules { policies: vec![Policy { by: Change::Pods(2), period: 60 }], ..Default::default() };
    let behavior = Some(Behavior { up, down: ScalingRules::default() });
    let facts = AutoscalerFacts { behavior, ..facts(5, &[cpu(Some(800), 80)]) };
    let mut samples = past(5, |_| Some(50));
    samples.iter_mut().filter(|sample| sample.at < NOW - 30).for_each(|sample| sample.replicas = 4);
    assert_eq!(next(&facts, &samples, None, NOW), Next::Scales { to: 6 });
    samples.iter_mut().filter(|sample| sample.at < NOW - 30).for_each(|sample| sample.replicas = 3);
    let paced = next(&facts, &samples, None, NOW);
    // There are 5 since 30 s ago, so that in 30 s a minute will have begun with them.
    assert_eq!(paced, Next::Paced { to: 7, within: 45 });
    let said = paced.sentence(&facts, |_| String::new(), NOW);
    assert_eq!(said, "Scales to 7 within 45 s: its policies allow no more than 5 before.");
}

#[test]
fn pods_that_are_not_ready_do_not_make_it_ask_for_more() {
    for (current, load, ready, expected) in [
        (4, 160, None, Next::Scales { to: 8 }),
        (4, 160, Some(4), Next::Scales { to: 8 }),
        // Half of them have just been made: what they will take is not known yet.
        (4, 160, Some(2), Next::Steady),
        (4, 160, Some(3), Next::Scales { to: 6 }),
        (4, 160, Some(9), Next::Scales { to: 8 }),
    ] {
        assert_eq!(next(&facts(current, &[cpu(Some(load), 80)]), &[], ready, NOW), expected, "{ready:?}");
    }
    // A queue is as long, whoever is ready.
    let queue = facts(4, &[amount("queue", false, "200", "100")]);
    assert_eq!(next(&queue, &[], Some(1), NOW), Next::Scales { to: 8 });
}

#[test]
fn a_tolerance_of_its_own_counts() {
    let rules = ScalingRules { tolerance: Some("0.5".parse().unwrap()), ..Default::default() };
    let behavior = Some(Behavior { up: rules, down: ScalingRules::default() });
    let with = |load| AutoscalerFacts { behavior: behavior.clone(), ..facts(4, &[cpu(Some(load), 80)]) };
    assert_eq!(next(&with(118), &[], None, NOW), Next::Steady);
    assert_eq!(next(&with(124), &[], None, NOW), Next::Scales { to: 7 });
}

#[test]
fn conditions_are_sentences() {
    let known = [
        condition("AbleToScale", true, "ReadyForNewScale"),
        condition("ScalingActive", false, "FailedGetPodsMetric"),
        Condition { since: 0, ..condition("ScalingLimited", false, "DesiredWithinRange") },
        Condition { status: None, ..condition("Odd", true, "Strange") },
    ];
    assert_eq!(
        conditions(&known, |at| format!("{} min ago", (NOW - at) / 60)),
        [
            "It can scale since 20 min ago.",
            "It does not get its metrics since 20 min ago: FailedGetPodsMetric.",
            "Its bounds do not hold it.",
            "Odd is not known since 20 min ago: Strange.",
        ]
    );
}

#[test]
fn the_hour_is_drawn_as_steps_and_a_line_with_gaps() {
    let sample =
        |ago: i64, replicas, load| Sample { at: slot(NOW) - ago, replicas, desired: replicas, load, asked: None };
    assert_eq!(draw(&[sample(0, 3, Some(50))]), None);
    let samples = [
        sample(5000, 9, Some(900)),
        sample(1800, 1, Some(50)),
        sample(1785, 1, None),
        sample(1770, 3, Some(200)),
        // A gap: nothing was seen for a while.
        sample(900, 3, Some(100)),
        sample(0, 2, Some(100)),
        sample(-15, 2, Some(100)),
    ];
    let drawn = draw(&samples[..6]).unwrap();
    assert_eq!(drawn.span, (slot(NOW) - 3600, slot(NOW)));
    assert_eq!((drawn.top, drawn.top_load, drawn.target), (4, 200, 52));
    assert_eq!((drawn.replica_bounds, drawn.load_bounds), ((1, 3), Some((50, 200))));
    assert_eq!(&*drawn.replicas, "M360 76H366V28H366M540 28H540M720 52H720");
    assert_eq!(&*drawn.load, "M360 76L366 4M540 52M720 52");
    assert_eq!(
        [1800, 0, 3600, 3601, -1].map(|ago| drawn.place(slot(NOW) - ago)),
        [Some(360), Some(720), Some(0), None, None]
    );
}

/// Anything that an API server lets stand in an autoscaler, and a past.
fn anything() -> impl Strategy<Value = (AutoscalerFacts, Vec<Sample>)> {
    let select = prop_oneof![Just(Select::Max), Just(Select::Min), Just(Select::Disabled)];
    let policy = (any::<bool>(), 1..200u32, 1..1800u32).prop_map(|(pods, by, period)| Policy {
        by: if pods { Change::Pods(by) } else { Change::Percent(by) },
        period,
    });
    let rules = (proptest::option::of(0..3600u32), select, proptest::collection::vec(policy, 0..3))
        .prop_map(|(window, select, policies)| ScalingRules { window, select, policies, tolerance: None });
    let behavior = proptest::option::of((rules.clone(), rules).prop_map(|(up, down)| Behavior { up, down }));
    let metric = (proptest::option::of(0..2000u32), 0..200u32).prop_map(|(current, target)| cpu(current, target));
    let seen = (0..40u32, proptest::option::of(0..60u32), 1..20i64);
    (
        (0..10u32, 0..30u32, 0..40u32),
        behavior,
        proptest::collection::vec(metric, 0..4),
        proptest::collection::vec(seen, 0..80),
    )
        .prop_map(|((min, more, current), behavior, metrics, seen)| {
            let facts = AutoscalerFacts { min, max: min + more, behavior, ..facts(current, &metrics) };
            let mut at = slot(NOW) + STEP;
            let mut samples: Vec<Sample> = seen
                .into_iter()
                .map(|(replicas, asked, steps)| {
                    at -= if steps > 15 { steps * STEP } else { STEP };
                    Sample { at, replicas, desired: replicas, load: None, asked }
                })
                .collect();
            samples.reverse();
            (facts, samples)
        })
}

proptest! {
    #[test]
    fn it_never_leaves_its_range_nor_scales_down_within_the_window((facts, samples) in anything(), ready in proptest::option::of(0..40u32)) {
        let (current, range) = (facts.current, facts.min..=facts.max);
        let told = next(&facts, &samples, ready, NOW);
        match told {
            Next::Scales { to }
            | Next::Scaling { to }
            | Next::Waits { to, .. }
            | Next::Perhaps { to, .. }
            | Next::Paced { to, .. } => {
                prop_assert!(range.contains(&to), "{told:?}");
                prop_assert!(to != current, "{told:?}");
            }
            Next::AtMaximum { .. } => prop_assert_eq!(current, facts.max),
            Next::Nothing(..) | Next::Barred { .. } | Next::Blinkered { .. } | Next::Steady => {}
        }
        let window = facts.behavior.as_ref().map_or(300, |behavior| behavior.down.window.unwrap_or(300));
        let asked_for_it = |sample: &Sample| {
            sample.at > NOW - i64::from(window) && sample.asked.is_some_and(|asked| asked >= current)
        };
        if range.contains(&current) && samples.iter().any(asked_for_it) {
            prop_assert!(!matches!(told, Next::Scales { to } if to < current), "{told:?}");
        }
        prop_assert!(told.sentence(&facts, |_| "then".to_owned(), NOW).ends_with('.'));
    }

    #[test]
    fn whatever_was_seen_is_drawn_within_the_chart((_, samples) in anything()) {
        if let Some(drawn) = draw(&samples) {
            let numbers = |path: &Arc<str>| -> Vec<u32> {
                path.split(|c: char| !c.is_ascii_digit()).filter(|text| !text.is_empty()).map(|text| text.parse().unwrap()).collect()
            };
            for number in numbers(&drawn.replicas).into_iter().chain(numbers(&drawn.load)) {
                prop_assert!(number <= super::WIDTH);
            }
            prop_assert!(drawn.target <= super::HEIGHT);
        }
    }
}
