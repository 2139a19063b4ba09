//! Ten million frames in, sampled as the kernel does, told by the agent's exporter and heard by its own collector: what
//! that says of each pair, and how sure it says to be, beside the truth.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::thread;
use std::time::Duration;

use etherparse::PacketBuilder;
use ixp_agent::intake::{Exporter as Switch, Facts, Moment, Room, Tally};
use ixp_agent::members::{Registry, VlanTags, parse};
use ixp_agent::policy::{Policy, Ports, build};
use ixp_agent::samples::{Exporter, Settings};
use ixp_agent::snapshot::{Amount as _, Delta, Estimate, Sampled};
use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::{Counts, PairKey, PortCounters};
use ixp_common::sample::{SAMPLE_BYTES, SampleRecord};
use ixp_common::sampling::Countdown;
use ixp_lab::random::Random;
use jiff::Timestamp;

const FRAMES: u64 = 10_000_000;
const RATE: u32 = 1000;
const SEEDS: u64 = 50;
const PAIRS: usize = 300;
/// Pairs with fewer samples to expect are no normal distribution, and are left out.
const FEW: u64 = 30 * RATE as u64;
/// The least frame, without FCS, and how many sizes there are.
const SIZES: (u64, u64) = (60, 1455);

const AGENT: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// A stream of frames that can be asked for any of them.
struct Stream {
    /// Which pair a number of chance stands for; pair n has 1/n of the first one's places (Zipf).
    places: Vec<usize>,
}

impl Stream {
    fn new() -> Self {
        let places = (0..PAIRS).flat_map(|pair| vec![pair; 20_000 / (pair + 1)]).collect();
        Self { places }
    }

