//! Alerts, silences, what is to be sent, and which replica decides.

use domain::alert::life::{Alert, NoticeKind, Said};
use domain::alert::notice::Notice;
use domain::alert::{AlertKey, RuleId, Severity};
use server::store::ledger::Environments;
use server::store::{KeptAlert, Progress, Queued, Silence, Store};
use sqlx::Executor as _;

use crate::bench::{Bench, DAY, MINUTE, NOW, SECOND, on_both};

fn alert(id: &str, about: &str) -> KeptAlert {
    let environment = "shop/production".parse().unwrap();
    let key = AlertKey { environment, rule: RuleId::CrashLoop, about: about.into() };
    let alert = Alert {
        key,
        severity: Severity::Critical,
        title: format!("{about} crash loops"),
        evidence: "Seen.".into(),
        component: None,
        since: NOW,
        fired: Some(NOW),
        resolved: None,
        quiet_since: None,
        said: Said::Firing,
    };
    KeptAlert { id: id.into(), alert }
}

fn queued(id: &str, receiver: &str, alert: &KeptAlert, kind: NoticeKind) -> Queued {
    let notice = Notice::of(&alert.alert, &alert.id, kind, "The Shop Production", None, NOW);
    Queued { id: id.into(), receiver: receiver.into(), notice }
}

async fn queue(store: &Store, all: &[Queued], now: i64) {
    let mut write = store.write().await.unwrap();
    for queued in all {
        write.queue_notice(queued, now).await.unwrap();
    }
    write.commit().await.unwrap();
}

async fn keep(store: &Store, kept: &KeptAlert) -> bool {
    let mut write = store.write().await.unwrap();
    let done = write.keep_alert(kept, NOW).await;
    if done.is_ok() { write.commit().await.is_ok() } else { false }
}

async fn an_alert_is_kept_as_it_stands_and_of_one_thing_there_is_one(bench: Bench) {
    let store = &bench.store;
    let mut first = alert("a1", "web");
    assert!(keep(store, &first).await);
    assert!(!keep(store, &alert("a2", "web")).await, "two of one thing");
    assert!(keep(store, &alert("a3", "api")).await);
    let ids = |kept: Vec<KeptAlert>| kept.into_iter().map(|kept| kept.id).collect::<Vec<_>>();
    assert_eq!(ids(store.read().await.unwrap().unsettled_alerts().await.unwrap().alerts), ["a1", "a3"]);
    assert_eq!(store.read().await.unwrap().alert("a1").await.unwrap(), Some(first.clone()));

    // Over, and not yet told: it leaves room for the next, and something more comes of it.
    first.alert.resolved = Some(NOW + MINUTE);
    assert!(keep(store, &first).await && keep(store, &alert("a2", "web")).await);
    assert_eq!(ids(store.read().await.unwrap().unsettled_alerts().await.unwrap().alerts), ["a1", "a2", "a3"]);
    first.alert.said = Said::All;
    assert!(keep(store, &first).await);
    assert_eq!(ids(store.read().await.unwrap().unsettled_alerts().await.unwrap().alerts), ["a2", "a3"]);
    let shown = |after| async move {
        ids(store.read().await.unwrap().alerts_since(after, &Environments::All, 500).await.unwrap().0)
    };
    assert_eq!(shown(NOW).await, ["a2", "a3", "a1"]);
    assert_eq!(shown(NOW + MINUTE).await, ["a2", "a3"]);
    store.sweep(NOW + 91 * DAY).await.unwrap();
    assert_eq!(shown(0).await, ["a2", "a3"]);

    let mut write = store.write().await.unwrap();
    write.drop_alert("a3").await.unwrap();
    write.commit().await.unwrap();
    assert_eq!(shown(0).await, ["a2"]);
}

