//! Whether telemetry arrives where it should.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Verdict;
use super::trouble::Trouble;

/// The answer of a Prometheus to an instant query. <https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries>
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Answer {
    /// `success` or `error`.
    pub status: String,
    /// Which error.
    #[serde(rename = "errorType", default)]
    pub error_type: Option<String>,
    /// What was found.
    #[serde(default)]
    pub data: Option<Data>,
}

/// What a query found.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
pub enum Data {
    /// Series, each with its value now.
    Vector(Vec<Series>),
    /// One value.
    Scalar((f64, String)),
    /// Series over a time: the query is none for one moment.
    Matrix(Vec<serde::de::IgnoredAny>),
    /// A text.
    String((f64, String)),
}

/// A series.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Series {
    /// Its labels.
    #[serde(default)]
    pub metric: BTreeMap<String, String>,
    /// When, and the value as a text.
    pub value: (f64, String),
}

/// Judges what a Prometheus answered: status of HTTP, and its answer where that can be read.
pub fn judge_prometheus(answer: &Result<(u16, Option<Answer>), Trouble>) -> Verdict {
    let (status, answer) = match answer {
        Ok(answer) => answer,
        Err(trouble) => return trouble.verdict("Prometheus"),
    };
    let values: Vec<&str> = match answer {
        Some(Answer { data: Some(data), status: word, .. }) if word == "success" => match data {
            Data::Vector(series) => series.iter().map(|series| series.value.1.as_str()).collect(),
            Data::Scalar((_, value)) => vec![value],
            Data::Matrix(_) | Data::String(_) => {
                return Verdict::unknown("The query finds no numbers of one moment: write one like sum(up).");
            }
        },
        Some(Answer { error_type: Some(kind), .. }) => {
            let outcome = if kind == "bad_data" { Verdict::unknown } else { Verdict::failed };
            return outcome(format!("Prometheus answers with the error {} (HTTP {status}).", super::said(kind)));
        }
        Some(_) | None => return of_status("Prometheus", *status),
    };
    let is_something = |value: &&&str| value.parse::<f64>().is_ok_and(|value| value != 0.0 && !value.is_nan());
    let found = values.iter().filter(is_something).count();
    match (found, values.len()) {
        (_, 0) => Verdict::failed("The query finds nothing: no telemetry arrives."),
        (0, _) => Verdict::failed("The query finds 0: no telemetry arrives."),
        (1, _) => Verdict::ok("Telemetry arrives: the query finds one series."),
        (found, _) => Verdict::ok(format!("Telemetry arrives: the query finds {found} series.")),
    }
}

/// Judges the status that an address answered with.
pub fn judge_http(answer: &Result<u16, Trouble>) -> Verdict {
    match answer {
        Ok(status @ 200..300) => Verdict::ok(format!("The telemetry's address answers with HTTP {status}.")),
        Ok(status) => of_status("The telemetry's address", *status),
        Err(trouble) => trouble.verdict("The telemetry's address"),
    }
}

fn of_status(whom: &str, status: u16) -> Verdict {
    match status {
        401 | 403 => Verdict::unknown(format!("{whom} does not let the check ask (HTTP {status}).")).locked_out(true),
        200..300 => Verdict::failed(format!("{whom} answers with something else than the result of a query.")),
        _ => Verdict::failed(format!("{whom} answers with HTTP {status}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Outcome;

    #[test]
    fn a_query_must_find_something_other_than_nothing() {
        let found = |data: &str| (200, format!(r#"{{"status": "success", "data": {data}}}"#));
        let vector = |values: &[&str]| {
            let series = values.iter().map(|value| format!(r#"{{"metric": {{"a": "b"}}, "value": [1.5, "{value}"]}}"#));
            found(&format!(r#"{{"resultType": "vector", "result": [{}]}}"#, series.collect::<Vec<_>>().join(", ")))
        };
        for ((status, body), outcome, sentence) in [
            (vector(&["1"]), Outcome::Ok, "Telemetry arrives: the query finds one series."),
            (vector(&["1", "0", "+Inf"]), Outcome::Ok, "Telemetry arrives: the query finds 2 series."),
            (vector(&[]), Outcome::Failed, "The query finds nothing: no telemetry arrives."),
            (vector(&["0", "NaN"]), Outcome::Failed, "The query finds 0: no telemetry arrives."),
            (
                found(r#"{"resultType": "scalar", "result": [1.5, "7"]}"#),
                Outcome::Ok,
                "Telemetry arrives: the query finds one series.",
            ),
            (
                found(r#"{"resultType": "matrix", "result": [{"metric": {}, "values": [[1, "1"]]}]}"#),
                Outcome::Unknown,
                "The query finds no numbers of one moment: write one like sum(up).",
            ),
            (
                (400, r#"{"status": "error", "errorType": "bad_data", "error": "secret words"}"#.to_owned()),
                Outcome::Unknown,
                "Prometheus answers with the error bad_data (HTTP 400).",
            ),
            (
                (503, r#"{"status": "error", "errorType": "timeout", "error": "x"}"#.to_owned()),
                Outcome::Failed,
                "Prometheus answers with the error timeout (HTTP 503).",
            ),
            ((401, "no".to_owned()), Outcome::Unknown, "Prometheus does not let the check ask (HTTP 401)."),
            ((502, "<html>".to_owned()), Outcome::Failed, "Prometheus answers with HTTP 502."),
            (
                (200, "<html>".to_owned()),
                Outcome::Failed,
                "Prometheus answers with something else than the result of a query.",
            ),
        ] {
            let verdict = judge_prometheus(&Ok((status, serde_json::from_str(&body).ok())));
            assert_eq!((verdict.outcome, &*verdict.sentence), (outcome, sentence), "{body}");
        }
        let verdict = judge_prometheus(&Err(Trouble::Unresolved));
        assert_eq!(&*verdict.sentence, "Prometheus cannot be found: its name has no address.");
    }

    #[test]
    fn an_address_answers_with_a_status_that_is_fine() {
        for (answer, outcome, sentence) in [
            (Ok(204), Outcome::Ok, "The telemetry's address answers with HTTP 204."),
            (Ok(301), Outcome::Failed, "The telemetry's address answers with HTTP 301."),
            (Ok(403), Outcome::Unknown, "The telemetry's address does not let the check ask (HTTP 403)."),
            (Ok(500), Outcome::Failed, "The telemetry's address answers with HTTP 500."),
            (Err(Trouble::Slow(5)), Outcome::Failed, "The telemetry's address does not answer within 5 s."),
        ] {
            let verdict = judge_http(&answer);
            assert_eq!((verdict.outcome, &*verdict.sentence), (outcome, sentence));
        }
    }
}
