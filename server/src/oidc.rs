//! Sign-in by an OpenID provider: where one is sent, and whether to believe what comes back. Who that is here is decided
//! in `people`.

mod discovery;
mod settings;
mod token;
mod wire;

use std::time::Duration;

use domain::group::{GroupName, NoGroups};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod, CoreErrorResponseType,
    CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata,
    CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AuthType, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IdTokenFields, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, StandardErrorResponse, StandardTokenResponse, TokenResponse as _,
};

use crate::people::token::Token;
use crate::store::Identity;
use discovery::Known;
pub use settings::{Issuer, IssuerError, OidcSettings, ProviderSettings, Secret, SettingsError};
use token::{Expected, IdToken, OtherClaims};
use wire::Wire;
pub use wire::WireError;

/// Time for one answer of the provider.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest code that is passed on.
const LONGEST_CODE: usize = 4096;

/// What a client of the library is with claims that it does not know.
type OurClient = Client<
    OtherClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<
        IdTokenFields<
            OtherClaims,
            EmptyExtraTokenFields,
            CoreGenderClaim,
            CoreJweContentEncryptionAlgorithm,
            CoreJwsSigningAlgorithm,
        >,
        CoreTokenType,
    >,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why nobody signs in by the provider. The sentences are for the log and the ledger: nothing that came from outside is
