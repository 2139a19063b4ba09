//! A pcap or pcapng stream in, Ethernet frames out, one by one, whatever the stream holds.

mod input;
mod link_type;
mod pcap;
mod pcapng;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};

use ixp_common::bytes::Captured;
use jiff::Timestamp;

use self::input::Input;
pub use self::link_type::LinkType;
use self::pcap::Pcap;
use self::pcapng::Pcapng;

/// Bytes of a frame that a record may keep: the largest snap length that tools use.
pub const MAX_KEPT: u32 = 256 * 1024;
/// Bytes that a frame may have had on the wire: twice what the largest of offloads joins.
pub const MAX_WIRE: u32 = 1024 * 1024;

/// Why a capture could not be read, or not to its end. Frames ahead of that were given out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The stream failed.
    #[error("read at byte {offset}, after {frames} frames")]
    Read {
        /// Where.
        offset: u64,
        /// Frames before it.
        frames: u64,
        /// The cause.
        source: io::Error,
    },
    /// Not a byte.
    #[error("the capture is empty (0 bytes); write it by `tcpdump -w FILE` or `dumpcap -w FILE`")]
    Empty,
    /// Neither magic number.
    #[error("neither pcap nor pcapng: it starts with {start}{}", start.hint())]
    NotACapture {
        /// The first bytes.
        start: Start,
    },
    /// Frames without an Ethernet header.
    #[error("{0}")]
    LinkType(LinkType),
    /// The stream ends inside a record.
    #[error("cut off inside the record at byte {offset}, after {frames} frames")]
    Cut {
        /// Where the record starts.
        offset: u64,
        /// Frames before it.
        frames: u64,
    },
    /// A record that cannot be.
    #[error("broken record at byte {offset}, after {frames} frames: {fault}")]
    Broken {
        /// Where the record starts.
        offset: u64,
        /// Frames before it.
        frames: u64,
        /// What is wrong.
        fault: Fault,
    },
}

/// What is wrong with a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Too many bytes kept.
    #[error("it keeps {0} bytes of a frame, more than {MAX_KEPT}")]
    Kept(u32),
    /// Too many bytes on the wire.
    #[error("its frame had {0} bytes, more than {MAX_WIRE}")]
    Wire(u32),
    /// A pcapng block whose length is impossible for its type.
    #[error("a block of type {kind:#010x} with a length of {length}")]
    BlockLength {
        /// Block type.
        kind: u32,
        /// Its length field.
        length: u32,
    },
    /// A pcapng block whose two length fields differ.
    #[error("a block whose length is {0} at its start and {1} at its end")]
    BlockEnd(u32, u32),
    /// A pcapng block that its frame does not fit into.
    #[error("{0} bytes of a frame do not fit into their block")]
    Overfull(u32),
    /// A pcapng section of another byte order or version.
    #[error("a section of an unknown byte order or version")]
    Section,
    /// A pcapng block whose options cannot be parsed.
    #[error("an interface description that cannot be parsed")]
    Description,
    /// A frame of an interface without description.
    #[error("interface {0} was not described")]
    Interface(u32),
}

/// The first bytes of something that is no capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start(Vec<u8>);

impl Start {
    fn hint(&self) -> &'static str {
        match self.0.as_slice() {
            [0x1f, 0x8b, ..] => "; it is gzip, try `zcat FILE | ixp-agent replay -`",
            [0x28, 0xb5, 0x2f, 0xfd, ..] => "; it is zstd, try `zstdcat FILE | ixp-agent replay -`",
            [0xfd, b'7', b'z', ..] => "; it is xz, try `xzcat FILE | ixp-agent replay -`",
            _ => "",
        }
    }
}

impl fmt::Display for Start {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            write!(f, "{}{byte:02x}", if at == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

/// One frame.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// When it was captured, if its record says so.
    pub at: Option<Timestamp>,
    /// What was kept of it, and its length on the wire, both without FCS.
    pub frame: Captured<'a>,
}

/// A record's frame, by its place in the record.
struct Placed {
    at: Option<Timestamp>,
    start: usize,
    kept: u32,
    wire: u32,
}

enum Format {
    Pcap(Pcap),
    Pcapng(Pcapng),
}

/// A capture that is read as a stream.
pub struct Capture<R> {
    input: Input<R>,
    format: Format,
}

impl<R: Read> Capture<R> {
    /// Reads what a capture starts with.
    ///
    /// # Errors
    /// Whatever [`Error`] says of a start.
    pub fn open(reader: R) -> Result<Self, Error> {
        let mut input = Input::new(reader);
        let format = match input.peek(4)? {
            [] => return Err(Error::Empty),
            pcapng::MAGIC => Format::Pcapng(Pcapng::default()),
            start if pcap::is_magic(start) => Format::Pcap(Pcap::open(&mut input)?),
            start => {
                let start = Start(start.to_vec());
                return Err(Error::NotACapture { start });
            }
        };
        Ok(Self { input, format })
    }

    /// The next frame; none at the end. After an error there is nothing more to read.
    ///
    /// # Errors
    /// Whatever [`Error`] says of a record.
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>, Error> {
        let placed = match &mut self.format {
            Format::Pcap(pcap) => pcap.next(&mut self.input)?,
            Format::Pcapng(pcapng) => pcapng.next(&mut self.input)?,
        };
        let Some((record, placed)) = placed else {
            return Ok(None);
        };
        let bytes = self.input.take_frame(record);
        let end = placed.start + placed.kept as usize;
        Ok(Some(Record {
            at: placed.at,
            frame: Captured::new(bytes.get(placed.start..end).unwrap_or_default(), placed.wire),
        }))
    }

    /// Frames that were given out.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.input.frames()
    }

    /// Frames that were passed over, because they have no Ethernet header.
    #[must_use]
    pub fn skipped(&self) -> BTreeMap<LinkType, u64> {
        match &self.format {
            Format::Pcap(_) => BTreeMap::new(),
            Format::Pcapng(pcapng) => pcapng.skipped().clone(),
        }
    }
}

impl Placed {
    /// A frame of which `kept` bytes are at `start`, `fcs` of the frame's being its FCS.
    fn new(at: Option<Timestamp>, start: usize, kept: u32, wire: u32, fcs: u32) -> Result<Self, Fault> {
        if kept > MAX_KEPT {
            return Err(Fault::Kept(kept));
        }
        if wire > MAX_WIRE {
            return Err(Fault::Wire(wire));
        }
        let wire = wire.max(kept).saturating_sub(fcs);
        Ok(Self { at, start, kept: kept.min(wire), wire })
    }
}
