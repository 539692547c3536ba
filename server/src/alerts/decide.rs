//! From what the rules see to what is written down: which alerts begin, go on and end, and to whom that is sent.

use std::collections::{HashMap, HashSet};

use domain::alert::life::{Alert, Look, NoticeKind, Step, Terms, begin, step};
use domain::alert::notice::Notice;
use domain::alert::{self, AlertKey, RuleId, Seen};
use domain::name::EnvironmentId;
use domain::registry::{Registry, RuleHere};

use crate::rows::Rows;
use crate::store::{KeptAlert, Queued, Silence, StoreError, Unsettled, Write};

/// What the rules see of all environments at a moment.
pub(super) struct Scene {
    environments: HashMap<EnvironmentId, Place>,
}

/// What they see of one.
struct Place {
    /// `Fleet Management Production`.
    name: String,
    /// What each rule that is on sees; `None`: nobody can say.
    seen: HashMap<RuleId, (RuleHere, Option<Seen>)>,
}

impl Scene {
    /// Has every rule look at every environment.
    pub fn of(rows: &Rows, registry: &Registry) -> Self {
        let mut environments = HashMap::new();
        rows.each_sight(|sight, declared| {
            let id = &sight.head.id;
            let rules = RuleId::ALL.into_iter().filter_map(|rule| {
                let here = registry.alerts.rule(rule, id);
                let seen = (!here.off).then(|| alert::symptoms(rule.rule(), sight, here.threshold))?;
                Some((rule, (here, seen)))
            });
            let name = format!("{} {}", sight.head.system, declared.title());
            environments.insert(id.clone(), Place { name, seen: rules.collect() });
        });
        Self { environments }
    }

    /// What is seen of a thing. What no rule looks at any more is gone.
    fn look(&self, key: &AlertKey) -> Look<'_> {
        let seen = self.environments.get(&key.environment).and_then(|place| place.seen.get(&key.rule));
        match seen {
            None => Look::Absent,
            Some((_, None)) => Look::Unknown,
            Some((_, Some(seen))) => match seen.symptoms.iter().find(|symptom| symptom.about == key.about) {
                Some(symptom) => Look::Present(symptom),
                None if seen.hidden.contains(&key.about) => Look::Unknown,
                None => Look::Absent,
            },
        }
    }

    /// Everything that is wrong, each once.
    fn wrong(&self) -> Vec<AlertKey> {
        let mut keys = Vec::new();
        for (environment, place) in &self.environments {
            for (rule, (_, seen)) in &place.seen {
                for symptom in seen.iter().flat_map(|seen| &seen.symptoms) {
                    let key = AlertKey { environment: environment.clone(), rule: *rule, about: symptom.about.clone() };
                    keys.push(key);
                }
            }
        }
        keys.sort();
        keys.dedup();
        keys
    }

    fn here(&self, key: &AlertKey) -> Option<&RuleHere> {
        Some(&self.environments.get(&key.environment)?.seen.get(&key.rule)?.0)
    }

    /// What people call an environment; its id where it is not registered any more.
    fn name(&self, id: &EnvironmentId) -> String {
        self.environments.get(id).map_or_else(|| id.to_string(), |place| place.name.clone())
    }
}

/// What is to be written down of one alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// How it stands, and what is to be sent of it.
    Keep(Box<KeptAlert>, Option<NoticeKind>),
    /// It went before it fired.
    Drop(String),
}

/// What follows for every alert that is known, and for everything that is wrong and has none yet.
pub(super) fn decide(
    scene: &Scene,
    known: Unsettled,
    silences: &[Silence],
    now: i64,
    mut new_id: impl FnMut() -> String,
) -> Vec<Change> {
    let terms = |key: &AlertKey| {
        let rule = key.rule.rule();
        Terms {
            severity: rule.severity,
            for_seconds: scene.here(key).map_or(rule.for_seconds, |here| here.for_seconds),
            quiet_seconds: rule.quiet_seconds,
            is_silenced: silences.iter().any(|silence| silence.key == *key && silence.until_at > now),
        }
    };
    let mut changes = Vec::new();
    let mut open = HashSet::new();
    for KeptAlert { id, alert } in known.alerts {
        let was_over = alert.resolved.is_some();
        if !was_over {
            open.insert(alert.key.clone());
        }
        let before = alert.clone();
        let Step { alert, notice } = step(alert, scene.look(&before.key), &terms(&before.key), now);
        match alert {
            None => changes.push(Change::Drop(id)),
            Some(alert) if alert != before || notice.is_some() => {
                changes.push(Change::Keep(Box::new(KeptAlert { id, alert }), notice));
            }
            Some(_) => {}
        }
    }
    // What cannot be read may be of a newer version, which decides about it when its turn comes.
    let is_taken = |key: &AlertKey| open.contains(key) || known.taken.contains(&key.to_string());
    for key in scene.wrong().into_iter().filter(|key| !is_taken(key)) {
        let Step { alert, notice } = begin(&key, scene.look(&key), &terms(&key), now);
        if let Some(alert) = alert {
            changes.push(Change::Keep(Box::new(KeptAlert { id: new_id(), alert }), notice));
        }
    }
    changes
}

