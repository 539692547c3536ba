//! What falls out of the history: each restart makes a revision, and pushes the oldest out.

use super::super::facts::{Known, Revision};
use super::super::{Case, Level, Line};
use super::Rule;
use super::digest::{Images, images, source};
use super::tag::moves;
use crate::operation::Operation;

/// So few restarts, this one counted, are worth a warning.
const FEW: u32 = 2;

pub(super) fn lines(case: &Case<'_>) -> Vec<Line> {
    let (Operation::Restart, Some((workload, _))) = (case.operation, case.workload()) else { return Vec::new() };
    let source = source(case);
    let (revisions, at) = match &case.facts.revisions {
        Known::Unread(why) => return case.unknown(Rule::History, "what falls out of the history is", why, source),
        Known::Read { value, at } => (value, *at),
    };
    let (level, text) = judge(revisions, workload.history_limit);
    vec![case.line(Rule::History, level, text, source, Some(at))]
}

fn judge(revisions: &[Revision], limit: u32) -> (Level, String) {
    let Some(current) = revisions.iter().find(|known| known.current) else {
        return (
            Level::Amber,
            "which revision is the current one is not known, so neither is what falls out".to_owned(),
        );
    };
    let earlier = || (1u32..).zip(revisions.iter().filter(|known| !known.current));
    // The restart that pushes out what stands so far back, this one being the first.
    let falls_with = |place: u32| limit.saturating_sub(place).saturating_add(1);
    let last_other = earlier().find(|(_, known)| is_other(known, current) == Some(true));
    match last_other {
        Some((place, known)) => match falls_with(place) {
            1 => {
                let text = format!(
                    "revision {}, the last with another image, falls out of the history with this restart",
                    known.number
                );
                (Level::Amber, text)
            }
            restarts if restarts <= FEW => {
                let text = format!(
                    "revision {}, the last with another image, falls out after {restarts} restarts, this one counted",
                    known.number
                );
                (Level::Amber, text)
            }
            restarts => {
                let text = format!(
                    "revision {}, the last with another image, stays for {} more restarts",
                    known.number,
                    restarts - 1
                );
                (Level::Green, text)
            }
        },
        None => match earlier().find(|(place, known)| falls_with(*place) == 1 && is_other(known, current).is_none()) {
            Some((_, known)) => {
                let text = format!(
                    "revision {} falls out of the history with this restart, and whether it ran another image is not known",
                    known.number
                );
                (Level::Amber, text)
            }
            None => (Level::Green, "no earlier revision is known to have another image".to_owned()),
        },
    }
}

/// Whether a revision ran another image than the current one; none: not known.
fn is_other(revision: &Revision, current: &Revision) -> Option<bool> {
    match images(revision, current) {
        Images::Same(_) => Some(false),
        Images::Other(..) | Images::OtherContainers => Some(true),
        // Two names of versions are two images; a tag that moves says nothing.
        Images::NotKnown => {
            let are_fixed = revision.images.iter().chain(&current.images).all(|(_, image)| !moves(image));
            are_fixed.then_some(revision.images != current.images)
        }
    }
}
