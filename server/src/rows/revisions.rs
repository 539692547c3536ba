//! The revisions of an environment, by name and by the workload that they are of.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use domain::image::ImageReference;
use domain::name::WorkloadKind;

use super::ObservedRevision;

/// A revision, and what ran as it.
pub struct Revision {
    /// What was seen.
    pub observed: ObservedRevision,
    /// The digest of the main container of the last of its pods that went. Those that are there speak for themselves.
    pub ran: Arc<str>,
}

/// ReplicaSets and ControllerRevisions.
#[derive(Default)]
pub struct Revisions {
    by_name: BTreeMap<Arc<str>, Revision>,
    /// Their names. Each component asks for its own in every pass, and there may be thousands of all.
    of_workload: HashMap<(WorkloadKind, Arc<str>), BTreeSet<Arc<str>>>,
}

impl Revisions {
    /// The revision of that name.
    pub fn get(&self, name: &str) -> Option<&Revision> {
        self.by_name.get(name)
    }

    /// All, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Revision)> {
        self.by_name.iter()
    }

    /// Those of a workload, also of one that had its name before.
    pub fn of(&self, workload: &(WorkloadKind, Arc<str>)) -> impl Iterator<Item = (&Arc<str>, &Revision)> {
        let names = self.of_workload.get(workload).into_iter().flatten();
        names.filter_map(|name| self.by_name.get_key_value(name))
    }

    /// Takes one in. What ran as it before is not forgotten.
    pub fn put(&mut self, name: Arc<str>, observed: ObservedRevision) {
        let before = self.remove(&name);
        let ran = match before {
            Some(before) => before.ran,
            None => ImageReference::parse(&observed.image).digest.into(),
        };
        self.of_workload.entry(observed.workload.clone()).or_default().insert(name.clone());
        self.by_name.insert(name, Revision { observed, ran });
    }

    /// A pod of a revision ran this digest, and is not there any more.
    pub fn remember(&mut self, name: &str, digest: &Arc<str>) {
        if let Some(revision) = self.by_name.get_mut(name) {
            revision.ran = digest.clone();
        }
    }

    /// Takes one out.
    pub fn remove(&mut self, name: &str) -> Option<Revision> {
        let revision = self.by_name.remove(name)?;
        let workload = &revision.observed.workload;
        if let Some(names) = self.of_workload.get_mut(workload) {
            names.remove(name);
            if names.is_empty() {
                self.of_workload.remove(workload);
            }
        }
        Some(revision)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(workload: &str, number: i64) -> ObservedRevision {
        ObservedRevision {
            workload: (WorkloadKind::Deployment, workload.into()),
            owner: 0,
            number,
            image: "registry.test/a:v1".into(),
            created: 0,
            cause: "".into(),
        }
    }

    #[test]
    fn a_workload_has_its_own_revisions_whatever_comes_and_goes() {
        let mut revisions = Revisions::default();
        let of = |revisions: &Revisions, workload: &str| -> Vec<(String, i64)> {
            let workload = (WorkloadKind::Deployment, workload.into());
            let found = revisions.of(&workload);
            found.map(|(name, revision)| (name.to_string(), revision.observed.number)).collect()
        };
        revisions.put("web-1".into(), observed("web", 1));
        revisions.put("web-2".into(), observed("web", 2));
        revisions.put("api-1".into(), observed("api", 1));
        assert_eq!(of(&revisions, "web"), [("web-1".to_owned(), 1), ("web-2".to_owned(), 2)]);
        assert_eq!(revisions.of(&(WorkloadKind::StatefulSet, "web".into())).count(), 0);

        // Seen again it is still one, and what ran as it is known.
        revisions.remember("web-2", &"sha256:1".into());
        revisions.put("web-2".into(), observed("web", 3));
        assert_eq!(of(&revisions, "web"), [("web-1".to_owned(), 1), ("web-2".to_owned(), 3)]);
        assert_eq!(revisions.get("web-2").map(|revision| &*revision.ran), Some("sha256:1"));

        // One that came to another owner is not listed twice.
        revisions.put("web-1".into(), observed("api", 7));
        assert_eq!(of(&revisions, "web"), [("web-2".to_owned(), 3)]);
        assert_eq!(of(&revisions, "api"), [("api-1".to_owned(), 1), ("web-1".to_owned(), 7)]);

        assert!(revisions.remove("web-2").is_some() && revisions.remove("web-2").is_none());
        assert_eq!((of(&revisions, "web"), revisions.iter().count()), (vec![], 2));
        assert!(revisions.of_workload.len() == 1, "no name is left of what is gone");
    }
}
