//! Somebody who operates by forms: opens a plan, presses, follows where they are led, looks until it is over.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

use crate::bench::Answer;
use crate::checker::{Case, Told};
use crate::dice::Dice;
use crate::page;
use crate::stage::{Stage, Workload};

/// How long somebody looks at an operation before they go on to something else.
const LOOKS: Duration = Duration::from_secs(10);

/// About how long a rollout takes here.
const ROLLS_OUT: Duration = Duration::from_secs(8);

/// What all of them did and were told, by the id of the form.
#[derive(Default)]
pub struct History {
    pub cases: Mutex<BTreeMap<String, Case>>,
    /// Presses so far.
    pub presses: AtomicUsize,
    /// Operations so far: forms that were pressed.
    pub operations: AtomicUsize,
    /// The workload that somebody went for last.
    hot: Mutex<Option<Workload>>,
    /// When each was pressed for last.
    pressed: Mutex<BTreeMap<String, Instant>>,
}

impl History {
    pub fn answered(&self, id: &str, told: Told) {
        if let Some(case) = self.cases.lock().get_mut(id) {
            case.answers.push(told);
        }
    }

    /// Keeps what its page says, where that is news.
    pub fn read(&self, id: &str, word: String) {
        if let Some(case) = self.cases.lock().get_mut(id)
            && case.words.last() != Some(&word)
        {
            case.words.push(word);
        }
    }
}

/// A form that is about to be pressed.
pub struct Form {
    pub id: String,
    pub body: String,
}

pub struct Person {
    pub stage: Arc<Stage>,
    pub told: Arc<History>,
    pub number: usize,
    pub dice: Dice,
}

impl Person {
    /// Operates until all together did so many.
    pub async fn operate(mut self, operations: usize) {
        let workloads = Workload::all();
        while self.told.operations.load(Ordering::Relaxed) < operations {
            let hot = self.told.hot.lock().clone();
            let workload = match hot.filter(|_| self.dice.chance(10)) {
                Some(hot) => hot,
                None => self.idle(&workloads),
            };
            *self.told.hot.lock() = Some(workload.clone());
            let Some(at) = self.somewhere() else {
                sleep(Duration::from_millis(200)).await;
                continue;
            };
            let Some(form) = self.plan(at, &workload).await else {
                sleep(Duration::from_millis(self.dice.between(50, 400))).await;
                continue;
            };
            let so_far = self.told.operations.fetch_add(1, Ordering::Relaxed) + 1;
            if so_far.is_multiple_of(50) {
                println!("{so_far} operations");
            }
            self.told.pressed.lock().insert(workload.name.clone(), Instant::now());
            self.press(&form).await;
        }
    }

    /// One that nobody pressed for in the last seconds, mostly.
    fn idle(&mut self, workloads: &[Workload]) -> Workload {
        let mut workload = self.dice.pick(workloads);
        let pressed = self.told.pressed.lock();
        for _ in 0..5 {
            if pressed.get(&workload.name).is_none_or(|at| at.elapsed() > ROLLS_OUT) {
                break;
            }
            workload = self.dice.pick(workloads);
        }
        workload.clone()
    }

    fn somewhere(&mut self) -> Option<SocketAddr> {
        let there = self.stage.addresses();
        (!there.is_empty()).then(|| *self.dice.pick(&there))
    }

    /// Opens the plan of some operation.
    async fn plan(&mut self, at: SocketAddr, workload: &Workload) -> Option<Form> {
        let kind = self.dice.between(0, 9);
        let address = |rest: &str| format!("/operations/plan?component={}&operation={rest}", workload.component());
        let asked = match kind {
            0..=4 => "restart".to_owned(),
            5..=7 => {
                let choice = self.get(at, &address("scale")).await?;
                let now = page::replicas(&choice)?;
                let others: Vec<u64> = (1..=4).filter(|number| *number != now).collect();
                format!("scale&replicas={}", self.dice.pick(&others))
            }
            _ => {
                let revisions = page::revisions(&self.get(at, &address("roll-back")).await?);
                if revisions.is_empty() {
                    return None;
                }
                format!("roll-back&revision={}", self.dice.pick(&revisions))
            }
        };
        let shown = self.get(at, &address(&asked)).await?;
        form_of(&self.told, &shown, asked, workload)
    }

    async fn get(&self, at: SocketAddr, path: &str) -> Option<String> {
        let answer = self.stage.ask(at, self.number, path, None).await?;
        (answer.status == 200).then_some(answer.body)
    }

