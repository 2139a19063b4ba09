//! Names of stations in, frames between them and the members file of their LAN out.

use ixp_common::addr::{EtherType, Family, Mac, VlanId};
use ixp_common::counters::{Counts, PairKey};
use ixp_lab::truth::Cells;

/// A router of AS64500.
pub const FIRST: Mac = Mac([2, 0, 0, 0, 0, 1]);
/// A router of AS64501.
pub const SECOND: Mac = Mac([2, 0, 0, 0, 0, 2]);
/// A station of nobody.
pub const STRANGER: Mac = Mac([2, 0, 0, 0, 0, 0x77]);
/// The all-nodes group of IPv6 (RFC 2464 §7).
pub const ALL_NODES: Mac = Mac([0x33, 0x33, 0, 0, 0, 1]);

/// The members: one router each, on an untagged LAN and on VLAN 100.
pub const MEMBERS: &str = r#"
[[lan]]
name = "peering"
ipv4 = "192.0.2.0/24"
ipv6 = "2001:db8:1::/64"

[[lan]]
name = "jumbo"
vlan = 100
ipv4 = "198.51.100.0/24"

[[member]]
asn = 64500
name = "Example Networks"
[[member.interface]]
lan = "peering"
macs = ["02:00:00:00:00:01"]
ipv4 = ["192.0.2.1"]
[[member.interface]]
lan = "jumbo"
macs = ["02:00:00:00:00:01"]

[[member]]
asn = 64501
name = "Second Network"
[[member.interface]]
lan = "peering"
macs = ["02:00:00:00:00:02"]
"#;

/// A frame and where it is to be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its cell.
    pub key: PairKey,
    /// From the destination address on, without FCS.
    pub bytes: Vec<u8>,
}

impl Frame {
    /// An untagged frame with `payload` bytes behind its last header.
    #[must_use]
    pub fn new(source: Mac, destination: Mac, family: Family, payload: usize) -> Self {
        Self::on(VlanId::UNTAGGED, source, destination, family, payload)
    }

    /// The same on a VLAN.
    #[must_use]
    pub fn on(vlan: VlanId, source: Mac, destination: Mac, family: Family, payload: usize) -> Self {
        let mut bytes = [destination.0, source.0].concat();
        if vlan != VlanId::UNTAGGED {
            bytes.extend(EtherType::VLAN.0.to_be_bytes());
            bytes.extend(vlan.get().to_be_bytes());
        }
        bytes.extend(body(family, payload));
        Self { key: PairKey::new(vlan, source, destination, family), bytes }
    }
}

/// EtherType and what follows it.
fn body(family: Family, payload: usize) -> Vec<u8> {
    let length = |header: usize| u16::try_from(header + payload).expect("a short frame").to_be_bytes();
    let (ethertype, header) = match family {
        Family::Ipv4 => {
            let [high, low] = length(20);
            let fixed = [0x45, 0, high, low, 0, 0, 0, 0, 64, 17, 0, 0];
            (EtherType::IPV4, [fixed.as_slice(), &[192, 0, 2, 1], &[192, 0, 2, 2]].concat())
        }
        Family::Ipv6 => {
            let [high, low] = length(0);
            (EtherType::IPV6, [[0x60, 0, 0, 0, high, low, 59, 64].as_slice(), &[0x20; 32]].concat())
        }
        Family::Arp => (EtherType::ARP, [[0, 1, 8, 0, 6, 4, 0, 1].as_slice(), &[0; 20]].concat()),
        Family::Other => (EtherType(0x88cc), Vec::new()),
    };
    [ethertype.0.to_be_bytes().as_slice(), &header, &vec![0x55; payload]].concat()
}

/// What a matrix by MAC has of these frames.
#[must_use]
pub fn cells(frames: &[Frame]) -> Cells {
    let mut cells = Cells::new();
    for frame in frames {
        cells.entry(frame.key).or_default().add_frame(length(&frame.bytes));
    }
    cells
}

/// How many frames these are, and how many bytes.
#[must_use]
pub fn total<'f>(frames: impl IntoIterator<Item = &'f [u8]>) -> Counts {
    let mut total = Counts::default();
    for frame in frames {
        total.add_frame(length(frame));
    }
    total
}

fn length(frame: &[u8]) -> u32 {
    u32::try_from(frame.len()).expect("a short frame")
}
