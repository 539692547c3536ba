//! Searching the ledger, newest first, a page at a time.

use domain::ledger::{Kind, Outcome};
use domain::name::EnvironmentId;
use domain::person::UserId;
use sqlx::AssertSqlSafe;

use super::columns::plain;
use super::{Read, Recorded, StoreError, recorded_columns, recorded_of};

/// The most that is given at once.
const LIMIT: u32 = 1_000;

/// Of which environments somebody may read the entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Environments {
    /// Of all, also of what is not registered.
    All,
    /// Of these.
    Only(Vec<EnvironmentId>),
}

/// Which entries about people and their access somebody may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessEntries {
    /// All: they are an admin.
    All,
    /// What they did themselves.
    Own(UserId),
    /// None.
    None,
}

/// What to look for. What somebody may read is no default: it has to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Of which environments they may read.
    pub environments: Environments,
    /// Which entries about people they may read.
    pub access: AccessEntries,
    /// Of one environment only.
    pub environment: Option<EnvironmentId>,
    /// Of this kind only.
    pub kind: Option<Kind>,
    /// With this result only.
    pub outcome: Option<Outcome>,
    /// Of a person only: their id, or their name as it was then.
    pub person: Option<String>,
    /// Done to a person only: their id, or their name as it was then.
    pub whom: Option<String>,
    /// Not before, microseconds since 1970.
    pub from: Option<i64>,
    /// Before, microseconds since 1970.
    pub until: Option<i64>,
    /// Before this entry: the number of the last one of the page before.
    pub before: Option<i64>,
    /// How many; at most 1000.
    pub limit: u32,
}

impl Filter {
    /// The newest of what somebody may read.
    pub fn new(environments: Environments, access: AccessEntries, limit: u32) -> Self {
        Self {
            environments,
            access,
            environment: None,
            kind: None,
            outcome: None,
            person: None,
            whom: None,
            from: None,
            until: None,
            before: None,
            limit,
        }
    }
}

/// A value that stands for a `$n`.
enum Bound {
    Number(i64),
    Text(String),
}

/// A condition made of constant pieces and of numbered places for values: nothing that came from outside is ever a part of
/// the text.
#[derive(Default)]
struct Condition {
    text: String,
    bound: Vec<Bound>,
}

impl Condition {
    fn push(&mut self, text: &'static str) {
        self.text.push_str(text);
    }

    fn bind(&mut self, value: Bound) {
        self.bound.push(value);
        self.text.push_str(&format!("${}", self.bound.len()));
    }

    fn number(&mut self, text: &'static str, value: Option<i64>) {
        if let Some(value) = value {
            self.push(text);
            self.bind(Bound::Number(value));
        }
    }

    fn text(&mut self, text: &'static str, value: Option<String>) {
        if let Some(value) = value {
            self.push(text);
            self.bind(Bound::Text(value));
        }
    }

    fn list(&mut self, values: impl Iterator<Item = String>) {
        self.push("(");
        for (index, value) in values.enumerate() {
            self.push(if index == 0 { "" } else { ", " });
            self.bind(Bound::Text(value));
        }
        self.push(")");
    }

    /// What may be read. A kind that this program does not know counts as access, which fewer may read.
    fn permitted(&mut self, filter: &Filter) {
        let operations = || Kind::ALL.into_iter().filter(|kind| !kind.is_access()).map(|kind| kind.as_str().to_owned());
        self.push("((kind in ");
        self.list(operations());
        match &filter.environments {
            Environments::All => {}
            // `in ()` is none in one database and an error in the other.
            Environments::Only(seen) if seen.is_empty() => self.push(" and 1 = 0"),
            Environments::Only(seen) => {
                self.push(" and environment in ");
                self.list(seen.iter().map(ToString::to_string));
            }
        }
        self.push(")");
        match &filter.access {
            AccessEntries::None => {}
            AccessEntries::All => {
                self.push(" or kind not in ");
                self.list(operations());
            }
            AccessEntries::Own(id) => {
                self.push(" or (kind not in ");
                self.list(operations());
                self.text(" and person_id = ", Some(id.to_string()));
                self.push(")");
            }
        }
        self.push(")");
    }
}

fn condition(filter: &Filter) -> Condition {
    let mut condition = Condition::default();
    condition.permitted(filter);
    condition.text(" and environment = ", filter.environment.as_ref().map(ToString::to_string));
    condition.text(" and kind = ", filter.kind.map(|kind| kind.as_str().to_owned()));
    condition.text(" and outcome = ", filter.outcome.map(|outcome| outcome.as_str().to_owned()));
    if let Some(person) = &filter.person {
        condition.text(" and (person_id = ", Some(plain(person)));
        condition.text(" or person_name = ", Some(plain(person)));
        condition.push(")");
    }
    if let Some(whom) = &filter.whom {
        condition.text(" and (whom_id = ", Some(plain(whom)));
        condition.text(" or whom_name = ", Some(plain(whom)));
        condition.push(")");
    }
    condition.number(" and at >= ", filter.from);
    condition.number(" and at < ", filter.until);
    condition.number(" and seq < ", filter.before);
    condition.number(" order by seq desc limit ", Some(i64::from(filter.limit.min(LIMIT))));
    condition
}

impl Read {
    /// Entries, newest first. The next page is what comes before the last one's number.
    pub async fn query(&mut self, filter: &Filter) -> Result<Vec<Recorded>, StoreError> {
        let Condition { text, bound } = condition(filter);
        let text = format!(concat!("select ", recorded_columns!(), " from ledger where {}"), text);
        // Made of constants: see Condition.
        let mut statement = sqlx::query(AssertSqlSafe(text));
        for value in bound {
            statement = match value {
                Bound::Number(number) => statement.bind(number),
                Bound::Text(text) => statement.bind(text),
            };
        }
        self.link.all(statement).await?.iter().map(recorded_of).collect()
    }
}
