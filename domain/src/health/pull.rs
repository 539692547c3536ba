//! Why an image cannot be pulled, by what runtimes write.

/// Why an image does not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullCause {
    /// Its name cannot be one.
    InvalidName,
    /// It would have to be on the node already.
    NeverPulled,
    /// The registry refuses who asks; of a repository that does not exist most say the same.
    Denied,
    /// The registry has no such image or tag.
    NotFound,
    /// The registry was asked too often.
    Limited,
    /// The registry does not answer.
    Unreachable,
    /// Nothing says why.
    Unknown,
}

impl PullCause {
    const ALL: [Self; 7] = [
        Self::InvalidName,
        Self::NeverPulled,
        Self::Denied,
        Self::NotFound,
        Self::Limited,
        Self::Unreachable,
        Self::Unknown,
    ];

    /// By the reason and the message of a container that waits. The message itself flips between two texts with every try.
    pub(super) fn of(reason: &str, message: &str) -> Self {
        let message = message.to_ascii_lowercase();
        let says = |parts: &[&str]| parts.iter().any(|part| message.contains(part));
        if reason == "InvalidImageName" {
            Self::InvalidName
        } else if reason == "ErrImageNeverPull" {
            Self::NeverPulled
        } else if says(&["unauthorized", "forbidden", "denied", "no basic auth", "authentication required"]) {
            Self::Denied
        } else if says(&["not found", "manifest unknown", "does not exist"]) {
            Self::NotFound
        } else if says(&["too many requests", "toomanyrequests", " 429 "]) {
            Self::Limited
        } else if says(&["no such host", "connection refused", "timeout", "timed out", "dial tcp", "unreachable"]) {
            Self::Unreachable
        } else {
            Self::Unknown
        }
    }

    /// What is said of the image.
    pub(super) fn said(self) -> &'static str {
        match self {
            Self::InvalidName => "is not a valid image name.",
            Self::NeverPulled => "is not on the node, and the pull policy is Never.",
            Self::Denied => "cannot be pulled: the registry refuses the credentials, or there is no such repository.",
            Self::NotFound => "cannot be pulled: the registry has no such image or tag.",
            Self::Limited => "cannot be pulled: the registry limits how often it is asked.",
            Self::Unreachable => "cannot be pulled: the registry cannot be reached.",
            Self::Unknown => "cannot be pulled.",
        }
    }

    /// The cause that a `why` tells. A kubelet that waits between two tries no longer says it, and the sentence is kept.
    pub(crate) fn in_why(why: &str) -> Self {
        Self::ALL.into_iter().find(|cause| why.contains(cause.said())).unwrap_or(Self::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runtimes_write_is_told_apart_and_read_back() {
        use PullCause::{Denied, InvalidName, Limited, NeverPulled, NotFound, Unknown, Unreachable};
        for (reason, message, cause) in [
            ("InvalidImageName", "couldn't parse image name \"A:b\"", InvalidName),
            ("ErrImageNeverPull", "Container image is not present with pull policy of Never", NeverPulled),
            ("ErrImagePull", "failed to authorize: 401 Unauthorized", Denied),
            ("ErrImagePull", "unexpected status: 403 Forbidden", Denied),
            (
                "ErrImagePull",
                "pull access denied for x, repository does not exist or may require authorization",
                Denied,
            ),
            ("ErrImagePull", "registry.test/a:v9: not found", NotFound),
            ("ErrImagePull", "manifest unknown", NotFound),
            ("ErrImagePull", "429 Too Many Requests", Limited),
            ("ErrImagePull", "dial tcp: lookup registry.test: no such host", Unreachable),
            ("ErrImagePull", "net/http: TLS handshake timeout", Unreachable),
            ("ErrImagePull", "context deadline exceeded (Client.Timeout exceeded)", Unreachable),
            ("ImagePullBackOff", "Back-off pulling image \"a\"", Unknown),
        ] {
            assert_eq!(PullCause::of(reason, message), cause, "{message}");
            assert_eq!(PullCause::in_why(&format!("2 of 3 pods: Image a:v1 {}", cause.said())), cause, "{message}");
        }
    }
}
