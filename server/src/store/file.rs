//! The file of a SQLite database: made for its owner only, and recognised again.

use std::fs::{DirBuilder, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::StoreError;
use super::error::Cause;

/// Which file it is: its device and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileMark {
    device: u64,
    number: u64,
}

impl FileMark {
    pub(super) fn of(path: &Path) -> Result<Self, StoreError> {
        let data = std::fs::metadata(path).map_err(|error| trouble(path, "looked at", &error))?;
        Ok(Self { device: data.dev(), number: data.ino() })
    }
}

/// Makes the file and its folder where they are missing. Nobody but their owner may read them: they hold password hashes.
pub(super) fn create(path: &Path) -> Result<(), StoreError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|error| trouble(folder, "made", &error))?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(trouble(path, "made", &error)),
        _ => Ok(()),
    }
}

/// Says so where there is no file: a database is not made by a mistake in a path.
pub(super) fn require(path: &Path) -> Result<(), StoreError> {
    match std::fs::metadata(path) {
        Ok(data) if data.is_file() => Ok(()),
        Ok(_) => Err(StoreError::schema(format!("{} is no file. Name the file of a database.", path.display()))),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(StoreError::schema(format!("There is no database at {}. Name another file.", path.display())))
        }
        Err(error) => Err(trouble(path, "looked at", &error)),
    }
}

fn trouble(path: &Path, what: &str, error: &std::io::Error) -> StoreError {
    let cause = Cause::new(format!("{} cannot be {what}: {error}", path.display()));
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full(cause),
        ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly(cause),
        _ => StoreError::Unavailable(cause),
    }
}
