//! The world: Kubernetes, HTTP, configuration.

pub mod cli;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod http;
pub mod registry;
pub mod rows;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::serve::ListenerExt as _;
use config::ServeSettings;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::cluster::Kubeconfig;
use crate::http::{Assets, Site};
use crate::rows::Rows;

/// Time between two judgements of what depends on the time alone.
const TICK: Duration = Duration::from_secs(5);
/// How long requests may take to end when the program ends.
const FAREWELL: Duration = Duration::from_secs(10);

/// Serves until `cancel` is cancelled. `listening` is called with the address once it is bound.
pub async fn serve(settings: ServeSettings, cancel: CancellationToken) -> anyhow::Result<()> {
    let assets = Arc::new(Assets::read(&settings.site)?);
    let mut current = registry::follow(settings.config.clone(), cancel.clone()).await?;
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

    let listener = TcpListener::bind(settings.listen).await.with_context(|| {
        format!("cannot listen on {}. Is another program there? Choose a port with --listen", settings.listen)
    })?;
    let address = listener.local_addr().context("asking for the address that was bound")?;
    info!("Quarterdeck is at http://{address}");
    // Small frames must not wait for the acknowledgement of the frame before (Nagle's algorithm).
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!("a connection keeps its delay: {error}");
        }
    });
    let router = http::router(Site { rows, assets, cancel: cancel.clone() });
    let asked_to_end = cancel.clone();
    let serving = axum::serve(listener, router).with_graceful_shutdown(async move { asked_to_end.cancelled().await });
    tokio::select! {
        served = serving => served.context("serving")?,
        () = async { cancel.cancelled().await; tokio::time::sleep(FAREWELL).await } => {
            tracing::warn!("some requests did not end within {} s", FAREWELL.as_secs());
        }
    }
    cancel.cancel();
    for task in [supervisor, reloads, ticks] {
        task.await.context("a background loop failed")?;
    }
    Ok(())
}
