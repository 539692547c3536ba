//! Operations: the plan, and the press.

mod view;

use app::routes::Place;
use app::still::forms::Tone;
use app::still::plan::{Choice, PlanView, plan as plan_page};
use axum::body::Body;
use axum::extract::{Extension, Form, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use domain::guard::facts::Given;
use domain::ledger::OperationId;
use domain::name::{ComponentId, ObjectName};
use domain::operation::Operation;
use serde::Deserialize;

use view::{choice, planned, view_of, without_plan};
pub(super) use view::{place_of, reasons};

use super::sign_in::sentence;
use super::{framed_about, see, trouble};
use crate::http::gate::encode;
use crate::http::{Site, pages};
use crate::operations::{NoPlan, Press, PressRefusal};
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
