//! One container's log: asked for, and the last of it that is wanted kept.

use std::collections::VecDeque;
use std::sync::Arc;

use domain::log::level::Level;
use domain::log::query::{LogQuery, Since};
use domain::log::view::LogRow;
use futures::AsyncReadExt as _;
use kube::api::LogParams;
use kube::core::Request;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::aside;
use super::choose::Source;
use super::entries::{Entries, Entry};
use super::find::Finder;
use super::merge::Item;
use super::note::Note;
use super::size::Size;

/// How much is read at a time.
const CHUNK: usize = 16 * 1024;
/// The most bytes that are kept of one container's lines.
const MOST_KEPT: usize = 4 << 20;

/// What is wanted of each container.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// What is asked.
    pub query: &'a LogQuery,
    /// How much is read and kept.
    pub size: Size,
    /// Which lines.
    pub finder: &'a Finder,
    /// Now, seconds since 1970.
    pub now: i64,
    /// When it must be done.
    pub end: Instant,
}

impl Wanted<'_> {
    /// Whether both ends of a range are known, which is read from its beginning.
    fn is_range(&self) -> bool {
        self.from().is_some() && self.query.until.is_some()
    }

    /// The second since 1970 from which on lines are wanted; none is the last ones, however old.
    pub fn from(&self) -> Option<i64> {
        match self.query.since {
            Since::Last | Since::Start => None,
            Since::Ago(seconds) => Some(self.now.saturating_sub(i64::from(seconds))),
            Since::At(moment) => Some(moment),
        }
    }
}

/// What was read of a container.
#[derive(Debug, Default)]
pub struct Part {
    /// The last entries that are wanted, oldest first.
    pub entries: Vec<Item>,
    /// How many entries are wanted.
    pub found: u32,
    /// When these were, nanoseconds since 1970, and their worst levels.
    pub counted: Vec<(i64, Level)>,
    /// Whether there are older lines that were not read.
    pub is_cut: bool,
    /// How many lines were read.
    pub read: u32,
    /// The times of all lines, nanoseconds since 1970, where they tell two runs apart.
    pub times: Vec<i64>,
    /// Why not all was read.
    pub note: Option<Note>,
}

impl Part {
    /// Whether another part, of the run before, is the same log: the container ended between the question which runs there are and that for
    /// their logs.
    pub fn is_of_the_run(&self, before: &Self) -> bool {
        before.times.last().is_some_and(|last| self.times.contains(last))
    }
}

/// Reads the last lines of a container, and keeps what is wanted of them. `turns` is how many are read at a time.
pub async fn read(source: &Source, place: u32, wanted: Wanted<'_>, turns: &Semaphore) -> Part {
    let from = wanted.from();
    // Of the run before there is nothing since the start of the one that is there.
    if source.shown.previous && wanted.query.since == Since::Start {
        return Part::default();
    }
    let mut keeper = Keeper { from: from.map(|from| from.saturating_mul(1_000_000_000)), ..Keeper::new(wanted) };
    let mut entries = Entries::new(place);
    let answer = async {
        // It is never closed.
        let _turn = turns.acquire().await;
        stream(source, wanted, from, &mut entries, &mut keeper).await
    };
    let why: Option<Arc<str>> = match timeout_at(wanted.end, answer).await {
        Ok(Ok(())) => None,
        // That there is none is no news: its node removes it after a while.
        Ok(Err(kube::Error::Api(status))) if source.shown.previous && matches!(status.code, 400 | 404) => None,
        Ok(Err(error)) => Some(why(&error)),
        Err(_) => Some("not all of the log was answered in time".into()),
    };
    let read = entries.read();
    let said: Option<Arc<str>> = entries.said_instead().filter(|_| !source.shown.previous).map(Into::into);
    entries.finish(&mut |entry| keeper.take(entry));
    let is_deep = read >= wanted.size.depth && !wanted.is_range();
    let late = keeper.is_late.then(|| "not all of the log was looked through in time".into());
    let note = why.or(said).or(late).map(|why| Note::about(&source.shown, why));
    let mut items = keeper.items();
    items.extend(
        end_mark(source, place, from)
            .filter(|(_, mark)| wanted.query.is_before_end(mark.at()))
            .filter(|(exit_code, _)| match exit_code {
                0 => !wanted.query.filters() && !source.init,
                _ => !wanted.query.filters() || !items.is_empty(),
            })
            .map(|(_, item)| item),
    );
    Part {
        entries: items,
        found: keeper.found,
        counted: keeper.counted,
        is_cut: is_deep,
        read,
        times: keeper.times,
        note,
    }
}

