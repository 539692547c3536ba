use domain::registry::LogMask;

use super::*;

/// Each entry's lines, with their level and times in seconds.
fn read(log: &str) -> (Vec<Vec<String>>, Entries) {
    let mut entries = Entries::new(0, Arc::default());
    let mut all = Vec::new();
    // In pieces that fall anywhere.
    for bytes in log.as_bytes().chunks(7) {
        entries.feed(bytes, &mut |entry| all.push(entry));
    }
    entries.finish(&mut |entry| all.push(entry));
    let line = |line: &LogLine| format!("{} {} {}", line.at / 1_000_000_000, line.level.as_str(), line.text);
    (all.iter().map(|entry| entry.lines.iter().map(line).collect()).collect(), entries)
}

#[test]
fn lines_become_entries() {
    let log = "1970-01-01T00:00:01Z Error: gone\n1970-01-01T00:00:01.5Z     at pool (x.js:1:2)\n1970-01-01T00:00:02Z INFO ready\n\
               failed to watch the file\n1970-01-01T00:00:03Z last";
    let (all, entries) = read(log);
    assert_eq!(
        all,
        [
            vec!["1 error Error: gone", "1 unknown     at pool (x.js:1:2)"],
            vec!["2 info INFO ready"],
            // What the node says in between has no time of its own.
            vec!["2 unknown failed to watch the file"],
            vec!["3 unknown last"],
        ]
    );
    assert_eq!((entries.read(), entries.said_instead()), (5, None));
}

#[test]
fn what_nobody_looks_at_is_told_by_its_times_and_hides_no_secret() {
    let stamp = |second: u32, text: &str| format!("1970-01-01T00:00:{second:02}Z {text}\n");
    for (unseen, text, expected) in [
        (&["request 7", "request 8"][..], "request 9", "request 9"),
        // What these say of the next line holds.
        (&["-----BEGIN PRIVATE KEY-----", "MIIEvQIBADANBgkqhkiG"], "c2hvcnQ=", "[masked]"),
        (&["x", "-----BEGIN PRIVATE KEY-----"], "c2hvcnQ=", "[masked]"),
        (&["-----BEGIN PRIVATE KEY-----", "c2hvcnQ=", "-----END PRIVATE KEY-----"], "abc", "abc"),
        (&["x", "- name: DB_PASSWORD"], "  value: Zq7 x", "  value: [masked]"),
        (&["- name: DB_PASSWORD", "x"], "  value: Zq7 x", "  value: Zq7 x"),
    ] {
        let (mut entries, mut came) = (Entries::new(0, Arc::default()), Vec::new());
        let mut judge = |_: Option<i64>, _: &[u8]| Arrival::New;
        entries.feed(stamp(1, "before").as_bytes(), &mut |entry| came.push(Came::Entry(entry)));
        for (second, text) in (2..).zip(unseen) {
            entries.skim_judged(stamp(second, text).as_bytes(), &mut judge, &mut |more| came.push(more));
        }
        entries.feed(stamp(9, text).as_bytes(), &mut |entry| came.push(Came::Entry(entry)));
        entries.finish(&mut |entry| came.push(Came::Entry(entry)));
        let said = came.iter().map(|came| match came {
            Came::Entry(entry) => entry.lines.iter().map(|line| &*line.text).collect::<Vec<_>>().join("|"),
            Came::Unseen(at) => (at / 1_000_000_000).to_string(),
        });
        let times = (2..).take(unseen.len()).map(|second: usize| second.to_string());
        let expected: Vec<_> = ["before".to_owned()].into_iter().chain(times).chain([expected.to_owned()]).collect();
        assert_eq!(said.collect::<Vec<_>>(), expected);
        assert_eq!(entries.read() as usize, unseen.len() + 2);
    }
}

#[test]
fn what_a_node_says_instead_of_a_log_is_no_line_of_it() {
    let (all, entries) = read("unable to retrieve container logs for containerd://abc");
    assert!(all.is_empty());
    assert_eq!(entries.said_instead(), Some("unable to retrieve container logs for containerd://abc"));
    assert_eq!(read("").1.said_instead(), None);
    // The rest of a line that began earlier has no time either.
    let mut entries = Entries::new(0, Arc::new(own()));
    entries.feed(b"token=hunter2 of CUST-17\n", &mut |_| panic!("no line has a time"));
    assert_eq!(entries.said_instead(), Some("token=[masked] of [masked]"));
}

