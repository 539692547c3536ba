//! A series of restarts: the plan of everything that reads a ConfigMap or Secret, and the press.

use std::sync::Arc;

use app::links;
use app::routes::Place;
use app::still::forms::Tone;
use app::still::series::{MemberView, SeriesView, series as series_page};
use axum::extract::{Extension, Form, RawForm, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use domain::config_source::ConfigSource;
use domain::guard::facts::Given;
use domain::ledger::OperationId;
use domain::name::{ComponentId, EnvironmentId};
use domain::policy::Confirm;
use domain::registry::Tier;
use serde::Deserialize;

use super::operations::{hex, is_uid, place_of, reasons, status_of, unhex};
use super::sign_in::sentence;
use super::{framed_about, see, trouble};
use crate::cluster::How;
use crate::http::{Site, pages};
use crate::operations::{MemberPlan, NoPlan, Plan, PressRefusal, PressedMember, SeriesPlan, SeriesPress};
use crate::people::Who;
use crate::people::token::random_id;

/// What a form or an address says of a series.
#[derive(Debug, Clone, Default)]
struct Asked {
    /// `fleet-management/production`
    environment: String,
    /// `configmap/fleet-config`
    reads: String,
    /// Of the form.
    id: String,
    reason: String,
    typed: String,
    /// The boxes that were ticked; none before the form was sent.
    members: Option<Vec<String>>,
}

impl Asked {
    fn of_query(query: &str) -> Self {
        let place = Place { path: String::new(), query: query.to_owned() };
        let text = |name: &str| place.parameter(name).unwrap_or_default();
        Self { environment: text("environment"), reads: text("reads"), reason: text("reason"), ..Self::default() }
    }

    fn of_form(form: &[u8]) -> Self {
        let mut asked = Self { members: Some(Vec::new()), ..Self::default() };
        for (name, value) in url::form_urlencoded::parse(form) {
            let value = value.into_owned();
            match &*name {
                "environment" => asked.environment = value,
                "reads" => asked.reads = value,
                "id" => asked.id = value,
                "reason" => asked.reason = value,
                "typed" => asked.typed = value,
                "member" => asked.members.get_or_insert_default().push(value),
                _ => {}
            }
        }
        asked
    }

    fn about(&self) -> Option<(EnvironmentId, ConfigSource)> {
        Some((self.environment.parse().ok()?, self.reads.parse().ok()?))
    }

    /// Whether a component's box is ticked; all are until somebody takes one out.
    fn chooses(&self, component: &ComponentId) -> bool {
        let Some(members) = &self.members else { return true };
        members.iter().filter_map(|member| read_member(member)).any(|member| member.component == *component)
    }
}

/// A member as its box carries it: component, uid, generation and the hash of its plan.
fn written_member(component: &ComponentId, plan: &Plan) -> String {
    format!("{component} {} {} {}", plan.target.uid, plan.target.generation, hex(&plan.hash))
}

fn read_member(text: &str) -> Option<PressedMember> {
    let parts: Vec<&str> = text.split(' ').collect();
    let [component, uid, generation, plan] = *parts else { return None };
    Some(PressedMember {
        component: component.parse().ok()?,
        uid: Some(uid).filter(|uid| is_uid(uid))?.to_owned(),
        generation: generation.parse().ok().filter(|generation| *generation >= 0)?,
        plan: unhex(plan)?,
    })
}

/// The plan of a series.
pub async fn plan(State(site): State<Site>, Extension(who): Extension<Who>, request: Request) -> Response {
    let asked = Asked::of_query(request.uri().query().unwrap_or_default());
    show(site, who, request, asked, None, StatusCode::OK).await
}

/// A page with plans made from fresh facts.
async fn show(
    site: Site,
    who: Who,
    request: Request,
    asked: Asked,
    notice: Option<(Tone, String)>,
    status: StatusCode,
) -> Response {
    let Some((environment, source)) = asked.about() else {
        return pages::render(site, who, request, StatusCode::NOT_FOUND, None).await;
    };
    let given = Given { reason: asked.reason.as_str().into(), typed: "".into(), name: Some(source.name.shared()) };
    let id = OperationId(random_id());
    let made = site.desk.plan_series(&who, &environment, source.clone(), &given, id).await;
    let (made, status, notice) = match made {
        Ok(made) => {
            for plan in made.members.iter().filter_map(|member| member.plan.as_ref().ok()) {
                site.desk.looked_at(&who, plan);
            }
            (made, status, notice)
        }
        Err(NoPlan::Absent) => return pages::render(site, who, request, StatusCode::NOT_FOUND, None).await,
        Err(refusal) => {
            let notice = Some((Tone::Refused, sentence(&refusal.to_string())));
            (SeriesPlan { source, members: Vec::new() }, StatusCode::SERVICE_UNAVAILABLE, notice)
        }
    };
    let (place, tier) = place_of(&site, &who, &environment);
    let view = view_of(made, &asked, id, (&environment, place, tier), notice);
    let title = ["Restart what reads ", &view.source].concat();
    framed_about(site, who, request, status, environment, (&title, || series_page(view))).await
}

fn view_of(
    made: SeriesPlan,
    asked: &Asked,
    id: OperationId,
    (environment, place, tier): (&EnvironmentId, Arc<str>, Tier),
    notice: Option<(Tone, String)>,
) -> SeriesView {
    let SeriesPlan { source, members } = made;
    let plans = || members.iter().filter_map(|member| member.plan.as_ref().ok());
    let required: Vec<_> = plans().filter(|plan| plan.verdict.is_offered()).map(|plan| plan.verdict.required).collect();
    // Of what the console would restart; where that is nothing, of all.
    let commanded = plans().filter(|plan| required.is_empty() || plan.verdict.is_offered());
    // Each with what waits for it: `kubectl … rollout restart deployment/a && kubectl … rollout status deployment/a`.
    let kubectl = commanded.map(|plan| {
        let client = plan.kubectl.split_once(" rollout ").map_or("kubectl", |(client, _)| client);
        let target = &plan.target;
        format!("{} &&\n{client} rollout status {}/{}", plan.kubectl, target.kind().as_str(), target.name())
    });
    SeriesView {
        place,
        tier,
        environment: links::environment(environment),
        name: source.name.shared(),
        carries: vec![("environment", environment.to_string()), ("reads", source.path()), ("id", id.to_string())],
        source: source.to_string(),
        reason: required.iter().any(|required| required.reason),
        typed: required.iter().any(|required| required.confirm == Confirm::TypeName),
        why: asked.reason.clone(),
        kubectl: kubectl.collect::<Vec<_>>().join(" &&\n"),
        members: members.into_iter().map(|member| member_view(member, asked)).collect(),
        notice,
    }
}

fn member_view(member: MemberPlan, asked: &Asked) -> MemberView {
    let MemberPlan { component, how, plan } = member;
    let (lines, off, value) = match plan {
        Ok(plan) => (plan.verdict.lines.clone(), reasons(&plan.verdict), written_member(&component, &plan)),
        Err(error) => (Vec::new(), vec![sentence(&error.to_string())], String::new()),
    };
    MemberView {
        name: component.name.shared(),
        kind: component.kind.title(),
        address: links::component(&component),
        how: match how {
            How { environment: true, files: true } => "as environment variables and as files",
            How { files: true, .. } => "as files",
            How { .. } => "as environment variables",
        },
        lines,
        off,
        chosen: asked.chooses(&component),
        value,
    }
}

/// The press.
pub async fn press(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    RawForm(form): RawForm,
) -> Response {
    let asked = Asked::of_form(&form);
    let ticked = asked.members.clone().unwrap_or_default();
    let members: Option<Vec<PressedMember>> = ticked.iter().map(|member| read_member(member)).collect();
    let (Some((environment, source)), Some(members), Ok(id)) = (asked.about(), members, asked.id.parse()) else {
        let text = "The form does not say what it is about. Nothing was done: open the plan again.";
        return trouble(&site, &headers, StatusCode::UNPROCESSABLE_ENTITY, text);
    };
    if members.is_empty() {
        let notice =
            Some((Tone::Refused, "Nothing was chosen, and nothing was done: tick what is to be restarted.".to_owned()));
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return show(site, who, at_plan(headers), asked, notice, status).await;
    }
    let given = Given { reason: asked.reason.as_str().into(), typed: asked.typed.trim().into(), name: None };
    let press = SeriesPress { id, environment, source, members, given };
    // Whoever goes away in the middle does not stop it half way.
    let (desk, presser) = (site.desk.clone(), who.clone());
    let pressed = tokio::spawn(async move { desk.press_series(&presser, press).await }).await;
    let refusal = match pressed {
        Ok(Ok(id)) => return see(&links::operation(id)),
        Ok(Err(refusal)) => refusal,
        Err(_) => {
            let text = "A fault of the program. Whether something was done stands under Changes.";
            return trouble(&site, &headers, StatusCode::INTERNAL_SERVER_ERROR, text);
        }
    };
    let text = sentence(&refusal.to_string());
    let status = match &refusal.refusal {
        PressRefusal::NoPlan(NoPlan::Absent) => {
            return pages::render(site, who, at_plan(headers), StatusCode::NOT_FOUND, None).await;
        }
        PressRefusal::Store(error) => {
            return trouble(&site, &headers, StatusCode::SERVICE_UNAVAILABLE, &format!("Not sent. {error}"));
        }
        other => status_of(other),
    };
    let notice = Some((Tone::Refused, [&text, " Nothing was restarted."].concat()));
    show(site, who, at_plan(headers), asked, notice, status).await
}

/// What comes with the button that stops a series.
#[derive(Debug, Deserialize)]
pub struct Stopped {
    id: String,
}

/// Has nothing more of a series begun.
pub async fn stop(
    State(site): State<Site>,
    Extension(who): Extension<Who>,
    headers: HeaderMap,
    Form(Stopped { id }): Form<Stopped>,
) -> Response {
    let Ok(id) = id.parse::<OperationId>() else {
        let text = "The form does not say which operation it is about. Nothing was done.";
        return trouble(&site, &headers, StatusCode::UNPROCESSABLE_ENTITY, text);
    };
    match site.desk.stop_series(&who, id).await {
        // Where there is nothing to stop the page says how all of it ended.
        Ok(_) => see(&links::operation(id)),
        Err(refusal @ PressRefusal::Right) => {
            let text = "Stopping this needs the role operator or lead here. Nothing was changed.";
            trouble(&site, &headers, status_of(&refusal), text)
        }
        Err(refusal) => trouble(&site, &headers, status_of(&refusal), &sentence(&refusal.to_string())),
    }
}

/// A request for the page of plans, with the headers of the form's.
fn at_plan(headers: HeaderMap) -> Request {
    super::operations::at(Uri::from_static("/operations/series"), headers)
}
