//! Something that is wrong, with its evidence and what to do.

use domain::view::{Finding, Look};
use leptos::prelude::*;

use crate::components::age::Ago;
use crate::components::state_mark::{RemarkGlyph, StateDot};

/// Findings, worst first.
#[component]
pub fn Findings(
    /// The findings.
    #[prop(into)]
    findings: Signal<Vec<Finding>>,
    /// What is said when there are none.
    #[prop(into)]
    calm: Signal<&'static str>,
    /// Where one looks next about a finding; `None` draws no link.
    address: impl Fn(&Finding) -> Option<String> + Send + 'static,
) -> impl IntoView {
    let list = move || {
        let findings = findings.get();
        if findings.is_empty() {
            return view! { <p class="px-3 py-2.5 text-soft">{calm.get()}</p> }.into_any();
        }
        let items = findings.into_iter().map(|finding| item(address(&finding), finding));
        view! { <ul>{items.collect_view()}</ul> }.into_any()
    };
    view! { {list} }
}

fn item(address: Option<String>, finding: Finding) -> impl IntoView {
    let is_remark = finding.is_remark();
    let mark = if is_remark {
        view! { <RemarkGlyph size="14" /> }.into_any()
    } else {
        let state = finding.state;
        view! { <StateDot state=Signal::derive(move || state) size="14" /> }.into_any()
    };
    let Finding { title, evidence, lines, advice, since, look, .. } = finding;
    let lines = (!lines.is_empty()).then(|| {
        view! { <pre class="my-1 overflow-x-auto rounded bg-raised px-2 py-1 font-mono">{lines.join("\n")}</pre> }
    });
    let place = match look {
        Look::Component => " the component: ",
        Look::Log | Look::PreviousLog => " the log: ",
        Look::Compare => " the comparison: ",
        Look::Checks => " the checks: ",
    };
    let age = (since > 0).then(|| view! { <span class="text-soft">"since " <Ago since=since what="Since" /></span> });
    let link = address.map(|address| {
        view! {
            <a
                href=address
                data-row=""
                class="inline-flex h-7 items-center rounded border border-line-strong bg-panel px-2.5 font-medium hover:bg-raised"
            >
                "Open"
                <span class="sr-only">{place} {title.clone()}</span>
            </a>
        }
    });
    view! {
        <li class="flex flex-wrap gap-x-3 gap-y-2 border-t border-line px-3 py-2.5 first:border-t-0 sm:flex-nowrap">
            <span class="mt-0.5">{mark}</span>
            <div class="min-w-0 flex-1 break-words">
                <div class="flex flex-wrap gap-x-2">
                    <span class="font-medium">
                        {is_remark.then(|| view! { <span class="text-remark">"Remark: "</span> })} {title.clone()}
                    </span>
                    {age}
                </div>
                <div class="text-soft">{evidence}</div>
                {lines}
                <div>{advice}</div>
            </div>
            <div class="w-full pl-7 empty:hidden sm:w-auto sm:shrink-0 sm:pl-0">{link}</div>
        </li>
    }
}
