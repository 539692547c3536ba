//! Gives files a name with a hash, writes them compressed as well, and lists them in a manifest.

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context;
use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Profile;
use crate::step;

/// A file to publish.
pub struct Asset {
    /// The name that pages use, for example `quarterdeck.js`.
    pub name: String,
    /// Where it was built.
    pub source: PathBuf,
}

/// `manifest.json`: what the server serves under `/pkg/`.
#[derive(Serialize)]
pub struct Manifest {
    /// By logical name.
    pub files: BTreeMap<String, File>,
}

/// One published file. Beside it lie `<file>.gz` and `<file>.br`.
#[derive(Serialize)]
pub struct File {
    /// The name with the hash, relative to the manifest: `pkg/quarterdeck.0f3a….js`.
    pub file: String,
    /// What `Content-Type` says.
    pub media_type: &'static str,
    /// Size in bytes as it is.
    pub size: usize,
    /// Size of the `.gz`.
    pub gzip: usize,
    /// Size of the `.br`.
    pub brotli: usize,
}

/// Publishes the assets into a folder and removes what an earlier build left there.
pub fn publish(assets: &[Asset], out: &Path, profile: Profile) -> anyhow::Result<Manifest> {
    let folder = out.join("pkg");
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;

    let mut files = BTreeMap::new();
    for Asset { name, source } in assets {
        let content = fs::read(source).with_context(|| format!("reading {}", source.display()))?;
        let hashed = hashed_name(name, &content);
        let path = folder.join(&hashed);
        let file = File {
            file: format!("pkg/{hashed}"),
            media_type: media_type(name),
            size: content.len(),
            gzip: write_once(&with_suffix(&path, "gz"), || gzip(&content, profile))?,
            brotli: write_once(&with_suffix(&path, "br"), || brotli(&content, profile))?,
        };
        write_once(&path, || Ok(content))?;
        files.insert(name.clone(), file);
    }

    // The manifest is replaced in one step and after the files it names, so a server never reads half of it.
    let manifest = Manifest { files };
    let draft = out.join("manifest.json.new");
    fs::write(&draft, serde_json::to_vec_pretty(&manifest)?).with_context(|| format!("writing {}", draft.display()))?;
    fs::rename(&draft, out.join("manifest.json")).context("replacing the manifest")?;
    remove_others(&folder, &manifest)?;
    Ok(manifest)
}

/// Writes a file that does not exist yet; one with this name has this content. Returns its size.
fn write_once(path: &Path, content: impl FnOnce() -> anyhow::Result<Vec<u8>>) -> anyhow::Result<usize> {
    if let Ok(existing) = fs::metadata(path) {
        return Ok(usize::try_from(existing.len())?);
    }
    let content = content()?;
    let draft = with_suffix(path, "new");
    fs::write(&draft, &content).with_context(|| format!("writing {}", draft.display()))?;
    fs::rename(&draft, path).with_context(|| format!("replacing {}", path.display()))?;
    Ok(content.len())
}

fn remove_others(folder: &Path, manifest: &Manifest) -> anyhow::Result<()> {
    for path in step::files_below(folder)? {
        let relative = path.strip_prefix(folder).context("a file below pkg/")?.to_string_lossy();
        let stem = relative.strip_suffix(".gz").or_else(|| relative.strip_suffix(".br")).unwrap_or(&relative);
        if !manifest.files.values().any(|file| file.file.strip_prefix("pkg/") == Some(stem)) {
            fs::remove_file(&path).with_context(|| format!("removing {}", path.display()))?;
        }
    }
    Ok(())
}

/// `quarterdeck.js` becomes `quarterdeck.<16 hexadecimal digits>.js`.
fn hashed_name(name: &str, content: &[u8]) -> String {
    let digest = step::hex(&Sha256::digest(content)[..8]);
    match name.rsplit_once('.') {
        Some((stem, suffix)) => format!("{stem}.{digest}.{suffix}"),
        None => format!("{name}.{digest}"),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}

fn gzip(content: &[u8], profile: Profile) -> anyhow::Result<Vec<u8>> {
    let level = if profile == Profile::Release { Compression::best() } else { Compression::fast() };
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

fn brotli(content: &[u8], profile: Profile) -> anyhow::Result<Vec<u8>> {
    let quality = if profile == Profile::Release { 11 } else { 1 };
    let parameters = BrotliEncoderParams { quality, lgwin: 22, size_hint: content.len(), ..Default::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*content, &mut compressed, &parameters)?;
    Ok(compressed)
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, suffix)| suffix) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        Some("txt") => "text/plain; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_carries_the_hash_of_its_content() {
        let [first, second] = [b"one".as_slice(), b"two"].map(|content| hashed_name("quarterdeck_bg.wasm", content));
        assert_ne!(first, second);
        assert!(first.starts_with("quarterdeck_bg.") && first.ends_with(".wasm"), "{first}");
        assert_eq!(first.len(), "quarterdeck_bg.0123456789abcdef.wasm".len());
    }
}
