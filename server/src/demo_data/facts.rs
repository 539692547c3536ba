//! What is known before a reset, read fresh, and the plan that is made of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::access::{Place, Right};
use domain::demo_data::guard::{Asker, Facts, SeedFacts, Verdict, judge};
use domain::demo_data::record::Kind;
use domain::demo_data::sight::Sight;
use domain::ledger::OperationId;
use domain::name::EnvironmentId;
use domain::registry::{DemoData as Declared, Environment, Tier};
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;

use super::passwords::Columns;
use super::seed::Seed;
use super::{DemoData, cache, look, open, wanted};
use crate::clock;
use crate::people::Who;
use crate::store::StoreError;

/// How long a look may take.
const LOOK: Duration = Duration::from_secs(20);

/// For how many seconds what was found last is shown to whoever only looks.
const FRESH_S: i64 = 120;

/// A plan, as it is shown.
#[derive(Debug)]
pub struct Plan {
    /// The id that the reset will have.
    pub id: OperationId,
    /// Where, as people call it.
    pub place: Arc<str>,
    /// What was known.
    pub facts: Facts,
    /// What the guard says.
    pub verdict: Verdict,
    /// The hash of what is shown, compared when the button is pressed.
    pub hash: [u8; 32],
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum NoPlan {
    /// There are no demo data of that name.
    #[error("there are no demo data of that name")]
    Absent,
    /// The console's own database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The reason and the name that were typed.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// Why.
    pub reason: Arc<str>,
    /// What was typed to confirm.
    pub typed: Arc<str>,
}

impl Plan {
    /// The rows of each table that it tells.
    pub fn rows(&self) -> BTreeMap<String, u64> {
        self.facts.sight.as_ref().map(Sight::rows).unwrap_or_default()
    }
}

impl DemoData {
    /// Makes the plan of a reset or of its undoing, from fresh facts.
    pub async fn plan(
        &self,
        who: &Who,
        environment: &EnvironmentId,
        kind: Kind,
        id: OperationId,
        given: Given,
    ) -> Result<Plan, NoPlan> {
        let grants = &who.user.grants;
        if !grants.sees(environment) {
            return Err(NoPlan::Absent);
        }
        let role = grants.role_for(Right::ResetDemoData, Place::Environment(environment));
        let asker = Asker::Person { id: who.user.id.to_string(), role };
        self.plan_for(asker, environment, kind, id, given).await
    }

    pub(super) async fn plan_for(
        &self,
        asker: Asker,
        environment: &EnvironmentId,
        kind: Kind,
        id: OperationId,
        given: Given,
    ) -> Result<Plan, NoPlan> {
        let (declared, data) = self.declared(environment).ok_or(NoPlan::Absent)?;
        // Production does not come here: its registry has no such section, and a registry that has is refused. If it did, the
        // guard has no permit for it and its database is not even asked.
        if declared.tier == Tier::Production {
            return Err(NoPlan::Absent);
        }
        let mut read = self.people.store().read().await?;
        let now = clock::now_us();
        let reservation = read.reservation(environment).await?.filter(|reservation| reservation.holds(now));
        let under_way = read.open_resets().await?.into_iter().find(|held| held.record.environment == *environment);
        drop(read);
        let seed = self.seed(&data);
        let may = match &asker {
            Asker::Person { role, .. } => role.is_some(),
            Asker::Schedule => true,
        };
        let known = self.known(environment).filter(|known| now / 1_000_000 - known.at < FRESH_S);
        let seen = match known {
            // Whoever may not reset sees what was found last, and costs the database nothing.
            Some(known) if !may => known,
            Some(_) | None => {
                let seen = self.look(environment, &declared, &data, &seed).await;
                self.remember(environment, &seen);
                seen
            }
        };
        let passwords = match (&data.passwords, &seed) {
            (Some(passwords), Ok(seed)) => Columns::of(passwords, seed).map(Some),
            (Some(_), Err(_)) | (None, _) => Ok(None),
        };
        let seed = match (seed, passwords) {
            (Err(error), _) => Err(error.to_string().into()),
            (Ok(_), Err(error)) => Err(error.to_string().into()),
            (Ok(seed), Ok(_)) => {
                Ok(SeedFacts { version: seed.manifest.version, schema: seed.manifest.schema.expects.clone() })
            }
        };
        let now_ms = clock::now_ms();
        let volumes = self.rows.check_board().figures(environment, now_ms).volumes;
        let free = volumes.into_iter().flatten().map(|(_, free)| free);
        let facts = Facts {
            now: now_ms / 1000,
            kind,
            environment: environment.clone(),
            tier: declared.tier,
            asker,
            registry_trouble: self.registry_trouble(),
            seed,
            sight: seen.sight,
            cache: data.redis.as_ref().map(|redis| (redis.prefix.clone(), seen.cache)),
            free_percent: free.min_by(f64::total_cmp),
            makes_passwords: data.passwords.is_some(),
            reservation,
            under_way: under_way.map(|held| (held.record.by.name.as_str().into(), held.record.begun)),
            reason: given.reason,
            typed: given.typed,
        };
        let verdict = judge(&facts);
        let hash = Sha256::digest(verdict.fingerprint(&facts)).into();
        let place = self.place(environment);
        Ok(Plan { id, place, facts, verdict, hash })
    }

