//! The ledger: appended, read, searched.

use domain::access::Role;
use domain::ledger::{Actor, Entry, Kind, OperationId, Outcome, Whom};
use domain::person::UserId;
use server::store::StoreError;
use server::store::ledger::{AccessEntries, Environments, Filter, Hash, Head, Recorded, Verdict};
use sqlx::Executor as _;
use tokio::task::JoinSet;

use crate::bench::{Bench, NOW, SECOND, new_user, on_both};

on_both!(
    an_entry_is_read_as_it_was_appended,
    entries_are_chained_from_the_first_on,
    a_change_and_its_entry_stand_or_fall_together,
    two_writers_at_once_make_no_gap_and_no_fork,
    entries_of_an_operation_are_found,
    pages_follow_one_another_without_overlap,
    every_filter_narrows,
    nobody_reads_what_they_may_not,
    a_name_that_no_database_likes_is_recorded,
    an_entry_of_a_newer_program_breaks_no_page,
    nothing_is_changed_deleted_or_put_in_between,
);

/// An entry about an environment.
pub fn operation(at: i64, environment: &str) -> Entry {
    Entry {
        at,
        kind: Kind::Restart,
        outcome: Outcome::Done,
        actor: Actor {
            id: UserId(1).to_string(),
            name: "kim".into(),
            role: Some(Role::Operator),
            source: "192.0.2.7".into(),
        },
        operation: None,
        environment: Some(environment.parse().unwrap()),
        target: None,
        whom: None,
        what: "Restarted fleet-api: 'x' \"y\" \\ \u{202e}漢\n\u{0}".into(),
        why: "because; drop table ledger".into(),
        plan: vec!["one".into(), String::new()],
        before: vec![("replicas".into(), "3".into())],
        after: Vec::new(),
    }
}

/// An entry about somebody's access.
pub fn sign_in(at: i64, person: u128, name: &str) -> Entry {
    let actor = Actor { id: UserId(person).to_string(), name: name.into(), role: None, source: "192.0.2.8".into() };
    Entry { kind: Kind::SignIn, actor, environment: None, what: "Signed in.".into(), ..operation(at, "a/b") }
}

/// Appends entries, each by itself.
pub async fn append(bench: &Bench, entries: &[Entry]) -> Vec<Head> {
    let mut heads = Vec::new();
    for entry in entries {
        let mut write = bench.store.write().await.unwrap();
        heads.push(write.append(entry).await.unwrap());
        write.commit().await.unwrap();
    }
    heads
}

fn all() -> Filter {
    Filter::new(Environments::All, AccessEntries::All, 100)
}

async fn query(bench: &Bench, filter: &Filter) -> Vec<Recorded> {
    bench.store.read().await.unwrap().query(filter).await.unwrap()
}

async fn numbers(bench: &Bench, filter: &Filter) -> Vec<i64> {
    query(bench, filter).await.iter().map(|recorded| recorded.seq).collect()
}

async fn an_entry_is_read_as_it_was_appended(bench: Bench) {
    let entry = operation(NOW, "fleet/production");
    let head = append(&bench, std::slice::from_ref(&entry)).await[0];
    let mut read = bench.store.read().await.unwrap();
    let found = read.entry(1).await.unwrap().unwrap();
    assert_eq!(found.entry.as_ref(), Some(&entry));
    assert_eq!(found.body, serde_json::to_string(&entry).unwrap());
    assert_eq!((found.seq, found.previous, found.hash), (1, Hash::START, head.hash));
    assert_eq!(read.head().await.unwrap(), head);
    assert_eq!(read.entry(2).await.unwrap(), None);
    assert_eq!(read.entry(0).await.unwrap(), None);
}

async fn entries_are_chained_from_the_first_on(bench: Bench) {
    assert_eq!(bench.store.verify(None).await.unwrap(), Verdict::Whole { head: Head::START });
    let heads = append(&bench, &[operation(NOW, "a/b"), sign_in(NOW, 7, "ada"), operation(NOW, "a/b")]).await;
    let rows = query(&bench, &all()).await;
    assert_eq!(rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [3, 2, 1]);
    assert_eq!((rows[2].previous, rows[1].previous, rows[0].previous), (Hash::START, heads[0].hash, heads[1].hash));
    assert_eq!(bench.store.verify(None).await.unwrap(), Verdict::Whole { head: heads[2] });
    assert_eq!(bench.store.verify(Some(heads[1])).await.unwrap(), Verdict::Whole { head: heads[2] });
}

