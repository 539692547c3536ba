//! Operations: the plan, and the press.

use std::sync::Arc;

use app::links;
use app::routes::Place;
use app::still::forms::Tone;
use app::still::plan::{Choice, PlanView, Planned, RevisionChoice, plan as plan_page};
use axum::body::Body;
use axum::extract::{Extension, Form, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use domain::guard::facts::{Autoscaler, Given};
use domain::guard::{Level, Refusal, Verdict};
use domain::ledger::OperationId;
use domain::name::{ComponentId, EnvironmentId, ObjectName, WorkloadKind};
use domain::operation::Operation;
use domain::policy::Confirm;
use domain::registry::Tier;
use serde::Deserialize;

use super::sign_in::sentence;
use super::{framed_about, see, trouble};
use crate::http::gate::encode;
use crate::http::{Site, pages};
use crate::operations::{NoPlan, Plan, Press, PressRefusal};
use crate::people::Who;
use crate::people::token::random_id;

/// What a form or an address says of an operation. What is missing is asked for on the page.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// `fleet-management/production/deployment/fleet-api`
    component: String,
    /// `restart`, `scale`, `roll-back`, `evict`.
    operation: String,
    replicas: String,
    min: String,
    max: String,
    revision: String,
    pod: String,
    id: String,
    uid: String,
    generation: String,
    plan: String,
    reason: String,
    typed: String,
}

impl Asked {
    fn of_query(query: &str) -> Self {
        let place = Place { path: String::new(), query: query.to_owned() };
        let text = |name: &str| place.parameter(name).unwrap_or_default();
        Self {
            component: text("component"),
            operation: text("operation"),
            replicas: text("replicas"),
            min: text("min"),
            max: text("max"),
            revision: text("revision"),
            pod: text("pod"),
            reason: text("reason"),
            ..Self::default()
        }
    }

    fn component(&self) -> Option<ComponentId> {
        self.component.parse().ok()
    }

    /// The operation, as far as it is said; `None` where something has to be chosen first. `Err`: there is none of that name.
    fn operation(&self) -> Result<Option<Operation>, ()> {
        Ok(match self.operation.as_str() {
            "restart" => Some(Operation::Restart),
            "scale" => match (self.replicas.parse(), self.min.parse(), self.max.parse()) {
                (Ok(replicas), _, _) => Some(Operation::Scale { replicas }),
                (_, Ok(min), Ok(max)) => Some(Operation::ScaleRange { min, max }),
                _ => None,
            },
            "roll-back" => self.revision.parse().ok().map(|revision| Operation::RollBack { revision }),
            "evict" => Some(Operation::RestartPod { pod: ObjectName::new(self.pod.as_str()).map_err(|_| ())? }),
            _ => return Err(()),
        })
    }
}

/// Where the plan of an operation is.
fn address(component: &ComponentId, rest: &str) -> String {
    format!("/operations/plan?component={}&operation={rest}", encode(&component.to_string()))
}

/// The plan of an operation.
pub async fn plan(State(site): State<Site>, Extension(who): Extension<Who>, request: Request) -> Response {
    let asked = Asked::of_query(request.uri().query().unwrap_or_default());
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
    let (Some(component), Ok(operation)) = (asked.component(), asked.operation()) else {
        return pages::render(site, who, request, StatusCode::NOT_FOUND, None).await;
    };
    // What is looked at until something is chosen: it is judged as a restart, and not shown.
    let looked_at = operation.clone().unwrap_or(Operation::Restart);
    let id = OperationId(random_id());
    let given = Given { reason: asked.reason.as_str().into(), typed: "".into(), name: None };
    let made = match site.desk.plan(&who, &component, &looked_at, id, given, None).await {
        Ok(made) => made,
        Err(NoPlan::Absent) => return pages::render(site, who, request, StatusCode::NOT_FOUND, None).await,
        Err(refusal) => {
            let view = without_plan(&site, &who, &component, &asked, &refusal);
            let title = view.title.clone();
            let content = (title.as_str(), || plan_page(view));
            let status = StatusCode::SERVICE_UNAVAILABLE;
            return framed_about(site, who, request, status, component.environment, content).await;
        }
    };
    // Whoever scales what an autoscaler owns is led to its range.
    let owned = made.facts.autoscaler.value().and_then(Option::as_ref);
    if asked.operation == "scale" && operation.is_none() && owned.is_none() {
        let now = made.facts.workload.value().and_then(Option::as_ref).map_or(1, |workload| workload.wanted);
        let view = view_of(&made, &asked, Choice::Replicas { planned: now, now }, None, notice);
        return finish(site, who, request, status, component, view).await;
    }
    let choice = choice(&made, &asked, operation.as_ref(), owned);
    let planned = operation.is_some().then(|| {
        site.desk.looked_at(&who, &made);
        planned(&made, &asked)
    });
    let view = view_of(&made, &asked, choice, planned, notice);
    finish(site, who, request, status, component, view).await
}

