//! New passwords on their way to the one person who is shown them: kept encrypted under a key that only their browser can make again.
//!
//! The key comes from the secret in their session's cookie, of which the console keeps the hash alone; so every replica can show them to
//! that session, and no copy of a database can.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use domain::ledger::OperationId;
use serde::{Deserialize, Serialize};

use crate::people::token::Token;

/// What the key is for: the same cookie makes no other key like it.
const PURPOSE: &[u8] = b"quarterdeck demo data passwords 1";
/// Bytes of a key.
const KEY_BYTES: usize = 32;

/// A key for the passwords of one reset.
pub struct SealKey {
    key: [u8; KEY_BYTES],
    id: OperationId,
}

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey(…)")
    }
}

/// A person of an application, and the password that was made for them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// What they sign in by.
    pub login: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Issued({}, …)", self.login)
    }
}

/// A fault of the cryptography, or another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it cannot be sealed or opened with this key")]
pub struct NotSealed;

/// How long the key is.
struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        KEY_BYTES
    }
}

impl SealKey {
    /// The key of a session for a reset.
    ///
    /// # Errors
    ///
    /// Where the cryptography refuses, which it has no reason to.
    pub fn of(token: &Token, id: OperationId) -> Result<Self, NotSealed> {
        let mut key = [0; KEY_BYTES];
        let id_bytes = id.0.to_be_bytes();
        let pseudorandom = Salt::new(HKDF_SHA256, PURPOSE).extract(token.secret().as_bytes());
        let info = [id_bytes.as_slice()];
        let expanded = pseudorandom.expand(&info, Length).map_err(|_| NotSealed)?;
        expanded.fill(&mut key).map_err(|_| NotSealed)?;
        Ok(Self { key, id })
    }

    fn cipher(&self) -> Result<RandomizedNonceKey, NotSealed> {
        RandomizedNonceKey::new(&AES_256_GCM, &self.key).map_err(|_| NotSealed)
    }

    /// Seals.
    pub fn seal(&self, issued: &[Issued]) -> Result<Vec<u8>, NotSealed> {
        let mut text = serde_json::to_vec(issued).map_err(|_| NotSealed)?;
        let aad = Aad::from(self.id.0.to_be_bytes());
        let nonce = self.cipher()?.seal_in_place_append_tag(aad, &mut text).map_err(|_| NotSealed)?;
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut text);
        Ok(sealed)
    }

    /// Opens what was sealed with the same key.
    pub fn open(&self, sealed: &[u8]) -> Result<Vec<Issued>, NotSealed> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or(NotSealed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| NotSealed)?;
        let aad = Aad::from(self.id.0.to_be_bytes());
        let mut text = text.to_vec();
        let plain = self.cipher()?.open_in_place(nonce, aad, &mut text).map_err(|_| NotSealed)?;
        serde_json::from_slice(plain).map_err(|_| NotSealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_session_opens_what_was_sealed_for_it() {
        let (token, id) = (Token::random(), OperationId(7));
        let issued = vec![Issued { login: "ana@demofleet.example".into(), password: "abcde-fghij".into() }];
        let sealed = SealKey::of(&token, id).unwrap().seal(&issued).unwrap();
        assert_eq!(SealKey::of(&token, id).unwrap().open(&sealed), Ok(issued.clone()));
        assert_ne!(sealed, SealKey::of(&token, id).unwrap().seal(&issued).unwrap(), "the same twice");
        for other in [SealKey::of(&Token::random(), id).unwrap(), SealKey::of(&token, OperationId(8)).unwrap()] {
            assert_eq!(other.open(&sealed), Err(NotSealed));
        }
        let text = String::from_utf8_lossy(&sealed).into_owned();
        assert!(!text.contains("abcde") && !text.contains("ana@"), "{text}");
        for index in [0, NONCE_LEN, sealed.len() - 1] {
            let mut broken = sealed.clone();
            broken[index] ^= 1;
            assert_eq!(SealKey::of(&token, id).unwrap().open(&broken), Err(NotSealed), "{index}");
        }
        for short in [0, 5, NONCE_LEN, NONCE_LEN + 3] {
            assert_eq!(SealKey::of(&token, id).unwrap().open(&sealed[..short]), Err(NotSealed), "{short}");
        }
        assert!(!format!("{issued:?}").contains("abcde"));
    }
}
