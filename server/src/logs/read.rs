//! One container's log: asked for, and the last of it that is wanted kept.

use std::collections::VecDeque;
use std::sync::Arc;

use domain::log::context::{Around, Stand};
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
use crate::mask::OwnMasks;

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
    /// What is masked in them, beside what looks like a secret.
    pub masks: &'a Arc<OwnMasks>,
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
    /// The last entries that are wanted and those around them, oldest first.
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
    let mut entries = Entries::new(place, wanted.masks.clone());
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

/// Keeps the last entries that are wanted, and so many around each.
struct Keeper<'a> {
    wanted: Wanted<'a>,
    /// From when on, nanoseconds since 1970: the API server knows only whole seconds.
    from: Option<i64>,
    kept: VecDeque<Item>,
    kept_bytes: usize,
    /// How many of them are wanted.
    kept_wanted: usize,
    around: Around,
    /// The last ones that are not shown, as far as they may be shown with one that comes.
    apart: VecDeque<Item>,
    found: u32,
    counted: Vec<(i64, Level)>,
    /// Whether there was no time to look at all of it.
    is_late: bool,
    times: Vec<i64>,
}

impl<'a> Keeper<'a> {
    fn new(wanted: Wanted<'a>) -> Self {
        Self {
            wanted,
            from: None,
            kept: VecDeque::new(),
            kept_bytes: 0,
            kept_wanted: 0,
            around: Around::new(wanted.query.around()),
            apart: VecDeque::new(),
            found: 0,
            counted: Vec::new(),
            is_late: false,
            times: Vec::new(),
        }
    }

    fn take(&mut self, entry: Entry) {
        let Entry { lines, worst, times, masked, is_after_gap: _ } = entry;
        self.times.extend(times);
        let Some(at) = lines.first().map(|first| first.at) else { return };
        let Wanted { query, finder, .. } = self.wanted;
        // Some expressions take long, and nobody waits for more than was said.
        self.is_late |= Instant::now() > self.wanted.end;
        if self.is_late {
            return;
        }
        let is_in_range = self.from.is_none_or(|from| at >= from) && query.is_before_end(at);
        if !is_in_range {
            return;
        }
        let stand = self.around.next(finder.wants(worst, lines.iter().map(|line| &*line.text)));
        if stand == Stand::Apart && query.around() == 0 {
            return;
        }
        let item = Item { rows: lines.into_iter().map(LogRow::Line).collect(), masked };
        match stand {
            Stand::Wanted { before } => {
                // No more are kept than those.
                debug_assert!(self.apart.len() <= before as usize);
                for item in std::mem::take(&mut self.apart) {
                    self.keep(item.into_context());
                }
                self.found += 1;
                self.counted.push((at, worst));
                self.keep(item);
            }
            Stand::Near => self.keep(item.into_context()),
            Stand::Apart => {
                self.apart.push_back(item);
                let bytes = |apart: &VecDeque<Item>| apart.iter().map(Item::bytes).sum::<usize>();
                while self.apart.len() > query.around() as usize || bytes(&self.apart) > MOST_KEPT {
                    self.apart.pop_front();
                }
            }
        }
    }

    fn keep(&mut self, item: Item) {
        let size = self.wanted.size;
        self.kept_bytes += item.bytes();
        self.kept_wanted += usize::from(!item.is_context());
        self.kept.push_back(item);
        // Older ones are never shown. Many are read at a time.
        let most_bytes = size.bytes.min(MOST_KEPT);
        while self.kept.len() > 1 && (self.kept_wanted > size.entries || self.kept_bytes > most_bytes) {
            let Some(oldest) = self.kept.pop_front() else { break };
            self.kept_bytes -= oldest.bytes();
            self.kept_wanted -= usize::from(!oldest.is_context());
        }
    }

    fn items(&mut self) -> Vec<Item> {
        std::mem::take(&mut self.kept).into()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    /// What is kept of a log of letters, each a second after the one before, of which `x` is wanted: the seconds, and whether each is wanted.
    fn kept(letters: &str, context: u32, size: Size) -> (Vec<(i64, bool)>, Keeper<'static>) {
        let query: &LogQuery = Box::leak(Box::new(LogQuery { context, ..LogQuery::from_parameters([("find", "x")]) }));
        let finder: &Finder = Box::leak(Box::new(Finder::new(query).unwrap()));
        let end = Instant::now() + Duration::from_secs(60);
        let masks = Box::leak(Box::default());
        let mut keeper = Keeper::new(Wanted { query, size, finder, masks, now: 0, end });
        let mut entries = Entries::new(0, Arc::default());
        for (second, letter) in letters.chars().enumerate() {
            let line = format!("1970-01-01T00:{:02}:{:02}Z {letter}\n", second / 60, second % 60);
            entries.feed(line.as_bytes(), &mut |entry| keeper.take(entry));
        }
        entries.finish(&mut |entry| keeper.take(entry));
        let items = keeper.items();
        (items.iter().map(|item| (item.at() / 1_000_000_000, !item.is_context())).collect(), keeper)
    }

    fn size(entries: usize, bytes: usize) -> Size {
        Size { entries, bytes, ..Size::of_page(&LogQuery::default()) }
    }

    #[test]
    fn what_stands_around_what_is_wanted_is_kept_with_it() {
        for (letters, context, (entries, bytes), expected, found) in [
            ("..x..x", 0, (9, 99), "  x  x", 2),
            ("...x....x", 2, (9, 99), " --x----x", 2),
            // It takes no entry's place,
            ("x...x...x", 1, (2, 99), " - -x- -x", 3),
            // but its bytes count.
            ("x...x...x", 3, (9, 4), "     ---x", 3),
            (".....", 3, (9, 99), "", 0),
        ] {
            let (kept, keeper) = kept(letters, context, size(entries, bytes));
            let mut drawn = " ".repeat(letters.len()).into_bytes();
            for (second, is_wanted) in &kept {
                drawn[*second as usize] = if *is_wanted { b'x' } else { b'-' };
            }
            let drawn = String::from_utf8(drawn).unwrap();
            assert_eq!((drawn.trim_end(), keeper.found), (expected, found), "{letters} {context}");
            assert_eq!(keeper.counted.len(), found as usize, "{letters} {context}");
            assert_eq!(keeper.times.len(), letters.len());
        }
    }

    proptest! {
        #[test]
        fn each_entry_is_kept_once_in_order_and_within_what_there_is_room_for(
            letters in "[.]{0,9}(x[.]{0,9}){0,9}",
            context in 0u32..25,
            entries in 1usize..9,
            bytes in 1usize..60,
        ) {
            let (all, _) = kept(&letters, context, size(1_000, 1_000));
            let (some, keeper) = kept(&letters, context, size(entries, bytes));
            prop_assert!(some.is_sorted_by(|one, other| one.0 < other.0));
            // The last of them, so that nothing is missing between two that are there.
            prop_assert!(all.ends_with(&some));
            prop_assert!(some.len() <= bytes.max(1));
            prop_assert!(some.iter().filter(|(_, is_wanted)| *is_wanted).count() <= entries);
            prop_assert_eq!(keeper.found as usize, letters.matches('x').count());
        }
    }
}
