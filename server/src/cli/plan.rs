//! `quarterdeck plan`: the flight plan of an operation, from fresh facts; and nothing is done.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use domain::access::Role;
use domain::config_source::ConfigSource;
use domain::guard::facts::{Asker, Given, Known};
use domain::guard::{Level, Line, judge};
use domain::name::{ComponentId, EnvironmentId, Namespace, ObjectName, WorkloadKind};
use domain::operation::Operation;
use domain::registry::Registry;
use serde_json::{Value, json};

use crate::cluster::{Kubeconfig, readers};
use crate::operations::{context_of, facts_of, under_way};
use crate::registry;
use crate::store::{DatabaseUrl, Store};

/// What to plan.
#[derive(Debug, Args)]
pub struct PlanArguments {
    /// Where: `fleet-management/production`.
    environment: EnvironmentId,
    /// What: `restart`, `scale`, `roll-back` or `evict`.
    operation: String,
    /// To what: `deployment/fleet-api`.
    #[arg(required_unless_present = "reads")]
    target: Option<String>,
    /// For `restart`, instead of one target: everything that reads this, `configmap/fleet-config` or `secret/fleet-keys`.
    #[arg(long, value_name = "TYPE/NAME", conflicts_with = "target")]
    reads: Option<ConfigSource>,
    /// For `scale`: how many there should be.
    #[arg(long)]
    replicas: Option<u32>,
    /// For `scale` of what an autoscaler owns: the fewest it may choose.
    #[arg(long, requires = "max")]
    min: Option<u32>,
    /// The most it may choose.
    #[arg(long, requires = "min")]
    max: Option<u32>,
    /// For `roll-back`: the revision to go back to.
    #[arg(long)]
    revision: Option<i64>,
    /// For `evict`: the pod.
    #[arg(long)]
    pod: Option<ObjectName>,
    /// By which role it is judged; reason and confirmation count as given.
    #[arg(long = "as", value_name = "ROLE", default_value = "operator")]
    role: Role,
    /// As JSON: operation, lines, what is required, why it is refused.
    #[arg(long)]
    json: bool,
    /// The registry.
    #[arg(long, env = "QUARTERDECK_CONFIG", value_name = "FILE")]
    config: PathBuf,
    /// The kubeconfig; where it is not given `$KUBECONFIG` or `~/.kube/config`.
    #[arg(long, env = "QUARTERDECK_KUBECONFIG", value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// The database, to see what others do: the same as for `quarterdeck serve`.
    #[arg(long, env = "QUARTERDECK_DATABASE", value_name = "URL", hide_env_values = true)]
    database: Option<DatabaseUrl>,
}

