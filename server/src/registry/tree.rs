//! YAML as a tree whose every value knows where it stands in the file.

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::Problem;

/// Deeper than any registry; a file that nests further is not one.
const DEPTH_LIMIT: usize = 32;
/// More keys than any mapping of a registry has.
const KEY_LIMIT: usize = 5_000;

/// A place in the file, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position {
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

impl Position {
    fn of(span: &Span) -> Self {
        Self { line: span.start.line(), column: span.start.col() + 1 }
    }

    /// A problem of this place.
    pub fn problem(self, path: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem { line: self.line, column: self.column, path: path.into(), message: message.into() }
    }
}

/// A value and where it begins.
#[derive(Debug)]
pub(super) struct Node {
    /// Where it begins.
    pub at: Position,
    /// What it is.
    pub value: Value,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Value {
    /// A single value, as it is written.
    Scalar {
        /// Its text, escapes resolved.
        text: String,
        /// Written without quotes, so that `3`, `true` and nothing at all are more than texts.
        plain: bool,
    },
    /// A list.
    Sequence(Vec<Node>),
    /// Keys and values.
    Mapping(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug)]
pub(super) struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_at: Position,
    /// The value.
    pub value: Node,
}

impl Node {
    /// Nothing was written: `host:` or `host: null`.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null"))
    }
}

impl Entry {
    /// Where to look: at a single value itself, at the key of anything longer, which may begin lines below.
    pub fn place(&self) -> Position {
        match &self.value.value {
            Value::Scalar { .. } if !self.value.is_null() => self.value.at,
            Value::Scalar { .. } | Value::Sequence(_) | Value::Mapping(_) => self.key_at,
        }
    }
}

/// Where the value of a path such as `systems[0].environments[2].cluster` stands. Of a path that leads to nothing, where
/// its last existing part stands: that is where the missing value belongs.
pub(super) fn locate(root: &Node, path: &str) -> Position {
    let (mut node, mut place, mut rest) = (root, root.at, path);
    loop {
        rest = rest.strip_prefix('.').unwrap_or(rest);
        let next = match &node.value {
            Value::Scalar { .. } => None,
            // Keys may hold dots, so the path is read with the keys that exist, the longest first.
            Value::Mapping(entries) => entries
                .iter()
                .filter_map(|entry| Some((entry, rest.strip_prefix(entry.key.as_str())?)))
                .filter(|(_, after)| after.is_empty() || after.starts_with(['.', '[']))
                .max_by_key(|(entry, _)| entry.key.len())
                .map(|(entry, after)| (&entry.value, entry.place(), after)),
            Value::Sequence(items) => {
                rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).and_then(|(index, after)| {
                    let item = items.get(index.parse::<usize>().ok()?)?;
                    Some((item, item.at, after))
                })
            }
        };
        match next {
            Some(step) => (node, place, rest) = step,
            None => return place,
        }
    }
}

/// Reads a text. Everything that is wrong with its form is returned, as far as one can read on.
pub(super) fn parse(text: &str) -> Result<Node, Vec<Problem>> {
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let taken = event.map_err(|error| syntax(&error)).and_then(|(event, span)| builder.take(event, &span));
        if let Err(problem) = taken {
            builder.problems.push(problem);
            return Err(builder.problems);
        }
    }
    match builder.root {
        Some(root) if builder.problems.is_empty() => Ok(root),
        Some(_) => Err(builder.problems),
        None => {
            let start = Position { line: 1, column: 1 };
            Err(vec![
                start.problem("", "the file is empty: write 'clusters:' and 'systems:', as config/demo.yaml does"),
            ])
        }
    }
}

fn syntax(error: &ScanError) -> Problem {
    let mark = error.marker();
    Position { line: mark.line(), column: mark.col() + 1 }.problem("", format!("this is not YAML: {}", error.info()))
}

/// A list or mapping that is not closed yet.
#[derive(Debug)]
enum Open {
    Sequence(Position, Vec<Node>),
    Mapping(Position, Vec<Entry>, Option<(String, Position)>),
}

/// Builds the tree from the parser's events.
#[derive(Debug, Default)]
struct Builder {
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
    problems: Vec<Problem>,
}

