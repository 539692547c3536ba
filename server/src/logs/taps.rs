//! What is followed at the moment: each container once, and the pods of each namespace once, however many look.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use domain::name::{ClusterId, Namespace};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::budget::Budget;
use super::roster::{self, Roster};
use super::tap::{self, Look, Tap, TapKey};
use crate::cluster::Clusters;

/// All of it.
pub struct Taps {
    clusters: Arc<Clusters>,
    budget: Arc<Budget>,
    taps: Mutex<HashMap<TapKey, Arc<Tap>>>,
    rosters: Mutex<HashMap<(ClusterId, Namespace), watch::Sender<Roster>>>,
}

impl Taps {
    /// Nothing yet, of these clusters.
    pub fn new(clusters: Arc<Clusters>) -> Self {
        Self { clusters, budget: Arc::default(), taps: Mutex::default(), rosters: Mutex::default() }
    }

    /// The pods of a namespace, for as long as what is returned lives.
    pub fn roster(self: &Arc<Self>, cluster: &ClusterId, namespace: &Namespace) -> watch::Receiver<Roster> {
        let key = (cluster.clone(), namespace.clone());
        match self.rosters.lock().entry(key) {
            Entry::Occupied(known) => known.get().subscribe(),
            Entry::Vacant(place) => {
                let (sender, receiver) = watch::channel(Roster::default());
                place.insert(sender.clone());
                let (taps, key) = (self.clone(), (cluster.clone(), namespace.clone()));
                let over = move |roster: &watch::Sender<Roster>| {
                    let mut rosters = taps.rosters.lock();
                    let is_over = roster.receiver_count() == 0;
                    if is_over {
                        rosters.remove(&key);
                    }
                    is_over
                };
                let (clusters, cluster, namespace) = (self.clusters.clone(), cluster.clone(), namespace.clone());
                tokio::spawn(roster::keep(clusters, cluster, namespace, sender, over));
                receiver
            }
        }
    }

    /// Looks at a container, from a second since 1970 on where nobody looked at it yet. `None`: so many are followed that there is no room.
    pub fn look(self: &Arc<Self>, key: &TapKey, from: Option<i64>) -> Option<Look> {
        let mut taps = self.taps.lock();
        if let Some(tap) = taps.get(key) {
            // Whoever comes sees nothing that is masked by now.
            tap.masks(&self.clusters);
            return Some(tap.look());
        }
        if !self.budget.has_room() {
            return None;
        }
        let tap = Arc::new(Tap::new(key.clone(), from, self.budget.clone()));
        taps.insert(key.clone(), tap.clone());
        let look = tap.look();
        drop(taps);
        let all = self.clone();
        let over = move |tap: &Arc<Tap>| {
            let mut taps = all.taps.lock();
            let is_over = !tap.is_looked_at();
            if is_over {
                taps.remove(tap.key());
            }
            is_over
        };
        let roster = self.roster(&key.cluster, &key.namespace);
        tokio::spawn(tap::follow(tap, self.clusters.clone(), roster, over));
        Some(look)
    }

    /// How many containers are followed, and what of them is kept, in bytes.
    pub fn size(&self) -> (usize, usize) {
        (self.taps.lock().len(), self.budget.bytes())
    }
}
