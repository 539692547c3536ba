//! Results of checks: read back in order, kept once, summed up when they are old.

use std::time::Duration;

use domain::check::history::{History, MOST_SPOKEN_US, STRIP, Sample};
use domain::check::{CheckKind, CheckResult, Outcome};
use domain::name::EnvironmentId;
use server::store::Store;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Row as _};
use tokio::time::Instant;

use crate::bench::{Bench, MINUTE, NOW, on_both};

on_both!(
    results_come_back_in_order_and_once,
    old_results_become_sums_and_old_sums_go,
    a_past_of_sums_is_the_past_of_all_results,
);

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

/// All sums: of which check, which hour, up and down in minutes, and the minute of the hour in which it worked last.
async fn sums(bench: &Bench) -> Vec<(String, i64, i64, i64, Option<i64>)> {
    let mut raw = bench.raw().await;
    let text = "select kind, hour, up, down, last_good from check_hours order by kind, hour";
    let rows = sqlx::query(text).fetch_all(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    let sum = |row: &sqlx::any::AnyRow| {
        let (up, down): (i64, i64) = (row.get("up"), row.get("down"));
        let last_good: Option<i64> = row.get("last_good");
        let last_good = last_good.map(|at| at % HOUR / MINUTE);
        (row.get("kind"), row.get("hour"), up / MINUTE, down / MINUTE, last_good)
    };
    rows.iter().map(sum).collect()
}

async fn old_results_become_sums_and_old_sums_go(bench: Bench) {
    use CheckKind::{Postgres, Redis};
    let now = (NOW / HOUR + 1) * HOUR + 20 * MINUTE;
    // Whole hours of more than two days.
    let end = (now - 2 * DAY) / HOUR * HOUR;
    let begin = end - 2 * HOUR;
    let of = |kind, at, outcome| CheckResult { pause_s: 1200, ..result(kind, at, outcome, None) };
    keep(
        &bench,
        &[
            of(Redis, begin + 10 * MINUTE, Outcome::Ok),
            of(Redis, begin + 40 * MINUTE, Outcome::Failed),
            // Into the next hour.
            of(Redis, begin + 50 * MINUTE, Outcome::Warning),
            of(Redis, begin + 80 * MINUTE, Outcome::Unknown),
            // Whose hour is not over for two days.
            of(Redis, end + 5 * MINUTE, Outcome::Ok),
            of(Postgres, begin + 59 * MINUTE, Outcome::Failed),
        ],
    )
    .await;
    bench.store.sweep(now).await.unwrap();
    let hour = begin / HOUR;
    let row = |kind: CheckKind, hour, up, down, last_good| (kind.as_str().to_owned(), hour, up, down, last_good);
    let expected = [
        row(Postgres, hour, 0, 1, None),
        row(Postgres, hour + 1, 0, 19, None),
        row(Redis, hour, 40, 10, Some(50)),
        row(Redis, hour + 1, 20, 0, None),
    ];
    assert_eq!(sums(&bench).await, expected);
    // What is summed up is there for 90 days, and summed up once.
    assert_eq!(samples(&bench, Redis, 0, 10).await.len(), 5);
    bench.store.sweep(now).await.unwrap();
    assert_eq!(sums(&bench).await, expected);
    // It goes on where it ended.
    bench.store.sweep(now + HOUR).await.unwrap();
    let more = [&expected[..], &[row(Redis, hour + 2, 20, 0, Some(5))]].concat();
    assert_eq!(sums(&bench).await, more);
    let mut read = bench.store.read().await.unwrap();
    let (until, hours) = read.check_hours(&production(), Redis, begin + HOUR).await.unwrap();
    assert_eq!((until, hours.len(), hours[0].from), (end + HOUR, 2, begin + HOUR));
    drop(read);
    bench.store.sweep(begin + 90 * DAY + HOUR).await.unwrap();
    assert_eq!(
        samples(&bench, Redis, 0, 10).await,
        [(begin + 80 * MINUTE, Outcome::Unknown), (end + 5 * MINUTE, Outcome::Ok)]
    );
    assert_eq!(sums(&bench).await, more);
    bench.store.sweep(begin + 2 * 365 * DAY + HOUR).await.unwrap();
    assert_eq!(
        sums(&bench).await,
        [row(Postgres, hour + 1, 0, 19, None), row(Redis, hour + 1, 20, 0, None), more[4].clone()]
    );
}

async fn a_past_of_sums_is_the_past_of_all_results(bench: Bench) {
    let now = (NOW / HOUR + 1) * HOUR + 20 * MINUTE;
    let outcomes = [Outcome::Ok, Outcome::Failed, Outcome::Warning, Outcome::Unknown, Outcome::Ok, Outcome::Ok];
    // Of five days, not quite every quarter of an hour, and for some hours not at all.
    let times = (0..470).map(|number: i64| now - 5 * DAY + number * 15 * MINUTE + number % 7 * MINUTE);
    let results: Vec<CheckResult> = times
        .zip(outcomes.into_iter().cycle())
        .filter(|(at, _)| !(30..36).contains(&((now - at) / HOUR)) && !(70..90).contains(&((now - at) / HOUR)))
        .map(|(at, outcome)| CheckResult { pause_s: 900, ..result(CheckKind::Redis, at, outcome, None) })
        .collect();
    keep(&bench, &results).await;
    let whole = History::of(results.iter().map(Sample::from));
    bench.store.sweep(now).await.unwrap();
    let mut read = bench.store.read().await.unwrap();
    let (until, hours) = read.check_hours(&production(), CheckKind::Redis, now - 30 * DAY).await.unwrap();
    assert_eq!(until, (now - 2 * DAY) / HOUR * HOUR);
    let strip = read.check_strip_begin(&production(), CheckKind::Redis).await.unwrap();
    assert_eq!(strip, Some(results[results.len() - STRIP].at));
    let mut short = History::since(until, hours);
    let recent = read.check_samples(&production(), CheckKind::Redis, until - MOST_SPOKEN_US - 1, 1000).await.unwrap();
    assert!(recent.len() < results.len() / 2, "{} of {}", recent.len(), results.len());
    recent.into_iter().for_each(|sample| short.add(sample));
    for days in [1, 3, 7, 30] {
        let from = now - days * DAY;
        let from = if from < until { from / HOUR * HOUR } else { from };
        let uptime = whole.uptime(from, now);
        assert!(uptime.up > 0 && uptime.down > 0 && uptime.unknown > 0, "{uptime:?}");
        assert_eq!(short.uptime(from, now), uptime, "{days} days");
    }
    assert_eq!(short.last_good(), whole.last_good());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_sweeps_at_once_sum_up_once() {
    let bench = Bench::postgres().await;
    let now = (NOW / HOUR + 1) * HOUR;
    let at = now - 3 * DAY;
    keep(&bench, &[CheckResult { pause_s: 1200, ..result(CheckKind::Redis, at, Outcome::Ok, None) }]).await;
    // A row that is not committed keeps whoever sums up that hour in the middle of it.
    let mut raw = bench.raw().await;
    let hour = at / HOUR;
    raw.execute("begin").await.unwrap();
    let row = format!(
        "insert into check_hours (environment, kind, hour, up, down) values ('shop/production', 'redis', {hour}, 0, 0)"
    );
    raw.execute(AssertSqlSafe(row)).await.unwrap();
    let other = Store::open(&bench.url).await.unwrap();
    let (one, two) = (bench.store.clone(), other.clone());
    let first = tokio::spawn(async move { one.sweep(now).await });
    let second = tokio::spawn(async move { two.sweep(now).await });
    let mut watcher = bench.raw().await;
    let begin = Instant::now();
    loop {
        let text =
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
        let waiting: i64 = sqlx::query(text).fetch_one(&mut watcher).await.unwrap().get(0);
        if waiting == 2 {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(4), "{waiting} wait");
        tokio::task::yield_now().await;
    }
    // Only one of them is that far.
    let text = "select count(*) from pg_locks where locktype = 'advisory' and not granted \
                and database = (select oid from pg_database where datname = current_database())";
    let queued: i64 = sqlx::query(text).fetch_one(&mut watcher).await.unwrap().get(0);
    raw.execute("rollback").await.unwrap();
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
    assert_eq!(sums(&bench).await[0], ("redis".to_owned(), hour, 20, 0, Some(at % HOUR / MINUTE)));
    assert_eq!(queued, 1, "both were in the middle of it");
    raw.close().await.unwrap();
    watcher.close().await.unwrap();
    other.close().await;
}
