//! What was seen of autoscalers every 15 seconds, for a day: so that a restart loses neither a chart nor what one was asked for.

use std::sync::LazyLock;

use domain::autoscaler::Sample;
use domain::name::{ClusterId, Namespace, ObjectName};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::link::sql;
use super::{Read, StoreError, Write};

/// Microseconds for which a sample is kept: a day.
const KEEP_US: i64 = 24 * 60 * 60 * 1_000_000;
/// Microseconds in a second.
const SECOND_US: i64 = 1_000_000;
/// The most samples that one statement writes.
const ROWS: usize = 64;

/// Which autoscaler a sample is of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AutoscalerPlace {
    /// Its cluster.
    pub cluster: ClusterId,
    /// Its namespace.
    pub namespace: Namespace,
    /// Its name.
    pub name: ObjectName,
}

/// `insert` for one row, for two, and so on.
static INSERTS: LazyLock<Vec<String>> = LazyLock::new(|| (1..=ROWS).map(insert).collect());

fn insert(rows: usize) -> String {
    let row = |number: usize| {
        let values: Vec<String> = (1..=8).map(|column| format!("${}", number * 8 + column)).collect();
        format!("({})", values.join(", "))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!(
        "insert into autoscaler_samples (cluster, namespace, name, at, replicas, desired, load, asked) values {} \
         on conflict do nothing",
        rows.join(", ")
    )
}

fn sample_of(row: &AnyRow) -> Result<(AutoscalerPlace, Sample), StoreError> {
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let number = |value: i64| u32::try_from(value).map_err(StoreError::row);
    let known = |value: Option<i64>| value.map(number).transpose();
    let place = AutoscalerPlace {
        cluster: text("cluster")?.parse().map_err(StoreError::row)?,
        namespace: text("namespace")?.parse().map_err(StoreError::row)?,
        name: text("name")?.parse().map_err(StoreError::row)?,
    };
    let sample = Sample {
        at: row.try_get::<i64, _>("at")? / SECOND_US,
        replicas: number(row.try_get("replicas")?)?,
        desired: number(row.try_get("desired")?)?,
        load: known(row.try_get("load")?)?,
        asked: known(row.try_get("asked")?)?,
    };
    Ok((place, sample))
}

impl Read {
    /// The samples of all autoscalers from a time on, oldest first. `from`: microseconds since 1970.
    pub async fn autoscaler_samples(&mut self, from: i64) -> Result<Vec<(AutoscalerPlace, Sample)>, StoreError> {
        let statement = sql("select cluster, namespace, name, at, replicas, desired, load, asked \
             from autoscaler_samples where at >= $1 order by at");
        self.link.all(statement.bind(from)).await?.iter().map(sample_of).collect()
    }
}

impl Write {
    /// Keeps samples; one that is known already stays as it is.
    pub async fn keep_autoscaler_samples(&mut self, samples: &[(AutoscalerPlace, Sample)]) -> Result<(), StoreError> {
        for part in samples.chunks(ROWS) {
            let Some(text) = INSERTS.get(part.len() - 1) else { continue };
            let mut statement = sql(text);
            for (place, sample) in part {
                statement = statement
                    .bind(place.cluster.as_str().to_owned())
                    .bind(place.namespace.as_str().to_owned())
                    .bind(place.name.as_str().to_owned())
                    .bind(sample.at.saturating_mul(SECOND_US))
                    .bind(i64::from(sample.replicas))
                    .bind(i64::from(sample.desired))
                    .bind(sample.load.map(i64::from))
                    .bind(sample.asked.map(i64::from));
            }
            self.link.execute(statement).await?;
        }
        Ok(())
    }

    pub(super) async fn delete_old_autoscaler_samples(&mut self, now: i64) -> Result<u64, StoreError> {
        let statement = sql("delete from autoscaler_samples where at < $1");
        self.link.execute(statement.bind(now.saturating_sub(KEEP_US))).await
    }
}
