//! `softflowd`: its statistics in, how many packets it captured out.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use ixp_tests::agent::site::SAMPLER;

use super::{BUFFER, Consumer};
use crate::group::Group;
use crate::stage::{Arrived, Stage};

/// Flows that it keeps: more than there are pairs.
const FLOWS: u32 = 400_000;

/// Packets that a block of its capture holds, at most. It leaves some of the last block there until the next comes.
const BLOCK: u64 = 1 << 12;

/// A `softflowd` at work.
pub(crate) struct Softflowd {
    group: Group,
    control: PathBuf,
    socket: PathBuf,
}

impl Softflowd {
    /// Starts one.
    pub(crate) fn start(stage: &Stage, program: &Path) -> Result<Self> {
        let socket = stage.site.path("softflowd.ctl");
        let mut command = Command::new(program);
        command.args(["-d", "-i", SAMPLER, "-T", "ether", "-v", "9"]);
        command.args(["-m", &FLOWS.to_string(), "-B", &BUFFER.to_string()]);
        command.arg("-c").arg(&socket).arg("-p").arg(stage.site.path("softflowd.pid"));
        let group = Group::start(command, stage.site.path("softflowd.log"))?;
        Ok(Self { group, control: program.with_file_name("softflowctl"), socket })
    }

    /// Has it do what its control can ask for.
    fn ask(&self, what: &str) -> Result<String> {
        let mut command = Command::new(&self.control);
        command.arg("-c").arg(&self.socket).arg(what);
        let output =
            command.output().with_context(|| format!("{} is missing here", self.control.display()))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(output.status.success(), "softflowctl: {said}{}", String::from_utf8_lossy(&output.stderr));
        Ok(said)
    }
}

impl Consumer for Softflowd {
    fn settle(&mut self, _arrived: Arrived) -> Result<()> {
        self.group.wait_until_quiet()
    }

    fn cpu_time(&self) -> Result<Duration> {
        self.group.cpu_time()
    }

    fn finish(self: Box<Self>) -> Result<Option<u64>> {
        let said = self.ask("statistics")?;
        let (captured, processed) =
            numbers(&said).with_context(|| format!("no numbers of packets: {said}"))?;
        ensure!(processed <= captured && captured - processed < BLOCK, "not all is in flows: {said}");
        // Without a word on each flow, for which it may take longer than anybody waits.
        self.ask("exit")?;
        self.group.ended()?;
        Ok(Some(captured))
    }
}

/// What it received and did not drop, and what it put into flows.
fn numbers(said: &str) -> Option<(u64, u64)> {
    let number = |name| said.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<u64>().ok());
    let dropped = number("Packets dropped by libpcap: ")?;
    let captured = number("Packets received by libpcap: ")?.checked_sub(dropped)?;
    Some((captured, number("Packets processed: ")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statistics_say_how_many() {
        let said = "Packets processed: 16\nPackets received by libpcap: 20\nPackets dropped by libpcap: 3\n";
        assert_eq!(numbers(said), Some((17, 16)));
        assert_eq!(numbers("Packets processed: 16\n"), None);
    }
}
