//! Alerts: what fires, silencing it, and trying the receivers.

use app::clock::exact_time;
use app::still::alerts::{AlertRow, AlertsView, ReceiverRow, SentOutcome, SentRow, SilenceRow, alerts};
use app::still::forms::Tone;
use axum::extract::{Extension, Form, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::access::{Place, Right};
use domain::alert::life::NoticeKind;
use domain::name::EnvironmentId;
use domain::text::plain;
use serde::Deserialize;

use super::sign_in::sentence;
use super::{framed, notice, see, trouble};
use crate::alerts::{SilenceRefusal, TestRefusal, Until};
use crate::clock;
use crate::http::Site;
use crate::http::gate::encode;
use crate::people::Who;
use crate::rows::Unjudged;
use crate::store::ledger::Environments;
use crate::store::{KeptAlert, Sending, Silence, StoreError};

/// How far back alerts that are over are shown, in microseconds: 7 days.
const SHOWN_US: i64 = 7 * 86_400 * 1_000_000;
/// The most alerts on a page.
const MOST: usize = 500;

/// What may be said after a form.
const SAID: [(&str, Tone, &str); 3] = [
    ("silenced", Tone::Done, "Silenced: nobody is told until then. It stands in the record."),
    ("ended", Tone::Done, "The silence is over: who should know is told if it still fires."),
    ("tested", Tone::Done, "A test is on its way. Load the page again to see whether it arrived."),
];

/// What the address or a form says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    environment: String,
    alert: String,
    silence: String,
    until: String,
    until_at: String,
    reason: String,
    receiver: String,
}

/// The page.
pub async fn page(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    Query(asked): Query<Asked>,
    request: Request,
) -> Response {
    let notice = notice(request.uri().query(), &SAID);
    let now = clock::now_us();
    let seen = site.rows.seen_by(&who.user.grants);
    let (chrome, unjudged) = (seen.chrome(), seen.unjudged());
    let environments: Vec<(EnvironmentId, String)> = chrome
        .environments
        .into_iter()
        .map(|known| (known.id, [&*known.system, " / ", &*known.title].concat()))
        .collect();
    let wanted: Option<EnvironmentId> = asked.environment.parse().ok();
    let wanted = wanted.filter(|wanted| environments.iter().any(|(id, _)| id == wanted));
    let administers = who.user.grants.may(Right::Administer, Place::Console);
    let within = match &wanted {
        Some(wanted) => Environments::Only(vec![wanted.clone()]),
        // What is not registered any more is seen by those who see everything.
        None if who.user.grants.sees_everything() => Environments::All,
        None => Environments::Only(environments.iter().map(|(id, _)| id.clone()).collect()),
    };
    let (found, trouble) = match read(&site, &within, administers, now).await {
        Ok(found) => (found, None),
        Err(error) => (Found::default(), Some(sentence(&error.to_string()))),
    };
    let Found { kept, has_more, silences, sendings, tests } = found;
    let rows = kept.into_iter().filter_map(|kept| {
        let id = &kept.alert.key.environment;
        let name = environments.iter().find(|(known, _)| known == id).map(|(_, name)| name.clone());
        let name = name.or_else(|| who.user.grants.sees_everything().then(|| id.to_string()))?;
        let (may_silence, zone) = (site.alerts.may_silence(&who, id), site.alerts.zone(id));
        Some(row(kept, name, &silences, &sendings, Onlooker { administers, may_silence, zone }))
    });
    let declared = site.alerts.receivers();
    let is_wanted = |unjudged: &Unjudged| wanted.as_ref().is_none_or(|wanted| *wanted == unjudged.id);
    let unjudged = unjudged.into_iter().filter(is_wanted).map(|Unjudged { id, why }| {
        let name = environments.iter().find(|(known, _)| *known == id).map(|(_, name)| name.clone());
        (name.unwrap_or_else(|| id.to_string()), why)
    });
    let view = AlertsView {
        alerts: rows.collect(),
        has_more,
        unjudged: unjudged.collect(),
        environment: wanted.map(|wanted| wanted.to_string()).unwrap_or_default(),
        environments: environments.into_iter().map(|(id, name)| (id.to_string(), name)).collect(),
        has_receivers: !declared.is_empty(),
        receivers: administers.then(|| declared.into_iter().map(|receiver| tested(receiver, &tests)).collect()),
        notice,
        trouble,
        now: now / 1_000_000,
    };
    let status = if view.trouble.is_some() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    framed(site, who, request, status, "Alerts", || alerts(view)).await
}

/// What the database says.
#[derive(Default)]
struct Found {
    kept: Vec<KeptAlert>,
    has_more: bool,
    silences: Vec<Silence>,
    /// Of the alerts.
    sendings: Vec<Sending>,
    /// The last of each receiver, for admins.
    tests: Vec<Sending>,
}

async fn read(site: &Site, within: &Environments, administers: bool, now: i64) -> Result<Found, StoreError> {
    let mut read = site.alerts.read().await?;
    let (kept, has_more) = read.alerts_since(now - SHOWN_US, within, MOST).await?;
    let ids: Vec<String> = kept.iter().map(|kept| kept.id.clone()).collect();
    let tests = if administers { read.last_tests().await? } else { Vec::new() };
    Ok(Found { kept, has_more, silences: read.silences(now).await?, sendings: read.sendings_of(&ids).await?, tests })
}

/// Who looks at an alert.
struct Onlooker {
    /// Whether they may read why a receiver was not told: that names people and what is set up.
    administers: bool,
    may_silence: bool,
    zone: String,
}

