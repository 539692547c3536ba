//! Backups.

use super::*;
use crate::name::ObjectName;
use crate::registry::{Backup, Role, Tier};

fn database(facts: &mut Facts) {
    let declared = facts.declared.as_mut().unwrap();
    declared.role = Role::Database;
    declared.backup = Some(Backup {
        cron_job: ObjectName::new("postgres-backup").unwrap(),
        max_age_hours: None,
        rpo_minutes: None,
        rto_minutes: None,
    });
    facts.backup = sample::read(Some(facts.now - 3 * 3600));
}

fn made(facts: &mut Facts, hours: i64) {
    database(facts);
    facts.backup = sample::read(Some(facts.now - hours * 3600));
}

#[test]
fn a_database_of_production_needs_a_backup_of_today() {
    check(
        Rule::Backup,
        &[
            (RESTART, |_| {}, ""),
            (RESTART, database, "green: the newest backup is 3 hours old"),
            (evict("node-1"), |facts| made(facts, 24), "green: the newest backup is 24 hours old"),
            (
                RESTART,
                |facts| {
                    made(facts, 24);
                    facts.backup = sample::read(Some(facts.now - 24 * 3600 - 1));
                },
                "red: the newest backup is 24 hours old, and 24 h are the most",
            ),
            (RESTART, |facts| made(facts, 30), "red: the newest backup is 30 hours old, and 24 h are the most"),
            (
                RESTART,
                |facts| {
                    database(facts);
                    facts.backup = sample::read(None);
                },
                "red: a backup younger than 24 h is needed: none was made yet",
            ),
            (
                RESTART,
                |facts| facts.declared.as_mut().unwrap().role = Role::Database,
                "red: a backup younger than 24 h is needed: no backup is configured",
            ),
            (
                RESTART,
                |facts| {
                    database(facts);
                    facts.backup = unread();
                },
                "red: a backup younger than 24 h is needed: forbidden",
            ),
            (
                RESTART,
                |facts| made(facts, -3),
                "red: a backup younger than 24 h is needed: the newest is dated 3 h ahead",
            ),
        ],
    );
}

#[test]
fn elsewhere_its_age_is_said() {
    fn staging(facts: &mut Facts, hours: i64) {
        made(facts, hours);
        facts.place.tier = Tier::Staging;
    }
    check(
        Rule::Backup,
        &[
            (RESTART, |facts| staging(facts, 3), "green: the newest backup is 3 hours old"),
            (RESTART, |facts| staging(facts, 50), "amber: the newest backup is 2 days old"),
            (
                RESTART,
                |facts| {
                    staging(facts, 3);
                    facts.declared.as_mut().unwrap().backup = None;
                    facts.backup = sample::read(None);
                },
                "unknown: Backup age unknown: no backup is configured",
            ),
            (
                RESTART,
                |facts| {
                    staging(facts, 3);
                    facts.backup = unread();
                },
                "unknown: Backup age unknown: forbidden",
            ),
            // What is backed up is no less worth it for being scaled or rolled back.
            (scale(4), |facts| made(facts, 50), "amber: the newest backup is 2 days old"),
            (BACK, |facts| made(facts, 3), "green: the newest backup is 3 hours old"),
        ],
    );
}
