//! The integrity of operations on a real control plane: people press, a nemesis kills, and a checker joins the API server's audit
//! log with the ledger and with what people were told.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../program/bench.rs"]
#[expect(dead_code, reason = "the suite of the program uses more of it")]
mod bench;
mod checker;
mod dice;
mod nemesis;
mod page;
mod person;
mod plane;
#[path = "../store/postgres.rs"]
#[expect(dead_code, reason = "the suite of the store uses more of it")]
mod postgres;
mod proxy;
mod races;
mod report;
mod series;
mod stage;
mod witness;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use dice::Dice;
use nemesis::Faults;
use person::{History, Person};
use proxy::Mode;
use report::Report;
use stage::{PEOPLE, Stage};
use witness::Watcher;

/// One test at a time: they stop what the others need.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
/// How many operations a run has.
const OPERATIONS: &str = "QUARTERDECK_INTEGRITY_OPERATIONS";
/// What a run's chance begins with.
const SEED: &str = "QUARTERDECK_INTEGRITY_SEED";

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap())
}

/// Another one each time, unless it is given; it is printed.
fn seed() -> u64 {
    number(SEED).unwrap_or_else(|| server::clock::now_us().cast_unsigned() % 1_000_000)
}

/// Lets five people operate.
async fn operate(stage: &Arc<Stage>, told: &Arc<History>, seed: u64, operations: usize) {
    let people = (0..PEOPLE.len()).map(|number| {
        let dice = Dice::of(seed, number as u64);
        let person = Person { stage: stage.clone(), told: told.clone(), number, dice };
        tokio::spawn(person.operate(operations))
    });
    for ended in join_all(people).await {
        ended.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs the local control plane; `make test` runs it"]
async fn nothing_is_lost_doubled_phantom_or_misreported_whatever_is_killed() {
    let _turn = TURN.lock().await;
    let operations = number(OPERATIONS).unwrap_or(200) as usize;
    let seed = seed();
    println!("seed {seed}, {operations} operations");
    let stage = Stage::new("integrity", seed).await;
    let watcher = Watcher::start(&stage.client, &stage.namespace);
    let told = Arc::new(History::default());
    for replica in &stage.replicas {
        replica.proxy.set(Mode::Faulty(15));
    }
    let begin = Instant::now();
    let faults = Faults::default();
    let calm = CancellationToken::new();
    let nemesis = tokio::spawn(nemesis::rage(stage.clone(), seed, faults.clone(), calm.clone()));
    // The second replica joins after a third.
    let joins = {
        let (stage, told) = (stage.clone(), told.clone());
        tokio::spawn(async move {
            while told.operations.load(Ordering::Relaxed) < operations / 3 {
                sleep(Duration::from_millis(200)).await;
            }
            let _there = stage.postgres.read().await;
            stage.replicas[1].start().await;
        })
    };
    operate(&stage, &told, seed, operations).await;
    let took = begin.elapsed();
    calm.cancel();
    nemesis.await.unwrap();
    joins.await.unwrap();
    for replica in &stage.replicas {
        replica.proxy.set(Mode::Straight);
    }
    let mut report = Report::of(&stage, &told, &watcher).await;
    report.faults.extend(faults.lock().clone());
    report.took = took;
    println!("{report}");
    assert_eq!(report.findings.counts(), [0; 4], "seed {seed}\n{}", report.findings.lines());
    assert!(report.is_ledger_whole, "the ledger does not verify");
}

/// What many presses come to where no server is touched and writes meet with this.
async fn run(namespace: &str, operations: usize, mode: Mode) -> Report {
    let seed = seed();
    println!("seed {seed}");
    let stage = Stage::new(namespace, seed).await;
    let watcher = Watcher::start(&stage.client, &stage.namespace);
    let told = Arc::new(History::default());
    stage.replicas[0].proxy.set(mode);
    let begin = Instant::now();
    operate(&stage, &told, seed, operations).await;
    let took = begin.elapsed();
    let mut report = Report::of(&stage, &told, &watcher).await;
    report.took = took;
    println!("{report}");
    report
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs the local control plane; `make test` runs it"]
async fn a_write_that_is_sent_again_on_the_way_is_done_once_and_told_as_it_is() {
    let _turn = TURN.lock().await;
    let report = run("again", 40, Mode::Again(60)).await;
    assert_eq!(report.findings.counts(), [0; 4], "{}", report.findings.lines());
}

/// The control: without this one could not say that the checker would have noticed.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs the local control plane; `make test` runs it"]
async fn the_checker_finds_doubled_ones_where_writes_are_sent_again_without_preconditions() {
    let _turn = TURN.lock().await;
    let report = run("control", 40, Mode::AgainWithout(60)).await;
    let [lost, doubled, phantom, _] = report.findings.counts();
    assert!(doubled > 0, "none was found");
    assert_eq!((lost, phantom), (0, 0), "{}", report.findings.lines());
}
