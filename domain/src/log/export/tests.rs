use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::log::drawn::drawn;
use crate::name::ObjectName;

/// 2026-11-21 10:15:00.123456789 UTC.
const MOMENT: i64 = 1_795_256_100_123_456_789;

fn read(query: &str) -> LogQuery {
    LogQuery::from_parameters(query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))))
}

fn sources() -> Vec<LogSource> {
    let source = |previous| LogSource {
        environment: "fleet-management/staging".parse().unwrap(),
        component: "fleet-api".into(),
        pod: "fleet-api-1".into(),
        container: "app".into(),
        previous,
    };
    vec![source(false), source(true)]
}

fn line(text: &str) -> LogLine {
    LogLine {
        at: MOMENT,
        source: 0,
        level: Level::Unknown,
        text: text.into(),
        spans: Vec::new(),
        hits: Vec::new(),
        left_out: 0,
        continues: false,
        is_context: false,
    }
}

fn row(format: Format, row: &LogRow) -> String {
    let mut out = String::new();
    format.write_row(row, &sources(), &mut out);
    out
}

fn head(format: Format, head: &Head<'_>) -> String {
    let mut out = String::new();
    format.write_head(head, &mut out);
    out
}

/// What every object says of the container.
const WHOSE: &str =
    r#""environment":"fleet-management/staging","component":"fleet-api","pod":"fleet-api-1","container":"app""#;

#[test]
fn a_row_is_a_line_that_says_when_and_whose_it_is() {
    let mark = |source| LogRow::Mark { at: 5, source, text: "it ended with 1".into() };
    for (row_written, text, ndjson) in [
        (
            LogRow::Line(LogLine { level: Level::Error, ..line("Error: \"gone\"") }),
            "2026-11-21T10:15:00.123456789Z fleet-management/staging fleet-api-1/app ERROR Error: \"gone\"\n",
            r#"{"time":"2026-11-21T10:15:00.123456789Z",WHOSE,"previous":false,"level":"error","text":"Error: \"gone\"","leftOut":0}"#,
        ),
        (
            LogRow::Line(LogLine { at: MOMENT + 11, continues: true, ..line("\tat pool (x.js:1:2)") }),
            "2026-11-21T10:15:00.123456800Z fleet-management/staging fleet-api-1/app - \tat pool (x.js:1:2)\n",
            r#"{"time":"2026-11-21T10:15:00.123456800Z",WHOSE,"previous":false,"level":"unknown","text":"\tat pool (x.js:1:2)","leftOut":0,"continues":true}"#,
        ),
        (
            LogRow::Line(LogLine { at: -1, source: 1, left_out: 70_000, level: Level::Fatal, ..line("# x") }),
            "1969-12-31T23:59:59.999999999Z fleet-management/staging fleet-api-1/app[previous] FATAL # x [cut: 70000 bytes more]\n",
            r##"{"time":"1969-12-31T23:59:59.999999999Z",WHOSE,"previous":true,"level":"fatal","text":"# x","leftOut":70000}"##,
        ),
        (
            LogRow::Line(LogLine { at: i64::MIN, source: 2, ..line("") }),
            "1677-09-21T00:12:43.145224192Z - - - \n",
            r#"{"time":"1677-09-21T00:12:43.145224192Z","level":"unknown","text":"","leftOut":0}"#,
        ),
        (
            LogRow::Line(LogLine { is_context: true, ..line("before") }),
            "-2026-11-21T10:15:00.123456789Z fleet-management/staging fleet-api-1/app - before\n",
            r#"{"time":"2026-11-21T10:15:00.123456789Z",WHOSE,"previous":false,"level":"unknown","text":"before","leftOut":0,"context":true}"#,
        ),
        (
            mark(1),
            "# 1970-01-01T00:00:00.000000005Z fleet-management/staging fleet-api-1/app[previous]: it ended with 1\n",
            r#"{"time":"1970-01-01T00:00:00.000000005Z",WHOSE,"previous":true,"mark":"it ended with 1"}"#,
        ),
        (
            mark(u32::MAX),
            "# 1970-01-01T00:00:00.000000005Z - -: it ended with 1\n",
            r#"{"time":"1970-01-01T00:00:00.000000005Z","mark":"it ended with 1"}"#,
        ),
    ] {
        assert_eq!(row(Format::Text, &row_written), text);
        assert_eq!(row(Format::Ndjson, &row_written), [&ndjson.replace("WHOSE", WHOSE), "\n"].concat());
    }
}

