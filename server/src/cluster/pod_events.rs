//! The pods of one namespace as they come and go, for whoever needs more of them than the rows keep.

use domain::name::Namespace;
use futures::stream::BoxStream;
use futures::{StreamExt as _, future};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{Config, Event, Result, watcher};
use kube::{Api, Client};

use super::gather::{OwnedPod, owned_pod};
use super::objects;

/// The pods of a namespace: listed, then followed. After an error it goes on by itself, later each time.
pub fn pod_events(client: Client, namespace: &Namespace) -> BoxStream<'static, Result<Event<OwnedPod>>> {
    let api: Api<objects::Pod> = Api::namespaced(client, namespace.as_str());
    let events = watcher(api, Config::default()).default_backoff();
    events.filter_map(|event| future::ready(event.map(owned).transpose())).boxed()
}

fn owned(event: Event<objects::Pod>) -> Option<Event<OwnedPod>> {
    Some(match event {
        Event::Apply(pod) => Event::Apply(owned_pod(pod)?),
        Event::Delete(pod) => Event::Delete(owned_pod(pod)?),
        Event::Init => Event::Init,
        Event::InitApply(pod) => Event::InitApply(owned_pod(pod)?),
        Event::InitDone => Event::InitDone,
    })
}
