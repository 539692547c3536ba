//! Numbers as people read them.

use domain::view::{Cell, State};

/// A number with a comma between thousands: `10,000`.
pub fn thousands(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `3 of 20`; without the second number when it is not known.
pub fn of(ready: u32, wanted: Option<u32>) -> String {
    match wanted {
        Some(wanted) => [&thousands(ready), " of ", &thousands(wanted)].concat(),
        None => "–".to_owned(),
    }
}

/// `2 of 3` of a component; `last 2 of 3` when that is what was seen of a cluster that does not answer now.
pub fn ready_of(cell: &Cell) -> String {
    let figure = of(cell.ready, cell.wanted);
    if cell.status.state == State::Unknown && cell.wanted.is_some() { format!("last {figure}") } else { figure }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_told_apart() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (10_000, "10,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
    }
}