    /// Presses, sometimes twice, and looks what becomes of it.
    async fn press(&mut self, form: &Form) {
        let Some(at) = self.somewhere() else { return };
        let twice = self.dice.chance(25);
        let mut led = if twice && self.dice.chance(50) {
            // A double click, which may reach two replicas.
            let second = self.somewhere().unwrap_or(at);
            let gap = Duration::from_millis(self.dice.between(0, 50));
            let later = async {
                sleep(gap).await;
                self.send(second, form).await
            };
            let (first, second) = tokio::join!(self.send(at, form), later);
            first.or(second)
        } else {
            self.send(at, form).await
        };
        // Back, and once more; always where no answer came.
        if led.is_none() && self.dice.chance(50) || twice && self.dice.chance(50) {
            sleep(Duration::from_millis(self.dice.between(0, 3_000))).await;
            if let Some(at) = self.somewhere() {
                led = self.send(at, form).await.or(led);
            }
        }
        if led.is_some() {
            self.look(&form.id).await;
        }
    }

    /// Presses once. `Some`: led to the page of the operation.
    async fn send(&self, at: SocketAddr, form: &Form) -> Option<()> {
        let told = send(&self.stage, &self.told, at, self.number, form).await;
        (told == Told::Taken).then_some(())
    }

    /// Looks at the page until it is over.
    async fn look(&mut self, id: &str) {
        let begin = Instant::now();
        // Half of them go on to something else at once.
        let patience = if self.dice.chance(50) { LOOKS } else { Duration::ZERO };
        loop {
            if let Some(at) = self.somewhere()
                && look(&self.stage, &self.told, at, self.number, id).await
            {
                return;
            }
            if begin.elapsed() >= patience {
                return;
            }
            sleep(Duration::from_millis(300)).await;
        }
    }
}

/// The form of a plan that was shown. Whoever opens it may press it.
pub fn form_of(told: &History, shown: &str, what: String, workload: &Workload) -> Option<Form> {
    let fields = page::form(shown)?;
    let id = fields.iter().find(|(name, _)| name == "id")?.1.clone();
    let case = Case { what, target: workload.resource(), ..Case::default() };
    told.cases.lock().insert(id.clone(), case);
    Some(Form { id, body: page::encoded(&fields) })
}

/// Presses a form, and keeps what was answered.
pub async fn send(stage: &Stage, told: &History, at: SocketAddr, person: usize, form: &Form) -> Told {
    send_to(stage, told, at, person, form, "/operations").await
}

/// The same to another address.
pub async fn send_to(stage: &Stage, told: &History, at: SocketAddr, person: usize, form: &Form, to: &str) -> Told {
    told.presses.fetch_add(1, Ordering::Relaxed);
    let answer = stage.ask(at, person, to, Some(&form.body)).await;
    let heard = answer.map_or(Told::Nothing, |answer| heard(&answer, &form.id));
    told.answered(&form.id, heard.clone());
    heard
}

fn heard(answer: &Answer, id: &str) -> Told {
    let to = answer.header("location");
    let page = to.strip_prefix("/operations/").filter(|_| answer.status == 303);
    match page {
        Some(page) if page == id => Told::Taken,
        Some(page) => Told::Quicker(page.trim_end_matches("?quicker").to_owned()),
        // Cut off before it said anything.
        None if answer.status == 303 && to.is_empty() => Told::Nothing,
        None if answer.body.contains("not known whether") => Told::Nothing,
        None => Told::NotDone(said(answer)),
    }
}

/// The notice of a page, or its first words.
fn said(answer: &Answer) -> String {
    let main = answer.body.split_once("<main").and_then(|(_, main)| main.split_once('>'));
    let text = page::text(main.map_or(answer.body.as_str(), |(_, main)| main));
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("{} {} {}", answer.status, answer.header("location"), text.chars().take(2_000).collect::<String>())
}

/// Looks at the page of an operation once, and keeps its word. `true`: it is over.
pub async fn look(stage: &Stage, told: &History, at: SocketAddr, person: usize, id: &str) -> bool {
    let Some(answer) = stage.ask(at, person, &format!("/operations/{id}"), None).await else { return false };
    match (answer.status, page::word(&answer.body)) {
        (200, Some(word)) => {
            let is_over = matches!(word.as_str(), "Done" | "Failed" | "Not done" | "Expired");
            told.read(id, word);
            is_over
        }
        (404, _) => {
            told.read(id, "absent".to_owned());
            false
        }
        _ => false,
    }
}
