use super::*;
use crate::component::fixture::{NOW, environment_id, production, world};
use crate::health::Word;
use crate::view::{Chip, Look, NextVersion, Status};

/// What only those know who run it. Looked for within words, so that no form of it gets through.
const FORBIDDEN: [&str; 42] = [
    "pod",
    "replica",
    "namespace",
    "rollout",
    "rolling",
    "hpa",
    "autoscal",
    "crash",
    "oomkill",
    "kube",
    "kubelet",
    "node",
    "container",
    "deployment",
    "statefulset",
    "daemonset",
    "image",
    "cluster",
    "configmap",
    "quota",
    "ingress",
    "pvc",
    "taint",
    "evict",
    "drain",
    "cordon",
    "probe",
    "digest",
    "unschedul",
    "schedul",
    "finalizer",
    "registry",
    "restarts",
    "exit code",
    "cpu",
    "workload",
    "init",
    "helm",
    "flux",
    "cnpg",
    "degraded",
    "terminat",
];
/// What a cluster says.
const FROM_A_CLUSTER: &str = "zzz said by a cluster";
const ROLES: [Role; 5] = [Role::App, Role::Api, Role::Worker, Role::Database, Role::Cache];
const KINDS: [FindingKind; 12] = [
    FindingKind::Failure,
    FindingKind::Check,
    FindingKind::CheckWarning,
    FindingKind::Autoscaler,
    FindingKind::Delivery,
    FindingKind::Room,
    FindingKind::Difference,
    FindingKind::OldConfig,
    FindingKind::Backup,
    FindingKind::Expiry,
    FindingKind::Promise,
    FindingKind::Node,
];

fn live() -> Freshness {
    Freshness::Live(NOW * 1000)
}

fn cell(name: &str) -> Cell {
    let cell = world(name).assess().cell;
    Cell { status: Status { why: FROM_A_CLUSTER.into(), ..cell.status }, ..cell }
}

fn set(cell: &mut Cell, state: State, word: Word, ready: u32, wanted: Option<u32>) {
    cell.status = Status::new(state, word.text(), FROM_A_CLUSTER);
    (cell.ready, cell.wanted) = (ready, wanted);
}

fn head(state: State) -> EnvironmentHead {
    EnvironmentHead {
        id: environment_id(),
        system: "Fleet Management".into(),
        title: "Production".into(),
        tier: Tier::Production,
        cluster: "main".parse().unwrap(),
        state,
        sentence: FROM_A_CLUSTER.into(),
    }
}

fn found(kind: FindingKind, state: State, since: i64) -> Finding {
    let said = || Arc::<str>::from(FROM_A_CLUSTER);
    Finding {
        state,
        kind,
        title: said(),
        evidence: said(),
        advice: said(),
        component: None,
        since,
        look: Look::Checks,
        lines: Vec::new(),
    }
}

/// What the board says of cells, as the rows would judge them.
fn say(cells: &[Cell], findings: &[Finding], freshness: Freshness) -> BoardEntry {
    let (declared, cells) = (production(), cells.iter().collect::<Vec<_>>());
    let (state, _) = crate::sentence::environment(&declared, &cells, findings, freshness, NOW);
    entry(&head(state), &declared, &cells, findings, freshness, NOW)
}

fn assert_plain(entry: &BoardEntry, about: &dyn Fn() -> String) {
    let said = [entry.light.words(), ". ", &entry.sentence].concat();
    let lower = said.to_lowercase();
    let word = FORBIDDEN.iter().find(|word| lower.contains(*word));
    assert_eq!(word, None, "{said} ({})", about());
    assert!(!lower.contains("zzz"), "{said} ({})", about());
    assert!(entry.sentence.ends_with('.') && !entry.sentence.contains("  "), "{said} ({})", about());
}

