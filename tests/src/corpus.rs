//! The corpora of `data/rules` in, frames with their names and the rules that they break out.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

/// What a frame is expected to break.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expected {
    /// The rules, by name: `N01`.
    pub broken: BTreeSet<String>,
    /// Rules that the specification leaves open for this frame.
    pub open: BTreeSet<String>,
}

impl Expected {
    /// Whether these rules are what is expected, whatever the open ones.
    #[must_use]
    pub fn agrees(&self, found: &BTreeSet<String>) -> bool {
        self.broken.is_subset(found) && found.difference(&self.broken).all(|rule| self.open.contains(rule))
    }

    /// Reads `N01 N08?`, or `-` for none.
    fn parse(text: &str) -> Result<Self> {
        let mut expected = Self::default();
        for word in text.split_whitespace().filter(|word| *word != "-") {
            let (rule, set) = match word.strip_suffix('?') {
                Some(rule) => (rule, &mut expected.open),
                None => (word, &mut expected.broken),
            };
            ensure!(is_rule(rule), "{word:?} is no rule");
            set.insert(rule.to_owned());
        }
        Ok(expected)
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.broken.is_empty() && self.open.is_empty() {
            return f.write_str("-");
        }
        let open = self.open.iter().map(|rule| format!("{rule}?"));
        let words: Vec<String> = self.broken.iter().cloned().chain(open).collect();
        f.write_str(&words.join(" "))
    }
}

/// A letter for the group and two digits.
fn is_rule(text: &str) -> bool {
    matches!(text.as_bytes(), [b'L' | b'A' | b'N' | b'I', tens, ones] if tens.is_ascii_digit() && ones.is_ascii_digit())
}

/// A frame of a corpus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its name, of which there is one in its corpus.
    pub name: String,
    /// From the destination address on, without FCS.
    pub bytes: Vec<u8>,
    /// What it breaks.
    pub expected: Expected,
}

/// A file of the corpora.
#[must_use]
pub fn path(file: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/data/rules")).join(file)
}

/// Frames that break rules, and near misses, as scapy makes them.
///
/// # Errors
/// If a file is not there or not as `make.py` writes it.
pub fn sinners() -> Result<Vec<Case>> {
    by_scapy("sinners")
}

/// Frames of which none may be dropped, as scapy makes them.
///
/// # Errors
/// If a file is not there or not as `make.py` writes it.
pub fn transit() -> Result<Vec<Case>> {
    by_scapy("transit")
}

/// Frames that were written by hand.
///
/// # Errors
/// If the file is not there, or says where it is wrong.
pub fn by_hand() -> Result<Vec<Case>> {
    let file = path("by-hand.hex");
    let text = fs::read_to_string(&file).with_context(|| format!("read {}", file.display()))?;
    paragraphs(&text)
}

fn by_scapy(name: &str) -> Result<Vec<Case>> {
    let (capture, table) = (path(&format!("{name}.pcap")), path(&format!("{name}.tsv")));
    let bytes = fs::read(&capture).with_context(|| format!("read {}", capture.display()))?;
    let text = fs::read_to_string(&table).with_context(|| format!("read {}", table.display()))?;
    let frames = records(&bytes).with_context(|| format!("{} is no capture", capture.display()))?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    ensure!(lines.len() == frames.len(), "{name}: {} lines, {} frames", lines.len(), frames.len());
    let cases = (1..).zip(lines).zip(frames);
    cases.map(|((number, line), bytes)| row(number, line, bytes)).collect()
}

/// `NUMBER<tab>NAME<tab>RULES`, and the frame of that number.
fn row(number: usize, line: &str, bytes: Vec<u8>) -> Result<Case> {
    let [at, name, rules] = line.split('\t').collect::<Vec<_>>()[..] else {
        bail!("three columns: {line:?}")
    };
    ensure!(at.parse() == Ok(number), "frame {number}: {line:?} is of another");
    Ok(Case { name: name.to_owned(), bytes, expected: Expected::parse(rules)? })
}

/// The frames of a pcap file of this byte order, if they were kept whole.
fn records(bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let word = |bytes: &[u8], at: usize| {
        let four = bytes.get(at..)?.first_chunk().copied()?;
        usize::try_from(u32::from_le_bytes(four)).ok()
    };
    let (header, mut rest) = bytes.split_at_checked(24)?;
    (word(header, 0)? == 0xa1b2_c3d4).then_some(())?;
    let mut frames = Vec::new();
    while !rest.is_empty() {
        let (record, behind) = rest.split_at_checked(16)?;
        let kept = word(record, 8)?;
        (kept == word(record, 12)?).then_some(())?;
        let (frame, next) = behind.split_at_checked(kept)?;
        frames.push(frame.to_vec());
        rest = next;
    }
    Some(frames)
}

/// The frames of a text of hex: see the head of `by-hand.hex`.
fn paragraphs(text: &str) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for paragraph in text.split("\n\n") {
        let mut lines = paragraph.lines().filter(|line| !line.starts_with("##") && !line.trim().is_empty());
        let Some(title) = lines.next() else { continue };
        let named = title.strip_prefix("# ").and_then(|title| title.split_once(": "));
        let (name, rules) = named.with_context(|| format!("no `# name: rules`: {title:?}"))?;
        let expected = Expected::parse(rules).with_context(|| name.to_owned())?;
        let mut bytes = Vec::new();
        for line in lines {
            hex(line, &mut bytes).with_context(|| format!("{name}: {line:?}"))?;
        }
        cases.push(Case { name: name.to_owned(), bytes, expected });
    }
    Ok(cases)
}

