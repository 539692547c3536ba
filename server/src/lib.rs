//! The world: Kubernetes, HTTP, configuration.

pub mod cli;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod http;
pub mod oidc;
pub mod people;
pub mod registry;
pub mod rows;
pub mod store;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::serve::ListenerExt as _;
use config::ServeSettings;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::cluster::Kubeconfig;
use crate::http::{Assets, Front, Site};
use crate::oidc::Provider;
use crate::people::People;
use crate::rows::Rows;
use crate::store::{DatabaseUrl, Store};

/// Time between two judgements of what depends on the time alone.
const TICK: Duration = Duration::from_secs(5);
/// Time between two sweeps of the database.
const SWEEP: Duration = Duration::from_secs(3600);
/// How long requests may take to end when the program ends.
const FAREWELL: Duration = Duration::from_secs(10);

/// Serves until `cancel` is cancelled. `listening` is called with the address once it is bound.
pub async fn serve(settings: ServeSettings, cancel: CancellationToken) -> anyhow::Result<()> {
    let assets = Arc::new(Assets::read(&settings.site)?);
    let provider = match settings.oidc.provider()? {
        Some(settings) => Some(Arc::new(Provider::new(settings).context("setting up the sign-in provider")?)),
        None => None,
    };
    let mut current = registry::follow(settings.config.clone(), cancel.clone()).await?;
    let store = Store::open(&database_of(settings.database.clone())?).await?;
    let people = Arc::new(People::new(store.clone(), settings.session_limits())?);
    let front = Arc::new(Front { tls: false, public: settings.public_url.clone() });
    let first = current.borrow_and_update().registry.clone();
    let issuer = provider.as_ref().map(|provider| provider.issuer().to_owned());
    people.give_by_group(issuer.as_deref(), &first.access);
    let rows = Arc::new(Rows::new(first.clone(), clock::now_ms));
    let (registry, registries) = tokio::sync::watch::channel(first);

    let kubeconfig = Kubeconfig { path: settings.kubeconfig.clone() };
    let supervisor = tokio::spawn(cluster::supervise(registries, rows.clone(), kubeconfig, cancel.clone()));
    let reloads = {
        let (rows, people, cancel) = (rows.clone(), people.clone(), cancel.clone());
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = cancel.cancelled() => return,
                    changed = current.changed() => if changed.is_err() { return },
                }
                let current = current.borrow_and_update().clone();
                rows.registry_trouble(current.trouble);
                people.give_by_group(issuer.as_deref(), &current.registry.access);
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

    let listener = TcpListener::bind(settings.listen).await.with_context(|| {
        format!("cannot listen on {}. Is another program there? Choose a port with --listen", settings.listen)
    })?;
    let address = listener.local_addr().context("asking for the address that was bound")?;
    info!("Quarterdeck is at http://{address}");
    if let Some(token) = people.invite_first(clock::now_us()).await? {
        let origin = settings.public_url.as_ref().map_or_else(|| format!("http://{address}"), ToString::to_string);
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
    // Small frames must not wait for the acknowledgement of the frame before (Nagle's algorithm).
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!("a connection keeps its delay: {error}");
        }
    });
    let router = http::router(Site { rows, assets, people, provider, front, cancel: cancel.clone() });
    let asked_to_end = cancel.clone();
    let serving = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async move { asked_to_end.cancelled().await });
    tokio::select! {
        served = serving => served.context("serving")?,
        () = async { cancel.cancelled().await; tokio::time::sleep(FAREWELL).await } => {
            tracing::warn!("some requests did not end within {} s", FAREWELL.as_secs());
        }
    }
    cancel.cancel();
    for task in [supervisor, reloads, ticks, health, sweeps] {
        task.await.context("a background loop failed")?;
    }
    store.close().await;
    Ok(())
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
