//! Whether there is something where a role is to hold.

use domain::access::Scope;
use domain::registry::Registry;

use super::nearest::nearest;

/// The most names that are told.
const MOST_TOLD: usize = 12;

/// A scope in which, by the registry, nothing lies.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the registry has no '{scope}', so the role would hold nowhere{meant}. It has: {known}")]
pub struct Unregistered {
    scope: String,
    meant: String,
    known: String,
}

/// Refuses a scope that names a system or an environment which is not registered, with those that it may have meant.
pub fn judge_scope(registry: &Registry, scope: &Scope) -> Result<(), Unregistered> {
    let text = scope.to_string();
    let systems: Vec<String> = registry.systems.iter().map(|system| system.id.to_string()).collect();
    let of = |system: &str| -> Vec<String> {
        let environments = registry.environments().filter(|(own, _)| own.id.as_str() == system);
        environments.map(|(own, environment)| own.environment_id(environment).to_string()).collect()
    };
    let candidates = match scope {
        Scope::Everywhere => return Ok(()),
        Scope::System(_) => systems,
        Scope::Environment(id) => {
            let own = of(id.system.as_str());
            // With a wrong system any environment may be meant.
            if own.is_empty() { systems.iter().flat_map(|system| of(system)).collect() } else { own }
        }
    };
    if candidates.contains(&text) {
        return Ok(());
    }
    let meant = nearest(&text, candidates.iter().map(String::as_str));
    let mut known = candidates.iter().take(MOST_TOLD).cloned().collect::<Vec<_>>().join(", ");
    if candidates.len() > MOST_TOLD {
        known.push_str(", …");
    }
    let meant = meant.map(|meant| format!(" (did you mean '{meant}'?)")).unwrap_or_default();
    Err(Unregistered { scope: text, meant, known })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_role_holds_where_something_is() {
        let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/demo.yaml");
        let registry = crate::registry::load(Path::new(demo)).unwrap();
        for (scope, expected) in [
            ("*", None),
            ("fleet-management", None),
            ("fleet-management/staging", None),
            ("fleet-managment", Some("did you mean 'fleet-management'?). It has: ")),
            ("fleet-management/stagin", Some("did you mean 'fleet-management/staging'?). It has: fleet-management/")),
            ("fleet-managment/staging", Some("did you mean 'fleet-management/staging'?")),
            ("zzzzzzzzzz", Some("the registry has no 'zzzzzzzzzz', so the role would hold nowhere. It has: ")),
        ] {
            let judged = judge_scope(&registry, &scope.parse().unwrap());
            match expected {
                None => assert_eq!(judged, Ok(()), "{scope}"),
                Some(part) => {
                    let text = judged.unwrap_err().to_string();
                    assert!(text.contains(part), "{scope}: {text}");
                }
            }
        }
    }
}
