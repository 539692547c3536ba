//! Connections of checks: to an address that was looked at, with TLS where that is wanted, and nowhere else.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use domain::check::trouble::Trouble;
use domain::registry::checks::TlsMode;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

use crate::address::refusal;

/// A connection, with or without TLS.
pub trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// A connection of a kind that is known while the program runs.
pub type Connection = Box<dyn Duplex>;

/// Whom checks may reach, and whom they trust.
pub struct Reach {
    allow_loopback: bool,
    verifying: Arc<ClientConfig>,
    trusting: Arc<ClientConfig>,
}

impl Reach {
    /// Trusts what this machine trusts. `allow_loopback`: what is on this machine may be asked, as in the demo.
    ///
    /// # Errors
    ///
    /// Where the cryptography that was compiled in speaks no version of TLS.
    pub fn new(allow_loopback: bool) -> Result<Self, rustls::Error> {
        // Named, because more than one is compiled in and rustls would not choose.
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let builder = || ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
        let verifying = builder()?.with_root_certificates(roots).with_no_client_auth();
        let anybody = Arc::new(Anybody(provider.clone()));
        let trusting = builder()?.dangerous().with_custom_certificate_verifier(anybody).with_no_client_auth();
        Ok(Self { allow_loopback, verifying: Arc::new(verifying), trusting: Arc::new(trusting) })
    }

    /// Where a host is: resolved once, and each of its addresses may be asked. The connection goes to one of these, so that a name
    /// cannot lead elsewhere by the time it is made.
    pub async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Trouble> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let found: Vec<SocketAddr> = match bare.parse::<IpAddr>() {
            Ok(address) => vec![SocketAddr::new(address, port)],
            Err(_) => lookup_host((bare, port)).await.map_err(|_| Trouble::Unresolved)?.collect(),
        };
        if found.is_empty() {
            return Err(Trouble::Unresolved);
        }
        match found.iter().find_map(|address| refusal(address.ip(), self.allow_loopback)) {
            Some(kind) => Err(Trouble::Refused(kind)),
            None => Ok(found),
        }
    }

    /// A connection without TLS.
    pub async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, Trouble> {
        let mut trouble = Trouble::Unresolved;
        for address in self.resolve(host, port).await? {
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    // What is asked is short and waited for.
                    _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => trouble = connection(&error),
            }
        }
        Err(trouble)
    }

    /// A connection that is secured from its first byte on, where that is wanted.
    pub async fn open(&self, host: &str, port: u16, mode: TlsMode) -> Result<Connection, Trouble> {
        let stream = self.connect(host, port).await?;
        match mode {
            TlsMode::Disable => Ok(Box::new(stream)),
            TlsMode::Require | TlsMode::Verify => self.secure(stream, host, mode).await,
        }
    }

    /// Secures a connection to a host.
    pub async fn secure(&self, stream: TcpStream, host: &str, mode: TlsMode) -> Result<Connection, Trouble> {
        let config = match mode {
            TlsMode::Verify => &self.verifying,
            TlsMode::Disable | TlsMode::Require => &self.trusting,
        };
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(bare).map_err(|_| Trouble::Tls("its name can have no certificate".into()))?;
        let stream = TlsConnector::from(config.clone()).connect(name, stream).await.map_err(|error| {
            let is_tls = error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
            if is_tls { Trouble::Tls(error.to_string()) } else { connection(&error) }
        })?;
        Ok(Box::new(stream))
    }
}

/// A connection that was not made, or broke.
pub fn connection(error: &io::Error) -> Trouble {
    Trouble::Connection(match error.kind() {
        io::ErrorKind::ConnectionRefused => "the connection was refused".to_owned(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "the connection broke".to_owned(),
        io::ErrorKind::UnexpectedEof => "the connection was closed".to_owned(),
        _ => error.to_string(),
    })
}

/// Takes any certificate: who asks for `require` wants to be kept from listeners, not from impostors.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
