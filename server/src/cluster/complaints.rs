//! What is said of a cluster that does not answer: each change once, and the same again once a minute.

use std::time::Duration;

use tokio::time::Instant;

/// Time between two lines that say the same.
const AGAIN: Duration = Duration::from_secs(60);

/// What was complained of last, and when.
#[derive(Debug, Default)]
pub struct Complaints {
    last: Option<(String, Instant)>,
}

impl Complaints {
    /// Whether a complaint is worth a line.
    pub fn is_news(&mut self, trouble: &str) -> bool {
        let said = self.last.as_ref().is_some_and(|(last, at)| last == trouble && at.elapsed() < AGAIN);
        if !said {
            self.last = Some((trouble.to_owned(), Instant::now()));
        }
        !said
    }

    /// All is well; says whether that is news.
    pub fn end(&mut self) -> bool {
        self.last.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_same_is_said_once_a_minute_and_a_change_at_once() {
        let mut complaints = Complaints::default();
        assert!(!complaints.end());
        let mut lines = Vec::new();
        for second in 0..150 {
            let trouble = if second < 130 { "refused" } else { "not ready" };
            if complaints.is_news(trouble) {
                lines.push(second);
            }
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!(lines, [0, 60, 120, 130]);
        assert!(complaints.end() && !complaints.end());
        assert!(complaints.is_news("refused"));
    }
}
