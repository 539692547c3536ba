//! The rows against a naive model, and what one sees while they change.

mod autoscalers;
mod checked;
mod checks;
mod clues;
mod model;
mod nodes;
mod samples;
mod trust;

use std::collections::{BTreeSet, HashSet};

use domain::access::Grants;
use domain::frame::PageDelta;
use domain::name::{ComponentId, WorkloadKind};
use domain::query::{PodColumn, PodQuery, Sort};
use domain::view::{EventRow, PodsView, RevisionRow, State as Health};
use proptest::prelude::*;

use super::*;
use model::{Model, Word, without_history};
use samples::{CLUSTERS, NAMESPACES, START_MS, THINGS, Which, now, registry, set_now};

/// Something that happens.
#[derive(Debug, Clone)]
enum Step {
    /// An object is seen.
    Seen(Which, u8, u16),
    /// An object of that incarnation was deleted; the word may be late.
    Gone(Which, u8),
    /// A node is up, down, silent, cordoned or gone.
    Node { cluster: usize, number: u8, word: u8 },
    /// A kind is listed again: in the whole cluster, a namespace, or one name.
    Relist { cluster: usize, thing: usize, scope: Scope, fates: Vec<Fate>, complete: bool },
    /// Something is said of a cluster.
    Said(usize, u8),
    /// Another registry.
    Registered(usize),
    /// Time passes, with or without being noticed.
    Passed { seconds: u8, ticked: bool },
    /// One of the viewers takes in what changed since it last looked.
    Looked(usize),
}

#[derive(Debug, Clone, Copy)]
enum Scope {
    Cluster,
    Namespace(usize),
    Name(usize),
}

/// What a relist says of an object that is held.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Same,
    Changed(u16),
    Recreated(u8),
    Missing,
}

fn which() -> impl Strategy<Value = Which> {
    (0..CLUSTERS.len(), prop_oneof![4 => Just(0usize), 3 => Just(1), 1 => Just(2), 1 => Just(3)], 0..THINGS.len())
        .prop_map(|(cluster, namespace, thing)| Which { cluster, namespace, thing })
}

fn step() -> impl Strategy<Value = Step> {
    let fate = prop_oneof![
        4 => Just(Fate::Same),
        1 => (0u16..400).prop_map(Fate::Changed),
        1 => (0u8..3).prop_map(Fate::Recreated),
        3 => Just(Fate::Missing),
    ];
    let scope = prop_oneof![
        3 => Just(Scope::Cluster),
        1 => (0..NAMESPACES.len()).prop_map(Scope::Namespace),
        1 => (0..NAMESPACES.len()).prop_map(Scope::Name),
    ];
    let relist = (0..CLUSTERS.len(), 0..THINGS.len(), scope, prop::collection::vec(fate, 8), prop::bool::weighted(0.8))
        .prop_map(|(cluster, thing, scope, fates, complete)| Step::Relist { cluster, thing, scope, fates, complete });
    prop_oneof![
        30 => (which(), 0u8..3, 0u16..400).prop_map(|(which, age, variant)| Step::Seen(which, age, variant)),
        8 => (which(), 0u8..3).prop_map(|(which, age)| Step::Gone(which, age)),
        6 => relist,
        5 => (0..CLUSTERS.len(), 0u8..3, 0u8..5).prop_map(|(cluster, number, word)| Step::Node { cluster, number, word }),
        6 => (0..CLUSTERS.len(), 0u8..9).prop_map(|(cluster, word)| Step::Said(cluster, word)),
        2 => (0usize..4).prop_map(Step::Registered),
        5 => (0u8..200, any::<bool>()).prop_map(|(seconds, ticked)| Step::Passed { seconds, ticked }),
        12 => (0usize..VIEWERS).prop_map(Step::Looked),
    ]
}

const VIEWERS: usize = 8;

