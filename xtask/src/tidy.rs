//! `cargo xtask tidy`: the sources in, a line for each place where they break the architecture or the style out.

mod paths;
mod rooms;
mod style;
mod tokens;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::workspace::{files, root};

/// Something that is not as it should be.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    file: PathBuf,
    line: usize,
    what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.what)
    }
}

/// Checks every file of the checkout.
pub(crate) fn run() -> Result<()> {
    let mut findings = Vec::new();
    for file in checkout()? {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        let name = file.strip_prefix(root()).context("the file lies in the checkout")?;
        findings.extend(check(name, &text, is_for_tests(&file)));
    }
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        count => bail!("tidy: {count} to put right, see above; the rules are in CONTRIBUTING.md"),
    }
}

/// The files of the checkout, without what is built.
fn checkout() -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in root().read_dir().context("list the checkout")? {
        let entry = entry?;
        if ![".git", "target"].iter().any(|skipped| entry.file_name() == *skipped) {
            found.extend(files(&entry.path())?);
        }
    }
    found.retain(|file| {
        !["fuzz/target", "fuzz/artifacts"].iter().any(|built| file.starts_with(root().join(built)))
    });
    found.sort();
    Ok(found)
}

/// Whether the module that a file holds, or one above it, is declared under `#[cfg(test)]`.
fn is_for_tests(file: &Path) -> bool {
    let (Some(module), Some(parent)) = (file.file_stem().and_then(|stem| stem.to_str()), file.parent())
    else {
        return false;
    };
    let beside = ["lib.rs", "main.rs"].map(|top| parent.join(top));
    let declared_in = [parent.with_extension("rs")].into_iter().chain(beside).find(|above| above.is_file());
    let Some(above) = declared_in.filter(|above| above != file && file.starts_with(root())) else {
        return false;
    };
    let declaration = format!("mod {module};");
    let text = fs::read_to_string(&above).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    let is_declared =
        lines.windows(2).any(|pair| pair[0] == "#[cfg(test)]" && pair[1].ends_with(&declaration));
    is_declared || is_for_tests(&above)
}

fn check(file: &Path, text: &str, is_for_tests: bool) -> Vec<Finding> {
    let mut found = style::home_paths(text);
    if file.extension().is_some_and(|extension| extension == "rs") {
        let all = tokens::tokens(text);
        found.extend(style::opening(text));
        found.extend(style::banned(&all));
        if !is_for_tests {
            found.extend(style::length(file, text));
            found.extend(rooms::check(file, &paths::paths(&tokens::without_tests(&all))));
        }
    }
    found.sort();
    found.into_iter().map(|(line, what)| Finding { file: file.to_path_buf(), line, what }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checkout_is_tidy() {
        run().expect("`cargo xtask tidy` says what is not");
    }

    #[test]
    fn a_module_for_tests_is_known_by_its_declaration() {
        let source = |name: &str| root().join("ixp-agent/src").join(name);
        assert!(is_for_tests(&source("replay/golden.rs")));
        assert!(!is_for_tests(&source("matrix/window.rs")));
        assert!(!is_for_tests(&source("lib.rs")));
    }

    #[test]
    fn a_bad_file_is_told_by_line() {
        let bad = "use crate::http::Page;\nfn later() {\n    todo!()\n}\n";
        let found = check(Path::new("ixp-agent/src/matrix.rs"), bad, false);
        let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "ixp-agent/src/matrix.rs:1: a file opens with one `//!` sentence",
                "ixp-agent/src/matrix.rs:1: room matrix uses http: not in its row of xtask/src/tidy/rooms.rs",
                "ixp-agent/src/matrix.rs:3: `todo!` is left",
            ]
        );
    }
}
