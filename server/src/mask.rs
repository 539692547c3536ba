//! Secrets in text that leaves the server: what looks like one is replaced before anybody sees it.
//!
//! What is found is found by its shape, so a secret without one is not. A mask that hides too much costs a reader a word; one that
//! hides too little costs a password: in doubt it hides.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use domain::log::drawn::{Drawn, Span};
use regex::Regex;

/// The most lines of a private key: one of 16,384 bits has 200.
const LONGEST_KEY: u32 = 250;

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
        // A line of one, where the others are not seen with it.
        r"(?m)^\s*(?P<secret>[A-Za-z0-9+/]{60,}={0,2})\s*$",
    ]
    .into_iter()
    .filter_map(pattern)
    .collect()
});

/// What stands in every text in which one of the masks finds something: most lines have none of it, and are done.
static SIGNS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"(?i)pass|pwd|secret|token|credential|key|auth|bearer|basic|cookie|signature|sig|://|eyJ|AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox|sk-|[A-Z0-9+/]{60}",
    )
});

/// A text without what looks like a secret, and how many pieces were taken out.
pub fn mask(text: &str) -> (Cow<'_, str>, usize) {
    mask_noting(text, |_| {})
}

/// What was seen of the lines of one log that matters for those that follow.
#[derive(Debug, Default)]
pub struct LineMask {
    /// How many more lines may belong to a private key whose end did not come yet.
    key: u32,
}

impl LineMask {
    /// Masks the next line, and says how many pieces were taken out.
    pub fn mask(&mut self, drawn: &mut Drawn) -> u32 {
        let ends = drawn.text.contains("-----END ");
        if self.key > 0 {
            self.key = if ends { 0 } else { self.key - 1 };
            drawn.text = MASKED.to_owned();
            drawn.spans.clear();
            return 1;
        }
        if !ends && drawn.text.contains("-----BEGIN ") && drawn.text.contains("PRIVATE KEY-----") {
            self.key = LONGEST_KEY;
        }
        mask_drawn(drawn)
    }
}

