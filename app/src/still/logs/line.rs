//! A line of a log: when, whose, how bad, and what it says in its colours.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::log::drawn::{Colour, Span, Style};
use domain::log::level::Level;
use domain::log::query::LogQuery;
use domain::log::view::{LogLine, LogRow, LogSource};
use domain::name::EnvironmentId;
use leptos::prelude::*;

use super::times::Clock;
use crate::clock::exact_time;
use crate::links;

/// The colours of pods, in the order in which they are given out.
const COLOURS: [&str; 6] = ["text-pod-1", "text-pod-2", "text-pod-3", "text-pod-4", "text-pod-5", "text-pod-6"];

/// How far what a line says stands from the left, in characters, with the classes of one that goes on below that. Of each line by itself:
/// one of today that comes below those of yesterday has a shorter time before it.
const INDENTS: [(usize, &str); 6] = [
    (24, "sm:pl-[calc(0.75rem+24ch)] sm:-indent-[24ch]"),
    (28, "sm:pl-[calc(0.75rem+28ch)] sm:-indent-[28ch]"),
    (34, "sm:pl-[calc(0.75rem+34ch)] sm:-indent-[34ch]"),
    (40, "sm:pl-[calc(0.75rem+40ch)] sm:-indent-[40ch]"),
    (48, "sm:pl-[calc(0.75rem+48ch)] sm:-indent-[48ch]"),
    (60, "sm:pl-[calc(0.75rem+60ch)] sm:-indent-[60ch]"),
];
/// The longest word of a level, in characters.
const LEVEL: usize = 5;
/// What is said behind the name of a container where its line is of the run before.
const BEFORE: &str = " before";

/// How each source is named and coloured, and how much room there is for what stands before a line.
///
/// A line is text from its beginning to its end, set apart by spaces: so it is copied as it is seen, and so it is laid out several times
/// faster than as a row of boxes, which a log that is written fast needs.
pub struct Whose {
    sources: Vec<Name>,
    /// Whether two environments stand beside one another.
    columns: bool,
    /// How wide times are, in characters.
    time: usize,
    /// How wide names are, in characters.
    name: usize,
    /// The classes of a line.
    indent: &'static str,
}

struct Name {
    /// The environment, where lines of several stand together.
    place: Option<String>,
    short: String,
    whole: String,
    /// The logs of its pod alone.
    address: String,
    colour: &'static str,
    /// Which of two columns it stands in.
    second: bool,
    previous: bool,
}

impl Whose {
    /// Names as short as they can be told apart: by the end of the pod's name where all are of one component, with the container's where
    /// a pod has several. `rows` are those that are shown, by this clock.
    pub fn new(sources: &[LogSource], query: &LogQuery, rows: &[LogRow], clock: &Clock) -> Self {
        let environments = query.environments.as_slice();
        let mut components: Vec<&str> = sources.iter().map(|source| &*source.component).collect();
        components.sort_unstable();
        components.dedup();
        let mut containers: BTreeMap<(&EnvironmentId, &str), Vec<&str>> = BTreeMap::new();
        for source in sources {
            let all = containers.entry((&source.environment, &source.pod)).or_default();
            if !all.contains(&&*source.container) {
                all.push(&source.container);
            }
        }
        // In the order in which they came: a new one does not take the colour of another.
        let mut places: BTreeMap<(&EnvironmentId, &str), usize> = BTreeMap::new();
        for source in sources {
            let next = places.len();
            places.entry((&source.environment, &source.pod)).or_insert(next);
        }
        let name = |source: &LogSource| {
            let end = source.pod.strip_prefix(&*source.component).map(|rest| rest.trim_start_matches('-'));
            // `6677859b4f-l9s9x`: the hash is that of all pods of the revision.
            let end = end.map(|end| end.rsplit_once('-').map_or(end, |(_, last)| last)).filter(|end| !end.is_empty());
            let mut short = match end {
                Some(end) if components.len() == 1 => end.to_owned(),
                Some(end) => [&source.component, " ", end].concat(),
                None => source.pod.to_string(),
            };
            let pod = (&source.environment, &*source.pod);
            if containers.get(&pod).is_some_and(|all| all.len() > 1) {
                short = [&short, "/", &source.container].concat();
            }
            let place = places.get(&pod).copied().unwrap_or(0);
            let several = environments.len() > 1;
            let is_of_system = environments.iter().all(|other| other.system == source.environment.system);
            let written = match is_of_system {
                true => source.environment.environment.to_string(),
                false => source.environment.to_string(),
            };
            Name {
                place: several.then_some(written),
                address: links::logs_of_pod(&source.environment, &source.pod),
                short,
                whole: format!("{} {}/{}", source.environment, source.pod, source.container),
                colour: COLOURS[place % COLOURS.len()],
                second: environments.len() == 2 && environments.get(1) == Some(&source.environment),
                previous: source.previous,
            }
        };
        let sources: Vec<Name> = sources.iter().map(name).collect();
        let columns = environments.len() == 2;
        // Of another day they are longer, and the first one is of the longest ago.
        let ends = [rows.iter().map(LogRow::at).min(), rows.iter().map(LogRow::at).max()];
        let time = ends.into_iter().flatten().map(|at| width(&clock.of_line(at))).max().unwrap_or(0);
        let beside = time + " ".len() + LEVEL + " ".len() + " ".len();
        let needed = beside + sources.iter().map(|name| name.width(columns)).max().unwrap_or(0);
        let last = INDENTS.last().copied().unwrap_or_default();
        let (all, indent) = INDENTS.into_iter().find(|(all, _)| *all >= needed).unwrap_or(last);
        Self { sources, columns, time, name: all.saturating_sub(beside), indent }
    }

