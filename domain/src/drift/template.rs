//! What the template says: requests, limits, storage, image.

use std::collections::BTreeMap;

use super::{Actual, Difference, Expectation, Expected, Item, NONE, Place, Value};
use crate::component::ComponentFacts;
use crate::facts::TemplateContainer;
use crate::health;
use crate::image::ImageReference;
use crate::quantity::Quantity;
use crate::registry::Bounds;
use crate::text::plain;
use crate::view::{Chip, State};

/// The longest piece of an image's name that is shown.
const IMAGE_LIMIT: usize = 120;

/// A declared line of the template against the actual one.
struct Line {
    name: &'static str,
    actual: String,
    expected: String,
    agrees: bool,
}

fn lines(facts: &ComponentFacts<'_>) -> Vec<Line> {
    let container = facts.workload.and_then(|workload| workload.container.as_ref());
    let declared = facts.declared;
    let mut lines = Vec::new();
    if let Some(resources) = &declared.resources {
        for (name, bounds, actual) in [
            ("CPU", &resources.cpu, container.map(|held| (&held.cpu_request, &held.cpu_limit))),
            ("memory", &resources.memory, container.map(|held| (&held.memory_request, &held.memory_limit))),
        ] {
            if let Some(bounds) = bounds {
                lines.push(bounds_line(name, bounds, actual));
            }
        }
    }
    if let Some(expected) = &declared.storage {
        let actual = container.and_then(|container| container.storage.as_ref());
        lines.push(Line {
            name: "storage",
            actual: text(actual),
            expected: expected.to_string(),
            agrees: actual == Some(expected),
        });
    }
    if let Some(expected) = &declared.image {
        let actual = container.map(|container| ImageReference::parse(&container.image).repository);
        lines.push(Line {
            name: "image",
            actual: actual.map_or_else(|| NONE.to_owned(), |actual| plain(actual, IMAGE_LIMIT).into_owned()),
            expected: expected.clone(),
            agrees: actual.is_some_and(|actual| full_repository(actual) == full_repository(expected)),
        });
    }
    lines
}

fn bounds_line(name: &'static str, bounds: &Bounds, actual: Option<(&Option<Quantity>, &Option<Quantity>)>) -> Line {
    let (request, limit) = actual.map_or((None, None), |(request, limit)| (request.as_ref(), limit.as_ref()));
    let pair = |request: Option<&Quantity>, limit: Option<&Quantity>| format!("{}–{}", text(request), text(limit));
    let (actual_text, expected) = match &bounds.request {
        Some(expected) => (pair(request, limit), pair(Some(expected), bounds.limit.as_ref())),
        None => (format!("limit {}", text(limit)), format!("limit {}", text(bounds.limit.as_ref()))),
    };
    Line {
        name,
        actual: if actual.is_some() { actual_text } else { NONE.to_owned() },
        expected,
        agrees: actual.is_some() && is_declared_request(bounds, request) && bounds.limit.as_ref() == limit,
    }
}

/// A request that was not declared may be anything; Kubernetes sets it to the limit when it is left out.
fn is_declared_request(bounds: &Bounds, request: Option<&Quantity>) -> bool {
    bounds.request.is_none() || bounds.request.as_ref() == request
}

fn text(quantity: Option<&Quantity>) -> String {
    quantity.map_or_else(|| NONE.to_owned(), Quantity::to_string)
}

/// The repository with what container runtimes add to a short name: `redis` is `docker.io/library/redis`.
/// <https://github.com/distribution/reference>
fn full_repository(text: &str) -> String {
    let text = text.strip_prefix("index.docker.io/").or(text.strip_prefix("docker.io/")).unwrap_or(text);
    match text.split_once('/') {
        None => format!("docker.io/library/{text}"),
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => text.to_owned(),
        Some(_) => format!("docker.io/{text}"),
    }
}

pub(super) fn expectations(facts: &ComponentFacts<'_>) -> Vec<Expectation> {
    let of = |line: Line| (line.name.into(), line.actual.into(), line.expected.into(), line.agrees);
    lines(facts).into_iter().map(of).collect()
}

