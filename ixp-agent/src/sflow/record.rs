//! What a sample holds.

/// Of [`Header`]: Ethernet, ISO 88023.
pub const PROTOCOL_ETHERNET: u32 = 1;
/// Of [`Interface`]: nobody says.
pub const SPEED_UNKNOWN: u64 = 0;

/// What is said of a sampled or discarded frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlowRecord<'d> {
    /// Its start.
    Header(Header<'d>),
    /// How a switch forwarded it.
    Switch(Switch),
    /// A record that is not looked into.
    Other {
        /// Whose kind it is, 0 for sFlow itself.
        enterprise: u32,
        /// The kind.
        kind: u32,
    },
}

/// The start of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'d> {
    /// [`PROTOCOL_ETHERNET`], or another kind of frame.
    pub protocol: u32,
    /// Bytes on the wire, with what was stripped before the frame was sampled.
    pub frame_length: u32,
    /// Bytes that were stripped: 4 where the FCS is none of what was sampled.
    pub stripped: u32,
    /// The start, without what was stripped.
    pub bytes: &'d [u8],
}

/// Through which VLANs a frame went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Switch {
    /// The 802.1Q tag that it came with, 0 for none.
    pub source_vlan: u32,
    /// Its 802.1p priority.
    pub source_priority: u32,
    /// The tag that it went with.
    pub destination_vlan: u32,
    /// Its priority.
    pub destination_priority: u32,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CounterRecord {
    /// Generic interface counters (RFC 2863).
    Interface(Interface),
    /// Ethernet interface counters (RFC 3635).
    Ethernet(Ethernet),
    /// A record that is not looked into.
    Other {
        /// Whose kind it is, 0 for sFlow itself.
        enterprise: u32,
        /// The kind.
        kind: u32,
    },
}

/// Counters of an interface (RFC 2863, with the names of its objects). What nobody counts is all ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "RFC 2863 says what each is")]
pub struct Interface {
    pub index: u32,
    /// 6 for Ethernet.
    pub kind: u32,
    /// Bits per second, or [`SPEED_UNKNOWN`].
    pub speed: u64,
    /// 0 nobody says, 1 full duplex, 2 half duplex, 3 in, 4 out.
    pub direction: u32,
    /// Bit 0: administratively up; bit 1: operationally up.
    pub status: u32,
    pub in_octets: u64,
    pub in_unicast: u32,
    pub in_multicast: u32,
    pub in_broadcast: u32,
    pub in_discards: u32,
    pub in_errors: u32,
    pub in_unknown_protocols: u32,
    pub out_octets: u64,
    pub out_unicast: u32,
    pub out_multicast: u32,
    pub out_broadcast: u32,
    pub out_discards: u32,
    pub out_errors: u32,
    /// 0 nobody says, 1 promiscuous, 2 not.
    pub promiscuous: u32,
}

impl Interface {
    /// What nobody counts.
    pub const UNKNOWN: u32 = u32::MAX;
}

/// Counters of an Ethernet interface (RFC 3635, with the names of its objects, `dot3Stats…`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "RFC 3635 says what each is")]
pub struct Ethernet {
    pub alignment_errors: u32,
    pub fcs_errors: u32,
    pub single_collisions: u32,
    pub multiple_collisions: u32,
    pub sqe_test_errors: u32,
    pub deferred: u32,
    pub late_collisions: u32,
    pub excessive_collisions: u32,
    pub mac_transmit_errors: u32,
    pub carrier_sense_errors: u32,
    pub frame_too_longs: u32,
    pub mac_receive_errors: u32,
    pub symbol_errors: u32,
}
