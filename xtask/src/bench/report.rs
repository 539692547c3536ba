//! The figures of one run: printed beside the goals and the baseline, written down as JSON.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    goals::{Goal, figures},
    machine::Machine,
};
use crate::step;

/// A figure that was found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Found {
    /// The median, or what the figure's name says.
    pub value: f64,
    /// The least of all runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The most of all runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// How many there were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<u32>,
}

/// What one measure leaves.
#[derive(Deserialize)]
struct Measured {
    figures: BTreeMap<String, Found>,
    details: Value,
}

/// All that one run found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    date: String,
    tier: String,
    machine: Machine,
    versions: BTreeMap<String, String>,
    figures: BTreeMap<String, Found>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    details: BTreeMap<String, Value>,
}

/// The committed reports, by tier.
type Baseline = BTreeMap<String, Report>;

fn baseline_path(root: &Path) -> PathBuf {
    root.join("docs/performance-baseline.json")
}

fn baseline(root: &Path) -> Result<Baseline> {
    let path = baseline_path(root);
    if !path.exists() {
        return Ok(Baseline::new());
    }
    let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("understanding {}", path.display()))
}

impl Report {
    /// Collects what the measures left.
    pub fn read(folder: &Path, tier: &str, machine: Machine, versions: BTreeMap<String, String>) -> Result<Self> {
        let (mut found, mut details) = (BTreeMap::new(), BTreeMap::new());
        for path in step::files_below(folder)? {
            let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            let measured: Measured =
                serde_json::from_slice(&bytes).with_context(|| format!("understanding {}", path.display()))?;
            found.extend(measured.figures);
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            details.insert(name, measured.details);
        }
        let known = figures();
        if let Some(unknown) = found.keys().find(|id| !known.iter().any(|figure| figure.id == **id)) {
            bail!("the driver found {unknown}, which xtask/src/bench/goals.rs does not know");
        }
        let date = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Ok(Self { date, tier: tier.to_owned(), machine, versions, figures: found, details })
    }

    /// The table, with the baseline's figures beside.
    pub fn print(&self, root: &Path) -> Result<()> {
        let baseline = baseline(root)?;
        let before = baseline.get(&self.tier);
        println!();
        println!(
            "{} pods · {} · {} cores, {}, {} GiB, Linux {} · load {:.1}",
            self.tier,
            self.date,
            self.machine.cores,
            self.machine.processor,
            self.machine.memory_gib,
            self.machine.kernel,
            self.machine.load
        );
        let versions: Vec<_> = self.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
        println!("{}", versions.join(" · "));
        println!();
        println!("{:<50} {:>10} {:>10} {:>10} {:>17} {:>9}", "", "goal", "reached", "", "min – max", "baseline");
        let all = figures();
        for figure in &all {
            let Some(found) = self.figures.get(&*figure.id) else { continue };
            let goal = match figure.goal.limit(&self.tier) {
                Some(limit) => format!("{} {}", figure.goal.sign(), number(limit)),
                None => String::new(),
            };
            let verdict = match figure.goal.is_met(&self.tier, found.value) {
                Some(true) => "met",
                Some(false) => "missed",
                None => "",
            };
            let spread = match (found.min, found.max) {
                (Some(min), Some(max)) => format!("{} – {}", number(min), number(max)),
                _ => String::new(),
            };
            let ratio = before.and_then(|before| before.figures.get(&*figure.id));
            let ratio = ratio.filter(|before| before.value != 0.0).map(|before| found.value / before.value);
            let ratio = ratio.map(|ratio| format!("×{ratio:.2}")).unwrap_or_default();
            let value = format!("{} {}", number(found.value), figure.unit);
            let line = format!("{:<50} {goal:>10} {value:>10} {verdict:>10} {spread:>17} {ratio:>9}", figure.what);
            println!("{}", line.trim_end());
        }
        // Of logs there are no figures where pods were measured, and the other way round.
        let is_of_logs = |id: &str| id.starts_with("logs-");
        let missed =
            all.iter().filter(|figure| figure.goal != Goal::None && is_of_logs(&figure.id) == (self.tier == "logs"));
        let missed = missed.filter(|figure| !self.figures.contains_key(&*figure.id)).count();
        if missed > 0 {
            println!("{missed} figures with a goal were not measured");
        }
        Ok(())
    }

    /// Writes it below `bench-results/`.
    pub fn write(&self, root: &Path) -> Result<()> {
        let folder = root.join("bench-results");
        fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
        let name = format!("{}-{}.json", self.tier, self.date.replace(':', ""));
        let path = folder.join(name);
        fs::write(&path, serde_json::to_vec_pretty(self)?).with_context(|| format!("writing {}", path.display()))?;
        println!("\n{}", path.strip_prefix(root).unwrap_or(&path).display());
        Ok(())
    }

    /// Takes its figures into the committed baseline; those of measures that did not run stay.
    pub fn save_as_baseline(&self, root: &Path) -> Result<()> {
        let mut baseline = baseline(root)?;
        let mut next = self.clone();
        next.details.clear();
        if let Some(before) = baseline.remove(&self.tier) {
            for (id, found) in before.figures {
                next.figures.entry(id).or_insert(found);
            }
        }
        baseline.insert(self.tier.clone(), next);
        let path = baseline_path(root);
        let mut text = serde_json::to_string_pretty(&baseline)?;
        text.push('\n');
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    }
}

/// Three digits that matter.
fn number(value: f64) -> String {
    let size = value.abs();
    if size >= 100.0 || value.fract() == 0.0 {
        format!("{value:.0}")
    } else if size >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn a_number_shows_what_matters_of_it() {
        for (value, text) in
            [(0.0, "0"), (0.257, "0.26"), (25.0, "25"), (25.04, "25.0"), (1234.5, "1234"), (-3.21, "-3.21")]
        {
            assert_eq!(number(value), text);
        }
    }
}
