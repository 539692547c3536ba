use proptest::prelude::*;

use super::*;

/// 2026-11-21 10:15:07 UTC.
const MOMENT: i64 = 1_795_256_107;

fn counted(seconds: &[i64]) -> Counts {
    seconds.iter().map(|second| (second * NANOSECONDS, Level::Info)).collect()
}

/// The chart, without any thought of memory: every time is kept until it is known how long a bar is.
fn simple(entries: &[(i64, Level)]) -> Chart {
    let seconds: Vec<i64> = entries.iter().map(|(at, _)| at.div_euclid(NANOSECONDS)).collect();
    let Some((first, last)) = seconds.iter().min().zip(seconds.iter().max()) else {
        return Chart { step_seconds: 1, bars: Vec::new() };
    };
    let places = |step: u32| first.div_euclid(i64::from(step))..=last.div_euclid(i64::from(step));
    let fits = |step: u32| places(step).end() - places(step).start() < 120;
    let step = STEPS.into_iter().find(|step| fits(*step)).unwrap();
    let bar = |place: i64| {
        let start = place * i64::from(step);
        let mut tally = Tally::default();
        for (second, (_, level)) in seconds.iter().zip(entries) {
            if (start..start + i64::from(step)).contains(second) {
                tally += Tally::one(*level);
            }
        }
        Bar { start, tally }
    };
    Chart { step_seconds: step, bars: places(step).map(bar).collect() }
}

#[test]
fn a_bar_is_as_short_as_all_of_them_have_room() {
    for (span, step, length) in [
        (0, 1, 1),
        (119, 1, 120),
        (120, 5, 25),
        (590, 5, 119),
        (600, 10, 61),
        (3_600, 60, 61),
        (7_193, 300, 25),
        (86_400, 1_800, 49),
        (7 * 86_400, 21_600, 29),
        (60 * 86_400, 86_400, 61),
        (365 * 86_400, 5 * 86_400, 74),
    ] {
        let Chart { step_seconds, bars } = counted(&[MOMENT, MOMENT + span]).chart();
        assert_eq!((step_seconds, bars.len()), (step, length), "{span} s");
    }
}

#[test]
fn a_bar_begins_where_clocks_in_utc_do() {
    for (seconds, step, starts) in [
        (vec![], 1, vec![]),
        (vec![MOMENT], 1, vec![MOMENT]),
        (vec![MOMENT, MOMENT - 2], 1, vec![MOMENT - 2, MOMENT - 1, MOMENT]),
        (vec![0, 100, 120], 5, (0..=120).step_by(5).collect()),
        (vec![-1, 119], 5, (-5..=115).step_by(5).collect()),
        (vec![-86_401, 0], 1_800, (-88_200..=0).step_by(1_800).collect()),
    ] {
        let chart = counted(&seconds).chart();
        let found: Vec<i64> = chart.bars.iter().map(|bar| bar.start).collect();
        assert_eq!((chart.step_seconds, found), (step, starts), "{seconds:?}");
    }
    let half_a_second_before = [(-NANOSECONDS / 2, Level::Info)].into_iter().collect::<Counts>().chart();
    assert_eq!(half_a_second_before.bars[0].start, -1);
}

#[test]
fn a_bar_tells_what_is_bad_from_what_is_not() {
    let entries = Level::ALL.into_iter().map(|level| (MOMENT * NANOSECONDS, level));
    let tally = Tally { errors: 2, warnings: 1, others: 4 };
    assert_eq!(entries.collect::<Counts>().chart().bars, [Bar { start: MOMENT, tally }]);
    assert_eq!(tally.all(), 7);
}

#[test]
fn bars_become_longer_without_being_counted_anew() {
    for pair in STEPS.windows(2) {
        assert!(pair[0] < pair[1] && pair[1].is_multiple_of(pair[0]), "{pair:?}");
    }
}

#[test]
fn times_far_off_have_a_chart() {
    let entries = [i64::MIN, -1, 0, MOMENT, i64::MAX, i64::MIN, i64::MAX].map(|at| (at, Level::Error));
    let Chart { step_seconds, bars } = entries.into_iter().collect::<Counts>().chart();
    assert_eq!((step_seconds, bars.len()), (5_000 * DAY, 44));
    let ends = (bars[0].tally.errors, bars[43].tally.errors);
    assert_eq!((ends, bars.iter().map(|bar| bar.tally.all()).sum::<u64>()), ((2, 2), 7));
}

fn entries() -> impl Strategy<Value = Vec<(i64, Level)>> {
    let near = |span: i64| (0..=span).prop_map(|past| MOMENT * NANOSECONDS + past);
    let spans = [1, 200, 4_000, 90_000, 40_000_000].map(|seconds| near(seconds * NANOSECONDS).boxed());
    let time = prop_oneof![
        20 => prop::strategy::Union::new(spans),
        2 => (-300..300i64).prop_map(|second| second * NANOSECONDS / 2),
        1 => any::<i64>(),
        1 => prop::sample::select(vec![i64::MIN, i64::MIN + 1, -1, 0, i64::MAX]),
    ];
    prop::collection::vec((time, prop::sample::select(Level::ALL.to_vec())), 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn a_chart_is_that_of_all_entries_in_whatever_order(
        (entries, shuffled) in entries().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
    ) {
        let counts: Counts = entries.iter().copied().collect();
        prop_assert_eq!(counts.chart(), simple(&entries));
        prop_assert!(counts.chart().bars.len() <= MOST_BARS);
        prop_assert_eq!(counts, shuffled.into_iter().collect::<Counts>());
    }

    #[test]
    fn counts_are_put_together_in_whatever_order(entries in entries(), cuts in (0..=100usize, 0..=100usize)) {
        let (first, rest) = entries.split_at(entries.len() * cuts.0 / 100);
        let (second, third) = rest.split_at(rest.len() * cuts.1 / 100);
        let parts = [first, second, third].map(|part| part.iter().copied().collect::<Counts>());
        let whole: Counts = entries.iter().copied().collect();
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let [one, two, three] = order.map(|place: usize| parts[place].clone());
            let mut leftmost = one.clone();
            leftmost.merge(two.clone());
            leftmost.merge(three.clone());
            prop_assert_eq!(&leftmost, &whole, "{:?}", order);
            let mut rest = two;
            rest.merge(three);
            let mut rightmost = one;
            rightmost.merge(rest);
            prop_assert_eq!(&rightmost, &whole, "{:?}", order);
        }
    }

    #[test]
    fn no_more_is_held_than_a_chart_shows(entries in entries()) {
        let mut counts = Counts::default();
        for (at, level) in entries {
            counts.add(at, level);
            prop_assert!(counts.bars.len() <= MOST_BARS && counts.length() <= MOST_BARS as i64);
        }
    }
}
