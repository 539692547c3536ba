//! Which version of a component runs, and which one is to come.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::ComponentFacts;
use crate::health;
use crate::image::{ImageReference, most_run_first, short_digest};
use crate::text::plain;
use crate::view::{NextVersion, PodRow, State};

/// The longest tag that is shown; Kubernetes allows 128 characters.
const TAG_LIMIT: usize = 128;

/// What the cell says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) tag: Arc<str>,
    pub(super) digest: Arc<str>,
    pub(super) next: Option<NextVersion>,
}

/// What runs is what ready pods run. The template says what is wanted: the same, unless pods of an older revision are still
/// there and ready. While none is ready nothing runs, and what is wanted is named.
///
/// Outside a rollout an image that differs from the template was changed on its way to the pod, and is no older version.
pub(super) fn running(facts: &ComponentFacts<'_>) -> Version {
    let container = facts.workload.and_then(|workload| workload.container.as_ref());
    let image = container.map(|container| ImageReference::parse(&container.image));
    let (tag, wanted_digest) = image.map_or(("", ""), |image| (image.tag, short_digest(image.digest)));
    let is_wanted = |pod: &PodRow| {
        *pod.tag == *tag && (wanted_digest.is_empty() || pod.digest.is_empty() || *pod.digest == *wanted_digest)
    };
    let is_mixed = facts.workload.is_some_and(health::is_mixed);
    let ready = || facts.pods.iter().copied().filter(|pod| pod.status.state == State::Ready);
    let older: Vec<&PodRow> = ready().filter(|pod| is_mixed && !is_wanted(pod)).collect();
    let Some(runs) = most_run_first(older.iter().map(|pod| (&pod.tag, true))).first().copied().or_else(|| {
        // Older ones that are named by digest alone.
        older.first().map(|pod| &pod.tag)
    }) else {
        let of_tag = facts.pods.iter().copied().filter(|pod| *pod.tag == *tag);
        return Version { tag: plain(tag, TAG_LIMIT).into(), digest: digest(of_tag), next: None };
    };
    let name = if tag.is_empty() { wanted_digest } else { tag };
    let next = NextVersion {
        name: plain(name, TAG_LIMIT).into(),
        ready: u32::try_from(ready().filter(|pod| is_wanted(pod)).count()).unwrap_or(u32::MAX),
        wanted: facts.workload.map_or(0, |workload| workload.wanted),
    };
    let of_it = older.iter().copied().filter(|pod| pod.tag == *runs);
    Version { tag: plain(runs, TAG_LIMIT).into(), digest: digest(of_it), next: Some(next) }
}

/// The digest that most ready of these pods run; empty when none of them was seen to run.
fn digest<'a>(pods: impl Iterator<Item = &'a PodRow>) -> Arc<str> {
    let digests = most_run_first(pods.map(|pod| (&pod.digest, pod.status.state == State::Ready)));
    digests.first().map_or_else(|| "".into(), |digest| (*digest).clone())
}
