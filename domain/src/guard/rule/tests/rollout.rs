//! Paused and running rollouts.

use super::*;
use crate::facts::Condition;
use crate::guard::facts::{Other, Strategy};
use crate::ledger::OperationId;

fn condition(reason: &str, status: Option<bool>) -> Condition {
    Condition {
        kind: "Progressing".into(),
        status,
        reason: reason.into(),
        message: "".into(),
        since: sample::now() - 3 * 3600,
    }
}

fn paused(facts: &mut Facts) {
    workload(facts).paused = true;
    workload(facts).conditions = vec![condition("DeploymentPaused", None)];
}

#[test]
fn a_paused_rollout_is_not_restarted_and_not_rolled_back() {
    let red = "red: its rollout is paused since 3 h: no pod would be replaced before somebody resumes it";
    let green = "green: its rollout is paused since 3 h; its number of pods changes all the same";
    check(
        Rule::Paused,
        &[
            (RESTART, |_| {}, ""),
            (RESTART, paused, red),
            (BACK, paused, red),
            (scale(4), paused, green),
            (range(3, 10), paused, green),
            (
                evict("node-1"),
                paused,
                "green: its rollout is paused since 3 h; a pod that ends is made anew all the same",
            ),
            (
                RESTART,
                |facts| workload(facts).paused = true,
                "red: its rollout is paused: no pod would be replaced before somebody resumes it",
            ),
        ],
    );
}

fn begun(facts: &mut Facts) {
    workload(facts).updated = 1;
    workload(facts).existing = 4;
    workload(facts).changed = Some(("kubectl-set".into(), sample::now() - 120));
}

fn stuck(facts: &mut Facts) {
    begun(facts);
    workload(facts).conditions = vec![condition("ProgressDeadlineExceeded", Some(false))];
}

#[test]
fn a_rollout_that_is_running_is_said_with_who_began_it() {
    check(
        Rule::Rollout,
        &[
            (RESTART, |_| {}, "green: nothing else is being rolled out"),
            (
                RESTART,
                begun,
                "amber: a rollout is running, begun by kubectl-set 2 min ago, 1 of 3 updated: \
                 a second change starts killing the pods of the first",
            ),
            (
                scale(5),
                begun,
                "amber: a rollout is running, begun by kubectl-set 2 min ago, 1 of 3 updated: \
                 the new number is spread over old and new pods",
            ),
            (
                evict("node-1"),
                |facts| {
                    begun(facts);
                    workload(facts).operation = Some(OperationId(1));
                },
                "amber: a rollout is running, begun from here 2 min ago, 1 of 3 updated: an eviction takes one pod more from it",
            ),
            (
                BACK,
                |facts| {
                    begun(facts);
                    let what = "Restart fleet-app".into();
                    let other = |who: &str, under_way, same_target| Other {
                        who: who.into(),
                        what: std::sync::Arc::clone(&what),
                        since: facts.now - 60,
                        under_way,
                        same_target,
                    };
                    facts.others =
                        sample::read(vec![other("a", true, false), other("b", false, true), other("lee", true, true)]);
                },
                "amber: a rollout is running, begun by lee 1 min ago, 1 of 3 updated: \
                 a second change starts killing the pods of the first",
            ),
            (
                RESTART,
                |facts| workload(facts).existing = 5,
                "amber: a rollout is running, 2 old pods still to end: a second change starts killing the pods of the first",
            ),
            (
                RESTART,
                |facts| workload(facts).observed_generation = 6,
                "amber: a rollout is running, and the controller has not read the last change yet: \
                 a second change starts killing the pods of the first",
            ),
            // Pods that are held back are none of a rollout.
            (
                RESTART,
                |facts| (workload(facts).updated, workload(facts).strategy) = (1, Strategy::Partitioned(2)),
                "green: nothing else is being rolled out",
            ),
            (
                RESTART,
                |facts| (workload(facts).updated, workload(facts).strategy) = (0, Strategy::Partitioned(2)),
                "amber: a rollout is running, 0 of 1 updated: a second change starts killing the pods of the first",
            ),
            (
                RESTART,
                |facts| (workload(facts).updated, workload(facts).strategy) = (0, Strategy::OnDelete),
                "green: nothing else is being rolled out",
            ),
        ],
    );
}

#[test]
fn a_stuck_rollout_is_what_rollbacks_are_for() {
    check(
        Rule::Rollout,
        &[
            (BACK, stuck, "green: the rollout is stuck since 3 h, and a rollback ends it"),
            (RESTART, stuck, "amber: the rollout is stuck since 3 h, and a restart begins another on top of it"),
            (scale(5), stuck, "amber: the rollout is stuck since 3 h"),
            (
                BACK,
                |facts| workload(facts).conditions = vec![condition("ProgressDeadlineExceeded", Some(true))],
                "green: nothing else is being rolled out",
            ),
        ],
    );
}
