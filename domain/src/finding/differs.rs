//! Code that runs in production and was never seen to run where it is tried out first.

use std::collections::HashMap;
use std::sync::Arc;

use crate::drift::is_mutable;
use crate::registry::{Role, Tier};
use crate::text::plain;
use crate::view::{Cell, Finding, FindingKind, Look, State};

/// The longest tag that is shown.
const TAG_LIMIT: usize = 60;

/// A component of another environment of the same system, and what ran of it there as far as its revisions tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// How its environment is called: `Staging`.
    pub title: Arc<str>,
    /// The tier of its environment.
    pub tier: Tier,
    /// The component's name.
    pub name: Arc<str>,
    /// Its role.
    pub role: Role,
    /// Tag of each revision, empty where it is named by digest alone, and the first seven characters of its digest, empty
    /// where that is not known.
    pub ran: Vec<(Arc<str>, Arc<str>)>,
}

/// What a production environment with these cells runs that no lower one ran. Nothing is said where that cannot be known: under
/// a tag that moves, anything may have run. What ran `elsewhere` takes a while to be put together, and is asked for only where it
/// decides something.
pub fn differs(tier: Tier, cells: &[&Cell], elsewhere: impl FnOnce() -> Vec<Elsewhere>) -> Vec<Finding> {
    match tier {
        Tier::Production => {}
        Tier::Staging | Tier::Development => return Vec::new(),
    }
    let elsewhere = elsewhere();
    let mut lower: HashMap<(&str, Role), Vec<&Elsewhere>> = HashMap::new();
    for other in elsewhere.iter().filter(|other| other.tier < Tier::Production && !other.ran.is_empty()) {
        lower.entry((&*other.name, other.role)).or_default().push(other);
    }
    let found = cells.iter().filter_map(|cell| of(cell, lower.get(&(cell.id.name.as_str(), cell.role))?));
    found.collect()
}

/// The same of one, with what ran of it in lower environments.
fn of(cell: &Cell, lower: &[&Elsewhere]) -> Option<Finding> {
    // What is not current is not compared.
    match cell.status.state {
        State::Unknown | State::Off => return None,
        State::Ready | State::Progressing | State::Degraded | State::Failed => {}
    }
    let (tag, digest) = (&cell.tag, &cell.digest);
    if digest.is_empty() || is_mutable(tag) {
        return None;
    }
    let ran = || lower.iter().flat_map(|other| &other.ran);
    let is_told =
        |(tag, digest): &(Arc<str>, Arc<str>)| if tag.is_empty() { !digest.is_empty() } else { !is_mutable(tag) };
    let is_same = |(other, known): &(Arc<str>, Arc<str>)| known == digest || (!tag.is_empty() && other == tag);
    if !ran().all(is_told) || ran().any(is_same) {
        return None;
    }
    let name = &cell.id.name;
    let titles: Vec<&str> = lower.iter().map(|other| &*other.title).collect();
    let there = titles.join(" and ");
    let tag = if tag.is_empty() { String::new() } else { format!("{} ", plain(tag, TAG_LIMIT)) };
    Some(Finding {
        state: State::Degraded,
        kind: FindingKind::Difference,
        title: format!("{name} runs a version here that {there} never ran").into(),
        evidence: format!("It runs {tag}({digest}); none of the revisions that {there} keeps ran that.").into(),
        lines: Vec::new(),
        advice: "Find out how it came here; what is tried out first is what should be deployed.".into(),
        component: Some(cell.id.clone()),
        since: cell.changed,
        look: Look::Compare,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::fixture::{NOW, world};

    fn staging(ran: &[(&str, &str)]) -> Elsewhere {
        Elsewhere {
            title: "Staging".into(),
            tier: Tier::Staging,
            name: "fleet-app".into(),
            role: Role::App,
            ran: ran.iter().map(|(tag, digest)| ((*tag).into(), (*digest).into())).collect(),
        }
    }

    #[test]
    fn what_was_never_tried_out_is_told_and_what_cannot_be_known_is_not() {
        // Production runs v1.4.0, 51c02ae.
        for (ran, is_told) in [
            (&[("v1.3.0", "aaaaaaa"), ("v1.2.0", "bbbbbbb")][..], true),
            // Newer there, and what is here ran before.
            (&[("v1.5.0", "aaaaaaa"), ("v1.4.0", "51c02ae")], false),
            (&[("v1.5.0", "aaaaaaa"), ("v1.4.0", "")], false),
            // The same code under another tag.
            (&[("v1.4.0-rc1", "51c02ae")], false),
            // Whose digest is not known has another version by its tag.
            (&[("v1.3.0", "")], true),
            (&[("", "")], false),
            (&[("", "aaaaaaa")], true),
            // Anything may have run under it.
            (&[("staging", "aaaaaaa")], false),
            (&[("v1.3.0", "aaaaaaa"), ("latest", "bbbbbbb")], false),
            (&[], false),
        ] {
            let cell = world("fleet-app").assess().cell;
            let found = differs(Tier::Production, &[&cell], || vec![staging(ran)]);
            assert_eq!(found.len(), usize::from(is_told), "{ran:?}");
            for finding in found {
                assert_eq!(&*finding.title, "fleet-app runs a version here that Staging never ran");
                assert!(finding.evidence.starts_with("It runs v1.4.0 (51c02ae); "), "{}", finding.evidence);
                assert_eq!((finding.look, finding.since), (Look::Compare, NOW - 3 * 86_400));
                assert!(finding.is_remark());
            }
        }
    }

    #[test]
    fn only_production_is_held_against_what_is_below_it() {
        let cell = world("fleet-app").assess().cell;
        let other = || staging(&[("v1.3.0", "aaaaaaa")]);
        for (tier, elsewhere, count) in [
            (Tier::Production, other(), 1),
            (Tier::Staging, other(), 0),
            (Tier::Production, Elsewhere { tier: Tier::Production, ..other() }, 0),
            (Tier::Production, Elsewhere { name: "fleet-api".into(), ..other() }, 0),
            (Tier::Production, Elsewhere { role: Role::Worker, ..other() }, 0),
        ] {
            let found = differs(tier, &[&cell], || vec![elsewhere.clone()]);
            assert_eq!(found.len(), count, "{tier:?} {elsewhere:?}");
        }
        for tier in [Tier::Staging, Tier::Development] {
            assert_eq!(differs(tier, &[&cell], || panic!("asked for without need")), []);
        }
        let mut moving = cell.clone();
        moving.tag = "production".into();
        assert_eq!(differs(Tier::Production, &[&moving], || vec![other()]), []);
        let mut unknown = cell;
        unknown.status.state = State::Unknown;
        assert_eq!(differs(Tier::Production, &[&unknown], || vec![other()]), []);
    }
}
