//! The end of an operation: written down however long that takes, for what happened has happened.

use std::sync::Arc;
use std::time::Duration;

use domain::ledger::Outcome;
use domain::operation::Target;
use domain::operation::life::Stage;
use domain::operation::record::{FailedLog, Record};
use domain::text::{MESSAGE_LIMIT, plain};
use kube::Client;
use kube::api::LogParams;
use kube::core::Request;
use tokio::time::sleep;

use super::Desk;
use super::carry::is_watched;
use super::press::{HELD_US, entry};
use super::series::{Follows, Next, has_next, may_go_on, stop_entry};
use crate::clock;
use crate::cluster::ask;
use crate::logs::lines_of;
use crate::store::{Held, StoreError};

/// The longest time between two tries to write an end down.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long what was done in production is watched afterwards, in seconds: as an emergency change asks for.
const WATCHED_S: i64 = 4 * 3600;
/// The lines of a log that are kept of a container that failed.
const LOG_LINES: i64 = 12;
/// The most bytes of them.
const LOG_BYTES: i64 = 16 * 1024;

/// What came of writing an end down.
enum End {
    /// It is written, and this is begun.
    Written(Box<Record>, Option<Box<Next>>),
    /// Whether it is written is not known, nor whether what follows is.
    Unanswered(StoreError, Option<Box<Next>>),
    /// What follows cannot be begun, so nothing is written yet: why, in a sentence.
    NotBegun(Arc<str>),
    /// Somebody else wrote it.
    Elsewhere,
}

impl Desk {
    /// Writes an end down, in the row and in the ledger at once, and begins what follows in the same commit. It is tried until it works
    /// or the program ends; then whoever takes the operation over finds the same end.
    pub(super) async fn end(self: &Arc<Self>, mut held: Held) {
        let now = clock::now_ms() / 1000;
        held.record.ended = Some(now);
        if is_watched(&held.record) {
            held.record.watched_until = Some(now + WATCHED_S);
        }
        let mut pause = Duration::from_millis(200);
        let mut not_begun: Option<Arc<str>> = None;
        // Perhaps recorded by a commit whose answer was lost.
        let mut lost: Option<Box<Next>> = None;
        loop {
            let follows = match not_begun.clone() {
                Some(why) => Follows::Stop(why),
                None if has_next(&held.record) => {
                    if let Err(error) = self.hold(&mut held).await {
                        tracing::debug!("an operation that is over is not held anew: {error}");
                    }
                    tokio::select! {
                        () = self.cancel.cancelled() => return,
                        follows = self.follows(&held) => follows,
                    }
                }
                None => self.follows(&held).await,
            };
            match self.write_end(&held, follows).await {
                Ok(End::Written(record, next)) => return self.ended(*record, next),
                Ok(End::NotBegun(why)) => {
                    not_begun = Some(why);
                    continue;
                }
                Ok(End::Unanswered(error, next)) => {
                    lost = next.or(lost);
                    tracing::warn!(operation = %held.record.id, "its end is not written down yet: {error}");
                }
                // Somebody else found it, or it was written by a try whose answer was lost: the row says.
                Ok(End::Elsewhere) => match self.load(held.record.id).await {
                    Ok(()) => {
                        if let Some(next) = lost {
                            self.give_up(*next);
                        }
                        return;
                    }
                    Err(error) => tracing::debug!(operation = %held.record.id, "how it ended cannot be read: {error}"),
                },
                Err(error) => tracing::warn!(operation = %held.record.id, "its end is not written down yet: {error}"),
            }
            tokio::select! {
                () = self.cancel.cancelled() => return,
                () = sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
            }
        }
    }

    /// What is told as an end is what everybody else will be told, whatever becomes of this program: it is shown once it is written.
    fn ended(self: &Arc<Self>, record: Record, next: Option<Box<Next>>) {
        tracing::info!(operation = %record.id, "{}: {}", record.title(), record.verdict);
        self.show(record);
        if let Some(next) = next {
            let Next { held, writer, permit, begun } = *next;
            self.show(held.record.clone());
            let desk = self.clone();
            self.carriers.spawn(async move { desk.send(held, &writer, permit, begun).await });
        }
    }

    /// Ends what a commit whose answer was lost may have recorded, and what was not sent. Where that commit came to nothing, whoever
    /// ended the one before began it anew, under the same id and number: theirs is told apart by the time until which it is held.
    fn give_up(self: &Arc<Self>, next: Next) {
        let desk = self.clone();
        self.carriers.spawn(async move {
            let known = async { desk.people.store().read().await?.operation(next.held.record.id).await };
            match known.await {
                Ok(Some(row)) if row.held_until == next.held.held_until => desk.never_sent(next.held).await,
                Ok(_) => {}
                // It is taken over in a while.
                Err(error) => tracing::debug!("what follows an operation cannot be read: {error}"),
            }
        });
    }

