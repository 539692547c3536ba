//! The world: Kubernetes, HTTP, configuration.

pub mod cli;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod http;
pub mod listen;
pub mod metrics;
pub mod people;
pub mod registry;
pub mod rows;
pub mod store;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use config::ServeSettings;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::cluster::Kubeconfig;
use crate::http::{Assets, Front, Site};
use crate::listen::tls::Certificate;
use crate::listen::{Limits, Listener};
use crate::people::People;
use crate::rows::Rows;
use crate::store::{DatabaseUrl, Store};

/// Time between two judgements of what depends on the time alone.
const TICK: Duration = Duration::from_secs(5);
/// Time between two sweeps of the database.
const SWEEP: Duration = Duration::from_secs(3600);
/// How long requests may take to end when the program ends.
const FAREWELL: Duration = Duration::from_secs(10);

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
    let assets = Arc::new(Assets::read(&settings.site)?);
    let certificate = settings.tls_files().map(Certificate::read).transpose()?.map(Arc::new);
    let mut current = registry::follow(settings.config.clone(), cancel.clone()).await?;
    let store = Store::open(&database_of(settings.database.clone())?).await?;
    let people = Arc::new(People::new(store.clone(), settings.session_limits())?);
    let front = Arc::new(Front { tls: certificate.is_some(), public: settings.public_url.clone() });
    let first = current.borrow_and_update().registry.clone();
    let rows = Arc::new(Rows::new(first.clone(), clock::now_ms));
    let (registry, registries) = tokio::sync::watch::channel(first);

    let kubeconfig = Kubeconfig { path: settings.kubeconfig.clone() };
    let supervisor = tokio::spawn(cluster::supervise(registries, rows.clone(), kubeconfig, cancel.clone()));
    let reloads = {
        let (rows, cancel) = (rows.clone(), cancel.clone());
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = cancel.cancelled() => return,
                    changed = current.changed() => if changed.is_err() { return },
                }
                let current = current.borrow_and_update().clone();
                rows.registry_trouble(current.trouble);
                registry.send_if_modified(|known| {
                    let differs = **known != *current.registry;
                    *known = current.registry;
                    differs
                });
            }
        })
    };
    let ticks = {
        let (rows, cancel) = (rows.clone(), cancel.clone());
        tokio::spawn(async move {
            let mut ticks = tokio::time::interval(TICK);
            loop {
                tokio::select! {
                    () = cancel.cancelled() => return,
                    _ = ticks.tick() => rows.tick(),
                }
            }
        })
    };

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
        // On the terminal, never in the log: whoever has the link becomes the first admin.
        eprintln!(
            "\nThere is no account yet. The first admin is made at this address, once, within a day:\n\n  {origin}/setup?token={}\n",
            token.secret()
        );
    }
    let health = tokio::spawn({
        let (store, cancel) = (store.clone(), cancel.clone());
        async move { store.watch_health(cancel).await }
    });
    let sweeps = tokio::spawn(sweep(store.clone(), cancel.clone()));
    let follows = tokio::spawn({
        let cancel = cancel.clone();
        async move {
            match certificate {
                Some(certificate) => certificate.follow(cancel).await,
                None => cancel.cancelled().await,
            }
        }
    });
    let viewers = TaskTracker::new();
    let site = Site { rows, assets, people, front, leaving, cancel: cancel.clone(), viewers: viewers.clone() };
    let programs = tokio::spawn({
        let (cancel, router) = (cancel.clone(), http::private_router(site.clone()));
        async move {
            match private {
                Some(listener) => listener.serve(router, cancel, FAREWELL).await,
                None => cancel.cancelled().await,
            }
        }
    });
    listener.serve(http::router(site), cancel.clone(), FAREWELL).await;
    viewers.close();
    if tokio::time::timeout(FAREWELL, viewers.wait()).await.is_err() {
        warn!("some tabs were not told to connect again");
    }
    for task in [supervisor, reloads, ticks, health, sweeps, follows, programs] {
        task.await.context("a background loop failed")?;
    }
    store.close().await;
    Ok(())
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
    let mut hours = tokio::time::interval(SWEEP);
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = hours.tick() => if let Err(error) = store.sweep(clock::now_us()).await {
                tracing::warn!("old sessions were not thrown away: {error}");
            },
        }
    }
}
