//! Limit ranges: containers that ask for more or less than is let in.

use crate::guard::rule::amount::Amount;
use crate::guard::rule::pod::{Pod, milli};
use crate::guard::rule::shown;

/// Where containers ask for more or less than a limit range allows: its name and a sentence.
pub(super) fn outside<'a>(pod: &Pod<'a>) -> Vec<(&'a str, String)> {
    let mut found = Vec::new();
    for range in pod.limits {
        for (name, own) in pod.containers() {
            for resource in ["cpu", "memory"] {
                let (request, limit) = (milli(&own.requests, resource), milli(&own.limits, resource));
                let (named, name) = (shown(&range.name), shown(name));
                let amount = |milli| Amount { resource, milli };
                if let (Some(limit), Some(most)) = (limit.or(request), milli(&range.most, resource))
                    && limit > most
                {
                    let (has, most) = (amount(limit), amount(most));
                    let text = format!(
                        "{name} asks for {resource} {has}, and LimitRange {named} allows {most}: its pods are refused"
                    );
                    found.push((&*range.name, text));
                }
                if let (Some(request), Some(least)) = (request.or(limit), milli(&range.least, resource))
                    && request < least
                {
                    let (has, least) = (amount(request), amount(least));
                    let text = format!(
                        "{name} asks for {resource} {has}, and LimitRange {named} wants {least}: its pods are refused"
                    );
                    found.push((&*range.name, text));
                }
            }
        }
    }
    found
}
