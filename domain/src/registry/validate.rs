//! What a registry must fulfil beyond its form.

mod access;
mod alerts;
mod checks;
mod component;
mod demo_data;
mod environment;
mod masks;
mod policy;
#[cfg(test)]
mod tests;
mod text;

use std::collections::HashMap;
use std::fmt::Display;
use std::hash::Hash;

use super::{Connect, Registry};

/// Something wrong, and where: the path leads to the value in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// `systems[0].environments[2].cluster`.
    pub path: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// Everything that is wrong with a registry that reads well: empty when nothing is. In the order of the file.
///
/// A time zone is checked for its form only: whether the zone exists is known where the zones are, in the server. So is
/// whether the pattern of a mask can be read.
pub fn validate(registry: &Registry) -> Vec<Problem> {
    let mut problems = Problems::default();
    clusters(registry, &mut problems);
    if registry.systems.is_empty() {
        problems.add("systems", "no system is declared: write at least one, with its environments");
    }
    let mut systems = Seen::default();
    let mut namespaces = Seen::default();
    for (index, system) in registry.systems.iter().enumerate() {
        let path = format!("systems[{index}]");
        if let Some(first) = systems.again(&system.id, &format!("{path}.id")) {
            let message = format!("the system '{}' is declared at {first} already: write another id", system.id);
            problems.add(&format!("{path}.id"), message);
        }
        problems.unless_blank(&format!("{path}.name"), &system.name, "the name that people use, like Fleet Management");
        if system.environments.is_empty() {
            problems.add(&format!("{path}.environments"), "the system has no environment: write at least one");
        }
        let mut environments = Seen::default();
        let mut titles = Seen::default();
        for (index, environment) in system.environments.iter().enumerate() {
            let path = format!("{path}.environments[{index}]");
            if let Some(first) = environments.again(&environment.id, &format!("{path}.id")) {
                let message =
                    format!("the environment '{}' is declared at {first} already: write another id", environment.id);
                problems.add(&format!("{path}.id"), message);
            }
            let title = environment.title().trim().to_lowercase();
            let place = format!("{path}.{}", if environment.name.is_some() { "name" } else { "tier" });
            if let Some(first) = titles.again(&title, &place) {
                // Nobody could tell them apart on screen.
                let message = format!(
                    "it is called {} on screen, as the one at {first}: write a name that tells them apart, like \
                     'name: {} {}'",
                    environment.title(),
                    environment.tier.word(),
                    environment.id
                );
                problems.add(&place, message);
            }
            if !registry.clusters.iter().any(|cluster| cluster.id == environment.cluster) {
                let message = format!("no cluster '{}' is declared: {}", environment.cluster, known(registry));
                problems.add(&format!("{path}.cluster"), message);
            }
            let place = (environment.cluster.clone(), environment.namespace.clone());
            if let Some(first) = namespaces.again(&place, &format!("{path}.namespace")) {
                let message = format!(
                    "the namespace '{}' of cluster '{}' is declared at {first} already: a namespace belongs to one \
                     environment, so that it has one tier",
                    environment.namespace, environment.cluster
                );
                problems.add(&format!("{path}.namespace"), message);
            }
            environment::check(environment, &path, &mut problems);
        }
    }
    access::check(registry, &mut problems);
    policy::check(registry, &mut problems);
    masks::check(registry, &mut problems);
    alerts::check(registry, &mut problems);
    demo_data::check(registry, &mut problems);
    problems.found
}

fn clusters(registry: &Registry, problems: &mut Problems) {
    if registry.clusters.is_empty() {
        problems.add("clusters", "no cluster is declared: write at least one, with its kubeconfig context");
    }
    let mut ids = Seen::default();
    let mut connections = Seen::default();
    for (index, cluster) in registry.clusters.iter().enumerate() {
        let path = format!("clusters[{index}]");
        if let Some(first) = ids.again(&cluster.id, &format!("{path}.id")) {
            let message = format!("the cluster '{}' is declared at {first} already: write another id", cluster.id);
            problems.add(&format!("{path}.id"), message);
        }
        if let Some(region) = &cluster.region {
            problems.unless_blank(&format!("{path}.region"), region, "where it stands, or leave it out");
        }
        let path = format!("{path}.connect");
        let connection = match &cluster.connect {
            Connect::Context(context) => {
                problems.unless_blank(&format!("{path}.context"), context, "the name of a context of the kubeconfig");
                context.as_str()
            }
            Connect::InCluster(true) => "",
            Connect::InCluster(false) => {
                problems.add(&format!("{path}.inCluster"), "false says nothing: write true, or a context");
                continue;
            }
        };
        // One cluster under two ids would let one namespace have two tiers.
        if let Some(first) = connections.again(&connection.to_owned(), &path) {
            problems.add(&path, format!("the same cluster is declared at {first} already: declare it once"));
        }
    }
}

fn known(registry: &Registry) -> String {
    let mut ids: Vec<&str> = Vec::new();
    for cluster in &registry.clusters {
        // Two of the same id are a problem of their own, and one answer.
        if !ids.contains(&cluster.id.as_str()) {
            ids.push(cluster.id.as_str());
        }
    }
    if ids.is_empty() { "declare it under clusters".to_owned() } else { format!("write one of {}", ids.join(", ")) }
}

/// What was found so far.
#[derive(Default)]
struct Problems {
    found: Vec<Problem>,
}

impl Problems {
    fn add(&mut self, path: &str, message: impl Display) {
        self.found.push(Problem { path: path.to_owned(), message: message.to_string() });
    }

    /// A text that people read must say something.
    fn unless_blank(&mut self, path: &str, text: &str, instead: &str) {
        if text.trim().is_empty() {
            self.add(path, format!("it is empty: write {instead}"));
        } else if crate::text::plain(text, text.len()) != text {
            self.add(path, "it holds a character that cannot be seen or breaks the line: write plain text");
        }
    }
}

/// Where each thing was declared first.
struct Seen<T>(HashMap<T, String>);

impl<T> Default for Seen<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Eq + Hash + Clone> Seen<T> {
    /// Where this was declared before, if it was.
    fn again(&mut self, thing: &T, path: &str) -> Option<String> {
        if let Some(first) = self.0.get(thing) {
            return Some(first.clone());
        }
        self.0.insert(thing.clone(), path.to_owned());
        None
    }
}
