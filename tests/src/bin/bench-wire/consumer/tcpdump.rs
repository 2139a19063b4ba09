//! `tcpdump`: what it says at its end in, how many packets it captured out.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use ixp_tests::agent::site::SAMPLER;

use super::{BUFFER, Consumer};
use crate::group::Group;
use crate::stage::{Arrived, Stage};

/// A `tcpdump` at work.
pub(crate) struct Tcpdump {
    group: Group,
}

impl Tcpdump {
    /// Starts one.
    pub(crate) fn start(stage: &Stage, program: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        let kilobytes = (BUFFER >> 10).to_string();
        command.args(["-n", "-i", SAMPLER, "-B", &kilobytes, "-w", "/dev/null"]);
        Ok(Self { group: Group::start(command, stage.site.path("tcpdump.log"))? })
    }
}

impl Consumer for Tcpdump {
    fn settle(&mut self, _arrived: Arrived) -> Result<()> {
        self.group.wait_until_quiet()
    }

    fn cpu_time(&self) -> Result<Duration> {
        self.group.cpu_time()
    }

    fn finish(self: Box<Self>) -> Result<Option<u64>> {
        let said = self.group.interrupt()?;
        captured(&said).with_context(|| format!("no number of packets: {said}")).map(Some)
    }
}

fn captured(said: &str) -> Option<u64> {
    let line = |line: &str| line.trim().strip_suffix(" packets captured")?.parse().ok();
    said.lines().find_map(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_says_how_many() {
        let said = "listening on sampler\n6 packets captured\n7 packets received by filter\n1 packet dropped by kernel\n";
        assert_eq!(captured(said), Some(6));
        assert_eq!(captured("tcpdump: no such device\n"), None);
    }
}
