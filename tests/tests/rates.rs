//! More frames than a station may send in, what passes out: the burst and then the rate, by the kernel's clock and
//! that of this test; and never less than that, however many CPUs take the frames.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use ixp_agent::kernel::attach::{Mode, Wanted, attach};
use ixp_agent::kernel::load::{self, Object};
use ixp_agent::members::{Asn, load as members};
use ixp_agent::policy::{Limits, Policy, Ports, Rate, Tables, build};
use ixp_common::addr::Mac;
use ixp_common::counters::RuleCounts;
use ixp_common::policy::Deployment;
use ixp_common::rules::{Rule, RuleAction};
use ixp_lab::clock;
use ixp_tests::corpus::{self, Case};
use ixp_tests::counted::{Counted, Totals};
use ixp_tests::cpu;
use ixp_tests::feed::Feed;
use ixp_tests::netns::Namespace;
use ixp_tests::rules::{judged, memory};
use ixp_tests::sampler::{AMPLE, Sampler, policy};
use ixp_tests::wire::Ear;
use jiff::Timestamp;

/// How long frames come faster than they may.
const TIME: Duration = Duration::from_secs(2);

/// Frames of each class at the end, so that they take what the buckets got during a pause before.
const REST: usize = 400;

/// A frame that goes by one class alone, and how much of it may pass.
struct Flow {
    rule: Rule,
    frame: Vec<u8>,
    rate: Rate,
}

/// Each class, with a rate of its own. A bucket holds what comes in two seconds, so that no pause of this test is
/// long enough to fill it.
fn flows() -> [Flow; 5] {
    let cases = corpus::sinners().expect("the corpus is there");
    let flow = |rule, name: &str, rate| {
        let frame = named(&cases, name).to_vec();
        Flow { rule, frame, rate: Rate { rate, burst: 2 * rate } }
    };
    let mut flows = [
        flow(Rule::A10, "arp-target-mac-filled", 100),
        flow(Rule::N11, "nud", 150),
        flow(Rule::L22, "arp-target-mac-filled", 200),
        flow(Rule::L22, "ns", 250),
        flow(Rule::L21, "allowed-ipv4", 400),
    ];
    flows[0].request(FIRST, 1, SECOND);
    flows[2].request(THIRD, 3, Mac::BROADCAST);
    flows[3].solicit(FOURTH, 4);
    flows[4].frame[..6].copy_from_slice(&NOBODY.0);
    flows
}

const FIRST: Mac = Mac([2, 0, 0, 0, 0, 1]);
const SECOND: Mac = Mac([2, 0, 0, 0, 0, 2]);
const THIRD: Mac = Mac([2, 0, 0, 0, 0, 3]);
const FOURTH: Mac = Mac([2, 0, 0, 0, 0, 4]);
const NOBODY: Mac = Mac([2, 0, 0, 0, 0, 0x99]);

impl Flow {
    /// A request of a station for the second member's address: its own ends with this byte.
    fn request(&mut self, mac: Mac, host: u8, to: Mac) {
        self.frame[..12].copy_from_slice(&[to.0, mac.0].concat());
        self.frame[20..22].copy_from_slice(&[0, 1]);
        self.frame[22..28].copy_from_slice(&mac.0);
        self.frame[28..32].copy_from_slice(&[192, 0, 2, host]);
        self.frame[38..42].copy_from_slice(&[192, 0, 2, 2]);
    }

    /// The same solicitation, of another station: its address ends with this byte.
    fn solicit(&mut self, mac: Mac, host: u8) {
        self.frame[6..12].copy_from_slice(&mac.0);
        self.frame[37] = host;
        self.frame[80..86].copy_from_slice(&mac.0);
    }

    fn source(&self) -> Mac {
        Mac(self.frame[6..12].try_into().expect("six bytes"))
    }

    /// What was counted against it.
    fn counted(&self, snapshot: &Counted) -> RuleCounts {
        let mine = snapshot
            .rules
            .iter()
            .find(|(key, _)| (key.rule(), key.station().mac()) == (Some(self.rule), self.source()));
        mine.map(|(_, counts)| *counts).unwrap_or_default()
    }

