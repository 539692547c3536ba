//! Sign-in by a provider: the whole way, with a provider that is real but for being ours.

mod access;
mod fake;
mod flow;
mod hostile;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use domain::person::{UserId, UserName};

use super::site::{Answer, HOST, ask_as, rows, site};
use crate::clock;
use crate::http::{Site, router};
use crate::oidc::{Provider, ProviderSettings, Secret};
use crate::people::token::Token;
use crate::store::User;
use fake::{CLIENT, Fake, SECRET};

/// A console with its provider.
struct World {
    fake: Arc<Fake>,
    site: Site,
    router: Router,
}

/// Somebody whom the console sent to the provider.
struct Left {
    url: String,
    cookie: String,
}

fn settings(fake: &Fake) -> ProviderSettings {
    ProviderSettings {
        issuer: fake.issuer.parse().unwrap(),
        client_id: CLIENT.into(),
        secret: Some(Secret::new(SECRET)),
        groups_claim: "groups".into(),
        name: "Example <ID>".into(),
        scopes: vec!["profile".into()],
    }
}

/// More than any answer takes on a busy machine.
const LONG: Duration = Duration::from_secs(20);
/// Enough for the answers before the one that never comes.
const SHORT: Duration = Duration::from_secs(2);

async fn world() -> World {
    world_with(LONG).await
}

/// The same, that waits so long for an answer of the provider.
async fn world_with(patience: Duration) -> World {
    let fake = Fake::start().await;
    let mut site = site(rows()).await;
    let provider = Provider::with_patience(settings(&fake), patience).unwrap();
    site.people.give_by_group(Some(provider.issuer()), &[]);
    site.provider = Some(Arc::new(provider));
    World { fake, router: router(site.clone()), site }
}

impl World {
    async fn get(&self, path: &str, cookies: &str) -> Answer {
        let request = Request::get(path).header("host", HOST).header("accept", "text/html").header("cookie", cookies);
        ask_as(&self.router, request.body(Body::empty()).unwrap(), None).await
    }

    /// Presses the link.
    async fn leave(&self, to: &str) -> Left {
        let answer = self.get(&format!("/sign-in/provider?to={to}"), "").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        Left { url: answer.header("location").to_owned(), cookie }
    }

    /// The address with which the provider sends them back, from its path on.
    async fn visit(&self, left: &Left) -> String {
        self.fake.visit(&left.url).await[url::Position::BeforePath..].to_owned()
    }

    /// The whole way.
    async fn sign_in(&self) -> Answer {
        let left = self.leave("/pods?filter=web").await;
        let back = self.visit(&left).await;
        self.get(&back, &left.cookie).await
    }

    /// The whole way, to its good end.
    async fn enter(&self) -> Token {
        let answer = self.sign_in().await;
        session_in(&answer).unwrap_or_else(|| panic!("{} {}", answer.status, answer.header("location")))
    }

    async fn user(&self, name: &str) -> Option<User> {
        let name = UserName::new(name).unwrap();
        self.site.people.store().read().await.unwrap().user_by_name(&name).await.unwrap()
    }

    /// Accounts, sessions of one of them.
    async fn count(&self, user: UserId) -> (u64, usize) {
        let mut read = self.site.people.store().read().await.unwrap();
        (read.count_users().await.unwrap(), read.sessions_of(user, clock::now_us()).await.unwrap().len())
    }

    /// All entries of the ledger, as they were written.
    async fn ledger(&self) -> Vec<String> {
        let mut read = self.site.people.store().read().await.unwrap();
        let mut entries = Vec::new();
        while let Some(entry) = read.entry(entries.len() as i64 + 1).await.unwrap() {
            entries.push(entry.body);
        }
        entries
    }
}

/// The session that an answer gives.
fn session_in(answer: &Answer) -> Option<Token> {
    let cookies = answer.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    cookies.filter_map(|cookie| cookie.strip_prefix("quarterdeck=")).find_map(|rest| Token::read(rest.get(..64)?))
}

/// That somebody is back at the sign-in, with nothing but a word of ours.
fn assert_refused(answer: &Answer, why: &str, what: &str) {
    let expected = format!("/sign-in?why={why}&to=");
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{what}");
    assert!(answer.header("location").starts_with(&expected), "{what}: {}", answer.header("location"));
    assert!(session_in(answer).is_none(), "{what}: a session");
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["quarterdeck-flow=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"], "{what}");
}
