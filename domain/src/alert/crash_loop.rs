//! A component starts and ends again and again.

use std::sync::Arc;

use super::{Rule, RuleId, Seen, Severity, Sight, Symptom};
use crate::health::Word;
use crate::view::{Cell, State};

pub(super) static RULE: Rule = Rule {
    id: RuleId::CrashLoop,
    words: "Crash loop",
    explained: "Containers of a component end again and again.",
    severity: Severity::Critical,
    for_seconds: 60,
    // Kubernetes forgets how often a container ended when it has run for ten minutes.
    // https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
    quiet_seconds: 600,
    threshold: None,
    see,
};

fn see(sight: &Sight<'_>, _: u32) -> Option<Seen> {
    if !sight.is_live {
        return None;
    }
    let looping = sight
        .cells
        .iter()
        .filter(|cell| matches!(Word::of(&cell.status), Some(Word::CrashLoop | Word::InitCrashLoop | Word::OomKilled)));
    let symptoms = looping.map(|cell| {
        let name = &cell.id.name;
        let title = if Word::of(&cell.status) == Some(Word::OomKilled) {
            format!("{name} runs out of memory")
        } else {
            format!("{name} crash loops")
        };
        Symptom {
            about: about(cell),
            title,
            evidence: cell.status.why.to_string(),
            since: None,
            component: Some(cell.id.clone()),
        }
    });
    let unknown = sight.cells.iter().filter(|cell| cell.status.state == State::Unknown);
    Some(Seen { symptoms: symptoms.collect(), hidden: unknown.map(|cell| about(cell)).collect() })
}

fn about(cell: &Cell) -> Arc<str> {
    format!("{}/{}", cell.id.kind.as_str(), cell.id.name).into()
}
