//! Quota, limit range and disruption budgets of an environment, against what was declared of them.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::{Actual, Expected, Item, Place, Value};
use crate::component::Unread;
use crate::facts::around::{Around, AroundKind, BudgetFacts, Unseen};
use crate::facts::{AutoscalerFacts, WorkloadFacts};
use crate::freshness::Freshness;
use crate::guard::facts::{LimitRange, Per};
use crate::name::{ComponentId, EnvironmentId, WorkloadKind};
use crate::quantity::Quantity;
use crate::registry::{self, Amounts};
use crate::text::plain;
use crate::view::{Finding, FindingKind, Look, State};

/// The longest name of an object that is shown.
const NAME_LIMIT: usize = 80;

/// What is known of an environment beside its components.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Which environment.
    pub id: &'a EnvironmentId,
    /// What was declared of it.
    pub declared: &'a registry::Environment,
    /// What stands around its workloads.
    pub around: &'a Around,
    /// All of its workloads, declared or not.
    pub workloads: &'a [Neighbour<'a>],
    /// How old all this is.
    pub freshness: Freshness,
}

/// A workload of the namespace.
#[derive(Debug, Clone, Copy)]
pub struct Neighbour<'a> {
    /// What it is to Kubernetes.
    pub kind: WorkloadKind,
    /// What it is called there.
    pub name: &'a str,
    /// How it is.
    pub facts: &'a WorkloadFacts,
    /// The autoscaler that targets it, if any.
    pub autoscaler: Option<&'a AutoscalerFacts>,
}

impl Neighbour<'_> {
    /// The fewest replicas that it comes to when nothing is to do.
    pub(crate) fn fewest(&self) -> u32 {
        self.autoscaler.map_or(self.facts.wanted, |autoscaler| autoscaler.min)
    }

    /// The most replicas that it comes to under load. One at 0 is switched off, whatever its autoscaler says.
    pub(crate) fn most(&self) -> u32 {
        match self.autoscaler {
            Some(autoscaler) if self.facts.wanted > 0 => autoscaler.max.max(self.facts.wanted),
            Some(_) | None => self.facts.wanted,
        }
    }
}

impl<'a> Surroundings<'a> {
    /// Why nothing can be said of a kind, in a sentence.
    pub(crate) fn unseen(&self, kind: AroundKind) -> Option<&'static str> {
        match self.around.unseen.get(&kind)? {
            Unseen::NotYet => Some(crate::sentence::NOT_SEEN_YET),
            Unseen::Forbidden => Some(Unread::Forbidden.sentence()),
            // What the cluster does not know is not there.
            Unseen::NotInstalled => None,
        }
    }

    /// The component of a workload, if it was declared.
    pub(crate) fn component(&self, workload: &Neighbour<'_>) -> Option<ComponentId> {
        let mut declared = self.declared.components.iter();
        let found = declared.find(|known| known.kind == workload.kind && known.name.as_str() == workload.name)?;
        Some(found.id(self.id))
    }

    /// The workloads whose pods a budget selects; none where its selector does not tell by labels alone.
    pub(crate) fn selected(&self, budget: &BudgetFacts) -> Option<Vec<Neighbour<'a>>> {
        // Without labels it selects all pods or none: the two are told apart by what is not read.
        if budget.has_expressions || budget.labels.is_empty() {
            return None;
        }
        let selects = |workload: &&Neighbour<'_>| {
            budget.labels.iter().all(|(name, value)| workload.facts.labels.get(name) == Some(value))
        };
        Some(self.workloads.iter().filter(selects).copied().collect())
    }
}

/// What a budget says, as it is written there: `minAvailable 2`.
pub(crate) fn rule(budget: &BudgetFacts) -> String {
    match (&budget.min_available, &budget.max_unavailable) {
        (Some(least), _) => format!("minAvailable {}", plain(least, NAME_LIMIT)),
        (None, Some(most)) => format!("maxUnavailable {}", plain(most, NAME_LIMIT)),
        // https://kubernetes.io/docs/tasks/run-application/configure-pdb/
        (None, None) => "no bound".to_owned(),
    }
}

/// All that can be declared of quota, limit range and budgets, declared here or not, and what differs.
pub fn environment(facts: &Surroundings<'_>) -> (Vec<Item>, Vec<Finding>) {
    let mut items = quota(facts);
    items.extend(limit_range(facts));
    items.extend(budgets(facts));
    let findings = items.iter().filter(|item| item.differs()).map(|item| finding(facts, item)).collect();
    let items = match facts.freshness {
        Freshness::Live(_) => return (items, findings),
        Freshness::Stale(_) => items.into_iter().map(Item::last_seen).collect(),
        Freshness::Never => {
            return (items.into_iter().map(|item| item.unknown(crate::sentence::NOT_SEEN_YET)).collect(), Vec::new());
        }
    };
    (items, findings)
}

fn quota(facts: &Surroundings<'_>) -> Vec<Item> {
    let declared = facts.declared.quota.as_ref();
    let unseen = facts.unseen(AroundKind::Quota);
    // Of several the tightest counts. One with scopes is for some pods only.
    let most = |names: [&str; 2]| -> Option<&Quantity> {
        let quotas = facts.around.quotas.values().filter(|quota| !quota.scoped);
        let bounds = quotas.flat_map(|quota| &quota.bounds).filter(|(resource, ..)| names.contains(&&**resource));
        bounds.map(|(_, _, most)| most).min_by_key(|most| most.milli())
    };
    let mut items = Vec::new();
    for (names, side, is_cpu) in [
        (["requests.cpu", "cpu"], declared.map(|declared| &declared.requests), true),
        (["requests.memory", "memory"], declared.map(|declared| &declared.requests), false),
        (["limits.cpu", "limits.cpu"], declared.map(|declared| &declared.limits), true),
        (["limits.memory", "limits.memory"], declared.map(|declared| &declared.limits), false),
    ] {
        items.push(amount(&Place::Quota, names[0], most(names), unseen, of(side, is_cpu)));
    }
    items
}

