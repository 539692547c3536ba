use proptest::prelude::*;

use super::*;
use crate::alert::RuleId;

const TERMS: Terms = Terms { severity: Severity::Critical, for_seconds: 120, quiet_seconds: 60, is_silenced: false };

fn key() -> AlertKey {
    AlertKey { environment: "shop/production".parse().unwrap(), rule: RuleId::EnvironmentDown, about: "".into() }
}

fn symptom(since: Option<i64>) -> Symptom {
    Symptom { about: "".into(), title: "It is down".into(), evidence: "Seen.".into(), since, component: None }
}

/// What is seen at a second, whether it is silenced, and what that makes of it.
type Row = (i64, char, bool, Option<Stage>, Option<NoticeKind>);

/// Plays a table through: `!` is present, `.` absent, `?` unknown.
fn play(rows: &[Row]) {
    let mut alert: Option<Alert> = None;
    let symptom = symptom(None);
    for (second, seen, is_silenced, stage, notice) in rows {
        let look = match seen {
            '!' => Look::Present(&symptom),
            '.' => Look::Absent,
            _ => Look::Unknown,
        };
        let (terms, now) = (Terms { is_silenced: *is_silenced, ..TERMS }, second * SECOND);
        let next = match alert.take() {
            Some(alert) => step(alert, look, &terms, now),
            None => begin(&key(), look, &terms, now),
        };
        assert_eq!(next.alert.as_ref().map(Alert::stage), *stage, "{second} s");
        assert_eq!(next.notice, *notice, "{second} s");
        alert = next.alert;
    }
}

const PENDING: Option<Stage> = Some(Stage::Pending);
const FIRING: Option<Stage> = Some(Stage::Firing);
const RESOLVED: Option<Stage> = Some(Stage::Resolved);
const FIRES: Option<NoticeKind> = Some(NoticeKind::Firing);
const IS_OVER: Option<NoticeKind> = Some(NoticeKind::Resolved);

#[test]
fn an_alert_fires_after_its_time_and_is_over_a_minute_after_its_symptom() {
    play(&[
        (0, '.', false, None, None),
        (5, '!', false, PENDING, None),
        (124, '!', false, PENDING, None),
        (125, '!', false, FIRING, FIRES),
        (130, '!', false, FIRING, None),
        (200, '.', false, FIRING, None),
        (259, '.', false, FIRING, None),
        (260, '.', false, RESOLVED, IS_OVER),
        (265, '!', false, RESOLVED, None),
    ]);
}

#[test]
fn what_goes_before_its_time_was_nothing() {
    play(&[
        (0, '!', false, PENDING, None),
        (115, '!', false, PENDING, None),
        (118, '.', false, PENDING, None),
        (177, '.', false, PENDING, None),
        (178, '.', false, None, None),
    ]);
}

#[test]
fn what_comes_and_goes_lasts_while_it_never_stays_away() {
    play(&[
        (0, '!', false, PENDING, None),
        (20, '.', false, PENDING, None),
        (79, '.', false, PENDING, None),
        (81, '!', false, PENDING, None),
        // Not for a minute in one piece.
        (100, '.', false, PENDING, None),
        (119, '.', false, PENDING, None),
        // It fires only while it is there.
        (125, '.', false, PENDING, None),
        (130, '!', false, FIRING, FIRES),
    ]);
    // What was not seen for a while may have been back meanwhile.
    play(&[
        (0, '!', false, PENDING, None),
        (5, '.', false, PENDING, None),
        (60, '?', false, PENDING, None),
        (70, '.', false, PENDING, None),
        (129, '.', false, PENDING, None),
        (130, '.', false, None, None),
    ]);
}

#[test]
fn what_comes_and_goes_is_one_alert() {
    play(&[
        (0, '!', false, PENDING, None),
        (120, '!', false, FIRING, FIRES),
        (130, '.', false, FIRING, None),
        (185, '!', false, FIRING, None),
        (190, '.', false, FIRING, None),
        (249, '.', false, FIRING, None),
        (250, '.', false, RESOLVED, IS_OVER),
    ]);
}

#[test]
fn what_nobody_can_see_neither_fires_nor_ends() {
    play(&[
        (0, '!', false, PENDING, None),
        (300, '?', false, PENDING, None),
        (305, '!', false, FIRING, FIRES),
        (310, '.', false, FIRING, None),
        (600, '?', false, FIRING, None),
        // From here on it is quiet again, not since before it was out of sight.
        (605, '.', false, FIRING, None),
        (664, '.', false, FIRING, None),
        (665, '.', false, RESOLVED, IS_OVER),
    ]);
}

