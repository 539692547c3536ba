//! The program with a certificate of its own.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, crypto};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::bench::{Answer, Ask, Program, Setup, sign_in_body, speak};

/// Asks by TLS.
async fn ask(program: &Program, trusted: &[u8], request: &Ask<'_>) -> Answer {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(trusted.to_vec())).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()));
    let config = builder.with_safe_default_protocol_versions().unwrap();
    let config = config.with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(program.address).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    speak(stream, program.address, request).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_certificate_it_speaks_tls_and_its_cookies_know() {
    let mut setup = Setup::new();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    for (flag, name, text) in
        [("--tls-cert", "tls.crt", made.cert.pem()), ("--tls-key", "tls.key", made.signing_key.serialize_pem())]
    {
        std::fs::write(setup.path(name), text).unwrap();
        setup.flags.extend([flag.to_owned(), setup.path(name).display().to_string()]);
    }
    setup.add_person("kim");
    let program = setup.start().await;
    let trusted = made.cert.der().to_vec();

    let body = sign_in_body("kim");
    let answer = ask(&program, &trusted, &Ask { method: "POST", body: &body, ..Ask::get("/sign-in") }).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let set = answer.header("set-cookie");
    assert!(set.starts_with("__Host-quarterdeck="), "{set}");
    for word in ["; Secure", "; HttpOnly", "; SameSite=Strict", "; Path=/"] {
        assert!(set.contains(word), "{set}");
    }
    let cookie = answer.cookie();
    let page = ask(&program, &trusted, &Ask { cookie: &cookie, ..Ask::get("/") }).await;
    assert_eq!(page.status, 200);
    // The name without the prefix, which a page without TLS could have planted, is nobody.
    let planted = cookie.trim_start_matches("__Host-").to_owned();
    assert_eq!(ask(&program, &trusted, &Ask { cookie: &planted, ..Ask::get("/") }).await.status, 303);
    // And plain HTTP is not answered.
    assert!(program.try_ask(&Ask::get("/livez")).await.is_none());
}
