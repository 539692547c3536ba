use proptest::prelude::*;

use super::*;
use crate::facts::{ContainerFacts, Termination};

const NOW: i64 = 1_800_000_000;

fn container(name: &str, state: ContainerState) -> ContainerFacts {
    ContainerFacts {
        name: name.into(),
        init: false,
        image: "registry.test/fleet-api:latest".into(),
        image_id: "".into(),
        ready: false,
        restarts: 0,
        state,
        last: None,
    }
}

fn waiting(reason: &str, message: &str) -> ContainerState {
    ContainerState::Waiting { reason: reason.into(), message: message.into() }
}

fn end(reason: &str, exit_code: i32, seconds_ago: i64) -> Termination {
    Termination { reason: reason.into(), exit_code, started: NOW - seconds_ago - 20, finished: NOW - seconds_ago }
}

fn init(name: &str, state: ContainerState) -> ContainerFacts {
    ContainerFacts { init: true, ..container(name, state) }
}

fn running(seconds: i64) -> ContainerState {
    ContainerState::Running { since: NOW - seconds }
}

fn up(name: &str) -> ContainerFacts {
    ContainerFacts { ready: true, ..container(name, running(9000)) }
}

fn with(phase: Phase, containers: Vec<ContainerFacts>) -> PodFacts {
    PodFacts { phase, created: NOW - 20, containers, ..PodFacts::default() }
}

fn check(name: &str, facts: &PodFacts, state: State, word: &str, why: &str) {
    let status = pod(facts, NOW);
    assert_eq!((status.state, &*status.word, &*status.why), (state, word, why), "{name}");
}

#[test]
fn a_pod_is_judged_by_readiness_and_reasons() {
    let api = |state| with(Phase::Running, vec![container("api", state)]);
    let ready = PodFacts { ready: true, ..with(Phase::Running, vec![up("api")]) };
    check("ready", &ready, State::Ready, "Ready", "");
    check("empty", &with(Phase::Pending, vec![]), State::Progressing, "Pending", "");
    check("creating", &api(waiting("ContainerCreating", "")), State::Progressing, "Starting", "");
    check(
        "fresh",
        &api(running(59)),
        State::Progressing,
        "Not ready",
        "Container api just started and is not ready yet.",
    );
    check(
        "unready",
        &api(running(60)),
        State::Degraded,
        "Not ready",
        "Container api runs and does not pass its readiness probe.",
    );
    check("done", &with(Phase::Succeeded, vec![]), State::Off, "Completed", "All its containers ended well.");
    let message = "0/3 nodes are available: 3 Insufficient cpu.";
    let full = PodFacts { unschedulable: Some(message.into()), ..with(Phase::Pending, vec![]) };
    let why = format!("No node takes it: {message}");
    check("full", &full, State::Degraded, "Unschedulable", &why);
    let evicted = PodFacts {
        reason: Some("Evicted".into()),
        message: Some("The node was low on resource: memory".into()),
        ..with(Phase::Failed, vec![])
    };
    let why = "Its node threw it out. The node was low on resource: memory.";
    check("evicted", &evicted, State::Failed, "Evicted", why);
    let failed = with(Phase::Failed, vec![container("api", ContainerState::Terminated(end("Error", 2, 5)))]);
    check("failed", &failed, State::Failed, "Failed", "Container api ended with exit code 2.");
}

#[test]
fn a_crash_says_how_it_ended() {
    let backoff = |last| {
        let crashed =
            ContainerFacts { last, restarts: 7, ..container("api", waiting("CrashLoopBackOff", "back-off 5m")) };
        with(Phase::Running, vec![crashed])
    };
    for (last, word, why) in [
        (Some(end("Error", 1, 9)), "Crash loop", "Container api ends with exit code 1 soon after it starts."),
        (
            Some(end("Error", 127, 9)),
            "Crash loop",
            "Container api ends with exit code 127 (the command was not found) soon after it starts.",
        ),
        (
            Some(end("Completed", 0, 9)),
            "Crash loop",
            "Container api ends by itself with exit code 0; it should keep running.",
        ),
        (
            Some(end("OOMKilled", 137, 9)),
            "OOM killed",
            "Container api was killed: it used more memory than it may (exit code 137).",
        ),
        (None, "Crash loop", "Container api ends soon after it starts; how is not recorded."),
    ] {
        check(why, &backoff(last), State::Failed, word, why);
    }
}

