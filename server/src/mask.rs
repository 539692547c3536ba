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
const NAMES: &str = r"(?:passwords?|passwd|passphrase|passcode|passwort|pwd|secrets?|token|credentials?|(?:\b|_)pass|(?-i:[a-z0-9]Pass)|api[ _-]?key|(?:access|account|app|auth|client|encryption|master|private|secret|service|shared[ _-]?access|signing|storage|subscription)[ _-]?key(?:[_-]?(?:id|base|data))?|tls\.key|shared[_-]?access[_-]?signature|signature|session[_-]?id|connection[_-]?string|[?&;]sig)(?:[_-]?v?\d+|[_-]?hash|[_-](?:prod|production|staging|dev|test|base|value|old|new))?";
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
        r#"(?i)(?:\b|_)authorization\W{1,6}(?:[a-z][\w-]*\s+["']?)?(?P<secret>(?:=\s*"[^"\r\n]*"|[^\r\n"'\]])+)"#.into(),
        // Of several headers of one name all.
        r#"(?i)(?:cookie|authorization)\\*["']?\s*[:=]\s*\[\s*(?P<secret>\\*["'][^"'\]\r\n]*["']\s*,[^\]\r\n]+)\]"#.into(),
        // Names and values in turn, as Node has them.
        [r#"(?i)["'](?:[\w.]+-[\w.-]*"#, NAMES, r#"|(?:set-)?cookie|authorization)["']\s*,\s*["'](?P<secret>[^"']+)["']"#].concat().into(),
        // --password …, before `Bearer` without a token takes the flag for one; what is set apart by `=` or in quotes is below.
        [r"(?i)\s--?[\w-]*", NAMES, r#"\s+(?P<secret>[^\s=:"'-](?:\S*[^\s=:])?)(?:\s|$)"#].concat().into(),
        r#"(?i)\bdigest\s+(?P<secret>username=[^\r\n]+)"#.into(),
        r#"(?i)\bbearer\s+["']?(?P<secret>[A-Za-z0-9._~+/=-]{8,})"#.into(),
        r"(?i)\bbasic\s+(?P<secret>[a-z0-9+/]{7,}={1,2}|[a-z+/]*[0-9][a-z0-9+/=]{7,})".into(),
        r#"(?i)cookie\\*["']\s*[:=]\s*\[?\s*\\*["'](?P<secret>[^"'\\]+)"#.into(),
        r#"(?i)cookie\s*[:=]\s*\[?(?P<secret>(?:=\s*"[^"\r\n]*"|[^\r\n"'])+)"#.into(),
        // postgres://user:secret@host, https://token@host, user:secret@tcp(host), also where the scheme was taken for a secret
        r#"(?i)(?:\b[a-z][a-z0-9+.-]*|\[masked\]):(?:\\?/){2}[^\s/:@"']*:(?P<secret>[^\s/"]+|[^\s/"'0-9][^\s"'@]*/[^\s"'@]*)@"#.into(),
        r#"(?i)(?:\b[a-z][a-z0-9+.-]*|\[masked\]):(?:\\?/){2}(?P<secret>[^\s/:@"'?]{16,})@"#.into(),
        r"\w+:(?P<secret>[^\s@/]+)@(?:tcp|unix)\(".into(),
        // password=…, "api_key": "…", DB_PASSWORD: …, AccountKey=…; password: Some("…")
        named(r#"\[?(?:Some\(|b)?"(?P<secret>(?:[^"\\]|\\.)+)"#).into(),
        named(r"\[?(?:Some\(|b)?'(?P<secret>(?:[^'\r\n\\]|\\.)+)").into(),
        // A connection string may quote with braces.
        r"(?i)(?:password|pwd)\s*=\s*\{(?P<secret>[^}\r\n]+)\}".into(),
        // The same as text within a text: {\"password\":\"…\"}
        named(r#"\[?(?:\\+["']|\\u002[27]|%22)(?P<secret>(?:[^"\\%]|%[^2"\\]|%2[^27"\\])+)"#).into(),
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

    /// Of a log that is read from somewhere on: what stood before the next line is not known, and may say that it holds a secret.
    pub fn from_anywhere() -> Self {
        Self { named: true, ..Self::default() }
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
        if !ends
            && drawn.text.contains("-----BEGIN ")
            && ["PRIVATE KEY-----", "PRIVATE KEY BLOCK-----"].iter().any(|head| drawn.text.contains(head))
        {
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
    let is_secret = is_secret_name(name);
    let is_flag = matches!(value, "" | "null" | "true" | "false") || value == MASKED;
    match value {
        _ if is_secret && is_flag => (Cow::Borrowed(value), 0),
        _ if is_secret && !is_looked_through(name, value) => (Cow::Borrowed(MASKED), 1),
        _ => mask(value),
    }
}

/// Whether what has the name of a secret may have something else in it: an object that is called `credentials` has a name beside them.
fn is_looked_through(name: &str, value: &str) -> bool {
    let is_object = || serde_json::from_str::<serde_json::Value>(value).is_ok();
    value.starts_with('{') && name.to_ascii_lowercase().contains("credential") && is_object()
}

/// Whether a text is the name of a secret, as `DB_PASSWORD` is.
pub fn is_secret_name(text: &str) -> bool {
    SECRET_NAME.as_ref().is_some_and(|names| names.is_match(text))
}

/// The lines of a text, which may be the value of a field, without what looks like a secret: of all of it, because one may go over the ends
/// of lines, and then of each. How many pieces were taken out.
pub fn mask_lines(name: &str, text: &str) -> (Vec<String>, usize) {
    if is_secret_name(name) && !is_looked_through(name, text) {
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
mod tests;
