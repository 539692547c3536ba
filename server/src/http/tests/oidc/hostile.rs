//! Tokens that are not what they should be: none of them lets anybody in.

use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use domain::group::{NoGroupName, NoGroups};
use serde_json::{Value, json};

use super::fake::{OTHER_RSA, RSA, base64url, es256, hs256, jwt, rs256, rsa, rsa_key};
use super::*;
use crate::oidc::{Refusal, WireError};

type Made = fn(&Fake, Value) -> String;

/// The good claims with some of them changed, well signed.
fn with(mut claims: Value, change: Value) -> String {
    claims.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    rs256("rsa-1", &claims)
}

/// The good claims without one of them, well signed.
fn without(mut claims: Value, name: &str) -> String {
    claims.as_object_mut().unwrap().remove(name);
    rs256("rsa-1", &claims)
}

fn signed(header: Value, claims: &Value) -> String {
    jwt(&header, claims, |text| rsa(&RSA, &RSA_PKCS1_SHA256, text))
}

fn now_s() -> i64 {
    clock::now_us() / 1_000_000
}

/// What the provider's answer is judged to be.
async fn judged(world: &World) -> Result<(), Refusal> {
    let provider = world.site.provider.as_ref().unwrap();
    let (now, redirect) = (clock::now_us(), format!("http://{HOST}/sign-in/callback"));
    let left = provider.depart(&redirect, now).await.unwrap();
    let back = world.fake.visit(&left.url).await;
    let code = back.query_pairs().find(|(key, _)| key == "code").unwrap().1.into_owned();
    provider.arrive(&code, left.nonce.secret(), left.verifier.secret(), &redirect, now).await.map(|_| ())
}

