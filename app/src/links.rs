//! Addresses of pages, as they stand in links.

use domain::config_source::ConfigSource;
use domain::ledger::OperationId;
use domain::log::query::LogQuery;
use domain::name::{ComponentId, EnvironmentId, ObjectName};
use domain::query::PodQuery;

use crate::routes::Tab;

/// The wall.
pub const WALL: &str = "/";

/// The wall, with only what differs.
pub const WALL_DIFFERS: &str = "/?differs";

/// All pods.
pub const PODS: &str = "/pods";

/// Logs.
pub const LOGS: &str = "/logs";

/// The socket of a page of logs.
pub const LOGS_LIVE: &str = "/logs/live";

/// Alerts.
pub const ALERTS: &str = "/alerts";

/// What was done, by whom.
pub const CHANGES: &str = "/changes";

/// People and their roles.
pub const PEOPLE: &str = "/people";

/// One's own account.
pub const ACCOUNT: &str = "/account";

/// An environment's page.
pub fn environment(id: &EnvironmentId) -> String {
    ["/e/", id.system.as_str(), "/", id.environment.as_str()].concat()
}

/// A component's page.
pub fn component(id: &ComponentId) -> String {
    [&environment(&id.environment), "/", id.kind.as_str(), "/", id.name.as_str()].concat()
}

/// A tab of a component's page.
pub fn tab(id: &ComponentId, tab: Tab) -> String {
    match tab {
        Tab::Overview => component(id),
        Tab::Revisions | Tab::Events => [&component(id), "?tab=", tab.as_str()].concat(),
    }
}

/// The page of an operation.
pub fn operation(id: OperationId) -> String {
    format!("/operations/{id}")
}

/// The plan of an operation: `restart`, `scale`, `roll-back`. What is chosen stands in the query.
pub fn plan(id: &ComponentId, operation: &str) -> String {
    format!("/operations/plan?component={id}&operation={operation}")
}

/// The plan of restarting everything in an environment that reads something.
pub fn series(id: &EnvironmentId, source: &ConfigSource) -> String {
    format!("/operations/series?environment={id}&reads={}", source.path())
}

/// The pods page with this filter and order.
pub fn pods(query: &PodQuery) -> String {
    [PODS, &query.to_query_string()].concat()
}

/// The page of logs that shows this.
pub fn logs(query: &LogQuery) -> String {
    [LOGS, &query.to_query_string()].concat()
}

/// The logs of a component.
pub fn logs_of(id: &ComponentId) -> String {
    let (environments, components) = (vec![id.environment.clone()], vec![id.name.clone()]);
    logs(&LogQuery { environments, components, ..LogQuery::default() })
}

/// The logs of a pod alone.
pub fn logs_of_pod(environment: &EnvironmentId, pod: &str) -> String {
    let environments = vec![environment.clone()];
    logs(&LogQuery { environments, pod: ObjectName::new(pod).ok(), ..LogQuery::default() })
}

/// The address, if it is one that a page elsewhere can have: nothing but `http:` and `https:` becomes a link.
pub fn elsewhere(address: &str) -> Option<String> {
    let lower = address.trim_start().to_ascii_lowercase();
    (lower.starts_with("https://") || lower.starts_with("http://")).then(|| address.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_become_links() {
        for (address, fine) in [
            ("https://grafana.example.com/d/x", true),
            ("HTTP://a", true),
            ("javascript:alert(1)", false),
            ("data:text/html,x", false),
            ("//evil.example", false),
            ("\u{1}javascript:alert(1)", false),
        ] {
            assert_eq!(elsewhere(address).is_some(), fine, "{address}");
        }
    }
}
