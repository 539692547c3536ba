//! Who somebody is: an id that never changes, and a name to sign in with.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The id of a person: 128 random bits, as 32 hexadecimal digits. It stays when the name changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserId(pub u128);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// A text that is no id of a person.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the id of a person is 32 hexadecimal digits")]
pub struct NoUserId;

impl FromStr for UserId {
    type Err = NoUserId;
    fn from_str(text: &str) -> Result<Self, NoUserId> {
        // `from_str_radix` alone would take a sign and capitals, and one person would have several ids.
        let fine = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !fine {
            return Err(NoUserId);
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| NoUserId)
    }
}

impl TryFrom<String> for UserId {
    type Error = NoUserId;
    fn try_from(text: String) -> Result<Self, NoUserId> {
        text.parse()
    }
}

impl From<UserId> for String {
    fn from(id: UserId) -> Self {
        id.to_string()
    }
}

/// The name of a person, lower-cased: 1 to 64 of `a`–`z`, `0`–`9`, `.`, `_`, `-`, `+`, `@`, the first a letter or digit.
///
/// ASCII only, so that two names that look the same are the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserName(String);

/// A text that is no name of a person. The text is not repeated: somebody may have typed a password there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 64 characters: letters a to z, digits and . _ - + @, and begins with a letter or a digit")]
pub struct NoUserName;

impl UserName {
    /// Characters a name may have.
    pub const LIMIT: usize = 64;

    /// The name, checked and lower-cased.
    pub fn new(text: &str) -> Result<Self, NoUserName> {
        let name = text.to_ascii_lowercase();
        let first = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let inner = |byte: u8| first(byte) || matches!(byte, b'.' | b'_' | b'-' | b'+' | b'@');
        let fine = name.bytes().next().is_some_and(first) && name.bytes().all(inner) && name.len() <= Self::LIMIT;
        if fine { Ok(Self(name)) } else { Err(NoUserName) }
    }

    /// A name made of what a provider calls somebody: what a name may not have becomes `-`. `None` where nothing is left.
    pub fn made_of(text: &str) -> Option<Self> {
        let letters = text.chars().map(|char| match char.to_ascii_lowercase() {
            fine @ ('a'..='z' | '0'..='9' | '.' | '_' | '+' | '@') => fine,
            _ => '-',
        });
        let name: String = letters.skip_while(|char| !char.is_ascii_alphanumeric()).take(Self::LIMIT).collect();
        Self::new(name.trim_end_matches('-')).ok()
    }

    /// The name with a number at its end, for the second and further people that would have the same.
    pub fn numbered(&self, number: u32) -> Self {
        let end = format!("-{number}");
        let start = self.0.get(..Self::LIMIT - end.len()).unwrap_or(&self.0);
        Self([start, &end].concat())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for UserName {
    type Err = NoUserName;
    fn from_str(text: &str) -> Result<Self, NoUserName> {
        Self::new(text)
    }
}

impl TryFrom<String> for UserName {
    type Error = NoUserName;
    fn try_from(text: String) -> Result<Self, NoUserName> {
        Self::new(&text)
    }
}

impl From<UserName> for String {
    fn from(name: UserName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_form() {
        let id = UserId(0xab);
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in ["", "ab", "000000000000000000000000000000AB", "+00000000000000000000000000000ab"] {
            assert_eq!(text.parse::<UserId>(), Err(NoUserId), "{text:?}");
        }
    }

    #[test]
    fn a_name_is_lower_case_and_cannot_be_mistaken_for_another() {
        for (text, name) in [
            ("kim", Some("kim")),
            ("Kim.Lee", Some("kim.lee")),
            ("KIM@EXAMPLE.COM", Some("kim@example.com")),
            ("k", Some("k")),
            ("0", Some("0")),
            ("a_b-c+d", Some("a_b-c+d")),
            ("", None),
            (" kim", None),
            ("kim lee", None),
            ("-kim", None),
            ("@kim", None),
            ("kïm", None),
            ("кim", None),
            ("kim\0", None),
            ("kim\u{202e}", None),
            ("İ", None),
            ("a/b", None),
        ] {
            assert_eq!(UserName::new(text).ok().as_ref().map(UserName::as_str), name, "{text:?}");
        }
        assert!(UserName::new(&"a".repeat(64)).is_ok());
        assert!(UserName::new(&"a".repeat(65)).is_err());
    }

    #[test]
    fn a_name_is_made_of_what_a_provider_says() {
        let long = "a".repeat(70);
        for (text, name) in [
            ("kim", Some("kim")),
            ("Kim Lee", Some("kim-lee")),
            ("kim@example.com", Some("kim@example.com")),
            ("  kim  ", Some("kim")),
            ("кim", Some("im")),
            ("Жанна", None),
            ("../../etc", Some("etc")),
            ("<script>", Some("script")),
            ("auth0|5f7c8ec7", Some("auth0-5f7c8ec7")),
            (long.as_str(), Some(&long[..64])),
            ("", None),
            ("---", None),
        ] {
            assert_eq!(UserName::made_of(text).as_ref().map(UserName::as_str), name, "{text:?}");
        }
        let name = UserName::new(&"a".repeat(64)).unwrap();
        assert_eq!(name.numbered(12), UserName::new(&["a".repeat(61).as_str(), "-12"].concat()).unwrap());
        assert_eq!(UserName::new("kim").unwrap().numbered(2).as_str(), "kim-2");
    }
}
