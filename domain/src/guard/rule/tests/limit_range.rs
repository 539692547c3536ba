//! Limit ranges.

use super::pod::starts;
use super::*;
use crate::guard::facts::{Known, LimitRange, Per, Resources};

/// A limit range named bounds: most, least and how often the request.
fn bounds(facts: &mut Facts, per: Per, most: &[(&str, &str)], least: &[(&str, &str)], ratio: &[(&str, &str)]) {
    let [most, least, ratio] = [most, least, ratio].map(sample::amounts);
    let range = LimitRange { name: "bounds".into(), per, most, least, ratio, ..LimitRange::default() };
    facts.limits = sample::read(vec![range]);
}

/// The container asks for 0.5 CPU and 512Mi, and may use 2 CPU and 2Gi.
#[test]
fn a_pod_over_or_under_what_a_limit_range_lets_in_is_refused_with_the_numbers() {
    check(
        Rule::Quota,
        &[
            (RESTART, |facts| bounds(facts, Per::Pod, &[("cpu", "2")], &[("cpu", "500m")], &[]), NO_QUOTA),
            (
                RESTART,
                |facts| bounds(facts, Per::Pod, &[("cpu", "1.5")], &[("memory", "1Gi")], &[]),
                "red: a pod asks for cpu 2, and LimitRange bounds allows 1.5: its pods are refused | \
                 red: a pod asks for memory 512Mi, and LimitRange bounds wants 1Gi: its pods are refused",
            ),
            // Each container is within what is let in, and all together are not.
            (
                RESTART,
                |facts| {
                    starts(facts, "proxy", "500m", true);
                    bounds(facts, Per::Pod, &[("cpu", "2")], &[], &[]);
                },
                "red: a pod asks for cpu 2.5, and LimitRange bounds allows 2: its pods are refused",
            ),
            (
                RESTART,
                |facts| {
                    starts(facts, "proxy", "500m", true);
                    bounds(facts, Per::Container, &[("cpu", "2")], &[], &[]);
                },
                NO_QUOTA,
            ),
            (
                RESTART,
                |facts| {
                    starts(facts, "proxy", "500m", true);
                    bounds(facts, Per::Pod, &[], &[("cpu", "1")], &[]);
                },
                NO_QUOTA,
            ),
            // The overhead is none of its containers'.
            (
                RESTART,
                |facts| {
                    workload(facts).overhead = sample::amounts(&[("cpu", "1")]);
                    bounds(facts, Per::Pod, &[("cpu", "2")], &[], &[]);
                },
                NO_QUOTA,
            ),
            // Whoever says nothing is refused too, unless a default says it.
            (
                scale(4),
                |facts| {
                    workload(facts).containers[0].resources = Resources::default();
                    bounds(facts, Per::Pod, &[("cpu", "2")], &[("memory", "64Mi")], &[]);
                },
                "red: a pod sets no limit of cpu, and LimitRange bounds allows 2: its pods are refused | \
                 red: a pod asks for no memory, and LimitRange bounds wants 64Mi: its pods are refused",
            ),
            (
                scale(4),
                |facts| {
                    workload(facts).containers[0].resources = Resources::default();
                    bounds(facts, Per::Pod, &[("cpu", "2")], &[], &[]);
                    let Known::Read { value: ranges, .. } = &mut facts.limits else { return };
                    ranges
                        .push(LimitRange { default_limit: sample::amounts(&[("cpu", "3")]), ..LimitRange::default() });
                },
                "red: a pod asks for cpu 3, and LimitRange bounds allows 2: its pods are refused",
            ),
            // A limit under the least is as wrong as a request.
            (
                RESTART,
                |facts| {
                    workload(facts).containers[0].resources.limits = sample::amounts(&[("cpu", "300m")]);
                    bounds(facts, Per::Pod, &[], &[("cpu", "400m")], &[]);
                },
                "red: a pod asks for cpu 0.3, and LimitRange bounds wants 0.4: its pods are refused",
            ),
            // 2 of 0.5 is four times.
            (RESTART, |facts| bounds(facts, Per::Pod, &[], &[], &[("cpu", "4"), ("memory", "4")]), NO_QUOTA),
            (
                RESTART,
                |facts| bounds(facts, Per::Pod, &[], &[], &[("cpu", "3.5")]),
                "red: a pod has 2 of cpu as limit for 0.5, and LimitRange bounds allows 3.5 times the request: \
                 its pods are refused",
            ),
            (
                RESTART,
                |facts| {
                    workload(facts).containers[0].resources.limits.clear();
                    bounds(facts, Per::Pod, &[], &[], &[("cpu", "4")]);
                },
                "red: a pod sets no request and limit of cpu, and LimitRange bounds allows 4 times the request: \
                 its pods are refused",
            ),
            // Any resource, not only CPU and memory; init containers as all others.
            (
                RESTART,
                |facts| {
                    workload(facts).containers[0].resources.limits = sample::amounts(&[("nvidia.com/gpu", "2")]);
                    bounds(facts, Per::Pod, &[("nvidia.com/gpu", "1")], &[], &[]);
                },
                "red: a pod asks for nvidia.com/gpu 2, and LimitRange bounds allows 1: its pods are refused",
            ),
            (
                RESTART,
                |facts| {
                    starts(facts, "migrate", "4", false);
                    bounds(facts, Per::Container, &[("cpu", "2")], &[], &[]);
                },
                "red: migrate asks for cpu 4, and LimitRange bounds allows 2: its pods are refused",
            ),
            (
                RESTART,
                |facts| {
                    workload(facts).has_pod_resources = true;
                    bounds(facts, Per::Pod, &[("cpu", "9")], &[], &[]);
                },
                "unknown: LimitRange bounds bounds cpu of a pod: how much it asks for is not known: \
                 it has resources as a whole",
            ),
            // No pod is made.
            (scale(2), |facts| bounds(facts, Per::Pod, &[("cpu", "1")], &[], &[]), ""),
        ],
    );
}

const NO_QUOTA: &str = "green: no quota bounds its pods";
