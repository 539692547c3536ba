//! That somebody looks at logs, written down before they see any.

use std::collections::HashMap;

use domain::access::{Place, Right};
use domain::ledger::{Entry, Kind, Outcome};
use domain::name::EnvironmentId;
use domain::text::plain;
use parking_lot::Mutex;

use super::{People, PeopleError, Session, entry};
use crate::store::Key;

/// How long somebody who follows may be gone and go on without a new entry, in microseconds: a connection that breaks again and again
/// must not fill the ledger.
const APART_US: i64 = 60_000_000;
/// After how long somebody who goes on is written down again, in microseconds: an entry stands for an hour, not for a day.
const AGAIN_US: i64 = 3_600_000_000;
/// The most views that are remembered: each of the most sockets has four.
const MOST_REMEMBERED: usize = 50_000;
/// The longest entry, in characters: no query is longer.
const LONGEST: usize = 8_000;

/// The views that were written down a while ago.
#[derive(Default)]
pub(super) struct Views(Mutex<HashMap<Key, View>>);

/// One session that asks one thing of one environment.
struct View {
    /// When it was written down, microseconds since 1970.
    noted: i64,
    /// When it was last gone on with.
    latest: i64,
}

impl View {
    fn key(who: &Session, environment: &EnvironmentId, query: &str) -> Key {
        Key::of(format!("{}\0{environment}\0{query}", who.id).as_bytes())
    }
}

impl Views {
    /// Whether a view goes on that is written down, and needs no other entry.
    fn goes_on(&self, key: Key, now: i64) -> bool {
        let mut views = self.0.lock();
        let Some(view) = views.get_mut(&key) else { return false };
        // A clock that was set is no reason to read for longer.
        let goes_on = (now - view.latest).abs() < APART_US && (now - view.noted).abs() < AGAIN_US;
        if goes_on {
            view.latest = now;
        }
        goes_on
    }

    fn remember(&self, key: Key, now: i64) {
        let mut views = self.0.lock();
        if views.len() >= MOST_REMEMBERED {
            views.retain(|_, view| (now - view.latest).abs() < APART_US);
        }
        // Who is forgotten is written down once more.
        if views.len() >= MOST_REMEMBERED {
            views.clear();
        }
        views.insert(key, View { noted: now, latest: now });
    }
}

impl People {
    /// Writes down that somebody opens logs of these environments, an entry for each. `query` is what they ask for, without secrets.
    pub async fn note_log_view(
        &self,
        who: &Session,
        environments: &[EnvironmentId],
        query: &str,
        now: i64,
    ) -> Result<(), PeopleError> {
        self.note_views(who, environments, "Looked at logs", query, now).await
    }

    /// The same of somebody who follows them, where that is not written down yet: neither by the page, nor by a connection that broke
    /// within the last minute. Asked again and again while they do, it is written down every hour.
    pub async fn note_log_following(
        &self,
        who: &Session,
        environments: &[EnvironmentId],
        query: &str,
        now: i64,
    ) -> Result<(), PeopleError> {
        let mut due = environments.to_vec();
        due.retain(|environment| !self.views.goes_on(View::key(who, environment, query), now));
        self.note_views(who, &due, "Followed logs", query, now).await
    }

    /// Writes down that somebody takes logs of these environments along, an entry for each, before they get them.
    pub async fn note_log_export(
        &self,
        who: &Session,
        environments: &[EnvironmentId],
        what: &str,
        now: i64,
    ) -> Result<(), PeopleError> {
        self.note_of_logs(who, environments, Kind::Export, what, now).await
    }

    async fn note_of_logs(
        &self,
        who: &Session,
        environments: &[EnvironmentId],
        kind: Kind,
        what: &str,
        now: i64,
    ) -> Result<(), PeopleError> {
        let what = plain(what, LONGEST);
        let mut write = self.store.write().await?;
        for environment in environments {
            let role = who.user.grants.role_for(Right::Look, Place::Environment(environment));
            let entry = entry(now, kind, Outcome::Done, who.actor(role), what.clone().into_owned());
            write.append(&Entry { environment: Some(environment.clone()), ..entry }).await?;
        }
        write.commit().await?;
        Ok(())
    }

    async fn note_views(
        &self,
        who: &Session,
        environments: &[EnvironmentId],
        how: &str,
        query: &str,
        now: i64,
    ) -> Result<(), PeopleError> {
        if environments.is_empty() {
            return Ok(());
        }
        self.note_of_logs(who, environments, Kind::LogView, &format!("{how}: {query}."), now).await?;
        for environment in environments {
            self.views.remember(View::key(who, environment, query), now);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::access::{Grant, Grants};
    use domain::person::{UserId, UserName};

    use super::*;
    use crate::people::SessionLimits;
    use crate::store::ledger::{AccessEntries, Environments, Filter};
    use crate::store::{DatabaseUrl, SessionId, Store, User};

    const SECOND: i64 = 1_000_000;
    const HOUR: i64 = 3_600 * SECOND;

    async fn people() -> (tempfile::TempDir, People) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&DatabaseUrl::file(folder.path().join("x.db"))).await.unwrap();
        (folder, People::new(store, SessionLimits::default()).unwrap())
    }

