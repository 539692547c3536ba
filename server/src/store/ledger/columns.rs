//! The columns beside a body: copies out of it, to search by.
//!
//! They are made from the body's text, not from the entry, so that `verify` can make them again from a body that a newer
//! program wrote.

use serde_json::Value;

/// What stands beside a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) at: i64,
    pub(super) kind: String,
    pub(super) outcome: String,
    pub(super) person_id: String,
    pub(super) person_name: String,
    pub(super) environment: Option<String>,
    pub(super) operation: Option<String>,
    pub(super) whom_id: Option<String>,
    pub(super) whom_name: Option<String>,
}

impl Columns {
    /// Of a body; none where it is no entry.
    pub(super) fn of(body: &str) -> Option<Self> {
        let body: Value = serde_json::from_str(body).ok()?;
        let text = |path: &str| body.pointer(path).and_then(Value::as_str).map(plain);
        let environment = text("/environment/system").zip(text("/environment/environment"));
        Some(Self {
            at: body.pointer("/at")?.as_i64()?,
            kind: text("/kind")?,
            outcome: text("/outcome")?,
            person_id: text("/actor/id")?,
            person_name: text("/actor/name")?,
            environment: environment.map(|(system, environment)| format!("{system}/{environment}")),
            operation: text("/operation"),
            whom_id: text("/whom/id"),
            whom_name: text("/whom/name"),
        })
    }

    /// The first column in which two differ.
    pub(super) fn difference(&self, other: &Self) -> Option<&'static str> {
        [
            ("at", self.at == other.at),
            ("kind", self.kind == other.kind),
            ("outcome", self.outcome == other.outcome),
            ("person_id", self.person_id == other.person_id),
            ("person_name", self.person_name == other.person_name),
            ("environment", self.environment == other.environment),
            ("operation", self.operation == other.operation),
            ("whom_id", self.whom_id == other.whom_id),
            ("whom_name", self.whom_name == other.whom_name),
        ]
        .into_iter()
        .find_map(|(column, same)| (!same).then_some(column))
    }
}

/// Text that every database takes: PostgreSQL has no NUL in texts, and somebody may type one as a name.
pub(super) fn plain(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use domain::ledger::{Actor, Entry, Kind, Outcome, Whom};

    use super::*;

    #[test]
    fn columns_are_those_of_the_entry() {
        let entry = Entry {
            at: 17,
            kind: Kind::RollBack,
            outcome: Outcome::Begun,
            actor: Actor { id: "ab".into(), name: "k\0m".into(), role: None, source: "192.0.2.7".into() },
            operation: Some("0000000000000000000000000000000a".parse().unwrap()),
            environment: Some("fleet/production".parse().unwrap()),
            target: None,
            whom: Some(Whom { id: "cd".into(), name: "a\0a".into() }),
            what: "Rolled back.".into(),
            why: String::new(),
            plan: Vec::new(),
            before: Vec::new(),
            after: Vec::new(),
        };
        let columns = Columns::of(&serde_json::to_string(&entry).unwrap()).unwrap();
        assert_eq!((columns.at, &*columns.kind, &*columns.outcome), (17, "roll-back", "begun"));
        assert_eq!((&*columns.person_id, &*columns.person_name), ("ab", "k\u{fffd}m"));
        assert_eq!(columns.environment.as_deref(), Some("fleet/production"));
        assert_eq!(columns.operation.as_deref(), Some("0000000000000000000000000000000a"));

        assert_eq!((columns.whom_id.as_deref(), columns.whom_name.as_deref()), (Some("cd"), Some("a\u{fffd}a")));

        let bare = Entry { operation: None, environment: None, whom: None, ..entry };
        let columns = Columns::of(&serde_json::to_string(&bare).unwrap()).unwrap();
        assert_eq!((columns.environment, columns.operation), (None, None));
        assert_eq!((columns.whom_id, columns.whom_name), (None, None));
        for body in ["", "{}", "[]", "{\"at\":\"x\"}"] {
            assert_eq!(Columns::of(body), None, "{body}");
        }
    }
}
