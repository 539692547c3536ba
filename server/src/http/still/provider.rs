//! Signing in by the provider: the way there, and the way back.

use app::still::sign_in::{SignInView, Why};
use axum::extract::{Extension, Query, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, LOCATION, SET_COOKIE};
use axum::http::{Extensions, HeaderMap, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;
use url::form_urlencoded;

use super::sign_in::{back, show, to_ours};
use super::{POLICY, see, source, trouble};
use crate::clock;
use crate::http::front::only;
use crate::http::gate::{Visitor, cookie, encode, host_of, token_in};
use crate::http::{Site, pages};
use crate::metrics::{self, SignIn};
use crate::oidc::{Provider, Refusal};
use crate::people::token::Token;
use crate::people::{ArrivalRefusal, Source};

/// Seconds for which the browser keeps its half of what is secret: as long as we keep the other.
const KEPT_S: u32 = 600;

/// Where one wants to go afterwards.
#[derive(Deserialize)]
pub struct Asked {
    #[serde(default)]
    to: String,
}

fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-quarterdeck-flow" } else { "quarterdeck-flow" }
}

/// The cookie that holds the browser's half; without a token it is taken back. `Lax`, because one comes back from elsewhere.
fn half(site: &Site, headers: &HeaderMap, token: Option<&Token>) -> HeaderValue {
    let secure = site.front.is_secure(host_of(headers));
    let (name, by_tls) = (cookie_name(secure), if secure { "; Secure" } else { "" });
    let (secret, age) = token.map_or(("", 0), |token| (token.secret(), KEPT_S));
    let text = format!("{name}={secret}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{by_tls}");
    // Made of letters, digits and what stands above.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

/// Where the provider sends people back to.
fn way_back(site: &Site, headers: &HeaderMap) -> Option<String> {
    site.front.origin_of(host_of(headers)).map(|origin| [&origin, "/sign-in/callback"].concat())
}

fn no_provider(site: &Site, headers: &HeaderMap) -> Response {
    let text = "This console has no sign-in provider: sign in with a password.";
    trouble(site, headers, StatusCode::NOT_FOUND, text)
}

/// Whether somebody asks by a link of ours or by typing. A page elsewhere has no business to begin a sign-in.
fn is_asked_by_a_person(headers: &HeaderMap) -> bool {
    let site = HeaderName::from_static("sec-fetch-site");
    !headers.contains_key(&site) || matches!(only(headers, site), Some("same-origin" | "none"))
}

/// Sends somebody to the provider. Nothing but that begins here.
pub async fn depart(
    State(site): State<Site>,
    Extension(Visitor(who)): Extension<Visitor>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
    extensions: Extensions,
) -> Response {
    let (Some(provider), Some(way_back)) = (site.provider.clone(), way_back(&site, &headers)) else {
        return no_provider(&site, &headers);
    };
    let to = to_ours(&asked.to);
    if who.is_some() {
        return see(&to);
    }
    if !is_asked_by_a_person(&headers) {
        return see(&format!("/sign-in?to={}", encode(&to)));
    }
    let from = source(&extensions, &headers);
    let refuse = |status, why| {
        show(&site, &headers, status, SignInView { why: Some(why), to: to.clone(), ..SignInView::default() })
    };
    let now = clock::now_us();
    match site.people.may_depart(&from, now).await {
        Ok(Ok(())) => {}
        Ok(Err(minutes)) => return refuse(StatusCode::TOO_MANY_REQUESTS, Why::Busy(minutes)),
        Err(error) => {
            tracing::warn!("nobody can sign in: {error}");
            return refuse(StatusCode::SERVICE_UNAVAILABLE, Why::Unavailable);
        }
    }
    let departure = match provider.depart(&way_back, now).await {
        Ok(departure) => departure,
        Err(refusal) => {
            tracing::warn!("nobody can sign in by {}: {refusal}", provider.issuer());
            return refuse(StatusCode::BAD_GATEWAY, Why::Silent);
        }
    };
    if let Err(error) = site.people.begin_flow(&departure, &to, now).await {
        tracing::warn!("nobody can sign in: {error}");
        return refuse(StatusCode::SERVICE_UNAVAILABLE, Why::Unavailable);
    }
    let Ok(location) = HeaderValue::from_str(&departure.url) else {
        tracing::warn!("the address for sign-ins of {} does not read", provider.issuer());
        return refuse(StatusCode::BAD_GATEWAY, Why::Silent);
    };
    let cookie = half(&site, &headers, Some(&departure.browser));
    (StatusCode::SEE_OTHER, [(LOCATION, location), (SET_COOKIE, cookie)]).into_response()
}

/// What the provider sends back in the address.
#[derive(Default, PartialEq, Eq)]
struct Answer {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    issuer: Option<String>,
}

impl Answer {
    /// Each at most once: of two, one was put there by somebody else.
    fn read(query: &str) -> Option<Self> {
        let mut answer = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match &*key {
                "state" => &mut answer.state,
                "code" => &mut answer.code,
                "error" => &mut answer.error,
                "iss" => &mut answer.issuer,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        Some(answer)
    }
}

/// Why somebody who came back does not get in.
enum Stop {
    /// They are not known to have left.
    Over,
    /// By what the provider says.
    Provider(Refusal),
    /// By what we say.
    Here(ArrivalRefusal),
}

impl From<ArrivalRefusal> for Stop {
    fn from(refusal: ArrivalRefusal) -> Self {
        Self::Here(refusal)
    }
}

/// Takes in what the provider answers.
pub async fn arrive(State(site): State<Site>, uri: Uri, headers: HeaderMap, extensions: Extensions) -> Response {
    let (Some(provider), Some(way_back)) = (site.provider.clone(), way_back(&site, &headers)) else {
        return no_provider(&site, &headers);
    };
    let from = source(&extensions, &headers);
    let mut to = "/".to_owned();
    let answer = Answer::read(uri.query().unwrap_or_default()).unwrap_or_default();
    let mut response = match take_in(&site, &provider, &way_back, answer, &headers, &from, &mut to).await {
        Ok(token) => {
            metrics::sign_in(SignIn::Done);
            // Not a redirect: it would still be the provider's, from another site, and the cookie stays at home then
            // (`SameSite=Strict`). A page of ours goes on by itself.
            let html = app::still::onward(pages::theme_of(&headers), &site.assets.urls, &to);
            let mut response = (StatusCode::OK, [(CONTENT_SECURITY_POLICY, POLICY)], Html(html)).into_response();
            response.headers_mut().append(SET_COOKIE, cookie(&site, &headers, Some(&token)));
            response
        }
        Err(stop) => {
            let ours = matches!(
                stop,
                Stop::Here(ArrivalRefusal::Trouble(_)) | Stop::Provider(Refusal::Silent(_) | Refusal::Discovery(_))
            );
            metrics::sign_in(if ours { SignIn::Failed } else { SignIn::Refused });
            back(refuse(&site, &provider, stop, &from).await, &to)
        }
    };
    response.headers_mut().append(SET_COOKIE, half(&site, &headers, None));
    response
}

async fn take_in(
    site: &Site,
    provider: &Provider,
    way_back: &str,
    answer: Answer,
    headers: &HeaderMap,
    from: &Source,
    to: &mut String,
) -> Result<Token, Stop> {
    let now = clock::now_us();
    let browser = token_in(headers, cookie_name(site.front.is_secure(host_of(headers))));
    let state = answer.state.as_deref().and_then(Token::read);
    let (Some(state), Some(browser)) = (state, browser) else { return Err(Stop::Over) };
    // Used up whatever comes next, so that nothing can be tried twice.
    let flow = site.people.take_flow(&state, &browser, now).await.map_err(ArrivalRefusal::from)?;
    let Some(flow) = flow else { return Err(Stop::Over) };
    *to = to_ours(&flow.return_path);
    // RFC 9207: an answer that names its issuer names ours.
    if answer.issuer.is_some_and(|issuer| issuer != provider.issuer()) {
        return Err(Stop::Provider(Refusal::Issuer));
    }
    match answer.error.as_deref() {
        None => {}
        // What it says is not repeated: anybody can write it into an address.
        Some("access_denied") => return Err(Stop::Provider(Refusal::Declined)),
        Some("server_error" | "temporarily_unavailable") => {
            return Err(Stop::Provider(Refusal::Failed("it is in trouble")));
        }
        Some("invalid_scope") => {
            return Err(Stop::Provider(Refusal::Failed("it does not know a scope of --oidc-scopes")));
        }
        Some(_) => return Err(Stop::Provider(Refusal::Failed("it does not take the question"))),
    }
    let code = answer.code.ok_or(Stop::Provider(Refusal::Code))?;
    let arrival = provider.arrive(&code, &flow.nonce, &flow.verifier, way_back, now).await.map_err(Stop::Provider)?;
    Ok(site.people.sign_in_by_provider(&arrival, from, clock::now_us()).await?)
}

/// Writes a refusal down, and says what the person is told of it.
async fn refuse(site: &Site, provider: &Provider, stop: Stop, from: &Source) -> Why {
    let (why, words) = match stop {
        Stop::Over => (Why::Over, "it was begun nowhere, in another browser, too long ago, or is used up".to_owned()),
        Stop::Provider(refusal) => {
            let why = match &refusal {
                Refusal::Silent(_) | Refusal::Discovery(_) => Why::Silent,
                Refusal::Declined => Why::Declined,
                _ => Why::Provider,
            };
            (why, refusal.to_string())
        }
        // Written down where it was decided.
        Stop::Here(ArrivalRefusal::Disabled) => return Why::Disabled,
        Stop::Here(ArrivalRefusal::Trouble(error)) => {
            tracing::warn!("nobody can sign in: {error}");
            return Why::Unavailable;
        }
    };
    match site.people.note_provider_refusal(from, &words, clock::now_us()).await {
        Ok(true) => tracing::warn!("refused a sign-in by {}: {words}", provider.issuer()),
        // A flood does not fill the log either.
        Ok(false) => {}
        Err(error) => {
            tracing::warn!("that a sign-in was refused was not written down: {error}");
            return Why::Unavailable;
        }
    }
    why
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_everything_once() {
        let read = |query: &str| Answer::read(query).map(|answer| (answer.state, answer.code, answer.error));
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(read("code=c&state=s&session_state=x"), Some((some("s"), some("c"), None)));
        assert_eq!(read("error=access_denied&state=s"), Some((some("s"), None, some("access_denied"))));
        assert_eq!(read(""), Some((None, None, None)));
        for query in ["state=s&state=s", "code=a&state=s&code=b", "state=s&%73tate=t", "iss=a&iss=b"] {
            assert!(Answer::read(query).is_none(), "{query}");
        }
    }
}
