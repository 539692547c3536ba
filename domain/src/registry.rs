//! The registry: what each environment should look like, declared by the team in one file.
//!
//! The tier of an environment is a field here and nothing else decides it: no name, prefix or host. A namespace that
//! is not registered is treated as production.

mod alerts;
mod bounds;
pub mod checks;
pub mod demo_data;
mod maintenance;
mod mask;
pub mod validate;
pub mod window;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::group::GroupRule;
use crate::name::{
    ClusterId, ComponentId, EnvironmentId, EnvironmentName, Namespace, ObjectName, SystemId, WorkloadKind,
};
use crate::policy::Policy;
use crate::quantity::Quantity;
pub use alerts::{Alerts, Email, Receiver, RuleHere, RuleRow, Shape, Webhook};
pub use bounds::{Amounts, Count, DisruptionBudget, ExpectedLimitRange, ExpectedQuota};
pub use checks::Checks;
pub use demo_data::DemoData;
pub use maintenance::{Freeze, Maintenance, MaintenanceWindow, WallDateTime, WallTime, Weekday};
pub use mask::{LogMask, MOST_MASKS};

/// The whole file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Registry {
    /// The clusters that hold the environments.
    pub clusters: Vec<Cluster>,
    /// The systems, in the order in which the wall shows them.
    pub systems: Vec<System>,
    /// What members of the identity provider's groups may do. Whoever is in several has the roles of all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub access: Vec<GroupRule>,
    /// What operations need, where it differs from the defaults. Of several rows that fit the last counts.
    #[serde(default, skip_serializing_if = "Policy::is_empty")]
    pub policy: Policy,
    /// What is masked in the lines of logs, beside what looks like a secret everywhere; at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub masks: Vec<LogMask>,
    /// To whom alerts are sent, and where their rules differ from the defaults.
    #[serde(default, skip_serializing_if = "Alerts::is_empty")]
    pub alerts: Alerts,
}

/// A cluster and how to reach it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cluster {
    /// What environments call it.
    pub id: ClusterId,
    /// Where it stands, for people: `East US 2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// How to reach it.
    pub connect: Connect,
    /// Which part of it is watched.
    #[serde(default)]
    pub watch: WatchScope,
}

/// How to reach a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Connect {
    /// A context of the kubeconfig.
    Context(String),
    /// The cluster the program itself runs in, by its service account: `inCluster: true` is always `true`.
    InCluster(bool),
}

/// Which part of a cluster is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum WatchScope {
    /// One watch per kind over the whole cluster: the fewest connections; needs a ClusterRole.
    #[default]
    Cluster,
    /// One watch per kind and registered namespace: Roles in those namespaces are enough, but for nodes.
    Namespaces,
}

/// A system: what users would call one product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct System {
    /// Its name in URLs.
    pub id: SystemId,
    /// Its name on screen.
    pub name: String,
    /// Where it runs.
    pub environments: Vec<Environment>,
}

/// How careful one must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Tier {
    /// For building.
    Development,
    /// For testing.
    Staging,
    /// For users.
    Production,
}

impl Tier {
    /// The word on the chip.
    pub fn word(self) -> &'static str {
        match self {
            Self::Development => "Development",
            Self::Staging => "Staging",
            Self::Production => "Production",
        }
    }
}

/// An environment of a system: one namespace of one cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Environment {
    /// Its name in URLs, and on screen unless `name` says otherwise.
    pub id: EnvironmentName,
    /// Its name on screen, where the tier's word does not tell it apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The cluster it runs in.
    pub cluster: ClusterId,
    /// The namespace it runs in.
    pub namespace: Namespace,
    /// How careful one must be here.
    pub tier: Tier,
    /// Where its users reach it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The IANA time zone its people work in: `America/New_York`, never `EST`.
    pub time_zone: String,
    /// When it may be disturbed.
    #[serde(default)]
    pub maintenance: Maintenance,
    /// When it may not be disturbed, whatever the windows say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freezes: Vec<Freeze>,
    /// Whether users are promised that changes do not interrupt them.
    #[serde(default)]
    pub zero_downtime: bool,
    /// Whether the record tells who looks at logs here, when and what they ask for. A look that cannot be recorded shows nothing.
    #[serde(default)]
    pub record_log_views: bool,
    /// Who is asked and called, in this order.
    #[serde(default)]
    pub contacts: Vec<Contact>,
    /// Where else to look.
    #[serde(default)]
    pub links: Vec<Link>,
    /// ConfigMaps that are watched, and what should stand in them.
    #[serde(default)]
    pub config: Vec<ConfigExpectation>,
    /// What is asked of it from outside, again and again.
    #[serde(default, skip_serializing_if = "Checks::is_empty")]
    pub checks: Checks,
    /// Demo data that testers may reset. Of development and staging only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub demo_data: Option<DemoData>,
    /// What all its pods together may use at most, by its ResourceQuotas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<ExpectedQuota>,
    /// What containers get that say nothing, by its LimitRanges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_range: Option<ExpectedLimitRange>,
    /// What should run.
    pub components: Vec<Component>,
}

