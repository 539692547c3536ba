//! Texts that are many times the same, kept once.

use std::collections::HashSet;
use std::sync::Arc;

/// Unused texts are thrown away when there are more than this many texts, or bytes of them, and twice as many as after the last
/// time.
const SWEEP_AT: (usize, usize) = (4096, 256 << 10);

/// A set of shared texts.
#[derive(Default)]
pub struct Texts {
    texts: HashSet<Arc<str>>,
    bytes: usize,
    /// How many there were, and how many bytes of them, after the last sweep.
    kept: (usize, usize),
}

impl Texts {
    /// The shared text that equals this one.
    pub fn share(&mut self, text: Arc<str>) -> Arc<str> {
        if let Some(known) = self.texts.get(&text) {
            return known.clone();
        }
        if self.texts.len() > SWEEP_AT.0.max(2 * self.kept.0) || self.bytes > SWEEP_AT.1.max(2 * self.kept.1) {
            self.sweep();
        }
        self.bytes += text.len();
        self.texts.insert(text.clone());
        text
    }

    /// How many there are.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.texts.len()
    }

    /// Throws away what nobody uses. Whoever deletes much and adds nothing would keep it otherwise: called now and then.
    pub fn sweep(&mut self) {
        self.texts.retain(|text| Arc::strong_count(text) > 1);
        if self.texts.capacity() > 4 * self.texts.len().max(SWEEP_AT.0) {
            self.texts.shrink_to_fit();
        }
        self.bytes = self.texts.iter().map(|text| text.len()).sum();
        self.kept = (self.texts.len(), self.bytes);
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
        assert!(texts.texts.len() <= SWEEP_AT.0 + 2, "{}", texts.texts.len());
        for number in 0..10_000 {
            texts.share(format!("{number}{}", "x".repeat(600)).into());
        }
        assert!(texts.bytes <= SWEEP_AT.1 + 700, "{}", texts.bytes);
        texts.sweep();
        assert_eq!(texts.texts.len(), 1);
        assert!(Arc::ptr_eq(&a, &texts.share("node-1".into())));
    }
}
