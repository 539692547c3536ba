//! How an environment is, in one sentence.

use std::collections::BTreeSet;

use super::NOT_SEEN_YET;
use super::phrase::{cause, clause, counts, depth, difference, opening};
use crate::age::Age;
use crate::finding::restarts::said_of;
use crate::freshness::Freshness;
use crate::health::Word;
use crate::registry::{self, Replicas, Role, Tier};
use crate::view::{Cell, Finding, FindingKind, State};

/// What stands before what a check says that makes an environment Degraded.
pub(super) const CHECK_FAILS: &str = "a check fails: ";

/// How an environment is, in a state and one sentence: `Usable. Nothing changed for 3 days.`
///
/// The state is the worst of its components', with three exceptions: a worker that is down does not keep users from working
/// and makes it Degraded, unless nothing but workers is declared; a component that was declared and is scaled to 0 is as good as down; and in production any
/// difference from what was declared makes it Degraded, while elsewhere it is a remark. What fails in the environment itself
/// makes it Failed, and a check that fails makes it as bad as that is; what else is found there is said where no component is
/// worse, and changes no state.
///
/// `cells` are its components, `findings` what was found in itself: of those about components the cells tell. `now` is seconds since 1970.
pub fn environment(
    environment: &registry::Environment,
    cells: &[&Cell],
    findings: &[Finding],
    freshness: Freshness,
    now: i64,
) -> (State, String) {
    match freshness {
        Freshness::Never => return (State::Unknown, NOT_SEEN_YET.to_owned()),
        Freshness::Stale(at) => {
            let age = Age::between_ms(at, now.saturating_mul(1000));
            let age = if age.seconds() < 60 || age.is_ahead() { "less than a minute".to_owned() } else { age.words() };
            let said = format!("Not seen for {age}: nothing current comes from the cluster.");
            // Checks ask past the cluster.
            let checked = of_environment(findings, |one| one.kind == FindingKind::Check && one.state == State::Failed);
            return (State::Unknown, checked.map(|checked| format!("{said} {}", told(checked))).unwrap_or(said));
        }
        Freshness::Live(_) => {}
    }
    let mut judged: Vec<(State, &Cell)> = cells.iter().map(|cell| (matters(environment, cell, cells), *cell)).collect();
    // Worst first, and of the equally bad what others depend on.
    judged.sort_by_key(|(state, cell)| (std::cmp::Reverse(*state), depth(cell.role)));
    let Some(&(worst, _)) = judged.first() else {
        return (State::Unknown, "Nothing is declared to run here.".to_owned());
    };
    let drifted = judged.iter().find_map(|(_, cell)| difference(cell).map(|text| (*cell, text)));
    let state = match environment.tier {
        Tier::Production if drifted.is_some() => worst.max(State::Degraded),
        Tier::Production | Tier::Staging | Tier::Development => worst,
    };
    let said = sentence(worst, state, &judged, drifted, cells);
    if let Some(failure) = of_environment(findings, |finding| is_fault(finding) && finding.state == State::Failed) {
        let told = told(failure);
        return match worst {
            State::Failed => (State::Failed, format!("{said} {told}")),
            State::Off | State::Ready | State::Progressing | State::Unknown | State::Degraded => {
                // Whom a check asked from outside may be the app: its pods alone do not say that it serves.
                let serving = if failure.kind == FindingKind::Check { "" } else { serving(&judged) };
                (State::Failed, told + serving)
            }
        };
    }
    if let Some(checked) = of_environment(findings, |finding| finding.kind == FindingKind::Check)
        && worst != State::Failed
    {
        return (state.max(State::Degraded), but_checked(&said, checked));
    }
    match worst {
        State::Off | State::Ready | State::Progressing => {}
        State::Unknown | State::Degraded | State::Failed => return (state, said),
    }
    match of_environment(findings, is_worth_a_word) {
        Some(finding) => (state, format!("{said} {}", told(finding))),
        None if worst == State::Ready && drifted.is_none() => {
            let last = restarted(&judged).unwrap_or_else(|| quiet(cells, now));
            (state, said + &last)
        }
        None => (state, said),
    }
}

/// The worst finding about the environment itself that is asked for; of equals what users feel first.
fn of_environment(findings: &[Finding], is_wanted: impl Fn(&Finding) -> bool) -> Option<&Finding> {
    let wanted = findings.iter().filter(|finding| finding.component.is_none() && is_wanted(finding));
    wanted.min_by_key(|finding| (std::cmp::Reverse(finding.state), finding.kind))
}

/// Whether it keeps users from working.
fn is_fault(finding: &Finding) -> bool {
    matches!(finding.kind, FindingKind::Failure | FindingKind::Check)
}

/// A finding as a sentence. A check's evidence is one, and says more than that it fails.
fn told(finding: &Finding) -> String {
    if finding.kind == FindingKind::Check { finding.evidence.to_string() } else { format!("{}.", finding.title) }
}

