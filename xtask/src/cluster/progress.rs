//! What a person sees while a long step runs.

use std::time::Instant;

/// One step, timed from its start.
pub struct Progress {
    what: String,
    since: Instant,
}

impl Progress {
    /// Starts the clock of a step.
    pub fn start(what: impl Into<String>) -> Self {
        Self { what: what.into(), since: Instant::now() }
    }

    /// Starts the clock and says so, for steps that take more than a moment.
    pub fn announce(what: impl Into<String>) -> Self {
        let step = Self::start(what);
        println!("{} …", step.what);
        step
    }

    /// Says how far a step has come.
    pub fn tell(&self, how_far: &str) {
        println!("{}: {how_far}, {}", self.what, self.elapsed());
    }

    /// Says that the step is over and how long it took.
    pub fn done(&self, how: &str) {
        println!("{}: {how} after {}", self.what, self.elapsed());
    }

    fn elapsed(&self) -> String {
        spoken(self.since.elapsed().as_millis())
    }
}

/// A duration as a person says it: `0.4 s`, `12 s`, `5 min 7 s`.
fn spoken(milliseconds: u128) -> String {
    let seconds = milliseconds / 1000;
    if milliseconds < 10_000 {
        format!("{}.{} s", seconds, milliseconds % 1000 / 100)
    } else if seconds < 60 {
        format!("{seconds} s")
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_spoken_in_the_unit_that_fits() {
        for (milliseconds, expected) in
            [(0, "0.0 s"), (430, "0.4 s"), (9_999, "9.9 s"), (12_400, "12 s"), (307_000, "5 min 7 s")]
        {
            assert_eq!(spoken(milliseconds), expected);
        }
    }
}
