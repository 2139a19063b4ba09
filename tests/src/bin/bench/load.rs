//! A number of pairs among a number of members in, the frames that they exchange out, and what must be counted of them.

use anyhow::{Result, ensure};
use ixp_common::counters::Counts;
use ixp_ebpf::traffic::{SEQUENCE, Traffic};
use ixp_lab::random::Random;
use ixp_tests::traffic::pair;
use serde::Serialize;

/// How often each pair comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Spread {
    /// Each as often as any other.
    Uniform,
    /// The k-th with 1/k of the first's frames, as the traffic of exchanges is uneven.
    Zipf,
}

impl Spread {
    /// Both.
    pub(crate) const ALL: [Self; 2] = [Self::Uniform, Self::Zipf];

    /// The name in a table.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Zipf => "Zipf",
        }
    }
}

/// The frames of one measurement, as words of the probe's sequence.
pub(crate) struct Load {
    pub(crate) members: u16,
    pub(crate) pairs: u32,
    pub(crate) spread: Spread,
    /// Each pair once in an order of chance, then `drawn` frames.
    pub(crate) words: Vec<u32>,
}

impl Load {
    /// Draws `drawn` frames between `pairs` pairs of `members` members.
    ///
    /// # Errors
    /// If there are not so many pairs, or the sequence has no room.
    pub(crate) fn new(members: u16, pairs: u32, spread: Spread, drawn: u32) -> Result<Self> {
        let most = u32::from(members) * u32::from(members.saturating_sub(1));
        ensure!((1..=most).contains(&pairs), "{members} members have {most} pairs, not {pairs}");
        ensure!(pairs + drawn <= SEQUENCE, "the sequence has no room for {pairs} and {drawn} frames");
        let mut random = Random::new(0x1c5_0e7d ^ u64::from(pairs));
        let mut words = chosen(&mut random, members, pairs);
        let pairs_of_rank = words.clone();
        random.shuffle(&mut words);
        let weights = Weights::of(spread, pairs);
        words.extend((0..drawn).map(|_| pairs_of_rank[weights.draw(&mut random)]));
        Ok(Self { members, pairs, spread, words })
    }

    /// Each pair once.
    pub(crate) const fn first_round(&self) -> Traffic {
        Traffic::in_order(self.pairs)
    }

    /// The frames that were drawn.
    pub(crate) fn drawn(&self) -> Traffic {
        #[expect(clippy::cast_possible_truncation, reason = "no longer than the sequence")]
        let end = self.words.len() as u32;
        Traffic::within(self.pairs, end)
    }

    /// Where the drawn frame of this number stands; the first follows the last.
    pub(crate) fn place(&self, number: u64) -> u32 {
        let drawn = self.drawn();
        #[expect(clippy::cast_possible_truncation, reason = "below its length")]
        let within = (number % u64::from(drawn.len())) as u32;
        drawn.first() + within
    }

    /// What counts each pair must have after the first round and the first drawn frames of each length, in order of
    /// the words.
    pub(crate) fn counts(&self, sent: &[Sent]) -> Vec<(u32, Counts)> {
        let mut frames: Vec<(u32, Counts)> = Vec::new();
        for &Sent { bytes, first_rounds, drawn } in sent {
            let (once, rest) = self.words.split_at(self.pairs as usize);
            let of = |count: u64| Counts { packets: count, bytes: count * u64::from(bytes) };
            let rounds = drawn / rest.len() as u64;
            #[expect(clippy::cast_possible_truncation, reason = "below the sequence's length")]
            let (more, others) = rest.split_at((drawn % rest.len() as u64) as usize);
            frames.extend(once.iter().map(|word| (*word, of(first_rounds))));
            frames.extend(more.iter().map(|word| (*word, of(rounds + 1))));
            frames.extend(others.iter().map(|word| (*word, of(rounds))));
        }
        summed(frames)
    }
}

/// Frames of one length that a program was handed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    /// Length of each.
    pub(crate) bytes: u32,
    /// How often each pair had one.
    pub(crate) first_rounds: u64,
    /// How many drawn frames followed, from the first on, round by round.
    pub(crate) drawn: u64,
}

