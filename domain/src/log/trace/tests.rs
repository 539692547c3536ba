use proptest::prelude::*;

use super::*;

const RUST: &[&str] = &[
    "thread 'main' panicked at src/main.rs:2:5:",
    "called `Result::unwrap()` on an `Err` value: ParseIntError { kind: InvalidDigit }",
    "stack backtrace:",
    "   0: rust_begin_unwind",
    "             at /rustc/90b35a6239c3d8bdabc530a6a0816f7ff89a0aaf/library/std/src/panicking.rs:665:5",
    "   1: core::panicking::panic_fmt",
    "             at /rustc/90b35a6239c3d8bdabc530a6a0816f7ff89a0aaf/library/core/src/panicking.rs:74:14",
    "  10: fleet::main",
    "             at ./src/main.rs:2:5",
    "note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.",
];

const RUST_ASSERT: &[&str] = &[
    "thread 'tokio-runtime-worker' (17) panicked at src/lib.rs:12:9:",
    "assertion `left == right` failed: the sums differ",
    "  left: 1",
    " right: 2",
    "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
];

const RUST_OLD: &[&str] = &[
    "thread 'main' panicked at 'boom', src/main.rs:2:5",
    "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
];

const ANYHOW: &[&str] = &[
    "Error: cannot start",
    "",
    "Caused by:",
    "    0: cannot read the settings",
    "    1: No such file or directory (os error 2)",
    "",
    "Stack backtrace:",
    "   0: anyhow::error::<impl core::convert::From<E> for anyhow::Error>::from",
    "             at /app/src/main.rs:9:18",
];

const GO: &[&str] = &[
    "panic: runtime error: invalid memory address or nil pointer dereference",
    "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x48b2a5]",
    "",
    "goroutine 1 [running]:",
    "main.(*Server).run(0xc000012340, {0x4b1c40, 0x5})",
    "\t/app/main.go:12 +0x1d",
    "main.main()",
    "\t/app/main.go:5 +0x2b",
    "",
    "goroutine 6 [chan receive, 3 minutes]:",
    "net/http.(*conn).serve(...)",
    "\t/usr/local/go/src/net/http/server.go:2009",
    "main.start.func1(0xc00001, 0x2)",
    "\t/app/main.go:30 +0x1d",
    "created by main.start in goroutine 1",
    "\t/app/main.go:29 +0x45",
    "exit status 2",
];

const GO_FATAL: &[&str] = &[
    "fatal error: all goroutines are asleep - deadlock!",
    "",
    "goroutine 1 [chan receive]:",
    "main.main()",
    "\t/app/main.go:5 +0x2b",
    "",
    "rax    0x0",
    "rip    0x46e1c1",
    "exit status 2",
];

const GO_SERVED: &[&str] = &[
    "2026/01/01 12:00:00 http: panic serving 10.0.0.1:1234: boom",
    "goroutine 5 [running]:",
    "net/http.(*conn).serve.func1()",
    "\t/usr/local/go/src/net/http/server.go:1850 +0xbf",
    "panic({0x5f5a00, 0x6a0b20})",
    "\t/usr/local/go/src/runtime/panic.go:884 +0x213",
];

const ZAP: &[&str] = &[
    "2026-01-01T12:00:00.000Z\tERROR\tReconciler error\t{\"controller\": \"app\", \"error\": \"boom\"}",
    "sigs.k8s.io/controller-runtime/pkg/internal/controller.(*Controller).reconcileHandler",
    "\t/go/pkg/mod/sigs.k8s.io/controller-runtime@v0.15.0/pkg/internal/controller/controller.go:324",
    "main.main",
    "\t/app/main.go:12",
    "runtime.goexit",
    "\t/usr/local/go/src/runtime/asm_amd64.s:1598",
];

const JAVA: &[&str] = &[
    "Exception in thread \"main\" java.lang.IllegalStateException: outer",
    "\tat a.b.C.d(E.java:1)",
    "\tat java.base/java.lang.Thread.run(Thread.java:829)",
    "\tSuppressed: java.io.IOException: closed",
    "\t\tat a.b.C.close(E.java:9)",
    "Caused by: java.lang.NullPointerException",
    "\tat a.b.C.e(E.java:2)",
    "\t... 12 more",
];

const JAVA_LOGGED: &[&str] = &[
    "2026-01-01 12:00:00.000 ERROR 1 --- [main] c.x.Y : it failed",
    "java.lang.IllegalStateException: outer",
    "\tat a.b.C.d(E.java:1)",
    "Caused by: java.lang.NullPointerException: null",
    "\t... 12 common frames omitted",
];

const JAVA_BARE: &[&str] = &["java.lang.IllegalStateException: outer", "\tat a.b.C.d(E.java:1)", "\t... 1 more"];

