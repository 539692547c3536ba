//! Operations, from the plan that somebody opens to what came of it.
//!
//! The order is always the same: fresh facts, the guard's verdict, the row of the operation and its entry in the ledger in one
//! commit, one sending, and then the effect is followed until it is known.

mod carry;
mod ending;
mod facts;
mod press;
mod series;
mod watching;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::access::Grants;
use domain::guard::facts::{Facts, Given};
use domain::guard::{Verdict, judge};
use domain::ledger::OperationId;
use domain::name::{ClusterId, ComponentId};
use domain::operation::record::Record;
use domain::operation::{Operation, Target};
use domain::registry::{Connect, Registry};
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use tokio::time::interval;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use facts::{facts_of, under_way};
pub use press::{Press, PressRefusal, written};
pub use series::{MemberPlan, PressedMember, SeriesPlan, SeriesPress, SeriesRefusal, member_id};

use crate::clock;
use crate::cluster::Clusters;
use crate::people::{People, Who};
use crate::rows::Rows;
use crate::store::StoreError;

/// How often it is looked for operations that nobody carries on.
const ROUND: Duration = Duration::from_secs(1);
/// How long a plan counts as looked at after it was opened, in seconds.
const LOOKED_AT_S: i64 = 120;
/// The most refusals of one person that are recorded within the time below.
const MOST_REFUSED: u32 = 50;
/// Seconds.
const REFUSED_WITHIN_S: i64 = 600;
/// The most plans that are remembered as looked at.
const MOST_LOOKS: usize = 1000;
/// The most operations whose state is held for pages. Those on their way come first.
const MOST_SHOWN: usize = 1000;

/// Everything that operations need.
pub struct Desk {
    people: Arc<People>,
    clusters: Arc<Clusters>,
    rows: Arc<Rows>,
    /// What the pages of operations show.
    shown: Mutex<HashMap<OperationId, Record>>,
    /// Who wants nothing to be begun after an operation of a series that is on its way.
    stops: Mutex<HashMap<OperationId, Arc<str>>>,
    /// Who looks at which plan.
    looks: Mutex<Vec<Look>>,
    /// How often somebody was refused lately, by their id: since when, and how many times.
    refused: Mutex<HashMap<String, (i64, u32)>>,
    /// Everything that carries an operation on here.
    carriers: TaskTracker,
    cancel: CancellationToken,
}

/// Somebody has a plan open.
struct Look {
    id: OperationId,
    who: Arc<str>,
    target: String,
    component: ComponentId,
    what: Arc<str>,
    at: i64,
}

/// A plan, as it is shown.
#[derive(Debug)]
pub struct Plan {
    /// The id that the operation will have.
    pub id: OperationId,
    /// What would be done.
    pub operation: Operation,
    /// To what.
    pub target: Target,
    /// What was known.
    pub facts: Facts,
    /// What the guard says.
    pub verdict: Verdict,
    /// The hash of what is shown, compared when the button is pressed.
    pub hash: [u8; 32],
    /// The command that would do the same.
    pub kubectl: String,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPlan {
    /// Nothing of that name may be seen.
    #[error("nothing of that name is registered")]
    Absent,
    /// The workload is not there.
    #[error("there is no {0} in the cluster")]
    Missing(ComponentId),
    /// The cluster does not say.
    #[error("no plan can be made: {0}. Nothing was done; try again when the cluster answers")]
    Unread(Arc<str>),
}

impl Desk {
    /// A desk with nothing on it.
    pub fn new(people: Arc<People>, clusters: Arc<Clusters>, rows: Arc<Rows>, cancel: CancellationToken) -> Self {
        Self {
            people,
            clusters,
            rows,
            shown: Mutex::default(),
            stops: Mutex::default(),
            looks: Mutex::default(),
            refused: Mutex::default(),
            carriers: TaskTracker::new(),
            cancel,
        }
    }

    /// Makes the plan of an operation, from fresh facts. `planned` is the object that an earlier plan was made for.
    pub async fn plan(
        &self,
        who: &Who,
        component: &ComponentId,
        operation: &Operation,
        id: OperationId,
        given: Given,
        planned: Option<(&str, i64)>,
    ) -> Result<Plan, NoPlan> {
        let (target, facts) = self.facts(who, component, id, given, planned).await?;
        let verdict = judge(operation, &target, &facts);
        let hash = Sha256::digest(verdict.fingerprint(operation, &target)).into();
        let autoscaler = facts.autoscaler.value().and_then(Option::as_ref).map(|autoscaler| autoscaler.name.as_str());
        let kubectl =
            target.kubectl(operation, autoscaler, context_of(&self.clusters.registry(), &target.cluster).as_deref());
        Ok(Plan { id, operation: operation.clone(), kubectl, target, facts, verdict, hash })
    }