async fn a_change_and_its_entry_stand_or_fall_together(bench: Bench) {
    let mut write = bench.store.write().await.unwrap();
    write.add_user(&new_user("kim")).await.unwrap();
    write.append(&sign_in(NOW, 1, "kim")).await.unwrap();
    drop(write);
    assert_eq!(bench.store.read().await.unwrap().count_users().await.unwrap(), 0);
    assert_eq!(bench.store.read().await.unwrap().head().await.unwrap(), Head::START);

    // A change that does not work after its entry takes the entry along.
    bench.person("kim").await;
    let mut write = bench.store.write().await.unwrap();
    write.append(&sign_in(NOW, 1, "kim")).await.unwrap();
    assert!(matches!(write.add_user(&new_user("kim")).await, Err(StoreError::Conflict(_))));
    drop(write);
    assert_eq!(bench.store.read().await.unwrap().head().await.unwrap(), Head::START);

    // Two entries in one transaction follow one another.
    let mut write = bench.store.write().await.unwrap();
    write.append(&sign_in(NOW, 1, "kim")).await.unwrap();
    let head = write.append(&sign_in(NOW, 1, "kim")).await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(bench.store.verify(None).await.unwrap(), Verdict::Whole { head });
    assert_eq!(head.seq, 2);
}

async fn two_writers_at_once_make_no_gap_and_no_fork(bench: Bench) {
    let other = server::store::Store::open(&bench.url).await.unwrap();
    let mut tasks = JoinSet::new();
    for (number, store) in [bench.store.clone(), other].into_iter().enumerate() {
        tasks.spawn(async move {
            for round in 0..100 {
                let mut write = store.write().await.unwrap();
                write.append(&operation(NOW + round, &format!("a/w{number}"))).await.unwrap();
                write.commit().await.unwrap();
            }
        });
    }
    tasks.join_all().await;
    let Verdict::Whole { head } = bench.store.verify(None).await.unwrap() else { panic!("broken") };
    assert_eq!(head.seq, 200);
    for writer in ["a/w0", "a/w1"] {
        let of_one = Filter { environment: Some(writer.parse().unwrap()), limit: 1_000, ..all() };
        assert_eq!(query(&bench, &of_one).await.len(), 100);
    }
}

async fn entries_of_an_operation_are_found(bench: Bench) {
    let id = OperationId(0xabc);
    let begun = Entry { operation: Some(id), outcome: Outcome::Begun, ..operation(NOW, "a/b") };
    let done = Entry { operation: Some(id), ..operation(NOW + SECOND, "a/b") };
    let other = Entry { operation: Some(OperationId(1)), ..operation(NOW, "a/b") };
    append(&bench, &[begun.clone(), other, operation(NOW, "a/b"), done.clone()]).await;
    let mut read = bench.store.read().await.unwrap();
    let found: Vec<Entry> = read.entries_of(id).await.unwrap().into_iter().filter_map(|row| row.entry).collect();
    assert_eq!(found, [begun, done]);
    assert_eq!(read.entries_of(OperationId(9)).await.unwrap(), []);
}

async fn pages_follow_one_another_without_overlap(bench: Bench) {
    let entries: Vec<Entry> = (0..25).map(|number| operation(NOW - number, "a/b")).collect();
    append(&bench, &entries).await;
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = numbers(&bench, &Filter { before, limit: 10, ..all() }).await;
        let Some(last) = page.last() else { break };
        before = Some(*last);
        seen.extend(page);
        // What is added meanwhile moves nothing.
        append(&bench, &[operation(NOW, "a/b")]).await;
    }
    assert_eq!(seen, (1..=25).rev().collect::<Vec<i64>>());
    assert!(numbers(&bench, &Filter { limit: 0, ..all() }).await.is_empty());
}