/// Signatures.
const FORGED: &[(&str, Refusal, Made)] = &[
    ("alg none", Refusal::Algorithm, |_, claims| jwt(&json!({ "alg": "none" }), &claims, |_| Vec::new())),
    ("alg none with a key", Refusal::Algorithm, |_, claims| {
        jwt(&json!({ "alg": "none", "kid": "rsa-1" }), &claims, |_| Vec::new())
    }),
    ("alg None", Refusal::Answer, |_, claims| jwt(&json!({ "alg": "None" }), &claims, |_| Vec::new())),
    ("alg nOnE", Refusal::Answer, |_, claims| jwt(&json!({ "alg": "nOnE", "kid": "rsa-1" }), &claims, |_| Vec::new())),
    ("alg none over a good signature", Refusal::Algorithm, |_, claims| {
        signed(json!({ "alg": "none", "kid": "rsa-1" }), &claims)
    }),
    ("no alg", Refusal::Answer, |_, claims| signed(json!({ "typ": "JWT", "kid": "rsa-1" }), &claims)),
    ("alg as a list", Refusal::Answer, |_, claims| signed(json!({ "alg": ["RS256"], "kid": "rsa-1" }), &claims)),
    ("RS256 without a signature", Refusal::Signature, |_, claims| {
        jwt(&json!({ "alg": "RS256", "kid": "rsa-1" }), &claims, |_| Vec::new())
    }),
    ("RS256 of zeros", Refusal::Signature, |_, claims| {
        jwt(&json!({ "alg": "RS256", "kid": "rsa-1" }), &claims, |_| vec![0; 256])
    }),
    ("ES256 of zeros (CVE-2022-21449)", Refusal::Signature, |_, claims| {
        jwt(&json!({ "alg": "ES256", "kid": "ec-1" }), &claims, |_| vec![0; 64])
    }),
    ("HS256 by the client's secret", Refusal::Algorithm, |_, claims| hs256(SECRET.as_bytes(), &claims)),
    ("HS256 by the public key", Refusal::Algorithm, |_, claims| hs256(RSA.public_key().as_ref(), &claims)),
    ("HS256 by the public key as it is named", Refusal::Algorithm, |_, claims| {
        hs256(rsa_key(&RSA, "rsa-1").to_string().as_bytes(), &claims)
    }),
    ("HS256 by nothing", Refusal::Algorithm, |_, claims| hs256(b"", &claims)),
    ("another key under its name", Refusal::Signature, |_, claims| {
        jwt(&json!({ "alg": "RS256", "kid": "rsa-1" }), &claims, |text| rsa(&OTHER_RSA, &RSA_PKCS1_SHA256, text))
    }),
    ("another key without a name", Refusal::Signature, |_, claims| {
        jwt(&json!({ "alg": "RS256" }), &claims, |text| rsa(&OTHER_RSA, &RSA_PKCS1_SHA256, text))
    }),
    ("a name that no key has", Refusal::UnknownKey, |_, claims| rs256("rsa-0", &claims)),
    ("the name of a path", Refusal::UnknownKey, |_, claims| rs256("../../../dev/null", &claims)),
    ("a key for encryption", Refusal::UnknownKey, |_, claims| rs256("enc-1", &claims)),
    ("the name of a key of another kind", Refusal::UnknownKey, |_, claims| es256("rsa-1", &claims)),
    ("a key that it brings along", Refusal::Signature, |_, claims| {
        let header = json!({ "alg": "RS256", "kid": "rsa-1", "jwk": rsa_key(&OTHER_RSA, "rsa-1") });
        jwt(&header, &claims, |text| rsa(&OTHER_RSA, &RSA_PKCS1_SHA256, text))
    }),
    ("a place with its keys", Refusal::UnknownKey, |fake, claims| {
        let header = json!({ "alg": "RS256", "kid": "rsa-9", "jku": format!("{}/keys", fake.issuer) });
        jwt(&header, &claims, |text| rsa(&OTHER_RSA, &RSA_PKCS1_SHA256, text))
    }),
    ("RS512 over a signature of RS256", Refusal::Signature, |_, claims| {
        signed(json!({ "alg": "RS512", "kid": "rsa-1" }), &claims)
    }),
    ("a header that must be understood", Refusal::Answer, |_, claims| {
        signed(json!({ "alg": "RS256", "kid": "rsa-1", "crit": ["b64"], "b64": false }), &claims)
    }),
    ("a token in a token", Refusal::Answer, |_, claims| {
        signed(json!({ "alg": "RS256", "kid": "rsa-1", "cty": "JWT" }), &claims)
    }),
    ("another type", Refusal::Answer, |_, claims| {
        signed(json!({ "alg": "RS256", "kid": "rsa-1", "typ": "at+jwt" }), &claims)
    }),
    ("claims changed after it was signed", Refusal::Signature, |_, mut claims| {
        let good = rs256("rsa-1", &claims);
        let [header, _, signature] = good.split('.').collect::<Vec<_>>()[..] else { panic!() };
        claims["groups"] = json!(["admins"]);
        format!("{header}.{}.{signature}", base64url(claims.to_string().as_bytes()))
    }),
    ("a good one with an end", Refusal::Answer, |_, claims| format!("{}.x", rs256("rsa-1", &claims))),
    ("a good one with blanks", Refusal::Answer, |_, claims| format!(" {}", rs256("rsa-1", &claims))),
    ("no signature at all", Refusal::Answer, |_, claims| {
        let good = rs256("rsa-1", &claims);
        good[..good.rfind('.').unwrap()].to_owned()
    }),
    ("nothing", Refusal::Answer, |_, _| String::new()),
    ("dots", Refusal::Answer, |_, _| "..".into()),
    ("2 MiB", Refusal::Silent(WireError::Large), |_, claims| with(claims, json!({ "filler": "x".repeat(2 << 20) }))),
];