pub(super) fn items(facts: &ComponentFacts<'_>, place: &Place) -> Vec<Item> {
    let container = facts.workload.and_then(|workload| workload.container.as_ref());
    let known = |value: Value| match (container, facts.unreadable.workload) {
        (None, Some(unread)) => Actual::Unknown(unread.sentence().into()),
        (None | Some(_), _) => Actual::Is(value),
    };
    let amount = |name: &'static str, held: Option<&Quantity>, expected: Expected| Item {
        place: place.clone(),
        name: name.into(),
        actual: known(held.into()),
        expected,
    };
    let declared = |expected: Option<&Quantity>, agrees: bool| Expected::Declared {
        text: text(expected).into(),
        agrees: container.is_some() && agrees,
    };
    let mut items = Vec::new();
    let resources = facts.declared.resources.as_ref();
    for (names, bounds, request, limit) in [
        (
            ["CPU request", "CPU limit"],
            resources.and_then(|resources| resources.cpu.as_ref()),
            container.and_then(|held| held.cpu_request.as_ref()),
            container.and_then(|held| held.cpu_limit.as_ref()),
        ),
        (
            ["memory request", "memory limit"],
            resources.and_then(|resources| resources.memory.as_ref()),
            container.and_then(|held| held.memory_request.as_ref()),
            container.and_then(|held| held.memory_limit.as_ref()),
        ),
    ] {
        let wanted = bounds.filter(|bounds| bounds.request.is_some());
        let expected = wanted.map_or(Expected::Undeclared, |bounds| {
            declared(bounds.request.as_ref(), is_declared_request(bounds, request))
        });
        items.push(amount(names[0], request, expected));
        let expected = bounds
            .map_or(Expected::Undeclared, |bounds| declared(bounds.limit.as_ref(), bounds.limit.as_ref() == limit));
        items.push(amount(names[1], limit, expected));
    }
    let storage = container.and_then(|container| container.storage.as_ref());
    let expected = facts.declared.storage.as_ref();
    let expected =
        expected.map_or(Expected::Undeclared, |expected| declared(Some(expected), storage == Some(expected)));
    items.push(amount("storage", storage, expected));
    let repository = container.map(|container| ImageReference::parse(&container.image).repository);
    let expected = facts.declared.image.as_ref().map_or(Expected::Undeclared, |expected| Expected::Declared {
        text: expected.as_str().into(),
        agrees: repository.is_some_and(|actual| full_repository(actual) == full_repository(expected)),
    });
    let shown = repository.map(|repository| plain(repository, IMAGE_LIMIT).into_owned());
    items.push(Item { place: place.clone(), name: "image".into(), actual: known(Value::text(shown)), expected });
    items
}

pub(super) fn differences(facts: &ComponentFacts<'_>) -> Vec<Difference> {
    // One that does not exist is missing as a whole.
    let Some(workload) = facts.workload.filter(|workload| workload.container.is_some()) else { return Vec::new() };
    let name = &facts.id.name;
    let differs = |line: Line| {
        let Line { name: what, actual, expected, .. } = line;
        let chip = match what {
            "image" => "image repository differs".to_owned(),
            _ => format!("{what} {actual}, expected {expected}"),
        };
        let advice = match what {
            "image" => "Find out who set this image before anything else; then apply the declared one.",
            "storage" => {
                "Storage of existing replicas does not shrink and grows only by hand: plan it, or change the registry."
            }
            _ => "Apply the declared values; that rolls the pods. Or change the registry when these are meant.",
        };
        let source = match what {
            "storage" => "The claim template".to_owned(),
            _ => format!("The template of the {}", facts.id.kind.title()),
        };
        Difference::new(
            State::Degraded,
            chip,
            format!("{name} has {what} {actual}, expected {expected}"),
            format!("{source} says {what} {actual}; {expected} was declared."),
            advice,
        )
    };
    let mut found: Vec<Difference> = lines(facts).into_iter().filter(|line| !line.agrees).map(differs).collect();
    // While pods of two revisions run, two digests are to be expected.
    if !health::is_mixed(workload)
        && let Some(container) = &workload.container
    {
        found.extend(many_digests(facts, container));
    }
    found
}

/// Ready pods that run different code under one tag. Each pull takes what the tag points to at that moment.
fn many_digests(facts: &ComponentFacts<'_>, container: &TemplateContainer) -> Option<Difference> {
    let tag = ImageReference::parse(&container.image).tag;
    let mut digests: BTreeMap<&str, u32> = BTreeMap::new();
    for pod in facts.pods {
        let counts = pod.status.state == State::Ready && !pod.digest.is_empty() && *pod.tag == *tag;
        if counts {
            *digests.entry(&pod.digest).or_default() += 1;
        }
    }
    if digests.len() < 2 || tag.is_empty() {
        return None;
    }
    let tag = plain(tag, 60);
    let mut counted: Vec<(&str, u32)> = digests.into_iter().collect();
    counted.sort_by_key(|(_, pods)| std::cmp::Reverse(*pods));
    let listed: Vec<String> = counted
        .iter()
        .map(|(digest, pods)| format!("{pods} {} {digest}", if *pods == 1 { "pod runs" } else { "pods run" }))
        .collect();
    Some(Difference::new(
        State::Degraded,
        format!("{} digests under {tag}", counted.len()),
        format!("{} runs {} digests under the tag {tag}", facts.id.name, counted.len()),
        format!("Pods of one revision run different code: {}.", listed.join(", ")),
        "Deploy by digest or by a tag that does not move; a restart gives all pods what the tag points to now.",
    ))
}

/// A neutral remark on a tag that can come to mean another image.
pub(super) fn tag_remark(facts: &ComponentFacts<'_>) -> Option<Difference> {
    let container = facts.workload.and_then(|workload| workload.container.as_ref())?;
    let image = ImageReference::parse(&container.image);
    (image.digest.is_empty() && is_mutable(image.tag))
        .then(|| Difference { chip: Some(Chip { state: State::Off, text: "mutable tag".into() }), remark: None })
}

/// Whether a tag names no version, commit or date: `latest`, `dev`, `staging`.
pub(crate) fn is_mutable(tag: &str) -> bool {
    let is_version = |part: &str| part.strip_prefix('v').unwrap_or(part).starts_with(|c: char| c.is_ascii_digit());
    let is_commit = |part: &str| {
        part.len() >= 6 && part.chars().all(|c| c.is_ascii_hexdigit()) && part.contains(|c: char| c.is_ascii_digit())
    };
    !tag.is_empty() && !tag.split(['-', '_', '.', '+']).any(|part| is_version(part) || is_commit(part))
}