async fn stream(
    source: &Source,
    wanted: Wanted<'_>,
    from: Option<i64>,
    entries: &mut Entries,
    keeper: &mut Keeper<'_>,
) -> Result<(), kube::Error> {
    let is_range = wanted.is_range();
    let request = Request::new(format!("/api/v1/namespaces/{}/pods", source.namespace));
    let parameters = LogParams {
        container: Some(source.shown.container.to_string()),
        previous: source.shown.previous,
        // A range is read from its beginning to its end: what was written since would be all of its last lines.
        tail_lines: (!is_range).then_some(i64::from(wanted.size.depth)),
        since_time: from.and_then(|from| jiff::Timestamp::from_second(from).ok()),
        timestamps: true,
        ..LogParams::default()
    };
    let request = request.logs(&source.shown.pod, &parameters).map_err(kube::Error::BuildRequest)?;
    let mut answer = std::pin::pin!(source.client.request_stream(request).await?);
    let mut chunk = vec![0; CHUNK];
    loop {
        let length = answer.read(&mut chunk).await.map_err(kube::Error::ReadEvents)?;
        if length == 0 {
            return Ok(());
        }
        let bytes = chunk.get(..length).unwrap_or_default();
        aside(|| entries.feed(bytes, &mut |entry| keeper.take(entry)));
        if is_range && entries.latest().is_some_and(|latest| !wanted.query.is_before_end(latest)) {
            return Ok(());
        }
    }
}

/// Why a log was not read, without full stop.
pub fn why(error: &kube::Error) -> Arc<str> {
    match error {
        kube::Error::Api(status) if status.code == 403 => {
            "reading logs is forbidden to the console; it needs get on pods/log, as in k8s/rights.yaml".into()
        }
        kube::Error::Api(status) if status.code == 404 => "it is gone".into(),
        kube::Error::Api(status) => {
            let said = domain::text::plain(&status.message, domain::text::MESSAGE_LIMIT);
            ["the log was refused: ", said.trim_end_matches('.')].concat().into()
        }
        _ => "the log was not read to the end: the cluster does not answer".into(),
    }
}

/// How a run ended, where it did, which the container itself cannot write: with which code, and the mark.
fn end_mark(source: &Source, place: u32, from: Option<i64>) -> Option<(i32, Item)> {
    let ended = source.ended.as_ref().filter(|ended| from.is_none_or(|from| ended.finished >= from))?;
    let text =
        format!("{}/{} ended with {} ({}).", source.shown.pod, source.shown.container, ended.exit_code, ended.reason);
    // Of that second: behind its own lines, before those of the next run.
    let at = ended.finished.saturating_mul(1_000_000_000);
    Some((ended.exit_code, Item { rows: vec![LogRow::Mark { at, source: place, text: text.into() }], masked: 0 }))
}

/// Keeps the last entries that are wanted.
struct Keeper<'a> {
    wanted: Wanted<'a>,
    /// From when on, nanoseconds since 1970: the API server knows only whole seconds.
    from: Option<i64>,
    kept: VecDeque<Item>,
    kept_bytes: usize,
    found: u32,
    counted: Vec<(i64, Level)>,
    /// Whether there was no time to look at all of it.
    is_late: bool,
    times: Vec<i64>,
}

impl<'a> Keeper<'a> {
    fn new(wanted: Wanted<'a>) -> Self {
        let (kept, counted, times) = (VecDeque::new(), Vec::new(), Vec::new());
        Self { wanted, from: None, kept, kept_bytes: 0, found: 0, counted, is_late: false, times }
    }

    fn take(&mut self, entry: Entry) {
        let Entry { lines, worst, masked, is_after_gap: _ } = entry;
        self.times.extend(lines.iter().map(|line| line.at));
        let Some(at) = lines.first().map(|first| first.at) else { return };
        let Wanted { query, size, finder, .. } = self.wanted;
        // Some expressions take long, and nobody waits for more than was said.
        self.is_late |= Instant::now() > self.wanted.end;
        if self.is_late {
            return;
        }
        let is_in_range = self.from.is_none_or(|from| at >= from) && query.is_before_end(at);
        if !is_in_range || !finder.wants(worst, lines.iter().map(|line| &*line.text)) {
            return;
        }
        self.found += 1;
        self.counted.push((at, worst));
        let item = Item { rows: lines.into_iter().map(LogRow::Line).collect(), masked };
        self.kept_bytes += item.bytes();
        self.kept.push_back(item);
        // Older ones are never shown. Many are read at a time.
        let most_bytes = size.bytes.min(MOST_KEPT);
        while self.kept.len() > 1 && (self.kept.len() > size.entries || self.kept_bytes > most_bytes) {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.kept_bytes -= oldest.bytes();
        }
    }

    fn items(&mut self) -> Vec<Item> {
        std::mem::take(&mut self.kept).into()
    }
}
