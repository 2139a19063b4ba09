//! Figures in, an aligned table or JSON out.

use std::fmt;

use ixp_lab::format::thousands;
use serde::Serialize;

use crate::consumer::Kind;
use crate::cost::Cost;
use crate::ladder::Highest;
use crate::machine::Machine;

/// All that one run measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Report {
    /// Whether it measured only roughly.
    pub(crate) quick: bool,
    /// Where.
    pub(crate) machine: Machine,
    /// Pairs that exchanged frames.
    pub(crate) pairs: usize,
    /// The highest rate of each without loss.
    pub(crate) highest: Vec<Highest>,
    /// What a frame costs each.
    pub(crate) costs: Vec<Cost>,
}

impl Report {
    /// How many times as fast as another the agent is as a tap, at its best.
    fn times_as_fast(&self, other: &Highest) -> Option<f64> {
        let taps = self.highest.iter().filter(|row| row.kind == Kind::AgentTap).map(|row| row.best.rate);
        taps.reduce(f64::max).filter(|_| other.kind.counts()).map(|tap| tap / other.best.rate)
    }

    /// What a frame costs over one that is dropped at once.
    fn above_floor(&self, cost: &Cost) -> Option<f64> {
        let floor = self.costs.iter().find(|floor| floor.kind == Kind::Drop)?;
        Some(cost.softirq_ns + cost.process_ns - floor.softirq_ns - floor.process_ns)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "on a wire: 64 B, {} pairs", thousands(self.pairs as u64))?;
        writeln!(f, "\nM frames/s without loss      queues   highest   tap ÷ it        frames   loses")?;
        for row in &self.highest {
            let Highest { kind, queues, best, first_loss } = row;
            let (rate, frames) = (best.rate / 1e6, thousands(best.sent));
            let ratio = self.times_as_fast(row).map_or("—".to_owned(), |ratio| format!("{ratio:.1}"));
            let loses = first_loss.map_or("nothing: the source was no faster".to_owned(), |trial| {
                format!("{} of {}", thousands(trial.lost()), thousands(trial.sent))
            });
            writeln!(f, "{:<28}{queues:>7}{rate:>10.2}{ratio:>11}{frames:>14}   {loses}", kind.name())?;
        }
        writeln!(f, "\nns of CPU per frame           softirq   process   over floor   M frames/s")?;
        for cost in &self.costs {
            let Cost { kind, rate, softirq_ns, process_ns, .. } = cost;
            let above = self.above_floor(cost).map_or("—".to_owned(), |above| format!("{above:.0}"));
            let (name, rate) = (kind.name(), rate / 1e6);
            writeln!(f, "{name:<28}{softirq_ns:>9.0}{process_ns:>10.0}{above:>13}{rate:>13.2}")?;
        }
        let agents = self.costs.iter().filter(|cost| cost.kind.is_agent());
        let frames = thousands(agents.map(|cost| cost.frames).sum());
        writeln!(f, "\nexact: {frames} frames sent, {frames} counted by ixp-agent, each in its cell")
    }
}
