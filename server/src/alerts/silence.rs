//! Silences: who may begin and end one, and that it stands in the record.

use domain::access::{Place, Right, Role};
use domain::alert::life::Stage;
use domain::ledger::{Entry, Kind, Outcome};
use domain::name::EnvironmentId;
use domain::registry::Registry;
use domain::text::plain;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::{Alerts, new_id};
use crate::people::Session;
use crate::store::{Silence, StoreError, Write};

/// The most characters of a reason.
const LONGEST_REASON: usize = 1_000;
/// The longest silence whose end is written: 30 days.
const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Until when something is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// For an hour.
    Hour,
    /// For four hours.
    FourHours,
    /// Until it is nine o'clock the next time, where the environment's people are.
    Morning,
    /// Until a time by the clock there.
    At(DateTime),
}

impl Until {
    /// By its word in the form, unless a time is written: `2026-11-23T17:30`.
    pub fn of(word: &str, time: &str) -> Option<Self> {
        if !time.trim().is_empty() {
            return time.trim().parse().ok().map(Self::At);
        }
        match word {
            "1h" => Some(Self::Hour),
            "4h" => Some(Self::FourHours),
            "morning" => Some(Self::Morning),
            _ => None,
        }
    }

    /// The moment, microseconds since 1970.
    pub fn at(self, now: i64, zone: &TimeZone) -> Option<i64> {
        let now = Timestamp::from_microsecond(now).ok()?;
        let there = now.to_zoned(zone.clone());
        let nine = |day: Date| Some(day.at(9, 0, 0, 0).to_zoned(zone.clone()).ok()?.timestamp());
        let at = match self {
            Self::Hour => now + SignedDuration::from_hours(1),
            Self::FourHours => now + SignedDuration::from_hours(4),
            Self::Morning => match nine(there.date())? {
                today if today > now => today,
                _ => nine(there.date().checked_add(1.day()).ok()?)?,
            },
            Self::At(time) => {
                let at = time.to_zoned(zone.clone()).ok()?.timestamp();
                if at <= now || at > now + LONGEST {
                    return None;
                }
                at
            }
        };
        Some(at.as_microsecond())
    }
}

/// Why nothing was silenced.
#[derive(Debug, thiserror::Error)]
pub enum SilenceRefusal {
    /// None that one may see.
    #[error("there is no such alert any more")]
    Absent,
    /// Looking is not enough.
    #[error("silencing alerts here needs the role operator or lead")]
    Right,
    /// It ended meanwhile, and what is not shown as firing would be silent unseen.
    #[error("this alert is over: nothing was silenced")]
    Over,
    /// Nobody would know why.
    #[error("write a reason: others will wonder why nobody was called")]
    NoReason,
    /// The time cannot be worked out.
    #[error("until when is not clear: choose one of the times, or write one that is ahead and at most 30 days away")]
    NoTime,
    /// It cannot be recorded.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Alerts {
    /// Keeps everybody from being told of the thing that an alert is about, for a while.
    pub async fn silence(
        &self,
        who: &Session,
        alert: &str,
        until: Option<Until>,
        reason: &str,
        now: i64,
    ) -> Result<(), SilenceRefusal> {
        let reason = plain(reason.trim(), LONGEST_REASON).into_owned();
        let mut write = self.people.store().write().await?;
        let kept = write.alert(alert).await?.filter(|kept| who.user.grants.sees(&kept.alert.key.environment));
        let kept = kept.ok_or(SilenceRefusal::Absent)?;
        let key = kept.alert.key.clone();
        let role = self.operates(&mut write, who, &key.environment).await?;
        if kept.alert.stage() == Stage::Resolved {
            return Err(SilenceRefusal::Over);
        }
        if reason.chars().all(|c| c == char::REPLACEMENT_CHARACTER || c.is_whitespace()) {
            return Err(SilenceRefusal::NoReason);
        }
        let zone = zone_of(&self.registry(), &key.environment);
        let until_at = until.and_then(|until| until.at(now, &zone)).ok_or(SilenceRefusal::NoTime)?;
        let by = who.user.name.to_string();
        let silence = Silence { id: new_id(), key: key.clone(), begun_at: now, until_at, reason: reason.clone(), by };
        write.begin_silence(&silence).await?;
        let what = format!(
            "Silenced the alert {} until {}: {}.",
            key.rule.rule().words,
            written(until_at, &zone),
            plain(&kept.alert.title, 200)
        );
        write.append(&entry(who, role, key.environment, what, reason, now)).await?;
        write.commit().await?;
        Ok(())
    }

