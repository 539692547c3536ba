//! Texts of the registry that must have a form: zones, hosts, links, keys.

/// Names of zones that people use and that are not zones, and what they mean.
const SPOKEN_ZONES: &[(&[&str], &str)] = &[
    (&["EST", "EDT", "ET", "EST5EDT", "EASTERN", "NEW YORK", "AMERICA/NEW YORK"], "America/New_York"),
    (&["CST", "CDT", "CT", "CST6CDT", "CENTRAL"], "America/Chicago"),
    (&["MST", "MDT", "MT", "MST7MDT", "MOUNTAIN"], "America/Denver"),
    (&["PST", "PDT", "PT", "PST8PDT", "PACIFIC"], "America/Los_Angeles"),
    (&["CET", "CEST", "MEZ", "MESZ"], "Europe/Berlin"),
    (&["BST", "WET", "WEST"], "Europe/London"),
    (&["EET", "EEST"], "Europe/Helsinki"),
    (&["IST"], "Asia/Kolkata"),
    (&["JST"], "Asia/Tokyo"),
    (&["GMT", "Z", "ZULU", "ETC/UTC"], "UTC"),
];

/// What is wrong with a time zone, by its form: `Area/City`, or `UTC`. Abbreviations are offsets, and an offset does not
/// follow daylight saving.
pub(super) fn zone_trouble(zone: &str) -> Option<String> {
    if zone == "UTC" {
        return None;
    }
    let upper = zone.trim().to_ascii_uppercase();
    if let Some((_, instead)) = SPOKEN_ZONES.iter().find(|(spoken, _)| spoken.contains(&upper.as_str())) {
        return Some(format!("'{zone}' is not an IANA time zone: write {instead}"));
    }
    let is_part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_uppercase())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
    };
    let parts: Vec<&str> = zone.split('/').collect();
    let well_formed = (2..=3).contains(&parts.len()) && parts.iter().all(|part| is_part(part));
    (!well_formed || parts[0] == "Etc")
        .then(|| format!("'{zone}' is not an IANA time zone of a place: write Area/City like America/New_York, or UTC"))
}

/// What is wrong with the host an environment is reached at.
pub(super) fn host_trouble(host: &str) -> Option<String> {
    if let Some((_, rest)) = host.split_once("://") {
        let name = rest.split(['/', '?', '#']).next().unwrap_or_default();
        return Some(format!("a host has no scheme and no path: write '{name}'"));
    }
    if is_host(host) && host == host.to_ascii_lowercase() {
        return None;
    }
    Some(format!("'{host}' is not a host: write a lower-case name like fleet.example.com, without scheme and path"))
}

/// What is wrong with the address of a link. Only what a browser opens as a page, and nothing that holds a password.
pub(super) fn link_trouble(url: &str) -> Option<String> {
    address_trouble(url, "write an address like https://grafana.example.com/d/fleet")
}

/// What is wrong with an address of HTTP; `instead` says what to write.
pub(super) fn address_trouble(url: &str, instead: &str) -> Option<String> {
    let scheme_length = url.find(':').unwrap_or(0);
    let scheme = url[..scheme_length].to_ascii_lowercase();
    if scheme != "https" && scheme != "http" {
        return Some(format!("only https: and http: are opened: {instead}"));
    }
    let bad = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '\\' | '"' | '<' | '>' | '`' | '|' | '^');
    if url.contains(bad) || crate::text::plain(url, url.len()) != url {
        return Some(format!("it holds a character that no address has: {instead}"));
    }
    let Some(rest) = url[scheme_length..].strip_prefix("://") else {
        return Some(format!("two slashes belong after the scheme: {instead}"));
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Some(format!("an address on screen holds no user or password: {instead}"));
    }
    (!is_host(authority)).then(|| format!("'{authority}' is not a host: {instead}"))
}

/// A DNS name or an address, with or without a port.
pub(super) fn is_host(text: &str) -> bool {
    let (name, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, port)) if address.parse::<std::net::Ipv6Addr>().is_ok() => ("localhost", port),
            Some(_) | None => return false,
        },
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port_is_fine = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    port_is_fine && name.len() <= 253 && name.split('.').all(is_label)
}