#[test]
fn a_silence_holds_back_what_would_be_sent() {
    // It still fires when the silence ends.
    play(&[
        (0, '!', true, PENDING, None),
        (120, '!', true, FIRING, None),
        (300, '!', true, FIRING, None),
        (305, '!', false, FIRING, FIRES),
    ]);
    // It does not any more.
    play(&[
        (0, '!', true, PENDING, None),
        (120, '!', true, FIRING, None),
        (130, '.', true, FIRING, None),
        (190, '.', true, RESOLVED, None),
        (195, '.', false, RESOLVED, None),
    ]);
    // Whoever was told that it fires is told that it is over, also while it is silenced.
    play(&[
        (0, '!', false, PENDING, None),
        (120, '!', false, FIRING, FIRES),
        (125, '.', true, FIRING, None),
        (185, '.', true, RESOLVED, IS_OVER),
        (500, '!', true, RESOLVED, None),
        (505, '!', false, RESOLVED, None),
    ]);
}

#[test]
fn what_the_cluster_dates_began_then() {
    for (since, now, stage) in [
        (Some(1_000), 1_119, Stage::Pending),
        (Some(1_000), 1_120, Stage::Firing),
        // Of a clock that is ahead.
        (Some(9_000), 1_120, Stage::Pending),
        (None, 1_120, Stage::Pending),
    ] {
        let next = begin(&key(), Look::Present(&symptom(since)), &TERMS, now * SECOND);
        assert_eq!(next.alert.unwrap().stage(), stage, "{since:?} {now}");
    }
}

/// What happened to one alert.
#[derive(Debug, Default)]
struct Story {
    notices: Vec<NoticeKind>,
    is_over: bool,
}

proptest! {
    #[test]
    fn whatever_happens_each_alert_is_told_once_and_never_too_early(
        looks in prop::collection::vec((0u8..10, any::<bool>(), 1i64..90), 1..200),
        for_seconds in 0i64..300,
        quiet_seconds in 0i64..120,
    ) {
        let symptom = symptom(None);
        let mut alert: Option<Alert> = None;
        let mut stories = vec![Story::default()];
        // Since when it was seen at every look that said anything, and when it was last there.
        let (mut present_since, mut gone_since, mut now): (Option<i64>, Option<i64>, i64) = (None, None, 0);
        for (look, is_silenced, seconds) in looks {
            now += seconds * SECOND;
            let look = match look {
                0..=5 => Look::Present(&symptom),
                6..=8 => Look::Absent,
                _ => Look::Unknown,
            };
            let terms = Terms { severity: Severity::Warning, for_seconds, quiet_seconds, is_silenced };
            if matches!(look, Look::Present(_)) {
                present_since.get_or_insert(now);
            }
            let was = alert.as_ref().map(Alert::stage);
            let next = match alert.take() {
                // As the server does: what is over leaves room for the next one.
                Some(known) if known.is_settled() => {
                    stories.push(Story::default());
                    begin(&key(), look, &terms, now)
                }
                Some(known) => step(known, look, &terms, now),
                None => begin(&key(), look, &terms, now),
            };
            let stage = next.alert.as_ref().map(Alert::stage);
            let story = stories.last_mut().unwrap();
            if was.is_none_or(|was| was == Stage::Pending) && stage == Some(Stage::Firing) {
                let alert = next.alert.as_ref().unwrap();
                prop_assert!(matches!(look, Look::Present(_)), "it fires only while it is seen");
                prop_assert!(now - alert.since >= for_seconds * SECOND, "too early");
                prop_assert!(alert.since >= present_since.unwrap(), "it was not there all the time");
            }
            if was == Some(Stage::Firing) {
                prop_assert!(stage.is_some_and(|stage| stage >= Stage::Firing), "what fires does not vanish");
            }
            if was != Some(Stage::Resolved) && stage == Some(Stage::Resolved) {
                prop_assert!(matches!(look, Look::Absent), "it is over only when it is known to be gone");
                story.is_over = true;
            }
            if let Some(notice) = next.notice {
                let is_end = notice == NoticeKind::Resolved;
                prop_assert!(!is_silenced || is_end, "nothing but an end is sent while it is silenced");
                story.notices.push(notice);
            }
            // What stays away for its quiet time begins anew.
            match look {
                Look::Present(_) | Look::Unknown => gone_since = None,
                Look::Absent => {
                    let since = *gone_since.get_or_insert(now);
                    if now - since >= quiet_seconds * SECOND {
                        prop_assert!(stage != Some(Stage::Pending), "what stays away is not pending for ever");
                        present_since = None;
                    }
                }
            }
            if stage == Some(Stage::Resolved) {
                present_since = None;
            }
            alert = next.alert;
        }
        for story in &stories {
            let fine = matches!(
                story.notices[..],
                [] | [NoticeKind::Firing] | [NoticeKind::Firing, NoticeKind::Resolved]
            );
            prop_assert!(fine, "{story:?}");
        }
        // Over, told, and no silence at the end: nothing is owed.
        if let Some(last) = alert.filter(|alert| alert.stage() == Stage::Resolved) {
            let told = step(last.clone(), Look::Unknown, &Terms { is_silenced: false, ..TERMS }, now);
            prop_assert!(told.alert.unwrap().is_settled());
            prop_assert_eq!(told.notice.is_some(), last.said == Said::Firing);
        }
    }
}
