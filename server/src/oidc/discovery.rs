//! What a provider says of itself: asked when it is needed, and kept for a while.

use std::sync::Arc;
use std::time::Duration;

use openidconnect::DiscoveryError;
use openidconnect::core::{CoreJsonWebKeySet, CoreProviderMetadata};
use tokio::time::Instant;

use super::wire::WireError;
use super::{Provider, Refusal};

/// How long it counts, in microseconds: a key that was taken back is gone after it.
const FRESH_US: i64 = 3600 * 1_000_000;
/// The least time between two questions for keys, in microseconds: whoever sends tokens with made-up keys must not make us ask.
const KEYS_EVERY_US: i64 = 60 * 1_000_000;
/// For so long after the provider did not answer it is not asked again: those who wait do not wait for each other.
const REST: Duration = Duration::from_secs(3);

/// What is known of a provider.
#[derive(Default)]
pub(super) struct Known {
    metadata: Option<Arc<CoreProviderMetadata>>,
    /// When it was asked, microseconds since 1970.
    asked_at: i64,
    /// When it was asked for its keys.
    keys_at: i64,
    /// When it did not answer, and why.
    failed: Option<(Instant, Refusal)>,
}

impl Provider {
    /// What the provider says of itself, as of an hour ago at most while it answers.
    pub(super) async fn metadata(&self, now: i64) -> Result<Arc<CoreProviderMetadata>, Refusal> {
        let mut known = self.known.lock().await;
        if let Some(metadata) = &known.metadata
            && (now - known.asked_at).abs() < FRESH_US
        {
            return Ok(metadata.clone());
        }
        if let Some((at, refusal)) = &known.failed
            && at.elapsed() < REST
        {
            return known.metadata.clone().ok_or_else(|| refusal.clone());
        }
        match self.discover().await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                *known = Known { metadata: Some(metadata.clone()), asked_at: now, keys_at: now, failed: None };
                Ok(metadata)
            }
            Err(refusal) => {
                known.failed = Some((Instant::now(), refusal.clone()));
                // What it said before is still the best that is known.
                known.metadata.clone().ok_or(refusal)
            }
        }
    }

    /// The same with keys that were asked for now; `None` where they were asked for less than a minute ago.
    pub(super) async fn renew_keys(&self, now: i64) -> Result<Option<Arc<CoreProviderMetadata>>, Refusal> {
        let mut known = self.known.lock().await;
        let Some(metadata) = known.metadata.clone() else { return Ok(None) };
        if (now - known.keys_at).abs() < KEYS_EVERY_US {
            return Ok(None);
        }
        known.keys_at = now;
        let keys = CoreJsonWebKeySet::fetch_async(metadata.jwks_uri(), &self.wire).await.map_err(of_discovery)?;
        let metadata = Arc::new(CoreProviderMetadata::clone(&metadata).set_jwks(keys));
        known.metadata = Some(metadata.clone());
        Ok(Some(metadata))
    }

    async fn discover(&self) -> Result<CoreProviderMetadata, Refusal> {
        let metadata =
            CoreProviderMetadata::discover_async(self.issuer.clone(), &self.wire).await.map_err(of_discovery)?;
        // Browsers are sent there, and a code with our secret.
        let token = metadata.token_endpoint().ok_or(Refusal::Discovery("it names no address for tokens"))?;
        if !self.wire.allows(metadata.authorization_endpoint().url()) || !self.wire.allows(token.url()) {
            return Err(Refusal::Silent(WireError::Address));
        }
        Ok(metadata)
    }
}

fn of_discovery(error: DiscoveryError<WireError>) -> Refusal {
    match error {
        DiscoveryError::Request(error) => Refusal::Silent(error),
        DiscoveryError::Response(status, ..) if status.is_redirection() => {
            Refusal::Discovery("it answers with a redirect: write the issuer as its tokens have it")
        }
        DiscoveryError::Response(status, ..) if status.is_server_error() => Refusal::Discovery("it is in trouble"),
        DiscoveryError::Response(..) => Refusal::Discovery("there is no provider at that address"),
        DiscoveryError::Validation(_) => Refusal::Discovery("it says that its issuer is another one"),
        _ => Refusal::Discovery("its answer does not read"),
    }
}
