//! A series: what one press restarts, one workload after the other. The next begins when the one before is done and its plan is
//! no worse than the one that was shown; whatever else happens stops the series, and the rest stays as it is.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::config_source::ConfigSource;
use crate::group::GroupName;
use crate::guard::{Level, Line, Rule};
use crate::ledger::OperationId;
use crate::name::ComponentId;

/// The most members of one: as many as a person looks through.
pub const MOST_MEMBERS: usize = 50;

/// A series, as each operation of it keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Series {
    /// What all members read.
    pub source: ConfigSource,
    /// All of them, in their order.
    pub members: Vec<Member>,
    /// When it was pressed, seconds since 1970.
    pub begun: i64,
    /// What was typed to confirm, for the guard of those that follow.
    pub typed: Arc<str>,
    /// The groups that the identity provider named for whoever pressed: a right that rests on one is asked for again before each.
    pub groups: Vec<GroupName>,
    /// Why the members after this operation are not begun, in a sentence; none while they may be.
    pub stopped: Option<Arc<str>>,
}

/// A workload of a series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The id that its operation has, or will have.
    pub id: OperationId,
    /// What is restarted.
    pub component: ComponentId,
    /// The `metadata.uid` that the plan was made for.
    pub uid: Arc<str>,
    /// How each rule judged it in the plan that was shown.
    pub agreed: Vec<(Rule, Level)>,
}

impl Series {
    /// Its name: the id of its first operation. None of one without members, which is never begun.
    pub fn id(&self) -> Option<OperationId> {
        self.members.first().map(|member| member.id)
    }

    /// The members after an operation, in their order.
    pub fn after(&self, id: OperationId) -> &[Member] {
        let at = self.members.iter().position(|member| member.id == id);
        at.and_then(|at| self.members.get(at + 1..)).unwrap_or_default()
    }

    /// Which of them an operation is, from 1; 0 where it is none.
    pub fn place_of(&self, id: OperationId) -> usize {
        self.members.iter().position(|member| member.id == id).map_or(0, |at| at + 1)
    }
}

impl Member {
    /// What was agreed to of a plan: its counting rules, each with its worst level.
    pub fn agreed(lines: &[Line]) -> Vec<(Rule, Level)> {
        let mut agreed: Vec<(Rule, Level)> =
            lines.iter().filter(|line| line.rule.counts()).map(|line| (line.rule, line.level)).collect();
        agreed.sort_by_key(|(rule, level)| (*rule, std::cmp::Reverse(*level)));
        agreed.dedup_by_key(|(rule, _)| *rule);
        agreed
    }

    /// The first line of a newer plan that is worse than what was agreed to.
    pub fn worse<'a>(&self, lines: &'a [Line]) -> Option<&'a Line> {
        lines.iter().filter(|line| line.rule.counts()).find(|line| {
            let agreed = self.agreed.iter().find(|(rule, _)| *rule == line.rule);
            line.level > agreed.map_or(Level::Green, |(_, level)| *level)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(rule: Rule, level: Level) -> Line {
        Line { rule, level, text: "".into(), source: "".into(), at: None, moment: None }
    }

    fn member(id: u128, lines: &[Line]) -> Member {
        Member {
            id: OperationId(id),
            component: "fleet-management/dev/deployment/fleet-api".parse().unwrap(),
            uid: "u".into(),
            agreed: Member::agreed(lines),
        }
    }

    #[test]
    fn what_is_worse_than_agreed_to_is_found() {
        use Level::{Amber, Green, Red, Unknown};
        let agreed = [line(Rule::Availability, Green), line(Rule::Availability, Amber), line(Rule::Tag, Amber)];
        for (now, expected) in [
            (vec![], None),
            (vec![line(Rule::Availability, Amber), line(Rule::Tag, Green)], None),
            (vec![line(Rule::Availability, Unknown)], Some(Rule::Availability)),
            (vec![line(Rule::Tag, Amber), line(Rule::Tag, Red)], Some(Rule::Tag)),
            (vec![line(Rule::Quota, Green)], None),
            (vec![line(Rule::Quota, Amber)], Some(Rule::Quota)),
            // Who else looks at it is not part of what was agreed to.
            (vec![line(Rule::Others, Amber)], None),
        ] {
            let worse = member(1, &agreed).worse(&now).map(|line| line.rule);
            assert_eq!(worse, expected, "{now:?}");
        }
    }

    #[test]
    fn what_follows_is_what_stands_behind() {
        let series = Series {
            source: "configmap/fleet-config".parse().unwrap(),
            members: (1..=3).map(|id| member(id, &[])).collect(),
            begun: 0,
            typed: "".into(),
            groups: Vec::new(),
            stopped: None,
        };
        assert_eq!(series.id(), Some(OperationId(1)));
        for (id, place, after) in [(1, 1, &[2, 3][..]), (2, 2, &[3]), (3, 3, &[]), (9, 0, &[])] {
            let ids: Vec<u128> = series.after(OperationId(id)).iter().map(|member| member.id.0).collect();
            assert_eq!((series.place_of(OperationId(id)), &*ids), (place, after), "{id}");
        }
    }
}
