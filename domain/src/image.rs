//! Image references and the digests that really run.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An image reference taken apart: `registry/repository:tag@sha256:…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageReference<'a> {
    /// Registry and repository.
    pub repository: &'a str,
    /// The tag; empty when there is none.
    pub tag: &'a str,
    /// `sha256:…`; empty when there is none.
    pub digest: &'a str,
}

impl<'a> ImageReference<'a> {
    /// Takes a reference apart. A reference without tag and digest has the tag `latest`, as for every container runtime.
    /// <https://github.com/distribution/reference>
    pub fn parse(text: &'a str) -> Self {
        let (name, digest) = text.split_once('@').unwrap_or((text, ""));
        // A colon in the last path segment starts a tag; one before it is a port.
        let segment = name.rfind('/').map_or(0, |slash| slash + 1);
        let (repository, tag) = match name[segment..].find(':') {
            Some(colon) => (&name[..segment + colon], &name[segment + colon + 1..]),
            None => (name, if digest.is_empty() { "latest" } else { "" }),
        };
        Self { repository, tag, digest }
    }
}

/// The digest in an `imageID` of a container's status: `repo@sha256:…`, `docker-pullable://repo@sha256:…` or `sha256:…`.
/// Empty when there is none.
pub fn running_digest(image_id: &str) -> &str {
    image_id.find("sha256:").map_or("", |start| &image_id[start..])
}

/// The first seven characters of a digest's hash, as people compare them.
pub fn short_digest(digest: &str) -> &str {
    let hash = digest.split_once(':').map_or(digest, |(_, hash)| hash);
    hash.get(..7).unwrap_or(hash)
}

/// The digests that pods run, given each pod's digest and whether it is ready: first the one that most ready pods run, then
/// the one that most pods run; of equals the smaller text, so that nothing flips. A pod whose digest is empty counts for
/// nothing.
pub fn most_run_first<'a>(pods: impl Iterator<Item = (&'a Arc<str>, bool)>) -> Vec<&'a Arc<str>> {
    let mut counts: BTreeMap<&Arc<str>, (u32, u32)> = BTreeMap::new();
    for (digest, is_ready) in pods.filter(|(digest, _)| !digest.is_empty()) {
        let count = counts.entry(digest).or_default();
        *count = (count.0 + u32::from(is_ready), count.1 + 1);
    }
    let mut sorted: Vec<(&Arc<str>, (u32, u32))> = counts.into_iter().collect();
    sorted.sort_by_key(|(_, count)| Reverse(*count));
    sorted.into_iter().map(|(digest, _)| digest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_that_most_ready_pods_run_comes_first() {
        for (pods, expected) in [
            (vec![("aaa", true), ("bbb", true), ("bbb", true)], vec!["bbb", "aaa"]),
            (vec![("aaa", true), ("bbb", false), ("bbb", false)], vec!["aaa", "bbb"]),
            (vec![("bbb", true), ("aaa", true), ("", true)], vec!["aaa", "bbb"]),
            (vec![("bbb", true), ("aaa", true), ("bbb", false)], vec!["bbb", "aaa"]),
            (vec![("", true), ("ccc", false), ("", true)], vec!["ccc"]),
            (vec![("", true)], vec![]),
        ] {
            let pods: Vec<(Arc<str>, bool)> = pods.into_iter().map(|(digest, ready)| (digest.into(), ready)).collect();
            let found = most_run_first(pods.iter().map(|(digest, ready)| (digest, *ready)));
            assert_eq!(found.iter().map(|digest| &***digest).collect::<Vec<_>>(), expected, "{pods:?}");
        }
    }

    #[test]
    fn references_come_apart_where_runtimes_take_them_apart() {
        for (text, repository, tag, digest) in [
            ("nginx", "nginx", "latest", ""),
            ("nginx:1.25", "nginx", "1.25", ""),
            ("registry.test:5000/fleet-app", "registry.test:5000/fleet-app", "latest", ""),
            ("registry.test:5000/fleet-app:dev", "registry.test:5000/fleet-app", "dev", ""),
            ("a/b@sha256:0123", "a/b", "", "sha256:0123"),
            ("a/b:v1@sha256:0123", "a/b", "v1", "sha256:0123"),
        ] {
            assert_eq!(ImageReference::parse(text), ImageReference { repository, tag, digest }, "{text}");
        }
    }

    #[test]
    fn the_digest_that_runs_is_found_in_every_runtimes_form() {
        for (image_id, digest, short) in [
            ("a/b@sha256:9b59408aaaa", "sha256:9b59408aaaa", "9b59408"),
            ("docker-pullable://a/b@sha256:9b59408aaaa", "sha256:9b59408aaaa", "9b59408"),
            ("sha256:9b5", "sha256:9b5", "9b5"),
            ("", "", ""),
        ] {
            assert_eq!(running_digest(image_id), digest);
            assert_eq!(short_digest(digest), short);
        }
    }
}
