//! How the entries of the ledger hang together: each row's hash covers its number, the hash before, and the body.
//!
//! The hash is SHA-256 over these bytes, one after the other:
//!
//! | bytes | what |
//! |---|---|
//! | 21 | `quarterdeck ledger 1` and a line feed |
//! | 8 | the row's number, big-endian |
//! | 32 | the hash of the row before; 32 zero bytes for row 1 |
//! | 8 | the length of the body in bytes, big-endian |
//! | … | the body, as it is stored |
//!
//! All parts but the last have a fixed length, so no two rows give the same bytes.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

/// Says what is hashed, so that the hash of nothing else can pass for one.
const TITLE: &[u8] = b"quarterdeck ledger 1\n";

/// The hash of a row.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What stands before the first row.
    pub const START: Self = Self([0; 32]);

    /// Of a row.
    pub fn of(seq: i64, previous: Self, body: &str) -> Self {
        let mut sha = Sha256::new();
        sha.update(TITLE);
        sha.update(seq.to_be_bytes());
        sha.update(previous.0);
        sha.update((body.len() as u64).to_be_bytes());
        sha.update(body);
        Self(sha.finalize().into())
    }

    /// From the database.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The end of the ledger at some time: `HASH@SEQ`. Kept elsewhere, it shows later that nothing before it was cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The number of the last row; 0 where there is none.
    pub seq: i64,
    /// Its hash.
    pub hash: Hash,
}

impl Head {
    /// Of an empty ledger.
    pub const START: Self = Self { seq: 0, hash: Hash::START };
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.hash, self.seq)
    }
}

/// A text that is no head.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a head is written HASH@SEQ: 64 hexadecimal digits, @, and the number of the row, as `audit verify` prints it")]
pub struct NoHead;

impl FromStr for Head {
    type Err = NoHead;
    fn from_str(text: &str) -> Result<Self, NoHead> {
        let (hash, seq) = text.split_once('@').ok_or(NoHead)?;
        let seq: i64 = seq.parse().map_err(|_| NoHead)?;
        if hash.len() != 64 || !hash.is_ascii() || seq < 0 {
            return Err(NoHead);
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            let digits = hash.get(2 * index..2 * index + 2).ok_or(NoHead)?;
            if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return Err(NoHead);
            }
            *byte = u8::from_str_radix(digits, 16).map_err(|_| NoHead)?;
        }
        Ok(Self { seq, hash: Hash(bytes) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_the_one_that_is_documented() {
        // printf 'quarterdeck ledger 1\n\0\0\0\0\0\0\0\1' with 32 zero bytes, '\0\0\0\0\0\0\0\2{}', through sha256sum.
        let expected = "d44e4eae13778298cb8f4b21d5bea9cd15dfd430add0ffb81ae047855ace7c64";
        assert_eq!(Hash::of(1, Hash::START, "{}").to_string(), expected);
        assert_eq!(TITLE.len(), 21);
    }

    #[test]
    fn every_part_counts() {
        let base = Hash::of(2, Hash([1; 32]), "{}");
        for other in
            [Hash::of(3, Hash([1; 32]), "{}"), Hash::of(2, Hash([2; 32]), "{}"), Hash::of(2, Hash([1; 32]), "{ }")]
        {
            assert_ne!(other, base);
        }
    }

    #[test]
    fn a_head_reads_as_it_is_written() {
        let head = Head { seq: 17, hash: Hash::of(17, Hash::START, "x") };
        assert_eq!(head.to_string().parse(), Ok(head));
        assert_eq!(Head::START.to_string().parse(), Ok(Head::START));
        let digits = "0".repeat(64);
        for text in
            ["", "17", "ab@17", &format!("{digits}@"), &format!("{digits}@-1"), &format!("{}+1@1", "0".repeat(62))]
        {
            assert_eq!(text.parse::<Head>(), Err(NoHead), "{text:?}");
        }
    }
}
