//! `quarterdeck status`: how the environments are, as the console would say it, for scripts; without a server and a database.

mod report;
mod round;

use std::collections::{BTreeSet, HashMap};
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use clap::error::ErrorKind;
use domain::access::Grants;
use domain::check::{CheckKind, CheckResult};
use domain::frame::{Page, Topic};
use domain::name::{ClusterId, EnvironmentId};
use domain::registry::Registry;
use domain::text::plain;
use domain::view::{EnvironmentView, SourceView};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::checks::{Means, OwnFiles, Reach};
use crate::clock;
use crate::cluster::{Clusters, Kubeconfig, supervise};
use crate::registry;
use crate::rows::Rows;
use report::{Report, exit_code, text};
use round::round;

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
    /// Seconds to wait until every cluster was read, or is known not to answer. What was not read then is Unknown. The checks then
    /// have as long again.
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=300))]
    timeout: u32,
    /// Runs no checks: nobody is asked but the clusters. For where the addresses of the checks cannot be reached from.
    #[arg(long)]
    no_checks: bool,
    /// Lets checks ask what is on this machine, as `quarterdeck serve` has it.
    #[arg(long, env = "QUARTERDECK_CHECKS_ALLOW_LOOPBACK")]
    checks_allow_loopback: bool,
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

/// What was seen.
#[derive(Debug, Default)]
struct Seen {
    environments: Vec<EnvironmentView>,
    sources: Vec<SourceView>,
    /// What each check of an environment found; nothing where none were run.
    checks: HashMap<EnvironmentId, Vec<CheckResult>>,
    /// The resources of each cluster that were not told in time.
    untold: Vec<(ClusterId, BTreeSet<&'static str>)>,
    /// The checks that were not done in time.
    late: Vec<(EnvironmentId, CheckKind)>,
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
    let reach = (!arguments.no_checks).then(|| Reach::new(arguments.checks_allow_loopback)).transpose();
    let begun = runtime.context("starting the runtime").and_then(|runtime| {
        let reach = reach.context("setting up TLS for checks")?;
        Ok((runtime, reach))
    });
    let (runtime, reach) = match begun {
        Ok(begun) => begun,
        Err(error) => {
            eprintln!("quarterdeck: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    let patience = Duration::from_secs(u64::from(arguments.timeout));
    let kubeconfig = Kubeconfig { path: arguments.kubeconfig.clone() };
    let seen = runtime.block_on(look(registry, kubeconfig, reach, patience));
    // A program that the kubeconfig names may go on: nobody waits for it.
    runtime.shutdown_background();
    for trouble in troubles(&seen) {
        eprintln!("quarterdeck: {trouble}");
    }
    let report = Report::new(&seen, clock::now());
    let printed = if arguments.json {
        serde_json::to_string_pretty(&report).map(|json| json + "\n").unwrap_or_default()
    } else {
        let is_coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        text(&report, is_coloured)
    };
    // Whoever reads may have read enough, and the code says the rest.
    _ = std::io::stdout().lock().write_all(printed.as_bytes());
    ExitCode::from(exit_code(seen.environments.iter().map(|environment| environment.head.state)))
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

/// Reads the clusters as the console does, until all were read or are known not to answer, but for so long at most; then the checks
/// run once, where it is known whom they may reach.
async fn look(registry: Arc<Registry>, kubeconfig: Kubeconfig, reach: Option<Reach>, patience: Duration) -> Seen {
    let rows = Arc::new(Rows::new(registry.clone(), clock::now_ms));
    let cancel = CancellationToken::new();
    // Kept, so that the registry is not taken for one that nobody follows any more.
    let (_current, registries) = watch::channel(registry.clone());
    let clusters = Arc::new(Clusters::new(registries.clone(), kubeconfig.clone()));
    let own = OwnFiles::new(kubeconfig.files());
    let watching = tokio::spawn(supervise(registries, rows.clone(), kubeconfig, cancel.clone()));
    settled(&rows, patience).await;
    // Before the checks: they are given no time to hide that something was late.
    let untold = rows.waited_for();
    let late = match reach {
        Some(reach) => round(&Means { rows: rows.clone(), clusters, reach, own }, &registry, patience).await,
        None => Vec::new(),
    };
    let grants = Grants::everything();
    let seen = rows.seen_by(&grants);
    let chrome = seen.chrome();
    let pages = chrome.environments.into_iter().map(|known| seen.page(&Topic::Environment(known.id)));
    let environments = pages.filter_map(|page| match page {
        Page::Environment(view) => Some(view),
        Page::Absent | Page::Still { .. } | Page::Wall(_) | Page::Component(_) | Page::Pods(_) | Page::Operation(_) => {
            None
        }
    });
    let environments: Vec<EnvironmentView> = environments.collect();
    let checks = environments.iter().map(|view| (view.head.id.clone(), rows.check_board().latest(&view.head.id)));
    let checks = checks.collect();
    cancel.cancel();
    _ = timeout(PATIENCE, watching).await;
    Seen { environments, sources: chrome.sources, checks, untold, late }
}

/// Waits until every cluster was read, with what stands around its workloads, or is known not to answer. What nobody knows after so
/// long is not waited for.
async fn settled(rows: &Rows, patience: Duration) {
    let grants = Grants::everything();
    let seen = rows.seen_by(&grants);
    // Lists may be complete before the cluster was asked whether it answers, and count for nothing until then.
    let is_known = |source: &SourceView| source.freshness.as_of_ms().is_some() || !source.trouble.is_empty();
    let is_done = || rows.is_settled() && seen.chrome().sources.iter().all(is_known) && rows.waited_for().is_empty();
    let mut changes = rows.changes();
    let settled = async { while !is_done() && changes.changed().await.is_ok() {} };
    // Late or not: what there is then is told.
    _ = timeout(patience, settled).await;
}

/// What could not be read, by cluster, and what was not done in time.
fn troubles(seen: &Seen) -> Vec<String> {
    let said = |source: &SourceView| {
        let own = (!source.trouble.is_empty()).then(|| source.trouble.clone());
        let silent = (own.is_none() && source.freshness.as_of_ms().is_none())
            .then(|| "It was not read in time; --timeout gives it longer.".into());
        let missing = source.missing.iter().map(|missing| missing.sentence.clone());
        let all = own.into_iter().chain(silent).chain(missing);
        all.map(|text| format!("{}: {}", source.cluster, plain(&text, TROUBLE_LIMIT))).collect::<Vec<_>>()
    };
    let mut troubles: Vec<String> = seen.sources.iter().flat_map(said).collect();
    troubles.extend(seen.untold.iter().map(|(cluster, resources)| {
        let resources: Vec<&str> = resources.iter().copied().collect();
        let resources = resources.join(", ");
        format!(
            "{cluster}: Nothing was told of {resources} in time, so nothing is said of them; --timeout gives it longer."
        )
    }));
    let late = seen.environments.iter().filter_map(|environment| {
        let of_it = seen.late.iter().filter(|(id, _)| *id == environment.head.id);
        let words: Vec<&str> = of_it.map(|(_, kind)| kind.as_str()).collect();
        let said = "were not done in time; --timeout gives them longer";
        (!words.is_empty()).then(|| format!("{}: The checks {} {said}.", environment.head.id, words.join(", ")))
    });
    troubles.extend(late);
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
            no_checks: false,
            checks_allow_loopback: false,
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
