use std::ops::Range;

use proptest::prelude::*;

use super::Arrival::{AfterGap, Again, New};
use super::*;

const SECOND: i64 = 1_000_000_000;

/// A step of a table: the stream is opened anew, or a line comes, with its time in tenths of a second, its content, and what it is.
enum Step {
    Reopened,
    Line(i64, u64, Arrival),
}
use Step::{Line, Reopened};

/// Goes through the steps, and says from which second on is asked at the end.
fn go(name: &str, steps: &[Step]) -> Option<i64> {
    let mut resume = Resume::default();
    for (index, step) in steps.iter().enumerate() {
        match *step {
            Reopened => resume.reopened(),
            Line(at, hash, expected) => {
                assert_eq!(resume.take(at * SECOND / 10, hash), expected, "{name}: step {index}");
            }
        }
    }
    resume.since()
}

#[test]
fn what_comes_again_is_told_from_what_is_new() {
    let cases: &[(&str, &[Step], Option<i64>)] = &[
        ("nothing had come", &[Reopened, Line(125, 1, New), Line(126, 2, New)], Some(11)),
        ("nothing had come, twice", &[Reopened, Reopened], None),
        ("the same lines and more", &[Line(125, 1, New), Reopened, Line(125, 1, Again), Line(126, 2, New)], Some(11)),
        (
            "two equal lines, one of them before the cut",
            &[Line(125, 1, New), Reopened, Line(125, 1, Again), Line(125, 1, New)],
            Some(11),
        ),
        (
            "two equal lines before the cut",
            &[
                Line(125, 1, New),
                Line(125, 1, New),
                Reopened,
                Line(125, 1, Again),
                Line(125, 1, Again),
                Line(126, 1, New),
            ],
            Some(11),
        ),
        (
            "several cuts in one second",
            &[
                Line(125, 1, New),
                Reopened,
                Line(125, 1, Again),
                Line(126, 2, New),
                Reopened,
                Line(125, 1, Again),
                Reopened,
                Line(125, 1, Again),
                Line(126, 2, Again),
                Line(127, 3, New),
            ],
            Some(11),
        ),
        (
            "rotated: the gap is said once",
            &[Line(125, 1, New), Line(126, 2, New), Reopened, Line(140, 3, AfterGap), Line(141, 4, New)],
            Some(13),
        ),
        (
            "rotated, and cut again before anything came",
            &[
                Line(125, 1, New),
                Reopened,
                Reopened,
                Line(126, 2, AfterGap),
                Reopened,
                Line(126, 2, Again),
                Line(127, 3, New),
            ],
            Some(11),
        ),
        (
            "rotated, but the last line that came is there",
            &[Line(125, 1, New), Line(126, 2, New), Reopened, Line(126, 2, Again), Line(127, 3, New)],
            Some(11),
        ),
        (
            "one that came is there, but not the last: it is another log than it was",
            &[Line(125, 1, New), Line(126, 2, New), Reopened, Line(125, 1, Again), Line(127, 3, AfterGap)],
            Some(11),
        ),
        (
            "the clock was set back: asked from the earlier time on, so that nothing is missed",
            &[Line(125, 1, New), Line(90, 2, New), Reopened, Line(125, 1, Again), Line(90, 2, Again), Line(91, 3, New)],
            Some(8),
        ),
        (
            "the clock was set back, and what is later does not come again",
            &[Line(125, 1, New), Line(90, 2, New), Reopened, Line(90, 2, Again), Line(126, 3, New)],
            Some(11),
        ),
        (
            "set back by less than a second while it was cut",
            &[Line(121, 1, New), Reopened, Line(121, 1, Again), Line(118, 2, New)],
            Some(10),
        ),
        (
            "what stands before the first line was not asked for",
            &[
                Line(125, 9, New),
                Reopened,
                Line(115, 7, Again),
                Line(125, 8, Again),
                Line(125, 9, Again),
                Line(120, 1, New),
            ],
            Some(11),
        ),
        (
            "all is forgotten but the last lines, and told by their order",
            &[
                Line(11, 1, New),
                Line(12, 2, New),
                Line(13, 3, New),
                Line(14, 4, New),
                Line(15, 5, New),
                Line(16, 6, New),
                Line(17, 7, New),
                Reopened,
                Line(11, 1, Again),
                Line(12, 2, Again),
                Line(13, 3, Again),
                Line(14, 4, Again),
                Line(17, 7, Again),
                Line(12, 8, New),
            ],
            Some(0),
        ),
        (
            "rotated after the clock was set back: what may be old is left out, and the gap said behind it",
            &[
                Line(125, 1, New),
                Line(90, 2, New),
                Reopened,
                Line(91, 3, Again),
                Line(126, 4, AfterGap),
                Line(92, 5, New),
            ],
            Some(8),
        ),
    ];
    for (name, steps, since) in cases {
        assert_eq!(go(name, steps), *since, "{name}");
    }
}

#[test]
fn it_asks_from_before_the_last_line() {
    for (at, since) in
        [(0, -1), (SECOND - 1, -1), (SECOND, 0), (-1, -2), (i64::MAX, 9_223_372_035), (i64::MIN, -9_223_372_038)]
    {
        let mut resume = Resume::default();
        resume.take(at, 0);
        assert_eq!(resume.since(), Some(since), "{at}");
    }
}

#[test]
fn it_remembers_no_more_than_it_may() {
    let mut resume = Resume::default();
    for at in 0..1_000 {
        resume.take(at, 0);
        resume.reopened();
        assert!(resume.came.len() <= REMEMBERED && resume.awaited.len() <= REMEMBERED);
    }
}

