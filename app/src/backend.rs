//! What the server lends to the pages.

use std::sync::Arc;

use domain::frame::{Page, Topic};
use domain::view::Chrome;

/// Where a page's first content comes from. Everything is in memory, so nothing here waits.
pub trait Backend: Send + Sync + 'static {
    /// What a page shows now.
    fn page(&self, topic: &Topic) -> Page;
    /// What stands around every page now.
    fn chrome(&self) -> Chrome;
    /// The server's clock, milliseconds since 1970.
    fn now_ms(&self) -> i64;
    /// Which build this is; a tab of another build must reload.
    fn build(&self) -> Arc<str>;
}
