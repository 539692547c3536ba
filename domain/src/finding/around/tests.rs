//! Tables of what stands around workloads, and what is said of it.

use std::sync::Arc;

use super::{around, hidden_backups};
use crate::component::fixture::{NOW, environment_id, production};
use crate::facts::Condition;
use crate::facts::around::{
    Around, AroundKind, CertificateFacts, ClaimFacts, CronJobFacts, FluxFacts, FluxKind, JobFacts,
    PostgresClusterFacts, SecretFacts, Unseen,
};
use crate::finding::quota::refused_by;
use crate::finding::rpo::longest_gap;
use crate::freshness::Freshness;
use crate::guard::facts::Quota;
use crate::registry::{Backup, Environment, Tier};
use crate::view::{Finding, FindingKind, State};

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Production, whose database is backed up each night.
fn environment() -> Environment {
    let mut environment = production();
    environment.components[2].backup = Some(Backup {
        cron_job: "fleet-backup".parse().unwrap(),
        max_age_hours: None,
        rpo_minutes: None,
        rto_minutes: Some(30),
    });
    environment
}

fn backup_job() -> CronJobFacts {
    CronJobFacts {
        schedule: "0 2 * * *".into(),
        last_scheduled: NOW - 5 * HOUR,
        last_success: NOW - 5 * HOUR,
        created: NOW - 90 * DAY,
        ..CronJobFacts::default()
    }
}

/// One in which all is well.
fn calm() -> Around {
    let bound = ClaimFacts { phase: "Bound".into(), created: NOW - DAY, ..ClaimFacts::default() };
    let certificate =
        CertificateFacts { not_after: NOW + 60 * DAY, renewal: NOW + 30 * DAY, ..CertificateFacts::default() };
    let cluster = PostgresClusterFacts {
        instances: 3,
        ready: 3,
        phase: "Cluster in healthy state".into(),
        primary: "db-1".into(),
        target_primary: "db-1".into(),
        last_backup: NOW - 5 * HOUR,
        recoverable_from: NOW - 6 * DAY,
        has_backup: true,
        conditions: vec![condition("Ready", true, "ClusterIsReady", "")],
        ..PostgresClusterFacts::default()
    };
    Around {
        quotas: [("compute".into(), quota("5", "10"))].into(),
        claims: [("data-fleet-postgres-0".into(), bound)].into(),
        cron_jobs: [("fleet-backup".into(), backup_job())].into(),
        secrets: [("fleet-secrets".into(), SecretFacts { changed: NOW - 10 * DAY, owner: None })].into(),
        certificates: [("fleet-tls".into(), certificate)].into(),
        flux: [((FluxKind::HelmRelease, "fleet".into()), FluxFacts::default())].into(),
        postgres_clusters: [("db".into(), cluster)].into(),
        ..Around::default()
    }
}

fn quota(used: &str, most: &str) -> Quota {
    let bounds = vec![("limits.cpu".into(), used.parse().unwrap(), most.parse().unwrap())];
    Quota { name: "compute".into(), bounds, scoped: false }
}

fn condition(kind: &str, status: bool, reason: &str, message: &str) -> Condition {
    Condition {
        kind: kind.into(),
        status: Some(status),
        reason: reason.into(),
        message: message.into(),
        since: NOW - 12 * MINUTE,
    }
}

fn said(around_it: &Around) -> Vec<Finding> {
    around(&environment_id(), &environment(), around_it, Freshness::Live(NOW * 1000), NOW)
}

/// One finding after a change of what was calm: how bad, title and evidence.
fn one(change: impl FnOnce(&mut Around)) -> (State, String, String) {
    let mut changed = calm();
    change(&mut changed);
    match said(&changed).as_slice() {
        [only] => (only.state, only.title.to_string(), only.evidence.to_string()),
        other => panic!("{other:#?}"),
    }
}

#[test]
fn where_all_is_well_nothing_is_said() {
    assert_eq!(said(&calm()), []);
}

