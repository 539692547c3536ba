//! Sessions: who is signed in, from where, and until when.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

use domain::group::GroupName;
use domain::person::UserId;
use domain::session::Ending;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::link::sql;
use super::people::{user_columns, user_of};
use super::{Key, Read, Store, StoreError, User, Write};

/// Microseconds between two notes that a session was used.
const TOUCH_EVERY: i64 = 60_000_000;
/// Microseconds for which a session that is over is kept: 30 days.
const KEEP: i64 = 30 * 24 * 60 * 60 * 1_000_000;
/// Characters kept of what a browser says it is.
const AGENT_LIMIT: usize = 200;

/// The public id of a session: it names one in lists and opens nothing. 128 random bits, as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub u128);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A text that is no id of a session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the id of a session is 32 hexadecimal digits")]
pub struct NoSessionId;

impl FromStr for SessionId {
    type Err = NoSessionId;
    fn from_str(text: &str) -> Result<Self, NoSessionId> {
        let fine = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !fine {
            return Err(NoSessionId);
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| NoSessionId)
    }
}

/// A session that begins. Times are microseconds since 1970.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// The hash of the token in the cookie.
    pub key: Key,
    /// Its name in lists.
    pub id: SessionId,
    /// Who signed in.
    pub user: UserId,
    /// Now.
    pub created_at: i64,
    /// When it ends, however much it is used.
    pub expires_at: i64,
    /// Microseconds after which it ends when it is not used.
    pub idle_us: i64,
    /// The address they came from.
    pub source: String,
    /// What their browser says it is; 200 characters of it are kept, without control characters.
    pub agent: String,
    /// The groups that the identity provider named, if one did.
    pub groups: Vec<GroupName>,
}

/// A session. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its name in lists.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// When they signed in.
    pub created_at: i64,
    /// When it was last used, to the minute.
    pub seen_at: i64,
    /// When it ends, however much it is used.
    pub expires_at: i64,
    /// Microseconds after which it ends when it is not used.
    pub idle_us: i64,
    /// The address they came from.
    pub source: String,
    /// What their browser says it is.
    pub agent: String,
    /// When it was ended.
    pub ended_at: Option<i64>,
    /// Why it was ended, where that is known.
    pub ended_why: Option<Ending>,
    /// The groups that the identity provider named when it began.
    pub groups: Vec<GroupName>,
}

impl Session {
    /// When it ends by itself if it is not used from now on.
    pub fn ends_at(&self) -> i64 {
        self.expires_at.min(self.seen_at.saturating_add(self.idle_us))
    }

    /// Whether its use is to be noted again.
    pub fn is_touch_due(&self, now: i64) -> bool {
        now.saturating_sub(self.seen_at) >= TOUCH_EVERY
    }
}

/// What a token is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionState {
    /// Somebody is signed in.
    Live(Box<(Session, User)>),
    /// They signed out, or somebody ended it. Why, where that is known.
    Ended(Option<Ending>),
    /// Its time is over.
    Expired,
    /// It was not used for too long.
    Idle,
    /// The person may not sign in any more.
    Disabled,
    /// There is no such session.
    Unknown,
}

/// The columns of a session.
macro_rules! session_columns {
    () => {
        "sessions.id as session_id, sessions.user_id as session_owner, sessions.created_at as created_at, \
         sessions.seen_at as seen_at, sessions.expires_at as expires_at, sessions.idle_us as idle_us, \
         sessions.source as source, sessions.agent as agent, sessions.ended_at as ended_at, \
         sessions.member_of as member_of, sessions.ended_why as ended_why"
    };
}

fn session_of(row: &AnyRow) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.try_get::<String, _>("session_id")?.parse().map_err(StoreError::row)?,
        user: row.try_get::<String, _>("session_owner")?.parse().map_err(StoreError::row)?,
        created_at: row.try_get("created_at")?,
        seen_at: row.try_get("seen_at")?,
        expires_at: row.try_get("expires_at")?,
        idle_us: row.try_get("idle_us")?,
        source: row.try_get("source")?,
        agent: row.try_get("agent")?,
        ended_at: row.try_get("ended_at")?,
        // What a newer program wrote is not known here.
        ended_why: row.try_get::<Option<String>, _>("ended_why")?.and_then(|why| why.parse().ok()),
        groups: groups_of(row)?,
    })
}

