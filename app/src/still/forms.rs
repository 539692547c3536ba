//! Parts of forms: the same on every page.

use std::sync::Arc;

use leptos::prelude::*;

/// A field that one writes into.
pub const FIELD: &str = "h-9 w-full rounded border border-line-strong bg-panel px-2 text-base text-ink disabled:cursor-not-allowed \
                         disabled:border-line disabled:bg-ground";
/// A choice.
pub const SELECT: &str = "h-8 min-w-0 max-w-full rounded border border-line-strong bg-panel px-2 text-base text-ink";
/// The button that does what the form is for.
pub const PRIMARY: &str = "h-9 rounded bg-accent px-4 font-semibold text-panel hover:opacity-90";
/// Another button.
pub const SECONDARY: &str = "h-8 rounded border border-line-strong bg-panel px-3 font-medium hover:bg-raised";
/// A button that takes something away.
pub const DANGER: &str =
    "h-8 rounded border border-line-strong bg-panel px-3 font-medium text-failed hover:bg-failed-ground";
/// A box with a border.
pub const CARD: &str = "rounded-lg border border-line bg-panel p-4";

/// How a message is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It was done.
    Done,
    /// It was not.
    Refused,
}

/// A message about the form that was sent.
#[component]
pub fn Notice(
    /// How it is meant.
    tone: Tone,
    /// The sentence: our own words, never something that came with the request.
    text: String,
) -> impl IntoView {
    let (role, class) = match tone {
        Tone::Done => ("status", "rounded border border-line bg-ready-ground px-3 py-2 text-ready"),
        Tone::Refused => ("alert", "rounded border border-line bg-failed-ground px-3 py-2 text-failed"),
    };
    view! {
        <p role=role class=class>
            {text}
        </p>
    }
}

/// A field with its label above.
#[component]
pub fn Field(
    /// The label.
    label: &'static str,
    /// Its name in the form.
    name: &'static str,
    /// What it is for the browser: `text`, `password`.
    #[prop(default = "text")]
    kind: &'static str,
    /// What stands in it at first.
    #[prop(into, optional)]
    value: String,
    /// What a password manager fills in.
    autocomplete: &'static str,
    /// Below the field.
    #[prop(optional)]
    hint: &'static str,
    /// Whether writing starts here.
    #[prop(optional)]
    autofocus: bool,
) -> impl IntoView {
    let hint_id = (!hint.is_empty()).then(|| [name, "-hint"].concat());
    view! {
        <label class="grid gap-1">
            <span class="font-medium">{label}</span>
            <input
                type=kind
                name=name
                value=value
                required=true
                autocomplete=autocomplete
                autocapitalize="none"
                spellcheck="false"
                autofocus=autofocus
                aria-describedby=hint_id.clone()
                class=FIELD
            />
            {hint_id.map(|id| view! { <span id=id class="text-sm text-faint">{hint}</span> })}
        </label>
    }
}

/// Why something is done: required, and kept while the page is left for a sign-in.
#[component]
pub fn ReasonField(
    /// What was typed already.
    why: String,
    /// Whether nothing can be pressed.
    #[prop(optional)]
    disabled: bool,
) -> impl IntoView {
    view! {
        <label class="grid gap-1">
            <span class="font-medium">"Reason, for the record"</span>
            <input
                name="reason"
                value=why
                data-keep=""
                required=true
                maxlength="1000"
                autocomplete="off"
                disabled=disabled
                class=FIELD
                placeholder="What it is for, or the incident"
            />
        </label>
    }
}

/// The name of what is about to be changed, typed to confirm.
#[component]
pub fn TypedField(
    /// What is to be typed: the name of an object of Kubernetes.
    name: Arc<str>,
    /// Whether nothing can be pressed.
    #[prop(optional)]
    disabled: bool,
) -> impl IntoView {
    // Such a name holds letters, digits, `-` and `.`: only the dot means something in a pattern.
    let pattern = name.replace('.', "\\.");
    view! {
        <label class="grid gap-1">
            <span class="font-medium">"Type " <code class="font-mono">{name.clone()}</code> " to confirm"</span>
            <input
                name="typed"
                required=true
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                pattern=pattern
                title=["Type ", &name].concat()
                disabled=disabled
                class=[FIELD, " font-mono"].concat()
            />
        </label>
    }
}
