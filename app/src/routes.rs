//! The pages and their addresses: one table.

use domain::frame::Topic;
use domain::name::{ComponentId, EnvironmentId, EnvironmentName, ObjectName, SystemId};
use domain::query::PodQuery;

/// A page: the form of its address, and what it is about.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// As axum writes it: `/e/{system}/{environment}`.
    pub pattern: &'static str,
    /// What stands in the places of the pattern, in order; `None` when it is not a name.
    topic: fn(&[&str], &Place) -> Option<Topic>,
}

/// The page of an operation. It is mounted apart: its operation is read first.
pub const OPERATION: &str = "/operations/{id}";

/// All pages.
pub const ROUTES: [Route; 5] = [
    Route { pattern: "/", topic: |_, _| Some(Topic::Wall) },
    Route { pattern: "/pods", topic: |_, place| Some(Topic::Pods(place.pod_query())) },
    Route { pattern: "/e/{system}/{environment}", topic: |names, _| environment(names).map(Topic::Environment) },
    Route {
        pattern: "/e/{system}/{environment}/{kind}/{name}",
        topic: |names, _| component(names).map(Topic::Component),
    },
    Route { pattern: OPERATION, topic: |names, _| names.first().and_then(|id| id.parse().ok()).map(Topic::Operation) },
];

/// The addresses to mount as they are, as axum writes them.
pub fn routes() -> impl Iterator<Item = &'static str> {
    ROUTES.iter().map(|route| route.pattern).filter(|pattern| *pattern != OPERATION)
}

fn environment(names: &[&str]) -> Option<EnvironmentId> {
    let [system, environment, ..] = names else { return None };
    Some(EnvironmentId { system: SystemId::new(*system).ok()?, environment: EnvironmentName::new(*environment).ok()? })
}

fn component(names: &[&str]) -> Option<ComponentId> {
    let [_, _, kind, name] = names else { return None };
    Some(ComponentId { environment: environment(names)?, kind: kind.parse().ok()?, name: ObjectName::new(*name).ok()? })
}

/// Where a tab is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// `/pods`
    pub path: String,
    /// `filter=api&sort=-age`, without its question mark.
    pub query: String,
}

/// What a component's page shows below its head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// Pods, conditions, expectations.
    Overview,
    /// What ran before.
    Revisions,
    /// What Kubernetes said.
    Events,
}

impl Tab {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Overview, Self::Revisions, Self::Events];

    /// As it stands in the URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Revisions => "revisions",
            Self::Events => "events",
        }
    }

    /// The word on the tab.
    pub fn word(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Revisions => "Revisions",
            Self::Events => "Events",
        }
    }
}

impl Place {
    /// Reads path and query of an address: `/pods?filter=api`.
    pub fn read(address: &str) -> Self {
        let address = address.split('#').next().unwrap_or_default();
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let path = if path.is_empty() { "/" } else { path };
        Self { path: path.to_owned(), query: query.to_owned() }
    }

    /// The address, as it stands in a link.
    pub fn address(&self) -> String {
        let mut address = self.path.clone();
        if !self.query.is_empty() {
            address.push('?');
            address.push_str(&self.query);
        }
        address
    }

    /// What the page there is about; `None` when there is none.
    pub fn topic(&self) -> Option<Topic> {
        let here: Vec<&str> = self.path.split('/').filter(|part| !part.is_empty()).collect();
        ROUTES.iter().find_map(|route| {
            let pattern = route.pattern.split('/').filter(|part| !part.is_empty());
            if pattern.clone().count() != here.len() {
                return None;
            }
            let mut names = Vec::new();
            for (part, &text) in pattern.zip(&here) {
                if part.starts_with('{') {
                    names.push(text);
                } else if part != text {
                    return None;
                }
            }
            (route.topic)(&names, self)
        })
    }

    /// A parameter of the query, decoded. One without a value is empty.
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key == name).then(|| decode(value))
        })
    }

    /// The pods page's parameters.
    pub fn pod_query(&self) -> PodQuery {
        let names = ["filter", "environment", "state", "sort", "offset"];
        let values = names.map(|name| self.parameter(name));
        PodQuery::from_parameters(|name| {
            let index = names.iter().position(|known| *known == name)?;
            values[index].as_deref()
        })
        .bounded()
    }

    /// The component page's tab.
    pub fn tab(&self) -> Tab {
        let wanted = self.parameter("tab");
        Tab::ALL.into_iter().find(|tab| Some(tab.as_str()) == wanted.as_deref()).unwrap_or(Tab::Overview)
    }

    /// Whether the wall shows only what differs.
    pub fn only_what_differs(&self) -> bool {
        self.parameter("differs").is_some()
    }
}

/// Takes percent and plus back; what is not UTF-8 afterwards becomes `�`.
fn decode(text: &str) -> String {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(&byte) = bytes.get(index) {
        index += 1;
        decoded.push(match (byte, digit(bytes.get(index)), digit(bytes.get(index + 1))) {
            (b'%', Some(high), Some(low)) => {
                index += 2;
                (high * 16 + low) as u8
            }
            (b'+', _, _) => b' ',
            _ => byte,
        });
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_to_its_page() {
        for (address, expected) in [
            ("/", "Some(Wall)"),
            ("", "Some(Wall)"),
            ("/?differs", "Some(Wall)"),
            ("/e/a/b/", "Some(Environment(EnvironmentId { system: \"a\", environment: \"b\" }))"),
            ("/e/A/b", "None"),
            ("/e/a", "None"),
            ("/e/a/b/pod/x", "None"),
            ("/e/a/..%2f/deployment/x", "None"),
            ("/nothing", "None"),
        ] {
            assert_eq!(format!("{:?}", Place::read(address).topic()), expected, "{address}");
        }
        let component = Place::read("/e/a/b/statefulset/db-0?tab=events");
        assert!(matches!(component.topic(), Some(Topic::Component(id)) if id.to_string() == "a/b/statefulset/db-0"));
        assert_eq!(component.tab(), Tab::Events);
        assert_eq!(Place::read("/e/a/b/deployment/x?tab=nonsense").tab(), Tab::Overview);
    }

    #[test]
    fn parameters_are_decoded() {
        for (query, expected) in [
            ("filter=a+b", "a b"),
            ("filter=a%2Bb", "a+b"),
            ("x=1&filter=%C3%BC", "ü"),
            ("filter=%", "%"),
            ("filter=%2", "%2"),
            ("filter=%zz", "%zz"),
            ("filter=%ff", "\u{fffd}"),
            ("filter", ""),
        ] {
            let place = Place { path: "/pods".into(), query: query.into() };
            assert_eq!(place.parameter("filter").as_deref(), Some(expected), "{query}");
        }
    }

    #[test]
    fn a_pod_query_survives_its_address() {
        let place = Place::read("/pods?filter=fleet+api&environment=a/b&state=failed&sort=-age&offset=50");
        assert_eq!(place.pod_query().to_query_string(), format!("?{}", place.query));
    }
}
