//! A command in, a group of processes out: its CPU time, when it has nothing more to do, its end.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use ixp_lab::agent::{end, spawn_bound};
use ixp_lab::clock;
use ixp_tests::agent::wait;

/// How long a group uses no CPU before it has nothing more to do: longer than the second for which libpcap's
/// users let frames wait in a block that is not full.
const QUIET: Duration = Duration::from_millis(1500);
/// CPU time in that while that is none: what it prints each second costs some, though nothing comes. Whoever still has
/// frames to take uses more.
const NOTHING: Duration = Duration::from_millis(30);
/// How long it may be before a group is quiet.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process, and all that it starts; killed when dropped.
pub(crate) struct Group {
    child: Child,
    log: PathBuf,
}

impl Group {
    /// Starts it. What it writes goes to a file.
    pub(crate) fn start(mut command: Command, log: PathBuf) -> Result<Self> {
        let out = File::create(&log).with_context(|| format!("create {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        let name = Path::new(command.get_program()).display().to_string();
        let child = spawn_bound(&mut command).with_context(|| format!("{name} is missing here"))?;
        Ok(Self { child, log })
    }

    /// The CPU time of its processes so far.
    pub(crate) fn cpu_time(&self) -> Result<Duration> {
        let members = members(self.child.id())?;
        // One that ended meanwhile has its time in its parent.
        Ok(members.into_iter().filter_map(|process| time_of(process).ok()).sum())
    }

    /// Waits until it has nothing more to do.
    pub(crate) fn wait_until_quiet(&mut self) -> Result<()> {
        let (mut last, mut since) = (Duration::ZERO, clock::now());
        let start: Instant = since;
        while since.elapsed() < QUIET {
            ensure!(self.child.try_wait()?.is_none(), "it ended: {}", self.log());
            ensure!(start.elapsed() < PATIENCE, "it is busy for {} s: {}", PATIENCE.as_secs(), self.log());
            clock::pause(Duration::from_millis(50));
            let time = self.cpu_time()?;
            if time > last + NOTHING {
                (last, since) = (time, clock::now());
            }
        }
        Ok(())
    }

    /// Interrupts its first process as Ctrl-C would, waits until all have ended, and gives what they wrote.
    pub(crate) fn interrupt(self) -> Result<String> {
        // SAFETY: no pointers; the child is not waited for yet, so the number is still its own.
        unsafe { libc::kill(self.child.id().cast_signed(), libc::SIGINT) };
        self.ended()
    }

    /// Waits until all have ended, and gives what they wrote.
    pub(crate) fn ended(mut self) -> Result<String> {
        let group = self.child.id();
        wait("the processes end", || {
            let has_ended = self.child.try_wait()?.is_some();
            Ok((has_ended && members(group)?.is_empty()).then_some(()))
        })
        .with_context(|| self.log())?;
        Ok(self.log())
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for process in members(self.child.id()).unwrap_or_default() {
            // SAFETY: no pointers; the process was in the group a moment ago.
            unsafe { libc::kill(process, libc::SIGKILL) };
        }
        end(&mut self.child);
    }
}

/// The CPU time of a process, by its own clock, and of its children that have ended.
pub(crate) fn time_of(process: libc::pid_t) -> Result<Duration> {
    let mut id: libc::clockid_t = 0;
    // SAFETY: `id` lives until the call returns.
    let error = unsafe { libc::clock_getcpuclockid(process, &raw mut id) };
    ensure!(error == 0, "clock of process {process}: {}", io::Error::from_raw_os_error(error));
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` lives until the call returns.
    let result = unsafe { libc::clock_gettime(id, &raw mut time) };
    ensure!(result == 0, "time of process {process}: {}", io::Error::last_os_error());
    let own = Duration::new(u64::try_from(time.tv_sec)?, u32::try_from(time.tv_nsec)?);
    // proc_pid_stat(5): cutime and cstime are fields 16 and 17, in USER_HZ, which is 100.
    let ticks: u64 = [13, 14].iter().filter_map(|at| stat(process)?.get(*at)?.parse::<u64>().ok()).sum();
    Ok(own + Duration::from_millis(10) * u32::try_from(ticks)?)
}

/// The processes of a group.
fn members(group: u32) -> Result<Vec<libc::pid_t>> {
    let mut members = Vec::new();
    for process in processes()? {
        // Field 5; a zombie, which field 3 says, has no clock.
        let fields = stat(process).unwrap_or_default();
        if fields.get(2).is_some_and(|of| *of == group.to_string()) && fields[0] != "Z" {
            members.push(process);
        }
    }
    Ok(members)
}

/// All processes.
pub(crate) fn processes() -> Result<Vec<libc::pid_t>> {
    let entries = fs::read_dir("/proc").context("list the processes")?;
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect())
}

/// What `/proc/PID/stat` says behind the name: field 3 and those that follow.
fn stat(process: libc::pid_t) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}
