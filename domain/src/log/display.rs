//! How lines are shown: by which clock their times are said, and whether long ones are broken.

use serde::{Deserialize, Serialize};

/// The latest moment that times are counted from: the last of the year 9999, seconds since 1970.
const LATEST: i64 = 253_402_300_799;

/// How lines are shown. It changes nothing of which they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Display {
    /// What the times say.
    pub times: Times,
    /// Whether a long line stays in one.
    pub unbroken: bool,
}

/// What the times of lines say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Times {
    /// When, in UTC.
    #[default]
    Utc,
    /// When, by the clock of whoever looks.
    Local,
    /// How long before or after a moment, seconds since 1970: in a link it stays the same moment for everybody.
    From(i64),
}

impl Times {
    /// As it stands in the URL; nothing for UTC.
    pub fn written(self) -> Option<String> {
        match self {
            Self::Utc => None,
            Self::Local => Some("local".to_owned()),
            Self::From(moment) => Some(moment.to_string()),
        }
    }

    /// Reads it; what cannot be read is UTC.
    pub fn read(text: &str) -> Self {
        match text.parse() {
            _ if text == "local" => Self::Local,
            Ok(moment) if (0..=LATEST).contains(&moment) => Self::From(moment),
            Ok(_) | Err(_) => Self::Utc,
        }
    }
}

/// A time zone, as far as the times of logs need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// Its name in the tz database: `Europe/Berlin`.
    pub name: String,
    /// From which moment on, seconds since 1970, its clocks are how many seconds ahead of UTC; in order of time. Before the first as from it
    /// on.
    pub offsets: Vec<(i64, i32)>,
}

impl Zone {
    /// How many seconds its clocks are ahead of UTC at a moment, seconds since 1970.
    pub fn offset(&self, at: i64) -> i64 {
        let before = self.offsets.iter().take_while(|(since, _)| *since <= at).last();
        before.or(self.offsets.first()).map_or(0, |(_, offset)| i64::from(*offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_stand_in_the_url_as_they_are_read() {
        for (text, times, written) in [
            ("local", Times::Local, Some("local")),
            ("1795255200", Times::From(1_795_255_200), Some("1795255200")),
            ("0", Times::From(0), Some("0")),
            ("utc", Times::Utc, None),
            ("", Times::Utc, None),
            ("-1", Times::Utc, None),
            ("253402300800", Times::Utc, None),
        ] {
            assert_eq!(Times::read(text), times, "{text}");
            assert_eq!(times.written().as_deref(), written, "{text}");
        }
    }

    #[test]
    fn a_zone_is_ahead_by_what_it_is_at_that_time() {
        let zone = Zone { name: "Europe/Berlin".to_owned(), offsets: vec![(100, 7_200), (200, 3_600)] };
        for (at, offset) in [(99, 7_200), (100, 7_200), (199, 7_200), (200, 3_600), (1_000, 3_600)] {
            assert_eq!(zone.offset(at), offset, "{at}");
        }
        assert_eq!(Zone { name: String::new(), offsets: Vec::new() }.offset(5), 0);
    }
}
