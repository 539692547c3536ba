//! Flux that does not apply, or was told to stop.

use std::sync::Arc;

use super::around::{Surroundings, condition, finding, listed, said, sentences};
use crate::facts::around::{AroundKind, FluxFacts, FluxKind};
use crate::view::{Finding, FindingKind, State};

/// Reasons that another object of Flux is to blame for. <https://fluxcd.io/flux/components/kustomize/kustomizations/#conditions>
const WAITS: [&str; 4] = ["DependencyNotReady", "ArtifactFailed", "SourceNotReady", "SourceNotFound"];

/// One for all that are suspended, and one of each that fails by itself.
pub(super) fn findings(place: Surroundings<'_>) -> Vec<Finding> {
    let seen = place.around.flux.iter().filter(|((kind, _), _)| place.sees(AroundKind::Flux(*kind)));
    let (suspended, active): (Vec<_>, Vec<_>) = seen.partition(|(_, facts)| facts.suspended);
    let failing: Vec<_> = active.into_iter().filter_map(|(key, facts)| failing(key, facts)).collect();
    // What waits for another one is that one's finding, where it is seen.
    let is_own = |failing: &Failing<'_>| !WAITS.contains(&failing.reason);
    let waiting = failing.iter().filter(|failing| !is_own(failing)).count();
    let any_own = failing.iter().any(is_own);
    let shown = failing.iter().filter(|failing| is_own(failing) || !any_own);
    let mut findings: Vec<Finding> = shown.map(|failing| failing.finding(if any_own { waiting } else { 0 })).collect();
    let names: Vec<String> = suspended.iter().map(|(key, _)| title(key)).collect();
    let title = match names.as_slice() {
        [] => return findings,
        [only] => format!("{only} is suspended"),
        many => format!("{} objects of Flux are suspended", many.len()),
    };
    let evidence = format!("{}: what changes in Git or in its chart is not applied here.", listed(&names));
    let advice = "Resume it when nobody works by hand any more: `flux resume` applies what has changed meanwhile.";
    findings.push(finding(State::Degraded, FindingKind::Delivery, title, evidence, advice));
    findings
}

struct Failing<'a> {
    key: &'a (FluxKind, Arc<str>),
    reason: &'a str,
    words: String,
    since: i64,
    is_stalled: bool,
}

fn failing<'a>(key: &'a (FluxKind, Arc<str>), facts: &'a FluxFacts) -> Option<Failing<'a>> {
    let stalled = condition(&facts.conditions, "Stalled", true);
    let told = stalled.or(condition(&facts.conditions, "Ready", false))?;
    let words = said(&told.reason, &told.message);
    Some(Failing { key, reason: &told.reason, words, since: told.since, is_stalled: stalled.is_some() })
}

impl Failing<'_> {
    fn finding(&self, waiting: usize) -> Finding {
        let name = title(self.key);
        let (state, words, advice) = if self.is_stalled {
            (State::Failed, "is stalled", "Mend what it says and push: until its spec changes it does not try again.")
        } else {
            (State::Degraded, "fails", "Mend what it says; it tries again by itself.")
        };
        let others = match waiting {
            0 => String::new(),
            1 => "One other object of Flux waits here.".to_owned(),
            more => format!("{more} other objects of Flux wait here."),
        };
        let evidence = sentences([self.words.clone(), "What runs stays as it was.".to_owned(), others]);
        let found = finding(state, FindingKind::Delivery, format!("{name} {words}"), evidence, advice);
        Finding { since: self.since, ..found }
    }
}

fn title((kind, name): &(FluxKind, Arc<str>)) -> String {
    let kind = match kind {
        FluxKind::GitRepository => "GitRepository",
        FluxKind::Kustomization => "Kustomization",
        FluxKind::HelmRelease => "HelmRelease",
    };
    format!("{kind} {name}")
}
