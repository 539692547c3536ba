//! The record: pages of it, one entry, and exports.

use app::routes;
use app::still::changes::{Asked, ChangesView, RecordedView, change, changes};
use axum::body::{Body, Bytes};
use axum::extract::{Extension, Form, Path, Request, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::access::{Place, Right};
use domain::ledger::{Entry, Kind, Outcome};
use domain::text::{hides, plain};
use futures::stream;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::{framed, problem, trouble};
use crate::clock;
use crate::http::gate::{encode, token_of};
use crate::http::{Site, csv};
use crate::people::Who;
use crate::store::StoreError;
use crate::store::ledger::{AccessEntries, Environments, Filter, Recorded};

/// Entries on a page.
const PAGE: u32 = 50;
/// Entries that an export reads at once.
const BATCH: u32 = 1000;
/// The longest text of an entry that is shown.
const LONGEST: usize = 2000;

/// What a query asks for; what cannot be read is as if it were not there.
fn asked(query: &str) -> (Asked, Option<i64>) {
    let place = routes::Place { path: String::new(), query: query.to_owned() };
    // It stands in the form again.
    let text = |name: &str| plain(&place.parameter(name).unwrap_or_default(), 100).into_owned();
    let asked = Asked {
        environment: text("environment"),
        person: text("person").trim().to_owned(),
        whom: text("whom").trim().to_owned(),
        kind: text("kind").parse().ok(),
        outcome: text("result").parse().ok(),
        from: text("from"),
        until: text("until"),
    };
    (asked, text("before").parse().ok())
}

/// The query of what is asked for, encoded.
fn query_of(asked: &Asked, before: Option<i64>) -> String {
    let kind = asked.kind.map(Kind::as_str).unwrap_or_default();
    let outcome = asked.outcome.map(Outcome::as_str).unwrap_or_default();
    let before = before.map(|number| number.to_string()).unwrap_or_default();
    let pairs = [
        ("environment", &*asked.environment),
        ("person", &asked.person),
        ("whom", &asked.whom),
        ("kind", kind),
        ("result", outcome),
        ("from", &asked.from),
        ("until", &asked.until),
        ("before", &before),
    ];
    let set = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    set.map(|(name, value)| [name, "=", &encode(value)].concat()).collect::<Vec<_>>().join("&")
}

/// Midnight of a day in UTC, microseconds since 1970; `days` later.
fn midnight(text: &str, days: i8) -> Option<i64> {
    let date: Date = text.parse().ok()?;
    let date = if days == 0 { date } else { date.tomorrow().ok()? };
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond())
}

/// What somebody may read of the record: of environments that they may look at; of people, what admins may know and what
/// is their own.
fn readable(site: &Site, who: &Who, limit: u32) -> Filter {
    let grants = &who.user.grants;
    let environments = if grants.sees_everything() {
        Environments::All
    } else {
        let chrome = site.rows.seen_by(grants).chrome();
        Environments::Only(chrome.environments.into_iter().map(|environment| environment.id).collect())
    };
    let access = if grants.may(Right::Administer, Place::Console) {
        AccessEntries::All
    } else {
        AccessEntries::Own(who.user.id)
    };
    Filter::new(environments, access, limit)
}

fn filter(site: &Site, who: &Who, asked: &Asked, before: Option<i64>, limit: u32) -> Filter {
    let name = |text: &str| (!text.is_empty()).then(|| text.to_lowercase());
    Filter {
        environment: asked.environment.parse().ok(),
        kind: asked.kind,
        outcome: asked.outcome,
        person: name(&asked.person),
        whom: name(&asked.whom),
        from: midnight(&asked.from, 0),
        until: midnight(&asked.until, 1),
        before,
        ..readable(site, who, limit)
    }
}

/// An entry with all texts made safe to show: names of people who were refused, and what a cluster said, stand in it.
fn shown(recorded: Recorded) -> RecordedView {
    let hash = recorded.hash.to_string();
    let number = recorded.seq;
    let mut entry = recorded.entry.unwrap_or_else(unreadable);
    let safe = |text: &mut String| *text = plain(text, LONGEST).into_owned();
    for text in [&mut entry.what, &mut entry.why, &mut entry.actor.name, &mut entry.actor.source] {
        safe(text);
    }
    if let Some(whom) = &mut entry.whom {
        safe(&mut whom.id);
        safe(&mut whom.name);
    }
    if let Some(target) = &mut entry.target {
        safe(&mut target.kind);
        safe(&mut target.uid);
    }
    entry.plan.iter_mut().for_each(safe);
    for (name, value) in entry.before.iter_mut().chain(&mut entry.after) {
        safe(name);
        safe(value);
    }
    RecordedView { number, entry, hash }
}