/// `Usable, but a check fails: Redis does not answer within 5 s.`
fn but_checked(said: &str, checked: &Finding) -> String {
    let told = told(checked);
    match said {
        "Usable." => format!("Usable, but {CHECK_FAILS}{told}"),
        said => format!("{said} Also {CHECK_FAILS}{told}"),
    }
}

/// Whether a finding about the environment belongs into its sentence: somebody must do something about it, soon.
fn is_worth_a_word(finding: &Finding) -> bool {
    let kind = match finding.kind {
        FindingKind::Failure
        | FindingKind::Check
        | FindingKind::Delivery
        | FindingKind::Room
        | FindingKind::Backup
        | FindingKind::CheckWarning
        | FindingKind::Expiry => true,
        // Of these the cells tell.
        FindingKind::Restarts
        | FindingKind::Autoscaler
        | FindingKind::Difference
        | FindingKind::OldConfig
        | FindingKind::Promise
        | FindingKind::Tag
        | FindingKind::Node => false,
    };
    kind && finding.state > State::Ready
}

fn sentence(
    worst: State,
    state: State,
    judged: &[(State, &Cell)],
    drifted: Option<(&Cell, &str)>,
    cells: &[&Cell],
) -> String {
    let of = |wanted: State| judged.iter().filter(move |(state, _)| *state == wanted).map(|(_, cell)| *cell);
    // On their way, and nobody is served meanwhile.
    let waiting: Vec<&Cell> = of(State::Progressing).filter(|cell| is_needed(cell, cells) && cell.ready == 0).collect();
    let mut said = match worst {
        State::Failed => down(&of(State::Failed).collect::<Vec<_>>(), judged),
        State::Degraded => degraded(&of(State::Degraded).collect::<Vec<_>>(), waiting.is_empty()),
        State::Unknown => {
            of(State::Unknown).next().map(|cell| format!("{}.", opening(&clause(cell)))).unwrap_or_default()
        }
        State::Progressing if waiting.is_empty() => of(State::Progressing).next().map(progress).unwrap_or_default(),
        State::Progressing => String::new(),
        State::Ready => "Usable.".to_owned(),
        State::Off => "Switched off: nothing is wanted here.".to_owned(),
    };
    for cell in waiting.iter().take(1) {
        said.push_str(&format!(" {}", coming(cell)));
    }
    match (worst, drifted) {
        // All that makes it Degraded is that it differs, and the sentence says so.
        (State::Ready, Some((cell, difference))) if state == State::Degraded => {
            said = format!("Usable, but not as declared: {}", what_differs(cell, difference, cells));
        }
        (State::Ready | State::Progressing | State::Off, Some((cell, difference))) => {
            said.push_str(&format!(" Not as declared: {}", what_differs(cell, difference, cells)));
        }
        (State::Ready, None)
        | (State::Failed | State::Degraded | State::Unknown | State::Progressing | State::Off, _) => {}
    }
    said.trim_start().to_owned()
}

/// How much a component's state matters to the users of its environment.
pub(crate) fn matters(environment: &registry::Environment, cell: &Cell, cells: &[&Cell]) -> State {
    let declared = environment
        .components
        .iter()
        .find(|component| component.kind == cell.id.kind && component.name == cell.id.name);
    let is_wanted = declared.is_some_and(|component| match component.replicas {
        Some(Replicas::Exactly(count)) => count > 0,
        Some(Replicas::Autoscaled(_)) => true,
        None => false,
    });
    let state = match cell.status.state {
        State::Off if is_wanted => State::Failed,
        state @ (State::Off | State::Ready | State::Progressing | State::Unknown | State::Degraded | State::Failed) => {
            state
        }
    };
    if is_needed(cell, cells) { state } else { state.min(State::Degraded) }
}

/// Whether users cannot do without it. Where nothing but workers is declared, these are what is used.
pub(crate) fn is_needed(cell: &Cell, cells: &[&Cell]) -> bool {
    let serves = |cell: &Cell| match cell.role {
        Role::App | Role::Api | Role::Database | Role::Cache => true,
        Role::Worker => false,
    };
    serves(cell) || !cells.iter().any(|cell| serves(cell))
}

/// `fleet-api is down: crash loop, exit code 1. The app serves.`
fn down(down: &[&Cell], judged: &[(State, &Cell)]) -> String {
    let Some((first, others)) = down.split_first() else { return String::new() };
    let mut said = format!("{} is down: {}.", first.id.name, cause(first));
    match others {
        [] => {}
        [one] => said.push_str(&format!(" {} is down too.", one.id.name)),
        [one, two] => said.push_str(&format!(" {} and {} are down too.", one.id.name, two.id.name)),
        more => said.push_str(&format!(" {} more are down.", more.len())),
    }
    said.push_str(serving(judged));
    said
}

