//! Two stores in, one with as much to sum up as it can take and one with nothing; how long the agent's readings of its counters
//! take meanwhile, and how late they are, out.

use std::fmt::{self, Write as _};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use ixp_agent::kernel::interface::Interface;
use ixp_agent::store::Keep;
use ixp_agent::store::disk::Scratch;
use ixp_ebpf::paced::Link;
use ixp_ebpf::traffic::station;
use ixp_lab::clock;
use ixp_tests::agent::Agent;
use ixp_tests::agent::site::{FABRIC, SAMPLER, Site};
use ixp_tests::filling::Filling;
use ixp_tests::paced::Paced;
use ixp_tests::synth::{STEP, Synth};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// What was measured.
#[derive(Debug, Serialize)]
pub(crate) struct Jitter {
    /// Pairs that exchange a frame in each second.
    pairs: u64,
    /// Without anything to sum up, and with.
    readings: [Readings; 2],
    /// The most memory of the agent that sums up, in megabytes.
    peak_memory_mb: f64,
}

/// Readings of the counters, one each second.
#[derive(Debug, Clone, Serialize)]
struct Readings {
    many: usize,
    /// Milliseconds that a reading takes: half, nine of ten, and all of them take no longer.
    took_ms: [f64; 3],
    /// Milliseconds by which two of them are less or more than a second apart, likewise.
    off_ms: [f64; 3],
}

/// A reading: when it began, in milliseconds since 1970, and how long it took.
#[derive(Debug, Clone, Copy)]
struct Reading {
    began: f64,
    took: f64,
}

/// How much is done.
pub(crate) struct Effort {
    pub(crate) members: u16,
    pub(crate) rounds: usize,
    pub(crate) seconds: usize,
}

const STATIONS: u16 = 1000;
/// Stations that each of them sends to.
const PEERS: u16 = 150;
/// Links that the source goes through.
const LINKS: u32 = 1 << 20;
/// Frames per second while they are sent.
const RATE: u64 = 4_000_000;

pub(crate) fn measure(effort: Effort) -> Result<Jitter> {
    // It goes to a namespace of its own, and does not come back.
    thread::spawn(move || measured(&effort)).join().map_err(|_| anyhow!("the measurement broke off"))?
}

fn measured(effort: &Effort) -> Result<Jitter> {
    let site = Site::enter()?;
    let links: Vec<Link> = (0..LINKS).map(link).collect();
    let mut source = Paced::onto(Interface::find(FABRIC)?.index, &links)?;
    let mut offs: [Vec<f64>; 2] = Default::default();
    let mut tooks: [Vec<f64>; 2] = Default::default();
    let mut peak_memory_mb = 0.0f64;
    for round in 0..effort.rounds {
        for (is_summing, (offs, tooks)) in [false, true].into_iter().zip(offs.iter_mut().zip(&mut tooks)) {
            let folder = site.path(&format!("store-{round}-{is_summing}"));
            if is_summing {
                fill(&folder, effort.members)?;
            }
            let (readings, peak) = run(&site, &folder, &mut source, (is_summing, effort.seconds))?;
            tooks.extend(readings.iter().map(|reading| reading.took));
            offs.extend(readings.windows(2).map(|two| (two[1].began - two[0].began - 1e3).abs()));
            if is_summing {
                peak_memory_mb = peak_memory_mb.max(peak);
            }
            fs::remove_dir_all(&folder).context("remove a store")?;
        }
    }
    let [idle, busy] = tooks
        .into_iter()
        .zip(offs)
        .map(|(tooks, offs)| Readings { many: tooks.len(), took_ms: parts(tooks), off_ms: parts(offs) })
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| anyhow!("two of them"))?;
    let pairs = u64::from(STATIONS) * u64::from(PEERS);
    Ok(Jitter { pairs, readings: [idle, busy], peak_memory_mb })
}

/// Intervals of an hour that is over, none of them summed up.
fn fill(folder: &Path, members: u16) -> Result<()> {
    let now = ixp_agent::run::now().as_second();
    let begun = Timestamp::from_second(now.div_euclid(3600) * 3600 - 7200)?;
    let synth = Synth::new(members, 1, begun);
    let mut filling = Filling::begin(Arc::new(Scratch), folder, Keep::default(), synth, begun)?;
    for _ in 0..3600 / STEP {
        filling.step();
    }
    eprintln!("store: an hour of {} pairs is to be summed up", filling.synth.pairs());
    Ok(())
}

