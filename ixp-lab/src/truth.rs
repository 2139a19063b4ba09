//! What the senders really put on the wire, cell by cell, as their own kernel saw it leave.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Result, anyhow};
use ixp_common::addr::{EtherType, Family, Mac, VlanId};
use ixp_common::counters::{Counts, PairKey};

use crate::clock;
use crate::packet::Watcher;

/// Frames and bytes per (VLAN, source, destination, family).
pub type Cells = BTreeMap<PairKey, Counts>;

/// What was seen to leave, and how much of it was missed.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    /// What was seen.
    pub cells: Cells,
    /// Frames that the kernel could not keep for the watchers.
    pub missed: u64,
}

/// Counts what watchers see until it is finished.
#[derive(Debug)]
pub struct Truth {
    sent: Arc<Mutex<Sent>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<()>>>,
}

/// How often the watchers are emptied; their backlog holds many seconds.
const INTERVAL: Duration = Duration::from_millis(20);

impl Truth {
    /// Counts what `watchers` see from here on.
    #[must_use]
    pub fn collect(watchers: Vec<Watcher>) -> Self {
        let sent = Arc::new(Mutex::new(Sent::default()));
        let over = Arc::new(AtomicBool::new(false));
        let (shared, end) = (Arc::clone(&sent), Arc::clone(&over));
        let thread = std::thread::spawn(move || {
            loop {
                let last = end.load(Ordering::Acquire);
                drain(&watchers, &shared)?;
                if last {
                    return Ok(());
                }
                clock::pause(INTERVAL);
            }
        });
        Self { sent, over, thread: Some(thread) }
    }

    /// All frames so far.
    #[must_use]
    pub fn total(&self) -> Counts {
        total(&self.sent.lock().unwrap_or_else(PoisonError::into_inner).cells)
    }

    /// Empties the watchers once more: what was seen.
    ///
    /// # Errors
    /// A watcher failed on the way.
    pub fn finish(mut self) -> Result<Sent> {
        self.join()?;
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(std::mem::take(&mut *sent))
    }

    fn join(&mut self) -> Result<()> {
        self.over.store(true, Ordering::Release);
        let Some(thread) = self.thread.take() else {
            return Ok(());
        };
        thread.join().map_err(|_| anyhow!("the counting of the truth panicked"))?
    }
}

impl Drop for Truth {
    fn drop(&mut self) {
        if let Err(error) = self.join() {
            eprintln!("lab: {error}");
        }
    }
}

fn drain(watchers: &[Watcher], sent: &Mutex<Sent>) -> Result<()> {
    for watcher in watchers {
        let mut sent = sent.lock().unwrap_or_else(PoisonError::into_inner);
        watcher.drain(|header, length| sent.cells.entry(cell(header)).or_default().add_frame(length))?;
        sent.missed += u64::from(watcher.lost()?);
    }
    Ok(())
}

/// The sum over all cells.
#[must_use]
pub fn total(cells: &Cells) -> Counts {
    cells.values().fold(Counts::default(), |mut sum, &counts| {
        sum.add(counts);
        sum
    })
}

/// What each source sent, over all its cells.
#[must_use]
pub fn by_source(cells: &Cells) -> BTreeMap<Mac, Counts> {
    let mut sums = BTreeMap::<Mac, Counts>::new();
    for (key, &counts) in cells {
        sums.entry(key.source()).or_default().add(counts);
    }
    sums
}

/// The cell of a frame, read here a second time: the agent's parser must not be its own witness.
fn cell(header: &[u8]) -> PairKey {
    let bytes =
        |at: usize| <[u8; 6]>::try_from(header.get(at..at + 6).unwrap_or(&[0; 6])).unwrap_or_default();
    let word = |at: usize| header.get(at..at + 2).map_or(0, |pair| u16::from_be_bytes([pair[0], pair[1]]));
    let mut at = 12;
    let mut vlan = VlanId::UNTAGGED;
    while at < 20 && EtherType(word(at)).is_tag() {
        if at == 12 {
            vlan = VlanId::from_tci(word(at + 2));
        }
        at += 4;
    }
    PairKey::new(vlan, Mac(bytes(6)), Mac(bytes(0)), Family::of(EtherType(word(at))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(tail: &[u8]) -> Vec<u8> {
        [&[2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1], tail].concat()
    }

    #[test]
    fn a_frame_belongs_to_the_cell_its_header_says() {
        let (one, two) = (Mac([2, 0, 0, 0, 0, 1]), Mac([2, 0, 0, 0, 0, 2]));
        let cases: [(&[u8], u16, Family); 7] = [
            (&[0x08, 0x00, 0x45], 0, Family::Ipv4),
            (&[0x86, 0xdd, 0x60], 0, Family::Ipv6),
            (&[0x08, 0x06], 0, Family::Arp),
            (&[0x00, 0x26, 0x42], 0, Family::Other),
            (&[0x81, 0x00, 0x20, 0x64, 0x08, 0x00], 100, Family::Ipv4),
            (&[0x88, 0xa8, 0x00, 0x64, 0x81, 0x00, 0x00, 0x07, 0x86, 0xdd], 100, Family::Ipv6),
            (&[], 0, Family::Other),
        ];
        for (tail, vlan, family) in cases {
            assert_eq!(
                cell(&frame(tail)),
                PairKey::new(VlanId::from_tci(vlan), one, two, family),
                "{tail:02x?}"
            );
        }
    }

    #[test]
    fn sums_add_up_over_cells() {
        let (one, two) = (Mac([2, 0, 0, 0, 0, 1]), Mac([2, 0, 0, 0, 0, 2]));
        let key = |source, family| PairKey::new(VlanId::UNTAGGED, source, Mac::BROADCAST, family);
        let cells = Cells::from([
            (key(one, Family::Arp), Counts { packets: 1, bytes: 42 }),
            (key(one, Family::Ipv4), Counts { packets: 2, bytes: 200 }),
            (key(two, Family::Ipv4), Counts { packets: 4, bytes: 400 }),
        ]);
        assert_eq!(total(&cells), Counts { packets: 7, bytes: 642 });
        assert_eq!(by_source(&cells)[&one], Counts { packets: 3, bytes: 242 });
    }
}
