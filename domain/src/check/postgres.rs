//! Whether PostgreSQL answers, and what CloudNativePG says of its cluster where there is one.

use super::trouble::Trouble;
use super::{Verdict, said};
use crate::facts::around::PostgresClusterFacts;

/// How far its clock may be from ours, in seconds.
const SKEW_S: i64 = 60;

/// Why a query was not answered, where there was a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoAnswer {
    /// It was not reached.
    Trouble(Trouble),
    /// It answered with an error: its code of five characters.
    /// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
    Code(String),
}

/// Judges what a query for the time brought, seconds since 1970; `None` where no query is configured. `cluster`: name of the
/// CloudNativePG cluster, if there is one, and its status while that is current.
pub fn judge(
    query: Option<&Result<i64, NoAnswer>>,
    cluster: Option<(&str, Option<&PostgresClusterFacts>)>,
    now: i64,
) -> Verdict {
    let own = cluster.and_then(|(name, facts)| Some(of_cluster(name, facts?)));
    let Some(query) = query else {
        return match (own, cluster) {
            (Some(own), _) => own,
            (None, Some((name, _))) => {
                Verdict::unknown(format!("Not known: nothing current is told of the cluster {name}."))
            }
            (None, None) => Verdict::not_configured("postgres"),
        };
    };
    let asked = match query {
        Ok(at) => answered(*at, now),
        Err(NoAnswer::Trouble(trouble)) => trouble.verdict("PostgreSQL"),
        Err(NoAnswer::Code(code)) => refused(code),
    };
    match own {
        Some(own) if own.outcome.works() != Some(true) || own.outcome > asked.outcome => {
            let outcome = own.outcome.max(asked.outcome);
            Verdict::new(outcome, format!("{} {}", asked.sentence, own.sentence)).locked_out(asked.is_locked_out)
        }
        Some(_) | None => asked,
    }
}

fn answered(at: i64, now: i64) -> Verdict {
    let apart = crate::age::apart(at, now);
    if apart > SKEW_S {
        return Verdict::warning(format!("PostgreSQL answers, and its clock is {apart} s off."));
    }
    Verdict::ok("PostgreSQL answers a query.")
}

/// Our own words for each: its own may hold names and addresses.
fn refused(code: &str) -> Verdict {
    let what = match code {
        "28P01" | "28000" => "does not accept the user or the password of the check",
        "3D000" => "has no such database",
        "53300" => "has no connection free",
        "57P03" => "is starting or stopping",
        "57P01" | "57P02" => "is stopping",
        "57014" => "did not answer the query in time",
        "42501" => "does not let the user of the check connect",
        "25006" => "is read-only",
        _ => return Verdict::failed(format!("PostgreSQL answers with the error {}.", said(code))),
    };
    Verdict::failed(format!("PostgreSQL {what} (error {code}).")).locked_out(matches!(code, "28P01" | "28000"))
}

