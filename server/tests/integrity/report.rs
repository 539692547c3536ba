//! What a run came to.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::ledger::OperationId;
use domain::operation::record::Record;
use futures::future::join_all;
use tokio::time::{Instant, sleep};

use crate::checker::{Case, Findings, Told, check};
use crate::person::{History, look};
use crate::stage::{Stage, plane};
use crate::witness::{Audit, Watcher, audit};

/// How long everything may take to be settled after the nemesis has stopped: 30 s until another takes over, 65 s until it cannot
/// arrive any more, and the rollout.
const SETTLES: Duration = Duration::from_secs(240);

pub struct Report {
    pub operations: usize,
    presses: usize,
    /// How the presses were answered.
    answers: BTreeMap<&'static str, usize>,
    /// What the pages said at last.
    ends: BTreeMap<String, usize>,
    pub faults: BTreeMap<&'static str, u64>,
    pub findings: Findings,
    pub is_ledger_whole: bool,
    gaps: u64,
    audit: Audit,
    /// Effects that no audit line tells of.
    only_borne: usize,
    /// Seconds from the press until it was known whether it arrived, of those of which it was not.
    settled: Vec<i64>,
    /// Of these, those that arrived.
    arrived: usize,
    pub took: Duration,
}

impl Report {
    /// Waits until all is settled, and checks.
    pub async fn of(stage: &Stage, told: &History, watcher: &Watcher) -> Self {
        let pressed = |case: &Case| !case.answers.is_empty();
        let ids =
            told.cases.lock().iter().filter(|(_, case)| pressed(case)).map(|(id, _)| id.clone()).collect::<Vec<_>>();
        settle(stage, told, &ids).await;
        let audit = audit(&plane().run.join("log/audit.log"), &stage.namespace);
        let mut seen = watcher.seen();
        let store = stage.store().await;
        let mut read = store.read().await.unwrap();
        let mut cases = told.cases.lock().clone();
        // What was only opened was not pressed. If it has an effect nevertheless, that is found without it.
        cases.retain(|_, case| pressed(case));
        let (mut settled, mut arrived) = (Vec::new(), 0);
        for (id, case) in &mut cases {
            let id: OperationId = id.parse().unwrap();
            let entries = read.entries_of(id).await.unwrap();
            case.ledger = entries.into_iter().filter_map(|entry| entry.entry).map(|it| (it.outcome, it.at)).collect();
            if let Some(held) = read.operation(id).await.unwrap()
                && let Some((after, did)) = settlement(&held.record)
            {
                settled.push(after);
                arrived += usize::from(did);
            }
        }
        settled.sort_unstable();
        let findings = check(&cases, &audit.effects, &seen);
        for effect in &audit.effects {
            seen.remove(effect.id.as_deref().unwrap_or_default());
        }
        let mut answers = BTreeMap::<_, usize>::new();
        let mut ends = BTreeMap::<_, usize>::new();
        for case in cases.values() {
            for told in &case.answers {
                *answers.entry(word(told)).or_default() += 1;
            }
            *ends.entry(case.words.last().cloned().unwrap_or_default()).or_default() += 1;
        }
        let verified = stage.replicas[0].setup.command(&["audit", "verify"], "");
        let mut faults = BTreeMap::<_, u64>::new();
        for replica in &stage.replicas {
            for (fault, count) in replica.proxy.faults() {
                *faults.entry(fault).or_default() += count;
            }
            let said = replica.said().await;
            assert!(!said.contains("panicked"), "{said}");
        }
        Self {
            operations: cases.len(),
            presses: told.presses.load(Ordering::Relaxed),
            answers,
            ends,
            faults,
            findings,
            is_ledger_whole: verified.status.success(),
            gaps: watcher.gaps(),
            only_borne: seen.len(),
            audit,
            settled,
            arrived,
            took: Duration::ZERO,
        }
    }
}

