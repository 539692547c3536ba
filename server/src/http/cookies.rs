//! What a browser sent in its cookies.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;

/// The values of all cookies of a name: a browser may hold several, of other paths, and one of them may be planted.
pub fn all_of<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|cookies| cookies.split(';')).filter_map(move |cookie| {
        let (key, value) = cookie.trim().split_once('=')?;
        (key == name).then_some(value)
    })
}
