//! The last lines of what ends again and again, read once for each end, so that findings can show them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::component::clues::LastLines;
use domain::name::ComponentId;
use domain::text::plain;
use futures::{StreamExt as _, stream};
use kube::api::LogParams;
use kube::core::Request;
use tokio::time::{Instant, interval};
use tokio_util::sync::CancellationToken;

use super::lines_of;
use crate::cluster::{Clusters, ask};
use crate::rows::{Crash, Rows};

/// Time between two looks at what ends.
const ROUND: Duration = Duration::from_secs(2);
/// The least time between two reads for one component.
const PAUSE: Duration = Duration::from_secs(30);
/// How long after a read that told nothing the same end is read again.
const AGAIN: Duration = Duration::from_secs(300);
/// How many logs are read at a time.
const AT_A_TIME: usize = 4;
/// The lines that are shown.
const LINES: usize = 5;
/// The lines that are read: some of them are blank, or the rest of one.
const LINES_READ: i64 = 20;
/// The most bytes of them.
const BYTES: i64 = 16 * 1024;
/// The most characters of one that are shown.
const LINE_LIMIT: usize = 300;

/// When what was last read for a component.
type Tries = HashMap<ComponentId, (Instant, u128, Arc<str>, u32)>;

/// Reads until cancelled.
pub async fn read_crashes(rows: Arc<Rows>, clusters: Arc<Clusters>, cancel: CancellationToken) {
    let mut tries = Tries::new();
    let mut rounds = interval(ROUND);
    loop {
        let round = async {
            rounds.tick().await;
            let due = due(&mut tries, rows.crashes(), Instant::now());
            let mut reads = stream::iter(due)
                .map(|crash| async {
                    let lines = read(&clusters, &crash).await;
                    (crash, lines)
                })
                .buffer_unordered(AT_A_TIME);
            while let Some((crash, lines)) = reads.next().await {
                if let Some(lines) = lines.filter(|lines| !lines.is_empty()) {
                    let Crash { component, uid, container, restarts, .. } = crash;
                    rows.last_lines(&component, LastLines { pod: uid, container, restarts, lines });
                }
            }
        };
        tokio::select! {
            () = cancel.cancelled() => return,
            () = round => {}
        }
    }
}

/// Which of these are read now: each end once, and of one component not too often.
fn due(tries: &mut Tries, crashes: Vec<Crash>, now: Instant) -> Vec<Crash> {
    tries.retain(|_, (at, ..)| now.duration_since(*at) < AGAIN);
    let is_due = |crash: &Crash| match tries.get(&crash.component) {
        None => true,
        Some((at, uid, container, restarts)) => {
            let is_same = (*uid, container, *restarts) == (crash.uid, &crash.container, crash.restarts);
            !is_same && now.duration_since(*at) >= PAUSE
        }
    };
    let due: Vec<Crash> = crashes.into_iter().filter(is_due).collect();
    for crash in &due {
        tries.insert(crash.component.clone(), (now, crash.uid, crash.container.clone(), crash.restarts));
    }
    due
}

/// The last lines of a container, masked as on a page of logs; `None` when they cannot be read.
async fn read(clusters: &Clusters, crash: &Crash) -> Option<Vec<Arc<str>>> {
    let reader = clusters.reader(&crash.cluster).await.ok()?;
    let request = Request::new(format!("/api/v1/namespaces/{}/pods", crash.namespace));
    let parameters = LogParams {
        container: Some(crash.container.to_string()),
        previous: crash.previous,
        tail_lines: Some(LINES_READ),
        limit_bytes: Some(BYTES),
        timestamps: true,
        ..LogParams::default()
    };
    let text = ask("reading its log", || async {
        let logs = request.logs(&crash.pod, &parameters).map_err(kube::Error::BuildRequest)?;
        reader.request_text(logs).await
    });
    Some(last_of(&lines_of(text.await.ok()?.as_bytes(), clusters.masks()).0))
}

/// The last of these lines that say something.
fn last_of(lines: &[Arc<str>]) -> Vec<Arc<str>> {
    let said: Vec<&Arc<str>> = lines.iter().filter(|line| !line.trim().is_empty()).collect();
    said[said.len().saturating_sub(LINES)..].iter().map(|line| plain(line, LINE_LIMIT).as_ref().into()).collect()
}

#[cfg(test)]
mod tests {
    use domain::name::{ClusterId, Namespace};

    use super::*;

    fn crash(component: &str, uid: u128, restarts: u32) -> Crash {
        Crash {
            component: format!("shop/production/Deployment/{component}").parse().unwrap(),
            cluster: ClusterId::new("main").unwrap(),
            namespace: Namespace::new("shop").unwrap(),
            pod: format!("{component}-1").into(),
            uid,
            container: "main".into(),
            restarts,
            previous: true,
        }
    }

    #[test]
    fn each_end_is_read_once_and_of_a_component_not_too_often() {
        let mut tries = Tries::new();
        let start = Instant::now();
        for (seconds, crashes, read) in [
            (0, vec![crash("api", 1, 3), crash("app", 2, 1)], 2),
            (2, vec![crash("api", 1, 3), crash("app", 2, 1)], 0),
            (10, vec![crash("api", 1, 4)], 0),
            (31, vec![crash("api", 1, 4), crash("app", 2, 1)], 1),
            (40, vec![crash("api", 9, 4)], 0),
            (62, vec![crash("api", 9, 4)], 1),
            // It told nothing, and is asked again after a long while.
            (100, vec![crash("api", 9, 4)], 0),
            (400, vec![crash("api", 9, 4)], 1),
        ] {
            let now = start + Duration::from_secs(seconds);
            assert_eq!(due(&mut tries, crashes, now).len(), read, "after {seconds} s");
        }
        due(&mut tries, Vec::new(), start + Duration::from_secs(4_000));
        assert!(tries.is_empty(), "what is over is forgotten");
    }

    #[test]
    fn the_last_lines_that_say_something_are_shown() {
        let lines: Vec<Arc<str>> = ["a", "b", " ", "c", "d", "e", "", "f\u{202e}"].map(Into::into).into();
        let shown = last_of(&lines);
        assert_eq!(shown.iter().map(|line| &**line).collect::<Vec<_>>(), ["b", "c", "d", "e", "f\u{fffd}"]);
        assert_eq!(last_of(&["x".repeat(400).into()])[0].chars().count(), LINE_LIMIT + 1);
        assert_eq!(last_of(&[]), Vec::<Arc<str>>::new());
    }
}
