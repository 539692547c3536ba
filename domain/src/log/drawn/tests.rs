use proptest::prelude::*;

use super::*;
use crate::text::{hides, plain};

const PLAIN: Style = Style {
    foreground: None,
    background: None,
    bold: false,
    dim: false,
    italic: false,
    underline: false,
    reversed: false,
    struck: false,
};
const BOLD: Style = Style { bold: true, ..PLAIN };
const UNDERLINE: Style = Style { underline: true, ..PLAIN };
const RED: Style = Style { foreground: Some(Colour::Red), ..PLAIN };

fn letters(colour: Colour) -> Style {
    Style { foreground: Some(colour), ..PLAIN }
}

fn behind(colour: Colour) -> Style {
    Style { background: Some(colour), ..PLAIN }
}

fn span(start: u32, end: u32, style: Style) -> Span {
    Span { start, end, style }
}

#[test]
fn what_is_not_a_style_is_shown_and_not_obeyed() {
    for (bytes, expected) in [
        (&b""[..], ""),
        (b"plain text", "plain text"),
        (b"  a tab\tstays\t", "  a tab\tstays\t"),
        ("größer ✓ 日本 ✔\u{fe0f}".as_bytes(), "größer ✓ 日本 ✔\u{fe0f}"),
        (b"50%\r100%\r", "50%␍100%␍"),
        (b"a\0b\x07c\x08d\x0be\x0cf\x7f", "a␀b␇c␈d␋e␌f␡"),
        (b"two\nlines", "two lines"),
        // Moving, clearing, titles, links, and what only looks like a style.
        (b"\x1b[2Jx\x1b[1;1Hy\x1b[K", "␛[2Jx␛[1;1Hy␛[K"),
        (b"\x1b]0;title\x07x", "␛]0;title␇x"),
        (b"\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\", "␛]8;;https://x␛\\link␛]8;;␛\\"),
        (b"\x1bc\x1b(0\x1b", "␛c␛(0␛"),
        (b"\x1b[?25m\x1b[>4;2m\x1b[1 m\x1b[1", "␛[?25m␛[>4;2m␛[1 m␛[1"),
        (b"\x1b[", "␛["),
        (b"\x1b\x1b[1m[31mx", "␛[31mx"),
        (b"\x1b[3\x071mx", "␛[3␇1mx"),
        (b"\x1b[31\xffmx", "␛[31\u{fffd}mx"),
        ("\u{9b}31mx\u{85}".as_bytes(), "\u{fffd}31mx\u{fffd}"),
        (b"\x9b31mx", "\u{fffd}31mx"),
        ("abc\u{202e}fed\u{2066}\u{200b}\u{feff}\u{ad}".as_bytes(), "abc\u{fffd}fed\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
        ("a\u{2028}b\u{3164}c".as_bytes(), "a\u{fffd}b\u{fffd}c"),
        // One for each piece that could have begun a character.
        (b"\xff\xfe", "\u{fffd}\u{fffd}"),
        (b"x\xe2\x9c", "x\u{fffd}"),
        (b"\xe2\x9c\xe2\x9c\x93\xc0\xaf\xed\xa0\x80", "\u{fffd}✓\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
        // Marks pile up as high as anywhere else, also where styles come between.
        ("e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}x".as_bytes(), "e\u{301}\u{301}\u{301}\u{301}x"),
        ("e\u{301}\u{301}\u{301}\x1b[1m\u{301}\u{301}\x1b[m\u{301}x".as_bytes(), "e\u{301}\u{301}\u{301}\u{301}x"),
    ] {
        assert_eq!(drawn(bytes).text, expected, "{:?}", bytes.escape_ascii().to_string());
    }
}

#[test]
fn sequences_become_styles_and_leave_no_text() {
    let loud = Style {
        foreground: Some(Colour::BrightYellow),
        background: Some(Colour::Blue),
        bold: true,
        dim: true,
        italic: true,
        underline: true,
        reversed: true,
        struck: true,
    };
    for (line, text, spans) in [
        ("\x1b[31mred\x1b[0m and not", "red and not", vec![span(0, 3, RED)]),
        ("to the \x1b[1mend", "to the end", vec![span(7, 10, BOLD)]),
        ("\x1b[31mé\x1b[mx", "éx", vec![span(0, 2, RED)]),
        ("\x1b[31m\tx", "\tx", vec![span(0, 2, RED)]),
        ("\x1b[31m\x07\x1b[mx", "␇x", vec![span(0, 3, RED)]),
        ("\x1b[31m\x1b[2Jx", "␛[2Jx", vec![span(0, 7, RED)]),
        ("\x1b[1;2;3;4;7;9;93;44mx", "x", vec![span(0, 1, loud)]),
        ("\x1b[1m\x1b[2m\x1b[3m\x1b[4m\x1b[7m\x1b[9m\x1b[93m\x1b[44mx", "x", vec![span(0, 1, loud)]),
        // Neighbours of one style are one, and nothing is no neighbour.
        ("\x1b[31mr\x1b[31me\x1b[0;31md", "red", vec![span(0, 3, RED)]),
        ("\x1b[31mre\x1b[1m\x1b[22md", "red", vec![span(0, 3, RED)]),
        ("\x1b[31mr\x1b[0m \x1b[31mr", "r r", vec![span(0, 1, RED), span(2, 3, RED)]),
        ("\x1b[31mr\x1b[39;1mb", "rb", vec![span(0, 1, RED), span(1, 2, BOLD)]),
        ("\x1b[31m\x1b[m\x1b[1m", "", vec![]),
        // Marks that are not shown are nothing, too.
        ("e\u{301}\u{301}\u{301}\u{301}\x1b[1m\u{301}\x1b[mx", "e\u{301}\u{301}\u{301}\u{301}x", vec![]),
        // Text that would hide does not.
        ("\x1b[8msecret", "secret", vec![]),
        ("\x1b[30;40msecret", "secret", vec![span(0, 6, letters(Colour::Black))]),
        ("\x1b[31;41ma\x1b[49mb", "ab", vec![span(0, 2, RED)]),
        ("\x1b[38;5;243;48;5;244mgrey", "grey", vec![span(0, 4, letters(Colour::BrightBlack))]),
    ] {
        assert_eq!(drawn(line.as_bytes()), Drawn { text: text.into(), spans }, "{line:?}");
    }
}

#[test]
fn parameters_set_and_reset() {
    let every = "1;2;3;4;7;9;31;42";
    let all = Style {
        foreground: Some(Colour::Red),
        background: Some(Colour::Green),
        bold: true,
        dim: true,
        italic: true,
        underline: true,
        reversed: true,
        struck: true,
    };
    for (parameters, expected) in [
        // Nothing is 0.
        ("1;", PLAIN),
        (";1", BOLD),
        ("31;;1", BOLD),
        ("01;031", Style { bold: true, ..RED }),
        // What is not known changes nothing.
        ("1;5;6;8;10;19;20;25;26;28;50;53;59;73;98;108;999", BOLD),
        ("1;99999999999999999999", BOLD),
        ("1;1:31;31:1", BOLD),
        ("4:0", PLAIN),
        ("4:1", UNDERLINE),
        ("4:3", UNDERLINE),
        ("4;4:0", PLAIN),
        ("21", UNDERLINE),
        (every, all),
        (&format!("{every};0"), PLAIN),
        (&format!("{every};22"), Style { bold: false, dim: false, ..all }),
        (&format!("{every};23"), Style { italic: false, ..all }),
        (&format!("{every};24"), Style { underline: false, ..all }),
        (&format!("{every};27"), Style { reversed: false, ..all }),
        (&format!("{every};29"), Style { struck: false, ..all }),
        (&format!("{every};39"), Style { foreground: None, ..all }),
        (&format!("{every};49"), Style { background: None, ..all }),
        ("30", letters(Colour::Black)),
        ("37", letters(Colour::White)),
        ("40", behind(Colour::Black)),
        ("47", behind(Colour::White)),
        ("90", letters(Colour::BrightBlack)),
        ("97", letters(Colour::BrightWhite)),
        ("100", behind(Colour::BrightBlack)),
        ("107", behind(Colour::BrightWhite)),
        // 256 colours.
        ("38;5;1", RED),
        ("38:5:1", RED),
        ("38;5;12", letters(Colour::BrightBlue)),
        ("38;5;16", letters(Colour::Black)),
        ("38;5;196", letters(Colour::BrightRed)),
        ("38;5;208", letters(Colour::Yellow)),
        ("38;5;231", letters(Colour::BrightWhite)),
        ("38;5;232", letters(Colour::Black)),
        ("38;5;244", letters(Colour::BrightBlack)),
        ("48;5;255;1", Style { bold: true, ..behind(Colour::White) }),
        ("38;5;", letters(Colour::Black)),
        ("31;38;5;256;1", Style { bold: true, ..RED }),
        // 24 bits, with and without the number of a colour space.
        ("38;2;255;0;0", letters(Colour::BrightRed)),
        ("38;2;;205;;1", Style { bold: true, ..letters(Colour::Green) }),
        ("48;2;10;10;230;1", Style { bold: true, ..behind(Colour::Blue) }),
        ("38:2:200:0:10;1", Style { bold: true, ..RED }),
        ("38:2::200:0:10;1", Style { bold: true, ..RED }),
        ("38:2:1:200:0:10:0:1", RED),
        ("48:2::0:0:0", behind(Colour::Black)),
        ("31;38;2;0;256;0;1", Style { bold: true, ..RED }),
        ("31;38:2:0:256:0;1", Style { bold: true, ..RED }),
        // The colour of the underline is not shown, nor are its numbers taken for styles.
        ("58;5;1", PLAIN),
        ("58;2;1;3;9;4", UNDERLINE),
        ("58:2::1:3:9;4", UNDERLINE),
        // Nobody can say where these end.
        ("1;38", BOLD),
        ("1;38;5", BOLD),
        ("1;38;2;3;4", BOLD),
        ("1;38;9;3", BOLD),
        ("1;38;2:3:4:9;3", BOLD),
        // Here the end is known.
        ("38:5;1", BOLD),
        ("38:2:1:2;1", BOLD),
        ("38:;1", BOLD),
    ] {
        let line = format!("\x1b[{parameters}mx");
        let spans = if expected == PLAIN { vec![] } else { vec![span(0, 1, expected)] };
        assert_eq!(drawn(line.as_bytes()), Drawn { text: "x".into(), spans }, "{parameters}");
    }
}

#[test]
fn a_sequence_that_is_too_long_is_text() {
    for (zeros, is_style) in [(SEQUENCE_LIMIT - 4, true), (SEQUENCE_LIMIT - 3, false)] {
        let sequence = format!("\x1b[{}1m", "0".repeat(zeros));
        assert_eq!(sequence.len() <= SEQUENCE_LIMIT, is_style);
        let found = drawn(format!("{sequence}x").as_bytes());
        if is_style {
            assert_eq!(found, Drawn { text: "x".into(), spans: vec![span(0, 1, BOLD)] });
        } else {
            assert_eq!(found, Drawn { text: format!("{}x", sequence.replace('\x1b', "␛")), spans: vec![] });
        }
    }
}

#[test]
fn after_a_thousand_spans_text_has_no_style() {
    let line = "\x1b[31mr\x1b[32mg".repeat(SPAN_LIMIT);
    let found = drawn(line.as_bytes());
    assert_eq!(found.text, "rg".repeat(SPAN_LIMIT));
    assert_eq!(found.spans.len(), SPAN_LIMIT);
    assert_eq!(found.spans.last(), Some(&span(999, 1000, letters(Colour::Green))));
}

#[test]
fn a_span_takes_sixteen_bytes() {
    assert_eq!(size_of::<Span>(), 16);
}

#[test]
fn every_colour_is_its_own_nearest() {
    for (index, (colour, mix)) in (0..).zip(PALETTE) {
        assert_eq!((indexed(index), nearest(mix)), (Some(colour), colour));
    }
    assert!((0..256).all(|index| indexed(index).is_some()) && indexed(256).is_none());
}

/// Bytes that container logs are made of, and those that somebody would try.
fn any_line() -> impl Strategy<Value = Vec<u8>> {
    let fragments = [
        "\x1b",
        "\x1b[",
        "[",
        "m",
        ";",
        ":",
        "0",
        "1",
        "31",
        "38",
        "5",
        "2",
        "48;2;1;2;3",
        "\x1b[m",
        "\x1b[31m",
        "\x1b[1;44m",
        "\x1b[38;5;200m",
        "\x1b[2J",
        "\x1b]8;;",
        "\x07",
        "\x08",
        "\r",
        "\0",
        "\x7f",
        "\t",
        "\n",
        " ",
        "text",
        "日本",
        "é",
        "e\u{301}",
        "\u{301}\u{301}\u{301}",
        "\u{20dd}",
        "\u{202e}",
        "\u{2066}",
        "\u{200b}",
        "\u{feff}",
        "\u{9b}",
        "\u{85}",
        "\u{fffd}",
        "\u{2028}",
        "\u{fe0f}",
        "😀",
    ];
    let broken: [&[u8]; 7] = [b"\xff", b"\x9b", b"\xc3", b"\xe2\x9c", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\x80"];
    let piece = prop_oneof![
        8 => prop::sample::select(fragments.to_vec()).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::sample::select(broken.to_vec()).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..5),
        1 => any::<char>().prop_map(|c| c.to_string().into_bytes()),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// The text without its styles, found the slow way.
fn unstyled(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let end = rest.find('m').map_or(0, |at| at + 1);
        let middle = rest[..end].strip_prefix("\x1b[").and_then(|sequence| sequence.strip_suffix('m'));
        if end <= SEQUENCE_LIMIT && middle.is_some_and(|middle| middle.bytes().all(|b| b"0123456789;:".contains(&b))) {
            rest = &rest[end..];
        } else {
            kept.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    kept
}

fn any_style() -> impl Strategy<Value = Style> {
    let colour = || prop::option::of(prop::sample::select(PALETTE.map(|(colour, _)| colour).to_vec()));
    (colour(), colour(), any::<[bool; 6]>()).prop_map(|(foreground, background, flags)| {
        let [bold, dim, italic, underline, reversed, struck] = flags;
        Style { foreground, background, bold, dim, italic, underline, reversed, struck }.legible()
    })
}

/// A style as somebody writes it who writes all of it each time, in one of three ways.
fn written(style: Style, way: u8) -> String {
    let mut codes = vec![String::new()];
    let flags = [style.bold, style.dim, style.italic, style.underline, style.reversed, style.struck];
    codes.extend(flags.iter().zip([1, 2, 3, 4, 7, 9]).filter(|(is_set, _)| **is_set).map(|(_, code)| code.to_string()));
    for (colour, simple, bright, extended) in [(style.foreground, 30, 90, 38), (style.background, 40, 100, 48)] {
        let Some(colour) = colour else { continue };
        let index = colour as usize;
        let [r, g, b] = PALETTE[index].1;
        codes.push(match way {
            0 if index < 8 => (simple + index).to_string(),
            0 => (bright + index - 8).to_string(),
            1 => format!("{extended};5;{index}"),
            2 => format!("{extended};2;{r};{g};{b}"),
            _ => format!("{extended}:2::{r}:{g}:{b}"),
        });
    }
    format!("\x1b[{}m", codes.join(";"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn whatever_is_written_is_shown(line in any_line()) {
        let Drawn { text, spans } = drawn(&line);
        prop_assert!(text.chars().all(|c| c == '\t' || !hides(c)), "{text:?}");
        prop_assert!(text.len() <= line.len() * 4);

        // A letter at the end, because plain() cuts blanks there.
        let expected = unstyled(&String::from_utf8_lossy(&line)) + "x";
        let expected = plain(&expected, expected.len());
        prop_assert_eq!(text.replace('\t', " ") + "x", expected);
        prop_assert_eq!(text.matches('\t').count(), line.iter().filter(|byte| **byte == b'\t').count());

        let mut before: Option<Span> = None;
        for span in spans {
            prop_assert!(span.start < span.end && text.get(span.start as usize..span.end as usize).is_some());
            prop_assert!(span.style != PLAIN && span.style == span.style.legible());
            if let Some(before) = before {
                prop_assert!(before.end < span.start || before.end == span.start && before.style != span.style);
            }
            before = Some(span);
        }
    }

    #[test]
    fn every_letter_has_the_style_that_was_set(
        pieces in prop::collection::vec(
            (any_style(), 0u8..4, prop::sample::select(vec!["", "a", "two words", "é", "\x07"])),
            0..12,
        ),
    ) {
        let (mut line, mut expected) = (String::new(), Vec::new());
        for (style, way, text) in pieces {
            line += &written(style, way);
            line += text;
            expected.extend(std::iter::repeat_n(style, if text == "\x07" { 3 } else { text.len() }));
        }
        let Drawn { text, spans } = drawn(line.as_bytes());
        let mut found = vec![PLAIN; text.len()];
        for span in spans {
            found[span.start as usize..span.end as usize].fill(span.style);
        }
        prop_assert_eq!(found, expected, "{:?}", line);
    }
}
