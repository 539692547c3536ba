//! The processes of one cluster, in the order in which they need each other.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result};

use super::{
    apply::{Applier, documents_in},
    kubeconfig,
    layout::{Cluster, project},
    nodes, pki, probe,
    process::{self, Launch},
    progress::Progress,
};

/// All processes, in the order in which they are started.
pub const PROCESSES: [&str; 6] =
    ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "metrics-server"];

/// What kwok is told, in this order.
const KWOK_FILES: [&str; 5] = ["base", "scenarios", "own-logs", "server", "operators"];

/// Starts what is missing. False when everything was there.
pub async fn up(cluster: &Cluster, programs: &Path) -> Result<bool> {
    let missing: Vec<_> = PROCESSES.into_iter().filter(|name| process::alive(&cluster.run, name).is_none()).collect();
    if missing.is_empty() {
        nodes::ensure(&kubeconfig::client(cluster).await?, cluster.nodes).await?;
        return Ok(false);
    }
    if missing.len() < PROCESSES.len() {
        println!("{}: {} not running, starting", cluster.name, missing.join(", "));
    }
    let step = Progress::start(format!("{}: control plane", cluster.name));
    cluster.prepare()?;
    pki::ensure(cluster)?;

    if begin(cluster, programs, "etcd", etcd(cluster))? {
        wait(cluster, "etcd", 30, || probe::http(cluster.ports.etcd, "/health")).await?;
    }
    let client = kubeconfig::client(cluster).await?;
    if begin(cluster, programs, "kube-apiserver", api_server(cluster))? {
        wait(cluster, "kube-apiserver", 120, || probe::kubernetes(&client, "/readyz")).await?;
    }
    let controllers = begin(cluster, programs, "kube-controller-manager", controller_manager(cluster))?;
    fs::write(cluster.run.join("scheduler.json"), scheduler_configuration(cluster)?)
        .context("writing the scheduler's configuration")?;
    let scheduler = begin(cluster, programs, "kube-scheduler", scheduler(cluster))?;

    // A stage for a kind that the API server does not know stops kwok's start: the kinds come first.
    let applier = Applier::new(client.clone(), "quarterdeck-dev");
    applier.apply_all(&documents_in(&project().join("dev/crds"))?).await?;
    applier.wait_for_kinds(Duration::from_secs(60)).await?;
    if process::alive(&cluster.run, "kwok").is_none() {
        nodes::release(&client).await?;
    }
    let kwok = begin(cluster, programs, "kwok", kwok(cluster)?)?;
    begin(cluster, programs, "metrics-server", metrics_server(cluster))?;
    if kwok {
        wait(cluster, "kwok", 60, || probe::http(cluster.ports.kwok, "/healthz")).await?;
    }
    base(cluster, &applier).await?;
    for (started, name, port) in [
        (controllers, "kube-controller-manager", cluster.ports.controllers),
        (scheduler, "kube-scheduler", cluster.ports.scheduler),
    ] {
        if started {
            let client = kubeconfig::unverified_client(port)?;
            wait(cluster, name, 60, || probe::kubernetes(&client, "/healthz")).await?;
        }
    }
    nodes::ensure(&client, cluster.nodes).await?;
    nodes::wait_until_ready(&client, Duration::from_secs(60)).await?;
    step.done("up");
    Ok(true)
}

/// Stops all processes, the ones that need others first.
pub async fn down(cluster: &Cluster) -> Result<()> {
    let mut stopped = 0;
    for name in PROCESSES.into_iter().rev() {
        stopped += usize::from(process::stop(&cluster.run, name).await?);
    }
    println!("{}: {stopped} processes stopped", cluster.name);
    Ok(())
}

fn begin(cluster: &Cluster, programs: &Path, name: &str, arguments: Vec<String>) -> Result<bool> {
    if process::alive(&cluster.run, name).is_some() {
        return Ok(false);
    }
    process::start(&cluster.run, &Launch { name, program: programs.join(name), arguments })?;
    Ok(true)
}

async fn wait<F, Fut>(cluster: &Cluster, name: &str, seconds: u64, ask: F) -> Result<()>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<()>>,
{
    probe::until(name, Duration::from_secs(seconds), || process::alive(&cluster.run, name).is_some(), ask)
        .await
        .with_context(|| format!("{name} says:\n{}", process::last_words(&cluster.run, name)))
}

