//! Signed access tokens (JWT, RFC 7519 and 9068), and the keys to check them (JWKS, RFC 7517). No I/O; the caller
//! passes the time.
//!
//! A token's algorithm must be one of its key's algorithms; the token alone never chooses it. Shared secrets and `none`
//! are never accepted.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, UnparsedPublicKey,
    VerificationAlgorithm,
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The largest token, in bytes.
const LARGEST: usize = 16 << 10;

/// How many keys are kept.
const MOST_KEYS: usize = 64;

/// How much the clocks may differ, in seconds.
const LEEWAY: f64 = 30.0;

/// The keys of an issuer.
#[derive(Debug, Default)]
pub(super) struct Keys(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    /// The one algorithm that it is for.
    algorithm: Option<String>,
    public: Public,
}

#[derive(Debug)]
enum Public {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Keys {
    /// Reads a set of keys. Those that are not understood are passed over.
    pub(super) fn read(text: &[u8]) -> Result<Self, String> {
        let set: Set =
            serde_json::from_slice(text).map_err(|error| format!("it is no set of keys: {error}"))?;
        let keys: Vec<_> = set.keys.into_iter().filter_map(key).take(MOST_KEYS).collect();
        if keys.is_empty() {
            return Err("it has no key for signatures that is understood".to_owned());
        }
        Ok(Self(keys))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a token may be checked with one of them.
    fn may_have(&self, id: Option<&str>) -> bool {
        id.is_none_or(|id| self.0.iter().any(|key| key.id.as_deref() == Some(id)))
    }
}

fn key(json: Value) -> Option<Key> {
    let Jwk { kty, kid, alg, purpose, crv, n, e, x, y } = serde_json::from_value(json).ok()?;
    if purpose.is_some_and(|purpose| purpose != "sig") {
        return None;
    }
    let bytes = |text: Option<String>| URL_SAFE_NO_PAD.decode(text?).ok();
    let point = |size: usize| {
        let (x, y) = (bytes(x.clone())?, bytes(y)?);
        // Uncompressed, as `ring` has it.
        (x.len() == size && y.len() == size).then(|| [&[4], x.as_slice(), y.as_slice()].concat())
    };
    let public = match (kty.as_str(), crv.as_deref()) {
        ("RSA", _) => Public::Rsa { n: bytes(n)?, e: bytes(e)? },
        ("EC", Some("P-256")) => Public::P256(point(32)?),
        ("EC", Some("P-384")) => Public::P384(point(48)?),
        ("OKP", Some("Ed25519")) => Public::Ed25519(bytes(x)?),
        _ => return None,
    };
    Some(Key { id: kid, algorithm: alg, public })
}

impl Key {
    fn verifies(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        if self.algorithm.as_ref().is_some_and(|own| own != algorithm) {
            return false;
        }
        let curve = |algorithm: &'static dyn VerificationAlgorithm, point: &[u8]| {
            UnparsedPublicKey::new(algorithm, point).verify(message, signature).is_ok()
        };
        match (&self.public, algorithm) {
            (Public::Rsa { n, e }, _) => {
                let Some(parameters) = rsa(algorithm) else { return false };
                PublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
            }
            (Public::P256(point), "ES256") => curve(&ECDSA_P256_SHA256_FIXED, point),
            (Public::P384(point), "ES384") => curve(&ECDSA_P384_SHA384_FIXED, point),
            (Public::Ed25519(point), "EdDSA" | "Ed25519") => curve(&ED25519, point),
            _ => false,
        }
    }
}

fn rsa(algorithm: &str) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        "RS256" => &RSA_PKCS1_2048_8192_SHA256,
        "RS384" => &RSA_PKCS1_2048_8192_SHA384,
        "RS512" => &RSA_PKCS1_2048_8192_SHA512,
        "PS256" => &RSA_PSS_2048_8192_SHA256,
        "PS384" => &RSA_PSS_2048_8192_SHA384,
        "PS512" => &RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

/// A token that was not checked yet.
#[derive(Debug)]
pub(super) struct Unverified<'t> {
    message: &'t str,
    algorithm: String,
    id: Option<String>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

impl<'t> Unverified<'t> {
    /// `None`: it is no such token.
    pub(super) fn read(token: &'t str) -> Option<Self> {
        if token.len() > LARGEST {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        let [header, payload, signature] = [
            URL_SAFE_NO_PAD.decode(header).ok()?,
            URL_SAFE_NO_PAD.decode(payload).ok()?,
            URL_SAFE_NO_PAD.decode(signature).ok()?,
        ];
        let Header { alg, kid, typ, crit } = serde_json::from_slice(&header).ok()?;
        // An ID token, a logout token and the like are for others.
        let is_access = typ.is_none_or(|typ| {
            ["jwt", "at+jwt", "application/at+jwt"].iter().any(|known| typ.eq_ignore_ascii_case(known))
        });
        (is_access && crit.is_none()).then_some(Self { message, algorithm: alg, id: kid, payload, signature })
    }

    /// Whether one of these keys may be its own.
    pub(super) fn may_be_of(&self, keys: &Keys) -> bool {
        keys.may_have(self.id.as_deref())
    }

    /// What it says, where it is signed with one of these keys, by this issuer, for this audience, and valid now.
    pub(super) fn verify(&self, keys: &Keys, issuer: &str, audience: &str, now: f64) -> Option<Claims> {
        let mut known = keys.0.iter().filter(|key| self.id.is_none() || key.id == self.id);
        known.find(|key| key.verifies(&self.algorithm, self.message.as_bytes(), &self.signature))?;
        let claims: Map<String, Value> = serde_json::from_slice(&self.payload).ok()?;
        let time =
            |name: &str| claims.get(name).map(|time| time.as_f64().filter(|time| time.is_finite()).ok_or(()));
        let is_meant = match claims.get("aud")? {
            Value::String(one) => one == audience,
            Value::Array(some) => some.iter().any(|one| one == audience),
            _ => false,
        };
        let expires = time("exp")?.ok()?;
        let begins = time("nbf").transpose().ok()?.unwrap_or(0.0);
        let is_valid =
            claims.get("iss")? == issuer && is_meant && now < expires + LEEWAY && now + LEEWAY >= begins;
        is_valid.then_some(Claims { claims, expires })
    }
}

/// What a token says that was checked.
#[derive(Debug)]
pub(super) struct Claims {
    claims: Map<String, Value>,
    /// When it is not valid any more, in seconds since 1970.
    pub(super) expires: f64,
}

impl Claims {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// Whether it is for this too.
    pub(super) fn has_scope(&self, scope: &str) -> bool {
        self.text("scope").is_some_and(|scopes| scopes.split(' ').any(|own| own == scope))
    }
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
    use serde_json::json;

