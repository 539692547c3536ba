//! What checks found: each result for 90 days, then sums by the hour for two years.

use domain::check::history::Sample;
use domain::check::{CheckKind, CheckResult, Outcome};
use domain::name::EnvironmentId;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::link::sql;
use super::{Read, StoreError, Write};

/// An hour, in microseconds.
const HOUR_US: i64 = 3600 * 1_000_000;
/// How long each result is kept.
const RESULTS_US: i64 = 90 * 24 * HOUR_US;
/// How long sums are kept.
const SUMS_US: i64 = 2 * 365 * 24 * HOUR_US;

fn sample_of(row: &AnyRow) -> Result<Sample, StoreError> {
    let outcome: String = row.try_get("outcome")?;
    let (latency, pause): (Option<i64>, i64) = (row.try_get("latency_ms")?, row.try_get("pause_s")?);
    Ok(Sample {
        at: row.try_get("at")?,
        // What a newer program writes says nothing here.
        outcome: outcome.parse().unwrap_or(Outcome::Unknown),
        latency_ms: latency.and_then(|latency| u32::try_from(latency).ok()),
        pause_s: u32::try_from(pause).unwrap_or(u32::MAX),
    })
}

impl Read {
    /// Results of a check after a moment, microseconds since 1970: the oldest `most`, oldest first.
    pub async fn check_samples(
        &mut self,
        environment: &EnvironmentId,
        kind: CheckKind,
        after: i64,
        most: i64,
    ) -> Result<Vec<Sample>, StoreError> {
        let statement = sql("select at, outcome, latency_ms, pause_s from check_results \
             where environment = $1 and kind = $2 and at > $3 order by at limit $4")
        .bind(environment.to_string())
        .bind(kind.as_str())
        .bind(after)
        .bind(most);
        self.link.all(statement).await?.iter().map(sample_of).collect()
    }
}

impl Write {
    /// Adds results. What is not configured has no history and is not added; what another replica found at the very same
    /// moment stays.
    pub async fn add_check_results(
        &mut self,
        environment: &EnvironmentId,
        results: &[CheckResult],
    ) -> Result<(), StoreError> {
        for result in results.iter().filter(|result| result.outcome != Outcome::NotConfigured) {
            let sentence = (result.outcome != Outcome::Ok).then(|| result.sentence.to_string());
            let statement =
                sql("insert into check_results (environment, kind, at, outcome, latency_ms, pause_s, sentence) \
                 values ($1, $2, $3, $4, $5, $6, $7) on conflict (environment, kind, at) do nothing")
                .bind(environment.to_string())
                .bind(result.kind.as_str())
                .bind(result.at)
                .bind(result.outcome.as_str())
                .bind(result.latency_ms.map(i64::from))
                .bind(i64::from(result.pause_s))
                .bind(sentence);
            self.link.execute(statement).await?;
        }
        Ok(())
    }

    /// Sums up the results of whole hours that are 90 days old and deletes them, and deletes sums of more than two years. Says how
    /// many rows are gone.
    pub(super) async fn sum_up_old_checks(&mut self, now: i64) -> Result<u64, StoreError> {
        let before = now.saturating_sub(RESULTS_US).div_euclid(HOUR_US) * HOUR_US;
        // Several replicas sweep: what one sums up late is added to what another did.
        let statement =
            sql("insert into check_hours (environment, kind, hour, ok, warning, failed, unknown, timed, latency_ms) \
             select environment, kind, at / 3600000000, \
             count(case when outcome = 'ok' then 1 end), count(case when outcome = 'warning' then 1 end), \
             count(case when outcome = 'failed' then 1 end), count(case when outcome = 'unknown' then 1 end), \
             count(latency_ms), cast(coalesce(sum(latency_ms), 0) as bigint) \
             from check_results where at < $1 group by environment, kind, at / 3600000000 \
             on conflict (environment, kind, hour) do update set ok = check_hours.ok + excluded.ok, \
             warning = check_hours.warning + excluded.warning, failed = check_hours.failed + excluded.failed, \
             unknown = check_hours.unknown + excluded.unknown, timed = check_hours.timed + excluded.timed, \
             latency_ms = check_hours.latency_ms + excluded.latency_ms");
        self.link.execute(statement.bind(before)).await?;
        let gone = self.link.execute(sql("delete from check_results where at < $1").bind(before)).await?;
        let oldest = now.saturating_sub(SUMS_US).div_euclid(HOUR_US);
        let sums = self.link.execute(sql("delete from check_hours where hour < $1").bind(oldest)).await?;
        Ok(gone + sums)
    }
}