#[test]
fn a_container_between_two_crashes_still_crash_loops() {
    let runs = |restarts, (started, ended), reason: &str| {
        let last = Some(end(reason, 1, ended));
        pod(&with(Phase::Running, vec![ContainerFacts { restarts, last, ..container("api", running(started)) }]), NOW)
    };
    for (restarts, ago, reason, word) in [
        (1, (5, 10), "Error", "Crash loop"),
        (1, (299, 309), "Error", "Crash loop"),
        (1, (300, 310), "Error", "Not ready"),
        (2, (300, 310), "Error", "Not ready"),
        (3, (300, 310), "Error", "Crash loop"),
        (3, (590, 599), "Error", "Crash loop"),
        (3, (590, 600), "Error", "Not ready"),
        (1, (590, 599), "OOMKilled", "OOM killed"),
        (1, (590, 600), "OOMKilled", "Not ready"),
    ] {
        assert_eq!(&*runs(restarts, ago, reason).word, word, "{restarts} restarts, {ago:?} s, {reason}");
    }
}

#[test]
fn a_container_that_ran_long_before_it_ended_does_not_crash_loop_yet() {
    for (started, state) in [(0, "Crash loop"), (NOW - 10 - 599, "Crash loop"), (NOW - 10 - 600, "Not ready")] {
        let last = Some(Termination { started, ..end("Error", 1, 10) });
        let again = ContainerFacts { restarts: 1, last, ..container("api", running(5)) };
        assert_eq!(&*pod(&with(Phase::Running, vec![again]), NOW).word, state, "{started}");
    }
    let ended = ContainerState::Terminated(Termination { started: NOW - 9000, ..end("Error", 1, 1) });
    let ended = ContainerFacts { restarts: 1, ..container("api", ended) };
    assert_eq!(&*pod(&with(Phase::Running, vec![ended]), NOW).word, "Crashed");
}

#[test]
fn a_crash_loop_says_one_thing_from_its_first_restart_on() {
    let status = |restarts, state, last, now| {
        pod(&with(Phase::Running, vec![ContainerFacts { restarts, last, ..container("api", state) }]), now)
    };
    let mut now = NOW;
    let crash = "Container api ends with exit code 1 soon after it starts.";
    for restarts in 0..6 {
        let last = (restarts > 0).then(|| end("Error", 1, NOW - now));
        // The kubelet waits ever longer, five minutes at most.
        let backoff = (10 << restarts).min(300);
        let started = now + backoff;
        for second in [0, 15] {
            let status = status(restarts, ContainerState::Running { since: started }, last.clone(), started + second);
            if restarts > 0 {
                assert_eq!((status.state, &*status.word, &*status.why), (State::Failed, "Crash loop", crash));
            }
        }
        now = started + 20;
        let ended = || end("Error", 1, NOW - now);
        let between = status(restarts, ContainerState::Terminated(ended()), last, now);
        assert_eq!(&*between.word, if restarts > 0 { "Crash loop" } else { "Crashed" });
        for second in [0, backoff] {
            let waits = status(restarts, waiting("CrashLoopBackOff", "back-off"), Some(ended()), now + second);
            assert_eq!((waits.state, &*waits.word, &*waits.why), (State::Failed, "Crash loop", crash));
        }
    }
}

#[test]
fn a_pod_that_is_ready_again_is_ready() {
    let back = ContainerFacts { restarts: 9, last: Some(end("OOMKilled", 137, 30)), ..up("api") };
    check("back", &PodFacts { ready: true, ..with(Phase::Running, vec![back]) }, State::Ready, "Ready", "");
}

#[test]
fn a_pull_that_fails_names_the_image_and_the_cause() {
    for (reason, message, cause) in [
        (
            "ErrImagePull",
            "rpc error: code = NotFound: not found",
            "cannot be pulled: the registry has no such image or tag.",
        ),
        ("ImagePullBackOff", "Back-off pulling image", "cannot be pulled."),
        (
            "ErrImagePull",
            "pull access denied",
            "cannot be pulled: the registry refuses the credentials, or there is no such repository.",
        ),
        ("ErrImagePull", "dial tcp: lookup x: no such host", "cannot be pulled: the registry cannot be reached."),
        ("ErrImagePull", "429 Too Many Requests", "cannot be pulled: the registry limits how often it is asked."),
        ("InvalidImageName", "", "is not a valid image name."),
    ] {
        let facts = with(Phase::Pending, vec![container("api", waiting(reason, message))]);
        let why = format!("Image registry.test/fleet-api:latest {cause}");
        check(message, &facts, State::Failed, "Image pull", &why);
    }
}

