//! Things found while a text is read, each at its place: `members.toml:14: …`.

use std::fmt;
use std::ops::Range;

pub mod reader;
pub mod shape;
pub mod suggest;

/// Where in a text something was found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The text as a whole.
    Whole,
    /// A line, from 1.
    Line(usize),
    /// A line and a column, both from 1.
    Column(usize, usize),
    /// A path into a JSON document: `member_list[3].connection_list[0]`.
    Path(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("the file"),
            Self::Line(line) | Self::Column(line, _) => write!(f, "line {line}"),
            Self::Path(path) => f.write_str(path),
        }
    }
}

/// One thing found in a text: what it is, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notice {
    /// The text's name, as the user gave it.
    pub file: String,
    /// Where.
    pub place: Place,
    /// What.
    pub text: String,
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, place, text } = self;
        match place {
            Place::Whole => write!(f, "{file}: {text}"),
            Place::Line(line) => write!(f, "{file}:{line}: {text}"),
            Place::Column(line, column) => write!(f, "{file}:{line}:{column}: {text}"),
            Place::Path(path) => write!(f, "{file}: {path}: {text}"),
        }
    }
}

/// The notices, one a line.
#[must_use]
pub fn lines(notices: &[Notice]) -> String {
    let lines: Vec<String> = notices.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// What a check of a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// For the user, several lines, the last one ended.
    pub text: String,
    /// Whether the agent would take the file.
    pub usable: bool,
}

/// A text with its name and the starts of its lines.
#[derive(Debug)]
pub struct Source<'t> {
    label: &'t str,
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Source<'t> {
    /// A text that notices call `label`.
    #[must_use]
    pub fn new(label: &'t str, text: &'t str) -> Self {
        let after_newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(after_newlines).collect();
        Self { label, text, starts }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The line that a byte offset is on.
    #[must_use]
    pub fn place(&self, span: &Range<usize>) -> Place {
        Place::Line(self.starts.partition_point(|&start| start <= span.start).max(1))
    }

    /// A notice about a span of bytes.
    #[must_use]
    pub fn notice(&self, span: &Range<usize>, text: impl Into<String>) -> Notice {
        self.notice_at(self.place(span), text)
    }

    /// A notice about a place.
    #[must_use]
    pub fn notice_at(&self, place: Place, text: impl Into<String>) -> Notice {
        Notice { file: self.label.to_owned(), place, text: text.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_is_on_the_line_it_stands_on() {
        let source = Source::new("a.toml", "one\ntwo\n\nfour");
        for (at, line) in [(0, 1), (3, 1), (4, 2), (8, 3), (9, 4), (99, 4)] {
            assert_eq!(source.place(&(at..at)), Place::Line(line), "byte {at}");
        }
    }

    #[test]
    fn a_notice_names_its_place_as_an_editor_reads_it() {
        let source = Source::new("a.toml", "");
        let check = |place, expected: &str| assert_eq!(source.notice_at(place, "bad").to_string(), expected);
        check(Place::Whole, "a.toml: bad");
        check(Place::Line(3), "a.toml:3: bad");
        check(Place::Column(3, 7), "a.toml:3:7: bad");
        check(Place::Path("member_list[0]".to_owned()), "a.toml: member_list[0]: bad");
    }
}