/// Claims, well signed.
const WRONG: &[(&str, Refusal, Made)] = &[
    ("another audience", Refusal::Audience, |_, claims| with(claims, json!({ "aud": "grafana" }))),
    ("an audience that begins alike", Refusal::Audience, |_, claims| with(claims, json!({ "aud": "quarterdeck2" }))),
    ("an audience in capitals", Refusal::Audience, |_, claims| with(claims, json!({ "aud": "Quarterdeck" }))),
    ("no audience", Refusal::Audience, |_, claims| without(claims, "aud")),
    ("an empty list of audiences", Refusal::Audience, |_, claims| with(claims, json!({ "aud": [] }))),
    ("two audiences, and not who asked", Refusal::Audience, |_, claims| {
        with(claims, json!({ "aud": [CLIENT, "grafana"] }))
    }),
    ("two audiences, and another asked", Refusal::Audience, |_, claims| {
        with(claims, json!({ "aud": [CLIENT, "grafana"], "azp": "grafana" }))
    }),
    ("our audience, and another asked", Refusal::Audience, |_, claims| with(claims, json!({ "azp": "grafana" }))),
    ("another issuer", Refusal::Issuer, |_, claims| with(claims, json!({ "iss": "https://evil.test" }))),
    ("another realm", Refusal::Issuer, |fake, claims| with(claims, json!({ "iss": format!("{}2", fake.issuer) }))),
    ("an issuer with a slash", Refusal::Issuer, |fake, claims| {
        with(claims, json!({ "iss": format!("{}/", fake.issuer) }))
    }),
    ("no issuer", Refusal::Answer, |_, claims| without(claims, "iss")),
    ("expired", Refusal::Expired, |_, claims| with(claims, json!({ "exp": now_s() - 61 }))),
    ("expired long ago", Refusal::Expired, |_, claims| with(claims, json!({ "exp": 0 }))),
    ("no end", Refusal::Answer, |_, claims| without(claims, "exp")),
    ("an end that is no time", Refusal::Answer, |_, claims| with(claims, json!({ "exp": "tomorrow" }))),
    ("an end after all time", Refusal::Answer, |_, claims| with(claims, json!({ "exp": 1e300 }))),
    ("not valid yet", Refusal::NotYet, |_, claims| with(claims, json!({ "nbf": now_s() + 90 }))),
    ("a beginning that is no time", Refusal::NotYet, |_, claims| with(claims, json!({ "nbf": "now" }))),
    ("a beginning that is nothing", Refusal::NotYet, |_, claims| with(claims, json!({ "nbf": null }))),
    ("issued in the future", Refusal::NotYet, |_, claims| with(claims, json!({ "iat": now_s() + 90 }))),
    ("never issued", Refusal::Answer, |_, claims| without(claims, "iat")),
    ("another nonce", Refusal::Nonce, |_, claims| with(claims, json!({ "nonce": "0".repeat(64) }))),
    ("an empty nonce", Refusal::Nonce, |_, claims| with(claims, json!({ "nonce": "" }))),
    ("no nonce", Refusal::Nonce, |_, claims| without(claims, "nonce")),
    ("two nonces", Refusal::Answer, |_, mut claims| {
        let nonce = claims["nonce"].clone();
        claims["nonce"] = json!([nonce, "x"]);
        rs256("rsa-1", &claims)
    }),
    ("nobody", Refusal::Answer, |_, claims| without(claims, "sub")),
    ("an empty subject", Refusal::Subject, |_, claims| with(claims, json!({ "sub": "" }))),
    ("a blank subject", Refusal::Subject, |_, claims| with(claims, json!({ "sub": " \t" }))),
    ("a subject with blanks around", Refusal::Subject, |_, claims| with(claims, json!({ "sub": "u-1 " }))),
    ("a subject with what cannot be seen", Refusal::Subject, |_, claims| with(claims, json!({ "sub": "u-1\u{200b}" }))),
    ("a subject with a zero", Refusal::Subject, |_, claims| with(claims, json!({ "sub": "u-1\0" }))),
    ("a subject of Kubernetes", Refusal::Subject, |_, claims| with(claims, json!({ "sub": "system:admin" }))),
    ("a number as the subject", Refusal::Answer, |_, claims| with(claims, json!({ "sub": 1 }))),
    ("a long subject", Refusal::Subject, |_, claims| with(claims, json!({ "sub": "u".repeat(256) }))),
];

/// Groups, well signed.
const GROUPS: &[(&str, Refusal, Made)] = &[
    ("one text", Refusal::GroupsForm, |_, claims| with(claims, json!({ "groups": "admins" }))),
    ("a text of several", Refusal::GroupsForm, |_, claims| with(claims, json!({ "groups": "admins,viewers" }))),
    ("null", Refusal::GroupsForm, |_, claims| with(claims, json!({ "groups": null }))),
    ("an object", Refusal::GroupsForm, |_, claims| with(claims, json!({ "groups": { "admins": true } }))),
    ("a number among them", Refusal::GroupsForm, |_, claims| with(claims, json!({ "groups": ["viewers", 1] }))),
    ("a list in the list", Refusal::GroupsForm, |_, claims| with(claims, json!({ "groups": [["admins"]] }))),
    ("an empty name", Refusal::Groups(NoGroups::Name(NoGroupName::Blank)), |_, claims| {
        with(claims, json!({ "groups": ["viewers", ""] }))
    }),
    ("a blank name", Refusal::Groups(NoGroups::Name(NoGroupName::Blank)), |_, claims| {
        with(claims, json!({ "groups": ["viewers", " "] }))
    }),
    ("blanks around a name", Refusal::Groups(NoGroups::Name(NoGroupName::Unseen)), |_, claims| {
        with(claims, json!({ "groups": [" admins"] }))
    }),
    ("twice the same", Refusal::Groups(NoGroups::Twice), |_, claims| {
        with(claims, json!({ "groups": ["viewers", "viewers"] }))
    }),
    ("one of Kubernetes", Refusal::Groups(NoGroups::Name(NoGroupName::System)), |_, claims| {
        with(claims, json!({ "groups": ["viewers", "system:masters"] }))
    }),
    ("one of Kubernetes in capitals", Refusal::Groups(NoGroups::Name(NoGroupName::System)), |_, claims| {
        with(claims, json!({ "groups": ["System:Masters"] }))
    }),
    ("what cannot be seen", Refusal::Groups(NoGroups::Name(NoGroupName::Unseen)), |_, claims| {
        with(claims, json!({ "groups": ["admins\u{202e}"] }))
    }),
    ("a long name", Refusal::Groups(NoGroups::Name(NoGroupName::Long)), |_, claims| {
        with(claims, json!({ "groups": ["g".repeat(257)] }))
    }),
    ("10,000 of them", Refusal::Groups(NoGroups::TooMany), |_, claims| {
        let names: Vec<String> = (0..10_000).map(|number| format!("g{number}")).collect();
        with(claims, json!({ "groups": names }))
    }),
];

