//! A number of members and a seed in, the traffic of a believable exchange out, step by step: few members have most of it, it
//! swells and ebbs with the day and the week, grows by the month, and one member is away for a while.

use std::f64::consts::{E, TAU};
use std::fmt::Write as _;

use ixp_agent::matrix::{Closed, Detail};
use ixp_agent::members::{Registry, VlanTags, parse};
use ixp_agent::pairs::{PairBook, PairId};
use ixp_agent::snapshot::{Amount as _, Delta, Estimate, Measure};
use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::{Counts, PairKey};
use ixp_lab::random::Random;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How long a step is, in seconds.
pub const STEP: i64 = 10;
/// Bits per second that a member of middling size sends, on the average of a day.
const MIDDLING: f64 = 2e9;
/// What traffic grows by in a month of 30 days.
const GROWTH: f64 = 1.02;
/// Bytes of a large packet and of a small one, without FCS: what pairs send is a mixture.
const LARGE: f64 = 1514.0;
const SMALL: f64 = 66.0;

/// An exchange.
#[derive(Debug)]
pub struct Synth {
    /// Its members.
    pub registry: Registry,
    /// The same as a members file.
    pub members: String,
    /// The pairs that exchange anything, in the order of their numbers.
    pub book: PairBook,
    pairs: Vec<(PairId, Pair)>,
    /// One pair in this many exchanges anything.
    one_in: usize,
    random: Random,
    begun: i64,
    /// The member that is away, and when, in seconds since 1970.
    away: (usize, i64, i64),
}

/// Who exchanges anything with whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peering {
    /// Not everybody with everybody, the small less than the large.
    Usual,
    /// Each sends to the one behind it alone: all have totals, and there are few pairs.
    Next,
}

/// What one member sends another.
#[derive(Debug, Clone, Copy)]
struct Pair {
    family: Family,
    members: [u16; 2],
    /// Bytes per second.
    rate: f64,
    /// Which part of its packets are large.
    large: f64,
    /// By how much it is larger at its peak, from 0 to 1.
    swing: f64,
}

impl Pair {
    /// Bytes of a packet on the average.
    fn size(&self) -> f64 {
        SMALL + (LARGE - SMALL) * self.large
    }
}

/// How wide what is exchanged in so many seconds is drawn around what is expected, as a part of that. That of each ten seconds is
/// its own, so that of more of them is less.
#[expect(clippy::cast_precision_loss, reason = "made up")]
fn spread(seconds: i64) -> f64 {
    0.6 / (seconds as f64 / STEP as f64).sqrt()
}

impl Synth {
    /// An exchange whose traffic begins at a moment. Its `away` member is gone from 13:10 to 13:50 of the first day.
    ///
    /// # Panics
    /// Beyond 60,000 members.
    #[must_use]
    pub fn new(members: u16, seed: u64, begun: Timestamp) -> Self {
        Self::of(members, seed, begun, Peering::Usual)
    }

    /// The same where others peer. Its members are the same.
    ///
    /// # Panics
    /// Beyond 60,000 members.
    #[must_use]
    pub fn of(members: u16, seed: u64, begun: Timestamp, peering: Peering) -> Self {
        let mut random = Random::new(seed);
        let weights: Vec<f64> = (0..members).map(|_| (1.6 * normal(&mut random)).exp()).collect();
        let text = members_file(&weights);
        let registry = parse("members.toml", &text, &VlanTags::new()).expect("members that are right").0;
        let mut drawn = draw(&weights, peering, &mut random);
        // They are met in no order.
        random.shuffle(&mut drawn);
        let mut book = PairBook::default();
        let pairs = drawn.into_iter().map(|pair| {
            let [from, to] = pair.members.map(mac);
            (book.id(&PairKey::new(VlanId::UNTAGGED, from, to, pair.family)), pair)
        });
        let pairs = pairs.collect();
        let begun = begun.as_second();
        let midnight = begun.div_euclid(86_400) * 86_400;
        let away = (usize::from(members) / 3, midnight + 47_400, midnight + 49_800);
        Self { registry, members: text, book, pairs, one_in: 1, random, begun, away }
    }

