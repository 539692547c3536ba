//! How a provider is set up.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use url::Url;

/// The variable that holds the secret where no file does.
const SECRET_VARIABLE: &str = "QUARTERDECK_OIDC_CLIENT_SECRET";

/// Sign-in by an OpenID provider, beside passwords.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct OidcSettings {
    /// The OpenID provider with which people may sign in, by its issuer address: `https://id.example.com/realms/team`.
    ///
    /// Exactly as the provider writes it in its tokens, with or without a slash at the end. People come back to the console's
    /// own address and `/sign-in/callback`, which the provider must know. docs/sign-in.md has it for Keycloak, Dex and Entra.
    #[arg(long, env = "QUARTERDECK_OIDC_ISSUER", value_name = "URL", requires = "oidc_client_id")]
    pub oidc_issuer: Option<Issuer>,

    /// What the provider calls this console.
    #[arg(long, env = "QUARTERDECK_OIDC_CLIENT_ID", value_name = "ID", requires = "oidc_issuer")]
    pub oidc_client_id: Option<String>,

    /// The file that holds the secret which the provider gave this console. Where there is none, the environment variable
    /// QUARTERDECK_OIDC_CLIENT_SECRET is taken; a public client has neither.
    #[arg(long, env = "QUARTERDECK_OIDC_CLIENT_SECRET_FILE", value_name = "FILE", requires = "oidc_issuer")]
    pub oidc_client_secret_file: Option<PathBuf>,

    /// The claim of the ID token that lists a person's groups. `access` in the registry says which roles they bring.
    #[arg(long, env = "QUARTERDECK_OIDC_GROUPS_CLAIM", value_name = "CLAIM", default_value = "groups")]
    pub oidc_groups_claim: String,

    /// What the provider is called on the sign-in page: `Sign in with <name>`.
    #[arg(long, env = "QUARTERDECK_OIDC_NAME", value_name = "NAME", default_value = "single sign-on", value_parser = name)]
    pub oidc_name: String,

    /// What the provider is asked for beside `openid`, with blanks between: some send groups only when asked for `groups`.
    #[arg(long, env = "QUARTERDECK_OIDC_SCOPES", value_name = "SCOPES", default_value = "profile")]
    pub oidc_scopes: String,
}

/// A provider as it was set up.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// Its address.
    pub issuer: Issuer,
    /// What it calls us.
    pub client_id: String,
    /// What it knows us by.
    pub secret: Option<Secret>,
    /// The claim that lists groups.
    pub groups_claim: String,
    /// Its name on the sign-in page.
    pub name: String,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
}

/// Why the settings of a provider cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file.
    #[error("the client secret cannot be read from {0}")]
    File(PathBuf, #[source] std::io::Error),
    /// Nothing in it.
    #[error("the client secret in {0} is empty: leave the file out where the provider gave none")]
    Empty(String),
    /// Which of them?
    #[error("there are two client secrets: unset {SECRET_VARIABLE}, or leave --oidc-client-secret-file out")]
    Two,
}

impl OidcSettings {
    /// The provider, if there is one. Reads the secret.
    pub fn provider(&self) -> Result<Option<ProviderSettings>, SettingsError> {
        self.with_secret(std::env::var(SECRET_VARIABLE).ok())
    }

    fn with_secret(&self, variable: Option<String>) -> Result<Option<ProviderSettings>, SettingsError> {
        let (Some(issuer), Some(client_id)) = (&self.oidc_issuer, &self.oidc_client_id) else { return Ok(None) };
        let secret = match (&self.oidc_client_secret_file, variable) {
            (Some(_), Some(_)) => return Err(SettingsError::Two),
            (Some(path), None) => {
                let text = std::fs::read_to_string(path).map_err(|error| SettingsError::File(path.clone(), error))?;
                Some((path.display().to_string(), text))
            }
            (None, variable) => variable.map(|text| (SECRET_VARIABLE.to_owned(), text)),
        };
        let secret = match secret {
            Some((place, text)) if text.trim().is_empty() => return Err(SettingsError::Empty(place)),
            // Editors end a file with a line break.
            Some((_, text)) => Some(Secret(text.trim_end_matches(['\r', '\n']).to_owned())),
            None => None,
        };
        Ok(Some(ProviderSettings {
            issuer: issuer.clone(),
            client_id: client_id.clone(),
            secret,
            groups_claim: self.oidc_groups_claim.clone(),
            name: self.oidc_name.clone(),
            scopes: self.oidc_scopes.split_whitespace().filter(|scope| *scope != "openid").map(str::to_owned).collect(),
        }))
    }
}

