//! Damages frames: cuts at each byte, single flipped bits, headers of chance. One seed, one result.

use super::{Fixture, ethernet, tagged};

/// Frames that are cut at each byte.
const CUT: [&str; 9] = [
    "tags: 0x88a8 0x8100",
    "tags: 0x8100 0x8100 0x8100",
    "llc: cdp, length 10, 46 bytes there",
    "arp: tagged request",
    "ipv4: 10 words of options",
    "ipv6: icmpv6 type 134",
    "ipv6: 10 of extension 60",
    "ipv6: fragment 0x0001 of 58 behind 60",
    "built: vlans 100 and 7",
];

/// Frames of which each bit of the header is flipped, and how far the header goes.
const FLIPPED: [(&str, usize); 6] = [
    ("tags: 0x8100 with 0x0064", 42),
    ("arp: request", 42),
    ("llc: cdp, length 10, 46 bytes there", 24),
    ("ipv4: 1 words of options", 42),
    ("ipv6: extension 60, 1 units", 74),
    ("ipv6: fragment 0x0001 of 17", 66),
];

/// EtherTypes of the frames of chance.
const ETHERTYPES: [u16; 6] = [0x0800, 0x0806, 0x86dd, 0x0030, 0x8100, 0x88b5];

const SEED: u64 = 0x1_5eed_0f1a_b0b5;
const OF_CHANCE: usize = 600;

/// Damaged copies of the named ones among `sound`, then frames of chance.
///
/// # Panics
/// If a frame that is to be damaged is not there.
#[must_use]
pub fn fixtures(sound: &[Fixture]) -> Vec<Fixture> {
    let named =
        |name: &str| sound.iter().find(|fixture| fixture.name == name).unwrap_or_else(|| panic!("no {name}"));
    let cut = CUT.into_iter().flat_map(|name| cuts(named(name)));
    let flipped = FLIPPED.into_iter().flat_map(|(name, bytes)| flips(named(name), bytes));
    cut.chain(flipped).chain(of_chance()).collect()
}

fn cuts(fixture: &Fixture) -> Vec<Fixture> {
    let cut = |len| Fixture::new(format!("{}; cut at {len}", fixture.name), &fixture.bytes[..len]);
    (0..fixture.bytes.len()).map(cut).collect()
}

fn flips(fixture: &Fixture, bytes: usize) -> Vec<Fixture> {
    let flip = |bit: usize| {
        let mut flipped = fixture.bytes.clone();
        flipped[bit / 8] ^= 0x80 >> (bit % 8);
        Fixture::new(format!("{}; bit {bit} flipped", fixture.name), flipped)
    };
    (12 * 8..bytes.min(fixture.bytes.len()) * 8).map(flip).collect()
}

fn of_chance() -> Vec<Fixture> {
    let mut chance = Chance(SEED);
    (0..OF_CHANCE).map(|at| Fixture::new(format!("chance: {at}"), chance.frame())).collect()
}

/// Marsaglia's xorshift64.
struct Chance(u64);

impl Chance {
    fn draw(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).expect("64 bits") % below
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.draw(256)).expect("below 256")
    }

    /// Mostly sane in its first fields, so that the later ones are reached.
    fn frame(&mut self) -> Vec<u8> {
        let ethertype = ETHERTYPES[self.draw(ETHERTYPES.len())];
        let len = self.draw(160);
        let mut payload: Vec<u8> = (0..len).map(|_| self.byte()).collect();
        match (ethertype, payload.as_mut_slice()) {
            (0x0800, [first, _, high, low, ..]) => {
                *first = 0x40 | *first & 0x0f;
                (*high, *low) = (0, u8::try_from(len).expect("below 160"));
            }
            (0x86dd, [first, _, _, _, high, low, ..]) => {
                *first = 0x60;
                (*high, *low) = (0, u8::try_from(len).expect("below 160").saturating_sub(40));
            }
            _ => {}
        }
        if self.draw(3) == 0 {
            tagged(&[(0x8100, 0x0bad)], ethertype, &payload)
        } else {
            ethernet(ethertype, &payload)
        }
    }
}
