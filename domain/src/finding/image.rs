//! An image that cannot be pulled: what the registry says, and by which credentials it was asked.

use super::Explanation;
use crate::facts::PodFacts;
use crate::health::PullCause;
use crate::text::plain;

/// The most pull secrets that are named.
const MOST_SECRETS: usize = 3;

/// Which credentials the pod has, where that matters, and what one can do. `why` is the sentence of its status.
pub(super) fn explain(why: &str, pod: Option<&PodFacts>) -> Explanation {
    let cause = PullCause::in_why(why);
    let advice = match cause {
        PullCause::InvalidName => "Mend the image in the template: no registry can have one of that name.",
        PullCause::NeverPulled => "Let it be pulled, or bring the image to the node: its pull policy is Never.",
        PullCause::Denied => {
            "Check the repository's name, that its pull secret exists and is not expired, and that the registry lets it in."
        }
        PullCause::NotFound => "Check that the tag exists; roll back when the image was never pushed.",
        PullCause::Limited => "Wait, or pull with an account or through a mirror: registries limit who is anonymous.",
        PullCause::Unreachable => {
            "Look at the network and the name service of the nodes, and whether the registry is up."
        }
        PullCause::Unknown => {
            "Check that the tag exists and that the pull secret is right; roll back when the image is wrong."
        }
    };
    let evidence = match (cause, pod) {
        (PullCause::Denied, Some(pod)) => credentials(pod),
        (PullCause::Denied, None)
        | (
            PullCause::InvalidName
            | PullCause::NeverPulled
            | PullCause::NotFound
            | PullCause::Limited
            | PullCause::Unreachable
            | PullCause::Unknown,
            _,
        ) => String::new(),
    };
    Explanation { evidence, advice: Some(advice), ..Explanation::default() }
}

fn credentials(pod: &PodFacts) -> String {
    let names: Vec<_> = pod.pull_secrets.iter().take(MOST_SECRETS).map(|name| plain(name, 253)).collect();
    match (names.as_slice(), pod.pull_secrets.len().saturating_sub(MOST_SECRETS)) {
        ([], _) => "The pod has no pull secret.".to_owned(),
        ([only], _) => format!("It is pulled with the Secret {only}."),
        (several, 0) => format!("It is pulled with the Secrets {}.", several.join(", ")),
        (several, more) => format!("It is pulled with the Secrets {} and {more} more.", several.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_refused_is_told_with_the_secrets() {
        const DENIED: &str =
            "Image a/b:v1 cannot be pulled: the registry refuses the credentials, or there is no such repository.";
        const NOT_FOUND: &str = "Image a/b:v1 cannot be pulled: the registry has no such image or tag.";
        for (why, secrets, evidence) in [
            (DENIED, &[][..], "The pod has no pull secret."),
            (DENIED, &["acr"], "It is pulled with the Secret acr."),
            (DENIED, &["acr", "ghcr"], "It is pulled with the Secrets acr, ghcr."),
            (DENIED, &["a", "b", "c", "d"], "It is pulled with the Secrets a, b, c and 1 more."),
            (NOT_FOUND, &["acr"], ""),
        ] {
            let pull_secrets = secrets.iter().map(|name| (*name).into()).collect();
            let pod = PodFacts { pull_secrets, ..PodFacts::default() };
            let explained = explain(why, Some(&pod));
            assert_eq!(explained.evidence, evidence, "{why} {secrets:?}");
            assert!(explained.advice.is_some_and(|advice| advice.ends_with('.')));
        }
        // Whose pod is not held has secrets that are not known.
        assert_eq!(explain(DENIED, None).evidence, "");
    }
}
