//! The one place that reads the time.

use jiff::Timestamp;

/// Now.
#[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is given")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// Now, in milliseconds since 1970.
pub fn now_ms() -> i64 {
    now().as_millisecond()
}

/// Now, in microseconds since 1970.
pub fn now_us() -> i64 {
    now().as_microsecond()
}
