//! The thread in which the receiving end's softirq runs.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use ixp_tests::agent::site::SAMPLER;
use ixp_tests::cpu;

use crate::group::{processes, time_of};
use crate::stage::SOURCE_PRIORITY;

/// A thread of the kernel that lives as long as the interface (threaded NAPI).
pub(crate) struct Receiver(libc::pid_t);

impl Receiver {
    /// Lets the kernel make one for the receiving end.
    pub(crate) fn start() -> Result<Self> {
        let before = receivers()?;
        // The host's own sysfs shows other interfaces than those of the namespace.
        let script = format!("mount -t sysfs sysfs /sys && echo 1 >/sys/class/net/{SAMPLER}/threaded");
        let output = Command::new("unshare").args(["--mount", "sh", "-c", &script]).output();
        let output = output.context("run unshare: install util-linux")?;
        ensure!(output.status.success(), "threaded: {}", String::from_utf8_lossy(&output.stderr));
        let made: Vec<_> = receivers()?.into_iter().filter(|thread| !before.contains(thread)).collect();
        let [thread] = made.as_slice() else { bail!("threads that receive for {SAMPLER}: {made:?}") };
        Ok(Self(*thread))
    }

    /// Keeps it on the source's CPU, before the source, which then waits until the ring is empty.
    pub(crate) fn keep_on(&self, cpu: usize) -> Result<()> {
        cpu::pin_thread(self.0, cpu)?;
        cpu::put_first(self.0, SOURCE_PRIORITY + 1)
    }

    /// Its CPU time so far.
    pub(crate) fn cpu_time(&self) -> Result<Duration> {
        time_of(self.0)
    }
}

/// The kernel's threads that receive for interfaces of that name.
fn receivers() -> Result<Vec<libc::pid_t>> {
    let prefix = format!("napi/{SAMPLER}-");
    let mut found = processes()?;
    found.retain(|process| {
        fs::read_to_string(format!("/proc/{process}/comm")).is_ok_and(|name| name.starts_with(&prefix))
    });
    Ok(found)
}
