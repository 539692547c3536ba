//! The browser part: files with a hash in their name, kept in memory with their compressed forms.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::{Path as UrlPath, State};
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::Site;

/// Why the browser part cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum AssetsError {
    /// A file cannot be read.
    #[error(
        "the browser part is not complete: {path} cannot be read. Build it with `make web`, or name its folder with --site"
    )]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The manifest is no manifest.
    #[error("the browser part's manifest {path} does not read. Build it anew with `make web`")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The manifest does not name a file.
    #[error("the browser part's manifest names no {0}. Build it anew with `make web`")]
    Missing(&'static str),
}

#[derive(Deserialize)]
struct Manifest {
    files: HashMap<String, Listed>,
}

#[derive(Deserialize)]
struct Listed {
    file: String,
    media_type: String,
}

/// A file in its three forms.
struct Stored {
    media_type: Box<str>,
    plain: Bytes,
    gzip: Bytes,
    brotli: Bytes,
}

/// All files of the browser part.
pub struct Assets {
    files: HashMap<String, Stored>,
    /// Where pages find them.
    pub urls: app::shell::Assets,
    /// Tells one build from another.
    pub build: Arc<str>,
}

impl Assets {
    /// Reads the folder that the build wrote.
    pub fn read(folder: &Path) -> Result<Self, AssetsError> {
        let read = |path: PathBuf| std::fs::read(&path).map_err(|source| AssetsError::Read { path, source });
        let path = folder.join("manifest.json");
        let manifest = read(path.clone())?;
        let manifest: Manifest =
            serde_json::from_slice(&manifest).map_err(|source| AssetsError::Manifest { path, source })?;
        let mut files = HashMap::new();
        for listed in manifest.files.values() {
            let form = |ending: &str| read(folder.join(format!("{}{ending}", listed.file))).map(Bytes::from);
            let name = listed.file.rsplit('/').next().unwrap_or_default().to_owned();
            let media_type = listed.media_type.as_str().into();
            files.insert(name, Stored { media_type, plain: form("")?, gzip: form(".gz")?, brotli: form(".br")? });
        }
        let url = |name: &'static str| -> Result<Arc<str>, AssetsError> {
            let listed = manifest.files.get(name).ok_or(AssetsError::Missing(name))?;
            Ok(format!("/{}", listed.file).into())
        };
        let urls = app::shell::Assets {
            script: url("quarterdeck.js")?,
            wasm: url("quarterdeck_bg.wasm")?,
            style: url("quarterdeck.css")?,
            icon: url("favicon.svg")?,
        };
        let build = build_id(env!("QUARTERDECK_SOURCES"), &urls);
        Ok(Self { files, urls, build })
    }
}

/// Tells builds apart: by the sources of the program, which writes pages and takes forms, and by the files of the browser part,
/// whose names hold their hashes. It stands in every form, so it is short.
fn build_id(sources: &str, urls: &app::shell::Assets) -> Arc<str> {
    let digest = Sha256::digest([sources, &*urls.script, &urls.wasm, &urls.style].join("\n"));
    let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    [env!("CARGO_PKG_VERSION"), "-", &digest].concat().into()
}

/// Whether a client takes an encoding. `q=0` is a refusal (RFC 9110, 12.5.3).
fn takes(headers: &HeaderMap, encoding: &str) -> bool {
    let lists = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let refused = parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        named && !refused
    })
}

/// A file, in the smallest form that the client takes.
pub async fn file(State(site): State<Site>, UrlPath(name): UrlPath<String>, headers: HeaderMap) -> Response {
    let Some(stored) = site.assets.files.get(&name) else {
        return (StatusCode::NOT_FOUND, "There is no such file in this build.\n").into_response();
    };
    let (body, encoding) = if takes(&headers, "br") {
        (&stored.brotli, Some("br"))
    } else if takes(&headers, "gzip") {
        (&stored.gzip, Some("gzip"))
    } else {
        (&stored.plain, None)
    };
    // The name holds a hash of the content: it never changes.
    let fixed = [
        (CONTENT_TYPE, stored.media_type.to_string()),
        (CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned()),
        (VARY, "accept-encoding".to_owned()),
    ];
    match encoding {
        Some(encoding) => (fixed, [(CONTENT_ENCODING, encoding)], body.clone()).into_response(),
        None => (fixed, body.clone()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_is_another_one_when_the_program_or_the_browser_part_is() {
        let urls = |wasm: &str| app::shell::Assets {
            script: "/pkg/a.js".into(),
            wasm: wasm.into(),
            style: "/pkg/a.css".into(),
            icon: "/pkg/a.svg".into(),
        };
        let build = build_id("0a", &urls("/pkg/a.wasm"));
        assert_eq!(build, build_id("0a", &urls("/pkg/a.wasm")));
        assert_ne!(build, build_id("0b", &urls("/pkg/a.wasm")), "a program that reads forms otherwise");
        assert_ne!(build, build_id("0a", &urls("/pkg/b.wasm")));
        assert!(build.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte)), "{build}");
    }

    #[test]
    fn an_encoding_is_taken_unless_it_is_refused() {
        for (header, brotli, gzip) in [
            ("gzip, deflate, br, zstd", true, true),
            ("gzip", false, true),
            ("br;q=0, gzip;q=0.5", false, true),
            ("BR", true, false),
            ("", false, false),
            ("identity", false, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, header.parse().unwrap());
            assert_eq!((takes(&headers, "br"), takes(&headers, "gzip")), (brotli, gzip), "{header}");
        }
    }
}
