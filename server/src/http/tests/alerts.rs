//! The page of alerts: who sees which, who may silence, and that it is recorded.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use domain::access::Role;
use domain::alert::life::{Alert, NoticeKind, Said};
use domain::alert::notice::Notice;
use domain::alert::{AlertKey, RuleId, Severity};
use domain::ledger::Kind;

use super::site::{Answer, HOST, ask_as, get_as, of_this_build, person, rows, site};
use crate::clock;
use crate::http::{Site, router};
use crate::people::token::Token;
use crate::store::ledger::{AccessEntries, Environments, Filter};
use crate::store::{KeptAlert, Progress, Queued};

/// Somebody who can be told.
const REGISTRY: &str = "{ clusters: [{ id: main, connect: { context: main } }], systems: [{ id: shop, name: The Shop, environments: [ \
     { id: production, cluster: main, namespace: shop, tier: production, timeZone: America/New_York, \
       components: [{ kind: Deployment, name: web, role: app, replicas: 1 }] } ] }], alerts: { receivers: [ \
     { name: on-call, webhook: { urlEnv: NOT_SET } }, { name: chat, webhook: { urlEnv: NOT_SET } } ] } }";

/// Keeps an alert that fires, of which one receiver could not be told.
async fn fire(site: &Site, id: &str, environment: &str) {
    let now = clock::now_us();
    let key = AlertKey { environment: environment.parse().unwrap(), rule: RuleId::CrashLoop, about: "web".into() };
    let alert = Alert {
        key,
        severity: Severity::Critical,
        title: format!("<b>web</b> of {environment} crash loops"),
        evidence: "Seen.".into(),
        component: None,
        since: now,
        fired: Some(now),
        resolved: None,
        quiet_since: None,
        said: Said::Firing,
    };
    let notice = Notice::of(&alert, id, NoticeKind::Firing, "The Shop", None, now);
    let queued = Queued { id: format!("n-{id}"), receiver: "on-call".into(), notice };
    let store = site.people.store();
    let mut write = store.write().await.unwrap();
    write.keep_alert(&KeptAlert { id: id.into(), alert }, now).await.unwrap();
    write.queue_notice(&queued, now).await.unwrap();
    write.commit().await.unwrap();
    let claimed = store.claim_notice(now, now + 1).await.unwrap().unwrap();
    store.notice_failed(&claimed, &Progress::default(), "it answered 503", Some(now + 60_000_000), now).await.unwrap();
}

async fn post(site: &Site, token: &Token, path: &str, fields: &str) -> Answer {
    let request = Request::post(path)
        .header("host", HOST)
        .header("origin", format!("http://{HOST}"))
        .header("content-type", "application/x-www-form-urlencoded");
    ask_as(&router(site.clone()), request.body(Body::from(of_this_build(fields))).unwrap(), Some(token)).await
}

#[tokio::test]
async fn an_alert_is_there_for_those_who_see_its_environment() {
    let site = site(rows()).await;
    fire(&site, "a1", "shop/production").await;
    fire(&site, "a2", "shop/staging").await;
    for (name, roles, sees) in [
        ("all", vec![(Role::Viewer, "*")], (true, true)),
        ("one", vec![(Role::Operator, "shop/staging")], (false, true)),
        ("admin", vec![(Role::Admin, "*")], (false, false)),
        ("both", vec![(Role::Admin, "*"), (Role::Viewer, "*")], (true, true)),
    ] {
        let token = Token::random();
        person(&site, name, &roles, &token).await;
        for (path, of_one) in [("/alerts", true), ("/alerts?environment=shop%2Fproduction", false)] {
            let text = get_as(&router(site.clone()), path, Some(&token)).await.text();
            let shown =
                |environment: &str| text.contains(&format!("&lt;b&gt;web&lt;/b&gt; of {environment} crash loops"));
            assert_eq!(shown("shop/production"), sees.0, "{name} {path}");
            // What one may not ask for is not asked for.
            assert_eq!(shown("shop/staging"), sees.1 && (of_one || !sees.0), "{name} {path}");
            assert!(!text.contains("<b>web"), "{name}");
            // Why somebody was not told names what is set up, and is for admins.
            assert_eq!(text.contains("it answered 503"), name == "both", "{name} {path}");
            assert_eq!(text.contains("not told that it fires yet, tried again at 20"), name == "all" || name == "one");
            assert_eq!(text.contains("id=\"alert-receivers\""), name == "admin" || name == "both", "{name}");
        }
    }
}

