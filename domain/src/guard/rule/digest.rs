//! What a rollback changes.

use std::sync::Arc;

use super::super::facts::{Known, Revision};
use super::super::{Case, Level, Line};
use super::tag::{moves, short};
use super::{Rule, count};
use crate::image::{ImageReference, short_digest};
use crate::name::WorkloadKind;
use crate::operation::Operation;

pub(super) fn lines(case: &Case<'_>) -> Vec<Line> {
    let Operation::RollBack { revision } = case.operation else { return Vec::new() };
    let source = source(case);
    let (revisions, at) = match &case.facts.revisions {
        Known::Unread(why) => return case.unknown(Rule::Digest, "what the rollback changes is", why, source),
        Known::Read { value, at } => (value, *at),
    };
    // That it is gone stands in the order.
    let Some(chosen) = revisions.iter().find(|known| known.number == *revision) else { return Vec::new() };
    let line = |level, text: String| case.line(Rule::Digest, level, text, source, Some(at));
    if chosen.current {
        return vec![line(Level::Red, format!("revision {revision} is what is wanted now"))];
    }
    if chosen.diff.is_empty() {
        let text = format!(
            "nothing differs between revision {revision} and what is wanted now: this rollback changes nothing"
        );
        return vec![line(Level::Red, text)];
    }
    let current = revisions.iter().find(|known| known.current);
    let mut lines = Vec::new();
    match current.map_or(Images::NotKnown, |current| images(chosen, current)) {
        Images::Same(digest) => {
            let others = chosen.diff.iter().filter(|diff| !diff.field.ends_with(".image")).count();
            let rest = match u32::try_from(others).unwrap_or(u32::MAX) {
                0 => "only the tag differs".to_owned(),
                others => format!("{} differ", count(others, "other field")),
            };
            let digest = short_digest(&digest).to_owned();
            lines.push(line(
                Level::Amber,
                format!("same digest {digest}: this rollback changes nothing of the image; {rest}"),
            ));
        }
        Images::Other(now, then) => {
            let text = format!("the digest goes from {} back to {}", short_digest(&now), short_digest(&then));
            lines.push(line(Level::Green, text));
        }
        Images::OtherContainers => {
            let images: Vec<String> = chosen.images.iter().map(|(_, image)| short(image)).collect();
            lines.push(line(Level::Green, format!("the containers are others than now: {}", images.join(", "))));
        }
        Images::NotKnown => {
            let text = format!("which images revision {revision} really ran is not known, so neither is what changes");
            lines.push(line(Level::Unknown, text));
        }
    }
    for (_, image) in chosen.images.iter().filter(|(_, image)| moves(image)) {
        let text = format!("{} may pull something else than what ran then", short(image));
        lines.push(line(Level::Amber, text));
    }
    lines
}

/// Where revisions are kept.
pub(super) fn source(case: &Case<'_>) -> &'static str {
    match case.target.kind() {
        WorkloadKind::Deployment => "ReplicaSets",
        WorkloadKind::StatefulSet | WorkloadKind::DaemonSet => "ControllerRevisions",
    }
}

/// The images of two revisions, compared.
pub(super) enum Images {
    /// All the same; the digest of the first container.
    Same(Arc<str>),
    /// One at least is another: its digest now and then.
    Other(Arc<str>, Arc<str>),
    /// The containers are not the same ones.
    OtherContainers,
    /// One at least is not known, and no other differs.
    NotKnown,
}

/// Compares by digest: a tag says nothing.
pub(super) fn images(then: &Revision, now: &Revision) -> Images {
    let is_there = |(name, _): &(Arc<str>, Arc<str>)| find(&now.images, name).is_some();
    if then.images.len() != now.images.len() || !then.images.iter().all(is_there) {
        return Images::OtherContainers;
    }
    let mut same = None;
    let mut is_known = true;
    for (container, _) in &then.images {
        match (digest(then, container), digest(now, container)) {
            (Some(then), Some(now)) if then == now => same = same.or(Some(then)),
            (Some(then), Some(now)) => return Images::Other(now, then),
            (None, _) | (_, None) => is_known = false,
        }
    }
    same.filter(|_| is_known).map_or(Images::NotKnown, Images::Same)
}

fn find<'a>(texts: &'a [(Arc<str>, Arc<str>)], name: &str) -> Option<&'a Arc<str>> {
    texts.iter().find(|(known, _)| **known == *name).map(|(_, text)| text)
}

/// The digest that ran, or the one that the image is pinned to.
fn digest(revision: &Revision, container: &str) -> Option<Arc<str>> {
    let ran = find(&revision.digests, container).filter(|digest| !digest.is_empty()).cloned();
    let pinned = || Some(ImageReference::parse(find(&revision.images, container)?).digest);
    ran.or_else(|| pinned().filter(|digest| !digest.is_empty()).map(Arc::from))
}
