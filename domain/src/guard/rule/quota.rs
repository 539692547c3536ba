//! Quotas and limit ranges: whether the API server takes the pods that come.

mod limit_range;

use super::super::facts::{Known, Quota, Strategy, Workload};
use super::super::{Case, Level, Line};
use super::{Rule, count, shown};
use crate::demand::{Asked, Pod, asked};
use crate::operation::Operation;
use crate::quantity::Amount;
use limit_range::outside;

pub(super) fn lines(case: &Case<'_>) -> Vec<Line> {
    let Some((workload, _)) = case.workload().filter(|(workload, _)| case.makes_pods(workload)) else {
        return Vec::new();
    };
    let (quotas, at) = match &case.facts.quotas {
        Known::Unread(why) => return case.unknown(Rule::Quota, "what the quotas leave is", why, "ResourceQuota"),
        Known::Read { value, at } => (value, *at),
    };
    let limits = match &case.facts.limits {
        Known::Unread(why) => return case.unknown(Rule::Quota, "what containers get by default is", why, "LimitRange"),
        Known::Read { value, .. } => value,
    };
    let mut lines = Vec::new();
    let pod = Pod::of_workload(workload, limits);
    for (range, level, text) in outside(&pod) {
        let source = format!("LimitRange {}", shown(range));
        lines.push(case.line(Rule::Quota, level, text, &source, case.facts.limits.at()));
    }
    let mut tightest: Option<(i64, String)> = None;
    for quota in quotas {
        let named = format!("quota {}", shown(&quota.name));
        let source = format!("ResourceQuota {}", shown(&quota.name));
        let mut say = |level, text: String| lines.push(case.line(Rule::Quota, level, text, &source, Some(at)));
        if quota.scoped {
            say(Level::Unknown, format!("{named} is for some pods only: whether for these is not known"));
            continue;
        }
        for bound in bounds(quota) {
            match asked(&pod, bound.resource, case.target.kind(), case.storage()) {
                Asked::Nothing => {}
                Asked::Unset(container) => {
                    let (resource, container) = (bound.resource, shown(container));
                    let text = format!("{named} bounds {resource}, and {container} sets none: its pods are refused");
                    say(Level::Red, text);
                }
                Asked::NotKnown(why) => {
                    let text = format!("{named} bounds {}: how much of it a pod asks for is not known", bound.resource);
                    say(Level::Unknown, format!("{text}{}", why.map_or_else(String::new, |why| format!(": {why}"))));
                }
                Asked::Each(each) => match bound.judge(case, workload, each) {
                    Some((level, text)) => say(level, format!("{named}: {text}")),
                    None => {
                        // A rollout takes what it gets; a number is what was asked for.
                        let most = u32::try_from(bound.fits(each)).unwrap_or(u32::MAX);
                        let more = case.more_pods(workload);
                        let more = if case.operation.replaces_pods() { more.min(most) } else { more };
                        let (used, text) = bound.after(more, each);
                        let free = bound.most.saturating_sub(used).saturating_mul(1000) / bound.most.max(1);
                        if tightest.as_ref().is_none_or(|(least, _)| free < *least) {
                            tightest = Some((free, format!("{named}: {text}")));
                        }
                    }
                },
            }
        }
    }
    if lines.is_empty() {
        let text = tightest.map_or_else(|| "no quota bounds its pods".to_owned(), |(_, text)| text);
        lines.push(case.line(Rule::Quota, Level::Green, text, "ResourceQuota", Some(at)));
    }
    if let Some(text) = other_resources(case) {
        lines.push(case.line(Rule::Quota, Level::Amber, text, "plan", None));
    }
    lines
}

