//! One connection at work: every statement has a deadline, and a connection whose statement was cut off is not used again.

use std::sync::Arc;
use std::time::Duration;

use sqlx::any::{Any, AnyArguments, AnyRow};
use sqlx::pool::PoolConnection;
use sqlx::query::Query;
use tokio::time::timeout;

use super::{Health, Inner, StoreError};

/// Time for one statement. PostgreSQL gives up after 5 s by itself, SQLite waits 5 s for other processes.
pub(super) const STATEMENT: Duration = Duration::from_secs(6);
/// Time for a connection to be put back or closed.
const FAREWELL: Duration = Duration::from_secs(5);

/// A query with its values.
pub(super) type Statement<'q> = Query<'q, Any, AnyArguments>;

/// A statement of ours: `$1`, `$2` and so on stand for what is bound.
pub(super) fn sql<'q>(text: &'static str) -> Statement<'q> {
    sqlx::query(text)
}

/// A connection of the pool.
pub(super) struct Link {
    connection: Option<PoolConnection<Any>>,
    inner: Arc<Inner>,
    /// A statement or transaction is not over: whoever gets the connection next would be in the middle of it.
    unfinished: bool,
}

impl Link {
    pub(super) fn new(connection: PoolConnection<Any>, inner: Arc<Inner>) -> Self {
        Self { connection: Some(connection), inner, unfinished: false }
    }

    /// All rows.
    pub(super) async fn all(&mut self, statement: Statement<'_>) -> Result<Vec<AnyRow>, StoreError> {
        let before = self.unfinished;
        let connection = self.connection()?;
        let answer = timeout(STATEMENT, statement.fetch_all(&mut **connection)).await;
        self.answered(answer, before)
    }

    /// The first row, if there is one. The statement is run to its end.
    pub(super) async fn optional(&mut self, statement: Statement<'_>) -> Result<Option<AnyRow>, StoreError> {
        Ok(self.all(statement).await?.into_iter().next())
    }

    /// The only row.
    pub(super) async fn one(&mut self, statement: Statement<'_>) -> Result<AnyRow, StoreError> {
        self.optional(statement).await?.ok_or_else(|| StoreError::row("there is none"))
    }

    /// The number of rows that were changed.
    pub(super) async fn execute(&mut self, statement: Statement<'_>) -> Result<u64, StoreError> {
        let before = self.unfinished;
        let connection = self.connection()?;
        let answer = timeout(STATEMENT, statement.execute(&mut **connection)).await;
        Ok(self.answered(answer, before)?.rows_affected())
    }

    /// From now on the connection is in a transaction, until [`Self::finish`].
    pub(super) async fn begin(&mut self, statement: &'static str) -> Result<(), StoreError> {
        self.execute(sql(statement).persistent(false)).await?;
        self.unfinished = true;
        Ok(())
    }

    /// Ends a transaction with `commit` or `rollback`.
    pub(super) async fn finish(&mut self, statement: &'static str) -> Result<(), StoreError> {
        self.execute(sql(statement).persistent(false)).await?;
        self.unfinished = false;
        Ok(())
    }

    /// Writing works.
    pub(super) fn note_written(&self) {
        self.inner.note(Health::Fine);
    }

    /// Whether it is a connection to PostgreSQL.
    pub(super) fn is_postgres(&self) -> bool {
        self.inner.is_postgres()
    }

    /// The connection, for what the driver does with it. It counts as unfinished until [`Self::answered`].
    fn connection(&mut self) -> Result<&mut PoolConnection<Any>, StoreError> {
        self.unfinished = true;
        self.connection.as_mut().ok_or_else(|| StoreError::row("the connection was given back"))
    }

    fn answered<T>(
        &mut self,
        answer: Result<Result<T, sqlx::Error>, tokio::time::error::Elapsed>,
        before: bool,
    ) -> Result<T, StoreError> {
        let answer = match answer {
            Ok(answer) => answer.map_err(StoreError::from),
            Err(_) => Err(StoreError::slow(STATEMENT)),
        };
        match &answer {
            Err(StoreError::Internal(cause)) => tracing::error!("the database did not take a statement: {cause}"),
            Err(StoreError::Schema(text, Some(cause))) => tracing::error!("{text} It said: {cause}"),
            Err(error) if error.is_outage() => tracing::debug!("the database failed: {error:?}"),
            _ => {}
        }
        match &answer {
            Ok(_) => self.unfinished = before,
            // A constraint or the like: the connection is fine, unless a transaction is open.
            Err(error) if !error.is_outage() => self.unfinished = before,
            Err(error) => self.inner.note(Health::of(error)),
        }
        answer
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        if self.unfinished {
            // The database rolls back what was open.
            connection.close_on_drop();
            return;
        }
        // The driver pings the connection before it puts it back, and waits without end for the answer; by then a
        // database that stopped would have all our connections. What does not answer is thrown away here.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let put_back = connection.return_to_pool();
            runtime.spawn(async move { timeout(FAREWELL, put_back).await.is_ok() });
        }
    }
}
