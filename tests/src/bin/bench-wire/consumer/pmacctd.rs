//! `pmacctd`: what it printed in, the sum of its packets out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use ixp_tests::agent::site::SAMPLER;

use super::{BUFFER, Consumer};
use crate::group::Group;
use crate::stage::{Arrived, Stage};

/// Longer than any run.
const NEVER: u32 = 86_400;
/// Buckets of its cache, a prime, each with room for some ten entries; the usual 16,411 are too few for these pairs.
const BUCKETS: u32 = 65_537;
/// Between its two processes: four times the usual, in pieces of a 1,000th, as its manual advises.
const PIPE: u32 = 16 << 20;

/// A `pmacctd` at work.
pub(crate) struct Pmacctd {
    group: Group,
    printed: PathBuf,
}

impl Pmacctd {
    /// Starts one that prints each so many seconds, or at the end alone. It fills its cache with zeros first.
    pub(crate) fn start(stage: &Stage, program: &Path, seconds: Option<u32>) -> Result<Self> {
        let printed = stage.site.path("pmacctd.csv");
        // An earlier one's is appended to.
        let _: std::io::Result<()> = fs::remove_file(&printed);
        let config = format!(
            "daemonize: false\npcap_interface: {SAMPLER}\npmacctd_pipe_size: {BUFFER}\n\
             plugins: print\naggregate: src_mac, dst_mac, etype\nplugin_pipe_size: {PIPE}\n\
             plugin_buffer_size: {}\nprint_cache_entries: {BUCKETS}\nprint_refresh_time: {}\n\
             print_output: csv\nprint_output_file: {}\nprint_output_file_append: true\n",
            PIPE / 1_000,
            seconds.unwrap_or(NEVER),
            printed.display()
        );
        let mut command = Command::new(program);
        command.arg("-f").arg(stage.site.write("pmacctd.conf", config)?);
        Ok(Self { group: Group::start(command, stage.site.path("pmacctd.log"))?, printed })
    }
}

impl Consumer for Pmacctd {
    fn settle(&mut self, _arrived: Arrived) -> Result<()> {
        self.group.wait_until_quiet()
    }

    fn cpu_time(&self) -> Result<Duration> {
        self.group.cpu_time()
    }

    fn finish(self: Box<Self>) -> Result<Option<u64>> {
        // The first process alone: if the other is interrupted, too, its cache is lost.
        let log = self.group.interrupt()?;
        let printed =
            fs::read_to_string(&self.printed).with_context(|| format!("it printed nothing: {log}"))?;
        packets(&printed).with_context(|| format!("no column of packets: {log}")).map(Some)
    }
}

/// The sum of the column PACKETS. The title may stand more than once.
fn packets(csv: &str) -> Option<u64> {
    let column = csv.lines().next()?.split(',').position(|title| title == "PACKETS")?;
    Some(csv.lines().filter_map(|line| line.split(',').nth(column)?.parse::<u64>().ok()).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_added_up_over_titles() {
        let title = "SRC_MAC,DST_MAC,ETYPE,PACKETS,BYTES\n";
        let csv = format!("{title}02:00,02:01,800,3,192\n{title}02:01,02:00,800,4,256\n");
        assert_eq!(packets(&csv), Some(7));
        assert_eq!(packets(title), Some(0));
        assert_eq!(packets("a,b\n"), None);
    }
}
