//! A provider on loopback that does what OpenID Connect says, with real keys, until a test tells it otherwise.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding,
};
use axum::Router;
use axum::body::Body;
use axum::extract::{Form, RawQuery, State};
use axum::http::header::{AUTHORIZATION, LOCATION};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use parking_lot::Mutex;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tower::ServiceExt as _;
use url::{Url, form_urlencoded};

use crate::clock;
use crate::http::tests::site::HOST;

pub const CLIENT: &str = "quarterdeck";
pub const SECRET: &str = "canary-secret-of-the-client";

/// The provider's key, and somebody else's.
pub static RSA: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).unwrap());
pub static OTHER_RSA: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).unwrap());
pub static EC: LazyLock<EcdsaKeyPair> =
    LazyLock::new(|| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap());

/// How a part of it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Fine,
    Silent,
    Broken,
    Huge,
    Redirect,
    NotJson,
    /// It says that it is somebody else, or sends people elsewhere.
    Other,
}

/// What is made of the claims of a good token.
pub type Token = Box<dyn Fn(&Fake, Value) -> String + Send>;

/// What was asked at the authorization endpoint.
struct Question {
    nonce: String,
    challenge: String,
    redirect: String,
}

pub struct Fake {
    pub issuer: String,
    codes: Mutex<HashMap<String, Question>>,
    pub discovery: Mutex<Mood>,
    pub keys: Mutex<Mood>,
    pub tokens: Mutex<Mood>,
    /// The keys that it names.
    pub key_set: Mutex<Value>,
    pub asked_for_keys: Mutex<u32>,
    /// Who signs in.
    pub person: Mutex<Value>,
    pub token: Mutex<Token>,
    /// What it answers instead of a code.
    pub error: Mutex<Option<&'static str>>,
    /// Everything secret that it gave out or was given.
    pub secrets: Mutex<Vec<String>>,
}

impl Fake {
    pub async fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Arc::new(Self {
            issuer: format!("http://{}/realms/team", listener.local_addr().unwrap()),
            codes: Mutex::default(),
            discovery: Mutex::new(Mood::Fine),
            keys: Mutex::new(Mood::Fine),
            tokens: Mutex::new(Mood::Fine),
            key_set: Mutex::new(json!({ "keys": [rsa_key(&RSA, "rsa-1"), ec_key("ec-1"), enc_key()] })),
            asked_for_keys: Mutex::new(0),
            person: Mutex::new(json!({ "sub": "u-1", "preferred_username": "kim", "email": "kim@example.com" })),
            token: Mutex::new(Box::new(|_, claims| rs256("rsa-1", &claims))),
            error: Mutex::new(None),
            secrets: Mutex::new(vec![SECRET.to_owned()]),
        });
        let router = fake.clone().router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        fake
    }

    fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/realms/team/.well-known/openid-configuration", get(discovery))
            .route("/realms/team/keys", get(keys))
            .route("/realms/team/authorize", get(authorize))
            .route("/realms/team/token", post(token))
            .route("/trap", get(|| async { axum::Json(json!({})) }).post(|| async { axum::Json(json!({})) }))
            .with_state(self)
    }

    /// What a browser does that is sent there: the address with which it comes back.
    pub async fn visit(self: &Arc<Self>, url: &str) -> Url {
        let url = Url::parse(url).unwrap();
        let request = Request::get(&url[url::Position::BeforePath..]).body(Body::empty()).unwrap();
        let response = self.clone().router().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::FOUND);
        Url::parse(response.headers()[LOCATION].to_str().unwrap()).unwrap()
    }

    pub fn set_token(&self, token: impl Fn(&Self, Value) -> String + Send + 'static) {
        *self.token.lock() = Box::new(token);
    }
}

async fn in_mood(mood: Mood, fine: impl FnOnce() -> Response) -> Response {
    match mood {
        Mood::Fine | Mood::Other => fine(),
        Mood::Silent => std::future::pending().await,
        Mood::Broken => (StatusCode::INTERNAL_SERVER_ERROR, "canary-of-a-broken-provider").into_response(),
        Mood::Huge => axum::Json(json!({ "filler": "x".repeat(2 << 20) })).into_response(),
        Mood::Redirect => (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, "/trap")]).into_response(),
        Mood::NotJson => ([("content-type", "application/json")], "<html>").into_response(),
    }
}

async fn discovery(State(fake): State<Arc<Fake>>) -> Response {
    let mood = *fake.discovery.lock();
    let issuer = fake.issuer.clone();
    let said = if mood == Mood::Other { "https://evil.test".to_owned() } else { issuer.clone() };
    in_mood(mood, || {
        axum::Json(json!({
            "issuer": said,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            // What it says here is no reason to take it.
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
        }))
        .into_response()
    })
    .await
}

async fn keys(State(fake): State<Arc<Fake>>) -> Response {
    *fake.asked_for_keys.lock() += 1;
    let (mood, keys) = (*fake.keys.lock(), fake.key_set.lock().clone());
    in_mood(mood, || axum::Json(keys).into_response()).await
}

