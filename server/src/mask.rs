//! Secrets in text that leaves the server: what looks like one is replaced before anybody sees it.
//!
//! What is found is found by its shape, so a secret without one is not. A mask that hides too much costs a reader a word; one that
//! hides too little costs a password: in doubt it hides.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

/// What stands in the place of a secret.
pub const MASKED: &str = "[masked]";

/// What a secret looks like: a pattern whose group `secret` is it.
fn pattern(text: &'static str) -> Option<Regex> {
    let built = Regex::new(text);
    // They are constants, and a test builds each.
    debug_assert!(built.is_ok(), "{text}");
    built.ok()
}

/// In the order in which they are looked for.
static MASKS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        // A header, in whatever way it was printed.
        r#"(?i)\b(?:proxy-)?authorization["']?\s*[:=]\s*["']?(?:(?:bearer|basic|digest|token|apikey)\s+)?(?P<secret>[^\s"',;]+)"#,
        r"(?i)\b(?:bearer|basic)\s+(?P<secret>[A-Za-z0-9._~+/=-]{8,})",
        r#"(?i)\b(?:set-)?cookie["']?\s*[:=]\s*["']?(?P<secret>[^\r\n"']+)"#,
        // postgres://user:secret@host
        r#"(?i)\b[a-z][a-z0-9+.-]*://[^\s/:@"']*:(?P<secret>[^\s/"']+)@"#,
        // password=…, "api_key": "…", DB_PASSWORD: …, AccountKey=…;
        r#"(?i)(?:password|passwd|passphrase|pwd|secret|token|credentials?|api[_-]?key|(?:access|account|auth|client|encryption|private|secret|shared[_-]?access|signing)[_-]?key(?:[_-]?id)?|shared[_-]?access[_-]?signature|\bsig)["']?\s*(?:[:=]|=>)\s*"(?P<secret>(?:[^"\\]|\\.)+)"#,
        // The same as text within a text: {\"password\":\"…\"}
        r#"(?i)(?:password|passwd|passphrase|pwd|secret|token|credentials?|api[_-]?key|(?:access|account|auth|client|encryption|private|secret|shared[_-]?access|signing)[_-]?key(?:[_-]?id)?|shared[_-]?access[_-]?signature|\bsig)\\+["']\s*(?:[:=]|=>)\s*\\+["'](?P<secret>[^"'\\]+)"#,
        r#"(?i)(?:password|passwd|passphrase|pwd|secret|token|credentials?|api[_-]?key|(?:access|account|auth|client|encryption|private|secret|shared[_-]?access|signing)[_-]?key(?:[_-]?id)?|shared[_-]?access[_-]?signature|\bsig)["']?\s*(?:[:=]|=>)\s*["']?(?P<secret>[^\s"',;&)\]}\[][^\s"',;&)\]}]*)"#,
        // Tokens that tell by themselves what they are.
        r"\b(?P<secret>eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?)",
        r"\b(?P<secret>(?:AKIA|ASIA)[A-Z0-9]{16})\b",
        r"\b(?P<secret>gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}|glpat-[A-Za-z0-9_-]{20,}|xox[abprs]-[A-Za-z0-9-]{10,}|sk-[A-Za-z0-9_-]{20,})",
        // A key over many lines, also where its beginning or its end is not there any more.
        r"(?s)(?P<secret>-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z))",
        r"(?P<secret>(?:[A-Za-z0-9+/=]{40,}\s+)*[A-Za-z0-9+/=]+\s+-----END [A-Z ]*PRIVATE KEY-----)",
    ]
    .into_iter()
    .filter_map(pattern)
    .collect()
});

