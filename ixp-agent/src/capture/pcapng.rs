//! Blocks of a pcapng file (draft-ietf-opsawg-pcapng) in, frames by their place out.

mod interface;

use std::collections::BTreeMap;
use std::io::Read;

use self::interface::Interface;
use super::input::Input;
use super::{Error, Fault, LinkType, MAX_KEPT, Placed};

/// What a file starts with, in either byte order.
pub(super) const MAGIC: &[u8] = &[0x0a, 0x0d, 0x0d, 0x0a];

/// Bytes that a block may have if it is looked into: a frame, and options of some length.
const MAX_BLOCK: u32 = MAX_KEPT + 512 * 1024;
/// Interfaces of a section.
const MAX_INTERFACES: usize = 1 << 16;

mod kind {
    pub(super) const SECTION: u32 = 0x0a0d_0d0a;
    pub(super) const INTERFACE: u32 = 1;
    pub(super) const OLD_PACKET: u32 = 2;
    pub(super) const SIMPLE_PACKET: u32 = 3;
    pub(super) const ENHANCED_PACKET: u32 = 6;
}

mod field {
    /// Type and length.
    pub(super) const HEADER: usize = 8;
    /// Byte order of a section.
    pub(super) const ORDER: usize = 8;
    /// Major version of a section.
    pub(super) const VERSION: usize = 12;
    /// Interface, in 32 bits; in an old packet, 16 bits.
    pub(super) const INTERFACE: usize = 8;
    /// Time, high word first.
    pub(super) const TIME: usize = 12;
    pub(super) const KEPT: usize = 20;
    pub(super) const WIRE: usize = 24;
    pub(super) const FRAME: usize = 28;
    /// Length of a simple packet's frame on the wire.
    pub(super) const SIMPLE_WIRE: usize = 8;
    pub(super) const SIMPLE_FRAME: usize = 12;
    /// The length again, at the end.
    pub(super) const TRAILER: usize = 4;
}

/// What the blocks said so far.
#[derive(Default)]
pub(super) struct Pcapng {
    order: Order,
    interfaces: Vec<Interface>,
    skipped: BTreeMap<LinkType, u64>,
}

/// The byte order of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Order {
    #[default]
    Little,
    Big,
}

impl Pcapng {
    /// The length of the next block with a frame, and where the frame is in it.
    pub(super) fn next<R: Read>(&mut self, input: &mut Input<R>) -> Result<Option<(usize, Placed)>, Error> {
        while let Some(header) = input.header::<{ field::HEADER }>()? {
            let kind = self.order.u32(&header, 0);
            if kind == kind::SECTION {
                self.section(input)?;
                continue;
            }
            let length = self.order.u32(&header, 4);
            let is_known = matches!(
                kind,
                kind::INTERFACE | kind::OLD_PACKET | kind::SIMPLE_PACKET | kind::ENHANCED_PACKET
            );
            if !is_known {
                check_length(kind, length, 12, u32::MAX).map_err(|fault| input.broken(fault))?;
                input.skip(u64::from(length))?;
                continue;
            }
            check_length(kind, length, least(kind), MAX_BLOCK).map_err(|fault| input.broken(fault))?;
            let block = input.record(length as usize)?;
            match self.block(kind, block) {
                Ok(Some(placed)) => return Ok(Some((length as usize, placed))),
                Ok(None) => input.consume(length as usize),
                Err(fault) => return Err(input.broken(fault)),
            }
        }
        Ok(None)
    }

    /// Frames without Ethernet header, by link type.
    pub(super) fn skipped(&self) -> &BTreeMap<LinkType, u64> {
        &self.skipped
    }

    /// A section starts: byte order and interfaces are its own.
    fn section<R: Read>(&mut self, input: &mut Input<R>) -> Result<(), Error> {
        let start = input.record(28)?;
        let order = match start[field::ORDER..] {
            [0x4d, 0x3c, 0x2b, 0x1a, ..] => Order::Little,
            [0x1a, 0x2b, 0x3c, 0x4d, ..] => Order::Big,
            _ => return Err(input.broken(Fault::Section)),
        };
        let (version, length) = (order.u16(start, field::VERSION), order.u32(start, 4));
        if version != 1 {
            return Err(input.broken(Fault::Section));
        }
        check_length(kind::SECTION, length, 28, u32::MAX).map_err(|fault| input.broken(fault))?;
        self.order = order;
        self.interfaces.clear();
        input.skip(u64::from(length))
    }

