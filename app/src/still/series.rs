//! The plan of a series: everything that reads a ConfigMap or Secret, to be restarted one after the other.

use std::sync::Arc;

use domain::guard::{Level, Line};
use domain::registry::Tier;
use leptos::prelude::*;

use super::command::command;
use super::forms::{CARD, DANGER, Notice, PRIMARY, ReasonField, SECONDARY, Tone, TypedField};
use super::plan::{line, summary};
use crate::components::build::BuildField;

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesView {
    /// `Fleet Management / Production`.
    pub place: Arc<str>,
    /// How careful one must be there.
    pub tier: Tier,
    /// Where its page is.
    pub environment: String,
    /// `ConfigMap fleet-config`.
    pub source: String,
    /// `fleet-config`, which is typed to confirm.
    pub name: Arc<str>,
    /// What reads it, in the order in which it would be restarted.
    pub members: Vec<MemberView>,
    /// Whether a reason is asked for.
    pub reason: bool,
    /// The reason that was typed already.
    pub why: String,
    /// Whether the name is to be typed.
    pub typed: bool,
    /// What the form carries besides the members.
    pub carries: Vec<(&'static str, String)>,
    /// The commands that would do the same.
    pub kubectl: String,
    /// What came of the form that was sent, or why there is no plan.
    pub notice: Option<(Tone, String)>,
}

/// A workload that reads it.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberView {
    /// Its name.
    pub name: Arc<str>,
    /// `Deployment`.
    pub kind: &'static str,
    /// Where its page is.
    pub address: String,
    /// How it reads: `as environment variables`.
    pub how: &'static str,
    /// Its plan, worst line first.
    pub lines: Vec<Line>,
    /// Why it cannot be restarted now; empty where it can.
    pub off: Vec<String>,
    /// Whether it is chosen.
    pub chosen: bool,
    /// What its box sends.
    pub value: String,
}

/// The page.
pub fn series(page: SeriesView) -> AnyView {
    let SeriesView { place, tier, environment, source, name, members, reason, why, typed, carries, kubectl, notice } =
        page;
    let title = ["Restart what reads ", &source, " in ", &place].concat();
    let possible = members.iter().filter(|member| member.off.is_empty()).count();
    let dangerous = tier == Tier::Production
        || members.iter().flat_map(|member| &member.lines).any(|line| line.level > Level::Green);
    let intro = match (members.len(), possible) {
        // What could not be asked is no answer.
        (0, _) if notice.is_some() => None,
        (0, _) => Some(["No Deployment, StatefulSet or DaemonSet in this environment reads ", &source, "."].concat()),
        (_, 0) => Some("None of these can be restarted now.".to_owned()),
        (1, _) => Some("One workload reads it.".to_owned()),
        (all, _) => Some(format!(
            "{all} workloads read it. They are restarted one after the other, in this order: the next begins when the one before is \
             done. If one fails, or its plan has become worse than what stands here, the rest stays as it is."
        )),
    };
    let again = (members.is_empty() && notice.is_some()).then(|| again(&carries, &environment, &place));
    let button = if members.len() == 1 { "Restart" } else { "Restart what is ticked" };
    let any = !members.is_empty();
    let all = members.into_iter().enumerate().map(|(at, each)| member(at, each)).collect_view();
    let confirm = (possible > 0).then(|| {
        let hidden = carries
            .into_iter()
            .map(|(name, value)| view! { <input type="hidden" name=name value=value /> })
            .collect_view();
        let reason = reason.then(|| view! { <ReasonField why /> });
        let typed = typed.then(|| view! { <TypedField name /> });
        let class = if dangerous { DANGER } else { PRIMARY };
        view! {
            <section class=[CARD, " grid gap-3"].concat() aria-label="Confirm">
                <BuildField />
                {hidden} {reason} {typed}
                <div class="flex flex-wrap items-center gap-2">
                    <button type="submit" class=class>
                        {button}
                    </button>
                    <a href=environment.clone() class=[SECONDARY, " inline-flex items-center"].concat()>
                        "Cancel"
                    </a>
                </div>
            </section>
        }
    });
    let form = any.then(|| {
        view! {
            <form method="post" action="/operations/series" class="grid grid-cols-[minmax(0,1fr)] gap-4">
                <ol class="grid grid-cols-[minmax(0,1fr)] gap-2" aria-label="Workloads">
                    {all}
                </ol>
                {confirm}
            </form>
        }
    });
    let commands = (!kubectl.is_empty()).then(|| {
        view! {
            <section class=CARD aria-labelledby="kubectl">
                <h2 id="kubectl" class="mb-1 text-sm text-faint">"The same with kubectl, which checks none of this and leaves no record here"</h2>
                {command(kubectl)}
            </section>
        }
    });
    view! {
        <div class="grid grid-cols-[minmax(0,1fr)] max-w-3xl gap-4">
            <div>
                <p class="text-sm">
                    <a href=environment class="text-accent underline">
                        {place}
                    </a>
                </p>
                <h1 class="text-xl font-semibold [overflow-wrap:anywhere]">{title}</h1>
            </div>
            {notice.map(|(tone, text)| view! { <Notice tone text /> })}
            {intro.map(|intro| view! { <p class="text-soft">{intro}</p> })}
            {again}
            {form}
            {commands}
        </div>
    }
    .into_any()
}

