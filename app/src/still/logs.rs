//! Logs: the lines of many containers in one order, and the form that says which.

mod chart;
mod filter;
mod line;
mod taking;
mod times;
mod words;

use std::sync::Arc;

use domain::log::counts::Chart;
use domain::log::follow::{Position, Read};
use domain::log::level::Level;
use domain::log::query::{LogQuery, Since};
use domain::log::view::{LogRow, LogSource};
use domain::name::EnvironmentId;
use leptos::prelude::*;

use super::forms::{CARD, Notice, SECONDARY, Tone};
use crate::boot;
use crate::clock::exact_time;
use crate::components::count::thousands;
use crate::follow::{FOLLOW_CALM, FOLLOW_FOUND, FOLLOW_FROM, FOLLOW_LIST, FOLLOW_MORE, FOLLOW_STATE, kept};
use crate::links;
use chart::chart;
use filter::Filter;
use line::{Whose, row};
use taking::taking;
pub use times::Clock;
use times::ways;
pub use words::{LeftOut, following, since};
use words::{as_count, calm, range, summary, title, words};

/// What the page shows.
#[derive(Debug, Clone, PartialEq)]
pub struct LogsView {
    /// What was asked.
    pub query: LogQuery,
    /// The environments one may choose: which, and its words.
    pub environments: Vec<(EnvironmentId, String)>,
    /// The components one may choose, by name.
    pub components: Vec<Arc<str>>,
    /// Whose lines these are.
    pub sources: Vec<LogSource>,
    /// Up to where each of these was read; none where nothing was.
    pub positions: Vec<Option<Position>>,
    /// The lines, oldest first.
    pub rows: Vec<LogRow>,
    /// How many entries of each environment were wanted.
    pub found: Vec<(EnvironmentId, u32)>,
    /// When these were.
    pub chart: Chart,
    /// How many lines were read.
    pub read: u32,
    /// Whether there are older lines that were not read.
    pub is_cut: bool,
    /// How many of the last lines of each container were looked through at most.
    pub depth: u32,
    /// How many pieces that look like secrets were masked in what is shown.
    pub masked: u32,
    /// What could not be read and why: sentences.
    pub notes: Vec<Arc<str>>,
    /// When it was read, seconds since 1970.
    pub now: i64,
    /// By what the times are said.
    pub clock: Clock,
    /// Whether it is recorded that somebody looks at these.
    pub is_recorded: bool,
    /// Why nothing was read, in a sentence.
    pub trouble: Option<String>,
}

