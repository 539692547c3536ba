//! What the containers of the demo would write.

use jiff::Timestamp;
use serde_json::json;

use super::random::Random;

/// What kind of program writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// nginx in front of a page.
    Web,
    /// An API that logs JSON.
    Api,
    /// An application that logs text.
    App,
    /// A Python service.
    Python,
    /// PostgreSQL.
    Postgres,
    /// Redis.
    Redis,
    /// A job that dumps a database.
    Backup,
}

/// Which of the two streams a line goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// One line of a log.
pub type Line = (Stream, String);

impl Voice {
    /// Guesses from a component's name. Only the demo may do so: its names are its own.
    pub fn of(component: &str) -> Self {
        match component {
            name if name.contains("backup") || name.contains("snapshot") => Self::Backup,
            name if name.contains("postgres") || name.contains("timescale") => Self::Postgres,
            name if name.contains("redis") => Self::Redis,
            "rag-indexer" | "test-orchestrator" => Self::Python,
            name if name.ends_with("-api") => Self::Api,
            name if name.ends_with("-web") || name.ends_with("-frontend") => Self::Web,
            _ => Self::App,
        }
    }

    /// How many lines are written in ten seconds.
    pub fn rate(self) -> u64 {
        match self {
            Self::Web => 14,
            Self::Api => 18,
            Self::App => 8,
            Self::Python => 5,
            Self::Postgres => 4,
            Self::Redis => 2,
            Self::Backup => 3,
        }
    }

    /// What is written when the container starts.
    pub fn greeting(self, version: &str) -> Vec<Line> {
        let lines: &[&str] = match self {
            Self::Web => &["nginx/1.27.1", "start worker processes"],
            Self::Api => &[
                "{\"level\":\"info\",\"msg\":\"configuration loaded\"}",
                "{\"level\":\"info\",\"msg\":\"connected to database, pool of 20\"}",
                "{\"level\":\"info\",\"msg\":\"listening\",\"port\":3000}",
            ],
            Self::App => &["> node server.js", "info: connected to redis", "info: ready on port 3000"],
            Self::Python => &["INFO:     Started server process [1]", "INFO:     Application startup complete."],
            Self::Postgres => &[
                "LOG:  starting PostgreSQL 15.8 on x86_64-pc-linux-musl",
                "LOG:  database system is ready to accept connections",
            ],
            Self::Redis => &["1:M * Running mode=standalone, port=6379.", "1:M * Ready to accept connections tcp"],
            Self::Backup => &["pg_dump: last built-in OID is 16383", "pg_dump: reading user-defined tables"],
        };
        let first = (Stream::Out, format!("starting {version}"));
        std::iter::once(first).chain(lines.iter().map(|line| (Stream::Out, (*line).to_owned()))).collect()
    }

    /// What is written before the container ends in failure.
    pub fn last_words(self) -> Vec<Line> {
        let lines: &[&str] = match self {
            Self::Python => &[
                "Traceback (most recent call last):",
                "  File \"/app/main.py\", line 88, in startup",
                "    await pool.open()",
                "ConnectionRefusedError: [Errno 111] Connection refused",
            ],
            Self::Postgres => &["FATAL:  could not map anonymous shared memory: Cannot allocate memory"],
            Self::Redis => &["1:M # Can't open or create append-only file: Permission denied"],
            Self::Web | Self::Api | Self::App | Self::Backup => &[
                "Error: connect ECONNREFUSED 10.96.14.7:5432",
                "    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1607:16)",
                "    at async Pool.connect (/app/node_modules/pg-pool/index.js:45:11)",
                "    at async start (/app/dist/server.js:112:5)",
                "npm ERR! code ELIFECYCLE",
            ],
        };
        lines.iter().map(|line| (Stream::Err, (*line).to_owned())).collect()
    }

    /// One thing that happens while all is well, in one line or a few.
    pub fn line(self, now: Timestamp, random: &mut Random) -> Vec<Line> {
        match self {
            Self::Web => vec![(Stream::Out, access(now, random))],
            Self::Api if random.once_in(240) => json_failure(random),
            Self::Api => vec![(Stream::Out, json_request(now, random))],
            Self::App if random.once_in(180) => stack_trace(),
            Self::App => vec![(Stream::Out, app(random))],
            Self::Python => vec![(Stream::Out, python(random))],
            Self::Postgres => vec![(Stream::Err, postgres(now, random))],
            Self::Redis => vec![(Stream::Out, redis(now, random))],
            Self::Backup => {
                vec![(Stream::Out, format!("pg_dump: dumping contents of table \"public.{}\"", table(random)))]
            }
        }
    }
}

fn access(now: Timestamp, random: &mut Random) -> String {
    let status = status(random);
    let path = random.pick(&["/", "/assets/index.js", "/assets/app.css", "/vehicles", "/work-orders", "/fuel", "/map"]);
    format!(
        "10.244.{}.{} - - [{}] \"GET {path} HTTP/1.1\" {status} {} \"-\" \"Mozilla/5.0\" rt=0.{:03}",
        random.below(8),
        2 + random.below(250),
        now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        200 + random.below(48_000),
        random.below(400),
    )
}

