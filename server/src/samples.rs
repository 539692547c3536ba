//! Keeps what was seen of autoscalers in the database, from one start to the next.

use std::sync::Arc;
use std::time::Duration;

use domain::autoscaler::{STEP, slot};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::clock;
use crate::rows::Rows;
use crate::store::{Store, StoreError};

/// Seconds that a chart shows.
const HOUR: i64 = 3600;
/// Microseconds in a second.
const SECOND_US: i64 = 1_000_000;

/// Gives the rows what was seen in the last hour, by this replica or another. Without it charts begin anew.
pub async fn restore(store: &Store, rows: &Rows) {
    let from = clock::now_us() - HOUR * SECOND_US;
    let read = async { store.read().await?.autoscaler_samples(from).await };
    match read.await {
        Ok(samples) => rows.restore_samples(samples),
        Err(error) => warn!("the charts of autoscalers begin anew, because what was kept was not read: {error}"),
    }
}

/// Writes what was seen, every 15 seconds until `cancel` is cancelled. What could not be written is written later, as long as it
/// is held.
pub async fn keep(store: Store, rows: Arc<Rows>, cancel: CancellationToken) {
    let mut rounds = interval(Duration::from_secs(STEP.unsigned_abs()));
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut kept = slot(clock::now_ms() / 1000) - STEP;
    let mut is_kept = true;
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = rounds.tick() => {}
        }
        // The present 15 seconds are not over: a cluster may still come back in them.
        let now = slot(clock::now_ms() / 1000);
        match write(&store, &rows, kept, now).await {
            Ok(()) => {
                kept = now - STEP;
                if !std::mem::replace(&mut is_kept, true) {
                    info!("what is seen of autoscalers is kept in the database again");
                }
            }
            Err(error) => {
                if std::mem::replace(&mut is_kept, false) {
                    warn!("what is seen of autoscalers is not kept in the database: {error}");
                }
            }
        }
    }
}

async fn write(store: &Store, rows: &Rows, after: i64, before: i64) -> Result<(), StoreError> {
    let samples = rows.autoscaler_samples(after, before);
    if samples.is_empty() {
        return Ok(());
    }
    let mut write = store.write().await?;
    write.keep_autoscaler_samples(&samples).await?;
    write.commit().await
}
