//! What one viewer is shown of a container: the entries that are wanted, so many around each, and marks.

use std::sync::Arc;

use domain::log::context::{Around, Stand};

use super::ring::{Held, Taken};

/// Goes through the entries of a container, in their order.
#[derive(Debug)]
pub struct Sieve {
    around: Around,
}

impl Sieve {
    /// Nothing yet, with so many shown around each that is wanted.
    pub fn new(around: u32) -> Self {
        Self { around: Around::new(around) }
    }

    /// The next one was gone through when the page was read.
    pub fn pass(&mut self, held: &Held, wants: impl FnOnce(&Held) -> bool) {
        match held.is_mark() {
            true => self.around.part(),
            false => self.around.pass(wants(held)),
        }
    }

    /// Some went before they were looked at.
    pub fn lost(&mut self) {
        self.around.part();
    }

    /// Takes the next one, whose number this is, and shows what is to be shown by then: what is not wanted itself with `true`. `read` gives
    /// entries from a number on, so many at most: what may be shown later is kept nowhere but where it is.
    pub fn take(
        &mut self,
        (number, held): (u64, Arc<Held>),
        wants: impl FnOnce(&Held) -> bool,
        read: impl FnOnce(u64, usize) -> Taken,
        show: &mut impl FnMut(Arc<Held>, bool),
    ) {
        if held.is_mark() {
            // Another run, or lines that are missing.
            self.around.part();
            return show(held, false);
        }
        match self.around.next(wants(&held)) {
            Stand::Wanted { before } => {
                if before > 0 {
                    let first = number.saturating_sub(u64::from(before));
                    let Taken { lost, entries, .. } = read(first, before as usize);
                    let left = u64::from(before).saturating_sub(lost);
                    entries
                        .into_iter()
                        .take(usize::try_from(left).unwrap_or_default())
                        .for_each(|held| show(held, true));
                }
                show(held, false);
            }
            Stand::Near => show(held, true),
            Stand::Apart => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::log::follow::Position;
    use domain::log::level::Level;
    use domain::log::view::{LogLine, LogRow};
    use proptest::prelude::*;
    use tokio::time::Instant;

    use super::super::merge::Item;
    use super::super::ring::Ring;
    use super::*;

    fn held(number: usize, letter: char) -> Held {
        let at = i64::try_from(number).unwrap();
        let row = match letter {
            '|' => LogRow::Mark { at, source: 0, text: "|".into() },
            letter => LogRow::Line(LogLine {
                at,
                source: 0,
                level: Level::Unknown,
                text: letter.to_string().into(),
                spans: Vec::new(),
                hits: Vec::new(),
                left_out: 0,
                continues: false,
                is_context: false,
            }),
        };
        let item = Item { rows: vec![row], masked: 0 };
        Held { item, worst: Level::Unknown, at, position: Position::default(), arrived: Instant::now(), unseen: 0 }
    }

    fn wants(held: &Held) -> bool {
        held.texts().any(|text| text == "x")
    }

    /// The numbers of those that are shown, and whether each is wanted or a mark: of a log of which `x` is wanted and `|` is a mark, in a
    /// ring with room for so many, so many of which are read after each that comes.
    fn shown(letters: &str, around: u32, room: usize, steps: &[usize]) -> Vec<(usize, bool)> {
        let (mut ring, mut sieve) = (Ring::default(), Sieve::new(around));
        let (mut next, mut shown) = (0, Vec::new());
        let steps = steps.iter().copied().cycle().take(letters.len()).chain([usize::MAX]);
        let mut letters = letters.chars().enumerate();
        for most in steps {
            if let Some((number, letter)) = letters.next() {
                let held = held(number, letter);
                let each = held.bytes();
                ring.push(held, room * each);
            }
            let taken = ring.read(next, most);
            if taken.entries.is_empty() {
                continue;
            }
            if taken.lost > 0 {
                sieve.lost();
                next += taken.lost;
            }
            for held in taken.entries {
                sieve.take((next, held), wants, |from, most| ring.read(from, most), &mut |held, is_context| {
                    shown.push((usize::try_from(held.at).unwrap(), !is_context));
                });
                next += 1;
            }
        }
        shown
    }

    #[test]
    fn those_around_one_that_is_wanted_are_shown_with_it() {
        for (letters, around, room, steps, expected) in [
            ("..x..x", 0, 99, &[1][..], "  x  x"),
            ("...x....", 2, 99, &[1], " --x-- "),
            ("...x....", 2, 99, &[0, 3], " --x-- "),
            ("x.x...x", 1, 99, &[1], "x-x- -x"),
            // A mark is shown, and nothing over it.
            (".|.x.|.", 5, 99, &[1], " |-x-| "),
            // What went before it was wanted is not shown.
            ("...x", 3, 3, &[1], " --x"),
            // What went before it was looked at stands between.
            ("..x...x", 2, 2, &[0], "     -x"),
            ("x.....x", 5, 2, &[1, 0, 0, 0, 0, 0], "x    -x"),
            ("x.....", 2, 2, &[1, 0, 0, 0, 0, 0], "x"),
        ] {
            let mut drawn = " ".repeat(letters.len()).into_bytes();
            for (number, is_wanted) in shown(letters, around, room, steps) {
                drawn[number] = if is_wanted { letters.as_bytes()[number] } else { b'-' };
            }
            let drawn = String::from_utf8(drawn).unwrap();
            assert_eq!(drawn.trim_end(), expected.trim_end(), "{letters} {around}");
        }
    }

    proptest! {
        #[test]
        fn each_comes_once_and_in_order_however_it_is_read(
            letters in "[.]{0,9}([x|][.]{0,9}){0,9}",
            around in 0u32..25,
            room in prop_oneof![1usize..30, Just(1_000)],
            steps in prop::collection::vec(prop_oneof![3 => Just(0usize), 2 => 0usize..9], 1..9),
        ) {
            let all = shown(&letters, around, 1_000, &[usize::MAX]);
            let some = shown(&letters, around, room, &steps);
            prop_assert!(some.is_sorted_by(|one, other| one.0 < other.0), "{:?}", some);
            prop_assert!(some.iter().all(|one| all.contains(one)));
            if room == 1_000 {
                prop_assert_eq!(some, all);
            }
        }
    }
}