/// Amounts by resource.
type Defaults = Vec<(Arc<str>, Quantity)>;

fn limit_range(facts: &Surroundings<'_>) -> Vec<Item> {
    let declared = facts.declared.limit_range.as_ref();
    let unseen = facts.unseen(AroundKind::LimitRange);
    let held = |amounts: fn(&LimitRange) -> &Defaults, resource: &str| {
        let ranges = facts.around.limit_ranges.values().flatten().filter(|range| range.per == Per::Container);
        let mut found = ranges.flat_map(amounts).filter(|(name, _)| **name == *resource);
        found.next().map(|(_, amount)| amount)
    };
    let mut items = Vec::new();
    for (is_cpu, resource) in [(true, "cpu"), (false, "memory")] {
        let limit = of(declared.map(|declared| &declared.default), is_cpu);
        let actual = held(|range| &range.default_limit, resource);
        items.push(amount(&Place::LimitRange, &format!("default {resource}"), actual, unseen, limit));
        let request = of(declared.map(|declared| &declared.default_request), is_cpu);
        let actual = held(|range| &range.default_request, resource);
        items.push(amount(&Place::LimitRange, &format!("defaultRequest {resource}"), actual, unseen, request));
    }
    items
}

fn of(amounts: Option<&Amounts>, is_cpu: bool) -> Option<&Quantity> {
    amounts.and_then(|amounts| if is_cpu { amounts.cpu.as_ref() } else { amounts.memory.as_ref() })
}

fn amount(
    place: &Place,
    name: &str,
    held: Option<&Quantity>,
    unseen: Option<&'static str>,
    expected: Option<&Quantity>,
) -> Item {
    let actual = unseen.map_or_else(|| Actual::Is(held.into()), |why| Actual::Unknown(why.into()));
    Item::new(place, name, actual, expected.map(|amount| Value::Amount(amount.clone())).as_ref())
}

fn budgets(facts: &Surroundings<'_>) -> Vec<Item> {
    let components = facts.declared.components.iter().filter(|component| component.kind != WorkloadKind::DaemonSet);
    let item = |component: &registry::Component| {
        let place = Place::Component { kind: component.kind, name: component.name.shared(), role: component.role };
        let expected = component.disruption_budget.as_ref().map(|budget| Value::text(Some(budget.to_string())));
        Item::new(&place, "PDB", budget_of(facts, component), expected.as_ref())
    };
    components.map(item).collect()
}

/// What the budgets say that select the pods of a component.
fn budget_of(facts: &Surroundings<'_>, component: &registry::Component) -> Actual {
    if let Some(why) = facts.unseen(AroundKind::Budget) {
        return Actual::Unknown(why.into());
    }
    let is_it = |workload: &Neighbour<'_>| workload.kind == component.kind && workload.name == component.name.as_str();
    if !facts.workloads.iter().any(is_it) {
        return Actual::Unknown("Which PDB would select its pods is not known: it was not seen.".into());
    }
    let mut rules: Vec<String> = Vec::new();
    let mut is_certain = true;
    for budget in facts.around.budgets.values() {
        match facts.selected(budget) {
            Some(selected) if selected.iter().any(is_it) => rules.push(rule(budget)),
            Some(_) => {}
            None => is_certain = false,
        }
    }
    match (rules.is_empty(), is_certain) {
        (true, false) => Actual::Unknown("Which pods a PDB here selects is not known: not by labels alone.".into()),
        (true, true) => Actual::Is(Value::Nothing),
        (false, _) => Actual::Is(Value::text(Some(rules.join(" and ")))),
    }
}

/// What is to be said of an item that differs.
fn finding(facts: &Surroundings<'_>, item: &Item) -> Finding {
    let Item { place, name, actual, expected } = item;
    let (actual, expected) = match (actual, expected) {
        (Actual::Is(value), Expected::Declared { text, .. }) => (value.to_string(), text.clone()),
        (Actual::Unknown(_), _) | (_, Expected::Undeclared | Expected::Free) => (String::new(), "".into()),
    };
    let (subject, object, component) = match place {
        Place::Component { kind, name, .. } => {
            let mut components = facts.declared.components.iter();
            let component = components.find(|known| known.kind == *kind && known.name.as_str() == &**name);
            (name.to_string(), "PodDisruptionBudget", component.map(|component| component.id(facts.id)))
        }
        Place::Quota => ("The quota".to_owned(), "ResourceQuota", None),
        Place::LimitRange => ("The LimitRange".to_owned(), "LimitRange", None),
        Place::ConfigMap(name) => (format!("ConfigMap {name}"), "ConfigMap", None),
    };
    let evidence = if *actual == *super::NONE {
        format!("No {object} says so; {expected} was declared.")
    } else {
        format!("The {object} in the cluster says {actual}; {expected} was declared.")
    };
    Finding {
        state: State::Degraded,
        kind: FindingKind::Difference,
        title: format!("{subject} has {name} {actual}, expected {expected}").into(),
        evidence: evidence.into(),
        advice: "Apply the declared one, or change the registry when this is meant.".into(),
        component,
        since: 0,
        look: Look::Compare,
        lines: Vec::new(),
    }
}