#[test]
fn a_quota_speaks_from_nine_tenths_on() {
    for (used, most, expected) in [
        ("8999m", "10", None),
        ("9", "10", Some((State::Degraded, "Quota compute is nearly full", "limits.cpu 9 of 10 (90 %)"))),
        // As much as it allows, and nobody asked for more.
        ("10", "10", Some((State::Degraded, "Quota compute is full", "limits.cpu 10 of 10 (100 %)"))),
        ("10001m", "10", Some((State::Failed, "Quota compute is full", "limits.cpu 10001m of 10 (100 %)"))),
        ("12", "10", Some((State::Failed, "Quota compute is full", "limits.cpu 12 of 10 (120 %)"))),
        // A ban.
        ("0", "0", None),
    ] {
        let held = Around { quotas: [("compute".into(), quota(used, most))].into(), ..calm() };
        match (said(&held).as_slice(), expected) {
            ([], None) => {}
            ([only], Some((state, title, evidence))) => {
                assert_eq!(
                    (only.state, only.kind, &*only.title),
                    (state, FindingKind::Room, title),
                    "{used} of {most}"
                );
                assert!(only.evidence.contains(evidence), "{}", only.evidence);
            }
            (other, _) => panic!("{used} of {most}: {other:#?}"),
        }
    }
}

#[test]
fn a_quota_fails_once_something_is_refused_for_it_however_full_it_is() {
    const WHY: &str = "pods \"web-1\" is forbidden: exceeded quota: compute, requested: limits.cpu=4, used: limits.cpu=8, limited: \
                       limits.cpu=10";
    let with = |quota_name: &str, used: &str| {
        let quotas = [("compute".into(), quota(used, "10"))].into();
        said(&Around { quotas, refused: [(quota_name.into(), WHY.into())].into(), ..calm() })
    };
    for (used, title) in [
        ("8", "Quota compute has too little room"),
        ("9500m", "Quota compute has too little room"),
        ("10", "Quota compute is full"),
    ] {
        let [only] = with("compute", used).try_into().unwrap();
        assert_eq!((only.state, &*only.title), (State::Failed, title));
        assert!(only.evidence.contains(&format!("Last refused: {WHY}.")), "{}", only.evidence);
    }
    assert_eq!(with("other", "8"), []);
    assert_eq!(refused_by(WHY), Some("compute"));
    assert_eq!(refused_by("pods \"a\" is forbidden: failed quota: compute: must specify limits.cpu"), None);
}

#[test]
fn a_count_of_objects_that_is_used_up_is_a_remark_and_no_word_of_the_environment() {
    let held = |resource: &str, used: &str, most: &str| {
        let bounds = vec![(resource.into(), used.parse().unwrap(), most.parse().unwrap())];
        let quotas = [("compute".into(), Quota { name: "compute".into(), bounds, scoped: false })].into();
        let [only] = said(&Around { quotas, ..calm() }).try_into().unwrap();
        (only.state, only.kind)
    };
    for (resource, kind) in [
        ("persistentvolumeclaims", FindingKind::Promise),
        ("gold.storageclass.storage.k8s.io/persistentvolumeclaims", FindingKind::Promise),
        ("services.loadbalancers", FindingKind::Promise),
        ("secrets", FindingKind::Promise),
        ("count/ingresses.networking.k8s.io", FindingKind::Promise),
        // These every rollout needs more of.
        ("pods", FindingKind::Room),
        ("count/pods", FindingKind::Room),
        ("count/replicasets.apps", FindingKind::Room),
        ("requests.storage", FindingKind::Room),
    ] {
        assert_eq!(held(resource, "3", "3"), (State::Degraded, kind), "{resource}");
        assert_eq!(held(resource, "19", "20"), (State::Degraded, kind), "{resource}");
        assert_eq!(held(resource, "4", "3"), (State::Failed, FindingKind::Room), "{resource}");
    }
    let bounds = [("persistentvolumeclaims", "3", "3"), ("limits.cpu", "9", "10")]
        .map(|(resource, used, most)| (resource.into(), used.parse().unwrap(), most.parse().unwrap()))
        .into();
    let quotas = [("compute".into(), Quota { name: "compute".into(), bounds, scoped: false })].into();
    let [both] = said(&Around { quotas, ..calm() }).try_into().unwrap();
    assert_eq!((both.kind, &*both.title), (FindingKind::Room, "Quota compute is full"));
}

