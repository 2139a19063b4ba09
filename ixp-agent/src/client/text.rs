//! Words in, lines of a terminal out.

use std::env;
use std::io::{self, IsTerminal as _};

/// What fits on the narrowest terminal.
const WIDTH: usize = 80;

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// Without colours.
    Plain,
    /// On a terminal, unless `NO_COLOR` is set.
    Coloured,
}

impl Look {
    /// That of standard output.
    pub(super) fn of_output() -> Self {
        let is_plain = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if is_plain || !io::stdout().is_terminal() { Self::Plain } else { Self::Coloured }
    }

    /// The name of a severity, as wide as the longest.
    pub(super) fn severity(self, name: &str) -> String {
        let padded = format!("{name:8}");
        match (self, name) {
            (Self::Coloured, "critical") => format!("\x1b[1;31m{padded}\x1b[0m"),
            (Self::Coloured, "warning") => format!("\x1b[33m{padded}\x1b[0m"),
            (Self::Plain | Self::Coloured, _) => padded,
        }
    }
}

/// Words as lines of at most 80 columns, each indented. What comes from the network has no control
/// characters, which a terminal would obey.
pub(super) fn indented(text: &str, by: usize) -> String {
    let mut lines = vec![String::new()];
    for word in safe(text).split_whitespace() {
        let fits = lines.last().is_some_and(|line| {
            line.is_empty() || by + line.chars().count() + 1 + word.chars().count() <= WIDTH
        });
        if !fits {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    let indent = " ".repeat(by);
    lines.iter().map(|line| format!("{indent}{line}\n")).collect()
}

/// `1 frame`, `2 frames`.
pub(super) fn counted(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

/// A text without control characters.
pub(super) fn safe(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// A text that is cut to so many characters.
pub(super) fn cut(text: &str, width: usize) -> String {
    let text = safe(text);
    match text.chars().count() <= width {
        true => text,
        false => text.chars().take(width - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_lose_no_word() {
        let words = ["word"; 40].join(" ");
        let text = indented(&words, 4);
        assert!(text.lines().all(|line| line.len() <= WIDTH && line.starts_with("    word")));
        assert_eq!(text.split_whitespace().count(), 40);
    }

    #[test]
    fn a_name_cannot_command_the_terminal() {
        assert_eq!(cut("a\x1b[2Jb", 9), "a [2Jb");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(Look::Plain.severity("critical"), "critical");
    }
}
