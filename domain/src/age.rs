//! How old something is, in the words people use.

use std::fmt;

/// An age, shown with its two biggest units at most: `0.2 s`, `14 s`, `4 min`, `2 h`, `3 d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Age {
    milliseconds: i64,
}

impl Age {
    /// The time from `then` to `now`, both in milliseconds since 1970. A `then` in the future counts as now.
    pub fn between_ms(then: i64, now: i64) -> Self {
        Self { milliseconds: now.saturating_sub(then).max(0) }
    }

    /// The time from `then` to `now`, both in seconds since 1970.
    pub fn between(then: i64, now: i64) -> Self {
        Self::between_ms(then.saturating_mul(1000), now.saturating_mul(1000))
    }

    /// Whole seconds.
    pub fn seconds(self) -> i64 {
        self.milliseconds / 1000
    }

    /// Written out, for sentences: `4 minutes`, `1 day`.
    pub fn words(self) -> String {
        let seconds = self.seconds();
        let (count, unit) = match seconds {
            ..60 => (seconds, "second"),
            60..3600 => (seconds / 60, "minute"),
            3600..172_800 => (seconds / 3600, "hour"),
            _ => (seconds / 86_400, "day"),
        };
        format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.seconds();
        match seconds {
            ..1 => write!(f, "0.{} s", self.milliseconds / 100),
            1..100 => write!(f, "{seconds} s"),
            100..6000 => write!(f, "{} min", seconds / 60),
            6000..172_800 => write!(f, "{} h", seconds / 3600),
            _ => write!(f, "{} d", seconds / 86_400),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_reads_like_a_person_would_say_it() {
        for (milliseconds, short, words) in [
            (0, "0.0 s", "0 seconds"),
            (240, "0.2 s", "0 seconds"),
            (1_000, "1 s", "1 second"),
            (59_000, "59 s", "59 seconds"),
            (99_000, "99 s", "1 minute"),
            (240_000, "4 min", "4 minutes"),
            (5_999_000, "99 min", "1 hour"),
            (7_200_000, "2 h", "2 hours"),
            (172_800_000, "2 d", "2 days"),
            (-5_000, "0.0 s", "0 seconds"),
        ] {
            let age = Age::between_ms(0, milliseconds);
            assert_eq!((age.to_string().as_str(), age.words().as_str()), (short, words), "{milliseconds} ms");
        }
    }
}
