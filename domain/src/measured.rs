//! Figures of an environment that a Prometheus has, and from when on they are bad.

use std::sync::Arc;

use crate::check::said;
use crate::check::telemetry::{Answer, Data, Series};
use crate::check::trouble::Trouble;
use crate::text::plain;

/// Errors among a hundred answers above which there is something wrong.
pub const MOST_ERROR_PERCENT: u32 = 5;
/// Milliseconds that 95 of a hundred answers may take.
pub const MOST_P95_MS: u32 = 2_000;
/// Percent of a volume that should be free.
pub const LEAST_FREE_PERCENT: u32 = 15;

/// The label that names the claim of a volume. <https://kubernetes.io/docs/reference/instrumentation/metrics/>
const CLAIM: &str = "persistentvolumeclaim";

/// What is known of an environment. `None`: nobody asked, or there was no number.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// How many of a hundred answers were errors lately.
    pub error_percent: Option<f64>,
    /// Milliseconds within which 95 of a hundred answers came lately.
    pub p95_ms: Option<f64>,
    /// Claims of volumes, and how much of each is free, in percent; by name.
    pub volumes: Option<Vec<(Arc<str>, f64)>>,
    /// Why a figure that was asked for is not known, in a sentence; `None` when all are.
    pub trouble: Option<Arc<str>>,
}

/// Status of HTTP, and the answer where that can be read.
pub type Answered = Result<(u16, Option<Answer>), Trouble>;

/// The one number that a query finds. `Ok(None)`: none, as a rate is without requests.
///
/// # Errors
///
/// Why it is not known: a sentence.
pub fn number(answer: &Answered) -> Result<Option<f64>, String> {
    let values = match data(answer)? {
        Data::Scalar((_, value)) => vec![value],
        Data::Vector(series) => series.iter().map(|series| &series.value.1).collect(),
        Data::Matrix(_) | Data::String(_) => return Err(NO_NUMBERS.to_owned()),
    };
    match values.as_slice() {
        [] => Ok(None),
        [value] => Ok(value.parse().ok().filter(|value: &f64| value.is_finite() && *value >= 0.0)),
        more => Err(format!("A query finds {} series instead of one number: sum them up.", more.len())),
    }
}

/// How much of each claim is free, in percent; of one that is told of more than once, the least.
///
/// # Errors
///
/// Why it is not known: a sentence.
pub fn volumes(answer: &Answered) -> Result<Vec<(Arc<str>, f64)>, String> {
    let Data::Vector(series) = data(answer)? else { return Err(NO_NUMBERS.to_owned()) };
    let mut volumes: Vec<(Arc<str>, f64)> = Vec::with_capacity(series.len());
    for Series { metric, value: (_, value) } in series {
        let Some(claim) = metric.get(CLAIM) else {
            return Err(format!("The query of volumes finds series without the label {CLAIM}: keep it."));
        };
        if let Ok(free) = value.parse::<f64>()
            && free.is_finite()
        {
            volumes.push((plain(claim, 253).into(), free));
        }
    }
    volumes.sort_by(|(one, free), (other, of_other)| one.cmp(other).then(free.total_cmp(of_other)));
    volumes.dedup_by(|later, first| later.0 == first.0);
    Ok(volumes)
}

const NO_NUMBERS: &str = "A query finds no numbers of one moment.";

fn data(answer: &Answered) -> Result<&Data, String> {
    match answer {
        Err(trouble) => Err(trouble.verdict("Prometheus").sentence.to_string()),
        Ok((_, Some(Answer { status, data: Some(data), .. }))) if status == "success" => Ok(data),
        Ok((status, Some(Answer { error_type: Some(kind), .. }))) => {
            Err(format!("Prometheus answers with the error {} (HTTP {status}).", said(kind)))
        }
        Ok((200..300, _)) => Err("Prometheus answers with something else than the result of a query.".to_owned()),
        Ok((status, _)) => Err(format!("Prometheus answers with HTTP {status}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(data: &str) -> Answered {
        let answer = serde_json::from_str(&format!(r#"{{"status": "success", "data": {data}}}"#));
        Ok((200, Some(answer.unwrap())))
    }

    fn vector(series: &[(&str, &str)]) -> Answered {
        let one = |(claim, value): &(&str, &str)| {
            let label = if claim.is_empty() { String::new() } else { format!(r#""{CLAIM}": "{claim}""#) };
            format!(r#"{{"metric": {{{label}}}, "value": [1.5, "{value}"]}}"#)
        };
        let all: Vec<String> = series.iter().map(one).collect();
        answered(&format!(r#"{{"resultType": "vector", "result": [{}]}}"#, all.join(", ")))
    }

    #[test]
    fn a_query_finds_one_number_or_none() {
        for (answer, expected) in [
            (vector(&[("", "7.25")]), Ok(Some(7.25))),
            (answered(r#"{"resultType": "scalar", "result": [1.5, "0"]}"#), Ok(Some(0.0))),
            // Without requests there is no share of errors.
            (vector(&[]), Ok(None)),
            (vector(&[("", "NaN")]), Ok(None)),
            (vector(&[("", "+Inf")]), Ok(None)),
            (vector(&[("", "-1")]), Ok(None)),
            (vector(&[("", "1"), ("", "2")]), Err("A query finds 2 series instead of one number: sum them up.")),
            (answered(r#"{"resultType": "string", "result": [1.5, "x"]}"#), Err(NO_NUMBERS)),
            (Ok((502, None)), Err("Prometheus answers with HTTP 502.")),
            (Ok((200, None)), Err("Prometheus answers with something else than the result of a query.")),
            (
                Ok((400, serde_json::from_str(r#"{"status": "error", "errorType": "bad_data"}"#).ok())),
                Err("Prometheus answers with the error bad_data (HTTP 400)."),
            ),
            (Err(Trouble::Slow(5)), Err("Prometheus does not answer within 5 s.")),
        ] {
            assert_eq!(number(&answer), expected.map_err(str::to_owned), "{answer:?}");
        }
    }

    #[test]
    fn volumes_are_known_by_their_claims() {
        let found = volumes(&vector(&[("logs", "80"), ("data", "12.5"), ("data", "12.25"), ("odd", "NaN")]));
        assert_eq!(found, Ok(vec![("data".into(), 12.25), ("logs".into(), 80.0)]));
        assert_eq!(volumes(&vector(&[])), Ok(vec![]));
        let nameless = volumes(&vector(&[("", "12")]));
        assert_eq!(
            nameless.unwrap_err(),
            "The query of volumes finds series without the label persistentvolumeclaim: keep it."
        );
        assert_eq!(volumes(&answered(r#"{"resultType": "scalar", "result": [1.5, "7"]}"#)), Err(NO_NUMBERS.to_owned()));
    }
}
