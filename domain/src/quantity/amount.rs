//! Amounts as people write them.

use std::fmt;

/// How much of a resource, in thousandths: `1500` and `500` of CPU are 1.5 and 0.5, bytes are `Gi` or `Mi`.
pub(crate) struct Amount<'a> {
    pub(crate) resource: &'a str,
    pub(crate) milli: i64,
}

impl fmt::Display for Amount<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_bytes = ["memory", "storage", "hugepages"].iter().any(|word| self.resource.contains(word));
        let units: &[(f64, &str)] =
            if is_bytes { &[(1_073_741_824.0, "Gi"), (1_048_576.0, "Mi"), (1024.0, "Ki")] } else { &[] };
        let amount = self.milli as f64 / 1000.0;
        let (size, unit) = units.iter().find(|(size, _)| amount.abs() >= *size).copied().unwrap_or((1.0, ""));
        let text = format!("{:.2}", amount / size);
        write!(f, "{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
    }
}
