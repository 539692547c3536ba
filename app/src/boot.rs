//! What the browser starts from: the data that the server rendered the page with, carried in the page itself.

use std::sync::Arc;

use domain::frame::Page;
use domain::view::Chrome;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::theme::Theme;

/// The id of the element that carries it.
pub const ELEMENT: &str = "boot";

/// Everything a first view is made of. The same value on both sides gives the same HTML on both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Boot {
    /// The build that rendered the page.
    pub build: Arc<str>,
    /// The server's clock, milliseconds since 1970.
    pub now_ms: i64,
    /// What was chosen.
    pub theme: Theme,
    /// What stands around the page.
    pub chrome: Chrome,
    /// The page.
    pub page: Page,
}

/// Bytes that keep their value as characters. The others, and those that HTML could take for markup, are moved up.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'<' | b'>' | b'&')
}

impl Boot {
    /// As text that can stand in an element as it is. Names stay readable in it, so that it compresses with the page,
    /// which says the same names; Base64 would hide them.
    pub fn encode(&self) -> String {
        carry(self)
    }

    /// Reads it back; `None` when it is not from this build.
    pub fn decode(text: &str) -> Option<Self> {
        carried(text)
    }
}

/// A value as text that can stand in an element as it is.
pub fn carry(value: &impl Serialize) -> String {
    let bytes = postcard::to_allocvec(value).unwrap_or_default();
    bytes.iter().map(|&byte| if is_plain(byte) { char::from(byte) } else { moved(byte) }).collect()
}

/// Reads it back; `None` when it is not from this build.
pub fn carried<T: DeserializeOwned>(text: &str) -> Option<T> {
    let bytes: Vec<u8> = text.chars().map(|c| (u32::from(c) & 0xff) as u8).collect();
    postcard::from_bytes(&bytes).ok()
}

/// The character 256 places further up, which is none that HTML treats specially.
fn moved(byte: u8) -> char {
    char::from_u32(0x100 + u32::from(byte)).unwrap_or('\u{fffd}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_wrote_is_what_the_browser_reads() {
        let boot = Boot {
            build: "</script><!--\r\n\0 ü".into(),
            now_ms: -1_700_000_000_123,
            theme: Theme::Dark,
            chrome: Chrome { registry_trouble: "a < b && c > d ● ".into(), ..Chrome::default() },
            page: Page::Absent,
        };
        let text = boot.encode();
        assert!(!text.contains(['<', '>', '&', '\r', '\n', '\0']), "{text}");
        assert_eq!(Boot::decode(&text), Some(boot));
        assert_eq!(Boot::decode("x"), None);
    }
}