#[test]
fn what_stood_before_the_first_line_may_have_said_that_it_holds_a_secret() {
    let text = "2026-01-01T00:00:01Z   value: hunter2\n2026-01-01T00:00:02Z   value: on\n";
    let texts = |entries: Vec<Entry>| -> Vec<String> {
        entries.iter().flat_map(|entry| &entry.lines).map(|line| line.text.to_string()).collect()
    };
    let mut all = Vec::new();
    let mut entries = Entries::new(0, Arc::default());
    entries.feed(text.as_bytes(), &mut |entry| all.push(entry));
    // Lines are missing before the third.
    let third = b"2026-01-01T00:00:03Z   value: hunter3\n";
    entries.feed_judged(third, &mut |_, _| Arrival::AfterGap, &mut |entry| all.push(entry));
    entries.finish(&mut |entry| all.push(entry));
    assert_eq!(texts(all), ["  value: [masked]", "  value: on", "  value: [masked]"]);
}

fn own() -> OwnMasks {
    let own = |name: &str, pattern: &str| LogMask { name: name.into(), pattern: pattern.into() };
    OwnMasks::new(&[own("number", "CUST-[0-9]+"), own("customer", r"customer=(K \d)")]).unwrap()
}

#[test]
fn a_structured_line_is_masked_after_its_escapes_were_undone() {
    for (text, expected) in [
        (r#"{"level":"error","msg":"gone","code":57}"#, "gone code=57"),
        (r#"{"msg":"signed in","token":"hunter2","user":"kim"}"#, "signed in token=[masked] user=kim"),
        (r#"{"Message":"{\u0022password\u0022:\u0022hunter2\u0022}"}"#, r#"{"password":"[masked]"}"#),
        (r#"{"message":"password\u003dhunter2"}"#, "password=[masked]"),
        (r#"{"message":"postgres:\/\/fleet:hunter2@db"}"#, "postgres://fleet:[masked]@db"),
        (r#"{"msg":"x","password":"correct horse"}"#, "x password=[masked]"),
        (
            r#"{"msg":"x","password":"[hunter2","passwords":["hunter2","hunter3"]}"#,
            "x password=[masked] passwords=[masked]",
        ),
        (r#"{"msg":"x","password":{"old":"hunter2"}}"#, "x password=[masked]"),
        (
            r#"{"msg":"x","credentials":{"user":"kim","password":"hunter2"}}"#,
            r#"x credentials={"user":"kim","password":"[masked]"}"#,
        ),
        (r#"{"msg":"env","name":"DB_PASSWORD","value":"hunter2"}"#, "env name=DB_PASSWORD value=[masked]"),
        (r#"{"msg":"env","name":"LOG_LEVEL","value":"info"}"#, "env name=LOG_LEVEL value=info"),
        (r#"{"msg":"x","db":{"password":"hunter2","host":"db"}}"#, r#"x db={"password":"[masked]","host":"db"}"#),
        (r#"level=info msg="login with password=\"hunter2\"" user=kim"#, r#"login with password="[masked]" user=kim"#),
        (r#"{"a":1}"#, "a=1"),
        (r#"{"msg":"x","redis://:hunter2@db":5}"#, "x redis://:[masked]@db=5"),
        ("msg=x redis://:hunter2@db=5", "x redis://:[masked]@db=5"),
        // Masks of one's own look at the line as it is shown.
        (r#"{"msg":"for CUST\u002d17","customer":"K 4"}"#, "for [masked] customer=[masked]"),
        (r#"{"msg":"x","by":{"no":"CUST\u002d17"}}"#, r#"x by={"no":"[masked]"}"#),
        (r#"{"msg":"x","by":{"pass\u0077ord":"hunter2"}}"#, r#"x by={"password":"[masked]"}"#),
        (r#"level=info msg="for \"CUST-17\"" customer=K"#, r#"for "[masked]" customer=K"#),
        ("paid CUST-17 token=x", "paid [masked] token=[masked]"),
    ] {
        assert_eq!(lines(text), [expected], "{text}");
        let (_, masked) = shown(drawn(text.as_bytes()), &mut LineMask::default(), &own());
        assert_eq!(masked > 0, expected.contains("[masked]"), "{text}");
    }
}

/// The lines that a line has on the page.
fn lines(text: &str) -> Vec<String> {
    let (shown, _) = shown(drawn(text.as_bytes()), &mut LineMask::default(), &own());
    shown.into_iter().map(|shown| shown.drawn.text).collect()
}

#[test]
fn what_has_several_lines_has_them_below() {
    for (text, expected) in [
        (
            r#"{"level":"error","stack":"Error: gone\n    at pool (x.js:1:2)","msg":"gone","code":57}"#,
            &["gone code=57", "stack=Error: gone", "    at pool (x.js:1:2)"][..],
        ),
        (r#"{"msg":"two\nlines","code":57,"a":"b\nc"}"#, &["two code=57", "lines", "a=b", "c"]),
        (r#"{"stack":"Error\n  at x"}"#, &["stack=Error", "  at x"]),
        (r#"{"err":{"code":5,"stack":"Error\n  at x"}}"#, &[r#"err={"code":5}"#, "err.stack=Error", "  at x"]),
        (r#"level=error msg=gone stack="Error\n\tat x""#, &["gone", "stack=Error", " at x"]),
        ("{}", &[""]),
        // Masked over the ends of lines, and each by itself.
        (r#"{"msg":"x","note":"password:\nhunter2\nend"}"#, &["x", "note=password:", "[masked]", "end"]),
        (
            r#"{"msg":"x","env":"- name: DB_PASSWORD\n  value: hunter2"}"#,
            &["x", "env=- name: DB_PASSWORD", "  value: [masked]"],
        ),
        (r#"{"msg":"x","client_secret":"a\nb"}"#, &["x", "client_secret=[masked]"]),
        (r#"{"msg":"sql identified by 'a\nhunter2' done\nnext"}"#, &["sql identified by '[masked]", "' done", "next"]),
        (
            r#"{"msg":"x","pem":"-----BEGIN PRIVATE KEY-----\nAAAA\nBBBB\n-----END PRIVATE KEY-----\nbehind"}"#,
            &["x", "pem=[masked]", "behind"],
        ),
    ] {
        assert_eq!(lines(text), expected, "{text}");
    }
}

#[test]
fn lines_within_a_line_are_one_line_of_the_log_and_no_worse() {
    let log = "1970-01-01T00:00:01Z {\"level\":\"warn\",\"msg\":\"x\",\"stack\":\"java.io.IOException: y\\nERROR z\"}\n\
               1970-01-01T00:00:01Z     at w\n1970-01-01T00:00:02Z INFO last\n";
    let (mut entries, mut all) = (Entries::new(0, Arc::default()), Vec::new());
    entries.feed(log.as_bytes(), &mut |entry| all.push(entry));
    entries.finish(&mut |entry| all.push(entry));
    assert_eq!(entries.read(), 3);
    let [first, last] = all.as_slice() else { panic!("{all:?}") };
    let lines: Vec<_> = first.lines.iter().map(|line| (&*line.text, line.level, line.continues)).collect();
    assert_eq!(
        lines,
        [
            ("x", Level::Warn, false),
            ("stack=java.io.IOException: y", Level::Warn, true),
            ("ERROR z", Level::Warn, true),
            ("    at w", Level::Unknown, true),
        ]
    );
    assert_eq!((first.worst, &*first.times), (Level::Warn, &[1_000_000_000; 2][..]));
    assert_eq!((last.lines.len(), &*last.times), (1, &[2_000_000_000][..]));
}

#[test]
fn an_entry_has_no_more_lines_than_others_and_says_all() {
    let stack: String = (0..2_000).map(|line| format!("frame {line}\\n")).collect();
    let log = format!("1970-01-01T00:00:01Z {{\"msg\":\"x\",\"stack\":\"{stack}\"}}");
    let (mut entries, mut all) = (Entries::new(0, Arc::default()), Vec::new());
    entries.feed(log.as_bytes(), &mut |entry| all.push(entry));
    entries.finish(&mut |entry| all.push(entry));
    let lines = &all[0].lines;
    assert_eq!(lines.len(), MOST_LINES);
    assert_eq!(&*lines[498].text, "frame 497");
    assert!(lines[499].text.starts_with("frame 498 frame 499 ") && lines[499].text.ends_with(" frame 1999"));
}

#[test]
fn no_line_has_more_pieces_than_a_page_can_draw() {
    for line in ["msg=x ".to_owned() + &"a=1 ".repeat(1_000), "\u{1b}[1mx\u{1b}[m ".repeat(1_000)] {
        let mut spans = Vec::new();
        let mut entries = Entries::new(0, Arc::default());
        entries.feed(format!("1970-01-01T00:00:01Z {line}\n").as_bytes(), &mut |_| {});
        entries.finish(&mut |entry| spans.extend(entry.lines.iter().map(|line| line.spans.len())));
        assert_eq!(spans, [MOST_SPANS], "{}", &line[..20]);
    }
}
