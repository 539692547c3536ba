//! Lines of logs made safe to show, with their colours: anybody whose container runs can write here.

use serde::{Deserialize, Serialize};

use crate::text::show;

/// The most spans of one line; what comes after them has no style.
pub const SPAN_LIMIT: usize = 1000;

/// The most bytes of a sequence that sets a style, from ESC to `m`.
const SEQUENCE_LIMIT: usize = 64;

/// A line as it is shown: nothing in it is obeyed, and nothing in it is hidden.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// The line without what set its style. Tabs are still tabs.
    pub text: String,
    /// The parts of the text that have a style, in order.
    pub spans: Vec<Span>,
}

/// A part of a text that has a style. It is not empty, and its neighbours have another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The first byte of the part.
    pub start: u32,
    /// The byte after the part.
    pub end: u32,
    /// How it is drawn.
    pub style: Style,
}

/// How text is drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Style {
    /// The colour of the letters; `None` is the page's own.
    pub foreground: Option<Colour>,
    /// The colour behind the letters; `None` is the page's own, and never the colour of the letters.
    pub background: Option<Colour>,
    /// Bold.
    pub bold: bool,
    /// Fainter than other text.
    pub dim: bool,
    /// Italic.
    pub italic: bool,
    /// Underlined, in whichever way.
    pub underline: bool,
    /// The two colours change places.
    pub reversed: bool,
    /// Struck through.
    pub struck: bool,
}

/// One of the sixteen colours of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Colour {
    Black,
    Red,
    Green,
    Yellow,
    Blue,
    Magenta,
    Cyan,
    White,
    BrightBlack,
    BrightRed,
    BrightGreen,
    BrightYellow,
    BrightBlue,
    BrightMagenta,
    BrightCyan,
    BrightWhite,
}

/// The sixteen colours by their numbers, as xterm mixes them: other colours are shown as the nearest of these.
const PALETTE: [(Colour, [u8; 3]); 16] = [
    (Colour::Black, [0, 0, 0]),
    (Colour::Red, [205, 0, 0]),
    (Colour::Green, [0, 205, 0]),
    (Colour::Yellow, [205, 205, 0]),
    (Colour::Blue, [0, 0, 238]),
    (Colour::Magenta, [205, 0, 205]),
    (Colour::Cyan, [0, 205, 205]),
    (Colour::White, [229, 229, 229]),
    (Colour::BrightBlack, [127, 127, 127]),
    (Colour::BrightRed, [255, 0, 0]),
    (Colour::BrightGreen, [0, 255, 0]),
    (Colour::BrightYellow, [255, 255, 0]),
    (Colour::BrightBlue, [92, 92, 255]),
    (Colour::BrightMagenta, [255, 0, 255]),
    (Colour::BrightCyan, [0, 255, 255]),
    (Colour::BrightWhite, [255, 255, 255]),
];

/// A line as it is shown.
///
/// Complete sequences that set a style (SGR) become spans and leave no text. Everything else that would not show itself
/// is shown as [`crate::text::plain`] shows it, but for tabs; bytes that are no UTF-8 become `�`.
/// <https://www.ecma-international.org/publications-and-standards/standards/ecma-48/>
pub fn drawn(bytes: &[u8]) -> Drawn {
    // Most lines are nothing but letters.
    if is_all_ascii_text(bytes)
        && let Ok(text) = str::from_utf8(bytes)
    {
        return Drawn { text: text.to_owned(), spans: Vec::new() };
    }
    let mut pen = Pen::default();
    pen.text.reserve(bytes.len());
    for chunk in bytes.utf8_chunks() {
        pen.write(chunk.valid());
        if !chunk.invalid().is_empty() {
            pen.put(char::REPLACEMENT_CHARACTER);
        }
    }
    pen.close();
    Drawn { text: pen.text, spans: pen.spans }
}

/// Whether a byte is text that is shown as it stands.
fn is_ascii_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t')
}

fn is_all_ascii_text(bytes: &[u8]) -> bool {
    // Looking at a whole piece before deciding lets the compiler look at many bytes at once.
    bytes.chunks(32).all(|piece| piece.iter().fold(true, |is_text, byte| is_text & is_ascii_text(*byte)))
}

/// What is drawn so far, and how it goes on.
#[derive(Default)]
struct Pen {
    text: String,
    spans: Vec<Span>,
    style: Style,
    /// Where text of this style began.
    start: usize,
    /// How many marks stand on the last letter.
    marks: u32,
}

impl Pen {
    fn write(&mut self, mut text: &str) {
        while !text.is_empty() {
            let letters = text.bytes().position(|byte| !is_ascii_text(byte)).unwrap_or(text.len());
            if let Some((run, rest)) = text.split_at_checked(letters)
                && !run.is_empty()
            {
                self.text.push_str(run);
                self.marks = 0;
                text = rest;
            } else if let Some((parameters, rest)) = sequence(text) {
                self.set(restyled(self.style, parameters));
                text = rest;
            } else {
                let mut chars = text.chars();
                chars.next().into_iter().for_each(|c| self.put(c));
                text = chars.as_str();
            }
        }
    }

    fn put(&mut self, c: char) {
        self.text.extend(show(c, &mut self.marks));
    }

    fn set(&mut self, style: Style) {
        if style != self.style {
            self.close();
            self.style = style;
        }
    }

