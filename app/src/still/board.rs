//! The board: every environment in plain words, large enough to be read from across a room.

use std::sync::Arc;

use domain::age::Age;
use domain::board::{BoardEntry, heading};
use domain::freshness::Freshness;
use domain::name::SystemId;
use domain::registry::Tier;
use leptos::prelude::*;

use super::forms::CARD;
use crate::clock::{exact_time, machine_time};
use crate::components::state_mark::{Glyph, colour};
use crate::components::tier_chip::EnvironmentTitle;
use crate::links;

/// How many environments are shown large.
const FEW: usize = 3;

/// How the board goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turning {
    /// Everything at once, loaded again and again.
    Together,
    /// One system after another, each for so many seconds.
    Each(u32),
    /// As it was when it was asked for.
    Held,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Only this system.
    pub system: Option<SystemId>,
    /// Only this tier.
    pub tier: Option<Tier>,
    /// How it goes on.
    pub turning: Turning,
    /// The system whose turn it is.
    pub at: Option<SystemId>,
}

impl Asked {
    /// What stays while the board goes on: which environments are shown.
    pub fn kept(&self) -> Vec<(&'static str, &str)> {
        let system = self.system.as_ref().map(|system| ("system", system.as_str()));
        system.into_iter().chain(self.tier.map(|tier| ("tier", written(tier)))).collect()
    }

    /// The address of a board with these.
    fn address(&self) -> String {
        let each = match self.turning {
            Turning::Together => None,
            Turning::Each(seconds) => Some(["rotate=", &seconds.to_string()].concat()),
            Turning::Held => Some("hold".to_owned()),
        };
        let kept = self.kept().into_iter().map(|(name, value)| [name, "=", value].concat());
        let parts: Vec<String> = each.into_iter().chain(kept).collect();
        if parts.is_empty() { links::BOARD.to_owned() } else { [links::BOARD, "?", &parts.join("&")].concat() }
    }
}

/// A tier as it stands in the address.
fn written(tier: Tier) -> &'static str {
    match tier {
        Tier::Development => "development",
        Tier::Staging => "staging",
        Tier::Production => "production",
    }
}

/// What the page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardView {
    /// What was asked for.
    pub asked: Asked,
    /// The systems that one may choose, with their names.
    pub systems: Vec<(SystemId, Arc<str>)>,
    /// The environments, in the order in which they are shown.
    pub entries: Vec<BoardEntry>,
    /// The clock, milliseconds since 1970.
    pub now_ms: i64,
}

/// The page.
pub fn board(page: BoardView) -> AnyView {
    let BoardView { asked, systems, entries, now_ms } = page;
    let is_large = entries.len() <= FEW;
    let grid = match entries.len() {
        0 | 1 => "grid grid-cols-[minmax(0,1fr)] gap-4",
        2 => "grid grid-cols-[minmax(0,1fr)] gap-4 lg:grid-cols-2",
        3 => "grid grid-cols-[minmax(0,1fr)] gap-4 lg:grid-cols-3",
        _ => "grid grid-cols-[minmax(0,1fr)] gap-4 sm:grid-cols-2 xl:grid-cols-4",
    };
    let title = heading(&entries);
    let cards = entries.into_iter().map(|entry| card(entry, is_large, now_ms)).collect_view();
    view! {
        <div class="grid grid-cols-[minmax(0,1fr)] gap-4">
            <div class="flex flex-wrap items-end justify-between gap-x-6 gap-y-2">
                <h1 class="text-2xl font-semibold text-pretty">{title}</h1>
                {ways(&asked)}
            </div>
            {choices(&asked, &systems)}
            <ul class=grid>{cards}</ul>
        </div>
    }
    .into_any()
}

/// A link of a row of which one is chosen.
fn way(words: impl IntoView + 'static, asked: Asked, is_chosen: bool) -> impl IntoView {
    view! {
        <a
            href=asked.address()
            aria-current=is_chosen.then_some("true")
            class="inline-flex h-8 items-center rounded px-2 text-soft hover:bg-raised aria-[current=true]:bg-accent-ground aria-[current=true]:font-semibold aria-[current=true]:text-accent"
        >
            {words}
        </a>
    }
}

