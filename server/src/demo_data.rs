//! Demo data: enrolling a database, counting what is in it, and bringing it back to its seed.
//!
//! What must agree is decided by `domain::demo_data`; docs/adr/0015-demo-data.md says why it is done so. The order of a reset is that
//! of every operation: fresh facts, the guard's verdict, the row and its entry in the ledger in one commit, one transaction in the
//! other database, and then what is left to do until it is done.

mod cache;
mod carry;
mod enrol;
mod facts;
mod look;
mod open;
mod passwords;
mod press;
mod reservation;
mod reset;
mod schedule;
mod seal;
mod seed;
mod table;
mod watch;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use domain::demo_data::identity::Wanted;
use domain::demo_data::sight::Sight;
use domain::demo_data::standing::Standing;
use domain::ledger::OperationId;
use domain::name::EnvironmentId;
use domain::registry::{DemoData as Declared, Environment, Registry};
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore, watch as channel};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use enrol::{EnrolTrouble, enrol};
pub use facts::{Given, NoPlan, Plan};
pub use look::look;
pub use open::{NoDatabase, database};
pub use passwords::ShowRefusal;
pub use press::{Press, PressRefusal};
pub use reservation::{ReserveRefusal, Until};
pub use reset::{Done, Order, PasswordOrder, ResetTrouble, Settled, reset, settle};
pub use seal::SealKey;
pub use seed::{Seed, SeedTrouble};

use crate::checks::{Checks, OwnFiles, Reach};
use crate::people::People;
use crate::registry::Current;
use crate::rows::Rows;

/// How often it is looked for resets that nobody carries on, for reservations, and for times of schedules.
const ROUND: Duration = Duration::from_secs(1);
/// The folder of seeds, beside the registry.
pub(crate) const SEEDS: &str = "seeds";

/// The most looks at a time, over all environments: each is a connection.
const MOST_LOOKS: usize = 4;

/// What is known of an environment's data.
#[derive(Debug, Clone)]
pub struct Known {
    /// When it was looked at, seconds since 1970.
    pub at: i64,
    /// What was found, or why nothing is known.
    pub sight: Result<Sight, Arc<str>>,
    /// Why the cache does not answer, where it does not.
    pub cache: Option<Arc<str>>,
}

impl Known {
    /// How the data stand.
    pub fn standing(&self) -> Standing {
        match &self.sight {
            Ok(sight) => sight.standing(),
            Err(why) => Standing::Unknown(format!("The database was not read: {why}.")),
        }
    }
}

/// Everything about demo data.
pub struct DemoData {
    people: Arc<People>,
    rows: Arc<Rows>,
    checks: Arc<Checks>,
    registry: channel::Receiver<Arc<Registry>>,
    current: channel::Receiver<Current>,
    reach: Reach,
    own: OwnFiles,
    /// The folder that the registry lies in.
    folder: PathBuf,
    /// What this program carries on.
    carried: Mutex<HashSet<OperationId>>,
    /// Environments whose time has come, while they are looked at.
    scheduling: Mutex<HashSet<EnvironmentId>>,
    /// Looks at databases that go on.
    looks: Semaphore,
    /// What was found last, by environment.
    known: Mutex<HashMap<EnvironmentId, Known>>,
    /// What whoever holds a reservation is told on every page, by their id.
    told: Mutex<HashMap<String, Arc<str>>>,
    /// How often somebody was refused lately, by their id: since when, and how many times.
    refused: Mutex<HashMap<String, (i64, u32)>>,
    /// Something has changed: the data are looked at again.
    stale: Notify,
    carriers: TaskTracker,
    cancel: CancellationToken,
}

/// What a program needs for demo data.
pub struct Means {
    /// Everybody, and the database of the console.
    pub people: Arc<People>,
    /// What the pages show.
    pub rows: Arc<Rows>,
    /// The checks, of which the last step runs some.
    pub checks: Arc<Checks>,
    /// The registry.
    pub registry: channel::Receiver<Arc<Registry>>,
    /// The same with whether its file is in use as it stands.
    pub current: channel::Receiver<Current>,
    /// Whom it may reach.
    pub reach: Reach,
    /// Files that are no credential.
    pub own: OwnFiles,
    /// The folder that the registry lies in, with that of the seeds.
    pub folder: PathBuf,
}

impl DemoData {
    /// Nothing is counted or carried on before [`Self::run`].
    pub fn new(means: Means, cancel: CancellationToken) -> Self {
        let Means { people, rows, checks, registry, current, reach, own, folder } = means;
        Self {
            people,
            rows,
            checks,
            registry,
            current,
            reach,
            own,
            folder,
            carried: Mutex::default(),
            scheduling: Mutex::default(),
            looks: Semaphore::new(MOST_LOOKS),
            known: Mutex::default(),
            told: Mutex::default(),
            refused: Mutex::default(),
            stale: Notify::new(),
            carriers: TaskTracker::new(),
            cancel,
        }
    }

    /// Carries on what nobody carries on, resets at the times of schedules, and counts, until cancelled.
    pub async fn run(self: Arc<Self>) {
        // Apart: a database that stays silent must keep nothing from being carried on.
        let counting = self.clone();
        self.carriers.spawn(async move { counting.watch().await });
        let mut rounds = interval(ROUND);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.cancel.cancelled() => break,
                _ = rounds.tick() => {}
            }
            if let Err(error) = self.round().await {
                tracing::debug!("resets of demo data on their way cannot be read: {error}");
            }
        }
        self.carriers.close();
        self.carriers.wait().await;
    }

    async fn round(self: &Arc<Self>) -> Result<(), crate::store::StoreError> {
        self.take_over().await?;
        self.tell_holders().await?;
        self.keep_schedules().await
    }

    /// What was found last in an environment; none where nobody looked yet.
    pub fn known(&self, environment: &EnvironmentId) -> Option<Known> {
        self.known.lock().get(environment).cloned()
    }

    /// The environments that declare demo data, in the registry's order.
    pub fn environments(&self) -> Vec<EnvironmentId> {
        let registry = self.registry();
        let declared = registry.environments().filter(|(_, environment)| environment.demo_data.is_some());
        declared.map(|(system, environment)| system.environment_id(environment)).collect()
    }

    /// Whether somebody sees an environment with demo data.
    pub fn is_of_interest(&self, grants: &domain::access::Grants) -> bool {
        self.environments().iter().any(|environment| grants.sees(environment))
    }

    fn registry(&self) -> Arc<Registry> {
        self.registry.borrow().clone()
    }

    /// Why the registry file is not in use as it stands, if it is not: then it may say of an environment that it is production by now.
    fn registry_trouble(&self) -> Option<Arc<str>> {
        self.current.borrow().trouble.clone()
    }

    /// What an environment declares, with the environment.
    fn declared(&self, id: &EnvironmentId) -> Option<(Environment, Declared)> {
        let registry = self.registry();
        let (_, environment) = registry.environment(id)?;
        Some((environment.clone(), environment.demo_data.clone()?))
    }

    /// The seed that is declared.
    fn seed(&self, declared: &Declared) -> Result<Seed, SeedTrouble> {
        Seed::read(&self.folder.join(SEEDS).join(&declared.seed), &declared.profile)
    }
}

/// What a database must be to be that of an environment.
pub fn wanted(id: &EnvironmentId, environment: &Environment, declared: &Declared, seed: &Seed) -> Wanted {
    Wanted {
        environment: id.clone(),
        tier: environment.tier,
        database: declared.database.database.clone(),
        tables: seed.tables.iter().map(|table| table.name.as_str().to_owned()).collect(),
    }
}
