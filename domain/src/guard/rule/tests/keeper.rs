//! Whoever keeps it as written elsewhere.

use super::*;
use crate::guard::facts::{Keeper, Tool};

fn kept(facts: &mut Facts, tool: Tool, suspended: Option<bool>) {
    let last = Some(sample::now() - 180);
    workload(facts).owner =
        Some(Keeper { tool, name: "super-todo/super-todo".into(), interval_s: Some(600), last, suspended });
    facts.autoscaler = sample::read(None);
}

fn owner(facts: &mut Facts) -> &mut Keeper {
    workload(facts).owner.as_mut().unwrap()
}

#[test]
fn a_restart_outlasts_whoever_keeps_it() {
    fn of(tool: Tool) -> Facts {
        let mut facts = sample::facts();
        kept(&mut facts, tool, Some(false));
        facts
    }
    for (tool, who) in
        [(Tool::FluxHelm, "Flux"), (Tool::FluxKustomize, "Flux"), (Tool::ArgoCd, "Argo CD"), (Tool::Helm, "Helm")]
    {
        for (operation, expected) in [
            (RESTART, format!("green: {who} leaves the restart alone: it is written by a field manager of our own")),
            (evict("node-1"), "green: an eviction changes nothing that super-todo/super-todo keeps".to_owned()),
        ] {
            let lines = judge(&operation, &sample::target(), &of(tool)).lines;
            let line = lines.iter().find(|line| line.rule == Rule::Keeper).unwrap();
            assert_eq!(text(line), expected);
        }
    }
    check(Rule::Keeper, &[(RESTART, |_| {}, ""), (scale(4), |_| {}, "")]);
}

#[test]
fn what_will_be_set_back_is_said_with_when() {
    let release =
        "amber: Flux owns this; the replicas last until the next upgrade of the release super-todo/super-todo";
    check(
        Rule::Keeper,
        &[
            (scale(4), |facts| kept(facts, Tool::FluxHelm, Some(false)), release),
            (scale(4), |facts| kept(facts, Tool::FluxHelm, None), release),
            (
                BACK,
                |facts| kept(facts, Tool::FluxHelm, Some(false)),
                "amber: Flux owns this; the template lasts until the next upgrade of the release super-todo/super-todo",
            ),
            (
                range(3, 10),
                |facts| kept(facts, Tool::FluxHelm, Some(true)),
                "green: Flux is suspended for super-todo/super-todo: the range lasts until somebody resumes it",
            ),
            (
                scale(4),
                |facts| kept(facts, Tool::FluxKustomize, Some(true)),
                "green: Flux is suspended for super-todo/super-todo: the replicas last until somebody resumes it",
            ),
            (
                scale(4),
                |facts| kept(facts, Tool::FluxKustomize, Some(false)),
                "amber: Flux owns this; the change lasts until the next reconcile, in about 7 min",
            ),
            (
                BACK,
                |facts| {
                    kept(facts, Tool::FluxKustomize, None);
                    owner(facts).last = Some(facts.now - 700);
                },
                "amber: Flux owns this; the change lasts until the next reconcile, which is due now",
            ),
            // A clock that goes wrong makes it no longer than the interval.
            (
                scale(4),
                |facts| {
                    kept(facts, Tool::FluxKustomize, None);
                    owner(facts).last = Some(facts.now + 7000);
                },
                "amber: Flux owns this; the change lasts until the next reconcile, in about 10 min",
            ),
            (
                scale(4),
                |facts| {
                    kept(facts, Tool::FluxKustomize, None);
                    owner(facts).last = None;
                },
                "amber: Flux owns this; the change lasts until the next reconcile, in 10 min at most",
            ),
            (
                scale(4),
                |facts| {
                    kept(facts, Tool::FluxKustomize, None);
                    owner(facts).interval_s = None;
                },
                "unknown: Flux owns this; when it reconciles next is not known",
            ),
            (
                scale(4),
                |facts| kept(facts, Tool::ArgoCd, Some(false)),
                "amber: Argo CD syncs super-todo/super-todo by itself: this will be reverted",
            ),
            (
                BACK,
                |facts| kept(facts, Tool::ArgoCd, Some(false)),
                "red: Argo CD syncs super-todo/super-todo by itself: a rollback is impossible with auto-sync on",
            ),
            (
                BACK,
                |facts| kept(facts, Tool::ArgoCd, Some(true)),
                "green: Argo CD does not sync super-todo/super-todo by itself: the template lasts until somebody syncs it",
            ),
            (
                scale(4),
                |facts| kept(facts, Tool::ArgoCd, None),
                "unknown: Argo CD keeps super-todo/super-todo; whether it syncs by itself is not known",
            ),
            (
                BACK,
                |facts| kept(facts, Tool::Helm, None),
                "amber: the next helm upgrade of super-todo/super-todo may set this to what the chart says",
            ),
        ],
    );
}
