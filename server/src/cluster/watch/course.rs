//! What one run of a watch has proved, and how long its silence may last.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use domain::name::Namespace;
use tokio::time::Instant;

use crate::rows::Kind;

/// How long a list may take until what was read before is not the present, and how long a watch that was resumed after a break
/// may be silent until a list must tell.
const SETTLE: Duration = Duration::from_secs(3);
/// How long a server may take to answer when a watch is resumed.
const ANSWER: Duration = Duration::from_secs(5);
/// How long a watch may be silent: API servers send a bookmark each minute, and before they end a watch. Of events, which are not
/// cached and have none, and of what explains a state and decides none, it may be longer.
const SILENT: (Duration, Duration) = (Duration::from_secs(80), Duration::from_secs(300));
/// How long until a list in which something could not be read is asked for again.
const UNREAD_INTERVAL: Duration = Duration::from_secs(60);

/// What silence means that lasts too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// Of a list: what was read before it is not the present.
    NotThePresent,
    /// Nothing proves that the stream stands: a list must.
    ListAgain,
}

/// One run of a watch.
pub struct Course<'a> {
    /// What was seen of the list that is under way.
    pub list: Option<HashSet<(Option<Namespace>, Arc<str>)>>,
    /// Whether a list was completed in this run.
    pub complete: bool,
    /// Whether everything that was told since the list began could be read.
    whole: bool,
    /// Whether something broke since the last proof.
    broken: bool,
    /// When the server last told anything, also in an earlier run.
    proved: &'a mut Instant,
    silent: Duration,
    due: (Instant, Silence),
}

impl<'a> Course<'a> {
    /// A run that begins with a list.
    pub fn new(kind: Kind, proved: &'a mut Instant, now: Instant) -> Self {
        Self {
            list: None,
            complete: false,
            whole: true,
            broken: false,
            proved,
            silent: if kind.turns_states() { SILENT.0 } else { SILENT.1 },
            due: (now + SETTLE, Silence::NotThePresent),
        }
    }

    /// Until when it may be silent.
    pub fn due(&self) -> Instant {
        self.due.0
    }

    /// It was silent for too long: what that means.
    pub fn silent(&mut self, now: Instant) -> Silence {
        let (_, meaning) = self.due;
        self.due = (now + self.silent, Silence::ListAgain);
        meaning
    }

    /// How long the server has told nothing.
    pub fn quiet(&self, now: Instant) -> Duration {
        now.saturating_duration_since(*self.proved)
    }

    /// The server told something.
    pub fn proves(&mut self, now: Instant) {
        *self.proved = now;
        // While a list is under way, silence means what it meant when it began.
        if self.whole && (self.complete || self.due.1 == Silence::ListAgain) {
            self.due = (now + self.silent, Silence::ListAgain);
        }
    }

    /// The watch is asked for from where it was.
    pub fn opens(&mut self, now: Instant) {
        self.must_speak_by(now + ANSWER);
    }

    /// The server took the question, which proves no delivery: after a break something must come soon.
    pub fn opened(&mut self, now: Instant) {
        self.must_speak_by(if self.broken { now + SETTLE } else { *self.proved + self.silent });
    }

    /// It is tried again after something broke.
    pub fn tries_again(&mut self, now: Instant) {
        self.must_speak_by(now + if self.complete { ANSWER } else { self.silent });
    }

    fn must_speak_by(&mut self, at: Instant) {
        if self.whole {
            self.due = (at, Silence::ListAgain);
        }
    }

    /// Something broke.
    pub fn breaks(&mut self) {
        self.broken = true;
    }

    /// Something was told that cannot be read: a list must tell again, and not at once.
    pub fn misses_one(&mut self, now: Instant) {
        if self.whole {
            self.due = (now + UNREAD_INTERVAL, Silence::ListAgain);
        }
        self.whole = false;
    }

    /// A list is complete. Says whether all of it could be read, so that what was not in it is gone.
    pub fn listed(&mut self, now: Instant) -> bool {
        self.complete = true;
        self.proves(now);
        self.whole
    }

    /// Whether what was just told proves that all is held.
    pub fn comes_into_step(&mut self, listed: bool, proof: bool) -> bool {
        let proved = self.complete && self.list.is_none() && self.whole && (listed || proof && self.broken);
        if proved {
            self.broken = false;
        }
        proved
    }
}