async fn authorize(State(fake): State<Arc<Fake>>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap();
    let asked: HashMap<String, String> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    assert_eq!(form_urlencoded::parse(query.as_bytes()).count(), asked.len(), "twice: {query}");
    let redirect = asked["redirect_uri"].clone();
    // What was registered, letter by letter.
    assert_eq!(redirect, format!("http://{HOST}/sign-in/callback"));
    assert_eq!((&*asked["client_id"], &*asked["response_type"]), (CLIENT, "code"));
    assert!(asked["scope"].split(' ').any(|scope| scope == "openid"));
    assert_eq!(asked["code_challenge_method"], "S256");
    for name in ["state", "nonce", "code_challenge"] {
        assert!(asked[name].len() >= 43, "{name} is short");
    }
    let mut back = Url::parse(&redirect).unwrap();
    if let Some(error) = *fake.error.lock() {
        back.query_pairs_mut().append_pair("error", error).append_pair("error_description", "<b>canary</b>");
    } else {
        let code = format!("canary-code-{}", crate::people::token::random_text(10));
        back.query_pairs_mut().append_pair("code", &code);
        fake.secrets.lock().extend([code.clone(), asked["state"].clone(), asked["nonce"].clone()]);
        let (nonce, challenge) = (asked["nonce"].clone(), asked["code_challenge"].clone());
        fake.codes.lock().insert(code, Question { nonce, challenge, redirect });
    }
    back.query_pairs_mut().append_pair("state", &asked["state"]);
    (StatusCode::FOUND, [(LOCATION, back.to_string())]).into_response()
}

async fn token(
    State(fake): State<Arc<Fake>>,
    headers: HeaderMap,
    Form(asked): Form<HashMap<String, String>>,
) -> Response {
    let no = |error: &str| (StatusCode::BAD_REQUEST, axum::Json(json!({ "error": error }))).into_response();
    let who = format!("Basic {}", base64(format!("{CLIENT}:{SECRET}").as_bytes(), b"+/", true));
    if headers.get(AUTHORIZATION).is_none_or(|given| *given != *who) {
        return no("invalid_client");
    }
    let mood = *fake.tokens.lock();
    // Once.
    let question = asked.get("code").and_then(|code| fake.codes.lock().remove(code));
    let Some(question) = question else { return no("invalid_grant") };
    let verifier = asked.get("code_verifier").map_or("", String::as_str);
    fake.secrets.lock().push(verifier.to_owned());
    let proven = base64url(&Sha256::digest(verifier)) == question.challenge;
    if !proven || asked["grant_type"] != "authorization_code" || asked["redirect_uri"] != question.redirect {
        return no("invalid_grant");
    }
    let now = clock::now_us() / 1_000_000;
    let mut claims =
        json!({ "iss": fake.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": question.nonce });
    claims.as_object_mut().unwrap().extend(fake.person.lock().as_object().unwrap().clone());
    let token = (fake.token.lock())(&fake, claims);
    fake.secrets.lock().push(token.clone());
    in_mood(mood, || {
        let answer = json!({ "access_token": "canary-access-token", "token_type": "Bearer", "id_token": token });
        axum::Json(answer).into_response()
    })
    .await
}

/// A token with any header and signature.
pub fn jwt(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let text = format!("{}.{}", base64url(header.to_string().as_bytes()), base64url(claims.to_string().as_bytes()));
    let signature = sign(text.as_bytes());
    format!("{text}.{}", base64url(&signature))
}

pub fn rsa(key: &KeyPair, padding: &'static dyn RsaEncoding, text: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(padding, &SystemRandom::new(), text, &mut signature).unwrap();
    signature
}

pub fn rs256(kid: &str, claims: &Value) -> String {
    let header = json!({ "alg": "RS256", "typ": "JWT", "kid": kid });
    jwt(&header, claims, |text| rsa(&RSA, &RSA_PKCS1_SHA256, text))
}

pub fn ps256(kid: &str, claims: &Value) -> String {
    jwt(&json!({ "alg": "PS256", "kid": kid }), claims, |text| rsa(&RSA, &RSA_PSS_SHA256, text))
}

pub fn es256(kid: &str, claims: &Value) -> String {
    jwt(&json!({ "alg": "ES256", "kid": kid }), claims, |text| {
        EC.sign(&SystemRandom::new(), text).unwrap().as_ref().to_vec()
    })
}

pub fn hs256(secret: &[u8], claims: &Value) -> String {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    jwt(&json!({ "alg": "HS256", "kid": "rsa-1" }), claims, |text| aws_lc_rs::hmac::sign(&key, text).as_ref().to_vec())
}

/// Modulus and exponent: what stands in the 270 bytes of a `RSAPublicKey` of 2048 bit (RFC 8017, appendix A.1.1).
fn parts(key: &KeyPair) -> (&[u8], &[u8]) {
    let der = key.public_key().as_ref();
    assert_eq!(der.len(), 270);
    (&der[9..265], &der[267..])
}

pub fn rsa_key(key: &KeyPair, kid: &str) -> Value {
    let (modulus, exponent) = parts(key);
    json!({ "kty": "RSA", "use": "sig", "kid": kid, "n": base64url(modulus), "e": base64url(exponent) })
}

/// The provider's own key again, for encryption.
fn enc_key() -> Value {
    let mut key = rsa_key(&RSA, "enc-1");
    key["use"] = "enc".into();
    key["alg"] = "RSA-OAEP".into();
    key
}

fn ec_key(kid: &str) -> Value {
    let point = EC.public_key().as_ref();
    json!({ "kty": "EC", "crv": "P-256", "kid": kid, "x": base64url(&point[1..33]), "y": base64url(&point[33..]) })
}

pub fn base64url(bytes: &[u8]) -> String {
    base64(bytes, b"-_", false)
}

fn base64(bytes: &[u8], last: &[u8; 2], pads: bool) -> String {
    let mut alphabet: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').collect();
    alphabet.extend(last);
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let number = chunk.iter().fold(0u32, |number, byte| number << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..=chunk.len() {
            text.push(char::from(alphabet[(number >> (18 - 6 * index)) as usize & 63]));
        }
        if pads {
            text.push_str(&"=".repeat(3 - chunk.len()));
        }
    }
    text
}