    /// How many pairs there are, a family each.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.pairs.len()
    }

    /// One pair in so many exchanges anything from now on, with the traffic that it had; the first always does.
    pub fn thin(&mut self, one_in: usize) {
        self.one_in = one_in;
    }

    /// The members of the pair that is never thinned out.
    ///
    /// # Panics
    /// If nobody exchanges anything.
    #[must_use]
    pub fn first(&self) -> [u16; 2] {
        self.pairs.first().expect("somebody does").1.members
    }

    /// What was counted in the ten seconds before a moment.
    pub fn delta(&mut self, at: Timestamp) -> Delta<PairId> {
        self.delta_of(at, STEP)
    }

    /// What was counted in so many seconds before a moment.
    pub fn delta_of(&mut self, at: Timestamp, seconds: i64) -> Delta<PairId> {
        self.exchanged(at, seconds, |packets, bytes, _| Counts { packets, bytes })
    }

    /// What was sampled in the ten seconds before a moment, of one frame in so many.
    #[expect(clippy::cast_precision_loss, reason = "made up")]
    pub fn sampled(&mut self, at: Timestamp, one_in: u64) -> Delta<PairId, Estimate> {
        self.exchanged(at, STEP, |packets, bytes, random| {
            let large = (bytes as f64 / packets as f64 - SMALL) / (LARGE - SMALL);
            let mut sum = Estimate::default();
            for _ in 0..whole(packets as f64 / one_in as f64, random) {
                let size = if unit(random) < large { LARGE } else { SMALL };
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "the size of a frame"
                )]
                sum.join(&Estimate::sample(one_in, size as u32));
            }
            sum
        })
    }

    /// What was exchanged in so many seconds before a moment: `measure` says what is known of packets and their bytes.
    #[expect(clippy::cast_precision_loss, reason = "made up")]
    fn exchanged<M: Measure>(
        &mut self,
        at: Timestamp,
        seconds: i64,
        measure: impl Fn(u64, u64, &mut Random) -> M,
    ) -> Delta<PairId, M> {
        let second = at.as_second() - 1;
        let tide = tide(at);
        let months = (second - self.begun) as f64 / (30.0 * 86_400.0);
        let growth = GROWTH.powf(months);
        let (who, from, to) = self.away;
        let is_away = (from..to).contains(&second);
        let spread = spread(seconds);
        let mut delta = Delta::<PairId, M>::default();
        for (id, pair) in self.pairs.iter().step_by(self.one_in) {
            if is_away && pair.members.iter().any(|member| usize::from(*member) == who) {
                continue;
            }
            let noise = 1.0 + spread * (unit(&mut self.random) - 0.5);
            let expected = pair.rate * seconds as f64 * growth * noise * (1.0 + pair.swing * tide);
            let packets = whole(expected / pair.size(), &mut self.random);
            if packets == 0 {
                continue;
            }
            let spread = (packets as f64 * pair.large * (1.0 - pair.large)).sqrt() * normal(&mut self.random);
            // Not rounded: frames are not of two sizes alone.
            let large = (packets as f64 * pair.large + spread).clamp(0.0, packets as f64);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of bytes")]
            let bytes = (packets as f64 * SMALL + large * (LARGE - SMALL)) as u64;
            let amount = measure(packets, bytes, &mut self.random);
            if !amount.is_nothing() {
                delta.seen.join(&amount);
                delta.pairs.push((*id, amount));
            }
        }
        delta
    }

    /// Bytes that a row of so many seconds takes at least, on the average of the hours of a time: the entropy of what is drawn for
    /// its counts, which is what the best of all packings takes that knows each pair's rate, its sizes and the tide beforehand
    /// (Shannon 1948: log₂ of the width for what is as likely anywhere in it, log₂(σ √(2πe)) for a normal law). What is counted
    /// besides is left out.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "made up")]
    pub fn least(&self, seconds: i64, from: Timestamp, to: Timestamp) -> f64 {
        let (mut bits, mut rows) = (0.0, 0.0);
        let hours = (from.as_second()..to.as_second()).step_by(3600);
        for tide in hours.filter_map(|at| Timestamp::from_second(at).ok()).map(tide) {
            for (_, pair) in &self.pairs {
                let packets = pair.rate * seconds as f64 * (1.0 + pair.swing * tide) / pair.size();
                let there = packets.min(1.0);
                let frames = (spread(seconds) * packets).max(1.0).log2();
                let deviation = (packets * pair.large * (1.0 - pair.large)).sqrt() * (LARGE - SMALL);
                // Of few frames the law is cut off, and nothing is said.
                let bytes =
                    if packets < 100.0 { 0.0 } else { (deviation * (TAU * E).sqrt()).max(1.0).log2() };
                bits += there * (frames + bytes);
                rows += there;
            }
        }
        bits / rows / 8.0
    }

    /// The largest second of a step of so many: a quarter above the average, as traffic of many is. Of sizes a pair has one.
    #[must_use]
    pub fn detail(&self, step: &Closed<Counts>, seconds: i64) -> Detail {
        let mut detail = Detail::default();
        let most = |bytes: u64| bytes * 5 / 4 / seconds.unsigned_abs().max(1);
        for (id, counts) in step.pairs.iter() {
            let key = &self.book.keys()[id.index()];
            for (at, mac) in [key.source(), key.destination()].into_iter().enumerate() {
                if let Some(member) = self.registry.member_of(key.vlan(), mac) {
                    detail.bursts.entry(member.asn).or_default()[at] += most(counts.bytes);
                }
            }
            detail.burst += most(counts.bytes);
            *detail.lans.entry(key.vlan()).or_default() += most(counts.bytes);
            detail.pairs.push(most(counts.bytes));
            let owner = self.registry.member_of(key.vlan(), key.source()).map(|member| member.asn);
            let whole = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
            detail.sample(owner, whole(counts.bytes / counts.packets.max(1)), whole(counts.packets));
        }
        detail
    }
}