    use super::*;

    const ISSUER: &str = "https://as.example";
    const AUDIENCE: &str = "https://mcp.example/mcp";
    const NOW: f64 = 2_000_000_000.0;

    fn encoded(bytes: impl AsRef<[u8]>) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// A pair of keys, and the set that has its public one as `k1`.
    fn pair() -> (Ed25519KeyPair, Value) {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        let x = encoded(pair.public_key());
        (pair, json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": x}]}))
    }

    fn token(pair: &Ed25519KeyPair, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", encoded(header.to_string()), encoded(claims.to_string()));
        format!("{message}.{}", encoded(pair.sign(message.as_bytes())))
    }

    fn keys(set: &Value) -> Keys {
        Keys::read(set.to_string().as_bytes()).unwrap()
    }

    fn verified(token: &str, keys: &Keys) -> Option<Claims> {
        Unverified::read(token)?.verify(keys, ISSUER, AUDIENCE, NOW)
    }

    fn header() -> Value {
        json!({"alg": "EdDSA", "kid": "k1", "typ": "at+jwt"})
    }

    fn claims() -> Value {
        json!({"iss": ISSUER, "aud": ["other", AUDIENCE], "sub": "scout", "exp": NOW + 60.0, "scope": "read call"})
    }

    fn with(mut value: Value, name: &str, other: Value) -> Value {
        value[name] = other;
        value
    }

    #[test]
    fn a_token_of_the_issuer_for_this_audience_is_taken() {
        let (pair, set) = pair();
        let claims = verified(&token(&pair, &header(), &claims()), &keys(&set)).unwrap();
        assert_eq!((claims.text("sub"), claims.expires), (Some("scout"), NOW + 60.0));
        assert!(claims.has_scope("call") && !claims.has_scope("cal"));
    }

    #[test]
    fn no_other_token_is() {
        let (pair, set) = pair();
        let keys = keys(&set);
        for (name, value) in [
            ("iss", json!("https://evil.example")),
            ("iss", Value::Null),
            ("aud", json!("https://other.example/mcp")),
            ("aud", json!([])),
            ("aud", json!({"0": AUDIENCE})),
            ("exp", json!(NOW - 31.0)),
            ("exp", json!("4102444800")),
            ("exp", Value::Null),
            ("nbf", json!(NOW + 31.0)),
            ("nbf", json!("0")),
        ] {
            let token = token(&pair, &header(), &with(claims(), name, value.clone()));
            assert!(verified(&token, &keys).is_none(), "{name} {value}");
        }
        for (name, value) in [
            ("alg", json!("none")),
            ("alg", json!("HS256")),
            ("alg", json!("ES256")),
            ("alg", json!("RS256")),
            ("kid", json!("k2")),
            ("typ", json!("logout+jwt")),
            ("crit", json!(["exp"])),
        ] {
            let token = token(&pair, &with(header(), name, value.clone()), &claims());
            assert!(verified(&token, &keys).is_none(), "{name} {value}");
        }
    }

    #[test]
    fn a_token_that_was_changed_is_not_taken() {
        let (pair, set) = pair();
        let (keys, good) = (keys(&set), token(&pair, &header(), &claims()));
        let forged = encoded(with(claims(), "sub", json!("root")).to_string());
        let parts: Vec<_> = good.split('.').collect();
        for bad in [
            format!("{}.{forged}.{}", parts[0], parts[2]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{}.{}", parts[0], parts[1]),
            format!("{good}.{}", parts[2]),
            format!("{good}="),
            "..".to_owned(),
            "x".repeat(LARGEST + 1),
        ] {
            assert!(verified(&bad, &keys).is_none(), "{bad:.40}");
        }
        let (other, _) = self::pair();
        assert!(verified(&token(&other, &header(), &claims()), &keys).is_none());
    }

    #[test]
    fn a_key_is_for_its_own_algorithm_and_for_signatures() {
        let (pair, set) = pair();
        let good = token(&pair, &header(), &claims());
        let changed = |name: &str, value: Value| {
            let mut set = set.clone();
            set["keys"][0][name] = value;
            Keys::read(set.to_string().as_bytes())
        };
        assert!(verified(&good, &changed("alg", json!("EdDSA")).unwrap()).is_some());
        assert!(verified(&good, &changed("alg", json!("ES256")).unwrap()).is_none());
        assert!(changed("use", json!("enc")).is_err());
        assert!(changed("crv", json!("X25519")).is_err());
    }

    #[test]
    fn elliptic_curves_and_rsa_are_taken_too() {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).unwrap();
        let point = pair.public_key().as_ref();
        let set = json!({"keys": [{"kty": "EC", "crv": "P-256", "x": encoded(&point[1..33]), "y": encoded(&point[33..])}]});
        let message = format!("{}.{}", encoded(r#"{"alg":"ES256"}"#), encoded(claims().to_string()));
        let signature = pair.sign(&random, message.as_bytes()).unwrap();
        assert!(verified(&format!("{message}.{}", encoded(signature)), &keys(&set)).is_some());

        // Made with OpenSSL.
        let set = json!({"keys": [{"kty": "RSA", "kid": "r1", "e": "AQAB", "n": RSA}]});
        assert!(verified(SIGNED, &keys(&set)).is_some());
    }

    const RSA: &str = "0YuzNiR2ipWZTg97K2lBfFu--Qk3GajH8rWthoF1X200mGuyCVkbA-pK8wmnSKOaAgJmQuxI9Obt8owN-mbssdEL0sZ_GP-PjvXJ\
        x1gf4FkLvzcQACM93OJ4bQK4GsOEJ2QrF0r8I_GQR7PUliDsJNwBIkbOt4CP1o58-OiVVMFw_dFr4vt486_waM4bpdoWa9l6TFWe\
        K8TBh8RPuJJNSGSbS193L5biQuUwrySziME_0CLX5zZoL3wc3RWftq920ZM54g7qBH-2e_TimLa5KBczy0HFcD0t2vDrqqXMm5E1\
        OG-cgbYB246bJWt103zdFXLBLW1i9YKuHLm7iGK6ww";

    const SIGNED: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6InIxIiwidHlwIjoiYXQrand0In0.eyJpc3MiOiJodHRwczovL2FzLmV4YW1wbGUiLCJhdWQi\
        OiJodHRwczovL21jcC5leGFtcGxlL21jcCIsInN1YiI6InNjb3V0IiwiZXhwIjo0MTAyNDQ0ODAwfQ.W8DEDHwf5D8o94rE7wN8Y\
        kJpplZO0SBCWxbzZSwMZ2ncRYZuRZbFKsvyCKWJ7C5V4yq0zbx7IFp3sCTFZHR0VDHXCDIkfJBev0WG1kPIGV0A_1NSSVRhLliHm\
        9JZHda8HRscfIc1VZGBnaKxrRykoG_JwNshM4DT1SxfLNbVh6gh-KusK6_1IbXid9oVkHkR6GzE4JduCh0kTlMSedfHoDVm0xETw\
        cZfAq7dBCcRVaLEZIXo0vrsgGHs14WujQzRVjbnKYaR9vjJ6xJLXJ1NsxpcN2ge9ApM-JbZntojLhiQ16yMXb_rUt6uIykEbFc6-\
        NoYM-Z0eiC2YXl2-Vnciw";
}
