//! New passwords for the people of an application: random, hashed as the application wants them, shown once.

use std::time::Duration;

use aws_lc_rs::aead::NONCE_LEN;
use domain::access::{Place, Right};
use domain::ledger::OperationId;
use domain::name::EnvironmentId;
use domain::registry::demo_data::{PasswordScheme, Passwords as Declared};
use sqlx::{Connection as _, PgConnection, Row as _};
use tokio::time::timeout;

use super::seal::{Issued, NotSealed, SealKey};
use super::seed::Seed;
use super::table::{Name, named};
use super::{DemoData, open};
use crate::people::Who;
use crate::people::passwords::hash_now;
use crate::people::token::{Token, random_text};
use crate::store::StoreError;

/// The most people who get a password: nobody reads more, and each takes a tenth of a second. Others cannot sign in.
const MOST: u64 = 200;
/// How long the database may take to give them.
const LONGEST: Duration = Duration::from_secs(15);
/// Letters and digits of a password, 5 bits each.
const LENGTH: usize = 20;
/// <https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#bcrypt> asks for 10 at least.
const BCRYPT_COST: u32 = 12;

/// Where passwords are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The table.
    pub table: Name,
    key: Name,
    login: Name,
    hash: Name,
}

/// Passwords that are ready to be given.
#[derive(Debug)]
pub struct Ready {
    columns: Columns,
    made: Vec<Made>,
    key: SealKey,
}

/// A password with its hash.
struct Made {
    plain: String,
    hash: String,
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Made(…)")
    }
}

/// Why there are none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPasswords {
    /// They are declared for a table that the seed does not fill.
    #[error("passwords are declared for the table {0}, which the seed does not fill")]
    Table(String),
    /// The hash cannot be made.
    #[error("a password could not be hashed")]
    Hash,
}

impl Columns {
    /// As they are declared, of a table of the seed.
    pub fn of(declared: &Declared, seed: &Seed) -> Result<Self, NoPasswords> {
        let none = || NoPasswords::Table(declared.table.clone());
        let table = seed.tables.iter().find(|table| table.name.as_str() == declared.table).ok_or_else(none)?;
        Ok(Self {
            table: table.name.clone(),
            key: table.key.clone(),
            login: Name::new(&declared.login).ok_or_else(none)?,
            hash: Name::new(&declared.hash).ok_or_else(none)?,
        })
    }

    /// How many get one, by the rows of the seed.
    pub fn most(&self, seed: &Seed) -> u64 {
        let table = seed.tables.iter().find(|table| table.name == self.table);
        table.map_or(0, |table| table.rows.min(MOST))
    }

    /// Gives people the hashes that they had, by key and login. Says to how many.
    pub(super) async fn keep(&self, link: &mut PgConnection, snapshot: &str) -> Result<u64, sqlx::Error> {
        let (table, key, login, hash) =
            (self.table.table(), self.key.as_str(), self.login.as_str(), self.hash.as_str());
        let done = named(format!(
            "update {table} as now set {hash} = before.{hash} from {snapshot} as before \
             where now.{key} = before.{key} and now.{login} = before.{login}"
        ))
        .execute(link)
        .await?;
        Ok(done.rows_affected())
    }
}

impl Ready {
    /// Makes as many passwords as people may get.
    ///
    /// # Errors
    ///
    /// Where they cannot be hashed.
    pub async fn make(columns: Columns, scheme: PasswordScheme, count: u64, key: SealKey) -> Result<Self, NoPasswords> {
        let made = tokio::task::spawn_blocking(move || (0..count).map(|_| made(scheme)).collect::<Result<Vec<_>, _>>());
        let made = made.await.map_err(|_| NoPasswords::Hash)??;
        Ok(Self { columns, made, key })
    }

    /// Gives one to each person, in the order of their keys.
    pub(super) async fn give(&self, link: &mut PgConnection) -> Result<Vec<Issued>, sqlx::Error> {
        let Columns { table, key, login, hash } = &self.columns;
        let (table, key, login, hash) = (table.table(), key.as_str(), login.as_str(), hash.as_str());
        let people = named(format!(
            "select {key}::bigint as key, {login}::text as login from {table} order by {key} limit {}",
            self.made.len()
        ))
        .fetch_all(&mut *link)
        .await?;
        let mut issued = Vec::new();
        for (person, made) in people.iter().zip(&self.made) {
            named(format!("update {table} set {hash} = $1 where {key} = $2"))
                .bind(&*made.hash)
                .bind(person.try_get::<i64, _>("key")?)
                .execute(&mut *link)
                .await?;
            let login: Option<String> = person.try_get("login")?;
            issued.push(Issued { login: login.unwrap_or_default(), password: made.plain.clone() });
        }
        // Nobody else gets in by a password that a seed may have had.
        let last = match people.last() {
            Some(person) => person.try_get::<i64, _>("key")?,
            None => return Ok(issued),
        };
        named(format!("update {table} set {hash} = '!' where {key} > $1")).bind(last).execute(&mut *link).await?;
        Ok(issued)
    }