/// The page.
pub fn logs(page: LogsView) -> AnyView {
    let LogsView {
        query,
        environments,
        components,
        sources,
        positions,
        rows,
        found,
        chart: counted,
        read,
        is_cut,
        depth,
        masked,
        notes,
        now,
        clock,
        is_recorded,
        trouble,
    } = page;
    let title = title(&query, &environments);
    let is_chosen = !query.environments.is_empty() && trouble.is_none();
    let is_found = |row: &&LogRow| matches!(row, LogRow::Line(line) if !line.continues && !line.is_context);
    let shown = as_count(rows.iter().filter(is_found).count());
    let all = found.iter().map(|(_, count)| count).sum();
    let range = range(&rows, &clock);
    let summary =
        is_chosen.then(|| (!sources.is_empty()).then(|| summary(&query, (shown, all, read, depth), &sources, masked)));
    let calm = (is_chosen && rows.is_empty()).then(|| calm(&query, read, sources.len()));
    let whose = Whose::new(&sources, &query, &rows, &clock);
    let older = (shown < all || is_cut).then(|| older(&query, &rows)).flatten();
    let columns = query.environments.len() == 2;
    let heads = columns.then(|| heads(&query, &environments, &found));
    let again = links::logs(&query);
    let is_empty = rows.is_empty();
    // Where it has an end, or has not begun, nothing more comes.
    let is_ahead = matches!(query.since, Since::At(since) if since > now);
    let from = (is_chosen && query.until.is_none() && !is_ahead).then(|| {
        let from: Vec<Read> = sources.iter().map(kept).zip(positions).collect();
        boot::carry(&from)
    });
    let lines = entries(rows).into_iter().map(|entry| row(entry, &whose, &clock)).collect_view();
    let class = lines_class(&query);
    // As wide as the longest line: all of them are scrolled together.
    let list_class = if query.display.unbroken { "w-max min-w-full" } else { "" };
    let bars = (query.filters() || query.has_range()).then(|| chart(&query, &counted));
    // No status: nobody wants to hear each second how many.
    let counts = view! { <span id=FOLLOW_FOUND class="tabular-nums empty:hidden"></span> };
    let taken = (!is_empty).then(|| taking(&query));
    let ways = is_chosen.then(|| ways(&query, &clock, is_recorded));
    let errors = errors_only(&query);
    let all_times = all_times(&query);
    let places = query.environments.is_empty().then(|| places(&environments));
    let notes: Vec<_> =
        notes.into_iter().map(|note| view! { <li class="[overflow-wrap:anywhere]">{note}</li> }).collect();
    let form = view! { <Filter query=query.clone() environments components /> };
    view! {
        <div class="grid grid-cols-[minmax(0,1fr)] gap-4">
            <h1 class="text-xl font-semibold [overflow-wrap:anywhere]">{title}</h1>
            {form}
            {trouble.map(|text| view! { <Notice tone=Tone::Refused text /> })}
            {(!notes.is_empty())
                .then(|| {
                    view! {
                        <section class="rounded border border-line bg-degraded-ground px-3 py-2 text-degraded" aria-label="What is missing">
                            <ul class="grid gap-0.5">{notes}</ul>
                        </section>
                    }
                })}
            {summary
                .map(|summary| {
                    view! {
                        <p class="flex flex-wrap items-baseline justify-between gap-x-4 text-sm text-soft">
                            <span>{summary} " " {range}</span>
                            <span class="flex flex-wrap gap-x-4 gap-y-2">
                                <span id=FOLLOW_STATE role="status" class="sm:min-w-40"></span>
                                {counts}
                                {all_times}
                                {errors}
                                <span>
                                    "Read " {exact_time(now)} ". "
                                    <a href=again class="text-accent underline">
                                        "Read again"
                                    </a>
                                </span>
                            </span>
                        </p>
                    }
                })}
            {bars}
            {places}
            {heads}
            {is_chosen
                .then(|| {
                    view! {
                        // Turned round so that it begins at its end, also without script: the newest lines are what one came for.
                        <section
                            class="flex max-h-[70dvh] sm:max-h-[max(20rem,calc(100dvh-24rem))] flex-col-reverse overflow-auto rounded-lg border border-line bg-panel py-1"
                            aria-label="Lines, oldest first"
                            tabindex="0"
                            hidden=is_empty
                        >
                            <div id=FOLLOW_LIST class=list_class>
                                {older} <ol class=class>{lines}</ol>
                            </div>
                        </section>
                        <button id=FOLLOW_MORE type="button" hidden class=[SECONDARY, " sticky bottom-4 justify-self-center"].concat()></button>
                        {from.map(|from| view! { <div id=FOLLOW_FROM hidden>{from}</div> })}
                    }
                })}
            {ways}
            {taken}
            {calm.map(|calm| view! { <p id=FOLLOW_CALM class=[CARD, " text-soft"].concat()>{calm}</p> })}
        </div>
    }
    .into_any()
}

/// The classes of a piece of the list of lines. What is not in sight is not laid out, and not painted, a piece at a time: a page may hold
/// twenty thousand lines while more come.
fn lines_class(query: &LogQuery) -> String {
    let piece = "font-mono text-sm [tab-size:4] *:px-3 [content-visibility:auto] [contain-intrinsic-size:auto_60rem_auto_125rem] ";
    let breaks =
        if query.display.unbroken { "whitespace-pre " } else { "whitespace-pre-wrap [overflow-wrap:anywhere] " };
    let columns = match (query.environments.len() == 2, query.display.unbroken) {
        (true, false) => "grid grid-cols-[minmax(0,1fr)] lg:grid-cols-2 lg:gap-x-4",
        // No grid: where one row more makes all of them be laid out anew, what is written fast comes late.
        (false, _) => "",
        (true, true) => "grid grid-cols-[minmax(100%,max-content)] lg:grid-cols-[repeat(2,minmax(50%,max-content))]",
    };
    [piece, breaks, columns].concat()
}

