//! What was done in production is watched for four hours: what goes wrong later belongs to the record too.

use std::time::Duration;

use domain::guard::facts::Known;
use domain::operation::record::{Record, Watched};
use domain::operation::rollout;
use tokio::time::interval;

use super::Desk;
use super::ending::outcome_of;
use super::press::{HELD_US, entry};
use crate::clock;
use crate::cluster::{Subject, glance};
use crate::store::{Held, StoreError};

/// The time between two looks, in microseconds.
const LOOK_US: i64 = 60_000_000;
/// The time between two looks at what is due.
const ROUND: Duration = Duration::from_secs(5);
/// After so many seconds without a look it is said that there was none.
const LATE_S: i64 = 300;

impl Desk {
    /// Looks on, until cancelled.
    pub(super) async fn watch_on(&self) {
        let mut rounds = interval(ROUND);
        loop {
            let round = async {
                rounds.tick().await;
                self.watch_round(clock::now_us()).await
            };
            tokio::select! {
                () = self.cancel.cancelled() => return,
                looked = round => if let Err(error) = looked {
                    tracing::debug!("what was done in production cannot be looked at: {error}");
                },
            }
        }
    }

    /// Looks at everything whose time it is.
    async fn watch_round(&self, now: i64) -> Result<(), StoreError> {
        let due = self.people.store().read().await?.watched_operations(now).await?;
        for mut held in due {
            let mut write = self.people.store().write().await?;
            if !write.take_over_operation(&mut held, now + HELD_US).await? {
                continue;
            }
            write.commit().await?;
            self.watch(held).await?;
        }
        Ok(())
    }

    async fn watch(&self, mut held: Held) -> Result<(), StoreError> {
        self.look_again(&mut held.record).await;
        let now = clock::now_us();
        let until = held.record.watched_until.unwrap_or(0);
        let over = now / 1_000_000 >= until;
        let mut write = self.people.store().write().await?;
        if !write.keep_operation(&held, now, (!over).then_some(now + LOOK_US)).await? {
            return Ok(());
        }
        if over {
            let seen = match held.record.watched {
                Some(Watched { restarts, least_ready, wanted, seen_at }) => {
                    let late = until - seen_at;
                    let gap = if late > LATE_S {
                        format!(" The last {} min could not be looked at.", late / 60)
                    } else {
                        String::new()
                    };
                    format!("{restarts} restarts since, never fewer than {least_ready} of {wanted} ready.{gap}")
                }
                None => "not known, the cluster could not be asked.".to_owned(),
            };
            let mut entry = entry(&held.record, outcome_of(&held.record), now);
            entry.what = format!("{}, four hours later: {seen}", held.record.title());
            write.append(&entry).await?;
        }
        write.commit().await?;
        self.show(held.record);
        Ok(())
    }

    async fn look_again(&self, record: &mut Record) {
        let target = record.target.clone();
        let Ok(reader) = self.reader(&target.cluster).await else { return };
        let subject = Subject { namespace: &target.namespace, kind: target.kind(), name: target.name(), backup: None };
        let (Ok(Some(whole)), Known::Read { value: pods, .. }) = glance(&reader, subject).await else { return };
        let workload = whole.facts(None);
        let then: u32 = record
            .after
            .iter()
            .find(|(name, _)| &**name == "restarts")
            .and_then(|(_, value)| value.parse().ok())
            .unwrap_or(0);
        let now = rollout::restarts_of(&pods).saturating_sub(then);
        let before = record.watched;
        record.watched = Some(Watched {
            // A pod that is replaced takes its count along.
            restarts: before.map_or(now, |before| before.restarts.max(now)),
            least_ready: before.map_or(workload.ready, |before| before.least_ready.min(workload.ready)),
            wanted: workload.wanted,
            seen_at: clock::now_ms() / 1000,
        });
    }
}
