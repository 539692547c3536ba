//! By which clock a viewer lives: what the browser part says in the cookie `zone`.

use axum::http::HeaderMap;
use domain::log::display::Zone;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::cookies;

/// How far back and ahead of now offsets are known, in seconds: two years, in which no log is older.
const AROUND: i64 = 2 * 366 * 86_400;

/// The viewer's time zone, where a cookie names one that there is. `now` is seconds since 1970.
pub fn zone_of(headers: &HeaderMap, now: i64) -> Option<Zone> {
    let name = cookies::all_of(headers, "zone").next()?;
    let zone = TimeZone::get(name).ok()?;
    let first = Timestamp::from_second(now - AROUND).ok()?;
    let at_first = (first.as_second(), zone.to_offset(first).seconds());
    let later = zone.following(first).map(|change| (change.timestamp().as_second(), change.offset().seconds()));
    let later = later.take_while(|(at, _)| *at <= now + AROUND);
    // As the database writes it, not as the cookie does.
    let name = zone.iana_name().unwrap_or("UTC").to_owned();
    Some(Zone { name, offsets: [at_first].into_iter().chain(later).collect() })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use axum::http::header::COOKIE;

    use super::*;

    /// 2026-11-21 23:30:00 UTC.
    const NOW: i64 = 1_795_303_800;

    #[test]
    fn a_zone_is_known_by_its_cookie() {
        let offsets = [NOW - 150 * 86_400, NOW, NOW + 150 * 86_400];
        for (cookie, expected) in [
            ("zone=Europe/Berlin", Some(("Europe/Berlin", [7_200, 3_600, 7_200]))),
            ("theme=dark; zone=America/New_York", Some(("America/New_York", [-14_400, -18_000, -14_400]))),
            ("zone=asia/kolkata", Some(("Asia/Kolkata", [19_800; 3]))),
            ("zone=UTC", Some(("UTC", [0; 3]))),
            ("zone=../../etc/passwd", None),
            ("zone=<b>", None),
            ("zone=", None),
            ("theme=dark", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_static(cookie));
            let zone = zone_of(&headers, NOW);
            let found = zone.as_ref().map(|zone| (&*zone.name, offsets.map(|at| zone.offset(at))));
            assert_eq!(found, expected, "{cookie}");
        }
        assert_eq!(zone_of(&HeaderMap::new(), NOW), None);
    }
}