async fn finish(
    site: Site,
    who: Who,
    request: Request,
    status: StatusCode,
    component: ComponentId,
    view: PlanView,
) -> Response {
    let title = view.title.clone();
    framed_about(site, who, request, status, component.environment, (&title, || plan_page(view))).await
}

fn view_of(
    made: &Plan,
    asked: &Asked,
    choice: Choice,
    plan: Option<Planned>,
    notice: Option<(Tone, String)>,
) -> PlanView {
    let component = &made.target.component;
    let name = component.name.shared();
    PlanView {
        place: made.facts.place.title.clone(),
        tier: made.facts.place.tier,
        title: match plan {
            Some(_) => made.operation.sentence(&name),
            None => format!("{} {name}", word(&asked.operation)),
        },
        name,
        component: links::component(component),
        choice,
        asks: asks(component, asked),
        plan,
        reads: reads(made),
        notice,
    }
}

/// Where everything that reads the same can be restarted: what a restart of one alone leaves undone.
fn reads(made: &Plan) -> Vec<(String, String)> {
    let workload = made.facts.workload.value().and_then(Option::as_ref);
    let reads = workload.filter(|_| made.operation == Operation::Restart).map_or(&[][..], |workload| &workload.reads);
    let environment = &made.target.component.environment;
    reads.iter().map(|source| (source.to_string(), links::series(environment, source))).collect()
}

fn asks(component: &ComponentId, asked: &Asked) -> Vec<(&'static str, String)> {
    let mut asks = vec![("component", component.to_string()), ("operation", asked.operation.clone())];
    if !asked.reason.is_empty() {
        asks.push(("reason", asked.reason.clone()));
    }
    asks
}

fn word(operation: &str) -> &'static str {
    match operation {
        "scale" => "Scale",
        "roll-back" => "Roll back",
        "evict" => "Evict a pod of",
        _ => "Restart",
    }
}

fn without_plan(site: &Site, who: &Who, component: &ComponentId, asked: &Asked, refusal: &NoPlan) -> PlanView {
    let (place, tier) = place_of(site, who, &component.environment);
    PlanView {
        place,
        tier,
        title: format!("{} {}", word(&asked.operation), component.name),
        name: component.name.shared(),
        component: links::component(component),
        choice: Choice::Nothing,
        // All of it, so that it can be tried again.
        asks: [
            ("replicas", &asked.replicas),
            ("min", &asked.min),
            ("max", &asked.max),
            ("revision", &asked.revision),
            ("pod", &asked.pod),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name, value.clone()))
        .chain(asks(component, asked))
        .collect(),
        plan: None,
        reads: Vec::new(),
        notice: Some((Tone::Refused, sentence(&refusal.to_string()))),
    }
}