const NODE: &[&str] = &[
    "/app/index.js:3",
    "  throw new Error('boom');",
    "  ^",
    "",
    "Error: boom",
    "    at Object.<anonymous> (/app/index.js:3:9)",
    "    at Module._compile (node:internal/modules/cjs/loader:1256:14) {",
    "  code: 'X',",
    "  errno: -2",
    "}",
    "",
    "Node.js v20.1.0",
];

const NODE_FLUSH_LEFT: &[&str] = &[
    "file:///app/index.mjs:1",
    "throw new TypeError('boom');",
    "^",
    "",
    "TypeError [ERR_X]: boom",
    "    at file:///app/index.mjs:1:7",
    "    at ModuleJob.run (node:internal/modules/esm/module_job:194:25)",
];

const NODE_REJECTED: &[&str] = &[
    "node:internal/process/promises:288",
    "            triggerUncaughtException(err, true /* fromPromise */);",
    "            ^",
    "",
    "[UnhandledPromiseRejection: This error originated either by throwing inside of an async function] {",
    "  code: 'ERR_UNHANDLED_REJECTION'",
    "}",
    "",
    "Node.js v18.0.0",
];

const NODE_SHOWN: &[&str] =
    &["Error: connect ECONNREFUSED", "    at connect (node:net:1:2) {", "  [cause]: Error: x", "      at y", "}"];

const PYTHON: &[&str] = &[
    "Traceback (most recent call last):",
    "  File \"x.py\", line 1, in f",
    "    int('a')",
    "    ~~~^^^^^",
    "ValueError: invalid literal for int() with base 10: 'a'",
    "",
    "During handling of the above exception, another exception occurred:",
    "",
    "Traceback (most recent call last):",
    "  File \"x.py\", line 3, in <module>",
    "    raise Custom",
    "  [Previous line repeated 996 more times]",
    "my.module.Custom",
    "",
    "The above exception was the direct cause of the following exception:",
    "",
    "Traceback (most recent call last):",
    "  File \"x.py\", line 9, in <module>",
    "Error: x",
];

const PYTHON_LOGGED: &[&str] = &[
    "2026-01-01 12:00:00,123 - name - ERROR - it failed",
    "Traceback (most recent call last):",
    "  File \"x.py\", line 1, in f",
    "    g()",
    "KeyboardInterrupt",
];

const PYTHON_BASIC: &[&str] =
    &["ERROR:root:it failed", "Traceback (most recent call last):", "  File \"x.py\", line 1, in f", "KeyError: 'a'"];

const DOTNET: &[&str] = &[
    "Unhandled exception. System.InvalidOperationException: outer",
    " ---> System.Exception: inner",
    "   at X.Y() in /src/z.cs:line 1",
    "   --- End of inner exception stack trace ---",
    "   at X.Main(String[] args) in /src/z.cs:line 9",
    "--- End of stack trace from previous location ---",
    "   at X.Z()",
];

const DOTNET_LOGGED: &[&str] = &[
    "fail: Microsoft.AspNetCore.Server.Kestrel[13]",
    "      Connection id \"0HM\", Request id \"1\": An unhandled exception was thrown by the application.",
    "      System.InvalidOperationException: x",
    "         at X.Y() in /src/z.cs:line 1",
];

const POSTGRES: &[&str] = &[
    "2026-01-01 12:00:00.000 UTC [33] ERROR:  syntax error at or near \"slect\" at character 1",
    "\tslect *",
    "\t",
    "\tfrom t",
];

const TRACES: &[&[&str]] = &[
    RUST,
    RUST_ASSERT,
    RUST_OLD,
    ANYHOW,
    GO,
    GO_FATAL,
    GO_SERVED,
    ZAP,
    JAVA,
    JAVA_LOGGED,
    JAVA_BARE,
    NODE,
    NODE_FLUSH_LEFT,
    NODE_REJECTED,
    NODE_SHOWN,
    PYTHON,
    PYTHON_LOGGED,
    PYTHON_BASIC,
    DOTNET,
    DOTNET_LOGGED,
    POSTGRES,
];

/// The entries that lines become.
fn entries<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<Vec<&'a str>> {
    let mut grouper = Grouper::default();
    let mut entries: Vec<Vec<&str>> = Vec::new();
    for line in lines {
        if grouper.belongs(line) {
            entries.last_mut().expect("the first line begins an entry").push(line);
        } else {
            entries.push(vec![line]);
        }
    }
    entries
}

fn all_of<'a>(parts: &[&[&'a str]]) -> Vec<&'a str> {
    parts.concat()
}

#[test]
fn a_trace_is_one_entry_between_ordinary_lines() {
    for ordinary in ["ready to serve", "2026-01-01T12:00:00Z  INFO fleet: ready", "{\"level\":\"info\",\"msg\":\"x\"}"]
    {
        for trace in TRACES {
            let lines = all_of(&[&[ordinary], trace, &[ordinary], trace, &[ordinary, ordinary]]);
            let expected = [&[ordinary][..], trace, &[ordinary], trace, &[ordinary], &[ordinary]];
            assert_eq!(entries(lines), expected);
        }
    }
}

