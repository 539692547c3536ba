//! Signing in and out, and the first admin.

use app::still::sign_in::{SetupView, SignInView, Why, setup, setup_over, sign_in};
use axum::extract::{Extension, Form, Query, Request, State};
use axum::http::header::SET_COOKIE;
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::response::Response;
use domain::session::Ending;
use domain::text::plain;
use serde::Deserialize;

use super::{document, see, source, trouble};
use crate::clock;
use crate::http::Site;
use crate::http::gate::{Visitor, cookie, encode, is_our_path, token_of};
use crate::metrics::{self, SignIn};
use crate::people::token::Token;
use crate::people::{ManageRefusal, SignInRefusal, Who};

/// The sentences that an address may ask for.
const WHY: [(&str, Why); 8] = [
    ("expired", Why::Expired(None)),
    ("out", Why::SignedOut),
    ("provider", Why::Provider),
    ("silent", Why::Silent),
    ("declined", Why::Declined),
    ("over", Why::Over),
    ("disabled", Why::Disabled),
    ("unavailable", Why::Unavailable),
];

/// Back to the page, which says why.
pub(super) fn back(why: Why, to: &str) -> Response {
    let key = WHY.iter().find(|(_, known)| *known == why).map_or("", |(key, _)| *key);
    see(&format!("/sign-in?why={key}&to={}", encode(to)))
}

/// What the address of the page says.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    to: String,
    #[serde(default)]
    why: String,
}

/// What is sent to sign in.
#[derive(Deserialize)]
pub struct Given {
    name: String,
    password: String,
    #[serde(default)]
    to: String,
}

/// Where one goes after the sign-in: a page of ours.
pub(super) fn to_ours(to: &str) -> String {
    // Back to the sign-in would go round in a circle.
    let fine = is_our_path(to) && !to.starts_with("/sign-");
    if fine { to.to_owned() } else { "/".to_owned() }
}

/// The page.
pub async fn page(
    State(site): State<Site>,
    Extension(Visitor(who)): Extension<Visitor>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let to = to_ours(&asked.to);
    if who.is_some() {
        return see(&to);
    }
    let mut why = WHY.iter().find(|(key, _)| *key == asked.why).map(|(_, why)| *why);
    let before = token_of(&site, &headers);
    // Whoever still holds the cookie of a session that is over is told why, once.
    if let (None | Some(Why::Expired(None)), Some(before)) = (why, &before) {
        match site.people.ending(before, clock::now_us()).await {
            Ok(Some(ending)) => why = Some(Why::Expired(Some(ending))),
            Ok(None) => {}
            Err(error) => tracing::warn!("why a session is over is not known: {error}"),
        }
    }
    let mut response = show(&site, &headers, StatusCode::OK, SignInView { why, to, ..SignInView::default() });
    if before.is_some() {
        response.headers_mut().append(SET_COOKIE, cookie(&site, &headers, None));
    }
    response
}

/// Shows the page.
pub(super) fn show(site: &Site, headers: &HeaderMap, status: StatusCode, page: SignInView) -> Response {
    let provider = site.provider.as_ref().map(|provider| {
        let address = format!("/sign-in/provider?to={}", encode(&page.to));
        (provider.name().to_owned(), address)
    });
    let page = SignInView { passwords: true, provider, ..page };
    document(site, headers, status, "Sign in", || sign_in(page))
}

/// Takes name and password.
pub async fn post(
    State(site): State<Site>,
    headers: HeaderMap,
    extensions: Extensions,
    Form(Given { name, password, to }): Form<Given>,
) -> Response {
    let to = to_ours(&to);
    let from = source(&extensions, &headers);
    let (outcome, status, why) = match site.people.sign_in(&name, password, &from, clock::now_us()).await {
        Ok(token) => {
            metrics::sign_in(SignIn::Done);
            leave_before(&site, &headers).await;
            return enter(&site, &headers, &token, &to);
        }
        Err(SignInRefusal::Wrong) => (SignIn::Refused, StatusCode::UNAUTHORIZED, Why::Wrong),
        Err(SignInRefusal::TooMany(minutes)) => (SignIn::Limited, StatusCode::TOO_MANY_REQUESTS, Why::TooMany(minutes)),
        Err(SignInRefusal::Trouble(error)) => {
            tracing::warn!("nobody can sign in: {error}");
            (SignIn::Failed, StatusCode::SERVICE_UNAVAILABLE, Why::Unavailable)
        }
    };
    metrics::sign_in(outcome);
    let name = plain(&name, 64).into_owned();
    show(&site, &headers, status, SignInView { why: Some(why), to, name, ..SignInView::default() })
}

