//! People and their roles, for admins.

use domain::access::{Grant, Role};
use leptos::prelude::*;

use super::forms::{CARD, DANGER, FIELD, Notice, PRIMARY, SECONDARY, SELECT, Tone};
use crate::clock::exact_time;
use crate::components::build::BuildField;

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: String,
    /// Whether that is who looks.
    pub own: bool,
    /// What an admin gave them.
    pub grants: Vec<Grant>,
    /// What they have by groups while they are signed in, each with its group. It is changed in the registry, not here.
    pub by_group: Vec<(Grant, String)>,
    /// How they sign in: `password`, or the provider's address.
    pub signs_in: String,
    /// When they were added, seconds since 1970.
    pub added: i64,
    /// Whether they may not sign in.
    pub disabled: bool,
}

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeopleView {
    /// Everybody who is looked for, by name.
    pub people: Vec<PersonRow>,
    /// How many there are in all.
    pub total: usize,
    /// What is looked for.
    pub filter: String,
    /// Where a role can hold, with the words for it: `*`, systems, environments.
    pub scopes: Vec<(String, String)>,
    /// What came of the form that was sent.
    pub notice: Option<(Tone, String)>,
    /// A password that was just made: shown once. The person, then the password.
    pub made: Option<(String, String)>,
    /// What was typed as a new name before the session ended.
    pub add: String,
}

/// The page.
pub fn people(page: PeopleView) -> AnyView {
    let PeopleView { people, total, filter, scopes, notice, made, add } = page;
    let found = people.len();
    let rows = people.into_iter().map(|person| row(person, &scopes)).collect_view();
    let made = made.map(|(name, password)| {
        view! {
            <div role="status" class="rounded border border-line bg-ready-ground px-3 py-2">
                <p class="text-ready">{["The password of ", &name, ", shown this once. Hand it over by a way that others do not read."].concat()}</p>
                <p class="mt-1 select-all font-mono text-lg">{password}</p>
            </div>
        }
    });
    view! {
        <div class="grid grid-cols-[minmax(0,1fr)] max-w-5xl gap-4">
            <div>
                <h1 class="text-xl font-semibold">"People"</h1>
                <p class="text-soft">
                    {match (found, total) {
                        (found, total) if found < total => format!("{found} of {total} accounts."),
                        (_, 1) => "One account.".to_owned(),
                        (_, total) => format!("{total} accounts."),
                    }} " Everything done here is written into the record. Nobody changes their own roles."
                </p>
            </div>
            {notice.map(|(tone, text)| view! { <Notice tone text /> })}
            {made}
            <form method="post" action="/people/add" class="flex flex-wrap items-end gap-2">
                <BuildField />
                <label class="grid grow gap-1 sm:grow-0">
                    <span class="text-sm text-faint">"New name"</span>
                    <input
                        name="name"
                        value=add
                        data-keep=""
                        required=true
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        class=[FIELD, " sm:w-64"].concat()
                    />
                </label>
                <button type="submit" class=PRIMARY>
                    "Add with a random password"
                </button>
            </form>
            <form method="get" action="/people" role="search" class="flex flex-wrap items-end gap-2">
                <label class="grid grow gap-1 sm:grow-0">
                    <span class="text-sm text-faint">"Find people by name, role or system"</span>
                    <input
                        id="filter"
                        type="search"
                        name="filter"
                        value=filter.clone()
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        class=[FIELD, " sm:w-64"].concat()
                    />
                </label>
                <button type="submit" class=SECONDARY>
                    "Find"
                </button>
            </form>
            {(found == 0)
                .then(|| {
                    view! {
                        <p class="text-soft">
                            "Nobody matches. "
                            <a href="/people" class="text-accent underline">
                                "Show everybody"
                            </a>
                        </p>
                    }
                })}
            <ul class="grid grid-cols-[minmax(0,1fr)] gap-3">{rows}</ul>
        </div>
    }
    .into_any()
}

