//! Demo data: the panel, the plan, the press, and who has reserved what.

use std::collections::BTreeMap;

use app::links;
use app::still::demo_data::{
    DemoDataRow, DemoDataView, PasswordsView, PastRow, PlanPage, PlanView, ReservationRow, ResetView, demo_data,
    passwords as passwords_page, plan as plan_page, reset as reset_page,
};
use app::still::forms::Tone;
use app::still::{Refresh, Still};
use axum::extract::{Extension, Form, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use domain::access::{Place, Right};
use domain::demo_data::manifest::is_name;
use domain::demo_data::record::{Kind, Passwords, Record};
use domain::demo_data::reservation::Reservation;
use domain::demo_data::sight::Sight;
use domain::ledger::OperationId;
use domain::name::EnvironmentId;
use domain::operation::life::Stage;
use domain::text::plain;
use serde::Deserialize;

use super::operations::{at, hex, unhex};
use super::sign_in::sentence;
use super::{framed, framed_about, notice, problem, see, trouble};
use crate::clock;
use crate::demo_data::{Given, NoPlan, Plan, Press, PressRefusal, ReserveRefusal, ShowRefusal, Until};
use crate::http::gate::{encode, token_of};
use crate::http::{Site, pages};
use crate::people::Who;
use crate::people::token::random_id;
use crate::store::StoreError;

/// Seconds after which the page of a reset that is on its way is loaded again.
const AGAIN_S: u32 = 1;
/// The most resets of an environment that are read for the panel.
const PAST: i64 = 10;
/// Seconds after which nobody is shown passwords any more.
const SHOWN_S: i64 = 15 * 60;

/// What may be said after a form.
const SAID: [(&str, Tone, &str); 2] = [
    ("reserved", Tone::Done, "Reserved. Whoever resets it all the same has to say why, and you are told."),
    ("released", Tone::Done, "Released: others may reset it."),
];

/// What the address or a form says.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    environment: String,
    /// The reset that is to be undone; empty: the seed is put in.
    of: String,
    id: String,
    plan: String,
    /// The rows that were shown: `tenants:4,users:10`.
    rows: String,
    reason: String,
    typed: String,
    until: String,
    until_at: String,
    quicker: Option<String>,
}

impl Asked {
    /// What is put in; `None` where the form says something else.
    fn kind(&self) -> Option<Kind> {
        match self.of.as_str() {
            "" => Some(Kind::Reset),
            of => Some(Kind::Undo { of: of.parse().ok()? }),
        }
    }
}

