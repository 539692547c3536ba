//! What the server writes for each page, from made-up values.

#[path = "../examples/preview/sample.rs"]
mod sample;

use std::sync::Arc;

use app::backend::Backend;
use app::boot::Boot;
use app::components::state_mark::{StateDot, StateMark};
use app::routes::Place;
use app::shell::{Assets, Request, shell};
use app::still::forms::Tone;
use app::still::plan::{Choice, PlanView, plan};
use app::theme::Theme;
use domain::frame::{Page, Topic};
use domain::freshness::Freshness;
use domain::registry::Tier;
use domain::view::{Chrome, State};
use leptos::prelude::*;
use sample::{Mood, Sample};

const COMPONENT: &str = "/e/fleet-management/production/deployment/fleet-api";

const ADDRESSES: [&str; 9] = [
    "/",
    "/?differs",
    "/e/fleet-management/production",
    COMPONENT,
    "/e/fleet-management/production/deployment/fleet-api?tab=revisions",
    "/e/fleet-management/production/deployment/fleet-api?tab=events",
    "/pods",
    "/pods?sort=-age&offset=100",
    "/e/nothing/here",
];

fn render(backend: impl Backend, theme: Theme, address: &str) -> String {
    Owner::new().with(|| {
        provide_context::<Arc<dyn Backend>>(Arc::new(backend));
        let assets = Assets {
            script: "/pkg/q.1.js".into(),
            wasm: "/pkg/q.1.wasm".into(),
            style: "/pkg/q.1.css".into(),
            icon: "/favicon.svg".into(),
        };
        provide_context(Request { place: Place::read(address), theme, assets, still: None });
        provide_context(Nonce::new());
        shell().to_html()
    })
}

/// Says what another says, with every text of a cluster turned hostile.
struct Hostile(Sample);

const HOSTILE: &str = "<img src=x onerror=alert(1)>\"'></script><!--";

impl Hostile {
    /// Replaces texts of the made-up values, wherever they stand, by way of what travels over the wire.
    fn turn(page: Page) -> Page {
        let text = |text: &mut Arc<str>| *text = HOSTILE.into();
        match page {
            Page::Absent => Page::Absent,
            Page::Still { environment, .. } => Page::Still { title: HOSTILE.into(), environment },
            Page::Operation(mut view) => {
                // What the server writes is escaped where it is written.
                text(&mut view.title);
                text(&mut view.sentence);
                Page::Operation(view)
            }
            Page::Wall(mut wall) => {
                text(&mut wall.head.sentence);
                text(&mut wall.head.detail);
                for head in &mut wall.environments {
                    text(&mut head.system);
                    text(&mut head.title);
                    text(&mut head.sentence);
                }
                for cell in &mut wall.cells {
                    text(&mut cell.status.word);
                    text(&mut cell.status.why);
                    text(&mut cell.tag);
                    text(&mut cell.digest);
                    cell.chips.iter_mut().for_each(|chip| text(&mut chip.text));
                }
                Page::Wall(wall)
            }
            Page::Environment(mut page) => {
                text(&mut page.head.sentence);
                text(&mut page.facts.namespace);
                text(&mut page.facts.cluster);
                text(&mut page.facts.host);
                text(&mut page.facts.window);
                for contact in &mut page.facts.contacts {
                    text(&mut contact.role);
                    text(&mut contact.reach);
                }
                for link in &mut page.facts.links {
                    text(&mut link.name);
                    link.url = ["https://x/", HOSTILE].concat().into();
                }
                for finding in &mut page.findings {
                    text(&mut finding.title);
                    text(&mut finding.evidence);
                    text(&mut finding.advice);
                }
                for autoscaler in &mut page.autoscalers {
                    text(&mut autoscaler.target);
                    text(&mut autoscaler.next);
                    for (name, figure, wanted) in &mut autoscaler.metrics {
                        text(name);
                        text(figure);
                        text(wanted);
                    }
                    autoscaler.conditions.iter_mut().for_each(text);
                    autoscaler.scalings.iter_mut().for_each(|(_, scaling)| text(scaling));
                    if let Some(chart) = &mut autoscaler.chart {
                        text(&mut chart.text);
                        text(&mut chart.from);
                        text(&mut chart.to);
                        text(&mut chart.replicas);
                        text(&mut chart.load);
                    }
                }
                for event in &mut page.warnings {
                    text(&mut event.reason);
                    text(&mut event.about);
                    text(&mut event.message);
                }
                page.undeclared.iter_mut().for_each(text);
                Page::Environment(page)
            }
            Page::Component(mut page) => {
                text(&mut page.head.image);
                text(&mut page.head.managed_by);
                for (name, actual, expected, _) in &mut page.head.expectations {
                    text(name);
                    text(actual);
                    text(expected);
                }
                for condition in &mut page.head.conditions {
                    text(&mut condition.kind);
                    text(&mut condition.reason);
                    text(&mut condition.message);
                }
                for pod in &mut page.pods {
                    text(&mut pod.name);
                    text(&mut pod.node);
                    text(&mut pod.tag);
                }
                for revision in &mut page.revisions {
                    text(&mut revision.name);
                    text(&mut revision.image);
                    text(&mut revision.digest);
                    text(&mut revision.cause);
                }
                for event in &mut page.events {
                    text(&mut event.message);
                }
                Page::Component(page)
            }
            Page::Pods(mut pods) => {
                for pod in &mut pods.rows {
                    text(&mut pod.name);
                    text(&mut pod.node);
                    text(&mut pod.status.word);
                    text(&mut pod.status.why);
                    text(&mut pod.tag);
                    text(&mut pod.digest);
                }
                Page::Pods(pods)
            }
        }
    }
}

