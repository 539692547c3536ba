//! Whose logs a query is about: containers of pods that are there now, each in the run that it is in, and in the one before if it was
//! restarted.

use std::sync::Arc;

use domain::facts::{ContainerFacts, ContainerState, Termination};
use domain::guard::facts::{Known, Pod};
use domain::log::query::LogQuery;
use domain::log::view::LogSource;
use domain::name::{EnvironmentId, Namespace, ObjectName, WorkloadKind};
use domain::registry::Environment;
use kube::Client;

use crate::cluster::{Clusters, OwnedPod, Subject, glance, pods_in};

/// The most containers that are read for one page.
const MOST_SOURCES: usize = 400;

/// A container's run to read.
#[derive(Clone)]
pub struct Source {
    /// The connection to its cluster.
    pub client: Client,
    /// Its namespace.
    pub namespace: Namespace,
    /// What is shown of it.
    pub shown: LogSource,
    /// How the run ended, of one that is over.
    pub ended: Option<Termination>,
}

/// What a query is about.
#[derive(Default)]
pub struct Chosen {
    /// The containers.
    pub sources: Vec<Source>,
    /// What could not be found out, and what is not read: sentences.
    pub notes: Vec<Arc<str>>,
}

impl Chosen {
    /// Nothing, because it took too long.
    pub fn late(environment: &EnvironmentId) -> Self {
        Self::nothing(environment, "which pods there are was not answered in time")
    }

    fn nothing(environment: &EnvironmentId, why: &str) -> Self {
        Self { sources: Vec::new(), notes: vec![format!("{environment}: {}.", why.trim_end_matches('.')).into()] }
    }
}

/// Finds the containers of an environment that a query is about.
pub async fn choose(clusters: &Clusters, environment: &EnvironmentId, query: &LogQuery) -> Chosen {
    let registry = clusters.registry();
    let Some((_, declared)) = registry.environment(environment) else {
        return Chosen::nothing(environment, "it is not registered any more");
    };
    let client = match clusters.reader(&declared.cluster).await {
        Ok(client) => client,
        Err(error) => return Chosen::nothing(environment, &error.to_string()),
    };
    let (pods, mut notes) = pods(&client, environment, declared, query).await;
    let wanted = pods.into_iter().filter(|owned| query.wants_pod(owned.pod.name.as_str()));
    let mut sources = Vec::new();
    for owned in wanted {
        let component: Arc<str> = owned.workload.as_ref().map_or_else(|| "".into(), |(_, name)| name.clone());
        for container in &owned.pod.facts.containers {
            if !query.wants_container(&container.name) {
                continue;
            }
            let source = |previous: bool, ended: Option<Termination>| Source {
                client: client.clone(),
                namespace: declared.namespace.clone(),
                shown: LogSource {
                    environment: environment.clone(),
                    component: component.clone(),
                    pod: owned.pod.name.shared(),
                    container: container.name.clone(),
                    previous,
                },
                ended,
            };
            match runs(container) {
                Runs::None(why) => notes.push(
                    format!("{environment}: {}/{} has no log yet: {why}.", owned.pod.name, container.name).into(),
                ),
                Runs::These(runs) => {
                    sources.extend(runs.into_iter().map(|(previous, ended)| source(previous, ended)));
                }
            }
        }
    }
    if sources.len() > MOST_SOURCES {
        let text = format!("{environment}: {MOST_SOURCES} of {} logs are read; name a component.", sources.len());
        notes.push(text.into());
        sources.truncate(MOST_SOURCES);
    }
    Chosen { sources, notes }
}

