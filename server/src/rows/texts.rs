//! Texts that are many times the same, kept once.

use std::collections::HashSet;
use std::sync::Arc;

/// Unused texts are thrown away when there are more than this many texts, and twice as many as after the last time.
const SWEEP_AT: usize = 4096;

/// A set of shared texts.
#[derive(Default)]
pub struct Texts {
    texts: HashSet<Arc<str>>,
    kept: usize,
}

impl Texts {
    /// The shared text that equals this one.
    pub fn share(&mut self, text: Arc<str>) -> Arc<str> {
        if let Some(known) = self.texts.get(&text) {
            return known.clone();
        }
        if self.texts.len() > SWEEP_AT.max(2 * self.kept) {
            self.texts.retain(|text| Arc::strong_count(text) > 1);
            self.kept = self.texts.len();
        }
        self.texts.insert(text.clone());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_one_and_unused_ones_go() {
        let mut texts = Texts::default();
        let (a, b) = (texts.share("node-1".into()), texts.share("node-1".into()));
        assert!(Arc::ptr_eq(&a, &b));
        for number in 0..100_000 {
            texts.share(format!("{number}").into());
        }
        assert!(texts.texts.len() <= SWEEP_AT + 2, "{}", texts.texts.len());
        assert!(Arc::ptr_eq(&a, &texts.share("node-1".into())));
    }
}
