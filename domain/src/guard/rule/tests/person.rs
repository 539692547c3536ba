//! Who asks, who else is here, and whether it is the object and the moment that was planned for.

use super::*;
use crate::access::Role;
use crate::guard::facts::Other;
use crate::registry::Tier;

#[test]
fn only_operators_and_leads_operate() {
    let at = "Fleet Management / Production";
    for (role, level, text) in [
        (Some(Role::Operator), Level::Green, format!("kim is operator in {at}")),
        (Some(Role::Lead), Level::Green, format!("kim is lead in {at}")),
        (Some(Role::Tester), Level::Red, format!("only an operator or a lead does this, and kim is tester in {at}")),
        (Some(Role::Admin), Level::Red, format!("only an operator or a lead does this, and kim is admin in {at}")),
        (None, Level::Red, format!("operating in {at} needs a role that kim does not have: an admin can give it")),
    ] {
        let mut facts = sample::facts();
        facts.asker.role = role;
        let lines = judge(&RESTART, &sample::target(), &facts).lines;
        let line = lines.iter().find(|line| line.rule == Rule::Role).unwrap();
        assert_eq!((line.level, &*line.text), (level, &*text));
    }
}

#[test]
fn what_is_older_than_ten_seconds_is_not_acted_on() {
    fn aged(facts: &mut Facts, age: i64) {
        facts.autoscaler = super::super::Known::Read { value: None, at: facts.now - age };
    }
    check(
        Rule::Freshness,
        &[
            (RESTART, |_| {}, "green: all of this was read at most 2 s ago"),
            (RESTART, |facts| aged(facts, 10), "green: all of this was read at most 10 s ago"),
            (
                RESTART,
                |facts| aged(facts, 11),
                "red: what is known of the autoscaler is 11 s old, and nothing is done on what is older than 10 s",
            ),
            (
                RESTART,
                |facts| aged(facts, -11),
                "red: what is known of the autoscaler is dated 11 s ahead: a clock is wrong",
            ),
            (RESTART, |facts| aged(facts, -10), "green: all of this was read at most 10 s ago"),
            // Where its pods are is not asked about where they may share nodes; nothing is where no pod is made.
            (RESTART, |facts| facts.pods = old(), "green: all of this was read at most 2 s ago"),
            (scale(2), |facts| facts.nodes = old(), "green: all of this was read at most 2 s ago"),
            (BACK, |facts| facts.revisions = old(), OLD_REVISIONS),
            (RESTART, |facts| facts.revisions = old(), OLD_REVISIONS),
            (scale(4), |facts| facts.revisions = old(), "green: all of this was read at most 2 s ago"),
            (
                scale(4),
                |facts| facts.quotas = old(),
                "red: what is known of the quotas is 1 min old, and nothing is done on what is older than 10 s",
            ),
            (scale(2), |facts| facts.quotas = old(), "green: all of this was read at most 2 s ago"),
        ],
    );
}

const OLD_REVISIONS: &str =
    "red: what is known of the revisions is 1 min old, and nothing is done on what is older than 10 s";

fn old<T>() -> super::super::Known<Vec<T>> {
    super::super::Known::Read { value: Vec::new(), at: sample::now() - 60 }
}

#[test]
fn what_each_operation_needs_must_be_fresh() {
    type Age = fn(&mut Facts);
    let stale: &[(&str, Age)] = &[
        ("Deployment", |facts| facts.workload = super::super::Known::Read { value: Some(sample::workload()), at: 0 }),
        ("disruption budgets", |facts| facts.budgets = old()),
        ("record", |facts| facts.others = old()),
        ("limit ranges", |facts| facts.limits = old()),
        ("nodes", |facts| facts.nodes = old()),
        ("pods", |facts| {
            workload(facts).anti_affinity = vec!["kubernetes.io/hostname".into()];
            facts.pods = old();
        }),
        ("backup", |facts| {
            facts.declared.as_mut().unwrap().role = crate::registry::Role::Database;
            facts.backup = super::super::Known::Read { value: None, at: 0 };
        }),
    ];
    for (what, age) in stale {
        let mut facts = sample::facts();
        age(&mut facts);
        let lines = judge(&RESTART, &sample::target(), &facts).lines;
        let line = lines.iter().find(|line| line.rule == Rule::Freshness).unwrap();
        assert_eq!(line.level, Level::Red, "{what}");
        assert!(line.text.starts_with(&format!("what is known of the {what} is ")), "{}", line.text);
    }
    let mut facts = sample::facts();
    facts.pods = super::super::Known::Read { value: vec![sample::pod("node-1")], at: 0 };
    for (operation, level) in [(evict("node-1"), Level::Red), (RESTART, Level::Green)] {
        let lines = judge(&operation, &sample::target(), &facts).lines;
        assert_eq!(lines.iter().find(|line| line.rule == Rule::Freshness).unwrap().level, level);
    }
}

