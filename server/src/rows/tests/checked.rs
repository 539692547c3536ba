//! What checks find reaches the wall, the page, the board and the alerts, live.

use domain::check::{CheckKind, CheckResult, Outcome};
use domain::view::{EnvironmentView, WallView};

use super::*;

const DEPLOYMENT: Kind = Kind::Workload(WorkloadKind::Deployment);
const PODS: WatchId = WatchId { kind: Kind::Pod, within: None };

fn id() -> EnvironmentId {
    "a/production".parse().unwrap()
}

/// An environment with nothing but a Deployment `web`, of which one pod is ready, or none.
fn scene(ready: u32) -> Rows {
    set_now(START_MS);
    let text = "{ clusters: [{ id: main, connect: { context: main } }], systems: [{ id: a, name: A, environments: [ \
         { id: production, cluster: main, namespace: shop, tier: production, timeZone: Europe/Berlin, \
           components: [{ kind: Deployment, name: web, role: api, replicas: 1 }] } ] }] }";
    let rows = Rows::new(Arc::new(crate::registry::parse("sample", text.as_bytes()).unwrap()), now);
    let cluster = ClusterId::new("main").unwrap();
    rows.answered(&cluster);
    rows.watches(&cluster, vec![PODS]);
    web(&rows, ready);
    rows.watch_state(&cluster, &PODS, WatchState::InStep);
    rows
}

fn web(rows: &Rows, ready: u32) {
    let mut web = thing(DEPLOYMENT, "web").observed(0, 0);
    let Object::Workload(workload) = &mut web.object else { panic!("no workload") };
    workload.progressed = 0;
    let facts = &mut workload.facts;
    (facts.observed_generation, facts.paused, facts.conditions) = (facts.generation, false, Vec::new());
    (facts.wanted, facts.existing, facts.updated, facts.ready, facts.available) = (1, 1, 1, ready, ready);
    rows.take_in(&ClusterId::new("main").unwrap(), vec![Change::Seen(web)]);
}

fn checked(rows: &Rows, kind: CheckKind, outcome: Outcome, sentence: &str) {
    let result =
        CheckResult { kind, at: now() * 1000, outcome, sentence: sentence.into(), latency_ms: Some(3), pause_s: 30 };
    rows.check_board().put(&id(), &[result]);
    rows.poke();
}

fn page(rows: &Rows) -> EnvironmentView {
    match rows.seen_by(&Grants::everything()).page(&Topic::Environment(id())) {
        Page::Environment(view) => view,
        other => panic!("{other:?}"),
    }
}

fn wall(rows: &Rows) -> WallView {
    match rows.seen_by(&Grants::everything()).page(&Topic::Wall) {
        Page::Wall(view) => view,
        other => panic!("{other:?}"),
    }
}

/// What is held of it together: the wall, the page, the board and what alerts see say the same.
fn state(rows: &Rows) -> (Health, String) {
    let (wall, page) = (wall(rows), page(rows));
    let head = wall.environments[0].clone();
    assert_eq!(page.head, head);
    let board = rows.seen_by(&Grants::everything()).board();
    assert_eq!(board[0].light.state(), head.state);
    rows.each_sight(|sight, _| {
        assert_eq!((sight.head, &sight.findings), (&head, &page.findings));
    });
    (head.state, head.sentence.to_string())
}

#[test]
fn a_check_that_fails_turns_the_wall_and_one_that_works_turns_it_back() {
    let rows = scene(1);
    assert_eq!(state(&rows), (Health::Ready, "Usable.".to_owned()));
    let mut changes = rows.changes();
    changes.mark_unchanged();
    let other = "The API answers as staging, and this is production.";
    checked(&rows, CheckKind::Health, Outcome::Failed, other);
    assert!(changes.has_changed().unwrap(), "nobody is told");
    assert_eq!(state(&rows), (Health::Failed, other.to_owned()));
    assert_eq!(&*wall(&rows).head.sentence, &*format!("A production needs you: {other}"));
    let finding = page(&rows).findings.remove(0);
    assert_eq!((&*finding.title, &*finding.evidence, finding.since), ("The API is not healthy", other, 0));

    checked(&rows, CheckKind::Health, Outcome::Ok, "The API answers as production, version 1.");
    assert_eq!(state(&rows), (Health::Ready, "Usable.".to_owned()));
    assert_eq!(page(&rows).findings, []);
    set_now(START_MS + 60_000);
    rows.answered(&ClusterId::new("main").unwrap());
    checked(&rows, CheckKind::Redis, Outcome::Failed, "Redis does not answer within 5 s.");
    let said = "Usable, but a check fails: Redis does not answer within 5 s.";
    assert_eq!(state(&rows), (Health::Degraded, said.to_owned()));
    checked(&rows, CheckKind::Redis, Outcome::Unknown, "Redis was not asked.");
    assert_eq!(state(&rows), (Health::Ready, "Usable.".to_owned()));
    checked(&rows, CheckKind::Telemetry, Outcome::Failed, "The query finds nothing: no telemetry arrives.");
    assert_eq!(state(&rows), (Health::Ready, "Usable. Telemetry does not arrive.".to_owned()));
}

#[test]
fn a_result_that_is_older_than_three_pauses_decides_nothing() {
    let rows = scene(1);
    checked(&rows, CheckKind::Health, Outcome::Failed, "The API does not answer within 5 s.");
    for (seconds, expected) in [(90, Health::Failed), (91, Health::Ready)] {
        set_now(START_MS + seconds * 1000);
        rows.answered(&ClusterId::new("main").unwrap());
        rows.tick();
        assert_eq!(state(&rows).0, expected, "{seconds} s");
    }
}

#[test]
fn what_the_pods_explain_is_told_once_and_is_over_with_their_fault() {
    let rows = scene(0);
    checked(&rows, CheckKind::Health, Outcome::Failed, "The API answers with HTTP 503.");
    let (down, said) = state(&rows);
    assert!(down != Health::Ready && !said.contains("HTTP 503"), "{down:?} {said}");
    assert!(page(&rows).findings.iter().all(|finding| &*finding.title != "The API is not healthy"));
    web(&rows, 1);
    assert_eq!(state(&rows).0, Health::Ready);
    // The next answer counts again.
    set_now(START_MS + 10_000);
    rows.answered(&ClusterId::new("main").unwrap());
    checked(&rows, CheckKind::Health, Outcome::Failed, "The API answers with HTTP 503.");
    assert_eq!(state(&rows), (Health::Failed, "The API answers with HTTP 503.".to_owned()));
}
