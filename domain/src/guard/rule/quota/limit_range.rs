//! Limit ranges: containers and pods that ask for more or less than is let in.

use std::collections::BTreeSet;

use crate::demand::{Pod, Side, milli};
use crate::guard::Level;
use crate::guard::facts::{LimitRange, Per};
use crate::guard::rule::shown;
use crate::quantity::Amount;

/// Where containers, or all of a pod together, are not let in: the name of the limit range and a sentence.
/// <https://kubernetes.io/docs/concepts/policy/limit-range/>
pub(super) fn outside<'a>(pod: &Pod<'a>) -> Vec<(&'a str, Level, String)> {
    let mut found = Vec::new();
    for range in pod.limits() {
        let bounded = [&range.most, &range.least, &range.ratio];
        let resources: BTreeSet<&str> = bounded.into_iter().flatten().map(|(resource, _)| &**resource).collect();
        for resource in resources {
            let mut hold = |who: &str, request, limit| {
                let texts = Held { range, who, resource, request, limit }.against();
                found.extend(texts.into_iter().map(|text| (&*range.name, Level::Red, text)));
            };
            match range.per {
                Per::Container => pod.containers().for_each(|(name, own)| {
                    let [request, limit] = [Side::Request, Side::Limit].map(|side| pod.of(side, own, resource));
                    hold(&shown(name), request, limit);
                }),
                Per::Pod => match pod.unsummed() {
                    // The overhead of a pod does not count here.
                    None => {
                        let [request, limit] = [Side::Request, Side::Limit].map(|side| pod.together(side, resource));
                        hold("a pod", request, limit);
                    }
                    Some(why) => {
                        let name = shown(&range.name);
                        let text = format!(
                            "LimitRange {name} bounds {resource} of a pod: how much it asks for is not known: {why}"
                        );
                        found.push((&*range.name, Level::Unknown, text));
                    }
                },
            }
        }
    }
    found
}

/// What is held against the bounds of one resource.
struct Held<'a> {
    range: &'a LimitRange,
    who: &'a str,
    resource: &'a str,
    request: Option<i64>,
    limit: Option<i64>,
}

impl Held<'_> {
    /// All that is wrong. A bound refuses also what says nothing.
    fn against(&self) -> Vec<String> {
        let Self { range, who, resource, request, limit } = *self;
        let (most, least, ratio) =
            (milli(&range.most, resource), milli(&range.least, resource), milli(&range.ratio, resource));
        let name = shown(&range.name);
        let amount = |milli| Amount { resource, milli };
        let mut texts = Vec::new();
        let mut refuse = |what: String, bound: String| {
            texts.push(format!("{who} {what}, and LimitRange {name} {bound}: its pods are refused"));
        };
        if let Some(most) = most {
            let bound = || format!("allows {}", amount(most));
            match limit {
                None => refuse(format!("sets no limit of {resource}"), bound()),
                // A request over its limit is not stored, but a default can come to be one.
                Some(limit) if limit.max(request.unwrap_or(0)) > most => {
                    refuse(format!("asks for {resource} {}", amount(limit.max(request.unwrap_or(0)))), bound());
                }
                Some(_) => {}
            }
        }
        if let Some(least) = least {
            let bound = || format!("wants {}", amount(least));
            match request {
                None => refuse(format!("asks for no {resource}"), bound()),
                Some(request) if request.min(limit.unwrap_or(request)) < least => {
                    refuse(format!("asks for {resource} {}", amount(request.min(limit.unwrap_or(request)))), bound());
                }
                Some(_) => {}
            }
        }
        if let Some(ratio) = ratio {
            let bound = || format!("allows {} times the request", Amount { resource: "", milli: ratio });
            match (request.filter(|request| *request > 0), limit.filter(|limit| *limit > 0)) {
                (Some(request), Some(limit)) => {
                    // Both sides of limit / request > ratio, in thousandths.
                    if i128::from(limit) * 1000 > i128::from(ratio) * i128::from(request) {
                        refuse(
                            format!("has {} of {resource} as limit for {}", amount(limit), amount(request)),
                            bound(),
                        );
                    }
                }
                (None, _) | (_, None) => refuse(format!("sets no request and limit of {resource}"), bound()),
            }
        }
        texts
    }
}
