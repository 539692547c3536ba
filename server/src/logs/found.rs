//! How many entries matched since a page was read, by what was looked at and by what the page was given.

use domain::log::follow::Matched;

/// How many matched of each source, by its place.
#[derive(Debug)]
pub struct Found {
    places: Vec<Count>,
    /// How many had matched before, of all.
    before: Matched,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    looked_at: u64,
    given: u64,
}

impl Found {
    /// Nothing yet of so many sources, after so many that matched before.
    pub fn new(places: usize, before: Matched) -> Self {
        Self { places: vec![Count::default(); places], before }
    }

    /// There is another source.
    pub fn push(&mut self) {
        self.places.push(Count::default());
    }

    /// One more matched.
    pub fn add(&mut self, place: u32) {
        if let Some(count) = self.places.get_mut(place as usize) {
            count.looked_at += 1;
        }
    }

    /// How many of a source matched so far.
    pub fn of(&self, place: u32) -> u64 {
        self.places.get(place as usize).map_or(0, |count| count.looked_at)
    }

    /// Some went before they were looked at.
    pub fn lost(&mut self) {
        self.before.at_least = true;
    }

    /// The page is given a source up to where so many of it matched.
    pub fn give(&mut self, place: u32, matched: u64) {
        if let Some(count) = self.places.get_mut(place as usize) {
            count.given = matched;
        }
    }

    /// How many of those matched that were looked at.
    pub fn looked_at(&self) -> Matched {
        self.sum(|count| count.looked_at)
    }

    /// How many matched up to where the page was given everything: who comes back goes on from there.
    pub fn given(&self) -> Matched {
        self.sum(|count| count.given)
    }

    fn sum(&self, count: impl Fn(&Count) -> u64) -> Matched {
        let Matched { entries, at_least, masked } = self.before;
        let more: u64 = self.places.iter().map(count).sum();
        Matched { entries: entries.saturating_add(u32::try_from(more).unwrap_or(u32::MAX)), at_least, masked }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_known_stays_so() {
        let mut found = Found::new(1, Matched { entries: 3, at_least: false, masked: 0 });
        found.push();
        [0, 1, 1].into_iter().for_each(|place| found.add(place));
        found.give(1, 1);
        assert_eq!(found.looked_at(), Matched { entries: 6, at_least: false, masked: 0 });
        assert_eq!(found.given(), Matched { entries: 4, at_least: false, masked: 0 });
        found.lost();
        assert_eq!(Found::new(2, found.given()).looked_at(), Matched { entries: 4, at_least: true, masked: 0 });
        let many = Found::new(0, Matched { entries: u32::MAX, at_least: false, masked: 0 });
        assert_eq!(many.given().entries, u32::MAX);
    }

    proptest! {
        /// Of each source so many are looked at, then given as far as the page takes them, and now and then it is cut off: what it was not
        /// given is looked at again.
        #[test]
        fn who_was_cut_off_counts_nothing_twice(
            steps in prop::collection::vec((0u32..3, 0u64..9, prop::option::of(0u64..9), any::<bool>()), 0..60),
        ) {
            let mut found = Found::new(3, Matched::default());
            // Which entry of each source comes next, and up to where the page was given them: every third matches.
            let (mut next, mut given) = ([0u64; 3], [0u64; 3]);
            let matching = |numbers: std::ops::Range<u64>| numbers.filter(|number| number % 3 == 0).count() as u64;
            for (place, more, taken, is_cut) in steps {
                let own = place as usize;
                for _ in 0..more {
                    if next[own] % 3 == 0 {
                        found.add(place);
                    }
                    next[own] += 1;
                }
                if let Some(taken) = taken {
                    let up_to = (given[own] + taken).min(next[own]);
                    found.give(place, found.of(place) - matching(up_to..next[own]));
                    given[own] = up_to;
                }
                if is_cut {
                    found = Found::new(3, found.given());
                    next = given;
                }
                let expected: u64 = next.iter().map(|next| matching(0..*next)).sum();
                prop_assert_eq!(u64::from(found.looked_at().entries), expected);
            }
        }
    }
}
