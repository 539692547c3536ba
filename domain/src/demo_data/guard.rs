//! Whether demo data may be reset, in sentences made from what is known.
//!
//! [`judge`] is pure and is the only maker of a [`Permit`]; there is none for production, whoever asks and whatever is known (barrier
//! two of docs/adr/0015-demo-data.md). It is asked twice: for the plan, and again with fresh facts for the press.

use std::fmt::Write as _;
use std::sync::Arc;

use super::record::Kind;
use super::reservation::Reservation;
use super::sight::Sight;
use super::standing::{Standing, TableCount};
use crate::access::Role;
use crate::age::Age;
use crate::guard::{Level, Line, Refusal, Rule};
use crate::measured::LEAST_FREE_PERCENT;
use crate::name::EnvironmentId;
use crate::registry::Tier;
use crate::text::plain;

/// How lately somebody must have written to be taken for at work, in seconds.
const AT_WORK_S: i64 = 15 * 60;
/// A snapshot of this size is made room for anywhere, in bytes.
const SMALL_BYTES: u64 = 256 * 1024 * 1024;
/// The most names of applications in a sentence.
const MOST_NAMES: usize = 5;

/// What is known before a reset. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Now.
    pub now: i64,
    /// What is asked for.
    pub kind: Kind,
    /// Where.
    pub environment: EnvironmentId,
    /// Its tier.
    pub tier: Tier,
    /// Who asks.
    pub asker: Asker,
    /// Why the registry file is not in use as it stands, if it is not.
    pub registry_trouble: Option<Arc<str>>,
    /// The seed, or why there is none.
    pub seed: Result<SeedFacts, Arc<str>>,
    /// The database, or why nothing is known of it.
    pub sight: Result<Sight, Arc<str>>,
    /// The cache: how keys begin that are cleared, and why it does not answer where it does not. `None`: none is declared.
    pub cache: Option<(String, Option<Arc<str>>)>,
    /// How much of the fullest volume of the environment is free, in percent; `None`: nobody measures it.
    pub free_percent: Option<f64>,
    /// Whether new passwords are made.
    pub makes_passwords: bool,
    /// The reservation that holds, if one does.
    pub reservation: Option<Reservation>,
    /// Who resets it right now, and since when.
    pub under_way: Option<(Arc<str>, i64)>,
    /// The reason that was written.
    pub reason: Arc<str>,
    /// What was typed to confirm.
    pub typed: Arc<str>,
}

/// Who asks for a reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asker {
    /// Somebody.
    Person {
        /// Their id.
        id: String,
        /// The role by which they may reset here, if they may.
        role: Option<Role>,
    },
    /// The time of a schedule has come. Nobody writes a reason or types a name, and what somebody reserved is left alone.
    Schedule,
}

impl Asker {
    fn is_person(&self) -> bool {
        match self {
            Self::Person { .. } => true,
            Self::Schedule => false,
        }
    }
}

/// What a plan needs to know of a seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedFacts {
    /// Its version.
    pub version: u32,
    /// The version of the schema that it was written for.
    pub schema: String,
}

/// Tiers that have demo data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PermittedTier {
    Development,
    Staging,
}

impl PermittedTier {
    fn of(tier: Tier) -> Option<Self> {
        match tier {
            Tier::Production => None,
            Tier::Staging => Some(Self::Staging),
            Tier::Development => Some(Self::Development),
        }
    }
}

/// Proof that [`judge`] allowed a reset. Nothing else can make one, and none can arrive over a wire:
///
/// ```compile_fail,E0451
/// use domain::demo_data::guard::Permit;
/// fn forge(kind: domain::demo_data::record::Kind, environment: domain::name::EnvironmentId) -> Permit {
///     Permit { kind, environment, tier: todo!() }
/// }
/// ```
#[derive(Debug, PartialEq)]
pub struct Permit {
    kind: Kind,
    environment: EnvironmentId,
    tier: PermittedTier,
}

impl Permit {
    /// What is allowed.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Where.
    pub fn environment(&self) -> &EnvironmentId {
        &self.environment
    }

    /// Its tier: never production.
    pub fn tier(&self) -> Tier {
        match self.tier {
            PermittedTier::Development => Tier::Development,
            PermittedTier::Staging => Tier::Staging,
        }
    }
}

/// What came of judging.
#[derive(Debug, PartialEq)]
pub struct Verdict {
    /// The plan, worst line first.
    pub lines: Vec<Line>,
    /// Whether a reason is asked for.
    pub needs_reason: bool,
    /// Why it is not allowed; empty when it is.
    pub refusals: Vec<Refusal>,
    permit: Option<Permit>,
}

