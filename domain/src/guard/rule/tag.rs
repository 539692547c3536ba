//! Tags that move: what a new pod pulls may be another image than the one that runs.

use super::super::facts::Container;
use super::super::{Case, Level, Line};
use super::{Rule, shown};
use crate::drift::is_mutable;
use crate::image::ImageReference;
use crate::operation::Operation;

pub(super) fn lines(case: &Case<'_>) -> Vec<Line> {
    let Some((workload, at)) = case.workload() else { return Vec::new() };
    match case.operation {
        Operation::Restart | Operation::RestartPod { .. } => {}
        Operation::Scale { .. } if case.more_pods(workload) > 0 => {}
        // An autoscaler makes pods with and without it, and of a rollback its own rule speaks.
        Operation::Scale { .. } | Operation::ScaleRange { .. } | Operation::RollBack { .. } => return Vec::new(),
    }
    let line = |level, text: String| case.line(Rule::Tag, level, text, case.kind(), Some(at));
    let moving: Vec<&Container> = workload.containers.iter().filter(|container| moves(&container.image)).collect();
    if moving.is_empty() {
        return vec![line(Level::Green, "its images are named by version or digest".to_owned())];
    }
    let lines = moving.into_iter().map(|container| {
        let image = short(&container.image);
        line(Level::Amber, format!("{image} may pull another image than the one that runs"))
    });
    lines.collect()
}

/// Whether an image may be another one tomorrow.
pub(super) fn moves(image: &str) -> bool {
    let image = ImageReference::parse(image);
    image.digest.is_empty() && is_mutable(image.tag)
}

/// `fleet-app:latest` of `registry.test/fleet-app:latest`.
pub(super) fn short(image: &str) -> String {
    let ImageReference { repository, tag, .. } = ImageReference::parse(image);
    let name = repository.rsplit('/').next().unwrap_or(repository);
    shown(&format!("{name}:{tag}")).into_owned()
}
