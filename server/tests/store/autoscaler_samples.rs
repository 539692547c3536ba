//! Samples of autoscalers: kept, read again, swept.

use domain::autoscaler::Sample;
use server::store::AutoscalerPlace;

use crate::bench::{Bench, DAY, MINUTE, NOW, SECOND, on_both};

on_both!(
    samples_are_read_as_they_were_kept,
    of_two_replicas_that_see_the_same_the_first_writes_it,
    samples_are_kept_for_a_day,
    what_was_not_committed_was_not_kept,
);

fn place(name: &str) -> AutoscalerPlace {
    AutoscalerPlace {
        cluster: "main".parse().unwrap(),
        namespace: "shop".parse().unwrap(),
        name: name.parse().unwrap(),
    }
}

fn sample(number: i64) -> Sample {
    let odd = number % 2 == 1;
    Sample {
        at: NOW / SECOND + number * 15,
        replicas: 3,
        desired: 4,
        load: odd.then_some(134),
        asked: (!odd).then_some(u32::MAX),
    }
}

async fn keep(bench: &Bench, samples: &[(AutoscalerPlace, Sample)]) {
    let mut write = bench.store.write().await.unwrap();
    write.keep_autoscaler_samples(samples).await.unwrap();
    write.commit().await.unwrap();
}

async fn kept(bench: &Bench, from: i64) -> Vec<(AutoscalerPlace, Sample)> {
    bench.store.read().await.unwrap().autoscaler_samples(from).await.unwrap()
}

async fn samples_are_read_as_they_were_kept(bench: Bench) {
    // More than one statement takes.
    let samples: Vec<_> = (0..150).map(|number| (place("web"), sample(number))).collect();
    keep(&bench, &samples).await;
    assert_eq!(kept(&bench, 0).await, samples);
    assert_eq!(kept(&bench, NOW + 100 * 15 * SECOND).await, samples[100..]);
    keep(&bench, &[]).await;
}

async fn of_two_replicas_that_see_the_same_the_first_writes_it(bench: Bench) {
    keep(&bench, &[(place("web"), sample(0)), (place("api"), sample(0))]).await;
    let other = Sample { replicas: 9, ..sample(0) };
    keep(&bench, &[(place("web"), other), (place("web"), sample(1))]).await;
    let mut all = kept(&bench, 0).await;
    all.sort_by_key(|(place, sample)| (sample.at, place.name.to_string()));
    assert_eq!(all, [(place("api"), sample(0)), (place("web"), sample(0)), (place("web"), sample(1))]);
}

async fn samples_are_kept_for_a_day(bench: Bench) {
    keep(&bench, &[(place("web"), sample(0)), (place("web"), sample(1))]).await;
    assert_eq!(bench.store.sweep(NOW + DAY).await.unwrap(), 0);
    assert_eq!(bench.store.sweep(NOW + DAY + 1).await.unwrap(), 1);
    assert_eq!(kept(&bench, 0).await, [(place("web"), sample(1))]);
    assert_eq!(bench.store.sweep(NOW + DAY + MINUTE).await.unwrap(), 1);
}

async fn what_was_not_committed_was_not_kept(bench: Bench) {
    let mut write = bench.store.write().await.unwrap();
    write.keep_autoscaler_samples(&[(place("web"), sample(0))]).await.unwrap();
    write.rollback().await.unwrap();
    assert_eq!(kept(&bench, 0).await, []);
}
