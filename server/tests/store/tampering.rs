//! Whoever changes the ledger behind the triggers' back is found out.

use proptest::prelude::{Strategy, any, prop};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use server::store::ledger::{Broken, Flaw, Hash, Head, Verdict};
use sqlx::{AnyConnection, AssertSqlSafe, Executor as _, Row as _};

use crate::bench::{Bench, NOW, on_both};
use crate::ledger::{append, operation, sign_in};

on_both!(
    each_kind_of_tampering_is_named,
    random_changes_are_found_in_their_row,
    a_ledger_that_was_cut_off_is_noticed_by_its_head,
    a_ledger_that_was_written_anew_is_noticed_by_its_head,
    many_batches_are_checked,
);

/// A connection for which the triggers do not count.
async fn intruder(bench: &Bench) -> AnyConnection {
    let mut raw = bench.raw().await;
    if bench.is_sqlite() {
        for trigger in ["ledger_only_grows", "ledger_no_update", "ledger_no_delete"] {
            raw.execute(AssertSqlSafe(format!("drop trigger {trigger}"))).await.unwrap();
        }
        raw.execute("pragma ignore_check_constraints = on").await.unwrap();
    } else {
        raw.execute("set session_replication_role = replica").await.unwrap();
    }
    raw
}

async fn verdict(bench: &Bench, expected: Option<Head>) -> Verdict {
    bench.store.verify(expected).await.unwrap()
}

/// The rows in another table, to be put back from.
async fn keep(raw: &mut AnyConnection) {
    raw.execute("create table kept as select * from ledger").await.unwrap();
}

async fn put_back(raw: &mut AnyConnection) {
    raw.execute("delete from ledger").await.unwrap();
    raw.execute("insert into ledger select * from kept").await.unwrap();
}

async fn each_kind_of_tampering_is_named(bench: Bench) {
    append(&bench, &[operation(NOW, "a/b"), sign_in(NOW, 7, "ada"), operation(NOW, "a/b"), operation(NOW, "a/b")])
        .await;
    let mut raw = intruder(&bench).await;
    keep(&mut raw).await;
    let copy = "insert into ledger select $SEQ, at, kind, outcome, person_id, person_name, environment, operation, body, \
        previous, hash, whom_id, whom_name from ledger where seq = 2";
    for (text, seq, flaw) in [
        ("delete from ledger where seq = 2".to_owned(), 2, Flaw::Missing),
        ("delete from ledger where seq = 1".to_owned(), 1, Flaw::Missing),
        ("update ledger set seq = 17 where seq = 3".to_owned(), 3, Flaw::Missing),
        (copy.replace("$SEQ", "0"), 0, Flaw::Number),
        (copy.replace("$SEQ", "-5"), -5, Flaw::Number),
        (copy.replace("$SEQ", "5"), 5, Flaw::Previous),
        ("update ledger set previous = hash where seq = 3".to_owned(), 3, Flaw::Previous),
        ("update ledger set hash = previous where seq = 2".to_owned(), 2, Flaw::Hash),
        ("update ledger set body = replace(body, 'Signed', 'signed') where seq = 2".to_owned(), 2, Flaw::Hash),
        ("update ledger set body = body || ' ' where seq = 4".to_owned(), 4, Flaw::Hash),
        ("update ledger set at = at + 1 where seq = 2".to_owned(), 2, Flaw::Column("at")),
        ("update ledger set kind = 'scale' where seq = 2".to_owned(), 2, Flaw::Column("kind")),
        ("update ledger set outcome = 'refused' where seq = 2".to_owned(), 2, Flaw::Column("outcome")),
        ("update ledger set person_id = '' where seq = 2".to_owned(), 2, Flaw::Column("person_id")),
        ("update ledger set person_name = 'kim' where seq = 2".to_owned(), 2, Flaw::Column("person_name")),
        ("update ledger set environment = 'a/b' where seq = 2".to_owned(), 2, Flaw::Column("environment")),
        ("update ledger set environment = null where seq = 1".to_owned(), 1, Flaw::Column("environment")),
        ("update ledger set operation = 'x' where seq = 2".to_owned(), 2, Flaw::Column("operation")),
        ("update ledger set whom_id = '07' where seq = 2".to_owned(), 2, Flaw::Column("whom_id")),
        ("update ledger set whom_name = 'kim' where seq = 2".to_owned(), 2, Flaw::Column("whom_name")),
    ] {
        raw.execute(AssertSqlSafe(text.clone())).await.unwrap();
        assert_eq!(verdict(&bench, None).await, Verdict::Broken(Broken { seq, flaw }), "{text}");
        put_back(&mut raw).await;
        assert!(matches!(verdict(&bench, None).await, Verdict::Whole { .. }));
    }
    // Two rows exchanged, with all that is in them.
    for (from, to) in [(2, -2), (3, 2), (-2, 3)] {
        raw.execute(AssertSqlSafe(format!("update ledger set seq = {to} where seq = {from}"))).await.unwrap();
    }
    assert_eq!(verdict(&bench, None).await, Verdict::Broken(Broken { seq: 2, flaw: Flaw::Previous }));
    put_back(&mut raw).await;
    // A body that is no entry, hashed as we would, and all after it.
    let hash = Hash::of(4, hash_of(&mut raw, 3).await, "{}");
    set(&mut raw, 4, "{}", hash).await;
    assert_eq!(verdict(&bench, None).await, Verdict::Broken(Broken { seq: 4, flaw: Flaw::Body }));
    put_back(&mut raw).await;
    if bench.is_sqlite() {
        raw.execute("update ledger set hash = x'00' where seq = 3").await.unwrap();
        assert_eq!(verdict(&bench, None).await, Verdict::Broken(Broken { seq: 3, flaw: Flaw::Unreadable }));
    }
}

