//! The words of one watch, resumed where it can be.
//!
//! Like kube's watcher, which keeps three things to itself that must be known to call a quiet watch sound: that a watch was asked
//! for and answered, the bookmarks, and which object it was that could not be read.
//! <https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes>

use std::collections::VecDeque;

use futures::io::AsyncBufReadExt as _;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt as _};
use kube::api::{ListParams, WatchParams};
use kube::core::Request;
use kube::runtime::watcher::{Config, InitialListStrategy};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep_until};

use super::line::{Item, Line, Page, page, read};
use super::trouble::Trouble;
use crate::cluster::project::Project;

/// The least time between two questions to be told on: a server may end each watch at once.
const REOPEN: std::time::Duration = std::time::Duration::from_secs(1);

/// A word of a watch.
pub enum Word<K> {
    /// A list begins.
    Init,
    /// An object of the list.
    InitApply(Item<K>),
    /// The list is whole.
    InitDone,
    /// An object is new or changed.
    Apply(Item<K>),
    /// An object went.
    Delete(Item<K>),
    /// The watch ended in good order, or was never begun, and is asked for from where it was. Until it is answered nothing is followed.
    Opening,
    /// The server took the question: HTTP 200. That proves no delivery yet.
    Opened,
    /// A bookmark: nothing else happened up to here.
    Bookmark,
}

type Lines = BoxStream<'static, std::io::Result<String>>;

enum State<K> {
    Empty,
    Page(Page<K>),
    List(Lines),
    Listed(String),
    Opening(String),
    Following(String, Lines),
}

struct Place {
    client: Client,
    request: Request,
    config: Config,
    /// Whether only metadata is asked for.
    metadata_only: bool,
    /// When it last asked to be told on.
    asked: Option<Instant>,
}

/// Lists and follows. After an error it goes on when it is asked again.
pub fn words<K>(api: &Api<K>, config: Config) -> impl Stream<Item = Result<Word<K>, Trouble>> + Send + use<K>
where
    K: Project + Clone + DeserializeOwned + Send + 'static,
{
    let place = Place {
        request: Request::new(api.resource_url()),
        client: api.clone().into_client(),
        config,
        metadata_only: K::METADATA_ONLY,
        asked: None,
    };
    stream::unfold((place, State::Empty), |(mut place, mut state)| async move {
        loop {
            let (word, next) = place.step(state).await;
            state = next;
            if let Some(word) = word {
                return Some((word, (place, state)));
            }
        }
    })
}

type Step<K> = (Option<Result<Word<K>, Trouble>>, State<K>);

impl Place {
    async fn step<K: Resource + DeserializeOwned>(&mut self, state: State<K>) -> Step<K> {
        match state {
            State::Empty => match self.config.initial_list_strategy {
                InitialListStrategy::ListWatch => {
                    (Some(Ok(Word::Init)), State::Page(Page { next: None, items: VecDeque::new(), version: None }))
                }
                InitialListStrategy::StreamingList => match self.watch(true, "0").await {
                    Ok(lines) => (Some(Ok(Word::Init)), State::List(lines)),
                    Err(trouble) => (Some(Err(trouble)), State::Empty),
                },
            },
            State::Page(Page { next, mut items, version }) => match (items.pop_front(), next, version) {
                (Some(object), next, version) => {
                    (Some(Ok(Word::InitApply(object))), State::Page(Page { next, items, version }))
                }
                (None, None, Some(version)) => (Some(Ok(Word::InitDone)), State::Listed(version)),
                (None, next, _) => match self.page(next).await {
                    Ok(Page { next: None, version: None, .. }) => (Some(Err(Trouble::NoVersion)), State::Empty),
                    Ok(page) => (None, State::Page(page)),
                    Err(trouble) => (Some(Err(trouble)), State::Empty),
                },
            },
            State::List(lines) => list(lines).await,
            State::Listed(version) => (Some(Ok(Word::Opening)), State::Opening(version)),
            State::Opening(version) => {
                if let Some(asked) = self.asked {
                    sleep_until(asked + REOPEN).await;
                }
                self.asked = Some(Instant::now());
                match self.watch(false, &version).await {
                    Ok(lines) => (Some(Ok(Word::Opened)), State::Following(version, lines)),
                    Err(trouble) => (Some(Err(trouble)), State::Listed(version)),
                }
            }
            State::Following(version, lines) => following(version, lines).await,
        }
    }

    async fn watch(&self, initial: bool, version: &str) -> Result<Lines, Trouble> {
        let parameters = WatchParams {
            label_selector: self.config.label_selector.clone(),
            field_selector: self.config.field_selector.clone(),
            timeout: self.config.timeout,
            bookmarks: self.config.bookmarks,
            send_initial_events: initial,
        };
        let request = if self.metadata_only {
            self.request.watch_metadata(&parameters, version)
        } else {
            self.request.watch(&parameters, version)
        };
        let request = request.map_err(kube::Error::BuildRequest)?;
        Ok(self.client.request_stream(request).await?.lines().boxed())
    }

    async fn page<K: Resource + DeserializeOwned>(&self, next: Option<String>) -> Result<Page<K>, Trouble> {
        let parameters = ListParams {
            label_selector: self.config.label_selector.clone(),
            field_selector: self.config.field_selector.clone(),
            limit: self.config.page_size,
            continue_token: next,
            ..ListParams::default()
        };
        let request =
            if self.metadata_only { self.request.list_metadata(&parameters) } else { self.request.list(&parameters) };
        let request = request.map_err(kube::Error::BuildRequest)?;
        page(&self.client.request_text(request).await?)
    }
}

async fn list<K: Resource + DeserializeOwned>(mut lines: Lines) -> Step<K> {
    match next(&mut lines).await {
        Some(Ok(Line::Applied(object, _))) => (Some(Ok(Word::InitApply(object))), State::List(lines)),
        // Nothing is deleted from a list.
        Some(Ok(Line::Deleted(..))) => (None, State::List(lines)),
        Some(Ok(Line::Bookmark { version, ends_list: true })) => {
            (Some(Ok(Word::InitDone)), State::Following(version, lines))
        }
        Some(Ok(Line::Bookmark { ends_list: false, .. })) => (Some(Ok(Word::Bookmark)), State::List(lines)),
        Some(Err(trouble)) => (Some(Err(trouble)), State::Empty),
        None => (Some(Err(Trouble::HalfAList)), State::Empty),
    }
}

async fn following<K: Resource + DeserializeOwned>(version: String, mut lines: Lines) -> Step<K> {
    let (word, told) = match next(&mut lines).await {
        Some(Ok(Line::Applied(object, told))) => (Word::Apply(object), told),
        Some(Ok(Line::Deleted(object, told))) => (Word::Delete(object), told),
        Some(Ok(Line::Bookmark { version, .. })) => (Word::Bookmark, Some(version)),
        // Whatever broke: the same connection is not trusted again.
        Some(Err(trouble)) => return (Some(Err(trouble)), State::Listed(version)),
        None => return (None, State::Listed(version)),
    };
    // One that does not say its version cannot be resumed after.
    let version = told.filter(|told| !told.is_empty()).unwrap_or(version);
    (Some(Ok(word)), State::Following(version, lines))
}

async fn next<K: Resource + DeserializeOwned>(lines: &mut Lines) -> Option<Result<Line<K>, Trouble>> {
    loop {
        match lines.next().await? {
            Ok(line) if line.is_empty() => {}
            Ok(line) => return read(&line).transpose(),
            Err(error) => return Some(Err(error.into())),
        }
    }
}
