//! Entries of many containers in one order: that of their times.

use domain::log::view::LogRow;

use super::size::Size;

/// How many bytes a change of colour takes.
const BESIDE: usize = 64;

/// What stands together: the lines of an entry, or a mark.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What is shown, in its order; never empty.
    pub rows: Vec<LogRow>,
    /// How many pieces were masked in them.
    pub masked: u32,
}

impl Item {
    /// When its first row stands, nanoseconds since 1970.
    pub fn at(&self) -> i64 {
        self.rows.first().map_or(0, LogRow::at)
    }

    /// Whether it is a mark.
    pub fn is_mark(&self) -> bool {
        matches!(self.rows.first(), Some(LogRow::Mark { .. }))
    }

    /// Whether it is an entry that is not wanted itself.
    pub fn is_context(&self) -> bool {
        matches!(self.rows.first(), Some(LogRow::Line(line)) if line.is_context)
    }

    /// The same, shown only for what it stands near.
    pub fn into_context(mut self) -> Self {
        for row in &mut self.rows {
            if let LogRow::Line(line) = row {
                line.is_context = true;
            }
        }
        self
    }

    /// How many bytes it takes on a page, about.
    pub fn bytes(&self) -> usize {
        let size = |row: &LogRow| match row {
            LogRow::Line(line) => line.text.len() + BESIDE * line.spans.len(),
            LogRow::Mark { text, .. } => text.len(),
        };
        self.rows.iter().map(size).sum()
    }
}

/// The newest entries of all parts so far.
struct Newest {
    size: Size,
    /// Each with the time by which it is put in order, and its place among equal times.
    items: Vec<((i64, u32, usize), Item)>,
}

impl Newest {
    /// None yet, of so many at most.
    fn new(size: Size) -> Self {
        Self { size, items: Vec::new() }
    }

    /// Takes what one container wrote, in its order: it stays in that order, whatever the container's clock did. `place` decides where the
    /// times are equal.
    fn add(&mut self, place: u32, part: Vec<Item>) {
        let mut latest = i64::MIN;
        for (count, item) in part.into_iter().enumerate() {
            latest = latest.max(item.at());
            self.items.push(((latest, place, count), item));
        }
        self.items.sort_by_key(|(key, _)| *key);
        self.trim(self.size);
    }

    /// Leaves the newest, as many as there is room for; whether older ones went.
    fn trim(&mut self, size: Size) -> bool {
        let Size { entries: most, bytes: most_bytes, rows: most_rows, .. } = size;
        let (mut all, mut entries, mut bytes, mut rows) = (0, 0, 0, 0);
        // The newest one is there whatever it is. Marks take nobody's place, and what stands near an entry takes no entry's.
        let fit = self.items.iter().rev().take_while(|(_, item)| {
            all += usize::from(!item.is_mark());
            entries += usize::from(!item.is_mark() && !item.is_context());
            bytes += item.bytes();
            rows += item.rows.len();
            all <= 1 || (entries <= most && bytes <= most_bytes && rows <= most_rows)
        });
        let first = self.items.len() - fit.count();
        self.items.drain(..first);
        first > 0
    }

    /// How many of them are wanted themselves.
    fn entries(&self) -> usize {
        self.items.iter().filter(|(_, item)| !item.is_mark() && !item.is_context()).count()
    }
}

/// The newest entries of several environments in one order, each with its share of the room: one that writes much leaves room to one that
/// is silent since it failed.
pub struct Shares {
    size: Size,
    shares: Vec<Newest>,
}

impl Shares {
    /// None yet, of so many at most, of so many environments.
    pub fn new(size: Size, environments: usize) -> Self {
        Self { size, shares: (0..environments).map(|_| Newest::new(size)).collect() }
    }

    /// Takes what one container of an environment wrote: see [`Newest::add`].
    pub fn add(&mut self, environment: usize, place: u32, part: Vec<Item>) {
        if let Some(newest) = self.shares.get_mut(environment) {
            newest.add(place, part);
        }
    }

