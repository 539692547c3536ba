use proptest::prelude::*;

use super::*;

#[test]
fn levels_have_words_and_an_order() {
    for level in Level::ALL {
        assert_eq!(level.as_str().parse(), Ok(level));
        assert_eq!(serde_json::to_string(&level).unwrap(), format!("\"{level}\""));
    }
    assert!(Level::ALL.is_sorted());
    assert!("Error".parse::<Level>().is_err());
    assert_eq!("loud".parse::<Level>().unwrap_err().to_string(), "'loud' is not a level");
}

/// Every line says this level.
fn all_say(expected: Level, lines: &[&str]) {
    for line in lines {
        assert_eq!(level_of(line), expected, "{line:?}");
    }
}

#[test]
fn objects_say_it_under_many_keys() {
    for (line, expected) in [
        (r#"{"level":"error","msg":"x"}"#, Level::Error),
        (r#"{"ts":1,"lvl":"eror"}"#, Level::Error),
        (r#"{"severity":"NOTICE","message":"x"}"#, Level::Info),
        (r#"{"severity":"ALERT"}"#, Level::Fatal),
        (r#"{"severity":"critical"}"#, Level::Fatal),
        (r#"{"@timestamp":"2026-01-01T12:00:00Z","log.level":"WARN","message":"x"}"#, Level::Warn),
        (r#"{"@level":"debug","@message":"x"}"#, Level::Debug),
        (r#"{"loglevel":"Warning"}"#, Level::Warn),
        (r#"{"EventId":0,"LogLevel":"Information","Message":"x"}"#, Level::Info),
        (r#"{"Level":"Trace"}"#, Level::Trace),
        (r#"{"@t":"2026-01-01","@l":"Fatal"}"#, Level::Fatal),
        (r#"{"error_severity":"LOG","message":"x"}"#, Level::Info),
        (r#"{"level":400,"level_name":"ERROR"}"#, Level::Error),
        (r#"{"level":10}"#, Level::Trace),
        (r#"{"level":20,"msg":"x"}"#, Level::Debug),
        (r#"{"level":30,"time":1700000000000,"pid":1,"msg":"x"}"#, Level::Info),
        (r#"{"level" : 40 , "msg":"x"}"#, Level::Warn),
        (r#"{"name":"a","level":50}"#, Level::Error),
        (r#"{"level":60 }"#, Level::Fatal),
        (r#"{"level":"30"}"#, Level::Info),
        (r#"{"time":"2026-01-01","level":"INFO+2","msg":"x"}"#, Level::Info),
        (r#"{"msg":"a \"quoted\" \\","nested":{"a":[1,{"level":"debug"}]},"level":"error"}"#, Level::Error),
        (r#"{ "a" : null , "b" : [ ] , "c" : true , "level" : "warn" }"#, Level::Warn),
        (r#"{"level":"info","msg":"cut off he"#, Level::Info),
        (r#"2026-01-01T12:00:00Z {"level":"warn","msg":"x"}"#, Level::Warn),
        (r#"{"msg":"\"level\":\"error\""}"#, Level::Unknown),
        (r#"{"msg":"level","a":"error"}"#, Level::Unknown),
        (r#"{"nested":{"level":"error"}}"#, Level::Unknown),
        (r#"{"log":{"level":"error"}}"#, Level::Unknown),
        (r#"{"level":{"level":"error"}}"#, Level::Unknown),
        (r#"{"level":"loud"}"#, Level::Unknown),
        (r#"{"level":3}"#, Level::Unknown),
        (r#"{"level":0}"#, Level::Unknown),
        (r#"{"level":-10}"#, Level::Unknown),
        (r#"{"level":null}"#, Level::Unknown),
        (r#"{"a":]"level":"error"}"#, Level::Unknown),
        ("{level: error}", Level::Unknown),
        ("{", Level::Unknown),
        ("{}", Level::Unknown),
    ] {
        assert_eq!(level_of(line), expected, "{line}");
    }
    let late = |length| format!(r#"{{"msg":"{}","level":"error"}}"#, "x".repeat(length));
    assert_eq!(level_of(&late(8_000)), Level::Error);
    assert_eq!(level_of(&late(9_000)), Level::Unknown);
}

#[test]
fn pairs_say_it() {
    for (line, expected) in [
        ("level=error msg=x", Level::Error),
        (r#"time="2026-01-01T12:00:00Z" level=warning msg="a \"b\" c""#, Level::Warn),
        ("ts=2026-01-01T12:00:00.000Z caller=main.go:1 level=info msg=\"x\"", Level::Info),
        (r#"t=2026-01-01T12:00:00 msg="a \"b\" level=error" lvl=dbug"#, Level::Debug),
        ("lvl=warn msg=x", Level::Warn),
        ("severity=INFO msg=x", Level::Info),
        (r#"level="fatal" msg=x"#, Level::Fatal),
        ("logger=tsdb t=2026-01-01T12:00:00Z level=eror", Level::Error),
        ("2026-01-01T12:00:00Z level=error msg=x", Level::Error),
        ("time=2026-01-01T12:00:00.000Z level=INFO+2 msg=x", Level::Info),
        ("errors=0", Level::Unknown),
        ("errors=0 warnings=2", Level::Unknown),
        ("error=nothing", Level::Unknown),
        ("retrying with level=error", Level::Unknown),
        (r#"msg="level=error""#, Level::Unknown),
        (r#"msg="level=error"#, Level::Unknown),
        ("level=loud", Level::Unknown),
        ("mylevel=error", Level::Unknown),
        ("a=b ERROR x", Level::Unknown),
    ] {
        assert_eq!(level_of(line), expected, "{line}");
    }
}

#[test]
fn letters_signs_and_numbers_say_it() {
    for (line, expected) in [
        ("I0115 12:00:00.000000       1 main.go:12] started", Level::Info),
        ("W0115 12:00:00.000000       1 main.go:12] hm", Level::Warn),
        ("E0115 12:00:00.000000       1 reflector.go:12] failed", Level::Error),
        ("F0115 12:00:00.000000       1 main.go:12] over", Level::Fatal),
        ("E20260115 12:00:00.000000 123 file.cc:12] failed", Level::Error),
        ("E0115 is our bus", Level::Unknown),
        ("E11 12:00:00", Level::Unknown),
        ("E, [2026-01-01T12:00:00.123456 #1] ERROR -- : msg", Level::Error),
        ("W, [2026-01-01T12:00:00.123456 #1]  WARN -- : msg", Level::Warn),
        ("INFO[0000] started  a=b", Level::Info),
        ("ERRO[0012] failed", Level::Error),
        ("ERRO[x] failed", Level::Unknown),
        ("1:M 01 Jan 2026 12:00:00.000 # WARNING overcommit_memory is set to 0!", Level::Warn),
        ("1:M 01 Jan 2026 12:00:00.000 * Ready to accept connections", Level::Info),
        ("1:C 01 Jan 2026 12:00:00.000 - 1 clients connected", Level::Info),
        ("27:S 01 Jan 2026 12:00:00.000 . ping", Level::Debug),
        ("1:M 01 Jam 2026 12:00:00.000 # x", Level::Unknown),
        ("<3>disk on fire", Level::Error),
        ("<0>panic", Level::Fatal),
        ("<11>Jan  1 12:00:00 host app: failed", Level::Error),
        ("<14>1 2026-01-01T12:00:00Z host app - - - started", Level::Info),
        ("<132>x", Level::Warn),
        ("<191>x", Level::Debug),
        ("<192>x", Level::Unknown),
        ("<1234>x", Level::Unknown),
        ("<>x", Level::Unknown),
        ("npm ERR! code ELIFECYCLE", Level::Error),
        ("npm error code 1", Level::Error),
        ("npm WARN deprecated a@1.0.0", Level::Warn),
        ("npm warn deprecated a@1.0.0", Level::Warn),
        ("npm notice New version", Level::Info),
        ("npm install failed", Level::Unknown),
    ] {
        assert_eq!(level_of(line), expected, "{line}");
    }
}

#[test]
fn brackets_say_it() {
    for (line, expected) in [
        ("[ERROR] msg", Level::Error),
        ("[error] msg", Level::Error),
        ("[Warning] msg", Level::Warn),
        ("[ info] msg", Level::Info),
        ("[INFO ][o.e.n.Node] x", Level::Info),
        ("[ERROR]: msg", Level::Error),
        ("<error> msg", Level::Error),
        ("(WARN) msg", Level::Warn),
        ("[2026-01-01 12:00:00] ERROR msg", Level::Error),
        ("[2026-01-01 12:00:00] error: msg", Level::Error),
        ("[2026-01-01 12:00:00] app.ERROR: msg", Level::Error),
        ("[2026-01-01T12:00:00Z ERROR fleet] msg", Level::Error),
        ("[2026-01-01T12:00:00Z WARN  fleet::api] msg", Level::Warn),
        ("[2026-01-01T12:00:00,123][INFO ][o.e.n.Node] [x] started", Level::Info),
        ("[2026-01-01 12:00:00.000][1][warning][main] [source/server.cc:1] msg", Level::Warn),
        ("[2026-01-01 12:00:00 +0000] [1] [INFO] Starting gunicorn", Level::Info),
        ("[2026-01-01 12:00:00,123: ERROR/ForkPoolWorker-1] Task failed", Level::Error),
        ("[2026-01-01 12:00:00,123] ERROR in app: Exception on / [GET]", Level::Error),
        ("[2026-01-01, 12:00:00 UTC] {taskinstance.py:12} INFO - x", Level::Info),
        ("[Thu Jan 01 12:00:00.000000 2026] [core:error] [pid 1:tid 2] msg", Level::Error),
        ("[Thu Jan 01 12:00:00.000000 2026] [mpm_event:notice] [pid 1] msg", Level::Info),
        ("[0.004s][info][gc] Using G1", Level::Info),
        ("[12:00:00 INF] Now listening", Level::Info),
        ("[12:00:00 ERR] Failed", Level::Error),
        ("2026/01/01 12:00:00 [error] 1#1: *1 open() failed", Level::Error),
        ("2026/01/01 12:00:00 [emerg] 1#1: bind() failed", Level::Fatal),
        ("nginx: [alert] could not open error log file", Level::Fatal),
        ("2026-01-01T12:00:00.000000Z 0 [Warning] [MY-010068] [Server] x", Level::Warn),
        ("2026-01-01 12:00:00 0 [Note] mariadbd: ready", Level::Info),
        ("2026-01-01 12:00:00.000000+00:00 [info] <0.230.0> msg", Level::Info),
        ("2026.01.01 12:00:00.000000 [ 1 ] {} <Error> Application: msg", Level::Error),
        ("2026-01-01 12:00:00 +0000 [warn]: #0 slow", Level::Warn),
        ("2026-01-01T12:00:00.000Z [INFO]  agent: msg", Level::Info),
        ("2026-01-01 12:00:00.000 [INFO][1] felix/int.go 1: msg", Level::Info),
        ("[WARNING]  (1) : config", Level::Warn),
        (" [ERROR] msg", Level::Error),
        ("<Error><Code>NoSuchKey</Code></Error>", Level::Unknown),
        ("<error/>", Level::Unknown),
        ("[error-handler] x", Level::Unknown),
        ("[hint] x", Level::Unknown),
        (r#"["error"]"#, Level::Unknown),
        ("[error", Level::Unknown),
        ("what about [ERROR]", Level::Unknown),
        ("[]", Level::Unknown),
    ] {
        assert_eq!(level_of(line), expected, "{line}");
    }
}

#[test]
fn words_say_it_where_levels_stand() {
    for (line, expected) in [
        ("ERROR msg", Level::Error),
        ("WARNING: An illegal reflective access", Level::Warn),
        ("INFO", Level::Info),
        ("error: msg", Level::Error),
        ("Error: msg", Level::Error),
        ("warning: unused variable", Level::Warn),
        ("SEVERE: msg", Level::Error),
        ("FATAL: msg", Level::Fatal),
        ("fatal: not a git repository", Level::Fatal),
        // Rust.
        ("2026-01-01T12:00:00Z  INFO fleet::api: msg", Level::Info),
        ("2026-01-01T12:00:00.123456Z ERROR fleet::api: msg", Level::Error),
        ("2026-01-01T12:00:00.123456Z  WARN request{id=1}: fleet: msg", Level::Warn),
        (" INFO fleet: msg", Level::Info),
        (" WARN fleet: msg", Level::Warn),
        ("  2026-01-01T12:00:00Z ERROR fleet::api: msg", Level::Error),
        // Java.
        ("12:00:00.000 [main] ERROR c.x.Y - msg", Level::Error),
        ("2026-01-01 12:00:00,123 INFO  [org.keycloak] (main) msg", Level::Info),
        ("2026-01-01T12:00:00.000Z  WARN 1 --- [main] c.x.Y : msg", Level::Warn),
        ("2026-01-01 12:00:00,123 [myid:1] - WARN  [main:X@1] - msg", Level::Warn),
        ("2026-01-01 12:00:00,123 main ERROR Appenders contains an invalid element", Level::Error),
        ("01-Jan-2026 12:00:00.000 SEVERE [main] org.x.Y msg", Level::Error),
        ("[2026-01-01 12:00:00,123] INFO [Broker id=1] msg (kafka.server)", Level::Info),
        ("INFO  [main] 2026-01-01 12:00:00,123 Main.java:1 - msg", Level::Info),
        ("2026-01-01 12:00:00.000:INFO:oejs.Server:main: msg", Level::Info),
        ("2026-01-01 12:00:00.0000|WARN|Name|msg", Level::Warn),
        ("0 [main] ERROR c.x.Y - msg", Level::Error),
        // Node.
        ("[Nest] 1  - 01/01/2026, 12:00:00 PM   ERROR [ExceptionsHandler] boom", Level::Error),
        // Python.
        ("2026-01-01 12:00:00,123 - name - ERROR - msg", Level::Error),
        ("2026-01-01 12:00:00,123 - my.name - WARNING - msg", Level::Warn),
        ("name - CRITICAL - msg", Level::Fatal),
        ("ERROR:root:msg", Level::Error),
        ("CRITICAL:a.b:msg", Level::Fatal),
        ("INFO:     127.0.0.1:1234 - \"GET /error HTTP/1.1\" 200 OK", Level::Info),
        ("2026-01-01 12:00:00.000 | DEBUG    | a:b:1 - msg", Level::Debug),
        ("2026-01-01 12:00:00,123 INFO success: app entered RUNNING state", Level::Info),
        ("/x/y.py:1: DeprecationWarning: old", Level::Warn),
        // Go.
        ("2026-01-01T12:00:00.000Z\tINFO\tapp/main.go:12\tmsg", Level::Info),
        ("2026-01-01T12:00:00.000Z\tinfo\tads\tmsg", Level::Info),
        ("2026-01-01T12:00:00.000Z\tDPANIC\tmsg", Level::Fatal),
        ("1.7000000000000000e+09\tINFO\tmsg", Level::Info),
        ("1700000000.123\terror\tmsg", Level::Error),
        ("12:00PM ERR msg error=x", Level::Error),
        ("2026-01-01T12:00:00Z INF github.com/x/y > msg", Level::Info),
        ("2026-01-01T12:00:00Z |WARN| msg", Level::Warn),
        ("2026/01/01 12:00:00 ERROR msg", Level::Error),
        ("2026/01/01 12:00:00 panic: boom", Level::Fatal),
        // .NET.
        ("fail: Category[0]", Level::Error),
        ("info: Microsoft.Hosting.Lifetime[14]", Level::Info),
        ("warn: Category[0]", Level::Warn),
        ("crit: Category[0]", Level::Fatal),
        ("dbug: Category[0]", Level::Debug),
        ("trce: Category[0]", Level::Trace),
        // PostgreSQL.
        ("2026-01-01 12:00:00.000 UTC [33] LOG:  ready", Level::Info),
        ("2026-01-01 12:00:00.000 UTC [33] NOTICE:  x", Level::Info),
        ("2026-01-01 12:00:00.000 UTC [33] WARNING:  x", Level::Warn),
        ("2026-01-01 12:00:00.000 UTC [33] ERROR:  x", Level::Error),
        ("2026-01-01 12:00:00.000 UTC [33] FATAL:  x", Level::Fatal),
        ("2026-01-01 12:00:00.000 UTC [33] PANIC:  x", Level::Fatal),
        ("2026-01-01 12:00:00.000 UTC [33] STATEMENT:  select 1", Level::Info),
        ("2026-01-01 12:00:00.000 UTC [33] DETAIL:  x", Level::Info),
        ("2026-01-01 12:00:00.000 UTC [33] HINT:  x", Level::Info),
        ("2026-01-01 12:00:00.000 UTC [33] CONTEXT:  x", Level::Info),
        ("2026-01-01 12:00:00.000 UTC [33] DEBUG1:  x", Level::Debug),
        ("2026-01-01 12:00:00.000 UTC [33] DEBUG5:  x", Level::Debug),
        ("2026-01-01 12:00:00.000 CET [33-1] app@db ERROR:  x", Level::Error),
        // Others.
        ("Jan  1 12:00:00 host app[123]: ERROR msg", Level::Error),
        ("Jan 01, 2026 12:00:00 AM WARNING msg", Level::Warn),
        ("Thu Jan  1 12:00:00 2026 ERROR msg", Level::Error),
        ("01 Jan 2026 12:00:00 ERROR msg", Level::Error),
        ("2026-01-01T00:00:00.000Z|00001|vlog|INFO|opened log file", Level::Info),
        ("web-1  | ERROR msg", Level::Error),
        ("ld: error: undefined symbol", Level::Error),
        ("PHP Fatal error:  Uncaught x", Level::Fatal),
        ("[01-Jan-2026 12:00:00 UTC] PHP Warning:  x", Level::Warn),
        ("2026-01-01 12:00:00 info     padded", Level::Unknown),
        ("2026-01-01 12:00:00  info     padded", Level::Info),
        ("2026-01-01T00:00:00Z info: winston", Level::Info),
    ] {
        assert_eq!(level_of(line), expected, "{line:?}");
    }
}

#[test]
fn crashes_say_it_by_themselves() {
    all_say(
        Level::Fatal,
        &[
            "panic: runtime error: index out of range [5] with length 3",
            "fatal error: all goroutines are asleep - deadlock!",
            "Unhandled exception. System.InvalidOperationException: x",
        ],
    );
    all_say(
        Level::Error,
        &[
            "thread 'main' panicked at src/main.rs:2:5:",
            "thread 'tokio-runtime-worker' (17) panicked at src/main.rs:2:5:",
            "Traceback (most recent call last):",
            "Exception in thread \"main\" java.lang.IllegalStateException: x",
            "Uncaught TypeError: x is not a function",
            "UnhandledPromiseRejectionWarning: x",
            "[UnhandledPromiseRejection: This error originated either by throwing inside of an async function] {",
            "ValueError: invalid literal",
            "requests.exceptions.ConnectionError: refused",
            "java.lang.NullPointerException",
            "java.lang.IllegalStateException: x",
            "System.InvalidOperationException: x",
            "AssertionError",
            "TypeError [ERR_INVALID_ARG_TYPE]: The argument",
            "Error [ERR_MODULE_NOT_FOUND]: Cannot find module",
            "[Error: ENOENT: no such file or directory] {",
            "2026-01-01 12:00:00 ValueError: x",
        ],
    );
    assert_eq!(level_of("(node:1) UnhandledPromiseRejectionWarning: x"), Level::Warn);
    assert_eq!(level_of("(node:1) [DEP0005] DeprecationWarning: Buffer()"), Level::Warn);
}

#[test]
fn what_only_talks_of_errors_says_nothing() {
    all_say(
        Level::Unknown,
        &[
            "",
            " ",
            "ready",
            "0 errors found",
            "0 ERROR lines",
            "GET /error 200",
            "GET /error HTTP/1.1",
            "2026-01-01 12:00:00 GET /error 200 12ms",
            "127.0.0.1 - - [01/Jan/2026:12:00:00 +0000] \"GET /error HTTP/1.1\" 500 12 \"-\" \"ERROR\"",
            "10.0.0.1:8080 ERR x",
            "2026-01-01T12:00:00Z 10.0.0.1 \"GET /warn\" 500",
            "[01/Jan/2026 12:00:00] \"GET / HTTP/1.1\" 500 27",
            "TRACE / HTTP/1.1",
            "[app] 5 ERROR lines",
            "retrying after error",
            "the warning was ignored",
            "INFORMATION about",
            "INFO_SCHEMA loaded",
            "user ERRORSON",
            "ERRORSON: user",
            "ERRORS: 0",
            "ERROR_CODE: 5",
            "ERROR-free",
            "ERROR=0",
            "error handling is on",
            "Error handling is on",
            "errors: none",
            "info:latest",
            "error:0A000086:SSL routines::certificate verify failed",
            "Log: x",
            "hint: use --force",
            "alert: the word",
            "ERR unknown command",
            "Retrying ERROR handler",
            "2026-01-01 12:00:00 Starting ERROR handler",
            "2026-01-01 12:00:00 error rate is low",
            "2026-01-01 12:00:00 no error: fine",
            "http: TLS handshake error from 10.0.0.1:1: EOF",
            "# WARNING: do not edit",
            "// ERROR",
            "'ERROR' is a word",
            "onError: set",
            "SomeErrors: 1",
            "Caused by: java.lang.IllegalStateException: x",
            "12345678-1234-1234-1234-123456789abc ERROR",
            // Lines that go on with another.
            "  ERROR: x",
            "\tERROR: relation",
            "    error: x",
            "  level: error",
            "    ERROR = 3",
            "  INFO two blanks",
            "   0: core::panicking::panic_fmt",
            "\tat a.b.C.d(E.java:1)",
            "größer: ERROR",
            "ééééé ERROR",
        ],
    );
}

#[test]
fn only_the_head_of_a_line_is_looked_at() {
    let thread = "x".repeat(100);
    assert_eq!(level_of(&format!("12:00:00 [{thread}] ERROR x")), Level::Error);
    let long = "x".repeat(600);
    assert_eq!(level_of(&format!("12:00:00 a.{long} ERROR x")), Level::Unknown);
}

/// Lines made of what lines are made of.
fn line() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "[ -~]{0,6}",
        "\\PC{0,3}",
        prop::sample::select(vec![
            "2026-01-01T12:00:00Z",
            "12:00",
            "Jan ",
            "1 ",
            "ERROR",
            "error",
            "warn:",
            "level=",
            "\"",
            "{\"",
            "{",
            "}",
            "[",
            "]",
            "<3>",
            "<",
            ">",
            "(",
            ")",
            ":",
            " ",
            "  ",
            "\t",
            "|",
            " - ",
            "\"level\":",
            "50",
            "panic: ",
            "E0115 12:00:00",
            "Error",
            "Exception",
            "\\",
            ",",
            "=",
            "1:M 01 Jan 2026 12:00:00 # ",
            "npm ",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn any_line_is_read(text in line(), wild in any::<String>()) {
        for text in [&text, &wild] {
            let beginning = read(text);
            prop_assert_eq!(level_of(text), beginning.level);
        }
    }

    #[test]
    fn whatever_stands_before_a_level_in_an_object_is_skipped(
        values in prop::collection::vec(any::<String>(), 0..6), quotes in "[\"\\\\{}\\[\\]a]{0,60}",
    ) {
        let values = values.iter().chain([&quotes]).map(|value| {
            let value = serde_json::to_string(value).unwrap();
            format!(r#""a":{value}, "b": [{value}, {{"level":{value}}}], "c":{{"d":{value}}},"#)
        });
        let text = format!(r#"{{{}"level":"error"}}"#, values.collect::<String>());
        prop_assert!(text.len() > OBJECT_BYTES || level_of(&text) == Level::Error, "{}", text);
    }

    #[test]
    fn what_stands_far_behind_changes_nothing(text in line(), fill in "[ -~]{8}", first in line(), second in line()) {
        let mut start = text;
        while start.len() < OBJECT_BYTES {
            start.push_str(&fill);
        }
        prop_assert_eq!(level_of(&format!("{start}{first}")), level_of(&format!("{start}{second}")));
        if !start.starts_with('{') {
            let cut = start.floor_char_boundary(HEAD_BYTES - 3);
            let start = format!("{}{}", &start[..cut], "xyz".repeat(2));
            prop_assert_eq!(level_of(&format!("{start}{first}")), level_of(&format!("{start}{second}")));
        }
    }
}
