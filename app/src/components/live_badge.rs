//! How old everything is: the badge in the header, what stands behind it, and the bar when the connection is lost.

use domain::age::Age;
use domain::freshness::Freshness;
use domain::name::ClusterId;
use domain::view::{SourceView, State};
use leptos::prelude::*;

use crate::clock::{exact_time, machine_time, time_of_day};
use crate::components::state_mark::Glyph;
use crate::screen::Joined;

/// What the badge says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    /// The page as the server made it, then.
    Snapshot(i64),
    /// All as it is now; the last frame came then.
    Live(i64),
    /// Something is older than it should be, since then.
    Stale(Option<i64>),
    /// The connection is gone, since then.
    Lost(i64),
}

/// The worst of the connection and the clusters that the page is about.
fn look(joined: Joined, heard: i64, sources: &[SourceView], concerns: Option<&ClusterId>) -> Look {
    match joined {
        Joined::Lost(_) => return Look::Lost(heard),
        Joined::Stale => return Look::Stale(Some(heard)),
        Joined::Snapshot | Joined::Live => {}
    }
    let oldest = sources
        .iter()
        .filter(|source| concerns.is_none_or(|cluster| *cluster == source.cluster))
        .filter(|source| !source.freshness.is_live())
        .map(|source| source.freshness.as_of_ms())
        .min();
    match (oldest, joined) {
        (Some(as_of), _) => Look::Stale(as_of),
        (None, Joined::Snapshot) => Look::Snapshot(heard),
        (None, _) => Look::Live(heard),
    }
}

/// The badge. It opens, and tells how old each source is and why.
#[component]
pub fn LiveBadge(
    /// How the browser is joined to Quarterdeck.
    #[prop(into)]
    joined: Signal<Joined>,
    /// When the last frame came, milliseconds since 1970.
    #[prop(into)]
    heard: Signal<i64>,
    /// The clock, milliseconds since 1970.
    #[prop(into)]
    now: Signal<i64>,
    /// The clusters.
    #[prop(into)]
    sources: Signal<Vec<SourceView>>,
    /// The cluster that the page is about; all of them when it is about none.
    concerns: Signal<Option<ClusterId>>,
) -> impl IntoView {
    let look = Memo::new(move |_| {
        sources.with(|sources| concerns.with(|concerns| look(joined.get(), heard.get(), sources, concerns.as_ref())))
    });
    let class = move || match look.get() {
        Look::Snapshot(_) => "text-soft",
        Look::Live(_) => "text-ready",
        Look::Stale(_) => "text-degraded",
        Look::Lost(_) => "text-failed",
    };
    let shape = move || match look.get() {
        Look::Snapshot(_) => "#s-off",
        Look::Live(_) => "#s-ready",
        Look::Stale(_) => "#s-progressing",
        Look::Lost(_) => "#s-failed",
    };
    let word = move || match look.get() {
        Look::Snapshot(_) => "as of",
        Look::Live(_) => "live",
        Look::Stale(_) => "stale",
        Look::Lost(_) => "lost",
    };
    let figure = move || match look.get() {
        Look::Snapshot(at) => [&time_of_day(at / 1000), " UTC"].concat(),
        Look::Live(at) | Look::Stale(Some(at)) | Look::Lost(at) => Age::between_ms(at, now.get()).to_string(),
        Look::Stale(None) => String::new(),
    };
    view! {
        <details class="relative" data-menu="">
            <summary class="flex h-8 cursor-pointer list-none items-center rounded px-2 hover:bg-raised [&::-webkit-details-marker]:hidden">
                <span class=class>
                    <span class="inline-flex items-center gap-1.5 whitespace-nowrap text-sm">
                        <svg aria-hidden="true" width="9" height="9">
                            <use_ href=shape />
                        </svg>
                        {word}
                        // For whatever reads the text without the layout: otherwise it reads `live0.3 s`.
                        " "
                        <span class="tabular-nums text-faint">{figure}</span>
                    </span>
                </span>
                <span class="sr-only">", how old everything is"</span>
            </summary>
            <div class="absolute right-0 top-9 z-40 grid w-80 max-w-[calc(100vw-1.5rem)] gap-2 rounded-lg border border-line bg-panel p-3 shadow max-sm:fixed max-sm:right-3 max-sm:top-14">
                <Browser joined heard now />
                {move || {
                    let now = now.get();
                    sources.with(|sources| sources.iter().map(|source| cluster(source, now)).collect_view())
                }}
            </div>
        </details>
    }
}

