//! How many sockets one session, and one person, may have open: otherwise one of them takes the places of all.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use domain::person::UserId;
use parking_lot::Mutex;

use crate::people::Who;
use crate::store::SessionId;

/// The most of one session: a person has not so many pages in sight.
pub const MOST_OF_SESSION: usize = 32;
/// The most of one person, in all their sessions.
pub const MOST_OF_PERSON: usize = 128;

/// Who has how many sockets open.
#[derive(Debug, Default)]
pub struct Crowd {
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    sessions: HashMap<SessionId, usize>,
    people: HashMap<UserId, usize>,
}

/// Why there is no room for another socket. Said on the socket as it is closed, so it is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Crowded {
    /// Of this session.
    #[error("32 pages are open in this session already: close some of them")]
    Session,
    /// Of this person.
    #[error("you have 128 pages open already, in all your sessions: close some of them")]
    Person,
}

impl Crowd {
    /// Takes a place for as long as what is returned lives, if there is one.
    pub fn enter(self: &Arc<Self>, who: &Who) -> Result<Place, Crowded> {
        let (session, person) = (who.id, who.user.id);
        let mut open = self.open.lock();
        if count(&open.sessions, session) >= MOST_OF_SESSION {
            return Err(Crowded::Session);
        }
        if count(&open.people, person) >= MOST_OF_PERSON {
            return Err(Crowded::Person);
        }
        *open.sessions.entry(session).or_default() += 1;
        *open.people.entry(person).or_default() += 1;
        Ok(Place { crowd: self.clone(), session, person })
    }
}

fn count<K: Hash + Eq>(counts: &HashMap<K, usize>, key: K) -> usize {
    counts.get(&key).copied().unwrap_or_default()
}

/// The place of a socket.
#[derive(Debug)]
pub struct Place {
    crowd: Arc<Crowd>,
    session: SessionId,
    person: UserId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.crowd.open.lock();
        leave(&mut open.sessions, self.session);
        leave(&mut open.people, self.person);
    }
}

fn leave<K: Hash + Eq>(counts: &mut HashMap<K, usize>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(&key);
        }
    }
}