    /// What people call an environment: `Fleet Management / Staging`.
    pub fn place(&self, id: &EnvironmentId) -> Arc<str> {
        let registry = self.registry();
        match registry.environment(id) {
            Some((system, environment)) => [&*system.name, " / ", environment.title()].concat().into(),
            None => id.to_string().into(),
        }
    }

    /// The time zone of an environment's people: `America/New_York`.
    pub fn zone(&self, id: &EnvironmentId) -> String {
        self.declared(id).map_or_else(|| "UTC".to_owned(), |(environment, _)| environment.time_zone)
    }

    /// The version of the seed that an environment declares, or why there is none.
    pub fn seed_version(&self, id: &EnvironmentId) -> Result<u32, String> {
        let (_, declared) = self.declared(id).ok_or("there are no demo data of that name")?;
        self.seed(&declared).map(|seed| seed.manifest.version).map_err(|error| error.to_string())
    }

    /// Looks at the database and the cache of an environment now.
    pub(super) async fn look(
        &self,
        id: &EnvironmentId,
        environment: &Environment,
        declared: &Declared,
        seed: &Result<Seed, super::SeedTrouble>,
    ) -> super::Known {
        // Anybody may look, and each look is a connection.
        let _permit = self.looks.acquire().await;
        let sight = async {
            let seed = seed.as_ref().map_err(|error| Arc::from(error.to_string()))?;
            let link = open::database(&self.reach, &self.own, &declared.database).await;
            let mut link = link.map_err(|error| Arc::from(error.to_string()))?;
            let wanted = wanted(id, environment, declared, seed);
            let sessions = declared.active_sessions.as_deref();
            let seen =
                look(&mut link.connection, &wanted, seed, sessions, &environment.time_zone, clock::now_ms() / 1000)
                    .await;
            let seen = seen.map_err(|error| Arc::from(unread(&error)));
            link.close().await;
            seen
        };
        let sight = async {
            timeout(LOOK, sight)
                .await
                .unwrap_or_else(|_| Err(format!("it did not answer within {} s", LOOK.as_secs()).into()))
        };
        let cache = async {
            let redis = declared.redis.as_ref()?;
            cache::ping(&self.reach, &self.own, redis).await.err().map(|error| error.to_string().into())
        };
        let (sight, cache) = tokio::join!(sight, cache);
        super::Known { at: clock::now_ms() / 1000, sight, cache }
    }

    pub(super) fn remember(&self, id: &EnvironmentId, seen: &super::Known) {
        self.known.lock().insert(id.clone(), seen.clone());
    }
}

/// Why a database was not read, by the code alone.
fn unread(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => match error.code().as_deref() {
            Some("55P03") => "its tables are locked".to_owned(),
            Some("57014") => "counting took longer than 5 s".to_owned(),
            Some("42501") => "the role may not read it, or row-level security hides rows from it (42501)".to_owned(),
            Some("42703") => "a column that the seed names is not there (42703)".to_owned(),
            Some(code) => format!("it refuses ({code})"),
            None => "it refuses".to_owned(),
        },
        _ => "the connection broke".to_owned(),
    }
}
