//! What checks are told of what is held.

use domain::facts::around::{AroundKind, PostgresClusterFacts};

use super::*;

const POD: WatchId = WatchId { kind: Kind::Pod, within: None };
const POSTGRES: WatchId = WatchId { kind: Kind::Around(AroundKind::PostgresCluster), within: None };

/// A cluster that answers and is in step, with a CloudNativePG cluster `pg` in `a`.
fn scene() -> Rows {
    set_now(START_MS);
    let (rows, cluster) = (Rows::new(registry(0), now), MAIN.cluster());
    rows.answered(&cluster);
    rows.watches(&cluster, vec![POD, POSTGRES]);
    let facts = PostgresClusterFacts { instances: 3, ready: 3, ..PostgresClusterFacts::default() };
    let mut observed = thing(Kind::Around(AroundKind::Quota), "compute").observed(0, 0);
    (observed.key.kind, observed.key.name) = (POSTGRES.kind, "pg".into());
    observed.object = Object::Around(Box::new(ObservedAround::PostgresCluster(facts)));
    rows.take_in(&cluster, vec![Change::Seen(observed)]);
    rows.watch_state(&cluster, &POD, WatchState::InStep);
    rows.watch_state(&cluster, &POSTGRES, WatchState::InStep);
    rows
}

/// Whether a CloudNativePG cluster is known, and whether its status is.
fn postgres(rows: &Rows) -> Option<bool> {
    let held = rows.held(&"a/production".parse().unwrap()).unwrap();
    held.postgres_cluster.map(|(name, facts)| {
        assert_eq!(&*name, "pg");
        facts.is_some()
    })
}

#[test]
fn what_a_watch_told_before_it_broke_off_is_no_status() {
    let cluster = MAIN.cluster();
    let rows = scene();
    assert_eq!(postgres(&rows), Some(true));
    for state in
        [WatchState::OutOfStep("It broke off.".into()), WatchState::Starting, WatchState::Missing("No.".into())]
    {
        rows.watch_state(&cluster, &POSTGRES, state.clone());
        assert_eq!(postgres(&rows), Some(false), "{state:?}");
    }
    rows.watch_state(&cluster, &POSTGRES, WatchState::InStep);
    assert_eq!(postgres(&rows), Some(true));
    rows.silent(&cluster, "It does not answer.");
    assert_eq!(postgres(&rows), Some(false));
    rows.answered(&cluster);
    rows.watch_state(&cluster, &POSTGRES, WatchState::InStep);
    assert_eq!(postgres(&rows), Some(false), "nothing else is in step yet");
    rows.watch_state(&cluster, &POD, WatchState::InStep);
    assert_eq!(postgres(&rows), Some(true));
    rows.watch_state(&cluster, &POSTGRES, WatchState::NotInstalled);
    assert_eq!(postgres(&rows), None);
}

#[test]
fn a_right_that_was_lost_is_told_and_what_may_be_read_is_live() {
    let rows = scene();
    let held = || rows.held(&"a/production".parse().unwrap()).unwrap();
    assert!(held().readable.is_live() && held().lost_right.is_none());
    rows.watch_state(&MAIN.cluster(), &POD, WatchState::Missing("Quarterdeck may not list and watch pods.".into()));
    assert_eq!(held().lost_right.as_deref(), Some("Quarterdeck may not list and watch pods."));
    assert!(held().readable.is_live());
}
