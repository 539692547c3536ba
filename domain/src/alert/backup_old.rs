//! A backup is missing, or older than it should be.

use super::{QUIET, Rule, RuleId, Seen, Severity, Sight, Symptom};
use crate::view::FindingKind;

pub(super) static RULE: Rule = Rule {
    id: RuleId::BackupOld,
    words: "Backup old",
    explained: "A backup failed, is missing, or is older than it should be.",
    severity: Severity::Warning,
    for_seconds: 15 * 60,
    quiet_seconds: QUIET,
    threshold: None,
    see,
};

fn see(sight: &Sight<'_>, _: u32) -> Option<Seen> {
    if !sight.is_live {
        return None;
    }
    let mut symptoms: Vec<Symptom> = Vec::new();
    for finding in sight.findings.iter().filter(|finding| finding.kind == FindingKind::Backup) {
        // The titles tell ages, and one alert must not become another every hour.
        let about = finding.component.as_ref().map_or_else(|| "".into(), |component| component.name.shared());
        match symptoms.iter_mut().find(|known| known.about == about) {
            Some(known) => known.evidence = format!("{} {}. {}", known.evidence, finding.title, finding.evidence),
            None => symptoms.push(Symptom {
                about,
                title: finding.title.to_string(),
                evidence: finding.evidence.to_string(),
                since: Some(finding.since).filter(|since| *since > 0),
                component: finding.component.clone(),
            }),
        }
    }
    Some(Seen { symptoms, hidden: sight.hidden_backups.clone() })
}
