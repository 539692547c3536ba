//! One's own account: what one may do, the password, the sessions.

use domain::age::Age;
use leptos::prelude::*;

use super::forms::{CARD, DANGER, Field, Notice, PRIMARY, SECONDARY, Tone};
use crate::clock::{exact_time, machine_time};
use crate::components::build::BuildField;

/// A session of one's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Its public id: says nothing about its cookie.
    pub id: String,
    /// Whether this page was asked for in it.
    pub here: bool,
    /// The browser, as it names itself, made safe to show.
    pub agent: String,
    /// The address it came from.
    pub source: String,
    /// When it began, seconds since 1970.
    pub began: i64,
    /// When something was last asked for in it, seconds since 1970.
    pub seen: i64,
    /// When it ends at the latest, seconds since 1970.
    pub ends: i64,
}

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountView {
    /// The person.
    pub name: String,
    /// Their roles, each with where it holds and what it lets them do.
    pub grants: Vec<(String, &'static str)>,
    /// Whether they sign in with a password of ours.
    pub has_password: bool,
    /// Their sessions, newest first.
    pub sessions: Vec<SessionRow>,
    /// The clock, seconds since 1970.
    pub now: i64,
    /// What came of the form that was sent.
    pub notice: Option<(Tone, String)>,
}

/// The page.
pub fn account(page: AccountView) -> AnyView {
    let AccountView { name, grants, has_password, sessions, now, notice } = page;
    let grants = if grants.is_empty() {
        view! { <p class="text-soft">"No role yet, so there is nothing to see: an admin gives roles under People."</p> }
            .into_any()
    } else {
        let rows = grants.into_iter().map(|(grant, does)| {
            view! {
                <li>
                    <span class="font-medium">{grant}</span>
                    <span class="text-soft">": " {does}</span>
                </li>
            }
        });
        view! { <ul class="grid gap-1">{rows.collect_view()}</ul> }.into_any()
    };
    let others = sessions.len() > 1;
    let rows = sessions.into_iter().map(|session| row(session, now)).collect_view();
    view! {
        <div class="grid grid-cols-[minmax(0,1fr)] max-w-3xl gap-4">
            <div class="flex flex-wrap items-center justify-between gap-3">
                <h1 class="text-xl font-semibold">{name.clone()}</h1>
                <form method="post" action="/sign-out">
                    <BuildField />
                    <button type="submit" class=SECONDARY>
                        "Sign out"
                    </button>
                </form>
            </div>
            {notice.map(|(tone, text)| view! { <Notice tone text /> })}
            <section class=CARD aria-labelledby="roles">
                <h2 id="roles" class="mb-2 text-lg font-semibold">
                    "Roles"
                </h2>
                {grants}
            </section>
            <section class=CARD aria-labelledby="sessions">
                <div class="mb-2 flex flex-wrap items-center justify-between gap-2">
                    <h2 id="sessions" class="text-lg font-semibold">
                        "Sessions"
                    </h2>
                    {others
                        .then(|| {
                            view! {
                                <form method="post" action="/account/sessions/end-others">
                                    <BuildField />
                                    <button type="submit" class=DANGER>
                                        "End all others"
                                    </button>
                                </form>
                            }
                        })}
                </div>
                <ul class="grid grid-cols-[minmax(0,1fr)] gap-2">{rows}</ul>
            </section>
            {has_password.then(|| password(name.clone()))}
        </div>
    }
    .into_any()
}

fn row(session: SessionRow, now: i64) -> impl IntoView {
    let SessionRow { id, here, agent, source, began, seen, ends } = session;
    let ago = |at: i64| Age::between(at, now).ago();
    let end = (!here).then(|| {
        view! {
            <form method="post" action="/account/sessions/end">
                <BuildField />
                <input type="hidden" name="session" value=id />
                <button type="submit" class=DANGER aria-label=["End the session from ", &source].concat()>
                    "End"
                </button>
            </form>
        }
    });
    view! {
        <li class="flex items-center justify-between gap-3 border-t border-line pt-2">
            <div class="min-w-0">
                <div class="font-medium">{source} {here.then_some(" · this one")}</div>
                <div class="truncate text-sm text-soft" title=agent.clone()>
                    {agent.clone()}
                </div>
                <div class="text-sm text-faint">
                    "Began " <time datetime=machine_time(began) title=exact_time(began)>{ago(began)}</time> ", used "
                    <time datetime=machine_time(seen) title=exact_time(seen)>{ago(seen)}</time> ", ends at the latest "
                    <time datetime=machine_time(ends)>{exact_time(ends)}</time>
                </div>
            </div>
            {end}
        </li>
    }
}

fn password(name: String) -> impl IntoView {
    view! {
        <section class=CARD aria-labelledby="password">
            <h2 id="password" class="mb-2 text-lg font-semibold">
                "Password"
            </h2>
            <p class="mb-3 text-soft">"A new password ends all other sessions."</p>
            <form method="post" action="/account/password" class="grid max-w-sm gap-3">
                <BuildField />
                // For password managers: whose password it is.
                <input type="text" name="username" value=name autocomplete="username" hidden=true readonly=true />
                <Field label="Password now" name="current" kind="password" autocomplete="current-password" />
                <Field label="New password" name="password" kind="password" autocomplete="new-password" hint="At least 12 characters." />
                <Field label="New password again" name="again" kind="password" autocomplete="new-password" />
                <div>
                    <button type="submit" class=PRIMARY>
                        "Set the password"
                    </button>
                </div>
            </form>
        </section>
    }
}