/// A log on its node: its lines with their times, and how many of them were rotated away.
struct Node {
    lines: Vec<(i64, u64)>,
    rotated: usize,
}

/// What happens to it and to who follows it.
#[derive(Debug, Clone)]
enum Event {
    /// Lines are written: how far the clock went on, how late the line is, and whether it is equal to the one before instead.
    Written(Vec<(i64, i64, bool)>),
    /// So many lines come.
    Came(usize),
    /// The stream is cut and opened anew.
    Cut,
    /// So many lines are rotated away.
    Rotated(usize),
}

/// What came: the place of each line in the log, and whether a gap was said before it.
struct Followed {
    node: Node,
    came: Vec<(usize, bool)>,
    /// The places of lines that their node did not give because of their time.
    unseen: Vec<usize>,
    /// The places before which a gap was said although the last line is in this stream.
    wrong_gaps: Vec<usize>,
}

/// The events of a log: how its clock goes, and whether it is rotated.
fn events(clock: Range<i64>, rotates: bool) -> impl Strategy<Value = Vec<Event>> {
    let line = (clock, prop_oneof![Just(0), 0..SECOND], prop::bool::weighted(0.2));
    let event = prop_oneof![
        4 => prop::collection::vec(line, 1..8).prop_map(Event::Written),
        4 => (1usize..8).prop_map(Event::Came),
        3 => Just(Event::Cut),
        (if rotates { 2 } else { 0 }) => (1usize..12).prop_map(Event::Rotated),
    ];
    prop::collection::vec(event, 0..40)
}

/// Follows a log from a place on; all that is left comes at the end.
fn follow(first: usize, mut events: Vec<Event>) -> Followed {
    events.push(Event::Came(usize::MAX));
    let mut resume = Resume::default();
    let node = Node { lines: Vec::new(), rotated: 0 };
    let mut log = Followed { node, came: Vec::new(), unseen: Vec::new(), wrong_gaps: Vec::new() };
    // The place of the next line of the stream, the second that was asked from, and whether the last line was there.
    let (mut place, mut since, mut was_there) = (first, i64::MIN, true);
    let mut clock = 100 * SECOND;
    for event in events {
        let Node { lines, rotated } = &mut log.node;
        match event {
            Event::Written(written) => {
                for (on, late, is_twin) in written {
                    clock += on;
                    let content = lines.len() as u64;
                    // There are no more of them than are remembered, and all of them are asked for and not rotated away.
                    let is_twin = is_twin && *rotated < lines.len() && lines.len() > first;
                    let twin = lines.last().copied().filter(|twin| is_twin && lines.iter().rev().nth(1) != Some(twin));
                    // No line before the first is of a later time.
                    let oldest = lines.iter().map(|(at, _)| *at).max().filter(|_| lines.len() == first);
                    lines.push(twin.unwrap_or((oldest.unwrap_or(clock - late), content)));
                }
            }
            Event::Rotated(count) => {
                *rotated = (*rotated + count).min(lines.len());
                // Twins stay together: nobody can tell them apart.
                while *rotated > 0 && *rotated < lines.len() && lines[*rotated] == lines[*rotated - 1] {
                    *rotated += 1;
                }
            }
            Event::Cut => {
                // Before anything came it is opened as at first, which is not what is tested.
                let Some(second) = resume.since() else {
                    place = place.max(*rotated);
                    continue;
                };
                resume.reopened();
                (place, since) = (*rotated, second);
                was_there = log.came.last().is_none_or(|(last, _)| *last >= *rotated);
            }
            Event::Came(count) => {
                for _ in 0..count {
                    let Some((at, hash)) = lines.get(place).copied() else { break };
                    if at.div_euclid(SECOND) < since {
                        log.unseen.extend(log.came.iter().all(|(came, _)| *came != place).then_some(place));
                    } else {
                        match resume.take(at, hash) {
                            Again => {}
                            arrival => {
                                let says_gap = arrival == AfterGap;
                                log.came.push((place, says_gap));
                                log.wrong_gaps.extend((says_gap && was_there).then_some(place));
                                was_there = true;
                            }
                        }
                    }
                    place += 1;
                }
            }
        }
    }
    log
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_log_that_is_cut_is_read_as_if_it_was_not(first in 0usize..6, events in events(0..SECOND / 2, false)) {
        let log = follow(first, events);
        let expected: Vec<(usize, bool)> = (first..log.node.lines.len()).map(|place| (place, false)).collect();
        prop_assert_eq!(log.came, expected);
    }

    #[test]
    fn whatever_is_missing_is_said(
        first in 0usize..6,
        events in prop_oneof![
            events(0..SECOND / 2, true),
            events(-SECOND / 4..SECOND / 2, true),
            events(-20 * SECOND..20 * SECOND, true),
            events(0..3, true),
        ],
    ) {
        let Followed { mut came, unseen, wrong_gaps, .. } = follow(first, events);
        // What a node did not give at first may come later, which looks like a gap.
        came.retain(|(place, _)| !unseen.contains(place));
        for pair in came.windows(2) {
            let [(before, _), (place, says_gap)] = pair else { continue };
            prop_assert!(before < place, "doubled or out of order: {came:?}");
            let is_missed = (before + 1..*place).any(|missed| !unseen.contains(&missed));
            prop_assert!(!is_missed || *says_gap, "missing before {place}: {came:?}");
        }
        prop_assert!(wrong_gaps.iter().all(|place| unseen.contains(place)), "{wrong_gaps:?}: {came:?}");
    }
}
