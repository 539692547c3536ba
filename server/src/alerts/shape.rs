//! A notice in the shape that a webhook wants. docs/alerts.md has each of them.

use domain::alert::life::NoticeKind;
use domain::alert::notice::Notice;
use domain::registry::Shape;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The body of the POST. `id` is the notice's own.
pub(super) fn body(shape: Shape, id: &str, notice: &Notice) -> Value {
    match shape {
        Shape::Json => own(id, notice),
        Shape::Slack => slack(notice),
        Shape::Teams => teams(notice),
    }
}

/// `2026-11-22T08:00:00Z`, without parts of a second.
pub(super) fn time(us: i64) -> String {
    Timestamp::from_second(us.div_euclid(1_000_000)).map(|at| at.to_string()).unwrap_or_default()
}

fn own(id: &str, notice: &Notice) -> Value {
    json!({
        "version": 1,
        "id": id,
        "status": notice.kind.as_str(),
        "alert": notice.alert,
        "rule": notice.rule.map(domain::alert::RuleId::as_str),
        "severity": notice.severity.as_str(),
        "environment": notice.environment,
        "title": notice.title,
        "evidence": notice.evidence,
        "since": time(notice.since),
        "at": time(notice.at),
        "link": notice.link,
        "text": notice.headline(),
    })
}

/// <https://docs.slack.dev/messaging/formatting-message-text>: these three letters mean something.
fn slack_text(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn slack(notice: &Notice) -> Value {
    let headline = notice.headline();
    let details = format!("{} · since {}", notice.severity.as_str(), time(notice.since));
    let mut blocks = vec![
        // Plain, so that nothing in it is read as a link or a mention.
        json!({ "type": "section", "text": { "type": "plain_text", "text": headline, "emoji": false } }),
    ];
    if !notice.evidence.is_empty() {
        let evidence = json!({ "type": "plain_text", "text": notice.evidence, "emoji": false });
        blocks.push(json!({ "type": "section", "text": evidence }));
    }
    let mut elements = vec![json!({ "type": "plain_text", "text": details, "emoji": false })];
    if let Some(link) = &notice.link {
        elements.push(json!({ "type": "mrkdwn", "text": format!("<{}|Open in Quarterdeck>", slack_text(link)) }));
    }
    blocks.push(json!({ "type": "context", "elements": elements }));
    json!({ "text": slack_text(&headline), "blocks": blocks })
}

/// A card as the Workflows app takes it. A `TextBlock` reads some Markdown, so its signs are escaped.
fn teams(notice: &Notice) -> Value {
    let colour = match notice.kind {
        NoticeKind::Firing => "Attention",
        NoticeKind::Resolved => "Good",
        NoticeKind::Test => "Default",
    };
    let text = |text: &str, more: Value| {
        let mut block = json!({ "type": "TextBlock", "text": teams_text(text), "wrap": true });
        if let (Some(block), Value::Object(more)) = (block.as_object_mut(), more) {
            block.extend(more);
        }
        block
    };
    let mut card = vec![text(&notice.headline(), json!({ "weight": "Bolder", "size": "Medium", "color": colour }))];
    if !notice.evidence.is_empty() {
        card.push(text(&notice.evidence, json!({})));
    }
    let details = format!("{} · since {}", notice.severity.as_str(), time(notice.since));
    card.push(text(&details, json!({ "isSubtle": true })));
    let actions: Vec<Value> = notice
        .link
        .iter()
        .map(|link| json!({ "type": "Action.OpenUrl", "title": "Open in Quarterdeck", "url": link }))
        .collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": card,
                "actions": actions,
            }
        }]
    })
}

fn teams_text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '*' | '_' | '[' | ']' | '(' | ')' | '#' | '`' | '~' | '<' | '>') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use domain::alert::{RuleId, Severity};

    use super::*;

    fn notice() -> Notice {
        Notice {
            kind: NoticeKind::Firing,
            alert: "ab".into(),
            rule: Some(RuleId::CrashLoop),
            severity: Severity::Critical,
            environment: "shop/production".into(),
            place: "The Shop Production".into(),
            title: "web crash loops <!channel>".into(),
            evidence: "It said [a](https://evil.example) & ended.".into(),
            since: 1_763_681_343_500_000,
            at: 1_763_681_403_000_000,
            link: Some("https://q.example.com/e/shop/production".into()),
        }
    }

    #[test]
    fn our_own_shape_is_as_documented() {
        assert_eq!(
            body(Shape::Json, "cd", &notice()),
            json!({
                "version": 1, "id": "cd", "status": "firing", "alert": "ab", "rule": "crash-loop", "severity": "critical",
                "environment": "shop/production", "title": "web crash loops <!channel>",
                "evidence": "It said [a](https://evil.example) & ended.", "since": "2025-11-20T23:29:03Z",
                "at": "2025-11-20T23:30:03Z", "link": "https://q.example.com/e/shop/production",
                "text": "[Firing] The Shop Production: web crash loops <!channel>",
            })
        );
    }

    #[test]
    fn nothing_that_a_cluster_says_calls_a_channel_or_becomes_a_link() {
        let slack = body(Shape::Slack, "cd", &notice());
        assert_eq!(slack["text"], "[Firing] The Shop Production: web crash loops &lt;!channel&gt;");
        let marked: Vec<&str> = slack["blocks"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|block| block["elements"].as_array().into_iter().flatten())
            .filter(|element| element["type"] == "mrkdwn")
            .map(|element| element["text"].as_str().unwrap())
            .collect();
        assert_eq!(marked, ["<https://q.example.com/e/shop/production|Open in Quarterdeck>"]);

        let teams = body(Shape::Teams, "cd", &notice());
        let card = &teams["attachments"][0]["content"];
        assert_eq!(card["body"][1]["text"], "It said \\[a\\]\\(https://evil.example\\) & ended.");
        assert_eq!(card["actions"][0]["url"], "https://q.example.com/e/shop/production");
        let without = body(Shape::Teams, "cd", &Notice { link: None, ..notice() });
        assert_eq!(without["attachments"][0]["content"]["actions"], json!([]));
    }
}
