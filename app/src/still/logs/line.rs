//! A line of a log: when, whose, how bad, and what it says in its colours.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::log::drawn::{Colour, Span, Style};
use domain::log::level::Level;
use domain::log::shape::{Structured, structured};
use domain::log::view::{LogLine, LogRow, LogSource};
use domain::name::EnvironmentId;
use leptos::prelude::*;

use crate::clock::{exact_time, time_of_day};

/// The colours of pods, in the order in which they are given out.
const COLOURS: [&str; 6] = ["text-pod-1", "text-pod-2", "text-pod-3", "text-pod-4", "text-pod-5", "text-pod-6"];

/// How each source is named and coloured.
pub struct Whose {
    sources: Vec<Name>,
}

struct Name {
    short: String,
    whole: String,
    colour: &'static str,
    /// Which of two columns it stands in.
    second: bool,
    previous: bool,
}

impl Whose {
    /// Names as short as they can be told apart: by the end of the pod's name where all are of one component, with the container's where
    /// a pod has several.
    pub fn new(sources: &[LogSource], environments: &[EnvironmentId]) -> Self {
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
        let pods: Vec<(&EnvironmentId, &str)> = containers.keys().copied().collect();
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
            let place = pods.iter().position(|known| *known == pod).unwrap_or(0);
            Name {
                short,
                whole: format!("{} {}/{}", source.environment, source.pod, source.container),
                colour: COLOURS[place % COLOURS.len()],
                second: environments.len() == 2 && environments.get(1) == Some(&source.environment),
                previous: source.previous,
            }
        };
        Self { sources: sources.iter().map(name).collect() }
    }

    fn of(&self, source: u32) -> Option<&Name> {
        self.sources.get(source as usize)
    }
}

/// An entry: a line with those that go on with it folded away, or a mark. `now` is seconds since 1970.
pub fn row(entry: Vec<LogRow>, whose: &Whose, now: i64) -> AnyView {
    let mut rows = entry.into_iter();
    match rows.next() {
        Some(LogRow::Mark { at, source, text }) => mark(at, text, whose.of(source)).into_any(),
        Some(LogRow::Line(first)) => {
            let rest = rows.filter_map(|row| match row {
                LogRow::Line(line) => Some(line),
                LogRow::Mark { .. } => None,
            });
            line(first, rest.collect(), whose, now).into_any()
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

fn mark(at: i64, text: Arc<str>, name: Option<&Name>) -> impl IntoView + use<> {
    let seconds = at.div_euclid(1_000_000_000);
    let class = ["flex gap-2 border-y border-dashed border-line bg-raised px-3 py-0.5 text-sm text-soft", column(name)];
    view! {
        <li class=class.concat() data-mark="">
            <time class="shrink-0 font-mono text-faint" title=exact_time(seconds)>
                {time_of_day(seconds)}
            </time>
            <span class="[overflow-wrap:anywhere]">{text}</span>
        </li>
    }
}

fn line(first: LogLine, rest: Vec<LogLine>, whose: &Whose, now: i64) -> impl IntoView + use<> {
    let name = whose.of(first.source);
    let seconds = first.at.div_euclid(1_000_000_000);
    let millis = first.at.rem_euclid(1_000_000_000) / 1_000_000;
    let worst = rest.iter().map(|line| line.level).fold(first.level, Ord::max);
    let (word, colour, ground) = drawn_level(worst);
    let (short, whole, hue) =
        name.map_or_else(Default::default, |name| (name.short.clone(), name.whole.clone(), name.colour));
    let before = name.is_some_and(|name| name.previous).then(|| {
        view! { <span class="text-xs text-faint" title="From the run before the restart">"before"</span> }
    });
    // Of another day than today the time alone says the wrong thing.
    let is_today = seconds.div_euclid(86_400) == now.div_euclid(86_400);
    let day = (!is_today).then(|| exact_time(seconds).chars().skip(5).take(6).collect::<String>());
    let more = rest.len();
    let opened = rest.iter().any(|line| !line.hits.is_empty());
    let folded = (more > 0).then(|| {
        let lines: Vec<_> = rest.into_iter().map(|line| view! { <div>{text(line)}</div> }).collect();
        let label = if more == 1 { "1 more line".to_owned() } else { format!("{more} more lines") };
        view! {
            <details open=opened>
                <summary class="w-fit cursor-pointer font-sans text-xs text-soft">{label}</summary>
                {lines}
            </details>
        }
    });
    let class = [
        "flex flex-wrap items-baseline gap-x-2 px-3 font-mono text-sm hover:bg-raised sm:flex-nowrap ",
        ground,
        column(name),
    ];
    view! {
        <li class=class.concat() data-level=worst.as_str()>
            <time class="shrink-0 whitespace-nowrap text-faint" title=exact_time(seconds)>
                {day}
                {time_of_day(seconds)}
                {format!(".{millis:03}")}
            </time>
            <span class=["w-10 shrink-0 ", colour].concat()>{word}</span>
            <span class=["shrink-0 whitespace-nowrap ", hue].concat() title=whole>
                {short}
            </span>
            {before}
            <div class="min-w-0 basis-full whitespace-pre-wrap [overflow-wrap:anywhere] [tab-size:4] sm:flex-1 sm:basis-auto">{text(first)} {folded}</div>
        </li>
    }
}

/// A level as a word, its colour, and the ground of its lines.
fn drawn_level(level: Level) -> (&'static str, &'static str, &'static str) {
    match level {
        Level::Fatal => ("fatal", "font-semibold text-failed", "bg-failed-ground"),
        Level::Error => ("error", "font-semibold text-failed", "bg-failed-ground"),
        Level::Warn => ("warn", "text-degraded", ""),
        Level::Info => ("info", "text-soft", ""),
        Level::Debug => ("debug", "text-faint", ""),
        Level::Trace => ("trace", "text-faint", ""),
        Level::Unknown => ("–", "text-faint", ""),
    }
}

/// What a line says: the message of a structured one with its fields behind it, else all of it in its colours.
fn text(line: LogLine) -> AnyView {
    let left_out = (line.left_out > 0).then(|| {
        let said = format!(" cut: {} bytes more", line.left_out);
        view! { <span class="font-sans text-xs text-degraded">{said}</span> }
    });
    let found: Vec<String> = hits(&line).map(str::to_owned).collect();
    match structured(&line.text) {
        Some(Structured { message, fields }) => {
            let fields: Vec<_> = fields
                .into_iter()
                .map(|(name, value)| {
                    view! {
                        " "
                        <span class="text-faint">{found_in(&name, &found)} "=" <span class="text-soft">{found_in(&value, &found)}</span></span>
                    }
                })
                .collect();
            view! { <span title=line.text.to_string()>{found_in(&message, &found)}</span> {fields} {left_out} }
                .into_any()
        }
        None => {
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
    }
}

fn hits(line: &LogLine) -> impl Iterator<Item = &str> {
    line.hits.iter().filter_map(|(start, end)| line.text.get(*start as usize..*end as usize))
}

/// A part of a structured line with what was found in the whole marked.
fn found_in(text: &str, found: &[String]) -> Vec<AnyView> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((at, hit)) =
        found.iter().filter_map(|hit| Some((rest.find(hit.as_str())?, hit))).min_by_key(|(at, _)| *at)
    {
        let (before, behind) = rest.split_at(at);
        let (hit, behind) = behind.split_at(hit.len());
        parts.push(before.to_owned().into_any());
        parts.push(view! { <mark class="rounded-sm bg-hit text-ink">{hit.to_owned()}</mark> }.into_any());
        rest = behind;
    }
    parts.push(rest.to_owned().into_any());
    parts
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
