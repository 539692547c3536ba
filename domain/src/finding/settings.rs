//! Settings that are dangerous where they stand, whoever declared them.

use crate::registry::Tier;

/// What a setting does, by its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Means {
    /// It is on or off.
    Switch {
        /// Which of the two is dangerous.
        dangerous: bool,
    },
    /// It is one of several words, of which these are dangerous.
    Words(&'static [&'static str]),
}

/// A key whose value can be dangerous, from which tier on, and what it then means.
struct Setting {
    key: &'static str,
    means: Means,
    from: Tier,
    words: &'static str,
}

/// The keys by which the systems that are run here name these settings. A key of another name is compared with what was
/// declared of it, and nothing more is known of it.
const SETTINGS: [Setting; 5] = [
    Setting {
        key: "DEBUG_TOOLS",
        means: Means::Switch { dangerous: true },
        from: Tier::Production,
        words: "Debug is on in production",
    },
    Setting {
        key: "LOG_LEVEL",
        means: Means::Words(&["debug", "trace", "silly"]),
        from: Tier::Production,
        words: "Debug is on in production",
    },
    Setting {
        key: "MOCK_DATA",
        means: Means::Switch { dangerous: true },
        from: Tier::Production,
        words: "Mock data is on in production",
    },
    Setting {
        key: "SSL_REQUIRED",
        means: Means::Switch { dangerous: false },
        from: Tier::Staging,
        words: "SSL is off outside development",
    },
    Setting {
        key: "CORS_ORIGIN",
        means: Means::Words(&["*"]),
        from: Tier::Staging,
        words: "CORS is * outside development",
    },
];

/// What is dangerous about a value of a key in an environment of this tier, in words; none when nothing is known to be.
pub(crate) fn danger(tier: Tier, key: &str, value: &str) -> Option<&'static str> {
    let setting = SETTINGS.iter().find(|setting| setting.key == key && tier >= setting.from)?;
    let value = value.trim().to_ascii_lowercase();
    let is_dangerous = match setting.means {
        Means::Switch { dangerous } => switch(&value) == Some(dangerous),
        // A list of origins is as open as its widest.
        Means::Words(words) => value.split(',').any(|word| words.contains(&word.trim())),
    };
    is_dangerous.then_some(setting.words)
}

/// Whether a switch is on, by the words that people write.
fn switch(value: &str) -> Option<bool> {
    match value {
        "true" | "1" | "on" | "yes" | "enabled" => Some(true),
        "false" | "0" | "off" | "no" | "disabled" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_fine_for_building_is_dangerous_for_users() {
        use Tier::{Development, Production, Staging};
        let (debug, mock) = (Some("Debug is on in production"), Some("Mock data is on in production"));
        let (ssl, cors) = (Some("SSL is off outside development"), Some("CORS is * outside development"));
        for (key, value, expected) in [
            ("DEBUG_TOOLS", "true", [None, None, debug]),
            ("DEBUG_TOOLS", " ON ", [None, None, debug]),
            ("DEBUG_TOOLS", "false", [None; 3]),
            ("DEBUG_TOOLS", "perhaps", [None; 3]),
            ("LOG_LEVEL", "debug", [None, None, debug]),
            ("LOG_LEVEL", "TRACE", [None, None, debug]),
            ("LOG_LEVEL", "info", [None; 3]),
            ("MOCK_DATA", "1", [None, None, mock]),
            ("MOCK_DATA", "off", [None; 3]),
            ("SSL_REQUIRED", "false", [None, ssl, ssl]),
            ("SSL_REQUIRED", "0", [None, ssl, ssl]),
            ("SSL_REQUIRED", "true", [None; 3]),
            ("SSL_REQUIRED", "", [None; 3]),
            ("CORS_ORIGIN", "*", [None, cors, cors]),
            ("CORS_ORIGIN", "https://a.example.com, *", [None, cors, cors]),
            ("CORS_ORIGIN", "https://*.example.com", [None; 3]),
            ("OTHER", "*", [None; 3]),
        ] {
            for (tier, expected) in [Development, Staging, Production].into_iter().zip(expected) {
                assert_eq!(danger(tier, key, value), expected, "{key}={value} in {tier:?}");
            }
        }
    }
}
