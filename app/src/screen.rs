//! What a tab shows, as signals: filled from the server's first page, kept up to date by the socket.

use std::sync::Arc;

use domain::frame::Page;
use domain::name::{ClusterId, ComponentId, EnvironmentId, WorkloadKind};
use domain::registry::Tier;
use domain::view::{
    AutoscalerView, Cell, CheckView, Chrome, ComponentHead, ComponentView, EnvironmentFacts, EnvironmentHead,
    EnvironmentView, EventRow, Finding, NavEnvironment, OperationView, Person, PodRow, PodsHead, PodsView, RevisionRow,
    SourceView, State, WallHead, WallView,
};
use leptos::prelude::*;

use crate::boot::Boot;
use crate::clock::Now;
use crate::links;
use crate::routes::Place;
use crate::rows::{Rows, keep};
use crate::theme::Theme;

/// How the browser is joined to Quarterdeck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// Not yet, or never: this is the page as the server made it.
    Snapshot,
    /// Changes arrive.
    Live,
    /// The socket is open and nothing comes.
    Stale,
    /// The socket is closed. When it is tried again, in milliseconds since 1970.
    Lost(i64),
}

/// Whether the page that was asked for has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    /// It has.
    Nothing,
    /// Not yet.
    Page,
    /// Not yet, and it takes too long.
    LatePage,
}

/// The wall's signals.
#[derive(Debug, Clone)]
pub struct WallModel {
    /// The sentence.
    pub head: ArcRwSignal<WallHead>,
    /// The columns.
    pub environments: ArcRwSignal<Vec<EnvironmentHead>>,
    /// The cells.
    pub cells: Rows<Cell>,
}

/// An environment's signals.
#[derive(Debug, Clone)]
pub struct EnvironmentModel {
    /// Name, tier, state, sentence.
    pub head: ArcRwSignal<EnvironmentHead>,
    /// What was declared.
    pub facts: ArcRwSignal<EnvironmentFacts>,
    /// What is wrong.
    pub findings: ArcRwSignal<Vec<Finding>>,
    /// What its checks found.
    pub checks: ArcRwSignal<Vec<CheckView>>,
    /// Its components.
    pub components: Rows<Cell>,
    /// Its autoscalers.
    pub autoscalers: ArcRwSignal<Vec<AutoscalerView>>,
    /// Its warnings.
    pub warnings: Rows<EventRow>,
    /// How many more of them there are.
    pub more_warnings: ArcRwSignal<u32>,
    /// What was not declared.
    pub undeclared: ArcRwSignal<Vec<Arc<str>>>,
}

/// A component's signals.
#[derive(Debug, Clone)]
pub struct ComponentModel {
    /// The environment it is in.
    pub environment: ArcRwSignal<EnvironmentHead>,
    /// What stands above the tabs.
    pub head: ArcRwSignal<ComponentHead>,
    /// Its pods.
    pub pods: Rows<PodRow>,
    /// Its revisions.
    pub revisions: Rows<RevisionRow>,
    /// Its events.
    pub events: Rows<EventRow>,
}

/// The pods page's signals.
#[derive(Debug, Clone)]
pub struct PodsModel {
    /// The counts.
    pub head: ArcRwSignal<PodsHead>,
    /// The rows of the window.
    pub rows: Rows<PodRow>,
}

/// Which page is on the screen.
#[derive(Debug, Clone)]
pub enum Shown {
    /// Nothing of that name is registered.
    Absent,
    /// The wall.
    Wall(WallModel),
    /// An environment.
    Environment(EnvironmentModel),
    /// A component.
    Component(ComponentModel),
    /// The pods.
    Pods(PodsModel),
    /// An operation.
    Operation(ArcRwSignal<OperationView>),
    /// A page that stands in the document as the server wrote it: its name, and the environment that it is about.
    Still(Arc<str>, Option<EnvironmentId>),
}

impl From<&Page> for Shown {
    fn from(page: &Page) -> Self {
        match page {
            Page::Absent => Self::Absent,
            Page::Still { title, environment } => Self::Still(title.clone(), environment.clone()),
            Page::Operation(view) => Self::Operation(ArcRwSignal::new(view.clone())),
            Page::Wall(WallView { head, environments, cells }) => Self::Wall(WallModel {
                head: ArcRwSignal::new(head.clone()),
                environments: ArcRwSignal::new(environments.clone()),
                cells: Rows::new(cells),
            }),
            Page::Environment(EnvironmentView {
                head,
                facts,
                findings,
                checks,
                components,
                autoscalers,
                warnings,
                more_warnings,
                undeclared,
            }) => Self::Environment(EnvironmentModel {
                head: ArcRwSignal::new(head.clone()),
                facts: ArcRwSignal::new(facts.clone()),
                findings: ArcRwSignal::new(findings.clone()),
                checks: ArcRwSignal::new(checks.clone()),
                components: Rows::new(components),
                autoscalers: ArcRwSignal::new(autoscalers.clone()),
                warnings: Rows::new(warnings),
                more_warnings: ArcRwSignal::new(*more_warnings),
                undeclared: ArcRwSignal::new(undeclared.clone()),
            }),
            Page::Component(ComponentView { environment, head, pods, revisions, events }) => {
                Self::Component(ComponentModel {
                    environment: ArcRwSignal::new(environment.clone()),
                    head: ArcRwSignal::new(head.clone()),
                    pods: Rows::new(pods),
                    revisions: Rows::new(revisions),
                    events: Rows::new(events),
                })
            }
            Page::Pods(PodsView { head, rows }) => {
                Self::Pods(PodsModel { head: ArcRwSignal::new(*head), rows: Rows::new(rows) })
            }
        }
    }
}

