//! An environment as people read it who use it and do not run it: no word of Kubernetes, and no text out of a cluster.
//!
//! The one exception is the version that runs: it is the tag of an image, and shown only where it has the form of one.

mod plain;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::sync::Arc;

use crate::age::Age;
use crate::freshness::Freshness;
use crate::name::{EnvironmentId, SystemId};
use crate::registry::{self, Role, Tier};
use crate::sentence::{depth, is_needed, matters};
use crate::view::{Cell, EnvironmentHead, Finding, FindingKind, State};

/// Whether an environment can be used: the one thing that everybody wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Light {
    /// It cannot.
    NotUsable,
    /// It can, and something is not as it should be.
    Limited,
    /// Nobody can say.
    NotKnown,
    /// Something is being put in place.
    Changing,
    /// It can.
    Usable,
    /// Nothing is wanted there.
    Off,
}

impl Light {
    /// The state whose shape and colour it has.
    pub fn state(self) -> State {
        match self {
            Self::NotUsable => State::Failed,
            Self::Limited => State::Degraded,
            Self::NotKnown => State::Unknown,
            Self::Changing => State::Progressing,
            Self::Usable => State::Ready,
            Self::Off => State::Off,
        }
    }

    /// As it stands on the board.
    pub fn words(self) -> &'static str {
        match self {
            Self::NotUsable => "Not usable",
            Self::Limited => "Usable with a limitation",
            Self::NotKnown => "Not known",
            Self::Changing => "Being changed",
            Self::Usable => "Usable",
            Self::Off => "Switched off",
        }
    }

    /// The light of an environment. What serves nobody until a change is done is not usable with a limitation.
    fn of(state: State, waits: bool) -> Self {
        match state {
            State::Failed => Self::NotUsable,
            State::Degraded if waits => Self::NotUsable,
            State::Degraded => Self::Limited,
            State::Unknown => Self::NotKnown,
            State::Progressing => Self::Changing,
            State::Ready => Self::Usable,
            State::Off => Self::Off,
        }
    }
}

/// An environment on the board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardEntry {
    /// Which.
    pub id: EnvironmentId,
    /// The system's name on screen.
    pub system: Arc<str>,
    /// The environment's name on screen.
    pub title: Arc<str>,
    /// From the registry.
    pub tier: Tier,
    /// Whether it can be used.
    pub light: Light,
    /// What is to be said of that, in a sentence or two; stands behind the light's words.
    pub sentence: String,
    /// The version that users see: tag, and the first characters of its digest where they are known.
    pub version: Option<(Arc<str>, Arc<str>)>,
    /// When anything was last changed, seconds since 1970; 0 when not known.
    pub changed: i64,
    /// Since when it is so, seconds since 1970; 0 when not known.
    pub since: i64,
    /// How old all this is.
    pub freshness: Freshness,
}

/// Puts an environment into plain words. `declared` is what the registry says of it, `cells` are its components, `findings` all
/// that was found there, and `now` is seconds since 1970.
pub fn entry(
    head: &EnvironmentHead,
    declared: &registry::Environment,
    cells: &[&Cell],
    findings: &[Finding],
    freshness: Freshness,
    now: i64,
) -> BoardEntry {
    let parts = Parts::new(declared, cells);
    let light = if freshness.is_live() { Light::of(head.state, parts.waits()) } else { Light::NotKnown };
    let sentence = match freshness {
        Freshness::Never => "Nothing was seen of it yet.".to_owned(),
        Freshness::Stale(at) => {
            let age = Age::between_ms(at, now.saturating_mul(1000));
            let is_short = age.seconds() < 60 || age.is_ahead();
            let age = if is_short { "less than a minute".to_owned() } else { age.words() };
            format!("There has been no news for {age}. How it was then is not shown.")
        }
        Freshness::Live(_) => plain::sentence(head.state, &parts, findings),
    };
    BoardEntry {
        id: head.id.clone(),
        system: head.system.clone(),
        title: head.title.clone(),
        tier: head.tier,
        light,
        sentence,
        version: version(cells),
        changed: cells.iter().map(|cell| cell.changed).max().unwrap_or_default(),
        since: if freshness.is_live() { since(light, findings) } else { 0 },
        freshness,
    }
}