async fn a_notice_is_taken_by_one_and_sent_once(bench: Bench) {
    let store = &bench.store;
    let alert = alert("a1", "web");
    let firing = queued("n1", "on-call", &alert, NoticeKind::Firing);
    queue(store, std::slice::from_ref(&firing), NOW).await;
    // The same of the same alert to the same receiver is one, whatever its id.
    queue(store, &[queued("n2", "on-call", &alert, NoticeKind::Firing)], NOW).await;

    let claims = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.claim_notice(NOW, NOW + MINUTE).await.unwrap() })
    });
    let mut taken = Vec::new();
    for claim in claims.collect::<Vec<_>>() {
        taken.extend(claim.await.unwrap());
    }
    assert_eq!(taken.len(), 1);
    assert_eq!((&taken[0].queued, taken[0].attempts), (&firing, 1));

    // Whoever took it died: it is taken again after its time, and what the dead one writes counts no more.
    assert_eq!(store.claim_notice(NOW + MINUTE, NOW + 2 * MINUTE).await.unwrap(), None);
    let again = store.claim_notice(NOW + MINUTE + 1, NOW + 2 * MINUTE).await.unwrap().unwrap();
    assert_eq!((&*again.queued.id, again.attempts), ("n1", 2));
    assert!(!store.notice_sent(&taken[0], NOW).await.unwrap());
    assert!(store.notice_sent(&again, NOW + 3 * MINUTE).await.unwrap());
    assert!(!store.notice_failed(&again, &Progress::default(), "no", None, NOW).await.unwrap());
    assert_eq!(store.claim_notice(NOW + DAY, NOW + 2 * DAY).await.unwrap(), None);
    let sent = store.read().await.unwrap().sendings_of(&["a1".into()]).await.unwrap();
    assert_eq!((sent.len(), sent[0].sent_at, &*sent[0].trouble), (1, Some(NOW + 3 * MINUTE), ""));
}

async fn what_failed_is_due_again_and_the_end_waits_for_the_beginning(bench: Bench) {
    let store = &bench.store;
    let alert = alert("a1", "web");
    let all = [
        queued("n1", "on-call", &alert, NoticeKind::Firing),
        queued("n0", "on-call", &alert, NoticeKind::Resolved),
        queued("n2", "team", &alert, NoticeKind::Resolved),
    ];
    queue(store, &all, NOW).await;
    let claim = |now| async move {
        store.claim_notice(now, now + MINUTE).await.unwrap().map(|claimed| (claimed.queued.id.clone(), claimed))
    };
    let (id, firing) = claim(NOW).await.unwrap();
    assert_eq!(id, "n1");
    // That of another receiver waits for nothing.
    assert_eq!(claim(NOW).await.unwrap().0, "n2");
    assert!(claim(NOW).await.is_none());
    assert!(
        store
            .notice_failed(&firing, &Progress::default(), "it answered 503", Some(NOW + 5 * SECOND), NOW)
            .await
            .unwrap()
    );
    assert!(claim(NOW + 4 * SECOND).await.is_none());
    let (id, firing) = claim(NOW + 5 * SECOND).await.unwrap();
    assert_eq!((&*id, firing.attempts), ("n1", 2));
    assert!(store.notice_failed(&firing, &Progress::default(), "it answered 404", None, NOW + DAY).await.unwrap());
    assert_eq!(claim(NOW + DAY).await.unwrap().0, "n0");
    let sendings = store.read().await.unwrap().sendings_of(&["a1".into()]).await.unwrap();
    let given_up = sendings.iter().find(|sending| sending.kind == NoticeKind::Firing).unwrap();
    assert_eq!((given_up.gave_up_at, &*given_up.trouble), (Some(NOW + DAY), "it answered 404"));
    assert_eq!(store.read().await.unwrap().told_of_alert("a1").await.unwrap(), ["on-call"]);
}

async fn the_page_has_what_may_be_seen_however_much_there_is_of_others(bench: Bench) {
    let store = &bench.store;
    for number in 0..4 {
        assert!(keep(store, &alert(&format!("a{number}"), &format!("web-{number}"))).await);
    }
    let mut other = alert("b0", "web");
    other.alert.key.environment = "shop/staging".parse().unwrap();
    other.alert.since = NOW - DAY;
    assert!(keep(store, &other).await);
    let only = |text: &str| Environments::Only(vec![text.parse().unwrap()]);
    for (environments, most, ids, has_more) in [
        (Environments::All, 5, vec!["a0", "a1", "a2", "a3", "b0"], false),
        (Environments::All, 4, vec!["a0", "a1", "a2", "a3"], true),
        (only("shop/staging"), 1, vec!["b0"], false),
        (only("shop/production"), 2, vec!["a0", "a1"], true),
        (Environments::Only(Vec::new()), 2, vec![], false),
    ] {
        let found = store.read().await.unwrap().alerts_since(0, &environments, most).await.unwrap();
        let found = (found.0.into_iter().map(|kept| kept.id).collect::<Vec<_>>(), found.1);
        assert_eq!(found, (ids.into_iter().map(str::to_owned).collect(), has_more), "{environments:?} {most}");
    }
}

