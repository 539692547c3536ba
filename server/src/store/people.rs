//! People: who may sign in, how, and what they were granted.

use std::collections::HashMap;
use std::fmt;

use domain::access::{Grant, Grants, Role};
use domain::person::{UserId, UserName};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::link::sql;
use super::{Read, StoreError, Write};

/// A person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Never changes.
    pub id: UserId,
    /// To sign in with.
    pub name: UserName,
    /// Whether they have a password.
    pub has_password: bool,
    /// Who they are to an identity provider.
    pub identity: Option<Identity>,
    /// Since when they may not sign in, microseconds since 1970.
    pub disabled_at: Option<i64>,
    /// When they were added, microseconds since 1970.
    pub created_at: i64,
    /// What they were granted, weakest role first.
    pub grants: Grants,
}

impl User {
    /// Whether they may not sign in.
    pub fn is_disabled(&self) -> bool {
        self.disabled_at.is_some()
    }
}

/// Who somebody is to an identity provider. Never an e-mail address: those are given to others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    /// `iss` of the token.
    pub issuer: String,
    /// `sub` of the token.
    pub subject: String,
}

/// The hash of a password, in PHC form. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// A hash, never a password.
    pub fn new(phc: impl Into<String>) -> Self {
        Self(phc.into())
    }

    /// For the function that verifies a password.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// A person to be added, without grants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// 128 random bits.
    pub id: UserId,
    /// To sign in with.
    pub name: UserName,
    /// The hash of their password, if they get one.
    pub password: Option<PasswordHash>,
    /// Who they are to an identity provider, if they come from one.
    pub identity: Option<Identity>,
    /// Now, microseconds since 1970.
    pub created_at: i64,
}

/// What is needed to check a sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Who it would be.
    pub user: User,
    /// The hash to check against, where they have a password.
    pub password: Option<PasswordHash>,
}

/// The columns of a person, for a table called `users`.
macro_rules! user_columns {
    () => {
        "users.id as user_id, users.name as user_name, users.password_hash as password_hash, users.issuer as issuer, \
         users.subject as subject, users.disabled_at as disabled_at, users.created_at as user_created_at"
    };
}
pub(super) use user_columns;

/// A person without grants, from [`user_columns`].
pub(super) fn user_of(row: &AnyRow) -> Result<Credentials, StoreError> {
    let text = |column| row.try_get::<String, _>(column);
    let optional = |column| row.try_get::<Option<String>, _>(column);
    let password = optional("password_hash")?.map(PasswordHash);
    let identity = match (optional("issuer")?, optional("subject")?) {
        (Some(issuer), Some(subject)) => Some(Identity { issuer, subject }),
        _ => None,
    };
    let user = User {
        id: text("user_id")?.parse().map_err(StoreError::row)?,
        name: text("user_name")?.parse().map_err(StoreError::row)?,
        has_password: password.is_some(),
        identity,
        disabled_at: row.try_get("disabled_at")?,
        created_at: row.try_get("user_created_at")?,
        grants: Grants::default(),
    };
    Ok(Credentials { user, password })
}

/// A grant. One that this program does not know, because a newer one gave it, gives nothing.
fn grant_of(row: &AnyRow) -> Result<Option<Grant>, StoreError> {
    let role = row.try_get::<String, _>("role")?.parse();
    let scope = row.try_get::<String, _>("scope")?.parse();
    Ok(role.ok().zip(scope.ok()).map(|(role, scope)| Grant { role, scope }))
}

impl Read {
    /// A person by id.
    pub async fn user(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        let statement = sql(concat!("select ", user_columns!(), " from users where id = $1"));
        let row = self.link.optional(statement.bind(id.to_string())).await?;
        Ok(self.with_grants(row).await?.map(|found| found.user))
    }

    /// A person by name.
    pub async fn user_by_name(&mut self, name: &UserName) -> Result<Option<User>, StoreError> {
        Ok(self.credentials(name).await?.map(|found| found.user))
    }

    /// A person by name, with the hash of their password: for signing in.
    pub async fn credentials(&mut self, name: &UserName) -> Result<Option<Credentials>, StoreError> {
        let statement = sql(concat!("select ", user_columns!(), " from users where name = $1"));
        let row = self.link.optional(statement.bind(name.to_string())).await?;
        self.with_grants(row).await
    }

    /// A person by what an identity provider says.
    pub async fn user_by_identity(&mut self, identity: &Identity) -> Result<Option<User>, StoreError> {
        let statement = sql(concat!("select ", user_columns!(), " from users where issuer = $1 and subject = $2"));
        let statement = statement.bind(identity.issuer.clone()).bind(identity.subject.clone());
        let row = self.link.optional(statement).await?;
        Ok(self.with_grants(row).await?.map(|found| found.user))
    }

    /// Everybody, by name.
    pub async fn users(&mut self) -> Result<Vec<User>, StoreError> {
        let rows = self.link.all(sql(concat!("select ", user_columns!(), " from users order by name"))).await?;
        let mut grants: HashMap<String, Grants> = HashMap::new();
        for row in self.link.all(sql("select user_id, role, scope from grants order by user_id")).await? {
            if let Some(grant) = grant_of(&row)? {
                grants.entry(row.try_get("user_id")?).or_default().0.push(grant);
            }
        }
        let with_grants = |row: &AnyRow| {
            let mut user = user_of(row)?.user;
            user.grants = grants.remove(&user.id.to_string()).unwrap_or_default();
            user.grants.0.sort();
            Ok(user)
        };
        rows.iter().map(with_grants).collect()
    }

