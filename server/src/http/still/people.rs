//! People and their roles, for admins.

use app::still::forms::Tone;
use app::still::people::{PeopleView, PersonRow, people};
use axum::extract::{Extension, Form, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use domain::access::Grant;
use domain::group::ByGroup;
use domain::person::UserId;
use domain::text::plain;
use serde::Deserialize;

use super::sign_in::sentence;
use super::{framed, notice, problem, see, trouble};
use crate::clock;
use crate::http::Site;
use crate::people::{By, Chosen, ManageRefusal, Who};
use crate::store::{StoreError, User};

/// What may be said after a form.
const SAID: [(&str, Tone, &str); 6] = [
    ("given", Tone::Done, "The role is given. The person's sessions have ended: they sign in again with it."),
    ("taken", Tone::Done, "The role is taken, and the person's sessions have ended."),
    ("disabled", Tone::Done, "The person may not sign in any more, and their sessions have ended."),
    ("enabled", Tone::Done, "The person may sign in again."),
    ("signed-out", Tone::Done, "The person's sessions have ended."),
    ("scope", Tone::Refused, "Nothing was done: the form did not name a role and where it holds."),
];

/// What the address may carry back of a form that was not sent.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    name: String,
    /// Whom to show: words that stand in a name, a role, or how they sign in.
    #[serde(default)]
    filter: String,
}

