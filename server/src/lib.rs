//! The world: Kubernetes, HTTP, configuration.

mod address;
pub mod alerts;
pub mod checks;
pub mod cli;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod demo_data;
pub mod http;
pub mod listen;
pub mod logs;
pub mod mask;
pub mod metrics;
pub mod oidc;
pub mod operations;
pub mod people;
mod postgres;
pub mod registry;
pub mod rows;
pub mod samples;
pub mod store;

use std::net::SocketAddr;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use config::ServeSettings;
use domain::registry::Registry;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::alerts::{Alerts, Mailer, Webhooks};
use crate::checks::{Checks, OwnFiles, Reach};
use crate::cluster::{Clusters, Kubeconfig};
use crate::demo_data::{DemoData, Means};
use crate::http::{Assets, Front, Site};
use crate::listen::tls::Certificate;
use crate::listen::{Limits, Listener};
use crate::logs::Taps;
use crate::oidc::Provider;
use crate::operations::Desk;
use crate::people::People;
use crate::registry::Current;
use crate::rows::Rows;
use crate::store::{DatabaseUrl, Store};

/// Time between two judgements of what depends on the time alone.
const TICK: Duration = Duration::from_secs(5);
/// Time between two sweeps of the database.
const SWEEP: Duration = Duration::from_secs(3600);
/// How long requests may take to end when the program ends.
const FAREWELL: Duration = Duration::from_secs(8);

/// When the program ends.
#[derive(Debug, Clone, Default)]
pub struct Ending {
    /// Cancelled when it was asked to end: it is not ready any more, and answers on.
    pub leaving: CancellationToken,
    /// Cancelled when it ends: it takes no more connections, and finishes what is under way.
    pub cancel: CancellationToken,
}

/// Serves until the end.
pub async fn serve(settings: ServeSettings, Ending { leaving, cancel }: Ending) -> anyhow::Result<()> {
    settings.check()?;
    let kubeconfig = Kubeconfig { path: settings.kubeconfig.clone() };
    kubeconfig.check()?;
    let assets = Arc::new(Assets::read(&settings.site)?);
    let certificate = settings.tls_files().map(Certificate::read).transpose()?.map(Arc::new);
    let provider = match settings.oidc.provider()? {
        Some(settings) => Some(Arc::new(Provider::new(settings).context("setting up the sign-in provider")?)),
        None => None,
    };
    let mailer = settings.alerts.mail()?.as_ref().map(Mailer::new).transpose()?;
    let webhooks = Webhooks::new(settings.alerts.alerts_allow_loopback).context("setting up webhooks")?;
    let mut current = registry::follow(settings.config.clone(), cancel.clone()).await?;
    let store = Store::open(&database_of(settings.database.clone())?).await?;
    let people = People::new(store.clone(), settings.session_limits())?;
    let people = Arc::new(if settings.is_behind_proxy() { people.behind_proxy() } else { people });
    let front = Arc::new(Front { tls: certificate.is_some(), public: settings.public_url.clone() });
    let first = current.borrow_and_update().registry.clone();
    let issuer = provider.as_ref().map(|provider| provider.issuer().to_owned());
    people.give_by_group(issuer.as_deref(), &first.access);
    people.last_by(&first);
    let rows = Arc::new(Rows::new(first.clone(), clock::now_ms));
    samples::restore(&store, &rows).await;
    let (registry, registries) = watch::channel(first);

    let mut loops = JoinSet::new();
    let clusters = Arc::new(Clusters::new(registries.clone(), kubeconfig.clone()));
    let desk = Arc::new(Desk::new(people.clone(), clusters.clone(), rows.clone(), cancel.clone()));
    loops.spawn(named("the operations", desk.clone().run()));
    let reach = Reach::new(settings.checks_allow_loopback).context("setting up TLS for checks")?;
    let checks = Checks::new(rows.clone(), clusters.clone(), store.clone(), reach);
    let checks = Arc::new(checks.sparing(OwnFiles::new(settings.own_files())));
    loops.spawn(named("the checks", checks.clone().run(registries.clone(), cancel.clone())));
    loops.spawn(named("the figures", checks.clone().run_figures(registries.clone(), cancel.clone())));
    let demo_data = Arc::new(DemoData::new(
        Means {
            people: people.clone(),
            rows: rows.clone(),
            checks: checks.clone(),
            registry: registries.clone(),
            current: current.clone(),
            reach: Reach::new(settings.checks_allow_loopback).context("setting up TLS for demo data")?,
            own: OwnFiles::new(settings.own_files()),
            folder: settings.config.parent().unwrap_or(Path::new(".")).to_owned(),
        },
        cancel.clone(),
    ));
    loops.spawn(named("the demo data", demo_data.clone().run()));
    let alerts = Arc::new(Alerts::new(
        people.clone(),
        rows.clone(),
        registries.clone(),
        webhooks,
        mailer,
        settings.public_url.clone(),
    ));
    loops.spawn(named("the alerts", alerts.clone().watch(cancel.clone())));
    loops.spawn(named("the sending of alerts", alerts.clone().send(cancel.clone())));
    loops.spawn(named("the clusters", cluster::supervise(registries, rows.clone(), kubeconfig, cancel.clone())));
    loops.spawn(named(
        "the registry",
        take_in_registries(current, registry, rows.clone(), people.clone(), issuer, cancel.clone()),
    ));
    loops.spawn(named("the logs of what crashes", logs::read_crashes(rows.clone(), clusters.clone(), cancel.clone())));
    loops.spawn(named("the ticks", tick(rows.clone(), cancel.clone())));
    loops.spawn(named("the samples", samples::keep(store.clone(), rows.clone(), cancel.clone())));
    loops.spawn(named("the sweep", sweep(store.clone(), cancel.clone())));
    loops.spawn(named("the look at the database", {
        let (store, cancel) = (store.clone(), cancel.clone());
        async move { store.watch_health(cancel).await }
    }));

    let private = match settings.private_listen {
        Some(address) => {
            let listener = bind(address, None, "--private-listen").await?;
            let address = listener.address().context("asking for the address that was bound")?;
            info!("metrics and health are at http://{address}");
            Some(listener)
        }
        None => None,
    };
    let listener = bind(settings.listen, certificate.clone(), "--listen").await?;
    let address = listener.address().context("asking for the address that was bound")?;
    let scheme = if certificate.is_some() { "https" } else { "http" };
    info!("Quarterdeck is at {scheme}://{address}");
    if certificate.is_none() && !address.ip().to_canonical().is_loopback() {
        warn!("{address} is plain HTTP: let nothing but the proxy that speaks TLS reach it");
    }
    if let Some(token) = people.invite_first(clock::now_us()).await? {
        let origin = settings.public_url.as_ref().map_or_else(|| format!("{scheme}://{address}"), ToString::to_string);
        // On standard output, and the log on the other: whoever has the link becomes the first admin. It is good for one use, within a
        // day, and not after another start.
        println!(
            "\nThere is no account yet. The first admin is made at this address, once, within a day:\n\n  {origin}/setup?token={}\n",
            token.secret()
        );
    }
    if let Some(certificate) = certificate {
        let cancel = cancel.clone();
        loops.spawn(named("the certificate", async move { certificate.follow(cancel).await }));
    }
    let viewers = TaskTracker::new();
    let site = Site {
        rows,
        assets,
        people,
        taps: Arc::new(Taps::new(clusters.clone())),
        clusters,
        checks,
        desk,
        demo_data,
        alerts,
        provider,
        front,
        leaving,
        cancel: cancel.clone(),
        crowd: Arc::default(),
        viewers: viewers.clone(),
    };
    if let Some(listener) = private {
        let served = listener.serve(http::private_router(site.clone()), cancel.clone(), FAREWELL);
        loops.spawn(named("the listener for programs", served));
    }
    let mut serving = pin!(listener.serve(http::router(site), cancel.clone(), FAREWELL));
    tokio::select! {
        () = &mut serving => {}
        ended = loops.join_next() => {
            // None of them ends before it is told to: what it kept in step would grow old without a word.
            let too_early = !cancel.is_cancelled();
            cancel.cancel();
            serving.await;
            if let Some(ended) = ended {
                // Where it failed stands in the log.
                let name = ended.context("a background loop failed")?;
                ensure!(!too_early, "{name} ended by itself");
            }
        }
    }
    viewers.close();
    if timeout(FAREWELL, viewers.wait()).await.is_err() {
        warn!("some tabs were not told to connect again");
    }
    while let Some(ended) = loops.join_next().await {
        ended.context("a background loop failed")?;
    }
    store.close().await;
    Ok(())
}

