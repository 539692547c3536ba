//! Signing in, and the first admin.

use domain::session::Ending;
use leptos::prelude::*;

use super::forms::{CARD, Field, Notice, PRIMARY, SECONDARY, Tone};
use crate::components::build::BuildField;

/// Why somebody stands at the door: one of our own sentences, whatever the request said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Name or password is wrong, or the person may not sign in; which of these is not told.
    Wrong,
    /// Too many tries. Minutes until the next.
    TooMany(u32),
    /// The session has ended; why, where that is known.
    Expired(Option<Ending>),
    /// They went.
    SignedOut,
    /// Nothing can be recorded, so nobody gets in.
    Unavailable,
    /// The provider's answer was not accepted.
    Provider,
    /// The provider does not answer.
    Silent,
    /// The provider let them not in, or they turned back there.
    Declined,
    /// They come back too late, twice, or in another browser.
    Over,
    /// An admin disabled their account.
    Disabled,
    /// Too many left for the provider from their address. Minutes until the next.
    Busy(u32),
}

impl Why {
    fn notice(self) -> (Tone, String) {
        match self {
            Self::Wrong => {
                (Tone::Refused, "Not signed in: the name or the password is wrong, or the account is disabled.".into())
            }
            Self::TooMany(minutes) => (
                Tone::Refused,
                format!(
                    "Not signed in: too many tries. Wait {minutes} min, or have an admin run `quarterdeck user unlock` on the server."
                ),
            ),
            Self::Expired(None) => {
                (Tone::Refused, "Your session has ended. Sign in and you are back where you were.".into())
            }
            Self::Expired(Some(ending)) => (Tone::Refused, ending.sentence().into()),
            Self::SignedOut => (Tone::Done, "Signed out.".into()),
            Self::Unavailable => (
                Tone::Refused,
                "Not signed in: the database cannot be reached, and what cannot be recorded is not done. Try again in a moment; /readyz says why.".into(),
            ),
            Self::Provider => (
                Tone::Refused,
                "Not signed in: the answer of the sign-in provider was not accepted. Start again here; the server's log says why.".into(),
            ),
            Self::Silent => (
                Tone::Refused,
                "Not signed in: the sign-in provider does not answer, or not as it should. Try again in a moment; the server's log says why. Accounts with a password can sign in.".into(),
            ),
            Self::Declined => (
                Tone::Refused,
                "Not signed in: you turned back at the sign-in provider, or it does not let you use this console.".into(),
            ),
            Self::Over => (
                Tone::Refused,
                "Not signed in: it took too long, was done already, or was begun in another browser. Start again here.".into(),
            ),
            Self::Disabled => {
                (Tone::Refused, "Not signed in: your account is disabled here. An admin can enable it.".into())
            }
            Self::Busy(minutes) => (
                Tone::Refused,
                format!("Not signed in: too many sign-ins were begun from your address. Wait {minutes} min."),
            ),
        }
    }
}

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignInView {
    /// Why they are here; `None` when they just came.
    pub why: Option<Why>,
    /// Where they go afterwards: a path of ours.
    pub to: String,
    /// What they typed as their name.
    pub name: String,
    /// The provider of single sign-on: its name, and the address of ours that leads there.
    pub provider: Option<(String, String)>,
    /// Whether accounts with a password may sign in.
    pub passwords: bool,
}

/// The page.
pub fn sign_in(page: SignInView) -> AnyView {
    let SignInView { why, to, name, provider, passwords } = page;
    let notice = why.map(|why| {
        let (tone, text) = why.notice();
        view! { <Notice tone text /> }
    });
    // A link: browsers hold the redirect of a form to `form-action` too, and the provider is elsewhere.
    let provider = provider.map(|(name, address)| {
        view! {
            <a href=address class=[SECONDARY, " inline-flex items-center justify-center"].concat()>
                {["Sign in with ", &name].concat()}
            </a>
        }
    });
    let typed = !name.is_empty();
    let form = passwords.then(|| {
        view! {
            <form method="post" action="/sign-in" class="grid gap-3">
                <input type="hidden" name="to" value=to />
                <Field label="Name" name="name" value=name autocomplete="username" autofocus=!typed />
                <Field label="Password" name="password" kind="password" autocomplete="current-password" autofocus=typed />
                <button type="submit" class=PRIMARY>
                    "Sign in"
                </button>
            </form>
        }
    });
    view! {
        <div class=[CARD, " grid gap-4"].concat()>
            <h1 class="text-xl font-semibold">"Sign in"</h1>
            {notice}
            {form}
            {provider}
        </div>
    }
    .into_any()
}

/// Why the first admin was not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupView {
    /// The token of the link.
    pub token: String,
    /// What was typed as a name.
    pub name: String,
    /// What is wrong with it, in our words.
    pub refused: Option<String>,
}

/// The page behind the one-time link.
pub fn setup(page: SetupView) -> AnyView {
    let SetupView { token, name, refused } = page;
    view! {
        <div class=[CARD, " grid gap-4"].concat()>
            <h1 class="text-xl font-semibold">"The first admin"</h1>
            <p class="text-soft">
                "An admin adds people and gives them roles, and is nothing else by that: another admin, or the command line, makes you an operator."
            </p>
            {refused.map(|text| view! { <Notice tone=Tone::Refused text /> })}
            <form method="post" action="/setup" class="grid gap-3">
                <BuildField />
                <input type="hidden" name="token" value=token />
                <Field label="Name" name="name" value=name autocomplete="username" autofocus=true />
                <Field
                    label="Password"
                    name="password"
                    kind="password"
                    autocomplete="new-password"
                    hint="At least 12 characters. Four words that nobody else would put together do well."
                />
                <Field label="Password again" name="again" kind="password" autocomplete="new-password" />
                <button type="submit" class=PRIMARY>
                    "Create the account"
                </button>
            </form>
        </div>
    }
    .into_any()
}

/// The page for a link that was used, or is too old.
pub fn setup_over() -> AnyView {
    view! {
        <div class=[CARD, " grid gap-3"].concat()>
            <h1 class="text-xl font-semibold">"This link does not work any more"</h1>
            <p class="text-soft">
                "It was used, or it is older than a day. While there is no account, the program prints a new one each time it starts; afterwards `quarterdeck user add` on the server adds people."
            </p>
            <p>
                <a href="/sign-in" class="text-accent underline">
                    "To the sign-in"
                </a>
            </p>
        </div>
    }
    .into_any()
}
