//! Whether the cluster can be reached.

use super::{Verdict, said};
use crate::age::Age;
use crate::freshness::Freshness;

/// Judges a cluster by how fresh what may be read of it is. `lost_right`: the sentence of a right that was lost, which leaves the
/// cluster where it is. `trouble`: the sentence of what goes wrong, empty when nothing does.
pub fn judge(cluster: &str, readable: Freshness, lost_right: Option<&str>, trouble: &str, now_ms: i64) -> Verdict {
    let why = said(trouble);
    let why = if why.is_empty() { String::new() } else { format!(" {why}.") };
    match (readable, lost_right) {
        (Freshness::Live(_), Some(right)) => {
            Verdict::warning(format!("The cluster {cluster} answers, and not all of it may be read any more. {right}"))
        }
        (Freshness::Live(_), None) => {
            Verdict::ok(format!("The cluster {cluster} answers, and what is shown of it is in step."))
        }
        (Freshness::Stale(at), _) => {
            let age = Age::between_ms(at, now_ms);
            Verdict::failed(format!("The cluster {cluster} was in step last {age} ago.{why}"))
        }
        (Freshness::Never, _) if why.is_empty() => Verdict::unknown(format!("The cluster {cluster} was not read yet.")),
        (Freshness::Never, _) => {
            Verdict::failed(format!("The cluster {cluster} could not be read since the start.{why}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Outcome;

    #[test]
    fn a_cluster_is_reached_when_it_is_in_step() {
        for (freshness, trouble, outcome, sentence) in [
            (Freshness::Live(60_000), "", Outcome::Ok, "The cluster main answers, and what is shown of it is in step."),
            (
                Freshness::Stale(0),
                "The API server does not answer within 2 s.",
                Outcome::Failed,
                "The cluster main was in step last 1 min ago. The API server does not answer within 2 s.",
            ),
            (Freshness::Stale(0), "", Outcome::Failed, "The cluster main was in step last 1 min ago."),
            (Freshness::Never, "", Outcome::Unknown, "The cluster main was not read yet."),
            (
                Freshness::Never,
                "No route to host.",
                Outcome::Failed,
                "The cluster main could not be read since the start. No route to host.",
            ),
        ] {
            let verdict = judge("main", freshness, None, trouble, 60_000);
            assert_eq!((verdict.outcome, &*verdict.sentence), (outcome, sentence));
        }
    }

    #[test]
    fn a_right_that_was_lost_takes_no_cluster_away() {
        let right = Some("Quarterdeck may not list and watch pods in shop.");
        let verdict = judge("main", Freshness::Live(0), right, "", 0);
        let sentence = "The cluster main answers, and not all of it may be read any more. Quarterdeck may not list and watch pods \
                        in shop.";
        assert_eq!((verdict.outcome, &*verdict.sentence), (Outcome::Warning, sentence));
        assert_eq!(judge("main", Freshness::Stale(0), right, "", 0).outcome, Outcome::Failed);
    }
}
