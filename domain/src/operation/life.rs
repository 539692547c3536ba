//! The life of an operation, from the plan to what came of it.
//!
//! ```text
//! planned ──> awaiting ──> claimed ──> sent ──> accepted ──> running ──> done
//!    │            │           │         │           │           ├──────> failed
//!    │            │           │         ├──> refused│           │
//!    │            │           │         └──> unknown ──> accepted, refused, done, failed
//!    └────────────┴───────────┴──> refused, expired
//! ```
//!
//! What holds, whatever happens and in whatever order: nothing is sent that was not recorded before; nothing is sent
//! twice; whoever planned does not approve; an end stays the end.

use serde::{Deserialize, Serialize};

#[cfg(test)]
mod tests;

/// Where an operation stands. Six of these are words that people must tell apart: accepted, running, done, failed,
/// unknown, refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Somebody looks at its plan.
    Planned,
    /// A second person is asked.
    Awaiting,
    /// A replica of the program holds it and will send it.
    Claimed,
    /// On its way; whether it arrived is not known yet.
    Sent,
    /// The API server took it.
    Accepted,
    /// The controllers are at it.
    Running,
    /// The cluster is as it was asked to be.
    Done,
    /// It was taken, and did not come about.
    Failed,
    /// It was sent, and nothing says what came of it.
    Unknown,
    /// It was not allowed, or the API server did not take it: nothing changed.
    Refused,
    /// Nobody pressed, or nobody approved, in time.
    Expired,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Planned,
        Self::Awaiting,
        Self::Claimed,
        Self::Sent,
        Self::Accepted,
        Self::Running,
        Self::Done,
        Self::Failed,
        Self::Unknown,
        Self::Refused,
        Self::Expired,
    ];

    /// Whether nothing follows. `Unknown` is no end: somebody must find out.
    pub fn is_end(self) -> bool {
        match self {
            Self::Done | Self::Failed | Self::Refused | Self::Expired => true,
            Self::Planned
            | Self::Awaiting
            | Self::Claimed
            | Self::Sent
            | Self::Accepted
            | Self::Running
            | Self::Unknown => false,
        }
    }

    /// Whether the cluster may have changed by it.
    pub fn may_have_acted(self) -> bool {
        match self {
            Self::Sent | Self::Accepted | Self::Running | Self::Done | Self::Failed | Self::Unknown => true,
            Self::Planned | Self::Awaiting | Self::Claimed | Self::Refused | Self::Expired => false,
        }
    }
}

/// Something that happens to an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// Whoever planned it asks for a second person.
    Ask,
    /// Somebody approves this very plan.
    Approve {
        /// Who.
        by: String,
        /// The hash of the plan that they saw.
        plan: [u8; 32],
    },
    /// Somebody who was asked says no, or whoever planned it thinks again.
    Withdraw,
    /// A replica takes it. The fence counts up with each claim; an older holder is told apart by it.
    Claim {
        /// Its number: greater than all before.
        fence: u64,
        /// The hash of the plan as it would be made now.
        plan: [u8; 32],
    },
    /// Its beginning stands in the ledger.
    Record {
        /// Whose claim.
        fence: u64,
    },
    /// It leaves for the API server.
    Send {
        /// Whose claim.
        fence: u64,
    },
    /// The API server took it.
    Accept,
    /// The API server did not take it.
    Refuse,
    /// Neither came: a time-out, a cut connection, a replica that died.
    LoseTrack,
    /// The controllers have begun.
    Progress,
    /// The cluster is as asked.
    Finish,
    /// It will not come about: a deadline passed, pods fail.
    Fail,
    /// Somebody looked whether it arrived, by the operation's id in the object.
    Find {
        /// Whether it did.
        arrived: bool,
    },
    /// Time passed: microseconds since 1970.
    Tick(i64),
}

/// Why something does not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// Not from where it stands.
    #[error("that does not follow from where the operation stands")]
    OutOfOrder,
    /// Nobody is their own second person.
    #[error("whoever planned it cannot approve it: a second person must")]
    OwnApproval,
    /// A second person is needed.
    #[error("a second person has to approve it first")]
    NotApproved,
    /// What would be done is not what was seen.
    #[error("the plan has changed since it was shown: look at the new one")]
    OtherPlan,
    /// Somebody else holds it.
    #[error("another replica has taken it over")]
    OldFence,
    /// What is not recorded is not done.
    #[error("its beginning does not stand in the ledger yet")]
    NotRecorded,
    /// Too late.
    #[error("it has expired")]
    Expired,
}

