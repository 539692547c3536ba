//! Objects that are there and cannot be read: what was held of them is not what they are, and they are not absent.

use std::sync::Arc;

use domain::component::Unread;
use domain::name::ClusterId;
use domain::view::{PodRow, State as Health, Status};

use super::environment::Environment;
use super::nodes::Nodes;
use super::pods::Entry;
use super::{Key, Kind, State};

/// What is said of a pod that cannot be read.
const WHY: &str = "What the cluster tells of it cannot be read.";

impl Environment {
    /// An object is read again, or gone.
    pub fn is_read(&mut self, kind: Kind, name: &Arc<str>) {
        if !self.unread.is_empty() && self.unread.remove(&(kind, name.clone())) {
            self.mark_all();
        }
    }

    /// Whether what is told of an object of a kind cannot be read: of that name, or of any.
    pub fn is_unread(&self, kind: Kind, name: Option<&Arc<str>>) -> Option<Unread> {
        let is_it = |(of, other): &(Kind, Arc<str>)| *of == kind && name.is_none_or(|name| name == other);
        self.unread.iter().any(is_it).then_some(Unread::Garbled)
    }
}

impl State {
    /// Forgets what was held of an object, and remembers that it is there. A pod keeps its row, which says so.
    pub fn put_unread(&mut self, place: usize, key: Key, uid: u128) {
        let row = (key.kind == Kind::Pod).then(|| self.unread_pod(place, &key, uid));
        self.remove(place, &key, None);
        let environment = &mut self.environments[place];
        environment.mark_all();
        if uid != 0 && !matches!(key.kind, Kind::Pod | Kind::Event) {
            environment.uids.insert((key.kind, key.name.clone()), uid);
        }
        environment.unread.insert((key.kind, key.name));
        if let Some(entry) = row {
            let component = entry.component;
            let id = self.pods.put(entry);
            if let Some(component) =
                component.and_then(|component| self.environments[place].components.get_mut(component))
            {
                component.pods.push(id);
            }
        }
    }

    /// Its row without a figure. Whose pod it is stays as it was: an owner does not change.
    fn unread_pod(&mut self, place: usize, key: &Key, uid: u128) -> Entry {
        let known = self.pods.find(place, &key.name).and_then(|id| self.pods.get(id));
        let known = known.filter(|known| uid == 0 || known.row.uid == uid);
        let (component, workload) = known.map_or((None, None), |known| (known.component, known.workload.clone()));
        let (uid, name) = known.map_or((uid, ""), |known| (known.row.uid, &known.row.component));
        let (name, nothing) = (self.texts.share(name.into()), self.texts.share("".into()));
        let word = self.texts.share("Unknown".into());
        let status = Status { state: Health::Unknown, word, why: self.texts.share(WHY.into()) };
        let row = PodRow {
            uid,
            name: key.name.clone(),
            environment: self.environments[place].id.clone(),
            component: name,
            node: nothing.clone(),
            status,
            ready: 0,
            containers: 0,
            restarts: 0,
            created: 0,
            restarted: 0,
            tag: nothing.clone(),
            digest: nothing.clone(),
        };
        let (revision, digest) = (nothing.clone(), nothing);
        Entry {
            row,
            environment: place,
            component,
            workload,
            owner: 0,
            revision,
            digest,
            unsettled: None,
            restarts: None,
            usage: Box::default(),
        }
    }

    /// What of a cluster cannot be read, in a sentence; empty when there is nothing. Without names: not everybody sees all of them.
    pub fn unread_sentence(&self, cluster: &ClusterId) -> String {
        let mut kinds: Vec<Kind> = self
            .environments
            .iter()
            .filter(|environment| environment.cluster == *cluster)
            .flat_map(|environment| environment.unread.iter().map(|(kind, _)| *kind))
            .collect();
        if self.nodes.get(cluster).is_some_and(Nodes::has_unread) {
            kinds.push(Kind::Node);
        }
        kinds.sort_unstable();
        kinds.dedup();
        let names: Vec<&str> = kinds.iter().map(|kind| kind.resource()).collect();
        if names.is_empty() { String::new() } else { format!("Some of the {} cannot be read.", names.join(", ")) }
    }
}
