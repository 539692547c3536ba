//! Tags that move.

use super::*;

fn image(facts: &mut Facts, image: &str) {
    workload(facts).containers[0].image = image.into();
    facts.autoscaler = sample::read(None);
}

#[test]
fn a_tag_that_moves_may_mean_another_image() {
    let fixed = "green: its images are named by version or digest";
    let latest = "amber: fleet-app:latest may pull another image than the one that runs";
    check(
        Rule::Tag,
        &[
            (RESTART, |_| {}, fixed),
            (RESTART, |facts| image(facts, "registry.test:5000/fleet-app:latest"), latest),
            (RESTART, |facts| image(facts, "registry.test:5000/fleet-app"), latest),
            (
                evict("node-1"),
                |facts| image(facts, "fleet-app:staging"),
                "amber: fleet-app:staging may pull another image than the one that runs",
            ),
            (RESTART, |facts| image(facts, "fleet-app:latest@sha256:0123"), fixed),
            (RESTART, |facts| image(facts, "fleet-app@sha256:0123"), fixed),
            (RESTART, |facts| image(facts, "fleet-app:sha-9b59408"), fixed),
            // A new pod beside the old ones pulls too.
            (scale(4), |facts| image(facts, "fleet-app:latest"), latest),
            (scale(4), |facts| image(facts, "fleet-app:1.2"), fixed),
            (scale(2), |facts| image(facts, "fleet-app:latest"), ""),
            (range(4, 5), |facts| image(facts, "fleet-app:latest"), ""),
            (
                RESTART,
                |facts| {
                    let second = workload(facts).containers[0].clone();
                    workload(facts).containers.push(second);
                    image(facts, "fleet-app:main");
                },
                "amber: fleet-app:main may pull another image than the one that runs",
            ),
        ],
    );
    for tag in ["dev", "staging", "main", "master", "latest"] {
        assert!(super::super::tag::moves(&format!("fleet-app:{tag}")), "{tag}");
    }
}
