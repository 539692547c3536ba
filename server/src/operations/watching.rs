//! What was done in production is watched for four hours: what goes wrong later belongs to the record too.

use domain::guard::facts::Known;
use domain::ledger::Outcome;
use domain::operation::record::{Record, Watched};
use domain::operation::rollout;

use super::Desk;
use super::press::{HELD_US, entry};
use crate::clock;
use crate::cluster::{Subject, glance};
use crate::store::{Held, StoreError};

/// The time between two looks, in microseconds.
const LOOK_US: i64 = 60_000_000;

impl Desk {
    /// Looks at everything whose time it is.
    pub(super) async fn watch_round(&self, now: i64) -> Result<(), StoreError> {
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
        if over && let Some(watched) = held.record.watched {
            let Watched { restarts, least_ready, wanted } = watched;
            let mut entry = entry(&held.record, Outcome::Done, now);
            entry.what = format!(
                "{}, four hours later: {restarts} restarts since, never fewer than {least_ready} of {wanted} ready.",
                held.record.title()
            );
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
        let count = |pods: &[domain::guard::facts::Pod]| pods.iter().map(|pod| rollout::restarts(&pod.facts)).sum();
        let then: u32 = record
            .after
            .iter()
            .find(|(name, _)| &**name == "restarts")
            .and_then(|(_, value)| value.parse().ok())
            .unwrap_or(0);
        let now: u32 = count(&pods);
        let least = record.watched.map_or(workload.ready, |watched| watched.least_ready.min(workload.ready));
        record.watched =
            Some(Watched { restarts: now.saturating_sub(then), least_ready: least, wanted: workload.wanted });
    }
}
