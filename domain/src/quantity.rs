//! Amounts of CPU, memory and storage as Kubernetes writes them.

mod amount;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub(crate) use amount::Amount;

/// An amount: `250m`, `1`, `512Mi`, `100Gi`. Equal when the amounts are, however they are written: `1` is `1000m`.
/// <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/>
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Arc<str>", into = "Arc<str>")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "String"))]
pub struct Quantity {
    text: Arc<str>,
    /// Thousandths, rounded up.
    milli: i64,
}

/// Not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an amount: write it as Kubernetes does, like 250m, 2, 512Mi or 100Gi")]
pub struct QuantityError(String);

/// The largest number of thousandths, by far more than there is of anything.
const MOST: f64 = 9e18;

impl Quantity {
    /// Thousandths of the unit: millicores, or thousandths of a byte.
    pub fn milli(&self) -> i64 {
        self.milli
    }
}

impl TryFrom<Arc<str>> for Quantity {
    type Error = QuantityError;
    fn try_from(text: Arc<str>) -> Result<Self, QuantityError> {
        let wrong = || QuantityError(text.to_string());
        let split = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '+' | '-')).unwrap_or(text.len());
        let (number, suffix) = text.split_at(split);
        let milli_factor: f64 = match suffix {
            "n" => 1e-6,
            "u" => 1e-3,
            "m" => 1.0,
            "" => 1e3,
            "k" => 1e6,
            "M" => 1e9,
            "G" => 1e12,
            "T" => 1e15,
            "P" => 1e18,
            "E" => 1e21,
            "Ki" => 1e3 * 1024.0,
            "Mi" => 1e3 * 1_048_576.0,
            "Gi" => 1e3 * 1_073_741_824.0,
            "Ti" => 1e3 * 1_099_511_627_776.0,
            "Pi" => 1e3 * 1_125_899_906_842_624.0,
            "Ei" => 1e3 * 1_152_921_504_606_846_976.0,
            _ => {
                let exponent = suffix.strip_prefix(['e', 'E']).and_then(|digits| digits.parse::<i32>().ok());
                10f64.powi(exponent.ok_or_else(wrong)?) * 1e3
            }
        };
        let number: f64 = number.parse().map_err(|_| wrong())?;
        let milli = (number * milli_factor).ceil();
        if !milli.is_finite() {
            return Err(wrong());
        }
        // What is more than can be counted is as much as can be: Kubernetes knows amounts up to 2^63 units.
        Ok(Self { text, milli: milli.clamp(-MOST, MOST) as i64 })
    }
}

impl From<Quantity> for Arc<str> {
    fn from(quantity: Quantity) -> Self {
        quantity.text
    }
}

impl std::str::FromStr for Quantity {
    type Err = QuantityError;
    fn from_str(text: &str) -> Result<Self, QuantityError> {
        Self::try_from(Arc::from(text))
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.milli == other.milli
    }
}

impl Eq for Quantity {}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_kubernetes_reads_them() {
        for (text, milli) in [
            ("250m", 250),
            ("1", 1_000),
            ("0.5", 500),
            ("1500n", 1),
            ("2k", 2_000_000),
            ("1Ki", 1_024_000),
            ("512Mi", 536_870_912_000),
            ("100Gi", 107_374_182_400_000),
            ("1e3", 1_000_000),
            ("1E3", 1_000_000),
            ("1P", 1_000_000_000_000_000_000),
            ("2Pi", 2_251_799_813_685_248_000),
            // More than can be counted: as much as can be.
            ("9223372036854775807E", 9_000_000_000_000_000_000),
            ("1Ei", 9_000_000_000_000_000_000),
            ("-1Ei", -9_000_000_000_000_000_000),
        ] {
            assert_eq!(text.parse::<Quantity>().map(|q| q.milli()), Ok(milli), "{text}");
        }
        for text in ["", "m", "1 Gi", "12Zi", "1..2", "--1", "1e", "abc"] {
            assert!(text.parse::<Quantity>().is_err(), "{text:?}");
        }
        assert_eq!("1".parse::<Quantity>(), "1000m".parse::<Quantity>());
    }
}