/// The sum of the counts of each word, in their order, without those of which there were none.
pub(crate) fn summed(mut counts: Vec<(u32, Counts)>) -> Vec<(u32, Counts)> {
    counts.sort_unstable_by_key(|(word, _)| *word);
    counts.dedup_by(|(word, counts), (kept, sum)| {
        let is_same = word == kept;
        if is_same {
            sum.add(*counts);
        }
        is_same
    });
    counts.retain(|(_, counts)| !counts.is_zero());
    counts
}

/// As many different pairs, by chance.
fn chosen(random: &mut Random, members: u16, pairs: u32) -> Vec<u32> {
    let most = u32::from(members) * (u32::from(members) - 1);
    let mut numbers: Vec<u32> = (0..most).collect();
    for at in 0..pairs as usize {
        let other = at + random.index(numbers.len() - at);
        numbers.swap(at, other);
    }
    numbers.truncate(pairs as usize);
    numbers.into_iter().map(|number| pair(members, number)).collect()
}

/// The chance of each rank, summed up to it.
struct Weights(Vec<f64>);

impl Weights {
    fn of(spread: Spread, pairs: u32) -> Self {
        let mut sum = 0.0;
        let weight = |rank: u32| match spread {
            Spread::Uniform => 1.0,
            Spread::Zipf => 1.0 / f64::from(rank),
        };
        Self(
            (1..=pairs)
                .map(|rank| {
                    sum += weight(rank);
                    sum
                })
                .collect(),
        )
    }

    fn draw(&self, random: &mut Random) -> usize {
        #[expect(clippy::cast_precision_loss, reason = "53 bits are as many as it has")]
        let share = (random.number() >> 11) as f64 / (1u64 << 53) as f64;
        let total = self.0.last().copied().unwrap_or(0.0);
        self.0.partition_point(|sum| *sum <= share * total).min(self.0.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn each_pair_comes_once_before_frames_are_drawn_and_has_two_ends() {
        for (members, pairs) in [(2, 1), (2, 2), (10, 90), (300, 1000)] {
            let load = Load::new(members, pairs, Spread::Uniform, 10).expect("there are so many");
            let once: BTreeSet<u32> = load.words[..pairs as usize].iter().copied().collect();
            assert_eq!(once.len(), pairs as usize);
            for word in once {
                let [source, destination] = [word >> 16, word & 0xffff];
                assert!(source != destination && source.max(destination) < u32::from(members), "{word:#x}");
            }
        }
        assert!(Load::new(10, 91, Spread::Uniform, 10).is_err());
    }

    #[test]
    fn what_is_to_be_counted_is_what_a_walk_sends() {
        let load = Load::new(20, 50, Spread::Zipf, 300).expect("there are so many");
        let sent = [
            Sent { bytes: 64, first_rounds: 1, drawn: 700 },
            Sent { bytes: 1500, first_rounds: 0, drawn: 299 },
        ];
        let mut walked: BTreeMap<u32, Counts> = BTreeMap::new();
        for Sent { bytes, first_rounds, drawn } in sent {
            let rounds = (0..first_rounds).flat_map(|_| 0..load.pairs);
            let mut place = load.place(0);
            for at in rounds {
                walked.entry(load.words[at as usize]).or_default().add_frame(bytes);
            }
            for number in 0..drawn {
                assert_eq!(place, load.place(number));
                walked.entry(load.words[place as usize]).or_default().add_frame(bytes);
                place = load.drawn().after(place);
            }
        }
        assert_eq!(load.counts(&sent), walked.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn an_uneven_load_has_a_pair_with_twice_the_frames_of_the_next() {
        let load = Load::new(100, 1000, Spread::Zipf, 100_000).expect("there are so many");
        let sent = [Sent { bytes: 64, first_rounds: 0, drawn: 100_000 }];
        let mut frames: Vec<u64> = load.counts(&sent).iter().map(|(_, counts)| counts.packets).collect();
        frames.sort_unstable_by_key(|frames| std::cmp::Reverse(*frames));
        // 1 of the 1,000th harmonic number, 7.485.
        assert!((13_000..13_720).contains(&frames[0]), "{frames:?}");
        assert!((6_400..6_960).contains(&frames[1]), "{frames:?}");
    }
}