    /// Ends a silence before its time.
    pub async fn end_silence(&self, who: &Session, id: &str, now: i64) -> Result<(), SilenceRefusal> {
        let mut write = self.people.store().write().await?;
        let silence = write.silence(id).await?.filter(|silence| who.user.grants.sees(&silence.key.environment));
        let silence = silence.ok_or(SilenceRefusal::Absent)?;
        let key = silence.key;
        let role = self.operates(&mut write, who, &key.environment).await?;
        if write.end_silence(id, now).await? {
            let about = if key.about.is_empty() { String::new() } else { format!(" of {}", plain(&key.about, 253)) };
            let what = format!("Ended the silence of the alert {}{about}.", key.rule.rule().words);
            write.append(&entry(who, role, key.environment, what, String::new(), now)).await?;
        }
        write.commit().await?;
        Ok(())
    }

    /// The role by which somebody may silence in an environment as it is in this transaction.
    async fn operates(&self, write: &mut Write, who: &Session, id: &EnvironmentId) -> Result<Role, SilenceRefusal> {
        let place = Place::Environment(id);
        let role = self.people.role_now(write, who.user.id, &who.groups, Right::Operate, place).await?;
        role.ok_or(SilenceRefusal::Right)
    }

    /// The name of the time zone in which the end of a silence is written: `America/New_York`.
    pub fn zone(&self, id: &EnvironmentId) -> String {
        zone_of(&self.registry(), id).iana_name().unwrap_or("UTC").to_owned()
    }

    /// Whether somebody may silence in an environment, as far as is known.
    pub fn may_silence(&self, who: &Session, id: &EnvironmentId) -> bool {
        who.user.grants.may(Right::Operate, Place::Environment(id))
    }
}

/// The zone of an environment's people; UTC where it is not registered any more.
fn zone_of(registry: &Registry, id: &EnvironmentId) -> TimeZone {
    let zone = registry.environment(id).and_then(|(_, environment)| TimeZone::get(&environment.time_zone).ok());
    zone.unwrap_or(TimeZone::UTC)
}

/// `2026-11-23 09:00 America/New_York`.
fn written(us: i64, zone: &TimeZone) -> String {
    let at = Timestamp::from_microsecond(us).unwrap_or_default().to_zoned(zone.clone());
    format!("{} {}", at.strftime("%Y-%m-%d %H:%M"), zone.iana_name().unwrap_or("UTC"))
}

fn entry(who: &Session, role: Role, environment: EnvironmentId, what: String, why: String, at: i64) -> Entry {
    Entry {
        at,
        kind: Kind::AlertSilenced,
        outcome: Outcome::Done,
        actor: who.actor(Some(role)),
        operation: None,
        environment: Some(environment),
        target: None,
        whom: None,
        what,
        why,
        plan: Vec::new(),
        before: Vec::new(),
        after: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_until_a_time_is_by_the_clock_there_ahead_and_not_for_ever() {
        let now = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
        let zone = TimeZone::get("America/New_York").unwrap();
        for (time, expected) in [
            ("2026-11-22T17:30", Some("2026-11-22T22:30:00Z")),
            ("2026-11-22T17:30:15", Some("2026-11-22T22:30:15Z")),
            // It is ten there.
            ("2026-11-22T10:00", None),
            ("2026-11-22T10:01", Some("2026-11-22T15:01:00Z")),
            ("2026-12-22T10:00", Some("2026-12-22T15:00:00Z")),
            ("2026-12-22T10:01", None),
            ("2026-11-21T17:30", None),
            ("tomorrow", None),
        ] {
            let until = Until::of("1h", time).and_then(|until| until.at(now("2026-11-22T15:00:00Z"), &zone));
            assert_eq!(until, expected.map(now), "{time}");
        }
    }

    #[test]
    fn a_silence_lasts_hours_or_until_the_morning_of_the_place() {
        let now = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
        for (word, zone, at, expected) in [
            ("1h", "UTC", "2026-11-22T08:00:00Z", "2026-11-22T09:00:00Z"),
            ("4h", "Europe/Berlin", "2026-11-22T22:30:00Z", "2026-11-23T02:30:00Z"),
            ("morning", "UTC", "2026-11-22T08:00:00Z", "2026-11-22T09:00:00Z"),
            ("morning", "UTC", "2026-11-22T09:00:00Z", "2026-11-23T09:00:00Z"),
            // It is still the 21st in New York.
            ("morning", "America/New_York", "2026-11-22T03:00:00Z", "2026-11-22T14:00:00Z"),
            // The night in which clocks are set back.
            ("morning", "Europe/Berlin", "2026-10-24T20:00:00Z", "2026-10-25T08:00:00Z"),
        ] {
            let until = Until::of(word, "").unwrap().at(now(at), &TimeZone::get(zone).unwrap());
            assert_eq!(until, Some(now(expected)), "{word} {zone} {at}");
        }
        assert_eq!(Until::of("for ever", ""), None);
        assert_eq!(
            written(now("2026-11-22T14:00:00Z"), &TimeZone::get("America/New_York").unwrap()),
            "2026-11-22 09:00 America/New_York"
        );
    }
}