fn json_request(now: Timestamp, random: &mut Random) -> String {
    let status = status(random);
    let level = if status >= 500 {
        "error"
    } else if status >= 400 {
        "warn"
    } else {
        "info"
    };
    let path = random.pick(&[
        "/api/vehicles",
        "/api/work-orders",
        "/api/maintenance",
        "/api/fuel",
        "/api/tenants",
        "/api/health",
        "/api/trips",
    ]);
    json!({
        "level": level,
        "time": now.to_string(),
        "msg": format!("GET {path}"),
        "status": status,
        "durationMs": 2 + random.below(90) + if random.once_in(40) { 900 } else { 0 },
        "requestId": format!("{:016x}", random.next()),
    })
    .to_string()
}

fn json_failure(random: &mut Random) -> Vec<Line> {
    let stack = "Error: canceling statement due to statement timeout\\n    at Parser.parseErrorMessage \
                 (/app/node_modules/pg-protocol/dist/parser.js:283:98)";
    let id = random.next();
    vec![(
        Stream::Err,
        format!("{{\"level\":\"error\",\"msg\":\"query failed\",\"requestId\":\"{id:016x}\",\"stack\":\"{stack}\"}}"),
    )]
}

fn app(random: &mut Random) -> String {
    match random.below(6) {
        0 => format!("debug: cache hit ratio {}%", 80 + random.below(20)),
        1 => format!(
            "warn: slow render of {} ({} ms)",
            random.pick(&["/map", "/reports", "/todos"]),
            600 + random.below(900)
        ),
        2 => format!("info: session {:08x} renewed", random.next() >> 32),
        _ => format!(
            "info: GET {} 200 {} ms",
            random.pick(&["/", "/todos", "/vehicles", "/drivers"]),
            3 + random.below(80)
        ),
    }
}

fn stack_trace() -> Vec<Line> {
    [
        "error: unhandled rejection",
        "TypeError: Cannot read properties of undefined (reading 'tenantId')",
        "    at resolveTenant (/app/dist/tenants.js:41:27)",
        "    at async handler (/app/dist/routes/reports.js:19:18)",
    ]
    .map(|line| (Stream::Err, line.to_owned()))
    .to_vec()
}

fn python(random: &mut Random) -> String {
    match random.below(4) {
        0 => format!(
            "INFO:indexer:embedded {} chunks in {}.{} s",
            20 + random.below(400),
            random.below(9),
            random.below(10)
        ),
        1 => format!("WARNING:queue:backlog is {} documents", random.below(900)),
        _ => format!("INFO:     10.244.1.{}:0 - \"GET /health HTTP/1.1\" 200 OK", 2 + random.below(250)),
    }
}

fn postgres(now: Timestamp, random: &mut Random) -> String {
    let message = match random.below(8) {
        0 => "LOG:  checkpoint starting: time".to_owned(),
        1 => format!(
            "LOG:  checkpoint complete: wrote {} buffers ({}.{}%)",
            random.below(4000),
            random.below(20),
            random.below(10)
        ),
        2 => format!("LOG:  automatic vacuum of table \"public.{}\": index scans: 1", table(random)),
        3 if random.once_in(6) => {
            format!("ERROR:  duplicate key value violates unique constraint \"{}_pkey\"", table(random))
        }
        _ => format!(
            "LOG:  duration: {}.{:03} ms  statement: select * from {} where tenant_id = $1",
            1 + random.below(60),
            random.below(1000),
            table(random)
        ),
    };
    format!("{} [{}] {message}", now.strftime("%Y-%m-%d %H:%M:%S UTC"), 20 + random.below(400))
}

fn redis(now: Timestamp, random: &mut Random) -> String {
    let message = match random.below(3) {
        0 => format!("* {} changes in 60 seconds. Saving...", 100 + random.below(9000)),
        1 => "* Background saving terminated with success".to_owned(),
        _ => format!("- {} clients connected, {} keys expired", 3 + random.below(40), random.below(300)),
    };
    format!("1:M {} {message}", now.strftime("%d %b %Y %H:%M:%S"))
}

fn table(random: &mut Random) -> &'static str {
    random.pick(&["vehicles", "work_orders", "maintenance_records", "fuel_transactions", "users", "tenants"])
}

fn status(random: &mut Random) -> u16 {
    match random.below(200) {
        0 => 500,
        1..=3 => 404,
        4..=12 => 304,
        _ => 200,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_component_of_the_demo_has_its_voice() {
        for (component, expected) in [
            ("fleet-app", Voice::App),
            ("fleet-api", Voice::Api),
            ("fleetops-web", Voice::Web),
            ("fleet-frontend", Voice::Web),
            ("postgres-production", Voice::Postgres),
            ("timescaledb", Voice::Postgres),
            ("timescaledb-snapshot", Voice::Backup),
            ("redis", Voice::Redis),
            ("rag-indexer", Voice::Python),
        ] {
            assert_eq!(Voice::of(component), expected, "{component}");
        }
    }

    #[test]
    fn an_api_writes_json_and_nobody_writes_an_empty_line() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut random = Random::new(7);
        for voice in [Voice::Web, Voice::Api, Voice::App, Voice::Python, Voice::Postgres, Voice::Redis, Voice::Backup] {
            for _ in 0..500 {
                for (_, line) in voice.line(now, &mut random) {
                    assert!(!line.is_empty() && !line.contains('\n'));
                    assert!(voice != Voice::Api || serde_json::from_str::<serde_json::Value>(&line).is_ok(), "{line}");
                }
            }
        }
    }

    #[test]
    fn a_crash_leaves_the_error_that_people_look_for() {
        let words = Voice::Api.last_words();
        assert!(words[0].1.starts_with("Error: connect ECONNREFUSED") && words[0].0 == Stream::Err);
    }
}
