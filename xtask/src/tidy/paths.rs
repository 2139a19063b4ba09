//! Tokens in, the paths that they spell out, groups spread: `a::{b, c::d}` is `a::b` and `a::c::d`.

use super::tokens::Token;

/// A path and the line of its last word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path<'a> {
    pub(super) segments: Vec<&'a str>,
    pub(super) line: usize,
}

impl Path<'_> {
    /// Whether the path begins as `prefix` does, such as `std::fs`.
    pub(super) fn starts_with(&self, prefix: &str) -> bool {
        let mut segments = self.segments.iter();
        prefix.split("::").all(|wanted| segments.next() == Some(&wanted))
    }

    /// Whether the path ends as `suffix` does, such as `Instant::now`.
    pub(super) fn ends_with(&self, suffix: &str) -> bool {
        let mut segments = self.segments.iter().rev();
        suffix.rsplit("::").all(|wanted| segments.next() == Some(&wanted))
    }
}

/// Every path of two words or more, and what single words `use` brings in.
pub(super) fn paths<'a>(tokens: &[Token<'a>]) -> Vec<Path<'a>> {
    let mut reader = Reader { tokens, at: 0, found: Vec::new() };
    while let Some(token) = reader.peek(0) {
        if token.text == "use" {
            reader.at += 1;
            reader.tree(&mut Vec::new());
        } else if is_word(token.text) && reader.peek(1).is_some_and(|next| next.text == "::") {
            reader.tree(&mut Vec::new());
        } else {
            reader.at += 1;
        }
    }
    reader.found
}

struct Reader<'a, 't> {
    tokens: &'t [Token<'a>],
    at: usize,
    found: Vec<Path<'a>>,
}

impl<'a> Reader<'a, '_> {
    fn peek(&self, ahead: usize) -> Option<Token<'a>> {
        self.tokens.get(self.at + ahead).copied()
    }

    fn take(&mut self, text: &str) -> bool {
        let is_next = self.peek(0).is_some_and(|token| token.text == text);
        self.at += usize::from(is_next);
        is_next
    }

    /// Reads one path or group behind `prefix`, and leaves `prefix` as it was.
    fn tree(&mut self, prefix: &mut Vec<&'a str>) {
        let depth = prefix.len();
        self.take("::");
        let mut line = 0;
        while let Some(token) = self.peek(0).filter(|token| is_word(token.text)) {
            prefix.push(token.text);
            line = token.line;
            self.at += 1;
            if !self.take("::") {
                break;
            }
        }
        if self.take("{") {
            while self.peek(0).is_some_and(|token| token.text != "}") {
                let before = self.at;
                self.tree(prefix);
                self.at += usize::from(self.at == before);
            }
            self.take("}");
        } else if prefix.len() > depth {
            self.found.push(Path { segments: prefix.clone(), line });
        }
        prefix.truncate(depth);
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|char: char| char.is_alphabetic() || char == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tokens::tokens;

    fn check(source: &str, expected: &[(&str, usize)]) {
        let tokens = tokens(source);
        let found: Vec<_> = paths(&tokens).iter().map(|path| (path.segments.join("::"), path.line)).collect();
        let expected: Vec<_> = expected.iter().map(|(path, line)| ((*path).to_owned(), *line)).collect();
        assert_eq!(found, expected, "{source}");
    }

    #[test]
    fn groups_are_spread_with_their_lines() {
        check(
            "use crate::{matrix::{self, Cell},\n members};",
            &[("crate::matrix::self", 1), ("crate::matrix::Cell", 1), ("crate::members", 2)],
        );
    }

    #[test]
    fn a_path_in_an_expression_counts_and_a_field_does_not() {
        check(
            "let at = std::time::Instant::now(); a.b; x::<u8>::y;",
            &[("std::time::Instant::now", 1), ("x", 1)],
        );
        check("use tokio; use a::b as c;", &[("tokio", 1), ("a::b", 1)]);
    }
}
