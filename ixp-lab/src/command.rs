//! Runs a system command to its end: its output, or one line that says what failed.

use std::ffi::OsStr;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// A command with its arguments.
#[must_use]
pub fn command<S: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}

/// The standard output of `command`.
///
/// # Errors
/// The command cannot be started, or ends with a failure: then the last line it wrote to standard error.
pub fn output(command: &mut Command) -> Result<String> {
    let line = written(command);
    let output = command.output().with_context(|| format!("start `{line}`"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        let last = complaint.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no message");
        bail!("`{line}`: {}", last.trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{line}`: output is not UTF-8"))
}

/// Runs `ip` with words separated by spaces.
///
/// # Errors
/// As [`output`].
pub fn ip(words: &str) -> Result<String> {
    output(&mut command("ip", words.split_whitespace()))
}

fn written(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_line_with_the_command_and_its_complaint() {
        let error = output(&mut command("sh", ["-c", "echo first >&2; echo last >&2; exit 3"])).unwrap_err();
        assert_eq!(error.to_string(), "`sh -c echo first >&2; echo last >&2; exit 3`: last");
    }
}
