//! One's own account.

use app::still::account::{AccountView, SessionRow, account};
use app::still::forms::Tone;
use axum::extract::{Extension, Form, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use domain::group::ByGroup;
use serde::Deserialize;

use super::sign_in::sentence;
use super::{framed, notice, problem, see, trouble};
use crate::clock;
use crate::http::Site;
use crate::people::{ManageRefusal, Who};

/// What may be said after a form.
const SAID: [(&str, Tone, &str); 4] = [
    ("ended", Tone::Done, "The session has ended. Its pages close within a few seconds."),
    ("ended-others", Tone::Done, "All other sessions have ended. Their pages close within a few seconds."),
    ("gone", Tone::Refused, "There is no such session any more."),
    ("password", Tone::Done, "The password is set, and all other sessions have ended."),
];

/// The page.
pub async fn page(State(site): State<Site>, Extension(who): Extension<Who>, request: Request) -> Response {
    let notice = notice(request.uri().query(), &SAID);
    show(site, who, request, StatusCode::OK, notice).await
}

async fn show(site: Site, who: Who, request: Request, status: StatusCode, notice: Option<(Tone, String)>) -> Response {
    let now = clock::now_us();
    let sessions = async { site.people.store().read().await?.sessions_of(who.user.id, now).await }.await;
    let sessions = match sessions {
        Ok(sessions) => sessions,
        Err(error) => return problem(&site, &request, StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    };
    let page = AccountView {
        name: who.user.name.to_string(),
        grants: grants(&who),
        has_password: who.user.has_password,
        sessions: sessions
            .into_iter()
            .map(|session| SessionRow {
                here: session.id == who.id,
                id: session.id.to_string(),
                agent: session.agent,
                source: session.source,
                began: session.created_at / 1_000_000,
                seen: session.seen_at / 1_000_000,
                ends: session.expires_at / 1_000_000,
            })
            .collect(),
        now: now / 1_000_000,
        notice,
    };
    framed(site, who, request, status, "Account", || account(page)).await
}

/// Their roles: those that an admin gave, then those of groups.
fn grants(who: &Who) -> Vec<(String, &'static str)> {
    let given = who.given.0.iter().map(|grant| (grant.to_string(), grant.role.explained()));
    let by_group = who.by_group.iter().map(|by| {
        let ByGroup { grant, group } = by;
        (format!("{grant}, by the group {group}"), grant.role.explained())
    });
    given.chain(by_group).collect()
}

/// Which session is to end.
#[derive(Deserialize)]
pub struct End {
    session: String,
}

/// Ends another session of one's own.
pub async fn end(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    Form(End { session }): Form<End>,
) -> Response {
    match site.people.end_session(&who, &session, clock::now_us()).await {
        Ok(true) => see("/account?said=ended"),
        Ok(false) => see("/account?said=gone"),
        Err(error) => trouble(&site, &headers, StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

/// Ends all other sessions of one's own.
pub async fn end_others(State(site): State<Site>, Extension(who): Extension<Who>, headers: HeaderMap) -> Response {
    match site.people.end_other_sessions(&who, clock::now_us()).await {
        Ok(_) => see("/account?said=ended-others"),
        Err(error) => trouble(&site, &headers, StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

/// The password before, and the new one twice.
#[derive(Deserialize)]
pub struct NewPassword {
    current: String,
    password: String,
    again: String,
}

/// Changes one's own password.
pub async fn password(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    Form(NewPassword { current, password, again }): Form<NewPassword>,
) -> Response {
    match site.people.change_password(&who, current, password, &again, clock::now_us()).await {
        Ok(()) => see("/account?said=password"),
        Err(ManageRefusal::Trouble(error)) => {
            trouble(&site, &headers, StatusCode::SERVICE_UNAVAILABLE, &error.to_string())
        }
        Err(refusal) => {
            let said = Some((Tone::Refused, sentence(&refusal.to_string())));
            let mut request = Request::new(axum::body::Body::empty());
            *request.uri_mut() = Uri::from_static("/account");
            *request.headers_mut() = headers;
            show(site, who, request, StatusCode::UNPROCESSABLE_ENTITY, said).await
        }
    }
}
