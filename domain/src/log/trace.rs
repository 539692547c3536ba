//! Which lines go on with the entry before them: a stack trace is one entry.

use super::level::{Beginning, Level, read};

/// The most lines of one entry. Deep recursion has thousands of frames, all of them alike.
pub const MOST_LINES: usize = 500;
/// The most bytes of one entry.
const MOST_BYTES: usize = 256 * 1024;

/// Puts the lines of one stream together to entries: give it every line, in order.
///
/// It remembers what kind of trace it is in, never the lines. An entry ends at a line with a time or a level of its own, and
/// after 500 lines or 256 KiB.
#[derive(Debug, Default)]
pub struct Grouper {
    /// Of this entry; none before the first line.
    lines: usize,
    bytes: usize,
    /// This entry began with a time or level of its own.
    is_own: bool,
    level: Level,
    state: State,
    /// The line before begins with blanks.
    was_indented: bool,
}

/// What the line before leads one to expect.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing.
    #[default]
    Plain,
    /// Rust: the message of a panic.
    RustMessage,
    /// Go: goroutines and their calls.
    Go,
    /// Go's zap: functions, without goroutine and without brackets.
    ZapStack,
    /// Node: the line of source code at which it stopped.
    NodeSource,
    /// Node: the mark under that line.
    NodeMark,
    /// Node: what was thrown.
    NodeThrown,
    /// Python: frames, and the exception behind them.
    PythonFrames,
    /// Python: the trace of another exception.
    PythonChain,
    /// The frames of an exception, what caused it, and what the program says at its end.
    Trace,
}

impl Grouper {
    /// Whether a line belongs to the entry before it; if not, an entry begins with it.
    pub fn belongs(&mut self, text: &str) -> bool {
        let (is_indented, size_bytes) = (text.starts_with([' ', '\t']), text.len());
        let text = text.trim_ascii_end();
        let beginning = read(text);
        let (joins, state) = if is_indented {
            self.indented(text.trim_ascii_start(), beginning)
        } else {
            self.flush_left(text, beginning)
        };
        self.state = state;
        self.was_indented = is_indented;
        let has_room = self.lines < MOST_LINES && self.bytes + size_bytes <= MOST_BYTES;
        if joins && has_room && self.lines > 0 {
            self.lines += 1;
            self.bytes += size_bytes;
            return true;
        }
        (self.lines, self.bytes) = (1, size_bytes);
        (self.is_own, self.level) = (beginning.is_own, beginning.level);
        false
    }

    /// A line that begins with blanks joins, but for a time or level that is clear.
    fn indented(&self, text: &str, beginning: Beginning) -> (bool, State) {
        if beginning.is_own {
            return (false, State::Plain);
        }
        let state = match self.state {
            _ if text.starts_with("File \"") => State::PythonFrames,
            State::RustMessage => State::Trace,
            State::NodeSource => State::NodeMark,
            State::NodeMark if is_mark(text) => State::NodeThrown,
            State::Plain if text.starts_with("at ") => State::Trace,
            state => state,
        };
        (true, state)
    }

    fn flush_left(&self, text: &str, beginning: Beginning) -> (bool, State) {
        let ends = (false, State::Plain);
        if text.is_empty() {
            return match self.state {
                State::Plain => ends,
                State::RustMessage => (true, State::Trace),
                state => (true, state),
            };
        }
        if beginning.is_own {
            return ends;
        }
        if let Some(opened) = self.opened(text) {
            return opened;
        }
        if is_goroutine(text) && (self.state == State::Go || self.is_own) {
            return (true, State::Go);
        }
        if text.starts_with("Caused by: ") || text.starts_with("--- End of ") {
            return (true, State::Trace);
        }
        if self.was_indented && text.bytes().all(|byte| matches!(byte, b'}' | b']' | b')' | b',' | b';')) {
            return (true, self.state);
        }
        let joined = match self.state {
            State::RustMessage => Some(State::Trace),
            State::Go if is_of_goroutine(text) => Some(State::Go),
            State::ZapStack if is_go_function(text) => Some(State::ZapStack),
            State::Plain if self.is_bad() && is_go_function(text) && is_surely_go(text) => Some(State::ZapStack),
            State::NodeSource => Some(State::NodeMark),
            State::NodeMark if is_mark(text) => Some(State::NodeThrown),
            State::NodeThrown => Some(State::Trace),
            State::PythonFrames if is_raised(text) => Some(State::Trace),
            State::Trace if is_chain(text) => Some(State::PythonChain),
            State::Trace if is_end_of_trace(text) => Some(State::Trace),
            // What the line before has logged: Java's loggers write the exception on a line of its own.
            State::Plain if self.is_bad() && is_exception(text, beginning) => Some(State::Trace),
            _ => None,
        };
        match joined {
            Some(state) => (true, state),
            None if beginning.level == Level::Error => (false, State::Trace),
            None => ends,
        }
    }