    /// How many people there are.
    pub async fn count_users(&mut self) -> Result<u64, StoreError> {
        self.count(sql("select count(*) as found from users")).await
    }

    /// How many people there are who may sign in and are admins everywhere.
    pub async fn count_enabled_admins(&mut self) -> Result<u64, StoreError> {
        let statement = sql("select count(*) as found from users where disabled_at is null and exists (\
             select 1 from grants where grants.user_id = users.id and grants.role = $1 and grants.scope = $2)");
        self.count(statement.bind(Role::Admin.as_str()).bind("*")).await
    }

    async fn count(&mut self, statement: super::link::Statement<'_>) -> Result<u64, StoreError> {
        let found: i64 = self.link.one(statement).await?.try_get("found")?;
        u64::try_from(found).map_err(StoreError::row)
    }

    async fn with_grants(&mut self, row: Option<AnyRow>) -> Result<Option<Credentials>, StoreError> {
        let Some(row) = row else { return Ok(None) };
        let mut found = user_of(&row)?;
        found.user.grants = self.grants_of(found.user.id).await?;
        Ok(Some(found))
    }

    /// What a person was granted.
    pub(super) async fn grants_of(&mut self, id: UserId) -> Result<Grants, StoreError> {
        let rows = self.link.all(sql("select role, scope from grants where user_id = $1").bind(id.to_string())).await?;
        let mut grants = Vec::with_capacity(rows.len());
        for row in &rows {
            grants.extend(grant_of(row)?);
        }
        grants.sort();
        Ok(Grants(grants))
    }
}

/// The advisory lock of PostgreSQL behind [`Write::lock_people`].
const PEOPLE_LOCK: i64 = 0x5144_0001;

impl Write {
    /// Until the end of the transaction nobody else decides about people: for rules over several of them, as that one admin
    /// must be left. To be called before what the rule looks at is read.
    pub async fn lock_people(&mut self) -> Result<(), StoreError> {
        if self.link.is_postgres() {
            self.link.all(sql("select pg_advisory_xact_lock($1)").bind(PEOPLE_LOCK)).await?;
        }
        // SQLite has one writer.
        Ok(())
    }

    /// Until the end of the transaction nobody decides about people: for whoever goes by what a person may do now. Many can hold
    /// this at once.
    pub async fn hold_people(&mut self) -> Result<(), StoreError> {
        if self.link.is_postgres() {
            self.link.all(sql("select pg_advisory_xact_lock_shared($1)").bind(PEOPLE_LOCK)).await?;
        }
        // SQLite has one writer.
        Ok(())
    }

    /// Adds a person, without grants.
    ///
    /// # Errors
    ///
    /// [`StoreError::Conflict`] where the name or the identity is taken.
    pub async fn add_user(&mut self, user: &NewUser) -> Result<(), StoreError> {
        let statement = sql("insert into users (id, name, password_hash, issuer, subject, created_at) \
             values ($1, $2, $3, $4, $5, $6)")
        .bind(user.id.to_string())
        .bind(user.name.to_string())
        .bind(user.password.as_ref().map(|hash| hash.0.clone()))
        .bind(user.identity.as_ref().map(|identity| identity.issuer.clone()))
        .bind(user.identity.as_ref().map(|identity| identity.subject.clone()))
        .bind(user.created_at);
        self.link.execute(statement).await.map(|_| ())
    }

    /// Sets the password. False where there is no such person.
    pub async fn set_password(&mut self, id: UserId, hash: &PasswordHash) -> Result<bool, StoreError> {
        let statement = sql("update users set password_hash = $2 where id = $1");
        Ok(self.link.execute(statement.bind(id.to_string()).bind(hash.0.clone())).await? > 0)
    }

    /// Lets a person sign in no more. False where nothing changed. Their sessions are ended with
    /// [`Write::end_sessions_of`], in the same transaction.
    pub async fn disable_user(&mut self, id: UserId, now: i64) -> Result<bool, StoreError> {
        let statement = sql("update users set disabled_at = $2 where id = $1 and disabled_at is null");
        Ok(self.link.execute(statement.bind(id.to_string()).bind(now)).await? > 0)
    }

    /// Lets a person sign in again. False where nothing changed.
    pub async fn enable_user(&mut self, id: UserId) -> Result<bool, StoreError> {
        let statement = sql("update users set disabled_at = null where id = $1 and disabled_at is not null");
        Ok(self.link.execute(statement.bind(id.to_string())).await? > 0)
    }

    /// Gives a role. False where they have it already. `given_by` says who did: a name, or `command line`.
    pub async fn grant(&mut self, id: UserId, grant: &Grant, given_by: &str, now: i64) -> Result<bool, StoreError> {
        let statement =
            sql("insert into grants (user_id, role, scope, given_by, given_at) values ($1, $2, $3, $4, $5) \
             on conflict (user_id, role, scope) do nothing")
            .bind(id.to_string())
            .bind(grant.role.as_str())
            .bind(grant.scope.to_string())
            .bind(given_by.to_owned())
            .bind(now);
        Ok(self.link.execute(statement).await? > 0)
    }

    /// Takes a role. False where they did not have it.
    pub async fn take(&mut self, id: UserId, grant: &Grant) -> Result<bool, StoreError> {
        let statement = sql("delete from grants where user_id = $1 and role = $2 and scope = $3")
            .bind(id.to_string())
            .bind(grant.role.as_str())
            .bind(grant.scope.to_string());
        Ok(self.link.execute(statement).await? > 0)
    }
}