impl Verdict {
    /// The permit, or why there is none.
    pub fn permit(self) -> Result<Permit, Vec<Refusal>> {
        self.permit.ok_or(self.refusals)
    }

    /// Whether nothing but the form's own fields is missing.
    pub fn is_offered(&self) -> bool {
        self.refusals.iter().all(Refusal::is_for_the_form)
    }

    /// What was shown, in a form whose hash is compared when the button is pressed: what is done where, with which seed, and how each
    /// rule judged. Numbers of rows are left out: how far they may have moved is decided where they are counted.
    pub fn fingerprint(&self, facts: &Facts) -> String {
        let seed = facts.seed.as_ref().map_or(0, |seed| seed.version);
        let mut text = format!("{:?}\n{}\n{seed} {}\n", facts.kind, facts.environment, self.needs_reason);
        if let Some(held) = &facts.reservation {
            let _ = writeln!(text, "{} {}", held.by_id, held.begun_at);
        }
        let mut lines: Vec<_> = self.lines.iter().filter(|line| line.rule.counts()).collect();
        lines.sort_by_key(|line| (line.rule, line.level));
        for line in lines {
            // Writing into a String cannot fail.
            let _ = writeln!(text, "{:?}={:?}", line.rule, line.level);
        }
        text
    }
}

/// Whether demo data may be reset, by what is known: nothing red, and what is asked for given.
pub fn judge(facts: &Facts) -> Verdict {
    let mut lines: Vec<Line> = RULES.iter().flat_map(|rule| rule(facts)).collect();
    lines.sort_by_key(|line| (std::cmp::Reverse(line.level), line.rule));
    let needs_reason = facts.asker.is_person() && lines.iter().any(|line| line.level > Level::Green);
    let mut refusals: Vec<Refusal> = Vec::new();
    for line in &lines {
        match line.level {
            Level::Red => refusals.push(Refusal::Red(line.text.clone())),
            Level::Unknown | Level::Amber | Level::Green => {}
        }
    }
    if needs_reason && !facts.reason.chars().any(char::is_alphanumeric) {
        refusals.push(Refusal::Reason);
    }
    let name = facts.environment.to_string();
    if facts.asker.is_person() && *facts.typed != *name {
        refusals.push(Refusal::Name(name.into()));
    }
    let tier = PermittedTier::of(facts.tier).filter(|_| refusals.is_empty());
    let permit = tier.map(|tier| Permit { kind: facts.kind, environment: facts.environment.clone(), tier });
    Verdict { lines, needs_reason, refusals, permit }
}

const RULES: [fn(&Facts) -> Vec<Line>; 12] =
    [tier, role, others, database, seed, cascade, origin, loss, snapshot, passwords, cache, testing_and_reservation];

fn line(rule: Rule, level: Level, text: impl Into<Arc<str>>, source: &str, at: Option<i64>) -> Vec<Line> {
    vec![Line { rule, level, text: text.into(), source: source.into(), at, moment: None }]
}

/// A line about what the database says.
fn seen(facts: &Facts, rule: Rule, level: Level, text: impl Into<Arc<str>>) -> Vec<Line> {
    line(rule, level, text, "database", facts.sight.as_ref().ok().map(|sight| sight.at))
}

/// The database, if it is the one.
fn sight(facts: &Facts) -> Option<&Sight> {
    facts.sight.as_ref().ok().filter(|sight| sight.mismatches.is_empty())
}

fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn tier(facts: &Facts) -> Vec<Line> {
    let text: Arc<str> = match (PermittedTier::of(facts.tier), &facts.registry_trouble) {
        (None, _) => "production has no demo data, and nothing resets it".into(),
        // It may say by now that this is production.
        (Some(_), Some(why)) => {
            format!("the registry file's newest version is not in use, and may say another tier: {why}").into()
        }
        (Some(_), None) => return Vec::new(),
    };
    line(Rule::Tier, Level::Red, text, "registry", None)
}

fn role(facts: &Facts) -> Vec<Line> {
    match &facts.asker {
        Asker::Person { role: Some(role), .. } => {
            line(Rule::Role, Level::Green, format!("you are {role} here"), "people", None)
        }
        Asker::Person { role: None, .. } => {
            let text = "resetting demo data here needs the role tester, operator or lead";
            line(Rule::Role, Level::Red, text, "people", None)
        }
        Asker::Schedule => line(Rule::Role, Level::Green, "the registry says when it is reset", "registry", None),
    }
}

fn others(facts: &Facts) -> Vec<Line> {
    let Some((by, since)) = &facts.under_way else { return Vec::new() };
    let text = format!("{by} resets it right now, since {}", Age::between(*since, facts.now));
    line(Rule::Others, Level::Red, text, "record", None)
}

