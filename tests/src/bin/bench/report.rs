//! Figures in, an aligned table or JSON out.

use std::fmt;

use serde::Serialize;

use crate::drain::Drain;
use crate::machine::Machine;
use crate::rates::Rate;
use crate::rules::Held;
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
    /// Per clean frame under the rules.
    pub(crate) rules: Held,
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
        writeln!(f, "ns per frame      empty   floor   floor + sampler   sampler   × floor       counted")?;
        for rate in &self.rates {
            let Rate { bytes, pairs, empty_ns, floor_ns, total_ns, sampler_ns, ratio, counted } = rate;
            let of = format!("{bytes} B, {pairs}");
            writeln!(
                f,
                "{of:<16}{empty_ns:>7}{floor_ns:>8}{total_ns:>18}{sampler_ns:>10}{ratio:>10.1}{counted:>14}"
            )?;
        }
        let Held { stations, off_ns, monitor_ns, enforce_ns } = self.rules;
        writeln!(f, "\nns per clean frame    rules off   monitor   enforce   rules add")?;
        let (of, adds) = (format!("{stations} stations"), enforce_ns.saturating_sub(off_ns));
        writeln!(f, "{of:<16}{off_ns:>15}{monitor_ns:>10}{enforce_ns:>10}{adds:>12}")?;
        writeln!(f, "\nns per broken frame       rules        ns    M frames/s")?;
        for Sinner { name, rules, ns } in &self.sinners {
            let per_second = 1000.0 / f64::from(u32::try_from((*ns).max(1)).unwrap_or(u32::MAX));
            writeln!(f, "{name:<16}{rules:>15}{ns:>10}{per_second:>14.1}")?;
        }
        writeln!(f, "\nms per reading    snapshot      fold   fold 3 %")?;
        for drain in &self.drains {
            let [snapshot, fold, few] = [drain.snapshot_us, drain.fold_us, drain.fold_few_us].map(Millis);
            let of = format!("{} cells", drain.cells);
            writeln!(f, "{of:<16}{snapshot:>10}{fold:>10}{few:>11}")?;
        }
        let frames: u64 = self.rates.iter().map(|rate| rate.counted).sum();
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