#[test]
fn the_object_is_the_one_that_was_planned_for() {
    check(
        Rule::Target,
        &[
            (RESTART, |_| {}, "green: fleet-app is as it was when the plan was made"),
            (
                RESTART,
                |facts| workload(facts).uid = "uid-2".into(),
                "red: fleet-app was made anew since the plan was made: look at the new one",
            ),
            (
                RESTART,
                |facts| workload(facts).generation = 8,
                "red: fleet-app was changed since the plan was made, from generation 7 to 8",
            ),
            (
                RESTART,
                |facts| facts.workload = sample::read(None),
                "red: there is no Deployment fleet-app in fleet-management any more",
            ),
            (RESTART, |facts| facts.workload = unread(), "unknown: how fleet-app stands is not known: forbidden"),
        ],
    );
    check(
        Rule::Order,
        &[
            (RESTART, |_| {}, ""),
            (
                RESTART,
                |facts| facts.workload = sample::read(None),
                "red: there is no fleet-app that anything could be sent to",
            ),
            (RESTART, |facts| facts.workload = unread(), "red: fleet-app was not read, so nothing can be sent to it"),
        ],
    );
}

fn other(who: &str, under_way: bool, same_target: bool) -> Other {
    let what = if same_target { "Restart fleet-app" } else { "Scale fleet-api to 3" };
    Other { who: who.into(), what: what.into(), since: sample::now() - 120, under_way, same_target }
}

#[test]
fn who_else_is_here_is_said() {
    check(
        Rule::Others,
        &[
            (RESTART, |_| {}, "green: nobody else is at work here"),
            (
                RESTART,
                |facts| facts.others = unread(),
                "unknown: whether somebody else is at work here is not known: forbidden",
            ),
            (
                RESTART,
                |facts| facts.others = sample::read(vec![other("lee", true, true)]),
                "red: lee is at it since 2 min: Restart fleet-app",
            ),
            // Also when it is one's own.
            (
                RESTART,
                |facts| facts.others = sample::read(vec![other("kim", true, true)]),
                "red: kim is at it since 2 min: Restart fleet-app",
            ),
            (
                RESTART,
                |facts| facts.others = sample::read(vec![other("lee", true, false), other("max", false, true)]),
                "amber: lee changes this environment since 2 min: Scale fleet-api to 3 | \
                 amber: max looks at the same plan since 2 min",
            ),
            (
                RESTART,
                |facts| facts.others = sample::read(vec![other("kim", false, true), other("max", false, false)]),
                "green: nobody else is at work here",
            ),
        ],
    );
}

#[test]
fn two_who_look_at_a_plan_do_not_keep_each_other_from_it() {
    let target = sample::target();
    let mut facts = sample::facts();
    let alone = judge(&RESTART, &target, &facts);
    facts.others = sample::read(vec![other("lee", false, true)]);
    let both = judge(&RESTART, &target, &facts);
    assert_eq!(both.level(), Level::Amber);
    assert_eq!(both.refusals, []);
    assert_eq!(alone.fingerprint(&RESTART, &target), both.fingerprint(&RESTART, &target));
    // Nor does it ask for a reason where none is asked for.
    facts.place.tier = Tier::Staging;
    facts.autoscaler = sample::read(None);
    let operation = scale(4);
    assert!(!judge(&operation, &target, &facts).required.reason);
}
