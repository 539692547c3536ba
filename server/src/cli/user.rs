//! `quarterdeck user`: people and their roles from the command line, for whoever can run the program on the server.

use std::io::BufRead as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use domain::access::{Grant, Role, Scope};
use domain::person::UserName;

use crate::clock;
use crate::people::{By, Chosen, People, SessionLimits};
use crate::registry;
use crate::store::{DatabaseUrl, Store, User};

/// People and their roles.
#[derive(Debug, Args)]
pub struct UserArguments {
    /// What to do.
    #[command(subcommand)]
    command: UserCommand,
    /// The database of the console: the same as for `quarterdeck serve`.
    #[arg(long, env = "QUARTERDECK_DATABASE", value_name = "URL", hide_env_values = true, global = true)]
    database: Option<DatabaseUrl>,
    /// The registry of the console: a role is given only in what is registered there.
    #[arg(long, env = "QUARTERDECK_CONFIG", value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Adds a person, and prints a password for them unless one is given.
    Add {
        /// To sign in with: letters, digits and . _ - + @
        name: String,
        /// A role for them, everywhere or in a scope: `viewer`, `operator@fleet-management`, `tester@fleet-management/staging`.
        #[arg(long = "role", value_name = "ROLE[@SCOPE]", value_parser = grant)]
        roles: Vec<Grant>,
        /// Read the password from standard input instead of making one.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Lists everybody with their roles.
    List,
    /// Lets a person in no more, and ends their sessions.
    Disable {
        /// Who.
        name: String,
    },
    /// Lets a person in again.
    Enable {
        /// Who.
        name: String,
    },
    /// Gives a person another password, and ends their sessions.
    SetPassword {
        /// Who.
        name: String,
        /// Read the password from standard input instead of making one.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Gives a role, or takes it. The person's sessions end.
    Role {
        /// Give or take.
        #[command(subcommand)]
        change: RoleChange,
    },
    /// Lets somebody try again whose account was guessed at too often.
    Unlock {
        /// Who.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
enum RoleChange {
    /// Gives a role.
    Give(RoleOf),
    /// Takes a role.
    Take(RoleOf),
}

#[derive(Debug, Args)]
struct RoleOf {
    /// Who.
    name: String,
    /// viewer, tester, operator, lead or admin; `@` and a system, or system/environment, where it does not hold everywhere.
    #[arg(value_name = "ROLE[@SCOPE]", value_parser = grant)]
    role: Grant,
}

/// Reads `operator@fleet-management/staging`.
fn grant(text: &str) -> Result<Grant, String> {
    let (role, scope) = text.split_once('@').unwrap_or((text, "*"));
    let role: Role = role.parse().map_err(|error| format!("{error}"))?;
    let scope: Scope = scope.parse().map_err(|error| format!("{error}"))?;
    let grant = Grant { role, scope };
    domain::access::check_grant(&grant).map_err(|error| error.to_string())?;
    Ok(grant)
}

/// Does it, and says what was done.
pub async fn run(arguments: UserArguments) -> anyhow::Result<()> {
    check_scopes(arguments.config.as_deref(), arguments.command.given())?;
    let store = Store::open(&crate::database_of(arguments.database)?).await?;
    let done = carry_out(&store, arguments.command).await;
    store.close().await;
    done
}

impl UserCommand {
    /// The roles that it would give. What is taken may hold where nothing is registered any more.
    fn given(&self) -> &[Grant] {
        match self {
            Self::Add { roles, .. } => roles,
            Self::Role { change: RoleChange::Give(of) } => std::slice::from_ref(&of.role),
            Self::Role { change: RoleChange::Take(_) }
            | Self::List
            | Self::Disable { .. }
            | Self::Enable { .. }
            | Self::SetPassword { .. }
            | Self::Unlock { .. } => &[],
        }
    }
}

/// Refuses roles that would hold nowhere, if it is known what is registered; otherwise says that nobody looked.
fn check_scopes(config: Option<&Path>, roles: &[Grant]) -> anyhow::Result<()> {
    let mut bounded = roles.iter().map(|grant| &grant.scope).filter(|scope| **scope != Scope::Everywhere).peekable();
    if bounded.peek().is_none() {
        return Ok(());
    }
    let Some(config) = config else {
        let scopes: Vec<String> = bounded.map(ToString::to_string).collect();
        let scopes = scopes.join(", ");
        eprintln!(
            "Whether the registry has {scopes} was not checked: name the registry with --config to have it checked."
        );
        return Ok(());
    };
    let registry = registry::load(config).context("the scope cannot be checked")?;
    for scope in bounded {
        registry::judge_scope(&registry, scope).context("no role was given")?;
    }
    Ok(())
}

async fn carry_out(store: &Store, command: UserCommand) -> anyhow::Result<()> {
    let people = People::new(store.clone(), SessionLimits::default())?;
    let (by, now) = (By::CommandLine, clock::now_us());
    match command {
        UserCommand::Add { name, roles, password_stdin } => {
            let made = people.add(&by, &name, chosen(password_stdin)?, now).await?;
            let user = find(store, &name).await?;
            for grant in &roles {
                people.change_role(&by, user.id, grant, true, now).await?;
            }
            let words: Vec<String> = roles.iter().map(ToString::to_string).collect();
            eprintln!(
                "Added {}: {}.",
                user.name,
                if words.is_empty() { "no role yet".into() } else { words.join(", ") }
            );
            show(made);
        }
        UserCommand::List => {
            for user in store.read().await?.users().await? {
                println!("{}", line(&user));
            }
        }
        UserCommand::Disable { name } => {
            people.disable(&by, find(store, &name).await?.id, true, now).await?;
            eprintln!("Disabled {name}; their sessions have ended.");
        }
        UserCommand::Enable { name } => {
            people.disable(&by, find(store, &name).await?.id, false, now).await?;
            eprintln!("Enabled {name}.");
        }
        UserCommand::SetPassword { name, password_stdin } => {
            let user = find(store, &name).await?;
            let (_, made) = people.set_password(&by, user.id, chosen(password_stdin)?, now).await?;
            eprintln!("Set another password for {name}; their sessions have ended.");
            show(made);
        }
        UserCommand::Role { change } => {
            let (RoleOf { name, role }, gives) = match change {
                RoleChange::Give(of) => (of, true),
                RoleChange::Take(of) => (of, false),
            };
            let user = find(store, &name).await?;
            people.change_role(&by, user.id, &role, gives, now).await?;
            eprintln!("{}", line(&find(store, &name).await?));
        }
        UserCommand::Unlock { name } => {
            people.unlock(&name, clock::now_us()).await?;
            eprintln!("{name} can try again.");
        }
    }
    Ok(())
}

async fn find(store: &Store, name: &str) -> anyhow::Result<User> {
    let name = UserName::new(name.trim())?;
    let found = store.read().await?.user_by_name(&name).await?;
    found.with_context(|| format!("nobody is called {name}: `quarterdeck user list` shows everybody"))
}

/// The password alone on standard output, so that a script can take it.
fn show(made: Option<String>) {
    if let Some(password) = made {
        eprintln!("Their password, shown this once:");
        println!("{password}");
    }
}

fn chosen(from_stdin: bool) -> anyhow::Result<Chosen> {
    if !from_stdin {
        return Ok(Chosen::Random);
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("reading the password from standard input")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("standard input held no password: write it as one line");
    }
    Ok(Chosen::Given(password.to_owned()))
}

fn line(user: &User) -> String {
    let grants: Vec<String> = user.grants.0.iter().map(ToString::to_string).collect();
    let roles = if grants.is_empty() { "no role".to_owned() } else { grants.join(", ") };
    let disabled = if user.is_disabled() { " (disabled)" } else { "" };
    let by = user.identity.as_ref().map(|identity| format!(" (by {})", identity.issuer)).unwrap_or_default();
    format!("{}{disabled}{by}: {roles}", user.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_given_only_where_something_is_registered() {
        let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/demo.yaml");
        for (config, role, expected) in [
            (Some(demo), "operator@fleet-management", None),
            (Some(demo), "operator@fleet-managment", Some("did you mean 'fleet-management'?")),
            (Some("no-such.yaml"), "operator@fleet-management", Some("there is no such file")),
            // Whoever is locked out does not need a registry that is whole.
            (Some("no-such.yaml"), "admin", None),
            (None, "operator@fleet-managment", None),
        ] {
            let judged = check_scopes(config.map(Path::new), &[grant(role).unwrap()]);
            match (judged, expected) {
                (Ok(()), None) => {}
                (Err(error), Some(part)) => assert!(format!("{error:#}").contains(part), "{role}: {error:#}"),
                (judged, _) => panic!("{role}: {judged:?}"),
            }
        }
        let take = UserCommand::Role {
            change: RoleChange::Take(RoleOf { name: "kim".into(), role: grant("viewer@gone").unwrap() }),
        };
        assert!(take.given().is_empty(), "what is registered no more could not be taken");
    }

    #[test]
    fn a_role_is_written_with_where_it_holds() {
        for (text, expected) in [
            ("viewer", Ok("viewer everywhere")),
            ("operator@fleet-management", Ok("operator in fleet-management")),
            ("tester@a/staging", Ok("tester in a/staging")),
            ("admin", Ok("admin everywhere")),
            ("admin@a", Err("an admin is one everywhere")),
            ("root", Err("is not a role")),
            ("viewer@A", Err("is not a scope")),
            ("viewer@", Err("is not a scope")),
        ] {
            match (grant(text), expected) {
                (Ok(grant), Ok(words)) => assert_eq!(grant.to_string(), words),
                (Err(error), Err(part)) => assert!(error.contains(part), "{text}: {error}"),
                (read, expected) => panic!("{text}: {read:?} instead of {expected:?}"),
            }
        }
    }
}