#[test]
fn a_head_says_all_that_is_needed_to_trust_a_file() {
    let query = read("environment=fleet-management/staging&component=fleet-api&since=5m&find=a\"b");
    let notes: Vec<Arc<str>> = vec!["No answer.".into(), "Two\n# lines".into()];
    let about = Head {
        query: &query,
        read_at: MOMENT / 1_000_000_000,
        reader: "kim\n2026 forged",
        entries: 200,
        masked: 3,
        notes: &notes,
    };
    let text = "\
        # Logs from Quarterdeck\n\
        # asked: the lines of the last 5m of fleet-api in fleet-management/staging, containing \"a\"b\"\n\
        # address: /logs?environment=fleet-management/staging&component=fleet-api&since=5m&find=a%22b\n\
        # read at: 2026-11-21T10:15:00Z\n\
        # read by: kim 2026 forged\n\
        # entries: 200\n\
        # masked: 3\n\
        # note: No answer.\n\
        # note: Two # lines\n";
    assert_eq!(head(Format::Text, &about), text);
    let ndjson = head(Format::Ndjson, &about);
    let value: Value = serde_json::from_str(&ndjson).unwrap();
    let expected = json!({ "quarterdeck": {
        "asked": "the lines of the last 5m of fleet-api in fleet-management/staging, containing \"a\"b\"",
        "address": "/logs?environment=fleet-management/staging&component=fleet-api&since=5m&find=a%22b",
        "readAt": "2026-11-21T10:15:00Z",
        "readBy": "kim\n2026 forged",
        "entries": 200,
        "masked": 3,
        "notes": ["No answer.", "Two\n# lines"],
    } });
    assert_eq!((value, ndjson.find('\n')), (expected, Some(ndjson.len() - 1)));
}

#[test]
fn what_was_asked_is_said_in_words() {
    for (query, expected) in [
        ("", "the last lines of everything"),
        ("environment=a/b&environment=c/d&component=x&component=y", "the last lines of x, y in a/b, c/d"),
        ("environment=a/b&component=x&pod=x-1&container=app", "the last lines of pod x-1 in container app in a/b"),
        ("since=90s", "the lines of the last 90s of everything"),
        ("since=start&level=warn", "the lines since the start of the container of everything, warn or worse"),
        ("since=0&until=60", "the lines since 1970-01-01T00:00:00Z before 1970-01-01T00:01:00Z of everything"),
        ("until=60", "the last lines before 1970-01-01T00:01:00Z of everything"),
        ("since=9223372036854775807", "the lines since 9999-12-30T22:00:00Z of everything"),
        ("find=x&not", "the last lines of everything, not containing \"x\""),
        ("find=x&regex", "the last lines of everything, matching \"x\""),
        ("find=x&regex&not&case", "the last lines of everything, not matching \"x\" in this case"),
        ("regex&not&case", "the last lines of everything"),
        ("context=3", "the last lines of everything"),
        ("find=x&context=1", "the last lines of everything, containing \"x\", with the entry on each side"),
        ("level=error&context=3", "the last lines of everything, error or worse, with 3 entries on each side"),
    ] {
        assert_eq!(asked(&read(query)), expected, "{query}");
    }
}

