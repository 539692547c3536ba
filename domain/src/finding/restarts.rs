//! Pods that are ready, and were started again more often than is well.

use crate::component::ComponentFacts;
use crate::component::clues::Restarted;
use crate::drift::ago;
use crate::view::{Cell, Chip, Finding, FindingKind, Look, State, Status};

/// Restarts within an hour from which on it is said.
const MANY: u32 = 3;

/// What stands behind the count in the chip and the sentence.
const LATELY: &str = " times in the last hour";

/// Restarts of all its pods within the last hour, where these are worth a word: what fails now says so itself.
fn many(facts: &ComponentFacts<'_>, seen: &Status) -> Option<Restarted> {
    match seen.state {
        State::Ready | State::Progressing => {}
        State::Off | State::Unknown | State::Degraded | State::Failed => return None,
    }
    let all = facts.clues.pods.iter().map(|pod| pod.restarted).filter(|restarted| restarted.times > 0);
    let sum = all.reduce(|sum, next| Restarted {
        times: sum.times.saturating_add(next.times),
        since: sum.since.min(next.since),
    })?;
    (sum.times >= MANY).then_some(sum)
}

/// `restarted 4 times in the last hour`, neutral: it is no difference from what was declared.
pub(super) fn chip(facts: &ComponentFacts<'_>, seen: &Status) -> Option<Chip> {
    let Restarted { times, .. } = many(facts, seen)?;
    Some(Chip { state: State::Off, text: format!("restarted {times}{LATELY}").into() })
}

/// What the cell says of that: both ends of it are in this file, as a cell carries the chip and not the number.
pub(crate) fn said_of(cell: &Cell) -> Option<&str> {
    let said = cell.chips.iter().map(|chip| &*chip.text);
    said.into_iter().find(|text| text.starts_with("restarted ") && text.ends_with(LATELY))
}

pub(super) fn finding(facts: &ComponentFacts<'_>, seen: &Status) -> Option<Finding> {
    let Restarted { times, since } = many(facts, seen)?;
    let name = &facts.id.name;
    let restarted = facts.clues.pods.iter().filter(|pod| pod.restarted.times > 0);
    let pods = restarted.clone().count();
    let of = match (pods, facts.pods.len()) {
        (1, 1) => "It is ready again.".to_owned(),
        (one, all) => format!("{one} of {all} pods did; what runs now is ready or on its way."),
    };
    let last = restarted.map(|pod| pod.row.restarted).max().filter(|last| *last > 0);
    let last = last.map(|last| format!(" The last one was {}.", ago(last, facts.now))).unwrap_or_default();
    Some(Finding {
        state: State::Degraded,
        kind: FindingKind::Restarts,
        title: format!("{name} restarted {times}{LATELY}").into(),
        evidence: format!("{of}{last}").into(),
        lines: Vec::new(),
        advice: "Read the previous log before it is gone: what ends now and then ends for good one day.".into(),
        component: Some(facts.id.clone()),
        since,
        look: Look::PreviousLog,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::fixture::{NOW, World, world};

    fn restarted(name: &str, times: &[u32]) -> World {
        let mut world = world(name);
        for (place, times) in times.iter().enumerate().filter(|(_, times)| **times > 0) {
            let since = NOW - 1_000 - 60 * place as i64;
            world.clues.restarted.insert(place, Restarted { times: *times, since });
            world.pods[place].restarted = NOW - 240;
        }
        world
    }

    #[test]
    fn three_restarts_within_an_hour_are_worth_a_remark() {
        for (name, times, title) in [
            ("fleet-api", &[0][..], None),
            ("fleet-api", &[2], None),
            ("fleet-api", &[4], Some("fleet-api restarted 4 times in the last hour")),
            ("fleet-app", &[1, 1, 1], Some("fleet-app restarted 3 times in the last hour")),
            ("fleet-app", &[1, 1, 0], None),
        ] {
            let assessment = restarted(name, times).assess();
            let found = assessment.findings.iter().find(|finding| finding.kind == FindingKind::Restarts);
            assert_eq!(found.map(|finding| &*finding.title), title, "{name} {times:?}");
            assert_eq!(said_of(&assessment.cell).is_some(), title.is_some());
            assert!(!assessment.cell.differs(), "restarts are no difference from what was declared");
            assert!(found.is_none_or(|finding| finding.is_remark() && finding.since > 0));
        }
        let found = restarted("fleet-app", &[3, 0, 2]).assess().findings.remove(0);
        assert_eq!(
            &*found.evidence,
            "2 of 3 pods did; what runs now is ready or on its way. The last one was 4 minutes ago."
        );
        assert_eq!(found.since, NOW - 1_120);
    }

    #[test]
    fn what_fails_now_says_so_itself() {
        let mut world = restarted("fleet-api", &[9]);
        world = world.broken("Crash loop", "Container main ends with exit code 1 soon after it starts.", 9);
        let assessment = world.assess();
        assert!(assessment.findings.iter().all(|finding| finding.kind != FindingKind::Restarts));
        assert_eq!(said_of(&assessment.cell), None);
    }
}