/// Prints the plan. Ends with 0 where it would be permitted, with 1 where it would not, with 2 where no plan can be made.
pub async fn run(arguments: PlanArguments) -> ExitCode {
    match plan(arguments).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("quarterdeck: no plan: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn operation(arguments: &PlanArguments) -> anyhow::Result<Operation> {
    Ok(match arguments.operation.as_str() {
        "restart" => Operation::Restart,
        "scale" => match (arguments.replicas, arguments.min, arguments.max) {
            (Some(replicas), None, None) => Operation::Scale { replicas },
            (None, Some(min), Some(max)) => Operation::ScaleRange { min, max },
            _ => bail!("scale needs --replicas, or --min and --max where an autoscaler owns it"),
        },
        "roll-back" => Operation::RollBack { revision: arguments.revision.context("roll-back needs --revision")? },
        "evict" => Operation::RestartPod { pod: arguments.pod.clone().context("evict needs --pod")? },
        other => bail!("'{other}' is not an operation: write restart, scale, roll-back or evict"),
    })
}

async fn plan(arguments: PlanArguments) -> anyhow::Result<bool> {
    let operation = operation(&arguments)?;
    let registry = registry::load(&arguments.config)?;
    let Some((_, environment)) = registry.environment(&arguments.environment) else {
        bail!("{} is not in {}", arguments.environment, arguments.config.display());
    };
    let cluster = registry.clusters.iter().find(|cluster| cluster.id == environment.cluster);
    let connect = &cluster.context("its cluster is not registered")?.connect;
    let reader = Kubeconfig { path: arguments.kubeconfig.clone() }.reader(connect).await?;
    let components = components(&arguments, &operation, &reader, &environment.namespace).await?;
    let store = Store::inspect(&crate::database_of(arguments.database.clone())?).await.ok();
    let planner = Planner { arguments: &arguments, registry: &registry, reader, store };
    let mut plans = Vec::new();
    let mut permitted = true;
    for component in components {
        let (allowed, plan) = planner.plan(&operation, component).await?;
        permitted &= allowed;
        plans.extend(plan);
    }
    if let Some(store) = planner.store {
        store.close().await;
    }
    if arguments.json {
        let one = arguments.reads.is_none().then(|| plans.pop()).flatten();
        println!("{}", serde_json::to_string_pretty(&one.unwrap_or(plans.into()))?);
    }
    Ok(permitted)
}

/// What is planned for: the target, or everything that reads something.
async fn components(
    arguments: &PlanArguments,
    operation: &Operation,
    reader: &kube::Client,
    namespace: &Namespace,
) -> anyhow::Result<Vec<ComponentId>> {
    let environment = &arguments.environment;
    if let Some(source) = &arguments.reads {
        if *operation != Operation::Restart {
            bail!("--reads goes with restart only");
        }
        let found = readers(reader, namespace, source).await.map_err(|why| anyhow!("{why}"))?;
        if found.is_empty() {
            bail!("no Deployment, StatefulSet or DaemonSet in {environment} reads {source}");
        }
        let named = found.into_iter().map(|reader| (reader.kind, reader.name));
        return Ok(named.map(|(kind, name)| ComponentId { environment: environment.clone(), kind, name }).collect());
    }
    let target = arguments.target.as_deref().unwrap_or_default();
    let (kind, name) = target.split_once('/').context("the target is written as kind/name: deployment/fleet-api")?;
    let kind: WorkloadKind = kind.parse()?;
    Ok(vec![ComponentId { environment: environment.clone(), kind, name: name.parse()? }])
}

struct Planner<'a> {
    arguments: &'a PlanArguments,
    registry: &'a Registry,
    reader: kube::Client,
    store: Option<Store>,
}

impl Planner<'_> {
    /// Whether it would be permitted; printed, or as JSON.
    async fn plan(&self, operation: &Operation, component: ComponentId) -> anyhow::Result<(bool, Option<Value>)> {
        let role = self.arguments.role;
        let asker = Asker { name: "the command line".into(), role: Some(role) };
        // What a person would type is not what is asked here.
        let given = Given { reason: "(a plan)".into(), typed: component.name.shared(), name: None };
        let (target, mut facts) = facts_of(self.registry, &self.reader, &component, asker, given, None).await?;
        facts.others = match &self.store {
            Some(store) => under_way(store, &target, &[]).await,
            None => {
                Known::Unread("our own record was not read; name it with --database, as for `quarterdeck serve`".into())
            }
        };
        let verdict = judge(operation, &target, &facts);
        let autoscaler = facts.autoscaler.value().and_then(Option::as_ref).map(|autoscaler| autoscaler.name.as_str());
        let kubectl = target.kubectl(operation, autoscaler, context_of(self.registry, &target.cluster).as_deref());
        let permitted = verdict.refusals.is_empty();
        if self.arguments.json {
            let refusals: Vec<_> = verdict.refusals.iter().map(ToString::to_string).collect();
            let plan = json!({
                "operation": operation, "target": target, "class": verdict.class.as_str(), "lines": verdict.lines,
                "required": verdict.required, "refusals": refusals, "permitted": permitted, "kubectl": kubectl,
            });
            return Ok((permitted, Some(plan)));
        }
        println!("{} in {}", operation.sentence(component.name.as_str()), facts.place.title);
        for line in &verdict.lines {
            println!("  {}", shown(line));
        }
        println!("\n  {kubectl}\n");
        for refusal in &verdict.refusals {
            println!("Refused: {refusal}.");
        }
        if permitted {
            println!("Permitted for the role {role}. Nothing was done.");
        }
        Ok((permitted, None))
    }
}

fn shown(line: &Line) -> String {
    let mark = match line.level {
        Level::Green => '✓',
        Level::Amber => '!',
        Level::Unknown => '?',
        Level::Red => '✕',
    };
    format!("{mark} {} ({})", line.text, line.source)
}
