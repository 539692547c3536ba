//! Paused rollouts.

use super::super::{Case, Level, Line};
use super::Rule;
use crate::operation::Operation;

pub(super) fn lines(case: &Case<'_>) -> Vec<Line> {
    let Some((workload, at)) = case.workload().filter(|(workload, _)| workload.paused) else { return Vec::new() };
    let since = workload.conditions.iter().find(|condition| &*condition.reason == "DeploymentPaused");
    let since = since.map(|condition| format!(" since {}", case.age(condition.since))).unwrap_or_default();
    let (level, text) = match case.operation {
        Operation::Restart | Operation::RollBack { .. } => {
            (Level::Red, format!("its rollout is paused{since}: no pod would be replaced before somebody resumes it"))
        }
        Operation::Scale { .. } | Operation::ScaleRange { .. } => {
            (Level::Green, format!("its rollout is paused{since}; its number of pods changes all the same"))
        }
        Operation::RestartPod { .. } => {
            (Level::Green, format!("its rollout is paused{since}; a pod that ends is made anew all the same"))
        }
    };
    vec![case.line(Rule::Paused, level, text, case.kind(), Some(at))]
}
