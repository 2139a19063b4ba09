//! The rings in, records out.

use aya::maps::{MapData, RingBuf};
use aya_log::EbpfLogger;
use ixp_common::sample::{EventRecord, SampleRecord, StationRecord};

/// The rings that the program fills.
pub struct Rings {
    pub(super) stations: RingBuf<MapData>,
    pub(super) samples: RingBuf<MapData>,
    pub(super) events: RingBuf<MapData>,
    pub(super) log: EbpfLogger<&'static dyn log::Log>,
}

impl Rings {
    /// Passes on what the program itself had to say.
    pub fn log(&mut self) {
        self.log.flush();
    }

    /// The next station that was not seen before.
    pub fn station(&mut self) -> Option<StationRecord> {
        StationRecord::from_bytes(&self.stations.next()?)
    }

    /// The next frame that breaks a rule.
    pub fn event(&mut self) -> Option<EventRecord> {
        EventRecord::from_bytes(&self.events.next()?)
    }

    /// The next sampled frame.
    pub fn sample(&mut self) -> Option<SampleRecord> {
        SampleRecord::from_bytes(&self.samples.next()?)
    }
}