/// What a rollback takes back may ask for more; what it asks for in all is not told here.
fn other_resources(case: &Case<'_>) -> Option<String> {
    let Operation::RollBack { revision } = case.operation else { return None };
    let revisions = case.facts.revisions.value()?;
    let chosen = revisions.iter().find(|known| known.number == *revision)?;
    // Whether an init container is a sidecar counts too: it adds to all that come after it.
    let counts = |field: &str| {
        let sidecar = field.contains("initContainers[") && field.ends_with("].restartPolicy");
        sidecar || ["resources", "overhead", "runtimeClassName"].iter().any(|part| field.contains(part))
    };
    let differs = chosen.diff.iter().any(|diff| counts(&diff.field));
    differs.then(|| format!("revision {revision} asks for other resources than those the quotas were held against"))
}

/// One line of a quota.
struct Bound<'a> {
    resource: &'a str,
    used: i64,
    most: i64,
}

fn bounds(quota: &Quota) -> impl Iterator<Item = Bound<'_>> {
    quota.bounds.iter().map(|(resource, used, most)| Bound { resource, used: used.milli(), most: most.milli() })
}

impl Bound<'_> {
    /// How many pods more it lets in; negative where more are in than it lets.
    fn fits(&self, each: i64) -> i64 {
        self.most.saturating_sub(self.used).div_euclid(each.max(1))
    }

    /// What is used with so many pods more, and the sentence of it.
    fn after(&self, more: u32, each: i64) -> (i64, String) {
        let used = self.used.saturating_add(each.saturating_mul(i64::from(more)));
        let (resource, amount) = (self.resource, |milli| Amount { resource: self.resource, milli });
        (used, format!("{resource} {} of {}", amount(used), amount(self.most)))
    }

    /// What is wrong with it, if anything is.
    fn judge(&self, case: &Case<'_>, workload: &Workload, each: i64) -> Option<(Level, String)> {
        if each <= 0 {
            return None;
        }
        let fits = self.fits(each);
        let exceeds = |more: u32| i64::from(more) > fits;
        match case.operation {
            Operation::Scale { replicas } => {
                let more = case.more_pods(workload);
                if exceeds(more) {
                    let text = self.after(more, each).1;
                    return Some((Level::Red, format!("{text} at {}", count(*replicas, "replica"))));
                }
                // The pods come, and the next rollout does not.
                let Strategy::Rolling { surge, unavailable: 0 } = workload.strategy else { return None };
                (surge > 0 && exceeds(more.saturating_add(1))).then(|| {
                    let text = self.after(more.saturating_add(1), each).1;
                    let text = format!(
                        "{text} at {} and one to surge: the next rollout would stand still",
                        count(*replicas, "replica")
                    );
                    (Level::Amber, text)
                })
            }
            Operation::ScaleRange { min, max } => {
                for (replicas, level, end) in
                    [(*min, Level::Red, ""), (*max, Level::Amber, ": the HPA cannot go so far")]
                {
                    let more = replicas.saturating_sub(workload.existing);
                    if more > 0 && exceeds(more) {
                        let text = self.after(more, each).1;
                        return Some((level, format!("{text} at {}{end}", count(replicas, "replica"))));
                    }
                }
                None
            }
            Operation::Restart | Operation::RollBack { .. } | Operation::RestartPod { .. } => {
                if fits < 0 {
                    let text = self.after(0, each).1;
                    return Some((Level::Red, format!("{text} already: a pod that ends would not be made anew")));
                }
                let surge = case.more_pods(workload);
                if surge == 0 || fits > 0 {
                    return None;
                }
                let text = self.after(1, each).1;
                match workload.strategy {
                    Strategy::Rolling { unavailable: 0, .. } => {
                        Some((Level::Red, format!("{text} with 1 pod more: the rollout would stand still")))
                    }
                    Strategy::Rolling { .. } | Strategy::Partitioned(_) | Strategy::Recreate | Strategy::OnDelete => {
                        Some((
                            Level::Amber,
                            format!("{text} with 1 pod more: each new pod waits until an old one has ended"),
                        ))
                    }
                }
            }
        }
    }
}

impl Case<'_> {
    /// What each replica stores, in thousandths of a byte, where that is declared.
    fn storage(&self) -> Option<i64> {
        self.facts.declared.as_ref().and_then(|declared| declared.storage.as_ref()).map(|storage| storage.milli())
    }
}