/// Ends the session that this browser had before, which nobody would end any more: its cookie is replaced.
async fn leave_before(site: &Site, headers: &HeaderMap) {
    let Some(token) = token_of(site, headers) else { return };
    let now = clock::now_us();
    let ended = match site.people.who(&token, now).await {
        Ok(Some(who)) => site.people.sign_out(&who, Ending::NewSignIn, now).await,
        Ok(None) => Ok(()),
        Err(error) => Err(error.into()),
    };
    if let Err(error) = ended {
        tracing::warn!("the session before was not ended, it ends by itself: {error}");
    }
}

/// Hands the token over and goes on.
fn enter(site: &Site, headers: &HeaderMap, token: &Token, to: &str) -> Response {
    let mut response = see(to);
    response.headers_mut().append(SET_COOKIE, cookie(site, headers, Some(token)));
    response
}

/// Ends the session.
pub async fn out(State(site): State<Site>, Extension(who): Extension<Who>, headers: HeaderMap) -> Response {
    if let Err(error) = site.people.sign_out(&who, Ending::SignedOut, clock::now_us()).await {
        let text = format!("This browser is signed out, and the session goes on until its time is over: {error}");
        // This browser forgets it all the same.
        let mut response = trouble(&site, &headers, StatusCode::SERVICE_UNAVAILABLE, &text);
        response.headers_mut().append(SET_COOKIE, cookie(&site, &headers, None));
        return response;
    }
    let mut response = see("/sign-in?why=out");
    response.headers_mut().append(SET_COOKIE, cookie(&site, &headers, None));
    response
}

/// What the link of the first start says.
#[derive(Deserialize)]
pub struct Invited {
    #[serde(default)]
    token: String,
}

/// What is sent to make the first admin.
#[derive(Deserialize)]
pub struct First {
    token: String,
    name: String,
    password: String,
    again: String,
}

/// The page behind the link of the first start.
pub async fn setup_page(State(site): State<Site>, Query(invited): Query<Invited>, request: Request) -> Response {
    let headers = request.headers();
    let works = match Token::read(&invited.token) {
        Some(token) => site.people.is_invited(&token, clock::now_us()).await,
        None => Ok(false),
    };
    match works {
        Ok(true) => document(&site, headers, StatusCode::OK, "The first admin", || {
            setup(SetupView { token: invited.token, name: String::new(), refused: None })
        }),
        Ok(false) => document(&site, headers, StatusCode::GONE, "The first admin", setup_over),
        Err(error) => trouble(&site, headers, StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

/// Makes the first admin.
pub async fn setup_post(
    State(site): State<Site>,
    headers: HeaderMap,
    extensions: Extensions,
    Form(First { token: text, name, password, again }): Form<First>,
) -> Response {
    let over = || document(&site, &headers, StatusCode::GONE, "The first admin", setup_over);
    let Some(token) = Token::read(&text) else { return over() };
    let from = source(&extensions, &headers);
    match site.people.accept_invitation(&token, &name, password, &again, &from, clock::now_us()).await {
        Ok(token) => enter(&site, &headers, &token, "/people"),
        Err(ManageRefusal::LinkOver) => over(),
        Err(ManageRefusal::Trouble(error)) => {
            trouble(&site, &headers, StatusCode::SERVICE_UNAVAILABLE, &error.to_string())
        }
        Err(refusal) => document(&site, &headers, StatusCode::UNPROCESSABLE_ENTITY, "The first admin", || {
            setup(SetupView {
                token: text,
                name: plain(&name, 64).into_owned(),
                refused: Some(sentence(&refusal.to_string())),
            })
        }),
    }
}

/// A refusal as a sentence: with a capital letter and a full stop.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let stop = if text.ends_with('.') { "" } else { "." };
    [&first, letters.as_str(), stop].concat()
}