fn database(facts: &Facts) -> Vec<Line> {
    match &facts.sight {
        Err(why) => line(Rule::Database, Level::Red, format!("the database does not answer: {why}"), "database", None),
        Ok(sight) if sight.mismatches.is_empty() => {
            let text = "the database is the one that was enrolled for this environment";
            seen(facts, Rule::Database, Level::Green, text)
        }
        Ok(sight) => {
            let texts = sight.mismatches.iter().map(ToString::to_string);
            texts.flat_map(|text| seen(facts, Rule::Database, Level::Red, text)).collect()
        }
    }
}

fn seed(facts: &Facts) -> Vec<Line> {
    let seed = match &facts.seed {
        Ok(seed) => seed,
        Err(why) => return line(Rule::Seed, Level::Red, why.clone(), "seed", None),
    };
    let Some(sight) = sight(facts) else { return Vec::new() };
    let found = sight.schema.as_deref().map(|found| plain(found, 40));
    match &found {
        Some(found) if *found == seed.schema => {
            let text = format!("the schema is at version {found}, for which the seed was written");
            seen(facts, Rule::Seed, Level::Green, text)
        }
        _ => {
            let found = found.as_deref().unwrap_or("not known");
            let text = format!("the schema's version is {found}, and the seed was written for {}", seed.schema);
            seen(facts, Rule::Seed, Level::Red, text)
        }
    }
}

fn cascade(facts: &Facts) -> Vec<Line> {
    let Some(sight) = sight(facts).filter(|sight| !sight.cascade.is_empty()) else { return Vec::new() };
    let tables: Vec<&str> = sight.cascade.iter().map(String::as_str).collect();
    let text = format!(
        "tables that the seed does not know refer to those it empties: {}. Declare them in the seed or remove the reference",
        plain(&tables.join(", "), 300)
    );
    seen(facts, Rule::Cascade, Level::Red, text)
}

fn origin(facts: &Facts) -> Vec<Line> {
    let Some(sight) = sight(facts) else { return Vec::new() };
    match sight.standing() {
        Standing::Suspicious(tables) => {
            let text =
                format!("there is far more than the seed puts in, as in a copy of production: {}", tables.join("; "));
            seen(facts, Rule::Origin, Level::Red, text)
        }
        Standing::Clean | Standing::Drifted(_) | Standing::Foreign { .. } | Standing::Unknown(_) => Vec::new(),
    }
}

fn loss(facts: &Facts) -> Vec<Line> {
    let Some(sight) = sight(facts) else { return Vec::new() };
    match facts.kind {
        Kind::Reset => sight.counts.iter().flat_map(|table| lost(facts, table)).collect(),
        Kind::Undo { of } => match sight.snapshot(of) {
            Some(snapshot) => sight
                .counts
                .iter()
                .flat_map(|table| {
                    let then = snapshot.before.get(&table.table).copied().unwrap_or(0);
                    let text = format!(
                        "{}: {} now, {then} from before the reset put back",
                        table.table,
                        count(table.counted, "row")
                    );
                    let touched = table.foreign > 0 || table.changed > 0;
                    let level = if touched { Level::Amber } else { Level::Green };
                    let text = if touched {
                        format!("{text}; {} since the reset are lost", touched_words(table))
                    } else {
                        text
                    };
                    seen(facts, Rule::Loss, level, text)
                })
                .collect(),
            None => seen(facts, Rule::Loss, Level::Red, "the snapshot of that reset is not kept any more"),
        },
    }
}