/// How it goes on.
fn ways(asked: &Asked) -> impl IntoView + use<> {
    let turning = asked.turning;
    let is_turning = matches!(turning, Turning::Each(_));
    let each = match turning {
        Turning::Each(seconds) => seconds,
        Turning::Together | Turning::Held => 20,
    };
    let to = |turning: Turning| Asked { turning, at: None, ..asked.clone() };
    view! {
        <nav class="flex flex-wrap gap-1 text-sm" aria-label="How the board goes on">
            {way("All at once", to(Turning::Together), turning == Turning::Together)}
            {way(["One system after another, ", &each.to_string(), " s each"].concat(), to(Turning::Each(each)), is_turning)}
            {way("Stop", to(Turning::Held), turning == Turning::Held)}
        </nav>
    }
}

/// Which environments are shown.
fn choices(asked: &Asked, systems: &[(SystemId, Arc<str>)]) -> impl IntoView + use<> {
    let of_system = |system: Option<SystemId>| Asked { system, at: None, ..asked.clone() };
    let of_tier = |tier: Option<Tier>| Asked { tier, at: None, ..asked.clone() };
    let systems = systems
        .iter()
        .map(|(id, name)| way(name.clone(), of_system(Some(id.clone())), asked.system.as_ref() == Some(id)));
    let tiers = [Tier::Production, Tier::Staging, Tier::Development];
    let tiers = tiers.map(|tier| way(tier.word(), of_tier(Some(tier)), asked.tier == Some(tier)));
    view! {
        <div class="flex flex-wrap gap-x-6 gap-y-1 text-sm">
            <nav class="flex flex-wrap gap-1" aria-label="Systems">
                {way("All systems", of_system(None), asked.system.is_none())}
                {systems.collect::<Vec<_>>()}
            </nav>
            <nav class="flex flex-wrap gap-1" aria-label="Tiers">
                {way("All tiers", of_tier(None), asked.tier.is_none())}
                {tiers.into_iter().collect::<Vec<_>>()}
            </nav>
        </div>
    }
}

fn card(entry: BoardEntry, is_large: bool, now_ms: i64) -> impl IntoView {
    let BoardEntry { id, system, title, tier, light, sentence, version, changed, since, freshness } = entry;
    let state = light.state();
    let now = now_ms / 1000;
    let (size, word, said) = if is_large {
        ("40", "text-4xl font-semibold", "text-2xl text-pretty")
    } else {
        ("24", "text-2xl font-semibold", "text-xl text-pretty")
    };
    let at = |what: &'static str, at: i64| {
        (at > 0).then(|| {
            view! {
                <li>
                    {what} " "
                    <time datetime=machine_time(at) title=exact_time(at)>
                        {Age::between(at, now).ago()}
                    </time>
                </li>
            }
        })
    };
    let version = version.map(|(tag, digest)| {
        let gap = (!tag.is_empty() && !digest.is_empty()).then_some(" ");
        view! {
            <li class="[overflow-wrap:anywhere]">
                "Version "
                <span class="font-mono">{tag} {gap} <span class="text-faint">{digest}</span></span>
            </li>
        }
    });
    let old = (!freshness.is_live()).then_some("");
    let seen = match freshness {
        Freshness::Never => view! { <li>"Never seen"</li> }.into_any(),
        Freshness::Live(_) | Freshness::Stale(_) => {
            let as_of = freshness.as_of_ms().unwrap_or(now_ms).min(now_ms);
            let seconds = as_of / 1000;
            let time = view! {
                <time datetime=machine_time(seconds) title=exact_time(seconds)>
                    {Age::between_ms(as_of, now_ms).ago()}
                </time>
            };
            let class = if old.is_some() { "text-xl font-semibold text-unknown" } else { "" };
            view! { <li class=class>"Seen " {time}</li> }.into_any()
        }
    };
    view! {
        <li class=[CARD, " flex flex-col gap-3"].concat() data-stale=old>
            <h2>
                <a href=links::environment(&id) class="flex flex-wrap items-center gap-x-2 gap-y-1 hover:underline">
                    <span class="text-lg font-semibold stale:text-soft">{system}</span>
                    <EnvironmentTitle title tier />
                </a>
            </h2>
            <p class=["flex items-center gap-2 ", colour(state), " ", word].concat()>
                <Glyph state size />
                {light.words()}
            </p>
            <p class=said>{sentence}</p>
            <ul class="mt-auto grid gap-0.5 text-base text-soft stale:text-faint">
                {at("Began", since)}
                {version}
                {at("Changed", changed)}
                {seen}
            </ul>
        </li>
    }
}
