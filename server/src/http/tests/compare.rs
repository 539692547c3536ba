//! The environments of a system beside one another, as somebody sees them who may look at some of them.

use axum::Router;
use domain::access::Role;
use serde_json::json;

use super::site::{deployment, get, get_as, ordinary, person, rows, see, site};
use crate::http::router;
use crate::people::token::Token;

/// Three replicas where two were declared, and a value that a spreadsheet would calculate.
async fn spoilt() -> Router {
    let rows = rows();
    let mut web = deployment();
    web["spec"]["replicas"] = json!(3);
    let settings = json!({
        "kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "settings", "namespace": "shop", "uid": "c1"},
        "data": {"LOG_LEVEL": "=1+<b>", "PASSWORD": "not to be held"}
    });
    see(&rows, [web, settings]);
    router(site(rows).await)
}

#[tokio::test]
async fn what_differs_is_said_with_what_was_declared() {
    let router = spoilt().await;
    let page = get(&router, "/compare?system=shop").await;
    assert_eq!(page.status, 200);
    let text = page.text();
    for part in
        ["expected 2", "expected info", "Deployment web", "StatefulSet db", "=1+&lt;b&gt;", "ConfigMap settings"]
    {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
    assert!(!text.contains("PASSWORD") && !text.contains("not to be held"));
    // The first system that somebody sees is shown where none is asked for.
    assert!(get(&router, "/compare").await.text().contains("Deployment web"));
    // Rows in which nothing differs go.
    assert!(text.contains(">HPA<"), "{text}");
    let only = get(&router, "/compare?system=shop&only=declared").await.text();
    assert!(only.contains("expected 2") && !only.contains(">HPA<"), "{only}");
    assert!(get(&ordinary().await, "/compare?system=shop&only=nonsense").await.text().contains("Deployment web"));
}

#[tokio::test]
async fn the_table_is_taken_along_and_calculates_nothing() {
    let router = spoilt().await;
    let answer = get(&router, "/compare.csv?system=shop&only=declared").await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(answer.header("content-disposition"), "attachment; filename=\"quarterdeck-compare-shop-declared.csv\"");
    let text = answer.text();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("\"what\",\"item\",\"shop/staging\",\"shop/staging expected\""), "{text}");
    let level = lines.iter().find(|line| line.contains("LOG_LEVEL")).unwrap();
    assert!(level.contains("\"'=1+<b>\",\"info\",\"differs\""), "{level}");
    let replicas = lines.iter().find(|line| line.starts_with("\"Deployment web\",\"replicas\"")).unwrap();
    assert!(replicas.ends_with("\"3\",\"2\",\"differs\""), "{replicas}");
}

#[tokio::test]
async fn only_environments_that_somebody_sees_are_columns() {
    let site = site(rows()).await;
    let (one, none) = (Token::random(), Token::random());
    person(&site, "one", &[(Role::Viewer, "shop/staging")], &one).await;
    person(&site, "none", &[], &none).await;
    let router = router(site);
    for path in ["/compare?system=shop", "/compare", "/compare.csv?system=shop"] {
        let answer = get_as(&router, path, Some(&one)).await;
        assert_eq!(answer.status, 200, "{path}");
        let text = answer.text();
        assert!(text.contains("shop/staging") && !text.contains("shop/production"), "{path}: {text}");
        // Nothing of what is declared of production alone.
        assert!(!text.contains("StatefulSet db") && !text.contains("LOG_LEVEL"), "{path}");
        assert!(!get_as(&router, path, None).await.status.is_success(), "{path}");
    }
    // A system that is not there for them is answered like one that is nowhere.
    for (path, token) in
        [("/compare?system=shop", &none), ("/compare?system=other", &one), ("/compare.csv?system=other", &one)]
    {
        assert_eq!(get_as(&router, path, Some(token)).await.status, 404, "{path}");
    }
    assert!(get_as(&router, "/compare", Some(&none)).await.text().contains("You see no environment."));
}
