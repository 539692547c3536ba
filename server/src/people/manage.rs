//! Adding people, giving and taking roles.

use domain::access::{Grant, GrantRefusal, Grants, Place, Right, Role, Scope, check_grant, judge_grant};
use domain::group::GroupName;
use domain::ledger::{Actor, Entry, Kind, Outcome, Whom};
use domain::person::{NoUserName, UserId, UserName};
use domain::session::Ending;
use domain::text::plain;

use super::passwords::{self, PasswordRefusal};
use super::token::{Token, random_id, random_text};
use super::{People, PeopleError, Session, Source, entry, limits, whom};
use crate::store::{Conflict, NewUser, PasswordHash, StoreError, User, Write};

/// How long the link for the first admin works, in microseconds.
const INVITATION_US: i64 = 24 * 3600 * 1_000_000;
/// Characters of a password that we make: 5 bits each, a hundred in all.
const MADE_LENGTH: usize = 20;

/// Why something is not done to a person.
#[derive(Debug, thiserror::Error)]
pub enum ManageRefusal {
    /// By the rules.
    #[error(transparent)]
    Grant(#[from] GrantRefusal),
    /// No good password.
    #[error(transparent)]
    Password(#[from] PasswordRefusal),
    /// No good name.
    #[error(transparent)]
    Name(#[from] NoUserName),
    /// Somebody has it.
    #[error("there is a person of this name already: choose another")]
    NameTaken,
    /// Nobody of that id or name.
    #[error("there is no such person any more")]
    Nobody,
    /// The password that was to be replaced.
    #[error("the password you have now is another one")]
    WrongPassword,
    /// Theirs is kept by the provider.
    #[error("this person signs in with a provider and has no password here")]
    NoPassword,
    /// One's own account.
    #[error("nobody does this to their own account: ask another admin")]
    Own,
    /// The link was used, or is too old.
    #[error("this link does not work any more")]
    LinkOver,
    /// It cannot be done or recorded now.
    #[error(transparent)]
    Trouble(#[from] PeopleError),
}

impl From<StoreError> for ManageRefusal {
    fn from(error: StoreError) -> Self {
        Self::Trouble(error.into())
    }
}

/// Who does it: an admin in the browser, or whoever can run the program on the server and needs nobody's leave.
pub enum By<'a> {
    /// Signed in.
    Admin(&'a Session),
    /// On the command line.
    CommandLine,
}

impl By<'_> {
    fn actor(&self) -> Actor {
        match self {
            Self::Admin(session) => session.actor(Some(Role::Admin)),
            Self::CommandLine => {
                Actor { id: String::new(), name: "command line".into(), role: None, source: "command line".into() }
            }
        }
    }

    /// Whether they may manage people at all.
    fn check(&self) -> Result<(), GrantRefusal> {
        match self {
            Self::Admin(session) if !session.user.grants.may(Right::Administer, Place::Console) => {
                Err(GrantRefusal::NotAdmin)
            }
            Self::Admin(_) | Self::CommandLine => Ok(()),
        }
    }

    fn is(&self, user: &User) -> bool {
        matches!(self, Self::Admin(session) if session.user.id == user.id)
    }
}

/// `1 session`, `3 sessions`.
pub(super) fn sessions(count: u64) -> String {
    format!("{count} session{}", if count == 1 { "" } else { "s" })
}

/// What became of a password: the one that was given, or one that we made and show once.
pub enum Chosen {
    /// Typed by a person.
    Given(String),
    /// Made by us.
    Random,
}

impl People {
    /// Adds a person. Returns the password if it was made here.
    pub async fn add(
        &self,
        by: &By<'_>,
        name: &str,
        password: Chosen,
        now: i64,
    ) -> Result<Option<String>, ManageRefusal> {
        by.check()?;
        let name = UserName::new(name.trim())?;
        let (hash, made) = self.chosen(name.as_str(), password).await?;
        let mut write = self.store.write().await?;
        self.authorise(&mut write, by).await?;
        let new = new_user(&name, hash, now);
        match write.add_user(&new).await {
            Err(StoreError::Conflict(Conflict::UserName)) => return Err(ManageRefusal::NameTaken),
            added => added?,
        }
        let what = format!("Added {name}.");
        let whom = Some(Whom { id: new.id.to_string(), name: name.to_string() });
        write.append(&Entry { whom, ..entry(now, Kind::UserAdded, Outcome::Done, by.actor(), what) }).await?;
        write.commit().await?;
        Ok(made)
    }

    /// Gives or takes a role. It ends the person's sessions: what they may do is decided anew.
    pub async fn change_role(
        &self,
        by: &By<'_>,
        person: UserId,
        grant: &Grant,
        gives: bool,
        now: i64,
    ) -> Result<User, ManageRefusal> {
        let mut write = self.store.write().await?;
        write.lock_people().await?;
        let user = write.user(person).await?.ok_or(ManageRefusal::Nobody)?;
        match by {
            By::Admin(session) => {
                let grants = self.grants_now(&mut write, session.user.id, &session.groups).await?;
                let admins = write.count_enabled_admins().await?;
                let holds = !user.is_disabled() && user.grants.is_everywhere(Role::Admin);
                judge_grant(&grants, by.is(&user), grant, gives, holds, admins)?;
            }
            By::CommandLine => check_grant(grant)?,
        }
        let changed = if gives {
            write.grant(person, grant, &by.actor().name, now).await?
        } else {
            write.take(person, grant).await?
        };
        if changed {
            write.end_sessions_of(person, None, Ending::Role, now).await?;
            let (kind, what) = if gives {
                (Kind::RoleGranted, format!("Gave {} the role {grant}.", user.name))
            } else {
                (Kind::RoleTaken, format!("Took the role {grant} from {}.", user.name))
            };
            let mut entry = Entry { whom: whom(&user), ..entry(now, kind, Outcome::Done, by.actor(), what) };
            if let Scope::Environment(environment) = &grant.scope {
                entry.environment = Some(environment.clone());
            }
            write.append(&entry).await?;
        }
        write.commit().await?;
        self.forget();
        Ok(user)
    }

    /// Whether they manage people as it is in this transaction, in which from now on nobody else decides about people. What was known
    /// of them before may be two seconds old, or as old as the making of a hash.
    async fn authorise(&self, write: &mut Write, by: &By<'_>) -> Result<(), ManageRefusal> {
        write.lock_people().await?;
        match by {
            By::CommandLine => Ok(()),
            By::Admin(session) => {
                let grants = self.grants_now(write, session.user.id, &session.groups).await?;
                if grants.may(Right::Administer, Place::Console) { Ok(()) } else { Err(GrantRefusal::NotAdmin.into()) }
            }
        }
    }

    /// The role by which somebody has a right at a place as it is in this transaction, which no change of roles overtakes. `groups`:
    /// those that the identity provider named for them when they signed in.
    pub async fn role_now(
        &self,
        write: &mut Write,
        person: UserId,
        groups: &[GroupName],
        right: Right,
        place: Place<'_>,
    ) -> Result<Option<Role>, StoreError> {
        write.hold_people().await?;
        Ok(self.grants_now(write, person, groups).await?.role_for(right, place))
    }

    /// What somebody may do as it is in this transaction, not as it was when they signed in.
    async fn grants_now(&self, write: &mut Write, person: UserId, groups: &[GroupName]) -> Result<Grants, StoreError> {
        let Some(user) = write.user(person).await?.filter(|user| !user.is_disabled()) else {
            return Ok(Grants::default());
        };
        let by_group = self.by_group(&user, groups);
        Ok(user.grants.with(by_group.iter().map(|by| by.grant.clone())))
    }

    /// Lets a person in no more, and ends their sessions; or lets them in again.
    pub async fn disable(&self, by: &By<'_>, person: UserId, disable: bool, now: i64) -> Result<User, ManageRefusal> {
        by.check()?;
        let mut write = self.store.write().await?;
        self.authorise(&mut write, by).await?;
        let user = write.user(person).await?.ok_or(ManageRefusal::Nobody)?;
        if by.is(&user) {
            return Err(ManageRefusal::Own);
        }
        let is_admin = !user.is_disabled() && user.grants.is_everywhere(Role::Admin);
        if disable && is_admin && matches!(by, By::Admin(_)) && write.count_enabled_admins().await? <= 1 {
            return Err(GrantRefusal::LastAdmin.into());
        }
        let (kind, what) = if disable {
            write.disable_user(person, now).await?;
            write.end_sessions_of(person, None, Ending::Disabled, now).await?;
            (Kind::UserDisabled, format!("Disabled {}.", user.name))
        } else {
            write.enable_user(person).await?;
            (Kind::UserEnabled, format!("Enabled {}.", user.name))
        };
        write.append(&Entry { whom: whom(&user), ..entry(now, kind, Outcome::Done, by.actor(), what) }).await?;
        write.commit().await?;
        self.forget();
        Ok(user)
    }

    /// Ends all sessions of a person.
    pub async fn end_sessions(&self, by: &By<'_>, person: UserId, now: i64) -> Result<User, ManageRefusal> {
        by.check()?;
        let mut write = self.store.write().await?;
        self.authorise(&mut write, by).await?;
        let user = write.user(person).await?.ok_or(ManageRefusal::Nobody)?;
        let ended = write.end_sessions_of(person, None, Ending::Admin, now).await?;
        let what = format!("Ended {} of {}.", sessions(ended), user.name);
        let entry = entry(now, Kind::SessionRevoked, Outcome::Done, by.actor(), what);
        write.append(&Entry { whom: whom(&user), ..entry }).await?;
        write.commit().await?;
        self.forget();
        Ok(user)
    }

    /// Gives a person another password and ends their sessions. Returns it if it was made here.
    pub async fn set_password(
        &self,
        by: &By<'_>,
        person: UserId,
        password: Chosen,
        now: i64,
    ) -> Result<(User, Option<String>), ManageRefusal> {
        by.check()?;
        let user = self.store.read().await?.user(person).await?.ok_or(ManageRefusal::Nobody)?;
        // One's own is changed by whoever knows the one before: otherwise a session that was taken becomes an account.
        if by.is(&user) {
            return Err(ManageRefusal::Own);
        }
        if !user.has_password {
            return Err(ManageRefusal::NoPassword);
        }
        let (hash, made) = self.chosen(user.name.as_str(), password).await?;
        let mut write = self.store.write().await?;
        self.authorise(&mut write, by).await?;
        write.set_password(person, &hash).await?;
        write.end_sessions_of(person, None, Ending::Password, now).await?;
        let what = format!("Set another password for {}.", user.name);
        let entry = entry(now, Kind::PasswordSet, Outcome::Done, by.actor(), what);
        write.append(&Entry { whom: whom(&user), ..entry }).await?;
        write.commit().await?;
        self.forget();
        Ok((user, made))
    }

    /// Changes one's own password, knowing the one before, and ends one's other sessions.
    pub async fn change_password(
        &self,
        who: &Session,
        current: String,
        new: String,
        again: &str,
        now: i64,
    ) -> Result<(), ManageRefusal> {
        let account = limits::account(who.user.name.as_str());
        let attempts = self.store.count_attempt(account, now, limits::WINDOW_US).await?;
        let known = self.store.read().await?.credentials(&who.user.name).await?.ok_or(ManageRefusal::Nobody)?;
        let hash = known.password.ok_or(ManageRefusal::NoPassword)?;
        // Somebody at an open screen guesses no more often than somebody at the door.
        let fits = attempts.times <= limits::MOST_PER_ACCOUNT
            && self.passwords.verify(current, Some(&hash)).await.map_err(PeopleError::from)?;
        // The first one too many is written down; a flood does not fill the ledger.
        if !fits && attempts.times <= limits::MOST_PER_ACCOUNT + 1 {
            let mut write = self.store.write().await?;
            let what =
                "Refused another password of their own: the one before was wrong, or tried too often.".to_owned();
            write.append(&entry(now, Kind::PasswordSet, Outcome::Refused, who.actor(None), what)).await?;
            write.commit().await?;
        }
        if !fits {
            return Err(ManageRefusal::WrongPassword);
        }
        if new != again {
            return Err(PasswordRefusal::Differ.into());
        }
        let (made, _) = self.chosen(who.user.name.as_str(), Chosen::Given(new)).await?;
        let mut write = self.store.write().await?;
        write.lock_people().await?;
        // An admin may have set another one meanwhile, and ended this session with it.
        let current = write.credentials(&who.user.name).await?.and_then(|current| current.password);
        if current.as_ref() != Some(&hash) {
            return Err(ManageRefusal::WrongPassword);
        }
        write.set_password(who.user.id, &made).await?;
        write.end_sessions_of(who.user.id, Some(who.id), Ending::Password, now).await?;
        let what = "Set another password of their own.".to_owned();
        write.forget_attempts(account).await?;
        write.append(&entry(now, Kind::PasswordSet, Outcome::Done, who.actor(None), what)).await?;
        write.commit().await?;
        self.forget();
        Ok(())
    }

    /// Lets somebody try again whose account was guessed at too often.
    pub async fn unlock(&self, name: &str, now: i64) -> Result<(), PeopleError> {
        let mut write = self.store.write().await?;
        write.forget_attempts(limits::account(name)).await?;
        let what = format!("Let {} try to sign in again.", plain(name, 64));
        let whom = match UserName::new(name.trim()) {
            Ok(name) => write.user_by_name(&name).await?.as_ref().and_then(whom),
            Err(_) => None,
        };
        let entry = entry(now, Kind::UserEnabled, Outcome::Done, By::CommandLine.actor(), what);
        write.append(&Entry { whom, ..entry }).await?;
        Ok(write.commit().await?)
    }

    /// A link for the first admin, while there is nobody at all.
    pub async fn invite_first(&self, now: i64) -> Result<Option<Token>, PeopleError> {
        if self.store.read().await?.count_users().await? > 0 {
            return Ok(None);
        }
        let token = Token::random();
        let mut write = self.store.write().await?;
        write.add_invitation(token.key(), now, now + INVITATION_US).await?;
        write.commit().await?;
        Ok(Some(token))
    }

    /// Whether a link for the first admin works.
    pub async fn is_invited(&self, token: &Token, now: i64) -> Result<bool, PeopleError> {
        let mut read = self.store.read().await?;
        Ok(read.count_users().await? == 0 && read.is_invited(token.key(), now).await?)
    }

    /// Makes the first admin and lets them in.
    pub async fn accept_invitation(
        &self,
        token: &Token,
        name: &str,
        password: String,
        again: &str,
        from: &Source,
        now: i64,
    ) -> Result<Token, ManageRefusal> {
        if !self.is_invited(token, now).await? {
            return Err(ManageRefusal::LinkOver);
        }
        let name = UserName::new(name.trim())?;
        if password != again {
            return Err(PasswordRefusal::Differ.into());
        }
        let (hash, _) = self.chosen(name.as_str(), Chosen::Given(password)).await?;
        let mut write = self.store.write().await?;
        write.lock_people().await?;
        if write.count_users().await? > 0 || !write.use_invitation(token.key(), now).await? {
            return Err(ManageRefusal::LinkOver);
        }
        let new = new_user(&name, hash, now);
        let id = new.id;
        write.add_user(&new).await?;
        let admin = Grant { role: Role::Admin, scope: Scope::Everywhere };
        write.grant(id, &admin, "first start", now).await?;
        let actor = Actor { id: id.to_string(), name: name.to_string(), role: None, source: from.address.clone() };
        let what = format!("Added {name}, the first admin, by the link of the first start.");
        write.append(&entry(now, Kind::UserAdded, Outcome::Done, actor, what)).await?;
        write.commit().await?;
        let user = self.store.read().await?.user(id).await?.ok_or(ManageRefusal::Nobody)?;
        Ok(self.begin(&user, from, now, "Signed in by the link of the first start.").await?)
    }

    /// The hash of a password, and the password itself where it was made here.
    async fn chosen(&self, name: &str, password: Chosen) -> Result<(PasswordHash, Option<String>), ManageRefusal> {
        let (password, made) = match password {
            Chosen::Given(password) => {
                passwords::judge(name, &password)?;
                (password, None)
            }
            Chosen::Random => {
                let password = random_text(MADE_LENGTH);
                (password.clone(), Some(password))
            }
        };
        Ok((self.passwords.hash(password).await.map_err(PeopleError::from)?, made))
    }
}

/// A person to be added, with a new id.
fn new_user(name: &UserName, password: PasswordHash, now: i64) -> NewUser {
    NewUser { id: UserId(random_id()), name: name.clone(), password: Some(password), identity: None, created_at: now }
}