/// Production first, then the worst; of equals the order that they came in.
pub fn sort(entries: &mut [BoardEntry]) {
    entries.sort_by_key(|entry| (Reverse(entry.tier), Reverse(entry.light.state())));
}

/// What the board says before it shows anything: how many cannot be used, and of how many that is not known.
pub fn heading(entries: &[BoardEntry]) -> String {
    let all = entries.len();
    let environments = if all == 1 { "environment" } else { "environments" };
    let of = |light: Light| entries.iter().filter(|entry| entry.light == light).count();
    let is = |count: usize| if count == 1 { "is" } else { "are" };
    let (down, unknown) = (of(Light::NotUsable), of(Light::NotKnown));
    let (limited, changing) = (of(Light::Limited), of(Light::Changing));
    match (all, down, unknown, limited, changing) {
        (0, ..) => "There is nothing here that you may look at.".to_owned(),
        (_, 0, 0, 0, 0) => "Everything is usable.".to_owned(),
        (_, 0, 0, 0, changing) => format!("{changing} of {all} {environments} {} being changed.", is(changing)),
        (_, 0, 0, limited, _) => format!("{limited} of {all} {environments} {} usable with a limitation.", is(limited)),
        (_, 0, unknown, ..) => format!("Of {unknown} of {all} {environments} nothing is known."),
        (_, down, 0, ..) => format!("{down} of {all} {environments} {} not usable.", is(down)),
        (_, down, unknown, ..) => {
            format!("{down} of {all} {environments} {} not usable, and of {unknown} nothing is known.", is(down))
        }
    }
}

/// The system that is shown after this one; the first where none is, or after the last.
pub fn next<'a>(systems: &'a [SystemId], shown: Option<&SystemId>) -> Option<&'a SystemId> {
    let place = shown.and_then(|shown| systems.iter().position(|system| system == shown));
    match place {
        Some(place) => systems.get(place + 1).or_else(|| systems.first()),
        None => systems.first(),
    }
}

/// The components with what each means to the users.
struct Parts<'a> {
    /// Worst first, and of the equally bad what others depend on.
    judged: Vec<(State, &'a Cell)>,
    cells: &'a [&'a Cell],
}

impl<'a> Parts<'a> {
    fn new(declared: &registry::Environment, cells: &'a [&'a Cell]) -> Self {
        let mut judged: Vec<_> = cells.iter().map(|cell| (matters(declared, cell, cells), *cell)).collect();
        judged.sort_by_key(|(state, cell)| (Reverse(*state), depth(cell.role)));
        Self { judged, cells }
    }

    fn of(&self, wanted: State) -> impl Iterator<Item = &'a Cell> {
        self.judged.iter().filter(move |(state, _)| *state == wanted).map(|(_, cell)| *cell)
    }

    /// Whether something without which nobody is served is on its way and not there yet.
    fn waits(&self) -> bool {
        self.of(State::Progressing).any(|cell| cell.ready == 0 && is_needed(cell, self.cells))
    }
}

/// The version of what users see.
fn version(cells: &[&Cell]) -> Option<(Arc<str>, Arc<str>)> {
    let cell = cells.iter().find(|cell| cell.role == Role::App)?;
    let is_tag = |text: &str| {
        text.len() <= 128 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
    };
    let is_hash = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let fits = !(cell.tag.is_empty() && cell.digest.is_empty()) && is_tag(&cell.tag) && is_hash(&cell.digest);
    fits.then(|| (cell.tag.clone(), cell.digest.clone()))
}

/// Since when the first of the failures lasts that make it what it is; 0 when not known.
fn since(light: Light, findings: &[Finding]) -> i64 {
    let counts = |finding: &&Finding| match finding.kind {
        FindingKind::Failure | FindingKind::Check => finding.state == light.state() && finding.since > 0,
        FindingKind::Restarts
        | FindingKind::Autoscaler
        | FindingKind::Delivery
        | FindingKind::Room
        | FindingKind::Difference
        | FindingKind::OldConfig
        | FindingKind::Backup
        | FindingKind::CheckWarning
        | FindingKind::Expiry
        | FindingKind::Promise
        | FindingKind::Tag
        | FindingKind::Node => false,
    };
    findings.iter().filter(counts).map(|finding| finding.since).min().unwrap_or_default()
}