/// Looks at each page until it is over, or has been absent for a while.
async fn settle(stage: &Stage, told: &History, ids: &[String]) {
    let begin = Instant::now();
    let at = loop {
        if let Some(at) = stage.addresses().first() {
            break *at;
        }
        sleep(Duration::from_millis(100)).await;
    };
    let person = |index: usize| index % stage.cookies.len();
    let mut open: Vec<(usize, &String)> = ids.iter().enumerate().collect();
    // Only whoever pressed looks; somebody else may look too, and is told the same.
    while !open.is_empty() && begin.elapsed() < SETTLES {
        let mut left = Vec::new();
        for some in open.chunks(8) {
            let over = join_all(some.iter().map(|(index, id)| look(stage, told, at, person(*index), id))).await;
            left.extend(some.iter().zip(over).filter(|(_, over)| !over).map(|(open, _)| *open));
        }
        let is_absent = |id: &String| told.cases.lock().get(id).and_then(|case| case.words.last().cloned());
        if begin.elapsed() > Duration::from_secs(40) {
            left.retain(|(_, id)| is_absent(id).as_deref() != Some("absent"));
        } else if left.iter().all(|(_, id)| is_absent(id).as_deref() == Some("absent"))
            && begin.elapsed() > Duration::from_secs(15)
        {
            left.clear();
        }
        open = left;
        sleep(Duration::from_secs(1)).await;
    }
}

/// The seconds until it was known whether it arrived, and whether it did; none where it was never in question.
fn settlement(record: &Record) -> Option<(i64, bool)> {
    let at = |said: &str| record.steps.iter().find(|step| step.text.starts_with(said)).map(|step| step.at);
    let (found, arrived) = match (at("It arrived:"), at("It did not arrive,")) {
        (Some(at), _) => (at, true),
        (None, Some(at)) => (at, false),
        (None, None) => return None,
    };
    Some((found - record.begun, arrived))
}

fn word(told: &Told) -> &'static str {
    match told {
        Told::Taken => "led to the operation",
        Told::NotDone(_) => "told that nothing was done",
        Told::Quicker(_) => "told that somebody was quicker",
        Told::Nothing => "no answer",
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [lost, doubled, phantom, misreported] = self.findings.counts();
        writeln!(f, "operations        {:>6}   in {} presses", self.operations, self.presses)?;
        for (answer, count) in &self.answers {
            writeln!(f, "  {count:>6}  {answer}")?;
        }
        writeln!(f, "ends")?;
        for (end, count) in &self.ends {
            writeln!(f, "  {count:>6}  {end}")?;
        }
        writeln!(f, "faults            {:>6}", self.faults.values().sum::<u64>())?;
        for (fault, count) in &self.faults {
            writeln!(f, "  {count:>6}  {fault}")?;
        }
        writeln!(
            f,
            "effects           {:>6}   in the audit log, and {} of an API server that was killed before it wrote them there \
             (the watch began anew {} times)",
            self.audit.effects.len(),
            self.only_borne,
            self.gaps
        )?;
        writeln!(
            f,
            "not carried out   {:>6}   by status {:?}",
            self.audit.others.values().sum::<u64>(),
            self.audit.others
        )?;
        writeln!(f, "given up          {:>6}   torn lines {}", self.audit.given_up, self.audit.torn)?;
        writeln!(f, "lost {lost}, doubled {doubled}, phantom {phantom}, misreported {misreported}")?;
        writeln!(f, "the ledger is {}", if self.is_ledger_whole { "whole" } else { "broken" })?;
        let of = |percent: usize| {
            let last = self.settled.len().saturating_sub(1);
            self.settled.get((self.settled.len() * percent / 100).min(last)).copied().unwrap_or(0)
        };
        let within = self.settled.iter().filter(|after| **after <= 30).count();
        writeln!(
            f,
            "unknown           {:>6}   of which {} had arrived; known after p50 {} s, p99 {} s, max {} s; {within} within 30 s",
            self.settled.len(),
            self.arrived,
            of(50),
            of(99),
            of(100)
        )?;
        let seconds = self.took.as_secs_f64().max(0.001);
        writeln!(f, "took              {seconds:>6.0} s, {:.2} operations a second", self.operations as f64 / seconds)
    }
}
