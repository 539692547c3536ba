//! Whether Services lead to pods that take requests.

use std::collections::BTreeMap;

use super::Verdict;
use super::trouble::Trouble;
use crate::name::ObjectName;

/// How many Services are named.
const MOST_NAMED: usize = 3;

/// A Service and where it leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ServiceFacts {
    /// Whether it selects pods: only then its endpoints are kept by the cluster.
    pub has_selector: bool,
    /// Endpoints that are ready.
    pub ready: u32,
    /// Endpoints that are not.
    pub not_ready: u32,
}

/// What came back when the Services of a namespace were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// All of them, by name.
    Services(BTreeMap<String, ServiceFacts>),
    /// The account may not: list which resource, of which group.
    Forbidden {
        /// `services`.
        resource: &'static str,
        /// Its API group as a grant names it; empty for the core.
        group: &'static str,
    },
    /// The cluster did not answer.
    Trouble(Trouble),
}

/// Judges the Services that are `declared`; of none, all that select pods.
pub fn judge(declared: Option<&[ObjectName]>, namespace: &str, read: &Read) -> Verdict {
    let services = match read {
        Read::Services(services) => services,
        Read::Forbidden { resource, group } => {
            return Verdict::unknown(format!(
                "Quarterdeck may not list {resource} in {namespace}: its account needs the verb list on {resource} of the API \
                 group \"{group}\" there."
            ));
        }
        Read::Trouble(trouble) => {
            let verdict = trouble.verdict("The API server");
            return Verdict::unknown(verdict.sentence);
        }
    };
    let mut wanted: Vec<(&str, Option<ServiceFacts>)> = match declared {
        Some(names) => names.iter().map(|name| (name.as_str(), services.get(name.as_str()).copied())).collect(),
        None => services
            .iter()
            .filter(|(_, facts)| facts.has_selector)
            .map(|(name, facts)| (name.as_str(), Some(*facts)))
            .collect(),
    };
    if wanted.is_empty() {
        return Verdict::not_configured("services, and no Service selects pods");
    }
    let all = wanted.len();
    wanted.retain(|(_, facts)| facts.is_none_or(|facts| facts.ready == 0));
    if wanted.is_empty() {
        return Verdict::ok(match all {
            1 => "The one Service has ready endpoints.".to_owned(),
            all => format!("All {all} Services have ready endpoints."),
        });
    }
    let words = wanted.iter().take(MOST_NAMED).map(|(name, facts)| match facts {
        None => format!("{name} does not exist"),
        Some(ServiceFacts { not_ready: 0, .. }) => format!("{name} has no endpoints"),
        Some(ServiceFacts { not_ready: 1, .. }) => format!("{name} has one endpoint, which is not ready"),
        Some(ServiceFacts { not_ready, .. }) => format!("{name} has {not_ready} endpoints and none is ready"),
    });
    let words = words.collect::<Vec<_>>().join(", ");
    let more = match wanted.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Verdict::failed(format!("{} of {all} Services lead nowhere: {words}{more}.", wanted.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Outcome;

    #[test]
    fn a_service_leads_somewhere_when_an_endpoint_is_ready() {
        let facts = |has_selector, ready, not_ready| ServiceFacts { has_selector, ready, not_ready };
        let read = |services: &[(&str, ServiceFacts)]| {
            Read::Services(services.iter().map(|(name, facts)| ((*name).to_owned(), *facts)).collect())
        };
        let (good, empty, waiting) = (facts(true, 2, 1), facts(true, 0, 0), facts(true, 0, 3));
        let external = facts(false, 0, 0);
        let names = |names: &[&str]| Some(names.iter().map(|name| name.parse().unwrap()).collect::<Vec<ObjectName>>());
        for (declared, read, outcome, sentence) in [
            (None, read(&[("api", good)]), Outcome::Ok, "The one Service has ready endpoints."),
            (
                None,
                read(&[("api", good), ("web", good), ("mail", external)]),
                Outcome::Ok,
                "All 2 Services have ready endpoints.",
            ),
            (
                None,
                read(&[("api", empty), ("web", good), ("db", waiting)]),
                Outcome::Failed,
                "2 of 3 Services lead nowhere: api has no endpoints, db has 3 endpoints and none is ready.",
            ),
            (
                None,
                read(&[("api", facts(true, 0, 1))]),
                Outcome::Failed,
                "1 of 1 Services lead nowhere: api has one endpoint, which is not ready.",
            ),
            (
                None,
                read(&[("a", empty), ("b", empty), ("c", empty), ("d", empty)]),
                Outcome::Failed,
                "4 of 4 Services lead nowhere: a has no endpoints, b has no endpoints, c has no endpoints and 1 more.",
            ),
            (
                names(&["api"]),
                read(&[("api", good), ("db", empty)]),
                Outcome::Ok,
                "The one Service has ready endpoints.",
            ),
            (
                names(&["api", "old"]),
                read(&[("api", good)]),
                Outcome::Failed,
                "1 of 2 Services lead nowhere: old does not exist.",
            ),
            (
                None,
                read(&[("mail", external)]),
                Outcome::NotConfigured,
                "Not configured: the registry has no checks.services, and no Service selects pods here.",
            ),
            (
                None,
                Read::Forbidden { resource: "endpointslices", group: "discovery.k8s.io" },
                Outcome::Unknown,
                "Quarterdeck may not list endpointslices in shop: its account needs the verb list on endpointslices of the \
                 API group \"discovery.k8s.io\" there.",
            ),
            (None, Read::Trouble(Trouble::Slow(5)), Outcome::Unknown, "The API server does not answer within 5 s."),
        ] {
            let verdict = judge(declared.as_deref(), "shop", &read);
            assert_eq!((verdict.outcome, &*verdict.sentence), (outcome, sentence));
        }
    }
}
