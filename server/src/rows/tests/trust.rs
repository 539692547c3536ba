//! What is shown of what may not be read, cannot be read, or is not as new as the rest.

use domain::freshness::Freshness;
use domain::view::{Cell, EnvironmentView, SourceView};

use super::*;

const DEPLOYMENT: Kind = Kind::Workload(WorkloadKind::Deployment);
const STATEFUL_SET: Kind = Kind::Workload(WorkloadKind::StatefulSet);
const DAEMON_SET: Kind = Kind::Workload(WorkloadKind::DaemonSet);
const KINDS: [Kind; 6] = [Kind::Pod, DEPLOYMENT, STATEFUL_SET, DAEMON_SET, Kind::Autoscaler, Kind::Event];

fn watch(kind: Kind) -> WatchId {
    WatchId { kind, within: None }
}

fn missing(kind: Kind) -> WatchState {
    WatchState::Missing(format!("Quarterdeck may not list and watch {}.", kind.resource()).into())
}

/// A cluster that answers, all of it in step but for what is `forbidden`, with one object of each kind that may be read.
fn scene(forbidden: &[Kind]) -> Rows {
    set_now(START_MS);
    let (rows, cluster) = (Rows::new(registry(0), now), MAIN.cluster());
    rows.answered(&cluster);
    rows.watches(&cluster, KINDS.map(watch).to_vec());
    let things = [(DEPLOYMENT, "web"), (STATEFUL_SET, "db"), (Kind::Autoscaler, "web-hpa"), (Kind::Pod, "web-1-a")];
    for (kind, name) in things.into_iter().filter(|(kind, _)| !forbidden.contains(kind)) {
        rows.take_in(&cluster, vec![Change::Seen(thing(kind, name).observed(0, 85))]);
    }
    for kind in KINDS {
        let state = if forbidden.contains(&kind) { missing(kind) } else { WatchState::InStep };
        rows.watch_state(&cluster, &watch(kind), state);
    }
    rows
}

fn source(rows: &Rows) -> SourceView {
    rows.seen_by(&Grants::everything()).chrome().sources.remove(0)
}

fn environment(rows: &Rows) -> EnvironmentView {
    match rows.seen_by(&Grants::everything()).page(&Topic::Environment("a/production".parse().unwrap())) {
        Page::Environment(view) => view,
        other => panic!("{other:?}"),
    }
}

fn cell(rows: &Rows, name: &str) -> Cell {
    environment(rows).components.into_iter().find(|cell| cell.id.name.as_str() == name).unwrap()
}

#[test]
fn a_kind_whose_right_is_lost_is_old_and_all_others_go_on() {
    let rows = scene(&[]);
    let (web, db) = (cell(&rows, "web").status, cell(&rows, "db").status);
    assert!(web.state != Health::Unknown && db.state != Health::Unknown, "{web:?} {db:?}");
    rows.watch_state(&MAIN.cluster(), &watch(DEPLOYMENT), missing(DEPLOYMENT));
    assert!(matches!(source(&rows).freshness, Freshness::Stale(_)));
    assert_eq!(source(&rows).missing.len(), 1);
    let lost = cell(&rows, "web").status;
    assert_eq!(lost.state, Health::Unknown);
    let why = format!("Last seen {} (", web.word);
    assert!(lost.why.starts_with(&why) && lost.why.ends_with("may not read it any more."), "{}", lost.why);
    assert_eq!(cell(&rows, "db").status, db);
    rows.watch_state(&MAIN.cluster(), &watch(DEPLOYMENT), WatchState::InStep);
    assert_eq!(cell(&rows, "web").status, web);
    assert!(source(&rows).freshness.is_live());
}

#[test]
fn an_autoscaler_that_may_not_be_read_any_more_is_not_held_against_what_was_declared() {
    let rows = scene(&[]);
    assert!(cell(&rows, "web").range.is_some());
    rows.watch_state(&MAIN.cluster(), &watch(Kind::Autoscaler), missing(Kind::Autoscaler));
    assert_eq!(cell(&rows, "web").range, None);
    let panel = environment(&rows).autoscalers;
    assert_eq!(
        &*panel[0].next,
        "This is how it was last seen. Quarterdeck may not list and watch horizontalpodautoscalers."
    );
    assert!(cell(&rows, "db").status.state != Health::Unknown);
}