    /// Takes in an interface, or finds a packet's frame; none if the frame is not Ethernet.
    fn block(&mut self, kind: u32, block: &[u8]) -> Result<Option<Placed>, Fault> {
        let trailer = block.len() - field::TRAILER;
        let (length, again) = (self.order.u32(block, 4), self.order.u32(block, trailer));
        if length != again {
            return Err(Fault::BlockEnd(length, again));
        }
        if kind == kind::INTERFACE {
            if self.interfaces.len() == MAX_INTERFACES {
                return Err(Fault::Description);
            }
            self.interfaces.push(Interface::parse(block, self.order)?);
            return Ok(None);
        }
        let at = match kind {
            kind::SIMPLE_PACKET => 0,
            kind::OLD_PACKET => u32::from(self.order.u16(block, field::INTERFACE)),
            _ => self.order.u32(block, field::INTERFACE),
        };
        let interface = self.interfaces.get(at as usize).ok_or(Fault::Interface(at))?;
        if interface.link_type != LinkType::ETHERNET {
            *self.skipped.entry(interface.link_type).or_default() += 1;
            return Ok(None);
        }
        match kind {
            kind::SIMPLE_PACKET => self.simple(interface, block).map(Some),
            _ => self.packet(kind, interface, block).map(Some),
        }
    }

    fn simple(&self, interface: &Interface, block: &[u8]) -> Result<Placed, Fault> {
        let wire = self.order.u32(block, field::SIMPLE_WIRE);
        let room = room(block, field::SIMPLE_FRAME);
        let kept = wire.min(interface.snap_length.unwrap_or(u32::MAX)).min(room);
        Placed::new(None, field::SIMPLE_FRAME, kept, wire, interface.fcs)
    }

    fn packet(&self, kind: u32, interface: &Interface, block: &[u8]) -> Result<Placed, Fault> {
        let word = |at| self.order.u32(block, at);
        let (kept, wire) = (word(field::KEPT), word(field::WIRE));
        if kept > room(block, field::FRAME) {
            return Err(Fault::Overfull(kept));
        }
        let ticks = u64::from(word(field::TIME)) << 32 | u64::from(word(field::TIME + 4));
        let options = field::FRAME + (kept as usize).next_multiple_of(4);
        let own_fcs = match kind {
            kind::ENHANCED_PACKET => interface::fcs_of_packet(block, options, self.order),
            _ => None,
        };
        let fcs = own_fcs.unwrap_or(interface.fcs);
        Placed::new(interface.time(ticks), field::FRAME, kept, wire, fcs)
    }
}

/// The least length of a block of a known type.
fn least(kind: u32) -> u32 {
    match kind {
        kind::INTERFACE => 20,
        kind::SIMPLE_PACKET => 16,
        _ => 32,
    }
}

/// Blocks are of whole words of 32 bits.
fn check_length(kind: u32, length: u32, least: u32, most: u32) -> Result<(), Fault> {
    if (least..=most).contains(&length) && length.is_multiple_of(4) {
        Ok(())
    } else {
        Err(Fault::BlockLength { kind, length })
    }
}

/// Bytes between a frame's start and the block's trailer.
fn room(block: &[u8], start: usize) -> u32 {
    u32::try_from(block.len().saturating_sub(start + field::TRAILER)).unwrap_or(u32::MAX)
}

impl Order {
    /// The number at an offset; 0 beyond the end.
    fn u32(self, bytes: &[u8], at: usize) -> u32 {
        let word = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
        let word = word.copied().unwrap_or_default();
        match self {
            Self::Little => u32::from_le_bytes(word),
            Self::Big => u32::from_be_bytes(word),
        }
    }

    /// The number at an offset; 0 beyond the end.
    fn u16(self, bytes: &[u8], at: usize) -> u16 {
        let half = bytes.get(at..).and_then(|bytes| bytes.first_chunk());
        let half = half.copied().unwrap_or_default();
        match self {
            Self::Little => u16::from_le_bytes(half),
            Self::Big => u16::from_be_bytes(half),
        }
    }
}
