//! Why something that was asked over the network did not answer, as a sentence that holds no address and no secret.

use super::{Verdict, said};

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing came within so many seconds.
    Slow(u64),
    /// The name has no address.
    Unresolved,
    /// It leads to an address that is never asked: what kind of one.
    Refused(&'static str),
    /// No connection, or it broke. What the system said.
    Connection(String),
    /// The connection could not be secured. What was said.
    Tls(String),
    /// More came than is read: so many bytes.
    Large(usize),
    /// What came is not what such a program says.
    Garbled,
    /// The credential cannot be read, which is our side: why.
    Credential(String),
}

impl Trouble {
    /// What is found of `whom`, with a capital letter: `PostgreSQL`, `The API`.
    pub fn verdict(&self, whom: &str) -> Verdict {
        match self {
            Self::Slow(seconds) => Verdict::failed(format!("{whom} does not answer within {seconds} s.")),
            Self::Unresolved => Verdict::failed(format!("{whom} cannot be found: its name has no address.")),
            Self::Refused(kind) => Verdict::unknown(format!(
                "{whom} was not asked: its name leads to {kind}, which Quarterdeck never asks. Correct it in the registry."
            )),
            Self::Connection(cause) => Verdict::failed(format!("{whom} cannot be reached: {}.", said(cause))),
            Self::Tls(cause) => Verdict::failed(format!("{whom} cannot be trusted: {}.", said(cause))),
            Self::Large(bytes) => Verdict::failed(format!("{whom} answers with more than {bytes} bytes.")),
            Self::Garbled => Verdict::failed(format!("{whom} answers with something that is not its language.")),
            Self::Credential(cause) => {
                Verdict::unknown(format!("{whom} was not asked: its credential cannot be read: {}.", said(cause)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Outcome;

    #[test]
    fn each_trouble_is_a_sentence_and_what_is_our_side_is_not_known() {
        for (trouble, outcome, sentence) in [
            (Trouble::Slow(5), Outcome::Failed, "Redis does not answer within 5 s."),
            (Trouble::Unresolved, Outcome::Failed, "Redis cannot be found: its name has no address."),
            (
                Trouble::Refused("a loopback address"),
                Outcome::Unknown,
                "Redis was not asked: its name leads to a loopback address, which Quarterdeck never asks. Correct it in the \
                 registry.",
            ),
            (
                Trouble::Connection("Connection refused (os error 111).\n".into()),
                Outcome::Failed,
                "Redis cannot be reached: Connection refused (os error 111).",
            ),
            (Trouble::Tls("UnknownIssuer".into()), Outcome::Failed, "Redis cannot be trusted: UnknownIssuer."),
            (Trouble::Large(65536), Outcome::Failed, "Redis answers with more than 65536 bytes."),
            (Trouble::Garbled, Outcome::Failed, "Redis answers with something that is not its language."),
            (
                Trouble::Credential("the variable A is not set".into()),
                Outcome::Unknown,
                "Redis was not asked: its credential cannot be read: the variable A is not set.",
            ),
        ] {
            let verdict = trouble.verdict("Redis");
            assert_eq!((verdict.outcome, &*verdict.sentence), (outcome, sentence));
        }
    }
}
