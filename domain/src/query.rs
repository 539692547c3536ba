//! What a page shows of a table: filter, order and window, as they stand in the URL.

use serde::{Deserialize, Serialize};

use crate::name::EnvironmentId;
use crate::view::State;

/// Rows of a page that the server renders, and of a window that the browser asks for at first.
pub const PAGE_LENGTH: u16 = 50;

/// The most rows one window can have: nobody sees more at a time.
pub const LONGEST_WINDOW: u16 = 200;

/// The longest filter that is read, in characters.
const LONGEST_FILTER: usize = 100;

/// The pods page: `/pods?filter=&environment=&state=&sort=&offset=`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PodQuery {
    /// Words that must all stand in the pod's name, node, component, image or status; lower case.
    pub filter: String,
    /// Only this environment.
    pub environment: Option<EnvironmentId>,
    /// Only this state.
    pub state: Option<State>,
    /// The order.
    pub sort: Sort,
    /// First row.
    pub offset: u32,
    /// How many rows, at most [`LONGEST_WINDOW`].
    pub length: u16,
}

/// A column to sort by, and which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Sort {
    /// The column.
    pub column: PodColumn,
    /// From big to small, from Z to A, from young to old.
    pub descending: bool,
}

/// A column of the table of pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PodColumn {
    /// Worst first.
    State,
    /// By name.
    Name,
    /// By environment.
    Environment,
    /// By node.
    Node,
    /// Most restarts first.
    Restarts,
    /// Youngest first.
    Age,
}

impl PodColumn {
    /// All of them, in the table's order.
    pub const ALL: [Self; 6] = [Self::State, Self::Name, Self::Environment, Self::Restarts, Self::Node, Self::Age];

    /// As it stands in the URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Name => "name",
            Self::Environment => "environment",
            Self::Node => "node",
            Self::Restarts => "restarts",
            Self::Age => "age",
        }
    }
}

impl Default for PodQuery {
    fn default() -> Self {
        Self {
            filter: String::new(),
            environment: None,
            state: None,
            sort: Sort { column: PodColumn::State, descending: false },
            offset: 0,
            length: PAGE_LENGTH,
        }
    }
}

impl PodQuery {
    /// Reads the parameters of a URL, decoded. What cannot be read is as if it were not there: a link that somebody cut
    /// short still opens the page.
    pub fn from_parameters<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Self {
        let plain = Self::default();
        let sort = get("sort").unwrap_or_default();
        let (descending, column) = match sort.strip_prefix('-') {
            Some(column) => (true, column),
            None => (false, sort),
        };
        Self {
            filter: normal_filter(get("filter").unwrap_or_default()),
            environment: get("environment").and_then(|text| text.parse().ok()),
            state: get("state").and_then(|text| text.parse().ok()),
            sort: PodColumn::ALL
                .into_iter()
                .find(|known| known.as_str() == column)
                .map_or(plain.sort, |column| Sort { column, descending }),
            offset: get("offset").and_then(|text| text.parse().ok()).unwrap_or(0),
            length: plain.length,
        }
    }

    /// The query string, with its `?`, encoded; empty for the plain page.
    pub fn to_query_string(&self) -> String {
        let plain = Self::default();
        let mut parts = Vec::new();
        if !self.filter.is_empty() {
            parts.push(format!("filter={}", encode(&self.filter)));
        }
        if let Some(environment) = &self.environment {
            parts.push(format!("environment={environment}"));
        }
        if let Some(state) = self.state {
            parts.push(format!("state={}", state.word().to_ascii_lowercase()));
        }
        if self.sort != plain.sort {
            let sign = if self.sort.descending { "-" } else { "" };
            parts.push(format!("sort={sign}{}", self.sort.column.as_str()));
        }
        if self.offset > 0 {
            parts.push(format!("offset={}", self.offset));
        }
        if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
    }

    /// The query as it may be answered: no window longer than allowed, no filter longer than read.
    pub fn bounded(mut self) -> Self {
        self.length = self.length.min(LONGEST_WINDOW);
        self.filter = normal_filter(&self.filter);
        self
    }

    /// The words of the filter.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.filter.split_whitespace()
    }
}

/// It stands in the page again, so nothing in it hides itself.
fn normal_filter(text: &str) -> String {
    let text = crate::text::plain(text.trim(), text.len());
    text.chars().take(LONGEST_FILTER).collect::<String>().to_lowercase()
}

/// Percent-encodes all but the unreserved characters of RFC 3986.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(byte as char),
            b' ' => encoded.push('+'),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> PodQuery {
        PodQuery::from_parameters(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| *value))
    }

    #[test]
    fn a_query_stands_in_the_url_as_it_is_read() {
        for (pairs, written) in [
            (&[][..], ""),
            (&[("filter", " Fleet  API ")][..], "?filter=fleet++api"),
            (&[("filter", "a&b=ü")][..], "?filter=a%26b%3D%C3%BC"),
            (
                &[("environment", "fleet-management/production"), ("state", "FAILED")][..],
                "?environment=fleet-management/production&state=failed",
            ),
            (&[("sort", "-age"), ("offset", "50")][..], "?sort=-age&offset=50"),
            (&[("sort", "bogus"), ("state", "x"), ("environment", "nonsense"), ("offset", "-1")][..], ""),
            (&[("sort", "state")][..], ""),
        ] {
            assert_eq!(read(pairs).to_query_string(), written, "{pairs:?}");
        }
    }

    #[test]
    fn nobody_gets_a_window_longer_than_the_screen() {
        let query = PodQuery { length: u16::MAX, filter: "x".repeat(1000), ..PodQuery::default() }.bounded();
        assert_eq!((query.length, query.filter.len()), (LONGEST_WINDOW, LONGEST_FILTER));
    }
}