/// What people call an environment, and how careful one must be there.
pub(super) fn place_of(site: &Site, who: &Who, id: &EnvironmentId) -> (Arc<str>, Tier) {
    let chrome = site.rows.seen_by(&who.user.grants).chrome();
    match chrome.environments.iter().find(|environment| environment.id == *id) {
        Some(known) => ([&known.system, " / ", &*known.title].concat().into(), known.tier),
        None => ("".into(), Tier::Production),
    }
}

fn choice(made: &Plan, asked: &Asked, operation: Option<&Operation>, owned: Option<&Autoscaler>) -> Choice {
    let component = &made.target.component;
    let workload = made.facts.workload.value().and_then(Option::as_ref);
    match (asked.operation.as_str(), operation) {
        ("scale", Some(Operation::Scale { replicas })) if owned.is_none() => {
            Choice::Replicas { planned: *replicas, now: workload.map_or(1, |workload| workload.wanted) }
        }
        ("scale", operation) => match owned {
            Some(autoscaler) => Choice::Range {
                autoscaler: autoscaler.name.shared(),
                planned: match operation {
                    Some(Operation::ScaleRange { min, max }) => (*min, *max),
                    _ => (autoscaler.min, autoscaler.max),
                },
                now: (autoscaler.min, autoscaler.max),
                replicas: workload.map_or(autoscaler.current, |workload| workload.wanted),
            },
            None => Choice::Nothing,
        },
        ("roll-back", operation) => {
            let chosen = match operation {
                Some(Operation::RollBack { revision }) => Some(*revision),
                _ => None,
            };
            let revisions = made.facts.revisions.value().map_or(&[][..], Vec::as_slice);
            Choice::Revision(
                revisions
                    .iter()
                    .map(|revision| RevisionChoice {
                        number: revision.number,
                        current: revision.current,
                        chosen: chosen == Some(revision.number),
                        images: revision
                            .images
                            .iter()
                            .map(|(container, image)| {
                                let digest = revision.digests.iter().find(|(name, _)| name == container);
                                (image.clone(), digest.map_or_else(|| "".into(), |(_, digest)| digest.clone()))
                            })
                            .collect(),
                        created: revision.created,
                        differences: revision.diff.len(),
                        address: address(component, &format!("roll-back&revision={}", revision.number)),
                    })
                    .collect(),
            )
        }
        ("restart", _) if component.kind == WorkloadKind::StatefulSet => {
            let pods = made.facts.pods.value().map_or(&[][..], Vec::as_slice);
            let pods =
                pods.iter().map(|pod| (pod.name.shared(), address(component, &format!("evict&pod={}", pod.name))));
            Choice::Pods(pods.collect())
        }
        _ => Choice::Nothing,
    }
}

fn planned(made: &Plan, asked: &Asked) -> Planned {
    let Plan { id, operation, target, facts, verdict, hash, kubectl } = made;
    let mut carries = vec![
        ("component", target.component.to_string()),
        ("operation", asked.operation.clone()),
        ("id", id.to_string()),
        ("uid", target.uid.to_string()),
        ("generation", target.generation.to_string()),
        ("plan", hex(hash)),
    ];
    match operation {
        Operation::Restart => {}
        Operation::Scale { replicas } => carries.push(("replicas", replicas.to_string())),
        Operation::ScaleRange { min, max } => carries.extend([("min", min.to_string()), ("max", max.to_string())]),
        Operation::RollBack { revision } => carries.push(("revision", revision.to_string())),
        Operation::RestartPod { pod } => carries.push(("pod", pod.to_string())),
    }
    let diff = match operation {
        Operation::RollBack { revision } => {
            let known = facts.revisions.value().into_iter().flatten().find(|known| known.number == *revision);
            known.map(|known| known.diff.clone()).unwrap_or_default()
        }
        _ => Vec::new(),
    };
    Planned {
        lines: verdict.lines.clone(),
        off: reasons(verdict),
        button: operation.words(),
        dangerous: verdict.level() > Level::Green,
        reason: verdict.required.reason,
        typed: verdict.required.confirm == Confirm::TypeName,
        why: asked.reason.clone(),
        carries,
        kubectl: kubectl.clone(),
        diff,
        read: facts.now,
    }
}