#[test]
fn no_word_of_kubernetes_and_no_text_of_a_cluster_stands_on_the_board() {
    let counts = [(0, Some(0)), (0, Some(3)), (1, Some(3)), (2, Some(3)), (3, Some(3)), (4, Some(3)), (0, None)];
    let next = NextVersion { name: FROM_A_CLUSTER.into(), ready: 0, wanted: 3 };
    let mut looked_at = 0;
    for role in ROLES {
        for others in [&[][..], &["fleet-app"], &["fleet-app", "rag-indexer"]] {
            let mut cells: Vec<Cell> = others.iter().map(|name| cell(name)).collect();
            cells.insert(0, Cell { role, ..cell("fleet-api") });
            for state in State::WORST_FIRST {
                for word in Word::ALL {
                    for (ready, wanted) in counts {
                        for next in [None, Some(next.clone())] {
                            set(&mut cells[0], state, *word, ready, wanted);
                            cells[0].next = next;
                            cells[0].tag = FROM_A_CLUSTER.into();
                            cells[0].chips = vec![Chip { state: State::Degraded, text: FROM_A_CLUSTER.into() }];
                            let about = || format!("{role:?} {state:?} {word:?} {ready} {wanted:?} {others:?}");
                            assert_plain(&say(&cells, &[], live()), &about);
                            looked_at += 1;
                        }
                    }
                }
            }
        }
    }
    assert_eq!(looked_at, 5 * 3 * 6 * Word::ALL.len() * counts.len() * 2);
    for kind in KINDS {
        for state in State::WORST_FIRST {
            for freshness in [live(), Freshness::Never, Freshness::Stale((NOW - 240) * 1000)] {
                for cells in [vec![], vec![cell("fleet-app")]] {
                    assert_plain(&say(&cells, &[found(kind, state, 0)], freshness), &|| format!("{kind:?} {state:?}"));
                }
            }
        }
    }
}

