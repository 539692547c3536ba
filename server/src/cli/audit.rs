//! `quarterdeck audit`: whether the ledger is as it was written.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::store::ledger::{Head, Verdict};
use crate::store::{DatabaseUrl, Store};

/// The ledger of what was done.
#[derive(Debug, Args)]
pub struct AuditArguments {
    /// What to do.
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Checks every entry against its hash and the one before, and names the first that was changed.
    ///
    /// Ends with 0 where all are as they were written, with 1 where one is not, and with 2 where it could not be checked.
    /// Nothing is changed. Keep the head that is printed elsewhere, where nobody who can write the database can write: without
    /// it, entries that were cut off at the end, or a ledger that was written anew, cannot be noticed.
    Verify {
        /// The database: the same as for `quarterdeck serve`, or a copy of it.
        #[arg(long, env = "QUARTERDECK_DATABASE", value_name = "URL", hide_env_values = true)]
        database: Option<DatabaseUrl>,
        /// A head that an earlier check printed: the ledger must still hold it.
        #[arg(long, value_name = "HASH@SEQ")]
        head: Option<Head>,
    },
}

/// Checks, and says what was found.
pub async fn run(arguments: AuditArguments) -> ExitCode {
    let AuditCommand::Verify { database, head } = arguments.command;
    match verify(database, head).await {
        Ok(Verdict::Whole { head }) => {
            let entries = if head.seq == 1 { "entry" } else { "entries" };
            println!("The ledger is whole: {} {entries}.", head.seq);
            println!("Head: {head}");
            ExitCode::SUCCESS
        }
        Ok(Verdict::Broken(broken)) => {
            println!("The ledger is broken at {broken}.");
            println!("What comes before it is as it was written; what comes after it was not checked.");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("quarterdeck: the ledger could not be checked: {error:#}");
            ExitCode::from(2)
        }
    }
}

async fn verify(database: Option<DatabaseUrl>, head: Option<Head>) -> anyhow::Result<Verdict> {
    let store = Store::inspect(&crate::database_of(database)?).await?;
    let verdict = store.verify(head).await;
    store.close().await;
    Ok(verdict?)
}
