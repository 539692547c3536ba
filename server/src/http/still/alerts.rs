//! Alerts: what fires, silencing it, and trying the receivers.

use app::still::alerts::{AlertRow, AlertsView, ReceiverRow, SentOutcome, SentRow, SilenceRow, alerts};
use app::still::forms::Tone;
use axum::extract::{Extension, Form, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use domain::access::{Place, Right};
use domain::alert::life::{NoticeKind, Stage};
use domain::name::EnvironmentId;
use domain::text::plain;
use serde::Deserialize;

use super::sign_in::sentence;
use super::{framed, notice, see, trouble};
use crate::alerts::{SilenceRefusal, Until};
use crate::clock;
use crate::http::Site;
use crate::http::gate::encode;
use crate::people::Who;
use crate::store::{KeptAlert, Sending, Silence, StoreError};

/// How far back alerts that are over are shown, in microseconds: 7 days.
const SHOWN_US: i64 = 7 * 86_400 * 1_000_000;
/// How far back it is looked for what was sent of those: one may have fired weeks before it was over.
const SENT_US: i64 = 90 * 86_400 * 1_000_000;

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
    let chrome = site.rows.seen_by(&who.user.grants).chrome();
    let environments: Vec<(EnvironmentId, String)> = chrome
        .environments
        .into_iter()
        .map(|known| (known.id, [&*known.system, " / ", &*known.title].concat()))
        .collect();
    let wanted: Option<EnvironmentId> = asked.environment.parse().ok();
    let wanted = wanted.filter(|wanted| environments.iter().any(|(id, _)| id == wanted));
    let found = read(&site, now).await;
    let (kept, silences, sendings, trouble) = match found {
        Ok((kept, silences, sendings)) => (kept, silences, sendings, None),
        Err(error) => (Vec::new(), Vec::new(), Vec::new(), Some(sentence(&error.to_string()))),
    };
    let rows = kept.into_iter().filter_map(|kept| {
        let id = &kept.alert.key.environment;
        // What is not registered any more is seen by those who see everything.
        let name = environments.iter().find(|(known, _)| known == id).map(|(_, name)| name.clone());
        let name = name.or_else(|| who.user.grants.sees_everything().then(|| id.to_string()))?;
        let is_wanted = wanted.as_ref().is_none_or(|wanted| wanted == id);
        let may_silence = site.alerts.may_silence(&who, id);
        is_wanted.then(|| row(kept, name, &silences, &sendings, may_silence))
    });
    let declared = site.alerts.receivers();
    let administers = who.user.grants.may(Right::Administer, Place::Console);
    let view = AlertsView {
        alerts: rows.collect(),
        environment: wanted.map(|wanted| wanted.to_string()).unwrap_or_default(),
        environments: environments.into_iter().map(|(id, name)| (id.to_string(), name)).collect(),
        has_receivers: !declared.is_empty(),
        receivers: administers.then(|| declared.into_iter().map(|receiver| tested(receiver, &sendings)).collect()),
        notice,
        trouble,
        now: now / 1_000_000,
    };
    let status = if view.trouble.is_some() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    framed(site, who, request, status, "Alerts", || alerts(view)).await
}

type Found = (Vec<KeptAlert>, Vec<Silence>, Vec<Sending>);

async fn read(site: &Site, now: i64) -> Result<Found, StoreError> {
    let mut read = site.alerts.read().await?;
    Ok((read.alerts_since(now - SHOWN_US).await?, read.silences(now).await?, read.sendings_since(now - SENT_US).await?))
}

fn row(kept: KeptAlert, place: String, silences: &[Silence], sendings: &[Sending], may_silence: bool) -> AlertRow {
    let KeptAlert { id, alert } = kept;
    let silence = silences.iter().find(|silence| silence.key == alert.key && alert.stage() != Stage::Resolved);
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
        evidence: plain(&alert.evidence, 2_000).into_owned(),
        since: alert.since / 1_000_000,
        resolved: alert.resolved.map(|at| at / 1_000_000),
        sent: sent.map(sent_row).collect(),
        silence: silence.map(|silence| SilenceRow {
            id: silence.id.clone(),
            until: silence.until_at / 1_000_000,
            by: plain(&silence.by, 64).into_owned(),
            reason: plain(&silence.reason, 1_000).into_owned(),
        }),
        may_silence,
        id,
    }
}

/// A receiver with its last test.
fn tested((name, reach): (String, String), sendings: &[Sending]) -> ReceiverRow {
    let last = sendings.iter().rev().find(|sending| sending.kind == NoticeKind::Test && sending.receiver == name);
    ReceiverRow { tested: last.map(sent_row), name, reach }
}

fn sent_row(sending: &Sending) -> SentRow {
    let told = match sending.kind {
        NoticeKind::Firing => "that it fires",
        NoticeKind::Resolved => "that it is over",
        NoticeKind::Test => "with a test",
    };
    let time = |us: i64| app::clock::exact_time(us / 1_000_000);
    let trouble = plain(&sending.trouble, 400);
    let (outcome, words) = match (sending.sent_at, sending.gave_up_at) {
        (Some(at), _) => (SentOutcome::Arrived, format!("told {told}, {}", time(at))),
        (None, Some(at)) => {
            (SentOutcome::GivenUp, format!("never told {told}, given up {} after a day: {trouble}", time(at)))
        }
        (None, None) if trouble.is_empty() => (SentOutcome::Waiting, format!("being told {told}")),
        (None, None) => {
            let tries = sending.attempts;
            let noun = if tries == 1 { "attempt" } else { "attempts" };
            (SentOutcome::Failing, format!("not told {told} after {tries} {noun}, tried again: {trouble}"))
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
    let until = Until::of(&asked.until);
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
    match site.alerts.test(&asked.receiver, who.user.name.as_str(), clock::now_us()).await {
        Ok(true) => back(&asked, "tested"),
        Ok(false) => {
            let text = "The registry declares no receiver of this name any more. Nothing was sent.";
            trouble(&site, &headers, StatusCode::NOT_FOUND, text)
        }
        Err(error) => trouble(&site, &headers, StatusCode::SERVICE_UNAVAILABLE, &sentence(&error.to_string())),
    }
}
