//! Pieces of sentences about one component.

use crate::health::{Word, exit_code_in};
use crate::registry::Role;
use crate::view::{Cell, State};

/// What is wrong with it, after a colon: `crash loop, exit code 1`.
pub(super) fn cause(cell: &Cell) -> String {
    let cause = match Word::of(&cell.status) {
        Some(Word::CrashLoop) => "crash loop",
        Some(Word::InitCrashLoop) => "crash loop of an init container",
        Some(Word::Crashed) => "it crashed",
        Some(Word::OomKilled) => return "out of memory".to_owned(),
        Some(Word::ImagePull) => "its image cannot be pulled",
        Some(Word::ConfigError) => "it cannot start as it is configured",
        Some(Word::Unschedulable) => "no node takes it",
        Some(Word::NotReady) => "not ready",
        Some(Word::Starting | Word::Pending) => "it takes long to start",
        Some(Word::Terminating | Word::StuckTerminating) => "its pods do not go",
        Some(Word::Evicted) => "its pods were evicted",
        Some(Word::Failed) => "its pods ended",
        Some(Word::NodeLost) => "its node is NotReady",
        Some(Word::StuckRollout) => "its rollout is stuck",
        Some(Word::ReplicaFailure) => "Kubernetes refuses its pods",
        Some(Word::NoPods) => "it has no pods",
        Some(Word::Missing) => "it does not exist",
        Some(Word::Off | Word::Completed) => "it is scaled to 0",
        Some(Word::FewReady | Word::Ready | Word::Rolling | Word::Scaling | Word::Paused | Word::HeldBack) => {
            "too few pods are ready"
        }
        Some(Word::Unknown) | None => "its state is not known",
    };
    match exit_code_in(&cell.status.why) {
        Some(code) => format!("{cause}, exit code {code}"),
        None => cause.to_owned(),
    }
}

/// What it does, as a clause: `fleet-api crash loops`.
pub(super) fn clause(cell: &Cell) -> String {
    let name = &cell.id.name;
    match Word::of(&cell.status) {
        Some(Word::CrashLoop) => format!("{name} crash loops"),
        Some(Word::InitCrashLoop) => format!("{name} crash loops before it starts"),
        Some(Word::Crashed) => format!("{name} crashed"),
        Some(Word::OomKilled) => format!("{name} runs out of memory"),
        Some(Word::ImagePull) => format!("{name} cannot pull its image"),
        Some(Word::ConfigError) => format!("{name} cannot start as it is configured"),
        Some(Word::Unschedulable) => format!("{name} finds no node"),
        Some(Word::NotReady) => format!("{name} is not ready"),
        Some(Word::Starting | Word::Pending) => format!("{name} takes long to start"),
        Some(Word::Terminating | Word::StuckTerminating) => format!("{name} has pods that do not go"),
        Some(Word::Evicted | Word::Failed) => format!("{name} lost its pods"),
        Some(Word::NodeLost) => format!("{name} runs on a node that is NotReady"),
        Some(Word::StuckRollout) => format!("the rollout of {name} is stuck"),
        Some(Word::Paused) => format!("the rollout of {name} is paused"),
        Some(Word::HeldBack) => format!("the rollout of {name} is held back"),
        Some(Word::ReplicaFailure) => format!("{name} cannot make more pods"),
        Some(Word::NoPods) => format!("{name} has no pods"),
        Some(Word::Missing) => format!("{name} does not exist"),
        Some(Word::Off | Word::Completed) => format!("{name} is scaled to 0"),
        Some(Word::FewReady | Word::Ready | Word::Rolling | Word::Scaling) => format!("{name} is short of pods"),
        Some(Word::Unknown) | None => format!("how {name} is, is not known"),
    }
}

/// `2 of 3 ready`; empty when it does not exist.
pub(super) fn counts(cell: &Cell) -> String {
    cell.wanted.map(|wanted| format!("{} of {wanted} ready", cell.ready)).unwrap_or_default()
}

/// The first of the worst chips, when it is a difference.
pub(super) fn difference(cell: &Cell) -> Option<&str> {
    let chip = cell.chips.iter().rev().max_by_key(|chip| chip.state)?;
    (chip.state > State::Ready).then_some(&*chip.text)
}

/// What others depend on comes first: a cause before what follows from it.
pub(crate) fn depth(role: Role) -> u8 {
    match role {
        Role::Database => 0,
        Role::Cache => 1,
        Role::Api => 2,
        Role::App => 3,
        Role::Worker => 4,
    }
}

/// The text with a capital first letter, for a clause that begins a sentence. Names keep theirs: they are names.
pub(super) fn opening(clause: &str) -> String {
    for (small, capital) in [("the ", "The "), ("how ", "How ")] {
        if let Some(rest) = clause.strip_prefix(small) {
            return format!("{capital}{rest}");
        }
    }
    clause.to_owned()
}