async fn base(cluster: &Cluster, applier: &Applier) -> Result<()> {
    let mut documents = documents_in(&project().join("dev/base"))?;
    for document in documents.iter_mut().filter(|document| document["kind"] == "APIService") {
        document["spec"]["service"]["port"] = cluster.ports.metrics.into();
    }
    applier.apply_all(&documents).await
}

fn etcd(cluster: &Cluster) -> Vec<String> {
    let client = format!("http://127.0.0.1:{}", cluster.ports.etcd);
    let peer = format!("http://127.0.0.1:{}", cluster.ports.etcd_peer);
    vec![
        "--name=dev".to_owned(),
        format!("--data-dir={}", cluster.run.join("etcd").display()),
        "--unsafe-no-fsync".to_owned(),
        "--log-level=warn".to_owned(),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=dev={peer}"),
        "--quota-backend-bytes=4294967296".to_owned(),
        "--snapshot-count=10000".to_owned(),
        "--watch-progress-notify-interval=5s".to_owned(),
    ]
}

fn api_server(cluster: &Cluster) -> Vec<String> {
    let file = |name: &str| cluster.pki().join(name).display().to_string();
    let mut arguments = vec![
        format!("--etcd-servers=http://127.0.0.1:{}", cluster.ports.etcd),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={}", cluster.ports.api),
        "--advertise-address=127.0.0.1".to_owned(),
        "--endpoint-reconciler-type=none".to_owned(),
        format!("--tls-cert-file={}", file("apiserver.crt")),
        format!("--tls-private-key-file={}", file("apiserver.key")),
        format!("--client-ca-file={}", file("ca.crt")),
        format!("--token-auth-file={}", file("tokens.csv")),
        "--authorization-mode=RBAC".to_owned(),
        "--allow-privileged=true".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local".to_owned(),
        format!("--service-account-key-file={}", file("sa.pub")),
        format!("--service-account-signing-key-file={}", file("sa.key")),
        "--service-cluster-ip-range=10.96.0.0/16".to_owned(),
        "--kubelet-preferred-address-types=Hostname".to_owned(),
        format!("--requestheader-client-ca-file={}", file("front-proxy-ca.crt")),
        "--requestheader-allowed-names=front-proxy-client".to_owned(),
        "--requestheader-username-headers=X-Remote-User".to_owned(),
        "--requestheader-group-headers=X-Remote-Group".to_owned(),
        "--requestheader-extra-headers-prefix=X-Remote-Extra-".to_owned(),
        format!("--proxy-client-cert-file={}", file("front-proxy-client.crt")),
        format!("--proxy-client-key-file={}", file("front-proxy-client.key")),
        // No limits: tests and benchmarks ask for more than people do.
        "--enable-priority-and-fairness=false".to_owned(),
        "--max-requests-inflight=0".to_owned(),
        "--max-mutating-requests-inflight=0".to_owned(),
        "--event-ttl=1h".to_owned(),
        "--profiling=false".to_owned(),
    ];
    if cluster.audit {
        arguments.extend([
            format!("--audit-policy-file={}", project().join("dev/audit.yaml").display()),
            format!("--audit-log-path={}", cluster.run.join("log/audit.log").display()),
            // Written before the answer leaves: an answered request is in it, whatever kills the server afterwards.
            "--audit-log-mode=blocking".to_owned(),
            "--audit-log-maxsize=4096".to_owned(),
        ]);
    }
    arguments
}

