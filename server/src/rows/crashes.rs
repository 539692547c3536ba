//! Containers that end again and again, and the last lines that they wrote.

use std::cmp::Reverse;
use std::sync::Arc;

use domain::component::clues::LastLines;
use domain::facts::ContainerState;
use domain::finding::crash;
use domain::health::Word;
use domain::name::{ClusterId, ComponentId, Namespace};

use super::environment::{Component, Environment};
use super::pods::Entry;
use super::{Rows, State};

/// A container that ended, and whose last lines are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crash {
    /// The component it is of.
    pub component: ComponentId,
    /// Its cluster.
    pub cluster: ClusterId,
    /// Its namespace.
    pub namespace: Namespace,
    /// Its pod.
    pub pod: Arc<str>,
    /// The uid of that.
    pub uid: u128,
    /// Its name.
    pub container: Arc<str>,
    /// How often it was started again.
    pub restarts: u32,
    /// Whether it was started since it ended, so that its lines are those of the run before.
    pub previous: bool,
}

impl Rows {
    /// The containers that end again and again and whose last lines are not known, one of each component. Where it is recorded who
    /// looks at logs, there are none.
    pub fn crashes(&self) -> Vec<Crash> {
        self.read(|state| {
            let all = state.environments.iter().filter(|environment| !state.records_log_views(environment));
            all.flat_map(|environment| environment.components.iter().map(move |component| (environment, component)))
                .filter_map(|(environment, component)| state.crash(environment, component))
                .collect()
        })
    }

    /// Takes in the last lines of a container of a component.
    pub fn last_lines(&self, id: &ComponentId, lines: LastLines) {
        self.write(|state| {
            let Some(place) = state.environments.iter().position(|environment| environment.id == id.environment) else {
                return;
            };
            // The registry may have changed while they were read.
            if state.records_log_views(&state.environments[place]) {
                return;
            }
            let environment = &mut state.environments[place];
            if let Some(component) = environment.components.iter_mut().find(|component| component.id == *id) {
                (component.lines, component.dirty) = (Some(lines), true);
                environment.dirty = true;
            }
        });
    }
}

impl State {
    fn records_log_views(&self, environment: &Environment) -> bool {
        self.registry.systems[environment.declared.0].environments[environment.declared.1].record_log_views
    }

    fn crash(&self, environment: &Environment, component: &Component) -> Option<Crash> {
        let seen = &component.assessment.as_ref()?.cell.status.word;
        let pods = component.pods.iter().filter_map(|id| self.pods.get(*id));
        let crashing = pods.filter(|pod| is_crash(pod));
        // The one that the finding is about.
        let worst = crashing.max_by_key(|pod| {
            let row = &pod.row;
            (row.status.word == *seen, row.status.state, row.restarts, Reverse(row.name.clone()))
        })?;
        let (container, _) = crash::ended(worst.unsettled.as_deref()?)?;
        let crash = Crash {
            component: component.id.clone(),
            cluster: environment.cluster.clone(),
            namespace: self.registry.systems[environment.declared.0].environments[environment.declared.1]
                .namespace
                .clone(),
            pod: worst.row.name.clone(),
            uid: worst.row.uid,
            container: container.name.clone(),
            restarts: container.restarts,
            previous: match container.state {
                ContainerState::Terminated(_) => false,
                ContainerState::Waiting { .. } | ContainerState::Running { .. } => true,
            },
        };
        let is_known = |held: &LastLines| {
            (held.pod, &held.container, held.restarts) == (crash.uid, &crash.container, crash.restarts)
        };
        (!component.lines.as_ref().is_some_and(is_known)).then_some(crash)
    }
}

fn is_crash(pod: &Entry) -> bool {
    let words = [Word::CrashLoop, Word::InitCrashLoop, Word::Crashed, Word::OomKilled];
    Word::of(&pod.row.status).is_some_and(|word| words.contains(&word))
}