    /// The frames that may pass in this time.
    fn allowed(&self, time: Duration) -> u64 {
        let interval = 1_000_000_000 / u128::from(self.rate.rate);
        u64::from(self.rate.burst) + u64::try_from(time.as_nanos() / interval).expect("few")
    }
}

fn named<'c>(cases: &'c [Case], name: &str) -> &'c [u8] {
    &cases.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("no frame {name}")).bytes
}

/// The corpora's exchange with these limits. What a broadcast or multicast also is, the third and the fourth
/// member may send as much of as they like.
fn tables(limits: Limits) -> Tables {
    let off = |asn, rule| (Asn(asn), BTreeMap::from([(rule, RuleAction::Off)]));
    let members_rules = [off(64502, Rule::A10), off(64503, Rule::N11)].into();
    let policy = Policy { limits, members: members_rules, ..Policy::default() };
    let (registry, _) =
        members::load(&corpus::path("members.toml"), &Default::default()).expect("the members");
    build(&policy, &registry, &Ports::default(), Timestamp::UNIX_EPOCH, 1).expect("they fit")
}

/// The moments around the first frames, and around the last ones.
struct Moments {
    first: (Instant, Instant),
    last: (Instant, Instant),
}

/// Sends all flows for the time, as fast as it goes. Gives how often each was sent, how often it came up, and when.
fn send(flows: &[Flow; 5]) -> ([u64; 5], [u64; 5], Moments) {
    let mut feed = Feed::open("fabric", "sampler").expect("the other end is there");
    let ear = Ear::open("sampler").expect("an ear");
    let (mut sent, mut heard) = ([0; 5], [0; 5]);
    let mut round = |sent: &mut [u64; 5]| {
        let before = clock::now();
        for (flow, sent) in flows.iter().zip(sent) {
            feed.send(&flow.frame).expect("it is sent");
            *sent += 1;
        }
        feed.flush().expect("all are received");
        (before, clock::now())
    };
    let mut listen = || {
        while let Some(frame) = ear.hear().expect("the interface is there") {
            let flow = flows.iter().position(|flow| flow.frame == frame).expect("a frame of a flow");
            heard[flow] += 1;
        }
    };
    let first = round(&mut sent);
    while first.0.elapsed() < TIME {
        round(&mut sent);
        listen();
    }
    let mut last = (clock::now(), first.1);
    for _ in 0..REST {
        last.1 = round(&mut sent).1;
        listen();
    }
    (sent, heard, Moments { first, last })
}

#[test]
fn each_class_passes_its_burst_and_then_its_rate() {
    let namespace = Namespace::enter().expect("a namespace of its own");
    namespace.veth("fabric", "sampler").expect("a pair of interfaces");
    let flows = flows();
    let [arp, nd, broadcast, multicast, unknown_unicast] = flows.each_ref().map(|flow| flow.rate);
    let tables = tables(Limits { arp, nd, broadcast, multicast, unknown_unicast, ..Limits::default() });
    let mut loaded = load::load(&Object::find().expect("the built-in object"), AMPLE).expect("it loads");
    loaded.policy.put(&tables.table, &tables.owners).expect("the tables are taken");
    let wanted = Wanted {
        interface: "sampler".to_owned(),
        deployment: Deployment::Inline,
        mode: Mode::Native,
        consume: None,
        accepts_hidden_tags: false,
        sampling_rate: 0,
        port: 0,
        enforces: true,
    };
    attach(&mut loaded, &[wanted]).expect("it attaches");
    let (sent, heard, Moments { first, last }) = send(&flows);
    let snapshot = Totals::default().read(&mut loaded.counters, 1).expect("counters are read");
    for ((flow, sent), heard) in flows.iter().zip(sent).zip(heard) {
        let counts = flow.counted(&snapshot);
        let (passed, rule) = (sent - counts.dropped, flow.rule);
        println!("{rule}: {sent} sent, {passed} passed of {}", flow.allowed(last.1 - first.0));
        assert_eq!((counts.broken.packets, heard), (counts.dropped, passed), "{rule}");
        let (least, most) = (flow.allowed(last.0 - first.1) - 1, flow.allowed(last.1 - first.0) + 1);
        assert!(sent > most && (least..=most).contains(&passed), "{rule}: {passed} of {least} to {most}");
    }
    assert_eq!(snapshot.rules.len(), flows.len(), "nothing else is broken: {:?}", snapshot.rules);
}

