//! Whether Redis answers a `PING`.

use super::trouble::Trouble;
use super::{Verdict, said};

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A simple string: `PONG`.
    Simple(String),
    /// An error, whose first word says which.
    Error(String),
}

/// Judges a reply.
pub fn judge(reply: &Result<Reply, Trouble>) -> Verdict {
    match reply {
        Ok(Reply::Simple(word)) if word == "PONG" => Verdict::ok("Redis answers PONG."),
        Ok(Reply::Simple(word)) => Verdict::failed(format!("Redis answers \"{}\", and not PONG.", said(word))),
        Ok(Reply::Error(error)) => refused(error.split(' ').next().unwrap_or_default()),
        Err(trouble) => trouble.verdict("Redis"),
    }
}

/// Our own words for each: the rest of an error may repeat what was sent.
fn refused(code: &str) -> Verdict {
    let what = match code {
        "NOAUTH" => "wants a password, and none is configured",
        "WRONGPASS" => "does not accept the user or the password of the check",
        "NOPERM" => "does not let the user of the check send PING",
        "LOADING" => "is reading its data and takes no commands yet",
        "MASTERDOWN" => "is a replica that has lost its master",
        "CLUSTERDOWN" => "says that its cluster is down",
        "BUSY" => "is busy with a script",
        _ => return Verdict::failed(format!("Redis answers with the error {}.", said(code))),
    };
    Verdict::failed(format!("Redis {what} ({code}).")).locked_out(matches!(code, "NOAUTH" | "WRONGPASS"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Outcome;

    #[test]
    fn only_pong_is_an_answer() {
        let simple = |word: &str| Ok(Reply::Simple(word.into()));
        let error = |words: &str| Ok(Reply::Error(words.into()));
        for (reply, outcome, sentence) in [
            (simple("PONG"), Outcome::Ok, "Redis answers PONG."),
            (simple("pong"), Outcome::Failed, "Redis answers \"pong\", and not PONG."),
            (
                error("NOAUTH Authentication required."),
                Outcome::Failed,
                "Redis wants a password, and none is configured (NOAUTH).",
            ),
            (
                error("WRONGPASS invalid username-password pair"),
                Outcome::Failed,
                "Redis does not accept the user or the password of the check (WRONGPASS).",
            ),
            (error("NOPERM x"), Outcome::Failed, "Redis does not let the user of the check send PING (NOPERM)."),
            (
                error("LOADING Redis is loading the dataset in memory"),
                Outcome::Failed,
                "Redis is reading its data and takes no commands yet (LOADING).",
            ),
            (error("MASTERDOWN x"), Outcome::Failed, "Redis is a replica that has lost its master (MASTERDOWN)."),
            (error("CLUSTERDOWN x"), Outcome::Failed, "Redis says that its cluster is down (CLUSTERDOWN)."),
            (error("BUSY x"), Outcome::Failed, "Redis is busy with a script (BUSY)."),
            (error("ERR unknown command 'hunter2'"), Outcome::Failed, "Redis answers with the error ERR."),
            (Err(Trouble::Slow(5)), Outcome::Failed, "Redis does not answer within 5 s."),
        ] {
            let verdict = judge(&reply);
            assert_eq!((verdict.outcome, &*verdict.sentence), (outcome, sentence));
            assert_eq!(verdict.is_locked_out, sentence.contains("NOAUTH") || sentence.contains("WRONGPASS"));
        }
    }
}
