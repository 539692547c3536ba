use std::collections::BTreeSet;

use super::*;
use crate::demo_data::identity::Mismatch;
use crate::demo_data::sight::Past;
use crate::ledger::OperationId;

const NOW: i64 = 1_800_000_000;

fn table(name: &str, expected: u64, counted: u64, foreign: u64) -> TableCount {
    let written = Some(NOW - 3600);
    TableCount { table: name.to_owned(), expected, counted, foreign, changed: 0, written }
}

/// A reset that nothing speaks against.
fn clear() -> Facts {
    Facts {
        now: NOW,
        kind: Kind::Reset,
        environment: "fleet-management/staging".parse().unwrap(),
        tier: Tier::Staging,
        asker: Asker::Person { id: "1".into(), role: Some(Role::Tester) },
        registry_trouble: None,
        seed: Ok(SeedFacts { version: 1, schema: "7".into() }),
        sight: Ok(Sight {
            at: NOW,
            system_identifier: "7412345678901234567".into(),
            database: "fleetdb_staging".into(),
            mismatches: Vec::new(),
            schema: Some("7".into()),
            cascade: BTreeSet::new(),
            counts: vec![table("tenants", 4, 4, 0), table("vehicles", 100, 97, 0)],
            bytes: 400_000,
            connections: Vec::new(),
            sessions: Some(Ok(0)),
            last: None,
            snapshots: vec![Past {
                id: OperationId(7),
                version: 1,
                before: [("tenants".to_owned(), 5), ("vehicles".to_owned(), 112)].into(),
            }],
            is_cache_waiting: false,
        }),
        cache: Some(("fleet:staging:".into(), None)),
        free_percent: None,
        makes_passwords: true,
        reservation: None,
        under_way: None,
        reason: "".into(),
        typed: "fleet-management/staging".into(),
    }
}

fn reserved(by_id: &str) -> Option<Reservation> {
    Some(Reservation {
        environment: "fleet-management/staging".parse().unwrap(),
        by_id: by_id.into(),
        by: "ana".into(),
        reason: "regression run".into(),
        begun_at: (NOW - 60) * 1_000_000,
        until_at: (NOW + 7200) * 1_000_000,
        overridden: None,
    })
}

fn seen(facts: &mut Facts) -> &mut Sight {
    facts.sight.as_mut().unwrap()
}

#[test]
fn a_reset_that_nothing_speaks_against_is_permitted() {
    let verdict = judge(&clear());
    assert!(verdict.lines.iter().all(|line| line.level == Level::Green), "{:?}", verdict.lines);
    assert!(!verdict.needs_reason);
    let permit = verdict.permit().unwrap();
    assert_eq!((permit.kind(), permit.tier()), (Kind::Reset, Tier::Staging));
    assert_eq!(permit.environment().to_string(), "fleet-management/staging");
}

#[test]
fn production_has_no_permit_whoever_asks_and_whatever_is_known() {
    for role in Role::ALL {
        for kind in [Kind::Reset, Kind::Undo { of: OperationId(7) }] {
            for asker in [Asker::Person { id: "1".into(), role: Some(role) }, Asker::Schedule] {
                let facts = Facts { asker, kind, tier: Tier::Production, reason: "because".into(), ..clear() };
                let verdict = judge(&facts);
                assert!(!verdict.is_offered());
                assert!(verdict.permit().unwrap_err()[0].to_string().contains("production has no demo data"));
            }
        }
    }
}

