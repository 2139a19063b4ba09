//! A thousand stations in; who sends to whom, as uneven as an exchange's traffic is, their members file, and the cells
//! that so many frames make out.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use ixp_common::addr::{Family, VlanId};
use ixp_common::counters::{Counts, PairKey};
use ixp_ebpf::paced::Link;
use ixp_ebpf::traffic::station;
use ixp_lab::random::Random;
use ixp_lab::truth::Cells;
use ixp_tests::paced::FRAME;

/// Stations, each of a member of its own.
const STATIONS: u16 = 1_000;
/// Directions in which frames may go.
const PAIRS: u32 = 300_000;
/// Frames after which it begins again: as many as the source's program goes through.
const FRAMES: usize = 1 << 20;
/// Coprime to the number of all directions, so that no two pairs are the same; scatters them over the stations.
const STRIDE: u32 = 7_919;

/// Who sends to whom, frame by frame.
pub(crate) struct Exchange {
    links: Vec<Link>,
}

impl Exchange {
    /// Draws each frame's pair by Zipf's law with exponent 1: the pair of rank n has the n-th part of the first
    /// one's frames.
    pub(crate) fn draw(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let links = (0..FRAMES).map(|_| link(rank(&mut random))).collect();
        Self { links }
    }

    /// The first round.
    pub(crate) fn links(&self) -> &[Link] {
        &self.links
    }

    /// Frames after which each pair has had all that it gets in a round.
    pub(crate) fn round(&self) -> u64 {
        self.links.len() as u64
    }

    /// How many pairs exchange any frames.
    pub(crate) fn pairs(&self) -> usize {
        self.links.iter().collect::<BTreeSet<_>>().len()
    }

    /// Where the first so many frames are to be counted.
    pub(crate) fn cells(&self, frames: u64) -> Cells {
        let (round, mut cells) = (self.round(), Cells::new());
        for (number, link) in (0..).zip(&self.links) {
            let packets = frames / round + u64::from(number < frames % round);
            if packets > 0 {
                let key = PairKey::new(VlanId::UNTAGGED, station(link.from), station(link.to), Family::Ipv4);
                cells.entry(key).or_default().add(Counts { packets, bytes: packets * FRAME as u64 });
            }
        }
        cells
    }

    /// The members file.
    pub(crate) fn members() -> String {
        // The network that is for benchmarks (RFC 2544).
        let mut text = "[[lan]]\nname = \"peering\"\nipv4 = \"198.18.0.0/22\"\n".to_owned();
        for number in 0..STATIONS {
            let [high, low] = (number + 1).to_be_bytes();
            let (asn, mac) = (64_512 + u32::from(number), station(number));
            write!(
                text,
                "[[member]]\nasn = {asn}\nname = \"Member {number}\"\n[[member.interface]]\nlan = \"peering\"\n\
                 macs = [\"{mac}\"]\nipv4 = [\"198.18.{high}.{low}\"]\n"
            )
            .expect("a string takes all");
        }
        text
    }
}

/// A rank below [`PAIRS`], by the inverse of the law's distribution, where it is taken for continuous.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank is small and positive")]
fn rank(random: &mut Random) -> u32 {
    let chance = (random.number() >> 11) as f64 / (1u64 << 53) as f64;
    (f64::from(PAIRS).powf(chance) as u32 - 1).min(PAIRS - 1)
}

/// The pair of a rank.
fn link(rank: u32) -> Link {
    let others = u32::from(STATIONS) - 1;
    let direction = u64::from(rank) * u64::from(STRIDE) % (u64::from(STATIONS) * u64::from(others));
    let number = |part: u64| u16::try_from(part).expect("below the number of stations");
    let (from, to) = (number(direction / u64::from(others)), number(direction % u64::from(others)));
    Link { from, to: if to < from { to } else { to + 1 } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rank_has_a_pair_of_its_own_between_two_stations() {
        let links: BTreeSet<Link> = (0..PAIRS).map(link).collect();
        assert_eq!(links.len(), PAIRS as usize);
        assert!(links.iter().all(|Link { from, to }| from != to && *from < STATIONS && *to < STATIONS));
    }

    #[test]
    fn the_first_pair_has_the_most_frames() {
        let exchange = Exchange::draw(1);
        let of = |rank| exchange.links.iter().filter(|sent| **sent == link(rank)).count();
        assert!(of(0) > 3 * of(9), "{} {}", of(0), of(9));
        assert!(exchange.pairs() > 100_000);
    }

    #[test]
    fn the_cells_have_all_frames() {
        let frames = FRAMES as u64 * 2 + 17;
        let cells = Exchange::draw(1).cells(frames);
        assert_eq!(cells.values().map(|counts| counts.packets).sum::<u64>(), frames);
        assert_eq!(cells.values().map(|counts| counts.bytes).sum::<u64>(), frames * 64);
    }
}
