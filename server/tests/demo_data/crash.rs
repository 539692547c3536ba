//! The program, its PostgreSQL and its Redis are killed at every step of a reset, before and after what the step sends.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};

use domain::demo_data::step::Step;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::lane::Lane;
use crate::proxy::{Side, Telltale};

/// How many are tried at a time: most of their time they wait for another to be taken for dead.
const LANES: usize = 8;

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Victim {
    /// Quarterdeck.
    Program,
    /// The database of the environment.
    Postgres,
    /// Its cache.
    Redis,
}

impl Victim {
    const ALL: [Self; 3] = [Self::Program, Self::Postgres, Self::Redis];
}

/// To whom the program speaks when it is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The database of the environment.
    Postgres,
    /// Its cache.
    Redis,
    /// What tells how it is.
    Health,
}

/// A message of a step.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    /// To whom.
    pub way: Way,
    /// By what it is known.
    pub telltale: Telltale,
}

const fn to(way: Way, earlier: &'static str, text: &'static str) -> Mark {
    Mark { way, telltale: Telltale { earlier, text } }
}

const LOCK: &str = "pg_advisory_xact_lock(";
const COUNT: &str = "select count(*) as rows from ";
/// What was done is written down.
pub const RECORD: &str = "insert into quarterdeck.resets (id, kind, version";

/// What a step sends that a look at the database does not. A step without is none that can be tried.
pub fn marks(step: Step) -> &'static [Mark] {
    match step {
        Step::Connect => const { &[to(Way::Postgres, "", "application_name quarterdeck-demo-data")] },
        Step::Identify => const { &[to(Way::Postgres, "", LOCK), to(Way::Postgres, LOCK, "from quarterdeck.marker")] },
        Step::Lock => const { &[to(Way::Postgres, LOCK, "lock table ")] },
        Step::Schema => const { &[to(Way::Postgres, LOCK, "from pg_constraint")] },
        Step::Count => const { &[to(Way::Postgres, LOCK, COUNT)] },
        // Of the fourth of seven tables: some are done, some are not.
        Step::Snapshot => const { &[to(Way::Postgres, "", "as select * from only public.vehicles")] },
        Step::Truncate => const { &[to(Way::Postgres, "", "truncate only public.")] },
        Step::Seed => const { &[to(Way::Postgres, "", "insert into vehicles")] },
        Step::Passwords => const { &[to(Way::Postgres, "", "set password_hash = ")] },
        Step::Verify => const { &[to(Way::Postgres, "truncate only public.", COUNT)] },
        Step::Record => {
            const { &[to(Way::Postgres, "", RECORD), to(Way::Postgres, "", "insert into quarterdeck.outbox")] }
        }
        Step::Commit => const { &[to(Way::Postgres, RECORD, "COMMIT")] },
        Step::ClearCache => {
            const {
                &[
                    to(Way::Redis, "", "SCAN "),
                    to(Way::Redis, "", "UNLINK "),
                    to(Way::Postgres, "", "update quarterdeck.outbox"),
                ]
            }
        }
        Step::Check => const { &[to(Way::Health, "", "GET /")] },
    }
}

/// One try.
#[derive(Debug, Clone, Copy)]
pub struct Cell {
    /// At which step.
    pub step: Step,
    /// At which of its messages.
    pub mark: Mark,
    /// On which side of it.
    pub side: Side,
    /// Who is killed.
    pub victim: Victim,
}

impl Cell {
    /// Whether the new data must be there in the end: the commit has arrived, or nothing keeps it from arriving.
    pub fn is_new(&self) -> bool {
        match self.victim {
            Victim::Redis => true,
            Victim::Program | Victim::Postgres => match self.side {
                Side::Before => self.step > Step::Commit,
                Side::After => self.step >= Step::Commit,
            },
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, mark, side, victim } = self;
        write!(f, "{victim:?} killed at {} {side:?} '{}'", step.name(), mark.telltale.text.trim())
    }
}

/// All there are, those first that take long.
fn cells() -> VecDeque<Cell> {
    let mut cells = VecDeque::new();
    for victim in Victim::ALL {
        for step in Step::ALL {
            for mark in marks(step) {
                cells.extend(Side::ALL.map(|side| Cell { step, mark: *mark, side, victim }));
            }
        }
    }
    cells
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_at_whichever_step_leaves_the_old_data_or_the_new() {
    let cells = cells();
    let count = cells.len();
    let left = Arc::new(Mutex::new(cells));
    let visited = Arc::new(Mutex::new(Vec::new()));
    let mut lanes = JoinSet::new();
    for _ in 0..LANES {
        let (left, visited) = (left.clone(), visited.clone());
        let runtime = Handle::current();
        // Each on a thread of its own: it waits for programs and servers, and the proxies go on meanwhile.
        lanes.spawn_blocking(move || runtime.block_on(work(&left, &visited)));
    }
    // All of them end, so that every fault is seen.
    let mut failed = 0;
    while let Some(ended) = lanes.join_next().await {
        failed += usize::from(ended.is_err());
    }
    let visited = visited.lock().unwrap();
    print(&visited);
    assert_eq!((failed, visited.len()), (0, count), "lanes that failed, and cells that held");
    let seen: BTreeSet<_> = visited.iter().map(|cell| (cell.step, cell.side, cell.victim)).collect();
    assert_eq!(seen.len(), Step::ALL.len() * Side::ALL.len() * Victim::ALL.len(), "a step without a mark");
}

/// Takes one after another, until there are no more.
async fn work(left: &Mutex<VecDeque<Cell>>, visited: &Mutex<Vec<Cell>>) {
    let mut lane = Lane::start().await;
    loop {
        let cell = left.lock().unwrap().pop_front();
        let Some(cell) = cell else { break };
        lane.visit(&cell).await;
        visited.lock().unwrap().push(cell);
    }
    lane.reset_in_peace().await;
}

/// What was visited, and what was there in the end.
fn print(visited: &[Cell]) {
    let mut rows: BTreeMap<Step, BTreeMap<(Victim, Side), Vec<&str>>> = BTreeMap::new();
    for cell in visited {
        let found = if cell.is_new() { "new" } else { "old" };
        rows.entry(cell.step).or_default().entry((cell.victim, cell.side)).or_default().push(found);
    }
    let columns = Victim::ALL.into_iter().flat_map(|victim| Side::ALL.map(|side| (victim, side)));
    let heads: String =
        columns.clone().map(|(victim, side)| format!("{:18}", format!("{victim:?} {side:?}"))).collect();
    println!("{:12}{heads}", "");
    for (step, row) in rows {
        let row: String = columns
            .clone()
            .map(|column| format!("{:18}", row.get(&column).map_or_else(String::new, |found| found.join(" "))))
            .collect();
        println!("{:12}{row}", step.name());
    }
}
