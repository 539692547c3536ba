//! The commands of the program.

pub mod audit;
pub mod database;
pub mod demo_data;
pub mod plan;
pub mod policy;
pub mod status;
pub mod user;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use domain::registry::Registry;

use crate::config::ServeSettings;
use crate::registry::{self, LoadError};

/// The place from which a team runs its environments on Kubernetes.
///
/// Every setting can be given as a flag or as the environment variable named beside it; the flag wins.
#[derive(Debug, Parser)]
#[command(name = "quarterdeck", version, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serves the console.
    Serve(Box<ServeSettings>),
    /// Checks a registry and says what is wrong, where, and what to write instead.
    ///
    /// Every problem is one line, `file:line:column: path: message`. Ends with 0 when there is none, else with 1.
    Check {
        /// The registry to check.
        file: PathBuf,
    },
    /// People and their roles: add, list, disable, enable, set-password, role, unlock.
    User(user::UserArguments),
    /// The ledger of what was done: whether it is as it was written.
    Audit(audit::AuditArguments),
    /// The tables of the database, for whoever owns them.
    Database(database::DatabaseArguments),
    /// Demo data: which database belongs to which environment.
    DemoData(demo_data::DemoDataArguments),
    /// What operations need in an environment: confirmation, reason, window, second person.
    Policy(policy::PolicyArguments),
    /// Lists when an environment may be disturbed, as UTC instants and on its wall clock.
    Windows(policy::WindowsArguments),
    /// The flight plan of an operation, from fresh facts; nothing is done.
    ///
    /// Ends with 0 where it would be permitted, with 1 where it would not, with 2 where no plan can be made.
    Plan(Box<plan::PlanArguments>),
    /// How the environments are: states, sentences, findings and checks, read from the clusters and asked now.
    ///
    /// The checks of the registry run once, from where the command runs, and count as they do in the console: an API that does not
    /// answer, or answers as another environment, is Failed. With --no-checks nobody is asked but the clusters.
    ///
    /// Ends with 0 where all is usable (Ready, Progressing, Off), with 1 where something is Degraded, with 2 where something is
    /// Failed, with 3 where something is Unknown, like a cluster that does not answer. Failed counts before Unknown, and
    /// Unknown before Degraded. With 64 where it was not asked rightly: a wrong flag, a registry with problems, an environment
    /// that is not in it. On standard output stands the report and nothing else.
    Status(status::StatusArguments),
    /// Prints every address that is answered, with who may ask.
    Endpoints,
    /// Prints the JSON Schema of a registry, with which editors check and complete it.
    ///
    /// Begin a registry with `# yaml-language-server: $schema=registry.schema.json` and put the schema beside it.
    Schema,
}

/// Checks a registry and says so: what is in it, or what is wrong with it.
pub fn check(file: &Path) -> ExitCode {
    match report(file) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn report(file: &Path) -> Result<String, LoadError> {
    let registry = registry::load(file)?;
    Ok(format!("{}: {}. No problems.", file.display(), contents(&registry)))
}

/// Prints every endpoint: method, path, who may ask.
pub fn endpoints() {
    for endpoint in crate::http::endpoints() {
        println!("{:<5} {:<38} {}", endpoint.method, endpoint.path, endpoint.need.as_str());
    }
}

/// Prints the JSON Schema of a registry.
pub fn schema() {
    print!("{}", registry::schema());
}

/// `2 clusters, 4 systems, 8 environments, 30 components`.
fn contents(registry: &Registry) -> String {
    let count = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    [
        count(registry.clusters.len(), "cluster"),
        count(registry.systems.len(), "system"),
        count(registry.environments().count(), "environment"),
        count(registry.environments().map(|(_, environment)| environment.components.len()).sum(), "component"),
    ]
    .join(", ")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// The help of a command as somebody reads it, line breaks aside.
    fn help(words: &[&str]) -> String {
        let text = Cli::try_parse_from(words).unwrap_err().to_string();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_explains_every_flag_and_names_its_variable() {
        let text = help(&["quarterdeck", "serve", "--help"]);
        for (flag, variable) in [
            ("--config <FILE>", "QUARTERDECK_CONFIG"),
            ("--listen <ADDRESS>", "QUARTERDECK_LISTEN"),
            ("--kubeconfig <FILE>", "QUARTERDECK_KUBECONFIG"),
            ("--site <DIRECTORY>", "QUARTERDECK_SITE"),
            ("--log <FILTER>", "QUARTERDECK_LOG"),
            ("--log-format <FORMAT>", "QUARTERDECK_LOG_FORMAT"),
        ] {
            assert!(text.contains(flag), "{flag}: {text}");
            assert!(text.contains(&format!("[env: {variable}=")), "{variable}: {text}");
        }
        let command = Cli::command();
        let serve = command.find_subcommand("serve").unwrap();
        for argument in serve.get_arguments().filter(|argument| argument.get_id() != "help") {
            assert!(argument.get_help().is_some(), "{} explains nothing", argument.get_id());
            assert!(argument.get_env().is_some(), "{} has no environment variable", argument.get_id());
        }
        for word in ["serve", "check", "schema", "audit", "database", "demo-data"] {
            assert!(help(&["quarterdeck", "--help"]).contains(word), "{word}");
        }
    }

    #[test]
    fn a_check_says_what_is_in_the_registry_or_that_there_is_none() {
        let demo = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/demo.yaml");
        let text = report(Path::new(demo)).unwrap();
        assert_eq!(text, format!("{demo}: 2 clusters, 4 systems, 8 environments, 30 components. No problems."));
        for (file, expected) in [
            ("no-such.yaml", "no-such.yaml: there is no such file"),
            (".", ".: this is a directory: name the registry file in it"),
            ("/dev/null", "/dev/null: this is not a regular file"),
        ] {
            assert_eq!(report(Path::new(file)).unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn an_address_that_others_reach_is_refused_with_the_reason() {
        let words = ["quarterdeck", "serve", "--config", "x.yaml", "--listen", "0.0.0.0:7780"];
        let Command::Serve(settings) = Cli::try_parse_from(words).unwrap().command else { panic!("not serve") };
        let text = settings.check().unwrap_err().to_string();
        assert!(text.contains("--public-url") && text.contains("kubectl port-forward"), "{text}");
    }

    #[test]
    fn flags_become_settings() {
        let words = ["quarterdeck", "serve", "--config", "x.yaml", "--listen", "127.0.0.1:0", "--log-format", "json"];
        let Command::Serve(settings) = Cli::try_parse_from(words).unwrap().command else { panic!("not serve") };
        assert_eq!(settings.config, Path::new("x.yaml"));
        assert_eq!(settings.listen.port(), 0);
        assert_eq!(settings.log_format, crate::config::LogFormat::Json);
        assert!(settings.log_filter().to_string().contains("kube_client=off"), "{}", settings.log_filter());
    }
}