impl Builder {
    /// Takes one event. `Err`: reading on makes no sense.
    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), Problem> {
        let at = Position::of(span);
        if event.tag().is_some() {
            self.problems.push(at.problem("", "tags ('!') mean nothing here: leave the tag out"));
        }
        if event.anchor_id().is_some() {
            self.problems
                .push(at.problem("", "anchors ('&') are not allowed here: write the value out where it is needed"));
        }
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    return Err(at.problem("", "a second document begins here ('---'): a registry is one document"));
                }
                Ok(())
            }
            Event::Scalar(text, style, ..) => {
                let value = Value::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain };
                self.place(Node { at, value })
            }
            Event::SequenceStart(..) => self.open(Open::Sequence(at, Vec::new()), at),
            Event::MappingStart(..) => self.open(Open::Mapping(at, Vec::new(), None), at),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::Sequence(at, items)) => self.place(Node { at, value: Value::Sequence(items) }),
                Some(Open::Mapping(at, entries, _)) => self.place(Node { at, value: Value::Mapping(entries) }),
                None => Ok(()),
            },
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.problems
                    .push(at.problem("", "aliases ('*') are not allowed here: write the value out where it is needed"));
                self.place(Node { at, value: Value::Scalar { text: String::new(), plain: true } })
            }
            // Comments and the ends of documents and of the stream carry no values; the enum is open-ended.
            _ => Ok(()),
        }
    }

    fn open(&mut self, open: Open, at: Position) -> Result<(), Problem> {
        if self.open.len() == DEPTH_LIMIT {
            return Err(at.problem("", format!("nothing in a registry is nested more than {DEPTH_LIMIT} deep")));
        }
        self.open.push(open);
        Ok(())
    }

    /// Puts a finished value where it belongs.
    fn place(&mut self, node: Node) -> Result<(), Problem> {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::Sequence(_, items)) => items.push(node),
            Some(Open::Mapping(_, entries, key)) => match (key.take(), node.value) {
                (None, Value::Scalar { text, .. }) => *key = Some((text, node.at)),
                (None, Value::Sequence(_) | Value::Mapping(_)) => {
                    return Err(node.at.problem("", "a key is a single word, not a list or mapping"));
                }
                (Some((key, key_at)), value) => {
                    if entries.len() == KEY_LIMIT {
                        return Err(key_at.problem("", format!("nothing in a registry has more than {KEY_LIMIT} keys")));
                    }
                    if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                        let message =
                            format!("'{key}' is written twice, first on line {}: keep one of them", first.key_at.line);
                        self.problems.push(key_at.problem("", message));
                    } else {
                        entries.push(Entry { key, key_at, value: Node { at: node.at, value } });
                    }
                }
            },
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_the_line_and_column_of_its_value() {
        let root = parse(concat!(
            "systems:\n",
            "  - id: shop\n",
            "    environments:\n",
            "      - cluster: man\n",
            "        days: [saturday, sundy]\n",
            "        host:\n",
            "        name: 'ä' \n",
            "        expect: { app.name: x, app: y }\n",
        ))
        .unwrap();
        for (path, expected) in [
            ("systems[0].environments[0].cluster", (4, 18)),
            ("systems[0].environments[0].days[1]", (5, 26)),
            // A value of several lines: its key.
            ("systems[0].environments[0].days", (5, 9)),
            ("systems[0].environments", (3, 5)),
            ("systems", (1, 1)),
            ("systems[0]", (2, 5)),
            // Nothing written: the key.
            ("systems[0].environments[0].host", (6, 9)),
            // Keys that hold dots.
            ("systems[0].environments[0].expect.app.name", (8, 29)),
            ("systems[0].environments[0].expect.app", (8, 37)),
            // Nothing there: what would hold it.
            ("systems[0].environments[0].components[3].name", (4, 9)),
            ("systems[0].environments[7]", (3, 5)),
            ("clusters", (1, 1)),
            ("", (1, 1)),
            ("[[..]]", (1, 1)),
        ] {
            let at = locate(&root, path);
            assert_eq!((at.line, at.column), expected, "{path}");
        }
    }
}