#[test]
fn a_claim_may_wait_a_minute_and_names_who_mounts_it() {
    let claim = |phase: &str, age: i64| ClaimFacts {
        phase: phase.into(),
        class: Some("gold".into()),
        asked: "100Gi".parse().ok(),
        created: NOW - age,
        ..ClaimFacts::default()
    };
    let with = |name: &'static str, held: ClaimFacts| {
        let mut changed = calm();
        changed.claims.insert(name.into(), held);
        said(&changed)
    };
    assert_eq!(with("scratch", claim("Pending", 60)), []);
    let [waits] = with("data-fleet-postgres-1", claim("Pending", 61)).try_into().unwrap();
    assert_eq!((waits.state, &*waits.title), (State::Degraded, "Claim data-fleet-postgres-1 is not bound"));
    let evidence = "data-fleet-postgres-1 of 100Gi, storage class gold. Mounted by fleet-postgres.";
    assert_eq!((&*waits.evidence, waits.since), (evidence, NOW - 61));
    assert_eq!(waits.component.unwrap().name.as_str(), "fleet-postgres");
    assert!(!with("scratch", claim("Pending", 90))[0].is_remark(), "it keeps a pod from starting");
    let [lost] = with("scratch", claim("Lost", 0)).try_into().unwrap();
    assert_eq!((lost.state, &*lost.title, lost.component), (State::Failed, "Claim scratch lost its volume", None));
    let mut both = calm();
    both.claims.insert("a".into(), claim("Pending", 90));
    both.claims.insert("b".into(), claim("Pending", 300));
    let [both] = said(&both).try_into().unwrap();
    assert_eq!((&*both.title, both.since), ("2 claims are not bound", NOW - 300));
}

#[test]
fn what_cannot_be_read_of_backups_leaves_open_whether_they_are_well() {
    let environment = environment();
    let database = &environment.components[2].name;
    let missed = CronJobFacts { last_success: NOW - 29 * HOUR, ..backup_job() };
    for (job, unseen, of_database, of_others) in [
        (backup_job(), None, false, false),
        (backup_job(), Some((AroundKind::CronJob, Unseen::Forbidden)), true, false),
        (backup_job(), Some((AroundKind::CronJob, Unseen::NotYet)), true, false),
        // It succeeded after its last start: no Job failed since.
        (backup_job(), Some((AroundKind::Job, Unseen::Forbidden)), false, false),
        (missed, Some((AroundKind::Job, Unseen::Forbidden)), true, false),
        (backup_job(), Some((AroundKind::PostgresCluster, Unseen::NotYet)), true, true),
        (backup_job(), Some((AroundKind::PostgresCluster, Unseen::Forbidden)), false, true),
        (backup_job(), Some((AroundKind::PostgresCluster, Unseen::NotInstalled)), false, false),
        (backup_job(), Some((AroundKind::Quota, Unseen::Forbidden)), false, false),
    ] {
        let mut around = calm();
        around.cron_jobs.insert("fleet-backup".into(), job.clone());
        around.unseen = unseen.into_iter().collect();
        let hidden = hidden_backups(&environment_id(), &environment, &around);
        let is_hidden = |name: &str| hidden.iter().any(|hidden| &**hidden == name);
        assert_eq!(is_hidden(database.as_str()), of_database, "{unseen:?} {job:?}");
        assert_eq!(is_hidden(environment.components[0].name.as_str()), of_others, "{unseen:?}");
        assert_eq!(is_hidden(""), of_others, "{unseen:?}");
    }
}