fn is_port(digits: &str) -> bool {
    digits.chars().all(|c| c.is_ascii_digit()) && digits.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Parts of a key that stand for a secret wherever they stand in it.
const SECRET_PARTS: &[&str] = &[
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "SECRET",
    "TOKEN",
    "CREDENTIAL",
    "APIKEY",
    "PRIVATEKEY",
    "ACCESSKEY",
    "SIGNINGKEY",
    "ENCRYPTIONKEY",
    "MASTERKEY",
    "CONNECTIONSTRING",
    "CONNSTR",
    "DATABASEURL",
    "DBURL",
    "DATABASEURI",
];

/// Words of a key that stand for a secret when they stand alone.
const SECRET_WORDS: &[&str] = &["DSN", "PWD", "PASS", "PW", "SALT", "JWT", "COOKIE", "CERT", "PEM", "SAS"];

/// What speaks a protocol whose addresses hold passwords.
const STORES: &[&str] = &[
    "DB",
    "DATABASE",
    "POSTGRES",
    "POSTGRESQL",
    "PG",
    "MYSQL",
    "MONGO",
    "MONGODB",
    "REDIS",
    "AMQP",
    "RABBITMQ",
    "KAFKA",
    "SMTP",
];

/// Whether a key of a ConfigMap reads like one that holds a secret. Rather one too many: its value would be on screen.
pub(super) fn is_secret_like(key: &str) -> bool {
    let words = words(key);
    let joined = words.concat();
    let last = words.last().map(String::as_str).unwrap_or_default();
    SECRET_PARTS.iter().any(|part| joined.contains(part))
        || words.iter().any(|word| SECRET_WORDS.contains(&word.as_str()))
        || (last == "KEY" && !words.iter().any(|word| word == "PUBLIC"))
        || (matches!(last, "URL" | "URI" | "CONNECTION") && words.iter().any(|word| STORES.contains(&word.as_str())))
}

/// The words of a key, upper case: `dbPassword`, `DB_PASSWORD` and `db.password` are the same two.
fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in key.chars() {
        let starts = c.is_ascii_uppercase() && before.is_ascii_lowercase();
        if !c.is_ascii_alphanumeric() || starts {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(c.to_ascii_uppercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_places_are_time_zones() {
        for zone in
            ["UTC", "America/New_York", "America/Argentina/Buenos_Aires", "America/Port-au-Prince", "Europe/Berlin"]
        {
            assert_eq!(zone_trouble(zone), None, "{zone}");
        }
        for (zone, instead) in [
            ("EST", "America/New_York"),
            ("ET", "America/New_York"),
            ("EDT", "America/New_York"),
            ("est", "America/New_York"),
            ("PST", "America/Los_Angeles"),
            ("GMT", "write UTC"),
            ("Etc/GMT+5", "Area/City"),
            ("utc", "Area/City"),
            ("UTC+2", "Area/City"),
            ("+02:00", "Area/City"),
            ("America/", "Area/City"),
            ("america/new_york", "America/New_York"),
            ("America/New York", "America/New_York"),
            ("", "Area/City"),
        ] {
            let trouble = zone_trouble(zone).unwrap_or_default();
            assert!(trouble.contains(instead), "{zone:?}: {trouble}");
        }
    }

    #[test]
    fn links_open_pages_and_hold_no_password() {
        for url in [
            "https://grafana.example.com",
            "http://10.0.0.1:3000/d/x?orgId=1&var=a%20b#panel",
            "HTTPS://example.com",
            "https://[::1]:8080/x",
            "https://example.com/?next=user@host",
        ] {
            assert_eq!(link_trouble(url), None, "{url}");
        }
        for url in [
            "",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            " https://example.com",
            "java\nscript:alert(1)",
            "data:text/html,x",
            "//example.com",
            "/relative",
            "https:example.com",
            "https:/example.com",
            "https://",
            "https:///path",
            "https://example.com\\@evil.test",
            "https://exa mple.com",
            "https://example.com/\"onclick=",
            "https://example.com/<script>",
            "https://example.com|javascript:alert(1)",
            "https://example.com/\u{202e}gpj",
            "https://-bad.example.com",
            "https://example.com:99999",
            "ftp://example.com",
        ] {
            assert!(link_trouble(url).is_some(), "{url:?}");
        }
        let trouble = link_trouble("https://user:pass@example.com").unwrap_or_default();
        assert!(trouble.contains("no user or password") && !trouble.contains("pass@"), "{trouble}");
    }

    #[test]
    fn a_host_is_a_name_alone() {
        for host in ["fleet.capitaltechalliance.com", "app.staging", "localhost", "127.0.0.1:8080"] {
            assert_eq!(host_trouble(host), None, "{host}");
        }
        for host in
            ["", "https://a.test", "a.test/x", "a b", "a..b", "A.test", "a_b.test", "a.test:", "a.test:0", "[x]"]
        {
            assert!(host_trouble(host).is_some(), "{host:?}");
        }
        assert!(host_trouble("https://a.test/x").is_some_and(|trouble| trouble.ends_with("write 'a.test'")));
    }

    #[test]
    fn keys_that_would_show_a_secret_are_known() {
        for key in [
            "PASSWORD",
            "DB_PASSWORD",
            "dbPassword",
            "db.passwd",
            "JWT_SECRET",
            "API_TOKEN",
            "SENTRY_DSN",
            "DATABASE_URL",
            "REDIS_URL",
            "mongoUri",
            "API_KEY",
            "apikey",
            "STRIPE_SECRET_KEY",
            "SIGNING-KEY",
            "PGPASSWORD",
            "AZURE_STORAGE_CONNECTION_STRING",
            "DB_PASS",
            "AWS_CREDENTIALS",
        ] {
            assert!(is_secret_like(key), "{key}");
        }
        for key in [
            "LOG_LEVEL",
            "NODE_ENV",
            "CORS_ORIGIN",
            "SESSION_TIMEOUT",
            "DATABASE_NAME",
            "DB_SSL",
            "PUBLIC_URL",
            "API_URL",
            "COMPASS",
            "MOCK_DATA",
            "PUBLIC_KEY",
            "KEYBOARD",
            "BYPASS_CACHE",
            "DEBUG_TOOLS",
        ] {
            assert!(!is_secret_like(key), "{key}");
        }
    }
}
