//! What a rollback changes and takes back, and what falls out of the history.

use super::*;
use crate::guard::facts::{FieldDiff, Revision};
use crate::registry::Tier;

/// The ninth as it is, and the eighth changed.
fn eighth(facts: &mut Facts, change: fn(&mut Revision)) {
    let mut then = sample::revision(8, "1.4.1", "sha256:aaaaaaaa");
    change(&mut then);
    facts.revisions = sample::read(vec![sample::revision(9, "1.4.2", "sha256:bbbbbbbb"), then]);
}

fn other_field() -> FieldDiff {
    FieldDiff { field: "containers[app].env[LOG_LEVEL]".into(), now: "info".into(), then: "debug".into() }
}

#[test]
fn a_rollback_is_judged_by_what_really_ran() {
    check(
        Rule::Digest,
        &[
            (RESTART, |_| {}, ""),
            (BACK, |_| {}, "green: the digest goes from bbbbbbb back to aaaaaaa"),
            (
                BACK,
                |facts| eighth(facts, |then| then.digests[0].1 = "sha256:bbbbbbbb".into()),
                "amber: same digest bbbbbbb: this rollback changes nothing of the image; only the tag differs",
            ),
            (
                BACK,
                |facts| {
                    eighth(facts, |then| {
                        then.digests[0].1 = "sha256:bbbbbbbb".into();
                        then.diff = vec![other_field(), other_field()];
                    });
                },
                "amber: same digest bbbbbbb: this rollback changes nothing of the image; 2 other fields differ",
            ),
            (
                BACK,
                |facts| eighth(facts, |then| then.diff.clear()),
                "red: nothing differs between revision 8 and what is wanted now: this rollback changes nothing",
            ),
            (BACK, |facts| eighth(facts, |then| then.current = true), "red: revision 8 is what is wanted now"),
            (
                BACK,
                |facts| eighth(facts, |then| then.digests.clear()),
                "unknown: which images revision 8 really ran is not known, so neither is what changes",
            ),
            (
                BACK,
                |facts| eighth(facts, |then| then.digests[0].1 = "".into()),
                "unknown: which images revision 8 really ran is not known, so neither is what changes",
            ),
            // One that is pinned needs nobody to have seen it run.
            (
                BACK,
                |facts| {
                    eighth(facts, |then| {
                        then.digests.clear();
                        then.images[0].1 = "fleet-app@sha256:cccccccc".into();
                    });
                },
                "green: the digest goes from bbbbbbb back to ccccccc",
            ),
            (
                BACK,
                |facts| eighth(facts, |then| then.images[0].1 = "registry.test/fleet-app:latest".into()),
                "amber: fleet-app:latest may pull something else than what ran then | \
                 green: the digest goes from bbbbbbb back to aaaaaaa",
            ),
            (BACK, |facts| facts.revisions = unread(), "unknown: what the rollback changes is not known: forbidden"),
            (
                BACK,
                |facts| facts.revisions = sample::read(vec![sample::revision(8, "1.4.1", "sha256:aaaaaaaa")]),
                "unknown: which images revision 8 really ran is not known, so neither is what changes",
            ),
            (BACK, |facts| facts.revisions = sample::read(Vec::new()), ""),
        ],
    );
    check(
        Rule::Order,
        &[
            (BACK, |facts| facts.revisions = sample::read(Vec::new()), "red: there is no revision 8 any more"),
            (BACK, |facts| facts.revisions = unread(), "red: its revisions were not read"),
            (evict("node-9"), |_| {}, "red: there is no pod pod-node-9 any more"),
            (evict("node-1"), |facts| facts.pods = unread(), "red: its pods were not read"),
        ],
    );
}

