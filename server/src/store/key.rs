//! The hash of a secret, by which a row is found.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// SHA-256 of a secret. The secret itself never reaches the store, so whoever reads the database cannot use it.
///
/// Only for secrets that nobody can guess, at least 128 random bits, or for what is no secret: a plain hash does not protect
/// a password.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key([u8; 32]);

impl Key {
    /// Of one secret.
    pub fn of(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    /// As it is stored.
    pub(super) fn bytes(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}
