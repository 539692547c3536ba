//! The query of the logs in a URL: what is read of it is bounded, and is read again as it is written.

#![no_main]

use domain::log::query::{LogQuery, MOST_ENVIRONMENTS};
use domain::text::hides;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let query = read(input);
    assert!(query.environments.len() <= MOST_ENVIRONMENTS && query.components.len() <= 20);
    assert!(are_single(&query.environments) && are_single(&query.components));
    assert!(query.find.text.chars().count() <= 200 && !query.find.text.chars().any(hides));
    assert_eq!(query.clone().bounded(), query, "it is bounded once");

    let written = query.to_query_string();
    let Some(encoded) = written.strip_prefix('?') else {
        assert!(written.is_empty() && query == LogQuery::default());
        return;
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/%+=&".contains(&byte);
    assert!(encoded.bytes().all(is_plain), "{encoded}");
    assert_eq!(read(encoded.as_bytes()), query, "{encoded}");
});

fn are_single<T: PartialEq>(all: &[T]) -> bool {
    all.iter().enumerate().all(|(index, each)| !all[..index].contains(each))
}

/// As the server reads it.
fn read(query: &[u8]) -> LogQuery {
    LogQuery::from_parameters(form_urlencoded::parse(query))
}