#[test]
fn all_containers_count() {
    fn sidecar(revision: &mut Revision, digest: &str) {
        revision.images.push(("sidecar".into(), "proxy:1".into()));
        revision.digests.push(("sidecar".into(), digest.into()));
    }
    fn both(facts: &mut Facts, now: fn(&mut Revision), then: fn(&mut Revision)) {
        let mut current = sample::revision(9, "1.4.2", "sha256:aaaaaaaa");
        now(&mut current);
        let mut earlier = sample::revision(8, "1.4.1", "sha256:aaaaaaaa");
        then(&mut earlier);
        facts.revisions = sample::read(vec![current, earlier]);
    }
    check(
        Rule::Digest,
        &[
            (
                BACK,
                |facts| both(facts, |now| sidecar(now, "sha256:1111111x"), |then| sidecar(then, "sha256:2222222x")),
                "green: the digest goes from 1111111 back to 2222222",
            ),
            (
                BACK,
                |facts| both(facts, |now| sidecar(now, "sha256:1111111x"), |then| sidecar(then, "")),
                "unknown: which images revision 8 really ran is not known, so neither is what changes",
            ),
            (
                BACK,
                |facts| both(facts, |_| {}, |then| sidecar(then, "sha256:2222222x")),
                "green: the containers are others than now: fleet-app:1.4.1, proxy:1",
            ),
            (
                BACK,
                |facts| both(facts, |now| sidecar(now, "sha256:1111111x"), |_| {}),
                "green: the containers are others than now: fleet-app:1.4.1",
            ),
        ],
    );
}

/// So many earlier revisions of the current image, then one of another.
fn earlier(facts: &mut Facts, same: i64, limit: u32) {
    let mut all = vec![sample::revision(9, "1.4.2", "sha256:bbbbbbbb")];
    all.extend((1..=same).map(|back| sample::revision(9 - back, "1.4.2", "sha256:bbbbbbbb")));
    all.push(sample::revision(9 - same - 1, "1.4.1", "sha256:aaaaaaaa"));
    facts.revisions = sample::read(all);
    workload(facts).history_limit = limit;
}

#[test]
fn each_restart_pushes_a_revision_out_of_the_history() {
    check(
        Rule::History,
        &[
            (RESTART, |_| {}, "green: revision 8, the last with another image, stays for 9 more restarts"),
            (
                RESTART,
                |facts| earlier(facts, 7, 10),
                "green: revision 1, the last with another image, stays for 2 more restarts",
            ),
            (
                RESTART,
                |facts| earlier(facts, 2, 4),
                "amber: revision 6, the last with another image, falls out after 2 restarts, this one counted",
            ),
            (
                RESTART,
                |facts| earlier(facts, 3, 4),
                "amber: revision 5, the last with another image, falls out of the history with this restart",
            ),
            (
                RESTART,
                |facts| facts.revisions = sample::read(vec![sample::revision(9, "1.4.2", "sha256:bbbbbbbb")]),
                "green: no earlier revision is known to have another image",
            ),
            // Of tags that move nobody knows without a digest; that is said when it is about to matter.
            (
                RESTART,
                |facts| latest(facts, 1),
                "amber: revision 8 falls out of the history with this restart, \
                 and whether it ran another image is not known",
            ),
            (RESTART, |facts| latest(facts, 2), "green: no earlier revision is known to have another image"),
            // Of versions one does.
            (
                RESTART,
                |facts| {
                    eighth(facts, |then| then.digests.clear());
                    workload(facts).history_limit = 1;
                },
                "amber: revision 8, the last with another image, falls out of the history with this restart",
            ),
            (
                RESTART,
                |facts| facts.revisions = unread(),
                "unknown: what falls out of the history is not known: forbidden",
            ),
            (
                RESTART,
                |facts| facts.revisions = sample::read(Vec::new()),
                "amber: which revision is the current one is not known, so neither is what falls out",
            ),
            (BACK, |_| {}, ""),
            (scale(4), |_| {}, ""),
        ],
    );
}

fn latest(facts: &mut Facts, limit: u32) {
    let mut all = vec![sample::revision(9, "latest", ""), sample::revision(8, "latest", "")];
    all[0].digests = vec![("app".into(), "sha256:bbbbbbbb".into())];
    facts.revisions = sample::read(all);
    workload(facts).history_limit = limit;
}

#[test]
fn migrations_are_always_spoken_of() {
    check(
        Rule::Migration,
        &[
            (BACK, |_| {}, "amber: database migrations are not reverted by a rollback"),
            (
                BACK,
                |facts| facts.place.tier = Tier::Staging,
                "amber: database migrations are not reverted by a rollback",
            ),
            (
                BACK,
                |facts| facts.place.tier = Tier::Development,
                "green: database migrations are not reverted by a rollback",
            ),
            (RESTART, |_| {}, ""),
        ],
    );
}
