use proptest::prelude::*;

use super::*;

const PLAN: [u8; 32] = [7; 32];
const OTHER: [u8; 32] = [8; 32];

fn life(needs_second: bool) -> Life {
    Life::planned("kim".into(), PLAN, needs_second, 1000)
}

/// Goes through events, all of which must be possible.
fn through(mut life: Life, events: &[Event]) -> Life {
    for event in events {
        life = life.after(event).unwrap_or_else(|obstacle| panic!("{event:?} at {:?}: {obstacle}", life.stage));
    }
    life
}

fn claim(fence: u64) -> Event {
    Event::Claim { fence, plan: PLAN }
}

fn approve(by: &str, plan: [u8; 32]) -> Event {
    Event::Approve { by: by.into(), plan }
}

#[test]
fn the_ways_that_lead_somewhere() {
    use Event::*;
    let sent = [claim(1), Record { fence: 1 }, Send { fence: 1 }];
    let after_sending = |more: &[Event]| [&sent[..], more].concat();
    for (events, expected) in [
        (after_sending(&[Accept, Progress, Finish]), Stage::Done),
        (after_sending(&[Accept, Finish]), Stage::Done),
        (after_sending(&[Accept, Progress, Fail]), Stage::Failed),
        (after_sending(&[Refuse]), Stage::Refused),
        (after_sending(&[LoseTrack]), Stage::Unknown),
        (after_sending(&[LoseTrack, Find { arrived: false }]), Stage::Refused),
        (after_sending(&[LoseTrack, Find { arrived: true }, Progress, Finish]), Stage::Done),
        (after_sending(&[Accept, Progress, LoseTrack, Finish]), Stage::Done),
        (vec![Withdraw], Stage::Refused),
        (vec![Tick(999)], Stage::Planned),
        (vec![Tick(1000)], Stage::Expired),
        (vec![claim(1), Tick(1000)], Stage::Expired),
        (after_sending(&[Tick(5000)]), Stage::Sent),
        // The first holder died before it sent; the second one sends.
        (vec![claim(1), Record { fence: 1 }, claim(2), Record { fence: 2 }, Send { fence: 2 }], Stage::Sent),
    ] {
        assert_eq!(through(life(false), &events).stage, expected, "{events:?}");
    }
    let approved = [Ask, approve("lee", PLAN), claim(1), Record { fence: 1 }, Send { fence: 1 }];
    assert_eq!(through(life(true), &approved).stage, Stage::Sent);
}

#[test]
fn what_stands_in_the_way() {
    use Event::*;
    for (what, life, events, last, expected) in [
        ("no second person", life(true), vec![], claim(1), Obstacle::NotApproved),
        ("still no second person", life(true), vec![Ask], claim(1), Obstacle::NotApproved),
        ("oneself", life(true), vec![Ask], approve("kim", PLAN), Obstacle::OwnApproval),
        ("of something else", life(true), vec![Ask], approve("lee", OTHER), Obstacle::OtherPlan),
        ("nobody asked", life(true), vec![], approve("lee", PLAN), Obstacle::OutOfOrder),
        ("changed since", life(false), vec![], Claim { fence: 1, plan: OTHER }, Obstacle::OtherPlan),
        ("not recorded", life(false), vec![claim(1)], Send { fence: 1 }, Obstacle::NotRecorded),
        (
            "taken over",
            life(false),
            vec![claim(1), Record { fence: 1 }, claim(2)],
            Send { fence: 1 },
            Obstacle::OldFence,
        ),
        (
            "recorded by the one before",
            life(false),
            vec![claim(1), Record { fence: 1 }, claim(2)],
            Send { fence: 2 },
            Obstacle::NotRecorded,
        ),
        ("an old number", life(false), vec![claim(5)], claim(5), Obstacle::OldFence),
        ("too late", life(false), vec![Tick(1000)], claim(1), Obstacle::Expired),
        (
            "twice",
            life(false),
            vec![claim(1), Record { fence: 1 }, Send { fence: 1 }],
            Send { fence: 1 },
            Obstacle::OutOfOrder,
        ),
        (
            "taken after sending",
            life(false),
            vec![claim(1), Record { fence: 1 }, Send { fence: 1 }],
            claim(2),
            Obstacle::OutOfOrder,
        ),
    ] {
        assert_eq!(through(life, &events).after(&last), Err(expected), "{what}");
    }
}

fn event() -> impl Strategy<Value = Event> {
    let person = prop_oneof![Just("kim".to_owned()), Just("lee".to_owned())];
    let plan = prop_oneof![4 => Just(PLAN), 1 => Just(OTHER)];
    prop_oneof![
        Just(Event::Ask),
        (person, plan.clone()).prop_map(|(by, plan)| Event::Approve { by, plan }),
        Just(Event::Withdraw),
        (0u64..5, plan).prop_map(|(fence, plan)| Event::Claim { fence, plan }),
        (0u64..5).prop_map(|fence| Event::Record { fence }),
        (0u64..5).prop_map(|fence| Event::Send { fence }),
        Just(Event::Accept),
        Just(Event::Refuse),
        Just(Event::LoseTrack),
        Just(Event::Progress),
        Just(Event::Finish),
        Just(Event::Fail),
        any::<bool>().prop_map(|arrived| Event::Find { arrived }),
        prop_oneof![8 => 0i64..999, 1 => 1000i64..2000].prop_map(Event::Tick),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn whatever_happens_in_whatever_order(needs_second in any::<bool>(), events in prop::collection::vec(event(), 0..60)) {
        let mut life = life(needs_second);
        let (mut sent, mut recorded_by, mut newest) = (0, None, 0);
        for event in &events {
            let before = life.clone();
            let Ok(after) = before.after(event) else { continue };
            prop_assert!(!before.stage.is_end() || after == before, "{:?} is an end, and {event:?} moved it", before.stage);
            match event {
                Event::Claim { fence, plan } => {
                    prop_assert!(*fence > newest && *plan == PLAN);
                    newest = *fence;
                }
                Event::Record { fence } => recorded_by = Some(*fence),
                Event::Send { fence } => {
                    sent += 1;
                    prop_assert_eq!(Some(*fence), recorded_by, "sent what was not recorded");
                    prop_assert_eq!(*fence, newest, "an old holder sent");
                    prop_assert!(!needs_second || after.approved_by() == Some("lee"), "sent without a second person");
                }
                _ => {}
            }
            if after.stage.may_have_acted() {
                prop_assert_eq!(sent, 1, "{:?} without having been sent once", after.stage);
            }
            if after.stage == Stage::Expired {
                prop_assert_eq!(sent, 0, "what was sent cannot expire");
            }
            life = after;
        }
    }
}
