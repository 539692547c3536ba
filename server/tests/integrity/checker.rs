//! Joins what the API server carried out, what the ledger says, and what people were told.

use std::collections::{BTreeMap, BTreeSet};

use domain::ledger::Outcome;

use crate::witness::Effect;

/// What somebody was told by an answer or a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Led to the page of the operation.
    Taken,
    /// Nothing of theirs was done: why.
    NotDone(String),
    /// Somebody was quicker: led to the page of that operation.
    Quicker(String),
    /// No answer came, or one that says that it is not known.
    Nothing,
}

/// Everything that is known of a form that was pressed.
#[derive(Debug, Clone, Default)]
pub struct Case {
    /// `restart`, `scale to 3`.
    pub what: String,
    /// `deployments/w-01`.
    pub target: String,
    /// The answers to each press.
    pub answers: Vec<Told>,
    /// The words that its page said, in their order: `Running`, `Done`.
    pub words: Vec<String>,
    /// What the ledger holds of it, oldest first, with the time in microseconds since 1970.
    pub ledger: Vec<(Outcome, i64)>,
}

/// What was found. Goal: nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// Told as taken, without effect.
    pub lost: Vec<String>,
    /// More than one effect, or more than one entry of a kind.
    pub doubled: Vec<String>,
    /// An effect that nothing recorded before.
    pub phantom: Vec<String>,
    /// Told something else than what was so.
    pub misreported: Vec<String>,
}

impl Findings {
    pub fn counts(&self) -> [usize; 4] {
        [self.lost.len(), self.doubled.len(), self.phantom.len(), self.misreported.len()]
    }

    /// Each with its story.
    pub fn lines(&self) -> String {
        let named = [
            ("lost", &self.lost),
            ("doubled", &self.doubled),
            ("phantom", &self.phantom),
            ("misreported", &self.misreported),
        ];
        let lines = named.iter().flat_map(|(name, all)| all.iter().map(move |text| format!("{name}: {text}\n")));
        lines.collect()
    }
}

/// The words of ends, with what the ledger has for them.
const ENDS: [(&str, Outcome); 3] =
    [("Done", Outcome::Done), ("Failed", Outcome::Failed), ("Not done", Outcome::Refused)];
/// The words of what the API server took.
const TAKEN: [&str; 4] = ["Accepted", "Running", "Done", "Failed"];

/// Looks for what must not be. `seen`: the ids that objects bore, with their targets.
pub fn check(cases: &BTreeMap<String, Case>, effects: &[Effect], seen: &BTreeMap<String, String>) -> Findings {
    let mut findings = Findings::default();
    let mut by_id: BTreeMap<&str, Vec<&Effect>> = BTreeMap::new();
    for effect in effects {
        match &effect.id {
            Some(id) => by_id.entry(id).or_default().push(effect),
            None => findings.phantom.push(format!("a write without an operation: {effect:?}")),
        }
    }
    let ids: BTreeSet<&str> =
        cases.keys().map(String::as_str).chain(by_id.keys().copied()).chain(seen.keys().map(String::as_str)).collect();
    for id in ids {
        let none = Case::default();
        let case = cases.get(id).unwrap_or(&none);
        let own = by_id.get(id).map_or(&[][..], Vec::as_slice);
        let story = || {
            let Case { what, target, answers, words, ledger } = case;
            let borne = seen.contains_key(id);
            format!(
                "{id}, {what} of {target}: {answers:?}; {words:?}; ledger {ledger:?}; effects {own:?}; borne {borne}"
            )
        };
        one(id, case, own, seen.get(id), &mut findings, &story);
    }
    findings
}

fn one(
    id: &str,
    case: &Case,
    effects: &[&Effect],
    seen: Option<&String>,
    findings: &mut Findings,
    story: &dyn Fn() -> String,
) {
    let happened = !effects.is_empty() || seen.is_some();
    if effects.len() > 1 {
        findings.doubled.push(story());
    }
    let begun: Vec<i64> =
        case.ledger.iter().filter(|(outcome, _)| *outcome == Outcome::Begun).map(|(_, at)| *at).collect();
    // What the guard refuses is recorded too, before a beginning.
    let since = case.ledger.iter().skip_while(|(outcome, _)| *outcome != Outcome::Begun).skip(1);
    let (unknown, ends): (Vec<_>, Vec<_>) = since.map(|(outcome, _)| *outcome).partition(|it| *it == Outcome::Unknown);
    if begun.len() > 1 || ends.len() > 1 || unknown.len() > 1 {
        findings.doubled.push(format!("entries of the ledger: {}", story()));
    }
    let recorded_before = |at: i64| begun.first().is_some_and(|begun| *begun <= at);
    if effects.iter().any(|effect| !recorded_before(effect.at)) || happened && begun.is_empty() {
        findings.phantom.push(story());
    }
    let elsewhere = effects.iter().map(|effect| &effect.target).chain(seen).any(|target| *target != case.target);
    if elsewhere && !begun.is_empty() {
        findings.phantom.push(format!("on another target: {}", story()));
    }
    if !happened && case.words.iter().any(|word| TAKEN.contains(&word.as_str())) {
        findings.lost.push(story());
    }
    // Of several presses of one form, one that came to nothing says nothing about the others.
    let all_refused = case.answers.iter().all(|told| matches!(told, Told::NotDone(_) | Told::Quicker(_)));
    let mut wrong = Vec::new();
    if happened && all_refused && !case.answers.is_empty() {
        wrong.push("every answer said that it was not done");
    }
    let told = case.words.last().map(String::as_str);
    let told_end = ENDS.iter().find(|(word, _)| Some(*word) == told).map(|(_, outcome)| *outcome);
    match (told_end, begun.is_empty()) {
        (Some(outcome), false) if ends != [outcome] => wrong.push("the ledger says something else than the page"),
        (Some(_), true) => wrong.push("an end of what was never begun"),
        (None, false) => wrong.push("it never came to an end"),
        _ => {}
    }
    if told == Some("Not done") && happened {
        wrong.push("told as not done, and it was");
    }
    let is_end = |word: &String| ENDS.iter().any(|(end, _)| word == end);
    if case.words.iter().rev().skip(1).any(is_end) {
        wrong.push("an end that was not the end");
    }
    if case.answers.contains(&Told::Taken) && begun.is_empty() {
        wrong.push("led to a page of what was never recorded");
    }
    if case.answers.iter().any(|told| matches!(told, Told::Quicker(winner) if winner == id)) {
        wrong.push("quicker than oneself");
    }
    findings.misreported.extend(wrong.into_iter().map(|why| format!("{why}: {}", story())));
}