/// Rows that come behind those of a page, as HTML.
pub fn more_rows(
    rows: Vec<LogRow>,
    left_out: LeftOut,
    sources: &[LogSource],
    query: &LogQuery,
    clock: &Clock,
) -> String {
    let whose = Whose::new(sources, query, &rows, clock);
    let skipped = left_out.words().map(|text| {
        let mark = LogRow::Mark { at: left_out.before, source: u32::MAX, text: text.into() };
        row(vec![mark], &whose, clock)
    });
    let lines = entries(rows).into_iter().map(|entry| row(entry, &whose, clock)).collect_view();
    view! {
        {skipped}
        {lines}
    }
    .to_html()
}

/// The way to the errors alone, or back to all.
fn errors_only(query: &LogQuery) -> impl IntoView + use<> {
    let (least, words) = match query.least {
        Some(_) => (None, "All levels"),
        None => (Some(Level::Error), "Errors only"),
    };
    let address = links::logs(&LogQuery { least, ..query.clone() });
    view! { <a href=address class="text-accent underline">{words}</a> }
}

/// The way back from a range of times, where one was chosen.
fn all_times(query: &LogQuery) -> Option<impl IntoView + use<>> {
    let address = links::logs(&LogQuery { since: Since::Last, until: None, ..query.clone() });
    query.has_range().then(|| view! { <a href=address class="text-accent underline">"All times"</a> })
}

/// The way to what was written before these lines.
fn older(query: &LogQuery, rows: &[LogRow]) -> Option<impl IntoView + use<>> {
    let seconds = || rows.iter().map(|row| row.at().div_euclid(1_000_000_000));
    let (first, last) = (seconds().min()?, seconds().max()?);
    // Of the second of the first there may be more; a page within one second would lead to itself.
    let until = if first < last { first + 1 } else { first };
    if matches!(query.since, Since::At(since) if since >= until) {
        return None;
    }
    let address = links::logs(&LogQuery { until: Some(until), ..query.clone() });
    Some(view! {
        <p class="px-3 py-1 text-sm">
            <a href=address class="text-accent underline">
                "Older lines"
            </a>
        </p>
    })
}

/// Where nothing was chosen yet: everything that there is.
fn places(environments: &[(EnvironmentId, String)]) -> impl IntoView + use<> {
    let link = |id: &EnvironmentId, least: Option<Level>| {
        links::logs(&LogQuery { environments: vec![id.clone()], least, ..LogQuery::default() })
    };
    let rows: Vec<_> = environments
        .iter()
        .map(|(id, words)| {
            view! {
                <li class="flex flex-wrap items-baseline gap-x-4">
                    <a href=link(id, None) class="w-64 max-w-full font-medium text-accent hover:underline">
                        {words.clone()}
                    </a>
                    <a href=link(id, Some(Level::Error)) class="text-soft hover:underline">
                        "errors only"
                        <span class="sr-only">" in " {words.clone()}</span>
                    </a>
                </li>
            }
        })
        .collect();
    view! {
        <section class=CARD aria-label="Environments">
            <ul class="grid gap-1.5">{rows}</ul>
        </section>
    }
}

/// What stands above two columns: the environment, and how many entries of it match where something is looked for.
fn heads(
    query: &LogQuery,
    environments: &[(EnvironmentId, String)],
    found: &[(EnvironmentId, u32)],
) -> impl IntoView + use<> {
    let count = |id: &EnvironmentId| found.iter().find(|(known, _)| known == id).filter(|_| query.filters());
    let heads: Vec<_> = query
        .environments
        .iter()
        .map(|id| {
            view! {
                <span class="px-3">
                    <a href=links::environment(id) class="font-semibold text-accent underline">
                        {words(id, environments)}
                    </a>
                    {count(id).map(|(_, count)| [": ", &thousands(*count)].concat())}
                </span>
            }
        })
        .collect();
    view! { <div class="flex flex-wrap text-sm lg:grid lg:grid-cols-2 lg:gap-x-4">{heads}</div> }
}

/// Rows that belong together: a line and those that go on with it.
fn entries(rows: Vec<LogRow>) -> Vec<Vec<LogRow>> {
    let mut entries: Vec<Vec<LogRow>> = Vec::new();
    for row in rows {
        let continues = matches!(&row, LogRow::Line(line) if line.continues);
        match entries.last_mut().filter(|_| continues) {
            Some(entry) => entry.push(row),
            None => entries.push(vec![row]),
        }
    }
    entries
}