/// Where nothing could be asked: the same again, or back.
fn again(carries: &[(&'static str, String)], environment: &str, place: &Arc<str>) -> impl IntoView + use<> {
    let hidden = carries
        .iter()
        .filter(|(name, _)| *name != "id")
        .map(|(name, value)| view! { <input type="hidden" name=*name value=value.clone() /> })
        .collect_view();
    view! {
        <form method="get" action="/operations/series" class="flex flex-wrap gap-2">
            {hidden} <button type="submit" class=SECONDARY>
                "Try again"
            </button>
            <a href=environment.to_owned() class=[SECONDARY, " inline-flex items-center"].concat()>
                "Back to "
                {place.clone()}
            </a>
        </form>
    }
}

fn member(at: usize, member: MemberView) -> impl IntoView {
    let MemberView { name, kind, address, how, lines, off, chosen, value } = member;
    let is_off = !off.is_empty();
    let said = if is_off { off.join(" ") } else { summary(&lines) };
    let id = format!("member-{at}");
    // What speaks against it is seen without a click.
    let (fine, minded): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line.level == Level::Green);
    let minded: Vec<_> = minded.into_iter().filter(|line| !is_off || line.level != Level::Red).map(line).collect();
    let fine = (!fine.is_empty()).then(|| {
        let count = fine.len();
        let fine = fine.into_iter().map(line).collect_view();
        view! {
            <details class="mt-1">
                <summary class="cursor-pointer text-sm text-soft">
                    {count} " checked and fine" <span class="sr-only">" for " {name.clone()}</span>
                </summary>
                <ul class="mt-1 grid gap-1.5">{fine}</ul>
            </details>
        }
    });
    view! {
        <li class=CARD data-off=is_off.then_some("")>
            <div class="flex items-start gap-3">
                <input
                    type="checkbox"
                    id=id.clone()
                    name="member"
                    value=value
                    checked=chosen && !is_off
                    disabled=is_off
                    class="mt-1 size-4 shrink-0 accent-accent"
                />
                <div class="min-w-0 flex-1">
                    <div class="flex flex-wrap items-baseline gap-x-2">
                        <label for=id class="font-semibold [overflow-wrap:anywhere]">
                            {name.clone()}
                        </label>
                        <span class="text-sm text-faint">{kind} ", reads it " {how}</span>
                        <a href=address class="ml-auto text-sm text-accent underline">
                            "Open"
                            <span class="sr-only">" " {name}</span>
                        </a>
                    </div>
                    <p class=if is_off { "text-failed [overflow-wrap:anywhere]" } else { "text-soft" }>{said}</p>
                    <ul class="mt-1 grid gap-1.5 empty:hidden">{minded}</ul>
                    {fine}
                </div>
            </div>
        </li>
    }
}