/// Where links in notices lead.
pub(super) struct Links {
    /// `https://quarterdeck.example.com`; `None` where nobody said.
    pub origin: Option<String>,
}

impl Links {
    /// The page that says more about an alert.
    fn of(&self, alert: &Alert) -> Option<String> {
        let path = match &alert.component {
            Some(component) => app::links::component(component),
            None => app::links::environment(&alert.key.environment),
        };
        self.page(&path)
    }

    /// A page of ours.
    pub fn page(&self, path: &str) -> Option<String> {
        self.origin.as_ref().map(|origin| [origin.trim_end_matches('/'), path].concat())
    }
}

/// Writes a change down, with what is to be sent of it.
pub(super) async fn write_down(
    write: &mut Write,
    change: Change,
    scene: &Scene,
    links: &Links,
    now: i64,
) -> Result<(), StoreError> {
    let (kept, kind) = match change {
        Change::Drop(id) => return write.drop_alert(&id).await,
        Change::Keep(kept, kind) => (kept, kind),
    };
    write.keep_alert(&kept, now).await?;
    let Some(kind) = kind else { return Ok(()) };
    let receivers = match kind {
        NoticeKind::Firing => scene.here(&kept.alert.key).map(|here| here.receivers.clone()).unwrap_or_default(),
        // Those who were told that it fires, whatever the registry says by now.
        NoticeKind::Resolved => write.told_of_alert(&kept.id).await?,
        NoticeKind::Test => Vec::new(),
    };
    let place = scene.name(&kept.alert.key.environment);
    let notice = Notice::of(&kept.alert, &kept.id, kind, &place, links.of(&kept.alert), now);
    for receiver in receivers {
        let queued = Queued { id: super::new_id(), receiver, notice: notice.clone() };
        write.queue_notice(&queued, now).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::alert::Symptom;
    use domain::alert::life::{Said, Stage};

    use super::*;

    const SECOND: i64 = 1_000_000;

    fn key(about: &str) -> AlertKey {
        AlertKey { environment: "shop/production".parse().unwrap(), rule: RuleId::CrashLoop, about: about.into() }
    }

    /// A scene of one environment and one rule.
    fn scene(seen: Option<Seen>) -> Scene {
        let here = RuleHere { off: false, for_seconds: 60, threshold: 0, receivers: vec!["on-call".into()] };
        let seen = HashMap::from([(RuleId::CrashLoop, (here, seen))]);
        let place = Place { name: "The Shop Production".into(), seen };
        Scene { environments: HashMap::from([("shop/production".parse().unwrap(), place)]) }
    }

    fn seen(abouts: &[&str], hidden: &[&str]) -> Option<Seen> {
        let symptom = |about: &&str| Symptom {
            about: (*about).into(),
            title: format!("{about} crash loops"),
            evidence: "Seen.".into(),
            since: None,
            component: None,
        };
        let hidden = hidden.iter().map(|about| Arc::from(*about)).collect();
        Some(Seen { symptoms: abouts.iter().map(symptom).collect(), hidden })
    }

    fn silence(about: &str, until: i64) -> Silence {
        let (reason, by) = (String::new(), String::new());
        Silence { id: "s".into(), key: key(about), begun_at: 0, until_at: until, reason, by }
    }

    /// Decides, and says what is kept after it with what is to be sent.
    fn after(scene: &Scene, known: &mut Vec<KeptAlert>, silences: &[Silence], now: i64) -> Vec<(String, NoticeKind)> {
        let mut number = known.len();
        let unsettled = Unsettled { alerts: known.clone(), taken: HashSet::new() };
        let changes = decide(scene, unsettled, silences, now, || {
            number += 1;
            format!("{now}-{number}")
        });
        let mut sent = Vec::new();
        for change in changes {
            match change {
                Change::Drop(id) => known.retain(|kept| kept.id != id),
                Change::Keep(kept, kind) => {
                    known.retain(|other| other.id != kept.id);
                    sent.extend(kind.map(|kind| (kept.alert.key.about.to_string(), kind)));
                    known.push(*kept);
                }
            }
        }
        known.retain(|kept| !kept.alert.is_settled());
        known.sort_by(|a, b| a.alert.key.cmp(&b.alert.key));
        sent
    }

    #[test]
    fn each_thing_has_one_alert_that_begins_and_ends_by_itself() {
        let (mut known, none) = (Vec::new(), &[][..]);
        assert_eq!(after(&scene(seen(&["api", "web"], &[])), &mut known, none, 0), []);
        assert_eq!(known.len(), 2);
        let firing = after(&scene(seen(&["api", "web"], &[])), &mut known, none, 60 * SECOND);
        assert_eq!(firing, [("api".into(), NoticeKind::Firing), ("web".into(), NoticeKind::Firing)]);
        // One goes, of the other nobody can say.
        for seconds in [100, 700] {
            let sent = after(&scene(seen(&[], &["web"])), &mut known, none, seconds * SECOND);
            assert_eq!(sent, if seconds == 700 { vec![("api".into(), NoticeKind::Resolved)] } else { vec![] });
        }
        assert_eq!(known.iter().map(|kept| kept.alert.stage()).collect::<Vec<_>>(), [Stage::Firing]);
        // Nothing is known of the whole cluster.
        assert_eq!(after(&scene(None), &mut known, none, 9_000 * SECOND), []);
        assert_eq!(known.len(), 1);
    }

    #[test]
    fn of_what_cannot_be_read_no_other_alert_begins() {
        let taken = HashSet::from([key("web").to_string()]);
        let known = Unsettled { alerts: Vec::new(), taken };
        let changes = decide(&scene(seen(&["api", "web"], &[])), known, &[], 0, || "a".into());
        let begun: Vec<_> = changes
            .iter()
            .map(|change| match change {
                Change::Keep(kept, _) => &*kept.alert.key.about,
                Change::Drop(id) => panic!("{id}"),
            })
            .collect();
        assert_eq!(begun, ["api"]);
    }

    #[test]
    fn what_is_not_registered_any_more_ends() {
        let mut known = Vec::new();
        after(&scene(seen(&["web"], &[])), &mut known, &[], 0);
        after(&scene(seen(&["web"], &[])), &mut known, &[], 60 * SECOND);
        let empty = Scene { environments: HashMap::new() };
        assert_eq!(after(&empty, &mut known, &[], 100 * SECOND), []);
        assert_eq!(after(&empty, &mut known, &[], 700 * SECOND), [("web".into(), NoticeKind::Resolved)]);
        assert!(known.is_empty());
    }

    #[test]
    fn a_silence_is_about_one_thing_and_ends() {
        let (mut known, silences) = (Vec::new(), [silence("web", 100 * SECOND)]);
        let both = scene(seen(&["api", "web"], &[]));
        after(&both, &mut known, &silences, 0);
        assert_eq!(after(&both, &mut known, &silences, 60 * SECOND), [("api".into(), NoticeKind::Firing)]);
        assert_eq!(after(&both, &mut known, &silences, 99 * SECOND), []);
        assert_eq!(after(&both, &mut known, &silences, 100 * SECOND), [("web".into(), NoticeKind::Firing)]);
    }

    #[test]
    fn what_comes_back_after_its_end_is_another_alert_and_the_end_is_told_while_it_is_silenced() {
        let mut known = Vec::new();
        let wrong = scene(seen(&["web"], &[]));
        after(&wrong, &mut known, &[], 0);
        after(&wrong, &mut known, &[], 60 * SECOND);
        let first = known[0].id.clone();
        let (fine, silences) = (scene(seen(&[], &[])), [silence("web", 5_000 * SECOND)]);
        after(&fine, &mut known, &silences, 100 * SECOND);
        assert_eq!(after(&fine, &mut known, &silences, 700 * SECOND), [("web".into(), NoticeKind::Resolved)]);
        assert!(known.is_empty());
        assert_eq!(after(&wrong, &mut known, &silences, 800 * SECOND), []);
        assert_eq!(after(&wrong, &mut known, &silences, 900 * SECOND), []);
        assert_eq!((known.len(), known[0].alert.said), (1, Said::Nothing));
        assert_ne!(known[0].id, first);
        assert_eq!(after(&wrong, &mut known, &[], 5_000 * SECOND), [("web".into(), NoticeKind::Firing)]);
    }

    #[test]
    fn links_lead_to_the_page_that_says_more() {
        let mut alert = begin(
            &key("web"),
            Look::Present(&seen(&["web"], &[]).unwrap().symptoms[0]),
            &Terms { severity: alert::Severity::Critical, for_seconds: 0, quiet_seconds: 60, is_silenced: false },
            0,
        )
        .alert
        .unwrap();
        let links = Links { origin: Some("https://quarterdeck.example.com".into()) };
        assert_eq!(links.of(&alert).unwrap(), "https://quarterdeck.example.com/e/shop/production");
        alert.component = Some("shop/production/deployment/web".parse().unwrap());
        assert_eq!(links.of(&alert).unwrap(), "https://quarterdeck.example.com/e/shop/production/deployment/web");
        assert_eq!(Links { origin: None }.of(&alert), None);
    }
}