    /// Seals what was given for the one session that is shown it.
    pub(super) fn seal(&self, issued: &[Issued]) -> Result<Vec<u8>, NotSealed> {
        self.key.seal(issued)
    }
}

fn made(scheme: PasswordScheme) -> Result<Made, NoPasswords> {
    let plain = random_text(LENGTH);
    let hash = match scheme {
        PasswordScheme::Bcrypt => bcrypt::hash(&plain, BCRYPT_COST).map_err(|_| NoPasswords::Hash)?,
        PasswordScheme::Argon2id => hash_now(&plain).map_err(|_| NoPasswords::Hash)?,
    };
    Ok(Made { plain, hash })
}

/// Why no passwords are shown.
#[derive(Debug, thiserror::Error)]
pub enum ShowRefusal {
    /// None that one may see.
    #[error("there is no such reset")]
    Absent,
    /// They are for whoever pressed.
    #[error("the passwords are shown to whoever pressed the button, in the session they pressed it in")]
    NotYours,
    /// They were shown, or nobody wanted to see them in time.
    #[error(
        "the passwords were shown already, or another reset followed, or 15 minutes have passed. Reset again for new ones"
    )]
    Gone,
    /// The database that holds them does not answer.
    #[error("the passwords cannot be read: {0}. They are kept; try again within 15 minutes of the reset")]
    Database(String),
    /// The console's own database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DemoData {
    /// Shows the passwords of a reset, and where it was: once, to the session in which it was pressed.
    pub async fn show_passwords(
        &self,
        who: &Who,
        token: &Token,
        id: OperationId,
    ) -> Result<(EnvironmentId, Vec<Issued>), ShowRefusal> {
        let known = self.people.store().read().await?.reset(id).await?;
        let record = known.map(|held| held.record).filter(|record| who.user.grants.sees(&record.environment));
        let record = record.ok_or(ShowRefusal::Absent)?;
        let may = who.user.grants.may(Right::ResetDemoData, Place::Environment(&record.environment));
        if record.by.id != who.user.id.to_string() || !may {
            return Err(ShowRefusal::NotYours);
        }
        let (_, declared) = self.declared(&record.environment).ok_or(ShowRefusal::Absent)?;
        let key = SealKey::of(token, id).map_err(|_| ShowRefusal::NotYours)?;
        let link = open::database(&self.reach, &self.own, &declared.database).await;
        let mut link = link.map_err(|error| ShowRefusal::Database(error.to_string()))?;
        let broke = |_| ShowRefusal::Database("the connection broke".to_owned());
        let slow = |_| ShowRefusal::Database(format!("no answer within {} s", LONGEST.as_secs()));
        let shown = timeout(LONGEST, take(&mut link.connection, id, &key)).await.map_err(slow)?.map_err(broke)?;
        link.close().await;
        Ok((record.environment, shown?))
    }
}

/// Takes what was sealed, if this key opens it: of two who ask at once the second finds nothing.
async fn take(
    link: &mut PgConnection,
    id: OperationId,
    key: &SealKey,
) -> Result<Result<Vec<Issued>, ShowRefusal>, sqlx::Error> {
    let mut transaction = link.begin().await?;
    let row = sqlx::query(
        "select sealed from quarterdeck.resets as own where id = $1 and sealed_until > now() and length(sealed) > $2 \
         and not exists (select 1 from quarterdeck.resets as later where later.kind <> 'void' and later.done_at > own.done_at) \
         for update of own",
    )
    .persistent(false)
    .bind(id.to_string())
    .bind(i32::try_from(NONCE_LEN).unwrap_or(0))
    .fetch_optional(&mut *transaction)
    .await?;
    let Some(row) = row else { return Ok(Err(ShowRefusal::Gone)) };
    // Another session of theirs must not take them from this one.
    let Ok(issued) = key.open(&row.try_get::<Vec<u8>, _>("sealed")?) else { return Ok(Err(ShowRefusal::NotYours)) };
    sqlx::query("update quarterdeck.resets set sealed = null where id = $1")
        .persistent(false)
        .bind(id.to_string())
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(Ok(issued))
}

#[cfg(test)]
mod tests {
    use argon2::password_hash::phc::PasswordHash;
    use argon2::{Argon2, PasswordVerifier as _};

    use super::*;

    #[test]
    fn a_password_is_random_and_its_hash_is_of_the_scheme() {
        let (first, second) = (made(PasswordScheme::Bcrypt).unwrap(), made(PasswordScheme::Bcrypt).unwrap());
        assert_ne!(first.plain, second.plain);
        assert!(first.hash.starts_with("$2b$12$"), "{}", first.hash);
        assert!(bcrypt::verify(&first.plain, &first.hash).unwrap());
        assert!(!bcrypt::verify(&second.plain, &first.hash).unwrap());
        let third = made(PasswordScheme::Argon2id).unwrap();
        assert!(third.hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", third.hash);
        let hash = PasswordHash::new(&third.hash).unwrap();
        assert!(Argon2::default().verify_password(third.plain.as_bytes(), &hash).is_ok());
        assert_eq!(third.plain.chars().filter(char::is_ascii_alphanumeric).count(), LENGTH);
        assert_eq!(format!("{third:?}"), "Made(…)");
    }
}
