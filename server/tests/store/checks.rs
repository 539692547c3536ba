//! Results of checks: read back in order, kept once, summed up when they are old.

use domain::check::{CheckKind, CheckResult, Outcome};
use domain::name::EnvironmentId;
use sqlx::{Connection as _, Row as _};

use crate::bench::{Bench, MINUTE, NOW, on_both};

on_both!(results_come_back_in_order_and_once, old_results_become_sums_and_old_sums_go);

const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn production() -> EnvironmentId {
    "shop/production".parse().unwrap()
}

fn result(kind: CheckKind, at: i64, outcome: Outcome, latency_ms: Option<u32>) -> CheckResult {
    CheckResult { kind, at, outcome, sentence: format!("It is {}.", outcome.as_str()).into(), latency_ms, pause_s: 30 }
}

async fn keep(bench: &Bench, results: &[CheckResult]) {
    let mut write = bench.store.write().await.unwrap();
    write.add_check_results(&production(), results).await.unwrap();
    write.commit().await.unwrap();
}

async fn samples(bench: &Bench, kind: CheckKind, after: i64, most: i64) -> Vec<(i64, Outcome)> {
    let mut read = bench.store.read().await.unwrap();
    let samples = read.check_samples(&production(), kind, after, most).await.unwrap();
    samples.into_iter().map(|sample| (sample.at, sample.outcome)).collect()
}

async fn results_come_back_in_order_and_once(bench: Bench) {
    use CheckKind::{Postgres, Redis};
    let (second, third) = (NOW + MINUTE, NOW + 2 * MINUTE);
    keep(
        &bench,
        &[
            result(Redis, third, Outcome::Failed, Some(7)),
            result(Redis, NOW, Outcome::Ok, Some(3)),
            result(Postgres, NOW, Outcome::Warning, None),
            result(CheckKind::Telemetry, NOW, Outcome::NotConfigured, None),
        ],
    )
    .await;
    // Another replica found something else at the very same moment.
    keep(&bench, &[result(Redis, NOW, Outcome::Failed, None), result(Redis, second, Outcome::Unknown, None)]).await;
    let all = [(NOW, Outcome::Ok), (second, Outcome::Unknown), (third, Outcome::Failed)];
    assert_eq!(samples(&bench, Redis, 0, 10).await, all);
    assert_eq!(samples(&bench, Redis, NOW, 10).await, all[1..]);
    assert_eq!(samples(&bench, Redis, 0, 2).await, all[..2]);
    assert_eq!(samples(&bench, Postgres, 0, 10).await, [(NOW, Outcome::Warning)]);
    assert_eq!(samples(&bench, CheckKind::Telemetry, 0, 10).await, []);
    let mut read = bench.store.read().await.unwrap();
    let first = read.check_samples(&production(), Redis, 0, 1).await.unwrap();
    assert_eq!((first[0].latency_ms, first[0].pause_s), (Some(3), 30));
    assert_eq!(read.check_samples(&"shop/staging".parse().unwrap(), Redis, 0, 1).await.unwrap(), []);
}

async fn old_results_become_sums_and_old_sums_go(bench: Bench) {
    use CheckKind::Redis;
    let now = (NOW / HOUR + 1) * HOUR;
    let old = now - 91 * DAY;
    let young = now - 90 * DAY;
    keep(
        &bench,
        &[
            result(Redis, old, Outcome::Ok, Some(3)),
            result(Redis, old + MINUTE, Outcome::Ok, Some(5)),
            result(Redis, old + 2 * MINUTE, Outcome::Failed, None),
            result(Redis, old + HOUR, Outcome::Warning, Some(9)),
            result(Redis, young, Outcome::Ok, Some(1)),
        ],
    )
    .await;
    let sums = async || {
        let mut raw = bench.raw().await;
        let text = "select hour, ok, warning, failed, unknown, timed, latency_ms from check_hours order by hour";
        let rows = sqlx::query(text).fetch_all(&mut raw).await.unwrap();
        raw.close().await.unwrap();
        let numbers = |row: &sqlx::any::AnyRow| (0..7).map(|column| row.get::<i64, _>(column)).collect::<Vec<_>>();
        rows.iter().map(numbers).collect::<Vec<_>>()
    };
    bench.store.sweep(now).await.unwrap();
    let hour = old / HOUR;
    assert_eq!(sums().await, [[hour, 2, 0, 1, 0, 2, 8], [hour + 1, 0, 1, 0, 0, 1, 9]]);
    assert_eq!(samples(&bench, Redis, 0, 10).await, [(young, Outcome::Ok)]);
    // What another replica brings late is added.
    keep(&bench, &[result(Redis, old + 3 * MINUTE, Outcome::Unknown, None)]).await;
    bench.store.sweep(now).await.unwrap();
    assert_eq!(sums().await, [[hour, 2, 0, 1, 1, 2, 8], [hour + 1, 0, 1, 0, 0, 1, 9]]);
    bench.store.sweep(now).await.unwrap();
    assert_eq!(sums().await.len(), 2);
    bench.store.sweep(old + 2 * 365 * DAY + HOUR).await.unwrap();
    assert_eq!(sums().await, [[hour + 1, 0, 1, 0, 0, 1, 9], [young / HOUR, 1, 0, 0, 0, 1, 1]]);
}
