//! Figures in, an aligned table or JSON out.

use std::fmt;

use serde::Serialize;

use crate::drain::Drain;
use crate::machine::Machine;
use crate::rates::Rate;
use crate::sinners::Sinner;

/// All that one run measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Report {
    /// Whether it measured only roughly.
    pub(crate) quick: bool,
    /// Where.
    pub(crate) machine: Machine,
    /// Per frame.
    pub(crate) rates: Vec<Rate>,
    /// Frames that were sent, and counted.
    pub(crate) counted: u64,
    /// Per frame that breaks rules.
    pub(crate) sinners: Vec<Sinner>,
    /// Per reading.
    pub(crate) drains: Vec<Drain>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Machine { kernel, cpu, cpus, jit, spectre_v2 } = &self.machine;
        writeln!(f, "kernel {kernel} · {cpus} × {cpu} · JIT {jit}")?;
        writeln!(f, "spectre_v2: {spectre_v2}\n")?;
        writeln!(
            f,
            "    pairs  spread    bytes  rules     floor   ours   twin  naive  ours/twin  naive/ours"
        )?;
        for rate in &self.rates {
            let Rate { pairs, spread, bytes, rules, floor_ns, ours_ns, twin_ns, naive_ns } = rate;
            let (spread, rules) = (spread.name(), rules.name());
            write!(
                f,
                "{pairs:>9}  {spread:<8}{bytes:>7}  {rules:<8}{floor_ns:>7.1}{ours_ns:>7.1}{twin_ns:>7.1}"
            )?;
            let ratio = ours_ns / twin_ns;
            match naive_ns {
                Some(naive_ns) => writeln!(f, "{naive_ns:>7.1}{ratio:>11.2}{:>12.2}", naive_ns / ours_ns)?,
                None => writeln!(f, "{:>7}{ratio:>11.2}", "")?,
            }
        }
        writeln!(f, "\nns per broken frame       rules        ns    M frames/s")?;
        for Sinner { name, rules, ns } in &self.sinners {
            let per_second = 1000.0 / f64::from(u32::try_from((*ns).max(1)).unwrap_or(u32::MAX));
            writeln!(f, "{name:<16}{rules:>15}{ns:>10}{per_second:>14.1}")?;
        }
        writeln!(f, "\nms per reading    snapshot     since")?;
        for drain in &self.drains {
            let [snapshot, since] = [drain.snapshot_us, drain.since_us].map(Millis);
            let of = format!("{} cells", drain.cells);
            writeln!(f, "{of:<16}{snapshot:>10}{since:>10}")?;
        }
        let frames = self.counted;
        writeln!(f, "\nexact: {frames} frames sent, {frames} counted, each in its cell")
    }
}

/// Microseconds, shown as milliseconds.
struct Millis(u128);

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{}", self.0 / 1000, self.0 % 1000 / 100))
    }
}
