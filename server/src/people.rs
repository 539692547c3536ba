//! Who people are: signing in, sessions, roles. Everything that changes here is written into the ledger with it, in one
//! transaction.

mod lasting;
mod limits;
mod manage;
pub mod passwords;
mod provider;
mod sign_in;
pub mod token;
mod views;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use domain::access::{Grants, Role};
use domain::group::{ByGroup, GroupName, GroupRule, granted};
use domain::ledger::{Actor, Entry, Kind, Outcome, Whom};
use domain::name::EnvironmentId;
use domain::registry::{Registry, Tier};
use domain::session::Ending;
use parking_lot::{Mutex, RwLock};
use tokio::sync::Semaphore;

pub use lasting::{NoPerTier, PerTier, SessionLimits};
pub use manage::{By, Chosen, ManageRefusal};
pub use provider::ArrivalRefusal;
pub use sign_in::SignInRefusal;

use crate::store::{Key, SessionId, SessionState, Store, StoreError, User};
use lasting::Lasting;
use passwords::{HashError, Passwords};
use token::Token;
use views::Views;

/// How long what the database said of a session counts, in microseconds. A session that was ended is gone from every replica
/// after it.
const FRESH_US: i64 = 2_000_000;
/// The most people who may be signing in at a time. Two passwords are looked at in a tenth of a second.
const MOST_AT_THE_DOOR: usize = 64;
/// The most sessions that are remembered between two questions.
const MOST_CACHED: usize = 10_000;

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its public id.
    pub id: SessionId,
    /// Who, with all roles that they have.
    pub user: User,
    /// Of these, the roles that an admin gave.
    pub given: Grants,
    /// And those that groups bring.
    pub by_group: Vec<ByGroup>,
    /// The groups that the provider named when it began.
    pub groups: Vec<GroupName>,
    /// The address it came from.
    pub source: String,
}

impl Session {
    /// Them, as the ledger writes them down.
    pub fn actor(&self, role: Option<Role>) -> Actor {
        Actor { id: self.user.id.to_string(), name: self.user.name.to_string(), role, source: self.source.clone() }
    }
}

/// Who asks.
pub type Who = Arc<Session>;

/// Where a request came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The address of the connection.
    pub address: String,
    /// What the browser calls itself, made safe to show.
    pub agent: String,
}

/// What cannot be answered now.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
}

/// A session as it was found, and when.
struct Cached {
    who: Who,
    /// When the database said so, microseconds since 1970.
    asked: i64,
    /// When something was last asked for in it here, microseconds since 1970; ahead of what the database knows.
    used: i64,
    expires: i64,
    idle_us: i64,
}

impl Cached {
    fn is_over(&self, now: i64) -> bool {
        now >= self.expires || now >= self.used.saturating_add(self.idle_us)
    }
}

/// Everybody.
pub struct People {
    store: Store,
    passwords: Passwords,
    limits: SessionLimits,
    cache: Mutex<HashMap<Key, Cached>>,
    access: RwLock<Access>,
    tiers: RwLock<Vec<(EnvironmentId, Tier)>>,
    /// Those who are being let in, or not.
    door: Semaphore,
    /// Sources that are over their limit, and until when.
    over: Mutex<HashMap<Key, i64>>,
    /// Looks at logs that were written down.
    views: Views,
    /// How many times as often an address may try: more where everybody comes from one.
    sharing: i64,
}

/// What groups bring.
#[derive(Default)]
struct Access {
    /// Whose groups.
    issuer: Option<String>,
    rules: Vec<GroupRule>,
}

impl People {
    /// Everybody in a store.
    pub fn new(store: Store, limits: SessionLimits) -> Result<Self, PeopleError> {
        Ok(Self {
            store,
            passwords: Passwords::new()?,
            limits,
            cache: Mutex::new(HashMap::new()),
            access: RwLock::default(),
            tiers: RwLock::default(),
            door: Semaphore::new(MOST_AT_THE_DOOR),
            over: Mutex::default(),
            views: Views::default(),
            sharing: 1,
        })
    }

    /// The same behind a proxy: everybody comes from its address, so that a limit for one address is a limit for all. What is
    /// left of it bounds a flood; each account has its own.
    pub fn behind_proxy(self) -> Self {
        Self { sharing: limits::SHARING, ..self }
    }

    /// The store behind it.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// From now on sessions that begin last by the tiers of this registry.
    pub fn last_by(&self, registry: &Registry) {
        *self.tiers.write() = lasting::tiers(registry);
    }

    /// How long a session of somebody with these grants lasts.
    fn lasting(&self, grants: &Grants) -> Lasting {
        self.limits.of(grants, &self.tiers.read())
    }

    /// From now on the groups of an issuer bring these roles, in sessions that go on too. Groups that another issuer named
    /// bring nothing.
    pub fn give_by_group(&self, issuer: Option<&str>, rules: &[GroupRule]) {
        *self.access.write() = Access { issuer: issuer.map(str::to_owned), rules: rules.to_vec() };
        // Worked out anew and not forgotten: while the database is away, those who are known stay so.
        for cached in self.cache.lock().values_mut() {
            let Session { id, user, given, groups, source, .. } = &*cached.who;
            let (user, given) = (user.clone(), given.clone());
            cached.who = Arc::new(self.session(*id, user, given, groups.clone(), source.clone()));
        }
    }