#[test]
fn a_right_that_is_lost_mutes_the_alerts_that_need_it_and_no_others() {
    let rows = scene(&[]);
    let sights = || {
        let mut found = Vec::new();
        rows.each_sight(|sight, _| {
            if sight.head.id.to_string() == "a/production" {
                found.push((sight.is_live, sight.autoscalers.is_some()));
            }
        });
        found
    };
    let why = |grants: &Grants| {
        let unjudged = rows.seen_by(grants).unjudged().into_iter();
        unjudged.filter(|unjudged| unjudged.id.to_string() == "a/production").map(|unjudged| unjudged.why).collect()
    };
    let everything = Grants::everything();
    let nothing: Vec<String> = Vec::new();
    assert_eq!((sights(), why(&everything)), (vec![(true, true)], nothing.clone()));
    rows.watch_state(&MAIN.cluster(), &watch(Kind::Autoscaler), missing(Kind::Autoscaler));
    assert_eq!(sights(), [(true, false)]);
    let said: Vec<String> = why(&everything);
    assert!(said[0].starts_with("What depends on horizontalpodautoscalers is not judged: "), "{said:?}");
    assert!(rows.sees_any_cluster());
    // Who does not see it is not told of it.
    assert_eq!(why(&Grants::default()), nothing);
    rows.silent(&MAIN.cluster(), "It does not answer.");
    assert_eq!(sights(), [(false, false)]);
    let said: Vec<String> = why(&everything);
    assert!(said[0].starts_with("Nothing is judged: ") && said[0].ends_with(": It does not answer."), "{said:?}");
}

#[test]
fn a_kind_that_never_could_be_read_makes_nothing_else_old() {
    let rows = scene(&[Kind::Autoscaler]);
    assert!(source(&rows).freshness.is_live());
    assert!(cell(&rows, "web").status.state != Health::Unknown);
}

#[test]
fn a_workload_that_cannot_be_read_is_unknown_and_not_missing() {
    let rows = scene(&[]);
    let (cluster, web) = (MAIN.cluster(), thing(DEPLOYMENT, "web"));
    let db = cell(&rows, "db");
    rows.take_in(&cluster, vec![Change::Unread(web.key(), web.uid(0))]);
    let status = cell(&rows, "web").status;
    assert_eq!((status.state, &*status.why), (Health::Unknown, "What the cluster tells of it cannot be read."));
    assert_eq!((cell(&rows, "web").wanted, cell(&rows, "db")), (None, db));
    assert_eq!(&*source(&rows).trouble, "Some of the deployments cannot be read.");
    // A late word about another of its name changes nothing; its own does.
    rows.take_in(&cluster, vec![Change::Gone(web.key(), web.uid(1))]);
    assert_eq!(cell(&rows, "web").status.state, Health::Unknown);
    rows.take_in(&cluster, vec![Change::Gone(web.key(), web.uid(0))]);
    assert_eq!(&*cell(&rows, "web").status.word, "Missing");
    assert_eq!(&*source(&rows).trouble, "");
    rows.take_in(&cluster, vec![Change::Unread(web.key(), 0), Change::Seen(web.observed(0, 85))]);
    assert!(cell(&rows, "web").wanted.is_some());
    // What a list does not name is gone, whether it could be read or not.
    rows.take_in(&cluster, vec![Change::Unread(web.key(), 0)]);
    rows.take_in(&cluster, vec![Change::Listed { kind: DEPLOYMENT, within: None, seen: HashSet::new() }]);
    assert_eq!(&*cell(&rows, "web").status.word, "Missing");
}

#[test]
fn an_autoscaler_that_cannot_be_read_is_unknown_and_not_absent() {
    let rows = scene(&[]);
    rows.take_in(&MAIN.cluster(), vec![Change::Unread(thing(Kind::Autoscaler, "web-hpa").key(), 0)]);
    let web = cell(&rows, "web");
    assert_eq!(web.range, None);
    assert!(web.chips.iter().any(|chip| &*chip.text == "HPA unknown"), "{:?}", web.chips);
}

#[test]
fn what_is_held_is_as_old_as_the_watch_that_broke_first_however_the_others_go_on() {
    let rows = scene(&[]);
    let (cluster, minute) = (MAIN.cluster(), 60_000);
    let later = |minutes: i64| {
        set_now(START_MS + minutes * minute);
        rows.answered(&cluster);
    };
    let broken = || WatchState::OutOfStep("The watch of pods broke off.".into());
    later(1);
    rows.watch_state(&cluster, &watch(Kind::Pod), broken());
    later(5);
    rows.watch_state(&cluster, &watch(DEPLOYMENT), broken());
    rows.watch_state(&cluster, &watch(Kind::Pod), WatchState::InStep);
    later(8);
    assert_eq!(source(&rows).freshness, Freshness::Stale(START_MS + minute));
    let said = environment(&rows).head.sentence;
    assert!(said.starts_with("Not seen for 7 minutes"), "{said}");
    rows.watch_state(&cluster, &watch(DEPLOYMENT), WatchState::InStep);
    assert_eq!(source(&rows).freshness, Freshness::Live(START_MS + 8 * minute));
    // A right that is lost ages alone.
    rows.watch_state(&cluster, &watch(Kind::Autoscaler), missing(Kind::Autoscaler));
    later(20);
    assert_eq!(source(&rows).freshness, Freshness::Stale(START_MS + 8 * minute));
    rows.silent(&cluster, "The API server does not answer within 2 s.");
    set_now(START_MS + 22 * minute);
    rows.tick();
    let said = environment(&rows).head.sentence;
    assert!(said.starts_with("Not seen for 2 minutes"), "{said}");
}