#[test]
fn a_backup_is_missed_late_stopped_or_failing() {
    let failed = |around: &mut Around, ended: i64| {
        let job = |ended: i64, failed: Option<(Arc<str>, Arc<str>)>| JobFacts {
            cron_job: Some("fleet-backup".into()),
            started: ended - 60,
            ended,
            complete: failed.is_none(),
            failed,
        };
        around.jobs.insert("fleet-backup-1".into(), job(ended - DAY, None));
        let why = Some(("BackoffLimitExceeded".into(), "Job has reached the specified backoff limit".into()));
        around.jobs.insert("fleet-backup-2".into(), job(ended, why));
    };
    let held = |around: &mut Around, job: CronJobFacts| around.cron_jobs.insert("fleet-backup".into(), job);
    type Change = Box<dyn Fn(&mut Around)>;
    let cases: [(Change, State, &str, &str); 7] = [
        (
            Box::new(move |around| {
                drop(held(around, CronJobFacts { last_success: NOW + 301, ..backup_job() }));
                failed(around, NOW - HOUR);
            }),
            State::Unknown,
            "The last success of CronJob fleet-backup is dated ahead of now",
            "How old the newest backup is cannot be said.",
        ),
        (
            Box::new(|around| around.cron_jobs.clear()),
            State::Failed,
            "fleet-postgres is not backed up: CronJob fleet-backup does not exist",
            "Promised: RTO 30 minutes.",
        ),
        (
            Box::new(move |around| {
                drop(held(around, CronJobFacts { last_success: NOW - 26 * HOUR - 1, ..backup_job() }))
            }),
            State::Failed,
            "The backup of fleet-postgres is older than 26 h",
            "Its last success was 26 h ago; a backup should be at most 26 h old.",
        ),
        (
            Box::new(move |around| drop(held(around, CronJobFacts { last_success: 0, ..backup_job() }))),
            State::Failed,
            "fleet-postgres was never backed up",
            "It has never succeeded",
        ),
        (
            Box::new(move |around| drop(held(around, CronJobFacts { suspended: true, ..backup_job() }))),
            State::Degraded,
            "The backup of fleet-postgres is suspended",
            "CronJob fleet-backup is suspended.",
        ),
        (
            Box::new(move |around| failed(around, NOW - HOUR)),
            State::Degraded,
            "The last backup of fleet-postgres failed",
            "Job fleet-backup-2 failed 1 h ago. BackoffLimitExceeded: Job has reached the specified backoff limit.",
        ),
        (
            Box::new(move |around| {
                held(around, CronJobFacts { last_success: NOW - 2 * DAY, suspended: true, ..backup_job() });
                failed(around, NOW - DAY);
            }),
            State::Failed,
            "The backup of fleet-postgres is older than 26 h",
            "CronJob fleet-backup is suspended. Its last success was 2 d ago",
        ),
    ];
    for (change, state, title, evidence) in cases {
        let (is, titled, told) = one(change);
        assert_eq!((is, titled.as_str()), (state, title));
        assert!(told.contains(evidence), "{told}");
    }
    // A failure before the last success is history, and a new CronJob has time.
    let mut history = calm();
    failed(&mut history, NOW - 6 * HOUR);
    assert_eq!(said(&history), []);
    let mut new = calm();
    held(&mut new, CronJobFacts { last_success: 0, created: NOW - 26 * HOUR, ..backup_job() });
    assert_eq!(said(&new), []);
}

#[test]
fn a_certificate_speaks_a_month_before_its_end() {
    let with = |not_after: i64, renewal: i64, conditions: Vec<Condition>| {
        let certificate = CertificateFacts { names: vec!["fleet.test".into()], not_after, renewal, conditions };
        move |around: &mut Around| drop(around.certificates.insert("fleet-tls".into(), certificate))
    };
    for (left, expected) in [
        (30 * DAY - 1, (State::Degraded, "Certificate fleet-tls expires within 30 days", "It expires in 29 d.")),
        (7 * DAY - 1, (State::Failed, "Certificate fleet-tls expires within 7 days", "It expires in 6 d.")),
        (-MINUTE, (State::Failed, "Certificate fleet-tls has expired", "It expired 1 min ago.")),
        (-DAY, (State::Failed, "Certificate fleet-tls has expired", "It expired 24 h ago.")),
    ] {
        let (state, title, evidence) = one(with(NOW + left, NOW + HOUR, vec![]));
        assert_eq!((state, title.as_str()), (expected.0, expected.1));
        assert!(evidence.contains(expected.2) && evidence.contains("It is for fleet.test."), "{evidence}");
    }
    let mut calm = calm();
    with(NOW + 30 * DAY, NOW, vec![])(&mut calm);
    assert_eq!(said(&calm), [], "a month is enough, and a renewal has an hour");
    let (state, title, evidence) = one(with(NOW + 40 * DAY, NOW - 2 * HOUR, vec![]));
    assert_eq!((state, title.as_str()), (State::Degraded, "Certificate fleet-tls is not renewed in time"));
    assert!(evidence.contains("It should have been renewed 2 h ago."), "{evidence}");
    let refused = || vec![condition("Ready", false, "Failed", "the order is invalid")];
    for (not_after, state) in [(NOW + 60 * DAY, State::Degraded), (0, State::Failed)] {
        let (is, title, evidence) = one(with(not_after, 0, refused()));
        assert_eq!((is, title.as_str()), (state, "Certificate fleet-tls is not ready"));
        assert!(evidence.contains("Failed: the order is invalid."), "{evidence}");
    }
}