impl Backend for Hostile {
    fn page(&self, topic: &Topic) -> Page {
        Self::turn(self.0.page(topic))
    }
    fn chrome(&self) -> Chrome {
        let mut chrome = self.0.chrome();
        chrome.registry_trouble = HOSTILE.into();
        for environment in &mut chrome.environments {
            environment.system = HOSTILE.into();
            environment.title = HOSTILE.into();
        }
        for source in &mut chrome.sources {
            source.trouble = HOSTILE.into();
        }
        chrome
    }
    fn now_ms(&self) -> i64 {
        self.0.now_ms()
    }
    fn build(&self) -> Arc<str> {
        HOSTILE.into()
    }
}

#[test]
fn hostile_text_stays_text_on_every_page() {
    for address in ADDRESSES {
        let html = render(Hostile(Sample(Mood::Full)), Theme::System, address);
        assert!(!html.contains("<img"), "{address}: markup");
        assert!(!html.contains("\"'>"), "{address}: an attribute was left");
        assert_eq!(html.matches("</script>").count(), 2, "{address}: a script was left");
        assert!(html.contains("&lt;img src=x"), "{address}: the text is shown");
    }
}

#[test]
fn a_page_carries_what_it_was_made_from() {
    for address in ADDRESSES {
        let html = render(Sample(Mood::Full), Theme::Dark, address);
        let (_, rest) = html.split_once("id=\"boot\"").unwrap();
        let (_, rest) = rest.split_once('>').unwrap();
        let boot = Boot::decode(rest.split_once("</script>").unwrap().0).unwrap();
        let page = Place::read(address).topic().map_or(Page::Absent, |topic| Sample(Mood::Full).page(&topic));
        assert_eq!((boot.page, boot.theme), (page, Theme::Dark), "{address}");
    }
}

#[test]
fn a_page_needs_no_inline_style_and_every_script_has_the_nonce() {
    for address in ADDRESSES {
        for mood in [Mood::Full, Mood::Empty, Mood::Stale] {
            let html = render(Sample(mood), Theme::System, address);
            assert!(!html.contains(" style="), "{address}");
            assert!(!html.contains(" onclick"), "{address}");
            assert_eq!(html.matches("<script").count(), html.matches(" nonce=\"").count(), "{address}");
        }
    }
}

#[test]
fn every_page_has_one_heading_and_a_title() {
    for (address, title) in [
        ("/", "■ Wall · Quarterdeck"),
        ("/e/fleet-management/production", "■ Fleet Management / Production · Quarterdeck"),
        (COMPONENT, "■ Fleet Management / Production / fleet-api · Quarterdeck"),
        ("/pods", "Pods · Quarterdeck"),
        ("/e/nothing/here", "Not found · Quarterdeck"),
    ] {
        let html = render(Sample(Mood::Full), Theme::System, address);
        assert!(html.contains(&format!("<title>{title}</title>")), "{address}");
        assert_eq!(html.matches("<h1").count(), 1, "{address}");
    }
}

