//! Coming by an identity provider: on the way there, on the way back, and who that is here.

use domain::ledger::{Actor, Entry, Kind, Outcome};
use domain::person::{UserId, UserName};
use domain::text::plain;

use super::token::{Token, random_id};
use super::{People, PeopleError, Source, entry, limits, whom};
use crate::oidc::{Arrival, Departure};
use crate::store::{Flow, Key, NewUser, StoreError, User, Write};

/// How long somebody may be on their way, in microseconds.
pub const FLOW_US: i64 = limits::FLOWS_WINDOW_US;
/// Names that are tried for somebody whose own is taken.
const MOST_NAMES: u32 = 1000;

/// Why somebody whom the provider let in does not come in.
#[derive(Debug, thiserror::Error)]
pub enum ArrivalRefusal {
    /// An admin said so.
    #[error("the account is disabled")]
    Disabled,
    /// It cannot be decided or recorded now.
    #[error(transparent)]
    Trouble(#[from] PeopleError),
}

impl From<StoreError> for ArrivalRefusal {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// Under what somebody on their way is kept: by what stands in the address and what their browser holds. Whoever has one of
/// the two has nothing, so nobody can be made to come back as somebody else.
fn flow_key(state: &Token, browser: &Token) -> Key {
    Key::of([state.secret(), browser.secret()].concat().as_bytes())
}

impl People {
    /// Whether one more may leave for the provider from an address; otherwise minutes until then.
    pub async fn may_depart(&self, from: &Source, now: i64) -> Result<Result<(), u32>, PeopleError> {
        let key = limits::flows(&from.address);
        let attempts = self.store.count_attempt(key, now, limits::FLOWS_WINDOW_US).await?;
        let most = limits::MOST_FLOWS * self.sharing;
        if attempts.times <= most {
            return Ok(Ok(()));
        }
        if attempts.times == most + 1 {
            let what = "Refused a sign-in: too many were begun from this address.";
            self.note_refusal(None, from, now, what).await?;
        }
        let left = (attempts.began_at + limits::FLOWS_WINDOW_US - now).max(0) / 60_000_000 + 1;
        Ok(Err(u32::try_from(left).unwrap_or(10)))
    }

    /// Remembers somebody who leaves for the provider.
    pub async fn begin_flow(&self, departure: &Departure, return_path: &str, now: i64) -> Result<(), PeopleError> {
        let flow = Flow {
            key: flow_key(&departure.state, &departure.browser),
            nonce: departure.nonce.secret().to_owned(),
            verifier: departure.verifier.secret().to_owned(),
            return_path: return_path.to_owned(),
            expires_at: now + FLOW_US,
        };
        let mut write = self.store.write().await?;
        write.begin_flow(&flow).await?;
        Ok(write.commit().await?)
    }

    /// Somebody who came back. Once: the second time, after their time, and in another browser there is none.
    pub async fn take_flow(&self, state: &Token, browser: &Token, now: i64) -> Result<Option<Flow>, PeopleError> {
        let mut write = self.store.write().await?;
        let flow = write.take_flow(flow_key(state, browser), now).await?;
        write.commit().await?;
        Ok(flow)
    }

    /// Writes down that a sign-in by the provider was refused: the first of a flood, so that a flood does not fill the ledger.
    /// Says whether it was.
    pub async fn note_provider_refusal(&self, from: &Source, why: &str, now: i64) -> Result<bool, PeopleError> {
        let attempts = self.store.count_attempt(limits::refusals(&from.address), now, limits::WINDOW_US).await?;
        let more = if attempts.times == limits::MOST_REFUSALS * self.sharing {
            " More of them are not written down."
        } else {
            ""
        };
        let is_noted = attempts.times <= limits::MOST_REFUSALS * self.sharing;
        if is_noted {
            let what = plain(&format!("Refused a sign-in by the provider: {why}.{more}"), 500).into_owned();
            self.note_refusal(None, from, now, &what).await?;
        }
        Ok(is_noted)
    }

    /// Lets somebody in whom the provider knows, with a new token. Who comes for the first time gets an account of their own:
    /// nobody is ever taken for somebody else because of a name or an address.
    pub async fn sign_in_by_provider(
        &self,
        arrival: &Arrival,
        from: &Source,
        now: i64,
    ) -> Result<Token, ArrivalRefusal> {
        let mut write = self.store.write().await?;
        write.lock_people().await?;
        let user = match write.user_by_identity(&arrival.identity).await? {
            Some(user) if user.is_disabled() => {
                let what = "Refused a sign-in by the provider: the account is disabled.".to_owned();
                let entry = entry(now, Kind::SignIn, Outcome::Refused, actor(&user, from), what);
                write.append(&Entry { whom: whom(&user), ..entry }).await?;
                write.commit().await?;
                return Err(ArrivalRefusal::Disabled);
            }
            Some(user) => user,
            None => add(&mut write, arrival, from, now).await?,
        };
        let groups: Vec<&str> = arrival.groups.iter().map(|group| group.as_str()).collect();
        let groups = if groups.is_empty() { "no groups".to_owned() } else { format!("groups {}", groups.join(", ")) };
        let how = format!("Signed in by {}, {groups}.", arrival.identity.issuer);
        let how = plain(&how, 500).into_owned();
        let token = self.begin_in(&mut write, &user, from, now, &how, arrival.groups.clone()).await?;
        write.commit().await?;
        Ok(token)
    }
}

fn actor(user: &User, from: &Source) -> Actor {
    Actor { id: user.id.to_string(), name: user.name.to_string(), role: None, source: from.address.clone() }
}

/// Adds somebody who comes for the first time.
async fn add(write: &mut Write, arrival: &Arrival, from: &Source, now: i64) -> Result<User, PeopleError> {
    let wanted = arrival.username.as_deref().and_then(UserName::made_of);
    let wanted = wanted.or_else(|| UserName::made_of(&arrival.identity.subject));
    let id = UserId(random_id());
    let own = match wanted {
        Some(name) => free(write, name).await?,
        None => None,
    };
    // Nobody has 128 random bits of a name.
    let name = own.map_or_else(|| id.to_string().parse().map_err(StoreError::fault), Ok)?;
    let new = NewUser { id, name, password: None, identity: Some(arrival.identity.clone()), created_at: now };
    write.add_user(&new).await?;
    let user = write.user(id).await?.ok_or_else(|| StoreError::fault("a person that was just added is gone"))?;
    let what = format!("Added {}, at the first sign-in by {}.", user.name, arrival.identity.issuer);
    let what = plain(&what, 500).into_owned();
    write.append(&entry(now, Kind::UserAdded, Outcome::Done, actor(&user, from), what)).await?;
    Ok(user)
}

/// The name, or the same with a number, whichever nobody has.
async fn free(write: &mut Write, wanted: UserName) -> Result<Option<UserName>, StoreError> {
    for number in 1..=MOST_NAMES {
        let name = if number == 1 { wanted.clone() } else { wanted.numbered(number) };
        if write.user_by_name(&name).await?.is_none() {
            return Ok(Some(name));
        }
    }
    Ok(None)
}