/// repeated in them, but for what the network said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No answer.
    #[error("the provider does not answer: {0}")]
    Silent(#[from] WireError),
    /// An answer, to a question about itself, that helps nobody.
    #[error("what the provider says of itself cannot be used: {0}")]
    Discovery(&'static str),
    /// The provider let them not in, or they turned back.
    #[error("the provider let nobody in")]
    Declined,
    /// The provider is in trouble, or does not know us as we were set up.
    #[error("the provider answered with an error: {0}")]
    Failed(&'static str),
    /// No code, or none that could be one.
    #[error("what came back holds no code")]
    Code,
    /// Not what a provider answers.
    #[error("the provider's answer does not read")]
    Answer,
    /// No `none`, no shared secret.
    #[error("the token is not signed in a way that only the provider could have")]
    Algorithm,
    /// A key that the provider does not name.
    #[error("the token is signed with a key that the provider does not name")]
    UnknownKey,
    /// Somebody else's, or changed on its way.
    #[error("the signature of the token is wrong")]
    Signature,
    /// Another provider's.
    #[error("the token is of another issuer")]
    Issuer,
    /// For somebody else.
    #[error("the token is for another audience, or for several without saying which of them asked")]
    Audience,
    /// Too old.
    #[error("the token has expired: are both clocks right?")]
    Expired,
    /// Of the future.
    #[error("the token is not valid yet: are both clocks right?")]
    NotYet,
    /// The answer to another question.
    #[error("the token does not repeat what was asked")]
    Nonce,
    /// Nobody.
    #[error("the token names nobody that could be told from others")]
    Subject,
    /// Not a list of names.
    #[error("the claim with the groups is not a list of texts")]
    GroupsForm,
    /// Not a list that is believed.
    #[error("the groups of the token are refused: {0}")]
    Groups(NoGroups),
}

/// Somebody on their way to the provider. What is secret in it has no `Debug`.
pub struct Departure {
    /// Where they go.
    pub url: String,
    /// What comes back in the address.
    pub state: Token,
    /// What the browser keeps, so that what comes back counts in it alone.
    pub browser: Token,
    /// What the token must repeat.
    pub nonce: Token,
    /// The secret of PKCE.
    pub verifier: Token,
}

/// Somebody who came back, as the provider knows them.
#[derive(Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Who they are, for good.
    pub identity: Identity,
    /// What they are called there, for a first name here.
    pub username: Option<String>,
    /// Their groups.
    pub groups: Vec<GroupName>,
}

/// The provider.
pub struct Provider {
    issuer: IssuerUrl,
    client_id: ClientId,
    secret: Option<Secret>,
    groups_claim: String,
    name: String,
    scopes: Vec<Scope>,
    wire: Wire,
    known: tokio::sync::Mutex<Known>,
}

impl Provider {
    /// A provider that was not asked anything yet: whether it answers is found out when somebody wants to sign in.
    pub fn new(settings: ProviderSettings) -> anyhow::Result<Self> {
        Self::with_patience(settings, PATIENCE)
    }

    /// The same, with another time for an answer.
    pub(crate) fn with_patience(settings: ProviderSettings, patience: Duration) -> anyhow::Result<Self> {
        let ProviderSettings { issuer, client_id, secret, groups_claim, name, scopes } = settings;
        Ok(Self {
            wire: Wire::new(issuer.is_plain(), patience)?,
            issuer: IssuerUrl::new(issuer.as_str().to_owned())?,
            client_id: ClientId::new(client_id),
            secret,
            groups_claim,
            name,
            scopes: scopes.into_iter().map(Scope::new).collect(),
            known: tokio::sync::Mutex::default(),
        })
    }

    /// What it is called on the sign-in page.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address, as its tokens have it.
    pub fn issuer(&self) -> &str {
        self.issuer.as_str()
    }

    /// Sends somebody to the provider, who comes back to `redirect`. `now` is microseconds since 1970.
    pub async fn depart(&self, redirect: &str, now: i64) -> Result<Departure, Refusal> {
        let metadata = self.metadata(now).await?;
        let client = self.client(&metadata, redirect)?;
        let [state, browser, nonce, verifier] = [(); 4].map(|()| Token::random());
        let challenge =
            PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(verifier.secret().to_owned()));
        let (asked_state, asked_nonce) =
            (CsrfToken::new(state.secret().to_owned()), Nonce::new(nonce.secret().to_owned()));
        let (url, _, _) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || asked_state, || asked_nonce)
            .add_scopes(self.scopes.iter().cloned())
            .set_pkce_challenge(challenge)
            .url();
        Ok(Departure { url: url.into(), state, browser, nonce, verifier })
    }

    /// Changes a code for a token, and says who that is. What was kept of their departure is used up by the caller.
    pub async fn arrive(
        &self,
        code: &str,
        nonce: &str,
        verifier: &str,
        redirect: &str,
        now: i64,
    ) -> Result<Arrival, Refusal> {
        if code.is_empty() || code.len() > LONGEST_CODE {
            return Err(Refusal::Code);
        }
        let metadata = self.metadata(now).await?;
        let client = self.client(&metadata, redirect)?;
        let answer = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|_| Refusal::Discovery("it names no address for tokens"))?
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()))
            .request_async(&self.wire)
            .await
            .map_err(of_exchange)?;
        let token = answer.id_token().ok_or(Refusal::Answer)?;
        let nonce = Nonce::new(nonce.to_owned());
        let claims = match self.judge(token, &metadata, &nonce, now) {
            Err(Refusal::UnknownKey) => match self.renew_keys(now).await? {
                Some(metadata) => self.judge(token, &metadata, &nonce, now)?,
                None => return Err(Refusal::UnknownKey),
            },
            judged => judged?,
        };
        Ok(Arrival {
            identity: Identity { issuer: self.issuer().to_owned(), subject: claims.subject },
            username: claims.username,
            groups: claims.groups,
        })
    }

    fn judge(
        &self,
        token: &IdToken,
        metadata: &CoreProviderMetadata,
        nonce: &Nonce,
        now: i64,
    ) -> Result<token::Claims, Refusal> {
        let expected = Expected {
            issuer: &self.issuer,
            client_id: &self.client_id,
            keys: metadata.jwks(),
            nonce,
            groups_claim: &self.groups_claim,
            now,
        };
        token::judge(token, &expected)
    }

    fn client(&self, metadata: &CoreProviderMetadata, redirect: &str) -> Result<OurClient, Refusal> {
        let redirect = RedirectUrl::new(redirect.to_owned()).map_err(|_| Refusal::Discovery("there is no way back"))?;
        let secret = self.secret.as_ref().map(|secret| ClientSecret::new(secret.text().to_owned()));
        let client = OurClient::from_provider_metadata(metadata.clone(), self.client_id.clone(), secret);
        // Basic is what is used where nothing is said (OpenID Connect Discovery, section 3).
        let in_body = metadata.token_endpoint_auth_methods_supported().is_some_and(|ways| {
            ways.contains(&CoreClientAuthMethod::ClientSecretPost)
                && !ways.contains(&CoreClientAuthMethod::ClientSecretBasic)
        });
        let way = if in_body { AuthType::RequestBody } else { AuthType::BasicAuth };
        Ok(client.set_auth_type(way).set_redirect_uri(redirect))
    }
}

fn of_exchange(error: RequestTokenError<WireError, StandardErrorResponse<CoreErrorResponseType>>) -> Refusal {
    match error {
        RequestTokenError::Request(error) => Refusal::Silent(error),
        RequestTokenError::ServerResponse(answer) => Refusal::Failed(match answer.error() {
            CoreErrorResponseType::InvalidClient => "it does not know this console by its client id and secret",
            CoreErrorResponseType::InvalidGrant => "it does not take the code",
            CoreErrorResponseType::UnauthorizedClient => "this console may not ask for tokens",
            _ => "it does not take the question",
        }),
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => Refusal::Answer,
    }
}
