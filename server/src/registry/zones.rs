//! Checks the registry's time zones against the IANA database.

use domain::registry::Registry;
use domain::registry::validate::Problem;

use super::nearest::did_you_mean;

/// Adds a problem for every time zone that does not exist or is an abbreviation.
pub(super) fn check(registry: &Registry, problems: &mut Vec<Problem>) {
    for (i, system) in registry.systems.iter().enumerate() {
        for (j, environment) in system.environments.iter().enumerate() {
            let path = format!("systems[{i}].environments[{j}].timeZone");
            // One remark on a value is enough.
            if problems.iter().any(|problem| problem.path == path) {
                continue;
            }
            if let Some(message) = wrong(&environment.time_zone) {
                problems.push(Problem { path, message });
            }
        }
    }
}

/// Why `name` is not the name of a zone.
fn wrong(name: &str) -> Option<String> {
    let zones = jiff::tz::db();
    if zones.get(name).is_err() {
        let names: Vec<String> = zones.available().map(|name| name.to_string()).collect();
        let guess = did_you_mean(name, names.iter().map(String::as_str));
        return Some(format!(
            "no time zone is called '{name}'{guess}; write the IANA name of a place, like America/New_York, or UTC"
        ));
    }
    // `EST` is in the database too, and is never daylight saving time. https://data.iana.org/time-zones/theory.html
    if !name.contains('/') && name != "UTC" {
        return Some(format!(
            "'{name}' is an abbreviation, which does not say what happens in summer: write the IANA name of a place, like America/New_York, or UTC"
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_zone_is_the_name_of_a_place_or_utc() {
        for (name, expected) in [
            ("America/New_York", None),
            ("Europe/Berlin", None),
            ("UTC", None),
            ("EST", Some("is an abbreviation")),
            ("EST5EDT", Some("is an abbreviation")),
            ("ET", Some("no time zone is called 'ET'")),
            ("America/NewYork", Some("did you mean 'America/New_York'?")),
            ("", Some("no time zone is called ''")),
            ("../../etc/passwd", Some("no time zone is called")),
        ] {
            let message = wrong(name);
            match expected {
                None => assert_eq!(message, None, "{name}"),
                Some(part) => assert!(message.as_deref().unwrap_or_default().contains(part), "{name}: {message:?}"),
            }
        }
    }
}
