//! Connections to clusters.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use domain::registry::Connect;
use domain::text::plain;
use kube::client::ClientBuilder;
use kube::config::{KubeConfigOptions, Kubeconfig as KubeconfigFile};
use kube::{Client, Config};
use tower::layer::layer_fn;

use super::execute::Writer;
use super::limit::Limited;
use super::read_only::ReadOnly;

/// Where the kubeconfig is.
#[derive(Debug, Clone, Default)]
pub struct Kubeconfig {
    /// The file; `None`: `$KUBECONFIG` or `~/.kube/config`.
    pub path: Option<PathBuf>,
}

/// Why there is no connection. Its text is for the screen: it names no credential.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The kubeconfig cannot be read.
    #[error("The kubeconfig cannot be read: {0}.")]
    Read(String),
    /// It has no such context.
    #[error("The kubeconfig has no context '{wanted}'. It has: {known}.")]
    NoContext {
        /// The context in the registry.
        wanted: String,
        /// Those in the file.
        known: String,
    },
    /// The context cannot be used.
    #[error("The connection cannot be set up: {0}.")]
    Unusable(String),
}

/// A file that was named as the kubeconfig and cannot be one.
#[derive(Debug, thiserror::Error)]
#[error(
    "the kubeconfig {path} cannot be read, so no cluster could be shown: {why}. Name another one with --kubeconfig, or leave \
     it out to use $KUBECONFIG or ~/.kube/config"
)]
pub struct NoKubeconfig {
    path: String,
    why: String,
}

impl Kubeconfig {
    /// A client for reading: it never retries by itself, our watches and probes do. What is no reading it refuses.
    pub async fn reader(&self, connect: &Connect) -> Result<Client, ConnectError> {
        let builder = ClientBuilder::try_from(self.config(connect).await?).map_err(unusable)?;
        Ok(builder.with_layer(&layer_fn(ReadOnly)).with_layer(&layer_fn(Limited::new)).build())
    }

    /// A connection for changes, which go out once or not at all.
    pub async fn writer(&self, connect: &Connect) -> Result<Writer, ConnectError> {
        let builder = ClientBuilder::try_from(self.config(connect).await?).map_err(unusable)?;
        Ok(Writer::new(builder.with_layer(&layer_fn(Limited::new)).build()))
    }

    async fn config(&self, connect: &Connect) -> Result<Config, ConnectError> {
        let mut config = match connect {
            Connect::InCluster(_) => Config::incluster().map_err(|error| ConnectError::Unusable(said(&error)))?,
            Connect::Context(context) => self.context(context).await?,
        };
        if config.cluster_url.host().is_some_and(is_loopback) {
            // kube takes HTTPS_PROXY for every cluster; this machine itself is behind no proxy.
            config.proxy_url = None;
        }
        config.default_retry = false;
        config.connect_timeout = Some(Duration::from_secs(3));
        Ok(config)
    }

    /// Refuses a file that was named and is none, at the start: later, one that is being replaced is waited for.
    pub fn check(&self) -> Result<(), NoKubeconfig> {
        let Some(path) = &self.path else { return Ok(()) };
        let why = match KubeconfigFile::read_from(path) {
            Ok(_) => return Ok(()),
            Err(_) if !path.exists() => "there is no such file".to_owned(),
            Err(_) if path.is_dir() => "this is a directory".to_owned(),
            Err(error) => said(&error),
        };
        Err(NoKubeconfig { path: plain(&path.display().to_string(), ERROR_LIMIT).into_owned(), why })
    }

    /// The files that it is, and those with keys and tokens that stand in them, as far as they can be read now.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = match (&self.path, std::env::var_os("KUBECONFIG")) {
            (Some(path), _) => vec![path.clone()],
            (None, Some(paths)) => std::env::split_paths(&paths).collect(),
            (None, None) => std::env::home_dir().map(|home| home.join(".kube/config")).into_iter().collect(),
        };
        let read = files.iter().filter_map(|path| KubeconfigFile::read_from(path).ok());
        let accounts = read.flat_map(|file| file.auth_infos).filter_map(|account| account.auth_info);
        let named: Vec<PathBuf> = accounts
            .flat_map(|account| [account.client_key, account.token_file])
            .flatten()
            .map(PathBuf::from)
            .collect();
        files.extend(named);
        files
    }

    async fn context(&self, context: &str) -> Result<Config, ConnectError> {
        let file = match &self.path {
            Some(path) => KubeconfigFile::read_from(path),
            None => KubeconfigFile::read(),
        };
        let file = file.map_err(|error| ConnectError::Read(said(&error)))?;
        if !file.contexts.iter().any(|known| known.name == context) {
            let known: Vec<_> = file.contexts.iter().map(|known| known.name.as_str()).collect();
            return Err(ConnectError::NoContext {
                wanted: context.to_owned(),
                known: plain(&known.join(", "), ERROR_LIMIT).into_owned(),
            });
        }
        let options = KubeConfigOptions { context: Some(context.to_owned()), ..KubeConfigOptions::default() };
        Config::from_custom_kubeconfig(file, &options).await.map_err(|error| ConnectError::Unusable(said(&error)))
    }
}

/// The error in words. Those about a proxy repeat its address, which may hold a password.
fn unusable(error: kube::Error) -> ConnectError {
    ConnectError::Unusable(match error {
        kube::Error::ProxyProtocolUnsupported { .. } | kube::Error::ProxyProtocolDisabled { .. } => {
            "its proxy cannot be used: take an http:// proxy, or set NO_PROXY".to_owned()
        }
        error => said(&error),
    })
}

/// The most characters of an error that are shown.
const ERROR_LIMIT: usize = 300;

/// An error in its own words, made safe to show: they repeat what stands in a file.
fn said(error: &impl std::error::Error) -> String {
    plain(&error.to_string(), ERROR_LIMIT).into_owned()
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_named_and_is_no_kubeconfig_is_refused_with_the_reason() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            Some(path)
        };
        for (path, expected) in [
            (None, None),
            (file("good", "{apiVersion: v1, kind: Config, contexts: [], clusters: [], users: []}"), None),
            (
                Some(PathBuf::from("/nope")),
                Some(
                    "the kubeconfig /nope cannot be read, so no cluster could be shown: there is no such file. Name another one with --kubeconfig",
                ),
            ),
            (Some(folder.path().to_owned()), Some("this is a directory")),
            (file("bad", "contexts: {{"), Some("cannot be read")),
        ] {
            let checked = Kubeconfig { path: path.clone() }.check();
            match (checked, expected) {
                (Ok(()), None) => {}
                (Err(error), Some(part)) => assert!(error.to_string().contains(part), "{path:?}: {error}"),
                (checked, _) => panic!("{path:?}: {checked:?}"),
            }
        }
    }
}