    /// A session with all roles that its person has in it.
    fn session(&self, id: SessionId, user: User, given: Grants, groups: Vec<GroupName>, source: String) -> Session {
        let by_group = self.by_group(&user, &groups);
        let grants = given.with(by_group.iter().map(|by| by.grant.clone()));
        Session { id, user: User { grants, ..user }, given, by_group, groups, source }
    }

    /// The roles that these groups bring somebody.
    pub fn by_group(&self, user: &User, groups: &[GroupName]) -> Vec<ByGroup> {
        let access = self.access.read();
        match &user.identity {
            Some(identity) if access.issuer.as_ref() == Some(&identity.issuer) => granted(&access.rules, groups),
            _ => Vec::new(),
        }
    }

    /// Who holds a token, asking for something; `None` when it is nobody's any more. `now` is microseconds since 1970.
    ///
    /// While the database cannot be reached, those who were known stay so until their session ends by time: reading goes on.
    pub async fn who(&self, token: &Token, now: i64) -> Result<Option<Who>, StoreError> {
        self.look(token.key(), now, true).await
    }

    /// Who holds a token, only looking on: it does not keep the session from ending.
    pub async fn still(&self, token: &Token, now: i64) -> Result<Option<Who>, StoreError> {
        self.look(token.key(), now, false).await
    }

    /// Why the session of a token is over. Only whoever holds the token can ask: nobody else learns why.
    pub async fn ending(&self, token: &Token, now: i64) -> Result<Option<Ending>, StoreError> {
        Ok(match self.store.read().await?.session(token.key(), now).await? {
            SessionState::Live(_) | SessionState::Unknown => None,
            SessionState::Ended(why) => why,
            SessionState::Expired => Some(Ending::Expired),
            SessionState::Idle => Some(Ending::Idle),
            SessionState::Disabled => Some(Ending::Disabled),
        })
    }

    async fn look(&self, key: Key, now: i64, uses: bool) -> Result<Option<Who>, StoreError> {
        if let Some(known) = self.remembered(key, now, uses) {
            return Ok(known);
        }
        let found = async { self.store.read().await?.session(key, now).await }.await;
        let state = match found {
            Ok(state) => state,
            Err(error) if error.is_outage() || matches!(error, StoreError::Busy(_)) => {
                return self.as_before(key, now, uses).ok_or(error);
            }
            Err(error) => return Err(error),
        };
        // A database that cannot be written does not learn that a session is in use.
        if matches!(state, SessionState::Idle)
            && let Some(Some(known)) = self.as_before(key, now, uses)
        {
            self.touch(key, now).await;
            return Ok(Some(known));
        }
        let SessionState::Live(live) = state else {
            self.cache.lock().remove(&key);
            return Ok(None);
        };
        let (session, mut user) = *live;
        if uses && session.is_touch_due(now) {
            self.touch(key, now).await;
        }
        let given = std::mem::take(&mut user.grants);
        let who = Arc::new(self.session(session.id, user, given, session.groups, session.source));
        let mut cache = self.cache.lock();
        if cache.len() >= MOST_CACHED {
            cache.retain(|_, cached| now - cached.asked < FRESH_US);
        }
        if cache.len() < MOST_CACHED || cache.contains_key(&key) {
            let before = cache.get(&key).map_or(session.seen_at, |cached| cached.used);
            let used = if uses { now } else { before.max(session.seen_at) };
            let (expires, idle_us) = (session.expires_at, session.idle_us);
            cache.insert(key, Cached { who: who.clone(), asked: now, used, expires, idle_us });
        }
        Ok(Some(who))
    }

    /// What was known of a session, however long ago, while the database cannot say. Nothing when it was never known here.
    fn as_before(&self, key: Key, now: i64, uses: bool) -> Option<Option<Who>> {
        let mut cache = self.cache.lock();
        let cached = cache.get_mut(&key)?;
        if cached.is_over(now) {
            return Some(None);
        }
        if uses {
            cached.used = now;
        }
        Some(Some(cached.who.clone()))
    }

    /// Writes down that a session is in use. What fails is tried again with the next request that asks the database.
    async fn touch(&self, key: Key, now: i64) {
        if let Err(error) = self.store.touch_session(key, now).await
            && !error.is_outage()
        {
            tracing::warn!("that a session is in use was not written down: {error}");
        }
    }

    /// What is remembered of a session, if it was asked for a moment ago.
    fn remembered(&self, key: Key, now: i64, uses: bool) -> Option<Option<Who>> {
        let mut cache = self.cache.lock();
        let cached = cache.get_mut(&key)?;
        if now - cached.asked >= FRESH_US {
            return None;
        }
        if cached.is_over(now) {
            return Some(None);
        }
        if uses {
            cached.used = now;
        }
        Some(Some(cached.who.clone()))
    }

    /// Forgets what was remembered, so that the database is asked anew.
    fn forget(&self) {
        self.cache.lock().clear();
    }
}

/// An entry about people, without environment and plan.
fn entry(at: i64, kind: Kind, outcome: Outcome, actor: Actor, what: String) -> Entry {
    Entry {
        at,
        kind,
        outcome,
        actor,
        operation: None,
        environment: None,
        target: None,
        whom: None,
        what,
        why: String::new(),
        plan: Vec::new(),
        before: Vec::new(),
        after: Vec::new(),
    }
}

/// Somebody to whom a thing was done.
fn whom(user: &User) -> Option<Whom> {
    Some(Whom { id: user.id.to_string(), name: user.name.to_string() })
}

/// Whom an entry names that nobody is known for.
fn nobody(name: &str, source: &str) -> Actor {
    Actor { id: String::new(), name: name.to_owned(), role: None, source: source.to_owned() }
}
