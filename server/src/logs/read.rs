//! One container's log: asked for, split into lines, made safe, masked, judged, put together.

use std::collections::VecDeque;
use std::sync::Arc;

use domain::log::drawn::{Drawn, drawn};
use domain::log::level::{Level, level_of};
use domain::log::query::Since;
use domain::log::split::{RawLine, Splitter, stamped};
use domain::log::trace::Grouper;
use domain::log::view::{LogLine, LogRow};
use futures::AsyncReadExt as _;
use kube::api::LogParams;
use kube::core::Request;
use tokio::time::{Instant, timeout_at};

use super::READS;
use super::choose::Source;
use super::find::Finder;
use super::merge::Item;
use crate::mask::LineMask;

/// How much is read at a time.
const CHUNK: usize = 64 * 1024;
/// The most bytes that are kept of one container's lines.
const MOST_KEPT: usize = 4 << 20;

/// What was read of a container.
#[derive(Debug, Default)]
pub struct Part {
    /// The last entries that are wanted, oldest first.
    pub entries: Vec<Item>,
    /// How many lines are in entries that are wanted.
    pub found: u32,
    /// How many lines were read.
    pub read: u32,
    /// Why not all was read, in a sentence.
    pub note: Option<Arc<str>>,
}

/// Reads the last `depth` lines of a container, and keeps what is wanted of them. `now` is seconds since 1970.
pub async fn read(
    source: &Source,
    place: u32,
    since: Since,
    depth: u32,
    finder: &Finder,
    now: i64,
    end: Instant,
) -> Part {
    let shown = &source.shown;
    let whose = format!("{}: {}/{}", shown.environment, shown.pod, shown.container);
    let from = match since {
        Since::Last | Since::Start => None,
        Since::Ago(seconds) => Some(now.saturating_sub(i64::from(seconds))),
        Since::At(moment) => Some(moment),
    };
    // Of the run before there is nothing since the start of the one that is there.
    if shown.previous && since == Since::Start {
        return Part::default();
    }
    let mut keeper = Keeper::new(place, depth, finder, from.map(|from| from.saturating_mul(1_000_000_000)));
    let answer = async {
        // It is never closed.
        let _turn = READS.acquire().await;
        stream(source, depth, from, &mut keeper).await
    };
    let answer = timeout_at(end, answer).await;
    let note = match answer {
        Ok(Ok(())) => None,
        // That there is none is no news: its node removes it after a while.
        Ok(Err(kube::Error::Api(status))) if shown.previous && matches!(status.code, 400 | 404) => None,
        Ok(Err(error)) => Some(format!("{whose}: {}.", why(&error))),
        Err(_) => Some(format!("{whose}: not all of its log was answered in time.")),
    };
    let mut part = keeper.finish();
    part.note = note.map(Into::into);
    part.entries.extend(end_mark(source, place, from));
    part
}

async fn stream(source: &Source, depth: u32, from: Option<i64>, keeper: &mut Keeper<'_>) -> Result<(), kube::Error> {
    let request = Request::new(format!("/api/v1/namespaces/{}/pods", source.namespace));
    let parameters = LogParams {
        container: Some(source.shown.container.to_string()),
        previous: source.shown.previous,
        tail_lines: Some(i64::from(depth)),
        since_time: from.and_then(|from| jiff::Timestamp::from_second(from).ok()),
        timestamps: true,
        ..LogParams::default()
    };
    let request = request.logs(&source.shown.pod, &parameters).map_err(kube::Error::BuildRequest)?;
    let mut answer = std::pin::pin!(source.client.request_stream(request).await?);
    let mut splitter = Splitter::default();
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = answer.read(&mut chunk).await.map_err(kube::Error::ReadEvents)?;
        if length == 0 {
            break;
        }
        splitter.feed(chunk.get(..length).unwrap_or_default(), &mut |line| keeper.take(&line));
    }
    splitter.finish(&mut |line| keeper.take(&line));
    Ok(())
}

/// Why a log was not read, without full stop.
fn why(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if status.code == 403 => "reading logs is forbidden to the console".to_owned(),
        kube::Error::Api(status) if status.code == 404 => "it is gone".to_owned(),
        kube::Error::Api(status) => {
            let said = domain::text::plain(&status.message, domain::text::MESSAGE_LIMIT);
            format!("its log was refused: {}", said.trim_end_matches('.'))
        }
        _ => "its log was not read to the end: the cluster does not answer".to_owned(),
    }
}

