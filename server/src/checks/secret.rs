//! Credentials of checks: read where the registry says, at each use, so that one that was changed counts at once.

use std::env;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::check::trouble::Trouble;
use domain::registry::checks::{Credential, is_own_file};

/// The longest credential, in bytes.
const LONGEST: u64 = 16 * 1024;

/// The files that the program was told to use for itself: no check reads one, by whatever name.
#[derive(Debug, Clone, Default)]
pub struct OwnFiles(Arc<[PathBuf]>);

impl OwnFiles {
    /// These.
    pub fn new(files: impl IntoIterator<Item = PathBuf>) -> Self {
        Self(files.into_iter().collect())
    }

    /// Whether a file is one of them, or lies where only such files are. `path`: without links.
    fn hold(&self, path: &Path) -> bool {
        // They are followed at each look, because what they lead to is changed under them.
        let is_it = |own: &PathBuf| own == path || fs::canonicalize(own).is_ok_and(|own| own == path);
        path.to_str().is_none_or(is_own_file) || self.0.iter().any(is_it)
    }
}

/// Reads a credential; `None` where none is declared.
pub async fn read(own: &OwnFiles, credential: Option<Credential<'_>>) -> Result<Option<String>, Trouble> {
    match credential {
        None => Ok(None),
        Some(Credential::Variable(name)) => match env::var(name) {
            Ok(value) if !value.is_empty() => Ok(Some(value)),
            Ok(_) => Err(Trouble::Credential(format!("the environment variable {name} is empty"))),
            Err(env::VarError::NotPresent) => {
                Err(Trouble::Credential(format!("the environment variable {name} is not set")))
            }
            Err(env::VarError::NotUnicode(_)) => {
                Err(Trouble::Credential(format!("the environment variable {name} is no text")))
            }
        },
        Some(Credential::File(path)) => {
            let (own, file) = (own.clone(), PathBuf::from(path));
            let text = tokio::task::spawn_blocking(move || text_of(&own, &file)).await;
            let text = text.unwrap_or_else(|_| Err("it was not read".to_owned()));
            let text = text.map_err(|why| Trouble::Credential(format!("the file {path}: {why}")))?;
            // Whoever writes it with an editor ends the line.
            let value = text.trim_end_matches(['\n', '\r']);
            if value.is_empty() {
                return Err(Trouble::Credential(format!("the file {path} is empty")));
            }
            Ok(Some(value.to_owned()))
        }
    }
}

/// The text of a file, or why there is none. A mounted Secret is a link to a link, so what is looked at and read is where the path
/// leads. <https://kubernetes.io/docs/concepts/configuration/secret/#mounted-secrets-are-updated-automatically>
fn text_of(own: &OwnFiles, path: &Path) -> Result<String, String> {
    let of = |error: io::Error| error.kind().to_string();
    let path = fs::canonicalize(path).map_err(of)?;
    if own.hold(&path) {
        return Err("it belongs to Quarterdeck itself".to_owned());
    }
    // Others are devices and pipes, which may never end or never begin.
    if !fs::metadata(&path).map_err(of)?.is_file() {
        return Err("it is no file".to_owned());
    }
    let mut text = String::new();
    File::open(&path).map_err(of)?.take(LONGEST).read_to_string(&mut text).map_err(of)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    async fn word(own: &OwnFiles, path: &Path) -> Result<Option<String>, String> {
        let read = read(own, Some(Credential::File(path.to_str().unwrap()))).await;
        read.map_err(|trouble| trouble.verdict("Redis").sentence.to_string())
    }

    #[tokio::test]
    async fn a_mounted_secret_is_read_through_its_links_and_what_is_our_own_by_no_name() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        // As the kubelet writes it.
        fs::create_dir(at("..2026_01")).unwrap();
        fs::write(at("..2026_01/word"), "anchor\r\n").unwrap();
        symlink("..2026_01", at("..data")).unwrap();
        symlink("..data/word", at("word")).unwrap();
        // Ours, mounted in the same way, and files that lead there.
        fs::write(at("..2026_01/key"), "our key").unwrap();
        symlink("..data/key", at("key")).unwrap();
        symlink("key", at("other")).unwrap();
        symlink("/proc/self/environ", at("environ")).unwrap();
        let own = OwnFiles::new([at("key"), at("none")]);
        assert_eq!(word(&own, &at("word")).await, Ok(Some("anchor".to_owned())));
        for name in ["key", "other", "..data/key", "..2026_01/key", "environ"] {
            let refused = word(&own, &at(name)).await.unwrap_err();
            assert!(refused.contains("it belongs to Quarterdeck itself"), "{name}: {refused}");
        }
        // The links are changed under us when the Secret is.
        fs::create_dir(at("..2026_02")).unwrap();
        fs::write(at("..2026_02/word"), "lamp").unwrap();
        fs::write(at("..2026_02/key"), "our new key").unwrap();
        fs::remove_file(at("..data")).unwrap();
        symlink("..2026_02", at("..data")).unwrap();
        assert_eq!(word(&own, &at("word")).await, Ok(Some("lamp".to_owned())));
        assert!(word(&own, &at("other")).await.unwrap_err().contains("belongs to Quarterdeck"));
        for (name, why) in [("none", "not found"), ("..data", "it is no file")] {
            let refused = word(&own, &at(name)).await.unwrap_err();
            assert!(refused.contains(why), "{name}: {refused}");
        }
    }
}