#[test]
fn all_old_secrets_are_one_finding_and_what_renews_itself_is_none() {
    let secret =
        |days: i64, owner: Option<&str>| SecretFacts { changed: NOW - days * DAY - 1, owner: owner.map(Into::into) };
    let (state, title, evidence) = one(|around| {
        around.secrets.insert("a".into(), secret(90, None));
        around.secrets.insert("b".into(), secret(120, None));
        around.secrets.insert("fleet-tls".into(), secret(300, Some("Certificate fleet-tls")));
    });
    assert_eq!((state, title.as_str()), (State::Degraded, "2 secrets are older than 90 days"));
    assert_eq!(evidence, "Last written: b (120 d), a (90 d).");
    let (_, title, _) = one(|around| drop(around.secrets.insert("a".into(), secret(91, None))));
    assert_eq!(title, "Secret a is older than 90 days");
}

#[test]
fn flux_that_fails_is_one_finding_each_and_what_waits_for_it_is_counted() {
    let failing = |reason: &str, kind: &str| FluxFacts {
        conditions: vec![condition(kind, kind == "Stalled", reason, "it broke")],
        ..FluxFacts::default()
    };
    let held = |around: &mut Around, kind: FluxKind, name: &str, facts: FluxFacts| {
        around.flux.insert((kind, name.into()), facts);
    };
    let (state, title, evidence) = one(|around| {
        held(around, FluxKind::GitRepository, "apps", failing("GitOperationFailed", "Ready"));
        held(around, FluxKind::Kustomization, "apps", failing("ArtifactFailed", "Ready"));
    });
    assert_eq!((state, title.as_str()), (State::Degraded, "GitRepository apps fails"));
    assert_eq!(
        evidence,
        "GitOperationFailed: it broke. What runs stays as it was. One other object of Flux waits here."
    );
    let (_, title, _) = one(|around| held(around, FluxKind::Kustomization, "apps", failing("ArtifactFailed", "Ready")));
    assert_eq!(title, "Kustomization apps fails", "its source is not seen here");
    let (state, title, _) =
        one(|around| held(around, FluxKind::HelmRelease, "fleet", failing("RetriesExceeded", "Stalled")));
    assert_eq!((state, title.as_str()), (State::Failed, "HelmRelease fleet is stalled"));
    let stopped = || FluxFacts { suspended: true, ..failing("UpgradeFailed", "Ready") };
    let (state, title, _) = one(|around| held(around, FluxKind::HelmRelease, "fleet", stopped()));
    assert_eq!((state, title.as_str()), (State::Degraded, "HelmRelease fleet is suspended"));
    let (_, title, evidence) = one(|around| {
        held(around, FluxKind::HelmRelease, "fleet", stopped());
        held(around, FluxKind::Kustomization, "apps", stopped());
    });
    assert_eq!(title, "2 objects of Flux are suspended");
    assert!(evidence.starts_with("Kustomization apps, HelmRelease fleet: "), "{evidence}");
}

