//! How many entries there were over time and how bad they were, for a chart of bars.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use super::level::Level;

/// The most bars of a chart.
pub const MOST_BARS: usize = 120;

/// How many seconds a bar may be long. Each divides the next, so that bars become longer ones without anything being counted anew;
/// with the last one all that 64 bits of nanoseconds can say are 44 bars.
const STEPS: [u32; 18] = [
    1,
    5,
    10,
    30,
    60,
    5 * 60,
    10 * 60,
    30 * 60,
    HOUR,
    6 * HOUR,
    DAY,
    5 * DAY,
    10 * DAY,
    50 * DAY,
    100 * DAY,
    500 * DAY,
    1_000 * DAY,
    5_000 * DAY,
];
const HOUR: u32 = 3_600;
const DAY: u32 = 24 * HOUR;

const NANOSECONDS: i64 = 1_000_000_000;

/// How many entries there were, by time and level. It never holds more than [`MOST_BARS`] bars: they become longer instead. What it
/// holds depends on what was counted alone, not on the order of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// How long a bar is: the place among [`STEPS`], the shortest with which all of them fit.
    step: usize,
    /// The bars that are not empty, by their place on the axis of time: so many steps after 1970.
    bars: BTreeMap<i64, Tally>,
}

/// How many entries there are of each group of levels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Errors, those that end the program among them.
    pub errors: u64,
    /// Warnings.
    pub warnings: u64,
    /// All the others, those that do not say how bad they are among them.
    pub others: u64,
}

/// A chart of entries over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct Chart {
    /// How long a bar is, in seconds.
    pub step_seconds: u32,
    /// The bars, oldest first, from the first to the last that counts something, the empty ones between them too.
    pub bars: Vec<Bar>,
}

/// The entries of one stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bar {
    /// Its first second, since 1970: a multiple of the step.
    pub start: i64,
    /// How many there are.
    pub tally: Tally,
}

impl Tally {
    fn one(level: Level) -> Self {
        let mut tally = Self::default();
        *match level {
            Level::Fatal | Level::Error => &mut tally.errors,
            Level::Warn => &mut tally.warnings,
            Level::Info | Level::Debug | Level::Trace | Level::Unknown => &mut tally.others,
        } = 1;
        tally
    }

    /// How many there are of all groups.
    pub fn all(self) -> u64 {
        self.errors + self.warnings + self.others
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.errors += more.errors;
        self.warnings += more.warnings;
        self.others += more.others;
    }
}

impl Counts {
    /// Counts an entry, by its time in nanoseconds since 1970.
    pub fn add(&mut self, at: i64, level: Level) {
        self.put(at.div_euclid(NANOSECONDS).div_euclid(self.step_seconds()), Tally::one(level));
        self.fit();
    }

    /// Counts what others counted.
    pub fn merge(&mut self, mut other: Self) {
        let step = self.step.max(other.step);
        self.widen(step);
        other.widen(step);
        for (place, tally) in other.bars {
            self.put(place, tally);
        }
        self.fit();
    }

    /// The chart of what was counted so far.
    pub fn chart(&self) -> Chart {
        let step = self.step_seconds();
        let ends = self.bars.keys().next().zip(self.bars.keys().next_back());
        let bars = ends.map_or_else(Vec::new, |(first, last)| {
            let tally = |place: i64| self.bars.get(&place).copied().unwrap_or_default();
            (*first..=*last).map(|place| Bar { start: place * step, tally: tally(place) }).collect()
        });
        Chart { step_seconds: STEPS[self.step], bars }
    }

    fn step_seconds(&self) -> i64 {
        i64::from(STEPS[self.step])
    }

    fn put(&mut self, place: i64, tally: Tally) {
        *self.bars.entry(place).or_default() += tally;
    }

    /// Makes the bars longer until a chart has room for all of them.
    fn fit(&mut self) {
        while self.step + 1 < STEPS.len() && self.length() > MOST_BARS as i64 {
            self.widen(self.step + 1);
        }
    }

    /// How many bars there are from the first to the last.
    fn length(&self) -> i64 {
        let ends = self.bars.keys().next().zip(self.bars.keys().next_back());
        ends.map_or(0, |(first, last)| last - first + 1)
    }

    fn widen(&mut self, step: usize) {
        let before = self.step_seconds();
        self.step = step;
        let times = self.step_seconds() / before;
        if times > 1 {
            for (place, tally) in std::mem::take(&mut self.bars) {
                self.put(place.div_euclid(times), tally);
            }
        }
    }
}

impl Extend<(i64, Level)> for Counts {
    fn extend<All: IntoIterator<Item = (i64, Level)>>(&mut self, entries: All) {
        entries.into_iter().for_each(|(at, level)| self.add(at, level));
    }
}

impl FromIterator<(i64, Level)> for Counts {
    fn from_iter<All: IntoIterator<Item = (i64, Level)>>(entries: All) -> Self {
        let mut counts = Self::default();
        counts.extend(entries);
        counts
    }
}

#[cfg(test)]
mod tests;