impl Shown {
    /// Takes a page of the same kind in; `false` when it is of another.
    fn show(&self, page: &Page) -> bool {
        match (self, page) {
            (Self::Absent, Page::Absent) => {}
            (Self::Wall(model), Page::Wall(page)) => {
                keep(&model.head, &page.head);
                keep(&model.environments, &page.environments);
                model.cells.show(&page.cells);
            }
            (Self::Environment(model), Page::Environment(page)) => {
                keep(&model.head, &page.head);
                keep(&model.facts, &page.facts);
                keep(&model.findings, &page.findings);
                keep(&model.checks, &page.checks);
                model.components.show(&page.components);
                keep(&model.autoscalers, &page.autoscalers);
                model.warnings.show(&page.warnings);
                keep(&model.more_warnings, &page.more_warnings);
                keep(&model.undeclared, &page.undeclared);
            }
            (Self::Component(model), Page::Component(page)) => {
                keep(&model.environment, &page.environment);
                keep(&model.head, &page.head);
                model.pods.show(&page.pods);
                model.revisions.show(&page.revisions);
                model.events.show(&page.events);
            }
            (Self::Pods(model), Page::Pods(page)) => {
                model.rows.show(&page.rows);
                keep(&model.head, &page.head);
            }
            (Self::Operation(view), Page::Operation(page)) if view.with_untracked(|known| known.id == page.id) => {
                keep(view, page);
            }
            (
                Self::Absent
                | Self::Wall(_)
                | Self::Environment(_)
                | Self::Component(_)
                | Self::Pods(_)
                | Self::Operation(_)
                | Self::Still(..),
                _,
            ) => {
                return false;
            }
        }
        true
    }
}

/// What the page on the screen is about: for its title, its band, its breadcrumb and its badge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// From the outermost to the page itself, with where each leads.
    pub crumbs: Vec<(Arc<str>, String)>,
    /// The tier, where it is about one environment.
    pub tier: Option<Tier>,
    /// The cluster that its figures come from, where it is one.
    pub cluster: Option<ClusterId>,
    /// How it is.
    pub state: Option<State>,
}

impl About {
    /// `▲ Fleet Management / Production · Quarterdeck`
    pub fn title(&self) -> String {
        let mut title = String::new();
        if let Some(state) = self.state {
            title.push(glyph(state));
            title.push(' ');
        }
        for (index, (name, _)) in self.crumbs.iter().enumerate() {
            if index > 0 {
                title.push_str(" / ");
            }
            title.push_str(name);
        }
        title.push_str(" · Quarterdeck");
        title
    }
}

/// The shape of a state as a character, for titles.
pub fn glyph(state: State) -> char {
    match state {
        State::Off => '○',
        State::Ready => '●',
        State::Progressing => '◐',
        State::Unknown => '?',
        State::Degraded => '▲',
        State::Failed => '■',
    }
}

/// What does not change about the environments while their states do: names, clusters, components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Which.
    pub id: EnvironmentId,
    /// `Fleet Management / Production`
    pub label: Arc<str>,
    /// The cluster that its figures come from.
    pub cluster: ClusterId,
    /// What runs there.
    pub components: Vec<(WorkloadKind, Arc<str>)>,
}

/// All signals of a tab.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// The server's clock, milliseconds since 1970.
    pub now: RwSignal<i64>,
    /// When the last frame came, milliseconds since 1970 on the server's clock.
    pub heard: RwSignal<i64>,
    /// How the browser is joined to Quarterdeck.
    pub joined: RwSignal<Joined>,
    /// Whether a page is awaited.
    pub awaited: RwSignal<Awaited>,
    /// Whether the server is of another build than this tab.
    pub outdated: RwSignal<bool>,
    /// Where the tab is.
    pub place: RwSignal<Place>,
    /// The theme.
    pub theme: RwSignal<Theme>,
    /// The environments around the page.
    pub environments: RwSignal<Vec<NavEnvironment>>,
    /// The clusters as sources.
    pub sources: RwSignal<Vec<SourceView>>,
    /// Why the registry's newest version is not in use.
    pub registry_trouble: RwSignal<Arc<str>>,
    /// Who looks.
    pub person: RwSignal<Person>,
    /// The page on the screen.
    pub shown: RwSignal<Shown>,
    /// What that page is about.
    pub about: Memo<About>,
    /// Names of the environments.
    pub listed: Memo<Vec<Listed>>,
    /// The window of the pods that the browser wants, once it scrolls by itself: first row, rows.
    pub window: RwSignal<Option<(u32, u16)>>,
}