    /// The first line of a trace: it begins an entry, but where one was announced.
    fn opened(&self, text: &str) -> Option<(bool, State)> {
        Some(match text.bytes().next()? {
            // Since Rust 1.73 the message is on the next line.
            b't' if text.starts_with("thread '") && text.contains(" panicked at") => {
                (false, if text.ends_with(':') { State::RustMessage } else { State::Trace })
            }
            b'p' if text.starts_with("panic: ") => (false, State::Go),
            b'f' if text.starts_with("fatal error: ") => (false, State::Go),
            b'E' if text.starts_with("Exception in thread \"") => (false, State::Trace),
            b'U' if text.starts_with("Unhandled exception.") => (false, State::Trace),
            b'T' if text.starts_with("Traceback (most recent call last):") => {
                let is_announced = self.state == State::PythonChain || self.state == State::Plain && self.is_bad();
                (is_announced, State::PythonFrames)
            }
            b'/' | b'f' | b'n' | b'A'..=b'Z' if is_node_place(text) => (false, State::NodeSource),
            _ => return None,
        })
    }

    /// The line before is one of a logger that warns: a trace right behind it is most likely what it warns of.
    fn is_bad(&self) -> bool {
        self.lines == 1 && self.is_own && self.level >= Level::Warn
    }
}

/// `goroutine 1 [running]:`
fn is_goroutine(text: &str) -> bool {
    let rest = text.strip_prefix("goroutine ").map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    text.ends_with("]:") && rest.is_some_and(|rest| rest.starts_with(' ') && rest.contains('['))
}

/// What Go writes below a panic, but for its frames' places, which are indented.
fn is_of_goroutine(text: &str) -> bool {
    const STARTS: [&str; 8] = [
        "goroutine ",
        "created by ",
        "exit status ",
        "[signal ",
        "[originating from ",
        "runtime stack:",
        "panic(",
        "...",
    ];
    if STARTS.iter().any(|start| text.starts_with(start)) {
        return true;
    }
    // `main.(*Server).run(0xc000012340, {0x1, 0x2})`
    let is_call = text.ends_with(')') && {
        let arguments = text.find("({").or_else(|| text.rfind('(')).unwrap_or(0);
        let name = text.get(..arguments).unwrap_or_default();
        let name = name.split_once("(0x").map_or(name, |(name, _)| name);
        is_go_function(name)
    };
    // `rax    0x0`
    let is_register = || {
        let (name, value) = text.split_once(' ').unwrap_or_default();
        name.len() <= 6 && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) && value.trim_start().starts_with("0x")
    };
    is_call || is_register()
}

/// `main.main`, `net/http.(*Server).Serve`, `main.run.func1`
fn is_go_function(text: &str) -> bool {
    let is_part =
        |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '/' | '-' | '(' | ')' | '*' | '[' | ']' | '%' | '~');
    let own = text.rsplit_once('.').map_or("", |(_, own)| own);
    own.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '('))
        && !text.starts_with('/')
        && text.chars().all(is_part)
}

/// Outside of a stack `example.com` is none.
fn is_surely_go(text: &str) -> bool {
    text.starts_with("main.") || text.contains(".(*") || text.contains('/')
}

/// `/app/index.js:3`, `node:internal/process/promises:288`: where Node stopped.
fn is_node_place(text: &str) -> bool {
    let Some((path, line)) = text.rsplit_once(':') else { return false };
    let is_script =
        || [".js", ".cjs", ".mjs", ".ts", ".cts", ".mts", ".jsx", ".tsx"].iter().any(|end| path.ends_with(end));
    let is_file = || {
        let drive = path.get(1..3);
        (path.starts_with('/') || path.starts_with("file://") || drive == Some(":\\")) && is_script()
    };
    !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit()) && (path.starts_with("node:") || is_file())
}

/// `^^^^^`
fn is_mark(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'^' | b'~' | b' '))
}

/// `ValueError: invalid literal`, `KeyboardInterrupt`: any class may be raised.
fn is_raised(text: &str) -> bool {
    let class = text.split_once(':').map_or(text, |(class, _)| class);
    class.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && class.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '<' | '>'))
}

/// What Python writes between two traces that belong together.
fn is_chain(text: &str) -> bool {
    text.starts_with("During handling of the above exception,")
        || text.starts_with("The above exception was the direct cause of the following exception")
}

/// What comes behind frames, or behind the error that Rust's `main` returned.
fn is_end_of_trace(text: &str) -> bool {
    const STARTS: [&str; 9] = [
        "note: ",
        "stack backtrace:",
        "Caused by:",
        "Stack backtrace:",
        "Location:",
        "Backtrace:",
        "Node.js v",
        "}",
        "[cause]: ",
    ];
    STARTS.iter().any(|start| text.starts_with(start))
}

/// `java.lang.IllegalStateException: x`, but not `Error: x`, which programs write for anything.
fn is_exception(text: &str, beginning: Beginning) -> bool {
    beginning.level == Level::Error && is_raised(text) && !text.starts_with("Error:")
}

#[cfg(test)]
mod tests;
