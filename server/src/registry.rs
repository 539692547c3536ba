//! Reads the registry file.

mod diagnose;
mod follow;
mod masks;
mod nearest;
mod schema;
mod scope;
mod tree;
mod zones;

use std::fmt;
use std::io::Read as _;
use std::path::Path;

use domain::registry::Registry;
use domain::registry::validate::validate;

pub use self::follow::{Current, follow};
pub use self::schema::schema;
pub use self::scope::{Unregistered, judge_scope};

/// A registry of a thousand environments takes a tenth of this.
const SIZE_LIMIT_BYTES: usize = 1024 * 1024;
/// Longest message; a value of a megabyte is not repeated to the last character.
const MESSAGE_LIMIT: usize = 500;

/// Something that is wrong with a file, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Counted from 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// Characters, counted from 1.
    pub column: usize,
    /// `systems[0].environments[2].cluster`; empty when no value in particular is meant.
    pub path: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

/// A file that is not a registry, with what is wrong with it. Written out as a compiler would:
/// `config/demo.yaml:41:9: systems[0].tier: …`, one problem a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.file, .problems, *.in_form))]
pub struct LoadError {
    /// The file, as it was named.
    pub file: String,
    /// What is wrong, in the file's order; never empty.
    pub problems: Vec<Problem>,
    /// Whether they are of its form: what it says was not looked at then.
    pub in_form: bool,
}

impl LoadError {
    fn of_the_whole(file: &str, message: impl Into<String>) -> Self {
        let problem = Problem { line: 0, column: 0, path: String::new(), message: message.into() };
        Self { file: file.to_owned(), problems: vec![problem], in_form: false }
    }

    /// The first problem and how many more there are, in one line.
    pub fn summary(&self) -> String {
        let first = self.problems.first().map(|problem| Line { file: &self.file, problem }.to_string());
        let first = first.unwrap_or_default();
        match self.problems.len().saturating_sub(1) {
            0 => first,
            1 => format!("{first} (and 1 more problem)"),
            more => format!("{first} (and {more} more problems)"),
        }
    }
}

/// The problems, one a line, and that there may be more.
fn lines(file: &str, problems: &[Problem], in_form: bool) -> String {
    let mut lines: Vec<String> = problems.iter().map(|problem| Line { file, problem }.to_string()).collect();
    if in_form {
        let problem = "there may be more once these are mended".to_owned();
        let problem = Problem { line: 0, column: 0, path: String::new(), message: problem };
        lines.push(Line { file, problem: &problem }.to_string());
    }
    lines.join("\n")
}

/// A problem in one line, whatever characters the file holds.
struct Line<'a> {
    file: &'a str,
    problem: &'a Problem,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { line, column, path, message } = self.problem;
        let mut text = self.file.to_owned();
        if *line > 0 {
            text.push_str(&format!(":{line}:{column}"));
        }
        text.push_str(": ");
        if !path.is_empty() {
            text.push_str(path);
            text.push_str(": ");
        }
        text.push_str(message);
        let length = text.chars().count();
        for character in text.chars().take(MESSAGE_LIMIT) {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                fmt::Write::write_char(f, character)?;
            }
        }
        if length > MESSAGE_LIMIT { f.write_str("…") } else { Ok(()) }
    }
}

/// Reads and checks a registry file.
pub fn load(path: &Path) -> Result<Registry, LoadError> {
    let file = path.display().to_string();
    let bytes = read(path).map_err(|message| LoadError::of_the_whole(&file, message))?;
    parse(&file, &bytes)
}

/// The bytes of a registry file, or why they cannot be had.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "the file may not be read: its permissions do not allow it".to_owned(),
        _ => format!("the file cannot be read: {error}"),
    };
    // What was opened is what is looked at: under its name something else may stand by then.
    let file = open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err("this is a directory: name the registry file in it".to_owned());
    }
    if !metadata.is_file() {
        return Err("this is not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(SIZE_LIMIT_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > SIZE_LIMIT_BYTES {
        return Err("the file is larger than 1 MiB: this is not a registry".to_owned());
    }
    Ok(bytes)
}

/// Opens a file without waiting: to open a named pipe that nobody writes to takes for ever. A regular file is read as always.
/// <https://pubs.opengroup.org/onlinepubs/9799919799/functions/open.html>
fn open(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, libc::O_NONBLOCK);
    options.open(path)
}

/// Reads and checks the bytes of a registry; `file` is what messages call it.
pub fn parse(file: &str, bytes: &[u8]) -> Result<Registry, LoadError> {
    let refused = |mut problems: Vec<Problem>, in_form| {
        problems.sort_by_key(|problem| (problem.line, problem.column));
        LoadError { file: file.to_owned(), problems, in_form }
    };
    let (registry, root) = formed(bytes).map_err(|problems| refused(problems, true))?;
    let mut problems = validate(&registry);
    zones::check(&registry, &mut problems);
    masks::check(&registry, &mut problems);
    if problems.is_empty() {
        return Ok(registry);
    }
    let located = problems
        .into_iter()
        .map(|problem| tree::locate(&root, &problem.path).problem(problem.path, problem.message))
        .collect();
    Err(refused(located, false))
}

/// A registry in the right form, and where in the file its values stand.
fn formed(bytes: &[u8]) -> Result<(Registry, tree::Node), Vec<Problem>> {
    let text = text(bytes).map_err(|problem| vec![problem])?;
    let root = tree::parse(text)?;
    match serde_saphyr::from_str_with_options::<Registry>(text, options()) {
        Ok(registry) => Ok((registry, root)),
        Err(error) => {
            let problems = diagnose::diagnose(&root);
            Err(if problems.is_empty() { vec![refused(&error)] } else { problems })
        }
    }
}

/// The bytes as text, without a byte order mark.
fn text(bytes: &[u8]) -> Result<&str, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default());
        let line = valid.matches('\n').count() + 1;
        let column = valid.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let message = "this byte is not UTF-8: save the file in that encoding".to_owned();
        Problem { line, column, path: String::new(), message }
    })?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// How serde-saphyr reads: nothing that expands, nothing that is read in two ways.
fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_aliases: 0, max_anchors: 0, max_documents: 1, max_depth: 64 },
        merge_keys: serde_saphyr::options::MergeKeyPolicy::Error,
        strict_booleans: true,
        with_snippet: false,
    }
}

/// What serde-saphyr says, where [`diagnose`] finds nothing: the two read some detail of YAML differently.
fn refused(error: &serde_saphyr::Error) -> Problem {
    let plain = error.without_snippet();
    let (line, column) = plain.location().map_or((0, 0), |at| (at.line() as usize, at.column() as usize));
    let message = plain.render_with_formatter(&serde_saphyr::UserMessageFormatter);
    Problem { line, column, path: String::new(), message }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::FileTypeExt as _;
    use std::time::Duration;

    #[test]
    fn a_pipe_that_nobody_writes_to_is_opened_without_waiting() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("registry.yaml");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        // It may have been put there after the path was looked at: the opening itself must not hang.
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || sender.send(super::open(&pipe)));
        let opened = receiver.recv_timeout(Duration::from_secs(10)).unwrap().unwrap();
        assert!(opened.metadata().unwrap().file_type().is_fifo());
    }
}
