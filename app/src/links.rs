//! Addresses of pages, as they stand in links.

use domain::config_source::ConfigSource;
use domain::ledger::OperationId;
use domain::log::query::LogQuery;
use domain::name::{ComponentId, EnvironmentId, ObjectName};
use domain::query::PodQuery;
use domain::view::{Finding, Look};

use crate::routes::Tab;

/// The wall.
pub const WALL: &str = "/";

/// The wall, with only what differs.
pub const WALL_DIFFERS: &str = "/?differs";

/// Every environment in plain words.
pub const BOARD: &str = "/board";

/// All pods.
pub const PODS: &str = "/pods";

/// Logs.
pub const LOGS: &str = "/logs";

/// The socket of a page of logs.
pub const LOGS_LIVE: &str = "/logs/live";

/// The checks of all environments.
pub const HEALTH: &str = "/health";
/// Alerts.
pub const ALERTS: &str = "/alerts";

/// What was done, by whom.
pub const CHANGES: &str = "/changes";

/// The environments of a system beside one another.
pub const COMPARE: &str = "/compare";

/// The same as a table for spreadsheets.
pub const COMPARE_CSV: &str = "/compare.csv";

/// Demo data of all environments that have some.
pub const DEMO_DATA: &str = "/demo-data";

/// The plan of a reset of demo data.
pub const DEMO_DATA_PLAN: &str = "/demo-data/plan";

/// A reset of demo data, and where one is sent to.
pub const DEMO_DATA_RESET: &str = "/demo-data/reset";

/// People and their roles.
pub const PEOPLE: &str = "/people";

/// One's own account.
pub const ACCOUNT: &str = "/account";

/// An environment's page.
pub fn environment(id: &EnvironmentId) -> String {
    ["/e/", id.system.as_str(), "/", id.environment.as_str()].concat()
}

/// The checks of an environment.
pub fn health(id: &EnvironmentId) -> String {
    [HEALTH, "?environment=", id.system.as_str(), "/", id.environment.as_str()].concat()
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

/// The plan of a reset of demo data.
pub fn demo_data_plan(id: &EnvironmentId) -> String {
    format!("{DEMO_DATA_PLAN}?environment={id}")
}

/// The plan of putting back what was there before a reset.
pub fn demo_data_undo(id: &EnvironmentId, of: OperationId) -> String {
    format!("{DEMO_DATA_PLAN}?environment={id}&of={of}")
}

/// A reset of demo data.
pub fn demo_data_reset(id: OperationId) -> String {
    format!("{DEMO_DATA_RESET}?id={id}")
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

/// Where one looks next about a finding of an environment, where that is a page.
pub fn look(environment: &EnvironmentId, finding: &Finding) -> Option<String> {
    match finding.look {
        Look::Component => finding.component.as_ref().map(component),
        // What a container said before it was started again stands among its lines.
        Look::Log | Look::PreviousLog => finding.component.as_ref().map(logs_of),
        Look::Compare => Some(["/compare?system=", environment.system.as_str()].concat()),
        Look::Checks => Some(format!("/health?environment={environment}")),
    }
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
    use domain::view::{FindingKind, State};

    use super::*;

    #[test]
    fn a_finding_leads_to_where_one_looks_next() {
        let environment: EnvironmentId = "shop/production".parse().unwrap();
        let web: ComponentId = "shop/production/Deployment/web".parse().unwrap();
        let finding = |look, component: Option<&ComponentId>| Finding {
            state: State::Degraded,
            kind: FindingKind::Failure,
            title: "web".into(),
            evidence: "".into(),
            advice: "".into(),
            component: component.cloned(),
            since: 0,
            look,
            lines: Vec::new(),
        };
        for (next, component, expected) in [
            (Look::Component, Some(&web), Some(component(&web))),
            (Look::Log, Some(&web), Some(logs_of(&web))),
            (Look::PreviousLog, Some(&web), Some(logs_of(&web))),
            (Look::Component, None, None),
            (Look::Log, None, None),
            (Look::Compare, None, Some("/compare?system=shop".to_owned())),
            (Look::Checks, Some(&web), Some("/health?environment=shop/production".to_owned())),
        ] {
            assert_eq!(look(&environment, &finding(next, component)), expected, "{next:?}");
        }
    }

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
