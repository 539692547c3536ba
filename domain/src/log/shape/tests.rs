use proptest::prelude::*;

use super::*;
use crate::text::hides;

/// The message and the fields as one text: `message | key=value | key=value`.
fn told(text: &str) -> Option<String> {
    let Structured { message, fields } = structured(text)?;
    let fields = fields.iter().map(|(key, value)| format!(" | {key}={value}"));
    Some(message.into_owned() + &fields.collect::<String>())
}

#[test]
fn objects_come_apart_in_their_order() {
    for (text, expected) in [
        (r#"{"level":"info","ts":1.5,"msg":"started","port":8080,"a":"b"}"#, "started | port=8080 | a=b"),
        (r#"{"z":1,"a":2,"z":3,"message":"x"}"#, "x | z=1 | a=2 | z=3"),
        (r#"{"message":"second","msg":"first"}"#, "first | message=second"),
        (r#"{"msg":{"a":1},"message":"x"}"#, r#"x | msg={"a":1}"#),
        (r#"{"msg":"","event":"x"}"#, "x | msg="),
        (r#"{"@timestamp":"2026-01-01","@message":"x","log.level":"WARN","@version":"1"}"#, "x | @version=1"),
        (r#"{"log":"x"}"#, "x"),
        (r#"{"event":"x","time":1,"t":2,"timestamp":3,"text":"y"}"#, "x | text=y"),
        (r#"{"Timestamp":"2026-01-01","LogLevel":"Error","Message":"x","EventId":0}"#, "x | EventId=0"),
        (r#"{"level":"error","error":"refused","n":1}"#, "refused | n=1"),
        (r#"{"msg":"x","error":"refused"}"#, "x | error=refused"),
        (r#"{"err":{"message":"boom"}}"#, r#" | err={"message":"boom"}"#),
        (r#"{"level":"loud","msg":"x"}"#, "x | level=loud"),
        (r#"{"level":30,"msg":"x","severity":{"a":1}}"#, r#"x | severity={"a":1}"#),
        ("{}", ""),
        (r#" { "a" : 1 } "#, " | a=1"),
        // Nested ones lose their blanks, but for those in strings; numbers stay as they are.
        (r#"{"a": { "b" : [ 1, 2.50, "c \" d" ], "e" : null }}"#, r#" | a={"b":[1,2.50,"c \" d"],"e":null}"#),
        (r#"{"id":12345678901234567890123,"f":1.0,"e":1e400}"#, " | id=12345678901234567890123 | f=1.0 | e=1e400"),
        (r#"{"a":true,"b":null,"c":"","":1}"#, " | a=true | b=null | c= | =1"),
        (r#"{"msg":"a\"b\\c\/d\u00e9"}"#, "a\"b\\c/dé"),
        (r#"{"m\u0073g":"x"}"#, "x"),
        (r#"{"msg":"\ud83d\ude00"}"#, "😀"),
        (r#"{"a":"\ud83d"}"#, r#" | a="\ud83d""#),
    ] {
        assert_eq!(told(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn a_level_that_the_line_is_not_shown_with_is_a_field() {
    let long = "y".repeat(9_000);
    for (text, expected) in [
        // Two of them, and the first is the line's.
        (r#"{"level":"info","severity":"error","msg":"x"}"#, "x | severity=error"),
        (r#"{"level":"info","severity":"INFO","msg":"x"}"#, "x"),
        // Those that stand too far behind, or are not written as they are meant, are none of the line's.
        (&format!(r#"{{"msg":"{long}","level":"error"}}"#), &format!("{long} | level=error")),
        (&format!(r#"msg={long} level=error"#), &format!("{long} | level=error")),
        (r#"{"l\u0065vel":"error","lvl":"\u0065rror","msg":"x"}"#, "x | level=error | lvl=error"),
        // A line that begins with blanks goes on with another one.
        (r#" {"level":"error","msg":"x"}"#, "x | level=error"),
    ] {
        assert_eq!(told(text).as_deref(), Some(expected), "{text:.40}");
    }
}

#[test]
fn a_text_of_several_lines_keeps_them() {
    for (text, expected) in [
        (
            r#"{"msg":"gone","stack":"Error: gone\n    at pool (x.js:1:2)\n"}"#,
            "gone | stack=Error: gone\n    at pool (x.js:1:2)",
        ),
        (r#"{"stack":"a\r\n\tat b\r\n\r\n\tat c","n":1,"msg":"x"}"#, "x | stack=a\n at b\n at c | n=1"),
        (r#"msg=x @stack="a\n  at b" n=1"#, "x | @stack=a\n  at b | n=1"),
        (
            r#"{"level":"error","exc_info":"Traceback:\n  File \"x\"\nValueError: y"}"#,
            "Traceback:\n  File \"x\"\nValueError: y",
        ),
        (r#"{"msg":"\n\nfirst\n  \nsecond"}"#, "first\nsecond"),
        // One line is one, whatever ends it.
        (r#"{"msg":"x\n","a":"\ny\r\n"}"#, "x | a=y"),
        // A stack trace within an object is a field of its own; what else stands there stays.
        (
            r#"{"err":{"type":"Error","stack":"Error: x\n    at y","code":5.0},"msg":"gone"}"#,
            "gone | err={\"type\":\"Error\",\"code\":5.0} | err.stack=Error: x\n    at y",
        ),
        (r#"{"err":{"stackTrace":"a\nb"}}"#, " | err.stackTrace=a\nb"),
        // No more of them than anybody has: a key of 32 KiB with 2,000 of them would become 64 MiB.
        (
            r#"{"e":{"stack":"\n1\n1","stack":"2\n2","stack":"3\n3","stack":"4\n4","stack":"5\n5"}}"#,
            " | e={\"stack\":\"5\\n5\"} | e.stack=1\n1 | e.stack=2\n2 | e.stack=3\n3 | e.stack=4\n4",
        ),
        (
            r#"{"e":{"m":"\"","cause":{"stack":"a\nb","n":[1, 2]},"stack":"c\nd"}}"#,
            r#" | e={"m":"\"","cause":{"n":[1,2]}} | e.cause.stack=a
b | e.stack=c
d"#,
        ),
        // Other texts in objects stay in them, and so does a stack of one line.
        (r#"{"err":{"message":"a\nb","stack":"c"}}"#, r#" | err={"message":"a\nb","stack":"c"}"#),
        (r#"{"a":{"b":{"c":{"d":{"e":{"stack":"x\ny"}}}}}}"#, r#" | a={"b":{"c":{"d":{"e":{"stack":"x\ny"}}}}}"#),
        (r#"{"a":{"b":{"c":{"d":{"stack":"x\ny"}}}}}"#, " | a.b.c.d.stack=x\ny"),
    ] {
        assert_eq!(told(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn logfmt_comes_apart() {
    for (text, expected) in [
        (r#"time="2026-01-01T12:00:00Z" level=info msg="it \"started\"" port=8080"#, r#"it "started" | port=8080"#),
        ("ts=2026 caller=main.go:1 level=warn msg=x err=refused", "x | caller=main.go:1 | err=refused"),
        ("a=1 message=x a=2", "x | a=1 | a=2"),
        ("msg=x url=/a?b=c", "x | url=/a?b=c"),
        ("msg=x a=", "x | a="),
        ("msg=x a=\"\"\tb=\"c\"", "x | a= | b=c"),
        (r#"msg="a\tb\\c\x41\u00e9\q" n=1"#, r"a b\cAé\q | n=1"),
        (r#"msg="" err=refused"#, "refused | msg="),
        ("msg=x größe=1", "x | größe=1"),
        ("msg=x level=loud", "x | level=loud"),
    ] {
        assert_eq!(told(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn what_is_not_whole_is_left_alone() {
    let (deep, wide) = ("[".repeat(30_000), "x".repeat(LIMIT));
    for text in [
        "",
        "ready",
        r#"{"msg":"x""#,
        r#"{"msg":"x"} behind"#,
        r#"{"msg":"x"}{"msg":"y"}"#,
        r#"before {"msg":"x"}"#,
        r#"["msg"]"#,
        r#""msg""#,
        "{msg: x}",
        r#"{"msg":01}"#,
        "msg=x",
        "a=b c=d",
        "msg=x and more",
        "the msg=x a=b",
        r#"msg="x a=b"#,
        r#"msg="x"a=b"#,
        r#"msg="x\"#,
        r#"msg=x {"a=b"#,
        "=x msg=y",
        &format!(r#"{{"a":{deep}}}"#),
        &format!(r#"{{"a":"{wide}"}}"#),
    ] {
        assert_eq!(structured(text), None, "{:.40}", text);
    }
    let nested = format!(r#"{{"a":{}{}}}"#, "[".repeat(30_000), "]".repeat(30_000));
    assert_eq!(structured(&nested).unwrap().fields[0].1.len(), 60_000);
}

#[test]
fn nothing_that_hides_itself_comes_out() {
    for (text, expected) in [
        (r#"{"msg":"\u001b[31mred\u202e"}"#, "␛[31mred\u{fffd}"),
        (r#"{"a\u0000\u200bb":"c\nd\r\u0007"}"#, " | a␀\u{fffd}b=c\nd␍␇"),
        (r#"{"msg":"a\u2028b\u202e\n\u001b[31mc","d\ne":1}"#, "a\u{fffd}b\u{fffd}\n␛[31mc | d e=1"),
        ("{\"msg\":\"a\u{202e}b\",\"c\u{ad}\":[\"\u{feff}\"]}", "a\u{fffd}b | c\u{fffd}=[\"\u{fffd}\"]"),
        (r#"{"a":["\u001b"]}"#, r#" | a=["\u001b"]"#),
        (r#"msg="\x1b[31m\u202e" a=1"#, "␛[31m\u{fffd} | a=1"),
        ("msg=a\u{202e} b\u{200b}=\u{7f}", "a\u{fffd} | b\u{fffd}=␡"),
    ] {
        assert_eq!(told(text).as_deref(), Some(expected), "{text:?}");
    }
}

#[test]
fn what_stands_in_objects_is_shown_without_escapes_that_hide_it() {
    for (value, expected) in [
        (r#"{"a":"K\u00f6ln \/ \u4eac"}"#, r#"{"a":"Köln / 京"}"#),
        (r#"{"a":"\ud83d\ude00 \ud83d x"}"#, r#"{"a":"😀 \ud83d x"}"#),
        (r#"["\u0022\u005c\n\u000a\\u0041\\\u0041"]"#, r#"["\u0022\u005c\n\u000a\\u0041\\A"]"#),
        (r#"[1, "\u202e"]"#, "[1,\"\u{fffd}\"]"),
    ] {
        let text = format!(r#"{{"msg":"x","v":{value}}}"#);
        assert_eq!(structured(&text).unwrap().fields[0].1, expected, "{value}");
    }
}

#[test]
fn what_needs_no_change_is_not_copied() {
    for text in [r#"{"msg":"x","a":{"b":1}}"#, "msg=x a=\"b\""] {
        let Structured { message, fields } = structured(text).unwrap();
        assert!(matches!(message, Cow::Borrowed(_)));
        assert!(fields.iter().all(|pair| matches!(pair, (Cow::Borrowed(_), Cow::Borrowed(_)))));
    }
}

fn nothing_hides(text: &str) -> bool {
    structured(text).is_none_or(|Structured { message, fields }| {
        let fields = fields.iter().flat_map(|(key, value)| [key, value]);
        [&message].into_iter().chain(fields).all(|text| !text.chars().any(|c| c != '\n' && hides(c)))
    })
}

/// Any string, and more of those that hide themselves.
fn wild() -> impl Strategy<Value = String> {
    let c = prop_oneof![
        any::<char>(),
        prop::char::range('\0', ' '),
        prop::char::range('\u{2000}', '\u{2070}'),
        Just('"'),
        Just('\\')
    ];
    prop::collection::vec(c, 0..12).prop_map(|chars| chars.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn any_line_is_read(text in any::<String>(), pairs in r#"([a-z]{1,3}=("[ -~]{0,6}"|[ -~]{0,4}) ?){1,3}"#) {
        prop_assert!(nothing_hides(&text));
        prop_assert!(nothing_hides(&pairs));
        let (logfmt, object) = (format!("msg=x {text}={text}"), format!("{{{text}}}"));
        prop_assert!(nothing_hides(&logfmt) && nothing_hides(&object));
    }

    #[test]
    fn whatever_is_written_is_told(pairs in prop::collection::vec((wild(), wild()), 0..5), message in "[a-z]{1,9}") {
        let object = pairs.iter().map(|(key, value)| {
            format!("{}:{},", serde_json::to_string(key).unwrap(), serde_json::to_string(&[value]).unwrap())
        });
        let text = format!(r#"{{{}"msg":"{message}"}}"#, object.collect::<String>());
        prop_assert!(nothing_hides(&text));
        prop_assert_eq!(structured(&text).unwrap().message, message.as_str());

        let logfmt = pairs.iter().map(|(key, value)| {
            let key: String = key.chars().filter(|c| c.is_ascii_alphabetic()).collect();
            let value: String = value.chars().flat_map(|c| {
                let escape = if matches!(c, '"' | '\\') { "\\" } else { "" };
                escape.chars().chain([c])
            }).collect();
            format!("k{key}=\"{value}\" ")
        });
        let text = format!("{}msg={message} n=1", logfmt.collect::<String>());
        prop_assert!(nothing_hides(&text));
        prop_assert_eq!(structured(&text).unwrap().message, message.as_str());
    }
}