/// An operation's life so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// Where it stands.
    pub stage: Stage,
    /// Who planned it.
    by: String,
    /// The hash of the plan that they saw.
    plan: [u8; 32],
    /// Whether a second person is needed.
    needs_second: bool,
    /// Who approved it.
    approved_by: Option<String>,
    /// By when it must be on its way, microseconds since 1970.
    expires: i64,
    /// Of the newest claim.
    fence: u64,
    /// Whether its beginning stands in the ledger, under the newest claim.
    recorded: bool,
}

impl Life {
    /// A plan that somebody looks at. It must be on its way before `expires`, microseconds since 1970.
    pub fn planned(by: String, plan: [u8; 32], needs_second: bool, expires: i64) -> Self {
        Self { stage: Stage::Planned, by, plan, needs_second, approved_by: None, expires, fence: 0, recorded: false }
    }

    /// Who approved it.
    pub fn approved_by(&self) -> Option<&str> {
        self.approved_by.as_deref()
    }

    /// What an event makes of it. On an obstacle it stays as it was.
    pub fn after(&self, event: &Event) -> Result<Self, Obstacle> {
        use Stage::*;
        let mut next = self.clone();
        let goes_to = |mut life: Self, stage| {
            life.stage = stage;
            Ok(life)
        };
        match (self.stage, event) {
            (Planned, Event::Ask) => goes_to(next, Awaiting),
            (Awaiting, Event::Approve { by, plan }) => {
                if *by == self.by {
                    return Err(Obstacle::OwnApproval);
                }
                if *plan != self.plan {
                    return Err(Obstacle::OtherPlan);
                }
                next.approved_by = Some(by.clone());
                Ok(next)
            }
            (Planned | Awaiting, Event::Withdraw) => goes_to(next, Refused),
            (Planned | Awaiting | Claimed, Event::Tick(now)) if *now >= self.expires => goes_to(next, Expired),
            (_, Event::Tick(_)) => Ok(next),
            // A replica that died before it sent is followed by another.
            (Planned | Awaiting | Claimed, Event::Claim { fence, plan }) => {
                if *fence <= self.fence {
                    return Err(Obstacle::OldFence);
                }
                if self.needs_second && self.approved_by.is_none() {
                    return Err(Obstacle::NotApproved);
                }
                if *plan != self.plan {
                    return Err(Obstacle::OtherPlan);
                }
                (next.fence, next.recorded) = (*fence, false);
                goes_to(next, Claimed)
            }
            (Claimed, Event::Record { fence }) => {
                if *fence != self.fence {
                    return Err(Obstacle::OldFence);
                }
                next.recorded = true;
                Ok(next)
            }
            (Claimed, Event::Send { fence }) => {
                if *fence != self.fence {
                    return Err(Obstacle::OldFence);
                }
                if !self.recorded {
                    return Err(Obstacle::NotRecorded);
                }
                goes_to(next, Sent)
            }
            (Claimed, Event::Refuse) => goes_to(next, Refused),
            (Sent, Event::Accept) => goes_to(next, Accepted),
            (Sent, Event::Refuse) => goes_to(next, Refused),
            (Sent | Accepted | Running, Event::LoseTrack) => goes_to(next, Unknown),
            (Unknown, Event::Find { arrived: true }) => goes_to(next, Accepted),
            (Unknown, Event::Find { arrived: false }) => goes_to(next, Refused),
            (Accepted, Event::Progress) => goes_to(next, Running),
            (Accepted | Running | Unknown, Event::Finish) => goes_to(next, Done),
            (Accepted | Running | Unknown, Event::Fail) => goes_to(next, Failed),
            (Expired, _) => Err(Obstacle::Expired),
            (
                Planned | Awaiting | Claimed | Sent | Accepted | Running | Done | Failed | Unknown | Refused,
                Event::Ask
                | Event::Approve { .. }
                | Event::Withdraw
                | Event::Claim { .. }
                | Event::Record { .. }
                | Event::Send { .. }
                | Event::Accept
                | Event::Refuse
                | Event::LoseTrack
                | Event::Progress
                | Event::Finish
                | Event::Fail
                | Event::Find { .. },
            ) => Err(Obstacle::OutOfOrder),
        }
    }
}