/// The panel.
pub async fn page(State(site): State<Site>, Extension(who): Extension<Who>, request: Request) -> Response {
    let notice = notice(request.uri().query(), &SAID);
    let now = clock::now_us();
    match rows(&site, &who, now).await {
        Ok(environments) => {
            let view = DemoDataView { environments, notice, now: now / 1_000_000 };
            framed(site, who, request, StatusCode::OK, "Demo data", || demo_data(view)).await
        }
        Err(error) => problem(&site, &request, StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

async fn rows(site: &Site, who: &Who, now: i64) -> Result<Vec<DemoDataRow>, StoreError> {
    let chrome = site.rows.seen_by(&who.user.grants).chrome();
    let mut read = site.people.store().read().await?;
    let reservations = read.reservations().await?;
    let mut rows = Vec::new();
    for id in site.demo_data.environments() {
        let Some(known) = chrome.environments.iter().find(|known| known.id == id) else { continue };
        let found = site.demo_data.known(&id);
        let sight = found.as_ref().and_then(|found| found.sight.as_ref().ok());
        let past = read.resets_of(&id, PAST).await?;
        let held = reservations.iter().find(|held| held.environment == id);
        rows.push(DemoDataRow {
            system: known.system.clone(),
            title: known.title.clone(),
            tier: known.tier,
            zone: site.demo_data.zone(&id),
            standing: found.as_ref().map(|found| (found.standing(), found.at)),
            counts: sight.map(|sight| sight.counts.clone()).unwrap_or_default(),
            seed: site.demo_data.seed_version(&id).map_err(|why| sentence(&why)),
            version: sight
                .and_then(|sight| sight.last.as_ref())
                .map(|last| last.version)
                .filter(|version| *version > 0),
            testing: testing(sight, found.as_ref().and_then(|found| found.cache.as_deref())),
            reservation: held.map(|held| reservation(held, who, now)),
            past: past.iter().map(|record| past_row(record, sight)).collect(),
            next: site.demo_data.next_scheduled(&id),
            may: who.user.grants.may(Right::ResetDemoData, Place::Environment(&id)),
            id,
        });
    }
    Ok(rows)
}

/// Who tests, and what of the cache is known, in sentences.
fn testing(sight: Option<&Sight>, cache: Option<&str>) -> Vec<String> {
    let mut said = Vec::new();
    if let Some(sight) = sight {
        match &sight.sessions {
            None => {}
            Some(Ok(0)) => said.push("Nobody is signed in to the application.".to_owned()),
            Some(Ok(1)) => said.push("1 person is signed in to the application.".to_owned()),
            Some(Ok(people)) => said.push(format!("{people} people are signed in to the application.")),
            Some(Err(why)) => said.push(format!("Who is signed in to the application is not known: {why}.")),
        }
        if sight.is_cache_waiting {
            said.push("What the cache holds of old rows is still to be cleared.".to_owned());
        }
        let connections: u32 = sight.connections.iter().map(|(_, number)| number).sum();
        let names: Vec<String> = sight
            .connections
            .iter()
            .map(|(name, number)| match &*plain(name, 40) {
                "" => format!("{number} without a name"),
                name => format!("{number} of {name}"),
            })
            .collect();
        match connections {
            0 => said.push("Nobody else is connected to the database.".to_owned()),
            1 => said.push(format!("1 other connection to the database: {}.", names.join(", "))),
            more => said.push(format!("{more} other connections to the database: {}.", names.join(", "))),
        }
    }
    if let Some(why) = cache {
        said.push(format!("The cache does not answer: {why}."));
    }
    said
}

fn reservation(held: &Reservation, who: &Who, now: i64) -> ReservationRow {
    ReservationRow {
        by: plain(&held.by, 64).into_owned(),
        reason: plain(&held.reason, 200).into_owned(),
        until: held.until_at / 1_000_000,
        holds: held.holds(now),
        is_own: held.is_of(&who.user.id.to_string()),
        overridden: held
            .overridden
            .as_ref()
            .map(|over| (plain(&over.by, 64).into_owned(), over.at / 1_000_000, plain(&over.why, 1000).into_owned())),
    }
}

fn past_row(record: &Record, sight: Option<&Sight>) -> PastRow {
    PastRow {
        id: record.id,
        what: record.kind.words(),
        by: plain(&record.by.name, 64).into_owned(),
        at: record.begun,
        took: record.ended.map(|ended| ended - record.begun),
        stage: record.stage(),
        verdict: record.verdict.clone(),
        can_undo: can_undo(record, sight),
    }
}

fn can_undo(record: &Record, sight: Option<&Sight>) -> bool {
    record.stage() == Stage::Done && sight.is_some_and(|sight| sight.snapshot(record.id).is_some())
}

/// The plan of a reset.
pub async fn plan(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Response {
    show(site, who, request, asked, None, StatusCode::OK).await
}

/// A page with a plan made from fresh facts.
async fn show(
    site: Site,
    who: Who,
    request: Request,
    asked: Asked,
    notice: Option<(Tone, String)>,
    status: StatusCode,
) -> Response {
    let (Ok(environment), Some(kind)) = (asked.environment.parse::<EnvironmentId>(), asked.kind()) else {
        return pages::render(site, who, request, StatusCode::NOT_FOUND, None).await;
    };
    let given = Given { reason: asked.reason.as_str().into(), typed: "".into() };
    let made = site.demo_data.plan(&who, &environment, kind, OperationId(random_id()), given).await;
    let made = match made {
        Ok(made) => made,
        Err(NoPlan::Absent) => return pages::render(site, who, request, StatusCode::NOT_FOUND, None).await,
        Err(NoPlan::Store(error)) => {
            return problem(&site, &request, StatusCode::SERVICE_UNAVAILABLE, &error.to_string());
        }
    };
    let view = PlanPage {
        place: made.place.clone(),
        tier: made.facts.tier,
        title: kind.words(),
        plan: Some(planned(&made, &asked)),
        notice,
    };
    framed_about(site, who, request, status, environment, (kind.words(), || plan_page(view))).await
}

fn planned(made: &Plan, asked: &Asked) -> PlanView {
    let rows: Vec<String> = made.rows().iter().map(|(table, rows)| format!("{table}:{rows}")).collect();
    let off = made.verdict.refusals.iter().filter(|refusal| !refusal.is_for_the_form());
    PlanView {
        lines: made.verdict.lines.clone(),
        off: off.map(|refusal| sentence(&refusal.to_string())).collect(),
        reason: made.verdict.needs_reason,
        name: made.facts.environment.to_string().into(),
        why: asked.reason.clone(),
        carries: vec![
            ("environment", made.facts.environment.to_string()),
            ("of", asked.of.clone()),
            ("id", made.id.to_string()),
            ("plan", hex(&made.hash)),
            ("rows", rows.join(",")),
        ],
        read: made.facts.now,
    }
}

/// The rows that were shown; `None` where the form says something else.
fn shown(text: &str) -> Option<BTreeMap<String, u64>> {
    text.split(',')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (table, rows) = pair.split_once(':')?;
            Some((table.to_owned(), rows.parse().ok()?)).filter(|(table, _)| is_name(table))
        })
        .collect()
}

/// The press.
pub async fn press(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Response {
    let form = (asked.environment.parse::<EnvironmentId>(), asked.kind());
    let (Ok(environment), Some(kind)) = form else {
        return trouble(&site, &headers, StatusCode::UNPROCESSABLE_ENTITY, UNREAD);
    };
    // Before anything else of the form is read: whoever asks for it where there is none made the form by hand.
    if !site.demo_data.environments().contains(&environment) || !who.user.grants.sees(&environment) {
        let why = "there are no demo data there";
        let reason = plain(&asked.reason, 1000).into_owned();
        return match site.demo_data.record_refusal(&who, &environment, kind, why, &reason, Vec::new()).await {
            Ok(()) => {
                let text = "There are no demo data of that name, and nothing was done. That it was asked for stands in the record.";
                trouble(&site, &headers, StatusCode::NOT_FOUND, text)
            }
            Err(refusal) => refused(site, who, headers, asked, refusal).await,
        };
    }
    let (Ok(id), Some(plan), Some(rows), Some(token)) =
        (asked.id.parse(), unhex(&asked.plan), shown(&asked.rows), token_of(&site, &headers))
    else {
        return trouble(&site, &headers, StatusCode::UNPROCESSABLE_ENTITY, UNREAD);
    };
    let given = Given { reason: asked.reason.as_str().into(), typed: asked.typed.trim().into() };
    let press = Press { id, environment, kind, plan, rows, given };
    // Whoever goes away in the middle does not stop it half way.
    let (desk, presser) = (site.demo_data.clone(), who.clone());
    let pressed = tokio::spawn(async move { desk.press(&presser, &token, press).await }).await;
    match pressed {
        Ok(Ok(id)) => see(&links::demo_data_reset(id)),
        Ok(Err(refusal)) => refused(site, who, headers, asked, refusal).await,
        Err(_) => trouble(
            &site,
            &headers,
            StatusCode::INTERNAL_SERVER_ERROR,
            "A fault of the program. Whether something was done stands under Changes.",
        ),
    }
}

/// What is said of a form that cannot be read.
const UNREAD: &str = "The form does not say what it is about. Nothing was done: open the plan again.";

async fn refused(site: Site, who: Who, headers: HeaderMap, asked: Asked, refusal: PressRefusal) -> Response {
    let text = sentence(&refusal.to_string());
    let status = match refusal {
        PressRefusal::Taken(record) => return see(&format!("{}&quicker", links::demo_data_reset(record.id))),
        PressRefusal::Store(_) => {
            return trouble(&site, &headers, StatusCode::SERVICE_UNAVAILABLE, &format!("Nothing was done. {text}"));
        }
        PressRefusal::Absent => return trouble(&site, &headers, StatusCode::NOT_FOUND, &text),
        PressRefusal::TooMany => return trouble(&site, &headers, StatusCode::TOO_MANY_REQUESTS, &text),
        PressRefusal::Right => StatusCode::FORBIDDEN,
        PressRefusal::Changed(_) | PressRefusal::Moved | PressRefusal::NotYours => StatusCode::CONFLICT,
        PressRefusal::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
        PressRefusal::Seal => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let request = at(Uri::from_static(links::DEMO_DATA_PLAN), headers);
    show(site, who, request, asked, Some((Tone::Refused, text)), status).await
}

/// The page of a reset. While it is on its way it is loaded again every second.
pub async fn reset(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Response {
    let Ok(id) = asked.id.parse::<OperationId>() else {
        return pages::render(site, who, request, StatusCode::NOT_FOUND, None).await;
    };
    let read = async { site.people.store().read().await?.reset(id).await };
    let record = match read.await {
        Ok(held) => held.map(|held| held.record).filter(|record| who.user.grants.sees(&record.environment)),
        Err(error) => return problem(&site, &request, StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    };
    let Some(record) = record else {
        return pages::render(site, who, request, StatusCode::NOT_FOUND, None).await;
    };
    let (environment, title) = (record.environment.clone(), record.title());
    let known = site.demo_data.known(&environment);
    let sight = known.as_ref().and_then(|known| known.sight.as_ref().ok());
    let may = who.user.grants.may(Right::ResetDemoData, Place::Environment(&environment));
    let is_fresh = clock::now_ms() / 1000 - record.begun < SHOWN_S;
    let made = match record.passwords {
        Passwords::Made(_) => record.is_committed(),
        Passwords::None | Passwords::Kept(_) => false,
    };
    let is_over = record.is_over();
    let view = ResetView {
        may_show: may && made && is_fresh && record.by.id == who.user.id.to_string(),
        may_undo: may && can_undo(&record, sight),
        is_quicker: asked.quicker.is_some() && record.by.id != who.user.id.to_string(),
        record,
    };
    let still = Still::new(site.assets.build.clone(), &title, || reset_page(view)).about(environment);
    let still = if is_over {
        still
    } else {
        still.refreshed(Refresh::new(AGAIN_S, links::DEMO_DATA_RESET, &[("id", &id.to_string())]))
    };
    pages::render(site, who, request, StatusCode::OK, Some(still)).await
}

/// Shows the passwords of a reset, once.
pub async fn passwords(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Response {
    let (Ok(id), Some(token)) = (asked.id.parse::<OperationId>(), token_of(&site, &headers)) else {
        return trouble(&site, &headers, StatusCode::UNPROCESSABLE_ENTITY, UNREAD);
    };
    match site.demo_data.show_passwords(&who, &token, id).await {
        Ok((environment, issued)) => {
            let view = PasswordsView {
                place: site.demo_data.place(&environment).to_string(),
                back: links::demo_data_reset(id),
                issued: issued.into_iter().map(|one| (plain(&one.login, 254).into_owned(), one.password)).collect(),
            };
            let request = at(Uri::from_static(links::DEMO_DATA), headers);
            let content = ("New passwords", || passwords_page(view));
            framed_about(site, who, request, StatusCode::OK, environment, content).await
        }
        Err(refusal) => {
            let status = match &refusal {
                ShowRefusal::Absent => StatusCode::NOT_FOUND,
                ShowRefusal::NotYours => StatusCode::FORBIDDEN,
                ShowRefusal::Gone => StatusCode::GONE,
                ShowRefusal::Database(_) | ShowRefusal::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            };
            trouble(&site, &headers, status, &sentence(&refusal.to_string()))
        }
    }
}

/// Reserves.
pub async fn reserve(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Response {
    let Ok(environment) = asked.environment.parse::<EnvironmentId>() else {
        return trouble(&site, &headers, StatusCode::UNPROCESSABLE_ENTITY, UNREAD);
    };
    let until = Until::of(&asked.until, &asked.until_at);
    match site.demo_data.reserve(&who, &environment, until, &asked.reason).await {
        Ok(()) => back(&environment, "reserved"),
        Err(refusal) => not_reserved(&site, &headers, &refusal),
    }
}

/// Releases.
pub async fn release(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Response {
    let Ok(environment) = asked.environment.parse::<EnvironmentId>() else {
        return trouble(&site, &headers, StatusCode::UNPROCESSABLE_ENTITY, UNREAD);
    };
    match site.demo_data.release(&who, &environment).await {
        Ok(()) => back(&environment, "released"),
        Err(refusal) => not_reserved(&site, &headers, &refusal),
    }
}

fn back(environment: &EnvironmentId, said: &str) -> Response {
    see(&format!("{}?environment={}&said={said}", links::DEMO_DATA, encode(&environment.to_string())))
}

fn not_reserved(site: &Site, headers: &HeaderMap, refusal: &ReserveRefusal) -> Response {
    let status = match refusal {
        ReserveRefusal::Absent => StatusCode::NOT_FOUND,
        ReserveRefusal::Right => StatusCode::FORBIDDEN,
        ReserveRefusal::Held(_) | ReserveRefusal::NotYours(_) => StatusCode::CONFLICT,
        ReserveRefusal::NoReason | ReserveRefusal::NoTime => StatusCode::UNPROCESSABLE_ENTITY,
        ReserveRefusal::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    trouble(site, headers, status, &sentence(&refusal.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_were_shown_are_read_as_they_were_written() {
        let rows =
            |pairs: &[(&str, u64)]| Some(pairs.iter().map(|(table, rows)| ((*table).to_owned(), *rows)).collect());
        for (text, expected) in [
            ("", rows(&[])),
            ("tenants:4,users:10", rows(&[("tenants", 4), ("users", 10)])),
            ("tenants", None),
            ("tenants:-1", None),
            ("tenants:4;users:10", None),
            ("Tenants:4", None),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn a_form_is_about_the_seed_or_about_one_reset() {
        for (of, expected) in [
            ("", Some(Kind::Reset)),
            ("000000000000000000000000000000ab", Some(Kind::Undo { of: OperationId(0xab) })),
            ("ab", None),
            ("seed", None),
        ] {
            assert_eq!(Asked { of: of.to_owned(), ..Asked::default() }.kind(), expected, "{of}");
        }
    }
}
