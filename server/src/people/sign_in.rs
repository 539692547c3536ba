//! Coming and going.

use domain::group::GroupName;
use domain::ledger::{Actor, Entry, Kind, Outcome};
use domain::person::UserName;
use domain::session::Ending;
use domain::text::plain;

use super::manage;
use super::token::{Token, random_id};
use super::{People, PeopleError, Session, Source, entry, limits, nobody, whom};
use crate::store::{Credentials, Key, NewSession, SessionId, StoreError, User, Write};

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub enum SignInRefusal {
    /// Name or password is wrong, or they are disabled; which of these is not told.
    #[error("the name or the password is wrong, or the account is disabled")]
    Wrong,
    /// Too many tries. Minutes until the next.
    #[error("too many tries: wait {0} min")]
    TooMany(u32),
    /// It cannot be decided or recorded now.
    #[error(transparent)]
    Trouble(#[from] PeopleError),
}

impl From<StoreError> for SignInRefusal {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// The most sources that are remembered as over their limit.
const MOST_TURNED_AWAY: usize = 10_000;

/// Microseconds as minutes that somebody is told to wait.
fn minutes(us: i64) -> u32 {
    u32::try_from(us.max(0) / 60_000_000 + 1).unwrap_or(60)
}

/// What the record says.
fn refused(cause: &str) -> String {
    format!("Refused a sign-in: {cause}.")
}

/// Lets an account through whose password fits, or says what the record is told.
fn judge(known: Option<Credentials>, fits: bool) -> Result<Credentials, &'static str> {
    let known = known.ok_or("no such account")?;
    match (&known.password, known.user.is_disabled(), fits) {
        (_, true, _) => Err("the account is disabled"),
        (None, false, _) => Err("the account has no password, it signs in with the provider"),
        (Some(_), false, false) => Err("wrong password"),
        (Some(_), false, true) => Ok(known),
    }
}

impl People {
    /// Lets somebody in who knows their password, with a new token. `now` is microseconds since 1970.
    pub async fn sign_in(&self, name: &str, password: String, from: &Source, now: i64) -> Result<Token, SignInRefusal> {
        let name = plain(name.trim(), 64).to_lowercase();
        // A crowd at the door must not hold up those who are inside: they write through the same database.
        let Ok(_place) = self.door.try_acquire() else { return Err(SignInRefusal::TooMany(1)) };
        // The source first: one that is over its limit spends nobody else's tries. Both before anything is looked up, so that known
        // and unknown names cost the same.
        let source = limits::source(&from.address);
        let limits = [
            (source, limits::MOST_PER_SOURCE * self.sharing, "too many tries from this address"),
            (limits::account(&name), limits::MOST_PER_ACCOUNT, "too many tries for this account"),
        ];
        for (key, most, cause) in limits {
            if let Some(until) = self.turned_away(key, now) {
                return Err(SignInRefusal::TooMany(minutes(until - now)));
            }
            let attempts = self.store.count_attempt(key, now, limits::WINDOW_US).await?;
            if attempts.times > most {
                // The first of them is written down; a flood does not fill the ledger.
                if attempts.times == most + 1 {
                    self.note_refusal(Some(&name), from, now, &refused(cause)).await?;
                }
                let until = attempts.began_at + limits::WINDOW_US;
                if key == source {
                    self.turn_away(key, until, now);
                }
                return Err(SignInRefusal::TooMany(minutes(until - now)));
            }
        }
        let known = match UserName::new(&name) {
            Ok(name) => self.store.read().await?.credentials(&name).await?,
            // Nobody can have it; it takes as long.
            Err(_) => None,
        };
        let hash = known.as_ref().and_then(|known| known.password.as_ref());
        let fits = self.passwords.verify(password, hash).await.map_err(PeopleError::from)?;
        // The cause is for the record, which admins read. Whoever tries is told the same about each of them.
        let known = match judge(known, fits) {
            Ok(known) => known,
            Err(cause) => {
                self.note_refusal(Some(&name), from, now, &refused(cause)).await?;
                return Err(SignInRefusal::Wrong);
            }
        };
        let mut write = self.store.write().await?;
        // What was checked may have changed meanwhile: a password that was reset, or an account that was disabled.
        write.lock_people().await?;
        let current = write.credentials(&known.user.name).await?;
        let is_same = |current: &Credentials| current.password == known.password && !current.user.is_disabled();
        let Some(current) = current.filter(is_same) else {
            drop(write);
            let cause = "its password was changed, or it was disabled, at the same moment";
            self.note_refusal(Some(&name), from, now, &refused(cause)).await?;
            return Err(SignInRefusal::Wrong);
        };
        write.forget_attempts(limits::account(&name)).await?;
        // Many people can come from one address, and those who know their password do not guess.
        write.forgive_attempt(source).await?;
        let token = self.begin_in(&mut write, &current.user, from, now, "Signed in by password.", Vec::new()).await?;
        write.commit().await?;
        Ok(token)
    }

    /// Begins a session for somebody who proved who they are.
    pub(super) async fn begin(&self, user: &User, from: &Source, now: i64, how: &str) -> Result<Token, PeopleError> {
        let mut write = self.store.write().await?;
        let token = self.begin_in(&mut write, user, from, now, how, Vec::new()).await?;
        write.commit().await?;
        Ok(token)
    }

    /// The same within a transaction, with the groups that the provider named.
    pub(super) async fn begin_in(
        &self,
        write: &mut Write,
        user: &User,
        from: &Source,
        now: i64,
        how: &str,
        groups: Vec<GroupName>,
    ) -> Result<Token, PeopleError> {
        let token = Token::random();
        let by_group = self.by_group(user, &groups);
        let lasting = self.lasting(&user.grants.with(by_group.into_iter().map(|by| by.grant)));
        let session = NewSession {
            key: token.key(),
            id: SessionId(random_id()),
            user: user.id,
            created_at: now,
            expires_at: now + lasting.longest_us,
            idle_us: lasting.idle_us,
            source: from.address.clone(),
            agent: from.agent.clone(),
            groups,
        };
        let actor =
            Actor { id: user.id.to_string(), name: user.name.to_string(), role: None, source: from.address.clone() };
        write.begin_session(&session).await?;
        write.append(&entry(now, Kind::SignIn, Outcome::Done, actor, how.to_owned())).await?;
        Ok(token)
    }

    /// Until when a source is known here to be over its limit, microseconds since 1970: a flood costs the database nothing then.
    fn turned_away(&self, key: Key, now: i64) -> Option<i64> {
        self.over.lock().get(&key).copied().filter(|until| *until > now)
    }

    fn turn_away(&self, key: Key, until: i64, now: i64) {
        let mut over = self.over.lock();
        if over.len() >= MOST_TURNED_AWAY {
            over.retain(|_, until| *until > now);
        }
        if over.len() < MOST_TURNED_AWAY {
            over.insert(key, until);
        }
    }

    /// Writes down that somebody was not let in. A name that nobody has is not written down: it may be a password, typed into
    /// the wrong field. It is looked for in any case, so that both take as long.
    pub(super) async fn note_refusal(
        &self,
        name: Option<&str>,
        from: &Source,
        now: i64,
        what: &str,
    ) -> Result<(), PeopleError> {
        let mut write = self.store.write().await?;
        let known = match name.map(UserName::new) {
            Some(Ok(name)) => write.user_by_name(&name).await?,
            Some(Err(_)) | None => None,
        };
        let who = match (&known, name) {
            (Some(known), _) => known.name.as_str(),
            (None, Some(_)) => "a name that nobody has",
            (None, None) => "somebody",
        };
        let entry = entry(now, Kind::SignIn, Outcome::Refused, nobody(who, &from.address), what.to_owned());
        write.append(&Entry { whom: known.as_ref().and_then(whom), ..entry }).await?;
        write.commit().await?;
        Ok(())
    }

    /// Ends one's own session, by signing out or by signing in anew.
    pub async fn sign_out(&self, who: &Session, why: Ending, now: i64) -> Result<(), PeopleError> {
        let mut write = self.store.write().await?;
        write.end_session(who.user.id, who.id, why, now).await?;
        let how = if why == Ending::NewSignIn { ", by signing in anew in the same browser" } else { "" };
        write.append(&entry(now, Kind::SignOut, Outcome::Done, who.actor(None), format!("Signed out{how}."))).await?;
        write.commit().await?;
        self.forget();
        Ok(())
    }

    /// Ends another session of one's own; `false` when there is none of that id.
    pub async fn end_session(&self, who: &Session, id: &str, now: i64) -> Result<bool, PeopleError> {
        let Ok(id) = id.parse() else { return Ok(false) };
        let mut write = self.store.write().await?;
        if !write.end_session(who.user.id, id, Ending::Elsewhere, now).await? {
            return Ok(false);
        }
        let what = "Ended a session of their own.".to_owned();
        write.append(&entry(now, Kind::SessionRevoked, Outcome::Done, who.actor(None), what)).await?;
        write.commit().await?;
        self.forget();
        Ok(true)
    }

    /// Ends all of one's own sessions but the one that asks. Returns how many.
    pub async fn end_other_sessions(&self, who: &Session, now: i64) -> Result<u64, PeopleError> {
        let mut write = self.store.write().await?;
        let ended = write.end_sessions_of(who.user.id, Some(who.id), Ending::Elsewhere, now).await?;
        let what = format!("Ended {} of their own, all but this one.", manage::sessions(ended));
        write.append(&entry(now, Kind::SessionRevoked, Outcome::Done, who.actor(None), what)).await?;
        write.commit().await?;
        self.forget();
        Ok(ended)
    }

    /// Writes down that somebody took something of the record along, before they get it.
    pub async fn note_export(&self, who: &Session, what: &str, now: i64) -> Result<(), PeopleError> {
        let mut write = self.store.write().await?;
        let what = plain(what, 500).into_owned();
        write.append(&entry(now, Kind::Export, Outcome::Done, who.actor(None), what)).await?;
        write.commit().await?;
        Ok(())
    }
}