/// A text that is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// What it is.
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The address of a provider: `https`, or `http` on this very machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer(String);

/// Why a text is no issuer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// Who signs in would be decided by whoever sits in between.
    #[error("'{0}' is not https: anybody on the way could say who signs in. Write https://…")]
    NotHttps(String),
    /// Not an address, or with more than one has.
    #[error("'{0}' is not an issuer: write https://host/path, without user, query or fragment")]
    Form(String),
}

impl Issuer {
    /// As it was written: it is compared letter by letter.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is on this machine and speaks without TLS, for development.
    pub(super) fn is_plain(&self) -> bool {
        self.0.starts_with("http://")
    }
}

impl FromStr for Issuer {
    type Err = IssuerError;
    fn from_str(text: &str) -> Result<Self, IssuerError> {
        let wrong = || IssuerError::Form(text.to_owned());
        let url = Url::parse(text).map_err(|_| wrong())?;
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(IssuerError::NotHttps(text.to_owned())),
            _ => return Err(wrong()),
        }
        let plain = url.username().is_empty() && url.password().is_none();
        let whole = url.host().is_some() && url.query().is_none() && url.fragment().is_none();
        // What is compared letter by letter must be written as addresses are.
        let exact = url.as_str() == text || url.as_str().strip_suffix('/') == Some(text);
        if plain && whole && exact { Ok(Self(text.to_owned())) } else { Err(wrong()) }
    }
}

/// Whether an address is on this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(url::Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

/// Reads what stands on a button.
fn name(text: &str) -> Result<String, &'static str> {
    let fine = !text.trim().is_empty() && domain::text::plain(text, 40) == text;
    if fine { Ok(text.trim().to_owned()) } else { Err("write a name of 1 to 40 characters, like Keycloak") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_https_or_on_this_machine() {
        for (text, expected) in [
            ("https://id.example.com", true),
            ("https://id.example.com/", true),
            ("https://id.example.com/realms/team", true),
            ("https://id.example.com:8443/x/", true),
            ("http://127.0.0.1:5556/dex", true),
            ("http://localhost:8080", true),
            ("http://[::1]:8080", true),
            ("http://id.example.com", false),
            ("http://localhost.example.com", false),
            ("http://127.0.0.1.example.com", false),
            ("http://127.0.0.1@example.com", false),
            ("https://user@id.example.com", false),
            ("https://id.example.com/?a=b", false),
            ("https://id.example.com/#a", false),
            ("https://ID.example.com", false),
            ("https://id.example.com/a/../b", false),
            ("file:///etc/passwd", false),
            ("id.example.com", false),
            ("https://", false),
            ("", false),
        ] {
            assert_eq!(text.parse::<Issuer>().is_ok(), expected, "{text}");
        }
    }

    fn settings() -> OidcSettings {
        OidcSettings {
            oidc_issuer: Some("https://id.example.com".parse().unwrap()),
            oidc_client_id: Some("quarterdeck".into()),
            oidc_client_secret_file: None,
            oidc_groups_claim: "groups".into(),
            oidc_name: "Example".into(),
            oidc_scopes: " openid profile  groups".into(),
        }
    }

    #[test]
    fn the_secret_comes_from_one_place_and_is_shown_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "four words\r\n").unwrap();
        let of_file = OidcSettings { oidc_client_secret_file: Some(file.clone()), ..settings() };
        let secret = |settings: &OidcSettings, variable: Option<&str>| {
            settings.with_secret(variable.map(str::to_owned)).map(|provider| provider.unwrap().secret)
        };
        assert_eq!(secret(&of_file, None).unwrap(), Some(Secret("four words".into())));
        assert_eq!(secret(&settings(), Some("x")).unwrap(), Some(Secret("x".into())));
        assert_eq!(secret(&settings(), None).unwrap(), None);
        assert!(matches!(secret(&of_file, Some("x")), Err(SettingsError::Two)));
        assert!(matches!(secret(&settings(), Some(" ")), Err(SettingsError::Empty(_))));
        std::fs::write(&file, "\n").unwrap();
        assert!(matches!(secret(&of_file, None), Err(SettingsError::Empty(_))));
        let missing = OidcSettings { oidc_client_secret_file: Some(folder.path().join("none")), ..settings() };
        assert!(matches!(secret(&missing, None), Err(SettingsError::File(..))));

        let provider = settings().with_secret(Some("canary".into())).unwrap().unwrap();
        assert_eq!(provider.scopes, ["profile", "groups"]);
        assert!(!format!("{provider:?}").contains("canary"));
        assert!(OidcSettings { oidc_issuer: None, ..settings() }.with_secret(None).unwrap().is_none());
    }
}
