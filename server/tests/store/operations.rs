//! Operations on their way: one at a time of a target, changed by their newest holder, ended once.

use domain::guard::Order;
use domain::ledger::{Actor, OperationId};
use domain::name::{ComponentId, WorkloadKind};
use domain::operation::life::{Event, Life};
use domain::operation::record::Record;
use domain::operation::{Operation, Target};
use domain::registry::Tier;
use server::store::{Conflict, Held, StoreError};

use crate::bench::{Bench, MINUTE, NOW, on_both};

on_both!(
    an_id_and_a_target_are_taken_once,
    only_the_newest_holder_changes_it,
    an_end_is_written_once_however_often_it_is_tried,
    what_follows_is_stopped_once_and_only_while_something_runs,
);

fn held(id: u128, name: &str) -> Held {
    let plan = [7; 32];
    let life = [Event::Claim { fence: 1, plan }, Event::Record { fence: 1 }, Event::Send { fence: 1 }]
        .iter()
        .try_fold(Life::planned("1".into(), plan, false, i64::MAX), |life, event| life.after(event))
        .unwrap();
    let component = ComponentId {
        environment: "shop/dev".parse().unwrap(),
        kind: WorkloadKind::Deployment,
        name: name.parse().unwrap(),
    };
    let target = Target {
        component,
        cluster: "main".parse().unwrap(),
        namespace: "shop".parse().unwrap(),
        uid: "u".into(),
        generation: 1,
    };
    let record = Record {
        id: OperationId(id),
        operation: Operation::Restart,
        target,
        place: "The Shop / dev".into(),
        tier: Tier::Development,
        by: Actor { id: "1".into(), name: "kim".into(), role: None, source: "192.0.2.7".into() },
        why: "".into(),
        plan: Vec::new(),
        kubectl: "".into(),
        order: Order::Restart,
        life,
        begun: NOW / 1_000_000,
        ended: None,
        generation: 1,
        version: None,
        deadline_s: 600,
        progressed_at: 0,
        steps: Vec::new(),
        pods: Vec::new(),
        progress: None,
        changes: Vec::new(),
        before: Vec::new(),
        after: Vec::new(),
        verdict: "".into(),
        log: None,
        told_unknown: false,
        missed_ms: 0,
        watched_until: None,
        watched: None,
        series: None,
    };
    Held { record, fence: 1, held_until: NOW + MINUTE, stopped_by: None }
}

async fn begin(bench: &Bench, held: &Held) -> Result<(), StoreError> {
    let mut write = bench.store.write().await.unwrap();
    write.begin_operation(&held.record, NOW, held.held_until).await?;
    write.commit().await
}

async fn an_id_and_a_target_are_taken_once(bench: Bench) {
    begin(&bench, &held(1, "web")).await.unwrap();
    assert!(matches!(begin(&bench, &held(1, "api")).await, Err(StoreError::Conflict(Conflict::Operation))));
    assert!(matches!(begin(&bench, &held(2, "web")).await, Err(StoreError::Conflict(Conflict::Target))));
    begin(&bench, &held(2, "api")).await.unwrap();
}

async fn only_the_newest_holder_changes_it(bench: Bench) {
    let old = held(1, "web");
    begin(&bench, &old).await.unwrap();
    let mut new = old.clone();
    let mut write = bench.store.write().await.unwrap();
    assert!(write.take_over_operation(&mut new, NOW + 2 * MINUTE).await.unwrap());
    assert!(!write.take_over_operation(&mut old.clone(), NOW + 2 * MINUTE).await.unwrap());
    assert!(!write.keep_operation(&old, NOW, None).await.unwrap());
    assert!(!write.end_operation(&old, NOW, None).await.unwrap());
    assert!(write.keep_operation(&new, NOW, None).await.unwrap());
    write.commit().await.unwrap();
    assert_eq!(bench.store.read().await.unwrap().operation(OperationId(1)).await.unwrap().unwrap().fence, 2);
}

/// Whoever does not hear whether an end was committed tries again; what is watched afterwards is an end too.
async fn an_end_is_written_once_however_often_it_is_tried(bench: Bench) {
    for (id, watch_at) in [(1, None), (2, Some(NOW))] {
        let mut held = held(id, "web");
        begin(&bench, &held).await.unwrap();
        held.record.happen(&Event::Refuse).unwrap();
        for expected in [true, false] {
            let mut write = bench.store.write().await.unwrap();
            assert_eq!(write.end_operation(&held, NOW, watch_at).await.unwrap(), expected);
            write.commit().await.unwrap();
        }
    }
}

async fn what_follows_is_stopped_once_and_only_while_something_runs(bench: Bench) {
    let mut held = held(1, "web");
    begin(&bench, &held).await.unwrap();
    let stop = async |id, by: &str| {
        let mut write = bench.store.write().await.unwrap();
        let stopped = write.stop_after(OperationId(id), by).await.unwrap();
        write.commit().await.unwrap();
        stopped
    };
    assert!(!stop(2, "kim").await, "there is none");
    assert!(stop(1, "kim").await);
    assert!(!stop(1, "lee").await, "kim has stopped it");
    let read = bench.store.read().await.unwrap().operation(OperationId(1)).await.unwrap().unwrap();
    assert_eq!(read.stopped_by.as_deref(), Some("kim"));
    held.record.happen(&Event::Refuse).unwrap();
    let mut write = bench.store.write().await.unwrap();
    // How far it is may be written down by one who has not heard of it.
    assert!(write.keep_operation(&held, NOW, None).await.unwrap());
    assert_eq!(write.stopped_by(OperationId(1)).await.unwrap().as_deref(), Some("kim"));
    write.commit().await.unwrap();

    let mut over = self::held(3, "api");
    begin(&bench, &over).await.unwrap();
    over.record.happen(&Event::Refuse).unwrap();
    let mut write = bench.store.write().await.unwrap();
    assert!(write.end_operation(&over, NOW, None).await.unwrap());
    write.commit().await.unwrap();
    assert!(!stop(3, "kim").await, "it is over");
}