#[test]
fn the_board_says_what_users_notice() {
    use State::{Degraded, Failed, Progressing};
    type Change = (&'static str, fn(&mut Cell));
    type Case = (&'static [Change], Light, &'static str);
    let cases: &[Case] = &[
        (&[], Light::Usable, "Everything works."),
        (
            &[("rag-indexer", |cell| set(cell, Progressing, Word::Rolling, 1, Some(2)))],
            Light::Changing,
            "Its helper in the background is being restarted, and users do not notice.",
        ),
        (
            &[("rag-indexer", |cell| set(cell, Failed, Word::CrashLoop, 0, Some(1)))],
            Light::Limited,
            "Its helper in the background is not working: it stops again and again. Users can go on, and its work waits.",
        ),
        (
            &[("fleet-app", |cell| set(cell, Degraded, Word::ImagePull, 2, Some(3)))],
            Light::Limited,
            "Two of the three copies of the application work, one does not: its version cannot be fetched. Users can go on.",
        ),
        (
            &[("fleet-app", |cell| set(cell, Degraded, Word::StuckRollout, 3, Some(3)))],
            Light::Limited,
            "There is trouble with the application: a change to it has come to a standstill. Users can go on.",
        ),
        (
            &[("fleet-api", |cell| cell.chips = vec![Chip { state: Degraded, text: FROM_A_CLUSTER.into() }])],
            Light::Limited,
            "Everything works, and some of it is not set up as was agreed.",
        ),
        (
            &[("fleet-api", |cell| set(cell, Failed, Word::CrashLoop, 0, Some(1)))],
            Light::NotUsable,
            "The service behind the application is not working: it stops again and again. The application itself still answers.",
        ),
        (
            &[
                ("fleet-app", |cell| set(cell, Failed, Word::NodeLost, 0, Some(3))),
                ("fleet-postgres", |cell| set(cell, Failed, Word::NodeLost, 0, Some(1))),
            ],
            Light::NotUsable,
            "The database is not working: the machine that it runs on does not answer. One more part is not working either.",
        ),
        (
            &[("fleet-app", |cell| {
                set(cell, Progressing, Word::Rolling, 2, Some(3));
                cell.next = Some(NextVersion { name: "v1.5.0".into(), ready: 1, wanted: 3 });
            })],
            Light::Changing,
            "A new version of the application is being put in place. Users can go on.",
        ),
        (
            &[("fleet-api", |cell| set(cell, Progressing, Word::Starting, 0, Some(1)))],
            Light::Changing,
            "The service behind the application is being started. Nobody can work until that is done.",
        ),
        (
            &[
                ("fleet-api", |cell| set(cell, Progressing, Word::Starting, 0, Some(1))),
                ("rag-indexer", |cell| set(cell, Failed, Word::CrashLoop, 0, Some(1))),
            ],
            Light::NotUsable,
            "The service behind the application is being started, and nobody can work until that is done.",
        ),
        (
            &[("fleet-redis", |cell| set(cell, State::Unknown, Word::Unknown, 0, None))],
            Light::NotKnown,
            "It cannot be seen how the fast storage is.",
        ),
    ];
    for (changes, light, sentence) in cases {
        let names = ["fleet-app", "fleet-api", "fleet-postgres", "fleet-redis", "rag-indexer"];
        let mut cells = names.map(cell);
        for (name, change) in *changes {
            change(cells.iter_mut().find(|cell| cell.id.name.as_str() == *name).unwrap());
        }
        let said = say(&cells, &[], live());
        assert_eq!((said.light, said.sentence.as_str()), (*light, *sentence));
    }
}

#[test]
fn one_of_several_helpers_is_called_so() {
    let (app, mut first) = (cell("fleet-app"), cell("rag-indexer"));
    let second = cell("rag-indexer");
    set(&mut first, State::Failed, Word::CrashLoop, 0, Some(1));
    let said = say(&[app, first, second], &[], live()).sentence;
    assert!(said.starts_with("One of its two helpers in the background is not working: "), "{said}");
}

#[test]
fn what_is_found_beside_the_components_is_said_in_plain_words() {
    let app = [cell("fleet-app")];
    for (findings, sentence) in [
        (
            vec![found(FindingKind::Expiry, State::Degraded, 0)],
            "Everything works. A certificate or a password of it has to be renewed soon.",
        ),
        (
            vec![found(FindingKind::Expiry, State::Degraded, 0), found(FindingKind::Backup, State::Degraded, 0)],
            "Everything works. Its newest backup is missing or older than it should be.",
        ),
        (vec![found(FindingKind::Backup, State::Off, 0)], "Everything works."),
        (vec![found(FindingKind::Failure, State::Failed, 0)], "Something that it depends on has failed."),
        (
            vec![found(FindingKind::Check, State::Failed, 0)],
            "It does not answer as it should, or something that it cannot do without does not.",
        ),
        (
            vec![found(FindingKind::Check, State::Degraded, 0)],
            "Something that it uses does not answer as it should. Some of it may not work, or be slow.",
        ),
        (
            vec![found(FindingKind::CheckWarning, State::Degraded, 0)],
            "Everything works. Somebody should look at what it uses: users do not notice anything.",
        ),
    ] {
        assert_eq!(say(&app, &findings, live()).sentence, sentence);
    }
}

#[test]
fn what_is_not_seen_is_not_called_usable_and_not_shown_as_it_was() {
    let app = [cell("fleet-app")];
    for (freshness, sentence) in [
        (Freshness::Never, "Nothing was seen of it yet."),
        (
            Freshness::Stale((NOW - 9) * 1000),
            "There has been no news for less than a minute. How it was then is not shown.",
        ),
        (Freshness::Stale((NOW - 240) * 1000), "There has been no news for 4 minutes. How it was then is not shown."),
    ] {
        let said = say(&app, &[found(FindingKind::Failure, State::Unknown, NOW - 500)], freshness);
        assert_eq!((said.light, said.sentence.as_str(), said.since), (Light::NotKnown, sentence, 0));
    }
}

#[test]
fn a_failure_tells_since_when_it_is_so() {
    let mut api = cell("fleet-api");
    set(&mut api, State::Failed, Word::CrashLoop, 0, Some(1));
    let findings = [
        found(FindingKind::Failure, State::Failed, NOW - 60),
        found(FindingKind::Failure, State::Failed, NOW - 600),
        found(FindingKind::Failure, State::Failed, 0),
        found(FindingKind::Failure, State::Degraded, NOW - 6000),
        found(FindingKind::Difference, State::Failed, NOW - 60_000),
    ];
    let said = say(&[api.clone()], &findings, live());
    assert_eq!((said.light, said.since), (Light::NotUsable, NOW - 600));
    assert_eq!(say(&[api], &[], live()).since, 0);
}

#[test]
fn the_version_is_that_of_what_users_see_and_has_the_form_of_one() {
    for (tag, digest, expected) in [
        ("v1.4.0", "51c02ae", Some(("v1.4.0", "51c02ae"))),
        ("v1.4.0", "", Some(("v1.4.0", ""))),
        ("", "51c02ae", Some(("", "51c02ae"))),
        ("", "", None),
        ("<b>", "51c02ae", None),
        ("two words", "", None),
        ("v1", "no hash", None),
        (&*"a".repeat(129), "", None),
    ] {
        let app = Cell { tag: tag.into(), digest: digest.into(), ..cell("fleet-app") };
        let version = say(&[cell("fleet-api"), app], &[], live()).version;
        let version = version.as_ref().map(|(tag, digest)| (&**tag, &**digest));
        assert_eq!(version, expected, "{tag} {digest}");
    }
    assert_eq!(say(&[cell("fleet-api")], &[], live()).version, None);
}

#[test]
fn production_comes_first_and_then_the_worst() {
    let of = |tier: Tier, light: Light, title: &str| {
        let entry = say(&[cell("fleet-app")], &[], live());
        BoardEntry { tier, light, title: title.into(), ..entry }
    };
    let mut entries = [
        of(Tier::Staging, Light::NotUsable, "1"),
        of(Tier::Production, Light::Usable, "2"),
        of(Tier::Development, Light::Limited, "3"),
        of(Tier::Production, Light::Usable, "4"),
        of(Tier::Production, Light::NotUsable, "5"),
        of(Tier::Production, Light::NotKnown, "6"),
        of(Tier::Production, Light::Limited, "7"),
        of(Tier::Production, Light::Off, "8"),
        of(Tier::Production, Light::Changing, "9"),
    ];
    sort(&mut entries);
    assert_eq!(entries.map(|entry| entry.title.to_string()).concat(), "576924813");
}

#[test]
fn one_system_comes_after_the_other_and_then_the_first_again() {
    let systems = ["a", "b", "c"].map(|id| id.parse::<SystemId>().unwrap());
    let id = |text: &str| text.parse::<SystemId>().unwrap();
    for (shown, expected) in [(None, "a"), (Some("a"), "b"), (Some("b"), "c"), (Some("c"), "a"), (Some("gone"), "a")] {
        assert_eq!(next(&systems, shown.map(id).as_ref()), Some(&id(expected)), "{shown:?}");
    }
    assert_eq!(next(&[], None), None);
    assert_eq!(next(&systems[..1], Some(&systems[0])), Some(&systems[0]));
}

#[test]
fn every_light_has_a_state_and_words_of_its_own() {
    for state in State::WORST_FIRST {
        assert_eq!(Light::of(state, false).state(), state);
    }
    let words: std::collections::BTreeSet<_> =
        State::WORST_FIRST.map(|state| Light::of(state, false).words()).into_iter().collect();
    assert_eq!(words.len(), 6);
    assert_eq!(Light::of(State::Degraded, true), Light::NotUsable);
    assert_eq!(Light::of(State::Progressing, true), Light::Changing);
}

#[test]
fn the_heading_says_the_worst_and_of_how_many() {
    use Light::{Changing, Limited, NotKnown, NotUsable, Off, Usable};
    let cases: &[(&[Light], &str)] = &[
        (&[], "There is nothing here that you may look at."),
        (&[Usable, Off], "Everything is usable."),
        (&[Usable, Changing], "1 of 2 environments is being changed."),
        (&[Usable, Limited, Changing, Limited], "2 of 4 environments are usable with a limitation."),
        (&[NotKnown], "Of 1 of 1 environment nothing is known."),
        (&[NotUsable, Limited], "1 of 2 environments is not usable."),
        (&[NotUsable, NotUsable, NotKnown], "2 of 3 environments are not usable, and of 1 nothing is known."),
    ];
    for (lights, expected) in cases {
        let entry = say(&[cell("fleet-app")], &[], live());
        let entries: Vec<BoardEntry> =
            lights.iter().map(|light| BoardEntry { light: *light, ..entry.clone() }).collect();
        assert_eq!(heading(&entries), *expected);
    }
}