#[test]
fn a_pull_keeps_its_cause_while_the_kubelet_waits() {
    let judged = |image: &str, reason, message| {
        let container = ContainerFacts { image: image.into(), ..container("api", waiting(reason, message)) };
        pod(&with(Phase::Pending, vec![container]), NOW)
    };
    let failed = judged("a:1", "ErrImagePull", "not found");
    let waits = judged("a:1", "ImagePullBackOff", "Back-off pulling image");
    assert_eq!(with_known_cause(&failed, waits.clone()), failed);
    // What is said anew holds, and another image has causes of its own.
    let denied = judged("a:1", "ErrImagePull", "pull access denied");
    assert_eq!(with_known_cause(&failed, denied.clone()), denied);
    let other = judged("a:12", "ImagePullBackOff", "Back-off pulling image");
    assert_eq!(with_known_cause(&failed, other.clone()), other);
    assert_eq!(with_known_cause(&waits, waits.clone()), waits);
    let up = Status::new(State::Ready, "Ready", "");
    assert_eq!(with_known_cause(&failed, up.clone()), up);
}

#[test]
fn a_container_that_cannot_be_made_says_what_is_missing() {
    for reason in ["CreateContainerConfigError", "CreateContainerError", "RunContainerError"] {
        let facts = with(Phase::Pending, vec![container("api", waiting(reason, "secret \"db\" not found"))]);
        let why = "Container api cannot start: secret \"db\" not found.";
        check(reason, &facts, State::Failed, "Config error", why);
    }
}

#[test]
fn a_start_turns_bad_after_five_minutes() {
    // A time far ahead is as little just now as one long ago.
    for (seconds, state) in
        [(299, State::Progressing), (300, State::Degraded), (-20, State::Progressing), (-90_000, State::Degraded)]
    {
        for reason in ["ContainerCreating", "PodInitializing", "", "SomethingNew"] {
            let status = pod(
                &PodFacts {
                    created: NOW - seconds,
                    ..with(Phase::Pending, vec![container("api", waiting(reason, ""))])
                },
                NOW,
            );
            assert_eq!((status.state, &*status.word), (state, "Starting"), "{reason}, {seconds} s");
            assert!(state == State::Progressing || !status.why.is_empty(), "{reason}");
        }
        for containers in [vec![], vec![container("api", waiting("ContainerCreating", ""))]] {
            let status = pod(&PodFacts { created: NOW - seconds, ..with(Phase::Pending, containers) }, NOW);
            assert_eq!(status.state, state, "{seconds} s, {}", status.word);
            assert_eq!(status.why.is_empty(), state == State::Progressing, "{}", status.word);
        }
    }
}

#[test]
fn an_end_that_takes_too_long_is_said() {
    for (late, state, word) in [
        (-30, State::Progressing, "Terminating"),
        (60, State::Progressing, "Terminating"),
        (61, State::Degraded, "Stuck terminating"),
    ] {
        let facts = PodFacts { deletion: Some(NOW - late), ready: true, ..with(Phase::Running, vec![up("api")]) };
        let status = pod(&facts, NOW);
        assert_eq!((status.state, &*status.word), (state, word), "{late} s late");
    }
}

#[test]
fn a_silent_node_makes_a_pod_unknown() {
    let plain = with(Phase::Running, vec![up("api")]);
    for (name, facts) in [
        ("phase", PodFacts { phase: Phase::Unknown, ..plain.clone() }),
        ("pod reason", PodFacts { reason: Some("NodeLost".into()), ready: true, ..plain.clone() }),
        ("failed by loss", PodFacts { phase: Phase::Failed, reason: Some("NodeLost".into()), ..plain.clone() }),
        ("ready reason", PodFacts { not_ready_reason: Some("NodeNotReady".into()), ..plain.clone() }),
        ("no reason", plain),
    ] {
        let status = pod(&facts, NOW);
        assert_eq!((status.state, &*status.word), (State::Unknown, "Node lost"), "{name}");
    }
}