/// How a run ended, where it did: what the container itself can not write.
fn end_mark(source: &Source, place: u32, from: Option<i64>) -> Option<Item> {
    let ended = source.ended.as_ref().filter(|ended| from.is_none_or(|from| ended.finished >= from))?;
    let text =
        format!("{}/{} ended with {} ({}).", source.shown.pod, source.shown.container, ended.exit_code, ended.reason);
    // After all lines of the same second.
    let at = ended.finished.saturating_mul(1_000_000_000).saturating_add(999_999_999);
    Some(Item { rows: vec![LogRow::Mark { at, source: place, text: text.into() }], masked: 0 })
}

/// Keeps the last entries that are wanted.
struct Keeper<'a> {
    place: u32,
    depth: u32,
    finder: &'a Finder,
    /// From when on, nanoseconds since 1970: the API server knows only whole seconds.
    from: Option<i64>,
    grouper: Grouper,
    mask: LineMask,
    /// The time of the line before, for one that has none.
    latest: i64,
    entry: Vec<LogLine>,
    entry_masked: u32,
    kept: VecDeque<(u32, usize, Item)>,
    kept_lines: u32,
    kept_bytes: usize,
    found: u32,
    read: u32,
}

impl<'a> Keeper<'a> {
    fn new(place: u32, depth: u32, finder: &'a Finder, from: Option<i64>) -> Self {
        Self {
            place,
            depth,
            finder,
            from,
            grouper: Grouper::default(),
            mask: LineMask::default(),
            latest: from.unwrap_or(0),
            entry: Vec::new(),
            entry_masked: 0,
            kept: VecDeque::new(),
            kept_lines: 0,
            kept_bytes: 0,
            found: 0,
            read: 0,
        }
    }

    fn take(&mut self, line: &RawLine<'_>) {
        // What the kubelet itself says has no time.
        let (at, text) = stamped(line.bytes).unwrap_or((self.latest, line.bytes));
        self.latest = at;
        self.read += 1;
        let mut shown: Drawn = drawn(text);
        let masked = self.mask.mask(&mut shown);
        let continues = self.grouper.belongs(&shown.text) && !self.entry.is_empty();
        if !continues {
            self.close();
        }
        let level = level_of(&shown.text);
        let Drawn { text, spans } = shown;
        let left_out = line.left_out;
        self.entry_masked += masked;
        self.entry.push(LogLine {
            at,
            source: self.place,
            level,
            text: text.into(),
            spans,
            hits: Vec::new(),
            left_out,
            continues,
        });
    }

    /// The entry is whole: it is kept or not.
    fn close(&mut self) {
        let mut lines = std::mem::take(&mut self.entry);
        let masked = std::mem::take(&mut self.entry_masked);
        let worst = lines.iter().map(|line| line.level).max().unwrap_or(Level::Unknown);
        let is_new = lines.first().is_some_and(|first| self.from.is_none_or(|from| first.at >= from));
        if !is_new || !self.finder.wants(worst, lines.iter().map(|line| &*line.text)) {
            return;
        }
        let count = u32::try_from(lines.len()).unwrap_or(u32::MAX);
        self.found = self.found.saturating_add(count);
        for line in &mut lines {
            line.hits = self.finder.hits(&line.text);
        }
        let bytes: usize = lines.iter().map(|line| line.text.len()).sum();
        self.kept_lines += count;
        self.kept_bytes += bytes;
        let rows: Vec<LogRow> = lines.into_iter().map(LogRow::Line).collect();
        self.kept.push_back((count, bytes, Item { rows, masked }));
        while self.kept.len() > 1 && (self.kept_lines > self.depth || self.kept_bytes > MOST_KEPT) {
            let Some((count, bytes, _)) = self.kept.pop_front() else { break };
            self.kept_lines -= count;
            self.kept_bytes -= bytes;
        }
    }

    fn finish(mut self) -> Part {
        self.close();
        let entries = self.kept.into_iter().map(|(.., item)| item).collect();
        Part { entries, found: self.found, read: self.read, note: None }
    }
}
