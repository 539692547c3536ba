//! What stands in the answers to a list and a watch, also where an object in them is not as it should be.

use std::collections::VecDeque;

use kube::Resource;
use kube::api::WatchEvent;
use kube::core::Status;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::trouble::Trouble;

/// An object; or one that does not parse, as far as can be told which it is.
pub type Item<K> = Result<K, Unread>;

/// An object that does not parse.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// Its namespace, if that much can be read.
    pub namespace: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its uid.
    pub uid: Option<String>,
    version: Option<String>,
}

/// A line of a watch.
pub enum Line<K> {
    /// An object is there, new or changed; and the version it tells.
    Applied(Item<K>, Option<String>),
    /// An object went.
    Deleted(Item<K>, Option<String>),
    /// Nothing else happened up to this version.
    Bookmark {
        /// The version.
        version: String,
        /// Whether all of a streaming list was said.
        ends_list: bool,
    },
}

/// A line as far as it is always one.
#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(rename = "type", borrow)]
    kind: &'a RawValue,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Named<'a> {
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Names<'a> {
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    namespace: Option<&'a RawValue>,
    #[serde(borrow)]
    uid: Option<&'a RawValue>,
    #[serde(borrow)]
    resource_version: Option<&'a RawValue>,
}

impl Unread {
    /// What can be told of an object, whatever else is wrong with it.
    fn of(object: &str) -> Self {
        let text = |raw: Option<&RawValue>| serde_json::from_str::<String>(raw?.get()).ok();
        let named: Named<'_> = serde_json::from_str(object).unwrap_or_default();
        let names: Names<'_> =
            named.metadata.and_then(|metadata| serde_json::from_str(metadata.get()).ok()).unwrap_or_default();
        Self {
            namespace: text(names.namespace),
            name: text(names.name),
            uid: text(names.uid),
            version: text(names.resource_version),
        }
    }
}

/// An object has a name. What has none was read as one by mistake, like an empty list.
fn named<K: Resource>(object: K) -> Item<K> {
    if object.meta().name.is_some() { Ok(object) } else { Err(Unread::default()) }
}

/// Reads a line; `None` for one that was cut: the watch ended in it.
pub fn read<K: Resource + DeserializeOwned>(line: &str) -> Result<Option<Line<K>>, Trouble> {
    let error = match serde_json::from_str::<WatchEvent<K>>(line) {
        Ok(WatchEvent::Added(object) | WatchEvent::Modified(object)) => {
            let version = object.meta().resource_version.clone();
            return Ok(Some(Line::Applied(named(object), version)));
        }
        Ok(WatchEvent::Deleted(object)) => {
            let version = object.meta().resource_version.clone();
            return Ok(Some(Line::Deleted(named(object), version)));
        }
        Ok(WatchEvent::Bookmark(bookmark)) => {
            let ends_list = bookmark.metadata.annotations.contains_key("k8s.io/initial-events-end");
            return Ok(Some(Line::Bookmark { version: bookmark.metadata.resource_version, ends_list }));
        }
        Ok(WatchEvent::Error(status)) => return Err(kube::Error::Api(status).into()),
        Err(error) => error,
    };
    if error.is_eof() {
        return Ok(None);
    }
    if let Ok(Raw { kind, object }) = serde_json::from_str::<Raw<'_>>(line) {
        let mut unread = Unread::of(object.get());
        let version = unread.version.take();
        return match kind.get() {
            "\"ADDED\"" | "\"MODIFIED\"" => Ok(Some(Line::Applied(Err(unread), version))),
            "\"DELETED\"" => Ok(Some(Line::Deleted(Err(unread), version))),
            _ => Err(Trouble::Nonsense),
        };
    }
    // What a server says instead of a watch.
    match serde_json::from_str::<Status>(line) {
        Ok(status) if status.code != 0 => Err(kube::Error::Api(status.boxed()).into()),
        Ok(_) | Err(_) => Err(Trouble::Nonsense),
    }
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(default)]
    metadata: ListMeta,
    #[serde(borrow, default)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ListMeta {
    resource_version: Option<String>,
    #[serde(rename = "continue")]
    next: Option<String>,
}