#[test]
fn a_cluster_of_postgresql_says_what_it_lacks() {
    let with = |change: fn(&mut PostgresClusterFacts)| {
        one(move |around| change(around.postgres_clusters.get_mut("db").unwrap()))
    };
    for (change, state, title, evidence) in [
        (
            (|it| (it.ready, it.phase) = (2, "Waiting for the instances to become active".into()))
                as fn(&mut PostgresClusterFacts),
            State::Degraded,
            "PostgreSQL cluster db is short of instances: 2 of 3 ready",
            "Waiting for the instances to become active. The primary is db-1.",
        ),
        (
            |it| it.ready = 0,
            State::Failed,
            "PostgreSQL cluster db has no ready instance",
            "0 of 3 instances are ready.",
        ),
        (
            |it| it.target_primary = "db-2".into(),
            State::Degraded,
            "PostgreSQL cluster db changes its primary",
            "The primary is db-1 and becomes db-2.",
        ),
        (
            |it| it.phase = "Unrecoverable cluster".into(),
            State::Degraded,
            "PostgreSQL cluster db is not healthy",
            "Unrecoverable cluster.",
        ),
        (
            |it| {
                it.conditions.push(condition(
                    "ContinuousArchiving",
                    false,
                    "ContinuousArchivingFailing",
                    "exit status 4",
                ))
            },
            State::Failed,
            "PostgreSQL cluster db does not archive its WAL",
            "ContinuousArchivingFailing: exit status 4. Its last backup was 5 h ago. It can be recovered to points from 6 d ago on.",
        ),
        (
            |it| it.last_backup = NOW - 27 * HOUR,
            State::Failed,
            "The backup of PostgreSQL cluster db is older than 26 h",
            "Its last backup was 27 h ago.",
        ),
        (
            |it| it.conditions.push(condition("LastBackupSucceeded", false, "LastBackupFailed", "no space")),
            State::Degraded,
            "The last backup of PostgreSQL cluster db failed",
            "LastBackupFailed: no space.",
        ),
        (
            |it| (it.last_backup, it.recoverable_from, it.created) = (0, 0, NOW - 3 * DAY),
            State::Failed,
            "PostgreSQL cluster db was never backed up",
            "It was made 3 d ago and no backup has succeeded; the first should be there within 26 h. There is no point in time \
             that it can be recovered to.",
        ),
        (
            |it| {
                (it.last_backup, it.created) = (0, NOW - 3 * DAY);
                it.conditions.push(condition("LastBackupSucceeded", false, "LastBackupFailed", "no space"));
            },
            State::Failed,
            "PostgreSQL cluster db was never backed up",
            "LastBackupFailed: no space.",
        ),
        (
            |it| (it.last_backup, it.has_backup) = (0, false),
            State::Degraded,
            "PostgreSQL cluster db has no backup declared",
            "Its spec has neither a backup nor a plugin",
        ),
    ] {
        let (is, titled, told) = with(change);
        assert_eq!((is, titled.as_str()), (state, title));
        assert!(told.contains(evidence), "{told}");
    }
}

#[test]
fn a_cluster_of_postgresql_has_time_until_its_first_backup() {
    let new = |age: i64, phase: &str| {
        let mut held = calm();
        let cluster = held.postgres_clusters.get_mut("db").unwrap();
        (cluster.last_backup, cluster.created, cluster.phase) = (0, NOW - age, phase.into());
        said(&held)
    };
    const HEALTHY: &str = "Cluster in healthy state";
    assert_eq!(new(26 * HOUR, HEALTHY), []);
    let [late] = new(26 * HOUR + 1, HEALTHY).try_into().unwrap();
    assert_eq!((late.state, late.since), (State::Failed, NOW - 26 * HOUR - 1));
    // The operator has said nothing of it.
    assert_eq!(new(90 * DAY, ""), []);
}

#[test]
fn that_no_backup_is_declared_is_told_in_production_where_nothing_else_makes_one() {
    let bare = PostgresClusterFacts {
        instances: 1,
        ready: 1,
        phase: "Cluster in healthy state".into(),
        created: NOW - 90 * DAY,
        ..PostgresClusterFacts::default()
    };
    let told = |tier: Tier, name: &str, cluster: &PostgresClusterFacts| {
        let environment = Environment { tier, ..environment() };
        let held = Around { postgres_clusters: [(name.into(), cluster.clone())].into(), ..calm() };
        let found = around(&environment_id(), &environment, &held, Freshness::Live(NOW * 1000), NOW);
        found.into_iter().map(|finding| finding.title.to_string()).collect::<Vec<_>>()
    };
    let title = ["PostgreSQL cluster db has no backup declared"];
    assert_eq!(told(Tier::Production, "db", &bare), title);
    assert_eq!(told(Tier::Staging, "db", &bare), [""; 0]);
    assert_eq!(told(Tier::Development, "db", &bare), [""; 0]);
    // The registry names a CronJob for a component of that name.
    assert_eq!(told(Tier::Production, "fleet-postgres", &bare), [""; 0]);
    assert_eq!(told(Tier::Production, "db", &PostgresClusterFacts { has_plugins: true, ..bare.clone() }), [""; 0]);
    assert_eq!(told(Tier::Production, "db", &PostgresClusterFacts { last_backup: NOW - HOUR, ..bare }), [""; 0]);
}

