//! Finds every problem in the form of a registry.
//!
//! serde stops at the first. So the text is read again and again: a value that could not be read is noted and, in the
//! next pass, replaced by a dummy of the type that was wanted, until nothing is left to complain about. What comes out
//! of the last pass is thrown away; only the notes are kept.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::registry::Registry;
use serde::de::value::StrDeserializer;
use serde::de::{
    self, Deserialize, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::Problem;
use super::nearest::{did_you_mean, nearest};
use super::tree::{Entry, Node, Position, Value};

/// Texts that stand in for one that is not of the right form: a name or an amount, then a time of day.
const DUMMIES: [&str; 2] = ["1", "00:00"];
/// More problems than anybody reads; keeps the number of passes small.
const MOST_PROBLEMS: usize = 100;

/// Everything that is wrong with the form of `root`, in the file's order.
pub(super) fn diagnose(root: &Node) -> Vec<Problem> {
    let notes = RefCell::new(Notes::default());
    loop {
        let reader = Reader { source: Source::Real(root), path: &Path::Root, place: root.at, notes: &notes };
        let whole = reader.reread(Registry::deserialize).is_ok();
        let mut notes = notes.borrow_mut();
        if whole || !std::mem::take(&mut notes.read_on) || notes.problems.len() >= MOST_PROBLEMS {
            return notes.problems.values().take(MOST_PROBLEMS).cloned().collect();
        }
    }
}

/// What was found so far, and what the next pass is to pretend.
#[derive(Debug, Default)]
struct Notes {
    /// One problem per place and path.
    problems: BTreeMap<(Position, String), Problem>,
    /// Paths whose value is replaced, with the dummy that is tried.
    replaced: BTreeMap<String, usize>,
    /// Fields that are missing, as path of the mapping and name.
    added: BTreeSet<(String, String)>,
    /// Whether another pass finds out more.
    read_on: bool,
}

/// Why a value could not be read.
#[derive(Debug)]
enum Halt {
    /// Not yet noted.
    Wrong(String),
    /// A field is missing in this mapping.
    Missing(&'static str),
    /// Noted where it happened.
    Noted,
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong(message) => f.write_str(message),
            Self::Missing(field) => write!(f, "the field '{field}' is missing: add it here"),
            Self::Noted => f.write_str("see above"),
        }
    }
}

impl std::error::Error for Halt {}

impl de::Error for Halt {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let message = message.to_string();
        // serde knows only that no variant fitted.
        if message.ends_with("untagged enum Replicas") {
            return Self::Wrong("write a whole number, or { min: 2, max: 10 } where an autoscaler decides".to_owned());
        }
        Self::Wrong(message)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let guess = did_you_mean(variant, expected.iter().copied());
        Self::Wrong(format!("'{variant}' means nothing here{guess}; write one of: {}", expected.join(", ")))
    }
}

/// The way from the root to a value.
#[derive(Debug)]
enum Path<'p> {
    Root,
    Key(&'p Path<'p>, &'p str),
    Index(&'p Path<'p>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(Self::Root, key) => f.write_str(key),
            Self::Key(parent, key) => write!(f, "{parent}.{key}"),
            Self::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy)]
enum Source<'t> {
    /// From the file.
    Real(&'t Node),
    /// Made up, because the one in the file cannot be read: the number of the text to use where a text is wanted.
    Dummy(usize),
}

/// Reads one value.
#[derive(Debug, Clone, Copy)]
struct Reader<'a> {
    source: Source<'a>,
    path: &'a Path<'a>,
    /// Where to point when it is wrong.
    place: Position,
    notes: &'a RefCell<Notes>,
}

impl<'a> Reader<'a> {
    /// Reads the value, or its dummy if it was found wrong before, and notes what is wrong.
    fn reread<T>(self, read: impl FnOnce(Self) -> Result<T, Halt>) -> Result<T, Halt> {
        let path = self.path.to_string();
        let dummy = match (self.notes.borrow().replaced.get(&path), self.source) {
            (Some(&number), _) | (None, Source::Dummy(number)) => Some(number),
            (None, Source::Real(_)) => None,
        };
        let halt = match read(Reader { source: dummy.map_or(self.source, Source::Dummy), ..self }) {
            Ok(value) => return Ok(value),
            Err(Halt::Noted) => return Err(Halt::Noted),
            Err(halt) => halt,
        };
        let problem = self.place.problem(path.clone(), halt.to_string());
        let mut notes = self.notes.borrow_mut();
        match (halt, dummy) {
            (Halt::Missing(field), None) => {
                notes.read_on |= notes.added.insert((path.clone(), field.to_owned()));
                notes.problems.insert((self.place, format!("{path}.{field}")), problem);
            }
            (Halt::Wrong(_) | Halt::Noted, None) => {
                notes.read_on = true;
                notes.replaced.insert(path.clone(), 0);
                notes.problems.insert((self.place, path), problem);
            }
            // Noted when it was replaced; perhaps the next dummy fits.
            (_, Some(tried)) if tried + 1 < DUMMIES.len() => {
                notes.read_on = true;
                notes.replaced.insert(path, tried + 1);
            }
            (_, Some(_)) => {}
        }
        Err(Halt::Noted)
    }