#[cfg(test)]
mod tests {
    use Outcome::{Begun, Done, Refused, Unknown};

    use super::*;

    fn effect(at: i64) -> Effect {
        Effect { id: Some("a".into()), at, target: "deployments/w".into() }
    }

    #[test]
    fn what_must_not_be_is_found_and_nothing_else() {
        let refused = || Told::NotDone("no".into());
        for (name, answers, words, ledger, effects, seen, expected) in [
            ("fine", vec![Told::Taken], vec!["Running", "Done"], vec![(Begun, 1), (Done, 9)], vec![2], true, [0; 4]),
            ("unanswered", vec![Told::Nothing], vec!["absent"], vec![], vec![], false, [0; 4]),
            ("refused", vec![refused()], vec!["absent"], vec![(Refused, 1)], vec![], false, [0; 4]),
            (
                "refused, then done",
                vec![refused(), Told::Taken],
                vec!["Done"],
                vec![(Refused, 1), (Begun, 2), (Done, 3)],
                vec![2],
                true,
                [0; 4],
            ),
            (
                "settled",
                vec![Told::Taken],
                vec!["Unknown", "Not done"],
                vec![(Begun, 1), (Unknown, 3), (Refused, 9)],
                vec![],
                false,
                [0; 4],
            ),
            (
                "killed before it wrote its audit line",
                vec![Told::Taken],
                vec!["Done"],
                vec![(Begun, 1), (Done, 9)],
                vec![],
                true,
                [0; 4],
            ),
            ("lost", vec![Told::Taken], vec!["Done"], vec![(Begun, 1), (Done, 9)], vec![], false, [1, 0, 0, 0]),
            ("doubled", vec![Told::Taken], vec!["Done"], vec![(Begun, 1), (Done, 9)], vec![2, 3], true, [0, 1, 0, 0]),
            (
                "end doubled",
                vec![Told::Taken],
                vec!["Done"],
                vec![(Begun, 1), (Done, 8), (Done, 9)],
                vec![2],
                true,
                [0, 1, 0, 1],
            ),
            ("not recorded", vec![Told::Nothing], vec!["absent"], vec![], vec![2], true, [0, 0, 1, 0]),
            (
                "recorded afterwards",
                vec![Told::Taken],
                vec!["Done"],
                vec![(Begun, 3), (Done, 9)],
                vec![2],
                true,
                [0, 0, 1, 0],
            ),
            (
                "told not done",
                vec![Told::Taken],
                vec!["Not done"],
                vec![(Begun, 1), (Refused, 9)],
                vec![2],
                true,
                [0, 0, 0, 1],
            ),
            (
                "answered not done",
                vec![refused()],
                vec!["Done"],
                vec![(Begun, 1), (Done, 9)],
                vec![2],
                true,
                [0, 0, 0, 1],
            ),
            (
                "never settled",
                vec![Told::Taken],
                vec!["Unknown"],
                vec![(Begun, 1), (Unknown, 3)],
                vec![],
                false,
                [0, 0, 0, 1],
            ),
            (
                "page against ledger",
                vec![Told::Taken],
                vec!["Done"],
                vec![(Begun, 1), (Refused, 9)],
                vec![2],
                true,
                [0, 0, 0, 1],
            ),
            (
                "two ends",
                vec![Told::Taken],
                vec!["Not done", "Running", "Done"],
                vec![(Begun, 1), (Done, 9)],
                vec![2],
                true,
                [0, 0, 0, 1],
            ),
            ("never recorded", vec![Told::Taken], vec!["absent"], vec![], vec![], false, [0, 0, 0, 1]),
        ] {
            let words = words.into_iter().map(str::to_owned).collect();
            let case = Case { what: "restart".into(), target: "deployments/w".into(), answers, words, ledger };
            let effects: Vec<_> = effects.into_iter().map(effect).collect();
            let seen =
                if seen { BTreeMap::from([("a".to_owned(), "deployments/w".to_owned())]) } else { BTreeMap::new() };
            let found = check(&BTreeMap::from([("a".to_owned(), case)]), &effects, &seen);
            assert_eq!(found.counts(), expected, "{name}: {found:?}");
        }
    }

    #[test]
    fn a_write_without_an_operation_is_a_phantom() {
        let nobody = Effect { id: None, ..effect(1) };
        assert_eq!(check(&BTreeMap::new(), &[nobody], &BTreeMap::new()).counts(), [0, 0, 1, 0]);
    }
}