fn query() -> impl Strategy<Value = PodQuery> {
    let filter =
        prop::sample::select(vec!["", "", "web", "a-1", "v2", "node-1 web", "loop", "staging", "1111", "b db"]);
    let environment = prop::option::weighted(0.3, prop::sample::select(vec!["a/production", "a/staging", "b/staging"]));
    let state = prop::option::weighted(0.3, prop::sample::select(Health::WORST_FIRST.to_vec()));
    let column = prop::sample::select(PodColumn::ALL.to_vec());
    (filter, environment, state, column, any::<bool>(), 0u32..9, 0u16..7).prop_map(
        |(filter, environment, state, column, descending, offset, length)| PodQuery {
            filter: filter.to_owned(),
            environment: environment.map(|id| id.parse().unwrap()),
            state,
            sort: Sort { column, descending },
            offset,
            length,
        },
    )
}

/// What viewers look at: the tables of pods, and addresses of the first registry, which others may not have.
fn topics() -> impl Strategy<Value = Vec<Topic>> {
    let pages = Model::new(registry(0)).topics();
    let pages = prop::collection::vec(prop::sample::select(pages), 3);
    (prop::collection::vec(query(), VIEWERS - 3), pages)
        .prop_map(|(queries, pages)| queries.into_iter().map(Topic::Pods).chain(pages).collect())
}

/// Somebody with a page open, who only ever gets what changed.
struct Viewer {
    topic: Topic,
    page: Page,
}

impl Viewer {
    /// Takes in what changed, as it would come over the wire.
    fn look(&mut self, rows: &Rows) {
        let page = rows.seen_by(&Grants::everything()).page(&self.topic);
        if let Some(change) = self.page.diff(&page) {
            let bytes = postcard::to_allocvec(&change).unwrap();
            self.page.apply(postcard::from_bytes::<PageDelta>(&bytes).unwrap()).unwrap();
        }
        assert_eq!(self.page, page, "what changed does not lead to what there is");
    }
}

/// The rows and the model, told the same.
struct Pair {
    rows: Rows,
    model: Model,
}

impl Pair {
    fn new() -> Self {
        set_now(START_MS);
        Self { rows: Rows::new(registry(0), now), model: Model::new(registry(0)) }
    }

    fn tell(&mut self, cluster: &ClusterId, changes: Vec<Change>) {
        changes.iter().for_each(|change| self.model.take_in(cluster, change));
        self.rows.take_in(cluster, changes);
    }

    fn say(&mut self, cluster: &ClusterId, word: Word) {
        word.say(&self.rows, cluster);
        self.model.say(cluster, word);
    }

    fn register(&mut self, number: usize) {
        self.rows.register(&registry(number));
        self.model.register(registry(number));
    }

    fn tick(&mut self) {
        self.rows.tick();
        self.model.tick();
    }

    /// The pods that can be seen, by place and name.
    fn shown(&mut self) -> BTreeSet<(EnvironmentId, Arc<str>)> {
        self.model.look();
        let query = PodQuery { length: 200, ..PodQuery::default() };
        let Page::Pods(PodsView { rows, .. }) = self.rows.seen_by(&Grants::everything()).page(&Topic::Pods(query))
        else {
            panic!("no pods")
        };
        rows.into_iter().map(|row| (row.environment, row.name)).collect()
    }

    fn relist(&mut self, cluster: &ClusterId, thing: usize, scope: Scope, fates: &[Fate], complete: bool) {
        let (kind, name) = THINGS[thing];
        let within = match scope {
            Scope::Cluster => None,
            Scope::Namespace(place) => Some((Namespace::new(NAMESPACES[place]).unwrap(), None)),
            Scope::Name(place) => Some((Namespace::new(NAMESPACES[place]).unwrap(), Some(name.into()))),
        };
        let before = self.shown();
        let mut seen = HashSet::new();
        for ((observed, key), fate) in
            self.model.of(cluster, kind, within.as_ref()).into_iter().zip(fates.iter().cycle())
        {
            let which = Which {
                cluster: CLUSTERS.iter().position(|it| *it == cluster.as_str()).unwrap(),
                namespace: NAMESPACES
                    .iter()
                    .position(|it| Some(*it) == key.namespace.as_ref().map(Namespace::as_str))
                    .unwrap(),
                thing: THINGS.iter().position(|it| *it == (key.kind, &*key.name)).unwrap(),
            };
            let age = (observed.uid % 256) as u8;
            let observed = match *fate {
                Fate::Missing => continue,
                Fate::Same => observed,
                Fate::Changed(variant) => which.observed(age, variant),
                Fate::Recreated(age) => which.observed(age, u16::from(age)),
            };
            seen.insert((key.namespace, key.name));
            self.tell(cluster, vec![Change::Seen(observed)]);
            assert_eq!(self.shown(), before, "rows flash while a list is read");
        }
        if complete {
            self.tell(cluster, vec![Change::Listed { kind, within, seen }]);
        }
    }