/// Who is asked or called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Contact {
    /// `On-call`, `Engineering manager`.
    pub role: String,
    /// How and how fast: `pager, immediate`.
    pub reach: String,
}

/// A page elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Link {
    /// What it is called: `Grafana`.
    pub name: String,
    /// Where it is; `https:` or `http:` only.
    pub url: String,
}

/// What should stand in a ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfigExpectation {
    /// The ConfigMap's name.
    pub config_map: ObjectName,
    /// Key and value; a key that is not listed here may hold anything and is never shown.
    pub expect: BTreeMap<String, String>,
}

/// What a component is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// What users see.
    App,
    /// What the app talks to.
    Api,
    /// Works in the background.
    Worker,
    /// Keeps the data.
    Database,
    /// Keeps what can be lost.
    Cache,
}

impl Role {
    /// The word on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Api => "api",
            Self::Worker => "worker",
            Self::Database => "database",
            Self::Cache => "cache",
        }
    }
}

/// A workload that should run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Component {
    /// What it is to Kubernetes.
    pub kind: WorkloadKind,
    /// What it is called there.
    pub name: ObjectName,
    /// What it is there for.
    pub role: Role,
    /// How many should run. Left out for a DaemonSet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replicas: Option<Replicas>,
    /// CPU and memory of its main container, the first of the pod. Left out: not compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,
    /// Storage of each replica.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<Quantity>,
    /// Repository of the main container's image, without tag: `fleetappregistry.azurecr.io/fleet-app`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// ConfigMaps that it reads when it starts: a pod older than the last change runs with old config.
    #[serde(default)]
    pub reads: Vec<ObjectName>,
    /// What backs its data up: the CronJob whose last success is the age of the newest backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<Backup>,
    /// The PodDisruptionBudget that should select its pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disruption_budget: Option<DisruptionBudget>,
}

/// What backs data up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Backup {
    /// A CronJob of the same namespace; `status.lastSuccessfulTime` counts.
    pub cron_job: ObjectName,
    /// How old the newest backup may get until that is said, in hours. Left out: 26, a day and two hours to make it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_hours: Option<u32>,
    /// Recovery point objective: how much may be lost at most, in minutes. A schedule that cannot keep it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rpo_minutes: Option<u32>,
    /// Recovery time objective: how long it may take at most until it works again, in minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rto_minutes: Option<u32>,
}

impl Backup {
    /// How old the newest backup may get until that is said, in seconds.
    pub fn max_age_s(&self) -> i64 {
        i64::from(self.max_age_hours.unwrap_or(MAX_BACKUP_AGE_HOURS)) * 3600
    }
}

/// How old the newest backup may get where nothing else is declared: one of each day, and two hours to make it.
pub const MAX_BACKUP_AGE_HOURS: u32 = 26;

/// How many replicas should run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Replicas {
    /// Exactly so many, and no autoscaler.
    Exactly(u32),
    /// As many as a HorizontalPodAutoscaler with these bounds wants.
    Autoscaled(AutoscaledReplicas),
}

/// The bounds that an autoscaler should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AutoscaledReplicas {
    /// Fewest.
    pub min: u32,
    /// Most.
    pub max: u32,
    /// CPU utilisation of the request that it keeps to, in percent. Left out: not compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
    /// Memory utilisation of the request that it keeps to, in percent. Left out: not compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u32>,
    /// For how many seconds it looks back before it scales down. Left out: not compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_down_seconds: Option<u32>,
}

/// What a container may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resources {
    /// CPU, in cores or millicores: `250m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Bounds>,
    /// Memory: `256Mi`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<Bounds>,
}

/// Request and limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bounds {
    /// What is set aside for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Quantity>,
    /// What it may use at most. Left out: there should be none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Quantity>,
}

impl Registry {
    /// Every environment with its system, in the file's order.
    pub fn environments(&self) -> impl Iterator<Item = (&System, &Environment)> {
        self.systems.iter().flat_map(|system| system.environments.iter().map(move |environment| (system, environment)))
    }

    /// The environment with this id.
    pub fn environment(&self, id: &EnvironmentId) -> Option<(&System, &Environment)> {
        self.environments().find(|(system, environment)| system.id == id.system && environment.id == id.environment)
    }

    /// The environment that was registered for a namespace of a cluster. `None`: treat it as production.
    pub fn at(&self, cluster: &ClusterId, namespace: &Namespace) -> Option<(&System, &Environment)> {
        self.environments()
            .find(|(_, environment)| environment.cluster == *cluster && environment.namespace == *namespace)
    }
}

impl System {
    /// The full id of one of its environments.
    pub fn environment_id(&self, environment: &Environment) -> EnvironmentId {
        EnvironmentId { system: self.id.clone(), environment: environment.id.clone() }
    }
}

impl Environment {
    /// Its name on screen.
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| self.tier.word())
    }
}

impl Component {
    /// The full id of this component in an environment.
    pub fn id(&self, environment: &EnvironmentId) -> ComponentId {
        ComponentId { environment: environment.clone(), kind: self.kind, name: self.name.clone() }
    }
}