    /// Remembers that somebody looks at a plan, for the plans of others.
    pub fn looked_at(&self, who: &Who, plan: &Plan) {
        let now = clock::now_ms() / 1000;
        let look = Look {
            id: plan.id,
            who: who.user.name.as_str().into(),
            target: plan.target.key(),
            component: plan.target.component.clone(),
            what: plan.operation.sentence(plan.target.name().as_str()).into(),
            at: now,
        };
        let mut looks = self.looks.lock();
        // Of one person and one target the newest: whoever opens it again and again is there once.
        let is_same = |known: &Look| known.who == look.who && known.target == look.target;
        looks.retain(|known| !is_same(known) && now - known.at < LOOKED_AT_S);
        if looks.len() < MOST_LOOKS {
            looks.push(look);
        }
    }

    /// Whether one more refusal of somebody is recorded: each is an entry for good, and a form can be sent a thousand times.
    fn may_be_refused(&self, who: &Who) -> bool {
        let now = clock::now_ms() / 1000;
        let mut refused = self.refused.lock();
        refused.retain(|_, (since, _)| now - *since < REFUSED_WITHIN_S);
        let (_, times) = refused.entry(who.user.id.to_string()).or_insert((now, 0));
        *times += 1;
        *times <= MOST_REFUSED
    }

    /// The plan of this id is not looked at any more.
    fn forget_look(&self, id: OperationId) {
        self.looks.lock().retain(|look| look.id != id);
    }

    /// An operation as a page shows it, if it is held here and lies where they may look.
    pub fn shown(&self, id: OperationId, grants: &Grants) -> Option<Record> {
        let shown = self.shown.lock();
        shown.get(&id).filter(|record| grants.sees(&record.target.component.environment)).cloned()
    }

    /// Reads an operation for its page.
    pub async fn load(&self, id: OperationId) -> Result<(), StoreError> {
        let now = clock::now_ms() / 1000;
        // What is watched afterwards is added to by whichever replica looks.
        let is_settled = |known: &Record| known.is_over() && known.watched_until.is_none_or(|until| until + 120 < now);
        let known = self.shown.lock().get(&id).is_some_and(is_settled);
        if !known && let Some(held) = self.people.store().read().await?.operation(id).await? {
            self.show(held.record);
        }
        self.load_series(id).await
    }

    /// Reads the other operations of the same series, as far as they have begun and may have changed.
    async fn load_series(&self, id: OperationId) -> Result<(), StoreError> {
        let unknown: Vec<OperationId> = {
            let shown = self.shown.lock();
            let series = shown.get(&id).and_then(|record| record.series.as_ref());
            let members = series.iter().flat_map(|series| &series.members).map(|member| member.id);
            members.filter(|member| !shown.get(member).is_some_and(Record::is_over)).collect()
        };
        for member in unknown.into_iter().filter(|member| *member != id) {
            match self.people.store().read().await?.operation(member).await? {
                Some(held) => self.show(held.record),
                // They begin in their order.
                None => break,
            }
        }
        Ok(())
    }

    /// Lets pages show how an operation stands.
    fn show(&self, record: Record) {
        let mut shown = self.shown.lock();
        // What was read a moment before its end was written is not how it stands.
        if shown.get(&record.id).is_some_and(|known| *known == record || known.is_over() && !record.is_over()) {
            return;
        }
        if shown.len() >= MOST_SHOWN {
            shown.retain(|_, known| !known.is_over());
        }
        shown.insert(record.id, record);
        drop(shown);
        self.rows.poke();
    }

    /// Those that pages show as on their way.
    fn shown_under_way(&self) -> Vec<OperationId> {
        self.shown.lock().values().filter(|known| !known.is_over()).map(|known| known.id).collect()
    }

    /// Carries on, until cancelled, what nobody carries on: what this program began before it ended, or another replica.
    pub async fn run(self: Arc<Self>) {
        // Apart: a cluster that stays silent must not keep anything from being taken over.
        let desk = self.clone();
        self.carriers.spawn(async move { desk.watch_on().await });
        let mut rounds = interval(ROUND);
        loop {
            tokio::select! {
                () = self.cancel.cancelled() => break,
                _ = rounds.tick() => {}
            }
            if let Err(error) = self.round().await {
                tracing::debug!("operations on their way cannot be read: {error}");
            }
        }
        self.carriers.close();
        self.carriers.wait().await;
    }

    /// A client that reads a cluster, or why there is none.
    async fn reader(&self, cluster: &ClusterId) -> Result<kube::Client, Arc<str>> {
        self.clusters.reader(cluster).await.map_err(|error| error.to_string().trim_end_matches('.').into())
    }
}

/// The context of the kubeconfig that leads to a cluster; none where the program runs in it.
pub fn context_of(registry: &Registry, cluster: &ClusterId) -> Option<String> {
    let known = registry.clusters.iter().find(|known| known.id == *cluster)?;
    match &known.connect {
        Connect::Context(context) => Some(context.clone()),
        Connect::InCluster(_) => None,
    }
}
