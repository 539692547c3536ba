//! Secrets in text that leaves the server: what looks like one is replaced before anybody sees it.
//!
//! What is found is found by its shape, so a secret without one is not. A mask that hides too much costs a reader a word; one that
//! hides too little costs a password: in doubt it hides.

mod own;

use std::borrow::Cow;
use std::iter;
use std::ops::Range;
use std::sync::LazyLock;

use domain::log::drawn::{Drawn, Span, Style};
use regex::{Match, Regex};

pub use own::{OwnMasks, pattern};

/// The most lines of a private key: one of 16,384 bits has 200.
const LONGEST_KEY: u32 = 250;

/// The most times that a text is looked through: what was masked may have hidden something from the masks before.
const MOST_ROUNDS: usize = 4;

/// Where a word of ASCII letters begins or ends.
const ASCII_BOUNDARY: &str = r"(?-u:\b)";

/// What stands in the place of a secret.
pub const MASKED: &str = "[masked]";

/// What a secret looks like: a pattern whose group `secret` is it, and in which `\b` is the boundary of an ASCII word. With one of
/// Unicode's words the regex crate leaves its fast engines at the first letter that is not ASCII, and takes a hundred times as long.
/// <https://docs.rs/regex-automata/0.4/regex_automata/hybrid/dfa/struct.Config.html#method.unicode_word_boundary>
fn constant(text: &str) -> Option<Regex> {
    let built = Regex::new(&text.replace(r"\b", ASCII_BOUNDARY));
    // They are constants, and a test builds each.
    debug_assert!(built.is_ok(), "{text}");
    built.ok()
}

/// What a secret is called: the end of a name, in whatever way its words are joined, and what may still follow it.
const NAMES: &str = r"(?:passwords?|passwd|passphrase|passcode|passwort|pwd|secrets?|token|credentials?|(?:\b|_)pass|api[ _-]?key|(?:access|account|app|auth|client|encryption|master|private|secret|service|shared[ _-]?access|signing|storage|subscription)[ _-]?key(?:[_-]?(?:id|base|data))?|tls\.key|shared[_-]?access[_-]?signature|signature|session[_-]?id|connection[_-]?string|[?&;]sig)(?:[_-]?v?\d+|[_-](?:hash|prod|production|staging|dev|test|base|value|old|new))?";
/// A quote, as it is or within a text within a text: `"`, `\"`, `\u0022`.
const QUOTE: &str = r#"(?:\\*["']|\\u002[27]|%22)"#;
/// What stands between a name and its value.
const IS: &str = r"\s*(?::=|[:=]|=>|\\u003[adAD]|%3[adAD])\s*";

