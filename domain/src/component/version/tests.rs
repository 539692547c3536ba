use super::*;
use crate::component::fixture::{ready, world};
use crate::view::Status;

/// A pod's tag, digest, and whether it is ready.
type Pod = (&'static str, &'static str, bool);

/// What is said of a Deployment of three that runs these pods: tag, digest, and what is to come.
fn say(image: &str, updated: u32, pods: &[Pod]) -> String {
    let mut app = world("fleet-app");
    let workload = app.workload();
    (workload.updated, workload.existing) = (updated, u32::try_from(pods.len()).unwrap());
    app.container().image = image.into();
    let template = app.pods[0].clone();
    app.pods = (0..)
        .zip(pods)
        .map(|(uid, (tag, digest, is_ready))| {
            let status = if *is_ready { ready() } else { Status::new(State::Failed, "Image pull", "It is so.") };
            PodRow { uid, tag: (*tag).into(), digest: (*digest).into(), status, ..template.clone() }
        })
        .collect();
    let Version { tag, digest, next } = app.with(running);
    let next = next.map(|next| format!(" → {}, {} of {}", next.name, next.ready, next.wanted)).unwrap_or_default();
    format!("{tag} {digest}{next}")
}

#[test]
fn the_version_shown_is_the_one_that_runs_and_beside_it_the_one_that_is_to_come() {
    let new = "registry.test/fleet-app:1.5.0";
    let by_digest = "registry.test/fleet-app@sha256:bbbbbbbccc";
    let old = ("1.4.2", "aaaaaaa", true);
    for (image, updated, pods, expected) in [
        ("registry.test/fleet-app:1.4.2", 3, vec![old, old, old], "1.4.2 aaaaaaa"),
        // A stuck rollout: the new image is ready nowhere.
        (new, 1, vec![old, old, old, ("1.5.0", "", false)], "1.4.2 aaaaaaa → 1.5.0, 0 of 3"),
        (new, 1, vec![old, old, old, ("1.5.0", "bbbbbbb", false)], "1.4.2 aaaaaaa → 1.5.0, 0 of 3"),
        // On its way, to the last old pod.
        (new, 2, vec![old, ("1.5.0", "bbbbbbb", true), ("1.5.0", "bbbbbbb", true)], "1.4.2 aaaaaaa → 1.5.0, 2 of 3"),
        (new, 3, vec![("1.5.0", "bbbbbbb", true); 3], "1.5.0 bbbbbbb"),
        // Nothing runs: what is wanted is named, with what is known of it.
        (new, 1, vec![("1.4.2", "aaaaaaa", false), ("1.5.0", "bbbbbbb", false)], "1.5.0 bbbbbbb"),
        (new, 0, vec![], "1.5.0 "),
        // Three versions: of the older ones the one that most run.
        (new, 1, vec![old, ("1.3.0", "ccccccc", true), ("1.3.0", "ccccccc", true)], "1.3.0 ccccccc → 1.5.0, 0 of 3"),
        // By digest alone.
        (by_digest, 1, vec![("", "aaaaaaa", true), ("", "bbbbbbb", true)], " aaaaaaa → bbbbbbb, 1 of 3"),
        (by_digest, 1, vec![old, ("", "bbbbbbb", false)], "1.4.2 aaaaaaa → bbbbbbb, 0 of 3"),
        (by_digest, 2, vec![("", "bbbbbbb", true), ("", "", true)], " bbbbbbb"),
        // A tag that moved says nothing of which is older.
        ("registry.test/fleet-app:dev", 1, vec![("dev", "aaaaaaa", true), ("dev", "bbbbbbb", false)], "dev aaaaaaa"),
        // No rollout: something changed the image on its way to the pod.
        (new, 3, vec![("mirrored", "aaaaaaa", true); 3], "1.5.0 "),
    ] {
        assert_eq!(say(image, updated, &pods), expected, "{image} {updated} {pods:?}");
    }
}
