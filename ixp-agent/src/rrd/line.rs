//! What `rrdcached` is to do in, lines of its protocol out, and what its answers mean.

use super::layout::{DEFINITIONS, STEP};

/// Asks when a file was last updated.
pub(super) fn last(path: &str) -> String {
    format!("LAST {}\n", word(path))
}

/// Makes a file whose first step begins at a moment, in seconds since 1970; never in place of one that is there.
pub(super) fn create(path: &str, begin: i64) -> String {
    format!("CREATE {} -s {STEP} -b {begin} -O {DEFINITIONS}\n", word(path))
}

/// Adds the rates of the step that ends at a moment; if `gap` is one, what was before it is not known.
pub(super) fn update(path: &str, gap: Option<i64>, end: i64, [incoming, outgoing]: [f64; 2]) -> String {
    let gap = gap.map_or_else(String::new, |gap| format!(" {gap}:U:U"));
    format!("UPDATE {}{gap} {end}:{incoming}:{outgoing}\n", word(path))
}

/// A path as one word.
fn word(path: &str) -> String {
    let mut word = String::with_capacity(path.len());
    for letter in path.chars() {
        if letter == '\\' || letter.is_whitespace() {
            word.push('\\');
        }
        word.push(letter);
    }
    word
}

/// The number that an answer begins with, and what it says.
pub(super) fn status(line: &str) -> Option<(i64, &str)> {
    let (number, text) = line.split_once(' ').unwrap_or((line, ""));
    Some((number.parse().ok()?, text.trim()))
}

/// Why a command was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The file has a later time already, or is there already.
    There,
    /// There is no such file.
    Missing,
    /// Anything else.
    Other,
}

impl Refusal {
    pub(super) fn of(text: &str) -> Self {
        if text.starts_with("illegal attempt to update using time") || text.ends_with("File exists") {
            return Self::There;
        }
        match text.contains("No such file") {
            true => Self::Missing,
            false => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_the_protocol_has_them() {
        assert_eq!(last("/r/a.rrd"), "LAST /r/a.rrd\n");
        assert_eq!(last("/my r\\a"), "LAST /my\\ r\\\\a\n");
        assert_eq!(update("a", None, 600, [1.5, 0.0]), "UPDATE a 600:1.5:0\n");
        // As many digits as the number has.
        let third = 1.0 / 3.0;
        assert_eq!(
            update("a", Some(300), 600, [third, 4e9]),
            "UPDATE a 300:U:U 600:0.3333333333333333:4000000000\n"
        );
        let create = create("a", 300);
        assert!(create.starts_with("CREATE a -s 300 -b 300 -O DS:traffic_in:GAUGE:600:U:U "), "{create}");
        assert!(create.ends_with(" RRA:MAX:0.5:288:3650\n") && !create.contains("  "), "{create}");
    }

    #[test]
    fn answers_are_understood() {
        assert_eq!(status("-1 No such file: x"), Some((-1, "No such file: x")));
        assert_eq!(status("0 1700000100"), Some((0, "1700000100")));
        assert_eq!(status("Did you pass -R to the daemon?"), None);
        let past =
            "illegal attempt to update using time 1.0 when last update time is 2.0 (minimum one second step)";
        assert_eq!(Refusal::of(past), Refusal::There);
        assert_eq!(Refusal::of("RRD Error: creating '/a': File exists"), Refusal::There);
        assert_eq!(Refusal::of("No such file: /a"), Refusal::Missing);
        assert_eq!(Refusal::of("RRD Error: opening '/a': No such file or directory"), Refusal::Missing);
        assert_eq!(Refusal::of("/a: Permission denied"), Refusal::Other);
    }
}