    /// All of them, oldest first, and how many pieces are masked in them. Where older ones of an environment went, while another shows what
    /// was written then, a mark says so.
    pub fn rows(mut self) -> (Vec<LogRow>, u32) {
        let count = self.shares.len().max(1);
        let Size { bytes, rows, .. } = self.size;
        let mut left = self.size.entries;
        // Whoever needs less than an equal part leaves the rest to the others.
        let mut by_need: Vec<(usize, usize)> = self.shares.iter().map(Newest::entries).zip(0..).collect();
        by_need.sort_unstable();
        let mut firsts = Vec::new();
        for (turn, (need, environment)) in by_need.into_iter().enumerate() {
            let entries = need.min(left / (count - turn));
            left -= entries;
            let Some(newest) = self.shares.get_mut(environment) else { continue };
            let is_cut = newest.trim(Size { entries, bytes: bytes / count, rows: rows / count, ..self.size });
            let first = newest.items.first().map(|((at, place, _), _)| (*at, *place));
            firsts.extend(first.map(|first| (first, is_cut)));
        }
        let oldest = firsts.iter().map(|((at, _), _)| *at).min();
        let marks = firsts.into_iter().filter(|((at, _), is_cut)| *is_cut && oldest.is_some_and(|oldest| oldest < *at));
        let text = "Older lines from here are left out: each environment has its share of the room.";
        let mark = |at, source| Item { rows: vec![LogRow::Mark { at, source, text: text.into() }], masked: 0 };
        // Before all that is of its place and time.
        let marks: Vec<_> = marks.map(|((at, place), _)| ((at, 0, 0, 0), mark(at, place))).collect();
        let items = self.shares.into_iter().flat_map(|newest| newest.items);
        let mut all: Vec<_> =
            items.map(|((at, place, count), item)| ((at, 1, place, count), item)).chain(marks).collect();
        all.sort_by_key(|(key, _)| *key);
        let masked = all.iter().map(|(_, item)| item.masked).sum();
        (all.into_iter().flat_map(|(_, item)| item.rows).collect(), masked)
    }
}

#[cfg(test)]
mod tests {
    use domain::log::level::Level;
    use domain::log::query::LogQuery;
    use domain::log::view::LogLine;

    use super::*;

    fn item(source: u32, at: i64, lines: usize) -> Item {
        let row = |line: usize| {
            LogRow::Line(LogLine {
                at,
                source,
                level: Level::Unknown,
                text: format!("{source}.{at}.{line}").into(),
                spans: Vec::new(),
                hits: Vec::new(),
                left_out: 0,
                continues: line > 0,
                is_context: false,
            })
        };
        Item { rows: (0..lines).map(row).collect(), masked: 1 }
    }

    fn mark(source: u32, at: i64) -> Item {
        Item { rows: vec![LogRow::Mark { at, source, text: format!("{source} ended").into() }], masked: 0 }
    }

    fn newest(parts: Vec<Vec<Item>>, at_most: u32) -> (Vec<String>, u32) {
        let size = Size { entries: at_most as usize, ..Size::of_page(&LogQuery::default()) };
        texts(parts.into_iter().map(|part| (0, part)).collect(), size, 1)
    }

    /// What is shown of parts, each of an environment.
    fn texts(parts: Vec<(usize, Vec<Item>)>, size: Size, environments: usize) -> (Vec<String>, u32) {
        let mut shares = Shares::new(size, environments);
        // In whichever order they are answered.
        for (place, (environment, part)) in (0u32..).zip(parts).collect::<Vec<_>>().into_iter().rev() {
            shares.add(environment, place, part);
        }
        let (rows, masked) = shares.rows();
        let text = |row: LogRow| match row {
            LogRow::Mark { text, .. } => text.to_string(),
            LogRow::Line(line) => line.text.to_string(),
        };
        (rows.into_iter().map(text).collect(), masked)
    }

