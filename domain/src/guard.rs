//! The guard: whether an operation may be done, in sentences made from what is known.
//!
//! [`judge`] is pure and is the only maker of a [`Permit`]; the server executes permits and nothing else. It is asked twice:
//! for the plan that a person looks at, and again with fresh facts when they press.

pub mod facts;
mod order;
mod rule;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::operation::{Operation, Target};
use crate::policy::{Class, Confirm, Requirement, When};
use crate::registry::Tier;
pub use order::Order;
pub use rule::Rule;

use facts::Facts;

/// How a line of the plan is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Nothing speaks against it.
    Green,
    /// It may be done by somebody who says why.
    Amber,
    /// Not known: never as good as green, and in production as bad as red.
    Unknown,
    /// It is not done.
    Red,
}

/// A line of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The rule that wrote it.
    pub rule: Rule,
    /// How it is meant.
    pub level: Level,
    /// A sentence with its numbers, without full stop.
    pub text: Arc<str>,
    /// Where the fact came from: `Deployment`, `HPA fleet-app-hpa`, `registry`.
    pub source: Arc<str>,
    /// When it was read there, seconds since 1970; none for what was declared.
    pub at: Option<i64>,
    /// The moment that the sentence names, if it names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moment: Option<Moment>,
}

/// A moment that a sentence names by the clock of its environment. Whoever looks may live by another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// How the sentence names it: `Sunday 02:00 New York time, 07:00 UTC`.
    pub words: Arc<str>,
    /// The same for machines, by the same clock: `2026-11-22T02:00:00-05:00`.
    pub exact: Arc<str>,
}

/// Why the button is off. Shown to the person who asked, as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// A line is red.
    #[error("{0}")]
    Red(Arc<str>),
    /// A line is unknown, in production.
    #[error("in production nothing is done on what is not known: {0}")]
    Unknown(Arc<str>),
    /// Not now.
    #[error("{0}")]
    Window(Arc<str>),
    /// Nobody can approve it yet.
    #[error(
        "{0} needs a second person here, and this version cannot ask one: hand the command below to somebody who may run it"
    )]
    SecondPerson(&'static str),
    /// No reason was given.
    #[error("write why: it stands in the record")]
    Reason,
    /// What was typed is not the name.
    #[error("type {0} to confirm")]
    Name(Arc<str>),
}

impl Refusal {
    /// Whether the person can do something about it on the page.
    pub fn is_for_the_form(&self) -> bool {
        match self {
            Self::Reason | Self::Name(_) => true,
            Self::Red(_) | Self::Unknown(_) | Self::Window(_) | Self::SecondPerson(_) => false,
        }
    }
}

/// Proof that [`judge`] allowed an operation on a target, with what is needed to carry it out. Nothing else can make one, and
/// none can arrive over a wire:
///
/// ```compile_fail,E0451
/// use domain::guard::{Order, Permit};
/// fn forge(operation: domain::operation::Operation, target: domain::operation::Target) -> Permit {
///     Permit { operation, target, order: Order::Restart }
/// }
/// ```
///
/// ```compile_fail,E0277
/// let forged: domain::guard::Permit = serde_json::from_str("{}").unwrap();
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Permit {
    operation: Operation,
    target: Target,
    order: Order,
}

impl Permit {
    /// What is allowed.
    pub fn operation(&self) -> &Operation {
        &self.operation
    }

    /// To what.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// What is sent.
    pub fn order(&self) -> &Order {
        &self.order
    }
}

/// What came of judging.
#[derive(Debug, PartialEq)]
pub struct Verdict {
    /// The class by which the policy was asked.
    pub class: Class,
    /// The plan, worst line first.
    pub lines: Vec<Line>,
    /// What the policy and the plan ask for.
    pub required: Requirement,
    /// Why it is not allowed; empty when it is.
    pub refusals: Vec<Refusal>,
    /// What would be sent: the very pod, the very numbers.
    order: Option<Order>,
    permit: Option<Permit>,
}

impl Verdict {
    /// The permit, or why there is none.
    pub fn permit(self) -> Result<Permit, Vec<Refusal>> {
        self.permit.ok_or(self.refusals)
    }

    /// Whether nothing but the form's own fields is missing.
    pub fn is_offered(&self) -> bool {
        self.refusals.iter().all(Refusal::is_for_the_form)
    }

    /// The worst level of the plan.
    pub fn level(&self) -> Level {
        self.lines.iter().map(|line| line.level).max().unwrap_or(Level::Green)
    }

