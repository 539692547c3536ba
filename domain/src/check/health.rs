//! What the API says of itself: that it is well, when, what it is, and which version.

use jiff::Timestamp;
use serde::Deserialize;

use super::trouble::Trouble;
use super::{Verdict, said};
use crate::image::ImageReference;
use crate::registry::checks::HealthCheck;
use crate::registry::{Environment, Role};

/// How old the answer's own time may be, and how far ahead, in seconds.
const SKEW_S: i64 = 60;
/// Words that say that all is well.
const WELL: [&str; 6] = ["ok", "up", "healthy", "pass", "alive", "ready"];
/// Words that say that it works, and not as it should.
const SO_SO: [&str; 3] = ["degraded", "warn", "warning"];
/// Tags that say nothing of the version.
const MUTABLE: [&str; 12] = [
    "latest",
    "stable",
    "main",
    "master",
    "dev",
    "develop",
    "staging",
    "prod",
    "production",
    "edge",
    "nightly",
    "release",
];

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// The body as JSON; `None` where it is none.
    pub body: Option<Body>,
}

/// The body; what is missing is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
pub struct Body {
    /// `ok`.
    #[serde(default)]
    pub status: Option<String>,
    /// `2026-11-22T08:00:00Z`.
    #[serde(default)]
    pub timestamp: Option<String>,
    /// `production`.
    #[serde(default)]
    pub environment: Option<String>,
    /// `v1.4.2`.
    #[serde(default)]
    pub version: Option<String>,
}

/// What the answer is held against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// What `environment` must be.
    pub environment: String,
    /// Name and image tag of the component that answers, where it is known what runs.
    pub image: Option<(String, String)>,
}

/// What an answer must be, by the registry. `tag_of`: the tag that a component runs, empty where it is not known.
pub fn expected(declared: &Environment, check: &HealthCheck, tag_of: impl Fn(&str) -> String) -> Expected {
    let node_env = declared.config.iter().find_map(|config| config.expect.get("NODE_ENV"));
    let environment = check.environment.as_ref().or(node_env).cloned();
    let of_role = |role: Role| declared.components.iter().find(|component| component.role == role);
    let component = match &check.component {
        Some(name) => Some(name.as_str()),
        None => of_role(Role::Api).or_else(|| of_role(Role::App)).map(|component| component.name.as_str()),
    };
    let image = component.map(|name| (name.to_owned(), tag_of(name))).filter(|(_, tag)| !tag.is_empty());
    Expected { environment: environment.unwrap_or_else(|| declared.tier.word().to_lowercase()), image }
}

/// Judges an answer. `now`: seconds since 1970.
pub fn judge(answer: &Result<Answer, Trouble>, expected: &Expected, now: i64) -> Verdict {
    let Answer { status, body } = match answer {
        Ok(answer) => answer,
        Err(trouble) => return trouble.verdict("The API"),
    };
    let body = match body {
        Some(body) => body,
        None if (200..300).contains(status) => {
            return Verdict::failed(format!(
                "The API answers with HTTP {status}, and not with the JSON of a health check."
            ));
        }
        None => return Verdict::failed(format!("The API answers with HTTP {status}.")),
    };
    // Whose answer it is comes first: what another environment says of itself is of no use here.
    if let Some(verdict) = of_another(body, expected) {
        return verdict;
    }
    let word = body.status.as_deref().map(said).unwrap_or_default();
    if !(200..300).contains(status) {
        let word = if word.is_empty() { String::new() } else { format!(" and says \"{word}\"") };
        return Verdict::failed(format!("The API answers with HTTP {status}{word}."));
    }
    let lower = word.to_lowercase();
    let is_so_so = SO_SO.contains(&lower.as_str());
    if word.is_empty() {
        return Verdict::failed("The API does not say how it is: \"status\" is missing in its answer.");
    } else if !is_so_so && !WELL.contains(&lower.as_str()) {
        return Verdict::failed(format!("The API says \"{word}\" of itself."));
    }
    if let Some(verdict) = too_old(body, now) {
        return verdict;
    }
    if is_so_so {
        return Verdict::warning(format!("The API works and says \"{word}\" of itself."));
    }
    version(body, expected)
}

/// That it is another environment, or does not say which.
fn of_another(body: &Body, expected: &Expected) -> Option<Verdict> {
    let wanted = &expected.environment;
    match body.environment.as_deref() {
        None | Some("") => Some(Verdict::failed(format!(
            "The API does not say which environment it is: it should answer as {wanted}."
        ))),
        Some(told) if told == wanted => None,
        Some(told) => Some(Verdict::failed(format!("The API answers as {}, and this is {wanted}.", said(told)))),
    }
}

/// That its time is not now.
fn too_old(body: &Body, now: i64) -> Option<Verdict> {
    let Some(at) = body.timestamp.as_deref() else {
        return Some(Verdict::failed("The API does not say when it answered: \"timestamp\" is missing in its answer."));
    };
    let Ok(at) = at.parse::<Timestamp>() else {
        return Some(Verdict::failed("The API's \"timestamp\" is no time like 2026-11-22T08:00:00Z."));
    };
    let age = now.saturating_sub(at.as_second());
    if age > SKEW_S {
        return Some(Verdict::failed(format!(
            "The API's answer is {age} s old: something keeps answers, or its clock is behind."
        )));
    }
    (age < -SKEW_S).then(|| {
        let ahead = age.saturating_neg();
        Verdict::failed(format!("The API's answer is {ahead} s from the future: its clock is ahead."))
    })
}

/// What it says of its version, beside what runs.
fn version(body: &Body, expected: &Expected) -> Verdict {
    let environment = &expected.environment;
    let version = body.version.as_deref().map(said).unwrap_or_default();
    if version.is_empty() {
        return Verdict::warning(format!("The API answers as {environment} and does not say its version."));
    }
    match &expected.image {
        Some((name, tag)) if is_comparable(tag) && !is_same_version(&version, tag) => Verdict::warning(format!(
            "The API answers as {environment} with version {version}, and {name} runs the image {}.",
            said(tag)
        )),
        Some(_) | None => Verdict::ok(format!("The API answers as {environment}, version {version}.")),
    }
}

/// Whether a tag names one version: a word that moves on names none.
fn is_comparable(tag: &str) -> bool {
    !MUTABLE.contains(&tag.to_lowercase().as_str())
}

/// `v1.4.2` and `1.4.2` are the same, and a short hash is the same as the long one that begins with it.
fn is_same_version(version: &str, tag: &str) -> bool {
    // Some say the whole image.
    let version = if version.contains('/') { ImageReference::parse(version).tag } else { version };
    let bare = |text: &str| {
        let lower = text.to_lowercase();
        let lower = lower.strip_prefix("sha-").unwrap_or(&lower);
        match lower.strip_prefix('v') {
            Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest.to_owned(),
            Some(_) | None => lower.to_owned(),
        }
    };
    let (version, tag) = (bare(version), bare(tag));
    let is_hash = |text: &str| text.len() >= 7 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let hashes = is_hash(&version) && is_hash(&tag);
    version == tag || hashes && (version.starts_with(&tag) || tag.starts_with(&version))
}

#[cfg(test)]
mod tests;