/// The pods of the components that are named, or all of the environment.
async fn pods(
    client: &Client,
    environment: &EnvironmentId,
    declared: &Environment,
    query: &LogQuery,
) -> (Vec<OwnedPod>, Vec<Arc<str>>) {
    let note = |why: &str| -> Arc<str> { format!("{environment}: {}.", why.trim_end_matches('.')).into() };
    if query.components.is_empty() {
        return match pods_in(client, &declared.namespace).await {
            Ok(pods) => (pods, Vec::new()),
            Err(why) => (Vec::new(), vec![note(&why)]),
        };
    }
    let (mut found, mut notes) = (Vec::new(), Vec::new());
    for name in &query.components {
        let known: Vec<WorkloadKind> =
            declared.components.iter().filter(|known| known.name == *name).map(|known| known.kind).collect();
        // Undeclared ones are asked for by every kind that a name can be of.
        let kinds = if known.is_empty() {
            vec![WorkloadKind::Deployment, WorkloadKind::StatefulSet, WorkloadKind::DaemonSet]
        } else {
            known
        };
        let mut is_there = false;
        for kind in kinds {
            let subject = Subject { namespace: &declared.namespace, kind, name, backup: None };
            let (whole, pods) = glance(client, subject).await;
            match (whole, pods) {
                (Ok(None), _) => {}
                (Ok(Some(_)), Known::Read { value, .. }) => {
                    is_there = true;
                    found.extend(value.into_iter().map(|pod| owned(kind, name, pod)));
                }
                (Err(why), _) | (Ok(Some(_)), Known::Unread(why)) => {
                    is_there = true;
                    notes.push(note(&format!("{name}: {why}")));
                }
            }
        }
        if !is_there {
            notes.push(note(&format!("there is no workload {name}")));
        }
    }
    (found, notes)
}

fn owned(kind: WorkloadKind, name: &ObjectName, pod: Pod) -> OwnedPod {
    OwnedPod { workload: Some((kind, name.shared())), pod }
}

/// The runs of a container that have a log.
#[derive(Debug, PartialEq)]
enum Runs {
    /// None, and why.
    None(Arc<str>),
    /// Whether it is the one before, and how it ended; oldest first.
    These(Vec<(bool, Option<Termination>)>),
}

fn runs(container: &ContainerFacts) -> Runs {
    let last = container.last.clone();
    let mut runs = Vec::new();
    let now = match &container.state {
        ContainerState::Running { .. } => (false, None),
        ContainerState::Terminated(ended) => (false, Some(ended.clone())),
        // While the next run waits, the API server gives the log of the last one as the current:
        // <https://github.com/kubernetes/kubernetes/blob/v1.34.0/pkg/kubelet/kubelet_pods.go> (validateContainerLogStatus).
        ContainerState::Waiting { .. } if last.is_some() => return Runs::These(vec![(false, last)]),
        ContainerState::Waiting { reason, message } => {
            let why = if message.is_empty() { reason.to_string() } else { format!("{reason}: {message}") };
            let why = if why.is_empty() { "it waits to be started".to_owned() } else { why };
            return Runs::None(why.trim_end_matches('.').into());
        }
    };
    if container.restarts > 0 {
        runs.push((true, last));
    }
    runs.push(now);
    Runs::These(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(state: ContainerState, restarts: u32, last: Option<Termination>) -> ContainerFacts {
        ContainerFacts {
            name: "app".into(),
            init: false,
            image: "".into(),
            image_id: "".into(),
            ready: false,
            restarts,
            state,
            last,
        }
    }

    fn ended(started: i64) -> Termination {
        Termination { reason: "Error".into(), exit_code: 1, started, finished: started + 10 }
    }

    #[test]
    fn a_restart_is_read_across() {
        let waiting =
            |reason: &str, message: &str| ContainerState::Waiting { reason: reason.into(), message: message.into() };
        for (state, restarts, last, expected) in [
            (ContainerState::Running { since: 5 }, 0, None, Runs::These(vec![(false, None)])),
            (
                ContainerState::Running { since: 50 },
                3,
                Some(ended(20)),
                Runs::These(vec![(true, Some(ended(20))), (false, None)]),
            ),
            // It is known that it was restarted, not how it ended.
            (ContainerState::Running { since: 50 }, 1, None, Runs::These(vec![(true, None), (false, None)])),
            (
                ContainerState::Terminated(ended(30)),
                1,
                Some(ended(7)),
                Runs::These(vec![(true, Some(ended(7))), (false, Some(ended(30)))]),
            ),
            (ContainerState::Terminated(ended(7)), 0, None, Runs::These(vec![(false, Some(ended(7)))])),
            (waiting("CrashLoopBackOff", "back-off"), 4, Some(ended(9)), Runs::These(vec![(false, Some(ended(9)))])),
            (
                waiting("ImagePullBackOff", "Back-off pulling image"),
                0,
                None,
                Runs::None("ImagePullBackOff: Back-off pulling image".into()),
            ),
            (waiting("", ""), 0, None, Runs::None("it waits to be started".into())),
        ] {
            assert_eq!(runs(&container(state.clone(), restarts, last)), expected, "{state:?}");
        }
    }
}