    fn happen(&mut self, step: &Step) {
        let cluster = |number: usize| ClusterId::new(CLUSTERS[number]).unwrap();
        match step {
            Step::Seen(which, age, variant) => {
                self.tell(&which.cluster(), vec![Change::Seen(which.observed(*age, *variant))]);
            }
            Step::Gone(which, age) => self.tell(&which.cluster(), vec![Change::Gone(which.key(), which.uid(*age))]),
            Step::Node { cluster: place, number, word } => {
                self.tell(&cluster(*place), vec![samples::node(*number, *word)]);
            }
            Step::Relist { cluster: number, thing, scope, fates, complete } => {
                self.relist(&cluster(*number), *thing, *scope, fates, *complete);
            }
            Step::Said(number, word) => self.say(&cluster(*number), said(*word)),
            Step::Registered(number) => self.register(*number),
            Step::Passed { seconds, ticked } => {
                set_now(now() + i64::from(*seconds) * 1000);
                if *ticked {
                    self.tick();
                }
            }
            Step::Looked(_) => {}
        }
    }

    /// The rows show what the model says.
    fn check(&mut self, viewers: &mut [Viewer]) {
        self.model.look();
        for viewer in viewers {
            viewer.look(&self.rows);
            if let Topic::Pods(query) = &viewer.topic {
                assert_eq!(viewer.page, Page::Pods(self.model.window(query)), "{query:?}");
            }
        }
    }
}

