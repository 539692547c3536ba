use super::*;
use crate::check::Outcome;
use crate::component::fixture;

/// 2026-11-22T08:00:00Z.
const NOW: i64 = 1_795_334_400;

fn answer(status: u16, json: &str) -> Result<Answer, Trouble> {
    Ok(Answer { status, body: serde_json::from_str(json).ok() })
}

fn expect(tag: &str) -> Expected {
    Expected { environment: "production".into(), image: Some(("fleet-api".into(), tag.into())) }
}

#[test]
fn an_answer_is_judged_by_whose_it_is_how_it_is_when_and_which_version() {
    const GOOD: &str =
        r#"{"status": "ok", "timestamp": "2026-11-22T08:00:00Z", "environment": "production", "version": "1.4.2"}"#;
    let with = |right: &str, wrong: &str| {
        assert!(GOOD.contains(right), "{right}");
        answer(200, &GOOD.replace(right, wrong))
    };
    for (answer, tag, outcome, sentence) in [
        (answer(200, GOOD), "v1.4.2", Outcome::Ok, "The API answers as production, version 1.4.2."),
        (answer(200, GOOD), "latest", Outcome::Ok, "The API answers as production, version 1.4.2."),
        (
            answer(200, GOOD),
            "v1.4.3",
            Outcome::Warning,
            "The API answers as production with version 1.4.2, and fleet-api runs the image v1.4.3.",
        ),
        (
            with(r#""1.4.2""#, "null"),
            "v1.4.2",
            Outcome::Warning,
            "The API answers as production and does not say its version.",
        ),
        (
            with(r#""production""#, r#""staging""#),
            "v1.4.2",
            Outcome::Failed,
            "The API answers as staging, and this is production.",
        ),
        (
            with(r#""production""#, r#""Production""#),
            "v1.4.2",
            Outcome::Failed,
            "The API answers as Production, and this is production.",
        ),
        (
            with(r#""environment": "production", "#, ""),
            "v1.4.2",
            Outcome::Failed,
            "The API does not say which environment it is: it should answer as production.",
        ),
        (with(r#""ok""#, r#""down""#), "v1.4.2", Outcome::Failed, "The API says \"down\" of itself."),
        (with(r#""ok""#, r#""UP""#), "v1.4.2", Outcome::Ok, "The API answers as production, version 1.4.2."),
        (
            with(r#""ok""#, r#""degraded""#),
            "v1.4.2",
            Outcome::Warning,
            "The API works and says \"degraded\" of itself.",
        ),
        (
            with(r#""status": "ok", "#, ""),
            "v1.4.2",
            Outcome::Failed,
            "The API does not say how it is: \"status\" is missing in its answer.",
        ),
        (
            with(r#""timestamp": "2026-11-22T08:00:00Z", "#, ""),
            "v1.4.2",
            Outcome::Failed,
            "The API does not say when it answered: \"timestamp\" is missing in its answer.",
        ),
        (
            with("2026-11-22T08:00:00Z", "yesterday"),
            "v1.4.2",
            Outcome::Failed,
            "The API's \"timestamp\" is no time like 2026-11-22T08:00:00Z.",
        ),
        (with("08:00:00Z", "07:59:00Z"), "v1.4.2", Outcome::Ok, "The API answers as production, version 1.4.2."),
        (
            with("08:00:00Z", "07:58:59Z"),
            "v1.4.2",
            Outcome::Failed,
            "The API's answer is 61 s old: something keeps answers, or its clock is behind.",
        ),
        (with("08:00:00Z", "09:01:00+01:00"), "v1.4.2", Outcome::Ok, "The API answers as production, version 1.4.2."),
        (
            with("08:00:00Z", "08:01:01Z"),
            "v1.4.2",
            Outcome::Failed,
            "The API's answer is 61 s from the future: its clock is ahead.",
        ),
        (
            answer(503, &GOOD.replace("\"ok\"", "\"down\"")),
            "v1.4.2",
            Outcome::Failed,
            "The API answers with HTTP 503 and says \"down\".",
        ),
        // A redirect is not followed, and is no answer.
        (answer(302, "<html>"), "v1.4.2", Outcome::Failed, "The API answers with HTTP 302."),
        (
            answer(200, "<html>"),
            "v1.4.2",
            Outcome::Failed,
            "The API answers with HTTP 200, and not with the JSON of a health check.",
        ),
        (Err(Trouble::Slow(5)), "v1.4.2", Outcome::Failed, "The API does not answer within 5 s."),
    ] {
        let verdict = judge(&answer, &expect(tag), NOW);
        assert_eq!((verdict.outcome, &*verdict.sentence), (outcome, sentence));
    }
    let nothing_known = Expected { image: None, ..expect("") };
    assert_eq!(judge(&answer(200, GOOD), &nothing_known, NOW).outcome, Outcome::Ok);
}

#[test]
fn a_version_is_the_tag_however_it_is_written() {
    for (version, tag, same) in [
        ("1.4.2", "v1.4.2", true),
        ("v1.4.2", "1.4.2", true),
        ("1.4.2", "1.4.20", false),
        ("0a1b2c3", "sha-0a1b2c3", true),
        ("0a1b2c3d4e5f60718293", "0a1b2c3", true),
        ("0a1b2c3", "0a1b2c4", false),
        ("registry.test/api:v2", "v2", true),
        ("vega", "ega", false),
        ("1", "12", false),
    ] {
        assert_eq!(is_same_version(version, tag), same, "{version} {tag}");
    }
}

#[test]
fn what_is_expected_comes_from_the_check_then_the_config_then_the_tier() {
    let mut declared = fixture::production();
    let check = HealthCheck { url: "https://a.test/".into(), environment: None, component: None };
    let tag_of = |name: &str| format!("tag-of-{name}");
    let found = expected(&declared, &check, tag_of);
    assert_eq!(found.environment, "production");
    assert_eq!(found.image, Some(("fleet-api".into(), "tag-of-fleet-api".into())));
    let named = HealthCheck {
        environment: Some("prod".into()),
        component: Some("fleet-app".parse().unwrap()),
        ..check.clone()
    };
    let found = expected(&declared, &named, tag_of);
    assert_eq!(found.environment, "prod");
    assert_eq!(found.image, Some(("fleet-app".into(), "tag-of-fleet-app".into())));
    declared.config[0].expect.insert("NODE_ENV".into(), "live".into());
    assert_eq!(expected(&declared, &check, tag_of).environment, "live");
    declared.config.clear();
    assert_eq!(expected(&declared, &check, tag_of).environment, "production");
    assert_eq!(expected(&declared, &check, |_| String::new()).image, None);
}
