//! Users cannot work: the environment's state is Failed.

use super::{QUIET, Rule, RuleId, Seen, Severity, Sight, of_environment, place};
use crate::view::State;

pub(super) static RULE: Rule = Rule {
    id: RuleId::EnvironmentDown,
    words: "Environment down",
    explained: "The environment does not work for its users.",
    severity: Severity::Critical,
    for_seconds: 120,
    quiet_seconds: QUIET,
    threshold: None,
    see,
};

fn see(sight: &Sight<'_>, _: u32) -> Option<Seen> {
    match sight.head.state {
        State::Failed if sight.is_live => {
            let title = format!("{} is down", place(sight.head));
            Some(vec![of_environment(title, sight.head.sentence.to_string())].into())
        }
        State::Off | State::Ready | State::Progressing | State::Degraded if sight.is_live => Some(Seen::default()),
        State::Off | State::Ready | State::Progressing | State::Degraded | State::Failed | State::Unknown => None,
    }
}
