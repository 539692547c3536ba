//! Credentials of checks: read where the registry says, at each use, so that one that was changed counts at once.

use std::env;

use domain::check::trouble::Trouble;
use domain::registry::checks::Credential;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

/// The longest credential, in bytes.
const LONGEST: u64 = 16 * 1024;

/// Reads a credential; `None` where none is declared.
pub async fn read(credential: Option<Credential<'_>>) -> Result<Option<String>, Trouble> {
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
            let of = |error: std::io::Error| Trouble::Credential(format!("the file {path}: {}", error.kind()));
            let mut text = String::new();
            let file = File::open(path).await.map_err(of)?;
            file.take(LONGEST).read_to_string(&mut text).await.map_err(of)?;
            // Whoever writes it with an editor ends the line.
            let value = text.trim_end_matches(['\n', '\r']);
            if value.is_empty() {
                return Err(Trouble::Credential(format!("the file {path} is empty")));
            }
            Ok(Some(value.to_owned()))
        }
    }
}
