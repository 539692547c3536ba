//! What a page of logs shows.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::drawn::Span;
use super::level::Level;
use crate::name::EnvironmentId;

/// Whose log lines are from: a container of a pod, in one of its runs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LogSource {
    /// Where.
    pub environment: EnvironmentId,
    /// The workload that its pod belongs to; empty where it belongs to none.
    pub component: Arc<str>,
    /// Its pod.
    pub pod: Arc<str>,
    /// Its name.
    pub container: Arc<str>,
    /// Whether it is the run before the one that is there now.
    pub previous: bool,
}

/// What stands in a log, or between its lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum LogRow {
    /// A line.
    Line(LogLine),
    /// Something that is no line and must be known to read them: a restart, a gap and why it is there.
    Mark {
        /// When, nanoseconds since 1970.
        at: i64,
        /// The place of its source among all.
        source: u32,
        /// A sentence.
        text: Arc<str>,
    },
}

/// A line of a log, safe to show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    /// When the node took it, nanoseconds since 1970.
    pub at: i64,
    /// The place of its source among all.
    pub source: u32,
    /// How bad it says it is.
    pub level: Level,
    /// Its text, with secrets masked.
    pub text: Arc<str>,
    /// Its colours.
    pub spans: Vec<Span>,
    /// Where what was looked for stands in it: byte offsets of beginnings and ends, ascending.
    pub hits: Vec<(u32, u32)>,
    /// How many bytes of it were too many and are not there.
    pub left_out: u64,
    /// Whether it belongs to the line before, as the lines of a stack trace do.
    pub continues: bool,
    /// Whether it is not wanted itself, but shown because it stands near one that is.
    pub is_context: bool,
}

impl LogRow {
    /// When, nanoseconds since 1970.
    pub fn at(&self) -> i64 {
        match self {
            Self::Line(line) => line.at,
            Self::Mark { at, .. } => *at,
        }
    }

    /// What it says.
    pub fn text(&self) -> &str {
        match self {
            Self::Line(line) => &line.text,
            Self::Mark { text, .. } => text,
        }
    }
}
