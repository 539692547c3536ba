//! `quarterdeck audit verify` and `quarterdeck database migrate`, as somebody runs them.

use std::process::{Command, Output};

use sqlx::Executor as _;

use crate::bench::{Bench, NOW, on_both};
use crate::ledger::{append, operation};
use crate::postgres::Server;

on_both!(a_whole_ledger_and_a_broken_one, tables_are_made_and_made_again);

fn quarterdeck(words: &[&str], database: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quarterdeck"));
    command.args(words).env("QUARTERDECK_DATABASE", database).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn a_whole_ledger_and_a_broken_one(bench: Bench) {
    let url = bench.text();
    let verify = |words: &[&str]| quarterdeck(&[&["audit", "verify"], words].concat(), url);
    let whole = verify(&[]);
    assert_eq!(
        (whole.status.code(), text(&whole.stdout).lines().next()),
        (Some(0), Some("The ledger is whole: 0 entries."))
    );
    let heads = append(&bench, &[operation(NOW, "a/b"), operation(NOW, "a/b"), operation(NOW, "a/b")]).await;
    let whole = verify(&["--head", &heads[1].to_string()]);
    assert_eq!(text(&whole.stdout), format!("The ledger is whole: 3 entries.\nHead: {}\n", heads[2]));
    assert_eq!(whole.status.code(), Some(0));
    for other in ["x", "ab@1"] {
        assert!(text(&verify(&["--head", other]).stderr).contains("a head is written HASH@SEQ"));
    }

    let mut raw = bench.raw().await;
    if bench.is_sqlite() {
        raw.execute("drop trigger ledger_no_update").await.unwrap();
    } else {
        raw.execute("set session_replication_role = replica").await.unwrap();
    }
    raw.execute("update ledger set body = replace(body, 'because', 'for fun') where seq = 2").await.unwrap();
    let broken = verify(&[]);
    assert_eq!(broken.status.code(), Some(1));
    let said = text(&broken.stdout);
    assert!(
        said.starts_with("The ledger is broken at row 2: its hash is not that of what it says: it was changed."),
        "{said}"
    );
}

async fn tables_are_made_and_made_again(bench: Bench) {
    for _ in 0..2 {
        let done = quarterdeck(&["database", "migrate"], bench.text());
        assert!(done.status.success(), "{}", text(&done.stderr));
        assert!(text(&done.stdout).contains("the tables are up to date"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_cannot_look_says_why_and_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none.db");
    let failed = quarterdeck(&["audit", "verify"], &format!("sqlite:{}", path.display()));
    assert_eq!(failed.status.code(), Some(2));
    assert!(text(&failed.stderr).contains("There is no database at"), "{}", text(&failed.stderr));
    assert!(!path.exists());
    let wrong = quarterdeck(&["audit", "verify"], "postgres://kim:canary@db/x?passwrod=canary");
    assert_eq!(wrong.status.code(), Some(2));
    let shown = text(&wrong.stderr) + &text(&wrong.stdout);
    assert!(shown.contains("a parameter that is not known") && !shown.contains("canary"), "{shown}");
    let help = quarterdeck(&["audit", "verify", "--help"], "postgres://kim:canary@db/x");
    assert!(!text(&help.stdout).contains("canary"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_made_ready_from_the_command_line() {
    let bench = Bench::postgres().await;
    Server::shared().admin("create role served_by_command login").await;
    let done = quarterdeck(&["database", "migrate", "--for-role", "served_by_command"], bench.text());
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert!(text(&done.stdout).contains("The role served_by_command may serve"));
    let url = Server::shared().url_of("served_by_command", bench.database());
    let whole = quarterdeck(&["audit", "verify"], &url);
    assert_eq!(whole.status.code(), Some(0), "{}", text(&whole.stderr));
}