#[test]
fn a_file_is_named_after_what_was_asked() {
    let long = "x".repeat(63);
    let longest = format!("component=y&component={0}.{0}.{0}&environment={0}/{0}&environment=a/b&container={0}", long);
    let cut = [63, 30, 63].map(|length| "x".repeat(length));
    for (query, expected) in [
        ("", "logs_2026-11-21T101500Z"),
        (
            "environment=fleet-management/staging&component=fleet-api",
            "fleet-api_fleet-management-staging_2026-11-21T101500Z",
        ),
        (
            "environment=a/b&environment=c/d&environment=e/f&component=x&component=y",
            "x-and-1-more_a-b-and-2-more_2026-11-21T101500Z",
        ),
        ("component=x&pod=x.1&container=app", "x-1_app_2026-11-21T101500Z"),
        (&format!("pod={}-y", &long[..62]), &format!("{}_2026-11-21T101500Z", &long[..62])),
        ("environment=a/b&find=../etc&since=5m", "logs_a-b_2026-11-21T101500Z"),
        (
            &longest.replace("component=y&", ""),
            &format!("{}_{}_{}-{}-and-1-more_2026-11-21T101500Z", cut[0], cut[1], cut[2], "x".repeat(36)),
        ),
        (&longest, &format!("y-and-1-more_{}_{}-{}-and-1-more_2026-11-21T101500Z", cut[1], cut[2], "x".repeat(36))),
    ] {
        for (format, extension) in [(Format::Text, "log"), (Format::Ndjson, "ndjson")] {
            let name = format.file_name(&read(query), MOMENT / 1_000_000_000);
            assert_eq!(name, format!("{expected}.{extension}"), "{query}");
        }
    }
}

#[test]
fn a_format_stands_in_the_url_as_it_is_read() {
    for (text, expected) in [("text", Some(Format::Text)), ("ndjson", Some(Format::Ndjson)), ("", None), ("TEXT", None)]
    {
        assert_eq!(text.parse().ok(), expected, "{text}");
    }
    for format in Format::ALL {
        assert_eq!(format.as_str().parse(), Ok(format));
    }
    assert_eq!(Format::default().content_type(), "text/plain; charset=utf-8");
    assert_eq!(Format::Ndjson.content_type(), "application/x-ndjson; charset=utf-8");
}