/// That the app serves, where it does although something fails.
fn serving(judged: &[(State, &Cell)]) -> &'static str {
    let mut apps = judged.iter().filter(|(_, cell)| cell.role == Role::App).peekable();
    let serve = apps.peek().is_some() && apps.all(|(state, cell)| *state != State::Failed && cell.ready > 0);
    if serve { " The app serves." } else { "" }
}

fn degraded(degraded: &[&Cell], is_usable: bool) -> String {
    let Some((first, others)) = degraded.split_first() else { return String::new() };
    let counted = counts(first);
    let counted = if counted.is_empty() { counted } else { format!(": {counted}") };
    let clause = clause(first);
    let mut said =
        if is_usable { format!("Usable, but {clause}{counted}.") } else { format!("{}{counted}.", opening(&clause)) };
    match others {
        [] => {}
        [one] => said.push_str(&format!(" {} is degraded too.", one.id.name)),
        more => said.push_str(&format!(" {} more are degraded.", more.len())),
    }
    said
}

/// `Rolling out fleet-app dev: 2 of 3 ready.` The tag is the one that is to come, without a digest: most ready pods may still
/// run the old one.
fn progress(cell: &Cell) -> String {
    let (name, counted) = (&cell.id.name, counts(cell));
    let tag = cell.next.as_ref().map_or(&cell.tag, |next| &next.name);
    let tag = if tag.is_empty() { String::new() } else { format!(" {tag}") };
    match Progress::of(cell) {
        Progress::Rolling => format!("Rolling out {name}{tag}: {counted}."),
        Progress::Scaling => format!("Scaling {name}: {counted}."),
        Progress::Paused => format!("Usable. The rollout of {name} is paused."),
        Progress::HeldBack => format!("Usable. The rollout of {name} is held back."),
        Progress::Starting => format!("Usable. More of {name} is starting: {counted}."),
    }
}

/// One that serves nobody until it is there.
fn coming(cell: &Cell) -> String {
    let (name, counted) = (&cell.id.name, counts(cell));
    match Progress::of(cell) {
        Progress::Rolling => format!("Rolling out {name}, which serves nobody meanwhile: {counted}."),
        Progress::Paused => format!("{name} serves nobody, and its rollout is paused: {counted}."),
        Progress::HeldBack => format!("{name} serves nobody, and its rollout is held back: {counted}."),
        Progress::Scaling | Progress::Starting => format!("{name} is starting: {counted}."),
    }
}

/// What a component on its way does.
enum Progress {
    Rolling,
    Scaling,
    Paused,
    HeldBack,
    Starting,
}

impl Progress {
    fn of(cell: &Cell) -> Self {
        let word = Word::of(&cell.status);
        let is = |other| word == Some(other);
        if is(Word::Rolling) {
            Self::Rolling
        } else if is(Word::Scaling) {
            Self::Scaling
        } else if is(Word::Paused) {
            Self::Paused
        } else if is(Word::HeldBack) {
            Self::HeldBack
        } else {
            Self::Starting
        }
    }
}

/// `fleet-api LOG_LEVEL debug, expected info, and 1 more.` One fault that several components share is one.
fn what_differs(cell: &Cell, difference: &str, cells: &[&Cell]) -> String {
    let all = cells.iter().flat_map(|cell| &cell.chips).filter(|chip| chip.state > State::Ready);
    let texts: BTreeSet<&str> = all.clone().map(|chip| &*chip.text).collect();
    let sharing = all.filter(|chip| *chip.text == *difference).count();
    let what = match sharing {
        0 | 1 => format!("{} {difference}", cell.id.name),
        more => format!("{difference} in {more} components"),
    };
    match texts.len() {
        0 | 1 => format!("{what}."),
        more => format!("{what}, and {} more.", more - 1),
    }
}

/// ` fleet-api restarted 4 times in the last hour.` What others depend on comes first.
fn restarted(judged: &[(State, &Cell)]) -> Option<String> {
    let mut told = judged.iter().filter_map(|(_, cell)| said_of(cell).map(|said| (&cell.id.name, said)));
    let (name, said) = told.next()?;
    let more = match told.count() {
        0 => String::new(),
        1 => " One more component restarted as well.".to_owned(),
        more => format!(" {more} more components restarted as well."),
    };
    Some(format!(" {name} {said}.{more}"))
}

/// When something last changed.
fn quiet(cells: &[&Cell], now: i64) -> String {
    let Some(newest) = cells.iter().filter(|cell| cell.changed > 0).max_by_key(|cell| cell.changed) else {
        return String::new();
    };
    let age = Age::between(newest.changed, now);
    if age.is_ahead() {
        let name = &newest.id.name;
        return format!(" {name} says that it changed at a time that lies {} ahead: a clock is wrong.", age.words());
    }
    match age.seconds() {
        ..60 => format!(" {} changed less than a minute ago.", newest.id.name),
        60..3600 => format!(" {} changed {} ago.", newest.id.name, age.words()),
        3600.. => format!(" Nothing changed for {}.", age.words()),
    }
}
