//! What receivers are told: one notice of an alert, in words that stand alone.

use serde::{Deserialize, Serialize};

use super::life::{Alert, NoticeKind};
use super::{RuleId, Severity};
use crate::text::plain;

/// The most characters of a title.
const LONGEST_TITLE: usize = 200;
/// The most characters of the evidence.
const LONGEST_EVIDENCE: usize = 2_000;

/// One notice, as it was when it was decided: a retry tells the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// What it tells.
    pub kind: NoticeKind,
    /// The alert's id, the same in the notice that it fires and in the one that it is over; that of the notice where it is a test.
    pub alert: String,
    /// By which rule; `None`: a test.
    pub rule: Option<RuleId>,
    /// How much it hurts.
    pub severity: Severity,
    /// `fleet-management/production`; empty: a test.
    pub environment: String,
    /// `Fleet Management Production`.
    pub place: String,
    /// `fleet-api crash loops`.
    pub title: String,
    /// What was seen, in sentences.
    pub evidence: String,
    /// Since when, microseconds since 1970.
    pub since: i64,
    /// When it fired or was over, microseconds since 1970.
    pub at: i64,
    /// The page that says more; `None` where nobody said under which address the console is reached.
    pub link: Option<String>,
}

impl Notice {
    /// Of an alert.
    pub fn of(alert: &Alert, id: &str, kind: NoticeKind, place: &str, link: Option<String>, at: i64) -> Self {
        Self {
            kind,
            alert: id.to_owned(),
            rule: Some(alert.key.rule),
            severity: alert.severity,
            environment: alert.key.environment.to_string(),
            place: plain(place, LONGEST_TITLE).into_owned(),
            title: plain(&alert.title, LONGEST_TITLE).into_owned(),
            evidence: plain(&alert.evidence, LONGEST_EVIDENCE).into_owned(),
            since: alert.since,
            at,
            link,
        }
    }

    /// That somebody tries whether the receiver hears.
    pub fn test(id: &str, by: &str, link: Option<String>, at: i64) -> Self {
        Self {
            kind: NoticeKind::Test,
            alert: id.to_owned(),
            rule: None,
            severity: Severity::Warning,
            environment: String::new(),
            place: "Quarterdeck".to_owned(),
            title: "This is a test".to_owned(),
            evidence: format!("{} sent it to see whether alerts arrive here. Nothing is wrong.", plain(by, 64)),
            since: at,
            at,
            link,
        }
    }

    /// The one line: `[Firing] Fleet Management Production: fleet-api crash loops`.
    pub fn headline(&self) -> String {
        let kind = match self.kind {
            NoticeKind::Firing => "Firing",
            NoticeKind::Resolved => "Resolved",
            NoticeKind::Test => "Test",
        };
        if self.title.contains(&self.place) {
            return format!("[{kind}] {}", self.title);
        }
        format!("[{kind}] {}: {}", self.place, self.title)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::AlertKey;
    use crate::alert::life::Said;

    #[test]
    fn what_a_cluster_says_cannot_break_out_of_a_line() {
        let alert = Alert {
            key: AlertKey {
                environment: "shop/production".parse().unwrap(),
                rule: RuleId::CrashLoop,
                about: "x".into(),
            },
            severity: Severity::Critical,
            title: "web crash loops\r\nBcc: everybody@example.com".into(),
            evidence: "a\u{202e}b".repeat(2_000),
            component: None,
            since: 1,
            fired: Some(2),
            resolved: None,
            quiet_since: None,
            said: Said::Firing,
        };
        let notice = Notice::of(&alert, "ab", NoticeKind::Firing, "The Shop\nProduction", None, 2);
        assert_eq!(notice.headline(), "[Firing] The Shop Production: web crash loops␍ Bcc: everybody@example.com");
        let whole = Notice { title: "The Shop Production is down".into(), ..notice.clone() };
        assert_eq!(whole.headline(), "[Firing] The Shop Production is down");
        assert!(!notice.evidence.contains('\u{202e}') && notice.evidence.chars().count() <= LONGEST_EVIDENCE + 1);
        let test = Notice::test("cd", "kim", None, 5);
        assert_eq!(test.headline(), "[Test] Quarterdeck: This is a test");
        assert!(test.evidence.starts_with("kim sent it"));
    }
}