    #[test]
    fn the_newest_come_in_the_order_of_their_times() {
        let parts = vec![vec![item(0, 1, 1), item(0, 4, 2)], vec![item(1, 2, 1), item(1, 4, 1), item(1, 5, 1)]];
        let all = ["0.1.0", "1.2.0", "0.4.0", "0.4.1", "1.4.0", "1.5.0"];
        assert_eq!(newest(parts.clone(), 10), (all.map(str::to_owned).to_vec(), 5));
        // What belongs together stays together, and counts as one.
        assert_eq!(newest(parts.clone(), 3).0, all[2..]);
        assert_eq!(newest(parts, 1).0, all[5..]);
        assert_eq!(newest(Vec::new(), 3), (Vec::new(), 0));
    }

    #[test]
    fn who_writes_much_leaves_room_to_who_is_silent() {
        let size = |entries| Size { entries, ..Size::of_page(&LogQuery::default()) };
        let loud: Vec<Item> = (10..20).map(|at| item(1, at, 1)).collect();
        let silent = || vec![item(0, 1, 1), item(0, 2, 1)];
        let mark = "Older lines from here are left out: each environment has its share of the room.";
        let shown = |entries| texts(vec![(0, silent()), (1, loud.clone())], size(entries), 2).0;
        assert_eq!(shown(5), ["0.1.0", "0.2.0", mark, "1.17.0", "1.18.0", "1.19.0"]);
        assert_eq!(shown(2), ["0.2.0", mark, "1.19.0"]);
        assert_eq!(shown(12).len(), 12);
        // Nothing is missing between what both show.
        let both = texts(vec![(0, silent()), (1, vec![item(1, 1, 1), item(1, 3, 1)])], size(2), 2).0;
        assert_eq!(both, ["0.2.0", mark, "1.3.0"]);
        // Of one environment all of the room.
        assert_eq!(texts(vec![(0, silent()), (0, loud.clone())], size(5), 1).0.len(), 5);
    }

    #[test]
    fn a_clock_that_was_set_back_reorders_nothing() {
        let parts = vec![vec![item(0, 10, 1), item(0, 3, 1), item(0, 11, 1)], vec![item(1, 5, 1)]];
        assert_eq!(newest(parts, 10).0, ["1.5.0", "0.10.0", "0.3.0", "0.11.0"]);
    }

    #[test]
    fn a_mark_stands_behind_its_own_lines_and_takes_no_place() {
        let parts = vec![vec![item(0, 5, 1), mark(0, 4)], vec![item(1, 6, 1)]];
        assert_eq!(newest(parts.clone(), 10).0, ["0.5.0", "0 ended", "1.6.0"]);
        assert_eq!(newest(parts, 1).0, ["0 ended", "1.6.0"]);
    }

    #[test]
    fn a_long_entry_pushes_only_older_ones_out() {
        let parts = vec![vec![item(0, 1, 1), item(0, 2, 250), item(0, 3, 1)]];
        assert_eq!(newest(parts, 2).0.len(), 251);
        let parts = vec![vec![item(0, 1, 1), item(0, 2, 5_000), item(0, 3, 1)]];
        assert_eq!(newest(parts, 10).0, ["0.3.0"]);
        assert_eq!(newest(vec![vec![item(0, 2, 5_000 + 1)]], 10).0.len(), 5_000 + 1);
    }

    #[test]
    fn what_stands_around_takes_no_entrys_place_but_its_bytes_and_rows() {
        let near = |at| item(0, at, 1).into_context();
        let parts = vec![vec![near(1), item(0, 2, 1), near(3), near(4), item(0, 5, 1), near(6)], vec![item(1, 4, 1)]];
        let all = ["0.1.0", "0.2.0", "0.3.0", "0.4.0", "1.4.0", "0.5.0", "0.6.0"];
        assert_eq!(newest(parts.clone(), 3).0, all);
        assert_eq!(newest(parts.clone(), 2).0, all[2..]);
        assert_eq!(newest(parts, 1).0, all[5..]);
        let long = vec![vec![item(0, 1, 1), item(0, 2, 5_000).into_context(), item(0, 3, 1)]];
        assert_eq!(newest(long, 10).0, ["0.3.0"]);
        let many = vec![(0..6_000).map(near).collect(), vec![item(1, -1, 1)]];
        assert_eq!(newest(many, 10).0.len(), 5_000);
    }
}
