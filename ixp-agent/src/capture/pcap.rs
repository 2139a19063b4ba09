//! Records of a pcap file (draft-ietf-opsawg-pcap) in, frames by their place out.

use std::io::Read;

use jiff::Timestamp;
use pcap_parser::parse_pcap_header;

use super::input::Input;
use super::{Error, LinkType, Placed};

mod field {
    /// Bytes of the file's header.
    pub(super) const FILE: usize = 24;
    /// Bytes of a record's header.
    pub(super) const RECORD: usize = 16;
    /// Link type, without what the upper bits say of the FCS.
    pub(super) const LINK_TYPE: u32 = 0x03ff_ffff;
    /// Whether an FCS length is given.
    pub(super) const FCS_KNOWN: u32 = 0x0400_0000;
    /// Where the FCS length starts.
    pub(super) const FCS_SHIFT: u32 = 28;
}

/// What the file's header says of its records.
pub(super) struct Pcap {
    is_big_endian: bool,
    nanos_per_tick: i64,
    fcs: u32,
}

/// Whether a file starts as pcap: either byte order, µs or ns.
pub(super) fn is_magic(start: &[u8]) -> bool {
    matches!(
        start,
        [0xa1, 0xb2, 0xc3, 0xd4]
            | [0xd4, 0xc3, 0xb2, 0xa1]
            | [0xa1, 0xb2, 0x3c, 0x4d]
            | [0x4d, 0x3c, 0xb2, 0xa1]
    )
}

impl Pcap {
    /// Takes the file's header.
    pub(super) fn open<R: Read>(input: &mut Input<R>) -> Result<Self, Error> {
        let bytes = input.record(field::FILE)?;
        let Ok((_, header)) = parse_pcap_header(bytes) else {
            let start = super::Start(bytes.to_vec());
            return Err(Error::NotACapture { start });
        };
        input.consume(field::FILE);
        let network = header.network.0.cast_unsigned();
        let link_type = LinkType(network & field::LINK_TYPE);
        if link_type != LinkType::ETHERNET {
            return Err(Error::LinkType(link_type));
        }
        // The length is in words of 16 bits.
        let fcs = match network & field::FCS_KNOWN {
            0 => 0,
            _ => (network >> field::FCS_SHIFT) * 2,
        };
        Ok(Self {
            is_big_endian: header.is_bigendian(),
            nanos_per_tick: if header.is_nanosecond_precision() { 1 } else { 1000 },
            fcs,
        })
    }

    /// The length of the next record and where its frame is in it.
    pub(super) fn next<R: Read>(&self, input: &mut Input<R>) -> Result<Option<(usize, Placed)>, Error> {
        let Some(header) = input.header::<{ field::RECORD }>()? else {
            return Ok(None);
        };
        let [seconds, ticks, kept, wire] = self.words(header);
        let nanos = i64::from(ticks) * self.nanos_per_tick;
        let at = Timestamp::from_nanosecond(i128::from(seconds) * 1_000_000_000 + i128::from(nanos)).ok();
        let placed =
            Placed::new(at, field::RECORD, kept, wire, self.fcs).map_err(|fault| input.broken(fault))?;
        let len = field::RECORD + kept as usize;
        input.record(len)?;
        Ok(Some((len, placed)))
    }

    fn words(&self, header: [u8; field::RECORD]) -> [u32; 4] {
        let (words, _) = header.as_chunks::<4>();
        let word = |at: usize| match self.is_big_endian {
            true => u32::from_be_bytes(words[at]),
            false => u32::from_le_bytes(words[at]),
        };
        [word(0), word(1), word(2), word(3)]
    }
}
