//! What checks found, as far as it says how an environment is.

use domain::finding::{Standing, add_checks};
use domain::view::{Cell, Finding};

use super::State;
use super::environment::Environment;
use super::pages::declared;

impl State {
    /// Takes in what checks found since the last time: what it is about is judged again.
    pub(super) fn take_in_checks(&mut self) {
        for environment in &mut self.environments {
            for result in self.board.latest(&environment.id) {
                let before = environment.checked.get(&result.kind);
                if before.is_none_or(|before| before.result != result) {
                    let standing = Standing::after(before, result);
                    environment.checked.insert(standing.result.kind, standing);
                    environment.dirty = true;
                }
            }
        }
    }

    /// Puts what checks say of an environment beside what else was found there. `now` is seconds since 1970.
    pub(super) fn add_checks(&self, environment: &Environment, findings: &mut Vec<Finding>, now: i64) {
        let cells: Vec<&Cell> = environment.cells().collect();
        add_checks(findings, environment.checked.values(), declared(&self.registry, environment), &cells, now);
    }
}
