//! Why a watch does not go on.

use std::error::Error;

use domain::text::plain;

use super::super::limit::TooLong;

/// The most characters of a server's own words that are kept.
const WORDS: usize = 200;

/// Why a watch does not go on. Its text is for the log.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The server says no, as an answer or inside the watch.
    #[error("HTTP {code}: {words}")]
    Refused {
        /// The HTTP status.
        code: u16,
        /// Its words, made safe to show.
        words: String,
    },
    /// No answer, or one that broke off.
    #[error("{0}")]
    Broken(String),
    /// More than is read.
    #[error("{0}")]
    TooLong(TooLong),
    /// A list ended before it was whole.
    #[error("a list ended before it was whole")]
    HalfAList,
    /// A list without a version, which nothing can be resumed from.
    #[error("a list without a version")]
    NoVersion,
    /// What came is no answer to what was asked.
    #[error("an answer that no API server gives")]
    Nonsense,
}

impl Trouble {
    /// The HTTP status, if the server said no.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            Self::Broken(_) | Self::TooLong(_) | Self::HalfAList | Self::NoVersion | Self::Nonsense => None,
        }
    }
}

impl From<kube::Error> for Trouble {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => {
                Self::Refused { code: status.code, words: plain(&status.message, WORDS).into_owned() }
            }
            error => broken(&error),
        }
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        broken(&error)
    }
}

/// The innermost cause, made safe to show.
fn broken(error: &(dyn Error + 'static)) -> Trouble {
    if let Some(too_long) = TooLong::behind(error) {
        return Trouble::TooLong(too_long);
    }
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    Trouble::Broken(plain(&cause.to_string(), WORDS).into_owned())
}
