//! Tags that can come to mean another image while nobody changes anything.

use super::around::{finding as about, listed};
use crate::drift::{Surroundings, is_mutable};
use crate::image::ImageReference;
use crate::registry::Tier;
use crate::text::plain;
use crate::view::{Finding, FindingKind, State};

/// The longest tag that is shown.
const TAG_LIMIT: usize = 60;

/// One remark for all components of an environment in which what runs should be known. In development such tags are meant.
pub(super) fn finding(facts: &Surroundings<'_>) -> Option<Finding> {
    match facts.declared.tier {
        Tier::Production | Tier::Staging => {}
        Tier::Development => return None,
    }
    let moving = facts.workloads.iter().filter_map(|workload| {
        let component = facts.component(workload)?;
        let image = ImageReference::parse(&workload.facts.container.as_ref()?.image);
        let moves = image.digest.is_empty() && is_mutable(image.tag);
        moves.then(|| (component, plain(image.tag, TAG_LIMIT).into_owned()))
    });
    let moving: Vec<_> = moving.collect();
    let names: Vec<String> = moving.iter().map(|(component, tag)| format!("{} {tag}", component.name)).collect();
    let (title, component) = match moving.as_slice() {
        [] => return None,
        [(component, tag)] => (format!("{} runs a tag that moves: {tag}", component.name), Some(component.clone())),
        many => (format!("{} components run tags that move: {}", many.len(), listed(&names)), None),
    };
    let found = about(
        State::Degraded,
        FindingKind::Tag,
        title,
        "A tag that names no version, commit or date is pushed again and again: a restart or a new replica may bring another image, and \
         a rollback may change nothing."
            .to_owned(),
        "Deploy by a tag that names one version, or by digest.",
    );
    Some(Finding { component, ..found })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::fixture::{NOW, environment_id, production, world};
    use crate::drift::Neighbour;
    use crate::facts::around::Around;
    use crate::finding::surroundings;
    use crate::freshness::Freshness;
    use crate::registry::Environment;

    fn said(tier: Tier, images: &[(&str, &str)], freshness: Freshness) -> Vec<Finding> {
        let declared = Environment { tier, ..production() };
        let workloads: Vec<_> = images
            .iter()
            .map(|(name, image)| {
                // What is not declared here is not told of.
                let mut world = world(if *name == "other" { "fleet-app" } else { name });
                world.container().image = (*image).into();
                (*name, world.kind(), world.workload.unwrap())
            })
            .collect();
        let workloads: Vec<_> = workloads
            .iter()
            .map(|(name, kind, facts)| Neighbour { kind: *kind, name, facts, autoscaler: None })
            .collect();
        surroundings(&Surroundings {
            id: &environment_id(),
            declared: &declared,
            around: &Around::default(),
            workloads: &workloads,
            freshness,
        })
    }

    const LIVE: Freshness = Freshness::Live(NOW * 1000);

    #[test]
    fn tags_that_move_are_one_remark_where_it_matters_what_runs() {
        const MOVING: [(&str, &str); 3] = [
            ("fleet-app", "registry.test/fleet-app:latest"),
            ("fleet-api", "registry.test/fleet-api"),
            ("fleet-redis", "redis:staging"),
        ];
        const DIGEST: &str =
            "registry.test/a:latest@sha256:0000000000000000000000000000000000000000000000000000000000000000";
        for tier in [Tier::Production, Tier::Staging] {
            let [only] = said(tier, &MOVING, LIVE).try_into().unwrap();
            let title = "3 components run tags that move: fleet-app latest, fleet-api latest, fleet-redis staging";
            assert_eq!(&*only.title, title);
            assert!(only.is_remark() && only.component.is_none() && only.evidence.contains("rollback"), "{only:#?}");
        }
        assert_eq!(said(Tier::Development, &MOVING, LIVE), []);
        let [only] = said(Tier::Staging, &[("fleet-app", "a:latest"), ("other", "b:dev")], LIVE).try_into().unwrap();
        assert_eq!(&*only.title, "fleet-app runs a tag that moves: latest");
        assert_eq!(only.component.map(|component| component.name.to_string()).as_deref(), Some("fleet-app"));
        for image in ["a:v1.2.3", "a:7-alpine", "a:sha-4f9c2e1", DIGEST] {
            assert_eq!(said(Tier::Production, &[("fleet-app", image)], LIVE), [], "{image}");
        }
        let [stale] = said(Tier::Staging, &MOVING[..1], Freshness::Stale(NOW * 1000)).try_into().unwrap();
        assert_eq!(
            (stale.state, &*stale.title),
            (State::Unknown, "Last seen: fleet-app runs a tag that moves: latest")
        );
        assert_eq!(said(Tier::Staging, &MOVING, Freshness::Never), []);
    }
}