    fn of(&self, source: u32) -> Option<&Name> {
        self.sources.get(source as usize)
    }
}

impl Name {
    /// How wide it is in one line, in characters.
    fn width(&self, columns: bool) -> usize {
        let place = self.place.as_ref().filter(|_| !columns).map_or(0, |place| width(place) + " ".len());
        place + width(&self.short) + if self.previous { BEFORE.len() } else { 0 }
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

/// An entry: a line with those that go on with it folded away, or a mark.
pub fn row(entry: Vec<LogRow>, whose: &Whose, clock: &Clock) -> AnyView {
    let mut rows = entry.into_iter();
    match rows.next() {
        Some(LogRow::Mark { at, source, text }) => mark(at, text, whose.of(source), whose.indent, clock).into_any(),
        Some(LogRow::Line(first)) => {
            let rest = rows.filter_map(|row| match row {
                LogRow::Line(line) => Some(line),
                LogRow::Mark { .. } => None,
            });
            line(first, rest.collect(), whose, clock).into_any()
        }
        None => ().into_any(),
    }
}

fn column(name: Option<&Name>) -> &'static str {
    match name {
        Some(Name { second: true, .. }) => " lg:col-start-2",
        Some(_) => " lg:col-start-1",
        None => "",
    }
}

fn mark(at: i64, text: Arc<str>, name: Option<&Name>, indent: &str, clock: &Clock) -> impl IntoView + use<> {
    let seconds = at.div_euclid(1_000_000_000);
    let class = ["border-y border-dashed border-line bg-raised py-0.5 font-sans text-soft ", indent, column(name)];
    let text = match name {
        Some(name) => {
            let address = name.address.clone();
            view! { <a href=address class="hover:underline">{text}</a> }.into_any()
        }
        None => view! { <span>{text}</span> }.into_any(),
    };
    view! {
        <li class=class.concat() data-mark="">
            <time class="font-mono text-faint" title=exact_time(seconds)>
                {[&clock.of_line(at), " "].concat()}
            </time>
            {text}
        </li>
    }
}

fn line(first: LogLine, rest: Vec<LogLine>, whose: &Whose, clock: &Clock) -> impl IntoView + use<> {
    let name = whose.of(first.source);
    let seconds = first.at.div_euclid(1_000_000_000);
    let worst = rest.iter().map(|line| line.level).fold(first.level, Ord::max);
    let (word, colour, ground) = match (first.is_context, drawn_level(worst)) {
        (false, drawn) => drawn,
        // How bad it is it says, but it is not what one looks for.
        (true, (word, ..)) => (word, "text-faint", "hover:bg-raised"),
    };
    let is_context = first.is_context.then_some("");
    let near = first.is_context.then(|| view! { <span class="sr-only select-none">"around a hit "</span> });
    let said_class = if first.is_context { "sm:inline text-faint" } else { "sm:inline" };
    let pod = name.map(|name| {
        // In two columns the head of the column says it.
        let hidden = if whose.columns { "text-soft lg:sr-only" } else { "text-soft" };
        let place = name.place.clone().map(|place| view! { <span class=hidden>{[&place, " "].concat()}</span> });
        let before = name
            .previous
            .then(|| view! { <span class="text-faint" title="From the run before the restart">{BEFORE}</span> });
        let room = whose.name.saturating_sub(name.width(whose.columns)) + " ".len();
        view! {
            <a href=name.address.clone() class=["hover:underline ", name.colour].concat() title=name.whole.clone()>
                {place}
                {name.short.clone()}
            </a>
            {before}
            {" ".repeat(room)}
        }
    });
    let time = format!("{:<1$} ", clock.of_line(first.at), whose.time);
    let more = rest.len();
    let opened = rest.iter().any(|line| !line.hits.is_empty());
    // The last word of a trace that is not about where, as Python has it; it says more than the first.
    let said = rest.iter().rev().find(|line| !line.text.starts_with([' ', '\t', '}']) && line.level >= Level::Error);
    let said = said.map(|line| [": ", &line.text].concat());
    let folded = (more > 0).then(|| {
        let lines: Vec<_> = rest.into_iter().map(|line| view! { <div>{text(line)}</div> }).collect();
        let label = if more == 1 { "1 more line".to_owned() } else { format!("{more} more lines") };
        view! {
            <details open=opened class="indent-0">
                <summary class="cursor-pointer py-0.5 text-soft">{label} {said}</summary>
                {lines}
            </details>
        }
    });
    view! {
        <li class=[ground, " ", whose.indent, column(name)].concat() data-level=worst.as_str() data-context=is_context>
            <time class="text-faint" title=exact_time(seconds)>
                {time}
            </time>
            <span class=colour>{format!("{word:<LEVEL$} ")}</span>
            {pod}
            {near}
            <div class=said_class>{text(first)} {folded}</div>
        </li>
    }
}

/// A level as a word, its colour, and the ground of its lines.
fn drawn_level(level: Level) -> (&'static str, &'static str, &'static str) {
    match level {
        Level::Fatal => ("fatal", "font-semibold text-failed", "bg-failed-ground"),
        Level::Error => ("error", "font-semibold text-failed", "bg-failed-ground"),
        Level::Warn => ("warn", "text-degraded", "hover:bg-raised"),
        Level::Info => ("info", "text-soft", "hover:bg-raised"),
        Level::Debug => ("debug", "text-faint", "hover:bg-raised"),
        Level::Trace => ("trace", "text-faint", "hover:bg-raised"),
        // It does not say how bad it is.
        Level::Unknown => ("–", "text-faint", "hover:bg-raised"),
    }
}

/// What a line says, in its colours.
fn text(line: LogLine) -> AnyView {
    let left_out = (line.left_out > 0).then(|| {
        let said = format!(" cut: {} bytes more", line.left_out);
        view! { <span class="font-sans text-xs text-degraded">{said}</span> }
    });
    let pieces: Vec<_> = pieces(&line)
        .into_iter()
        .map(|(text, style, is_hit)| {
            let text = text.to_owned();
            match (is_hit, classes(style)) {
                (true, _) => view! { <mark class="rounded-sm bg-hit text-ink">{text}</mark> }.into_any(),
                (false, classes) if classes.is_empty() => text.into_any(),
                (false, classes) => view! { <span class=classes>{text}</span> }.into_any(),
            }
        })
        .collect();
    view! { {pieces} {left_out} }.into_any()
}

/// The pieces of a line, each in one style and found or not.
fn pieces(line: &LogLine) -> Vec<(&str, Style, bool)> {
    let mut edges: Vec<u32> = vec![0, line.text.len() as u32];
    edges.extend(line.spans.iter().flat_map(|span| [span.start, span.end]));
    edges.extend(line.hits.iter().flat_map(|(start, end)| [*start, *end]));
    edges.sort_unstable();
    edges.dedup();
    let style = |at: u32| {
        let holds = |span: &&Span| span.start <= at && at < span.end;
        line.spans.iter().find(holds).map_or_else(Style::default, |span| span.style)
    };
    let is_hit = |at: u32| line.hits.iter().any(|(start, end)| *start <= at && at < *end);
    let pairs = edges.iter().zip(edges.iter().skip(1));
    pairs
        .filter_map(|(&start, &end)| Some((line.text.get(start as usize..end as usize)?, style(start), is_hit(start))))
        .collect()
}

/// The classes of a style.
fn classes(style: Style) -> String {
    let mut classes: Vec<&str> = Vec::new();
    let (front, back) =
        if style.reversed { (style.background, style.foreground) } else { (style.foreground, style.background) };
    classes.extend(front.map(text_colour));
    classes.extend(back.map(ground_colour));
    if style.reversed && front.is_none() && back.is_none() {
        classes.push("bg-ink text-panel");
    }
    let flags = [
        (style.bold, "font-semibold"),
        (style.dim, "text-faint"),
        (style.italic, "italic"),
        (style.underline, "underline"),
        (style.struck, "line-through"),
    ];
    classes.extend(flags.into_iter().filter(|(is_set, _)| *is_set).map(|(_, class)| class));
    classes.join(" ")
}

/// Bright ones are drawn as the others: both must be read on our ground.
fn text_colour(colour: Colour) -> &'static str {
    match colour {
        Colour::Black | Colour::BrightBlack => "text-faint",
        Colour::Red | Colour::BrightRed => "text-failed",
        Colour::Green | Colour::BrightGreen => "text-ready",
        Colour::Yellow | Colour::BrightYellow => "text-degraded",
        Colour::Blue | Colour::BrightBlue => "text-progress",
        Colour::Magenta | Colour::BrightMagenta => "text-remark",
        Colour::Cyan | Colour::BrightCyan => "text-accent",
        Colour::White | Colour::BrightWhite => "text-ink",
    }
}

fn ground_colour(colour: Colour) -> &'static str {
    match colour {
        Colour::Black | Colour::BrightBlack | Colour::White | Colour::BrightWhite => "bg-raised",
        Colour::Red | Colour::BrightRed => "bg-failed-ground",
        Colour::Green | Colour::BrightGreen => "bg-ready-ground",
        Colour::Yellow | Colour::BrightYellow => "bg-degraded-ground",
        Colour::Blue | Colour::BrightBlue => "bg-progress-ground",
        Colour::Magenta | Colour::BrightMagenta => "bg-remark-ground",
        Colour::Cyan | Colour::BrightCyan => "bg-accent-ground",
    }
}
