//! Random texts: keys of sessions, one-time links, first passwords.

use crate::store::Key;

/// A secret that a browser holds: 256 random bits, as 64 hexadecimal digits. What is stored is its SHA-256.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A new one.
    pub fn random() -> Self {
        Self(hex(&random::<32>()))
    }

    /// One that a browser sent; `None` for what cannot be one.
    pub fn read(text: &str) -> Option<Self> {
        let fine = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        fine.then(|| Self(text.to_owned()))
    }

    /// What the browser is given.
    pub fn secret(&self) -> &str {
        &self.0
    }

    /// What is stored.
    pub fn key(&self) -> Key {
        Key::of(self.0.as_bytes())
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

/// Random bytes of the operating system.
///
/// # Panics
/// Where the system has no source of randomness: then nothing that this program promises can be kept.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A random id of 128 bits.
pub fn random_id() -> u128 {
    u128::from_be_bytes(random())
}

/// Letters and digits that are not mistaken for each other: 5 bits each.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A random text that people can read out and type: groups of five, `length` characters without the dashes.
pub fn random_text(length: usize) -> String {
    let mut text = String::with_capacity(length + length / 5);
    for index in 0..length {
        if index > 0 && index % 5 == 0 {
            text.push('-');
        }
        let [byte] = random::<1>();
        text.push(char::from(ALPHABET[usize::from(byte % 32)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_made() {
        let token = Token::random();
        assert_eq!(Token::read(token.secret()), Some(token.clone()));
        assert_ne!(Token::random(), token);
        assert_eq!(format!("{token:?}"), "Token(…)");
        for text in ["", "abc", &"A".repeat(64), &"g".repeat(64), &"a".repeat(65)] {
            assert_eq!(Token::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_random_text_has_its_length_and_no_doubtful_letters() {
        let text = random_text(20);
        assert_eq!(text.len(), 23, "{text}");
        assert!(text.split('-').all(|group| group.len() == 5), "{text}");
        assert!(!text.contains(['l', 'o', '0', '1']), "{text}");
    }
}