#[test]
fn init_containers_speak_for_what_they_hold_up() {
    let api = || container("api", waiting("PodInitializing", ""));
    let migrate = |state| init("migrate", state);
    let broken = ContainerFacts { last: Some(end("Error", 3, 9)), ..migrate(waiting("CrashLoopBackOff", "")) };
    let why = "Init container migrate ends with exit code 3 soon after it starts.";
    check("init crash", &with(Phase::Pending, vec![broken.clone(), api()]), State::Failed, "Init crash loop", why);
    let works = with(Phase::Pending, vec![migrate(running(9)), api()]);
    check("init runs", &works, State::Progressing, "Starting", "Init container migrate runs.");
    let slow = with(Phase::Pending, vec![migrate(running(300)), api()]);
    let why = "Init container migrate still runs after 5 minutes.";
    check("slow init", &slow, State::Degraded, "Starting", why);
    // An init container that runs beside the others is a sidecar.
    let why = "Container migrate ends with exit code 3 soon after it starts.";
    check("sidecar", &with(Phase::Running, vec![broken, up("api")]), State::Failed, "Crash loop", why);
}

#[test]
fn of_several_containers_the_worst_is_named() {
    let sick = ContainerFacts { last: Some(end("Error", 1, 9)), ..container("proxy", waiting("CrashLoopBackOff", "")) };
    let facts = with(Phase::Running, vec![up("log"), container("api", running(90)), sick]);
    let why = "Container proxy ends with exit code 1 soon after it starts.";
    check("worst", &facts, State::Failed, "Crash loop", why);
}

fn text() -> impl Strategy<Value = std::sync::Arc<str>> {
    prop_oneof![
        Just("CrashLoopBackOff"),
        Just("ImagePullBackOff"),
        Just("ErrImagePull"),
        Just("CreateContainerConfigError"),
        Just("PodInitializing"),
        Just("ContainerCreating"),
        Just("OOMKilled"),
        Just("NodeLost"),
        Just("Evicted"),
        Just(""),
        Just("exit code ü\u{1b}\u{202e}"),
    ]
    .prop_map(Into::into)
}

fn any_end() -> impl Strategy<Value = Termination> {
    (text(), any::<i32>(), any::<i64>(), any::<i64>()).prop_map(|(reason, exit_code, started, finished)| Termination {
        reason,
        exit_code,
        started,
        finished,
    })
}

fn any_container() -> impl Strategy<Value = ContainerFacts> {
    let state = prop_oneof![
        (text(), text()).prop_map(|(reason, message)| ContainerState::Waiting { reason, message }),
        any::<i64>().prop_map(|since| ContainerState::Running { since }),
        any_end().prop_map(ContainerState::Terminated),
    ];
    (text(), any::<(bool, bool, u32)>(), state, proptest::option::of(any_end())).prop_map(
        |(name, (init, ready, restarts), state, last)| ContainerFacts {
            image: name.clone(),
            image_id: name.clone(),
            name,
            init,
            ready,
            restarts,
            state,
            last,
        },
    )
}

proptest! {
    #[test]
    fn no_facts_make_a_verdict_panic_or_go_without_a_word(
        phase in proptest::sample::select(vec![Phase::Pending, Phase::Running, Phase::Succeeded, Phase::Failed, Phase::Unknown]),
        texts in proptest::collection::vec(proptest::option::of(text()), 4),
        times in any::<(i64, Option<i64>, i64, bool)>(),
        containers in proptest::collection::vec(any_container(), 0..4),
    ) {
        let (created, deletion, now, ready) = times;
        let status = pod(&PodFacts {
            phase,
            reason: texts[0].clone(),
            message: texts[1].clone(),
            created,
            deletion,
            ready,
            turned: 0,
            pull_secrets: Vec::new(),
            claims: Vec::new(),
            not_ready_reason: texts[2].clone(),
            unschedulable: texts[3].clone(),
            containers,
        }, now);
        prop_assert!(Word::of(&status).is_some());
        prop_assert!(status.why.is_empty() || status.why.ends_with('.'), "{}", status.why);
        prop_assert!(!status.why.chars().any(char::is_control));
        prop_assert!(status.state < State::Degraded || !status.why.is_empty());
        prop_assert!(ready || status.state != State::Ready);
    }
}
