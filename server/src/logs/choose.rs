//! Whose logs a query is about: containers of pods that are there now, each in the run that it is in, and in the one before if it was
//! restarted.

use std::sync::Arc;
use std::time::Duration;

use domain::facts::{ContainerFacts, ContainerState, Phase, PodFacts, Termination};
use domain::guard::facts::{Known, Pod};
use domain::log::query::LogQuery;
use domain::log::view::LogSource;
use domain::name::{ClusterId, EnvironmentId, Namespace, ObjectName, WorkloadKind};
use domain::registry::Environment;
use futures::future::join_all;
use kube::Client;
use tokio::time::timeout;

use super::note::Note;
use crate::cluster::{Clusters, OwnedPod, Subject, glance, pods_in};

/// The most containers of an environment that are read for one page.
const MOST_SOURCES: usize = 400;
/// How long it may take to find out which pods a workload has.
const WITHIN: Duration = Duration::from_millis(2_500);

/// A container's run to read.
#[derive(Clone)]
pub struct Source {
    /// The connection to its cluster.
    pub client: Client,
    /// Its cluster.
    pub cluster: ClusterId,
    /// Its namespace.
    pub namespace: Namespace,
    /// What is shown of it.
    pub shown: LogSource,
    /// Whether it only runs before the others.
    pub init: bool,
    /// How the run ended, of one that is over.
    pub ended: Option<Termination>,
}

/// What a query is about.
#[derive(Default)]
pub struct Chosen {
    /// The containers, each run after the one before it.
    pub sources: Vec<Source>,
    /// What could not be found out, and what is not read.
    pub notes: Vec<Note>,
}

impl Chosen {
    fn nothing(environment: &EnvironmentId, why: &str) -> Self {
        Self { sources: Vec::new(), notes: vec![Note::of(environment, why)] }
    }
}

