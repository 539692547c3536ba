//! A volume is nearly full.

use super::{QUIET, Rule, RuleId, Seen, Severity, Sight, Symptom, Threshold};
use crate::measured::LEAST_FREE_PERCENT;
use crate::text::plain;

pub(super) static RULE: Rule = Rule {
    id: RuleId::DiskFull,
    words: "Disk nearly full",
    explained: "A volume has less free than the bound asks for. Needs figures of Prometheus.",
    severity: Severity::Critical,
    for_seconds: 300,
    quiet_seconds: QUIET,
    threshold: Some(Threshold { default: LEAST_FREE_PERCENT, most: 100, unit: "percent" }),
    see,
};

fn see(sight: &Sight<'_>, threshold: u32) -> Option<Seen> {
    let volumes = sight.measured.volumes.as_ref()?;
    let full = volumes.iter().filter(|(_, free)| *free < f64::from(threshold));
    let symptoms = full.map(|(name, free)| {
        let shown = plain(name, 253);
        Symptom {
            about: name.clone(),
            title: format!("The volume {shown} is nearly full"),
            evidence: format!("{free:.1} % of it is free, less than {threshold} %."),
            since: None,
            component: None,
        }
    });
    Some(symptoms.collect::<Vec<_>>().into())
}
