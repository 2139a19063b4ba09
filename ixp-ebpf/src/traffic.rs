//! The traffic that the probe makes to measure the sampler: a pair's number in, its addresses out.

use ixp_common::addr::Mac;

/// Which pairs exchange frames, in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct Traffic {
    pairs: u32,
    stride: u32,
}

const _: () = assert!(size_of::<Traffic>() == size_of::<[u32; 2]>());

impl Traffic {
    /// `pairs` pairs in the order of their numbers, each once in a round.
    #[must_use]
    pub const fn in_order(pairs: u32) -> Self {
        Self { pairs, stride: 1 }
    }

    /// `pairs` pairs, at least one, each once in a round, in an order in which those that follow each
    /// other have numbers far from each other. A table that was filled in order keeps them far from
    /// each other, too, so that no prefetcher foresees the next.
    #[must_use]
    pub const fn among(pairs: u32) -> Self {
        let pairs = if pairs == 0 { 1 } else { pairs };
        // The golden ratio's share of the round. One that is coprime to the round visits every pair.
        let mut stride = pairs / 1000 * 618 + pairs % 1000 * 618 / 1000;
        while common_divisor(stride, pairs) != 1 {
            stride += 1;
        }
        Self { pairs, stride }
    }

    /// No pair: frames stay as they are.
    pub const NONE: Self = Self { pairs: 0, stride: 0 };

    /// Whether frames change their pair.
    #[inline(always)]
    #[must_use]
    pub const fn has_pairs(&self) -> bool {
        self.pairs != 0
    }

    /// As the probe's map holds it.
    #[must_use]
    pub const fn words(self) -> [u32; 2] {
        [self.pairs, self.stride]
    }

    /// The pair that follows `pair`.
    #[inline(always)]
    #[must_use]
    pub const fn after(&self, pair: u32) -> u32 {
        let next = pair.wrapping_add(self.stride);
        if next >= self.pairs { next.wrapping_sub(self.pairs) } else { next }
    }
}

const fn common_divisor(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Destination and source of a pair, as they stand in a frame: the low 10 bits of its number choose
/// the destination, the others the source.
#[inline(always)]
#[must_use]
pub const fn addresses(pair: u32) -> [u8; 12] {
    let [_, _, d0, d1] = (pair & 0x3ff).to_be_bytes();
    let [_, s0, s1, s2] = (pair >> 10).to_be_bytes();
    [0x02, 0, 0, 0xd0, d0, d1, 0x02, 0, 0x50, s0, s1, s2]
}

/// The same as addresses: source, then destination.
#[must_use]
pub const fn stations(pair: u32) -> (Mac, Mac) {
    let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5] = addresses(pair);
    (Mac([s0, s1, s2, s3, s4, s5]), Mac([d0, d1, d2, d3, d4, d5]))
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_pair_comes_once_in_a_round_and_has_addresses_of_its_own() {
        for pairs in [1u32, 2, 3, 100, 10_000, 65_536] {
            for traffic in [Traffic::among(pairs), Traffic::in_order(pairs)] {
                let mut pair = 0;
                let mut seen = BTreeSet::new();
                for _ in 0..pairs {
                    pair = traffic.after(pair);
                    assert!(pair < pairs, "{pair} of {pairs}");
                    seen.insert(stations(pair));
                }
                assert_eq!(seen.len(), pairs as usize);
            }
        }
    }
}