async fn hash_of(raw: &mut AnyConnection, seq: i64) -> Hash {
    let row = sqlx::query("select hash from ledger where seq = $1").bind(seq).fetch_one(raw).await.unwrap();
    Hash(row.get::<Vec<u8>, _>("hash").try_into().unwrap())
}

async fn set(raw: &mut AnyConnection, seq: i64, body: &str, hash: Hash) {
    let statement = sqlx::query("update ledger set body = $2, hash = $3 where seq = $1");
    statement.bind(seq).bind(body.to_owned()).bind(hash.0.to_vec()).execute(raw).await.unwrap();
}

/// A change of one column of one row to something else.
#[derive(Debug)]
enum Change {
    Number(&'static str, i64),
    Text(&'static str, String),
    Bytes(&'static str, Vec<u8>),
    /// One bit of the body.
    Bit(usize),
}

async fn random_changes_are_found_in_their_row(bench: Bench) {
    const ROWS: i64 = 20;
    let entries: Vec<_> = (0..ROWS).map(|number| operation(NOW + number, "fleet/production")).collect();
    append(&bench, &entries).await;
    let mut raw = intruder(&bench).await;
    keep(&mut raw).await;
    let text =
        prop::sample::select(vec!["kind", "outcome", "person_id", "person_name", "environment", "operation", "body"]);
    let changes = prop::strategy::Union::new(vec![
        (any::<i64>()).prop_map(|value| Change::Number("at", value)).boxed(),
        (text, "[a-z{}\":/ ]{0,12}").prop_map(|(column, value)| Change::Text(column, value)).boxed(),
        (prop::sample::select(vec!["previous", "hash"]), prop::collection::vec(any::<u8>(), 32))
            .prop_map(|(column, value)| Change::Bytes(column, value))
            .boxed(),
        any::<usize>().prop_map(Change::Bit).boxed(),
    ]);
    let cases = (1..=ROWS, changes);
    let mut runner = TestRunner::deterministic();
    for _ in 0..100 {
        let (seq, change) = cases.new_tree(&mut runner).unwrap().current();
        let update = |column: &str| AssertSqlSafe(format!("update ledger set {column} = $2 where seq = $1"));
        match &change {
            Change::Number(column, value) => sqlx::query(update(column)).bind(seq).bind(*value),
            Change::Text(column, value) => sqlx::query(update(column)).bind(seq).bind(value.clone()),
            Change::Bytes(column, value) => sqlx::query(update(column)).bind(seq).bind(value.clone()),
            Change::Bit(place) => {
                let row =
                    sqlx::query("select body from ledger where seq = $1").bind(seq).fetch_one(&mut raw).await.unwrap();
                let mut body = row.get::<String, _>("body").into_bytes();
                // The low bit of an ASCII character, so that the text stays one.
                let places: Vec<usize> = (0..body.len()).filter(|place| body[*place].is_ascii_graphic()).collect();
                body[places[place % places.len()]] ^= 1;
                sqlx::query(update("body")).bind(seq).bind(String::from_utf8(body).unwrap())
            }
        }
        .execute(&mut raw)
        .await
        .unwrap();
        match verdict(&bench, None).await {
            Verdict::Broken(broken) => assert_eq!(broken.seq, seq, "{change:?}"),
            Verdict::Whole { .. } => panic!("row {seq} was changed unnoticed: {change:?}"),
        }
        put_back(&mut raw).await;
    }
}

async fn a_ledger_that_was_cut_off_is_noticed_by_its_head(bench: Bench) {
    let heads = append(&bench, &[operation(NOW, "a/b"), operation(NOW, "a/b"), operation(NOW, "a/b")]).await;
    let mut raw = intruder(&bench).await;
    raw.execute("delete from ledger where seq = 3").await.unwrap();
    assert_eq!(verdict(&bench, None).await, Verdict::Whole { head: heads[1] }, "without a head nothing shows it");
    assert_eq!(verdict(&bench, Some(heads[2])).await, Verdict::Broken(Broken { seq: 3, flaw: Flaw::CutOff }));
    assert_eq!(verdict(&bench, Some(heads[0])).await, Verdict::Whole { head: heads[1] });
    raw.execute("delete from ledger").await.unwrap();
    assert_eq!(verdict(&bench, Some(heads[2])).await, Verdict::Broken(Broken { seq: 1, flaw: Flaw::CutOff }));
}

async fn a_ledger_that_was_written_anew_is_noticed_by_its_head(bench: Bench) {
    let heads = append(&bench, &[operation(NOW, "a/b"), operation(NOW, "a/b")]).await;
    let mut raw = intruder(&bench).await;
    raw.execute("delete from ledger where seq = 2").await.unwrap();
    append(&bench, &[sign_in(NOW, 7, "ada"), operation(NOW, "a/b")]).await;
    assert!(matches!(verdict(&bench, None).await, Verdict::Whole { .. }));
    assert_eq!(verdict(&bench, Some(heads[1])).await, Verdict::Broken(Broken { seq: 2, flaw: Flaw::NotTheHead }));
}

async fn many_batches_are_checked(bench: Bench) {
    let mut write = bench.store.write().await.unwrap();
    let mut head = Head::START;
    for number in 0..2_500 {
        head = write.append(&operation(NOW + number, "a/b")).await.unwrap();
    }
    write.commit().await.unwrap();
    assert_eq!(verdict(&bench, Some(head)).await, Verdict::Whole { head });
    let mut raw = intruder(&bench).await;
    raw.execute("update ledger set body = replace(body, 'kim', 'ada') where seq = 2001").await.unwrap();
    assert_eq!(verdict(&bench, None).await, Verdict::Broken(Broken { seq: 2_001, flaw: Flaw::Hash }));
}
