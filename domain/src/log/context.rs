//! Which entries stand near enough to one that is wanted to be shown with it, as `grep -C` shows them.

/// Goes through the entries of one log, in their order, and says where each of them stands.
#[derive(Debug, Clone)]
pub struct Around {
    /// How many are shown on each side of one that is wanted.
    most: u32,
    /// How many right before the next one were not shown, as far as they may be shown with it.
    before: u32,
    /// How many of the next ones are shown with the last one that was wanted.
    after: u32,
    /// How many of the first ones may have been shown with one that stood before them.
    doubtful: u32,
}

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// It is wanted.
    Wanted {
        /// So many right before it are shown with it, and were not shown yet.
        before: u32,
    },
    /// It is shown with one before it.
    Near,
    /// It is not shown, unless one of the next is wanted.
    Apart,
}

impl Around {
    /// Nothing yet, with so many shown on each side.
    pub fn new(most: u32) -> Self {
        Self { most, before: 0, after: 0, doubtful: most }
    }

    /// Takes the next one in.
    pub fn next(&mut self, is_wanted: bool) -> Stand {
        if is_wanted {
            let before = std::mem::take(&mut self.before);
            (self.after, self.doubtful) = (self.most, 0);
            Stand::Wanted { before }
        } else if self.after > 0 {
            self.after -= 1;
            Stand::Near
        } else {
            self.before = self.before.saturating_add(1).min(self.most);
            Stand::Apart
        }
    }

    /// Takes one in that was gone through before: it was shown then where it is to be shown, and is not shown again.
    pub fn pass(&mut self, is_wanted: bool) {
        if self.next(is_wanted) == Stand::Apart && self.doubtful > 0 {
            self.doubtful -= 1;
            self.before = 0;
        }
    }

    /// What comes next stands near nothing that came before.
    pub fn part(&mut self) {
        *self = Self::new(self.most);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The places of those that are shown, in the order in which they are: of a text with a letter for each, where `x` is wanted and `|`
    /// parts its sides. Up to `passed` they were gone through before.
    fn shown(text: &str, most: u32, passed: usize) -> Vec<(usize, bool)> {
        let (mut around, mut shown) = (Around::new(most), Vec::new());
        for (place, letter) in text.chars().enumerate() {
            if letter == '|' {
                around.part();
            } else if place < passed {
                around.pass(letter == 'x');
            } else {
                match around.next(letter == 'x') {
                    Stand::Wanted { before } => {
                        shown.extend((place - before as usize..place).map(|place| (place, false)));
                        shown.push((place, true));
                    }
                    Stand::Near => shown.push((place, false)),
                    Stand::Apart => {}
                }
            }
        }
        shown
    }

    #[test]
    fn so_many_are_shown_on_each_side_and_none_twice() {
        for (text, most, passed, expected) in [
            ("..x..", 0, 0, "  x  "),
            ("...x...", 2, 0, " ..x.. "),
            ("x.x", 5, 0, "x.x"),
            ("x...x....x", 1, 0, "x. .x.  .x"),
            ("x...x", 2, 0, "x...x"),
            ("....", 3, 0, "    "),
            ("", 3, 0, ""),
            // Nothing is shown over what parts it.
            ("x.|.x", 3, 0, "x. .x"),
            ("..|x|..", 3, 0, "   x   "),
            // What was gone through before was shown then, but for what stood too far from all that was wanted.
            ("x.x.x", 1, 3, "   .x"),
            ("x.....x", 2, 4, "    ..x"),
            ("x....x", 2, 4, "   ..x"),
            ("....x", 2, 4, "  ..x"),
            ("...x", 2, 3, "  .x"),
            // One that was wanted may have stood before these.
            ("..x", 2, 2, "  x"),
            ("..|..x", 2, 5, "     x"),
        ] {
            let mut drawn: Vec<char> = " ".repeat(text.len()).chars().collect();
            for (place, is_wanted) in shown(text, most, passed) {
                drawn[place] = if is_wanted { 'x' } else { '.' };
            }
            assert_eq!(drawn.into_iter().collect::<String>(), expected, "{text} {most} {passed}");
        }
    }

    proptest! {
        #[test]
        fn each_comes_once_and_in_order(text in "[.]{0,9}([x|][.]{0,9}){0,9}", most in 0u32..25) {
            let letters: Vec<char> = text.chars().collect();
            let is_near = |place: usize, other: usize| {
                let (first, last) = (place.min(other), place.max(other));
                last - first <= most as usize && !letters[first..=last].contains(&'|')
            };
            let wanted = |place: usize| letters[place] == 'x';
            let expected: Vec<_> = (0..letters.len())
                .filter(|place| (0..letters.len()).any(|other| wanted(other) && is_near(*place, other)))
                .map(|place| (place, wanted(place)))
                .collect();
            prop_assert_eq!(shown(&text, most, 0), expected);
        }

        /// A page goes through a log up to somewhere; then it is gone through from later on.
        #[test]
        fn what_is_gone_through_twice_is_shown_once(
            text in "[.]{0,9}(x[.]{0,9}){0,9}",
            most in 0u32..12,
            (one, other) in (0usize..60, 0usize..60),
        ) {
            let (end, start) = (one.max(other).min(text.len()), one.min(other).min(text.len()));
            let page = shown(&text[..end], most, 0);
            let behind: Vec<_> =
                shown(&text[start..], most, end - start).into_iter().map(|(place, wanted)| (place + start, wanted)).collect();
            let whole = shown(&text, most, 0);
            prop_assert!(behind.iter().all(|one| whole.contains(one) && !page.contains(one)), "{:?} {:?}", page, behind);
            prop_assert!(behind.is_sorted_by(|one, other| one.0 < other.0));
            for one in whole.iter().filter(|(place, is_wanted)| *is_wanted && *place >= end) {
                prop_assert!(behind.contains(one));
            }
            // From the beginning on nothing is missing.
            if start == 0 && !page.is_empty() {
                let both: Vec<_> = page.iter().chain(&behind).copied().collect();
                prop_assert_eq!(both, whole);
            }
        }
    }
}
