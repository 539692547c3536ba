//! What a Prometheus has of an environment, where it is bad or not known.

use std::sync::Arc;

use crate::measured::{LEAST_FREE_PERCENT, MOST_ERROR_PERCENT, MOST_P95_MS, Measured};
use crate::view::{Finding, FindingKind, Look, State};

/// One for errors, one for slowness, one for all volumes, and one for what is not known.
pub fn measured(measured: &Measured) -> Vec<Finding> {
    let Measured { error_percent, p95_ms, volumes, trouble } = measured;
    let errors = error_percent.filter(|percent| *percent > f64::from(MOST_ERROR_PERCENT)).map(|percent| {
        finding(
            (State::Degraded, FindingKind::Failure, Look::Log),
            format!("{percent:.1} % of the answers are errors"),
            format!("Prometheus counts more than {MOST_ERROR_PERCENT} of a hundred."),
            "Look for errors in the logs, and at what changed last.",
        )
    });
    let slow = p95_ms.filter(|ms| *ms > f64::from(MOST_P95_MS)).map(|ms| {
        finding(
            (State::Degraded, FindingKind::Failure, Look::Component),
            format!("Answers are slow: 95 of a hundred take up to {:.1} s", ms / 1000.0),
            format!("By the figures of Prometheus; up to {} s is usual.", f64::from(MOST_P95_MS) / 1000.0),
            "Look at the CPU, at the database and its pool of connections, and at what changed last.",
        )
    });
    let unknown = trouble.as_ref().map(|trouble| {
        finding(
            (State::Unknown, FindingKind::Room, Look::Checks),
            "Figures of Prometheus are not known".to_owned(),
            trouble.to_string(),
            "Correct its address, its token or the queries in the registry, under checks.figures.",
        )
    });
    let full = volumes.as_deref().and_then(full);
    errors.into_iter().chain(slow).chain(full).chain(unknown).collect()
}

fn full(volumes: &[(Arc<str>, f64)]) -> Option<Finding> {
    let mut full: Vec<_> = volumes.iter().filter(|(_, free)| *free < f64::from(LEAST_FREE_PERCENT)).collect();
    full.sort_by(|(_, one), (_, other)| one.total_cmp(other));
    let title = match full.as_slice() {
        [] => return None,
        [(name, _)] => format!("The volume of claim {name} is nearly full"),
        more => format!("The volumes of {} claims are nearly full", more.len()),
    };
    let free: Vec<String> = full.iter().map(|(name, free)| format!("{name} has {free:.1} % free")).collect();
    Some(finding(
        (State::Degraded, FindingKind::Room, Look::Component),
        title,
        format!("{}.", free.join(", ")),
        "Delete what is not needed, or ask for more: kubectl edit pvc, where its storage class allows that.",
    ))
}

fn finding(
    (state, kind, look): (State, FindingKind, Look),
    title: String,
    evidence: String,
    advice: &'static str,
) -> Finding {
    Finding {
        state,
        kind,
        title: title.into(),
        evidence: evidence.into(),
        lines: Vec::new(),
        advice: advice.into(),
        component: None,
        since: 0,
        look,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_its_bound_is_told_and_what_is_at_it_is_not() {
        let volumes = |all: &[(&str, f64)]| Some(all.iter().map(|(name, free)| (Arc::from(*name), *free)).collect());
        let none = Measured::default;
        for (given, expected) in [
            (none(), vec![]),
            (
                Measured {
                    error_percent: Some(5.0),
                    p95_ms: Some(2_000.0),
                    volumes: volumes(&[("data", 15.0)]),
                    ..none()
                },
                vec![],
            ),
            (
                Measured { error_percent: Some(40.04), ..none() },
                vec![(
                    State::Degraded,
                    "40.0 % of the answers are errors",
                    "Prometheus counts more than 5 of a hundred.",
                )],
            ),
            (
                Measured { p95_ms: Some(2_410.0), ..none() },
                vec![(
                    State::Degraded,
                    "Answers are slow: 95 of a hundred take up to 2.4 s",
                    "By the figures of Prometheus; up to 2 s is usual.",
                )],
            ),
            (
                Measured { volumes: volumes(&[("data", 14.9), ("logs", 50.0)]), ..none() },
                vec![(State::Degraded, "The volume of claim data is nearly full", "data has 14.9 % free.")],
            ),
            (
                Measured { volumes: volumes(&[("data", 14.0), ("logs", 1.0)]), ..none() },
                vec![(
                    State::Degraded,
                    "The volumes of 2 claims are nearly full",
                    "logs has 1.0 % free, data has 14.0 % free.",
                )],
            ),
            (
                Measured { trouble: Some("Prometheus answers with HTTP 502.".into()), ..none() },
                vec![(State::Unknown, "Figures of Prometheus are not known", "Prometheus answers with HTTP 502.")],
            ),
        ] {
            let found = measured(&given);
            let found: Vec<_> = found.iter().map(|one| (one.state, &*one.title, &*one.evidence)).collect();
            assert_eq!(found, expected);
        }
    }
}