/// Why the button is off, in sentences; nothing when only the form is missing something.
pub(super) fn reasons(verdict: &Verdict) -> Vec<String> {
    let off = verdict.refusals.iter().filter(|refusal| !refusal.is_for_the_form());
    off.map(|refusal| match refusal {
        Refusal::Red(text) => sentence(text),
        other => sentence(&other.to_string()),
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
    let generation = asked.generation.parse::<i64>().ok().filter(|generation| *generation >= 0);
    let (Some(component), Ok(Some(operation)), Ok(id), Some(plan), Some(generation), true) =
        (asked.component(), asked.operation(), asked.id.parse(), unhex(&asked.plan), generation, is_uid(&asked.uid))
    else {
        return trouble(
            &site,
            &headers,
            StatusCode::UNPROCESSABLE_ENTITY,
            "The form does not say which operation it is about. Nothing was done: open the plan again.",
        );
    };
    let press = Press {
        id,
        component,
        operation,
        uid: asked.uid.clone(),
        generation,
        plan,
        given: Given { reason: asked.reason.as_str().into(), typed: asked.typed.trim().into(), name: None },
    };
    // Whoever goes away in the middle does not stop it half way.
    let desk = site.desk.clone();
    let presser = who.clone();
    let pressed = tokio::spawn(async move { desk.press(&presser, press).await }).await;
    let refusal = match pressed {
        Ok(Ok(id)) => return see(&format!("/operations/{id}")),
        Ok(Err(refusal)) => refusal,
        Err(_) => {
            return trouble(
                &site,
                &headers,
                StatusCode::INTERNAL_SERVER_ERROR,
                "A fault of the program. Whether something was done stands under Changes.",
            );
        }
    };
    let text = sentence(&refusal.to_string());
    let status = match &refusal {
        PressRefusal::NoPlan(NoPlan::Absent) => {
            return pages::render(site, who, at_plan(headers), StatusCode::NOT_FOUND, None).await;
        }
        PressRefusal::Taken(record) => return see(&format!("/operations/{}?quicker", record.id)),
        PressRefusal::Store(error) => {
            return trouble(&site, &headers, StatusCode::SERVICE_UNAVAILABLE, &format!("Not sent. {error}"));
        }
        other => status_of(other),
    };
    let notice = Some((Tone::Refused, text));
    show(site, who, at_plan(headers), asked, notice, status).await
}

/// With which status a refusal is answered.
pub(super) fn status_of(refusal: &PressRefusal) -> StatusCode {
    match refusal {
        PressRefusal::NoPlan(_) | PressRefusal::Cluster(_) | PressRefusal::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
        PressRefusal::Right => StatusCode::FORBIDDEN,
        PressRefusal::TooMany => StatusCode::TOO_MANY_REQUESTS,
        PressRefusal::Changed(_) | PressRefusal::NotYours | PressRefusal::Taken(_) => StatusCode::CONFLICT,
        PressRefusal::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// A request for the page of plans, with the headers of the form's.
fn at_plan(headers: HeaderMap) -> Request {
    at(Uri::from_static("/operations/plan"), headers)
}

/// A request for a page, with the headers of the form's that was sent.
pub(super) fn at(address: Uri, headers: HeaderMap) -> Request {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = address;
    *request.headers_mut() = headers;
    request
}

/// The address that a form is sent to, opened as a page: after a refused press somebody may load it again.
pub async fn list() -> Response {
    see("/changes")
}

/// The page of an operation.
pub async fn operation(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    if let Ok(id) = id.parse()
        && let Err(error) = site.desk.load(id).await
    {
        return super::problem(&site, &request, StatusCode::SERVICE_UNAVAILABLE, &error.to_string());
    }
    pages::page(State(site), Extension(who), request).await.into_response()
}

/// Whether a text can be the uid of an object: it goes into the record.
pub(super) fn is_uid(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

pub(super) fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(bytes)
}
