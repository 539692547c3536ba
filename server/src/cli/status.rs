//! `quarterdeck status`: how the environments are, as the console would say it, for scripts; without a server and a database.

mod report;

use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use clap::error::ErrorKind;
use domain::access::Grants;
use domain::frame::{Page, Topic};
use domain::name::EnvironmentId;
use domain::registry::Registry;
use domain::text::plain;
use domain::view::{EnvironmentView, SourceView};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::cluster::{Kubeconfig, supervise};
use crate::registry;
use crate::rows::Rows;
use report::{Report, exit_code, text};

/// The code of what was not asked rightly, as `sysexits.h` has it: 2 is taken.
const WRONG_USAGE: u8 = 64;
/// How long the watches may take to end.
const PATIENCE: Duration = Duration::from_secs(1);
/// The longest trouble of a cluster that is told.
const TROUBLE_LIMIT: usize = 400;

/// Of what to tell how it is.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Which environment: `fleet-management/production`. All of them where none is given.
    environment: Option<EnvironmentId>,
    /// As JSON, in the form that docs/operating.md describes.
    #[arg(long)]
    json: bool,
    /// Seconds to wait until every cluster was read, or is known not to answer. What was not read then is Unknown.
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=300))]
    timeout: u32,
    /// The registry.
    #[arg(long, env = "QUARTERDECK_CONFIG", value_name = "FILE")]
    config: PathBuf,
    /// The kubeconfig; where it is not given `$KUBECONFIG` or `~/.kube/config`.
    #[arg(long, env = "QUARTERDECK_KUBECONFIG", value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
}

/// The code with which a command line ends that cannot be read; `None` where clap's own is right.
pub fn usage_code(command: Option<&str>, error: &clap::Error) -> Option<ExitCode> {
    let asks = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    (command == Some("status") && !asks).then(|| ExitCode::from(WRONG_USAGE))
}

