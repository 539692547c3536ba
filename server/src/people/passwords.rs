//! Passwords: argon2id, and the rules for new ones.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use tokio::sync::Semaphore;

use crate::store::PasswordHash as Stored;

/// The fewest characters of a new password (NIST SP 800-63B asks for 8 beside a second factor, 15 without; ASVS 5.0 6.2.1 for 8
/// and advises 15). Twelve with the limits on guessing.
pub const SHORTEST: usize = 12;
/// The most bytes that are hashed: beyond it a password is a way to keep the processor busy.
pub const LONGEST_BYTES: usize = 256;
/// How many are hashed at once: each takes 19 MiB and a tenth of a second.
const AT_ONCE: usize = 2;

/// Why a new password is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefusal {
    /// Too easily guessed.
    #[error(
        "the password has fewer than {SHORTEST} characters: four words that nobody else would put together do well"
    )]
    Short,
    /// Too long to hash.
    #[error("the password has more than {LONGEST_BYTES} bytes, the most that are taken")]
    Long,
    /// What everybody tries first.
    #[error("the password is among those that are tried first, or made of the name: choose another")]
    Common,
    /// Mistyped.
    #[error("the two passwords differ: type the same one twice")]
    Differ,
}

/// Parts of what is tried first; a password that is nothing else is refused.
const COMMON: [&str; 14] = [
    "password",
    "passwort",
    "123456789",
    "1234567890",
    "qwertyuiop",
    "quarterdeck",
    "letmein",
    "administrator",
    "kubernetes",
    "welcome",
    "changeme",
    "iloveyou",
    "abcdefghij",
    "admin",
];

/// Whether a new password is good enough for a person of this name.
pub fn judge(name: &str, password: &str) -> Result<(), PasswordRefusal> {
    if password.chars().count() < SHORTEST {
        return Err(PasswordRefusal::Short);
    }
    if password.len() > LONGEST_BYTES {
        return Err(PasswordRefusal::Long);
    }
    // What is left when all that everybody tries is taken out must be worth something.
    let mut rest = password.to_lowercase();
    for common in COMMON.iter().copied().chain([&*name.to_lowercase()]).filter(|common| common.len() > 2) {
        rest = rest.replace(common, "");
    }
    let mut distinct: Vec<char> = rest.chars().filter(|c| c.is_alphabetic()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    let others = rest.chars().filter(|c| !c.is_alphabetic()).count();
    if distinct.len() < 4 && distinct.len() + others < 8 {
        return Err(PasswordRefusal::Common);
    }
    Ok(())
}

/// Hashes and checks passwords, a few at once.
pub struct Passwords {
    slots: Arc<Semaphore>,
    /// The hash of a password that nobody knows: checked for names that nobody has, so that both take as long.
    nobody: String,
}

/// A password could not be hashed or checked.
#[derive(Debug, thiserror::Error)]
#[error("a password could not be hashed: {0}")]
pub struct HashError(String);

/// argon2id with the parameters that OWASP's Password Storage Cheat Sheet names first: 19 MiB, 2 passes, 1 lane.
fn argon2() -> Result<Argon2<'static>, HashError> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|error| HashError(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The hash of a password, as a PHC string. Takes a tenth of a second.
pub fn hash_now(password: &str) -> Result<String, HashError> {
    let hash: PasswordHash =
        argon2()?.hash_password(password.as_bytes()).map_err(|error| HashError(error.to_string()))?;
    Ok(hash.to_string())
}

impl Passwords {
    /// Ready to check.
    pub fn new() -> Result<Self, HashError> {
        Ok(Self { slots: Arc::new(Semaphore::new(AT_ONCE)), nobody: hash_now(&super::token::random_text(20))? })
    }

    /// The hash of a new password.
    pub async fn hash(&self, password: String) -> Result<Stored, HashError> {
        self.away(move || hash_now(&password)).await?.map(Stored::new)
    }

    /// Whether a password is the one of a hash; `None` is a person that does not exist, and takes as long.
    pub async fn verify(&self, password: String, hash: Option<&Stored>) -> Result<bool, HashError> {
        let known = hash.is_some();
        let hash = hash.map_or_else(|| self.nobody.clone(), |hash| hash.as_str().to_owned());
        self.away(move || {
            let hash = PasswordHash::new(&hash).map_err(|error| HashError(error.to_string()))?;
            let fits = password.len() <= LONGEST_BYTES && argon2()?.verify_password(password.as_bytes(), &hash).is_ok();
            Ok(fits && known)
        })
        .await?
    }

    /// Runs something that takes the processor for long where it holds up nobody.
    async fn away<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, HashError> {
        let slot = self.slots.clone().acquire_owned().await.map_err(|error| HashError(error.to_string()))?;
        // The slot goes along: whoever asked may hang up, and the work goes on.
        let work = move || {
            let _slot = slot;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| HashError(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_tried_first_is_refused() {
        use PasswordRefusal::*;
        for (password, expected) in [
            ("short", Err(Short)),
            ("elevenchars", Err(Short)),
            ("password1234", Err(Common)),
            ("Password123!", Err(Common)),
            ("quarterdeck1", Err(Common)),
            ("kimkimkimkim", Err(Common)),
            ("aaaaaaaaaaaa", Err(Common)),
            ("1234567890123", Err(Common)),
            ("anchor lamp tidal fork", Ok(())),
            ("vQ9-tr4m_zelt", Ok(())),
            ("größe über alles", Ok(())),
        ] {
            assert_eq!(judge("kim", password), expected, "{password}");
        }
        assert_eq!(judge("kim", &"ab cd ef gh".repeat(40)), Err(Long));
    }

    #[tokio::test]
    async fn only_the_right_password_of_a_person_fits() {
        let passwords = Passwords::new().unwrap();
        let hash = passwords.hash("anchor lamp tidal".into()).await.unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.as_str());
        assert!(passwords.verify("anchor lamp tidal".into(), Some(&hash)).await.unwrap());
        assert!(!passwords.verify("anchor lamp tidam".into(), Some(&hash)).await.unwrap());
        assert!(!passwords.verify("anchor lamp tidal".into(), None).await.unwrap());
        assert!(passwords.verify("x".into(), Some(&Stored::new("not a hash"))).await.is_err());
        let again = passwords.hash("anchor lamp tidal".into()).await.unwrap();
        assert_ne!(hash, again, "each has a salt of its own");
    }
}