/// The groups of a session. What this program cannot read, because a newer one wrote it, gives nothing.
fn groups_of(row: &AnyRow) -> Result<Vec<GroupName>, StoreError> {
    let text: Option<String> = row.try_get("member_of")?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

impl Read {
    /// What a token is worth now, by its hash.
    pub async fn session(&mut self, key: Key, now: i64) -> Result<SessionState, StoreError> {
        let statement = sql(concat!(
            "select ",
            session_columns!(),
            ", ",
            user_columns!(),
            " from sessions join users on users.id = sessions.user_id where sessions.key = $1"
        ));
        let Some(row) = self.link.optional(statement.bind(key.bytes())).await? else {
            return Ok(SessionState::Unknown);
        };
        let (session, mut user) = (session_of(&row)?, user_of(&row)?.user);
        if session.ended_at.is_some() {
            return Ok(SessionState::Ended(session.ended_why));
        }
        if user.is_disabled() {
            return Ok(SessionState::Disabled);
        }
        if now >= session.expires_at {
            return Ok(SessionState::Expired);
        }
        if now >= session.ends_at() {
            return Ok(SessionState::Idle);
        }
        user.grants = self.grants_of(user.id).await?;
        Ok(SessionState::Live(Box::new((session, user))))
    }

    /// The live sessions of a person, the one last used first.
    pub async fn sessions_of(&mut self, user: UserId, now: i64) -> Result<Vec<Session>, StoreError> {
        let statement = sql(concat!(
            "select ",
            session_columns!(),
            " from sessions where user_id = $1 and ended_at is null and expires_at > $2 and seen_at + idle_us > $2 \
             order by seen_at desc, id"
        ));
        let rows = self.link.all(statement.bind(user.to_string()).bind(now)).await?;
        rows.iter().map(session_of).collect()
    }

    /// The groups of everybody who is signed in by a provider now, of all their sessions.
    pub async fn groups_of_all(&mut self, now: i64) -> Result<HashMap<UserId, Vec<GroupName>>, StoreError> {
        let statement = sql("select user_id, member_of from sessions \
             where member_of is not null and ended_at is null and expires_at > $1 and seen_at + idle_us > $1");
        let mut all: HashMap<UserId, Vec<GroupName>> = HashMap::new();
        for row in self.link.all(statement.bind(now)).await? {
            let id = row.try_get::<String, _>("user_id")?.parse().map_err(StoreError::row)?;
            all.entry(id).or_default().extend(groups_of(&row)?);
        }
        for groups in all.values_mut() {
            groups.sort();
            groups.dedup();
        }
        Ok(all)
    }
}

impl Write {
    /// Begins a session.
    pub async fn begin_session(&mut self, session: &NewSession) -> Result<(), StoreError> {
        let agent: String = session.agent.chars().filter(|char| !char.is_control()).take(AGENT_LIMIT).collect();
        let groups = (!session.groups.is_empty())
            .then(|| serde_json::to_string(&session.groups).map_err(StoreError::row))
            .transpose()?;
        let statement = sql("insert into sessions \
             (key, id, user_id, created_at, seen_at, expires_at, idle_us, source, agent, member_of) \
             values ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9)")
        .bind(session.key.bytes())
        .bind(session.id.to_string())
        .bind(session.user.to_string())
        .bind(session.created_at)
        .bind(session.expires_at)
        .bind(session.idle_us)
        .bind(session.source.clone())
        .bind(agent)
        .bind(groups);
        self.link.execute(statement).await.map(|_| ())
    }

    /// Ends one session of a person. False where they have no such session that goes on.
    pub async fn end_session(
        &mut self,
        user: UserId,
        session: SessionId,
        why: Ending,
        now: i64,
    ) -> Result<bool, StoreError> {
        let statement = sql("update sessions set ended_at = $3, ended_why = $4 \
             where user_id = $1 and id = $2 and ended_at is null");
        let statement = statement.bind(user.to_string()).bind(session.to_string()).bind(now).bind(why.as_str());
        Ok(self.link.execute(statement).await? > 0)
    }

    /// Ends all sessions of a person, but one if it is named. Says how many.
    pub async fn end_sessions_of(
        &mut self,
        user: UserId,
        but: Option<SessionId>,
        why: Ending,
        now: i64,
    ) -> Result<u64, StoreError> {
        let statement = sql("update sessions set ended_at = $3, ended_why = $4 \
             where user_id = $1 and id <> $2 and ended_at is null");
        // No id is empty.
        let but = but.map(|session| session.to_string()).unwrap_or_default();
        self.link.execute(statement.bind(user.to_string()).bind(but).bind(now).bind(why.as_str())).await
    }

    pub(super) async fn delete_old_sessions(&mut self, now: i64) -> Result<u64, StoreError> {
        let statement = sql("delete from sessions where ended_at < $1 or expires_at < $1");
        self.link.execute(statement.bind(now.saturating_sub(KEEP))).await
    }
}

impl Store {
    /// Notes that a session was used, at most once a minute; one that is over stays so. Not in the ledger. Says whether it
    /// was noted.
    pub async fn touch_session(&self, key: Key, now: i64) -> Result<bool, StoreError> {
        let mut write = self.write().await?;
        let statement = sql("update sessions set seen_at = $2 where key = $1 and ended_at is null \
             and seen_at <= $3 and expires_at > $2 and seen_at + idle_us > $2");
        let statement = statement.bind(key.bytes()).bind(now).bind(now.saturating_sub(TOUCH_EVERY));
        let touched = write.link.execute(statement).await? > 0;
        write.commit().await?;
        Ok(touched)
    }
}