/// Browser to Quarterdeck.
#[component]
fn Browser(joined: Signal<Joined>, heard: Signal<i64>, now: Signal<i64>) -> impl IntoView {
    let state = Signal::derive(move || match joined.get() {
        Joined::Snapshot => State::Off,
        Joined::Live => State::Ready,
        Joined::Stale => State::Degraded,
        Joined::Lost(_) => State::Failed,
    });
    let words = move || {
        let age = Age::between_ms(heard.get().min(now.get()), now.get()).to_string();
        match joined.get() {
            Joined::Snapshot => ["The page as it was at ", &exact_time(heard.get() / 1000), "."].concat(),
            Joined::Live => ["Changes arrive as they happen. Last heard ", &age, " ago."].concat(),
            Joined::Stale => ["Connected, and nothing came for ", &age, "."].concat(),
            Joined::Lost(_) => ["Not connected. Last heard ", &age, " ago."].concat(),
        }
    };
    view! {
        <div class="flex gap-2">
            <span class="mt-1">
                <Glyph state />
            </span>
            <div>
                <div class="font-medium">"Browser to Quarterdeck"</div>
                <div class="text-sm text-soft">{words}</div>
            </div>
        </div>
    }
}

/// Quarterdeck to a cluster.
fn cluster(source: &SourceView, now: i64) -> impl IntoView + use<> {
    let (state, words) = match source.freshness {
        Freshness::Live(_) => (State::Ready, "In step.".to_owned()),
        Freshness::Stale(at) => {
            (State::Degraded, ["What is shown is ", &Age::between_ms(at, now).to_string(), " old."].concat())
        }
        Freshness::Never => (State::Unknown, "Nothing was ever read from it.".to_owned()),
    };
    let missing = source.missing.iter().map(|right| {
        view! { <li class="text-sm text-degraded">{right.sentence.clone()}</li> }
    });
    view! {
        <div class="flex gap-2 border-t border-line pt-2">
            <span class="mt-1">
                <Glyph state />
            </span>
            <div class="min-w-0 break-words">
                <div class="font-medium">"Quarterdeck to cluster " {source.cluster.as_str().to_owned()}</div>
                <div class="text-sm text-soft">{words} " " {source.trouble.clone()}</div>
                <ul>{missing.collect_view()}</ul>
            </div>
        </div>
    }
}

/// Says that the connection is lost, since when, and what is being tried. Always there, so that it is read out.
#[component]
pub fn LostBar(
    /// How the browser is joined to Quarterdeck.
    #[prop(into)]
    joined: Signal<Joined>,
    /// When the last frame came, milliseconds since 1970.
    #[prop(into)]
    heard: Signal<i64>,
    /// The clock, milliseconds since 1970.
    #[prop(into)]
    now: Signal<i64>,
) -> impl IntoView {
    let lost = Memo::new(move |_| matches!(joined.get(), Joined::Lost(_)));
    let seconds = move || match joined.get() {
        Joined::Lost(again) => (again - now.get() + 999) / 1000,
        Joined::Snapshot | Joined::Live | Joined::Stale => 0,
    };
    view! {
        <div role="alert" aria-live="assertive">
            <Show when=move || lost.get()>
                <p class="border-b border-line bg-failed-ground px-3 py-1.5 text-failed lg:px-4">
                    <strong class="font-semibold">"The connection to Quarterdeck is lost. "</strong> "What you see is from "
                    <time datetime=move || machine_time(heard.get() / 1000)>
                        {move || exact_time(heard.get() / 1000)}
                    </time> ". "
                    // Not read out again each second.
                    <span aria-hidden="true">
                        {move || match seconds() {
                            ..=0 => "Trying again now.".to_owned(),
                            seconds => ["Trying again in ", &seconds.to_string(), " s."].concat(),
                        }}
                    </span>
                </p>
            </Show>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_badge_says_the_worst_of_what_the_page_is_about() {
        let source = |cluster: &str, freshness| SourceView {
            cluster: ClusterId::new(cluster).unwrap(),
            freshness,
            trouble: "".into(),
            missing: Vec::new(),
        };
        let sources = [source("main", Freshness::Live(90)), source("fleetops", Freshness::Stale(40))];
        let main = ClusterId::new("main").unwrap();
        let fleetops = ClusterId::new("fleetops").unwrap();
        for (joined, concerns, expected) in [
            (Joined::Live, None, Look::Stale(Some(40))),
            (Joined::Live, Some(&main), Look::Live(100)),
            (Joined::Live, Some(&fleetops), Look::Stale(Some(40))),
            (Joined::Stale, Some(&main), Look::Stale(Some(100))),
            (Joined::Lost(0), None, Look::Lost(100)),
            (Joined::Snapshot, Some(&main), Look::Snapshot(100)),
            (Joined::Snapshot, Some(&fleetops), Look::Stale(Some(40))),
        ] {
            assert_eq!(look(joined, 100, &sources, concerns), expected, "{joined:?} {concerns:?}");
        }
        assert_eq!(look(Joined::Live, 100, &[source("new", Freshness::Never)], None), Look::Stale(None));
    }
}
