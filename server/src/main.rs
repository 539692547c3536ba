//! The program `quarterdeck`.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser as _;
use server::Ending;
use server::cli::{self, Cli, Command};
use server::config::{LogFormat, ServeSettings};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;
use tracing::info;

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Check { file } => cli::check(&file),
        Command::Schema => {
            cli::schema();
            ExitCode::SUCCESS
        }
        Command::Endpoints => {
            cli::endpoints();
            ExitCode::SUCCESS
        }
        Command::Audit(arguments) => match quietly(async { Ok(cli::audit::run(arguments).await) }) {
            Ok(code) => code,
            Err(error) => {
                eprintln!("quarterdeck: {error:#}");
                ExitCode::FAILURE
            }
        },
        Command::Database(arguments) => match quietly(cli::database::run(arguments)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("quarterdeck: {error:#}");
                ExitCode::FAILURE
            }
        },
        Command::User(arguments) => match quietly(cli::user::run(arguments)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("quarterdeck: {error:#}");
                ExitCode::FAILURE
            }
        },
        Command::Serve(settings) => match serve(*settings) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("quarterdeck: {error:#}");
                ExitCode::FAILURE
            }
        },
    }
}

/// Runs something short to its end.
fn quietly<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting the runtime")?.block_on(work)
}

fn serve(settings: ServeSettings) -> anyhow::Result<()> {
    let is_terminal = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt()
        .with_env_filter(settings.log_filter())
        .with_writer(std::io::stderr)
        .with_ansi(is_terminal);
    match settings.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("starting the runtime")?;
    let drain = Duration::from_secs(u64::from(settings.drain));
    runtime.block_on(async {
        let ending = Ending::default();
        let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
        let mut interrupt = signal(SignalKind::interrupt()).context("listening for SIGINT")?;
        let asked = ending.clone();
        tokio::spawn(async move {
            let drain = tokio::select! {
                _ = terminate.recv() => drain,
                _ = interrupt.recv() => Duration::ZERO,
            };
            info!("ending");
            asked.leaving.cancel();
            // Whoever asks twice does not want to wait.
            tokio::select! {
                () = sleep(drain) => {}
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            asked.cancel.cancel();
        });
        server::serve(settings, ending).await
    })
}
