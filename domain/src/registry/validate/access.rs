//! What `access` must fulfil: that each line gives something that there is, once.

use super::{Problems, Seen};
use crate::access::{Grant, Scope, check_grant};
use crate::registry::Registry;

pub(super) fn check(registry: &Registry, problems: &mut Problems) {
    let mut lines = Seen::default();
    for (index, rule) in registry.access.iter().enumerate() {
        let path = format!("access[{index}]");
        let grant = Grant { role: rule.role, scope: rule.scope.clone() };
        if let Some(first) = lines.again(&(rule.group.clone(), grant.clone()), &path) {
            problems.add(&path, format!("the group has this role there by {first} already: write it once"));
        }
        if let Err(refusal) = check_grant(&grant) {
            problems.add(&format!("{path}.in"), refusal);
        }
        scope(registry, &rule.scope, &format!("{path}.in"), problems);
    }
}

/// A name with a slip in it would be about nothing, and nobody would see why.
pub(super) fn scope(registry: &Registry, scope: &Scope, path: &str, problems: &mut Problems) {
    let systems = || registry.systems.iter().map(|system| system.id.to_string());
    let environments =
        || registry.environments().map(|(system, environment)| system.environment_id(environment).to_string());
    match scope {
        Scope::Everywhere => {}
        Scope::System(id) if registry.systems.iter().any(|system| system.id == *id) => {}
        Scope::System(id) => {
            let known = systems().collect::<Vec<_>>().join(", ");
            problems.add(path, format!("no system '{id}' is declared: write one of {known}"));
        }
        Scope::Environment(id) if registry.environment(id).is_some() => {}
        Scope::Environment(id) => {
            let known = environments().collect::<Vec<_>>().join(", ");
            problems.add(path, format!("no environment '{id}' is declared: write one of {known}"));
        }
    }
}