fn row(person: PersonRow, scopes: &[(String, String)]) -> impl IntoView + use<> {
    let PersonRow { id, name, own, grants, by_group, signs_in, added, disabled } = person;
    let heading = ["person-", &id].concat();
    let held = grants
        .iter()
        .map(|grant| {
            let take = (!own).then(|| {
                view! {
                    <form method="post" action="/people/take">
                        <BuildField />
                        <input type="hidden" name="person" value=id.clone() />
                        <input type="hidden" name="role" value=grant.role.as_str() />
                        <input type="hidden" name="scope" value=grant.scope.to_string() />
                        <button
                            type="submit"
                            class="flex size-6 items-center justify-center rounded text-faint hover:bg-failed-ground hover:text-failed"
                            aria-label=format!("Take {grant} from {name}")
                        >
                            "×"
                        </button>
                    </form>
                }
            });
            view! {
                <li class="flex items-center gap-1 rounded border border-line bg-raised py-0.5 pl-2 pr-1">
                    {grant.to_string()} {take}
                </li>
            }
        })
        .collect_view();
    let has_none = grants.is_empty() && by_group.is_empty();
    let by_group = by_group
        .into_iter()
        .map(|(grant, group)| {
            view! {
                <li class="rounded border border-dashed border-line px-2 py-0.5">
                    {grant.to_string()} <span class="text-soft">{[" by the group ", &group].concat()}</span>
                </li>
            }
        })
        .collect_view();
    let held = if has_none {
        let words = if signs_in == "password" {
            "No role: sees nothing."
        } else {
            "No role given. Groups bring theirs while the person is signed in."
        };
        view! { <p class="text-soft">{words}</p> }.into_any()
    } else {
        view! { <ul class="flex flex-wrap gap-1.5">{held} {by_group}</ul> }.into_any()
    };
    let roles = Role::ALL.map(|role| {
        view! { <option value=role.as_str()>{[role.as_str(), ": ", role.explained()].concat()}</option> }
    });
    let scopes = scopes
        .iter()
        .map(|(value, words)| view! { <option value=value.clone()>{words.clone()}</option> })
        .collect_view();
    let button = |action: &'static str, words: &'static str, class: &'static str| {
        let id = id.clone();
        let label = [words, ": ", &name].concat();
        view! {
            <form method="post" action=action>
                <BuildField />
                <input type="hidden" name="person" value=id />
                <button type="submit" class=class aria-label=label>
                    {words}
                </button>
            </form>
        }
    };
    // What cannot be taken back takes two steps, also without script: the button stands behind what it does.
    let confirmed =
        |action: &'static str, words: &'static str, link: &'static str, class: &'static str, does: String| {
            let summary =
                ["inline-flex cursor-pointer list-none items-center ", class, " [&::-webkit-details-marker]:hidden"];
            let done = button(action, words, class);
            view! {
                <details>
                    <summary class=summary.concat()>
                        {words} <span class="sr-only">{[link, &name].concat()}</span> "…"
                    </summary>
                    <div class="mt-2 grid max-w-xs gap-2 rounded border border-line bg-raised p-3">
                        <p class="text-soft">{does}</p>
                        {done}
                    </div>
                </details>
            }
        };
    let switch = (!own).then(|| {
        if disabled {
            button("/people/enable", "Enable", SECONDARY).into_any()
        } else {
            let does = [&name, " may not sign in any more, and their sessions end at once. Enable lets them in again."];
            confirmed("/people/disable", "Disable", " ", DANGER, does.concat()).into_any()
        }
    });
    let password = (!own && signs_in == "password").then(|| {
        let does =
            ["The password of ", &name, " works no more and their sessions end at once. A new one is shown, once."];
        confirmed("/people/password", "New password", " for ", SECONDARY, does.concat())
    });
    let sessions = (!own && !disabled).then(|| button("/people/sign-out", "End sessions", SECONDARY));
    let give = (!own).then(|| {
        view! {
            <form method="post" action="/people/give" class="flex flex-wrap items-center gap-2">
                <BuildField />
                <input type="hidden" name="person" value=id.clone() />
                // Nothing is chosen at first: a press too many gives nothing.
                <select name="role" required=true class=SELECT aria-label=["Role for ", &name].concat()>
                    <option value="">"Choose a role"</option>
                    {roles}
                </select>
                <select name="scope" required=true class=SELECT aria-label=["Where the role holds, for ", &name].concat()>
                    <option value="">"Choose where it holds"</option>
                    {scopes}
                </select>
                <button type="submit" class=SECONDARY aria-label=["Give the role to ", &name].concat()>
                    "Give"
                </button>
            </form>
        }
    });
    view! {
        <li>
            <section class=[CARD, " grid grid-cols-[minmax(0,1fr)] gap-3"].concat() aria-labelledby=heading.clone()>
                <div class="flex flex-wrap items-start justify-between gap-2">
                    <div>
                        <h2 id=heading.clone() class="text-lg font-semibold">
                            {name.clone()}
                            {own.then_some(" (you)")}
                            {disabled.then_some(" · disabled")}
                        </h2>
                        <p class="text-sm text-faint">{["Signs in by ", &signs_in, ", added ", &exact_time(added)].concat()}</p>
                    </div>
                    <div class="flex flex-wrap gap-2">{sessions} {password} {switch}</div>
                </div>
                {held}
                {give}
            </section>
        </li>
    }
}