impl Screen {
    /// The screen as the server renders it and as the browser starts. Provides the clock.
    pub fn new(boot: &Boot, place: Place) -> Self {
        let now = RwSignal::new(boot.now_ms);
        provide_context(Now(now.read_only()));
        let environments = RwSignal::new(boot.chrome.environments.clone());
        let shown = RwSignal::new(Shown::from(&boot.page));
        Self {
            now,
            heard: RwSignal::new(boot.now_ms),
            joined: RwSignal::new(Joined::Snapshot),
            awaited: RwSignal::new(Awaited::Nothing),
            outdated: RwSignal::new(false),
            place: RwSignal::new(place),
            theme: RwSignal::new(boot.theme),
            environments,
            sources: RwSignal::new(boot.chrome.sources.clone()),
            registry_trouble: RwSignal::new(boot.chrome.registry_trouble.clone()),
            person: RwSignal::new(boot.chrome.person.clone()),
            shown,
            about: Memo::new(move |_| about(&shown.get(), environments)),
            listed: Memo::new(move |_| environments.with(|environments| environments.iter().map(listed).collect())),
            window: RwSignal::new(None),
        }
    }

    /// Shows a page; the same one with other values, or another.
    pub fn show(&self, page: &Page) {
        if !self.shown.with_untracked(|shown| shown.show(page)) {
            self.shown.set(Shown::from(page));
        }
    }

    /// Shows what stands around the page.
    pub fn show_chrome(&self, chrome: &Chrome) {
        set_if_other(self.environments, &chrome.environments);
        set_if_other(self.sources, &chrome.sources);
        set_if_other(self.registry_trouble, &chrome.registry_trouble);
        set_if_other(self.person, &chrome.person);
    }
}

/// Sets a signal if its value differs.
pub fn set_if_other<T: PartialEq + Clone + Send + Sync + 'static>(signal: RwSignal<T>, new: &T) {
    if signal.with_untracked(|old| old != new) {
        signal.set(new.clone());
    }
}

fn listed(environment: &NavEnvironment) -> Listed {
    Listed {
        id: environment.id.clone(),
        label: [&environment.system, " / ", &environment.title].concat().into(),
        cluster: environment.cluster.clone(),
        components: environment.components.clone(),
    }
}

/// Where the component of this name in an environment has its page.
pub fn component_of(listed: &[Listed], environment: &EnvironmentId, name: &str) -> Option<ComponentId> {
    let (kind, name) = listed
        .iter()
        .find(|listed| listed.id == *environment)?
        .components
        .iter()
        .find(|(_, known)| **known == *name)?;
    let name = domain::name::ObjectName::new(name.clone()).ok()?;
    Some(ComponentId { environment: environment.clone(), kind: *kind, name })
}

fn about(shown: &Shown, environments: RwSignal<Vec<NavEnvironment>>) -> About {
    let plain = |name: &str, address: &str| About {
        crumbs: vec![(name.into(), address.to_owned())],
        tier: None,
        cluster: None,
        state: None,
    };
    let within = |head: &EnvironmentHead| {
        let address = links::environment(&head.id);
        About {
            crumbs: vec![(head.system.clone(), address.clone()), (head.title.clone(), address)],
            tier: Some(head.tier),
            cluster: Some(head.cluster.clone()),
            state: Some(head.state),
        }
    };
    match shown {
        Shown::Absent => plain("Not found", links::WALL),
        Shown::Wall(_) => About {
            state: environments.with(|environments| environments.iter().map(|environment| environment.state).max()),
            ..plain("Wall", links::WALL)
        },
        Shown::Pods(_) => plain("Pods", links::PODS),
        Shown::Still(title, None) => plain(title, links::WALL),
        Shown::Still(title, Some(id)) => of_environment(environments, id, title, links::environment(id)),
        Shown::Operation(view) => {
            view.with(|view| of_environment(environments, &view.environment, &view.title, links::operation(view.id)))
        }
        Shown::Environment(model) => model.head.with(within),
        Shown::Component(model) => {
            let mut about = model.environment.with(within);
            model.head.with(|head| {
                about.crumbs.push((head.cell.id.name.as_str().into(), links::component(&head.cell.id)));
                about.state = Some(head.cell.status.state);
            });
            about
        }
    }
}

/// What a page within an environment is about.
fn of_environment(
    environments: RwSignal<Vec<NavEnvironment>>,
    id: &EnvironmentId,
    title: &str,
    address: String,
) -> About {
    let known = environments.with(|environments| environments.iter().find(|known| known.id == *id).cloned());
    let mut crumbs = Vec::new();
    if let Some(known) = &known {
        let place = links::environment(id);
        crumbs.extend([(known.system.clone(), place.clone()), (known.title.clone(), place)]);
    }
    crumbs.push((title.into(), address));
    About {
        crumbs,
        tier: known.as_ref().map(|known| known.tier),
        cluster: known.map(|known| known.cluster),
        state: None,
    }
}