    /// Ends the text of this style.
    fn close(&mut self) {
        let (start, end) = (self.start, self.text.len());
        self.start = end;
        let style = self.style.legible();
        if start == end || style == Style::default() {
            return;
        }
        // Nothing as long as this is a line: [`crate::log::split::LINE_LIMIT`].
        let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end)) else { return };
        if let Some(last) = self.spans.last_mut()
            && last.end == start
            && last.style == style
        {
            last.end = end;
        } else if self.spans.len() < SPAN_LIMIT {
            self.spans.push(Span { start, end, style });
        }
    }
}

impl Style {
    /// Letters in the colour of what is behind them cannot be read: they were hidden, or two colours have the same
    /// nearest one.
    fn legible(self) -> Self {
        if self.foreground == self.background { Self { background: None, ..self } } else { self }
    }
}

/// The parameters of the sequence that a text begins with, if it is complete and sets a style, and what comes after it.
fn sequence(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("\u{1b}[")?;
    let length = rest.bytes().take(SEQUENCE_LIMIT - 2).position(|byte| !matches!(byte, b'0'..=b'9' | b';' | b':'))?;
    let (parameters, rest) = rest.split_at_checked(length)?;
    Some((parameters, rest.strip_prefix('m')?))
}

/// A style after the parameters of a sequence. What is not known changes nothing: blinking, fonts, and text that hides.
fn restyled(mut style: Style, parameters: &str) -> Style {
    let mut parameters = parameters.split(';');
    while let Some(parameter) = parameters.next() {
        if let Some((code, own)) = parameter.split_once(':') {
            match (number(code), own) {
                (Some(4), "0") => style.underline = false,
                (Some(4), _) => style.underline = true,
                (Some(38), _) => style.foreground = own_colour(own).or(style.foreground),
                (Some(48), _) => style.background = own_colour(own).or(style.background),
                _ => {}
            }
            continue;
        }
        let Some(code) = number(parameter) else { continue };
        match code {
            0 => style = Style::default(),
            1 => style.bold = true,
            2 => style.dim = true,
            3 => style.italic = true,
            // 21 is a double line; only a few old terminals took it for "not bold".
            4 | 21 => style.underline = true,
            7 => style.reversed = true,
            9 => style.struck = true,
            22 => (style.bold, style.dim) = (false, false),
            23 => style.italic = false,
            24 => style.underline = false,
            27 => style.reversed = false,
            29 => style.struck = false,
            30..=37 => style.foreground = indexed(code - 30),
            39 => style.foreground = None,
            40..=47 => style.background = indexed(code - 40),
            49 => style.background = None,
            90..=97 => style.foreground = indexed(code - 90 + 8),
            100..=107 => style.background = indexed(code - 100 + 8),
            // The colour of the underline, 58, is not shown, but what follows it belongs to it.
            38 | 48 | 58 => {
                let Some(colour) = extended(&mut parameters) else { break };
                match code {
                    38 => style.foreground = colour.or(style.foreground),
                    48 => style.background = colour.or(style.background),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    style
}

/// A number; nothing at all is 0.
fn number(text: &str) -> Option<u32> {
    if text.is_empty() { Some(0) } else { text.parse().ok() }
}

/// The colour that follows 38 after colons. Before red there may be the number of a colour space, mostly empty; the
/// standard wants it, and many leave it out.
fn own_colour(own: &str) -> Option<Colour> {
    match own.strip_prefix("2:") {
        Some(rest) if rest.split(':').count() > 3 => {
            let (_, colours) = rest.split_once(':')?;
            mixed(&mut colours.split(':'))?
        }
        _ => extended(&mut own.split(':'))?,
    }
}

/// The colour that follows 38: `5` with a number, or `2` with red, green and blue. `None` where what follows has
/// another form, so that nobody can say where it ends; the inner one where there is no such colour.
fn extended<'a>(parameters: &mut impl Iterator<Item = &'a str>) -> Option<Option<Colour>> {
    match number(parameters.next()?)? {
        5 => Some(number(parameters.next()?).and_then(indexed)),
        2 => mixed(parameters),
        _ => None,
    }
}

fn mixed<'a>(parameters: &mut impl Iterator<Item = &'a str>) -> Option<Option<Colour>> {
    let parts = [parameters.next()?, parameters.next()?, parameters.next()?];
    let [red, green, blue] = parts.map(|part| number(part).and_then(|value| u8::try_from(value).ok()));
    Some(red.zip(green).zip(blue).map(|((red, green), blue)| nearest([red, green, blue])))
}

/// One of the 256 colours of xterm: the sixteen, a cube of six times six times six, and 24 greys.
fn indexed(index: u32) -> Option<Colour> {
    let index = u8::try_from(index).ok()?;
    let level = |step: u8| if step == 0 { 0 } else { 55 + step * 40 };
    match index {
        0..16 => PALETTE.get(usize::from(index)).map(|(colour, _)| *colour),
        16..232 => {
            let cell = index - 16;
            Some(nearest([level(cell / 36), level(cell / 6 % 6), level(cell % 6)]))
        }
        232.. => Some(nearest([8 + (index - 232) * 10; 3])),
    }
}

fn nearest(mix: [u8; 3]) -> Colour {
    let distance = |other: &[u8; 3]| -> u32 {
        mix.iter().zip(other).map(|(one, other)| u32::from(one.abs_diff(*other)).pow(2)).sum()
    };
    PALETTE.iter().min_by_key(|(_, other)| distance(other)).map_or(Colour::White, |(colour, _)| *colour)
}

#[cfg(test)]
mod tests;