/// What an agent with this store says of its readings, while frames come each second.
fn run(
    site: &Site,
    folder: &Path,
    source: &mut Paced,
    (is_summing, seconds): (bool, usize),
) -> Result<(Vec<Reading>, f64)> {
    site.write("members.toml", members())?;
    let config = format!(
        "[store]\nfolder = \"{}\"\nshare = 100\n[members]\nfile = \"members.toml\"\n[[attach]]\ninterface = \"{SAMPLER}\"\n",
        folder.display()
    );
    let agent = Agent::start_telling(&site.write("config.toml", config)?)?;
    let mut next = clock::now();
    // The first readings meet all pairs.
    for second in 0..seconds + 3 {
        source.send(RATE, u64::from(STATIONS) * u64::from(PEERS))?;
        if is_summing && second > 3 && !is_busy(folder)? {
            ensure!(2 * second > seconds, "all is summed up after {second} s; fill in more");
            break;
        }
        next += Duration::from_secs(1);
        clock::pause(next.saturating_duration_since(clock::now()));
    }
    let status = fs::read_to_string(format!("/proc/{}/status", agent.process())).context("it runs")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("its memory")?;
    let kilobytes: f64 = peak.trim().trim_end_matches(" kB").parse().context("a number of kB")?;
    let readings: Vec<Reading> = agent.log().lines().filter_map(reading).skip(3).collect();
    ensure!(2 * readings.len() > seconds, "{} readings in {seconds} s", readings.len());
    agent.stop(libc::SIGKILL)?;
    Ok((readings, kilobytes / 1e3))
}

/// Whether parts of an hour that is over are to be summed up.
fn is_busy(folder: &Path) -> Result<bool> {
    let hour = (ixp_agent::run::now() - SignedDuration::from_secs(3600)).strftime("%Y%m%dT%H").to_string();
    let parts = fs::read_dir(folder.join("recent")).context("the parts of a store")?;
    let names = parts.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    Ok(names.into_iter().any(|name| name < hour && (name.contains("-10s-") || name.contains("-5m-"))))
}

/// What a line of the agent's log says of a reading.
fn reading(line: &str) -> Option<Reading> {
    let (at, rest) = line.split_once(' ')?;
    let at: Timestamp = at.parse().ok()?;
    let took = rest.contains(" drained ").then(|| rest.split_once("took="))??.1.trim();
    let took =
        [("ms", 1.0), ("µs", 1e-3), ("ns", 1e-6), ("s", 1e3)].into_iter().find_map(|(unit, millis)| {
            took.strip_suffix(unit)?.parse::<f64>().ok().map(|number| number * millis)
        })?;
    #[expect(clippy::cast_precision_loss, reason = "far less than a millisecond is lost")]
    Some(Reading { began: at.as_microsecond() as f64 / 1e3 - took, took })
}

/// What half, nine of ten and all of them are no greater than.
fn parts(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    [last / 2, last * 9 / 10, last].map(|at| values.get(at).copied().unwrap_or_default())
}

fn link(number: u32) -> Link {
    let from = u16::try_from(number % u32::from(STATIONS)).expect("below that");
    let peer = u16::try_from(number / u32::from(STATIONS) % u32::from(PEERS)).expect("below that");
    Link { from, to: (from + 1 + peer) % STATIONS }
}

fn members() -> String {
    let mut text = "[[lan]]\nname = \"peering\"\n".to_owned();
    for number in 0..STATIONS {
        write!(
            text,
            "[[member]]\nasn = {}\nname = \"Member {number}\"\n[[member.interface]]\nlan = \"peering\"\nmacs = [\"{}\"]\n",
            64_512 + u32::from(number),
            station(number)
        )
        .expect("a string takes all");
    }
    text
}

impl fmt::Display for Jitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{} pairs are read each second; the agent has at most {:.0} MB\n",
            self.pairs, self.peak_memory_mb
        )?;
        writeln!(
            f,
            "{:<24}{:>9}{:>8}{:>8}{:>8}{:>12}{:>8}{:>8}",
            "ms", "readings", "median", "9 of 10", "most", "off by", "9 of 10", "most"
        )?;
        for (what, readings) in
            ["nothing to sum up", "summing up all the time"].into_iter().zip(&self.readings)
        {
            let Readings { many, took_ms: [a, b, c], off_ms: [d, e, g] } = readings;
            writeln!(f, "{what:<24}{many:>9}{a:>8.1}{b:>8.1}{c:>8.1}{d:>12.2}{e:>8.2}{g:>8.2}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_log_says_when_a_reading_began() {
        let line = "2026-11-30T06:59:01.500000Z DEBUG drained grown=150000 frames=150000 took=12.5ms";
        let Reading { began, took } = reading(line).expect("a reading");
        let second: Timestamp = "2026-11-30T06:59:01Z".parse().expect("a time");
        assert!((began - second.as_millisecond() as f64 - 487.5).abs() < 1e-3 && (took - 12.5).abs() < 1e-9);
        assert!(reading("2026-11-30T06:59:01.500000Z  INFO attached").is_none());
    }
}
