//! PostgreSQL goes and comes back under the running program.

use crate::bench::{Setup, sign_in_body};
use crate::postgres::Server;

#[tokio::test(flavor = "multi_thread")]
async fn killing_postgresql_stops_what_must_be_recorded_and_nothing_else() {
    let mut server = Server::start(true);
    server.create_database("deck").await;
    let mut setup = Setup::new();
    setup.database = server.url("deck");
    setup.add_person("kim");
    let program = setup.start().await;
    let cookie = program.sign_in("kim").await;
    assert_eq!(program.get("/", &cookie).await.status, 200);
    let ready = program.until("it is ready", "/readyz?verbose", "", |answer| answer.status == 200).await;
    assert!(ready.body.contains("[+] database"), "{}", ready.body);

    server.kill();
    let told = "does not answer, so nothing can be recorded and nothing is changed";
    let ready = program.until("it says so", "/readyz?verbose", "", |answer| answer.body.contains("[-] database")).await;
    assert!(ready.status == 200 && ready.body.contains(told), "{}", ready.body);
    // Who was known reads on.
    for path in ["/", "/pods", "/e/shop/production"] {
        assert_eq!(program.get(path, &cookie).await.status, 200, "{path}");
    }
    // What must be recorded is refused, with a sentence.
    for (path, body) in [
        ("/changes/export.csv", String::new()),
        ("/people/add", "name=ada&role=viewer&scope=*".to_owned()),
        ("/account/sessions/end-others", String::new()),
        ("/sign-out", String::new()),
    ] {
        let refused = program.post(path, &cookie, &body).await;
        assert_eq!(refused.status, 503, "{path}: {}", refused.body);
        assert!(refused.body.contains(told), "{path}: {}", refused.body);
    }
    let refused = program.post("/sign-in", "", &sign_in_body("kim")).await;
    assert_eq!(refused.status, 503, "{}", refused.body);
    // Nobody who is not known is shown anything.
    let unknown = format!("quarterdeck={}", "ab".repeat(32));
    assert_eq!(program.get("/", &unknown).await.status, 503);

    server.run();
    program.until("it is back", "/readyz?verbose", "", |answer| answer.body.contains("[+] database")).await;
    let done = program.post("/people/add", &cookie, "name=ada&role=viewer&scope=*").await;
    assert!(done.status == 200 || done.status == 303, "{}: {}", done.status, done.body);
    let verified = setup.command(&["audit", "verify"], "");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    let said = program.said();
    assert!(!said.contains("panicked"), "{said}");
    assert!(!said.contains("canary"), "a secret is in the log");
}