/// A loop with its name.
async fn named(name: &'static str, work: impl Future<Output = ()>) -> &'static str {
    work.await;
    name
}

/// Gives every version of the registry to the rows, to the watches and to what groups bring.
async fn take_in_registries(
    mut current: watch::Receiver<Current>,
    registry: watch::Sender<Arc<Registry>>,
    rows: Arc<Rows>,
    people: Arc<People>,
    issuer: Option<String>,
    cancel: CancellationToken,
) {
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            changed = current.changed() => if changed.is_err() { return },
        }
        let current = current.borrow_and_update().clone();
        rows.registry_trouble(current.trouble);
        people.give_by_group(issuer.as_deref(), &current.registry.access);
        people.last_by(&current.registry);
        registry.send_if_modified(|known| {
            let differs = **known != *current.registry;
            *known = current.registry;
            differs
        });
    }
}

/// Has judged again what depends on the time alone, every few seconds.
async fn tick(rows: Arc<Rows>, cancel: CancellationToken) {
    let mut ticks = interval(TICK);
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = ticks.tick() => rows.tick(),
        }
    }
}

/// Binds an address, or says what to do; `flag` is where it came from.
async fn bind(address: SocketAddr, certificate: Option<Arc<Certificate>>, flag: &str) -> anyhow::Result<Listener> {
    let bound = Listener::bind(address, certificate, Limits::default()).await;
    bound.with_context(|| format!("cannot listen on {address}. Is another program there? Choose a port with {flag}"))
}

/// The database that was asked for, or the file in the state folder.
pub(crate) fn database_of(given: Option<DatabaseUrl>) -> anyhow::Result<DatabaseUrl> {
    given.or_else(DatabaseUrl::in_state_folder).context(
        "there is no home folder to keep a database in. Name one with --database sqlite:<file>, or a postgres:// address",
    )
}

/// Throws away what is of no use any more, every hour.
async fn sweep(store: Store, cancel: CancellationToken) {
    let mut hours = interval(SWEEP);
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = hours.tick() => if let Err(error) = store.sweep(clock::now_us()).await {
                tracing::warn!("old sessions were not thrown away: {error}");
            },
        }
    }
}
