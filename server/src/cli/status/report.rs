//! The report of `quarterdeck status`: for programs as JSON of a fixed form, and for people.

use app::screen::glyph;
use domain::check::{CheckKind, CheckResult, Outcome};
use domain::registry::Tier;
use domain::text::plain;
use domain::view::{Cell, EnvironmentView, Finding, FindingKind, State};
use jiff::Timestamp;
use serde::Serialize;

use super::Seen;

/// The version of the form. It counts up when something is taken away or means something else; what comes to it changes nothing.
const FORM: u32 = 1;
/// The longest text that is told.
const LONGEST: usize = 1000;

/// Everything that is told.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    schema_version: u32,
    /// When it was made.
    at: String,
    environments: Vec<Environment>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Environment {
    id: String,
    system: String,
    name: String,
    tier: &'static str,
    cluster: String,
    state: &'static str,
    sentence: String,
    /// The last moment at which this was known to be so.
    as_of: Option<String>,
    components: Vec<Component>,
    findings: Vec<Told>,
    checks: Vec<Check>,
    /// What of its cluster was not told in time: nothing is said of these resources.
    untold: Vec<&'static str>,
    #[serde(skip)]
    how: State,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Component {
    kind: &'static str,
    name: String,
    role: &'static str,
    state: &'static str,
    word: String,
    why: String,
    ready: u32,
    wanted: Option<u32>,
    restarts: Option<u32>,
    tag: String,
    digest: String,
    changed: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    state: &'static str,
    kind: &'static str,
    /// Whether it keeps nobody from working.
    remark: bool,
    title: String,
    evidence: String,
    advice: String,
    component: Option<String>,
    since: Option<String>,
    #[serde(skip)]
    how: State,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Check {
    kind: &'static str,
    outcome: &'static str,
    sentence: String,
    latency_ms: Option<u32>,
    at: Option<String>,
    #[serde(skip)]
    what: CheckKind,
    #[serde(skip)]
    how: Outcome,
}

impl Report {
    /// Of what was seen.
    pub fn new(seen: &Seen, now: Timestamp) -> Self {
        let told = |view: &EnvironmentView| {
            let head = &view.head;
            let source = seen.sources.iter().find(|source| source.cluster == head.cluster);
            let as_of = source.and_then(|source| source.freshness.as_of_ms());
            let untold = seen.untold.iter().filter(|(cluster, _)| *cluster == head.cluster);
            Environment {
                id: head.id.to_string(),
                system: safe(&head.system),
                name: safe(&head.title),
                tier: match head.tier {
                    Tier::Development => "development",
                    Tier::Staging => "staging",
                    Tier::Production => "production",
                },
                cluster: head.cluster.to_string(),
                state: head.state.word(),
                sentence: safe(&head.sentence),
                as_of: as_of.and_then(|at| moment(at.div_euclid(1000))),
                components: view.components.iter().map(component).collect(),
                findings: view.findings.iter().map(finding).collect(),
                checks: seen.checks.get(&head.id).into_iter().flatten().map(check).collect(),
                untold: untold.flat_map(|(_, resources)| resources.iter().copied()).collect(),
                how: head.state,
            }
        };
        Self {
            schema_version: FORM,
            at: moment(now.as_second()).unwrap_or_default(),
            environments: seen.environments.iter().map(told).collect(),
        }
    }
}

fn component(cell: &Cell) -> Component {
    Component {
        kind: cell.id.kind.as_str(),
        name: cell.id.name.to_string(),
        role: cell.role.word(),
        state: cell.status.state.word(),
        word: safe(&cell.status.word),
        why: safe(&cell.status.why),
        ready: cell.ready,
        wanted: cell.wanted,
        restarts: cell.restarts,
        tag: safe(&cell.tag),
        digest: safe(&cell.digest),
        changed: known(cell.changed),
    }
}

fn finding(finding: &Finding) -> Told {
    Told {
        state: finding.state.word(),
        kind: match finding.kind {
            FindingKind::Failure => "failure",
            FindingKind::Check => "check",
            FindingKind::Autoscaler => "autoscaler",
            FindingKind::Delivery => "delivery",
            FindingKind::Room => "room",
            FindingKind::Difference => "difference",
            FindingKind::OldConfig => "old-config",
            FindingKind::Backup => "backup",
            FindingKind::CheckWarning => "check-warning",
            FindingKind::Expiry => "expiry",
            FindingKind::Promise => "promise",
            FindingKind::Tag => "tag",
            FindingKind::Restarts => "restarts",
            FindingKind::Node => "node",
        },
        remark: finding.is_remark(),
        title: safe(&finding.title),
        evidence: safe(&finding.evidence),
        advice: safe(&finding.advice),
        component: finding.component.as_ref().map(|id| format!("{}/{}", id.kind.as_str(), id.name)),
        since: known(finding.since),
        how: finding.state,
    }
}

fn check(result: &CheckResult) -> Check {
    Check {
        kind: result.kind.as_str(),
        outcome: result.outcome.as_str(),
        sentence: safe(&result.sentence),
        latency_ms: result.latency_ms,
        at: moment(result.at.div_euclid(1_000_000)),
        what: result.kind,
        how: result.outcome,
    }
}

/// A text that a terminal cannot be played with.
fn safe(text: &str) -> String {
    plain(text, LONGEST).into_owned()
}

/// A moment in RFC 3339; `None` where it is not known.
fn known(seconds: i64) -> Option<String> {
    (seconds > 0).then(|| moment(seconds)).flatten()
}

fn moment(seconds: i64) -> Option<String> {
    Timestamp::from_second(seconds).ok().map(|at| at.to_string())
}

/// What the states come to: 0 where all is usable, 1 where something is Degraded, 2 where something is Failed, 3 where something
/// is Unknown, or nothing is there to be known. Failed counts before Unknown, and Unknown before Degraded: it may be anything.
pub fn exit_code(states: impl IntoIterator<Item = State>) -> u8 {
    let code = |state| match state {
        State::Off | State::Ready | State::Progressing => 0,
        State::Degraded => 1,
        State::Failed => 2,
        State::Unknown => 3,
    };
    let weight = |code: &u8| [0, 1, 3, 2].iter().position(|known| known == code);
    states.into_iter().map(code).max_by_key(weight).unwrap_or(3)
}

/// The report for people: a line for each environment, and below it what is wrong there and what its checks found.
pub fn text(report: &Report, is_coloured: bool) -> String {
    let name = |environment: &Environment| format!("{} / {}", environment.system, environment.name);
    let length = |text: &str| text.chars().count();
    let names = report.environments.iter().map(|environment| length(&name(environment))).max().unwrap_or_default();
    let words = report.environments.iter().map(|environment| length(environment.state)).max().unwrap_or_default();
    let mut text = String::new();
    for environment in &report.environments {
        let word = format!("{} {:words$}", glyph(environment.how), environment.state);
        let word = painted(&word, environment.how, is_coloured);
        text.push_str(&format!("{word}  {:names$}  {}\n", name(environment), environment.sentence));
        for finding in &environment.findings {
            // The shape of a remark is that of the console's pages.
            let mark = if finding.remark { '◆' } else { glyph(finding.how) };
            let mark = painted(&mark.to_string(), finding.how, is_coloured);
            text.push_str(&format!("    {mark} {}\n", finding.title));
            for line in [&finding.evidence, &finding.advice].into_iter().filter(|line| !line.is_empty()) {
                text.push_str(&format!("      {line}\n"));
            }
        }
        text.push_str(&checked(&environment.checks, is_coloured));
    }
    text
}

/// `Checks: Cluster OK · API Failed`, without those that nobody configured. Why one does not know is said by no finding.
fn checked(checks: &[Check], is_coloured: bool) -> String {
    let configured = checks.iter().filter(|check| check.how != Outcome::NotConfigured);
    let word = |check: &Check| {
        let word = painted(check.how.word(), check.how.state(), is_coloured);
        format!("{} {word}", check.what.word())
    };
    let words: Vec<String> = configured.map(word).collect();
    if words.is_empty() {
        return String::new();
    }
    let mut text = format!("    Checks: {}\n", words.join(" · "));
    for check in checks.iter().filter(|check| check.how == Outcome::Unknown) {
        let mark = painted(&glyph(State::Unknown).to_string(), State::Unknown, is_coloured);
        text.push_str(&format!("    {mark} {}: {}\n", check.what.word(), check.sentence));
    }
    text
}

/// In the colour of a state, by the numbers of ECMA-48.
fn painted(text: &str, state: State, is_coloured: bool) -> String {
    let colour = match state {
        State::Off | State::Unknown => 90,
        State::Ready => 32,
        State::Progressing => 34,
        State::Degraded => 33,
        State::Failed => 31,
    };
    if is_coloured { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
}

#[cfg(test)]
mod tests;