    /// The text of a single value, and whether it is plain.
    fn text(self) -> Result<(&'a str, bool), Halt> {
        match self.source {
            Source::Dummy(number) => Ok((DUMMIES[number], false)),
            Source::Real(node) => match &node.value {
                Value::Scalar { .. } if node.is_null() => Err(Halt::Wrong("a value is missing here".to_owned())),
                Value::Scalar { text, plain } => Ok((text, *plain)),
                Value::Sequence(_) => Err(Halt::Wrong("a single value belongs here, not a list".to_owned())),
                Value::Mapping(_) => Err(Halt::Wrong("a single value belongs here, not fields".to_owned())),
            },
        }
    }

    /// The value as the entries of a mapping; `fields` are those that may occur, if that is known.
    fn entries(self, fields: Option<&'static [&'static str]>) -> Result<Entries<'a>, Halt> {
        let names = || fields.map(|fields| format!(": {}", fields.join(", "))).unwrap_or_default();
        let real: &[Entry] = match self.source {
            Source::Dummy(_) => &[],
            Source::Real(node) => match &node.value {
                Value::Mapping(entries) => entries,
                Value::Scalar { .. } if node.is_null() && fields.is_none() => &[],
                Value::Scalar { .. } | Value::Sequence(_) => {
                    return Err(Halt::Wrong(format!("fields belong here, each as 'name: value'{}", names())));
                }
            },
        };
        let mut pairs: Vec<(&'a str, Position, Source<'a>)> = Vec::new();
        for entry in real {
            if let Some(fields) = fields
                && !fields.contains(&entry.key.as_str())
            {
                let guess = did_you_mean(&entry.key, fields.iter().copied());
                let message = format!("no field is called '{}'{guess}; the fields here are{}", entry.key, names());
                let path = Path::Key(self.path, &entry.key).to_string();
                let problem = entry.key_at.problem(path.clone(), message);
                let mut notes = self.notes.borrow_mut();
                notes.problems.insert((entry.key_at, path), problem);
                // One slip is one problem: the field that was meant is not missing too.
                if let Some(meant) = nearest(&entry.key, fields.iter().copied())
                    && real.iter().all(|entry| entry.key != meant)
                {
                    notes.added.insert((self.path.to_string(), meant.to_owned()));
                }
                continue;
            }
            pairs.push((&entry.key, entry.place(), Source::Real(&entry.value)));
        }
        let added = &self.notes.borrow().added;
        for field in fields.unwrap_or_default() {
            let dummy = matches!(self.source, Source::Dummy(_));
            if dummy || (!added.is_empty() && added.contains(&(self.path.to_string(), (*field).to_owned()))) {
                pairs.push((field, self.place, Source::Dummy(0)));
            }
        }
        pairs.reverse();
        Ok(Entries { pairs, value: None, parent: self })
    }

    fn number<T: std::str::FromStr>(self) -> Result<T, Halt> {
        let (text, _) = self.text()?;
        text.parse()
            .map_err(|_| Halt::Wrong(format!("'{text}' is not a whole number that fits here: write digits, like 3")))
    }
}

