//! Tells one build of the program from another: by what it is made of.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// What decides what a page says and what a form means.
const SOURCES: [&str; 4] = ["../domain/src", "../app/src", "src", "../Cargo.lock"];

fn main() -> io::Result<()> {
    let mut files = Vec::new();
    for source in SOURCES {
        println!("cargo:rerun-if-changed={source}");
        collect(Path::new(source), &mut files)?;
    }
    // Folders are listed in no order.
    files.sort();
    let mut digest = FNV_START;
    for file in files {
        digest = mixed(digest, file.to_string_lossy().as_bytes());
        digest = mixed(digest, &fs::read(file)?);
    }
    println!("cargo:rustc-env=QUARTERDECK_SOURCES={digest:016x}");
    Ok(())
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}

/// FNV-1a (<https://datatracker.ietf.org/doc/html/draft-eastlake-fnv>): the same everywhere and in every version of Rust. It
/// guards against mistakes, not against people.
const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

fn mixed(digest: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(digest, |digest, byte| (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
