use crate::component::fixture::{NOW, World, environment_id, production, world};
use crate::freshness::Freshness;
use crate::name::EnvironmentId;
use crate::registry::Tier;
use crate::view::{Cell, Chip, EnvironmentHead, Finding, FindingKind, Look, State, Status};

const CRASH: &str = "Container api ends with exit code 1 soon after it starts.";
const NAMES: [&str; 5] = ["fleet-app", "fleet-api", "fleet-postgres", "fleet-redis", "rag-indexer"];

/// A component, and what happens to its cell.
type Change = (&'static str, fn(&mut Cell));

fn cell(world: &World) -> Cell {
    world.assess().cell
}

/// The cells of production after some were changed, as `(name, change)`.
fn cells(changes: &[Change]) -> Vec<Cell> {
    let mut cells: Vec<Cell> = NAMES.iter().map(|name| cell(&world(name))).collect();
    for (name, change) in changes {
        change(cells.iter_mut().find(|cell| cell.id.name.as_str() == *name).unwrap());
    }
    cells
}

fn set(cell: &mut Cell, state: State, word: &str, why: &str, ready: u32) {
    (cell.status, cell.ready) = (Status::new(state, word, why), ready);
}

fn say(tier: Tier, cells: &[Cell], freshness: Freshness) -> (State, String) {
    let mut environment = production();
    environment.tier = tier;
    super::environment(&environment, &cells.iter().collect::<Vec<_>>(), &[], freshness, NOW)
}

fn live() -> Freshness {
    Freshness::Live(NOW * 1000)
}

fn crash(cell: &mut Cell) {
    set(cell, State::Failed, "Crash loop", CRASH, 0);
}

fn roll(cell: &mut Cell) {
    set(cell, State::Progressing, "Rolling", "1 of 3 pods are new.", 2);
}

fn rolled_out_now(cell: &mut Cell) {
    cell.changed = NOW - 59;
}

fn debug(cell: &mut Cell) {
    cell.chips = vec![Chip { state: State::Degraded, text: "LOG_LEVEL debug, expected info".into() }];
}

fn many(cell: &mut Cell) {
    cell.chips = vec![Chip { state: State::Degraded, text: "no HPA, expected 3–20".into() }];
}

fn neutral(cell: &mut Cell) {
    cell.chips = vec![Chip { state: State::Off, text: "mutable tag".into() }];
}

fn off(cell: &mut Cell) {
    set(cell, State::Off, "Off", "0 replicas are wanted.", 0);
    cell.wanted = Some(0);
}

#[test]
fn an_environment_says_in_one_sentence_whether_it_can_be_used() {
    use State::{Degraded, Failed, Progressing, Ready};
    type Case = (&'static [Change], State, &'static str);
    let cases: &[Case] = &[
        (&[], Ready, "Usable. Nothing changed for 3 days."),
        (&[("fleet-app", rolled_out_now)], Ready, "Usable. fleet-app changed less than a minute ago."),
        (&[("fleet-app", |cell| cell.changed = NOW - 725)], Ready, "Usable. fleet-app changed 12 minutes ago."),
        (&[("fleet-app", |cell| cell.changed = NOW - 3600)], Ready, "Usable. Nothing changed for 1 hour."),
        (&[("fleet-app", |cell| cell.changed = NOW + 5)], Ready, "Usable. fleet-app changed less than a minute ago."),
        (
            &[("fleet-app", |cell| cell.changed = NOW + 3 * 3600)],
            Ready,
            "Usable. fleet-app says that it changed at a time that lies 3 hours ahead: a clock is wrong.",
        ),
        (&[("fleet-api", crash)], Failed, "fleet-api is down: crash loop, exit code 1. The app serves."),
        (&[("fleet-app", crash)], Failed, "fleet-app is down: crash loop, exit code 1."),
        (
            &[("fleet-app", crash), ("fleet-api", crash), ("fleet-postgres", crash)],
            Failed,
            "fleet-postgres is down: crash loop, exit code 1. fleet-api and fleet-app are down too.",
        ),
        (
            &[("fleet-api", |cell| set(cell, Failed, "Missing", "It is declared here and does not exist.", 0))],
            Failed,
            "fleet-api is down: it does not exist. The app serves.",
        ),
        (&[("fleet-api", off)], Failed, "fleet-api is down: it is scaled to 0. The app serves."),
        (&[("rag-indexer", crash)], Degraded, "Usable, but rag-indexer crash loops: 0 of 1 ready."),
        (
            &[("fleet-app", |cell| set(cell, Degraded, "Image pull", "1 of 3 pods: it is so.", 2))],
            Degraded,
            "Usable, but fleet-app cannot pull its image: 2 of 3 ready.",
        ),
        (
            &[("fleet-app", |cell| set(cell, Degraded, "Stuck rollout", "It is so.", 3)), ("rag-indexer", crash)],
            Degraded,
            "Usable, but the rollout of fleet-app is stuck: 3 of 3 ready. rag-indexer is degraded too.",
        ),
        (&[("fleet-app", roll)], Progressing, "Rolling out fleet-app v1.4.0: 2 of 3 ready."),
        (
            &[("fleet-api", |cell| set(cell, Progressing, "Starting", "0 of 1 ready.", 0))],
            Progressing,
            "fleet-api is starting: 0 of 1 ready.",
        ),
        (
            &[("fleet-api", |cell| set(cell, Progressing, "Starting", "0 of 1 ready.", 0)), ("rag-indexer", crash)],
            Degraded,
            "rag-indexer crash loops: 0 of 1 ready. fleet-api is starting: 0 of 1 ready.",
        ),
        (
            &[("fleet-app", |cell| set(cell, Progressing, "Paused", "It is so.", 3))],
            Progressing,
            "Usable. The rollout of fleet-app is paused.",
        ),
        (
            &[("fleet-postgres", |cell| set(cell, Progressing, "Held back", "It is so.", 1))],
            Progressing,
            "Usable. The rollout of fleet-postgres is held back.",
        ),
        (
            &[("fleet-app", |cell| set(cell, State::Unknown, "Unknown", "It is so.", 0))],
            State::Unknown,
            "How fleet-app is, is not known.",
        ),
    ];
    for (changes, state, sentence) in cases {
        assert_eq!(say(Tier::Production, &cells(changes), live()), (*state, (*sentence).to_owned()));
    }
}

#[test]
fn an_environment_of_workers_is_not_usable_without_them() {
    let mut worker = cell(&world("rag-indexer"));
    set(&mut worker, State::Failed, "Missing", "It is declared here and does not exist.", 0);
    let said = say(Tier::Production, &[worker.clone()], live());
    assert_eq!(said, (State::Failed, "rag-indexer is down: it does not exist.".to_owned()));
    set(&mut worker, State::Progressing, "Starting", "0 of 1 ready.", 0);
    let said = say(Tier::Production, &[worker], live());
    assert_eq!(said, (State::Progressing, "rag-indexer is starting: 0 of 1 ready.".to_owned()));
}

#[test]
fn drift_degrades_production_and_is_a_remark_elsewhere() {
    let sentence = "Usable. Not as declared: fleet-api LOG_LEVEL debug, expected info.".to_owned();
    let cells = cells(&[("fleet-api", debug)]);
    let degraded = "Usable, but not as declared: fleet-api LOG_LEVEL debug, expected info.".to_owned();
    assert_eq!(say(Tier::Production, &cells, live()), (State::Degraded, degraded));
    assert_eq!(say(Tier::Staging, &cells, live()), (State::Ready, sentence.clone()));
    assert_eq!(say(Tier::Development, &cells, live()), (State::Ready, sentence));
    for (other, sentence) in [
        (debug as fn(&mut Cell), "Usable. Not as declared: LOG_LEVEL debug, expected info in 2 components."),
        (many, "Usable. Not as declared: fleet-api LOG_LEVEL debug, expected info, and 1 more."),
    ] {
        let two = self::cells(&[("fleet-api", debug), ("fleet-app", other)]);
        assert_eq!(say(Tier::Staging, &two, live()).1, sentence);
    }
}

fn found(kind: FindingKind, state: State, title: &str) -> Finding {
    let (evidence, advice) = ("".into(), "".into());
    Finding {
        state,
        kind,
        title: title.into(),
        evidence,
        advice,
        component: None,
        since: 0,
        look: Look::Checks,
        lines: Vec::new(),
    }
}

fn say_with(changes: &[Change], findings: &[Finding]) -> (State, String) {
    let (mut environment, cells) = (production(), cells(changes));
    environment.tier = Tier::Staging;
    super::environment(&environment, &cells.iter().collect::<Vec<_>>(), findings, live(), NOW)
}

#[test]
fn what_is_found_in_the_environment_is_said_where_no_component_is_worse() {
    let expiry =
        || found(FindingKind::Expiry, State::Degraded, "The certificate of fleet.example.com expires in 5 days");
    let backup = || found(FindingKind::Backup, State::Degraded, "The newest backup is 40 hours old");
    let room = || found(FindingKind::Room, State::Degraded, "The quota of CPU is used up");
    let unknown = || found(FindingKind::Delivery, State::Unknown, "How fleet is applied is not known");
    let of_component = || Finding { component: Some(cell(&world("fleet-app")).id), ..room() };
    let cases: &[(&[Change], &[Finding], State, &str)] = &[
        (&[], &[expiry()], State::Ready, "Usable. The certificate of fleet.example.com expires in 5 days."),
        // Of the equally bad what users feel first, however they come.
        (&[], &[expiry(), backup(), unknown()], State::Ready, "Usable. The newest backup is 40 hours old."),
        (&[], &[expiry(), room(), backup()], State::Ready, "Usable. The quota of CPU is used up."),
        (&[], &[unknown()], State::Ready, "Usable. How fleet is applied is not known."),
        (
            &[("fleet-app", roll)],
            &[backup()],
            State::Progressing,
            "Rolling out fleet-app v1.4.0: 2 of 3 ready. The newest backup is 40 hours old.",
        ),
        (
            &[("fleet-api", debug)],
            &[backup()],
            State::Ready,
            "Usable. Not as declared: fleet-api LOG_LEVEL debug, expected info. The newest backup is 40 hours old.",
        ),
        // The cells say these, or something worse.
        (&[], &[of_component()], State::Ready, "Usable. Nothing changed for 3 days."),
        (
            &[],
            &[found(FindingKind::Promise, State::Degraded, "x")],
            State::Ready,
            "Usable. Nothing changed for 3 days.",
        ),
        (&[], &[found(FindingKind::Room, State::Off, "x")], State::Ready, "Usable. Nothing changed for 3 days."),
        (&[("rag-indexer", crash)], &[backup()], State::Degraded, "Usable, but rag-indexer crash loops: 0 of 1 ready."),
        (
            &[("fleet-api", crash)],
            &[backup()],
            State::Failed,
            "fleet-api is down: crash loop, exit code 1. The app serves.",
        ),
    ];
    for (changes, findings, state, sentence) in cases {
        assert_eq!(say_with(changes, findings), (*state, (*sentence).to_owned()));
    }
}

#[test]
fn what_fails_in_the_environment_itself_makes_it_failed() {
    let failure = || found(FindingKind::Failure, State::Failed, "The CNPG cluster fleet-db has no primary");
    let of_component = || Finding { component: Some(cell(&world("fleet-app")).id), ..failure() };
    let milder = || found(FindingKind::Failure, State::Degraded, "The CNPG cluster fleet-db has 2 of 3 instances");
    let cases: &[(&[Change], &[Finding], State, &str)] = &[
        (&[], &[failure()], State::Failed, "The CNPG cluster fleet-db has no primary. The app serves."),
        (
            &[("rag-indexer", crash)],
            &[failure()],
            State::Failed,
            "The CNPG cluster fleet-db has no primary. The app serves.",
        ),
        (
            &[("fleet-app", crash)],
            &[failure()],
            State::Failed,
            "fleet-app is down: crash loop, exit code 1. The CNPG cluster fleet-db has no primary.",
        ),
        (&[], &[of_component()], State::Ready, "Usable. Nothing changed for 3 days."),
        (&[], &[milder()], State::Ready, "Usable. The CNPG cluster fleet-db has 2 of 3 instances."),
    ];
    for (changes, findings, state, sentence) in cases {
        assert_eq!(say_with(changes, findings), (*state, (*sentence).to_owned()));
    }
    // The wall says what the environment says, and not what is milder.
    let (state, said) = say_with(&[("fleet-api", debug)], &[failure()]);
    let drifted = cells(&[("fleet-api", debug)]);
    let head = head("fleet-management/production", "Fleet Management", Tier::Production, state, &said);
    let wall = super::wall(&[head], &drifted.iter().collect::<Vec<_>>(), NOW).sentence;
    let expected = "Fleet Management production needs you: The CNPG cluster fleet-db has no primary. The app serves.";
    assert_eq!(&*wall, expected);
}

#[test]
fn a_check_that_fails_makes_it_as_bad_as_that_is_and_says_why() {
    let of = |state, evidence: &str| Finding {
        evidence: evidence.into(),
        ..found(FindingKind::Check, state, "A title that is said on the page")
    };
    let api = || of(State::Failed, "The API answers as staging, and this is production.");
    let redis = || of(State::Degraded, "Redis does not answer within 5 s.");
    let telemetry = || found(FindingKind::CheckWarning, State::Degraded, "Telemetry does not arrive");
    let cases: &[(&[Change], &[Finding], State, &str)] = &[
        (&[], &[api()], State::Failed, "The API answers as staging, and this is production."),
        (&[], &[redis(), api()], State::Failed, "The API answers as staging, and this is production."),
        (
            &[("fleet-app", crash)],
            &[api()],
            State::Failed,
            "fleet-app is down: crash loop, exit code 1. The API answers as staging, and this is production.",
        ),
        (&[("fleet-app", crash)], &[redis()], State::Failed, "fleet-app is down: crash loop, exit code 1."),
        (&[], &[redis()], State::Degraded, "Usable, but a check fails: Redis does not answer within 5 s."),
        (
            &[("fleet-app", roll)],
            &[redis()],
            State::Degraded,
            "Rolling out fleet-app v1.4.0: 2 of 3 ready. Also a check fails: Redis does not answer within 5 s.",
        ),
        (
            &[("rag-indexer", crash)],
            &[redis()],
            State::Degraded,
            "Usable, but rag-indexer crash loops: 0 of 1 ready. Also a check fails: Redis does not answer within 5 s.",
        ),
        (&[], &[telemetry()], State::Ready, "Usable. Telemetry does not arrive."),
    ];
    for (changes, findings, state, sentence) in cases {
        assert_eq!(say_with(changes, findings), (*state, (*sentence).to_owned()));
    }
    // The wall says it before what only differs.
    let changes: &[Change] = &[("fleet-api", debug)];
    let (state, said) = say_with(changes, &[redis()]);
    let drifted = cells(changes);
    let head = head("fleet-management/production", "Fleet Management", Tier::Production, state, &said);
    let wall = super::wall(&[head], &drifted.iter().collect::<Vec<_>>(), NOW).sentence;
    assert_eq!(&*wall, "Fleet Management production needs you: Redis does not answer within 5 s.");
    // Checks ask past the cluster.
    let (fine, environment) = (cells(&[]), production());
    let stale = Freshness::Stale((NOW - 150) * 1000);
    let said = super::environment(&environment, &fine.iter().collect::<Vec<_>>(), &[api(), redis()], stale, NOW);
    let expected = "Not seen for 2 minutes: nothing current comes from the cluster. \
                    The API answers as staging, and this is production.";
    assert_eq!(said, (State::Unknown, expected.to_owned()));
}

#[test]
fn what_is_not_seen_is_unknown_and_never_usable() {
    let fine = cells(&[]);
    assert_eq!(
        say(Tier::Production, &fine, Freshness::Never),
        (State::Unknown, "Not seen yet: connecting to the cluster.".to_owned())
    );
    for (seconds, age) in [(8, "less than a minute"), (59, "less than a minute"), (60, "1 minute"), (150, "2 minutes")]
    {
        let freshness = Freshness::Stale((NOW - seconds) * 1000);
        let sentence = format!("Not seen for {age}: nothing current comes from the cluster.");
        assert_eq!(say(Tier::Production, &fine, freshness), (State::Unknown, sentence));
    }
    assert_eq!(say(Tier::Production, &[], live()).0, State::Unknown);
}

#[test]
fn no_sentence_changes_twice_in_a_minute_while_nothing_happens() {
    let fine = cells(&[("fleet-app", |cell| cell.changed = NOW)]);
    let references: Vec<&Cell> = fine.iter().collect();
    let environment = production();
    for freshness in [Freshness::Live(NOW * 1000), Freshness::Stale(NOW * 1000)] {
        let said: Vec<String> = (0..7200)
            .map(|second| {
                let (state, sentence) = super::environment(&environment, &references, &[], freshness, NOW + second);
                let head = head("fleet-management/production", "Fleet Management", Tier::Production, state, &sentence);
                format!("{sentence} {:?}", super::wall(&[head], &references, NOW + second))
            })
            .collect();
        let turns: Vec<usize> = (1..said.len()).filter(|second| said[*second] != said[second - 1]).collect();
        assert!(turns.windows(2).all(|pair| pair[1] - pair[0] >= 60), "{turns:?}");
    }
}

fn head(id: &str, system: &str, tier: Tier, state: State, sentence: &str) -> EnvironmentHead {
    EnvironmentHead {
        id: id.parse().unwrap(),
        system: system.into(),
        title: tier.word().into(),
        tier,
        cluster: "main".parse().unwrap(),
        state,
        sentence: sentence.into(),
    }
}

fn fleet(state: State) -> EnvironmentHead {
    head("fleet-management/production", "Fleet Management", Tier::Production, state, "A sentence.")
}

#[test]
fn the_wall_says_who_needs_you_production_first() {
    let crashed = cells(&[("fleet-api", crash)]);
    let crashed: Vec<&Cell> = crashed.iter().collect();
    let staging = head("super-todo/staging", "Super-Todo", Tier::Staging, State::Failed, "super-todo is down: x.");
    let silent = "Not seen for 2 minutes: nothing current comes from the cluster.";
    let silent = head("fleetops/production", "FleetOps", Tier::Production, State::Unknown, silent);
    let fine = head("ctafleet/production", "CTAFleet", Tier::Production, State::Ready, "Usable.");
    for (heads, sentence) in [
        (vec![], "No environment is registered that you may look at."),
        (vec![fine.clone()], "Everything is usable."),
        (vec![fine.clone(), fleet(State::Failed)], "Fleet Management production needs you: fleet-api crash loops."),
        (
            vec![staging.clone(), silent.clone(), fleet(State::Failed), fine.clone()],
            "3 environments need you, Fleet Management production first: fleet-api crash loops.",
        ),
        (vec![staging.clone(), fine.clone()], "Super-Todo staging needs you: super-todo is down: x."),
        (
            vec![staging, silent.clone()],
            "2 environments need you, FleetOps production first: nothing current comes from its cluster.",
        ),
        (
            vec![EnvironmentHead { sentence: super::NOT_SEEN_YET.into(), ..silent }],
            "Connecting: no environment was seen yet.",
        ),
    ] {
        assert_eq!(&*super::wall(&heads, &crashed, NOW).sentence, sentence);
    }
}

#[test]
fn the_wall_calls_nothing_usable_that_serves_nobody() {
    let starting = cells(&[("fleet-api", |cell| set(cell, State::Progressing, "Starting", "", 0))]);
    let starting: Vec<&Cell> = starting.iter().collect();
    let said = super::wall(&[fleet(State::Progressing)], &starting, NOW).sentence;
    assert_eq!(&*said, "Fleet Management production waits for fleet-api, which serves nobody yet.");
    let drifted = cells(&[("fleet-api", debug)]);
    let drifted: Vec<&Cell> = drifted.iter().collect();
    let said = super::wall(&[fleet(State::Degraded)], &drifted, NOW).sentence;
    assert_eq!(&*said, "Fleet Management production needs you: fleet-api LOG_LEVEL debug, expected info.");
}

#[test]
fn what_differs_is_counted_beside_everything_that_is_usable() {
    for (changes, sentence) in [
        (&[] as &[Change], "Everything is usable."),
        (&[("fleet-api", debug as fn(&mut Cell))], "Everything is usable, with 1 remark."),
        // One fault that two read.
        (&[("fleet-api", debug), ("fleet-app", debug)], "Everything is usable, with 1 remark."),
        (&[("fleet-api", debug), ("fleet-app", many)], "Everything is usable, with 2 remarks."),
        (&[("fleet-api", neutral)], "Everything is usable."),
    ] {
        let cells = cells(changes);
        let cells: Vec<&Cell> = cells.iter().collect();
        assert_eq!(&*super::wall(&[fleet(State::Ready)], &cells, NOW).sentence, sentence);
    }
}

#[test]
fn the_wall_counts_states_and_names_the_last_change() {
    let todo: EnvironmentId = "super-todo/production".parse().unwrap();
    let mut newest = cell(&world("fleet-app"));
    (newest.id.environment, newest.changed) = (todo, NOW - 12 * 60);
    let older = cell(&world("fleet-api"));
    assert_eq!(older.id.environment, environment_id());
    let heads: Vec<EnvironmentHead> = [State::Ready, State::Failed, State::Degraded, State::Unknown]
        .into_iter()
        .map(fleet)
        .chain([head("super-todo/production", "Super-Todo", Tier::Production, State::Ready, "Usable.")])
        .collect();
    let detail = super::wall(&heads, &[&older, &newest], NOW).detail;
    let expected = "5 environments: 2 usable, 1 degraded, 1 failing, 1 unknown. Last change 12 minutes ago in Super-Todo \
                    production.";
    assert_eq!(&*detail, expected);
    assert_eq!(&*super::wall(&heads[..1], &[], NOW).detail, "1 environment: 1 usable.");
}

#[test]
fn a_rollout_is_named_by_the_version_that_it_brings() {
    let rolling = |cell: &mut Cell| {
        roll(cell);
        cell.next = Some(crate::view::NextVersion { name: "v1.5.0".into(), ready: 1, wanted: 3 });
    };
    for (change, expected) in [
        (rolling as fn(&mut Cell), "Rolling out fleet-app v1.5.0: 2 of 3 ready."),
        (roll, "Rolling out fleet-app v1.4.0: 2 of 3 ready."),
    ] {
        let (state, said) = say(Tier::Production, &cells(&[("fleet-app", change)]), live());
        assert_eq!((state, said.as_str()), (State::Progressing, expected));
    }
}

#[test]
fn restarts_are_told_where_all_else_is_well() {
    fn often(cell: &mut Cell) {
        cell.chips = vec![Chip { state: State::Off, text: "restarted 4 times in the last hour".into() }];
    }
    let cases: &[(&[Change], &str)] = &[
        (&[("fleet-api", often)], "Usable. fleet-api restarted 4 times in the last hour."),
        (
            &[("fleet-app", often), ("fleet-postgres", often)],
            "Usable. fleet-postgres restarted 4 times in the last hour. One more component restarted as well.",
        ),
        (
            &[("fleet-api", often), ("fleet-redis", crash)],
            "fleet-redis is down: crash loop, exit code 1. The app serves.",
        ),
        (&[], "Usable. Nothing changed for 3 days."),
    ];
    for (changes, expected) in cases {
        assert_eq!(say(Tier::Production, &cells(changes), live()).1, *expected);
    }
}