async fn every_filter_narrows(bench: Bench) {
    let refused =
        Entry { outcome: Outcome::Refused, kind: Kind::Scale, ..operation(NOW + 2 * SECOND, "fleet/staging") };
    let whom = Whom { id: UserId(9).to_string(), name: "lee".into() };
    let given = Entry { whom: Some(whom), ..sign_in(NOW + SECOND, 7, "ada") };
    append(&bench, &[operation(NOW, "fleet/production"), given, refused]).await;
    for (filter, expected) in [
        (all(), vec![3, 2, 1]),
        (Filter { environment: Some("fleet/staging".parse().unwrap()), ..all() }, vec![3]),
        (Filter { environment: Some("fleet/stag".parse().unwrap()), ..all() }, vec![]),
        (Filter { kind: Some(Kind::SignIn), ..all() }, vec![2]),
        (Filter { outcome: Some(Outcome::Refused), ..all() }, vec![3]),
        (Filter { person: Some("kim".into()), ..all() }, vec![3, 1]),
        (Filter { person: Some(UserId(7).to_string()), ..all() }, vec![2]),
        (Filter { person: Some("' or '1'='1".into()), ..all() }, vec![]),
        (Filter { person: Some("nul\0".into()), ..all() }, vec![]),
        (Filter { whom: Some("lee".into()), ..all() }, vec![2]),
        (Filter { whom: Some(UserId(9).to_string()), ..all() }, vec![2]),
        (Filter { whom: Some("ada".into()), ..all() }, vec![]),
        (Filter { whom: Some("lee".into()), person: Some("kim".into()), ..all() }, vec![]),
        (Filter { from: Some(NOW + SECOND), ..all() }, vec![3, 2]),
        (Filter { until: Some(NOW + SECOND), ..all() }, vec![1]),
        (Filter { from: Some(NOW + SECOND), until: Some(NOW + 2 * SECOND), ..all() }, vec![2]),
        (Filter { before: Some(2), ..all() }, vec![1]),
        (Filter { limit: 2, ..all() }, vec![3, 2]),
        (Filter { person: Some("kim".into()), outcome: Some(Outcome::Done), before: Some(3), ..all() }, vec![1]),
    ] {
        assert_eq!(numbers(&bench, &filter).await, expected, "{filter:?}");
    }
}

async fn nobody_reads_what_they_may_not(bench: Bench) {
    let unregistered = Entry { environment: None, ..operation(NOW, "a/b") };
    let log_view =
        Entry { environment: Some("fleet/staging".parse().unwrap()), kind: Kind::LogView, ..sign_in(NOW, 8, "zoe") };
    append(
        &bench,
        &[
            operation(NOW, "fleet/production"),
            operation(NOW, "fleet/staging"),
            sign_in(NOW, 7, "ada"),
            unregistered,
            log_view,
        ],
    )
    .await;
    // As if a newer program had written it.
    let raw = "insert into ledger (seq, at, kind, outcome, person_id, person_name, environment, body, previous, hash) \
        select 6, at, 'x-new', outcome, person_id, person_name, 'fleet/staging', body, previous, hash from ledger where seq = 5";
    bench.raw().await.execute(raw).await.unwrap();

    let only = |names: &[&str]| Environments::Only(names.iter().map(|name| name.parse().unwrap()).collect());
    for (environments, access, expected) in [
        (Environments::All, AccessEntries::All, vec![6, 5, 4, 3, 2, 1]),
        (Environments::All, AccessEntries::None, vec![4, 2, 1]),
        (only(&[]), AccessEntries::None, vec![]),
        (only(&[]), AccessEntries::All, vec![6, 5, 3]),
        (only(&["fleet/staging"]), AccessEntries::None, vec![2]),
        (only(&["fleet/staging", "fleet/production"]), AccessEntries::Own(UserId(7)), vec![3, 2, 1]),
        (only(&["fleet/production"]), AccessEntries::Own(UserId(8)), vec![6, 5, 1]),
        (only(&["other/one"]), AccessEntries::Own(UserId(9)), vec![]),
    ] {
        let filter = Filter::new(environments, access, 100);
        assert_eq!(numbers(&bench, &filter).await, expected, "{filter:?}");
        // What somebody asks for gives them nothing that they may not read.
        let asked = Filter { environment: Some("fleet/staging".parse().unwrap()), ..filter };
        let some: Vec<i64> = expected.into_iter().filter(|seq| [2, 5, 6].contains(seq)).collect();
        assert_eq!(numbers(&bench, &asked).await, some, "{asked:?}");
    }
}

