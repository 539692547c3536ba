//! Two at once on the same target, and the same form twice.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use crate::checker::Told;
use crate::dice::Dice;
use crate::person::{Form, History, form_of, look, send};
use crate::report::Report;
use crate::stage::{PEOPLE, Stage, WORKLOADS, Workload};
use crate::witness::Watcher;
use crate::{TURN, seed};

/// How many races each workload sees: 200 in all.
const EACH: usize = 10;
/// On how many workloads at once.
const AT_ONCE: usize = 5;
/// How long a plan may not be had because the race before still runs.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a race came to.
#[derive(Default)]
struct Tally {
    races: usize,
    /// Two people whose loser was told who won.
    named: usize,
    /// Two people whose loser was told something else.
    unnamed: Vec<String>,
    /// One form twice, both led to the same page.
    same: usize,
    other: Vec<String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs the local control plane; `make test` runs it"]
async fn of_two_at_once_one_wins_and_the_other_is_told_who_did() {
    let _turn = TURN.lock().await;
    let seed = seed();
    println!("seed {seed}");
    let stage = Stage::new("races", seed).await;
    stage.replicas[1].start().await;
    let watcher = Watcher::start(&stage.client, &stage.namespace);
    let told = Arc::new(History::default());
    let at_once = Arc::new(Semaphore::new(AT_ONCE));
    let all = Workload::all().into_iter().enumerate().map(|(number, workload)| {
        let (stage, told, at_once) = (stage.clone(), told.clone(), at_once.clone());
        tokio::spawn(async move {
            let _turn = at_once.acquire().await.unwrap();
            races(&stage, &told, &workload, Dice::of(seed, number as u64)).await
        })
    });
    let begin = Instant::now();
    let mut sum = Tally::default();
    for tally in join_all(all).await {
        let tally = tally.unwrap();
        sum.races += tally.races;
        sum.named += tally.named;
        sum.same += tally.same;
        sum.unnamed.extend(tally.unnamed);
        sum.other.extend(tally.other);
    }
    let took = begin.elapsed();
    let mut report = Report::of(&stage, &told, &watcher).await;
    report.took = took;
    println!("{report}");
    println!(
        "races {}: losers told who won {}, not {}; double clicks led to one page {}, not {}",
        sum.races,
        sum.named,
        sum.unnamed.len(),
        sum.same,
        sum.other.len()
    );
    assert_eq!(sum.races, WORKLOADS * EACH);
    assert_eq!(report.findings.counts(), [0; 4], "seed {seed}\n{}", report.findings.lines());
    assert!(sum.unnamed.is_empty() && sum.other.is_empty(), "seed {seed}\n{:#?}\n{:#?}", sum.unnamed, sum.other);
}

async fn races(stage: &Stage, told: &History, workload: &Workload, mut dice: Dice) -> Tally {
    let mut tally = Tally::default();
    for race in 0..EACH {
        let first = dice.between(0, PEOPLE.len() as u64 - 1) as usize;
        let second = (first + dice.between(1, PEOPLE.len() as u64 - 1) as usize) % PEOPLE.len();
        // Of four races: two people at one replica, at two; one form at one replica, at two.
        let (one_form, two_replicas) = (race % 4 >= 2, race % 2 == 1);
        let here = stage.addresses()[0];
        let there = stage.addresses()[usize::from(two_replicas)];
        let gap = Duration::from_millis(dice.between(1, 50));
        let mine = open(stage, told, workload, first, here, &mut dice).await;
        tally.races += 1;
        if one_form {
            let later = async {
                sleep(gap).await;
                send(stage, told, there, first, &mine).await
            };
            let answers = tokio::join!(send(stage, told, here, first, &mine), later);
            match answers {
                (Told::Taken, Told::Taken) => tally.same += 1,
                answers => tally.other.push(format!("{answers:?}")),
            }
            over(stage, told, first, &mine, &Told::Taken).await;
        } else {
            let theirs = open(stage, told, workload, second, there, &mut dice).await;
            let later = async {
                sleep(gap).await;
                send(stage, told, there, second, &theirs).await
            };
            let answers = tokio::join!(send(stage, told, here, first, &mine), later);
            let is_named = match &answers {
                (Told::Taken, Told::Quicker(winner)) => *winner == mine.id,
                (Told::Quicker(winner), Told::Taken) => *winner == theirs.id,
                (Told::Taken, Told::NotDone(why)) => says(why, PEOPLE[first]),
                (Told::NotDone(why), Told::Taken) => says(why, PEOPLE[second]),
                _ => false,
            };
            over(stage, told, second, &theirs, &answers.1).await;
            over(stage, told, first, &mine, &answers.0).await;
            // Where one was over before the other was taken up, its page tells.
            let both = matches!(answers, (Told::Taken, Told::Taken));
            if is_named || both && (names(stage, &mine, second).await || names(stage, &theirs, first).await) {
                tally.named += 1;
            } else {
                tally.unnamed.push(format!("{answers:?}"));
            }
        }
    }
    tally
}

/// Whether a sentence names somebody: at its beginning with a capital letter.
fn says(sentence: &str, name: &str) -> bool {
    sentence.to_lowercase().contains(name)
}

/// Whether the page of an operation that was not done names somebody as the one who was quicker.
async fn names(stage: &Stage, form: &Form, winner: usize) -> bool {
    let page = stage.ask(stage.addresses()[0], 0, &format!("/operations/{}", form.id), None).await;
    page.is_some_and(|page| {
        crate::page::word(&page.body).as_deref() == Some("Not done") && says(&page.body, PEOPLE[winner])
    })
}

/// Opens a plan, as soon as one can be had.
async fn open(
    stage: &Stage,
    told: &History,
    workload: &Workload,
    person: usize,
    at: std::net::SocketAddr,
    dice: &mut Dice,
) -> Form {
    let begin = Instant::now();
    loop {
        let component = workload.component();
        let address = |rest: &str| format!("/operations/plan?component={component}&operation={rest}");
        let mut asked = "restart".to_owned();
        if dice.chance(40)
            && let Some(choice) = stage.ask(at, person, &address("scale"), None).await
            && let Some(now) = crate::page::replicas(&choice.body)
        {
            asked = format!("scale&replicas={}", if now >= 3 { now - 1 } else { now + 1 });
        }
        let shown = stage.ask(at, person, &address(&asked), None).await;
        if let Some(form) = shown.and_then(|shown| form_of(told, &shown.body, asked, workload)) {
            return form;
        }
        assert!(begin.elapsed() < PATIENCE, "there is no plan to be had for {}", workload.name);
        sleep(Duration::from_millis(300)).await;
    }
}

/// Waits until the page says that it is over, where it was begun.
async fn over(stage: &Stage, told: &History, person: usize, form: &Form, answer: &Told) {
    let begin = Instant::now();
    let at = stage.addresses()[0];
    while matches!(answer, Told::Taken) && begin.elapsed() < PATIENCE {
        if look(stage, told, at, person, &form.id).await {
            return;
        }
        let is_absent = told.cases.lock()[&form.id].words.last().is_some_and(|word| word == "absent");
        if is_absent {
            return;
        }
        sleep(Duration::from_millis(300)).await;
    }
}
