//! Datagrams of switches in, what their samples stand for by pair and by rule out, and how well each switch is heard.

mod debt;
mod exporter;
mod facts;
mod health;
mod sequence;
mod tagged;
mod tally;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

pub use self::exporter::{Exporter, Moment};
pub use self::facts::Facts;
pub use self::health::{Directions, Health, Reason};
pub use self::tally::{Room, Tally};

/// The exporters that are listened to. Whoever else sends leaves nothing but a count and an address.
#[derive(Debug)]
pub struct Exporters {
    /// In order of their addresses; IPv4 as such, not mapped.
    allowed: Vec<(IpAddr, Mutex<Exporter>)>,
    strangers: AtomicU64,
    last_stranger: Mutex<Option<IpAddr>>,
}

impl Exporters {
    /// Those that are allowed, each address once.
    #[must_use]
    pub fn new(allowed: impl IntoIterator<Item = Exporter>) -> Self {
        let mut allowed: Vec<(IpAddr, Mutex<Exporter>)> = allowed
            .into_iter()
            .map(|exporter| (exporter.health().address.to_canonical(), Mutex::new(exporter)))
            .collect();
        allowed.sort_by_key(|(address, _)| *address);
        Self { allowed, strangers: AtomicU64::new(0), last_stranger: Mutex::new(None) }
    }

    /// Takes a datagram from an address into the tally of who received it.
    pub fn hear(&self, from: IpAddr, datagram: &[u8], now: Moment, facts: &Facts, tally: &mut Tally) {
        let from = from.to_canonical();
        let Ok(at) = self.allowed.binary_search_by_key(&from, |(address, _)| *address) else {
            self.strangers.fetch_add(1, Ordering::Relaxed);
            *self.last_stranger.lock().unwrap_or_else(PoisonError::into_inner) = Some(from);
            return;
        };
        let mut exporter = self.allowed[at].1.lock().unwrap_or_else(PoisonError::into_inner);
        exporter.hear(datagram, now, facts, tally);
    }

    /// How well each is heard, in order of addresses.
    #[must_use]
    pub fn health(&self) -> Vec<Health> {
        let exporters = self.allowed.iter();
        let healthy = exporters.map(|(_, exporter)| exporter.lock().unwrap_or_else(PoisonError::into_inner));
        healthy.map(|exporter| exporter.health().clone()).collect()
    }

    /// Datagrams from addresses that are not allowed, and the last such address.
    #[must_use]
    pub fn strangers(&self) -> (u64, Option<IpAddr>) {
        let last = *self.last_stranger.lock().unwrap_or_else(PoisonError::into_inner);
        (self.strangers.load(Ordering::Relaxed), last)
    }
}
