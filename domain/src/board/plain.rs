//! The sentence of the board: every word of it stands here.

use super::Parts;
use crate::health::Word;
use crate::registry::Role;
use crate::sentence::is_needed;
use crate::view::{Cell, Finding, FindingKind, State};

/// What is to be said of an environment in a state, in a sentence or two.
pub(super) fn sentence(state: State, parts: &Parts<'_>, findings: &[Finding]) -> String {
    if parts.cells.is_empty() {
        return "Nothing is registered to run there.".to_owned();
    }
    let said = match state {
        State::Failed => failed(parts, findings),
        State::Degraded => degraded(parts, findings),
        State::Unknown => match parts.of(State::Unknown).next() {
            Some(cell) => format!("It cannot be seen how {} is.", part(cell.role)),
            None => "It cannot be seen how it is.".to_owned(),
        },
        State::Progressing => match parts.of(State::Progressing).next() {
            Some(cell) => changing(cell, parts),
            None => "Something is being put in place.".to_owned(),
        },
        State::Ready => "Everything works.".to_owned(),
        State::Off => "Nothing is meant to run there now.".to_owned(),
    };
    match (state, worth_a_word(state, findings)) {
        (State::Ready | State::Progressing | State::Off, Some(also)) => format!("{said} {also}"),
        (State::Ready | State::Progressing | State::Off | State::Failed | State::Degraded | State::Unknown, _) => said,
    }
}

/// `The database is not working: it stops again and again. The application itself still answers.`
fn failed(parts: &Parts<'_>, findings: &[Finding]) -> String {
    let mut down = parts.of(State::Failed);
    let Some(first) = down.next() else {
        return match is_checked(State::Failed, findings) {
            true => "It does not answer as it should, or something that it cannot do without does not.".to_owned(),
            false => "Something that it depends on has failed.".to_owned(),
        };
    };
    let mut said = format!("{} is not working: {}.", opening(part(first.role)), cause(first));
    match down.count() {
        0 => {}
        1 => said.push_str(" One more part is not working either."),
        more => said.push_str(&format!(" {} more parts are not working either.", number(more))),
    }
    let mut apps = parts.judged.iter().filter(|(_, cell)| cell.role == Role::App).peekable();
    if apps.peek().is_some() && apps.all(|(state, cell)| *state != State::Failed && cell.ready > 0) {
        said.push_str(" The application itself still answers.");
    }
    said
}

/// `One of its two helpers in the background is not working: it stops again and again. Users can go on, and its work waits.`
fn degraded(parts: &Parts<'_>, findings: &[Finding]) -> String {
    if let Some(cell) = parts.of(State::Progressing).find(|cell| cell.ready == 0 && is_needed(cell, parts.cells)) {
        return format!("{} is being started, and nobody can work until that is done.", opening(part(cell.role)));
    }
    let mut degraded = parts.of(State::Degraded);
    let Some(first) = degraded.next() else {
        if is_checked(State::Degraded, findings) {
            return "Something that it uses does not answer as it should. Some of it may not work, or be slow."
                .to_owned();
        }
        return "Everything works, and some of it is not set up as was agreed.".to_owned();
    };
    let mut said = if !is_needed(first, parts.cells) {
        let name = among_helpers(first, parts);
        match first.ready {
            0 => format!("{name} is not working: {}. Users can go on, and its work waits.", cause(first)),
            _ => format!("{name} has trouble: {}. Users can go on.", cause(first)),
        }
    } else {
        match (first.ready, first.wanted) {
            (0, _) => format!("{} may not work: {}.", opening(part(first.role)), cause(first)),
            (ready, Some(wanted)) if ready < wanted => {
                let copies = format!("{} of the {} copies of {}", count(ready), count(wanted), part(first.role));
                let work = if ready == 1 { "works" } else { "work" };
                let rest = wanted - ready;
                let do_not = if rest == 1 { "does not" } else { "do not" };
                format!("{} {work}, {} {do_not}: {}. Users can go on.", opening(&copies), count(rest), cause(first))
            }
            _ => format!("There is trouble with {}: {}. Users can go on.", part(first.role), cause(first)),
        }
    };
    match degraded.count() {
        0 => {}
        1 => said.push_str(" One more part needs attention."),
        more => said.push_str(&format!(" {} more parts need attention.", number(more))),
    }
    said
}

/// Whether a check makes it as bad as this.
fn is_checked(state: State, findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.kind == FindingKind::Check && finding.state == state)
}

