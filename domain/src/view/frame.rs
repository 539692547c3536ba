//! What stands around every page: where one can go, and how old everything is.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::freshness::Freshness;
use crate::listing::Keyed;
use crate::name::{ClusterId, EnvironmentId};
use crate::registry::Tier;
use crate::view::State;

/// An environment in the side bar and the palette.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NavEnvironment {
    /// Which.
    pub id: EnvironmentId,
    /// The system's name on screen.
    pub system: Arc<str>,
    /// The environment's name on screen.
    pub title: Arc<str>,
    /// From the registry.
    pub tier: Tier,
    /// The cluster it runs in.
    pub cluster: ClusterId,
    /// How it is.
    pub state: State,
    /// Kind and name of its components, for the palette: `deployment`, `fleet-api`.
    pub components: Vec<(crate::name::WorkloadKind, Arc<str>)>,
}

impl Keyed for NavEnvironment {
    type Key = EnvironmentId;
    type Patch = (State, Option<Box<Self>>);
    fn key(&self) -> EnvironmentId {
        self.id.clone()
    }
    fn patch_to(&self, new: &Self) -> Self::Patch {
        let only_state = Self { state: new.state, ..self.clone() } == *new;
        (new.state, (!only_state).then(|| Box::new(new.clone())))
    }
    fn apply(&mut self, (state, whole): Self::Patch) {
        if let Some(whole) = whole {
            *self = *whole;
        }
        self.state = state;
    }
}

/// A cluster as a source of what is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceView {
    /// Which.
    pub cluster: ClusterId,
    /// How old what we hold of it is.
    pub freshness: Freshness,
    /// What goes wrong, in a sentence; empty when nothing does: `The API server does not answer: connection refused.`
    pub trouble: Arc<str>,
    /// Kinds that could not be read, and what is missing.
    pub missing: Vec<MissingRight>,
}

/// A kind that may not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingRight {
    /// `horizontalpodautoscalers`.
    pub resource: Arc<str>,
    /// The sentence: verb, resource, and where.
    pub sentence: Arc<str>,
}

impl Keyed for SourceView {
    type Key = ClusterId;
    type Patch = (Freshness, Option<(Arc<str>, Vec<MissingRight>)>);
    fn key(&self) -> ClusterId {
        self.cluster.clone()
    }
    fn patch_to(&self, new: &Self) -> Self::Patch {
        let words = (self.trouble != new.trouble || self.missing != new.missing)
            .then(|| (new.trouble.clone(), new.missing.clone()));
        (new.freshness, words)
    }
    fn apply(&mut self, (freshness, words): Self::Patch) {
        self.freshness = freshness;
        if let Some((trouble, missing)) = words {
            (self.trouble, self.missing) = (trouble, missing);
        }
    }
}

/// Everything around a page.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Chrome {
    /// In the wall's order.
    pub environments: Vec<NavEnvironment>,
    /// In the registry's order.
    pub sources: Vec<SourceView>,
    /// Why the registry file's newest version is not in use, in words; empty when it is.
    pub registry_trouble: Arc<str>,
    /// Who looks.
    pub person: Person,
}

/// Who looks, as far as the pages need to know.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Person {
    /// Their name.
    pub name: Arc<str>,
    /// Whether they manage people.
    pub administers: bool,
    /// The environments in which they may operate.
    pub operates: Vec<EnvironmentId>,
    /// Whether they see an environment with demo data.
    pub has_demo_data: bool,
    /// What they are told on every page, in a sentence; empty where there is nothing.
    pub told: Arc<str>,
}
