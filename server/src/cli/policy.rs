//! `quarterdeck policy`: what operations need, and why; and `quarterdeck windows`: when they may be done.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use domain::name::EnvironmentId;
use domain::policy::{Class, Confirm, Requirement, When};
use domain::registry::window::{self, WindowState};
use domain::registry::{Environment, Registry};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use crate::{clock, registry};

/// What operations need.
#[derive(Debug, Args)]
pub struct PolicyArguments {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Says what an operation needs in an environment: confirmation, reason, window, second person.
    Explain {
        /// Where: `fleet-management/production`.
        environment: EnvironmentId,
        /// Which: `restart`, `restartWithDowntime`, `scale`, `scaleBelow`, `rollBack`, `restartDatabase`; all when not given.
        operation: Option<String>,
        /// When: `2026-11-22T07:30:00Z`; now when not given.
        #[arg(long)]
        at: Option<Timestamp>,
        /// The registry.
        #[arg(long, env = "QUARTERDECK_CONFIG", value_name = "FILE")]
        config: PathBuf,
    },
}

/// When an environment may be disturbed.
#[derive(Debug, Args)]
pub struct WindowsArguments {
    /// Where: `fleet-management/production`.
    environment: EnvironmentId,
    /// The first day, UTC; today when not given.
    #[arg(long)]
    from: Option<Date>,
    /// The last day, UTC; 30 days later when not given.
    #[arg(long)]
    to: Option<Date>,
    /// The registry.
    #[arg(long, env = "QUARTERDECK_CONFIG", value_name = "FILE")]
    config: PathBuf,
}

/// Explains the policy.
pub fn run(arguments: PolicyArguments) -> anyhow::Result<()> {
    let PolicyCommand::Explain { environment: id, operation, at, config } = arguments.command;
    let registry = registry::load(&config)?;
    let environment = find(&registry, &id, &config)?;
    let at = at.unwrap_or_else(clock::now);
    let classes = match operation {
        None => Class::ALL.to_vec(),
        Some(text) => {
            let known = Class::ALL.into_iter().find(|class| class.as_str() == text);
            let names = Class::ALL.map(Class::as_str).join(", ");
            vec![known.with_context(|| format!("'{text}' is no class of operations: write one of {names}"))?]
        }
    };
    println!("{id}: {}", environment.tier.word());
    println!("  {}", state(environment, at)?);
    for class in classes {
        let required = registry.policy.requirement(environment.tier, &id, class);
        println!("  {:<20} {}", class.as_str(), words(&required));
    }
    Ok(())
}

fn words(required: &Requirement) -> String {
    let Requirement { confirm, reason, when, second_person, backup_hours } = required;
    let mut words = vec![match confirm {
        Confirm::Press => "press".to_owned(),
        Confirm::TypeName => "type the name".to_owned(),
    }];
    if *reason {
        words.push("reason".to_owned());
    }
    match when {
        When::AnyTime => {}
        When::WhenGreen => words.push("any time while the plan is green, else in a window".to_owned()),
        When::InWindow => words.push("in a window".to_owned()),
    }
    if *second_person {
        words.push("second person".to_owned());
    }
    if let Some(hours) = backup_hours {
        words.push(format!("backup younger than {hours} h"));
    }
    words.join(", ")
}

fn state(environment: &Environment, at: Timestamp) -> anyhow::Result<String> {
    let zone = zone(environment)?;
    let shown = |time: Timestamp| format!("{time} ({})", time.to_zoned(zone.clone()).strftime("%A %H:%M %Z"));
    if let Some((freeze, thaw)) = window::freeze_at(&environment.freezes, &zone, at) {
        return Ok(format!("frozen at {at}, until {}: {}", shown(thaw), freeze.why));
    }
    Ok(match window::window_state(&environment.maintenance, &zone, at) {
        WindowState::Undeclared => "no maintenance window is declared".to_owned(),
        WindowState::AnyTime => "may be disturbed at any time".to_owned(),
        WindowState::Open(until) => format!("the window is open at {at}, until {}", shown(until)),
        WindowState::Closed(Some(opens)) => format!("the window is closed at {at}, opens {}", shown(opens)),
        WindowState::Closed(None) => "the window is closed and does not open within a year".to_owned(),
    })
}

/// Lists the openings.
pub fn windows(arguments: WindowsArguments) -> anyhow::Result<()> {
    let registry = registry::load(&arguments.config)?;
    let environment = find(&registry, &arguments.environment, &arguments.config)?;
    let today = clock::now().to_zoned(TimeZone::UTC).date();
    let from = arguments.from.unwrap_or(today);
    let to = match arguments.to {
        Some(to) => to,
        None => from.checked_add(30.days()).context("adding 30 days")?,
    };
    if to < from {
        bail!("--to lies before --from");
    }
    let instant = |date: Date| anyhow::Ok(date.to_zoned(TimeZone::UTC)?.timestamp());
    let (from, to) = (instant(from)?, instant(to.tomorrow()?)?);
    let zone = zone(environment)?;
    for (start, end) in window::openings(&environment.maintenance, &environment.freezes, &zone, from, to) {
        let wall = |time: Timestamp| time.to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M %Z").to_string();
        println!("{start}  {end}  {} – {}", wall(start), wall(end));
    }
    Ok(())
}

fn zone(environment: &Environment) -> anyhow::Result<TimeZone> {
    TimeZone::get(&environment.time_zone).with_context(|| format!("reading the zone {}", environment.time_zone))
}

fn find<'a>(registry: &'a Registry, id: &EnvironmentId, config: &Path) -> anyhow::Result<&'a Environment> {
    let found = registry.environment(id).map(|(_, environment)| environment);
    found.with_context(|| {
        let known: Vec<_> = registry
            .environments()
            .map(|(system, environment)| system.environment_id(environment).to_string())
            .collect();
        format!("{id} is not in {}: it has {}", config.display(), known.join(", "))
    })
}
