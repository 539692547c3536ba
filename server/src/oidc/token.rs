//! Whether an ID token is what it says: signature, issuer, audience, time, nonce; and what it says of the person.

use std::fmt;
use std::time::Duration;

use domain::group::{GroupName, groups, is_reserved};
use openidconnect::core::{
    CoreGenderClaim, CoreJsonWebKeySet, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AdditionalClaims, ClaimsVerificationError, ClientId, IdTokenVerifier, IssuerUrl, Nonce, SignatureVerificationError,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Refusal;

/// Seconds by which the provider's clock may differ from ours.
const LEEWAY_S: i64 = 60;
/// The longest `sub` that OpenID Connect allows.
const LONGEST_SUBJECT: usize = 255;

/// Signatures by a key that only the provider has. `none`, and those by a secret that we have too, are not among them.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// A token, read and not yet believed.
pub(super) type IdToken =
    openidconnect::IdToken<OtherClaims, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm>;

/// The claims that OpenID Connect does not name, groups among them. `Debug` shows nothing of a person.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct OtherClaims {
    #[serde(flatten)]
    all: Map<String, Value>,
}

impl fmt::Debug for OtherClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtherClaims(…)")
    }
}

impl AdditionalClaims for OtherClaims {}

/// What a token must fulfil.
pub(super) struct Expected<'a> {
    /// Who made it.
    pub issuer: &'a IssuerUrl,
    /// For whom.
    pub client_id: &'a ClientId,
    /// With which keys.
    pub keys: &'a CoreJsonWebKeySet,
    /// In answer to which question.
    pub nonce: &'a Nonce,
    /// The claim that lists groups.
    pub groups_claim: &'a str,
    /// Now, microseconds since 1970.
    pub now: i64,
}

/// What a token says of a person.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Claims {
    /// Who they are to the provider, for good.
    pub subject: String,
    /// What they are called there, now.
    pub username: Option<String>,
    /// Their groups.
    pub groups: Vec<GroupName>,
}

/// What a token says, if it is to be believed.
pub(super) fn judge(token: &IdToken, expected: &Expected<'_>) -> Result<Claims, Refusal> {
    let Expected { issuer, client_id, keys, nonce, groups_claim, now } = *expected;
    let now_s = now.div_euclid(1_000_000);
    let lenient_s = u64::try_from(now_s - LEEWAY_S).unwrap_or(0);
    // For a client without a secret, because with one the library would take signatures made with it.
    let verifier = IdTokenVerifier::new_public_client(client_id.clone(), issuer.clone(), keys.clone())
        .set_allowed_algs(ALGORITHMS)
        .set_time_fn(move || (std::time::UNIX_EPOCH + Duration::from_secs(lenient_s)).into())
        // Judged below: by itself, the library knows no other audience and does not look at `azp`.
        .set_other_audience_verifier_fn(|_| true);
    let claims = token.claims(&verifier, nonce).map_err(of_library)?;
    let party = claims.authorized_party();
    if party.is_some_and(|party| party != client_id) || (party.is_none() && claims.audiences().len() > 1) {
        return Err(Refusal::Audience);
    }
    if claims.issue_time().timestamp() > now_s + LEEWAY_S {
        return Err(Refusal::NotYet);
    }
    let others = &claims.additional_claims().all;
    match others.get("nbf") {
        None => {}
        Some(from) if from.as_f64().is_some_and(|from| from <= (now_s + LEEWAY_S) as f64) => {}
        Some(_) => return Err(Refusal::NotYet),
    }
    Ok(Claims {
        subject: subject(claims.subject().as_str())?,
        username: claims.preferred_username().map(|name| name.as_str().to_owned()),
        groups: groups_of(others.get(groups_claim))?,
    })
}

/// The library's errors repeat what stands in the token: ours do not.
fn of_library(error: ClaimsVerificationError) -> Refusal {
    match error {
        ClaimsVerificationError::Expired(_) => Refusal::Expired,
        ClaimsVerificationError::InvalidAudience(_) => Refusal::Audience,
        ClaimsVerificationError::InvalidIssuer(_) => Refusal::Issuer,
        ClaimsVerificationError::InvalidNonce(_) => Refusal::Nonce,
        ClaimsVerificationError::InvalidSubject(_) => Refusal::Subject,
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
            Refusal::UnknownKey
        }
        ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoSignature
            | SignatureVerificationError::DisallowedAlg(_)
            | SignatureVerificationError::UnsupportedAlg(_),
        ) => Refusal::Algorithm,
        ClaimsVerificationError::SignatureVerification(_) => Refusal::Signature,
        _ => Refusal::Answer,
    }
}

/// Who somebody is to the provider: what cannot be told from another one, or could be taken for Kubernetes' own, is nobody.
fn subject(text: &str) -> Result<String, Refusal> {
    let fine = !text.trim().is_empty()
        && text.trim() == text
        && text.len() <= LONGEST_SUBJECT
        && domain::text::plain(text, LONGEST_SUBJECT) == text
        && !is_reserved(text);
    if fine { Ok(text.to_owned()) } else { Err(Refusal::Subject) }
}

/// The groups of a claim: a list of names, or nothing at all. Anything else is not set up as we think, and is not guessed at.
fn groups_of(claim: Option<&Value>) -> Result<Vec<GroupName>, Refusal> {
    let list = match claim {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(Refusal::GroupsForm),
    };
    let names = list.iter().map(Value::as_str).collect::<Option<Vec<&str>>>().ok_or(Refusal::GroupsForm)?;
    groups(names.into_iter()).map_err(Refusal::Groups)
}
