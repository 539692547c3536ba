//! Alerts: what fires, what may, what is over, and who was told.

mod receivers;
mod silence;

use std::sync::Arc;

use domain::age::Age;
use domain::alert::Severity;
use domain::alert::life::Stage;
use domain::view::State;
use leptos::prelude::*;

use super::forms::{CARD, Notice, SECONDARY, SELECT, Tone};
use crate::clock::{exact_time, machine_time};
use crate::components::build::BuildField;
use crate::components::state_mark::StateMark;
use crate::links;

use receivers::Receivers;
use silence::silence_form;

/// An alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRow {
    /// Its id.
    pub id: String,
    /// How far it is.
    pub stage: Stage,
    /// How much it hurts.
    pub severity: Severity,
    /// The rule's name: `Environment down`.
    pub rule: &'static str,
    /// `The Shop / Production`.
    pub place: String,
    /// The page that says more.
    pub link: String,
    /// `fleet-api crash loops`.
    pub title: String,
    /// What was seen, in sentences.
    pub evidence: String,
    /// Since when, seconds since 1970.
    pub since: i64,
    /// When it was over, seconds since 1970.
    pub resolved: Option<i64>,
    /// To whom it was sent.
    pub sent: Vec<SentRow>,
    /// Who does not want to hear of it, if anybody.
    pub silence: Option<SilenceRow>,
    /// Whether who looks may silence it.
    pub may_silence: bool,
    /// The time zone in which the end of a silence is written: `America/New_York`.
    pub zone: String,
}

/// How sending to one receiver went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentRow {
    /// To whom, by name.
    pub receiver: String,
    /// What came of it.
    pub outcome: SentOutcome,
    /// In words: `told 08:15:03 UTC that it fires`.
    pub words: String,
}

/// What came of sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SentOutcome {
    /// It arrived.
    Arrived,
    /// Not yet tried, or tried again.
    Waiting,
    /// It failed, and is tried again.
    Failing,
    /// It failed for a day, or may have arrived three times.
    GivenUp,
}

/// A silence that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilenceRow {
    /// Its id.
    pub id: String,
    /// Until when, seconds since 1970.
    pub until: i64,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// Somebody to whom alerts are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiverRow {
    /// The name.
    pub name: String,
    /// `Webhook of Slack`, `E-mail to team@example.com`.
    pub reach: String,
    /// What came of the last test, if there was one.
    pub tested: Option<SentRow>,
}

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertsView {
    /// The alerts: firing, pending, then over.
    pub alerts: Vec<AlertRow>,
    /// Whether there are more than these.
    pub has_more: bool,
    /// The environments of which not everything is judged now, and why.
    pub unjudged: Vec<(String, String)>,
    /// The environments one may choose: value and words.
    pub environments: Vec<(String, String)>,
    /// The environment that was asked for; empty: all.
    pub environment: String,
    /// The receivers, for admins; `None` for others.
    pub receivers: Option<Vec<ReceiverRow>>,
    /// Whether any receiver is declared.
    pub has_receivers: bool,
    /// What came of the form that was sent.
    pub notice: Option<(Tone, String)>,
    /// Why nothing can be shown, in a sentence.
    pub trouble: Option<String>,
    /// The clock, seconds since 1970.
    pub now: i64,
}

/// A state that looks as the stage does.
fn state(stage: Stage, severity: Severity) -> State {
    match (stage, severity) {
        (Stage::Firing, Severity::Critical) => State::Failed,
        (Stage::Firing, Severity::Warning) => State::Degraded,
        (Stage::Pending, Severity::Critical | Severity::Warning) => State::Progressing,
        (Stage::Resolved, Severity::Critical | Severity::Warning) => State::Ready,
    }
}

