//! Whether all pods of what is declared are ready: by what each component was found to be, never by the phase alone.

use super::Verdict;
use crate::freshness::Freshness;
use crate::view::{Cell, State};

/// How many components are named.
const MOST_NAMED: usize = 3;

/// Judges the components of an environment, as they are held now.
pub fn judge(freshness: Freshness, cells: &[Cell]) -> Verdict {
    if !freshness.is_live() {
        return Verdict::unknown("Not known: nothing current comes from the cluster.");
    }
    if cells.iter().any(|cell| cell.status.state == State::Unknown) {
        let names = named(cells, |cell| cell.status.state == State::Unknown);
        return match broken(cells) {
            Some(verdict) => verdict,
            None => Verdict::unknown(format!("Not known of {names}.")),
        };
    }
    if let Some(verdict) = broken(cells) {
        return verdict;
    }
    let ready: u32 = cells.iter().map(|cell| cell.wanted.map_or(0, |wanted| cell.ready.min(wanted))).sum();
    let wanted: u32 = cells.iter().filter_map(|cell| cell.wanted).sum();
    if ready < wanted {
        let lacking = named(cells, |cell| cell.wanted.is_some_and(|wanted| cell.ready < wanted));
        return Verdict::warning(format!("{ready} of {wanted} pods are ready: {lacking}."));
    }
    Verdict::ok(match wanted {
        0 => "No pods are wanted: everything is switched off.".to_owned(),
        1 => "The one pod is ready.".to_owned(),
        wanted => format!("All {wanted} pods are ready."),
    })
}

fn broken(cells: &[Cell]) -> Option<Verdict> {
    let failed = named(cells, |cell| cell.status.state == State::Failed);
    let degraded = named(cells, |cell| cell.status.state == State::Degraded);
    if !failed.is_empty() {
        return Some(Verdict::failed(format!("Not all pods are ready: {failed}.")));
    }
    (!degraded.is_empty()).then(|| Verdict::warning(format!("Not all pods are ready: {degraded}.")))
}

/// `fleet-api (Crash loop, 1 of 3), fleet-app (Rolling, 2 of 3) and 2 more`.
fn named(cells: &[Cell], is_one: impl Fn(&Cell) -> bool) -> String {
    let found: Vec<&Cell> = cells.iter().filter(|cell| is_one(cell)).collect();
    let words = found.iter().take(MOST_NAMED).map(|cell| {
        let count = cell.wanted.map_or_else(String::new, |wanted| format!(", {} of {wanted} ready", cell.ready));
        format!("{} ({}{count})", cell.id.name, cell.status.word)
    });
    let words = words.collect::<Vec<_>>().join(", ");
    match found.len().saturating_sub(MOST_NAMED) {
        0 => words,
        more => format!("{words} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Outcome;
    use crate::registry::Role;
    use crate::view::Status;

    fn cell(name: &str, state: State, word: &str, ready: u32, wanted: Option<u32>) -> Cell {
        Cell {
            id: format!("fleet/staging/deployment/{name}").parse().unwrap(),
            role: Role::Api,
            status: Status::new(state, word, ""),
            ready,
            wanted,
            range: None,
            tag: "".into(),
            digest: "".into(),
            next: None,
            restarts: Some(0),
            changed: 0,
            chips: Vec::new(),
        }
    }

    #[test]
    fn pods_are_ready_when_every_component_is() {
        let live = Freshness::Live(0);
        let ready = |name| cell(name, State::Ready, "Ready", 2, Some(2));
        let crash = |name| cell(name, State::Failed, "Crash loop", 0, Some(1));
        let few = cell("web", State::Degraded, "Few ready", 1, Some(3));
        let rolling = cell("web", State::Progressing, "Rolling", 2, Some(3));
        let unknown = cell("db", State::Unknown, "Unknown", 0, None);
        let off = cell("job", State::Off, "Off", 0, Some(0));
        for (freshness, cells, outcome, sentence) in [
            (live, vec![ready("a"), ready("b"), off.clone()], Outcome::Ok, "All 4 pods are ready."),
            (live, vec![cell("a", State::Ready, "Ready", 1, Some(1))], Outcome::Ok, "The one pod is ready."),
            (live, vec![off.clone()], Outcome::Ok, "No pods are wanted: everything is switched off."),
            (
                live,
                vec![ready("a"), crash("api"), few.clone()],
                Outcome::Failed,
                "Not all pods are ready: api (Crash loop, 0 of 1 ready).",
            ),
            (
                live,
                vec![crash("a"), crash("b"), crash("c"), crash("d"), crash("e")],
                Outcome::Failed,
                "Not all pods are ready: a (Crash loop, 0 of 1 ready), b (Crash loop, 0 of 1 ready), c (Crash loop, 0 of 1 \
                 ready) and 2 more.",
            ),
            (
                live,
                vec![ready("a"), few.clone()],
                Outcome::Warning,
                "Not all pods are ready: web (Few ready, 1 of 3 ready).",
            ),
            (
                live,
                vec![ready("a"), rolling.clone()],
                Outcome::Warning,
                "4 of 5 pods are ready: web (Rolling, 2 of 3 ready).",
            ),
            // One more than wanted, while it rolls, takes nobody's place.
            (
                live,
                vec![cell("a", State::Progressing, "Rolling", 3, Some(2)), rolling],
                Outcome::Warning,
                "4 of 5 pods are ready: web (Rolling, 2 of 3 ready).",
            ),
            (
                live,
                vec![cell("a", State::Ready, "Ready", 3, Some(2)), cell("b", State::Ready, "Ready", 1, Some(2))],
                Outcome::Warning,
                "3 of 4 pods are ready: b (Ready, 1 of 2 ready).",
            ),
            (live, vec![cell("a", State::Progressing, "Rolling", 3, Some(2))], Outcome::Ok, "All 2 pods are ready."),
            (live, vec![ready("a"), unknown.clone()], Outcome::Unknown, "Not known of db (Unknown)."),
            // What is known to be broken is said, whatever else is not known.
            (live, vec![unknown, crash("a")], Outcome::Failed, "Not all pods are ready: a (Crash loop, 0 of 1 ready)."),
            (
                Freshness::Stale(0),
                vec![ready("a")],
                Outcome::Unknown,
                "Not known: nothing current comes from the cluster.",
            ),
            (Freshness::Never, vec![], Outcome::Unknown, "Not known: nothing current comes from the cluster."),
        ] {
            let verdict = judge(freshness, &cells);
            assert_eq!((verdict.outcome, &*verdict.sentence), (outcome, sentence));
        }
    }
}