fn said(word: u8) -> Word {
    let pods = WatchId { kind: Kind::Pod, within: None };
    let events = WatchId { kind: Kind::Event, within: None };
    match word {
        0 | 1 => Word::Answered,
        2 => Word::Silent,
        3 => Word::Starting,
        4 => Word::Started(vec![pods, events]),
        5 => Word::Watch(pods, WatchState::InStep),
        6 => Word::Watch(events, WatchState::InStep),
        7 => Word::Watch(pods, WatchState::OutOfStep("The watch of pods broke off.".into())),
        _ => Word::Watch(events, WatchState::Missing("Quarterdeck may not list events.".into())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn whatever_happens_in_whatever_order_the_screen_is_the_one_of_a_plain_model(
        steps in prop::collection::vec(step(), 1..60),
        topics in topics(),
    ) {
        let mut pair = Pair::new();
        let mut viewers: Vec<Viewer> = topics
            .into_iter()
            .map(|topic| Viewer { page: pair.rows.seen_by(&Grants::everything()).page(&topic), topic })
            .collect();
        for step in &steps {
            pair.happen(step);
            if let Step::Looked(number) = step {
                pair.check(std::slice::from_mut(&mut viewers[*number]));
            }
        }
        pair.tick();
        pair.check(&mut viewers);
        let fresh = pair.model.fresh();
        for topic in pair.model.topics() {
            prop_assert_eq!(without_history(pair.rows.seen_by(&Grants::everything()).page(&topic)), without_history(fresh.seen_by(&Grants::everything()).page(&topic)), "{:?}", topic);
        }
        prop_assert_eq!(pair.rows.seen_by(&Grants::everything()).chrome(), fresh.seen_by(&Grants::everything()).chrome());
    }
}

const MAIN: Which = Which { cluster: 0, namespace: 0, thing: 0 };

fn thing(kind: Kind, name: &str) -> Which {
    Which { thing: THINGS.iter().position(|it| *it == (kind, name)).unwrap(), ..MAIN }
}

fn pods(rows: &Rows, query: &PodQuery) -> PodsView {
    match rows.seen_by(&Grants::everything()).page(&Topic::Pods(query.clone())) {
        Page::Pods(view) => view,
        other => panic!("{other:?}"),
    }
}

#[test]
fn more_tables_than_are_kept_in_order_are_all_right() {
    let mut pair = Pair::new();
    for thing in 0..8 {
        let which = Which { thing, ..MAIN };
        pair.tell(&which.cluster(), vec![Change::Seen(which.observed(0, 37 * thing as u16))]);
    }
    let queries: Vec<PodQuery> = (0..150u32)
        .map(|number| PodQuery {
            filter: ["", "w", "a", "b"][number as usize % 4].repeat((number / 40) as usize),
            ..PodQuery::default()
        })
        .flat_map(|query| {
            PodColumn::ALL.map(|column| PodQuery { sort: Sort { column, descending: false }, ..query.clone() })
        })
        .collect();
    for (round, query) in queries.iter().enumerate() {
        assert_eq!(pods(&pair.rows, query), pair.model.window(query));
        pair.tell(&MAIN.cluster(), vec![Change::Seen(MAIN.observed(0, round as u16))]);
        set_now(now() + 100);
    }
    set_now(now() + 60_000);
    for query in &queries {
        assert_eq!(pods(&pair.rows, query), pair.model.window(query));
    }
}

#[test]
fn pods_with_the_same_uid_in_two_clusters_stay_two_rows() {
    let mut pair = Pair::new();
    let (here, there) = (Which { namespace: 1, ..MAIN }, Which { cluster: 1, namespace: 1, ..MAIN });
    let query = PodQuery { sort: Sort { column: PodColumn::Name, descending: false }, ..PodQuery::default() };
    assert_eq!(pods(&pair.rows, &query).head.total, 0);
    for which in [here, there] {
        let twin = Observed { uid: 7, ..which.observed(0, 0) };
        pair.rows.take_in(&which.cluster(), vec![Change::Seen(twin)]);
    }
    let mut viewer = Viewer {
        page: pair.rows.seen_by(&Grants::everything()).page(&Topic::Pods(query.clone())),
        topic: Topic::Pods(query.clone()),
    };
    for which in [there, here] {
        pair.rows.take_in(&which.cluster(), vec![Change::Seen(Observed { uid: 7, ..which.observed(0, 6) })]);
        viewer.look(&pair.rows);
    }
    pair.rows.take_in(&there.cluster(), vec![Change::Gone(there.key(), 7)]);
    viewer.look(&pair.rows);
    let left: Vec<String> = pods(&pair.rows, &query).rows.iter().map(|row| row.environment.to_string()).collect();
    assert_eq!(left, ["a/staging"]);
    pair.tick();
}

#[test]
fn the_oldest_of_too_many_events_go_first() {
    let pair = Pair::new();
    let which = thing(Kind::Event, "e0");
    let changes = (0..5_010u32).map(|number| {
        let mut seen = which.observed(0, 1);
        seen.uid = u128::from(number) + 10;
        seen.key.name = format!("event-{number}").into();
        let Object::Event(event) = &mut seen.object else { panic!("no event") };
        event.last = i64::from(number);
        event.message = format!("message {number}").into();
        event.about = ("Deployment".into(), "web".into());
        Change::Seen(seen)
    });
    pair.rows.take_in(&which.cluster(), changes.collect());
    // All but the oldest are deleted: nothing is left, because the oldest are not there any more.
    let gone = (10..5_010u32).map(|number| {
        Change::Gone(Key { name: format!("event-{number}").into(), ..which.key() }, u128::from(number) + 10)
    });
    let last = |rows: &Rows| {
        let (warnings, more) = warnings(rows);
        (warnings.into_iter().map(|event| event.last).collect::<Vec<_>>(), more)
    };
    assert_eq!(last(&pair.rows), ((5_002..5_010).rev().collect(), 4_992));
    pair.rows.take_in(&which.cluster(), gone.collect());
    assert_eq!(last(&pair.rows), (vec![], 0));
}

/// The warnings of an environment's page, and how many more there are.
fn warnings(rows: &Rows) -> (Vec<EventRow>, u32) {
    let topic = Topic::Environment("a/production".parse().unwrap());
    match rows.seen_by(&Grants::everything()).page(&topic) {
        Page::Environment(view) => (view.warnings, view.more_warnings),
        other => panic!("{other:?}"),
    }
}

#[test]
fn warnings_that_say_the_same_of_one_object_are_one() {
    let pair = Pair::new();
    let which = thing(Kind::Event, "e0");
    let changes = [("web", "blind", 10), ("web", "blind", 30), ("api", "blind", 20), ("web", "full", 25)];
    let changes = (0u32..).zip(changes).map(|(number, (about, message, last))| {
        let mut seen = which.observed(0, 1);
        seen.uid = u128::from(number) + 10;
        seen.key.name = format!("event-{number}").into();
        let Object::Event(event) = &mut seen.object else { panic!("no event") };
        (event.about, event.message) = (("HorizontalPodAutoscaler".into(), about.into()), message.into());
        (event.count, event.last) = (number + 1, last);
        Change::Seen(seen)
    });
    pair.rows.take_in(&which.cluster(), changes.collect());
    let (warnings, more) = warnings(&pair.rows);
    let said: Vec<_> = warnings.iter().map(|row| (&*row.about, &*row.message, row.count, row.last, row.uid)).collect();
    let expected = [
        ("HorizontalPodAutoscaler web", "blind", 3, 30, 10),
        ("HorizontalPodAutoscaler web", "full", 4, 25, 13),
        ("HorizontalPodAutoscaler api", "blind", 3, 20, 12),
    ];
    assert_eq!((said.as_slice(), more), (&expected[..], 0));
}

#[test]
fn a_late_word_about_a_deleted_object_does_not_touch_its_successor() {
    for (number, (kind, name)) in THINGS.into_iter().enumerate() {
        let mut pair = Pair::new();
        let which = Which { thing: number, ..MAIN };
        let cluster = which.cluster();
        pair.tell(&cluster, vec![Change::Seen(which.observed(0, 1)), Change::Seen(which.observed(1, 1))]);
        let before: Vec<Page> =
            pair.model.topics().iter().map(|topic| pair.rows.seen_by(&Grants::everything()).page(topic)).collect();
        pair.tell(&cluster, vec![Change::Gone(which.key(), which.uid(0))]);
        let after: Vec<Page> =
            pair.model.topics().iter().map(|topic| pair.rows.seen_by(&Grants::everything()).page(topic)).collect();
        assert_eq!(before, after, "{kind:?} {name}");
    }
}

#[test]
fn a_renamed_environment_keeps_what_is_known_of_its_namespace() {
    let mut pair = Pair::new();
    let web = thing(Kind::Workload(WorkloadKind::Deployment), "web");
    pair.tell(&MAIN.cluster(), vec![Change::Seen(web.observed(0, 2)), Change::Seen(MAIN.observed(0, 1))]);
    pair.register(1);
    let view = pods(&pair.rows, &PodQuery::default());
    assert_eq!(view.rows.iter().map(|row| row.environment.to_string()).collect::<Vec<_>>(), ["a/prod-east"]);
    let Page::Component(page) = pair.rows.seen_by(&Grants::everything()).page(&Topic::Component(ComponentId {
        environment: "a/prod-east".parse().unwrap(),
        kind: WorkloadKind::Deployment,
        name: "web".parse().unwrap(),
    })) else {
        panic!("absent")
    };
    assert_eq!((page.pods.len(), page.head.cell.wanted), (1, Some(2)));
}

#[test]
fn a_revision_shows_what_most_of_its_ready_pods_run_whoever_was_seen_last() {
    let pod = |name: &str, digest: char, is_ready: bool| {
        // Variants that are ready, and that crash.
        let mut seen = thing(Kind::Pod, name).observed(0, if is_ready { 1 } else { 2 });
        let Object::Pod(pod) = &mut seen.object else { panic!("no pod") };
        pod.revision = "web-1".into();
        pod.facts.containers[0].image_id = format!("registry.test/a@sha256:{}", digest.to_string().repeat(64)).into();
        seen
    };
    let one = |a: char, b: char, c: char| [pod("web-1-a", a, true), pod("web-1-b", b, true), pod("web-2-a", c, true)];
    let orders: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for (pods, digest, digests) in [
        (one('a', 'a', 'a'), 'a', 1),
        (one('a', 'b', 'b'), 'b', 2),
        (one('c', 'b', 'a'), 'a', 3),
        ([pod("web-1-a", 'b', true), pod("web-1-b", 'a', false), pod("web-2-a", 'a', false)], 'b', 2),
        ([pod("web-1-a", 'b', false), pod("web-1-b", 'a', false), pod("web-2-a", 'b', false)], 'b', 2),
    ] {
        for order in orders {
            let pair = Pair::new();
            let revision = thing(Kind::ReplicaSet, "web-1").observed(0, 1);
            let seen = order.map(|number| Change::Seen(pods[number].clone()));
            let changes: Vec<Change> = if order[0] == 0 {
                [Change::Seen(revision)].into_iter().chain(seen).collect()
            } else {
                seen.into_iter().chain([Change::Seen(revision)]).collect()
            };
            pair.rows.take_in(&MAIN.cluster(), changes);
            assert_eq!(ran(&pair.rows), (digest, digests), "{order:?}");
            // Once they are gone it is what the last of them ran.
            for number in order {
                let Observed { key, uid, .. } = pods[number].clone();
                pair.rows.take_in(&MAIN.cluster(), vec![Change::Gone(key, uid)]);
            }
            let Object::Pod(last) = &pods[order[2]].object else { panic!("no pod") };
            let last = last.facts.containers[0].image_id.chars().last().unwrap();
            assert_eq!(ran(&pair.rows), (last, 1), "{order:?}");
        }
    }
}

/// The revisions of `web`, newest first.
fn revisions(rows: &Rows) -> Vec<RevisionRow> {
    let web = ComponentId {
        environment: "a/production".parse().unwrap(),
        kind: WorkloadKind::Deployment,
        name: "web".parse().unwrap(),
    };
    let Page::Component(page) = rows.seen_by(&Grants::everything()).page(&Topic::Component(web)) else {
        panic!("absent")
    };
    page.revisions
}

/// The digest of the newest revision of `web`, by its last character, and how many its pods run.
fn ran(rows: &Rows) -> (char, u32) {
    let revision = revisions(rows).remove(0);
    (revision.digest.chars().last().unwrap(), revision.digests)
}

#[test]
fn revisions_that_ran_two_digests_are_not_called_the_same_code() {
    let pair = Pair::new();
    let see = |name: &str, revision: &str, digest: char| {
        let mut seen = thing(Kind::Pod, name).observed(0, 1);
        let Object::Pod(pod) = &mut seen.object else { panic!("no pod") };
        pod.revision = revision.into();
        pod.facts.containers[0].image_id = format!("sha256:{}", digest.to_string().repeat(64)).into();
        pair.rows.take_in(&MAIN.cluster(), vec![Change::Seen(seen)]);
    };
    let twins = || revisions(&pair.rows).into_iter().map(|revision| revision.same_as).collect::<Vec<_>>();
    for revision in ["web-1", "web-2"] {
        pair.rows.take_in(&MAIN.cluster(), vec![Change::Seen(thing(Kind::ReplicaSet, revision).observed(0, 1))]);
    }
    see("web-1-a", "web-1", 'a');
    see("web-2-a", "web-2", 'a');
    assert_eq!(twins(), [vec![1], vec![2]]);
    see("web-1-b", "web-1", 'b');
    assert_eq!(twins(), [Vec::<i64>::new(), vec![]]);
}

#[test]
fn what_deleted_objects_were_called_is_not_kept() {
    let mut pair = Pair::new();
    let named = |number: u32| {
        let mut seen = MAIN.observed(0, 1);
        seen.key.name = format!("web-1-{number}").into();
        let Object::Pod(pod) = &mut seen.object else { panic!("no pod") };
        pod.node = format!("node-{number}").into();
        seen
    };
    let before = pair.rows.state.read().texts.count();
    for number in 0..3000 {
        pair.rows.take_in(&MAIN.cluster(), vec![Change::Seen(named(number))]);
    }
    assert!(pair.rows.state.read().texts.count() > before + 3000);
    let gone = (0..3000).map(|number| Change::Gone(named(number).key, MAIN.uid(0)));
    pair.rows.take_in(&MAIN.cluster(), gone.collect());
    set_now(now() + 60_000);
    pair.tick();
    let left = pair.rows.state.read().texts.count();
    assert!(left < before + 20, "{left}");
}
