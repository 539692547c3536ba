//! A series whose program is killed: each member is begun once, in its order, and none after one that was not done.

use std::sync::Arc;
use std::time::Duration;

use server::operations::member_id;
use tokio::time::{Instant, sleep};

use crate::checker::{Case, Told};
use crate::dice::Dice;
use crate::page;
use crate::person::{Form, History, look, send_to};
use crate::report::Report;
use crate::stage::{READERS, SHARED, Stage};
use crate::witness::Watcher;
use crate::{TURN, seed};

const ROUNDS: usize = 3;
/// How often the program is killed in a round.
const KILLS: usize = 3;
/// How long a round may take: where a kill leaves open whether an order arrived, that alone takes up to two minutes.
const PATIENCE: Duration = Duration::from_secs(400);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs the local control plane; `make test` runs it"]
async fn a_series_begins_each_once_and_in_order_whatever_is_killed() {
    let _turn = TURN.lock().await;
    let seed = seed();
    println!("seed {seed}");
    let stage = Stage::new("series", seed).await;
    stage.replicas[1].start().await;
    let watcher = Watcher::start(&stage.client, &stage.namespace);
    let told = Arc::new(History::default());
    let mut dice = Dice::of(seed, 0);
    let mut done = 0;
    for round in 0..ROUNDS {
        let ids = begin(&stage, &told, round).await;
        // The first is left alone, so that one goes on to its end.
        let kills = kill(&stage, &mut dice, if round == 0 { 0 } else { KILLS });
        let ends = follow(&stage, &told, &ids);
        let ((), words) = tokio::join!(kills, ends);
        println!("round {round}: {words:?}");
        // Done, done, …, perhaps one that was not, and nothing after it.
        let all_done = words.iter().take_while(|word| *word == "Done").count();
        let after = words.iter().skip(all_done + 1);
        assert!(after.clone().all(|word| word == "absent"), "seed {seed}, round {round}: {words:?}");
        done += all_done;
    }
    let report = Report::of(&stage, &told, &watcher).await;
    println!("{report}");
    assert_eq!(report.findings.counts(), [0; 4], "seed {seed}\n{}", report.findings.lines());
    assert!(report.is_ledger_whole, "the ledger does not verify");
    assert!(done >= READERS, "seed {seed}: not even the series that was left alone went on");
}

/// Opens the plan and presses; the ids of all members.
async fn begin(stage: &Stage, told: &History, person: usize) -> Vec<String> {
    let address = format!("/operations/series?environment=shop/dev&reads=configmap/{SHARED}");
    let begin = Instant::now();
    loop {
        assert!(begin.elapsed() < PATIENCE, "no series can be begun");
        let at = stage.addresses()[0];
        let page = stage.ask(at, person, &address, None).await;
        let fields = page.as_ref().and_then(|page| page::series(&page.body)).unwrap_or_default();
        let members: Vec<Vec<&str>> =
            fields.iter().filter(|(name, _)| name == "member").map(|(_, member)| member.split(' ').collect()).collect();
        if members.len() < READERS {
            // Something of the round before is still on its way.
            sleep(Duration::from_millis(500)).await;
            continue;
        }
        let form = fields.iter().find(|(name, _)| name == "id").unwrap().1.parse().unwrap();
        let ids: Vec<String> =
            members.iter().map(|member| member_id(form, &member[0].parse().unwrap()).to_string()).collect();
        for (member, id) in members.iter().zip(&ids) {
            let name = member[0].rsplit('/').next().unwrap();
            let case = Case { what: "restart".to_owned(), target: format!("deployments/{name}"), ..Case::default() };
            told.cases.lock().insert(id.clone(), case);
        }
        let form = Form { id: ids[0].clone(), body: page::encoded(&fields) };
        let answer = send_to(stage, told, at, person, &form, "/operations/series").await;
        assert!(matches!(answer, Told::Taken | Told::Nothing), "{answer:?}");
        return ids;
    }
}

/// Kills one replica and then another, and starts each again.
async fn kill(stage: &Stage, dice: &mut Dice, times: usize) {
    for _ in 0..times {
        sleep(Duration::from_millis(dice.between(500, 6_000))).await;
        let replica = dice.pick(&stage.replicas);
        replica.end("-KILL").await;
        sleep(Duration::from_millis(dice.between(0, 2_000))).await;
        replica.start().await;
    }
}

/// Looks until nothing more comes; the last word of each, `absent` where it was not begun.
async fn follow(stage: &Stage, told: &History, ids: &[String]) -> Vec<String> {
    let begin = Instant::now();
    loop {
        assert!(begin.elapsed() < PATIENCE, "it does not end");
        sleep(Duration::from_millis(500)).await;
        let Some(at) = stage.addresses().first().copied() else { continue };
        let Some(first) = stage.ask(at, 0, &format!("/operations/{}", ids[0]), None).await else { continue };
        let stopped = page::text(&first.body).contains("Stopped: ");
        let mut words = Vec::new();
        for id in ids {
            let Some(page) = stage.ask(at, 0, &format!("/operations/{id}"), None).await else { break };
            words.push(if page.status == 404 {
                "absent".to_owned()
            } else {
                page::word(&page.body).unwrap_or_default()
            });
        }
        let is_over = |word: &String| matches!(word.as_str(), "Done" | "Failed" | "Not done");
        let begun: Vec<&String> = words.iter().filter(|word| *word != "absent").collect();
        if words.len() < ids.len() || !begun.iter().all(|word| is_over(word)) || begun.len() < ids.len() && !stopped {
            continue;
        }
        for (number, id) in ids.iter().enumerate().take(begun.len()) {
            if number > 0 {
                // One press led to all of them.
                told.answered(id, Told::Taken);
            }
            look(stage, told, at, 0, id).await;
        }
        return words;
    }
}
