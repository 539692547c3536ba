//! What can be done to a workload: the operations, in the words of kubectl.

pub mod life;
pub mod record;
pub mod rollout;
pub mod series;

use std::borrow::Cow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ledger::Kind;
use crate::name::{ClusterId, ComponentId, Namespace, ObjectName, WorkloadKind};

/// Something to do. Whoever adds one is led on by the compiler: its rule in [`crate::guard`], its class in
/// [`crate::policy`], its call in the server's `cluster/execute.rs`, its words in `app`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Operation {
    /// Replaces all pods, as the workload's strategy says: `kubectl rollout restart`.
    Restart,
    /// Sets the number of pods: `kubectl scale`.
    Scale {
        /// How many there should be.
        replicas: u32,
    },
    /// Sets between which numbers the autoscaler that owns the workload may choose.
    ScaleRange {
        /// Fewest.
        min: u32,
        /// Most.
        max: u32,
    },
    /// Takes the pod template back to that of a revision: `kubectl rollout undo --to-revision`. Never "the previous one",
    /// which is another one when two people press.
    RollBack {
        /// The number of the revision.
        revision: i64,
    },
    /// Evicts one pod, so that its StatefulSet makes it anew: unlike a deletion, an eviction asks the disruption budgets.
    RestartPod {
        /// The pod.
        pod: ObjectName,
    },
}

impl Operation {
    /// As it is recorded.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Restart => Kind::Restart,
            Self::Scale { .. } | Self::ScaleRange { .. } => Kind::Scale,
            Self::RollBack { .. } => Kind::RollBack,
            Self::RestartPod { .. } => Kind::RestartDatabase,
        }
    }

    /// What stands on the button.
    pub fn words(&self) -> &'static str {
        match self {
            Self::Restart => "Restart",
            Self::Scale { .. } => "Scale",
            Self::ScaleRange { .. } => "Set the range",
            Self::RollBack { .. } => "Roll back",
            Self::RestartPod { .. } => "Evict the pod",
        }
    }

    /// What is done, in a sentence of the record: `Restart fleet-api`.
    pub fn sentence(&self, name: &str) -> String {
        match self {
            Self::Restart => format!("Restart {name}"),
            Self::Scale { replicas } => format!("Scale {name} to {replicas}"),
            Self::ScaleRange { min, max } => format!("Let the autoscaler choose {min} to {max} replicas of {name}"),
            Self::RollBack { revision } => format!("Roll {name} back to revision {revision}"),
            Self::RestartPod { pod } => format!("Evict the pod {pod} of {name}"),
        }
    }

    /// Whether pods are replaced by it.
    pub fn replaces_pods(&self) -> bool {
        match self {
            Self::Restart | Self::RollBack { .. } | Self::RestartPod { .. } => true,
            Self::Scale { .. } | Self::ScaleRange { .. } => false,
        }
    }
}

/// The very object that something is done to.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Target {
    /// What the registry calls it.
    pub component: ComponentId,
    /// The cluster it is in.
    pub cluster: ClusterId,
    /// The namespace it is in.
    pub namespace: Namespace,
    /// Its `metadata.uid`: one made anew under its name is another object.
    pub uid: Arc<str>,
    /// Its `metadata.generation`: counts changes of its spec. The resource version would not do, every status moves it.
    pub generation: i64,
}

impl Target {
    /// What it is to Kubernetes.
    pub fn kind(&self) -> WorkloadKind {
        self.component.kind
    }

    /// What it is called.
    pub fn name(&self) -> &ObjectName {
        &self.component.name
    }

    /// What tells it from all others, by name: of one there is one operation at a time.
    pub fn key(&self) -> String {
        format!("{}/{}/{}/{}", self.cluster, self.namespace, self.kind().as_str(), self.name())
    }

