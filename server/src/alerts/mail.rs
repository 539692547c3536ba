//! Sending a notice by e-mail, in plain text.

use std::fmt;
use std::time::{Duration, SystemTime};

use domain::alert::life::NoticeKind;
use domain::alert::notice::Notice;
use domain::registry::Email;
use lettre::Address;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;
use tokio::time::{Instant, timeout};

use super::settings::{MailSettings, SmtpTls};
use super::shape::time;
use super::trouble;
use crate::store::Progress;

/// Time for a connection on which mails can be sent.
const OPENING: Duration = Duration::from_secs(25);
/// Time for one answer of the mail server.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time for the answer to a whole mail: some servers look through it before they take it. RFC 5321 wants ten minutes, in which
/// nobody would know.
const FINAL: Duration = Duration::from_secs(120);
/// After how long no other address is begun with.
const BEGINNING: Duration = Duration::from_secs(30);
/// The longest that all of it takes: the last address is begun with just in time, and every answer is late.
#[cfg(test)]
pub(super) const LONGEST: Duration = Duration::from_secs(30 + 3 * 10 + 120 + 10);
/// How often an address is sent a mail that it may have taken without saying so.
pub(super) const UNANSWERED: u32 = 3;

/// How the server is spoken with.
enum Tls {
    /// TLS from the first byte.
    Whole(TlsParameters),
    /// STARTTLS, and nothing before it.
    Upgrade(TlsParameters),
    /// None.
    None,
}

/// Sends mails.
pub struct Mailer {
    host: String,
    port: u16,
    tls: Tls,
    account: Option<Credentials>,
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
    /// It is not there, or does not want anything.
    #[error("the mail server: {0}")]
    Server(String),
    /// It does not want it for some.
    #[error("the mail server did not take it for {0}")]
    Refused(String),
}

/// What a mail server did not do.
enum Step {
    /// It has not got the mail: why, in our words.
    Undone(String),
    /// It may have: why that is not known.
    Unanswered(String),
}

impl Mailer {
    /// By a mail server. Nothing is connected yet.
    pub fn new(settings: &MailSettings) -> Result<Self, MailerError> {
        let url = &settings.url;
        // An address in brackets is one of IPv6.
        let host = url.host.trim_matches(['[', ']']).to_owned();
        let parameters = || TlsParameters::new(host.clone()).map_err(MailerError::Tls);
        let tls = match url.tls {
            SmtpTls::Whole => Tls::Whole(parameters()?),
            SmtpTls::Upgrade => Tls::Upgrade(parameters()?),
            SmtpTls::None => Tls::None,
        };
        let account = settings.account.clone();
        let account = account.map(|(user, password)| Credentials::new(user, password));
        Ok(Self { host, port: url.port, tls, account, from: settings.from.clone() })
    }

    /// Sends a notice to the addresses of a receiver that were not told yet, each by itself: what the server says of one of them
    /// keeps it from no other. Says how far it got.
    pub(super) async fn send(
        &self,
        email: &Email,
        id: &str,
        notice: &Notice,
        progress: &mut Progress,
    ) -> Result<(), MailError> {
        let mail = message(&self.from, email, id, notice)?.formatted();
        let mut left = left(email, progress);
        let is_lost = |address: &&String| !progress.told.contains(*address) && !left.contains(&address.as_str());
        let lost = email.to.iter().filter(is_lost);
        let mut troubles: Vec<String> = lost
            .map(|address| format!("{address} (it was sent {UNANSWERED} times, and there was no answer)"))
            .collect();
        if left.is_empty() {
            return refused(&troubles);
        }
        // Whoever does not answer comes last, so that the others are told before that.
        left.sort_by_key(|address| progress.unanswered.get(*address).copied().unwrap_or(0));
        let begin = Instant::now();
        let mut connection = match timeout(OPENING, self.open()).await {
            Ok(opened) => opened.map_err(|error| MailError::Server(words(&error)))?,
            Err(_) => return Err(MailError::Server("no connection within 25 s".to_owned())),
        };
        let mut is_broken = false;
        for address in left {
            if is_broken || begin.elapsed() > BEGINNING {
                troubles.push(format!("{address} (its turn did not come)"));
                continue;
            }
            match self.send_to(&mut connection, address, &mail).await {
                Ok(()) => {
                    progress.told.insert(address.to_owned());
                }
                Err(Step::Undone(why)) => {
                    troubles.push(format!("{address} ({why})"));
                    // What was begun for one must not go to the next.
                    is_broken = command(&mut connection, Rset).await.is_err();
                }
                Err(Step::Unanswered(why)) => {
                    troubles.push(format!("{address} (it was sent, and there was no answer: {why})"));
                    *progress.unanswered.entry(address.to_owned()).or_default() += 1;
                    is_broken = true;
                }
            }
        }
        if !is_broken {
            // It was taken: what is said after that is of no use to anybody.
            let _ = timeout(PATIENCE, connection.quit()).await;
        }
        refused(&troubles)
    }