/// The page.
pub async fn page(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Response {
    let notice = notice(request.uri().query(), &SAID);
    let add = plain(&asked.name, 64).into_owned();
    let filter = plain(asked.filter.trim(), 64).into_owned();
    let said = Said { notice, made: None, add, filter };
    show(site, who, request, StatusCode::OK, said).await
}

#[derive(Default)]
struct Said {
    notice: Option<(Tone, String)>,
    made: Option<(String, String)>,
    add: String,
    filter: String,
}

async fn show(site: Site, who: Who, request: Request, status: StatusCode, said: Said) -> Response {
    let found = async {
        let mut read = site.people.store().read().await?;
        Ok((read.users().await?, read.groups_of_all(clock::now_us()).await?))
    };
    let (users, mut groups) = match found.await {
        Ok(found) => found,
        Err(error) => {
            let error: StoreError = error;
            return problem(&site, &request, StatusCode::SERVICE_UNAVAILABLE, &error.to_string());
        }
    };
    let total = users.len();
    let people_rows = users.into_iter().map(|user| {
        let by_group = site.people.by_group(&user, &groups.remove(&user.id).unwrap_or_default());
        row(user, by_group, &who)
    });
    let page = PeopleView {
        people: people_rows.filter(|row| matches(row, &said.filter)).collect(),
        total,
        filter: said.filter,
        scopes: site.rows.scopes(),
        notice: said.notice,
        made: said.made,
        add: said.add,
    };
    framed(site, who, request, status, "People", || people(page)).await
}

/// Whether every word that is looked for stands in a person's name, roles, or way to sign in.
fn matches(person: &PersonRow, filter: &str) -> bool {
    let roles = person.grants.iter().chain(person.by_group.iter().map(|(grant, _)| grant)).map(ToString::to_string);
    let roles = roles.collect::<Vec<_>>().join("\n");
    let state = if person.disabled { "disabled" } else { "" };
    let text = [&*person.name, &roles, &person.signs_in, state].join("\n").to_lowercase();
    filter.to_lowercase().split_whitespace().all(|word| text.contains(word))
}

fn row(user: User, by_group: Vec<ByGroup>, who: &Who) -> PersonRow {
    PersonRow {
        by_group: by_group.into_iter().map(|by| (by.grant, by.group.to_string())).collect(),
        own: user.id == who.user.id,
        id: user.id.to_string(),
        name: user.name.to_string(),
        grants: user.grants.0,
        signs_in: user.identity.map_or_else(|| "password".to_owned(), |identity| identity.issuer),
        added: user.created_at / 1_000_000,
        disabled: user.disabled_at.is_some(),
    }
}

/// Shows the page after a form that was not done, or whose answer must not stand in an address.
async fn answer(site: Site, who: Who, headers: HeaderMap, refusal: ManageRefusal, add: String) -> Response {
    if let ManageRefusal::Trouble(error) = refusal {
        return trouble(&site, &headers, StatusCode::SERVICE_UNAVAILABLE, &error.to_string());
    }
    let notice = Some((Tone::Refused, sentence(&format!("not done: {refusal}"))));
    let said = Said { notice, add, ..Said::default() };
    show(site, who, at_people(headers), StatusCode::UNPROCESSABLE_ENTITY, said).await
}

/// A request for the page itself, with the headers of the form's.
fn at_people(headers: HeaderMap) -> Request {
    let mut request = Request::new(axum::body::Body::empty());
    *request.uri_mut() = Uri::from_static("/people");
    *request.headers_mut() = headers;
    request
}

/// A name for somebody new.
#[derive(Deserialize)]
pub struct Add {
    name: String,
}

/// Adds a person with a password that we make.
pub async fn add(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    Form(Add { name }): Form<Add>,
) -> Response {
    match site.people.add(&By::Admin(&who), &name, Chosen::Random, clock::now_us()).await {
        Ok(made) => {
            let said = Said { made: made.map(|password| (name.trim().to_lowercase(), password)), ..Said::default() };
            show(site, who, at_people(headers), StatusCode::OK, said).await
        }
        Err(refusal) => answer(site, who, headers, refusal, plain(&name, 64).into_owned()).await,
    }
}

/// Whom a form is about.
#[derive(Deserialize)]
pub struct Person {
    person: String,
}

/// Gives a person another password that we make.
pub async fn password(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    Form(Person { person }): Form<Person>,
) -> Response {
    let Ok(person) = person.parse::<UserId>() else {
        return answer(site, who, headers, ManageRefusal::Nobody, String::new()).await;
    };
    match site.people.set_password(&By::Admin(&who), person, Chosen::Random, clock::now_us()).await {
        Ok((user, made)) => {
            let said = Said { made: made.map(|password| (user.name.to_string(), password)), ..Said::default() };
            show(site, who, at_people(headers), StatusCode::OK, said).await
        }
        Err(refusal) => answer(site, who, headers, refusal, String::new()).await,
    }
}

/// A role for somebody.
#[derive(Deserialize)]
pub struct Role {
    person: String,
    role: String,
    scope: String,
}

/// Gives a role.
pub async fn give(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    Form(role): Form<Role>,
) -> Response {
    change(site, who, headers, role, true).await
}

/// Takes a role.
pub async fn take(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    Form(role): Form<Role>,
) -> Response {
    change(site, who, headers, role, false).await
}

async fn change(site: Site, who: Who, headers: HeaderMap, form: Role, gives: bool) -> Response {
    let (Ok(person), Ok(role), Ok(scope)) = (form.person.parse::<UserId>(), form.role.parse(), form.scope.parse())
    else {
        return see("/people?said=scope");
    };
    let grant = Grant { role, scope };
    match site.people.change_role(&By::Admin(&who), person, &grant, gives, clock::now_us()).await {
        Ok(_) => see(if gives { "/people?said=given" } else { "/people?said=taken" }),
        Err(refusal) => answer(site, who, headers, refusal, String::new()).await,
    }
}

/// Lets somebody in no more.
pub async fn disable(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    Form(Person { person }): Form<Person>,
) -> Response {
    switch(site, who, headers, person, true).await
}

/// Lets somebody in again.
pub async fn enable(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    Form(Person { person }): Form<Person>,
) -> Response {
    switch(site, who, headers, person, false).await
}

async fn switch(site: Site, who: Who, headers: HeaderMap, person: String, disable: bool) -> Response {
    let done = match person.parse::<UserId>() {
        Ok(person) => site.people.disable(&By::Admin(&who), person, disable, clock::now_us()).await,
        Err(_) => Err(ManageRefusal::Nobody),
    };
    match done {
        Ok(_) => see(if disable { "/people?said=disabled" } else { "/people?said=enabled" }),
        Err(refusal) => answer(site, who, headers, refusal, String::new()).await,
    }
}

/// Ends somebody's sessions.
pub async fn sign_out(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    Form(Person { person }): Form<Person>,
) -> Response {
    let done = match person.parse::<UserId>() {
        Ok(person) => site.people.end_sessions(&By::Admin(&who), person, clock::now_us()).await,
        Err(_) => Err(ManageRefusal::Nobody),
    };
    match done {
        Ok(_) => see("/people?said=signed-out"),
        Err(refusal) => answer(site, who, headers, refusal, String::new()).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_found_by_name_role_system_and_way_to_sign_in() {
        let grant = |role: &str, scope: &str| Grant { role: role.parse().unwrap(), scope: scope.parse().unwrap() };
        let kim = PersonRow {
            id: String::new(),
            name: "kim".into(),
            own: false,
            grants: vec![grant("operator", "fleet/staging")],
            by_group: vec![(grant("tester", "todo"), "crew".into())],
            signs_in: "https://id.test".into(),
            added: 0,
            disabled: true,
        };
        for (filter, expected) in [
            ("", true),
            ("ki", true),
            ("KIM", true),
            ("operator fleet", true),
            ("todo tester", true),
            ("id.test", true),
            ("disabled", true),
            ("zoe", false),
            ("kim zoe", false),
            ("production", false),
        ] {
            assert_eq!(matches(&kim, filter), expected, "{filter}");
        }
    }
}
