//! The program `quarterdeck`.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Parser as _;
use server::Ending;
use server::cli::{self, Cli, Command};
use server::config::{LogFormat, ServeSettings};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;
use tracing::info;

/// How long the end may take once no more connections are taken.
const PATIENCE: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let command = std::env::args().nth(1);
            let Some(code) = cli::status::usage_code(command.as_deref(), &error) else { error.exit() };
            // To standard error; where that is closed the code says it.
            _ = error.print();
            return code;
        }
    };
    match cli.command {
        Command::Check { file } => cli::check(&file),
        Command::Schema => {
            cli::schema();
            ExitCode::SUCCESS
        }
        Command::Endpoints => {
            cli::endpoints();
            ExitCode::SUCCESS
        }
        Command::Policy(arguments) => done(cli::policy::run(arguments)),
        Command::Windows(arguments) => done(cli::policy::windows(arguments)),
        Command::Plan(arguments) => code(quietly(async { Ok(cli::plan::run(*arguments).await) })),
        Command::Status(arguments) => cli::status::run(arguments),
        Command::Audit(arguments) => code(quietly(async { Ok(cli::audit::run(arguments).await) })),
        Command::Database(arguments) => done(quietly(cli::database::run(arguments))),
        Command::DemoData(arguments) => done(quietly(cli::demo_data::run(arguments))),
        Command::User(arguments) => done(quietly(cli::user::run(arguments))),
        Command::Serve(settings) => done(serve(*settings)),
    }
}

/// How something ended that says nothing more.
fn done(done: anyhow::Result<()>) -> ExitCode {
    code(done.map(|()| ExitCode::SUCCESS))
}

/// How something ended, by its own code or with the error.
fn code(ended: anyhow::Result<ExitCode>) -> ExitCode {
    ended.unwrap_or_else(|error| {
        eprintln!("quarterdeck: {error:#}");
        ExitCode::FAILURE
    })
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
    tell_faults();
    let served = runtime.block_on(async {
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
        let cancel = ending.cancel.clone();
        let late = async {
            cancel.cancelled().await;
            sleep(PATIENCE).await;
        };
        tokio::select! {
            served = server::serve(settings, ending) => served,
            () = late => bail!("something did not end within {} s and was left", PATIENCE.as_secs()),
        }
    });
    // What runs on threads of its own, like a program that a kubeconfig names, cannot be stopped: it is left behind.
    runtime.shutdown_timeout(Duration::from_secs(1));
    served
}

/// Has faults of the program counted, and written like everything else. Their words may hold anything, so only the place is told.
fn tell_faults() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        tracing::error!("a fault of the program at {place}");
    }));
}
