use proptest::prelude::*;

use super::*;

#[test]
fn all_patterns_are_there() {
    assert_eq!(MASKS.len(), 30);
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
        ("AccountName=a;AccountKey=Zm9v+/==;EndpointSuffix=x", "AccountName=a;AccountKey=[masked];EndpointSuffix=x"),
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
        ("a bearer  --password hunter2", "a bearer  [masked] [masked]"),
        ("Authorization: Digest username=\"kim\", realm=\"r\", response=\"hunter2\"", "Authorization: Digest [masked]"),
        ("run --password  cookie: hunter2", "run --password  [masked] [masked]"),
        ("Authorization: Bearer \"hunter2hunter2\"", "Authorization: Bearer \"[masked]\""),
        ("HTTP_AUTHORIZATION: ApiKey hunter2", "HTTP_AUTHORIZATION: ApiKey [masked]"),
        ("Cookie: prefs=\"dark\"; connect.sid=s%3Ahunter2", "Cookie: [masked]"),
        (r#"{"set-cookie":["a=1; Path=/","connect.sid=hunter2; Path=/"]}"#, r#"{"set-cookie":[[masked]]}"#),
        (r#"["X-Api-Key","hunter2","Host","x"]"#, r#"["X-Api-Key","[masked]","Host","x"]"#),
        (r#"sent {\"password\":\"ab%chunter2\"} ok"#, r#"sent {\"password\":\"[masked]\"} ok"#),
        (r#"sent {\"password\":\"it'shunter2\"} ok"#, r#"sent {\"password\":\"[masked]\"} ok"#),
        (r"password='ab\'chunter2'", "password='[masked]'"),
        ("postgres://fleet:it'shunter2@db/x", "postgres://fleet:[masked]@db/x"),
        ("User=sa;Password={ab;hunter2};Encrypt=yes", "User=sa;Password=[masked]]};Encrypt=yes"),
        ("dbPass=hunter2 passwordHash=hunter2", "dbPass=[masked] passwordHash=[masked]"),
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
