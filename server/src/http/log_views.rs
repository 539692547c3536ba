//! Logs that somebody looks at, where an environment wants that recorded.

use domain::log::query::LogQuery;
use domain::name::EnvironmentId;

use super::Site;
use crate::clock;
use crate::mask::{OwnMasks, mask};
use crate::people::{PeopleError, Session};

/// A query as the record tells it: as it stands in the address of its page, with what is looked for masked as lines are.
pub fn told(query: &LogQuery, own: &OwnMasks) -> String {
    let mut query = query.clone();
    query.find.text = own.mask(&mask(&query.find.text).0).0.into_owned();
    query.to_query_string()
}

/// The environments of a query that want to have recorded who looks at their logs.
pub fn recording(site: &Site, query: &LogQuery) -> Vec<EnvironmentId> {
    let registry = site.clusters.registry();
    let wants = |environment: &&EnvironmentId| {
        registry.environment(environment).is_some_and(|(_, declared)| declared.record_log_views)
    };
    query.environments.iter().filter(wants).cloned().collect()
}

/// Records that somebody opens a page of logs. Otherwise why they cannot, in sentences.
pub async fn opens(site: &Site, who: &Session, query: &LogQuery) -> Result<(), String> {
    let environments = recording(site, query);
    let noted =
        site.people.note_log_view(who, &environments, &told(query, &site.clusters.masks()), clock::now_us()).await;
    noted.map_err(|error| {
        let names = environments.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
        format!(
            "Who looks at the logs of {names} is recorded, and that failed, so they are not shown. {error} Load this page \
             again to try once more."
        )
    })
}

/// Records that somebody follows them, where that is due.
pub async fn follows(site: &Site, who: &Session, query: &LogQuery) -> Result<(), PeopleError> {
    let environments = recording(site, query);
    site.people.note_log_following(who, &environments, &told(query, &site.clusters.masks()), clock::now_us()).await
}

#[cfg(test)]
mod tests {
    use domain::registry::LogMask;

    use super::*;

    #[test]
    fn a_query_is_told_as_its_address_has_it_and_without_secrets() {
        let own = LogMask { name: "customer number".into(), pattern: "CUST-[0-9]+".into() };
        let own = OwnMasks::new(&[own]).unwrap();
        for (query, expected) in [
            ("environment=shop/production&since=5m", "?environment=shop/production&since=5m"),
            ("find=error&case", "?find=error&case"),
            ("find=password%3Dhunter2&regex", "?find=password%3D%5Bmasked%5D&regex"),
            ("find=Bearer+0123456789abcdef", "?find=Bearer+%5Bmasked%5D"),
            ("find=of+CUST-17", "?find=of+%5Bmasked%5D"),
        ] {
            let query = LogQuery::from_parameters(url::form_urlencoded::parse(query.as_bytes()));
            assert_eq!(told(&query, &own), expected);
        }
    }
}
