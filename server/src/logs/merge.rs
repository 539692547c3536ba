//! Entries of many containers in one order: that of their times.

use domain::log::view::LogRow;

/// Lines that belong together: a line and those that go on with it, or a mark.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What is shown, in its order; never empty.
    pub rows: Vec<LogRow>,
    /// How many pieces were masked in them.
    pub masked: u32,
}

impl Item {
    fn at(&self) -> i64 {
        self.rows.first().map_or(0, LogRow::at)
    }
}

/// The newest rows of all, oldest first, and how many pieces are masked in them. Each part is in the order in which its container wrote,
/// and stays so, whatever its clock did. What belongs together is not torn apart, as long as it is not itself too long.
pub fn newest(parts: Vec<Vec<Item>>, at_most: u32) -> (Vec<LogRow>, u32) {
    let at_most = at_most as usize;
    let mut items: Vec<(i64, Item)> = Vec::new();
    for part in parts {
        let mut latest = i64::MIN;
        for item in part {
            latest = latest.max(item.at());
            items.push((latest, item));
        }
    }
    // Stable: what was written at the same time stays in the order of its container.
    items.sort_by_key(|(at, _)| *at);
    let mut kept = 0;
    let fit = items.iter().rev().take_while(|(_, item)| {
        kept += item.rows.len();
        kept <= at_most
    });
    let first = items.len() - fit.count().max(usize::from(!items.is_empty()));
    let mut rows = Vec::new();
    let mut masked = 0;
    for (_, item) in items.drain(first..) {
        masked += item.masked;
        rows.extend(item.rows);
    }
    if rows.len() > at_most {
        rows.truncate(at_most);
    }
    (rows, masked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(source: u32, at: i64, lines: usize) -> Item {
        let row = |line: usize| LogRow::Mark { at, source, text: format!("{source}.{at}.{line}").into() };
        Item { rows: (0..lines).map(row).collect(), masked: 1 }
    }

    fn texts(rows: &[LogRow]) -> Vec<&str> {
        rows.iter()
            .map(|row| match row {
                LogRow::Mark { text, .. } => &**text,
                LogRow::Line(line) => &line.text,
            })
            .collect()
    }

    #[test]
    fn the_newest_come_in_the_order_of_their_times() {
        let parts = vec![vec![item(0, 1, 1), item(0, 4, 2)], vec![item(1, 2, 1), item(1, 3, 1), item(1, 5, 1)]];
        let (rows, masked) = newest(parts.clone(), 10);
        assert_eq!(texts(&rows), ["0.1.0", "1.2.0", "1.3.0", "0.4.0", "0.4.1", "1.5.0"]);
        assert_eq!(masked, 5);
        // What belongs together stays together: there is room for a half of it.
        assert_eq!(texts(&newest(parts.clone(), 2).0), ["1.5.0"]);
        assert_eq!(texts(&newest(parts, 3).0), ["0.4.0", "0.4.1", "1.5.0"]);
        assert_eq!(newest(Vec::new(), 3), (Vec::new(), 0));
    }

    #[test]
    fn a_clock_that_was_set_back_reorders_nothing() {
        let parts = vec![vec![item(0, 10, 1), item(0, 3, 1), item(0, 11, 1)], vec![item(1, 5, 1)]];
        assert_eq!(texts(&newest(parts, 10).0), ["1.5.0", "0.10.0", "0.3.0", "0.11.0"]);
    }

    #[test]
    fn an_entry_longer_than_the_page_shows_its_beginning() {
        let (rows, _) = newest(vec![vec![item(0, 1, 9)]], 3);
        assert_eq!(texts(&rows), ["0.1.0", "0.1.1", "0.1.2"]);
    }
}