/// `A new version of the application is being put in place. Users can go on.`
fn changing(cell: &Cell, parts: &Parts<'_>) -> String {
    let is_helper = !is_needed(cell, parts.cells);
    let name = if is_helper { among_helpers(cell, parts) } else { opening(part(cell.role)) };
    let what = match Word::of(&cell.status) {
        Some(Word::Rolling) if cell.next.is_some() => match is_helper {
            true => format!("{name} is being given a new version"),
            false => format!("A new version of {} is being put in place", part(cell.role)),
        },
        Some(Word::Rolling) => format!("{name} is being restarted"),
        Some(Word::Scaling) => format!("{name} is being given more or fewer copies"),
        Some(Word::Paused) => format!("A change to {} was stopped half-way on purpose", part(cell.role)),
        Some(Word::HeldBack) => format!("A change to {} is tried out on a part of it first", part(cell.role)),
        Some(
            Word::Ready
            | Word::Starting
            | Word::NotReady
            | Word::CrashLoop
            | Word::InitCrashLoop
            | Word::Crashed
            | Word::OomKilled
            | Word::ImagePull
            | Word::ConfigError
            | Word::Unschedulable
            | Word::Pending
            | Word::Terminating
            | Word::StuckTerminating
            | Word::Completed
            | Word::Evicted
            | Word::Failed
            | Word::NodeLost
            | Word::Unknown
            | Word::Off
            | Word::StuckRollout
            | Word::ReplicaFailure
            | Word::FewReady
            | Word::NoPods
            | Word::Missing,
        )
        | None => format!("{name} is being started"),
    };
    if parts.waits() {
        let all = if is_needed(cell, parts.cells) && cell.ready == 0 { "that" } else { "all" };
        return format!("{what}. Nobody can work until {all} is done.");
    }
    if is_helper { format!("{what}, and users do not notice.") } else { format!("{what}. Users can go on.") }
}

/// What else is worth a word where nothing is wrong with what runs.
fn worth_a_word(state: State, findings: &[Finding]) -> Option<&'static str> {
    // By which tag something was deployed is nobody's business here.
    let worth = |finding: &&Finding| finding.state > State::Ready && finding.kind != FindingKind::Tag;
    let worst = findings.iter().filter(worth);
    let worst = worst.min_by_key(|finding| (std::cmp::Reverse(finding.state), finding.kind))?;
    Some(match worst.kind {
        // Of what is on its way the sentence says it.
        FindingKind::Failure if state == State::Progressing => return None,
        FindingKind::Failure => "Something that it depends on needs attention.",
        FindingKind::Check => "Something that it uses does not answer as it should.",
        FindingKind::CheckWarning => "Somebody should look at what it uses: users do not notice anything.",
        FindingKind::Restarts => "Some of it had to be started again in the last hour.",
        FindingKind::Autoscaler => "It may become slow when many people use it at once.",
        FindingKind::Delivery => "New versions do not reach it at the moment.",
        FindingKind::Room => "It is running out of room.",
        FindingKind::Difference => "Some of it is not set up as was agreed.",
        FindingKind::OldConfig => "Its newest settings are not in use yet.",
        FindingKind::Backup => "Its newest backup is missing or older than it should be.",
        FindingKind::Expiry => "A certificate or a password of it has to be renewed soon.",
        FindingKind::Promise => "It is set up so that a change or a fault can interrupt it.",
        FindingKind::Tag => return None,
        FindingKind::Node => "One of the machines that it runs on needs attention.",
    })
}

/// What a component is to its users.
fn part(role: Role) -> &'static str {
    match role {
        Role::App => "the application",
        Role::Api => "the service behind the application",
        Role::Worker => "the helper in the background",
        Role::Database => "the database",
        Role::Cache => "the fast storage",
    }
}

/// `One of its two helpers`, `Its helper`: a worker among the workers that there are.
fn among_helpers(cell: &Cell, parts: &Parts<'_>) -> String {
    match parts.cells.iter().filter(|other| other.role == cell.role).count() {
        0 | 1 => "Its helper in the background".to_owned(),
        more => format!("One of its {} helpers in the background", number(more)),
    }
}

/// Why it does not work, as a clause about `it`.
fn cause(cell: &Cell) -> &'static str {
    match Word::of(&cell.status) {
        Some(Word::CrashLoop | Word::InitCrashLoop) => "it stops again and again",
        Some(Word::Crashed | Word::Failed) => "it stopped by itself",
        Some(Word::OomKilled) => "it needs more memory than it may use",
        Some(Word::ImagePull) => "its version cannot be fetched",
        Some(Word::ConfigError) => "its settings keep it from starting",
        Some(Word::Unschedulable) => "there is no room for it",
        Some(Word::NotReady) => "it runs and does not answer",
        Some(Word::Starting | Word::Pending) => "it takes too long to start",
        Some(Word::Terminating | Word::StuckTerminating) => "it does not stop when it should",
        Some(Word::Evicted) => "it was stopped because a machine ran out of room",
        Some(Word::NodeLost) => "the machine that it runs on does not answer",
        Some(Word::StuckRollout) => "a change to it has come to a standstill",
        Some(Word::ReplicaFailure) => "not enough of it may be started",
        Some(Word::NoPods) => "nothing of it runs",
        Some(Word::Missing) => "it is not there",
        Some(Word::Off | Word::Completed) => "it is switched off",
        Some(Word::Paused | Word::HeldBack) => "a change to it was stopped half-way",
        Some(Word::FewReady | Word::Ready | Word::Rolling | Word::Scaling) => "too little of it works",
        Some(Word::Unknown) | None => "why is not known",
    }
}

/// A number of copies.
fn count(copies: u32) -> String {
    number(usize::try_from(copies).unwrap_or(usize::MAX))
}

/// Small numbers as people say them.
fn number(count: usize) -> String {
    const WORDS: [&str; 13] =
        ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    WORDS.get(count).map_or_else(|| count.to_string(), |word| (*word).to_owned())
}

/// With a capital first letter.
fn opening(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