/// The page.
pub fn alerts(page: AlertsView) -> AnyView {
    let AlertsView {
        alerts,
        has_more,
        unjudged,
        environments,
        environment,
        receivers,
        has_receivers,
        notice,
        trouble,
        now,
    } = page;
    let count = |stage| alerts.iter().filter(|alert| alert.stage == stage).count();
    let sentence = match (count(Stage::Firing), count(Stage::Pending)) {
        _ if trouble.is_some() => String::new(),
        (0, 0) => "Nothing fires.".to_owned(),
        (firing, 0) => [&*firing.to_string(), if firing == 1 { " alert fires." } else { " alerts fire." }].concat(),
        (0, pending) => ["Nothing fires; ", &*pending.to_string(), " may soon."].concat(),
        (firing, pending) => [
            firing.to_string(),
            if firing == 1 { " alert fires; ".to_owned() } else { " alerts fire; ".to_owned() },
            pending.to_string(),
            " more may soon.".to_owned(),
        ]
        .concat(),
    };
    let shown = environment.clone();
    let choices = environments
        .into_iter()
        .map(|(value, words)| {
            let selected = value == environment;
            view! {
                <option value=value selected=selected>
                    {words}
                </option>
            }
        })
        .collect_view();
    let section = |stage: Stage, title: &'static str, none: &'static str| {
        let rows: Vec<_> = alerts.iter().filter(|alert| alert.stage == stage).cloned().collect();
        let empty = rows.is_empty() && trouble.is_none();
        let rows = rows.into_iter().map(|alert| row(alert, &shown, now)).collect_view();
        let heading = ["alerts-", stage.word()].concat();
        view! {
            <section aria-labelledby=heading.clone() class="grid grid-cols-[minmax(0,1fr)] gap-2">
                <h2 id=heading.clone() class="text-lg font-semibold">
                    {title}
                </h2>
                {empty.then(|| view! { <p class="text-soft">{none}</p> })}
                <ul class="grid grid-cols-[minmax(0,1fr)] gap-3">{rows}</ul>
            </section>
        }
    };
    let firing = section(Stage::Firing, "Firing", "Nothing fires.");
    let pending = section(Stage::Pending, "Pending", "Nothing is about to fire.");
    let over = section(Stage::Resolved, "Resolved in the last 7 days", "Nothing fired in the last 7 days.");
    view! {
        <div class="grid grid-cols-[minmax(0,1fr)] max-w-5xl gap-5">
            <div>
                <h1 class="text-xl font-semibold">"Alerts"</h1>
                <p class="text-soft">{sentence}</p>
            </div>
            {notice.map(|(tone, text)| view! { <Notice tone text /> })}
            {trouble.clone().map(|text| view! { <Notice tone=Tone::Refused text /> })}
            {(!has_receivers)
                .then(|| {
                    view! {
                        <p class="rounded border border-line bg-panel px-3 py-2 text-soft">
                            "Nobody is told: the registry declares no receivers. Alerts are shown here only."
                        </p>
                    }
                })}
            <form method="get" action=links::ALERTS class="flex flex-wrap items-end gap-2">
                <label class="grid gap-1">
                    <span class="text-sm text-faint">"Environment"</span>
                    <select name="environment" class=SELECT>
                        <option value="">"All environments"</option>
                        {choices}
                    </select>
                </label>
                <button type="submit" class=SECONDARY>
                    "Show"
                </button>
            </form>
            {(!unjudged.is_empty()).then(|| view! { <NotJudged unjudged /> })}
            {firing}
            {pending}
            {over}
            {has_more.then(|| view! { <p class="text-soft">"There are more: choose an environment to see the older ones."</p> })}
            {receivers.map(|receivers| view! { <Receivers receivers /> })}
        </div>
    }
    .into_any()
}

/// Of which environments it cannot be said now that nothing is wrong.
#[component]
fn NotJudged(
    /// The environments, and why.
    unjudged: Vec<(String, String)>,
) -> impl IntoView {
    let rows = unjudged.into_iter().map(|(place, why)| {
        view! {
            <li class="break-words">
                <span class="font-medium">{place}</span>
                ": "
                {why}
            </li>
        }
    });
    let rows = rows.collect_view();
    view! {
        <section aria-labelledby="alerts-not-judged" class=[CARD, " grid grid-cols-[minmax(0,1fr)] gap-2"].concat()>
            <h2 id="alerts-not-judged" class="text-lg font-semibold">
                "Not judged at present"
            </h2>
            <p class="text-soft">"Of what is not seen nothing fires, and what fires is not over."</p>
            <ul class="grid gap-1 text-sm">{rows}</ul>
        </section>
    }
}