fn row(kept: KeptAlert, place: String, silences: &[Silence], sendings: &[Sending], who: Onlooker) -> AlertRow {
    let Onlooker { administers, may_silence, zone } = who;
    let KeptAlert { id, alert } = kept;
    let silence = silences.iter().find(|silence| silence.key == alert.key);
    let sent = sendings.iter().filter(|sending| sending.alert == id);
    AlertRow {
        stage: alert.stage(),
        severity: alert.severity,
        rule: alert.key.rule.rule().words,
        place,
        link: match &alert.component {
            Some(component) => app::links::component(component),
            None => app::links::environment(&alert.key.environment),
        },
        title: plain(&alert.title, 200).into_owned(),
        evidence: match alert.quiet_since {
            // Over only when it has stayed away: till then it counts, and whoever looks sees that it is gone.
            Some(at) => format!(
                "Not seen any more since {}; over when it stays away for {} s. Before: {}",
                exact_time(at / 1_000_000),
                alert.key.rule.rule().quiet_seconds,
                plain(&alert.evidence, 2_000)
            ),
            None => plain(&alert.evidence, 2_000).into_owned(),
        },
        since: alert.since / 1_000_000,
        resolved: alert.resolved.map(|at| at / 1_000_000),
        sent: sent.map(|sending| sent_row(sending, administers)).collect(),
        silence: silence.map(|silence| SilenceRow {
            id: silence.id.clone(),
            until: silence.until_at / 1_000_000,
            by: plain(&silence.by, 64).into_owned(),
            reason: plain(&silence.reason, 1_000).into_owned(),
        }),
        may_silence,
        zone,
        id,
    }
}

/// A receiver with its last test.
fn tested((name, reach): (String, String), tests: &[Sending]) -> ReceiverRow {
    let last = tests.iter().rev().find(|sending| sending.receiver == name);
    ReceiverRow { tested: last.map(|last| sent_row(last, true)), name, reach }
}

fn sent_row(sending: &Sending, administers: bool) -> SentRow {
    let told = match sending.kind {
        NoticeKind::Firing => "that it fires",
        NoticeKind::Resolved => "that it is over",
        NoticeKind::Test => "with a test",
    };
    let time = |us: i64| exact_time(us / 1_000_000);
    let trouble = if administers { format!(": {}", plain(&sending.trouble, 400)) } else { String::new() };
    let (outcome, words) = match (sending.sent_at, sending.gave_up_at) {
        (Some(at), _) => (SentOutcome::Arrived, format!("told {told}, {}", time(at))),
        (None, Some(at)) => (SentOutcome::GivenUp, format!("never told {told}, given up {}{trouble}", time(at))),
        (None, None) if sending.trouble.is_empty() => (SentOutcome::Waiting, format!("being told {told}")),
        (None, None) => {
            let tries = sending.attempts;
            let noun = if tries == 1 { "attempt" } else { "attempts" };
            let again = sending.due_at.map(|at| format!(" at {}", time(at))).unwrap_or_default();
            let words = if administers {
                format!("not told {told} after {tries} {noun}, tried again{again}{trouble}")
            } else {
                format!("not told {told} yet, tried again{again}")
            };
            (SentOutcome::Failing, words)
        }
    };
    SentRow { receiver: plain(&sending.receiver, 64).into_owned(), outcome, words }
}

/// Back to the page, with what came of a form.
fn back(asked: &Asked, said: &str) -> Response {
    let environment = asked.environment.parse::<EnvironmentId>().map(|id| id.to_string()).unwrap_or_default();
    see(&format!("{}?environment={}&said={said}", app::links::ALERTS, encode(&environment)))
}

fn refused(site: &Site, headers: &HeaderMap, refusal: &SilenceRefusal) -> Response {
    let status = match refusal {
        SilenceRefusal::Absent => StatusCode::NOT_FOUND,
        SilenceRefusal::Right => StatusCode::FORBIDDEN,
        SilenceRefusal::Over => StatusCode::CONFLICT,
        SilenceRefusal::NoReason | SilenceRefusal::NoTime => StatusCode::UNPROCESSABLE_ENTITY,
        SilenceRefusal::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    trouble(site, headers, status, &sentence(&refusal.to_string()))
}

/// Silences the thing that an alert is about.
pub async fn silence(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Response {
    let until = Until::of(&asked.until, &asked.until_at);
    match site.alerts.silence(&who, &asked.alert, until, &asked.reason, clock::now_us()).await {
        Ok(()) => back(&asked, "silenced"),
        Err(refusal) => refused(&site, &headers, &refusal),
    }
}

/// Ends a silence before its time.
pub async fn end_silence(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Response {
    match site.alerts.end_silence(&who, &asked.silence, clock::now_us()).await {
        Ok(()) => back(&asked, "ended"),
        Err(refusal) => refused(&site, &headers, &refusal),
    }
}

/// Sends a test to a receiver.
pub async fn test(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Response {
    let refusal = match site.alerts.test(&who, &asked.receiver, clock::now_us()).await {
        Ok(()) => return back(&asked, "tested"),
        Err(refusal) => refusal,
    };
    let status = match refusal {
        TestRefusal::Absent => StatusCode::NOT_FOUND,
        TestRefusal::Right => StatusCode::FORBIDDEN,
        TestRefusal::Soon => StatusCode::CONFLICT,
        TestRefusal::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    trouble(&site, &headers, status, &sentence(&refusal.to_string()))
}