    /// What was shown, in a form whose hash is compared when the button is pressed: the operation, the very object, what would be
    /// sent, what is required, and how each rule judged. Ages and wording are left out, and who else looks at it.
    pub fn fingerprint(&self, operation: &Operation, target: &Target) -> String {
        let Requirement { confirm, reason, when, second_person, backup_hours } = self.required;
        let mut text = format!(
            "{operation:?}\n{target:?}\n{:?}\n{} {confirm:?} {reason} {when:?} {second_person} {backup_hours:?}\n",
            self.order,
            self.class.as_str()
        );
        let mut lines: Vec<_> = self.lines.iter().filter(|line| line.rule.counts()).collect();
        lines.sort_by_key(|line| (line.rule, line.level));
        for line in lines {
            // Writing into a String cannot fail.
            let _ = writeln!(text, "{:?}={:?}", line.rule, line.level);
        }
        text
    }
}

/// What is judged.
#[derive(Clone, Copy)]
struct Case<'a> {
    operation: &'a Operation,
    target: &'a Target,
    facts: &'a Facts,
    class: Class,
    required: Requirement,
}

/// Whether an operation may be done to a target, by what is known.
///
/// Nothing red, in production nothing unknown, and everything that is asked for given: then there is a permit.
pub fn judge(operation: &Operation, target: &Target, facts: &Facts) -> Verdict {
    let class = rule::class(operation, target, facts);
    let place = &facts.place;
    let mut required = place.policy.requirement(place.tier, &place.id, class);
    let mut case = Case { operation, target, facts, class, required };
    let mut lines: Vec<Line> = rule::RULES.iter().flat_map(|rule| rule(&case)).collect();
    let order = order::order(operation, target, facts);
    if let Err(text) = &order {
        lines.push(case.line(Rule::Order, Level::Red, text.clone(), "plan", None));
    }
    // Who else looks at the plan must not decide what is asked for, or two people who look would keep each other from it.
    let worst = |lines: &[Line]| {
        let counted = lines.iter().filter(|line| line.rule.counts()).map(|line| line.level);
        counted.max().unwrap_or(Level::Green)
    };
    // What binds it to a window that would else be free.
    let binding = match required.when {
        When::WhenGreen => {
            lines.iter().filter(|line| line.rule.counts()).find(|line| line.level > Level::Green).cloned()
        }
        When::AnyTime | When::InWindow => None,
    };
    let is_bound = binding.is_some() || required.when == When::InWindow;
    case.required.when = if is_bound { When::InWindow } else { When::AnyTime };
    lines.extend(rule::window::lines(&case));
    // The worst first, and within a level as the rules come.
    lines.sort_by_key(|line| (std::cmp::Reverse(line.level), line.rule));
    // Development is there to be tried out: its policy says what is asked.
    required.reason |= worst(&lines) > Level::Green && place.tier != Tier::Development;

    let mut refusals: Vec<Refusal> = Vec::new();
    for line in &lines {
        match line.level {
            Level::Red => refusals.push(Refusal::Red(line.text.clone())),
            Level::Unknown if place.tier == Tier::Production => refusals.push(Refusal::Unknown(line.text.clone())),
            Level::Unknown | Level::Amber | Level::Green => {}
        }
    }
    if is_bound && let Err(closed) = rule::window::open(&case) {
        // A freeze of production is red, and says the same.
        if !refusals.contains(&Refusal::Red(closed.clone())) {
            refusals.push(Refusal::Window(match binding {
                Some(line) => {
                    format!("{closed}. Outside it a plan must be green throughout, and this is not: {}", line.text)
                        .into()
                }
                None => closed,
            }));
        }
    }
    if required.second_person {
        refusals.push(Refusal::SecondPerson(class.words()));
    }
    // Spaces that nobody sees are no reason.
    if required.reason && !facts.given.reason.chars().any(char::is_alphanumeric) {
        refusals.push(Refusal::Reason);
    }
    let name = facts.given.name.clone().unwrap_or_else(|| target.name().shared());
    if required.confirm == Confirm::TypeName && facts.given.typed != name {
        refusals.push(Refusal::Name(name));
    }
    let order = order.ok();
    let allowed = order.clone().filter(|_| refusals.is_empty());
    let permit = allowed.map(|order| Permit { operation: operation.clone(), target: target.clone(), order });
    Verdict { class, lines, required, refusals, order, permit }
}