async fn what_a_newer_version_wrote_is_left_alone_and_holds_nothing_up(bench: Bench) {
    let store = &bench.store;
    assert!(keep(store, &alert("a1", "web")).await && keep(store, &alert("a2", "api")).await);
    let firing = |id: &str, alert: &KeptAlert| queued(id, "on-call", alert, NoticeKind::Firing);
    queue(store, &[firing("n1", &alert("a1", "web")), firing("n2", &alert("a2", "api"))], NOW).await;
    let silence = Silence {
        id: "s1".into(),
        key: alert("a", "web").alert.key,
        begun_at: NOW,
        until_at: NOW + DAY,
        reason: "we know".into(),
        by: "kim".into(),
    };
    let mut write = store.write().await.unwrap();
    write.begin_silence(&silence).await.unwrap();
    let other = Silence { id: "s2".into(), key: alert("a", "api").alert.key, ..silence.clone() };
    write.begin_silence(&other).await.unwrap();
    write.commit().await.unwrap();
    let mut raw = bench.raw().await;
    for statement in [
        // A word of which this version has not heard, and a field of which it has not.
        "update alerts set body = replace(body, 'crash-loop', 'new-rule') where id = 'a1'",
        "update alerts set body = replace(body, '{\"key\"', '{\"newField\":1,\"key\"') where id = 'a2'",
        "update alert_outbox set body = replace(body, 'crash-loop', 'new-rule') where id = 'n1'",
        "update alert_outbox set body = replace(body, '{\"kind\"', '{\"newField\":1,\"kind\"') where id = 'n2'",
        "update alert_silences set rule = 'new-rule' where id = 's2'",
    ] {
        assert_eq!(raw.execute(statement).await.unwrap().rows_affected(), 1, "{statement}");
    }
    let unsettled = store.read().await.unwrap().unsettled_alerts().await.unwrap();
    assert_eq!(unsettled.alerts, [alert("a2", "api")]);
    let taken: Vec<_> = unsettled.taken.into_iter().collect();
    assert_eq!(taken, [alert("a1", "web").alert.key.to_string()]);
    let silences = store.read().await.unwrap().silences(NOW).await.unwrap();
    assert_eq!(silences.iter().map(|silence| &*silence.id).collect::<Vec<_>>(), ["s1"]);
    assert_eq!(store.read().await.unwrap().silence("s2").await.unwrap(), None);

    // The notice that cannot be read is put aside, and after a day given up.
    assert_eq!(store.claim_notice(NOW, NOW + MINUTE).await.unwrap(), None);
    let second = store.claim_notice(NOW, NOW + MINUTE).await.unwrap().unwrap();
    assert_eq!(second.queued.id, "n2");
    assert!(store.notice_sent(&second, NOW).await.unwrap());
    assert_eq!(store.claim_notice(NOW + DAY, NOW + DAY + MINUTE).await.unwrap(), None);
    let sent = store.read().await.unwrap().sendings_of(&["a1".into()]).await.unwrap();
    assert_eq!((sent[0].due_at, sent[0].gave_up_at), (None, Some(NOW + DAY)));
}

async fn one_receiver_holds_up_no_other_and_what_is_critical_goes_first(bench: Bench) {
    let store = &bench.store;
    let mut all = Vec::new();
    for number in 0..4 {
        let alert = alert(&format!("a{number}"), &format!("web-{number}"));
        all.push(queued(&format!("n{number}"), "dead", &alert, NoticeKind::Firing));
    }
    let (mut warning, over) = (alert("w", "api"), alert("o", "db"));
    warning.alert.severity = Severity::Warning;
    all.push(queued("over", "fine", &over, NoticeKind::Resolved));
    all.push(queued("warning", "fine", &warning, NoticeKind::Firing));
    queue(store, &all, NOW).await;
    // Decided later, and sent first.
    queue(store, &[queued("critical", "other", &alert("c", "cache"), NoticeKind::Firing)], NOW + SECOND).await;
    let now = NOW + SECOND;
    let mut claimed = Vec::new();
    while let Some(one) = store.claim_notice(now, now + MINUTE).await.unwrap() {
        claimed.push(one);
    }
    let ids: Vec<_> = claimed.iter().map(|one| &*one.queued.id).collect();
    assert_eq!(ids, ["n0", "n1", "critical", "warning", "over"]);
    // One that came to an end makes room; how far it got is kept.
    let progress = Progress { told: ["a@example.com".into()].into(), unanswered: [("b@example.com".into(), 2)].into() };
    assert!(store.notice_failed(&claimed[0], &progress, "no", Some(now + DAY), now).await.unwrap());
    let next = store.claim_notice(now, now + MINUTE).await.unwrap().unwrap();
    assert_eq!((&*next.queued.id, &next.progress), ("n2", &Progress::default()));
    assert!(store.notice_sent(&next, now).await.unwrap());
    for id in ["n1", "warning", "over", "critical"] {
        let one = claimed.iter().find(|one| one.queued.id == id).unwrap();
        assert!(store.notice_sent(one, now).await.unwrap());
    }
    let last = store.claim_notice(now, now + MINUTE).await.unwrap().unwrap();
    assert_eq!(last.queued.id, "n3");
    assert!(store.notice_sent(&last, now).await.unwrap());
    let mut again = store.claim_notice(now + DAY, now + DAY + MINUTE).await.unwrap().unwrap();
    assert_eq!((&*again.queued.id, &again.progress), ("n0", &progress));
    // It is kept for longer while it is ours.
    assert!(store.keep_claim(&mut again, now + 2 * DAY).await.unwrap());
    assert!(!store.keep_claim(&mut claimed[0], now + 2 * DAY).await.unwrap());
    assert!(store.notice_sent(&again, now + DAY).await.unwrap());
}

