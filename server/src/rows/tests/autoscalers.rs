//! Autoscalers: their samples, charts and cards.

use domain::autoscaler::{STEP, Sample};
use domain::view::{AutoscalerView, State as Health};

use super::*;
use crate::store::AutoscalerPlace;

const START: i64 = START_MS / 1000;

fn hpa() -> Observed {
    // It has 2 and wants 2, and its CPU is at 62 of 70 %.
    let mut seen = thing(Kind::Autoscaler, "web-hpa").observed(0, 62);
    if let Object::Autoscaler(facts, _) = &mut seen.object {
        (facts.current, facts.desired) = (2, 2);
    }
    seen
}

/// A cluster that answers and tells of its autoscalers and events.
fn scene(samples: Vec<(AutoscalerPlace, Sample)>) -> Rows {
    set_now(START_MS);
    let (rows, cluster) = (Rows::new(registry(0), now), MAIN.cluster());
    rows.restore_samples(samples);
    rows.answered(&cluster);
    let watches = [Kind::Autoscaler, Kind::Event].map(|kind| WatchId { kind, within: None });
    rows.watches(&cluster, watches.to_vec());
    rows.take_in(&cluster, vec![Change::Seen(hpa())]);
    for watch in watches {
        rows.watch_state(&cluster, &watch, WatchState::InStep);
    }
    rows
}

fn pass(rows: &Rows, seconds: i64) {
    for _ in 0..seconds / 5 {
        set_now(now() + 5_000);
        rows.tick();
    }
}

fn card(rows: &Rows) -> AutoscalerView {
    match rows.seen_by(&Grants::everything()).page(&Topic::Environment("a/production".parse().unwrap())) {
        Page::Environment(mut view) => view.autoscalers.remove(0),
        other => panic!("{other:?}"),
    }
}

#[test]
fn there_is_a_sample_every_15_seconds_for_an_hour() {
    let rows = scene(Vec::new());
    pass(&rows, 5_000);
    let samples = rows.autoscaler_samples(0, i64::MAX);
    assert!((240..=241).contains(&samples.len()), "{}", samples.len());
    assert!(samples.windows(2).all(|pair| pair[1].1.at - pair[0].1.at == STEP), "{samples:?}");
    let (place, last) = &samples[samples.len() - 1];
    assert_eq!(
        (&place.cluster, place.namespace.as_str(), place.name.as_str()),
        (&MAIN.cluster(), NAMESPACES[0], "web-hpa")
    );
    assert_eq!((last.replicas, last.desired), (2, 2));
    assert!(last.at % STEP == 0 && now() / 1000 - last.at < STEP, "{last:?}");
    let after = last.at - 4 * STEP;
    let between: Vec<i64> =
        rows.autoscaler_samples(after, last.at).iter().map(|(_, sample)| sample.at - after).collect();
    assert_eq!(between, [STEP, 2 * STEP, 3 * STEP]);
}

#[test]
fn what_is_not_current_is_not_sampled_and_predicts_nothing() {
    let rows = scene(Vec::new());
    pass(&rows, 60);
    let before = rows.autoscaler_samples(0, i64::MAX);
    assert!(!before.is_empty());
    rows.silent(&MAIN.cluster(), "It does not answer.");
    pass(&rows, 60);
    assert_eq!(rows.autoscaler_samples(0, i64::MAX), before);
    let card = card(&rows);
    assert_eq!(card.state, Health::Unknown);
    assert_eq!(&*card.next, "What it does next is not known: nothing current comes from the cluster.");
}

#[test]
fn what_was_kept_is_shown_as_soon_as_the_autoscaler_is_seen_again() {
    let place = AutoscalerPlace {
        cluster: MAIN.cluster(),
        namespace: NAMESPACES[0].parse().unwrap(),
        name: "web-hpa".parse().unwrap(),
    };
    let start = START - START % STEP;
    let sample = |ago: i64, replicas| Sample {
        at: start - ago,
        replicas,
        desired: replicas,
        load: Some(90),
        asked: Some(replicas),
    };
    let kept = [(1800, 1), (1785, 3), (1770, 3)].map(|(ago, replicas)| (place.clone(), sample(ago, replicas)));
    let rows = scene(kept.to_vec());
    let chart = card(&rows).chart.unwrap();
    assert!(chart.text.contains("replicas 1 to 3, load at 90 % of its target, not scaled."), "{}", chart.text);
    // Those that were kept are not written again, and those of now follow them.
    pass(&rows, 30);
    let times: Vec<i64> = rows.autoscaler_samples(0, i64::MAX).iter().map(|(_, sample)| sample.at - start).collect();
    assert_eq!(&times[..3], [-1800, -1785, -1770]);
    assert!(times.len() > 3 && times[3] >= 0, "{times:?}");
}

#[test]
fn changes_of_its_size_are_told_with_their_reasons() {
    let rows = scene(Vec::new());
    pass(&rows, 60);
    let event = |number: u32, about: (&str, &str), reason: &str, last: i64| {
        let mut seen = thing(Kind::Event, "e0").observed(0, 1);
        seen.uid = u128::from(number) + 10;
        seen.key.name = format!("event-{number}").into();
        let Object::Event(event) = &mut seen.object else { panic!("no event") };
        (event.about, event.reason) = ((about.0.into(), about.1.into()), reason.into());
        (event.message, event.last, event.warning) = (format!("New size: {number}").into(), last, false);
        Change::Seen(seen)
    };
    let ours = ("HorizontalPodAutoscaler", "web-hpa");
    rows.take_in(
        &MAIN.cluster(),
        vec![
            event(3, ours, "SuccessfulRescale", START + 10),
            event(4, ours, "SuccessfulRescale", START + 40),
            event(5, ours, "FailedGetScale", START + 40),
            event(6, ("HorizontalPodAutoscaler", "api-hpa"), "SuccessfulRescale", START + 40),
            event(7, ("Deployment", "web-hpa"), "SuccessfulRescale", START + 40),
            event(8, ours, "SuccessfulRescale", START - 4_000),
        ],
    );
    let card = card(&rows);
    let told: Vec<&str> = card.scalings.iter().map(|(_, text)| text.split_once(' ').unwrap().1).collect();
    assert_eq!(told, ["New size: 4", "New size: 3"]);
    assert!(card.scalings.iter().all(|(place, _)| *place > 700 && *place <= 720), "{:?}", card.scalings);
    assert!(card.chart.unwrap().text.ends_with("scaled 2 times."));
}
