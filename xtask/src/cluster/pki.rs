//! Throw-away certificates, tokens and kubeconfigs of one cluster.

use std::{
    fs,
    io::{Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use super::{kubeconfig, layout::Cluster};

/// Certificates that clients show: file name, group, user.
const CLIENTS: [(&str, Option<&str>, &str); 5] = [
    ("admin", Some("system:masters"), "dev-admin"),
    ("kcm", None, "system:kube-controller-manager"),
    ("sched", None, "system:kube-scheduler"),
    ("kwok", Some("system:masters"), "kwok"),
    ("metrics-server", Some("system:masters"), "metrics-server"),
];

/// Users who come with a token, to test RBAC with: user, group.
const TOKENS: [(&str, &str); 3] = [("editor", "dash:editors"), ("viewer", "dash:viewers"), ("nobody", "dash:nobodies")];

/// Makes the keys unless they are there, and writes the kubeconfigs.
pub fn ensure(cluster: &Cluster) -> Result<()> {
    let folder = cluster.pki();
    if !folder.exists() {
        let fresh = cluster.run.join("pki.new");
        if fresh.exists() {
            fs::remove_dir_all(&fresh).context("removing half-made keys")?;
        }
        generate(&fresh).context("making certificates")?;
        fs::rename(&fresh, &folder).context("putting the certificates in place")?;
    }
    for (user, _, _) in CLIENTS {
        write(&folder.join(format!("{user}.conf")), &kubeconfig::with_certificate(cluster, user)?)?;
    }
    for (user, _) in TOKENS {
        let token = fs::read_to_string(folder.join(format!("{user}.token"))).context("reading a token")?;
        write(&folder.join(format!("{user}.conf")), &kubeconfig::with_token(cluster, &token)?)?;
    }
    Ok(())
}

fn generate(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    let authority = authority(folder, "ca", "dev-ca")?;
    let front_proxy = self::authority(folder, "front-proxy-ca", "dev-front-proxy-ca")?;

    let names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"];
    let names = names.into_iter().chain(["kubernetes.default.svc.cluster.local", "127.0.0.1", "10.96.0.1"]);
    let mut server = CertificateParams::new(names.map(str::to_owned).collect::<Vec<_>>())?;
    server.distinguished_name = subject(None, "kube-apiserver");
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf(folder, "apiserver", server, &authority)?;

    for (file, group, user) in CLIENTS {
        leaf(folder, file, client(group, user)?, &authority)?;
    }
    leaf(folder, "front-proxy-client", client(None, "front-proxy-client")?, &front_proxy)?;

    // kube-apiserver reads public keys as PKIX and private keys as PKCS#8, so both halves have a file.
    let service_accounts = KeyPair::generate()?;
    write(&folder.join("sa.key"), &service_accounts.serialize_pem())?;
    write(&folder.join("sa.pub"), &service_accounts.public_key_pem())?;

    let mut lines = String::new();
    for (number, (user, group)) in (1002..).zip(TOKENS) {
        let token = random_hex(20)?;
        write(&folder.join(format!("{user}.token")), &token)?;
        lines.push_str(&format!("{token},{user},{number},\"{group}\"\n"));
    }
    write(&folder.join("tokens.csv"), &lines)
}

fn authority(folder: &Path, file: &str, name: &str) -> Result<Issuer<'static, KeyPair>> {
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.distinguished_name = subject(None, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    write(&folder.join(format!("{file}.crt")), &certificate.pem())?;
    write(&folder.join(format!("{file}.key")), &key.serialize_pem())?;
    Ok(Issuer::new(params, key))
}

fn leaf(folder: &Path, file: &str, mut params: CertificateParams, by: &Issuer<'_, KeyPair>) -> Result<()> {
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, by)?;
    write(&folder.join(format!("{file}.crt")), &certificate.pem())?;
    write(&folder.join(format!("{file}.key")), &key.serialize_pem())
}

fn client(group: Option<&str>, user: &str) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.distinguished_name = subject(group, user);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    Ok(params)
}

fn subject(group: Option<&str>, name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    if let Some(group) = group {
        subject.push(DnType::OrganizationName, group);
    }
    subject.push(DnType::CommonName, name);
    subject
}

/// As many random bytes as asked for, in hexadecimal.
pub fn random_hex(bytes: usize) -> Result<String> {
    let mut buffer = vec![0; bytes];
    fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut buffer))
        .context("reading random bytes")?;
    Ok(buffer.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Writes a file that only its owner can read.
fn write(path: &Path, text: &str) -> Result<()> {
    fs::OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("writing {}", path.display()))
}
