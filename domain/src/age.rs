//! How old something is, in the words people use.

use std::fmt;

/// How far ahead of our clock a moment may lie and still count as now: clocks are never quite together.
const SKEW_MS: i64 = 5_000;

/// An age, shown in its biggest unit: `0.2 s`, `14 s`, `4 min`, `2 h`, `3 d`; of a moment that has yet to come `in 2 h`. The
/// same age has the same unit wherever it stands: see [`Unit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Age {
    milliseconds: i64,
    /// Whether the moment lies ahead: a clock is wrong, or somebody wrote what is not so.
    ahead: bool,
}

/// How far two moments are apart, in seconds, whichever was first: a moment far ahead is as little just now as one long ago.
pub(crate) fn apart(then: i64, now: i64) -> i64 {
    now.saturating_sub(then).saturating_abs()
}

/// What an age is counted in, rounded down: seconds below a minute, minutes below an hour, hours below two days. `1 d` would
/// hide up to 23 of them, and of what changed yesterday the hour matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
}

impl Unit {
    /// As figures and as words have it.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Second => ("s", "second"),
            Self::Minute => ("min", "minute"),
            Self::Hour => ("h", "hour"),
            Self::Day => ("d", "day"),
        }
    }
}

impl Age {
    /// The time from `then` to `now`, both in milliseconds since 1970. A `then` up to 5 s in the future counts as now.
    pub fn between_ms(then: i64, now: i64) -> Self {
        let passed = now.saturating_sub(then);
        let ahead = passed < -SKEW_MS;
        Self { milliseconds: if ahead { passed.saturating_neg() } else { passed.max(0) }, ahead }
    }

    /// The time from `then` to `now`, both in seconds since 1970.
    pub fn between(then: i64, now: i64) -> Self {
        Self::between_ms(then.saturating_mul(1000), now.saturating_mul(1000))
    }

    /// Whole seconds, from the moment or to it.
    pub fn seconds(self) -> i64 {
        self.milliseconds / 1000
    }

    /// Whether the moment has yet to come, by our clock.
    pub fn is_ahead(self) -> bool {
        self.ahead
    }

    /// With what it is: `3 d ago`, `in 2 h`.
    pub fn ago(self) -> String {
        if self.ahead { self.to_string() } else { format!("{self} ago") }
    }

    /// Written out, for sentences: `4 minutes`, `1 day`.
    pub fn words(self) -> String {
        let (count, unit) = self.counted();
        format!("{count} {}{}", unit.names().1, if count == 1 { "" } else { "s" })
    }

    fn counted(self) -> (i64, Unit) {
        let seconds = self.seconds();
        match seconds {
            ..60 => (seconds, Unit::Second),
            60..3600 => (seconds / 60, Unit::Minute),
            3600..172_800 => (seconds / 3600, Unit::Hour),
            172_800.. => (seconds / 86_400, Unit::Day),
        }
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ahead {
            f.write_str("in ")?;
        }
        match self.counted() {
            (..1, Unit::Second) => write!(f, "0.{} s", self.milliseconds / 100),
            (count, unit) => write!(f, "{count} {}", unit.names().0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_that_has_yet_to_come_is_never_just_now() {
        let hour = 3_600_000;
        for (then, short, ago, is_ahead) in [
            (4_999, "0.0 s", "0.0 s ago", false),
            (5_000, "0.0 s", "0.0 s ago", false),
            (5_001, "in 5 s", "in 5 s", true),
            (3 * hour, "in 3 h", "in 3 h", true),
            (i64::MAX, "in 106751991167 d", "in 106751991167 d", true),
            (i64::MIN, "106751991167 d", "106751991167 d ago", false),
        ] {
            let age = Age::between_ms(then, 0);
            let said = (age.to_string(), age.ago(), age.is_ahead());
            assert_eq!((said.0.as_str(), said.1.as_str(), said.2), (short, ago, is_ahead), "{then}");
            assert!(age.seconds() >= 0);
        }
    }

    #[test]
    fn an_age_reads_like_a_person_would_say_it() {
        for (milliseconds, short, words) in [
            (0, "0.0 s", "0 seconds"),
            (240, "0.2 s", "0 seconds"),
            (1_000, "1 s", "1 second"),
            (59_000, "59 s", "59 seconds"),
            (59_999, "59 s", "59 seconds"),
            (60_000, "1 min", "1 minute"),
            (98_000, "1 min", "1 minute"),
            (120_000, "2 min", "2 minutes"),
            (240_000, "4 min", "4 minutes"),
            (3_599_999, "59 min", "59 minutes"),
            (3_600_000, "1 h", "1 hour"),
            (5_999_000, "1 h", "1 hour"),
            (7_200_000, "2 h", "2 hours"),
            (86_400_000, "24 h", "24 hours"),
            (172_799_999, "47 h", "47 hours"),
            (172_800_000, "2 d", "2 days"),
            (-5_000, "0.0 s", "0 seconds"),
        ] {
            let age = Age::between_ms(0, milliseconds);
            assert_eq!((age.to_string().as_str(), age.words().as_str()), (short, words), "{milliseconds} ms");
        }
    }
}
