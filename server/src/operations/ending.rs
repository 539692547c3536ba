//! The end of an operation: written down however long that takes, for what happened has happened.

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
use super::press::entry;
use crate::clock;
use crate::cluster::ask;
use crate::store::{Held, StoreError};

/// The longest time between two tries to write an end down.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long what was done in production is watched afterwards, in seconds: as an emergency change asks for.
const WATCHED_S: i64 = 4 * 3600;
/// The lines of a log that are kept of a container that failed.
const LOG_LINES: i64 = 12;
/// The most bytes of them.
const LOG_BYTES: i64 = 16 * 1024;

impl Desk {
    /// Writes an end down, in the row and in the ledger at once. It is tried until it works or the program ends; then whoever
    /// takes the operation over finds the same end.
    pub(super) async fn end(&self, mut held: Held) {
        let now = clock::now_ms() / 1000;
        held.record.ended = Some(now);
        if is_watched(&held.record) {
            held.record.watched_until = Some(now + WATCHED_S);
        }
        let mut pause = Duration::from_millis(200);
        loop {
            match self.write_end(&held).await {
                Ok(true) => {
                    // Not before: what is told as an end is what everybody else will be told, whatever becomes of this program.
                    self.show(held.record.clone());
                    let (id, title) = (held.record.id, held.record.title());
                    return tracing::info!(operation = %id, "{title}: {}", held.record.verdict);
                }
                // Somebody else found it, or it was written by a try whose answer was lost: the row says.
                Ok(false) => match self.load(held.record.id).await {
                    Ok(()) => return,
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

    async fn write_end(&self, held: &Held) -> Result<bool, StoreError> {
        let now = clock::now_us();
        let watch_at = held.record.watched_until.map(|_| now);
        let mut write = self.people.store().write().await?;
        if !write.end_operation(held, now, watch_at).await? {
            return Ok(false);
        }
        write.append(&entry(&held.record, outcome_of(&held.record), now)).await?;
        write.commit().await?;
        Ok(true)
    }

    /// The end of the log of a container that failed: of the run before, if it was restarted.
    pub(super) async fn failed_log(
        &self,
        reader: &Client,
        target: &Target,
        pod: &str,
        container: &str,
    ) -> Option<FailedLog> {
        let request = Request::new(format!("/api/v1/namespaces/{}/pods", target.namespace));
        for previous in [true, false] {
            let parameters = LogParams {
                container: Some(container.to_owned()),
                previous,
                tail_lines: Some(LOG_LINES),
                limit_bytes: Some(LOG_BYTES),
                ..LogParams::default()
            };
            let text = ask("reading its log", || async {
                let logs = request.logs(pod, &parameters).map_err(kube::Error::BuildRequest)?;
                reader.request_text(logs).await
            });
            let Ok(text) = text.await else { continue };
            let lines: Vec<_> = text.lines().map(|line| plain(line, MESSAGE_LIMIT).as_ref().into()).collect();
            if !lines.is_empty() {
                return Some(FailedLog { pod: pod.into(), container: container.into(), previous, lines });
            }
        }
        None
    }
}

/// How an operation that is over stands in the ledger.
pub(super) fn outcome_of(record: &Record) -> Outcome {
    match record.stage() {
        Stage::Done => Outcome::Done,
        Stage::Failed => Outcome::Failed,
        _ => Outcome::Refused,
    }
}
