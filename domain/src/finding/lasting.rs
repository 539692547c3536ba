//! Since when something ends again and again: between two ends it is ready for a moment, and Kubernetes keeps only the last time.

use crate::component::Assessment;
use crate::health::Word;
use crate::view::FindingKind;

/// Seconds for which it may be well in between: the longest pause before a container is started again is 5 minutes.
/// <https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy>
const WELL_BETWEEN: i64 = 600;

/// A component that ended, and may end again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lasting {
    /// Since when, seconds since 1970.
    since: i64,
    /// When it was last seen so, seconds since 1970.
    seen: i64,
}

/// Gives the finding of a component that ends again and again the time since when it does so, and says what to remember until the
/// next judgement. `now` is seconds since 1970.
pub fn lasting(before: Option<Lasting>, assessment: &mut Assessment, now: i64) -> Option<Lasting> {
    let before = before.filter(|before| now.saturating_sub(before.seen) <= WELL_BETWEEN);
    let ends = Word::of(&assessment.cell.status).is_some_and(|word| match word {
        Word::CrashLoop | Word::InitCrashLoop | Word::Crashed | Word::OomKilled => true,
        Word::ImagePull
        | Word::ConfigError
        | Word::Unschedulable
        | Word::Pending
        | Word::Starting
        | Word::NotReady
        | Word::Terminating
        | Word::StuckTerminating
        | Word::Completed
        | Word::Evicted
        | Word::Failed
        | Word::NodeLost
        | Word::Unknown
        | Word::Off
        | Word::Rolling
        | Word::Scaling
        | Word::StuckRollout
        | Word::Paused
        | Word::HeldBack
        | Word::ReplicaFailure
        | Word::FewReady
        | Word::NoPods
        | Word::Missing
        | Word::Ready => false,
    });
    let finding = assessment.findings.iter_mut().find(|finding| finding.kind == FindingKind::Failure).filter(|_| ends);
    let Some(finding) = finding else { return before };
    let found = if finding.since > 0 { finding.since } else { now };
    let since = before.map_or(found, |before| before.since.min(found));
    finding.since = since;
    Some(Lasting { since, seen: now })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::fixture::{NOW, world};
    use crate::view::{State, Status};

    /// A component whose pods are like that, judged.
    fn judged(word: &str, state: State, turned: i64) -> Assessment {
        let mut world = world("fleet-api");
        let mut assessment = world.assess();
        assessment.cell.status = Status { state, word: word.into(), why: "".into() };
        world.workload();
        let mut finding = crate::finding::around::finding(
            state,
            FindingKind::Failure,
            "fleet-api crash loops".to_owned(),
            String::new(),
            "",
        );
        finding.since = turned;
        assessment.findings = if state > State::Progressing { vec![finding] } else { Vec::new() };
        assessment
    }

    #[test]
    fn what_ends_again_and_again_does_so_since_its_first_end() {
        let mut held = None;
        for (at, word, state, turned, expected) in [
            (0, "Crashed", State::Failed, -5, Some(-5)),
            (10, "Crash loop", State::Failed, -5, Some(-5)),
            // It ran for a moment, and Kubernetes forgot when it began.
            (300, "Ready", State::Ready, 0, None),
            (310, "Crash loop", State::Failed, 305, Some(-5)),
            (320, "Crash loop", State::Failed, 0, Some(-5)),
            // Another fault has its own time.
            (330, "Image pull", State::Failed, 325, Some(325)),
            (900, "Ready", State::Ready, 0, None),
            // It was well for longer than any pause.
            (921, "Crash loop", State::Failed, 921, Some(921)),
        ] {
            let mut assessment = judged(word, state, if turned == 0 { 0 } else { NOW + turned });
            held = lasting(held, &mut assessment, NOW + at);
            let since = assessment.findings.first().map(|finding| finding.since - NOW);
            assert_eq!(since, expected, "at {at}");
        }
    }
}
