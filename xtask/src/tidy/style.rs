//! What the house style asks of a file that no lint knows; text in, broken rules by line out.

use std::path::Path;

use super::tokens::Token;

/// Lines of a file before its tests.
const LONGEST: usize = 400;

/// The file opens with what comes in and what goes out.
pub(super) fn opening(text: &str) -> Option<(usize, String)> {
    (!text.starts_with("//! ")).then(|| (1, "a file opens with one `//!` sentence".to_owned()))
}

/// The file is not too long. Tests may be.
pub(super) fn length(file: &Path, text: &str) -> Option<(usize, String)> {
    let length = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
    let is_too_long = length > LONGEST && !file.starts_with("tests/tests");
    is_too_long
        .then(|| (LONGEST, format!("{length} lines before the tests: split it, {LONGEST} is the limit")))
}

/// Nothing is left for later, and no test is left out.
pub(super) fn banned(tokens: &[Token<'_>]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for pair in tokens.windows(2) {
        let [first, second] = pair else { continue };
        match (first.text, second.text) {
            ("todo" | "unimplemented", "!") => found.push((first.line, format!("`{}!` is left", first.text))),
            ("[", "ignore") => {
                found.push((first.line, "an ignored test: nothing is skipped in silence".to_owned()));
            }
            _ => {}
        }
    }
    found
}

/// No path of somebody's machine.
pub(super) fn home_paths(text: &str) -> Vec<(usize, String)> {
    // Put together here, so that this file is not a finding itself.
    let homes = ["home", "root", "Users"].map(|directory| format!("/{directory}/"));
    let lines = text.lines().enumerate();
    let found = lines.filter_map(|(at, line)| Some((at, homes.iter().find(|home| line.contains(*home))?)));
    found.map(|(at, home)| (at + 1, format!("a path below {home} is only on one machine"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tokens::tokens;

    #[test]
    fn a_file_opens_with_a_sentence() {
        assert_eq!(opening("//! Adds.\nfn add() {}"), None);
        assert!(opening("#![no_std]\n//! Adds.").is_some());
    }

    #[test]
    fn only_lines_before_the_tests_count() {
        let long = "//!\n".repeat(LONGEST + 1);
        let tested = format!("//!\n#[cfg(test)]\n{long}");
        assert!(length(Path::new("xtask/src/a.rs"), &long).is_some());
        assert_eq!(length(Path::new("xtask/src/a.rs"), &tested), None);
        assert_eq!(length(Path::new("tests/tests/a.rs"), &long), None);
    }

    #[test]
    fn what_is_left_for_later_is_told() {
        let check = |source: &str| banned(&tokens(source)).len();
        assert_eq!(check("todo!()"), 1);
        assert_eq!(check("fn f() { unimplemented!(\"x\") }"), 1);
        assert_eq!(check("#[test]\n#[ignore = \"slow\"]\nfn f() {}"), 1);
        assert_eq!(check("// todo!()\n\"todo!\"; let ignore = [todo];"), 0);
    }

    #[test]
    fn a_home_is_told_by_line() {
        let text = ["see\n/", "home", "/me/x"].concat();
        assert_eq!(home_paths(&text).first().map(|(line, _)| *line), Some(2));
        assert_eq!(home_paths("~/x, /etc/hosts"), []);
    }
}