#[test]
fn the_theme_that_was_chosen_is_in_the_document() {
    for (theme, expected) in [(Theme::Dark, Some("dark")), (Theme::Light, Some("light")), (Theme::System, None)] {
        let html = render(Sample(Mood::Full), theme, "/");
        let found = html.split_once("data-theme=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(name, _)| name);
        assert_eq!(found, expected);
    }
}

#[test]
fn production_alone_has_the_red_band() {
    for (address, band) in [
        ("/", "h-1 bg-line"),
        ("/e/fleet-management/development", "h-1 bg-tier-development"),
        ("/e/super-todo/staging", "h-1 bg-tier-staging"),
        ("/e/fleetops/prod", "h-1 bg-tier-production"),
        ("/e/ctafleet/production", "h-1 bg-tier-production"),
    ] {
        assert!(render(Sample(Mood::Full), Theme::System, address).contains(band), "{address}");
    }
}

#[test]
fn what_is_not_registered_is_said_and_leads_on() {
    let html = render(Sample(Mood::Full), Theme::System, "/e/nothing/here");
    assert!(html.contains("Nothing of this name is registered"));
    assert!(html.contains("href=\"/pods\""));
}

#[test]
fn only_web_addresses_become_links() {
    let html = render(Sample(Mood::Full), Theme::System, "/e/fleet-management/production");
    assert!(html.contains("href=\"https://grafana.example.com\" target=\"_blank\" rel=\"noopener noreferrer\""));
    assert!(!html.contains("href=\"javascript"));
}

#[test]
fn the_wall_that_shows_only_what_differs_leaves_the_rest_out() {
    let all = render(Sample(Mood::Full), Theme::System, "/");
    let some = render(Sample(Mood::Full), Theme::System, "/?differs");
    assert!(all.contains("/e/ctafleet/production/deployment/rag-indexer\""));
    assert!(!some.contains("/e/ctafleet/production/deployment/rag-indexer\""));
    assert!(some.contains("/e/fleet-management/production/deployment/fleet-api\""));
}

#[test]
fn the_pods_page_sorts_and_pages_by_links() {
    let html = render(Sample(Mood::Full), Theme::System, "/pods?sort=-age&offset=100");
    assert!(html.contains("aria-sort=\"descending\""));
    assert!(
        html.contains("href=\"/pods?sort=-age&amp;offset=150\"")
            || html.contains("href=\"/pods?sort=-age&offset=150\"")
    );
    assert!(html.contains("href=\"/pods?sort=age\""));
    assert!(html.contains("10,000 of 10,000"));
    assert!(html.contains("name=\"sort\" value=\"-age\""));
}

#[test]
fn figures_of_a_cluster_that_does_not_answer_are_marked() {
    let html = render(Sample(Mood::Stale), Theme::System, "/e/fleet-management/production");
    assert!(html.contains("data-stale"));
    assert!(html.contains(">stale<") || html.contains("stale"));
    assert!(!render(Sample(Mood::Full), Theme::System, "/e/fleet-management/production").contains("data-stale"));
}

/// Says what another says, but one of the clusters does not answer.
struct OneSilent(Sample, &'static str);

impl Backend for OneSilent {
    fn page(&self, topic: &Topic) -> Page {
        self.0.page(topic)
    }
    fn chrome(&self) -> Chrome {
        let mut chrome = self.0.chrome();
        for source in chrome.sources.iter_mut().filter(|source| source.cluster.as_str() == self.1) {
            source.freshness = Freshness::Stale(0);
        }
        chrome
    }
    fn now_ms(&self) -> i64 {
        self.0.now_ms()
    }
    fn build(&self) -> Arc<str> {
        self.0.build()
    }
}

#[test]
fn each_pod_is_marked_by_its_own_cluster() {
    for silent in ["fleetops", "main"] {
        let html = render(OneSilent(Sample(Mood::Full), silent), Theme::System, "/pods");
        let (_, rows) = html.split_once("id=\"rows\"").unwrap();
        let (rows, _) = rows.split_once("</tbody>").unwrap();
        let (mut marked, mut plain) = (0, 0);
        for row in rows.split("<tr").skip(1) {
            let is_marked = row.split_once('>').unwrap().0.contains("data-stale");
            let is_fleetops = row.contains("FleetOps / ");
            assert_eq!(is_marked, is_fleetops == (silent == "fleetops"), "{silent}: {row}");
            (marked, plain) = (marked + u32::from(is_marked), plain + u32::from(!is_marked));
        }
        assert!(marked > 0 && plain > 0, "{silent}: {marked} marked, {plain} not");
    }
}

#[test]
fn a_revision_that_runs_two_digests_says_so() {
    let address = [COMPONENT, "?tab=revisions"].concat();
    let html = render(Sample(Mood::Full), Theme::System, &address);
    assert_eq!(html.matches("2 digests").count(), 1);
}

#[test]
fn a_state_is_a_shape_and_a_word() {
    for state in State::WORST_FIRST {
        let html = Owner::new().with(|| {
            let word: Arc<str> = "A word".into();
            let nothing: Arc<str> = "".into();
            view! { <StateMark state word why=nothing /> }.to_html()
        });
        assert!(html.contains("#s-") && html.contains("A word"), "{state:?}: {html}");
        let dot = Owner::new().with(|| view! { <StateDot state /> }.to_html());
        assert!(dot.contains(state.word()), "{state:?}: {dot}");
    }
}

#[test]
fn where_no_plan_can_be_made_the_same_can_be_asked_for_again() {
    let page = PlanView {
        place: "Fleet Management / Staging".into(),
        tier: Tier::Staging,
        title: "Scale fleet-app".to_owned(),
        name: "fleet-app".into(),
        component: "/e/fleet-management/staging/deployment/fleet-app".to_owned(),
        choice: Choice::Nothing,
        asks: vec![("replicas", "3".to_owned()), ("operation", HOSTILE.to_owned())],
        plan: None,
        reads: Vec::new(),
        notice: Some((Tone::Refused, "No plan can be made.".to_owned())),
    };
    let html = Owner::new().with(|| plan(page.clone()).to_html());
    for part in ["Try again", "Back to ", r#"name="replicas" value="3""#, r#"name="operation" value="&lt;img"#] {
        assert!(html.contains(part), "{part}: {html}");
    }
    // Where something has to be chosen first, that is the way on.
    let choice = Choice::Replicas { planned: 3, now: 3 };
    let html = Owner::new().with(|| plan(PlanView { choice, ..page }).to_html());
    assert!(html.contains("Show the plan") && !html.contains("Try again"), "{html}");
}