/// What stands for an entry that a newer program wrote.
fn unreadable() -> Entry {
    Entry {
        at: 0,
        kind: Kind::Export,
        outcome: Outcome::Unknown,
        actor: domain::ledger::Actor { id: String::new(), name: "?".into(), role: None, source: "?".into() },
        operation: None,
        environment: None,
        target: None,
        whom: None,
        what: "Written by a newer version of Quarterdeck, which shows it.".into(),
        why: String::new(),
        plan: Vec::new(),
        before: Vec::new(),
        after: Vec::new(),
    }
}

/// The page.
pub async fn page(State(site): State<Site>, Extension(who): Extension<Who>, request: Request) -> Response {
    let (asked, before) = asked(request.uri().query().unwrap_or_default());
    let filter = filter(&site, &who, &asked, before, PAGE + 1);
    let found = async { site.people.store().read().await?.query(&filter).await }.await;
    let (mut found, trouble) = match found {
        Ok(found) => (found, None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let older = found.last().filter(|_| more).map(|last| query_of(&asked, Some(last.seq)));
    let chrome = site.rows.seen_by(&who.user.grants).chrome();
    let view = ChangesView {
        query: query_of(&asked, None),
        asked,
        environments: chrome
            .environments
            .into_iter()
            .map(|known| (known.id.to_string(), [&*known.system, " / ", &*known.title].concat()))
            .collect(),
        entries: found.into_iter().map(shown).collect(),
        older,
        now: clock::now_us() / 1_000_000,
        trouble,
    };
    let status = if view.trouble.is_some() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    framed(site, who, request, status, "Changes", || changes(view)).await
}

/// One entry, whole. One that may not be read is answered like one that is not there.
pub async fn entry(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    Path(number): Path<String>,
    request: Request,
) -> Response {
    let found = async {
        let Ok(number) = number.parse::<i64>() else { return Ok(None) };
        let mut read = site.people.store().read().await?;
        let filter = Filter { before: number.checked_add(1), ..readable(&site, &who, 1) };
        let found = read.query(&filter).await?.into_iter().next().filter(|found| found.seq == number);
        let Some(found) = found else { return Ok(None) };
        let operation = found.entry.as_ref().and_then(|entry| entry.operation);
        let others = match operation {
            // All of one operation are about one environment.
            Some(operation) => {
                let environment = found.entry.as_ref().and_then(|entry| entry.environment.clone());
                let mut others = read.entries_of(operation).await?;
                others.retain(|other| other.entry.as_ref().is_some_and(|entry| entry.environment == environment));
                others
            }
            None => Vec::new(),
        };
        Ok::<_, StoreError>(Some((found, others)))
    };
    match found.await {
        Ok(Some((found, others))) => {
            let others = others.into_iter().filter(|other| other.seq != found.seq).map(shown).collect();
            framed(site, who, request, StatusCode::OK, "Changes", || change(shown(found), others)).await
        }
        Ok(None) => crate::http::pages::page(State(site), Extension(who), request).await,
        Err(error) => problem(&site, &request, StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

/// What is to be taken along.
#[derive(Deserialize)]
pub struct Export {
    #[serde(default)]
    query: String,
}

/// The record as a table for spreadsheets.
pub async fn csv(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    Form(Export { query }): Form<Export>,
) -> Response {
    let head = csv::line(&COLUMNS.map(str::to_owned));
    export(site, who, headers, &query, "csv", "text/csv; charset=utf-8", head, |recorded| csv_row(&recorded)).await
}

/// The record as it is stored: one JSON object a line, with number and hashes.
pub async fn ndjson(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    Form(Export { query }): Form<Export>,
) -> Response {
    let line = |recorded: Recorded| {
        // The body stands in it as a string: its hash is over exactly these bytes.
        let line = serde_json::json!({
            "number": recorded.seq,
            "previous": recorded.previous.to_string(),
            "hash": recorded.hash.to_string(),
            "body": recorded.body,
        });
        [&visible(&line.to_string()), "\n"].concat()
    };
    export(site, who, headers, &query, "ndjson", "application/x-ndjson", String::new(), line).await
}

/// JSON with what hides itself written as its number: the strings in it stay the same, and so does their hash.
fn visible(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for letter in json.chars() {
        if !hides(letter) {
            text.push(letter);
        } else {
            let mut units = [0; 2];
            for unit in letter.encode_utf16(&mut units) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    text
}

/// Why a file that is being sent ends before its end. Its body breaks off, so that nobody takes it for whole.
#[derive(Debug, thiserror::Error)]
enum Broken {
    /// It cannot be read on.
    #[error("the record cannot be read on")]
    Store(#[from] StoreError),
    /// Who takes it along may not any more, or not the same.
    #[error("the session has ended, or its rights have changed")]
    Over,
}

/// Whether somebody may still have what they began to take along: signed in as of two seconds ago, with the rights of then.
async fn may_go_on(site: &Site, headers: &HeaderMap, who: &Who) -> Result<(), Broken> {
    let now = match token_of(site, headers) {
        Some(token) => site.people.still(&token, clock::now_us()).await?,
        None => None,
    };
    if now.is_some_and(|now| now.user.grants == who.user.grants) {
        return Ok(());
    }
    let (user, id) = (&who.user.name, &who.user.id);
    tracing::warn!(user.id = %id, "an export of {user} was broken off: their session has ended, or their rights have changed");
    Err(Broken::Over)
}

/// Writes down that it was taken along, then sends it, a batch at a time.
#[expect(clippy::too_many_arguments, reason = "two callers, which differ in these")]
async fn export(
    site: Site,
    who: Who,
    headers: HeaderMap,
    query: &str,
    extension: &str,
    media_type: &'static str,
    head: String,
    line: impl Fn(Recorded) -> String + Send + Sync + Clone + 'static,
) -> Response {
    let (mut asked, _) = asked(query);
    // What is no day filters nothing, and is not written down as if it did.
    for day in [&mut asked.from, &mut asked.until] {
        if midnight(day, 0).is_none() {
            day.clear();
        }
    }
    let words = query_of(&asked, None);
    let what = if words.is_empty() { "all that they may read".to_owned() } else { words };
    if let Err(error) =
        site.people.note_export(&who, &format!("Took the record along as {extension}: {what}."), clock::now_us()).await
    {
        return trouble(&site, &headers, StatusCode::SERVICE_UNAVAILABLE, &error.to_string());
    }
    let first = filter(&site, &who, &asked, None, BATCH);
    let batches = stream::try_unfold(Some(first), move |next| {
        let (site, who, headers, line) = (site.clone(), who.clone(), headers.clone(), line.clone());
        async move {
            let Some(filter) = next else { return Ok(None) };
            // Whoever reads slowly can take longer than their rights last.
            may_go_on(&site, &headers, &who).await?;
            let found = site.people.store().read().await?.query(&filter).await?;
            let next =
                (found.len() == BATCH as usize).then(|| Filter { before: found.last().map(|last| last.seq), ..filter });
            let text: String = found.into_iter().map(line).collect();
            Ok::<_, Broken>(Some((Bytes::from(text), next)))
        }
    });
    let head = stream::once(async move { Ok(Bytes::from(head)) });
    let name = format!("attachment; filename=\"quarterdeck-changes.{extension}\"");
    let headers = [(CONTENT_TYPE, media_type.to_owned()), (CONTENT_DISPOSITION, name)];
    (headers, Body::from_stream(futures::StreamExt::chain(head, batches))).into_response()
}

const COLUMNS: [&str; 16] = [
    "number",
    "when",
    "kind",
    "result",
    "person",
    "role",
    "from",
    "done-to",
    "environment",
    "target",
    "uid",
    "what",
    "why",
    "before",
    "after",
    "hash",
];

fn csv_row(recorded: &Recorded) -> String {
    let RecordedView { number, entry, hash } = shown(recorded.clone());
    let named = |values: &[(String, String)]| {
        values.iter().map(|(name, value)| [name, ": ", value].concat()).collect::<Vec<_>>().join("; ")
    };
    let target = entry.target.as_ref();
    csv::line(&[
        number.to_string(),
        app::clock::machine_time(entry.at / 1_000_000),
        entry.kind.to_string(),
        entry.outcome.to_string(),
        entry.actor.name.clone(),
        entry.actor.role.map(|role| role.to_string()).unwrap_or_default(),
        entry.actor.source.clone(),
        entry.whom.as_ref().map(|whom| whom.name.clone()).unwrap_or_default(),
        entry.environment.as_ref().map(ToString::to_string).unwrap_or_default(),
        target.map(|target| format!("{}/{}/{}", target.namespace, target.kind, target.name)).unwrap_or_default(),
        target.map(|target| target.uid.clone()).unwrap_or_default(),
        entry.what.clone(),
        entry.why.clone(),
        named(&entry.before),
        named(&entry.after),
        hash,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_comes_back_as_it_was_asked() {
        let query = "environment=a/b&person=kim&whom=ada&kind=restart&result=done&from=2026-11-20&until=2026-11-21";
        let (read, before) = asked(query);
        assert_eq!((query_of(&read, None).as_str(), before), (query, None));
        let (read, before) = asked("kind=x&result=y&from=%3Cscript%3E&before=12&person=+Kim+");
        assert_eq!(before, Some(12));
        assert_eq!(read, Asked { person: "Kim".into(), from: "<script>".into(), ..Asked::default() });
    }

    #[test]
    fn a_day_is_from_midnight_to_midnight() {
        assert_eq!(midnight("1970-01-02", 0), Some(86_400_000_000));
        assert_eq!(midnight("1970-01-02", 1), Some(2 * 86_400_000_000));
        for text in ["", "1970", "1970-02-30", "9999-12-31T"] {
            assert_eq!(midnight(text, 1), None, "{text}");
        }
    }
}