fn controller_manager(cluster: &Cluster) -> Vec<String> {
    let file = |name: &str| cluster.pki().join(name).display().to_string();
    let off = [
        "node-ipam-controller",
        "certificatesigningrequest-approving-controller",
        "certificatesigningrequest-cleaner-controller",
        "persistentvolume-attach-detach-controller",
        "persistentvolume-expander-controller",
        "ttl-controller",
    ];
    vec![
        format!("--kubeconfig={}", file("kcm.conf")),
        format!("--authentication-kubeconfig={}", file("kcm.conf")),
        format!("--authorization-kubeconfig={}", file("kcm.conf")),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={}", cluster.ports.controllers),
        format!("--cert-dir={}", cluster.run.join("kcm").display()),
        "--leader-elect=false".to_owned(),
        "--use-service-account-credentials=true".to_owned(),
        format!("--service-account-private-key-file={}", file("sa.key")),
        format!("--root-ca-file={}", file("ca.crt")),
        "--kube-api-qps=5000".to_owned(),
        "--kube-api-burst=10000".to_owned(),
        "--node-monitor-period=25s".to_owned(),
        "--node-monitor-grace-period=200s".to_owned(),
        // Quicker than the defaults, so that one sees an autoscaler work.
        "--horizontal-pod-autoscaler-sync-period=5s".to_owned(),
        "--horizontal-pod-autoscaler-downscale-stabilization=30s".to_owned(),
        "--horizontal-pod-autoscaler-cpu-initialization-period=10s".to_owned(),
        "--horizontal-pod-autoscaler-initial-readiness-delay=5s".to_owned(),
        "--terminated-pod-gc-threshold=500".to_owned(),
        format!("--controllers=*,{}", off.map(|name| format!("-{name}")).join(",")),
    ]
}

fn scheduler_configuration(cluster: &Cluster) -> Result<Vec<u8>> {
    let configuration = serde_json::json!({
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": {"kubeconfig": cluster.pki().join("sched.conf"), "qps": 5000, "burst": 10000},
        "leaderElection": {"leaderElect": false},
    });
    Ok(serde_json::to_vec(&configuration)?)
}

fn scheduler(cluster: &Cluster) -> Vec<String> {
    let kubeconfig = cluster.pki().join("sched.conf").display().to_string();
    vec![
        format!("--config={}", cluster.run.join("scheduler.json").display()),
        format!("--authentication-kubeconfig={kubeconfig}"),
        format!("--authorization-kubeconfig={kubeconfig}"),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={}", cluster.ports.scheduler),
        format!("--cert-dir={}", cluster.run.join("sched").display()),
    ]
}

fn kwok(cluster: &Cluster) -> Result<Vec<String>> {
    let run = cluster.run.display().to_string();
    let mut arguments = vec![format!("--kubeconfig={}", cluster.pki().join("kwok.conf").display())];
    for file in KWOK_FILES {
        let source = project().join("dev/kwok").join(format!("{file}.yaml"));
        let text = fs::read_to_string(&source).with_context(|| format!("reading {}", source.display()))?;
        let target = cluster.run.join(format!("kwok-{file}.yaml"));
        fs::write(&target, text.replace("@RUN@", &run)).with_context(|| format!("writing {}", target.display()))?;
        arguments.push(format!("--config={}", target.display()));
    }
    for (file, line) in [
        ("default.log", "2026-01-01T00:00:00.000000000Z stdout F started\n"),
        ("default.prev.log", "2026-01-01T00:00:00.000000000Z stderr F ended with exit code 1\n"),
    ] {
        let path = cluster.run.join("podlogs").join(file);
        if !path.exists() {
            fs::write(&path, line).with_context(|| format!("writing {}", path.display()))?;
        }
    }
    let port = cluster.ports.kwok;
    arguments.extend([
        "--enable-crds=Logs".to_owned(),
        "--manage-all-nodes=true".to_owned(),
        "--cidr=10.244.0.0/16".to_owned(),
        "--node-name=localhost".to_owned(),
        "--node-ip=127.0.0.1".to_owned(),
        format!("--node-port={port}"),
        format!("--server-address=127.0.0.1:{port}"),
        "--node-lease-duration-seconds=200".to_owned(),
    ]);
    Ok(arguments)
}

fn metrics_server(cluster: &Cluster) -> Vec<String> {
    let kubeconfig = cluster.pki().join("metrics-server.conf").display().to_string();
    vec![
        format!("--kubeconfig={kubeconfig}"),
        format!("--authentication-kubeconfig={kubeconfig}"),
        format!("--authorization-kubeconfig={kubeconfig}"),
        "--bind-address=127.0.0.1".to_owned(),
        format!("--secure-port={}", cluster.ports.metrics),
        format!("--cert-dir={}", cluster.run.join("ms").display()),
        "--metric-resolution=15s".to_owned(),
        "--kubelet-insecure-tls".to_owned(),
        "--kubelet-use-node-status-port".to_owned(),
        "--kubelet-preferred-address-types=Hostname".to_owned(),
    ]
}
