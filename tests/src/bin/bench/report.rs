//! Figures in, aligned tables or JSON out.

use std::fmt;

use serde::Serialize;

use crate::cpus::Side;
use crate::drain::Drain;
use crate::machine::Machine;
use crate::members::Size;
use crate::memory::Memory;
use crate::parts::Part;
use crate::rates::Rate;
use crate::sampling::Sampling;
use crate::sinners::Sinner;

/// All that one run measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Report {
    /// Whether it measured only roughly.
    pub(crate) quick: bool,
    /// Where.
    pub(crate) machine: Machine,
    /// Per frame, beside the C programs.
    pub(crate) rates: Vec<Rate>,
    /// Per frame, by the number of members.
    pub(crate) members: Vec<Size>,
    /// Per frame, by how many are sampled.
    pub(crate) sampling: Vec<Sampling>,
    /// Per frame, on one CPU and on all.
    pub(crate) cpus: Vec<Side>,
    /// Per frame, step by step.
    pub(crate) parts: Vec<Part>,
    /// Per frame that breaks rules.
    pub(crate) sinners: Vec<Sinner>,
    /// Per map.
    pub(crate) memory: Vec<Memory>,
    /// Per reading.
    pub(crate) drains: Vec<Drain>,
    /// Frames that were sent, and counted, in all of these.
    pub(crate) counted: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { kernel, cpu, cpus, jit, spectre_v2 } = &self.machine;
        writeln!(f, "kernel {kernel} · {cpus} × {cpu} · JIT {jit}")?;
        writeln!(f, "spectre_v2: {spectre_v2}\n")?;
        self.rates(f)?;
        self.members(f)?;
        self.sampling(f)?;
        self.cpus(f)?;
        self.parts(f)?;
        self.sinners(f)?;
        self.memory(f)?;
        self.drains(f)?;
        if self.counted == 0 {
            return Ok(());
        }
        writeln!(f, "\nexact: {0} frames sent, {0} counted, each in its place", self.counted)
    }
}

impl Report {
    fn rates(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rates.is_empty() {
            return Ok(());
        }
        writeln!(f, "ns per frame over the floor")?;
        writeln!(
            f,
            "    pairs  spread   bytes  rules     floor   ours   twin  naive hashes   ours/twin  /naive /hashes"
        )?;
        for rate in &self.rates {
            let Rate { pairs, spread, bytes, rules, floor_ns, ours_ns, twin_ns, naive_ns, hashes_ns } = rate;
            write!(f, "{pairs:>9}  {:<8}{bytes:>6}  {:<8}{floor_ns:>7.1}", spread.name(), rules.name())?;
            write!(f, "{ours_ns:>7.1}{twin_ns:>7.1}")?;
            let shown = |value: &Option<f64>| value.map(|value| format!("{value:.1}")).unwrap_or_default();
            write!(f, "{:>7}{:>7}{:>12.2}", shown(naive_ns), shown(hashes_ns), rate.over_twin())?;
            let ratio = |value: Option<f64>| value.map(|value| format!("{value:8.2}")).unwrap_or_default();
            writeln!(f, "{}{}", ratio(rate.over_naive()), ratio(rate.over_hashes()))?;
        }
        worst(f, "ours/twin", self.rates.iter().map(|rate| (rate, rate.over_twin())))?;
        worst(f, "ours/naive", self.rates.iter().filter_map(|rate| Some((rate, rate.over_naive()?))))?;
        worst(f, "ours/hashes", self.rates.iter().filter_map(|rate| Some((rate, rate.over_hashes()?))))
    }

    fn members(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.members.is_empty() {
            return Ok(());
        }
        writeln!(f, "\nns per frame over the floor, Zipf, 64 B, monitor\n  members     pairs   ours   twin")?;
        for Size { members, pairs, ours_ns, twin_ns } in &self.members {
            writeln!(f, "{members:>9}{pairs:>10}{ours_ns:>7.1}{twin_ns:>7.1}")?;
        }
        Ok(())
    }

    fn sampling(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sampling.is_empty() {
            return Ok(());
        }
        writeln!(f, "\nns per frame over the floor\n  sampled     ours")?;
        for Sampling { rate, ours_ns } in &self.sampling {
            let rate = if *rate == 0 { "none".to_owned() } else { format!("1:{rate}") };
            writeln!(f, "{rate:>9}{ours_ns:>9.1}")?;
        }
        Ok(())
    }

    fn cpus(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.cpus.is_empty() {
            return Ok(());
        }
        writeln!(f, "\nns per frame over the floor, monitor    each CPU alone    all at once")?;
        for Side { name, alone_ns, together_ns } in &self.cpus {
            writeln!(f, "{name:<38}{:>16}{:>15}", listed(alone_ns), listed(together_ns))?;
        }
        Ok(())
    }

    fn parts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.parts.is_empty() {
            return Ok(());
        }
        writeln!(f, "\nns per frame, test loop included")?;
        for Part { name, total_ns } in &self.parts {
            writeln!(f, "{name:<46}{total_ns:>7.1}")?;
        }
        Ok(())
    }

    fn sinners(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sinners.is_empty() {
            return Ok(());
        }
        writeln!(f, "\nns per broken frame       rules        ns    M frames/s")?;
        for Sinner { name, rules, ns } in &self.sinners {
            let per_second = 1000.0 / f64::from(u32::try_from((*ns).max(1)).unwrap_or(u32::MAX));
            writeln!(f, "{name:<16}{rules:>15}{ns:>10}{per_second:>14.1}")?;
        }
        Ok(())
    }

    fn memory(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.memory.is_empty() {
            return Ok(());
        }
        writeln!(f, "\nKiB per map           as usual   1 M pairs")?;
        for Memory { map, usual, many } in &self.memory {
            writeln!(f, "{map:<18}{:>12}{:>12}", usual / 1024, many / 1024)?;
        }
        let [usual, many] = [|memory: &Memory| memory.usual, |memory: &Memory| memory.many]
            .map(|bytes| self.memory.iter().map(bytes).sum::<u64>() / 1024);
        writeln!(f, "{:<18}{usual:>12}{many:>12}", "sum")
    }

    fn drains(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.drains.is_empty() {
            return Ok(());
        }
        writeln!(f, "\nms per reading    snapshot      fold   fold 3 %")?;
        for drain in &self.drains {
            let [snapshot, fold, few] = [drain.snapshot_us, drain.fold_us, drain.fold_few_us].map(Millis);
            let of = format!("{} cells", drain.cells);
            writeln!(f, "{of:<16}{snapshot:>10}{fold:>10}{few:>11}")?;
        }
        Ok(())
    }
}

fn worst<'a>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    ratios: impl Iterator<Item = (&'a Rate, f64)>,
) -> fmt::Result {
    let Some((rate, ratio)) = ratios.max_by(|(_, one), (_, other)| one.total_cmp(other)) else {
        return Ok(());
    };
    let Rate { pairs, spread, bytes, rules, .. } = rate;
    let (spread, rules) = (spread.name(), rules.name());
    writeln!(f, "worst {name}: {ratio:.2}, {pairs} pairs, {spread}, {bytes} B, rules {rules}")
}

fn listed(times: &[f64]) -> String {
    times.iter().map(|time| format!("{time:.1}")).collect::<Vec<_>>().join(" · ")
}

/// Microseconds, shown as milliseconds.
struct Millis(u128);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{}", self.0 / 1000, self.0 % 1000 / 100))
    }
}