/// A page of a list.
pub struct Page<K> {
    /// Where the next page begins; `None` for the last one.
    pub next: Option<String>,
    /// Its objects.
    pub items: VecDeque<Item<K>>,
    /// The version of the whole list.
    pub version: Option<String>,
}

/// Reads a page of a list.
pub fn page<K: Resource + DeserializeOwned>(text: &str) -> Result<Page<K>, Trouble> {
    let List { metadata, items } = serde_json::from_str(text).map_err(|_| Trouble::Nonsense)?;
    let object = |raw: &RawValue| match serde_json::from_str(raw.get()) {
        Ok(object) => named(object),
        Err(_) => Err(Unread::of(raw.get())),
    };
    let told = |text: Option<String>| text.filter(|text| !text.is_empty());
    Ok(Page {
        next: told(metadata.next),
        items: items.unwrap_or_default().into_iter().map(object).collect(),
        version: told(metadata.resource_version),
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::objects::Pod;
    use super::*;

    #[test]
    fn an_object_that_does_not_parse_is_named_as_far_as_it_can_be() {
        let unread = |name: Option<&str>, namespace: Option<&str>, uid: Option<&str>| Unread {
            name: name.map(str::to_owned),
            namespace: namespace.map(str::to_owned),
            uid: uid.map(str::to_owned),
            version: None,
        };
        for (object, known, version) in [
            (
                r#"{"metadata":{"name":"a","namespace":"shop","uid":"1","resourceVersion":"7"},"status":{"phase":[]}}"#,
                unread(Some("a"), Some("shop"), Some("1")),
                Some("7"),
            ),
            (r#"{"metadata":{"name":"a","namespace":["shop"],"uid":1}}"#, unread(Some("a"), None, None), None),
            (r#"{"metadata":[]}"#, unread(None, None, None), None),
            ("[]", unread(None, None, None), None),
        ] {
            let line = format!(r#"{{"type":"MODIFIED","object":{object}}}"#);
            match read::<Pod>(&line) {
                Ok(Some(Line::Applied(Err(told), of))) => {
                    assert_eq!((told, of.as_deref()), (known, version), "{object}")
                }
                _ => panic!("{object}"),
            }
        }
    }

    #[test]
    fn a_page_with_an_object_that_does_not_parse_tells_all_others() {
        let text = r#"{"metadata":{"resourceVersion":"5","continue":""},"items":[
            {"metadata":{"name":"a"}},{"metadata":{"name":"b"},"spec":7},{"metadata":{"name":"c"}}]}"#;
        let Ok(Page { next: None, items, version }) = page::<Pod>(text) else { panic!("no page") };
        let names: Vec<_> = items
            .into_iter()
            .map(|item| item.map_or_else(|unread| ("unread", unread.name), |pod| ("read", pod.metadata.name)))
            .collect();
        let name = |text: &str| Some(text.to_owned());
        assert_eq!(names, [("read", name("a")), ("unread", name("b")), ("read", name("c"))]);
        assert_eq!(version.as_deref(), Some("5"));
    }

    #[test]
    fn what_is_no_line_of_a_watch_is_no_word() {
        for (line, is_end) in [
            (r#"{"type":"ADDED","object":{"meta"#, true),
            (r#"{"type":"BOOKMARK","object":{}}"#, false),
            (r#"{"type":"RENAMED","object":{}}"#, false),
            ("<html>", false),
            ("7", false),
        ] {
            match read::<Pod>(line) {
                Ok(None) => assert!(is_end, "{line}"),
                Err(Trouble::Nonsense) => assert!(!is_end, "{line}"),
                _ => panic!("{line}"),
            }
        }
    }
}
