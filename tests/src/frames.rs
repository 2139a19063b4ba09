//! Names thousands of frames, sound and broken, and makes each the same way at every run.

pub mod arp;
pub mod built;
pub mod ethernet;
pub mod ipv4;
pub mod ipv6;
pub mod llc;
pub mod mutated;

/// A frame and the name that a failing test gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixture {
    /// What is peculiar about it.
    pub name: String,
    /// From the destination address on, without FCS.
    pub bytes: Vec<u8>,
}

impl Fixture {
    /// A frame with a name.
    pub fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), bytes: bytes.into() }
    }
}

/// Destination of every frame that is made here.
pub const DESTINATION: [u8; 6] = [0x02, 0, 0x5e, 0x10, 0, 0xd0];
/// Source of every frame that is made here.
pub const SOURCE: [u8; 6] = [0x02, 0, 0x5e, 0x10, 0, 0x50];
/// The three values that announce a VLAN tag.
pub const TPIDS: [u16; 3] = [0x8100, 0x88a8, 0x9100];

/// An untagged frame with this type/length field.
#[must_use]
pub fn ethernet(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    tagged(&[], ethertype, payload)
}

/// A frame with tags, as TPID and control word, outer first.
#[must_use]
pub fn tagged(tags: &[(u16, u16)], ethertype: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = [DESTINATION, SOURCE].concat();
    for (tpid, control) in tags {
        bytes.extend(tpid.to_be_bytes());
        bytes.extend(control.to_be_bytes());
    }
    bytes.extend(ethertype.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// Frames that were thought of, each for a reason.
#[must_use]
pub fn handmade() -> Vec<Fixture> {
    [
        ethernet::fixtures(),
        llc::fixtures(),
        arp::fixtures(),
        ipv4::fixtures(),
        ipv6::fixtures(),
        built::fixtures(),
    ]
    .concat()
}

/// All frames: those that were thought of, and what chance and damage make of them.
#[must_use]
pub fn corpus() -> Vec<Fixture> {
    let handmade = handmade();
    let mutated = mutated::fixtures(&handmade);
    [handmade, mutated].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ixp_common::bytes::Captured;
    use ixp_common::digest::Digest;
    use ixp_common::frame::Malformed;
    use std::collections::BTreeSet;

    #[test]
    fn the_corpus_is_the_same_each_time_and_its_names_are_unique() {
        let frames = corpus();
        assert_eq!(frames, corpus());
        let names: BTreeSet<&str> = frames.iter().map(|frame| frame.name.as_str()).collect();
        assert_eq!(names.len(), frames.len());
    }

    #[test]
    fn the_handmade_frames_show_every_way_to_be_malformed() {
        let code = |digest: Digest| digest.unread.into_iter().find(|code| *code != 0);
        let frames = handmade();
        let codes: BTreeSet<u8> =
            frames.iter().filter_map(|frame| code(Digest::of(&Captured::whole(&frame.bytes)))).collect();
        for reason in Malformed::ALL {
            assert!(codes.contains(&(1 + reason as u8)), "no frame is {}", reason.name());
        }
    }
}
