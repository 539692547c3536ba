//! Sending a notice by e-mail, in plain text.

use std::time::{Duration, SystemTime};

use domain::alert::life::NoticeKind;
use domain::alert::notice::Notice;
use domain::registry::Email;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncTransport as _, Tokio1Executor};

use super::settings::{MailSettings, SmtpTls};
use super::shape::time;

/// Time for one answer of the mail server.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time for a whole mail.
const WHOLE: Duration = Duration::from_secs(25);

/// Sends mails.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Why mails cannot be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// TLS.
    #[error("the mail server cannot be spoken with by TLS")]
    Tls(#[source] lettre::transport::smtp::Error),
}

/// Why a mail was not sent. Shown on the page and kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum MailError {
    /// There is no mail server.
    #[error("no mail server is set up: start the program with --smtp-url and --smtp-from")]
    NoServer,
    /// It cannot be written.
    #[error("the mail cannot be written: {0}")]
    Form(String),
    /// Too slow.
    #[error("the mail server did not take it within 25 s")]
    Slow,
    /// It does not want it, or is not there.
    #[error("the mail server did not take it: {0}")]
    Refused(String),
}

impl Mailer {
    /// By a mail server. Nothing is connected yet.
    pub fn new(settings: &MailSettings) -> Result<Self, MailerError> {
        let url = &settings.url;
        // An address in brackets is one of IPv6.
        let host = url.host.trim_matches(['[', ']']).to_owned();
        let parameters = || TlsParameters::new(host.clone()).map_err(MailerError::Tls);
        let tls = match url.tls {
            SmtpTls::Whole => Tls::Wrapper(parameters()?),
            SmtpTls::Upgrade => Tls::Required(parameters()?),
            SmtpTls::None => Tls::None,
        };
        // Nothing about it is dangerous: the way to TLS is said above.
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(url.port)
            .tls(tls)
            .timeout(Some(PATIENCE));
        if let Some((user, password)) = &settings.account {
            builder = builder.credentials(Credentials::new(user.clone(), password.clone()));
        }
        Ok(Self { transport: builder.build(), from: settings.from.clone() })
    }

    /// Sends a notice to all addresses of a receiver, as one mail.
    pub(super) async fn send(&self, email: &Email, id: &str, notice: &Notice) -> Result<(), MailError> {
        let message = message(&self.from, email, id, notice)?;
        match tokio::time::timeout(WHOLE, self.transport.send(message)).await {
            Err(_) => Err(MailError::Slow),
            Ok(Err(error)) => Err(MailError::Refused(domain::text::plain(&chain(&error), 300).into_owned())),
            Ok(Ok(_)) => Ok(()),
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// The mail. Its id is the notice's, so that a repetition is one mail to programs that look; the mails of one alert are one thread.
fn message(from: &Mailbox, email: &Email, id: &str, notice: &Notice) -> Result<Message, MailError> {
    let wrong = |error: &dyn std::error::Error| MailError::Form(error.to_string());
    let domain = from.email.domain();
    let mut builder = Message::builder()
        .from(from.clone())
        .subject(notice.headline())
        .message_id(Some(format!("<{id}@{domain}>")))
        .header(ContentType::TEXT_PLAIN)
        // RFC 3834: nobody's absence answers it.
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()));
    if let Ok(seconds) = u64::try_from(notice.at.div_euclid(1_000_000)) {
        builder = builder.date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
    }
    if notice.kind != NoticeKind::Test {
        builder = builder.references(format!("<{}@{domain}>", notice.alert));
    }
    for address in &email.to {
        builder = builder.to(address.parse().map_err(|error: lettre::address::AddressError| wrong(&error))?);
    }
    // Lines that programs may not break.
    builder
        .header(ContentTransferEncoding::QuotedPrintable)
        .body(
            lettre::message::Body::new_with_encoding(text(notice), ContentTransferEncoding::QuotedPrintable)
                .map_err(|_| MailError::Form("its text cannot be encoded".to_owned()))?,
        )
        .map_err(|error| wrong(&error))
}

fn text(notice: &Notice) -> String {
    let mut text = format!("{}\n\n", notice.headline());
    if !notice.evidence.is_empty() {
        text.push_str(&format!("{}\n\n", notice.evidence));
    }
    if !notice.environment.is_empty() {
        text.push_str(&format!("Environment: {}\n", notice.environment));
    }
    if let Some(rule) = notice.rule {
        text.push_str(&format!("Rule: {} ({})\n", rule.rule().words, notice.severity.as_str()));
    }
    text.push_str(&format!("Since: {}\n", time(notice.since)));
    if notice.kind == NoticeKind::Resolved {
        text.push_str(&format!("Over: {}\n", time(notice.at)));
    }
    if let Some(link) = &notice.link {
        text.push_str(&format!("\n{link}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_has_a_lasting_id_and_no_header_but_ours() {
        let mut notice = Notice::test("ab", "kim", None, 1_763_681_343_000_000);
        notice.title = "x\r\nBcc: everybody@example.com".into();
        let email = Email { to: vec!["team@example.com".into(), "lead@example.com".into()] };
        let from: Mailbox = "Quarterdeck <q@example.com>".parse().unwrap();
        let mail = || String::from_utf8(message(&from, &email, "cd", &notice).unwrap().formatted()).unwrap();
        let (headers, body) = mail().split_once("\r\n\r\n").map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
        assert!(!headers.lines().any(|line| line.to_lowercase().starts_with("bcc:")), "{headers}");
        for expected in [
            "Message-ID: <cd@example.com>",
            "From: Quarterdeck <q@example.com>",
            "To: team@example.com, lead@example.com",
            "Auto-Submitted: auto-generated",
        ] {
            assert!(headers.lines().any(|line| line == expected), "{expected}: {headers}");
        }
        assert!(body.contains("Nothing is wrong."), "{body}");
        assert_eq!(mail(), mail());
    }
}