/// What somebody writes who wants it to be taken for something else.
fn text() -> impl Strategy<Value = String> {
    let telling =
        ["\n", "\r", "\u{85}", "\u{2028}", "\u{2029}", "\u{b}", "\u{c}", "\0", "\u{202e}", "\u{feff}", "\u{e0001}"];
    let lines = [
        "# ",
        "2026-11-21T10:15:00.000000000Z a/b c/d INFO x",
        "\"}",
        "{\"quarterdeck\":{}}",
        "\\u000a",
        "\\",
        "\u{301}",
    ];
    let piece = prop_oneof![
        prop::sample::select([&telling[..], &lines[..]].concat()).prop_map(str::to_owned),
        "\\PC{0,5}",
        any::<String>()
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn rows() -> impl Strategy<Value = LogRow> {
    let level = prop::sample::select(Level::ALL.to_vec());
    let line = (any::<i64>(), 0..4u32, level, text(), any::<u64>(), any::<(bool, bool)>()).prop_map(
        |(at, source, level, text, left_out, (continues, is_context))| {
            LogRow::Line(LogLine { at, source, level, text: text.into(), left_out, continues, is_context, ..line("") })
        },
    );
    let mark =
        (any::<i64>(), 0..4u32, text()).prop_map(|(at, source, text)| LogRow::Mark { at, source, text: text.into() });
    prop_oneof![4 => line, 1 => mark]
}

/// Whether some program would end a line or obey something here.
fn is_told(out: &str) -> bool {
    out.chars().any(|c| c != '\t' && hides(c))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn no_text_makes_a_line_of_its_own(
        rows in prop::collection::vec(rows(), 0..6),
        (reader, note, name) in (text(), text(), text()),
    ) {
        let mut sources = sources();
        sources.push(LogSource { pod: (*name).into(), container: (*name).into(), ..sources[0].clone() });
        let notes: [Arc<str>; 1] = [note.into()];
        let query = read("find=x");
        let about = Head { query: &query, read_at: 0, reader: &reader, entries: 1, masked: 0, notes: &notes };
        for format in Format::ALL {
            let mut out = head(format, &about);
            let lines_of_head = out.lines().count();
            rows.iter().for_each(|row| format.write_row(row, &sources, &mut out));
            prop_assert!(out.ends_with('\n'));
            prop_assert!(out.split_terminator('\n').all(|line| !is_told(line)), "{:?}", out);
            let mut lines = out.split_terminator('\n');
            for line in lines.by_ref().take(lines_of_head) {
                let begins = if format == Format::Text { "# " } else { "{\"quarterdeck\":{" };
                prop_assert!(line.starts_with(begins), "{:?}", line);
            }
            let lines: Vec<&str> = lines.collect();
            prop_assert_eq!(lines.len(), rows.len());
            for (line, row) in lines.iter().zip(&rows) {
                let begins = match (format, row) {
                    (Format::Text, LogRow::Mark { at, .. }) => format!("# {} ", time(*at)),
                    (Format::Text, LogRow::Line(LogLine { at, is_context, .. })) => {
                        format!("{}{} ", if *is_context { "-" } else { "" }, time(*at))
                    }
                    (Format::Ndjson, row) => format!("{{\"time\":\"{}\",", time(row.at())),
                };
                prop_assert!(line.starts_with(&begins), "{:?} {:?}", line, begins);
            }
        }
    }

    #[test]
    fn what_is_safe_already_stands_in_a_file_as_it_is_shown(bytes in prop_oneof![text().prop_map(String::into_bytes), any::<Vec<u8>>()]) {
        let text = drawn(&bytes).text;
        let written = row(Format::Text, &LogRow::Line(line(&text)));
        prop_assert_eq!(written, format!("{} fleet-management/staging fleet-api-1/app - {text}\n", time(MOMENT)));
    }

    #[test]
    fn an_object_reads_back_as_what_it_was(row_written in rows()) {
        let value: Value = serde_json::from_str(&row(Format::Ndjson, &row_written)).unwrap();
        let mut expected = match &row_written {
            LogRow::Line(line) => json!({ "level": line.level.as_str(), "text": &*line.text, "leftOut": line.left_out }),
            LogRow::Mark { text, .. } => json!({ "mark": &**text }),
        };
        let object = expected.as_object_mut().unwrap();
        let (LogRow::Line(LogLine { source, .. }) | LogRow::Mark { source, .. }) = &row_written;
        if let Some(source) = sources().get(*source as usize) {
            object.insert("environment".to_owned(), source.environment.to_string().into());
            object.insert("component".to_owned(), (*source.component).into());
            object.insert("pod".to_owned(), (*source.pod).into());
            object.insert("container".to_owned(), (*source.container).into());
            object.insert("previous".to_owned(), source.previous.into());
        }
        if matches!(&row_written, LogRow::Line(line) if line.continues) {
            object.insert("continues".to_owned(), true.into());
        }
        if matches!(&row_written, LogRow::Line(line) if line.is_context) {
            object.insert("context".to_owned(), true.into());
        }
        let read: Timestamp = value["time"].as_str().unwrap().parse().unwrap();
        prop_assert_eq!(read.as_nanosecond(), i128::from(row_written.at()));
        object.insert("time".to_owned(), value["time"].clone());
        prop_assert_eq!(value, expected);
    }

    #[test]
    fn a_name_of_a_file_fits_every_file_system(
        objects in prop::collection::vec("[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", 0..4),
        environments in prop::collection::vec("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", 0..4),
        is_pod in any::<bool>(),
        read_at in prop_oneof![any::<i64>(), 0..5_000_000_000i64],
    ) {
        let objects: Vec<ObjectName> = objects.into_iter().filter_map(|name| ObjectName::new(name).ok()).collect();
        let environments = environments.into_iter().filter_map(|id| id.parse().ok()).collect();
        let (pod, container) = (objects.first().cloned().filter(|_| is_pod), objects.last().cloned());
        let query = LogQuery { environments, components: objects, pod, container, ..LogQuery::default() };
        let name = Format::Ndjson.file_name(&query, read_at);
        let (stem, rest) = name.split_once('.').unwrap();
        let (words, time) = stem.rsplit_once('_').unwrap();
        prop_assert!(name.len() <= 255 && rest == "ndjson", "{}", name);
        prop_assert!(words.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_')), "{}", name);
        prop_assert!(words.starts_with(|c: char| c.is_ascii_alphanumeric()), "{}", name);
        prop_assert!(time.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'T' | b'Z')), "{}", name);
    }
}
