//! A plan as its page shows it.

use std::sync::Arc;

use app::links;
use app::still::forms::Tone;
use app::still::plan::{Choice, PlanView, Planned, RevisionChoice};
use domain::guard::facts::Autoscaler;
use domain::guard::{Level, Refusal, Verdict};
use domain::name::{ComponentId, EnvironmentId, WorkloadKind};
use domain::operation::Operation;
use domain::policy::Confirm;
use domain::registry::Tier;

use super::{Asked, address, hex};
use crate::http::Site;
use crate::http::still::sign_in::sentence;
use crate::operations::{NoPlan, Plan};
use crate::people::Who;

pub(super) fn view_of(
    made: &Plan,
    asked: &Asked,
    choice: Choice,
    plan: Option<Planned>,
    notice: Option<(Tone, String)>,
) -> PlanView {
    let component = &made.target.component;
    let name = component.name.shared();
    PlanView {
        place: made.facts.place.title.clone(),
        tier: made.facts.place.tier,
        title: match plan {
            Some(_) => made.operation.sentence(&name),
            None => format!("{} {name}", word(&asked.operation)),
        },
        name,
        component: links::component(component),
        choice,
        asks: asks(component, asked),
        plan,
        reads: if asked.operation == "restart" { reads(made) } else { Vec::new() },
        notice,
    }
}

/// Where everything that reads the same can be restarted: what a restart of one alone leaves undone.
fn reads(made: &Plan) -> Vec<(String, String)> {
    let workload = made.facts.workload.value().and_then(Option::as_ref);
    let reads = workload.filter(|_| made.operation == Operation::Restart).map_or(&[][..], |workload| &workload.reads);
    let environment = &made.target.component.environment;
    reads.iter().map(|source| (source.to_string(), links::series(environment, source))).collect()
}

fn asks(component: &ComponentId, asked: &Asked) -> Vec<(&'static str, String)> {
    let mut asks = vec![("component", component.to_string()), ("operation", asked.operation.clone())];
    if !asked.reason.is_empty() {
        asks.push(("reason", asked.reason.clone()));
    }
    asks
}

fn word(operation: &str) -> &'static str {
    match operation {
        "scale" => "Scale",
        "roll-back" => "Roll back",
        "evict" => "Evict a pod of",
        _ => "Restart",
    }
}

pub(super) fn without_plan(
    site: &Site,
    who: &Who,
    component: &ComponentId,
    asked: &Asked,
    refusal: &NoPlan,
) -> PlanView {
    let (place, tier) = place_of(site, who, &component.environment);
    PlanView {
        place,
        tier,
        title: format!("{} {}", word(&asked.operation), component.name),
        name: component.name.shared(),
        component: links::component(component),
        choice: Choice::Nothing,
        // All of it, so that it can be tried again.
        asks: [
            ("replicas", &asked.replicas),
            ("min", &asked.min),
            ("max", &asked.max),
            ("revision", &asked.revision),
            ("pod", &asked.pod),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name, value.clone()))
        .chain(asks(component, asked))
        .collect(),
        plan: None,
        reads: Vec::new(),
        notice: Some((Tone::Refused, sentence(&refusal.to_string()))),
    }
}

/// What people call an environment, and how careful one must be there.
pub(in crate::http::still) fn place_of(site: &Site, who: &Who, id: &EnvironmentId) -> (Arc<str>, Tier) {
    let chrome = site.rows.seen_by(&who.user.grants).chrome();
    match chrome.environments.iter().find(|environment| environment.id == *id) {
        Some(known) => ([&known.system, " / ", &*known.title].concat().into(), known.tier),
        None => ("".into(), Tier::Production),
    }
}

