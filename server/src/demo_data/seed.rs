//! A seed as it lies in its folder, read and held against what it says of itself.

use std::fs;
use std::path::{Path, PathBuf};

use domain::demo_data::manifest::{Manifest, SeedTable, Source};
use domain::text::plain;

use super::table::Name;

/// The longest manifest or statement that is read, in bytes.
const LONGEST_BYTES: u64 = 1024 * 1024;

/// A seed that can be put into a database.
#[derive(Debug)]
pub struct Seed {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Its tables, in the order in which they are filled.
    pub tables: Vec<Filled>,
}

/// A table and what fills it.
#[derive(Debug)]
pub struct Filled {
    /// Which.
    pub name: Name,
    /// Its key.
    pub key: Name,
    /// The column that says when a row was written.
    pub written: Option<Name>,
    /// How many rows it gets.
    pub rows: u64,
    /// What fills it.
    pub content: Content,
}

/// What fills a table.
#[derive(Debug)]
pub enum Content {
    /// A statement that knows `$1`, the number of rows, and `$2`, the day of the reset.
    Statement(String),
    /// A file of CSV with a head.
    Csv(PathBuf),
}

/// Why a seed cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SeedTrouble {
    /// A file cannot be read.
    #[error("the seed's file {} cannot be read: {why}", short(path))]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The manifest says something else than it may.
    #[error("the seed's manifest {} is not right: {}", short(path), .problems.join("; "))]
    Manifest {
        /// Which.
        path: PathBuf,
        /// Everything that is wrong with it.
        problems: Vec<String>,
    },
}

impl Seed {
    /// Reads the seed of a folder with the rows that a profile has.
    pub fn read(folder: &Path, profile: &str) -> Result<Self, SeedTrouble> {
        let path = folder.join("manifest.yaml");
        let wrong = |problems: Vec<String>| SeedTrouble::Manifest { path: path.clone(), problems };
        let text = text(&path)?;
        let manifest: Manifest =
            serde_saphyr::from_str(&text).map_err(|error| wrong(vec![plain(&error.to_string(), 400).into_owned()]))?;
        let problems = manifest.problems(profile);
        if !problems.is_empty() {
            return Err(wrong(problems));
        }
        let filled = |(table, rows): (&SeedTable, u64)| {
            let name = |text: &str| Name::new(text).ok_or_else(|| wrong(vec![format!("'{text}' is no name")]));
            let content = match &table.source {
                Source::Sql(file) => Content::Statement(self::text(&folder.join(file))?),
                Source::Csv(file) => Content::Csv(folder.join(file)),
            };
            Ok(Filled {
                name: name(&table.name)?,
                key: name(&table.key)?,
                written: table.written.as_deref().map(name).transpose()?,
                rows,
                content,
            })
        };
        let tables: Result<Vec<Filled>, SeedTrouble> = manifest.expected(profile).map(filled).collect();
        Ok(Self { tables: tables?, manifest })
    }
}

/// A file as people know it who wrote it: `fleet/manifest.yaml`. Where it lies on this machine is nobody's matter.
fn short(path: &Path) -> String {
    let parts: Vec<_> = path.iter().rev().take(2).map(|part| part.to_string_lossy()).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}

fn text(path: &Path) -> Result<String, SeedTrouble> {
    let of = |why: String| SeedTrouble::File { path: path.to_owned(), why };
    let known = fs::metadata(path).map_err(|error| of(error.kind().to_string()))?;
    if !known.is_file() || known.len() > LONGEST_BYTES {
        return Err(of(format!("it is no file of at most {LONGEST_BYTES} bytes")));
    }
    fs::read_to_string(path).map_err(|error| of(error.kind().to_string()))
}
