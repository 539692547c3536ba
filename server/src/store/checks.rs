//! What checks found: each result for 90 days, and how each hour was spent for two years.

use domain::check::history::{HOUR_US, History, HourSum, MOST_SPOKEN_US, RECENT_US, STRIP, Sample};
use domain::check::{CheckKind, CheckResult, Outcome};
use domain::name::EnvironmentId;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::link::sql;
use super::{Read, StoreError, Write};

/// The advisory lock of PostgreSQL that whoever sweeps holds until the end of their transaction.
const SWEEP_LOCK: i64 = 0x5144_0010;
/// How long each result is kept.
const RESULTS_US: i64 = 90 * 24 * HOUR_US;
/// How long sums are kept.
const SUMS_US: i64 = 2 * 365 * 24 * HOUR_US;
/// Of how many hours results are read at once when they are summed up.
const AT_ONCE: i64 = 24;

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

    /// The hours of a check that were summed up and end after a moment, microseconds since 1970, oldest first; and up to when every
    /// hour of every check was, 0 where none ever was.
    pub async fn check_hours(
        &mut self,
        environment: &EnvironmentId,
        kind: CheckKind,
        after: i64,
    ) -> Result<(i64, Vec<HourSum>), StoreError> {
        // First: what another replica sums up meanwhile comes after it, and is left out.
        let until = self.check_hours_end().await?.unwrap_or(0);
        let statement = sql("select hour, up, down, last_good from check_hours \
             where environment = $1 and kind = $2 and hour >= $3 and hour < $4 order by hour")
        .bind(environment.to_string())
        .bind(kind.as_str())
        .bind(after.div_euclid(HOUR_US))
        .bind(until.div_euclid(HOUR_US));
        let rows = self.link.all(statement).await?;
        let hours = rows.iter().map(|row| {
            let hour: i64 = row.try_get("hour")?;
            let (up, down, last_good) = (row.try_get("up")?, row.try_get("down")?, row.try_get("last_good")?);
            Ok(HourSum { from: hour.saturating_mul(HOUR_US), up, down, last_good })
        });
        Ok((until, hours.collect::<Result<_, StoreError>>()?))
    }

    /// When the oldest of the results of a check was found that its strip shows; `None` where there are not so many.
    pub async fn check_strip_begin(
        &mut self,
        environment: &EnvironmentId,
        kind: CheckKind,
    ) -> Result<Option<i64>, StoreError> {
        let statement = sql("select at from check_results where environment = $1 and kind = $2 \
             order by at desc limit 1 offset $3")
        .bind(environment.to_string())
        .bind(kind.as_str())
        .bind(i64::try_from(STRIP).unwrap_or(i64::MAX).saturating_sub(1));
        Ok(self.link.optional(statement).await?.map(|row| row.try_get("at")).transpose()?)
    }

    /// The end of the newest hour that was summed up, microseconds since 1970.
    async fn check_hours_end(&mut self) -> Result<Option<i64>, StoreError> {
        let row = self.link.optional(sql("select hour from check_hours order by hour desc limit 1")).await?;
        let hour: Option<i64> = row.map(|row| row.try_get("hour")).transpose()?;
        Ok(hour.map(|hour| hour.saturating_add(1).saturating_mul(HOUR_US)))
    }

    /// Results of a check from a moment on and before another, oldest first.
    async fn check_samples_within(
        &mut self,
        (environment, kind): (&str, &str),
        from: i64,
        until: i64,
    ) -> Result<Vec<Sample>, StoreError> {
        let statement = sql("select at, outcome, latency_ms, pause_s from check_results \
             where environment = $1 and kind = $2 and at >= $3 and at < $4 order by at")
        .bind(environment.to_owned())
        .bind(kind.to_owned())
        .bind(from)
        .bind(until);
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

    /// Until the end of the transaction no other replica sweeps: both would do the same, and wait for each other in the middle of it.
    pub(super) async fn lock_sweep(&mut self) -> Result<(), StoreError> {
        if self.link.is_postgres() {
            self.link.all(sql("select pg_advisory_xact_lock($1)").bind(SWEEP_LOCK)).await?;
        }
        // SQLite has one writer.
        Ok(())
    }

    /// Sums up the whole hours that are two days old and were not yet, and deletes results of more than 90 days and sums of more than
    /// two years. Says how many rows are gone. What is written even later, by a replica that could not for two days, is not summed up.
    pub(super) async fn sum_up_old_checks(&mut self, now: i64) -> Result<u64, StoreError> {
        let until = now.saturating_sub(RECENT_US).div_euclid(HOUR_US) * HOUR_US;
        let mut from = self.first_hour_to_sum_up().await?.unwrap_or(until);
        while from < until {
            let to = from.saturating_add(AT_ONCE * HOUR_US).min(until);
            self.sum_up_checks(from, to).await?;
            from = to;
        }
        let before = now.saturating_sub(RESULTS_US).div_euclid(HOUR_US) * HOUR_US;
        let gone = self.link.execute(sql("delete from check_results where at < $1").bind(before)).await?;
        let oldest = now.saturating_sub(SUMS_US).div_euclid(HOUR_US);
        let sums = self.link.execute(sql("delete from check_hours where hour < $1").bind(oldest)).await?;
        Ok(gone + sums)
    }

    /// Where summing up goes on: after the last sum, else with the first result.
    async fn first_hour_to_sum_up(&mut self) -> Result<Option<i64>, StoreError> {
        if let Some(end) = self.check_hours_end().await? {
            return Ok(Some(end));
        }
        let first = self.link.optional(sql("select at from check_results order by at limit 1")).await?;
        let first: Option<i64> = first.map(|row| row.try_get("at")).transpose()?;
        Ok(first.map(|at| at.div_euclid(HOUR_US) * HOUR_US))
    }

    /// Sums up the hours of all checks from one to another.
    async fn sum_up_checks(&mut self, from: i64, to: i64) -> Result<(), StoreError> {
        // What was found before may speak for the first of them, and what came after says for how long the last result does.
        let (before, after) = (from.saturating_sub(MOST_SPOKEN_US), to.saturating_add(MOST_SPOKEN_US));
        let statement = sql("select distinct environment, kind from check_results where at >= $1 and at < $2");
        for row in self.link.all(statement.bind(before).bind(to)).await? {
            let (environment, kind): (String, String) = (row.try_get("environment")?, row.try_get("kind")?);
            let samples = self.check_samples_within((&environment, &kind), before, after).await?;
            let sums = History::hours_of(&samples, from, to).into_iter();
            // An hour of which nothing is known is as one without a row.
            for HourSum { from, up, down, last_good } in sums.filter(HourSum::is_known) {
                // The same again where it was done already.
                let statement = sql("insert into check_hours (environment, kind, hour, up, down, last_good) \
                     values ($1, $2, $3, $4, $5, $6) on conflict (environment, kind, hour) do update \
                     set up = excluded.up, down = excluded.down, last_good = excluded.last_good")
                .bind(environment.clone())
                .bind(kind.clone())
                .bind(from.div_euclid(HOUR_US))
                .bind(up)
                .bind(down)
                .bind(last_good);
                self.link.execute(statement).await?;
            }
        }
        Ok(())
    }
}