#[test]
fn a_watch_that_turns_out_to_be_dead_proves_nothing_since_its_last_word() {
    let rows = scene(&[]);
    set_now(START_MS + 100_000);
    rows.answered(&MAIN.cluster());
    assert!(source(&rows).freshness.is_live());
    rows.watch_silent(&MAIN.cluster(), &watch(Kind::Event), 83_000);
    assert!(source(&rows).freshness.is_live(), "events decide nothing");
    rows.watch_silent(&MAIN.cluster(), &watch(Kind::Pod), 83_000);
    assert_eq!(source(&rows).freshness, Freshness::Stale(START_MS + 17_000));
}

#[test]
fn pods_that_may_not_be_read_are_not_counted_as_none() {
    for forbidden in [true, false] {
        let rows = scene(if forbidden { &[Kind::Pod] } else { &[] });
        rows.take_in(&MAIN.cluster(), vec![Change::Seen(thing(Kind::ReplicaSet, "web-1").observed(0, 85))]);
        if !forbidden {
            // The same when it was read before.
            assert_eq!(revisions(&rows)[0].pods, Some((1, 1)));
            assert!(cell(&rows, "web").restarts.is_some());
            rows.watch_state(&MAIN.cluster(), &watch(Kind::Pod), missing(Kind::Pod));
        }
        let web = cell(&rows, "web");
        assert_eq!((web.status.state, web.restarts), (Health::Unknown, None), "{web:?}");
        assert!(web.status.why.starts_with("Pods cannot be read: "), "{}", web.status.why);
        assert_eq!(revisions(&rows)[0].pods, None);
        assert_eq!(source(&rows).missing.len(), 1);
        assert_eq!(source(&rows).freshness.is_live(), forbidden, "what was read before is old");
    }
}

#[test]
fn a_workload_made_again_has_none_of_the_pods_of_the_one_before() {
    for (kind, workload, pod) in
        [(STATEFUL_SET, "db", "db-0"), (DAEMON_SET, "agent", "agent-x"), (DEPLOYMENT, "web", "web-1-a")]
    {
        let rows = scene(&[]);
        let (cluster, owner) = (MAIN.cluster(), thing(kind, workload));
        let replica_set = (kind == DEPLOYMENT).then(|| {
            let which = thing(Kind::ReplicaSet, "web-1");
            let mut seen = which.observed(0, 85);
            let Object::Revision(revision) = &mut seen.object else { panic!("no revision") };
            revision.owner = owner.uid(0);
            rows.take_in(&cluster, vec![Change::Seen(seen)]);
            which
        });
        let mut seen = thing(Kind::Pod, pod).observed(0, 9);
        let Object::Pod(observed) = &mut seen.object else { panic!("no pod") };
        observed.owner = replica_set.unwrap_or(owner).uid(0);
        rows.take_in(&cluster, vec![Change::Seen(seen)]);
        let shown = || match rows.seen_by(&Grants::everything()).page(&Topic::Component(ComponentId {
            environment: "a/production".parse().unwrap(),
            kind: if kind == DEPLOYMENT {
                WorkloadKind::Deployment
            } else if kind == DAEMON_SET {
                WorkloadKind::DaemonSet
            } else {
                WorkloadKind::StatefulSet
            },
            name: workload.parse().unwrap(),
        })) {
            Page::Component(view) => (view.pods.len(), view.revisions.len(), view.head.cell.restarts),
            other => panic!("{other:?}"),
        };
        let revisions = usize::from(replica_set.is_some());
        rows.take_in(&cluster, vec![Change::Seen(owner.observed(0, 85))]);
        assert_eq!(shown(), (1, revisions, Some(1)), "{pod}");
        rows.take_in(&cluster, vec![Change::Seen(owner.observed(1, 85))]);
        assert_eq!(shown(), (0, 0, Some(0)), "{pod}");
        // A ReplicaSet that is made again under its name is not the one that made the pod either.
        if let Some(which) = replica_set {
            rows.take_in(&cluster, vec![Change::Seen(which.observed(1, 85))]);
            assert_eq!(shown(), (0, 1, Some(0)), "{pod}");
        }
    }
}