async fn a_silence_holds_until_its_time_or_its_end(bench: Bench) {
    let store = &bench.store;
    let about = |about: &str, id: &str, until_at| Silence {
        id: id.into(),
        key: alert("a", about).alert.key,
        begun_at: NOW,
        until_at,
        reason: "we know".into(),
        by: "kim".into(),
    };
    let mut write = store.write().await.unwrap();
    // Of one thing the newest counts, however long the one before it was to last.
    write.begin_silence(&about("api", "s0", NOW + DAY)).await.unwrap();
    write.begin_silence(&about("api", "s1", NOW + MINUTE)).await.unwrap();
    write.begin_silence(&about("web", "s2", NOW + DAY)).await.unwrap();
    write.commit().await.unwrap();
    let holding = |now| async move { store.read().await.unwrap().silences(now).await.unwrap() };
    assert_eq!(holding(NOW).await, [about("api", "s1", NOW + MINUTE), about("web", "s2", NOW + DAY)]);
    assert_eq!(holding(NOW + MINUTE).await.len(), 1);
    let mut write = store.write().await.unwrap();
    assert!(write.end_silence("s2", NOW + 2 * MINUTE).await.unwrap());
    assert!(!write.end_silence("s2", NOW + 3 * MINUTE).await.unwrap());
    assert!(!write.end_silence("s1", NOW + 3 * MINUTE).await.unwrap());
    write.commit().await.unwrap();
    assert_eq!(holding(NOW + 2 * MINUTE).await, []);
    assert_eq!(store.read().await.unwrap().silence("s2").await.unwrap().unwrap().until_at, NOW + 2 * MINUTE);
}

async fn one_replica_decides_until_its_time_is_over(bench: Bench) {
    let store = &bench.store;
    let hold = |holder: &'static str, now| async move {
        let mut write = store.write().await.unwrap();
        let fence = write.hold_alerts(holder, now, now + MINUTE).await.unwrap();
        write.commit().await.unwrap();
        fence
    };
    assert_eq!(hold("a", NOW).await, Some(1));
    assert_eq!(hold("b", NOW + SECOND).await, None);
    assert_eq!(hold("a", NOW + SECOND).await, Some(1));
    assert_eq!(hold("b", NOW + 2 * MINUTE).await, Some(2));
    assert_eq!(hold("a", NOW + 2 * MINUTE).await, None);
    // One that would not take it from whoever let go of it a moment ago, and holds nothing against others.
    let blind = |holder: &'static str, now| async move {
        let mut write = store.write().await.unwrap();
        let fence = write.hold_alerts(holder, now - MINUTE, now).await.unwrap();
        write.commit().await.unwrap();
        fence
    };
    assert_eq!(blind("c", NOW + 4 * MINUTE).await, None);
    assert_eq!(blind("c", NOW + 4 * MINUTE + 1).await, Some(3));
    assert_eq!(blind("c", NOW + 4 * MINUTE + SECOND).await, Some(3));
    assert_eq!(hold("b", NOW + 4 * MINUTE + 2 * SECOND).await, Some(4));
    let mut write = store.write().await.unwrap();
    write.release_alerts("a").await.unwrap();
    write.release_alerts("b").await.unwrap();
    write.commit().await.unwrap();
    // Somebody else decided meanwhile: the number says so.
    assert_eq!(hold("a", NOW + 2 * MINUTE).await, Some(5));
}

on_both!(
    the_page_has_what_may_be_seen_however_much_there_is_of_others,
    what_a_newer_version_wrote_is_left_alone_and_holds_nothing_up,
    one_receiver_holds_up_no_other_and_what_is_critical_goes_first,
    an_alert_is_kept_as_it_stands_and_of_one_thing_there_is_one,
    a_notice_is_taken_by_one_and_sent_once,
    what_failed_is_due_again_and_the_end_waits_for_the_beginning,
    a_silence_holds_until_its_time_or_its_end,
    one_replica_decides_until_its_time_is_over,
);
