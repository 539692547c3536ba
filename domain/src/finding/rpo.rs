//! A promise on how much may be lost, and a backup that is made too seldom to keep it.

use super::around::{Surroundings, condition, finding};
use crate::facts::around::AroundKind;
use crate::view::{Finding, FindingKind, State};

/// Minutes of an hour and of a day.
const MINUTES: (u32, u32) = (60, 24 * 60);

/// One of each declared backup whose schedule cannot keep its RPO.
pub(super) fn findings(place: Surroundings<'_>) -> Vec<Finding> {
    if !place.sees(AroundKind::CronJob) {
        return Vec::new();
    }
    let found = place.environment.components.iter().filter_map(|component| {
        let backup = component.backup.as_ref()?;
        let (rpo, held) = (backup.rpo_minutes?, place.around.cron_jobs.get(backup.cron_job.as_str())?);
        let gap = longest_gap(&held.schedule).filter(|gap| *gap > rpo)?;
        // WAL that is archived all the time loses no more than the last segment.
        let cluster = place.around.postgres_clusters.get(component.name.as_str());
        if cluster.is_some_and(|cluster| condition(&cluster.conditions, "ContinuousArchiving", true).is_some()) {
            return None;
        }
        let found = finding(
            State::Degraded,
            FindingKind::Promise,
            format!("A backup {} cannot meet an RPO of {}", each(gap), span(rpo)),
            format!(
                "CronJob {} backs {} up at {}: up to {} of data can be lost.",
                backup.cron_job,
                component.name,
                held.schedule,
                span(gap)
            ),
            "Archive the database's log all the time, so that it can be recovered to a point in time; or agree on another RPO.",
        );
        Some(Finding { component: Some(place.id_of(component)), ..found })
    });
    found.collect()
}

/// `15 minutes`, `1 hour`, `1 day`.
pub(super) fn span(minutes: u32) -> String {
    let (count, unit) = match minutes {
        minutes if minutes > 0 && minutes.is_multiple_of(MINUTES.1) => (minutes / MINUTES.1, "day"),
        minutes if minutes > 0 && minutes.is_multiple_of(MINUTES.0) => (minutes / MINUTES.0, "hour"),
        minutes => (minutes, "minute"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// `each day`, `every 6 hours`.
fn each(minutes: u32) -> String {
    let span = span(minutes);
    match span.strip_prefix("1 ") {
        Some(unit) => format!("each {unit}"),
        None => format!("every {span}"),
    }
}

/// The longest time between two runs of a schedule that is the same each day, in minutes. `None` for what is not understood: days
/// of the month or the week, names, time zones. <https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax>
pub(super) fn longest_gap(schedule: &str) -> Option<u32> {
    let fields: Vec<&str> = schedule.split_ascii_whitespace().collect();
    let (minutes, hours) = match fields.as_slice() {
        ["@hourly"] => ("0", "*"),
        ["@daily" | "@midnight"] => ("0", "0"),
        [minutes, hours, "*" | "?", "*", "*" | "?"] => (*minutes, *hours),
        _ => return None,
    };
    let (minutes, hours) = (field(minutes, 60)?, field(hours, 24)?);
    let runs: Vec<u32> = hours.iter().flat_map(|hour| minutes.iter().map(move |minute| hour * 60 + minute)).collect();
    let (first, last) = (*runs.first()?, *runs.last()?);
    let over_midnight = first + MINUTES.1 - last;
    runs.windows(2).map(|pair| pair[1] - pair[0]).chain([over_midnight]).max()
}

/// The numbers that a field names, in order: `*`, `5`, `1-5`, `*/15`, `0,30`, `8-18/2`.
fn field(text: &str, below: u32) -> Option<Vec<u32>> {
    let mut named = Vec::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<u32>().ok().filter(|step| *step > 0)?)),
            None => (part, None),
        };
        let (from, to) = match (range, range.split_once('-')) {
            ("*" | "?", _) => (0, below - 1),
            (_, Some((from, to))) => (from.parse().ok()?, to.parse().ok()?),
            // `5/15` goes on to the end.
            (number, None) => {
                let from: u32 = number.parse().ok()?;
                (from, if step.is_some() { below - 1 } else { from })
            }
        };
        if from > to || to >= below {
            return None;
        }
        named.extend((from..=to).step_by(usize::try_from(step.unwrap_or(1)).ok()?));
    }
    named.sort_unstable();
    named.dedup();
    Some(named)
}
