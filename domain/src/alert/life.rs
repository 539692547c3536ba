//! The life of an alert: pending, firing, resolved, and what is said of it to whom it is sent.
//!
//! Pure: given the alert, what its rule sees and the time, the next alert and what is to be sent. Times are microseconds since 1970.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::{AlertKey, Severity, Symptom};
use crate::name::ComponentId;

/// Microseconds in a second.
const SECOND: i64 = 1_000_000;

/// How far an alert is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Its symptom does not last long enough yet.
    Pending,
    /// It lasts.
    Firing,
    /// It is over.
    Resolved,
}

impl Stage {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Firing => "Firing",
            Self::Resolved => "Resolved",
        }
    }
}

/// What receivers are told of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeKind {
    /// It fires.
    Firing,
    /// It is over.
    Resolved,
    /// Somebody tries whether the receiver hears.
    Test,
}

impl NoticeKind {
    /// As it is stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
            Self::Test => "test",
        }
    }
}

/// What was said of an alert so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Said {
    /// Nothing.
    Nothing,
    /// That it fires.
    Firing,
    /// That it is over, too; or nothing, and nothing will be.
    All,
}

/// An alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
// Fields of a newer version are skipped, so that both can work while the program is updated.
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// Of what there is one at a time.
    pub key: AlertKey,
    /// How much it hurts.
    pub severity: Severity,
    /// `fleet-api crash loops`, as last seen.
    pub title: String,
    /// What was seen last, in sentences.
    pub evidence: String,
    /// The component whose page says more; `None`: the environment's.
    pub component: Option<ComponentId>,
    /// Since when its symptom lasts.
    pub since: i64,
    /// When it began to fire.
    pub fired: Option<i64>,
    /// When it was over.
    pub resolved: Option<i64>,
    /// Since when its symptom is known to be gone, while that does not count yet.
    pub quiet_since: Option<i64>,
    /// What was said of it.
    pub said: Said,
}

impl Alert {
    /// How far it is.
    pub fn stage(&self) -> Stage {
        match (self.fired, self.resolved) {
            (_, Some(_)) => Stage::Resolved,
            (Some(_), None) => Stage::Firing,
            (None, None) => Stage::Pending,
        }
    }

    /// Whether nothing more will come of it.
    pub fn is_settled(&self) -> bool {
        self.resolved.is_some() && self.said == Said::All
    }
}

/// What is seen of a symptom at a moment.
#[derive(Debug, Clone, Copy)]
pub enum Look<'a> {
    /// It is there.
    Present(&'a Symptom),
    /// It is not.
    Absent,
    /// Nobody can say.
    Unknown,
}

/// By which terms an alert lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// How much it hurts.
    pub severity: Severity,
    /// Seconds for which the symptom must last.
    pub for_seconds: i64,
    /// Seconds without it after which it is over, or was nothing if it did not fire yet.
    pub quiet_seconds: i64,
    /// Whether nothing may be sent now.
    pub is_silenced: bool,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The alert; `None` where there is none, or none any more: a symptom that went, and stayed away, before it counted.
    pub alert: Option<Alert>,
    /// What is to be sent.
    pub notice: Option<NoticeKind>,
}

/// The beginning: no alert yet.
pub fn begin(key: &AlertKey, look: Look<'_>, terms: &Terms, now: i64) -> Step {
    let Look::Present(symptom) = look else { return Step { alert: None, notice: None } };
    // What the cluster dates may have begun before anybody looked; a date ahead of now is of another clock.
    let since = symptom.since.map_or(now, |since| since.saturating_mul(SECOND).min(now));
    let alert = Alert {
        key: key.clone(),
        severity: terms.severity,
        title: symptom.title.clone(),
        evidence: symptom.evidence.clone(),
        component: symptom.component.clone(),
        since,
        fired: None,
        resolved: None,
        quiet_since: None,
        said: Said::Nothing,
    };
    step(alert, look, terms, now)
}

/// The next step of an alert that is there.
pub fn step(mut alert: Alert, look: Look<'_>, terms: &Terms, now: i64) -> Step {
    match alert.stage() {
        Stage::Pending => match look {
            // What comes and goes lasts: between two ends of a crash loop the container runs for a while.
            Look::Absent => {
                let since = *alert.quiet_since.get_or_insert(now);
                if now - since >= terms.quiet_seconds.saturating_mul(SECOND) {
                    return Step { alert: None, notice: None };
                }
            }
            Look::Unknown => alert.quiet_since = None,
            Look::Present(symptom) => {
                renew(&mut alert, symptom, terms);
                alert.quiet_since = None;
                if now - alert.since >= terms.for_seconds.saturating_mul(SECOND) {
                    alert.fired = Some(now);
                }
            }
        },
        Stage::Firing => match look {
            // What was not seen for a while may have been back meanwhile.
            Look::Unknown => alert.quiet_since = None,
            Look::Present(symptom) => {
                renew(&mut alert, symptom, terms);
                alert.quiet_since = None;
            }
            Look::Absent => {
                let since = *alert.quiet_since.get_or_insert(now);
                if now - since >= terms.quiet_seconds.saturating_mul(SECOND) {
                    alert.resolved = Some(now);
                    alert.quiet_since = None;
                    if alert.said == Said::Nothing {
                        // Whoever was not told that it fires is not told that it is over.
                        alert.said = Said::All;
                    }
                }
            }
        },
        Stage::Resolved => {}
    }
    let notice = match (alert.stage(), alert.said, look) {
        (Stage::Firing, Said::Nothing, Look::Present(_)) if !terms.is_silenced => Some(NoticeKind::Firing),
        // Also while it is silenced: whoever was told that it fires would believe so until the silence ends.
        (Stage::Resolved, Said::Firing, _) => Some(NoticeKind::Resolved),
        (Stage::Pending | Stage::Firing | Stage::Resolved, Said::Nothing | Said::Firing | Said::All, _) => None,
    };
    match notice {
        Some(NoticeKind::Firing) => alert.said = Said::Firing,
        Some(NoticeKind::Resolved) => alert.said = Said::All,
        Some(NoticeKind::Test) | None => {}
    }
    Step { alert: Some(alert), notice }
}

/// What is seen now is what is shown and sent.
fn renew(alert: &mut Alert, symptom: &Symptom, terms: &Terms) {
    alert.severity = terms.severity;
    alert.title.clone_from(&symptom.title);
    alert.evidence.clone_from(&symptom.evidence);
    alert.component.clone_from(&symptom.component);
}