fn of_cluster(name: &str, facts: &PostgresClusterFacts) -> Verdict {
    let PostgresClusterFacts { instances, ready, phase, primary, target_primary, .. } = facts;
    if *ready == 0 && *instances > 0 {
        return Verdict::failed(format!("No instance of the cluster {name} is ready: {}.", said(phase)));
    }
    if primary.is_empty() {
        return Verdict::failed(format!("The cluster {name} has no primary: {}.", said(phase)));
    }
    if !target_primary.is_empty() && primary != target_primary {
        return Verdict::warning(format!("The cluster {name} moves its primary from {primary} to {target_primary}."));
    }
    if ready < instances {
        return Verdict::warning(format!(
            "{ready} of {instances} instances of the cluster {name} are ready: {}.",
            said(phase)
        ));
    }
    Verdict::ok(format!("All {instances} instances of the cluster {name} are ready, and {primary} is the primary."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Outcome;

    fn cluster(ready: u32, primary: &str, target: &str) -> PostgresClusterFacts {
        PostgresClusterFacts {
            instances: 3,
            ready,
            phase: "Cluster in healthy state".into(),
            primary: primary.into(),
            target_primary: target.into(),
            ..PostgresClusterFacts::default()
        }
    }

    #[test]
    fn an_answer_and_the_status_of_the_cluster_are_judged_together() {
        let code = |code: &str| Some(Err(NoAnswer::Code(code.to_owned())));
        let (fine, two, none) = (cluster(3, "pg-1", "pg-1"), cluster(2, "pg-1", "pg-1"), cluster(0, "pg-1", "pg-1"));
        let (moving, headless) = (cluster(3, "pg-1", "pg-2"), cluster(1, "", ""));
        for (query, cluster, outcome, sentence) in [
            (Some(Ok(1000)), None, Outcome::Ok, "PostgreSQL answers a query."),
            (Some(Ok(939)), None, Outcome::Warning, "PostgreSQL answers, and its clock is 61 s off."),
            (
                Some(Err(NoAnswer::Trouble(Trouble::Slow(5)))),
                None,
                Outcome::Failed,
                "PostgreSQL does not answer within 5 s.",
            ),
            (
                code("28P01"),
                None,
                Outcome::Failed,
                "PostgreSQL does not accept the user or the password of the check (error 28P01).",
            ),
            (code("3D000"), None, Outcome::Failed, "PostgreSQL has no such database (error 3D000)."),
            (code("53300"), None, Outcome::Failed, "PostgreSQL has no connection free (error 53300)."),
            (code("57P03"), None, Outcome::Failed, "PostgreSQL is starting or stopping (error 57P03)."),
            (code("57P01"), None, Outcome::Failed, "PostgreSQL is stopping (error 57P01)."),
            (code("57014"), None, Outcome::Failed, "PostgreSQL did not answer the query in time (error 57014)."),
            (
                code("42501"),
                None,
                Outcome::Failed,
                "PostgreSQL does not let the user of the check connect (error 42501).",
            ),
            (code("25006"), None, Outcome::Failed, "PostgreSQL is read-only (error 25006)."),
            (code("XX000"), None, Outcome::Failed, "PostgreSQL answers with the error XX000."),
            (None, None, Outcome::NotConfigured, "Not configured: the registry has no checks.postgres here."),
            (None, Some(&fine), Outcome::Ok, "All 3 instances of the cluster pg are ready, and pg-1 is the primary."),
            (
                None,
                Some(&two),
                Outcome::Warning,
                "2 of 3 instances of the cluster pg are ready: Cluster in healthy state.",
            ),
            (None, Some(&none), Outcome::Failed, "No instance of the cluster pg is ready: Cluster in healthy state."),
            (None, Some(&headless), Outcome::Failed, "The cluster pg has no primary: Cluster in healthy state."),
            (Some(Ok(1000)), Some(&fine), Outcome::Ok, "PostgreSQL answers a query."),
            (
                Some(Ok(1000)),
                Some(&moving),
                Outcome::Warning,
                "PostgreSQL answers a query. The cluster pg moves its primary from pg-1 to pg-2.",
            ),
            (
                code("57P01"),
                Some(&none),
                Outcome::Failed,
                "PostgreSQL is stopping (error 57P01). No instance of the cluster pg is ready: Cluster in healthy state.",
            ),
            (code("57P01"), Some(&fine), Outcome::Failed, "PostgreSQL is stopping (error 57P01)."),
        ] {
            let verdict = judge(query.as_ref(), cluster.map(|facts| ("pg", Some(facts))), 1000);
            assert_eq!((verdict.outcome, &*verdict.sentence), (outcome, sentence));
            assert_eq!(verdict.is_locked_out, sentence.contains("28P01"));
        }
    }

    #[test]
    fn an_old_status_of_the_cluster_is_none() {
        for (query, outcome, sentence) in [
            (None, Outcome::Unknown, "Not known: nothing current is told of the cluster pg."),
            (Some(Ok(1000)), Outcome::Ok, "PostgreSQL answers a query."),
            (Some(Err(NoAnswer::Code("57P01".into()))), Outcome::Failed, "PostgreSQL is stopping (error 57P01)."),
        ] {
            let verdict = judge(query.as_ref(), Some(("pg", None)), 1000);
            assert_eq!((verdict.outcome, &*verdict.sentence), (outcome, sentence));
        }
    }
}
