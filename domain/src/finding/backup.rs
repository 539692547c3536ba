//! A backup that is missing, stopped, failing, or older than it should be.

use std::sync::Arc;

use super::around::{Surroundings, condition, finding, said, sentences};
use crate::facts::around::{AroundKind, JobFacts, PostgresClusterFacts, Unseen};
use crate::registry::{Backup, Component, MAX_BACKUP_AGE_HOURS, Tier};
use crate::view::{Finding, FindingKind, State};

/// Seconds that clocks may differ.
const MOST_SKEW: i64 = 300;

/// One of each declared backup, and one of each cluster of CloudNativePG that should make some.
pub(super) fn findings(place: Surroundings<'_>) -> Vec<Finding> {
    let declared = place.environment.components.iter().filter_map(|component| {
        let found = of(place, component, component.backup.as_ref()?)?;
        Some(Finding { component: Some(place.id_of(component)), ..found })
    });
    let clusters = place.around.postgres_clusters.iter().filter(|_| place.sees(AroundKind::PostgresCluster));
    let clusters = clusters.filter_map(|(name, cluster)| {
        let component = place.component(name);
        let declared = component.and_then(|component| component.backup.as_ref());
        let found = if cluster.has_backup {
            of_cluster(place, name, cluster, declared)?
        } else {
            undeclared(place, name, cluster).filter(|_| declared.is_none())?
        };
        Some(Finding { component: component.map(|component| place.id_of(component)), ..found })
    });
    declared.chain(clusters).collect()
}

/// The components of whose backup it cannot be said whether it is well, by name; empty: of a cluster of CloudNativePG that is no
/// component's. Where something is wrong by what is seen, that is said whatever else is not.
pub(super) fn hidden(place: Surroundings<'_>) -> Vec<Arc<str>> {
    let unseen = |kind| place.around.unseen.get(&kind).copied();
    let clusters = &place.around.postgres_clusters;
    let is_hidden = |component: &Component| {
        let of_cluster = match unseen(AroundKind::PostgresCluster) {
            None | Some(Unseen::NotInstalled) => false,
            Some(Unseen::NotYet) => true,
            // Where it never could be read, what is backed up by a CronJob is judged by that alone.
            Some(Unseen::Forbidden) => component.backup.is_none() || clusters.contains_key(component.name.as_str()),
        };
        of_cluster || component.backup.as_ref().is_some_and(|backup| is_hidden_job(place, backup))
    };
    let components = place.environment.components.iter().filter(|component| is_hidden(component));
    let of_none = match unseen(AroundKind::PostgresCluster) {
        None | Some(Unseen::NotInstalled) => None,
        Some(Unseen::NotYet | Unseen::Forbidden) => Some(Arc::from("")),
    };
    components.map(|component| component.name.shared()).chain(of_none).collect()
}

/// Whether it cannot be said how the last run of a CronJob went.
fn is_hidden_job(place: Surroundings<'_>, backup: &Backup) -> bool {
    if !place.sees(AroundKind::CronJob) {
        return true;
    }
    // Without its Jobs only a success after the last start says that none failed since.
    let known = place.around.cron_jobs.get(backup.cron_job.as_str());
    !place.sees(AroundKind::Job) && known.is_some_and(|known| known.last_success < known.last_scheduled)
}

fn of(place: Surroundings<'_>, component: &Component, backup: &Backup) -> Option<Finding> {
    if !place.sees(AroundKind::CronJob) {
        return None;
    }
    let (name, job) = (&component.name, &backup.cron_job);
    let Some(held) = place.around.cron_jobs.get(job.as_str()) else {
        return Some(finding(
            State::Failed,
            FindingKind::Backup,
            format!("{name} is not backed up: CronJob {job} does not exist"),
            sentences([
                format!("The registry declares CronJob {job} as its backup, and there is none."),
                promise(backup),
            ]),
            "Apply the CronJob again, or name the right one in the registry.",
        ));
    };
    if let Some(ahead) = ahead(place, held.last_success, &format!("The last success of CronJob {job}")) {
        return Some(ahead);
    }
    let max = backup.max_age_s();
    // One that is new has as long as every other until its first backup.
    let last = if held.last_success > 0 { held.last_success } else { held.created };
    let is_old = last > 0 && place.now.saturating_sub(last) > max;
    let failed = last_failed(place, job.as_str()).filter(|(_, failed)| failed.ended > held.last_success);
    let age = match held.last_success {
        0 => "It has never succeeded".to_owned(),
        at => format!("Its last success was {} ago", place.age(at)),
    };
    let age = format!("{age}; a backup should be at most {} h old.", max / 3600);
    let (state, title, since) = match (&failed, is_old) {
        (_, true) if held.last_success == 0 => (State::Failed, format!("{name} was never backed up"), last + max),
        (_, true) => (State::Failed, format!("The backup of {name} is older than {} h", max / 3600), last + max),
        (Some((_, failed)), false) => (State::Degraded, format!("The last backup of {name} failed"), failed.ended),
        (None, false) if held.suspended => (State::Degraded, format!("The backup of {name} is suspended"), 0),
        (None, false) => return None,
    };
    let schedule = format!("CronJob {job} runs at {}.", held.schedule);
    let evidence = sentences([
        if held.suspended { format!("CronJob {job} is suspended.") } else { schedule },
        age,
        failed.as_ref().map(|(job, failed)| failure(place, job, failed)).unwrap_or_default(),
        promise(backup),
    ]);
    let advice = if held.suspended {
        "Resume it when nobody needs it to stand still, and run it once by hand."
    } else {
        "Read the log of its last Job, mend the cause, and run it once by hand."
    };
    Some(Finding { since, ..finding(state, FindingKind::Backup, title, evidence, advice) })
}