/// Finds the containers of an environment that a query is about.
pub async fn choose(clusters: &Clusters, environment: &EnvironmentId, query: &LogQuery) -> Chosen {
    let registry = clusters.registry();
    let Some((_, declared)) = registry.environment(environment) else {
        return Chosen::nothing(environment, "it is not registered any more");
    };
    let client = match timeout(WITHIN, clusters.reader(&declared.cluster)).await {
        Ok(Ok(client)) => client,
        Ok(Err(error)) => return Chosen::nothing(environment, &error.to_string()),
        Err(_) => return Chosen::nothing(environment, "there was no connection in time"),
    };
    let (mut pods, mut notes) = pods(&client, environment, declared, query).await;
    pods.retain(|owned| query.wants_pod(owned.pod.name.as_str()));
    let mut sources = Vec::new();
    for owned in &pods {
        let component: Arc<str> = owned.workload.as_ref().map_or_else(|| "".into(), |(_, name)| name.clone());
        for container in &owned.pod.facts.containers {
            if !query.wants_container(&container.name) {
                continue;
            }
            let shown = |previous: bool| LogSource {
                environment: environment.clone(),
                component: component.clone(),
                pod: owned.pod.name.shared(),
                container: container.name.clone(),
                previous,
            };
            match runs(&owned.pod.facts, container) {
                Runs::None(why) => notes.push(Note::about(&shown(false), why)),
                Runs::These(runs) => sources.extend(runs.into_iter().map(|(previous, ended)| Source {
                    client: client.clone(),
                    cluster: declared.cluster.clone(),
                    namespace: declared.namespace.clone(),
                    shown: shown(previous),
                    init: container.init,
                    ended,
                })),
            }
        }
    }
    if sources.len() > MOST_SOURCES {
        let why = format!("{MOST_SOURCES} of {} logs are read; choose a component or a pod", sources.len());
        notes.push(Note::of(environment, &why));
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
) -> (Vec<OwnedPod>, Vec<Note>) {
    const LATE: &str = "which pods there are was not answered in time";
    if query.components.is_empty() {
        return match timeout(WITHIN, pods_in(client, &declared.namespace)).await {
            Ok(Ok(pods)) => (pods, Vec::new()),
            Ok(Err(why)) => (Vec::new(), vec![Note::of(environment, &why)]),
            Err(_) => (Vec::new(), vec![Note::of(environment, LATE)]),
        };
    }
    let answers = join_all(query.components.iter().map(|name| async move {
        let known: Vec<WorkloadKind> =
            declared.components.iter().filter(|known| known.name == *name).map(|known| known.kind).collect();
        // Undeclared ones are asked for by every kind that a name can be of.
        let every = || vec![WorkloadKind::Deployment, WorkloadKind::StatefulSet, WorkloadKind::DaemonSet];
        let kinds = if known.is_empty() { every() } else { known };
        let asked = join_all(kinds.into_iter().map(|kind| async move {
            let subject = Subject { namespace: &declared.namespace, kind, name, backup: None };
            match timeout(WITHIN, glance(client, subject)).await {
                Ok((Ok(None), _)) => None,
                Ok((Ok(Some(_)), Known::Read { value, .. })) => {
                    Some(Ok(value.into_iter().map(|pod| owned(kind, name, pod)).collect()))
                }
                Ok((Err(why), _) | (Ok(Some(_)), Known::Unread(why))) => Some(Err(format!("{name}: {why}"))),
                Err(_) => Some(Err(format!("{name}: {LATE}"))),
            }
        }));
        (name, asked.await.into_iter().flatten().collect::<Vec<Result<Vec<OwnedPod>, String>>>())
    }));
    let (mut found, mut notes) = (Vec::new(), Vec::new());
    for (name, answers) in answers.await {
        if answers.is_empty() {
            notes.push(Note::of(environment, &format!("there is no workload {name}")));
        }
        for answer in answers {
            match answer {
                Ok(pods) => found.extend(pods),
                Err(why) => notes.push(Note::of(environment, &why)),
            }
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

fn runs(pod: &PodFacts, container: &ContainerFacts) -> Runs {
    let last = container.last.clone();
    let mut runs = Vec::new();
    let now = match &container.state {
        ContainerState::Running { .. } => (false, None),
        ContainerState::Terminated(ended) => (false, Some(ended.clone())),
        // While the next run waits, the API server gives the log of the last one as the current:
        // <https://github.com/kubernetes/kubernetes/blob/v1.34.0/pkg/kubelet/kubelet_pods.go> (validateContainerLogStatus).
        ContainerState::Waiting { .. } if last.is_some() => return Runs::These(vec![(false, last)]),
        ContainerState::Waiting { reason, message } => {
            let said = |reason: &str, message: &str| match (reason, message) {
                ("", "") => None,
                (reason, "") => Some(reason.to_owned()),
                ("", message) => Some(message.to_owned()),
                (reason, message) => Some(format!("{reason}: {message}")),
            };
            let of_pod = said(pod.reason.as_deref().unwrap_or_default(), pod.message.as_deref().unwrap_or_default());
            let why = match said(reason, message).or(of_pod) {
                Some(why) if pod.phase == Phase::Failed => format!("it never ran: {why}"),
                Some(why) => format!("there is no log yet: {why}"),
                None if pod.phase == Phase::Failed => "it never ran".to_owned(),
                None => "there is no log yet: it waits to be started".to_owned(),
            };
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
                Runs::None("there is no log yet: ImagePullBackOff: Back-off pulling image".into()),
            ),
            (waiting("", ""), 0, None, Runs::None("there is no log yet: it waits to be started".into())),
        ] {
            assert_eq!(runs(&PodFacts::default(), &container(state.clone(), restarts, last)), expected, "{state:?}");
        }
    }

    #[test]
    fn a_pod_that_failed_as_a_whole_never_ran() {
        let pod = PodFacts {
            phase: Phase::Failed,
            reason: Some("OutOfcpu".into()),
            message: Some("Node had not enough of cpu".into()),
            ..PodFacts::default()
        };
        let waiting = ContainerState::Waiting { reason: "".into(), message: "".into() };
        let expected = Runs::None("it never ran: OutOfcpu: Node had not enough of cpu".into());
        assert_eq!(runs(&pod, &container(waiting, 0, None)), expected);
    }
}
