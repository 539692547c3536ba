//! What the board shows, put together from what was judged.

use domain::board::{BoardEntry, entry};
use domain::freshness::Freshness;
use domain::view::Cell;

use super::source::Source;
use super::{Seen, State};

impl Seen<'_> {
    /// The environments that are seen in plain words, in the registry's order.
    pub fn board(&self) -> Vec<BoardEntry> {
        let now = (self.rows.clock)() / 1000;
        self.rows.read(|state| state.board(now, self))
    }
}

impl State {
    fn board(&self, now: i64, seen: &Seen<'_>) -> Vec<BoardEntry> {
        let environments = self.environments.iter().filter(|environment| seen.sees(&environment.id));
        environments
            .map(|environment| {
                let (system, place) = environment.declared;
                let declared = &self.registry.systems[system].environments[place];
                let source = self.sources.iter().find(|(cluster, _)| *cluster == environment.cluster);
                let source = source.map(|(_, source)| source).filter(|_| environment.listed);
                let freshness = source.map_or(Freshness::Never, Source::freshness_of_readable);
                let cells: Vec<&Cell> = environment.cells().collect();
                let findings = self.findings(environment, now * 1000, |id| seen.sees(id));
                entry(&environment.head, declared, &cells, &findings, freshness, now)
            })
            .collect()
    }
}
