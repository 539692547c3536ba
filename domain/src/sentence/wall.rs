//! What the wall says: what needs you, or that nothing does; and the counts.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::NOT_SEEN_YET;
use super::environment::CHECK_FAILS;
use super::phrase::{clause, depth, difference};
use crate::drift::ago;
use crate::view::{Cell, EnvironmentHead, State, WallHead};

/// What the wall says: what needs you, or that nothing does; and the counts.
pub fn wall(environments: &[EnvironmentHead], cells: &[&Cell], now: i64) -> WallHead {
    WallHead { sentence: sentence(environments, cells).into(), detail: detail(environments, cells, now).into() }
}

fn sentence(environments: &[EnvironmentHead], cells: &[&Cell]) -> String {
    if environments.is_empty() {
        return "No environment is registered that you may look at.".to_owned();
    }
    if environments.iter().all(|head| &*head.sentence == NOT_SEEN_YET) {
        return "Connecting: no environment was seen yet.".to_owned();
    }
    let mut needy: Vec<&EnvironmentHead> = environments.iter().filter(|head| needs_you(head.state)).collect();
    // Production first, then the worst; of equals the registry's order.
    needy.sort_by_key(|head| (Reverse(head.tier), Reverse(head.state)));
    match needy.as_slice() {
        [] => match environments.iter().find_map(|head| serving_nobody(head, cells).map(|cell| (head, cell))) {
            Some((head, cell)) => {
                format!("{} waits for {}, which serves nobody yet.", title(head), cell.id.name)
            }
            None => usable(environments, cells),
        },
        [one] => format!("{} needs you: {}", title(one), trouble(one, cells)),
        [first, others @ ..] => {
            let count = others.len() + 1;
            format!("{count} environments need you, {} first: {}", title(first), trouble(first, cells))
        }
    }
}

/// `Everything is usable, with 3 remarks.` What several components of an environment share is one.
fn usable(environments: &[EnvironmentHead], cells: &[&Cell]) -> String {
    let of = |head: &EnvironmentHead| {
        let chips = in_environment(head, cells).flat_map(|cell| &cell.chips);
        chips.filter(|chip| chip.state > State::Ready).map(|chip| &*chip.text).collect::<BTreeSet<&str>>().len()
    };
    match environments.iter().map(of).sum::<usize>() {
        0 => "Everything is usable.".to_owned(),
        1 => "Everything is usable, with 1 remark.".to_owned(),
        more => format!("Everything is usable, with {more} remarks."),
    }
}

fn needs_you(state: State) -> bool {
    match state {
        State::Failed | State::Degraded | State::Unknown => true,
        State::Progressing | State::Ready | State::Off => false,
    }
}

fn in_environment<'a>(head: &'a EnvironmentHead, cells: &'a [&'a Cell]) -> impl Iterator<Item = &'a Cell> {
    cells.iter().copied().filter(|cell| cell.id.environment == head.id)
}

fn serving_nobody<'a>(head: &'a EnvironmentHead, cells: &'a [&'a Cell]) -> Option<&'a Cell> {
    in_environment(head, cells)
        .filter(|cell| cell.status.state == State::Progressing && cell.ready == 0)
        .filter(|cell| cell.role != crate::registry::Role::Worker)
        .min_by_key(|cell| depth(cell.role))
}

/// Why an environment needs somebody, as a sentence.
fn trouble(head: &EnvironmentHead, cells: &[&Cell]) -> String {
    match head.state {
        // It is about the cluster, and the environment's sentence says it with its age.
        State::Unknown if head.sentence.starts_with("Not seen") => "nothing current comes from its cluster.".to_owned(),
        State::Unknown | State::Failed | State::Degraded | State::Progressing | State::Ready | State::Off => {
            let worst = in_environment(head, cells)
                .filter(|cell| needs_you(cell.status.state))
                .min_by_key(|cell| (Reverse(cell.status.state), depth(cell.role)))
                // What fails in the environment itself is in its sentence.
                .filter(|cell| head.state != State::Failed || cell.status.state == State::Failed);
            let checked = || head.sentence.split_once(CHECK_FAILS).map(|(_, told)| told.to_owned());
            let drifted = || {
                if head.state == State::Failed {
                    return None;
                }
                in_environment(head, cells)
                    .find_map(|cell| difference(cell).map(|text| format!("{} {text}.", cell.id.name)))
            };
            let known = worst.map(|cell| format!("{}.", clause(cell))).or_else(checked).or_else(drifted);
            known.unwrap_or_else(|| head.sentence.to_string())
        }
    }
}

/// `Fleet Management production`: the tier's word in a sentence, a name of its own as it is.
fn title(head: &EnvironmentHead) -> String {
    if *head.title == *head.tier.word() {
        format!("{} {}", head.system, head.title.to_lowercase())
    } else {
        format!("{} {}", head.system, head.title)
    }
}

/// `8 environments: 5 usable, 1 degraded, 1 failing, 1 unknown. Last change 12 minutes ago in Super-Todo production.`
fn detail(environments: &[EnvironmentHead], cells: &[&Cell], now: i64) -> String {
    if environments.is_empty() {
        return String::new();
    }
    let counted: Vec<String> = [
        (State::Ready, "usable"),
        (State::Progressing, "changing"),
        (State::Degraded, "degraded"),
        (State::Failed, "failing"),
        (State::Unknown, "unknown"),
        (State::Off, "off"),
    ]
    .into_iter()
    .map(|(state, word)| (environments.iter().filter(|head| head.state == state).count(), word))
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    let noun = if environments.len() == 1 { "environment" } else { "environments" };
    let mut detail = format!("{} {noun}: {}.", environments.len(), counted.join(", "));
    let newest = cells.iter().filter(|cell| cell.changed > 0).max_by_key(|cell| cell.changed);
    if let Some(cell) = newest
        && let Some(head) = environments.iter().find(|head| head.id == cell.id.environment)
    {
        detail.push_str(&format!(" Last change {} in {}.", ago(cell.changed, now), title(head)));
    }
    detail
}