#[test]
fn two_cpus_share_a_bucket_and_never_drop_what_is_within_it() {
    const FRAMES: u32 = 1_000_000;
    const REST: u32 = 100_000;
    let mut flow = flows()[4].frame.clone();
    flow.resize(60, 0);
    // A second's worth at once: no pause of both threads fills the bucket.
    let flow = Flow { rule: Rule::L21, frame: flow, rate: Rate { rate: 100_000, burst: 100_000 } };
    let tables = tables(Limits { unknown_unicast: flow.rate, ..Limits::default() });
    let mut sampler = Sampler::load(AMPLE).expect("the program loads");
    sampler.loaded.policy.put(&tables.table, &tables.owners).expect("the tables are taken");
    sampler.set(policy(Deployment::Inline, false, 0).enforcing()).expect("it takes its settings");
    let cpus = cpu::allowed().expect("the kernel tells");
    let program = sampler.program().expect("it is there");
    let run = |cpu: usize, frames: u32| {
        cpu::pin(cpu).expect("it may run there");
        ixp_tests::kernel::run(program, &flow.frame, frames).expect("it runs");
    };
    let ends = [*cpus.first().expect("a CPU"), *cpus.last().expect("a CPU")];
    let start = clock::now();
    thread::scope(|scope| scope.spawn(|| run(ends[0], 1)).join().expect("it ends"));
    let first = clock::now();
    thread::scope(|scope| ends.iter().for_each(|cpu| drop(scope.spawn(|| run(*cpu, FRAMES)))));
    let last = clock::now();
    // They take what the bucket got since the others ended.
    thread::scope(|scope| scope.spawn(|| run(ends[0], REST)).join().expect("it ends"));
    let (within, at_most) = (flow.allowed(last - first), flow.allowed(start.elapsed()));
    let snapshot = sampler.snapshot().expect("counters are read");
    let counts = flow.counted(&snapshot);
    let passed = 2 * u64::from(FRAMES) + u64::from(REST) + 1 - counts.dropped;
    println!("{passed} passed of {within} to {at_most}, {} were dropped", counts.dropped);
    assert!(passed + 1 >= within, "{passed} of {within}");
    // A token is shared by those who take it in the same nanoseconds, and by no more.
    assert!(counts.dropped > 0 && passed <= ends.len() as u64 * at_most + 1, "{passed} of {at_most}");
}

#[test]
fn no_class_is_evaded_by_tags_padding_or_headers() {
    const BURST: u32 = 20;
    let few = Rate { rate: 1, burst: BURST };
    let limits =
        Limits { arp: few, nd: few, broadcast: few, multicast: few, unknown_unicast: few, rule: few };
    let tables = tables(limits);
    let policy = policy(Deployment::Inline, false, 0);
    let cases = corpus::sinners().expect("the corpus is there");
    let forms = ["", "-padded", "-vlan", "-qinq"].map(str::to_owned);
    let hidden = ["-behind-hop-by-hop", "-fragment-atomic", "-behind-three-vlan"].map(str::to_owned);
    for (rule, name, is_to_nobody) in [
        (Rule::A10, "arp-target-free", false),
        (Rule::L22, "arp-target-free", false),
        (Rule::N11, "ns", false),
        (Rule::L22, "ns", false),
        (Rule::L21, "bogon-rfc1918", true),
    ] {
        let ways = forms.iter().chain(hidden.iter().filter(|_| name == "ns"));
        for name in ways.map(|form| format!("{name}{form}")) {
            let mut frame = named(&cases, &name).to_vec();
            if is_to_nobody {
                frame[..6].copy_from_slice(&NOBODY.0);
            }
            let memory = memory(&tables);
            let over = (0..3 * BURST).filter(|_| judged(&frame, &policy, &memory).0.contains(rule.name()));
            assert_eq!(over.count(), 2 * BURST as usize, "{rule} {name}");
        }
    }
}
