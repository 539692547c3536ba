//! Whoever keeps it as written elsewhere.

use super::super::facts::{Keeper, Tool};
use super::super::{Case, Level, Line};
use super::{Rule, shown, span};
use crate::operation::Operation;

pub(super) fn lines(case: &Case<'_>) -> Vec<Line> {
    let Some((workload, at)) = case.workload() else { return Vec::new() };
    let Some(keeper) = &workload.owner else { return Vec::new() };
    let (level, text) = judge(case, keeper);
    vec![case.line(Rule::Keeper, level, text, &format!("{} {}", tool(keeper.tool), shown(&keeper.name)), Some(at))]
}

/// What it is called, with the object of it that is meant.
fn tool(tool: Tool) -> &'static str {
    match tool {
        Tool::FluxHelm => "HelmRelease",
        Tool::FluxKustomize => "Kustomization",
        Tool::ArgoCd => "Argo CD",
        Tool::Helm => "Helm",
    }
}

fn judge(case: &Case<'_>, keeper: &Keeper) -> (Level, String) {
    let name = shown(&keeper.name);
    let what = match case.operation {
        // What is written is an annotation of our own, or nothing at all.
        // https://fluxcd.io/flux/faq/#why-are-kubectl-edits-rolled-back-by-flux
        Operation::Restart => {
            let who = match keeper.tool {
                Tool::FluxHelm | Tool::FluxKustomize => "Flux",
                Tool::ArgoCd => "Argo CD",
                Tool::Helm => "Helm",
            };
            return (
                Level::Green,
                format!("{who} leaves the restart alone: it is written by a field manager of our own"),
            );
        }
        Operation::RestartPod { .. } => {
            return (Level::Green, format!("an eviction changes nothing that {name} keeps"));
        }
        Operation::Scale { .. } => "replicas last",
        Operation::ScaleRange { .. } => "range lasts",
        Operation::RollBack { .. } => "template lasts",
    };
    match (keeper.tool, keeper.suspended) {
        (Tool::FluxHelm | Tool::FluxKustomize, Some(true)) => {
            (Level::Green, format!("Flux is suspended for {name}: the {what} until somebody resumes it"))
        }
        (Tool::ArgoCd, Some(true)) => {
            (Level::Green, format!("Argo CD does not sync {name} by itself: the {what} until somebody syncs it"))
        }
        (Tool::FluxHelm, _) => {
            (Level::Amber, format!("Flux owns this; the {what} until the next upgrade of the release {name}"))
        }
        (Tool::FluxKustomize, _) => reconcile(case, keeper),
        (Tool::ArgoCd, Some(false)) => match case.operation {
            Operation::RollBack { .. } => {
                (Level::Red, format!("Argo CD syncs {name} by itself: a rollback is impossible with auto-sync on"))
            }
            Operation::Scale { .. }
            | Operation::ScaleRange { .. }
            | Operation::Restart
            | Operation::RestartPod { .. } => {
                (Level::Amber, format!("Argo CD syncs {name} by itself: this will be reverted"))
            }
        },
        (Tool::ArgoCd, None) => {
            (Level::Unknown, format!("Argo CD keeps {name}; whether it syncs by itself is not known"))
        }
        (Tool::Helm, _) => {
            (Level::Amber, format!("the next helm upgrade of {name} may set this to what the chart says"))
        }
    }
}

fn reconcile(case: &Case<'_>, keeper: &Keeper) -> (Level, String) {
    let Some(interval) = keeper.interval_s.map(i64::from) else {
        return (Level::Unknown, "Flux owns this; when it reconciles next is not known".to_owned());
    };
    let when = match keeper.last {
        Some(last) => match last.saturating_add(interval).saturating_sub(case.facts.now) {
            left if left > 0 => format!("in about {}", span(left.min(interval))),
            _ => "which is due now".to_owned(),
        },
        None => format!("in {} at most", span(interval)),
    };
    (Level::Amber, format!("Flux owns this; the change lasts until the next reconcile, {when}"))
}