fn time(seconds: i64) -> impl IntoView {
    view! { <time datetime=machine_time(seconds)>{exact_time(seconds)}</time> }
}

fn row(alert: AlertRow, shown: &str, now: i64) -> impl IntoView + use<> {
    let AlertRow {
        id,
        stage,
        severity,
        rule,
        place,
        link,
        title,
        evidence,
        since,
        resolved,
        sent,
        silence,
        may_silence,
        zone,
    } = alert;
    let heading = ["alert-", &id].concat();
    let (word, why): (Arc<str>, Arc<str>) = (stage.word().into(), "".into());
    let mark = state(stage, severity);
    let lasted = Age::between(since, resolved.unwrap_or(now)).words();
    let told = if sent.is_empty() {
        let words = match (stage, silence.is_some()) {
            (Stage::Pending, _) => "Nobody is told yet.",
            (Stage::Firing | Stage::Resolved, true) => "Nobody is told while it is silenced.",
            (Stage::Firing | Stage::Resolved, false) => "Nobody was told.",
        };
        view! { <p class="text-sm text-faint">{words}</p> }.into_any()
    } else {
        let rows = sent.into_iter().map(|sent| view! { <li>{sending(sent)}</li> }).collect_view();
        view! {
            <ul class="grid gap-1 text-sm" aria-label="Who was told">
                {rows}
            </ul>
        }
        .into_any()
    };
    let silenced = silence.clone().map(|silence| {
        let SilenceRow { id, until, by, reason } = silence;
        let end = may_silence.then(|| {
            let (shown, label) = (shown.to_owned(), ["End the silence: ", &title].concat());
            view! {
                <form method="post" action="/alerts/silence/end">
                    <BuildField />
                    <input type="hidden" name="silence" value=id />
                    <input type="hidden" name="environment" value=shown />
                    <button type="submit" class=SECONDARY aria-label=label>
                        "End silence"
                    </button>
                </form>
            }
        });
        view! {
            <div class="flex flex-wrap items-center justify-between gap-2 rounded border border-dashed border-line px-3 py-2">
                <p>"Silenced by " {by} " until " {time(until)} ": " {reason}</p>
                {end}
            </div>
        }
    });
    let may_begin = may_silence && silence.is_none() && stage != Stage::Resolved;
    let form = may_begin.then(|| silence_form(&id, &title, shown, &zone));
    view! {
        <li>
            <section class=[CARD, " grid grid-cols-[minmax(0,1fr)] gap-2"].concat() aria-labelledby=heading.clone()>
                <div class="flex flex-wrap items-center gap-x-3 gap-y-1">
                    <StateMark state=mark word why />
                    <span class="text-soft">{severity.as_str()}</span>
                    <span class="text-soft">{rule}</span>
                    <a href=link class="inline-flex min-h-6 items-center text-accent underline">
                        {place}
                    </a>
                </div>
                <h3 id=heading.clone() class="font-semibold break-words">
                    {title.clone()}
                </h3>
                {(!evidence.is_empty()).then(|| view! { <p class="break-words">{evidence}</p> })}
                <p class="text-sm text-faint">
                    "Since " {time(since)} {resolved.map(|at| view! { ", over " {time(at)} })} {[", ", &lasted, " in all"].concat()}
                </p>
                {told}
                {silenced}
                {form}
            </section>
        </li>
    }
}

fn sending(sent: SentRow) -> impl IntoView {
    let SentRow { receiver, outcome, words } = sent;
    let (mark, class) = match outcome {
        SentOutcome::Arrived => ("●", "text-ready"),
        SentOutcome::Waiting => ("◐", "text-progress"),
        SentOutcome::Failing => ("▲", "text-degraded"),
        SentOutcome::GivenUp => ("■", "text-failed"),
    };
    view! {
        <span class="break-words">
            <span aria-hidden="true" class=class>
                {mark}
            </span>
            " "
            <span class="font-medium">{receiver}</span>
            ": "
            {words}
        </span>
    }
}
