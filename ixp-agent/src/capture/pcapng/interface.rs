//! What a pcapng interface description says of its frames: link type, FCS, unit of time.

use jiff::Timestamp;
use pcap_parser::{
    InterfaceDescriptionBlock, OptionCode, parse_interfacedescriptionblock_be,
    parse_interfacedescriptionblock_le,
};

use super::{Fault, LinkType, Order};

const IF_FCSLEN: OptionCode = OptionCode(13);

/// An interface of a section.
pub(super) struct Interface {
    pub(super) link_type: LinkType,
    /// Bytes of FCS at the end of each frame.
    pub(super) fcs: u32,
    /// Bytes that a simple packet keeps at most.
    pub(super) snap_length: Option<u32>,
    /// `if_tsresol`: ticks are 10⁻ⁿ s, or with the highest bit 2⁻ⁿ s.
    resolution: u8,
    /// `if_tsoffset`, in seconds.
    offset: i64,
}

impl Interface {
    pub(super) fn parse(block: &[u8], order: Order) -> Result<Self, Fault> {
        let parsed = match order {
            Order::Little => parse_interfacedescriptionblock_le(block),
            Order::Big => parse_interfacedescriptionblock_be(block),
        };
        let (_, description) = parsed.map_err(|_| Fault::Description)?;
        Ok(Self {
            link_type: LinkType(description.linktype.0.cast_unsigned()),
            fcs: fcs_length(option(&description, IF_FCSLEN)),
            snap_length: Some(description.snaplen).filter(|length| *length != 0),
            resolution: description.if_tsresol,
            offset: offset(option(&description, OptionCode::IfTsoffset), order),
        })
    }

    /// The moment that a count of ticks stands for.
    pub(super) fn time(&self, ticks: u64) -> Option<Timestamp> {
        let power = u32::from(self.resolution & 0x7f);
        let nanos = u128::from(ticks) * 1_000_000_000;
        let nanos = match self.resolution & 0x80 {
            0 => nanos / 10u128.checked_pow(power)?,
            _ => nanos >> power,
        };
        let offset = i128::from(self.offset) * 1_000_000_000;
        Timestamp::from_nanosecond(i128::try_from(nanos).ok()?.checked_add(offset)?).ok()
    }
}

fn option<'b>(description: &'b InterfaceDescriptionBlock<'_>, code: OptionCode) -> Option<&'b [u8]> {
    let found = description.options.iter().find(|option| option.code == code)?;
    found.value.get(..usize::from(found.len))
}

/// The draft has `if_fcslen` in bits and shows 4 as its example; writers do both. No link has an FCS
/// of more than 8 bytes or less than 8 bits.
fn fcs_length(value: Option<&[u8]>) -> u32 {
    match value {
        Some(&[bytes @ ..=8]) => u32::from(bytes),
        Some(&[bits]) => u32::from(bits / 8),
        _ => 0,
    }
}

fn offset(value: Option<&[u8]>, order: Order) -> i64 {
    match (value.and_then(|value| value.first_chunk()), order) {
        (Some(bytes), Order::Little) => i64::from_le_bytes(*bytes),
        (Some(bytes), Order::Big) => i64::from_be_bytes(*bytes),
        (None, _) => 0,
    }
}

mod epb_flags {
    pub(super) const CODE: u16 = 2;
    /// Where the length of the FCS in bytes starts, 0 if it is not known.
    pub(super) const FCS_SHIFT: u32 = 5;
    pub(super) const FCS_MASK: u32 = 0xf;
}

/// The length of the FCS that a packet says in its own flags, if it does.
pub(super) fn fcs_of_packet(block: &[u8], options: usize, order: Order) -> Option<u32> {
    let mut at = options;
    while at + 8 <= block.len().saturating_sub(4) {
        let (code, length) = (order.u16(block, at), order.u16(block, at + 2));
        if code == 0 {
            return None;
        }
        if code == epb_flags::CODE && length == 4 {
            let fcs = order.u32(block, at + 4) >> epb_flags::FCS_SHIFT & epb_flags::FCS_MASK;
            return Some(fcs).filter(|fcs| *fcs != 0);
        }
        at += 4 + usize::from(length).next_multiple_of(4);
    }
    None
}