/// Who exchanges how much with whom.
fn draw(weights: &[f64], peering: Peering, random: &mut Random) -> Vec<Pair> {
    let members = u16::try_from(weights.len()).expect("at most 60,000 members");
    let all: f64 = weights.iter().sum();
    let mut drawn = Vec::new();
    for (from, to) in (0..members).flat_map(|from| (0..members).map(move |to| (from, to))) {
        let [source, destination] = [from, to].map(|member| weights[usize::from(member)]);
        let rate = MIDDLING / 8.0 * source * destination / all * (1.2 * normal(random)).exp();
        let chance = unit(random);
        let is_peer = match peering {
            Peering::Usual => from != to && chance <= 0.113 * (source * destination).sqrt(),
            Peering::Next => to == (from + 1) % members,
        };
        if !is_peer {
            continue;
        }
        let newer = 0.05 + 0.5 * unit(random);
        for (family, share) in [(Family::Ipv4, 1.0 - newer), (Family::Ipv6, newer)] {
            let size = 200.0 + 1100.0 * unit(random);
            let large = (size - SMALL) / (LARGE - SMALL);
            let swing = 0.4 + 0.5 * unit(random);
            drawn.push(Pair { family, members: [from, to], rate: rate * share, large, swing });
        }
    }
    drawn
}

/// A whole number that is `expected` on the average: what is less than one comes now and then.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "made up")]
fn whole(expected: f64, random: &mut Random) -> u64 {
    expected as u64 + u64::from(unit(random) < expected.fract())
}

/// From -1 in the night to 1 in the evening, a little less at the end of the week.
fn tide(at: Timestamp) -> f64 {
    let local = TimeZone::UTC.to_datetime(at);
    let hour = f64::from(local.hour()) + f64::from(local.minute()) / 60.0;
    let weekend = local.weekday().to_monday_zero_offset() >= 5;
    (TAU * (hour - 14.0) / 24.0).sin() - if weekend { 0.1 } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "a chance")]
fn unit(random: &mut Random) -> f64 {
    (random.number() >> 11) as f64 / (1u64 << 53) as f64
}

/// Box and Muller, 1958.
fn normal(random: &mut Random) -> f64 {
    let (first, second) = (unit(random).max(1e-12), unit(random));
    (-2.0 * first.ln()).sqrt() * (TAU * second).cos()
}

fn mac(member: u16) -> Mac {
    let [high, low] = member.to_be_bytes();
    Mac([2, 0, 0, 0, high, low])
}

fn members_file(weights: &[f64]) -> String {
    let mut text =
        "[[lan]]\nname = \"peering\"\nvlan = 0\nipv4 = \"198.18.0.0/15\"\nipv6 = \"2001:db8:1::/64\"\n"
            .to_owned();
    for (number, weight) in (0u16..).zip(weights) {
        let [high, low] = (number + 1).to_be_bytes();
        let gigabits = match weight {
            weight if *weight > 10.0 => 400,
            weight if *weight > 1.0 => 100,
            _ => 10,
        };
        write!(
            text,
            "\n[[member]]\nasn = {}\nname = \"Network {number}\"\n[[member.interface]]\nlan = \"peering\"\n\
             macs = [\"{}\"]\nipv4 = [\"198.18.{high}.{low}\"]\nipv6 = [\"2001:db8:1::{:x}\"]\n\
             port = \"sw{}:{}\"\nspeed = {gigabits}_000_000_000\n",
            4_200_000_001 + u32::from(number),
            mac(number),
            number + 1,
            1 + number / 48,
            1 + number % 48,
        )
        .expect("a string takes it");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_members_have_most_of_the_traffic_it_ebbs_in_the_night_and_one_is_away() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let mut synth = Synth::new(100, 1, at("2026-11-30T00:00:00Z"));
        let sum = |synth: &mut Synth, at: Timestamp| synth.delta(at).seen.bytes;
        let [night, evening] =
            ["2026-11-30T08:00:00Z", "2026-11-30T20:00:00Z"].map(|text| sum(&mut synth, at(text)));
        assert!(evening > 2 * night, "{evening} in the evening, {night} in the night");
        let mut bytes: Vec<u64> =
            synth.delta(at("2026-11-30T20:00:00Z")).pairs.iter().map(|(_, counts)| counts.bytes).collect();
        bytes.sort_unstable_by(|left, right| right.cmp(left));
        let most: u64 = bytes[..bytes.len() / 10].iter().sum();
        assert!(most * 10 > bytes.iter().sum::<u64>() * 6, "a tenth of the pairs has {most}");
        let there = |synth: &mut Synth, text: &str| {
            let delta = synth.delta(at(text));
            let keys = synth.book.keys();
            delta.pairs.iter().any(|(id, _)| keys[id.index()].source() == mac(33))
        };
        assert!(there(&mut synth, "2026-11-30T13:00:00Z"));
        assert!(!there(&mut synth, "2026-11-30T13:30:00Z"));
        let again = Synth::new(100, 1, at("2026-11-30T00:00:00Z"));
        assert_eq!(again.pairs(), synth.pairs());
    }
}