/// Prints the report, and ends with what it comes to.
pub fn run(arguments: StatusArguments) -> ExitCode {
    let registry = match wanted(&arguments) {
        Ok(registry) => Arc::new(registry),
        Err(error) => {
            eprintln!("quarterdeck: {error:#}");
            return ExitCode::from(WRONG_USAGE);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime.context("starting the runtime") {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("quarterdeck: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let patience = Duration::from_secs(u64::from(arguments.timeout));
    let (environments, sources) = runtime.block_on(look(registry, arguments.kubeconfig.clone(), patience));
    // A program that the kubeconfig names may go on: nobody waits for it.
    runtime.shutdown_background();
    for trouble in troubles(&sources) {
        eprintln!("quarterdeck: {trouble}");
    }
    let report = Report::new(&environments, &sources, clock::now());
    let printed = if arguments.json {
        serde_json::to_string_pretty(&report).map(|json| json + "\n").unwrap_or_default()
    } else {
        let is_coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        text(&report, is_coloured)
    };
    // Whoever reads may have read enough, and the code says the rest.
    _ = std::io::stdout().lock().write_all(printed.as_bytes());
    ExitCode::from(exit_code(environments.iter().map(|environment| environment.head.state)))
}

/// The registry with nothing but what is asked about: no more is watched.
fn wanted(arguments: &StatusArguments) -> anyhow::Result<Registry> {
    let mut registry = registry::load(&arguments.config)?;
    let Some(wanted) = &arguments.environment else { return Ok(registry) };
    for system in &mut registry.systems {
        let id = system.id.clone();
        system.environments.retain(|environment| wanted.system == id && wanted.environment == environment.id);
    }
    registry.systems.retain(|system| !system.environments.is_empty());
    let environment = registry.systems.first().and_then(|system| system.environments.first());
    let cluster = environment.with_context(|| format!("{wanted} is not in {}", arguments.config.display()))?;
    let cluster = cluster.cluster.clone();
    registry.clusters.retain(|known| known.id == cluster);
    Ok(registry)
}

/// Reads the clusters as the console does, until all were read or are known not to answer, but for so long at most.
async fn look(
    registry: Arc<Registry>,
    kubeconfig: Option<PathBuf>,
    patience: Duration,
) -> (Vec<EnvironmentView>, Vec<SourceView>) {
    let rows = Arc::new(Rows::new(registry.clone(), clock::now_ms));
    let cancel = CancellationToken::new();
    // Kept, so that the registry is not taken for one that nobody follows any more.
    let (_current, registry) = watch::channel(registry);
    let watching = tokio::spawn(supervise(registry, rows.clone(), Kubeconfig { path: kubeconfig }, cancel.clone()));
    let grants = Grants::everything();
    let seen = rows.seen_by(&grants);
    // Lists may be complete before the cluster was asked whether it answers, and count for nothing until then.
    let is_known = |source: &SourceView| source.freshness.as_of_ms().is_some() || !source.trouble.is_empty();
    let is_done = || rows.is_settled() && seen.chrome().sources.iter().all(is_known);
    let mut changes = rows.changes();
    let settled = async { while !is_done() && changes.changed().await.is_ok() {} };
    // Late or not: what there is then is told.
    _ = timeout(patience, settled).await;
    let chrome = seen.chrome();
    let pages = chrome.environments.into_iter().map(|known| seen.page(&Topic::Environment(known.id)));
    let environments = pages.filter_map(|page| match page {
        Page::Environment(view) => Some(view),
        Page::Absent | Page::Still { .. } | Page::Wall(_) | Page::Component(_) | Page::Pods(_) | Page::Operation(_) => {
            None
        }
    });
    let environments = environments.collect();
    cancel.cancel();
    _ = timeout(PATIENCE, watching).await;
    (environments, chrome.sources)
}

/// What could not be read, by cluster.
fn troubles(sources: &[SourceView]) -> Vec<String> {
    let said = |source: &SourceView| {
        let own = (!source.trouble.is_empty()).then(|| source.trouble.clone());
        let silent = (own.is_none() && source.freshness.as_of_ms().is_none())
            .then(|| "It was not read in time; --timeout gives it longer.".into());
        let missing = source.missing.iter().map(|missing| missing.sentence.clone());
        let all = own.into_iter().chain(silent).chain(missing);
        all.map(|text| format!("{}: {}", source.cluster, plain(&text, TROUBLE_LIMIT))).collect::<Vec<_>>()
    };
    let mut troubles: Vec<String> = sources.iter().flat_map(said).collect();
    troubles.dedup();
    troubles
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn what_was_not_asked_rightly_has_a_code_of_its_own() {
        for (words, is_ours) in [
            (&["quarterdeck", "status", "--jason"][..], true),
            (&["quarterdeck", "status", "no-system"][..], true),
            (&["quarterdeck", "status", "--config", "x", "--timeout", "0"][..], true),
            (&["quarterdeck", "status", "--help"][..], false),
            (&["quarterdeck", "check"][..], false),
        ] {
            let error = Cli::try_parse_from(words).unwrap_err();
            assert_eq!(usage_code(words.get(1).copied(), &error).is_some(), is_ours, "{words:?}");
        }
    }

    #[test]
    fn only_what_is_asked_about_is_watched() {
        let config = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../config/demo.yaml"));
        let asked = |environment: Option<&str>| StatusArguments {
            environment: environment.map(|id| id.parse().unwrap()),
            json: false,
            timeout: 1,
            config: config.clone(),
            kubeconfig: None,
        };
        let all = wanted(&asked(None)).unwrap();
        assert_eq!((all.clusters.len(), all.environments().count()), (2, 8));
        let one = wanted(&asked(Some("fleet-management/production"))).unwrap();
        let ids: Vec<String> = one.environments().map(|(system, one)| system.environment_id(one).to_string()).collect();
        assert_eq!((one.clusters.len(), ids), (1, vec!["fleet-management/production".to_owned()]));
        let error = wanted(&asked(Some("fleet-management/nowhere"))).unwrap_err().to_string();
        assert!(error.starts_with("fleet-management/nowhere is not in "), "{error}");
    }
}
