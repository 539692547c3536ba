//! What went wrong with a connection, in our own words: what others say names hosts and people.

use std::error::Error;
use std::io;

use rustls::CertificateError;

use super::resolver::NameError;

/// What went wrong, as far as anybody in the chain of errors knows.
pub(super) fn words(error: &(dyn Error + 'static)) -> String {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(words) = known(error) {
            return words;
        }
        next = error.source();
    }
    "the connection failed".to_owned()
}

fn known(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(error) = error.downcast_ref::<NameError>() {
        return Some(error.to_string());
    }
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(of_tls(error).to_owned());
    }
    let error = error.downcast_ref::<io::Error>()?;
    // What it wraps is not among its sources.
    let inner = error.get_ref().and_then(|inner| known(inner));
    inner.or_else(|| of_kind(error.kind()).map(str::to_owned))
}

fn of_tls(error: &rustls::Error) -> &'static str {
    let rustls::Error::InvalidCertificate(error) = error else { return "TLS with it failed" };
    match error {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is of another name"
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "its certificate has expired",
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet"
        }
        CertificateError::UnknownIssuer => "the issuer of its certificate is not trusted by this machine",
        _ => "its certificate is not accepted",
    }
}

fn of_kind(kind: io::ErrorKind) -> Option<&'static str> {
    match kind {
        io::ErrorKind::ConnectionRefused => Some("the connection was refused"),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            Some("the connection broke")
        }
        io::ErrorKind::UnexpectedEof => Some("the connection was closed"),
        io::ErrorKind::TimedOut => Some("no answer in time"),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Some("it cannot be reached from here"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_others_say_only_our_words_are_shown() {
        let certificate = |error| io::Error::other(rustls::Error::InvalidCertificate(error));
        for (error, expected) in [
            (certificate(CertificateError::NotValidForName), "its certificate is of another name"),
            (certificate(CertificateError::Expired), "its certificate has expired"),
            (
                certificate(CertificateError::UnknownIssuer),
                "the issuer of its certificate is not trusted by this machine",
            ),
            (certificate(CertificateError::Revoked), "its certificate is not accepted"),
            (io::Error::other(rustls::Error::General("canary".into())), "TLS with it failed"),
            (io::Error::other(NameError::Unresolved), "the name of the address cannot be resolved"),
            // Wrapped twice, as hyper's connector does.
            (io::Error::other(certificate(CertificateError::Expired)), "its certificate has expired"),
            (io::ErrorKind::ConnectionRefused.into(), "the connection was refused"),
            (io::Error::new(io::ErrorKind::ConnectionReset, "canary"), "the connection broke"),
            (io::Error::other("canary.example.com"), "the connection failed"),
        ] {
            assert_eq!(words(&error), expected, "{error:?}");
        }
    }
}
