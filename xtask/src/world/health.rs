//! `/api/health` of the systems' APIs, on loopback.

use std::{net::SocketAddr, sync::Arc};

use anyhow::{Context, Result};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header},
    routing::get,
};
use jiff::Timestamp;
use k8s_openapi::api::{core::v1::ConfigMap, networking::v1::Ingress};
use kube::{Api, Client, api::ListParams};
use serde_json::{Value, json};

use super::pods::Pods;

/// The components that answer for their namespace.
const APIS: [&str; 3] = ["fleet-api", "fleetops-api", "super-todo"];

/// The ConfigMaps that say which environment this is.
const CONFIGS: [&str; 3] = ["fleet-config", "fleetops-config", "super-todo-config"];

/// One cluster, as far as its APIs' health goes.
pub struct Home {
    /// The cluster's name.
    pub cluster: String,
    /// To read what the environment is configured to be.
    pub client: Client,
    /// To know whether a pod of the API is ready.
    pub pods: Pods,
}

/// Answers for ever.
pub async fn serve(homes: Vec<Home>, address: SocketAddr) -> Result<()> {
    let router = Router::new()
        .route("/api/health", get(by_host))
        .route("/{namespace}/api/health", get(by_namespace))
        .route("/{cluster}/{namespace}/api/health", get(by_cluster))
        .with_state(Arc::new(homes));
    let listener = tokio::net::TcpListener::bind(address).await.with_context(|| format!("listening on {address}"))?;
    println!("world: http://{address}/<namespace>/api/health and /<cluster>/<namespace>/api/health");
    axum::serve(listener, router).await.context("answering")
}

type Answer = (StatusCode, Json<Value>);

async fn by_namespace(State(homes): State<Arc<Vec<Home>>>, Path(namespace): Path<String>) -> Answer {
    for home in homes.iter() {
        if home.pods.service(&namespace, &APIS).is_some() {
            return answer(home, &namespace).await;
        }
    }
    not_found()
}

async fn by_cluster(State(homes): State<Arc<Vec<Home>>>, Path((cluster, namespace)): Path<(String, String)>) -> Answer {
    match homes.iter().find(|home| home.cluster == cluster) {
        Some(home) => answer(home, &namespace).await,
        None => not_found(),
    }
}

/// As an ingress controller does: the host decides.
async fn by_host(State(homes): State<Arc<Vec<Home>>>, headers: HeaderMap) -> Answer {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default();
    for home in homes.iter() {
        let all: Api<Ingress> = Api::all(home.client.clone());
        let Ok(list) = all.list(&ListParams::default()).await else { continue };
        let found = list.into_iter().find(|ingress| {
            let rules = ingress.spec.as_ref().and_then(|spec| spec.rules.as_ref());
            rules.is_some_and(|rules| rules.iter().any(|rule| rule.host.as_deref() == Some(host)))
        });
        if let Some(namespace) = found.and_then(|ingress| ingress.metadata.namespace) {
            return answer(home, &namespace).await;
        }
    }
    not_found()
}

async fn answer(home: &Home, namespace: &str) -> Answer {
    let Some(service) = home.pods.service(namespace, &APIS) else { return not_found() };
    let environment = environment(home, namespace).await;
    let (code, status) =
        if service.is_ready { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "down") };
    let body = json!({
        "status": status,
        "timestamp": Timestamp::now().to_string(),
        "environment": environment,
        "version": service.version,
    });
    (code, Json(body))
}

async fn environment(home: &Home, namespace: &str) -> Option<String> {
    let api: Api<ConfigMap> = Api::namespaced(home.client.clone(), namespace);
    for name in CONFIGS {
        if let Ok(Some(config)) = api.get_opt(name).await {
            return config.data?.remove("NODE_ENV");
        }
    }
    None
}

fn not_found() -> Answer {
    (StatusCode::NOT_FOUND, Json(json!({"status": "unknown"})))
}