    fn session(id: u128) -> Session {
        let grant = |role: &str, scope: &str| Grant { role: role.parse().unwrap(), scope: scope.parse().unwrap() };
        let grants = Grants(vec![grant("viewer", "*"), grant("operator", "shop/production")]);
        let user = User {
            id: UserId(7),
            name: UserName::new("kim").unwrap(),
            has_password: true,
            identity: None,
            grants: grants.clone(),
            created_at: 0,
            disabled_at: None,
        };
        Session { id: SessionId(id), user, given: grants, by_group: vec![], groups: vec![], source: "::1".into() }
    }

    /// Oldest first.
    async fn entries(people: &People) -> Vec<Entry> {
        let filter = Filter::new(Environments::All, AccessEntries::All, 1_000);
        let found = people.store.read().await.unwrap().query(&filter).await.unwrap();
        found.into_iter().rev().map(|found| found.entry.unwrap()).collect()
    }

    #[tokio::test]
    async fn a_view_is_an_entry_for_each_environment_with_who_when_and_what() {
        let (_folder, people) = people().await;
        let places = ["shop/production", "shop/staging"].map(|place| place.parse().unwrap());
        people.note_log_view(&session(1), &places, "?level=error", 5).await.unwrap();
        people.note_log_view(&session(1), &[], "?level=error", 6).await.unwrap();
        let entries = entries(&people).await;
        assert_eq!(entries.len(), 2);
        for (entry, (place, role)) in entries.into_iter().zip([(&places[0], "operator"), (&places[1], "viewer")]) {
            assert_eq!((entry.kind, entry.outcome, entry.at), (Kind::LogView, Outcome::Done, 5));
            assert_eq!((entry.environment.as_ref(), &*entry.what), (Some(place), "Looked at logs: ?level=error."));
            assert_eq!((&*entry.actor.name, entry.actor.role), ("kim", role.parse().ok()));
        }
    }

    #[tokio::test]
    async fn who_follows_is_written_down_once_an_hour_however_often_the_connection_breaks() {
        let (_folder, people) = people().await;
        let places = ["shop/production".parse().unwrap()];
        let mut expected = 0;
        // When, in which session, whether they open the page, what they ask for, and whether it is written down.
        for (seconds, id, opens, query, is_noted) in [
            (0, 1, true, "", true),
            (3, 1, false, "", false),
            // Another session, and another question, are other views.
            (4, 2, false, "", true),
            (5, 1, false, "?level=error", true),
            (62, 1, false, "", false),
            // Gone for a minute.
            (122, 1, false, "", true),
            (123, 1, false, "", false),
            // A page that is opened is written down each time.
            (124, 1, true, "", true),
            (125, 1, false, "", false),
            // A clock that was set back does not lengthen anything.
            (10, 1, false, "", true),
        ] {
            let (who, now) = (session(id), HOUR + seconds * SECOND);
            if opens {
                people.note_log_view(&who, &places, query, now).await.unwrap();
            } else {
                people.note_log_following(&who, &places, query, now).await.unwrap();
            }
            expected += usize::from(is_noted);
            assert_eq!(entries(&people).await.len(), expected, "{seconds} s, session {id}, {query}");
        }
        // Whoever goes on and on.
        for seconds in (0..3 * 3_600).step_by(30) {
            people.note_log_following(&session(3), &places, "", 9 * HOUR + seconds * SECOND).await.unwrap();
        }
        assert_eq!(entries(&people).await.len(), expected + 3);
    }

    #[tokio::test]
    async fn what_is_not_written_down_is_not_remembered_as_if_it_were() {
        let (_folder, people) = people().await;
        let places = ["shop/production".parse().unwrap()];
        people.store.close().await;
        for _ in 0..2 {
            assert!(people.note_log_view(&session(1), &places, "", 5).await.is_err());
            assert!(people.note_log_following(&session(1), &places, "", 6).await.is_err());
        }
    }

    #[tokio::test]
    async fn what_is_remembered_is_bounded_and_what_is_forgotten_is_written_down_again() {
        let views = Views::default();
        let key = |number: usize| Key::of(&number.to_be_bytes());
        for number in 0..MOST_REMEMBERED {
            views.remember(key(number), 0);
        }
        views.remember(key(MOST_REMEMBERED), 1);
        assert_eq!(views.0.lock().len(), 1);
        assert!(views.goes_on(key(MOST_REMEMBERED), 2) && !views.goes_on(key(0), 2));
    }
}
