//! How long sessions last: by the strictest tier of what somebody may see.

use std::str::FromStr;

use domain::access::{Grants, Place, Right};
use domain::name::EnvironmentId;
use domain::registry::{Registry, Tier};

/// A number for every tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PerTier {
    otherwise: u32,
    development: Option<u32>,
    staging: Option<u32>,
    production: Option<u32>,
}

/// Why a text is no number for every tier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not a number, or numbers by tier: write it like 30 or 30,production=15 (development, staging, production)"
)]
pub struct NoPerTier(String);

impl PerTier {
    /// The same for all.
    pub const fn all(otherwise: u32) -> Self {
        Self { otherwise, development: None, staging: None, production: None }
    }

    fn of(&self, tier: Tier) -> u32 {
        let own = match tier {
            Tier::Development => self.development,
            Tier::Staging => self.staging,
            Tier::Production => self.production,
        };
        own.unwrap_or(self.otherwise)
    }

    /// The least of these tiers; without any, what holds where nothing else is said.
    fn least(&self, tiers: &[Tier]) -> u32 {
        tiers.iter().map(|tier| self.of(*tier)).min().unwrap_or(self.otherwise)
    }

    /// Whether each of them lies within bounds.
    pub fn is_within(&self, bounds: std::ops::RangeInclusive<u32>) -> bool {
        let own = [self.development, self.staging, self.production];
        own.into_iter().flatten().chain([self.otherwise]).all(|value| bounds.contains(&value))
    }
}

impl FromStr for PerTier {
    type Err = NoPerTier;
    fn from_str(text: &str) -> Result<Self, NoPerTier> {
        let wrong = || NoPerTier(text.to_owned());
        let mut parts = text.split(',').map(str::trim);
        let mut read = Self::all(parts.next().unwrap_or_default().parse().map_err(|_| wrong())?);
        for part in parts {
            let (tier, value) = part.split_once('=').ok_or_else(wrong)?;
            let own = match tier {
                "development" => &mut read.development,
                "staging" => &mut read.staging,
                "production" => &mut read.production,
                _ => return Err(wrong()),
            };
            if own.replace(value.parse().map_err(|_| wrong())?).is_some() {
                return Err(wrong());
            }
        }
        Ok(read)
    }
}

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// After so many minutes without a request they end.
    pub idle_minutes: PerTier,
    /// After so many hours they end whatever happens.
    pub longest_hours: PerTier,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self { idle_minutes: PerTier::all(30), longest_hours: PerTier::all(12) }
    }
}

/// How long one session lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lasting {
    /// After so long without a request it ends, in microseconds.
    pub idle_us: i64,
    /// After so long it ends whatever happens, in microseconds.
    pub longest_us: i64,
}

impl SessionLimits {
    /// For somebody with these grants: their roles reach into tiers, and the strictest of these holds.
    pub fn of(&self, grants: &Grants, tiers: &[(EnvironmentId, Tier)]) -> Lasting {
        let mut reached: Vec<Tier> =
            tiers.iter().filter(|(environment, _)| grants.sees(environment)).map(|(_, tier)| *tier).collect();
        // What is not registered is production, and whoever says who may do what can reach everything.
        if grants.sees_everything() || grants.may(Right::Administer, Place::Console) {
            reached.push(Tier::Production);
        }
        Lasting {
            idle_us: i64::from(self.idle_minutes.least(&reached)) * 60 * 1_000_000,
            longest_us: i64::from(self.longest_hours.least(&reached)) * 3600 * 1_000_000,
        }
    }
}

/// The environments of a registry with their tiers.
pub fn tiers(registry: &Registry) -> Vec<(EnvironmentId, Tier)> {
    registry
        .environments()
        .map(|(system, environment)| (system.environment_id(environment), environment.tier))
        .collect()
}

#[cfg(test)]
mod tests {
    use domain::access::{Grant, Role};

    use super::*;

    #[test]
    fn the_strictest_tier_that_somebody_sees_holds() {
        let tiers = [("shop/dev", Tier::Development), ("shop/staging", Tier::Staging), ("shop/live", Tier::Production)];
        let tiers = tiers.map(|(environment, tier)| (environment.parse().unwrap(), tier));
        let limits = SessionLimits {
            idle_minutes: "60,production=15,development=240".parse().unwrap(),
            longest_hours: PerTier::all(12),
        };
        for (role, scope, idle) in [
            (Role::Operator, "shop/dev", 240),
            (Role::Operator, "shop/staging", 60),
            (Role::Viewer, "shop/live", 15),
            (Role::Viewer, "shop", 15),
            (Role::Viewer, "*", 15),
            (Role::Admin, "*", 15),
            (Role::Viewer, "other", 60),
        ] {
            let grants = Grants(vec![Grant { role, scope: scope.parse().unwrap() }]);
            assert_eq!(limits.of(&grants, &tiers).idle_us, idle * 60_000_000, "{role} in {scope}");
        }
        assert_eq!(limits.of(&Grants::default(), &tiers).longest_us, 12 * 3_600_000_000);
    }

    #[test]
    fn numbers_by_tier_are_read() {
        assert_eq!("30".parse(), Ok(PerTier::all(30)));
        let mixed: PerTier = "30, production=5,staging=90".parse().unwrap();
        assert_eq!([Tier::Development, Tier::Staging, Tier::Production].map(|tier| mixed.of(tier)), [30, 90, 5]);
        assert!(mixed.is_within(5..=90) && !mixed.is_within(6..=90) && !mixed.is_within(5..=89));
        for text in
            ["", "x", "production=5", "30,prod=5", "30,production", "30,production=5,production=6", "30,staging=-1"]
        {
            assert!(text.parse::<PerTier>().is_err(), "{text}");
        }
    }
}