macro_rules! whole_numbers {
    ($($method:ident $visit:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
            visitor.$visit(self.number()?)
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Reader<'_> {
    type Error = Halt;

    whole_numbers! {
        deserialize_i8 visit_i8 deserialize_i16 visit_i16 deserialize_i32 visit_i32 deserialize_i64 visit_i64
        deserialize_u8 visit_u8 deserialize_u16 visit_u16 deserialize_u32 visit_u32 deserialize_u64 visit_u64
        deserialize_f32 visit_f32 deserialize_f64 visit_f64
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        let node = match self.source {
            Source::Dummy(_) => return visitor.visit_u64(1),
            Source::Real(node) => node,
        };
        match &node.value {
            Value::Scalar { .. } if node.is_null() => visitor.visit_unit(),
            Value::Scalar { text, plain: true } => match (text.as_str(), text.parse::<u64>(), text.parse::<i64>()) {
                ("true", ..) => visitor.visit_bool(true),
                ("false", ..) => visitor.visit_bool(false),
                (_, Ok(number), _) => visitor.visit_u64(number),
                (_, _, Ok(number)) => visitor.visit_i64(number),
                (text, Err(_), Err(_)) => visitor.visit_str(text),
            },
            Value::Scalar { text, plain: false } => visitor.visit_str(text),
            Value::Sequence(_) => self.deserialize_seq(visitor),
            Value::Mapping(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        if let Source::Dummy(_) = self.source {
            return visitor.visit_bool(true);
        }
        match self.text()? {
            ("true", _) => visitor.visit_bool(true),
            ("false", _) => visitor.visit_bool(false),
            (text, _) => Err(Halt::Wrong(format!("'{text}' is neither true nor false: write one of the two"))),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        visitor.visit_str(self.text()?.0)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        match self.source {
            Source::Dummy(_) => visitor.visit_none(),
            Source::Real(node) if node.is_null() => visitor.visit_none(),
            Source::Real(_) => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Halt> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        let items: &[Node] = match self.source {
            Source::Dummy(_) => &[],
            Source::Real(node) => match &node.value {
                Value::Sequence(items) => items,
                Value::Scalar { .. } if node.is_null() => &[],
                Value::Scalar { .. } | Value::Mapping(_) => {
                    let message = "a list belongs here: write each item after '- ', or all in [ ]";
                    return Err(Halt::Wrong(message.to_owned()));
                }
            },
        };
        visitor.visit_seq(Items { items: items.iter().enumerate(), parent: self })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        visitor.visit_map(self.entries(None)?)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Halt> {
        visitor.visit_map(self.entries(Some(fields))?)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Halt> {
        let one_of = || format!("write one of: {}", variants.join(", "));
        let node = match self.source {
            Source::Dummy(_) => {
                let variant = variants.first().copied().unwrap_or_default();
                return visitor.visit_enum(Variant { name: variant, value: None, parent: self });
            }
            Source::Real(node) => node,
        };
        match &node.value {
            Value::Scalar { .. } if node.is_null() => {
                Err(Halt::Wrong(format!("a value is missing here; {}", one_of())))
            }
            Value::Scalar { text, .. } => visitor.visit_enum(Variant { name: text, value: None, parent: self }),
            Value::Mapping(entries) => match entries.as_slice() {
                [entry] => visitor.visit_enum(Variant { name: &entry.key, value: Some(entry), parent: self }),
                [] | [_, _, ..] => Err(Halt::Wrong(format!("exactly one field belongs here; {}", one_of()))),
            },
            Value::Sequence(_) => Err(Halt::Wrong(format!("no list belongs here; {}", one_of()))),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Halt> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct }
}

/// The items of a list.
struct Items<'a> {
    items: std::iter::Enumerate<std::slice::Iter<'a, Node>>,
    parent: Reader<'a>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Halt;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Halt> {
        let Some((index, node)) = self.items.next() else { return Ok(None) };
        let path = Path::Index(self.parent.path, index);
        let reader = Reader { source: Source::Real(node), path: &path, place: node.at, notes: self.parent.notes };
        reader.reread(|reader| seed.deserialize(reader)).map(Some)
    }
}

/// The entries of a mapping, last first.
struct Entries<'a> {
    pairs: Vec<(&'a str, Position, Source<'a>)>,
    value: Option<(&'a str, Position, Source<'a>)>,
    parent: Reader<'a>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Halt;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Halt> {
        self.value = self.pairs.pop();
        let Some((key, place, _)) = self.value else { return Ok(None) };
        let deserializer: StrDeserializer<'_, Halt> = key.into_deserializer();
        match seed.deserialize(deserializer) {
            Ok(key) => Ok(Some(key)),
            Err(halt) => {
                let path = Path::Key(self.parent.path, key).to_string();
                let problem = place.problem(path.clone(), halt.to_string());
                self.parent.notes.borrow_mut().problems.insert((place, path), problem);
                Err(Halt::Noted)
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Halt> {
        let Some((key, place, source)) = self.value.take() else { return Err(Halt::Noted) };
        let path = Path::Key(self.parent.path, key);
        let reader = Reader { source, path: &path, place, notes: self.parent.notes };
        reader.reread(|reader| seed.deserialize(reader))
    }
}

/// A variant, and its value if it has one.
struct Variant<'a> {
    name: &'a str,
    value: Option<&'a Entry>,
    parent: Reader<'a>,
}

impl<'a> Variant<'a> {
    /// Reads the value of a variant that needs one.
    fn inner<T>(self, read: impl FnOnce(Reader<'_>) -> Result<T, Halt>) -> Result<T, Halt> {
        match (self.value, self.parent.source) {
            (Some(entry), _) => {
                let path = Path::Key(self.parent.path, &entry.key);
                let source = Source::Real(&entry.value);
                Reader { source, path: &path, place: entry.place(), notes: self.parent.notes }.reread(read)
            }
            (None, Source::Dummy(_)) => {
                let path = Path::Key(self.parent.path, self.name);
                Reader { path: &path, ..self.parent }.reread(read)
            }
            (None, Source::Real(_)) => {
                Err(Halt::Wrong(format!("'{0}' needs a value: write '{0}: …' in a line of its own", self.name)))
            }
        }
    }
}

impl<'de, 'a> EnumAccess<'de> for Variant<'a> {
    type Error = Halt;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Halt> {
        let deserializer: StrDeserializer<'_, Halt> = self.name.into_deserializer();
        Ok((seed.deserialize(deserializer)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Halt;

    fn unit_variant(self) -> Result<(), Halt> {
        match self.value {
            Some(_) => Err(Halt::Wrong(format!("'{0}' takes no value: write '{0}' alone", self.name))),
            None => Ok(()),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Halt> {
        self.inner(|reader| seed.deserialize(reader))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Halt> {
        self.inner(|reader| de::Deserializer::deserialize_seq(reader, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Halt> {
        self.inner(|reader| de::Deserializer::deserialize_struct(reader, "", fields, visitor))
    }
}