#[tokio::test]
async fn operators_silence_where_they_operate_and_the_record_says_why() {
    let site = site(rows()).await;
    fire(&site, "a1", "shop/production").await;
    fire(&site, "a2", "shop/staging").await;
    let (one, viewer) = (Token::random(), Token::random());
    person(&site, "one", &[(Role::Operator, "shop/staging"), (Role::Viewer, "shop/production")], &one).await;
    person(&site, "elsewhere", &[(Role::Operator, "shop/production")], &viewer).await;
    let entries = || async {
        let filter = Filter::new(Environments::All, AccessEntries::All, 1_000);
        let found = site.people.store().read().await.unwrap().query(&filter).await.unwrap();
        let entries = found.into_iter().filter_map(|found| found.entry);
        entries.filter(|entry| entry.kind == Kind::AlertSilenced).collect::<Vec<_>>()
    };
    for (token, fields, expected) in [
        (&one, "alert=a1&until=1h&reason=we+know", StatusCode::FORBIDDEN),
        (&viewer, "alert=a2&until=1h&reason=we+know", StatusCode::NOT_FOUND),
        (&one, "alert=none&until=1h&reason=we+know", StatusCode::NOT_FOUND),
        (&one, "alert=a2&until=1h&reason=+", StatusCode::UNPROCESSABLE_ENTITY),
        (&one, "alert=a2&until=ever&reason=we+know", StatusCode::UNPROCESSABLE_ENTITY),
        (&one, "alert=a2&until=1h&until_at=2020-01-01T00%3A00&reason=we+know", StatusCode::UNPROCESSABLE_ENTITY),
    ] {
        assert_eq!(post(&site, token, "/alerts/silence", fields).await.status, expected, "{fields}");
    }
    assert_eq!(entries().await, []);

    let done = post(&site, &one, "/alerts/silence", "alert=a2&until=morning&reason=we+know&environment=").await;
    assert_eq!((done.status, done.header("location")), (StatusCode::SEE_OTHER, "/alerts?environment=&said=silenced"));
    let found = entries().await;
    assert_eq!((found.len(), &*found[0].why, found[0].actor.role), (1, "we know", Some(Role::Operator)));
    assert!(found[0].what.starts_with("Silenced the alert Crash loop until "), "{}", found[0].what);
    assert!(found[0].what.contains(" 09:00 America/New_York"), "{}", found[0].what);
    let text = get_as(&router(site.clone()), "/alerts?said=silenced", Some(&one)).await.text();
    assert!(text.contains("Silenced by ") && text.contains("It stands in the record."), "{text}");

    let silence = site.people.store().read().await.unwrap().silences(clock::now_us()).await.unwrap().remove(0).id;
    let end = format!("silence={silence}");
    assert_eq!(post(&site, &viewer, "/alerts/silence/end", &end).await.status, StatusCode::NOT_FOUND);
    for _ in 0..2 {
        assert_eq!(post(&site, &one, "/alerts/silence/end", &end).await.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(entries().await.len(), 2, "what is over already is not ended again");
    assert_eq!(site.people.store().read().await.unwrap().silences(clock::now_us()).await.unwrap(), []);
}

#[tokio::test]
async fn what_is_not_judged_is_said_to_those_who_see_the_environment() {
    let rows = rows();
    rows.silent(&super::site::main(), "It does not answer.");
    let site = site(rows).await;
    for (name, scope, expected) in [("all", "*", 2), ("one", "shop/staging", 1), ("none", "other/place", 0)] {
        let token = Token::random();
        person(&site, name, &[(Role::Viewer, scope)], &token).await;
        let text = get_as(&router(site.clone()), "/alerts", Some(&token)).await.text();
        assert_eq!(text.matches("Nothing is judged: ").count(), expected, "{name}: {text}");
        assert_eq!(text.contains("id=\"alerts-not-judged\""), expected > 0, "{name}");
        let path = "/alerts?environment=shop%2Fstaging";
        let text = get_as(&router(site.clone()), path, Some(&token)).await.text();
        assert_eq!(text.matches("Nothing is judged: ").count(), expected.min(1), "{name}");
    }
}

#[tokio::test]
async fn a_test_is_recorded_and_one_at_a_time() {
    let registry = crate::registry::parse("sample", REGISTRY.as_bytes()).unwrap();
    let rows = rows();
    let mut site = site(rows.clone()).await;
    let (_, registries) = tokio::sync::watch::channel(std::sync::Arc::new(registry));
    let webhooks = crate::alerts::Webhooks::new(false).unwrap();
    let people = site.people.clone();
    site.alerts = std::sync::Arc::new(crate::alerts::Alerts::new(people, rows, registries, webhooks, None, None));
    let (admin, viewer) = (Token::random(), Token::random());
    person(&site, "admin", &[(Role::Admin, "*")], &admin).await;
    person(&site, "looker", &[(Role::Viewer, "*")], &viewer).await;
    let test = |token, name| {
        let (site, fields) = (site.clone(), format!("receiver={name}"));
        async move { post(&site, token, "/alerts/test", &fields).await.status }
    };
    assert_eq!(test(&viewer, "on-call").await, StatusCode::FORBIDDEN);
    assert_eq!(test(&admin, "nobody").await, StatusCode::NOT_FOUND);
    assert_eq!(test(&admin, "on-call").await, StatusCode::SEE_OTHER);
    // It is on its way.
    assert_eq!(test(&admin, "on-call").await, StatusCode::CONFLICT);
    assert_eq!(test(&admin, "chat").await, StatusCode::SEE_OTHER);
    let store = site.people.store();
    let now = clock::now_us();
    let claimed = store.claim_notice(now, now + 60_000_000).await.unwrap().unwrap();
    assert_eq!(claimed.queued.receiver, "on-call");
    assert!(store.notice_sent(&claimed, now).await.unwrap());
    // It arrived a moment ago.
    assert_eq!(test(&admin, "on-call").await, StatusCode::CONFLICT);
    let mut read = store.read().await.unwrap();
    assert!(!read.is_being_tested("on-call", now + 1).await.unwrap());
    let filter = Filter::new(Environments::All, AccessEntries::All, 1_000);
    let entries = read.query(&filter).await.unwrap().into_iter().filter_map(|found| found.entry);
    let tested: Vec<_> = entries.filter(|entry| entry.kind == Kind::AlertTested).map(|entry| entry.what).collect();
    let said = |name: &str| format!("Sent a test to the receiver {name} of alerts.");
    assert_eq!(tested, [said("chat"), said("on-call")]);
    drop(read);
    let text = get_as(&router(site.clone()), "/alerts", Some(&admin)).await.text();
    assert!(text.contains("told with a test, 20") && text.contains("being told with a test"), "{text}");
}