async fn a_name_that_no_database_likes_is_recorded(bench: Bench) {
    let entry = sign_in(NOW, 0, "k\0m\u{1}\u{ffff}😀");
    let head = append(&bench, std::slice::from_ref(&entry)).await[0];
    assert_eq!(
        query(&bench, &Filter { person: Some("k\0m\u{1}\u{ffff}😀".into()), ..all() }).await[0].entry,
        Some(entry)
    );
    assert_eq!(bench.store.verify(None).await.unwrap(), Verdict::Whole { head });
}

async fn an_entry_of_a_newer_program_breaks_no_page(bench: Bench) {
    append(&bench, &[operation(NOW, "a/b")]).await;
    let known = serde_json::to_string(&operation(NOW, "a/b")).unwrap();
    let body = known.replace("\"restart\"", "\"teleport\"").replacen('{', "{\"mood\":\"good\",", 1);
    let previous = bench.store.read().await.unwrap().head().await.unwrap();
    let head = Head { seq: 2, hash: Hash::of(2, previous.hash, &body) };
    let insert = "insert into ledger (seq, at, kind, outcome, person_id, person_name, environment, body, previous, hash) \
        values (2, $1, 'teleport', 'done', $2, 'kim', 'a/b', $3, $4, $5)";
    sqlx::query(insert)
        .bind(NOW)
        .bind(UserId(1).to_string())
        .bind(body)
        .bind(previous.hash.0.to_vec())
        .bind(head.hash.0.to_vec())
        .execute(&mut bench.raw().await)
        .await
        .unwrap();
    let rows = query(&bench, &all()).await;
    assert_eq!(rows.iter().map(|row| (row.seq, row.entry.is_some())).collect::<Vec<_>>(), [(2, false), (1, true)]);
    assert_eq!(bench.store.verify(None).await.unwrap(), Verdict::Whole { head });
    append(&bench, &[operation(NOW, "a/b")]).await;
}

async fn nothing_is_changed_deleted_or_put_in_between(bench: Bench) {
    append(&bench, &[operation(NOW, "a/b"), operation(NOW, "a/b")]).await;
    let mut raw = bench.raw().await;
    let copy = "(seq, at, kind, outcome, person_id, person_name, body, previous, hash) \
        select $SEQ, at, kind, outcome, person_id, person_name, body, previous, hash from ledger where seq = 1";
    let insert = |seq: &str| format!("insert into ledger {}", copy.replace("$SEQ", seq));
    let mut attempts = vec![
        "update ledger set kind = 'scale' where seq = 2".to_owned(),
        "update ledger set seq = 9 where seq = 2".to_owned(),
        "delete from ledger".to_owned(),
        insert("1"),
        insert("0"),
        insert("-1"),
        insert("4"),
        format!("{} on conflict do nothing", insert("1").replace("where seq = 1", "where seq = 1 and true")),
    ];
    if bench.is_sqlite() {
        attempts.push(insert("2").replace("insert into", "insert or replace into"));
        attempts.push(insert("2").replace("insert into", "replace into"));
    } else {
        attempts.push("truncate ledger".to_owned());
        attempts.push("truncate ledger cascade".to_owned());
        attempts.push(format!("{} on conflict (seq) do update set kind = 'x'", insert("2")));
    }
    for text in attempts {
        let error = raw.execute(sqlx::AssertSqlSafe(text.clone())).await.expect_err(&text).to_string();
        assert!(error.contains("the ledger only grows"), "{text}: {error}");
    }
    let Verdict::Whole { head } = bench.store.verify(None).await.unwrap() else { panic!("broken") };
    assert_eq!(head.seq, 2);
}
