//! By which mail server alerts go out, and where webhooks may lead.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use lettre::message::Mailbox;
use url::Url;

/// The variable that holds the password where no file does.
const PASSWORD_VARIABLE: &str = "QUARTERDECK_SMTP_PASSWORD";

/// How alerts are sent. To whom stands in the registry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct AlertSettings {
    /// The mail server that alerts go out by: `smtps://host:465`, or `smtp://host:587`, which must then offer STARTTLS.
    ///
    /// Without TLS only on this very machine: `smtp://127.0.0.1:25`.
    #[arg(long, env = "QUARTERDECK_SMTP_URL", value_name = "URL", requires = "smtp_from")]
    pub smtp_url: Option<SmtpUrl>,

    /// From whom alerts come by e-mail: `Quarterdeck <quarterdeck@example.com>`.
    #[arg(long, env = "QUARTERDECK_SMTP_FROM", value_name = "ADDRESS", requires = "smtp_url")]
    pub smtp_from: Option<Mailbox>,

    /// The account at the mail server, where it wants one.
    #[arg(long, env = "QUARTERDECK_SMTP_USER", value_name = "NAME", requires = "smtp_url")]
    pub smtp_user: Option<String>,

    /// The file that holds the password of that account. Where there is none, the environment variable QUARTERDECK_SMTP_PASSWORD is
    /// taken.
    #[arg(long, env = "QUARTERDECK_SMTP_PASSWORD_FILE", value_name = "FILE", requires = "smtp_user")]
    pub smtp_password_file: Option<PathBuf>,

    /// Lets webhooks lead to this very machine, for development. Link-local addresses stay refused.
    #[arg(long, env = "QUARTERDECK_ALERTS_ALLOW_LOOPBACK")]
    pub alerts_allow_loopback: bool,
}

/// A mail server as it was set up.
#[derive(Clone)]
pub struct MailSettings {
    /// Where it is.
    pub url: SmtpUrl,
    /// From whom mails come.
    pub from: Mailbox,
    /// Account and password.
    pub account: Option<(String, String)>,
}

impl fmt::Debug for MailSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailSettings").field("url", &self.url).field("from", &self.from).finish_non_exhaustive()
    }
}

/// Why the settings of a mail server cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MailSettingsError {
    /// The file.
    #[error("the password of the mail account cannot be read from {0}")]
    File(PathBuf, #[source] std::io::Error),
    /// An account and nothing to prove it.
    #[error("--smtp-user needs a password: write --smtp-password-file, or set {PASSWORD_VARIABLE}")]
    NoPassword,
}

impl AlertSettings {
    /// The mail server, if there is one. Reads the password.
    pub fn mail(&self) -> Result<Option<MailSettings>, MailSettingsError> {
        self.with_password(std::env::var(PASSWORD_VARIABLE).ok())
    }

    fn with_password(&self, variable: Option<String>) -> Result<Option<MailSettings>, MailSettingsError> {
        let (Some(url), Some(from)) = (&self.smtp_url, &self.smtp_from) else { return Ok(None) };
        let account = match &self.smtp_user {
            None => None,
            Some(user) => {
                let password = match &self.smtp_password_file {
                    Some(path) => Some(
                        std::fs::read_to_string(path).map_err(|error| MailSettingsError::File(path.clone(), error))?,
                    ),
                    None => variable,
                };
                // Editors end a file with a line break.
                let password = password.map(|text| text.trim_end_matches(['\r', '\n']).to_owned());
                let password = password.filter(|text| !text.is_empty()).ok_or(MailSettingsError::NoPassword)?;
                Some((user.clone(), password))
            }
        };
        Ok(Some(MailSettings { url: url.clone(), from: from.clone(), account }))
    }
}

/// How a mail server is spoken with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// TLS from the first byte.
    Whole,
    /// STARTTLS, and nothing before it.
    Upgrade,
    /// None: it is on this machine.
    None,
}

/// The address of a mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpUrl {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken with.
    pub tls: SmtpTls,
}

/// A text that is no address of a mail server. The text is not repeated: somebody may have written a password into it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is not a mail server: write smtps://host:465 or smtp://host:587, without user and password")]
pub struct NoSmtpUrl;

impl FromStr for SmtpUrl {
    type Err = NoSmtpUrl;
    fn from_str(text: &str) -> Result<Self, NoSmtpUrl> {
        let url = Url::parse(text).map_err(|_| NoSmtpUrl)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(NoSmtpUrl)?.to_owned();
        let bare = url.username().is_empty()
            && url.password().is_none()
            && matches!(url.path(), "" | "/")
            && url.query().is_none()
            && url.fragment().is_none();
        if !bare {
            return Err(NoSmtpUrl);
        }
        let is_here = host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse::<IpAddr>()
                .is_ok_and(|address| address.to_canonical().is_loopback());
        let (tls, port) = match url.scheme() {
            "smtps" => (SmtpTls::Whole, 465),
            "smtp" if is_here => (SmtpTls::None, 25),
            "smtp" => (SmtpTls::Upgrade, 587),
            _ => return Err(NoSmtpUrl),
        };
        Ok(Self { host, port: url.port().unwrap_or(port), tls })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_leaves_the_machine_by_tls_only() {
        for (text, expected) in [
            ("smtps://mail.example.com", Some((465, SmtpTls::Whole))),
            ("smtps://127.0.0.1:4465", Some((4465, SmtpTls::Whole))),
            ("smtp://mail.example.com", Some((587, SmtpTls::Upgrade))),
            ("smtp://10.0.0.5:25", Some((25, SmtpTls::Upgrade))),
            ("smtp://localhost", Some((25, SmtpTls::None))),
            ("smtp://127.0.0.1:2525", Some((2525, SmtpTls::None))),
            ("smtp://[::1]:2525", Some((2525, SmtpTls::None))),
            ("smtp://localhost.example.com", Some((587, SmtpTls::Upgrade))),
            ("smtp://user:canary@mail.example.com", None),
            ("smtp://mail.example.com/?tls=none", None),
            ("http://mail.example.com", None),
            ("mail.example.com", None),
            ("smtp://", None),
        ] {
            let read = text.parse::<SmtpUrl>();
            assert_eq!(read.as_ref().ok().map(|url| (url.port, url.tls)), expected, "{text}");
            assert!(!read.err().is_some_and(|error| error.to_string().contains("canary")));
        }
    }

    #[test]
    fn an_account_needs_its_password_and_shows_it_nowhere() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "canary word\n").unwrap();
        let settings = AlertSettings {
            smtp_url: Some("smtps://mail.example.com".parse().unwrap()),
            smtp_from: Some("Quarterdeck <q@example.com>".parse().unwrap()),
            smtp_user: Some("quarterdeck".into()),
            ..AlertSettings::default()
        };
        assert!(matches!(settings.with_password(None), Err(MailSettingsError::NoPassword)));
        let of_variable = settings.with_password(Some("canary".into())).unwrap().unwrap();
        assert_eq!(of_variable.account.clone().unwrap().1, "canary");
        assert!(!format!("{of_variable:?}").contains("canary"));
        let of_file = AlertSettings { smtp_password_file: Some(file), ..settings.clone() };
        assert_eq!(of_file.with_password(None).unwrap().unwrap().account.unwrap().1, "canary word");
        let missing = AlertSettings { smtp_password_file: Some(folder.path().join("none")), ..settings };
        assert!(matches!(missing.with_password(None), Err(MailSettingsError::File(..))));
        assert!(AlertSettings::default().with_password(None).unwrap().is_none());
    }
}
