//! The certificate of the console: read from files, and read again when they change.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{self, ServerConfig};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Time between two looks at the files. They are read, not watched: a mounted Secret changes by a symbolic link.
const LOOK: Duration = Duration::from_secs(10);

/// Where certificate and key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate and those between it and its root, in PEM.
    pub certificate: PathBuf,
    /// Its key, in PEM.
    pub key: PathBuf,
}

/// Why there is no certificate to serve with.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file does not open.
    #[error("{} cannot be read", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    /// No certificate in the file.
    #[error("{} holds no certificate: it must be PEM, with -----BEGIN CERTIFICATE-----, the server's own first", .0.display())]
    NoCertificate(PathBuf),
    /// No key in the file.
    #[error("{} holds no private key: it must be PEM, with -----BEGIN PRIVATE KEY-----, and without a password", .0.display())]
    NoKey(PathBuf),
    /// A kind of key that is not known, or the wrong one.
    #[error("the key in {} does not serve the certificate in {}", .key.display(), .certificate.display())]
    Mismatch {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong.
        #[source]
        source: rustls::Error,
    },
    /// No TLS of any version.
    #[error("TLS cannot be set up")]
    Setup(#[source] rustls::Error),
}

/// A certificate that is served with, and changes when its files do.
#[derive(Debug)]
pub struct Certificate {
    files: TlsFiles,
    held: Arc<Held>,
    config: Arc<ServerConfig>,
}

/// What is served with now.
struct Held(RwLock<Current>);

struct Current {
    /// Both files as they were read last.
    read: Files,
    key: Arc<CertifiedKey>,
}

/// The certificate's file and the key's.
type Files = [Vec<u8>; 2];

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Held")
    }
}

impl ResolvesServerCert for Held {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.read().key.clone())
    }
}

impl Certificate {
    /// Reads certificate and key.
    pub fn read(files: TlsFiles) -> Result<Self, TlsError> {
        let read = bytes(&files)?;
        let key = certified(&files, &read)?;
        let held = Arc::new(Held(RwLock::new(Current { read, key })));
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Setup)?
            .with_no_client_auth()
            .with_cert_resolver(held.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { files, held, config: Arc::new(config) })
    }

    /// How connections are taken with it.
    pub fn config(&self) -> Arc<ServerConfig> {
        self.config.clone()
    }

    /// Looks every 10 s whether the files changed, until cancelled. What cannot be served with is said once, and the one before
    /// stays.
    pub async fn follow(&self, cancel: CancellationToken) {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut said = String::new();
        loop {
            tokio::select! {
                () = cancel.cancelled() => return,
                _ = looks.tick() => {}
            }
            match self.look() {
                Ok(true) => info!("the new certificate in {} is served", self.files.certificate.display()),
                Ok(false) => said.clear(),
                Err(error) => {
                    let text = chain(&error);
                    if text != said {
                        warn!("the certificate changed and is not taken, the one before stays: {text}");
                        said = text;
                    }
                }
            }
        }
    }

    /// Takes the files in if they changed; whether they did.
    fn look(&self) -> Result<bool, TlsError> {
        let read = bytes(&self.files)?;
        if self.held.0.read().read == read {
            return Ok(false);
        }
        let key = certified(&self.files, &read)?;
        *self.held.0.write() = Current { read, key };
        Ok(true)
    }
}

fn bytes(files: &TlsFiles) -> Result<Files, TlsError> {
    let read = |path: &Path| std::fs::read(path).map_err(|error| TlsError::Read(path.to_owned(), error));
    Ok([read(&files.certificate)?, read(&files.key)?])
}

/// Certificate and key as they are served with. That one belongs to the other is checked: half a renewal is none.
fn certified(files: &TlsFiles, [certificate, key]: &Files) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let chain = chain.ok_or_else(|| TlsError::NoCertificate(files.certificate.clone()))?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::NoKey(files.key.clone()))?;
    let certified = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider());
    certified.map(Arc::new).map_err(|source| {
        let TlsFiles { certificate, key } = files.clone();
        TlsError::Mismatch { certificate, key, source }
    })
}

/// An error with what it came from.
fn chain(error: &TlsError) -> String {
    let source = std::error::Error::source(error).map(|source| format!(": {source}"));
    format!("{error}{}", source.unwrap_or_default())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Writes a certificate of its own for localhost; returns it in DER.
    pub fn issue(files: &TlsFiles) -> Vec<u8> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        std::fs::write(&files.certificate, made.cert.pem()).unwrap();
        std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
        made.cert.der().to_vec()
    }

    fn files(folder: &Path) -> TlsFiles {
        TlsFiles { certificate: folder.join("tls.crt"), key: folder.join("tls.key") }
    }

    fn served(certificate: &Certificate) -> Vec<u8> {
        certificate.held.0.read().key.cert[0].to_vec()
    }

    #[test]
    fn a_new_certificate_is_taken_and_half_of_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        let first = issue(&files);
        let certificate = Certificate::read(files.clone()).unwrap();
        assert!(!certificate.look().unwrap());
        let key = std::fs::read(&files.key).unwrap();

        let second = issue(&files);
        assert!(certificate.look().unwrap());
        assert_eq!(served(&certificate), second);
        assert_ne!(first, second);

        // The key of another one: the certificate was written and the key was not yet.
        std::fs::write(&files.key, key).unwrap();
        assert!(matches!(certificate.look(), Err(TlsError::Mismatch { .. })));
        std::fs::remove_file(&files.certificate).unwrap();
        assert!(matches!(certificate.look(), Err(TlsError::Read(..))));
        assert_eq!(served(&certificate), second);
    }

    #[test]
    fn what_is_no_certificate_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let files = files(folder.path());
        issue(&files);
        let both = bytes(&files).unwrap();
        for (certificate, key, expected) in [
            (&b"nothing"[..], &both[1][..], "tls.crt holds no certificate"),
            (&both[1], &both[1], "tls.crt holds no certificate"),
            (&both[0], &both[0], "tls.key holds no private key"),
            (&both[0], b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "does not serve"),
        ] {
            std::fs::write(&files.certificate, certificate).unwrap();
            std::fs::write(&files.key, key).unwrap();
            let error = Certificate::read(files.clone()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
