//! The form that says whose lines are read, and which.

use std::sync::Arc;

use domain::log::level::Level;
use domain::log::query::{LogQuery, Since};
use domain::name::EnvironmentId;
use leptos::prelude::*;

use super::super::forms::{SECONDARY, SELECT};
use crate::clock::{exact_time, machine_time};

/// Whose lines, and which.
#[component]
pub fn Filter(
    /// What is asked now.
    query: LogQuery,
    /// The environments one may choose: which, and its words.
    environments: Vec<(EnvironmentId, String)>,
    /// The components one may choose, by name.
    components: Vec<Arc<str>>,
) -> impl IntoView {
    let environment = |place: usize, none: &'static str| {
        let chosen = query.environments.get(place);
        let options: Vec<_> = environments
            .iter()
            .map(|(id, words)| view! { <option value=id.to_string() selected=chosen == Some(id)>{words.clone()}</option> })
            .collect();
        view! {
            <select name="environment" autocomplete="off" class=[SELECT, " w-full"].concat()>
                <option value="">{none}</option>
                {options}
            </select>
        }
    };
    let first = environment(0, "choose one");
    let second = environment(1, "none");
    let undeclared: Vec<Arc<str>> =
        query.components.iter().map(|component| component.shared()).filter(|name| !components.contains(name)).collect();
    let chosen = query.components.first().map(|component| component.shared());
    let components: Vec<_> = components
        .into_iter()
        .chain(undeclared)
        .map(|name| {
            let selected = chosen.as_ref() == Some(&name);
            view! { <option value=name.to_string() selected=selected>{name.clone()}</option> }
        })
        .collect();
    // What there is no list for, or more of than a list chooses, stays until somebody takes it out.
    let mut own: Vec<(&'static str, &'static str, String)> = Vec::new();
    own.extend(query.environments.iter().skip(2).map(|id| ("environment", "and", id.to_string())));
    own.extend(query.components.iter().skip(1).map(|name| ("component", "and", name.to_string())));
    own.extend(query.pod.iter().map(|name| ("pod", "pod", name.to_string())));
    own.extend(query.container.iter().map(|name| ("container", "container", name.to_string())));
    let own: Vec<_> = own
        .into_iter()
        .map(|(name, word, value)| {
            let label = [word, " ", &value].concat();
            view! {
                <label class="flex h-8 items-center gap-1.5 text-sm">
                    <input type="checkbox" name=name value=value checked=true class="size-4 accent-accent" />
                    {label}
                </label>
            }
        })
        .collect();
    let offered: Vec<(Since, String)> =
        Since::OFFERED.into_iter().map(|(since, words)| (since, words.to_owned())).collect();
    let other = (!offered.iter().any(|(since, _)| *since == query.since)).then(|| (query.since, written(query.since)));
    let since: Vec<_> = offered
        .into_iter()
        .chain(other)
        .map(|(since, words)| {
            view! { <option value=since.written() selected=since == query.since>{words}</option> }
        })
        .collect();
    let until = query.until.map(machine_time).map(|time| time.trim_end_matches('Z').to_owned());
    let levels: Vec<_> = [Level::Error, Level::Warn, Level::Info, Level::Debug]
        .into_iter()
        .map(|level| {
            let words =
                if level == Level::Error { "errors only".to_owned() } else { [level.as_str(), " and worse"].concat() };
            view! { <option value=level.as_str() selected=query.least == Some(level)>{words}</option> }
        })
        .collect();
    let mut offered = vec![0, 3, 10];
    if !offered.contains(&query.context) {
        offered.push(query.context);
    }
    let around: Vec<_> = offered
        .into_iter()
        .map(|around| view! { <option value=around.to_string() selected=around == query.context>{around.to_string()}</option> })
        .collect();
    let flag = |name: &'static str, words: &'static str, is_set: bool| {
        view! {
            <label class="flex h-8 items-center gap-1.5 text-sm">
                <input type="checkbox" name=name checked=is_set class="size-4 accent-accent" />
                {words}
            </label>
        }
    };
    let times = query.display.times.written().map(|times| view! { <input type="hidden" name="times" value=times /> });
    let unbroken = query.display.unbroken.then(|| view! { <input type="hidden" name="unbroken" /> });
    let label = "grid gap-0.5 text-xs text-faint";
    view! {
        <form method="get" action="/logs" role="search" autocomplete="off" class="grid grid-cols-2 items-end gap-2 sm:flex sm:flex-wrap">
            <label class=[label, " sm:w-56"].concat()>"Environment" {first}</label>
            <label class=[label, " sm:w-56"].concat()>"Compare with" {second}</label>
            <label class=[label, " sm:w-40"].concat()>
                "Component"
                <select name="component" autocomplete="off" class=[SELECT, " w-full"].concat()>
                    <option value="">"all"</option>
                    {components}
                </select>
            </label>
            <label class=label>
                "Since"
                <select name="since" class=[SELECT, " w-full"].concat()>
                    {since}
                </select>
            </label>
            <label class=label>
                "Until (UTC)"
                <input type="datetime-local" step="1" name="until" value=until autocomplete="off" class=[SELECT, " w-full"].concat() />
            </label>
            <label class=label>
                "Level"
                <select name="level" class=[SELECT, " w-full"].concat()>
                    <option value="">"all"</option>
                    {levels}
                </select>
            </label>
            <label class=label>
                "Find"
                <input
                    id="filter"
                    type="search"
                    name="find"
                    value=query.find.text.clone()
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    class=[SELECT, " w-full sm:w-48"].concat()
                />
            </label>
            {flag("regex", "regular expression", query.find.regex)} {flag("case", "match case", query.find.case)}
            {flag("not", "not containing it", query.find.not)} {own} {times} {unbroken}
            <label class=label>
                "Lines around a hit"
                <select name="context" class=[SELECT, " w-full"].concat()>
                    {around}
                </select>
            </label>
            <button type="submit" class=SECONDARY>
                "Read"
            </button>
        </form>
    }
}

fn written(since: Since) -> String {
    match since {
        Since::At(moment) => exact_time(moment),
        Since::Last | Since::Ago(_) | Since::Start => since.written(),
    }
}