    /// The pair of a frame, and its length.
    fn frame(&self, at: u64) -> (usize, u32) {
        let mut random = Random::new(at.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let pair = self.places[random.index(self.places.len())];
        let len = SIZES.0 + random.number() % SIZES.1;
        (pair, u32::try_from(len).expect("short"))
    }

    fn truth(&self) -> Vec<Truth> {
        let mut truth = vec![Truth::default(); PAIRS];
        for at in 0..FRAMES {
            let (pair, len) = self.frame(at);
            truth[pair].counts.add_frame(len);
            truth[pair].squares += f64::from(len) * f64::from(len);
        }
        truth
    }
}

/// What was sent.
#[derive(Debug, Clone, Copy, Default)]
struct Truth {
    counts: Counts,
    /// The sum of the squares of lengths.
    squares: f64,
}

impl Truth {
    fn sum(all: &[Self]) -> Self {
        all.iter().fold(Self::default(), |mut sum, truth| {
            sum.counts.add(truth.counts);
            sum.squares += truth.squares;
            sum
        })
    }
}

fn station(number: usize) -> Mac {
    let [high, low] = u16::try_from(number).expect("few").to_be_bytes();
    Mac([2, 0, 0, 0, high, low])
}

/// From one station of a pair to the other.
fn stations(pair: usize) -> [Mac; 2] {
    [station(1 + pair % 40), station(100 + pair / 40)]
}

fn key(pair: usize) -> PairKey {
    let [from, to] = stations(pair);
    PairKey::new(VlanId::UNTAGGED, from, to, Family::Ipv4)
}

fn registry() -> Registry {
    let members = (1..=40).chain(100..=108).map(|number| {
        format!(
            "[[member]]\nasn = {}\n[[member.interface]]\nlan = \"a\"\nmacs = [\"{}\"]\n",
            64500 + number,
            station(number)
        )
    });
    let text = members.fold("[[lan]]\nname = \"a\"\n".to_owned(), |text, member| text + &member);
    parse("members.toml", &text, &VlanTags::new()).expect("sound").0
}

/// What a frame's sample looks like, as the kernel hands it over.
fn record(pair: usize, wire_len: u32) -> SampleRecord {
    let [from, to] = stations(pair);
    let payload = usize::try_from(wire_len).expect("short") - 42;
    let builder = PacketBuilder::ethernet2(from.0, to.0).ipv4([11, 0, 0, 1], [12, 0, 0, 1], 64).udp(1, 2);
    let mut bytes = Vec::new();
    builder.write(&mut bytes, &vec![0; payload]).expect("a vector takes it");
    bytes.resize(SAMPLE_BYTES, 0);
    let header = *bytes.first_chunk().expect("it was cut to this");
    let header_len = wire_len.min(u32::try_from(SAMPLE_BYTES).expect("short"));
    SampleRecord { monotonic_ns: 1, ifindex: 7, wire_len, rate: RATE, header_len, header }
}

/// What the collector says of each pair, if this chance of datagrams in a thousand are lost on the way.
fn sampled(seed: u64, stream: &Stream, registry: &Registry, lost: u64) -> Delta<PairKey, Estimate> {
    let mut chance = Random::new(seed);
    let mut loss = Random::new(seed ^ u64::MAX);
    let tables = build(&Policy::default(), registry, &Ports::default(), Timestamp::UNIX_EPOCH, 0);
    let facts = Facts::new(tables.expect("it fits"), registry);
    let mut tally = Tally::new(Room { members: PAIRS, strangers: 0 });
    let mut collector = Switch::new(AGENT, None, None);
    let settings =
        Settings { agent: AGENT, sub_agent: 0, header: SAMPLE_BYTES, datagram: 1400, hides_hosts: false };
    let mut exporter = Exporter::new(settings);
    let now = Moment { at: Timestamp::UNIX_EPOCH, since_start: Duration::ZERO };
    let mut hear = |datagram: &[u8]| {
        if loss.number() % 1000 >= lost {
            collector.hear(datagram, now, &facts, &mut tally);
        }
    };
    let mut countdown = Countdown::default();
    let mut draw = || u32::try_from(chance.number() >> 32).expect("32 bits");
    for at in 0..FRAMES {
        if !countdown.is_chosen(RATE, &mut draw) {
            continue;
        }
        let (pair, len) = stream.frame(at);
        let counters = PortCounters { seen: Counts { packets: at + 1, bytes: 0 }, ..PortCounters::default() };
        exporter.counted(7, &counters, 1);
        exporter.sampled(&record(pair, len), registry, 0, &mut hear);
    }
    exporter.flush(0, &mut hear);
    let mut delta = Delta::default();
    tally.take(&mut delta);
    delta
}

/// How far estimates are off: frames, then bytes.
#[derive(Default)]
struct Errors {
    /// By pair and seed, in the standard deviations that they say to have.
    said: Vec<[f64; 2]>,
    /// By pair and seed, in those that theory gives. (What an estimate says goes by itself: one that is too low says
    /// too little, so that the mean of the above is not 0.)
    off: Vec<[f64; 2]>,
    /// The same of all frames of a seed.
    totals: Vec<[f64; 2]>,
}

fn errors(lost: u64) -> Errors {
    let (stream, registry) = (Stream::new(), registry());
    let truth = stream.truth();
    assert_eq!(Truth::sum(&truth).counts.packets, FRAMES);
    let of = |seed| one(&sampled(seed, &stream, &registry, lost), &truth);
    let half = |first: u64| (first..SEEDS).step_by(2).map(of).collect::<Vec<Errors>>();
    let all = thread::scope(|scope| {
        let other = scope.spawn(|| half(1));
        let one = half(0);
        one.into_iter().chain(other.join().expect("it does not panic")).collect::<Vec<Errors>>()
    });
    all.into_iter().fold(Errors::default(), |mut sum, errors| {
        sum.said.extend(errors.said);
        sum.off.extend(errors.off);
        sum.totals.extend(errors.totals);
        sum
    })
}

fn one(delta: &Delta<PairKey, Estimate>, truth: &[Truth]) -> Errors {
    assert_eq!(delta.seen, delta.accounted(), "each sample has its place");
    let cells: BTreeMap<PairKey, Estimate> = delta.pairs.iter().copied().collect();
    let enough = || truth.iter().enumerate().filter(|(_, truth)| truth.counts.packets >= FEW);
    Errors {
        said: enough().map(|(pair, truth)| said(&cells[&key(pair)], truth)).collect(),
        off: enough().map(|(pair, truth)| off(&cells[&key(pair)], truth)).collect(),
        totals: vec![off(&delta.seen, &Truth::sum(truth))],
    }
}

fn difference(estimate: &Estimate, truth: &Truth) -> [f64; 2] {
    let Counts { packets, bytes } = estimate.plain();
    [packets as f64 - truth.counts.packets as f64, bytes as f64 - truth.counts.bytes as f64]
}

fn said(estimate: &Estimate, truth: &Truth) -> [f64; 2] {
    let Sampled { relative_error, bytes_relative_error, .. } = estimate.sampled().expect("it is");
    let (Counts { packets, bytes }, [frames_off, bytes_off]) =
        (estimate.plain(), difference(estimate, truth));
    let deviation = |error: f64, estimate: u64| error / 1.96 * estimate as f64;
    [frames_off / deviation(relative_error, packets), bytes_off / deviation(bytes_relative_error, bytes)]
}

fn off(estimate: &Estimate, truth: &Truth) -> [f64; 2] {
    let [frames_off, bytes_off] = difference(estimate, truth);
    let deviation = |squares: f64| (squares * f64::from(RATE - 1)).sqrt();
    [frames_off / deviation(truth.counts.packets as f64), bytes_off / deviation(truth.squares)]
}

/// Of how many estimates the truth lies within what they say to be 95 % sure.
fn coverage(said: &[[f64; 2]], of: usize) -> f64 {
    said.iter().filter(|off| off[of].abs() <= 1.96).count() as f64 / said.len() as f64
}

/// The mean, in its standard deviations.
fn bias(off: &[[f64; 2]], of: usize) -> f64 {
    off.iter().map(|off| off[of]).sum::<f64>() / (off.len() as f64).sqrt()
}

fn check(errors: &Errors) {
    for (of, what) in ["frames", "bytes"].into_iter().enumerate() {
        let (within, pairs) = (coverage(&errors.said, of), errors.said.len());
        // Of 2,500 pairs 0.44 % are a standard deviation of the coverage. Gaps between samples are more even than chance, so
        // that the largest pairs are surer than they say.
        assert!((0.935..=0.975).contains(&within), "{what}: {within} of {pairs} are within their error");
        assert!(pairs >= 2500, "{pairs}");
        for (off, whose) in [(&errors.off, "pairs"), (&errors.totals, "all")] {
            let bias = bias(off, of);
            assert!(bias.abs() < 4.0, "{what} of {whose} are too many by {bias} standard deviations");
        }
    }
}

#[test]
fn in_95_of_100_cases_the_truth_is_within_the_error() {
    check(&errors(0));
}

#[test]
fn so_it_is_when_datagrams_are_lost_on_the_way() {
    check(&errors(50));
}