#[test]
fn each_fact_is_a_line_of_its_level_and_red_ones_refuse() {
    type Change = fn(&mut Facts);
    let cases: &[(&str, Change, Level, &str)] = &[
        (
            "no role",
            |facts| facts.asker = Asker::Person { id: "1".into(), role: None },
            Level::Red,
            "needs the role tester, operator or lead",
        ),
        (
            "under way",
            |facts| facts.under_way = Some(("ben".into(), NOW - 9)),
            Level::Red,
            "ben resets it right now, since 9 s",
        ),
        (
            "a registry that is not in use",
            |facts| facts.registry_trouble = Some("line 3".into()),
            Level::Red,
            "not in use, and may say another tier: line 3",
        ),
        ("away", |facts| facts.sight = Err("refused".into()), Level::Red, "the database does not answer: refused"),
        (
            "another",
            |facts| seen(facts).mismatches = vec![Mismatch::NotEnrolled, Mismatch::Replica],
            Level::Red,
            "never enrolled",
        ),
        ("no seed", |facts| facts.seed = Err("there is no seed".into()), Level::Red, "there is no seed"),
        (
            "newer schema",
            |facts| seen(facts).schema = Some("8".into()),
            Level::Red,
            "the schema's version is 8, and the seed was written for 7",
        ),
        ("no schema", |facts| seen(facts).schema = None, Level::Red, "version is not known"),
        ("cascade", |facts| seen(facts).cascade = ["public.payments".into()].into(), Level::Red, "public.payments"),
        (
            "a copy of production",
            |facts| seen(facts).counts = vec![table("vehicles", 100, 80_000, 79_900)],
            Level::Red,
            "vehicles: 80000 rows, the seed has 100",
        ),
        (
            "rows of others",
            |facts| seen(facts).counts = vec![table("vehicles", 100, 112, 12)],
            Level::Amber,
            "vehicles: 112 rows now, 100 afterwards; 12 that no seed made are lost; last written 1 h ago",
        ),
        (
            "one row changed",
            |facts| seen(facts).counts = vec![TableCount { changed: 1, ..table("vehicles", 100, 100, 0) }],
            Level::Amber,
            "1 changed since is lost as changed",
        ),
        ("a full disk", |facts| facts.free_percent = Some(14.0), Level::Red, "only 14 % of a volume is free"),
        ("a fair disk", |facts| facts.free_percent = Some(60.0), Level::Green, "60 % of the fullest volume is free"),
        (
            "much, and no figure of the disk",
            |facts| seen(facts).bytes = 3_000_000_000,
            Level::Unknown,
            "how much room there is on the disk is not known",
        ),
        (
            "no cache",
            |facts| facts.cache = Some(("fleet:staging:".into(), Some("refused".into()))),
            Level::Amber,
            "the cache does not answer (refused)",
        ),
        ("people", |facts| seen(facts).sessions = Some(Ok(4)), Level::Amber, "4 people are signed in"),
        ("one", |facts| seen(facts).sessions = Some(Ok(1)), Level::Amber, "1 person is signed in"),
        ("who knows", |facts| seen(facts).sessions = Some(Err("no table".into())), Level::Unknown, "no table"),
        (
            "somebody writes",
            |facts| {
                let counts = vec![TableCount { written: Some(NOW - 120), ..table("vehicles", 100, 101, 1) }];
                seen(facts).counts = counts;
            },
            Level::Amber,
            "somebody wrote to it 2 min ago",
        ),
        (
            "connections",
            |facts| seen(facts).connections = vec![("fleet-api".into(), 3), (String::new(), 1)],
            Level::Green,
            "4 connections of others to the database (3 of fleet-api, 1 without a name) wait while it runs",
        ),
        (
            "reserved",
            |facts| facts.reservation = reserved("2"),
            Level::Amber,
            "ana has reserved it for another 2 hours: regression run. They will be told",
        ),
        ("own", |facts| facts.reservation = reserved("1"), Level::Green, "you have reserved it for another 2 hours"),
        (
            "undo of what is gone",
            |facts| facts.kind = Kind::Undo { of: OperationId(8) },
            Level::Red,
            "the snapshot of that reset is not kept any more",
        ),
        (
            "undo",
            |facts| facts.kind = Kind::Undo { of: OperationId(7) },
            Level::Green,
            "vehicles: 97 rows now, 112 from before the reset put back",
        ),
        (
            "undo over new rows",
            |facts| {
                facts.kind = Kind::Undo { of: OperationId(7) };
                seen(facts).counts = vec![table("vehicles", 100, 103, 3)];
            },
            Level::Amber,
            "3 added since the reset are lost",
        ),
    ];
    for (what, change, level, text) in cases {
        let mut facts = clear();
        change(&mut facts);
        let verdict = judge(&facts);
        let found = verdict.lines.iter().find(|line| line.text.contains(text));
        assert_eq!(found.map(|line| line.level), Some(*level), "{what}: {:#?}", verdict.lines);
        let worst = verdict.lines.iter().map(|line| line.level).max().unwrap();
        assert_eq!(worst, *level, "{what}");
        assert_eq!(verdict.is_offered(), *level != Level::Red, "{what}");
        assert_eq!(verdict.needs_reason, *level > Level::Green, "{what}");
        assert_eq!(verdict.permit().is_ok(), *level == Level::Green, "{what}");
        // What is not green wants a reason, and with one it may be done unless it is red.
        let verdict = judge(&Facts { reason: "QA agreed".into(), ..facts });
        assert_eq!(verdict.permit().is_ok(), *level != Level::Red, "{what}");
    }
}

#[test]
fn the_name_is_typed_in_full() {
    for typed in ["", "staging", "fleet-management/stagin", "Fleet-management/staging", "fleet-management/production"] {
        let verdict = judge(&Facts { typed: typed.into(), ..clear() });
        assert!(verdict.is_offered(), "{typed}");
        assert_eq!(verdict.permit(), Err(vec![Refusal::Name("fleet-management/staging".into())]), "{typed}");
    }
}

#[test]
fn what_was_shown_is_another_where_a_rule_judges_otherwise_and_not_where_a_number_moves() {
    let print = |facts: &Facts| judge(facts).fingerprint(facts);
    let before = print(&clear());
    let mut moved = clear();
    seen(&mut moved).counts[1].counted = 96;
    seen(&mut moved).at += 5;
    seen(&mut moved).sessions = Some(Ok(1));
    // Who is signed in may change while one reads; that a reason is asked for then is not a part of what is shown already.
    moved.reason = "QA agreed".into();
    assert_ne!(print(&moved), before);
    seen(&mut moved).sessions = Some(Ok(0));
    assert_eq!(print(&moved), before);
    let mut others = clear();
    seen(&mut others).counts[1].foreign = 1;
    assert_ne!(print(&others), before);
    assert_ne!(print(&Facts { kind: Kind::Undo { of: OperationId(7) }, ..clear() }), before);
    assert_ne!(print(&Facts { environment: "ctafleet/staging".parse().unwrap(), ..clear() }), before);
    assert_ne!(print(&Facts { seed: Ok(SeedFacts { version: 2, schema: "7".into() }), ..clear() }), before);
}

#[test]
fn a_schedule_writes_no_reason_and_leaves_alone_what_is_reserved() {
    let by_itself = || Facts { asker: Asker::Schedule, typed: "".into(), ..clear() };
    let mut used = by_itself();
    seen(&mut used).counts = vec![table("vehicles", 100, 112, 12)];
    for facts in [by_itself(), used] {
        let verdict = judge(&facts);
        assert!(!verdict.needs_reason && verdict.permit().is_ok());
    }
    for by in ["1", "2"] {
        let refused = judge(&Facts { reservation: reserved(by), ..by_itself() }).permit().unwrap_err();
        assert_eq!(refused[0].to_string(), "ana has reserved it for another 2 hours: regression run");
    }
}
