//! When a check is run again.

use super::{CheckKind, Outcome};

/// Seconds until one that has just failed is asked again: most failures are over by then.
const SECOND_LOOK_S: u32 = 10;
/// The longest pause of one that goes on failing, in seconds, unless it is asked less often anyway: what is back is seen within a
/// minute.
const LONGEST_S: u32 = 60;
/// Seconds for which whoever did not take our credential is not asked again by hand.
const LOCKED_OUT_S: u64 = 30;

/// Whether a check asks anybody, or looks at what is held already and costs nobody anything.
pub fn asks_others(kind: CheckKind) -> bool {
    match kind {
        CheckKind::Cluster | CheckKind::Pods => false,
        CheckKind::Services | CheckKind::Health | CheckKind::Postgres | CheckKind::Redis | CheckKind::Telemetry => true,
    }
}

/// Whether a check that was asked so many seconds ago may be asked by hand: not soon again where our credential was not taken then.
pub fn may_be_asked(was_locked_out: bool, asked_s_ago: u64) -> bool {
    !was_locked_out || asked_s_ago >= LOCKED_OUT_S
}

/// Seconds until a check is run again. `in_a_row`: how often it has failed, this time counted; `every`: seconds between two runs
/// while nothing is wrong.
pub fn pause_s(kind: CheckKind, outcome: Outcome, in_a_row: u32, every: u32) -> u32 {
    let asks_others = asks_others(kind);
    match outcome {
        Outcome::Ok | Outcome::Warning | Outcome::NotConfigured => every,
        Outcome::Unknown if !asks_others => SECOND_LOOK_S.min(every),
        Outcome::Failed if !asks_others => every,
        Outcome::Failed | Outcome::Unknown if in_a_row <= 1 => SECOND_LOOK_S.min(every),
        Outcome::Failed | Outcome::Unknown => {
            let doublings = in_a_row.saturating_sub(2).min(16);
            every.saturating_mul(1 << doublings).min(LONGEST_S.max(every))
        }
    }
}

/// A pause in milliseconds, up to a tenth longer or shorter, so that what started together does not go on together. `dice`: any
/// number.
pub fn jittered_ms(pause_s: u32, dice: u32) -> u64 {
    let pause = u64::from(pause_s) * 1000;
    pause - pause / 10 + u64::from(dice) % (pause / 5).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_fails_is_looked_at_again_soon_and_then_less_and_less() {
        let pauses =
            |kind, every| (1..=7).map(|in_a_row| pause_s(kind, Outcome::Failed, in_a_row, every)).collect::<Vec<_>>();
        assert_eq!(pauses(CheckKind::Redis, 30), [10, 30, 60, 60, 60, 60, 60]);
        assert_eq!(pauses(CheckKind::Redis, 600), [10, 600, 600, 600, 600, 600, 600]);
        assert_eq!(pauses(CheckKind::Pods, 30), [30; 7]);
        for outcome in [Outcome::Ok, Outcome::Warning, Outcome::NotConfigured] {
            assert_eq!(pause_s(CheckKind::Redis, outcome, 0, 30), 30);
        }
        assert_eq!(pause_s(CheckKind::Redis, Outcome::Unknown, u32::MAX, u32::MAX), u32::MAX);
    }

    #[test]
    fn who_did_not_take_a_password_is_asked_by_hand_twice_a_minute() {
        for (was_locked_out, asked_s_ago, expected) in
            [(false, 0, true), (true, 0, false), (true, 29, false), (true, 30, true)]
        {
            assert_eq!(may_be_asked(was_locked_out, asked_s_ago), expected, "{asked_s_ago} s");
        }
    }

    #[test]
    fn a_pause_is_a_tenth_off_at_most() {
        for dice in [0, 1, 5_999, 6_000, u32::MAX] {
            let pause = jittered_ms(30, dice);
            assert!((27_000..=33_000).contains(&pause), "{pause}");
        }
        assert_eq!(jittered_ms(0, 7), 0);
    }
}