pub(super) fn choice(made: &Plan, asked: &Asked, operation: Option<&Operation>, owned: Option<&Autoscaler>) -> Choice {
    let component = &made.target.component;
    let workload = made.facts.workload.value().and_then(Option::as_ref);
    match (asked.operation.as_str(), operation) {
        ("scale", Some(Operation::Scale { replicas })) if owned.is_none() => {
            Choice::Replicas { planned: *replicas, now: workload.map_or(1, |workload| workload.wanted) }
        }
        ("scale", operation) => match owned {
            Some(autoscaler) => Choice::Range {
                autoscaler: autoscaler.name.shared(),
                planned: match operation {
                    Some(Operation::ScaleRange { min, max }) => (*min, *max),
                    _ => (autoscaler.min, autoscaler.max),
                },
                now: (autoscaler.min, autoscaler.max),
                replicas: workload.map_or(autoscaler.current, |workload| workload.wanted),
            },
            None => Choice::Nothing,
        },
        ("roll-back", operation) => {
            let chosen = match operation {
                Some(Operation::RollBack { revision }) => Some(*revision),
                _ => None,
            };
            let revisions = made.facts.revisions.value().map_or(&[][..], Vec::as_slice);
            Choice::Revision(
                revisions
                    .iter()
                    .map(|revision| RevisionChoice {
                        number: revision.number,
                        current: revision.current,
                        chosen: chosen == Some(revision.number),
                        images: revision
                            .images
                            .iter()
                            .map(|(container, image)| {
                                let digest = revision.digests.iter().find(|(name, _)| name == container);
                                (image.clone(), digest.map_or_else(|| "".into(), |(_, digest)| digest.clone()))
                            })
                            .collect(),
                        created: revision.created,
                        differences: revision.diff.len(),
                        address: address(component, &format!("roll-back&revision={}", revision.number)),
                    })
                    .collect(),
            )
        }
        ("restart", _) if component.kind == WorkloadKind::StatefulSet => {
            let pods = made.facts.pods.value().map_or(&[][..], Vec::as_slice);
            let pods =
                pods.iter().map(|pod| (pod.name.shared(), address(component, &format!("evict&pod={}", pod.name))));
            Choice::Pods(pods.collect())
        }
        _ => Choice::Nothing,
    }
}

pub(super) fn planned(made: &Plan, asked: &Asked) -> Planned {
    let Plan { id, operation, target, facts, verdict, hash, kubectl } = made;
    let mut carries = vec![
        ("component", target.component.to_string()),
        ("operation", asked.operation.clone()),
        ("id", id.to_string()),
        ("uid", target.uid.to_string()),
        ("generation", target.generation.to_string()),
        ("plan", hex(hash)),
    ];
    match operation {
        Operation::Restart => {}
        Operation::Scale { replicas } => carries.push(("replicas", replicas.to_string())),
        Operation::ScaleRange { min, max } => carries.extend([("min", min.to_string()), ("max", max.to_string())]),
        Operation::RollBack { revision } => carries.push(("revision", revision.to_string())),
        Operation::RestartPod { pod } => carries.push(("pod", pod.to_string())),
    }
    let diff = match operation {
        Operation::RollBack { revision } => {
            let known = facts.revisions.value().into_iter().flatten().find(|known| known.number == *revision);
            known.map(|known| known.diff.clone()).unwrap_or_default()
        }
        _ => Vec::new(),
    };
    Planned {
        lines: verdict.lines.clone(),
        off: reasons(verdict),
        button: operation.words(),
        dangerous: verdict.level() > Level::Green,
        reason: verdict.required.reason,
        typed: verdict.required.confirm == Confirm::TypeName,
        why: asked.reason.clone(),
        carries,
        kubectl: kubectl.clone(),
        diff,
        read: facts.now,
    }
}

/// Why the button is off, in sentences; nothing when only the form is missing something.
pub(in crate::http::still) fn reasons(verdict: &Verdict) -> Vec<String> {
    let off = verdict.refusals.iter().filter(|refusal| !refusal.is_for_the_form());
    off.map(|refusal| match refusal {
        Refusal::Red(text) => sentence(text),
        other => sentence(&other.to_string()),
    })
    .collect()
}