/// `3 added, 2 changed`.
fn touched_words(table: &TableCount) -> String {
    let words = [
        (table.foreign > 0).then(|| format!("{} added", table.foreign)),
        (table.changed > 0).then(|| format!("{} changed", table.changed)),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn lost(facts: &Facts, table: &TableCount) -> Vec<Line> {
    let TableCount { table: name, expected, counted, foreign, changed, written } = table;
    let mut text = format!("{name}: {} now, {expected} afterwards", count(*counted, "row"));
    if *foreign > 0 {
        let were = if *foreign == 1 { "1 that no seed made is lost" } else { "that no seed made are lost" };
        text.push_str(&if *foreign == 1 { format!("; {were}") } else { format!("; {foreign} {were}") });
    }
    if *changed > 0 {
        let verb = if *changed == 1 { "is" } else { "are" };
        text.push_str(&format!("; {changed} changed since {verb} lost as changed"));
    }
    if let Some(at) = written.filter(|_| *foreign > 0 || *changed > 0) {
        text.push_str(&format!("; last written {}", Age::between(at, facts.now).ago()));
    }
    let level = if *foreign > 0 || *changed > 0 { Level::Amber } else { Level::Green };
    seen(facts, Rule::Loss, level, text)
}

fn snapshot(facts: &Facts) -> Vec<Line> {
    let Some(sight) = sight(facts) else { return Vec::new() };
    let size = match sight.bytes {
        bytes if bytes < 1024 * 1024 => format!("{} kB", bytes.div_ceil(1000)),
        bytes => format!("{} MB", bytes.div_ceil(1_000_000)),
    };
    let kept = format!("what is there now is kept for 24 h and can be put back; it takes up to {size}");
    let (level, text) = match facts.free_percent {
        Some(free) if free < f64::from(LEAST_FREE_PERCENT) => {
            (Level::Red, format!("only {free:.0} % of a volume is free, and a snapshot of up to {size} needs room"))
        }
        Some(free) => (Level::Green, format!("{kept}; {free:.0} % of the fullest volume is free")),
        None if sight.bytes <= SMALL_BYTES => (Level::Green, kept),
        None => (Level::Unknown, format!("{kept}; how much room there is on the disk is not known")),
    };
    seen(facts, Rule::Snapshot, level, text)
}

fn passwords(facts: &Facts) -> Vec<Line> {
    let text = match facts.kind {
        Kind::Reset if !facts.makes_passwords => return Vec::new(),
        Kind::Reset => match facts.asker {
            Asker::Person { .. } => "people of the application get new random passwords, which you are shown once",
            Asker::Schedule => "people of the application keep their passwords",
        },
        Kind::Undo { .. } => "passwords are those from before the reset again",
    };
    line(Rule::Passwords, Level::Green, text, "registry", None)
}

fn cache(facts: &Facts) -> Vec<Line> {
    match &facts.cache {
        None => Vec::new(),
        Some((prefix, None)) => {
            let text = format!("keys that begin with {prefix} are taken out of the cache afterwards, no others");
            line(Rule::Cache, Level::Green, text, "registry", None)
        }
        Some((prefix, Some(why))) => {
            let text = format!(
                "the cache does not answer ({why}): keys that begin with {prefix} hold old data until it does, then they are cleared"
            );
            line(Rule::Cache, Level::Amber, text, "Redis", Some(facts.now))
        }
    }
}

fn testing_and_reservation(facts: &Facts) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(sight) = sight(facts) {
        lines.extend(testing(facts, sight));
    }
    if let Some(held) = &facts.reservation {
        let left = held.left(facts.now.saturating_mul(1_000_000)).words();
        let what = plain(&held.reason, 200);
        let (level, text) = match &facts.asker {
            Asker::Person { id, .. } if held.is_of(id) => {
                (Level::Green, format!("you have reserved it for another {left}: {what}"))
            }
            Asker::Person { .. } => {
                (Level::Amber, format!("{} has reserved it for another {left}: {what}. They will be told", held.by))
            }
            Asker::Schedule => (Level::Red, format!("{} has reserved it for another {left}: {what}", held.by)),
        };
        lines.extend(line(Rule::Reservation, level, text, "record", None));
    }
    lines
}

fn testing(facts: &Facts, sight: &Sight) -> Vec<Line> {
    let mut lines = Vec::new();
    if let Some(at) = sight.written().filter(|at| facts.now - at < AT_WORK_S) {
        let text = format!("somebody wrote to it {}: ask who is testing", Age::between(at, facts.now).ago());
        lines.extend(seen(facts, Rule::Testing, Level::Amber, text));
    }
    match &sight.sessions {
        None => {}
        Some(Ok(0)) => lines.extend(seen(facts, Rule::Testing, Level::Green, "nobody is signed in to the application")),
        Some(Ok(signed_in)) => {
            let people = if *signed_in == 1 { "1 person is".to_owned() } else { format!("{signed_in} people are") };
            let text = format!("{people} signed in to the application");
            lines.extend(seen(facts, Rule::Testing, Level::Amber, text));
        }
        Some(Err(why)) => {
            let text = format!("who is signed in to the application is not known: {why}");
            lines.extend(seen(facts, Rule::Testing, Level::Unknown, text));
        }
    }
    let connections: u32 = sight.connections.iter().map(|(_, number)| number).sum();
    if connections > 0 {
        let names: Vec<String> = sight
            .connections
            .iter()
            .take(MOST_NAMES)
            .map(|(name, number)| match &*plain(name, 40) {
                "" => format!("{number} without a name"),
                name => format!("{number} of {name}"),
            })
            .collect();
        let verb = if connections == 1 { "waits" } else { "wait" };
        let text = format!(
            "{} of others to the database ({}) {verb} while it runs",
            count(u64::from(connections), "connection"),
            names.join(", ")
        );
        lines.extend(seen(facts, Rule::Testing, Level::Green, text));
    }
    lines
}

#[cfg(test)]
mod tests;