/// Adds the bytes of a line: `00 1a`, `00*37`, up to a `#`.
fn hex(line: &str, bytes: &mut Vec<u8>) -> Result<()> {
    let written = line.split_once('#').map_or(line, |(written, _)| written);
    for word in written.split_whitespace() {
        let (digits, times) = word.split_once('*').unwrap_or((word, "1"));
        ensure!(digits.len() == 2, "{word:?} is no byte");
        let byte = u8::from_str_radix(digits, 16).with_context(|| format!("{word:?} is no byte"))?;
        let times: usize = times.parse().with_context(|| format!("{word:?} has no number"))?;
        bytes.resize(bytes.len() + times, byte);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpora() -> [(&'static str, Vec<Case>); 3] {
        let of = |cases: Result<Vec<Case>>| cases.expect("the corpus is read");
        [("sinners", of(sinners())), ("transit", of(transit())), ("by-hand", of(by_hand()))]
    }

    fn set(rules: &[&str]) -> BTreeSet<String> {
        rules.iter().map(|rule| (*rule).to_owned()).collect()
    }

    #[test]
    fn names_are_unique_and_no_frame_is_empty() {
        for (corpus, cases) in corpora() {
            let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
            assert_eq!(names.len(), cases.len(), "{corpus}");
            assert!(cases.iter().all(|case| case.bytes.len() >= 13), "{corpus}");
        }
    }

    #[test]
    fn each_rule_that_one_frame_decides_is_broken_bare_and_behind_tags() {
        let layer2 = (1..=20).filter(|number| ![6, 8].contains(number)).map(|number| format!("L{number:02}"));
        let arp = [1, 2, 3, 4, 5, 6, 7, 8, 11].map(|number| format!("A{number:02}"));
        let nd = (1..=10).map(|number| format!("N{number:02}"));
        let ip = (1..=13).filter(|number| *number != 12).map(|number| format!("I{number:02}"));
        let cases = sinners().expect("the corpus is read");
        for rule in layer2.chain(arp).chain(nd).chain(ip) {
            let breaks = |suffix: &str| {
                cases.iter().any(|case| case.expected.broken.contains(&rule) && case.name.ends_with(suffix))
            };
            let lone = ["L04", "L20", "N09"].contains(&rule.as_str());
            assert!(breaks("") && (lone || (breaks("-vlan") && breaks("-qinq"))), "{rule}");
        }
    }

    #[test]
    fn transit_breaks_nothing_that_drops() {
        let cases = transit().expect("the corpus is read");
        assert!(cases.len() >= 200);
        let counted_only = set(&["I09", "I13", "N09"]);
        for case in cases {
            assert!(case.expected.broken.is_subset(&counted_only), "{}: {}", case.name, case.expected);
            assert!(case.expected.open.is_empty(), "{}: {}", case.name, case.expected);
        }
    }

    #[test]
    fn transit_is_between_registered_stations() {
        let members = fs::read_to_string(path("members.toml")).expect("the members are there");
        for case in transit().expect("the corpus is read") {
            let source: Vec<String> = case.bytes[6..12].iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(members.contains(&source.join(":")), "{}", case.name);
        }
    }

    #[test]
    fn what_is_open_is_taken_either_way() {
        let expected = Expected::parse("L09 N02 N08?").expect("rules");
        assert_eq!(expected.to_string(), "L09 N02 N08?");
        for (found, agrees) in [
            (set(&["L09", "N02"]), true),
            (set(&["L09", "N02", "N08"]), true),
            (set(&["L09", "N08"]), false),
            (set(&["L09", "N02", "N01"]), false),
        ] {
            assert_eq!(expected.agrees(&found), agrees, "{found:?}");
        }
        assert_eq!(Expected::parse("-").expect("no rule").to_string(), "-");
        assert!(Expected::parse("N1").is_err() && Expected::parse("none").is_err());
    }

    #[test]
    fn hex_is_read_as_it_is_written() {
        let text = "## remark\n\n# one: L01\n01 0a*3 # words\n# more\nff\n\n# two: -\n00\n";
        let cases = paragraphs(text).expect("two frames");
        assert_eq!(cases.len(), 2);
        assert_eq!((cases[0].name.as_str(), &cases[0].bytes[..]), ("one", &[1, 10, 10, 10, 255][..]));
        for bad in ["one: L01\n00", "# one: X01\n00", "# one: -\n0", "# one: -\n00*x", "# one: -\n0g"] {
            assert!(paragraphs(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_capture_that_is_cut_is_none() {
        let whole = fs::read(path("transit.pcap")).expect("the corpus is there");
        assert!(records(&whole).is_some() && records(&whole[..whole.len() - 1]).is_none());
        assert!(records(&whole[..20]).is_none() && records(&[0; 24]).is_none());
    }
}