#[test]
fn a_schedule_that_cannot_keep_what_was_promised_is_said() {
    let promised = |rpo_minutes: u32, schedule: &str| {
        let mut environment = environment();
        environment.components[2].backup.as_mut().unwrap().rpo_minutes = Some(rpo_minutes);
        let mut held = calm();
        held.cron_jobs.insert("fleet-backup".into(), CronJobFacts { schedule: schedule.into(), ..backup_job() });
        around(&environment_id(), &environment, &held, Freshness::Live(NOW * 1000), NOW)
    };
    for (rpo, schedule, expected) in [
        (15, "0 2 * * *", Some("A backup each day cannot meet an RPO of 15 minutes")),
        (60, "0 */6 * * *", Some("A backup every 6 hours cannot meet an RPO of 1 hour")),
        (15, "@hourly", Some("A backup each hour cannot meet an RPO of 15 minutes")),
        (15, "*/15 * * * *", None),
        (1440, "0 2 * * *", None),
        // Not understood.
        (15, "0 2 * * MON", None),
    ] {
        let found = promised(rpo, schedule);
        let titles: Vec<_> = found.iter().map(|finding| (&*finding.title, finding.kind)).collect();
        let expected: Vec<_> = expected.into_iter().map(|title| (title, FindingKind::Promise)).collect();
        assert_eq!(titles, expected, "{rpo} {schedule}");
    }
}

#[test]
fn the_longest_gap_of_a_schedule() {
    for (schedule, minutes) in [
        ("0 2 * * *", Some(1440)),
        ("@daily", Some(1440)),
        ("@hourly", Some(60)),
        ("*/15 * * * *", Some(15)),
        ("*/7 * * * *", Some(7)),
        ("0 8-18 * * *", Some(14 * 60)),
        ("0 8-18/2 * * *", Some(14 * 60)),
        ("30 1,13 * * *", Some(720)),
        ("5/20 * * * *", Some(20)),
        ("0 2 * * 1-5", None),
        ("0 2 1 * *", None),
        ("@weekly", None),
        ("60 * * * *", None),
        ("*/0 * * * *", None),
        ("5-1 * * * *", None),
        ("TZ=UTC 0 2 * * *", None),
        ("", None),
        ("a b c d e", None),
    ] {
        assert_eq!(longest_gap(schedule), minutes, "{schedule}");
    }
}

#[test]
fn what_cannot_be_read_says_nothing_and_is_not_taken_for_absent() {
    let kinds = [
        AroundKind::Quota,
        AroundKind::Claim,
        AroundKind::CronJob,
        AroundKind::Secret,
        AroundKind::Certificate,
        AroundKind::Flux(FluxKind::HelmRelease),
        AroundKind::PostgresCluster,
    ];
    let spoiled = || {
        let mut held = calm();
        held.quotas.insert("compute".into(), quota("10", "10"));
        held.claims.insert("a".into(), ClaimFacts { phase: "Lost".into(), ..ClaimFacts::default() });
        held.cron_jobs.clear();
        held.secrets.insert("a".into(), SecretFacts { changed: NOW - 400 * DAY, owner: None });
        held.certificates.insert("a".into(), CertificateFacts { not_after: NOW - 1, ..CertificateFacts::default() });
        let suspended = FluxFacts { suspended: true, ..FluxFacts::default() };
        held.flux.insert((FluxKind::HelmRelease, "a".into()), suspended);
        held.postgres_clusters.get_mut("db").unwrap().ready = 0;
        held
    };
    assert_eq!(said(&spoiled()).len(), kinds.len());
    for why in [Unseen::NotYet, Unseen::Forbidden, Unseen::NotInstalled] {
        for kind in kinds {
            let held = Around { unseen: [(kind, why)].into(), ..spoiled() };
            assert_eq!(said(&held).len(), kinds.len() - 1, "{kind:?} {why:?}");
        }
    }
    let never = around(&environment_id(), &environment(), &spoiled(), Freshness::Never, NOW);
    assert_eq!(never, []);
    for finding in around(&environment_id(), &environment(), &spoiled(), Freshness::Stale(NOW * 1000), NOW) {
        assert_eq!(finding.state, State::Unknown);
        assert!(finding.title.starts_with("Last seen: "), "{}", finding.title);
    }
}