    /// A connection on which mails can be sent.
    async fn open(&self) -> Result<AsyncSmtpConnection, lettre::transport::smtp::Error> {
        let hello = ClientId::default();
        let (whole, upgrade) = match &self.tls {
            Tls::Whole(parameters) => (Some(parameters.clone()), None),
            Tls::Upgrade(parameters) => (None, Some(parameters.clone())),
            Tls::None => (None, None),
        };
        let server = (self.host.as_str(), self.port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(server, Some(PATIENCE), &hello, whole, None).await?;
        if let Some(parameters) = upgrade {
            connection.starttls(parameters, &hello).await?;
        }
        if let Some(account) = &self.account {
            connection.auth(&[Mechanism::Plain, Mechanism::Login], account).await?;
        }
        Ok(connection)
    }

    async fn send_to(&self, connection: &mut AsyncSmtpConnection, to: &str, mail: &[u8]) -> Result<(), Step> {
        let address: Address = to.parse().map_err(|_| Step::Undone("it is no address".to_owned()))?;
        command(connection, Mail::new(Some(self.from.email.clone()), Vec::new())).await?;
        command(connection, Rcpt::new(address, Vec::new())).await?;
        command(connection, Data).await?;
        match timeout(FINAL, connection.message(mail)).await {
            Ok(Ok(_)) => Ok(()),
            // It says that it did not take it.
            Ok(Err(error)) if error.status().is_some() => Err(Step::Undone(words(&error))),
            Ok(Err(error)) => Err(Step::Unanswered(words(&error))),
            Err(_) => Err(Step::Unanswered("none within 2 min".to_owned())),
        }
    }
}

fn refused(troubles: &[String]) -> Result<(), MailError> {
    if troubles.is_empty() { Ok(()) } else { Err(MailError::Refused(troubles.join(", "))) }
}

/// The addresses that were not told yet, and may be.
pub(super) fn left<'a>(email: &'a Email, progress: &Progress) -> Vec<&'a str> {
    let may_be = |address: &&str| {
        !progress.told.contains(*address) && progress.unanswered.get(*address).is_none_or(|times| *times < UNANSWERED)
    };
    email.to.iter().map(String::as_str).filter(may_be).collect()
}

async fn command(connection: &mut AsyncSmtpConnection, command: impl fmt::Display) -> Result<(), Step> {
    match timeout(PATIENCE, connection.command(command)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(Step::Undone(words(&error))),
        Err(_) => Err(Step::Undone("no answer within 10 s".to_owned())),
    }
}