#[test]
fn a_second_trace_is_a_second_entry() {
    for first in TRACES {
        for second in TRACES {
            assert_eq!(entries(all_of(&[first, second])), [*first, *second]);
        }
    }
}

#[test]
fn lines_join_for_their_reasons_only() {
    for (lines, expected) in [
        // Not a trace, but indented.
        (&["settings:", "  a: 1", "    level: error", "next"][..], &[3, 1][..]),
        (&["{", "  \"a\": 1", "}", "next"], &[3, 1]),
        (&["a", "}", "b"], &[1, 1, 1]),
        (&["  begins with blanks", "  goes on"], &[2]),
        // A time or level of its own.
        (&["a", " INFO fleet: b", "  2026-01-01T12:00:00Z  WARN fleet: c", "   at d"], &[1, 1, 2]),
        (&["panic: a", "2026-01-01 12:00:00 b", "goroutine 1 [running]:", "main.main()"], &[1, 3]),
        (&["thread 'main' panicked at src/main.rs:1:1:", "2026-01-01 12:00:00 b"], &[1, 1]),
        (&["Traceback (most recent call last):", "ERROR:root:b", "ValueError: x"], &[1, 2]),
        // Words of traces where no trace is.
        (&["a", "note: b", "stack backtrace:", "exit status 2", "main.main()", "Node.js v20"], &[1, 1, 1, 1, 1, 1]),
        (&["a", "goroutine 1 [running]:", "During handling of the above exception, b"], &[1, 1, 1]),
        (&["2026-01-01 12:00:00 INFO a", "java.lang.IllegalStateException: b", "\tat c"], &[1, 2]),
        (&["2026-01-01 12:00:00 INFO a", "Traceback (most recent call last):"], &[1, 1]),
        (&["ERROR a", "example.com", "Error: b", "/etc/app.conf"], &[1, 1, 1, 1]),
        // Only the first of two exceptions is what was logged.
        (&["ERROR a", "x.AException: b", "\tat c", "x.BException: d", "\tat e"], &[3, 2]),
        // Empty lines belong to traces only.
        (&["a", "", "b", "", ""], &[1, 1, 1, 1, 1]),
        (&["ValueError: a", "", "b"], &[2, 1]),
        // Only what Node's first lines announce.
        (&["/app/a.js:3", "source", "no mark", "c"], &[2, 1, 1]),
        (&["/app/a.json", "b"], &[1, 1]),
        (&[], &[]),
    ] {
        let counts: Vec<usize> = entries(lines.iter().copied()).iter().map(Vec::len).collect();
        assert_eq!(counts, expected, "{lines:?}");
    }
}

#[test]
fn an_entry_has_an_end() {
    let many = entries(std::iter::repeat_n("\tat a.b.C.d(E.java:1)", 1_200));
    assert_eq!(many.iter().map(Vec::len).collect::<Vec<_>>(), [500, 500, 200]);
    let long = format!(" {}", "x".repeat(64 * 1024 - 1));
    let long = entries(std::iter::repeat_n(long.as_str(), 9));
    assert_eq!(long.iter().map(Vec::len).collect::<Vec<_>>(), [4, 4, 1]);
    // What comes behind the cut is a trace still.
    let cut = std::iter::once("Traceback (most recent call last):").chain(std::iter::repeat_n("  File \"x.py\"", 600));
    let cut = entries(cut.chain(["RecursionError: x", "next"]));
    assert_eq!(cut.iter().map(Vec::len).collect::<Vec<_>>(), [500, 102, 1]);
}

/// Lines of traces in any order, and any others.
fn line() -> impl Strategy<Value = String> {
    let known: Vec<&str> = TRACES.concat();
    prop_oneof![
        6 => prop::sample::select(known).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => (0usize..70_000).prop_map(|length| format!(" {}", "x".repeat(length))),
        1 => "[ \t]{0,3}[ -~]{0,20}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn no_entry_is_larger_than_it_may_be(lines in prop::collection::vec((line(), 1usize..200), 0..30)) {
        let lines = lines.iter().flat_map(|(line, times)| std::iter::repeat_n(line.as_str(), *times));
        for entry in entries(lines) {
            prop_assert!(entry.len() <= MOST_LINES);
            let bytes: usize = entry.iter().map(|line| line.len()).sum();
            prop_assert!(bytes <= MOST_BYTES || entry.len() == 1);
        }
    }

    #[test]
    fn a_line_with_a_time_begins_an_entry(lines in prop::collection::vec(line(), 0..20)) {
        let mut grouper = Grouper::default();
        for line in &lines {
            grouper.belongs(line);
        }
        prop_assert!(!grouper.belongs("2026-01-01T12:00:00Z ready"));
        prop_assert!(!grouper.belongs("ready to serve"));
    }
}