/// The same with the colours that a text is drawn in: they stay where they were.
fn mask_drawn(drawn: &mut Drawn) -> u32 {
    let Drawn { text, spans } = drawn;
    let (masked, count) = mask_noting(text, |taken| spans.iter_mut().for_each(|span| move_over(span, taken)));
    if let Cow::Owned(masked) = masked {
        *text = masked;
    }
    spans.retain(|span| span.start < span.end);
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Tells after each mask which ranges it replaced, ascending, in the text as it was before that mask.
fn mask_noting(text: &str, mut note: impl FnMut(&[Range<usize>])) -> (Cow<'_, str>, usize) {
    let mut masked = Cow::Borrowed(text);
    if SIGNS.as_ref().is_some_and(|signs| !signs.is_match(text)) {
        return (masked, 0);
    }
    let mut count = 0;
    for mask in MASKS.iter() {
        let mut taken: Vec<Range<usize>> = Vec::new();
        for found in mask.captures_iter(&masked).filter_map(|found| found.name("secret")) {
            // What an earlier mask put there is no secret.
            if !found.as_str().contains(MASKED) && !MASKED.contains(found.as_str()) {
                taken.push(found.range());
            }
        }
        if taken.is_empty() {
            continue;
        }
        let mut clean = String::with_capacity(masked.len());
        let mut end = 0;
        for range in &taken {
            clean.push_str(&masked[end..range.start]);
            clean.push_str(MASKED);
            end = range.end;
        }
        clean.push_str(&masked[end..]);
        masked = Cow::Owned(clean);
        count += taken.len();
        note(&taken);
    }
    (masked, count)
}

/// Moves a span with the text when ranges of it are replaced. What begins or ends within a secret does so behind its mask, which is drawn
/// as the secret's beginning was.
fn move_over(span: &mut Span, taken: &[Range<usize>]) {
    let moved = |offset: u32| {
        let offset = offset as usize;
        let mut new = offset;
        for range in taken {
            if range.end <= offset {
                new = new - range.len() + MASKED.len();
            } else if range.start < offset {
                new = new - (offset - range.start) + MASKED.len();
            }
        }
        u32::try_from(new).unwrap_or(u32::MAX)
    };
    (span.start, span.end) = (moved(span.start), moved(span.end));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_patterns_are_there() {
        assert_eq!(MASKS.len(), 13);
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

    #[test]
    fn a_key_over_many_lines_is_masked_line_by_line() {
        let body = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
        let mut mask = LineMask::default();
        let shown = |mask: &mut LineMask, text: &str| {
            let mut drawn = domain::log::drawn::drawn(text.as_bytes());
            mask.mask(&mut drawn);
            drawn.text
        };
        for (text, expected) in [
            ("loaded -----BEGIN RSA PRIVATE KEY-----", "loaded [masked]"),
            (body, MASKED),
            ("c2hvcnQ=", MASKED),
            ("-----END RSA PRIVATE KEY-----", MASKED),
            ("ready", "ready"),
            // Where the log begins within one.
            (body, MASKED),
            ("-----END PRIVATE KEY----- and more", "-----END PRIVATE KEY----- and more"),
            ("-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----"),
            ("ready", "ready"),
            ("-----BEGIN PRIVATE KEY-----MIIE-----END PRIVATE KEY-----", "[masked]"),
            ("ready", "ready"),
        ] {
            assert_eq!(shown(&mut mask, text), expected, "{text}");
        }
        // One whose end never comes hides no more than a key has.
        shown(&mut mask, "-----BEGIN PRIVATE KEY-----");
        let hidden = (0..1_000).filter(|_| shown(&mut mask, "ready") == MASKED).count();
        assert_eq!(hidden, LONGEST_KEY as usize);
    }

    #[test]
    fn colours_stay_where_they_were() {
        for (raw, text, coloured) in [
            (
                "\u{1b}[31mpassword=hunter2\u{1b}[0m and \u{1b}[32mok\u{1b}[0m",
                "password=[masked] and ok",
                &["password=[masked]", "ok"][..],
            ),
            (
                "DB_PASSWORD=\u{1b}[31mhunter2\u{1b}[0m \u{1b}[32mok\u{1b}[0m",
                "DB_PASSWORD=[masked] ok",
                &["[masked]", "ok"],
            ),
            ("DB_PASSWORD=hun\u{1b}[31mter2 x\u{1b}[0m y", "DB_PASSWORD=[masked] x y", &[" x"]),
            ("a \u{1b}[31mb\u{1b}[0m", "a b", &["b"]),
        ] {
            let mut drawn = domain::log::drawn::drawn(raw.as_bytes());
            let count = mask_drawn(&mut drawn);
            let shown: Vec<&str> =
                drawn.spans.iter().map(|span| &drawn.text[span.start as usize..span.end as usize]).collect();
            assert_eq!(
                (drawn.text.as_str(), &*shown, count),
                (text, coloured, text.matches(MASKED).count() as u32),
                "{raw:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_has_no_sign_of_a_secret_has_none(text in "(pass|pwd|token|sk-|eyJ|x|ghp_|://|[ -~]){0,60}") {
            let signs = SIGNS.as_ref().unwrap();
            prop_assert!(signs.is_match(&text) || MASKS.iter().all(|mask| !mask.is_match(&text)), "{}", text);
        }

        #[test]
        fn spans_of_masked_text_are_spans_of_it(raw in "(\u{1b}\\[3[1-4]m|password=|[a-z0-9@:/ ]{1,8}|postgres://){0,12}") {
            let mut drawn = domain::log::drawn::drawn(raw.as_bytes());
            mask_drawn(&mut drawn);
            let mut end = 0;
            for span in &drawn.spans {
                prop_assert!(span.start >= end && span.start < span.end, "{:?}", drawn);
                prop_assert!(drawn.text.get(span.start as usize..span.end as usize).is_some(), "{:?}", drawn);
                end = span.end;
            }
        }

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
