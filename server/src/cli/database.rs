//! `quarterdeck database`: the tables, for whoever owns them.

use clap::{Args, Subcommand};

use crate::store::{DatabaseUrl, Store};

/// The tables of the database.
#[derive(Debug, Args)]
pub struct DatabaseArguments {
    /// What to do.
    #[command(subcommand)]
    command: DatabaseCommand,
}

#[derive(Debug, Subcommand)]
enum DatabaseCommand {
    /// Makes the tables, or brings them up to date; does nothing where they are.
    ///
    /// `quarterdeck serve` does the same by itself where its role may. On PostgreSQL it should not: run this with the URL of
    /// the owner of the tables, and let the console serve with a role that can only append to the ledger.
    Migrate {
        /// The database: the same as for `quarterdeck serve`, on PostgreSQL with the owner of the tables.
        #[arg(long, env = "QUARTERDECK_DATABASE", value_name = "URL", hide_env_values = true)]
        database: Option<DatabaseUrl>,
        /// PostgreSQL only: gives this role what `quarterdeck serve` needs, and takes everything else from it. In the ledger
        /// it may read and append, not change or delete. Make it first: `create role NAME login password '…'`.
        #[arg(long, value_name = "NAME")]
        for_role: Option<String>,
    },
}

/// Does it, and says what was done.
///
/// # Errors
///
/// Those of the database, as sentences.
pub async fn run(arguments: DatabaseArguments) -> anyhow::Result<()> {
    let DatabaseCommand::Migrate { database, for_role } = arguments.command;
    let url = crate::database_of(database)?;
    let store = Store::open(&url).await?;
    let done = match &for_role {
        Some(role) => store.allow_role(role).await,
        None => Ok(()),
    };
    store.close().await;
    done?;
    println!("{url}: the tables are up to date.");
    if let Some(role) = for_role {
        println!("The role {role} may serve with them. In the ledger it can read and append, and nothing else.");
    }
    Ok(())
}