/// In the order in which they are looked for.
static MASKS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let named = |value: &str| [r"(?i)", NAMES, QUOTE, "?", IS, value].concat();
    let patterns: Vec<Cow<'_, str>> = vec![
        // A key over many lines or with its line breaks written out, also where its beginning or its end is not there any more.
        r"(?s)(?P<secret>-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|\z))".into(),
        r"(?P<secret>(?:[A-Za-z0-9+/=]{40,}\s+)*[A-Za-z0-9+/=]+\s+-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----)".into(),
        // A line of one, where the others are not seen with it.
        r"(?m)^\W*(?P<secret>[A-Za-z0-9+/]{60,}={0,2})(?:\\n)?\W*$".into(),
        // A header, in whatever way it was printed, with the scheme left.
        r#"(?i)\bauthorization\W{1,6}(?:[a-z][\w-]*\s+)?(?P<secret>[^\r\n"'\]]+)"#.into(),
        r#"(?i)\bdigest\s+(?P<secret>username=[^\r\n]+)"#.into(),
        r#"(?i)\bbearer\s+["']?(?P<secret>[A-Za-z0-9._~+/=-]{8,})"#.into(),
        r"(?i)\bbasic\s+(?P<secret>[a-z0-9+/]{7,}={1,2}|[a-z+/]*[0-9][a-z0-9+/=]{7,})".into(),
        r#"(?i)cookie\\*["']\s*[:=]\s*\[?\s*\\*["'](?P<secret>[^"'\\]+)"#.into(),
        r#"(?i)cookie\s*[:=]\s*\[?(?P<secret>[^\r\n"']+)"#.into(),
        // postgres://user:secret@host, https://token@host, user:secret@tcp(host), also where the scheme was taken for a secret
        r#"(?i)(?:\b[a-z][a-z0-9+.-]*|\[masked\]):(?:\\?/){2}[^\s/:@"']*:(?P<secret>[^\s/"']+|[^\s/"'0-9][^\s"'@]*/[^\s"'@]*)@"#.into(),
        r#"(?i)(?:\b[a-z][a-z0-9+.-]*|\[masked\]):(?:\\?/){2}(?P<secret>[^\s/:@"'?]{16,})@"#.into(),
        r"\w+:(?P<secret>[^\s@/]+)@(?:tcp|unix)\(".into(),
        // password=…, "api_key": "…", DB_PASSWORD: …, AccountKey=…; password: Some("…")
        named(r#"\[?(?:Some\(|b)?"(?P<secret>(?:[^"\\]|\\.)+)"#).into(),
        named(r"\[?(?:Some\(|b)?'(?P<secret>[^'\r\n\\]+)").into(),
        // The same as text within a text: {\"password\":\"…\"}
        named(r#"\[?(?:\\+["']|\\u002[27]|%22)(?P<secret>[^"'\\%]+)"#).into(),
        // --password …, before --token= without a value takes the name of the next one for its own
        [r"(?i)\s--?[\w-]*", NAMES, r"\s+(?P<secret>[^\s-]\S*)"].concat().into(),
        named(r#"\[?(?P<secret>(?:[^\s"',;&)\]}\[\\=]|\\[^\s"'u])(?:[^\s"',;&)\]}\\]|\\[^\s"'])*)"#).into(),
        // ("password", "…"), name: DB_PASSWORD, value: …, <password>…</password>, PASSWORD '…'
        [r#"(?i)["'][\w.-]*"#, NAMES, r#"["']\s*,\s*["'](?P<secret>[^"']+)["']\s*[)\]]"#].concat().into(),
        [r#"(?i)\b(?:name|key)["']?\s*[:=]\s*["']?[\w.-]*"#, NAMES, r#"["']?[\s,]+["']?value["']?\s*[:=]\s*["']?(?P<secret>[^"',}\s]+)"#].concat().into(),
        [r"(?i)<[\w:-]*", NAMES, r">\s*(?P<secret>[^<\s][^<]*)<"].concat().into(),
        r"(?i)\b(?:password|identified by|requirepass)\s+'(?P<secret>[^']+)'".into(),
        r"(?i)\brequirepass\s+(?P<secret>[^\s']\S*)".into(),
        // Tokens that tell by themselves what they are.
        r"\b(?P<secret>eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_.-]*|eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})".into(),
        r"\b(?P<secret>(?:AKIA|ASIA)[A-Z0-9]{16})\b".into(),
        r"\b(?P<secret>gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}|glpat-[A-Za-z0-9_-]{20,}|xox[abeprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}|[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9]{16,}|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}|GOCSPX-[A-Za-z0-9_-]{20,}|npm_[A-Za-z0-9]{30,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|hvs\.[A-Za-z0-9_-]{20,}|hf_[A-Za-z0-9]{30,}|dop_v1_[a-f0-9]{40,}|sk-[A-Za-z0-9]{20,}|sk-(?:proj|ant)-[A-Za-z0-9_-]{20,}|AGE-SECRET-KEY-1[A-Z0-9]{40,})".into(),
        r"hooks\.slack\.com/services/(?P<secret>[A-Za-z0-9/]{20,})".into(),
    ];
    patterns.iter().filter_map(|text| constant(text)).collect()
});

/// The name of a field whose value is a secret, whatever stands in it.
static SECRET_NAME: LazyLock<Option<Regex>> =
    LazyLock::new(|| constant(&[r"(?i)(?:", NAMES, r"|authorization|(?:set-)?cookie)$"].concat()));

/// What stands in every text in which one of the masks finds something: most lines have none of it, and are done.
static SIGNS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    constant(
        r"(?i)pass|pwd|secret|token|credential|key|auth|bearer|basic|digest|cookie|session|signature|connection|sig|identified|:\\?/\\?/|@|eyJ|AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox|xapp|[sr]k_|whsec|AIza|ya29|GOCSPX|npm_|SG\.|hvs\.|hf_|dop_|sk-|slack|[A-Z0-9+/]{60}",
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
    /// Whether the line before named a secret whose value stands in this one: `- name: DB_PASSWORD`, as Kubernetes writes it.
    named: bool,
}

impl LineMask {
    /// Whether the next line may be a part of a private key.
    pub fn is_within(&self) -> bool {
        self.key > 0
    }

    /// Masks the next line, and says how many pieces were taken out.
    pub fn mask(&mut self, drawn: &mut Drawn) -> u32 {
        let ends = drawn.text.contains("-----END ");
        if self.key > 0 && !is_of_key(&drawn.text) {
            // Its end got lost: what follows is no part of it.
            self.key = 0;
        }
        if self.key > 0 {
            self.key = if ends { 0 } else { self.key - 1 };
            drawn.text = MASKED.to_owned();
            drawn.spans.clear();
            return 1;
        }
        if !ends && drawn.text.contains("-----BEGIN ") && drawn.text.contains("PRIVATE KEY-----") {
            self.key = LONGEST_KEY;
        }
        let named = std::mem::replace(&mut self.named, NAMED.as_ref().is_some_and(|named| named.is_match(&drawn.text)));
        if named
            && let Some(range) =
                VALUE.as_ref().and_then(|value| Some(value.captures(&drawn.text)?.name("secret")?.range()))
        {
            drawn.text.replace_range(range, MASKED);
            drawn.spans.clear();
            // Another one may stand behind it.
            return mask_drawn(drawn).saturating_add(1);
        }
        mask_drawn(drawn)
    }
}

/// A line that only says what the next one holds.
static NAMED: LazyLock<Option<Regex>> =
    LazyLock::new(|| constant(&[r#"(?i)\b(?:name|key)["']?\s*:\s*["']?[\w.-]*"#, NAMES, r#"["']?,?\s*$"#].concat()));
/// What it holds.
static VALUE: LazyLock<Option<Regex>> =
    LazyLock::new(|| constant(r#"(?i)^\W*value["']?\s*:\s*["']?(?P<secret>[^\s"',][^"']*)"#));

/// Whether a line may stand in a private key: base64, its head and end, the headers of one that is encrypted.
fn is_of_key(text: &str) -> bool {
    let text = text.trim();
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    // The last line of one is rarely a word, and a word alone in a line is rarely worth more than a key.
    text.bytes().all(is_base64)
        || text.contains("-----")
        || ["Proc-Type:", "DEK-Info:", "Version:", "Comment:"].iter().any(|head| text.starts_with(head))
}

/// The value of a field, without what looks like a secret: all of it where its name says that it is one. How many pieces were taken out.
pub fn mask_value<'a>(name: &str, value: &'a str) -> (Cow<'a, str>, usize) {
    let is_secret = SECRET_NAME.as_ref().is_some_and(|names| names.is_match(name));
    let is_flag = matches!(value, "" | "null" | "true" | "false") || value == MASKED;
    match value {
        _ if is_secret && is_flag => (Cow::Borrowed(value), 0),
        // An object is looked through: what is called `credentials` may hold a name beside them.
        _ if is_secret && !value.starts_with(['{', '[']) => (Cow::Borrowed(MASKED), 1),
        _ => mask(value),
    }
}

/// The lines of a text, which may be the value of a field, without what looks like a secret: of all of it, because one may go over the ends
/// of lines, and then of each. How many pieces were taken out.
pub fn mask_lines(name: &str, text: &str) -> (Vec<String>, usize) {
    if !text.starts_with(['{', '[']) && SECRET_NAME.as_ref().is_some_and(|names| names.is_match(name)) {
        return (vec![MASKED.to_owned()], 1);
    }
    if !text.contains('\n') {
        let (line, count) = mask(text);
        return (vec![line.into_owned()], count);
    }
    let mut whole = Drawn { text: text.replace('\n', " "), spans: Vec::new() };
    let mut start = 0;
    for line in text.split('\n') {
        // Where each is then, whatever was masked before it or over its ends.
        let (from, end) = (start, start + line.len());
        let offset = |at| u32::try_from(at).unwrap_or(u32::MAX);
        whole.spans.push(Span { start: offset(from), end: offset(end), style: Style::default() });
        start = end + 1;
    }
    let mut count = mask_drawn(&mut whole) as usize;
    let mut mask = LineMask::default();
    let mut lines = Vec::with_capacity(whole.spans.len());
    for span in &whole.spans {
        let Some(line) = whole.text.get(span.start as usize..span.end as usize) else { continue };
        let mut drawn = Drawn { text: line.to_owned(), spans: Vec::new() };
        let more = mask.mask(&mut drawn);
        // What was masked already may be found again.
        count += if drawn.text == line { 0 } else { more as usize };
        lines.push(drawn.text);
    }
    (lines, count)
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
    for _ in 0..MOST_ROUNDS {
        let before = count;
        for mask in MASKS.iter() {
            let taken = found_by(mask, &masked);
            if taken.is_empty() {
                continue;
            }
            masked = Cow::Owned(without(&masked, &taken));
            count += taken.len();
            note(&taken);
        }
        if count == before {
            break;
        }
    }
    (masked, count)
}

/// A text with a mask in the place of each range; they are ascending.
fn without(text: &str, taken: &[Range<usize>]) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut end = 0;
    for range in taken {
        clean.push_str(&text[end..range.start]);
        clean.push_str(MASKED);
        end = range.end;
    }
    clean.push_str(&text[end..]);
    clean
}

/// What a mask finds that is not masked yet: ascending ranges.
fn found_by(mask: &Regex, text: &str) -> Vec<Range<usize>> {
    let mut from = 0;
    // From the end of a secret on, not from that of its match: what ends one may begin the next.
    let secrets = iter::from_fn(|| {
        let secret = mask.captures_at(text, from)?.name("secret")?;
        from = secret.end();
        Some(secret)
    });
    let is_secret = |found: &Match<'_>| {
        // How Rust and Python write what was masked already.
        let behind = text.get(found.end()..).unwrap_or_default();
        let is_frame = matches!(found.as_str(), "Some(" | "b") && behind.starts_with(['"', '\'']);
        !is_frame && !is_mask(text, found.range())
    };
    secrets.filter(is_secret).map(|found| found.range()).collect()
}

/// Whether a range is what an earlier mask put there, or a part of it.
fn is_mask(text: &str, range: Range<usize>) -> bool {
    let first = text.floor_char_boundary(range.start.saturating_sub(MASKED.len()));
    text.get(first..).is_some_and(|near| {
        let mut places = near.match_indices(MASKED).map(|(at, _)| first + at).take_while(|at| *at <= range.start);
        places.any(|at| range.end <= at + MASKED.len())
    })
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
        assert_eq!(MASKS.len(), 26);
    }

    #[test]
    fn no_pattern_is_slow_where_a_text_is_not_ascii() {
        let others = [&*NAMED, &*VALUE, &*SECRET_NAME, &*SIGNS].map(|regex| regex.as_ref().unwrap());
        for regex in MASKS.iter().chain(others) {
            assert!(!regex.as_str().replace(ASCII_BOUNDARY, "").contains(r"\b"), "{regex}");
        }
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
            (r#"login with password=\"hunter2\" ok"#, r#"login with password=\"[masked]\" ok"#),
            (r"{\u0022password\u0022:\u0022hunter2\u0022}", r"{\u0022password\u0022:\u0022[masked]\u0022}"),
            (r"password\u003dhunter2", r"password\u003d[masked]"),
            (r"postgres:\/\/fleet:hunter2@db", r"postgres:\/\/fleet:[masked]@db"),
            ("password='correct horse' user=kim", "password='[masked]' user=kim"),
            (r"password=a\b\c user", "password=[masked] user"),
            ("DB_PASS=hunter2", "DB_PASS=[masked]"),
            ("bypass=true compass: north", "bypass=true compass: north"),
            (
                r"FIREBASE_PRIVATE_KEY=-----BEGIN PRIVATE KEY-----\nMIIS\n-----END PRIVATE KEY-----\n ok",
                r"FIREBASE_PRIVATE_KEY=[masked]\n ok",
            ),
            ("Authorization:[Bearer abcdef]", "Authorization:[Bearer [masked]]"),
            ("Authorization: Negotiate YIIabc", "Authorization: Negotiate [masked]"),
            (r#"Digest username="kim", response="abc""#, "Digest [masked]"),
            ("Cookie: session=abc; authorization=Bearer abcdefghijk", "Cookie: [masked]"),
            ("'set-cookie': [ 'sid=abc' ]", "'set-cookie': [ '[masked]' ]"),
            (r#"password: Some("hunter2")"#, r#"password: Some("[masked]")"#),
            (r#"password := "hunter2""#, r#"password := "[masked]""#),
            ("('password', 'hunter2')", "('password', '[masked]')"),
            (r#"{"name":"DB_PASSWORD","value":"hunter2"}"#, r#"{"name":"DB_PASSWORD","value":"[masked]"}"#),
            ("<password>hunter2</password>", "<password>[masked]</password>"),
            ("Bearer postgres://fleet:hunter2@db", "Bearer [masked]://fleet:[masked]@db"),
            ("<credentials> <password>hunter2</password>", "<credentials> <password>[masked]</password>"),
            ("<token>a1<token>b2</token>", "<token>[masked]<token>[masked]</token>"),
            ("run --token= --password hunter2", "run --token= [masked] [masked]"),
            ("psql --password hunter2 -h db", "psql --password [masked] -h db"),
            ("ALTER USER app WITH PASSWORD 'hunter2'", "ALTER USER app WITH PASSWORD '[masked]'"),
            ("requirepass hunter2", "requirepass [masked]"),
            (
                "DB_PASSWORD_PROD=hunter2 JWT_SECRET_V2=x1 SECRET_KEY_BASE=y2",
                "DB_PASSWORD_PROD=[masked] JWT_SECRET_V2=[masked] SECRET_KEY_BASE=[masked]",
            ),
            ("password%3Dhunter2", "password%3D[masked]"),
            ("postgres://u:ab/cd@db", "postgres://u:[masked]@db"),
            // What is left behind a mask is looked at again.
            ("redis://:a/b@cd@cache:6379", "redis://:[masked]@cache:6379"),
            ("https://ghtoken0123456789@github.com", "https://[masked]@github.com"),
            ("root:hunter2@tcp(db:3306)/x", "root:[masked]@tcp(db:3306)/x"),
            ("ü:hunter2@tcp(db:3306)/x", "ü:[masked]@tcp(db:3306)/x"),
            ("größe=1 über PASS=hunter2 für épass=x", "größe=1 über PASS=[masked] für épass=[masked]"),
            (&*["key ", "sk_", "live_0123456789ab"].concat(), "key [masked]"),
            ("password=mask", "password=[masked]"),
            ("http://api:3000/users/kim@example.com", "http://api:3000/users/kim@example.com"),
            ("Basic authentication is on", "Basic authentication is on"),
            ("total_tokens=512 exit sig: SIGTERM", "total_tokens=512 exit sig: SIGTERM"),
            // What only talks about them stays.
            ("the password is wrong for user kim", "the password is wrong for user kim"),
            ("token expired, please sign in", "token expired, please sign in"),
            ("http://db:5432/fleet", "http://db:5432/fleet"),
            ("design=flat", "design=flat"),
            ("", ""),
        ] {
            let (masked, count) = mask(text);
            assert_eq!(masked, expected, "{text}");
            // One that holds another one is masked twice.
            assert!(count >= expected.matches(MASKED).count(), "{text}");
            assert_eq!(count > 0, expected.contains(MASKED), "{text}");
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
            // As Kubernetes writes an environment.
            ("- name: DB_PASSWORD", "- name: DB_PASSWORD"),
            ("  value: Zq7 x", "  value: [masked]"),
            ("- name: DB_HOST", "- name: DB_HOST"),
            ("  value: db", "  value: db"),
            (r#"- {"name": "DB_PASSWORD","#, r#"- {"name": "DB_PASSWORD","#),
            (r#""value": "Zq7", "url": "redis://:x@db""#, r#""value": "[masked]", "url": "redis://:[masked]@db""#),
        ] {
            assert_eq!(shown(&mut mask, text), expected, "{text}");
        }
        // One whose end never comes hides what looks like it, and no more than a key has.
        shown(&mut mask, "-----BEGIN PRIVATE KEY-----");
        assert_eq!(shown(&mut mask, body), MASKED);
        assert_eq!(shown(&mut mask, "INFO ready"), "INFO ready");
        shown(&mut mask, "-----BEGIN PRIVATE KEY-----");
        let hidden = (0..1_000).filter(|_| shown(&mut mask, "ready") == MASKED).count();
        assert_eq!(hidden, LONGEST_KEY as usize);
    }

    #[test]
    fn a_field_is_masked_by_its_name() {
        for (name, value, expected) in [
            ("token", "a b c", MASKED),
            ("db_password", "x", MASKED),
            ("Authorization", "Basic x", MASKED),
            ("ConnectionString", "Server=db;User=sa", MASKED),
            ("hasToken", "true", "true"),
            ("token", "", ""),
            ("status", "500", "500"),
            ("url", "postgres://a:b@c", "postgres://a:[masked]@c"),
            ("credentials", r#"{"user":"kim","password":"x"}"#, r#"{"user":"kim","password":"[masked]"}"#),
            ("tokens", "12", "12"),
        ] {
            assert_eq!(mask_value(name, value).0, expected, "{name}");
        }
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
            // Two that begin within one secret.
            ("password=\u{1b}[31mpassword=\u{1b}[32mpassword=", "password=[masked]", &["[masked]"]),
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

    #[test]
    fn lines_of_a_text_are_masked_over_their_ends_and_each_by_itself() {
        let long = "Zm9v".repeat(16);
        for (name, text, expected, count) in [
            ("", "one\ntwo", &["one", "two"][..], 0),
            (
                "stack",
                "Error: no\n  at https://kim:hunter2@db/x\n  at y",
                &["Error: no", "  at https://kim:[masked]@db/x", "  at y"],
                1,
            ),
            ("note", "password:\n\thunter2\nend", &["password:", "\t[masked]", "end"], 1),
            ("note", "password: 'a\nb\nc' d\ne", &["password: '[masked]", "' d", "e"], 1),
            ("env", "name: DB_PASSWORD\nvalue: hunter2", &["name: DB_PASSWORD", "value: [masked]"], 1),
            // Of a line alone it shows.
            ("pem", &format!("here\n{long}\nthere"), &["here", "[masked]", "there"], 1),
            ("pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\nend", &["[masked]", "end"], 1),
            ("db.password", "a\nb", &["[masked]"], 1),
            ("db.password", "a", &["[masked]"], 1),
            ("", "token=abc", &["token=[masked]"], 1),
        ] {
            let lines: Vec<_> = expected.iter().map(|line| line.to_string()).collect();
            assert_eq!(mask_lines(name, text), (lines, count), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_line_end_shows_a_secret(
            frame in prop::sample::select(vec![
                r#"it has password="ZQZQ" here"#,
                "it has password: 'ZQZQ' here",
                r#"it has {"password" : "ZQZQ"} here"#,
                r#"it has ("api_key", "ZQZQ") here"#,
                "it has <secret>ZQZQ</secret> here",
                "it has -----BEGIN RSA PRIVATE KEY----- ZQZQ -----END RSA PRIVATE KEY----- here",
                "it has --token ZQZQ here",
                "it has authorization: Bearer ZQZQZQZQ here",
            ]),
            blanks in prop::collection::vec(any::<bool>(), 8),
            within in 0usize..4,
        ) {
            // Any blank may be a line's end, and a line may end in what is quoted.
            let mut blanks = blanks.into_iter();
            let mut text: String =
                frame.chars().map(|c| if c == ' ' && blanks.next() == Some(true) { '\n' } else { c }).collect();
            if let Some(at) = frame.find("ZQZQ").filter(|at| frame[..*at].ends_with(['"', '\'', '>'])) {
                text.insert(at + within, '\n');
            }
            let (lines, count) = mask_lines("", &text);
            prop_assert!(count > 0 && !lines.concat().contains(['Z', 'Q']), "{:?}", lines);
        }

        #[test]
        fn what_has_no_sign_of_a_secret_has_none(text in "(password=|pwd:|token|_key=|sk-|eyJ|x|ghp_|://|:\\\\/\\\\/|[ -~]){0,60}") {
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