/// The newest Job of a CronJob, if that failed.
fn last_failed<'a>(place: Surroundings<'a>, cron_job: &str) -> Option<(&'a Arc<str>, &'a JobFacts)> {
    let of_it = place.around.jobs.iter().filter(|(_, job)| job.cron_job.as_deref() == Some(cron_job));
    of_it.max_by_key(|(_, job)| job.started).filter(|(_, job)| job.failed.is_some())
}

fn failure(place: Surroundings<'_>, name: &Arc<str>, job: &JobFacts) -> String {
    let why = job.failed.as_ref().map(|(reason, message)| said(reason, message)).unwrap_or_default();
    let when = if job.ended > 0 { format!(" {} ago", place.age(job.ended)) } else { String::new() };
    sentences([format!("Job {name} failed{when}."), why])
}

/// What was promised, where that is declared.
fn promise(backup: &Backup) -> String {
    match (backup.rpo_minutes, backup.rto_minutes) {
        (Some(rpo), Some(rto)) => format!("Promised: RPO {}, RTO {}.", super::rpo::span(rpo), super::rpo::span(rto)),
        (Some(rpo), None) => format!("Promised: RPO {}.", super::rpo::span(rpo)),
        (None, Some(rto)) => format!("Promised: RTO {}.", super::rpo::span(rto)),
        (None, None) => String::new(),
    }
}

/// A backup with a date by which nothing can be judged: all others would be older.
fn ahead(place: Surroundings<'_>, at: i64, what: &str) -> Option<Finding> {
    (at > place.now.saturating_add(MOST_SKEW)).then(|| {
        finding(
            State::Unknown,
            FindingKind::Backup,
            format!("{what} is dated ahead of now"),
            "How old the newest backup is cannot be said.".to_owned(),
            "Look for a backup in its store, and at who wrote this date.",
        )
    })
}

/// What CloudNativePG says of its own backups.
/// <https://cloudnative-pg.io/documentation/current/backup/>
fn of_cluster(
    place: Surroundings<'_>,
    name: &Arc<str>,
    cluster: &PostgresClusterFacts,
    declared: Option<&Backup>,
) -> Option<Finding> {
    let max = declared.map_or(i64::from(MAX_BACKUP_AGE_HOURS) * 3600, Backup::max_age_s);
    if let Some(ahead) = ahead(place, cluster.last_backup, &format!("The last backup of PostgreSQL cluster {name}")) {
        return Some(ahead);
    }
    let archiving = condition(&cluster.conditions, "ContinuousArchiving", false);
    let failed = condition(&cluster.conditions, "LastBackupSucceeded", false);
    let is_old = cluster.last_backup > 0 && place.now.saturating_sub(cluster.last_backup) > max;
    // One that is new has as long as every other until its first backup, and the operator has to have said something of it.
    let is_without = cluster.last_backup == 0 && cluster.created > 0 && !cluster.phase.is_empty();
    let is_late = is_without && place.now.saturating_sub(cluster.created) > max;
    let (state, title, since) = match (archiving, failed) {
        (Some(archiving), _) => {
            (State::Failed, format!("PostgreSQL cluster {name} does not archive its WAL"), archiving.since)
        }
        (None, _) if is_old => (
            State::Failed,
            format!("The backup of PostgreSQL cluster {name} is older than {} h", max / 3600),
            cluster.last_backup + max,
        ),
        (None, _) if is_late => {
            (State::Failed, format!("PostgreSQL cluster {name} was never backed up"), cluster.created)
        }
        (None, Some(failed)) => {
            (State::Degraded, format!("The last backup of PostgreSQL cluster {name} failed"), failed.since)
        }
        (None, None) => return None,
    };
    let last = match cluster.last_backup {
        0 if is_late => format!(
            "It was made {} ago and no backup has succeeded; the first should be there within {} h.",
            place.age(cluster.created),
            max / 3600
        ),
        0 => "No backup has succeeded.".to_owned(),
        at => format!("Its last backup was {} ago.", place.age(at)),
    };
    let recoverable = match cluster.recoverable_from {
        0 => "There is no point in time that it can be recovered to.".to_owned(),
        at => format!("It can be recovered to points from {} ago on.", place.age(at)),
    };
    let words = |condition: Option<&crate::facts::Condition>| {
        condition.map(|condition| said(&condition.reason, &condition.message)).unwrap_or_default()
    };
    let evidence = sentences([words(archiving), words(failed), last, recoverable]);
    let advice = "Check the object store's address, space and credentials, then make a backup by hand.";
    Some(Finding { since, ..finding(state, FindingKind::Backup, title, evidence, advice) })
}

/// A cluster in production that nothing is known to back up. Without `spec.backup` and without a plugin no ScheduledBackup can
/// make one either, so those need not be read.
/// <https://cloudnative-pg.io/documentation/current/backup/#scheduled-backups>
fn undeclared(place: Surroundings<'_>, name: &Arc<str>, cluster: &PostgresClusterFacts) -> Option<Finding> {
    match place.environment.tier {
        Tier::Production => {}
        Tier::Staging | Tier::Development => return None,
    }
    if cluster.has_plugins || cluster.last_backup > 0 {
        return None;
    }
    Some(finding(
        State::Degraded,
        FindingKind::Backup,
        format!("PostgreSQL cluster {name} has no backup declared"),
        "Its spec has neither a backup nor a plugin, and the registry names no CronJob that backs up a component of its name."
            .to_owned(),
        "Give it spec.backup and a ScheduledBackup, or name the CronJob that backs it up in the registry.",
    ))
}