    async fn write_end(&self, held: &Held, follows: Follows) -> Result<End, StoreError> {
        let now = clock::now_us();
        let mut held = held.clone();
        let mut write = self.people.store().write().await?;
        let mut next = match follows {
            Follows::Nothing => None,
            Follows::Next(next) => Some(next),
            Follows::Stop(why) => {
                // Somebody's wish goes before what else would have spoken against the next one.
                let by = if has_next(&held.record) { write.stopped_by(held.record.id).await? } else { None };
                if let Some(series) = &mut held.record.series {
                    series.stopped = Some(by.map_or(why, |by| stopped(&by)));
                }
                None
            }
        };
        let watch_at = held.record.watched_until.map(|_| now);
        if let Some(next) = &mut next
            && !may_go_on(&self.people, &mut write, next).await?
        {
            write.rollback().await?;
            return Ok(End::NotBegun(format!("{} may not operate there any more.", held.record.by.name).into()));
        }
        if !write.end_operation(&held, now, watch_at).await? {
            return Ok(End::Elsewhere);
        }
        if let Some(next) = &mut next {
            if let Some(by) = write.stopped_by(held.record.id).await? {
                write.rollback().await?;
                return Ok(End::NotBegun(stopped(&by)));
            }
            next.held.held_until = now + HELD_US;
            match write.begin_operation(&next.held.record, now, next.held.held_until).await {
                Ok(()) => {}
                Err(StoreError::Conflict(_)) => {
                    write.rollback().await?;
                    let title = next.held.record.title();
                    return Ok(End::NotBegun(format!("{title}: another operation is on its way for it.").into()));
                }
                Err(error) => return Err(error),
            }
        }
        write.append(&entry(&held.record, outcome_of(&held.record), now)).await?;
        if let Some(stop) = stop_entry(&held.record, now) {
            write.append(&stop).await?;
        }
        if let Some(next) = &next {
            write.append(&entry(&next.held.record, Outcome::Begun, now)).await?;
        }
        match write.commit().await {
            Ok(()) => Ok(End::Written(Box::new(held.record), next)),
            // SQLite and PostgreSQL may find out only now.
            Err(StoreError::Conflict(_)) if next.is_some() => {
                Ok(End::NotBegun("Another operation is on its way for the next one.".into()))
            }
            Err(error) => Ok(End::Unanswered(error, next)),
        }
    }

    /// Keeps others from taking over what is over and not written down yet.
    async fn hold(&self, held: &mut Held) -> Result<(), StoreError> {
        let mut write = self.people.store().write().await?;
        held.held_until = clock::now_us() + HELD_US;
        write.hold_operation(held).await?;
        write.commit().await
    }

    /// The end of the log of a container that failed: of the run before, if it was restarted. None where it is recorded who looks at logs:
    /// whoever sees the operation would see lines of them without an entry.
    pub(super) async fn failed_log(
        &self,
        reader: &Client,
        target: &Target,
        pod: &str,
        container: &str,
    ) -> Option<FailedLog> {
        let registry = self.clusters.registry();
        let environment = registry.environment(&target.component.environment);
        if environment.is_none_or(|(_, declared)| declared.record_log_views) {
            return None;
        }
        let request = Request::new(format!("/api/v1/namespaces/{}/pods", target.namespace));
        for previous in [true, false] {
            let parameters = LogParams {
                container: Some(container.to_owned()),
                previous,
                tail_lines: Some(LOG_LINES),
                limit_bytes: Some(LOG_BYTES),
                timestamps: true,
                ..LogParams::default()
            };
            let text = ask("reading its log", || async {
                let logs = request.logs(pod, &parameters).map_err(kube::Error::BuildRequest)?;
                reader.request_text(logs).await
            });
            let Ok(text) = text.await else { continue };
            let (lines, masked) = lines_of(text.as_bytes(), self.clusters.masks());
            let lines: Vec<Arc<str>> = lines.iter().map(|line| plain(line, MESSAGE_LIMIT).as_ref().into()).collect();
            if !lines.is_empty() {
                return Some(FailedLog {
                    pod: pod.into(),
                    container: container.into(),
                    previous,
                    lines,
                    masked: masked as usize,
                });
            }
        }
        None
    }
}

/// Why nothing more is begun, where somebody wanted it so.
fn stopped(by: &str) -> Arc<str> {
    format!("{by} stopped it.").into()
}

/// How an operation that is over stands in the ledger.
pub(super) fn outcome_of(record: &Record) -> Outcome {
    match record.stage() {
        Stage::Done => Outcome::Done,
        Stage::Failed => Outcome::Failed,
        _ => Outcome::Refused,
    }
}
