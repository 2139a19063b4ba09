//! Figures in, an aligned table or JSON out.

use std::fmt;

use ixp_lab::format::thousands;
use serde::Serialize;

use crate::inside::Inside;
use crate::machine::Machine;
use crate::outside::{Outside, SFACCTD};

/// All that one run measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Report {
    /// Whether it measured only roughly.
    pub(crate) quick: bool,
    /// Where.
    pub(crate) machine: Machine,
    /// In the agent's own code, on one core.
    pub(crate) inside: Vec<Inside>,
    /// Whole collectors, over loopback.
    pub(crate) outside: Vec<Outside>,
}

impl Report {
    /// How many times as much sfacctd takes for a sample of one of so many pairs.
    fn times(&self, pairs: usize, sample_ns: f64) -> f64 {
        let mut outside = self.outside.iter();
        let sfacctd = outside.find(|outside| outside.collector == SFACCTD && outside.pairs == pairs);
        sfacctd.map_or(0.0, |sfacctd| sfacctd.sample_ns / sample_ns)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "sFlow samples of switches, 128 bytes of each frame, 6 in a datagram")?;
        writeln!(
            f,
            "\nfrom bytes to the matrix, on one core   pairs   ns/sample   sfacctd ÷ it   M samples/s"
        )?;
        for Inside { pairs, sample_ns, .. } in &self.inside {
            let (ratio, millions) = (self.times(*pairs, *sample_ns), 1e3 / sample_ns);
            let pairs = thousands(*pairs as u64);
            writeln!(
                f,
                "{:<36}{pairs:>9}{sample_ns:>12.0}{ratio:>15.1}{millions:>14.2}",
                "ixp-agent, in process"
            )?;
        }
        writeln!(
            f,
            "\nover loopback, CPU of all its threads   pairs   ns/sample   sfacctd ÷ it       counted"
        )?;
        for Outside { collector, pairs, samples, sample_ns } in &self.outside {
            let ratio = self.times(*pairs, *sample_ns);
            let (pairs, samples) = (thousands(*pairs as u64), thousands(*samples));
            writeln!(f, "{collector:<36}{pairs:>9}{sample_ns:>12.0}{ratio:>15.1}{samples:>14}")?;
        }
        Ok(())
    }
}
