//! What could not be read, said once for all that it is about.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::log::view::LogSource;
use domain::name::EnvironmentId;

/// How many are named of those that something is about.
const NAMED: usize = 2;

/// That something could not be read, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// Where.
    pub environment: EnvironmentId,
    /// Why, without full stop.
    pub why: Arc<str>,
    /// Which one it is about, `pod/container`; none where it is about the environment.
    pub whose: Option<String>,
}

impl Note {
    /// About a container.
    pub fn about(source: &LogSource, why: Arc<str>) -> Self {
        let whose = Some(format!("{}/{}", source.pod, source.container));
        Self { environment: source.environment.clone(), why, whose }
    }

    /// About an environment.
    pub fn of(environment: &EnvironmentId, why: &str) -> Self {
        Self { environment: environment.clone(), why: why.trim_end_matches('.').into(), whose: None }
    }
}

/// Notes as sentences: each reason once, with how many it is about.
pub fn sentences(notes: Vec<Note>) -> Vec<Arc<str>> {
    let mut grouped: BTreeMap<(EnvironmentId, Arc<str>), Vec<String>> = BTreeMap::new();
    for Note { environment, why, whose } in notes {
        grouped.entry((environment, why)).or_default().extend(whose);
    }
    let sentence = |((environment, why), mut whose): ((EnvironmentId, Arc<str>), Vec<String>)| -> Arc<str> {
        whose.sort();
        whose.dedup();
        match whose.len() {
            0 => format!("{environment}: {why}.").into(),
            count if count <= NAMED => format!("{environment}, {}: {why}.", whose.join(" and ")).into(),
            count => {
                let named = whose.get(..NAMED).unwrap_or_default().join(", ");
                format!("{environment}, {count} containers ({named} and {} more): {why}.", count - NAMED).into()
            }
        }
    };
    grouped.into_iter().map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_said_once() {
        let environment: EnvironmentId = "shop/staging".parse().unwrap();
        let note = |whose: &str, why: &str| Note {
            environment: environment.clone(),
            why: why.into(),
            whose: (!whose.is_empty()).then(|| whose.to_owned()),
        };
        let notes = vec![
            note("c/app", "it is gone"),
            note("", "there is no workload x"),
            note("a/app", "it is gone"),
            note("b/app", "it is gone"),
            note("a/app", "late"),
            note("b/app", "late"),
        ];
        assert_eq!(
            sentences(notes),
            [
                "shop/staging, 3 containers (a/app, b/app and 1 more): it is gone.".into(),
                "shop/staging, a/app and b/app: late.".into(),
                Arc::<str>::from("shop/staging: there is no workload x."),
            ]
        );
    }
}