/// A text without what looks like a secret, and how many pieces were taken out.
pub fn mask(text: &str) -> (Cow<'_, str>, usize) {
    let mut masked = Cow::Borrowed(text);
    let mut count = 0;
    for mask in MASKS.iter() {
        let mut clean = String::new();
        let mut end = 0;
        for found in mask.captures_iter(&masked).filter_map(|found| found.name("secret")) {
            // What an earlier mask put there is no secret.
            if found.as_str().contains(MASKED) || MASKED.contains(found.as_str()) {
                continue;
            }
            clean.push_str(&masked[end..found.start()]);
            clean.push_str(MASKED);
            end = found.end();
            count += 1;
        }
        if end > 0 {
            clean.push_str(&masked[end..]);
            masked = Cow::Owned(clean);
        }
    }
    (masked, count)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_patterns_are_there() {
        assert_eq!(MASKS.len(), 12);
    }

    #[test]
    fn what_looks_like_a_secret_is_taken_out_and_the_rest_stays() {
        for (text, expected) in [
            ("Authorization: Bearer abc.def-123", "Authorization: Bearer [masked]"),
            (r#"{"authorization":"Basic dXNlcjpwYXNz"}"#, r#"{"authorization":"Basic [masked]"}"#),
            ("sent with bearer 0123456789abcdef", "sent with bearer [masked]"),
            ("cookie: session=abc; theme=dark", "cookie: [masked]"),
            ("postgres://fleet:s3cr3t@db:5432/fleet failed", "postgres://fleet:[masked]@db:5432/fleet failed"),
            ("redis://:p@ss@cache:6379", "redis://:[masked]@cache:6379"),
            ("DB_PASSWORD=hunter2 DB_HOST=db", "DB_PASSWORD=[masked] DB_HOST=db"),
            (r#"{"password": "a \"b\" c", "user": "kim"}"#, r#"{"password": "[masked]", "user": "kim"}"#),
            ("password: hunter2, user: kim", "password: [masked], user: kim"),
            ("api-key='abc123'", "api-key='[masked]'"),
            (
                "AccountName=a;AccountKey=Zm9v+/==;EndpointSuffix=x",
                "AccountName=a;AccountKey=[masked];EndpointSuffix=x",
            ),
            ("GET /x?token=abc&page=2 200", "GET /x?token=[masked]&page=2 200"),
            ("https://a.blob.test/c?sv=1&sig=ab%2Fc&se=2", "https://a.blob.test/c?sv=1&sig=[masked]&se=2"),
            ("aws AKIAABCDEFGHIJKLMNOP used", "aws [masked] used"),
            ("-----BEGIN RSA PRIVATE KEY-----MIIE", "[masked]"),
            ("-----BEGIN PRIVATE KEY-----\nMIIE\nabc=\n-----END PRIVATE KEY-----\nok", "[masked]\nok"),
            ("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\nabc=\n-----END PRIVATE KEY-----\nok", "[masked]\nok"),
            (r#"{"msg":"{\"password\":\"hunter2\"}"}"#, r#"{"msg":"{\"password\":\"[masked]\"}"}"#),
            (r#"password="hunter2 was cut o"#, r#"password="[masked]"#),
            ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln end", "jwt [masked] end"),
            // What only talks about them stays.
            ("the password is wrong for user kim", "the password is wrong for user kim"),
            ("token expired, please sign in", "token expired, please sign in"),
            ("http://db:5432/fleet", "http://db:5432/fleet"),
            ("design=flat", "design=flat"),
            ("", ""),
        ] {
            let (masked, count) = mask(text);
            assert_eq!(masked, expected, "{text}");
            assert_eq!(count, expected.matches(MASKED).count(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_masked_once(text in "\\PC{0,200}") {
            let (once, _) = mask(&text);
            let (twice, more) = mask(&once);
            prop_assert_eq!(&twice, &once);
            prop_assert_eq!(more, 0);
        }

        #[test]
        fn a_password_never_comes_through(before in "[ -~]{0,40}", secret in "[A-Za-z0-9!#%*+./:?_~-]{6,30}", after in "( [a-z]{0,10}){0,3}") {
            let text = format!("{before} DB_PASSWORD={secret}{after}");
            prop_assume!(!before.contains(&secret) && !after.contains(&secret) && !MASKED.contains(&secret));
            let (masked, _) = mask(&text);
            prop_assert!(!masked.contains(&secret), "{}", masked);
        }
    }
}
