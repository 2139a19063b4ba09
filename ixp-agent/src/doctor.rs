//! The host and a configuration in, what works and what to change out, a line each.

mod interface;
mod memory;

use std::fmt;
use std::fs;

use crate::config::Config;
use crate::kernel::load::{Capacity, Loaded, Object, load, program};
use crate::kernel::privilege;

/// Programs for frames in several buffers, the youngest thing that is needed, came with this kernel.
const OLDEST_KERNEL: (u32, u32) = (5, 18);

/// What was found.
#[derive(Debug, Default)]
pub struct Report {
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    state: State,
    what: String,
    found: String,
    fix: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ok,
    Warning,
    Missing,
}

impl Report {
    /// Whether the agent cannot run as configured.
    #[must_use]
    pub fn is_missing_something(&self) -> bool {
        self.lines.iter().any(|line| line.state == State::Missing)
    }

    fn ok(&mut self, what: &str, found: impl Into<String>) {
        self.line(State::Ok, what, found.into(), None);
    }

    fn warning(&mut self, what: &str, found: impl Into<String>, fix: impl Into<String>) {
        self.line(State::Warning, what, found.into(), Some(fix.into()));
    }

    fn missing(&mut self, what: &str, found: impl Into<String>, fix: impl Into<String>) {
        self.line(State::Missing, what, found.into(), Some(fix.into()));
    }

    fn line(&mut self, state: State, what: &str, found: String, fix: Option<String>) {
        self.lines.push(Line { state, what: what.to_owned(), found, fix });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.lines.iter().map(|line| line.what.len()).max().unwrap_or(0);
        for Line { state, what, found, fix } in &self.lines {
            let state = match state {
                State::Ok => "ok",
                State::Warning => "warning",
                State::Missing => "missing",
            };
            writeln!(f, "{state:<8} {what:<width$}  {found}")?;
            if let Some(fix) = fix {
                writeln!(f, "         {:<width$}  → {fix}", "")?;
            }
        }
        Ok(())
    }
}

/// Looks at the host. Nothing is attached, so that no link is reset.
#[must_use]
pub fn examine(config: &Config) -> Report {
    let mut report = Report::default();
    kernel(&mut report);
    privileges(&mut report);
    loading(&mut report, config);
    for attach in &config.attach {
        interface::examine(&mut report, attach);
    }
    if config.attach.is_empty() {
        report.warning("interfaces", "none configured", "name them with --interface, to have them looked at");
    }
    memory::window(&mut report, config);
    report
}

fn kernel(report: &mut Report) {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let release = release.trim();
    let (major, minor) = OLDEST_KERNEL;
    if version(release).is_some_and(|found| found >= OLDEST_KERNEL) {
        report.ok("kernel", release);
    } else {
        report.missing(
            "kernel",
            release,
            format!("XDP over several buffers needs Linux {major}.{minor} or newer"),
        );
    }
    match fs::read_to_string("/proc/sys/net/core/bpf_jit_enable").unwrap_or_default().trim() {
        "1" | "2" => report.ok("BPF JIT", "on"),
        "0" => report.warning(
            "BPF JIT",
            "off: the program is interpreted for every frame",
            "sysctl -w net.core.bpf_jit_enable=1",
        ),
        _ => report.warning("BPF JIT", "unknown: not told to this user", "run as root"),
    }
}

fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|letter: char| !letter.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn privileges(report: &mut Report) {
    let missing = privilege::missing();
    if missing.is_empty() {
        report.ok("privileges", "all that are needed");
    } else {
        let fix = format!("run as root, or once `setcap {} FILE`", privilege::SETCAP);
        report.missing("privileges", format!("without {}", missing.join(", ")), fix);
    }
}

fn loading(report: &mut Report, config: &Config) {
    let capacity = Capacity { pairs: config.counting.pairs, stations: config.counting.stations };
    let loaded = Object::find().and_then(|object| Ok((load(&object, capacity)?, object.origin)));
    match loaded {
        Ok((mut loaded, origin)) => {
            report.ok("XDP program", format!("the verifier takes {origin}{}", size(&mut loaded)));
            memory::maps(report);
        }
        Err(error) => {
            let cause = std::error::Error::source(&error).map_or(String::new(), |cause| format!(": {cause}"));
            report.missing("XDP program", format!("not loaded: {error}{cause}"), "see the lines above");
        }
    }
}

fn size(loaded: &mut Loaded) -> String {
    let info = program(&mut loaded.ebpf).ok().and_then(|program| program.info().ok());
    let count = info.and_then(|info| info.verified_instruction_count());
    count.map_or(String::new(), |count| format!(" ({count} instructions verified)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_has_a_version() {
        assert_eq!(version("6.18.44-fc-v657"), Some((6, 18)));
        assert_eq!(version("5.8"), Some((5, 8)));
        assert_eq!(version("nonsense"), None);
    }
}
