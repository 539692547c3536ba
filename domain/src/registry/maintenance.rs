//! When an environment may be disturbed, as the registry writes it.

use serde::{Deserialize, Serialize};

/// When an environment may be disturbed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Maintenance {
    /// Nothing was declared.
    #[default]
    Undeclared,
    /// At any time.
    AnyTime,
    /// In these windows only, in the environment's time zone.
    Windows(Vec<MaintenanceWindow>),
}

/// A window that comes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MaintenanceWindow {
    /// The days on which it opens.
    pub days: Vec<Weekday>,
    /// Only the n-th such day of a month, 1 to 5; every week when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u8>,
    /// Wall-clock time at which it opens: `02:00`.
    pub from: WallTime,
    /// Wall-clock time at which it closes: `06:00`. Not after `from`: the next day. `24:00` is midnight.
    pub to: WallTime,
    /// What to keep in mind: `coordinate with testers`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A time in which nothing is changed: it wins over every window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Freeze {
    /// Its first moment, on the wall clock of the environment's zone: `2026-12-18T18:00`.
    pub from: WallDateTime,
    /// Its end, the first moment that is free again.
    pub to: WallDateTime,
    /// Why: `year-end closing`.
    pub why: String,
}

/// A date with a time on the wall clock, `2026-12-18T18:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
pub struct WallDateTime(pub jiff::civil::DateTime);

impl TryFrom<String> for WallDateTime {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        // jiff reads more forms, also some with a zone that would be ignored.
        let shaped = text.len() == 16 && text.as_bytes()[10] == b'T';
        text.parse().ok().filter(|_| shaped).map(Self).ok_or_else(|| {
            format!("'{text}' is not a date with a time: write YYYY-MM-DDTHH:MM, in the environment's zone")
        })
    }
}

impl From<WallDateTime> for String {
    fn from(time: WallDateTime) -> Self {
        time.0.strftime("%Y-%m-%dT%H:%M").to_string()
    }
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say all")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// A time on the wall clock, `HH:MM`, `00:00` to `24:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
pub struct WallTime {
    /// Minutes since midnight, at most 1440.
    pub minutes: u16,
}

impl TryFrom<String> for WallTime {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let digits = |part: &str| if part.len() == 2 { part.parse::<u16>().ok() } else { None };
        text.split_once(':')
            .and_then(|(hours, minutes)| Some((digits(hours)?, digits(minutes)?)))
            .filter(|&(hours, minutes)| minutes < 60 && hours * 60 + minutes <= 1440)
            .map(|(hours, minutes)| Self { minutes: hours * 60 + minutes })
            .ok_or_else(|| format!("'{text}' is not a time of day: write HH:MM, 00:00 to 24:00, in quotes"))
    }
}

impl From<WallTime> for String {
    fn from(time: WallTime) -> Self {
        format!("{:02}:{:02}", time.minutes / 60, time.minutes % 60)
    }
}