#[tokio::test]
async fn no_hostile_token_lets_anybody_in() {
    let world = world().await;
    // Somebody whom they could be taken for.
    world.enter().await;
    let kim = world.user("kim").await.unwrap().id;
    let before = world.count(kim).await;
    let mut entries = world.ledger().await.len();
    // Refused for another reason than the one that is meant: then the case shows nothing.
    let mut otherwise = Vec::new();
    for (kind, cases) in [("forged", FORGED), ("wrong", WRONG), ("groups", GROUPS)] {
        for (name, refusal, token) in cases {
            let what = format!("{kind}: {name}");
            world.fake.set_token(token);
            let judged = judged(&world).await;
            if judged.as_ref() != Err(refusal) {
                otherwise.push(format!("{what}: {judged:?} instead of {refusal:?}"));
            }
            let answer = world.sign_in().await;
            let why = if *name == "2 MiB" { "silent" } else { "provider" };
            assert_refused(&answer, why, &what);
            // Nobody new either, whoever it names.
            *world.fake.person.lock() = json!({ "sub": "u-2", "preferred_username": "new" });
            assert_refused(&world.sign_in().await, why, &what);
            *world.fake.person.lock() = json!({ "sub": "u-1", "preferred_username": "kim" });
            assert_eq!(world.count(kim).await, before, "{what}");
            let ledger = world.ledger().await;
            assert!(ledger[entries..].iter().all(|entry| entry.contains("refused")), "{what}");
            entries = ledger.len();
        }
    }
    assert!(otherwise.is_empty(), "{otherwise:#?}");
    assert!(world.user("new").await.is_none());
    world.fake.set_token(|_, claims| rs256("rsa-1", &claims));
    world.enter().await;
}

#[tokio::test]
async fn the_reason_of_a_refusal_is_in_the_ledger_and_nothing_of_the_token() {
    for (token, words) in [
        (FORGED[0].2, "not signed in a way that only the provider could have"),
        ((|_, claims| hs256(SECRET.as_bytes(), &claims)) as Made, "not signed in a way"),
        (|_, claims| rs256("rsa-0", &claims), "a key that the provider does not name"),
        (WRONG[0].2, "for another audience"),
        (|_, claims| with(claims, json!({ "iss": "https://evil.test" })), "of another issuer"),
        (|_, claims| with(claims, json!({ "exp": now_s() - 61 })), "has expired"),
        (|_, claims| with(claims, json!({ "nbf": now_s() + 90 })), "not valid yet"),
        (|_, claims| without(claims, "nonce"), "does not repeat what was asked"),
        (|_, claims| with(claims, json!({ "sub": "" })), "names nobody"),
        (GROUPS[0].2, "not a list of texts"),
        (|_, claims| with(claims, json!({ "groups": ["system:masters"] })), "begins with 'system:'"),
    ] {
        let world = world().await;
        world.fake.set_token(token);
        assert_refused(&world.sign_in().await, "provider", words);
        let ledger = world.ledger().await;
        assert!(ledger.len() == 1 && ledger[0].contains(words), "{words}: {ledger:?}");
        assert!(!ledger[0].contains("evil"), "{ledger:?}");
    }
}