/// What went wrong, in our words: what a mail server says names people.
fn words(error: &lettre::transport::smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("it answered {code}"),
        None => trouble::words(error),
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
    use std::sync::Arc;

    use parking_lot::Mutex;
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::{TcpListener, TcpStream};

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

    /// A mail server of which some want nothing, and one is cut off after the mail. Says who was asked for and who got a mail.
    #[derive(Clone, Default)]
    struct Server {
        asked: Arc<Mutex<Vec<String>>>,
        taken: Arc<Mutex<Vec<String>>>,
    }

    impl Server {
        async fn start(&self) -> Mailer {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("smtp://{}", listener.local_addr().unwrap()).parse().unwrap();
            let server = self.clone();
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(server.clone().speak(stream));
                }
            });
            let from = "Quarterdeck <q@example.com>".parse().unwrap();
            Mailer::new(&MailSettings { url, from, account: None }).unwrap()
        }

        /// `None`: the other end went.
        async fn speak(self, stream: TcpStream) -> Option<()> {
            let (read, mut write) = stream.into_split();
            let mut lines = BufReader::new(read).lines();
            write.write_all(b"220 mail.test ESMTP\r\n").await.ok()?;
            let mut to = String::new();
            while let Some(line) = lines.next_line().await.ok()? {
                let answer: &[u8] = match line.get(..4)? {
                    "RCPT" => {
                        to = line.split(['<', '>']).nth(1)?.to_owned();
                        self.asked.lock().push(to.clone());
                        if to.starts_with("gone") {
                            b"550 5.1.1 <canary@example.com> unknown\r\n"
                        } else {
                            b"250 fine\r\n"
                        }
                    }
                    "DATA" => {
                        write.write_all(b"354 go on\r\n").await.ok()?;
                        while lines.next_line().await.ok()?? != "." {}
                        if to.starts_with("mute") {
                            return None;
                        }
                        self.taken.lock().push(to.clone());
                        b"250 taken\r\n"
                    }
                    _ => b"250 fine\r\n",
                };
                write.write_all(answer).await.ok()?;
            }
            None
        }
    }

    #[tokio::test]
    async fn each_address_is_told_by_itself_and_never_again() {
        let (server, mut progress) = (Server::default(), Progress::default());
        let mailer = server.start().await;
        let to = ["gone@example.com", "mute@example.com", "a@example.com", "b@example.com"];
        let email = Email { to: to.map(str::to_owned).to_vec() };
        let notice = Notice::test("ab", "kim", None, 0);
        let mut troubles = Vec::new();
        for _ in 0..6 {
            let result = mailer.send(&email, "cd", &notice, &mut progress).await;
            troubles.push(result.unwrap_err().to_string());
        }
        // Where one is cut off the turn of the rest comes next time, before it.
        assert!(
            troubles[0].starts_with(
                "the mail server did not take it for gone@example.com (it answered 550), \
                 mute@example.com (it was sent, and there was no answer: "
            ),
            "{troubles:?}"
        );
        assert!(troubles[0].ends_with("b@example.com (its turn did not come)"), "{troubles:?}");
        assert!(!troubles.concat().contains("canary"), "{troubles:?}");
        assert_eq!(*server.taken.lock(), ["a@example.com", "b@example.com"]);
        let times = |name: &str| server.asked.lock().iter().filter(|asked| asked.starts_with(name)).count();
        assert_eq!((times("gone"), times("mute"), times("a@"), times("b@")), (6, 3, 1, 1));
        assert_eq!(progress.unanswered["mute@example.com"], UNANSWERED);
        // Nothing is left to be tried for it, and that is said.
        let only = Email { to: vec!["a@example.com".into(), "mute@example.com".into()] };
        assert!(left(&only, &progress).is_empty());
        let lost = mailer.send(&only, "cd", &notice, &mut progress).await.unwrap_err();
        assert!(lost.to_string().contains("mute@example.com (it was sent 3 times"), "{lost}");
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_said_in_our_words() {
        let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let url = format!("smtp://{nobody}").parse().unwrap();
        let from = "q@example.com".parse().unwrap();
        let mailer = Mailer::new(&MailSettings { url, from, account: None }).unwrap();
        let email = Email { to: vec!["a@example.com".into()] };
        let mut progress = Progress::default();
        let error = mailer.send(&email, "cd", &Notice::test("ab", "kim", None, 0), &mut progress).await.unwrap_err();
        assert_eq!(error, MailError::Server("the connection was refused".into()));
        assert_eq!(progress, Progress::default());
    }
}
