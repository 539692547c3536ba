//! The words that name a state on screen.

use crate::text::plain;
use crate::view::{State, Status};

macro_rules! words {
    ($($(#[$doc:meta])* $word:ident = $text:literal,)*) => {
        /// Every word that a rule of this crate gives a status. Sentences and advice match on it, so that a new word does
        /// not compile until it has them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Word {
            $($(#[$doc])* $word,)*
        }

        impl Word {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$word,)*];

            /// As it stands on screen.
            pub fn text(self) -> &'static str {
                match self {
                    $(Self::$word => $text,)*
                }
            }
        }
    };
}

words! {
    /// As it should be.
    Ready = "Ready",
    /// Containers are being made, or just were.
    Starting = "Starting",
    /// Runs, and takes no requests.
    NotReady = "Not ready",
    /// Ends again and again.
    CrashLoop = "Crash loop",
    /// An init container ends again and again.
    InitCrashLoop = "Init crash loop",
    /// Ended, and was not started again yet.
    Crashed = "Crashed",
    /// Used more memory than it may.
    OomKilled = "OOM killed",
    /// The image does not come.
    ImagePull = "Image pull",
    /// The container cannot be made as it is written.
    ConfigError = "Config error",
    /// No node takes it.
    Unschedulable = "Unschedulable",
    /// Nothing has happened yet.
    Pending = "Pending",
    /// Asked to go.
    Terminating = "Terminating",
    /// Should have gone.
    StuckTerminating = "Stuck terminating",
    /// Ended well.
    Completed = "Completed",
    /// Thrown off its node.
    Evicted = "Evicted",
    /// Ended badly as a whole.
    Failed = "Failed",
    /// Its node does not answer.
    NodeLost = "Node lost",
    /// Not known.
    Unknown = "Unknown",
    /// None wanted.
    Off = "Off",
    /// From one revision to the next.
    Rolling = "Rolling",
    /// From one number to another.
    Scaling = "Scaling",
    /// The rollout passed its deadline.
    StuckRollout = "Stuck rollout",
    /// Somebody holds the rollout.
    Paused = "Paused",
    /// Some pods stay at an older revision until somebody brings them over.
    HeldBack = "Held back",
    /// Pods are refused.
    ReplicaFailure = "Replica failure",
    /// Fewer than wanted, and no pod says why.
    FewReady = "Few ready",
    /// None exists.
    NoPods = "No pods",
    /// Declared, and not there.
    Missing = "Missing",
}

impl Word {
    /// The word of a status; `None` for a word that no rule gives.
    pub fn of(status: &Status) -> Option<Self> {
        Self::ALL.iter().copied().find(|word| word.text() == &*status.word)
    }

    /// A status with this word.
    pub(crate) fn status(self, state: State, why: impl Into<std::sync::Arc<str>>) -> Status {
        Status::new(state, self.text(), why)
    }
}

/// What stands before the number in every `why` that knows how a container ended.
const EXIT_CODE: &str = "exit code ";

/// `exit code 1`, as every rule writes it.
pub(super) fn exit_code(code: i32) -> String {
    format!("{EXIT_CODE}{code}")
}

/// The exit code that a `why` tells. Rows carry the sentence and not the number, and titles want the number: both ends of
/// this are in this file.
pub(crate) fn exit_code_in(why: &str) -> Option<i32> {
    let (_, rest) = why.split_once(EXIT_CODE)?;
    let end = rest.find(|c: char| !matches!(c, '0'..='9' | '-')).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// A message of the cluster as a sentence: safe to show, of bearable length, with a full stop.
pub(crate) fn full_stop(message: &str) -> String {
    let shown = plain(message.trim(), 240);
    let shown = shown.trim_end_matches(['.', ' ', '!']);
    if shown.is_empty() { String::new() } else { format!("{shown}.") }
}

/// A claim of ours with what the cluster says about it: `No node takes it: 3 Insufficient cpu.`
pub(crate) fn with_message(claim: &str, message: &str) -> String {
    let said = full_stop(message);
    if said.is_empty() { format!("{claim}.") } else { format!("{claim}: {said}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_one_to_three_words_and_found_again() {
        for word in Word::ALL {
            assert!((1..=3).contains(&word.text().split(' ').count()), "{word:?}");
            assert_eq!(Word::of(&word.status(State::Ready, "")), Some(*word));
        }
    }

    #[test]
    fn an_exit_code_is_read_as_it_was_written() {
        for code in [0, 1, 137, -1, i32::MIN, i32::MAX] {
            assert_eq!(exit_code_in(&format!("Container a ends with {} (killed).", exit_code(code))), Some(code));
        }
        for why in ["", "exit code", "exit code x", "exit code -"] {
            assert_eq!(exit_code_in(why), None, "{why:?}");
        }
    }

    #[test]
    fn a_message_becomes_one_sentence() {
        for (message, sentence) in
            [("no space", "no space."), ("Done. ", "Done."), ("", ""), ("a\u{1b}[1m", "a␛[1m."), ("Help!", "Help.")]
        {
            assert_eq!(full_stop(message), sentence);
        }
    }
}