    /// The command that would do the same, to hand on or to compare. `autoscaler`: the name of the one that owns it; `context`: that of
    /// the kubeconfig, without which the command is about whichever cluster is the current one.
    pub fn kubectl(&self, operation: &Operation, autoscaler: Option<&str>, context: Option<&str>) -> String {
        let (namespace, kind, name) = (&self.namespace, self.kind().as_str(), self.name());
        let kubectl = match context {
            Some(context) => format!("kubectl --context {}", shell_word(context)),
            None => "kubectl".to_owned(),
        };
        match operation {
            // Flux takes away what managers called `kubectl…` wrote, and the pods are replaced once more.
            Operation::Restart => {
                format!("{kubectl} -n {namespace} rollout restart {kind}/{name} --field-manager=quarterdeck")
            }
            Operation::Scale { replicas } => {
                format!("{kubectl} -n {namespace} scale {kind}/{name} --replicas={replicas}")
            }
            Operation::ScaleRange { min, max } => format!(
                "{kubectl} -n {namespace} patch hpa/{} -p '{{\"spec\":{{\"minReplicas\":{min},\"maxReplicas\":{max}}}}}'",
                autoscaler.unwrap_or(name.as_str())
            ),
            Operation::RollBack { revision } => {
                format!("{kubectl} -n {namespace} rollout undo {kind}/{name} --to-revision={revision}")
            }
            // kubectl has no command that evicts one pod; a deletion would not ask the disruption budgets.
            Operation::RestartPod { pod } => format!(
                "echo '{{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{{\"name\":\"{pod}\"}}}}' | \
                 {kubectl} create --raw /api/v1/namespaces/{namespace}/pods/{pod}/eviction -f -"
            ),
        }
    }
}

/// Text as one word of a POSIX shell: a context may be called anything, also `$(reboot)`.
/// <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02_02>
fn shell_word(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@%+:,./_-".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        Cow::Borrowed(text)
    } else {
        // Between single quotes nothing means anything but the quote itself.
        Cow::Owned(format!("'{}'", text.replace('\'', r"'\''")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_one_word_whatever_it_is_called() {
        for (context, expected) in [
            ("main", "main"),
            ("arn:aws:eks:eu-west-1:123456789012:cluster/x", "arn:aws:eks:eu-west-1:123456789012:cluster/x"),
            ("gke_project_europe-west3_x", "gke_project_europe-west3_x"),
            ("kim@cluster.example,50%+1", "kim@cluster.example,50%+1"),
            ("user@cluster 1", "'user@cluster 1'"),
            ("$(reboot)", "'$(reboot)'"),
            ("a;b&c|d>e`f\\g\"h", "'a;b&c|d>e`f\\g\"h'"),
            ("kim's", r"'kim'\''s'"),
            ("~kim", "'~kim'"),
            ("=ls", "'=ls'"),
            ("#1", "'#1'"),
            ("a\nb", "'a\nb'"),
            ("zürich", "'zürich'"),
            ("", "''"),
        ] {
            assert_eq!(shell_word(context), expected, "{context}");
        }
    }

    #[test]
    fn the_command_that_would_do_the_same_names_the_namespace_and_the_number() {
        let target = Target {
            component: ComponentId {
                environment: "fleet-management/production".parse().unwrap(),
                kind: WorkloadKind::Deployment,
                name: "fleet-api".parse().unwrap(),
            },
            cluster: "main".parse().unwrap(),
            namespace: "fleet-management".parse().unwrap(),
            uid: "u".into(),
            generation: 3,
        };
        for (operation, autoscaler, expected) in [
            (
                Operation::Restart,
                None,
                "kubectl --context main -n fleet-management rollout restart deployment/fleet-api --field-manager=quarterdeck",
            ),
            (
                Operation::Scale { replicas: 2 },
                None,
                "kubectl --context main -n fleet-management scale deployment/fleet-api --replicas=2",
            ),
            (
                Operation::ScaleRange { min: 2, max: 4 },
                Some("fleet-api-hpa"),
                "kubectl --context main -n fleet-management patch hpa/fleet-api-hpa -p '{\"spec\":{\"minReplicas\":2,\"maxReplicas\":4}}'",
            ),
            (
                Operation::RollBack { revision: 7 },
                None,
                "kubectl --context main -n fleet-management rollout undo deployment/fleet-api --to-revision=7",
            ),
        ] {
            assert_eq!(target.kubectl(&operation, autoscaler, Some("main")), expected);
            let expected = expected.replace("--context main", "--context 'my main'");
            assert_eq!(target.kubectl(&operation, autoscaler, Some("my main")), expected);
            let expected = expected.replace(" --context 'my main'", "");
            assert_eq!(target.kubectl(&operation, autoscaler, None), expected);
        }
    }
}
