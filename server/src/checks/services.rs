//! The Services of a namespace and the endpoints behind them, read at the moment of the check.

use std::collections::{BTreeMap, HashSet};

use domain::check::services::{Read, ServiceFacts};
use domain::check::trouble::Trouble;
use domain::name::Namespace;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::ListParams;
use kube::{Api, Client};

/// How many objects are asked for at once, and how often.
const PAGE: (u32, usize) = (500, 20);
/// The label that says which Service a slice is of.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// Reads them.
pub async fn read(client: Client, namespace: &Namespace) -> Read {
    let services: Vec<Service> = match list(Api::namespaced(client.clone(), namespace.as_str())).await {
        Ok(services) => services,
        Err(error) => return refused(&error, "services", ""),
    };
    let slices: Vec<EndpointSlice> = match list(Api::namespaced(client, namespace.as_str())).await {
        Ok(slices) => slices,
        Err(error) => return refused(&error, "endpointslices", "discovery.k8s.io"),
    };
    Read::Services(facts(&services, &slices))
}

async fn list<K>(api: Api<K>) -> Result<Vec<K>, kube::Error>
where
    K: Clone + serde::de::DeserializeOwned + std::fmt::Debug,
{
    let (page, most) = PAGE;
    let mut items = Vec::new();
    let mut parameters = ListParams::default().limit(page);
    for _ in 0..most {
        let list = api.list(&parameters).await?;
        items.extend(list.items);
        match list.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => parameters = ListParams::default().limit(page).continue_token(&token),
            None => break,
        }
    }
    Ok(items)
}

fn refused(error: &kube::Error, resource: &'static str, group: &'static str) -> Read {
    match error {
        kube::Error::Api(status) if status.code == 403 => Read::Forbidden { resource, group },
        kube::Error::Api(status) => {
            Read::Trouble(Trouble::Connection(format!("it answers with HTTP {} for {resource}", status.code)))
        }
        _ => Read::Trouble(Trouble::Connection(format!("{resource} cannot be read"))),
    }
}

/// How many endpoints each Service has. With two families of addresses an endpoint stands in two slices, and counts once.
fn facts(services: &[Service], slices: &[EndpointSlice]) -> BTreeMap<String, ServiceFacts> {
    let mut facts: BTreeMap<String, ServiceFacts> = BTreeMap::new();
    for service in services {
        let Some(name) = &service.metadata.name else { continue };
        let selector = service.spec.as_ref().and_then(|spec| spec.selector.as_ref());
        let has_selector = selector.is_some_and(|selector| !selector.is_empty());
        facts.insert(name.clone(), ServiceFacts { has_selector, ..ServiceFacts::default() });
    }
    let mut seen: HashSet<(&str, &str)> = HashSet::new();
    for slice in slices {
        let labels = slice.metadata.labels.as_ref();
        let Some(service) = labels.and_then(|labels| labels.get(SERVICE_NAME)) else { continue };
        let Some(facts) = facts.get_mut(service) else { continue };
        for endpoint in &slice.endpoints {
            let target = endpoint.target_ref.as_ref().and_then(|target| target.name.as_deref());
            let Some(name) = target.or(endpoint.addresses.first().map(String::as_str)) else { continue };
            if !seen.insert((service.as_str(), name)) {
                continue;
            }
            // Left out means ready. <https://kubernetes.io/docs/concepts/services-networking/endpoint-slices/#ready>
            match endpoint.conditions.as_ref().and_then(|conditions| conditions.ready) {
                Some(true) | None => facts.ready += 1,
                Some(false) => facts.not_ready += 1,
            }
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn endpoints_are_counted_once_and_by_whether_they_are_ready() {
        let service = |name: &str, selector: serde_json::Value| {
            serde_json::from_value::<Service>(json!({ "metadata": { "name": name }, "spec": { "selector": selector } }))
                .unwrap()
        };
        let slice = |service: &str, family: &str, endpoints: serde_json::Value| {
            serde_json::from_value::<EndpointSlice>(json!({
                "metadata": { "labels": { SERVICE_NAME: service } }, "addressType": family, "endpoints": endpoints,
            }))
            .unwrap()
        };
        let pod = |name: &str, address: &str, ready: serde_json::Value| json!({ "addresses": [address], "conditions": { "ready": ready }, "targetRef": { "kind": "Pod", "name": name } });
        let services = [
            service("api", json!({ "app": "api" })),
            service("web", json!({ "app": "web" })),
            service("mail", json!(null)),
        ];
        let slices = [
            slice("api", "IPv4", json!([pod("a", "10.0.0.1", json!(true)), pod("b", "10.0.0.2", json!(false))])),
            slice("api", "IPv6", json!([pod("a", "fd00::1", json!(true)), pod("b", "fd00::2", json!(false))])),
            slice("api", "IPv4", json!([{ "addresses": ["10.0.0.9"] }])),
            slice("gone", "IPv4", json!([pod("a", "10.0.0.1", json!(true))])),
        ];
        let found = facts(&services, &slices);
        let of = |has_selector, ready, not_ready| ServiceFacts { has_selector, ready, not_ready };
        assert_eq!(found.len(), 3);
        assert_eq!(found["api"], of(true, 2, 1));
        assert_eq!(found["web"], of(true, 0, 0));
        assert_eq!(found["mail"], of(false, 0, 0));
    }
}
