//! The program on real interfaces: every frame on the wire is counted, and what cannot be attached is
//! told so that one knows what to do.

use std::thread;

use ixp_agent::kernel::attach::{Attached, Mode, Wanted, attach};
use ixp_agent::kernel::interface::nic_counters;
use ixp_agent::kernel::load::{self, Loaded, Object};
use ixp_agent::policy::memory::HostMemory;
use ixp_common::addr::VlanId;
use ixp_common::bytes::Captured;
use ixp_common::counters::PairKey;
use ixp_common::names::NEAR_PORTS;
use ixp_common::observe::observe;
use ixp_common::policy::{Deployment, PortPolicy};
use ixp_tests::counted::Totals;
use ixp_tests::frames::{Fixture, corpus};
use ixp_tests::netns::Namespace;
use ixp_tests::sampler::AMPLE;
use ixp_tests::tally::Tally;
use ixp_tests::wire::Wire;

/// Readings of the counters before a frame counts as lost.
const PATIENCE: u32 = 20_000;
/// What eth_type_trans takes from a frame before a veth with native XDP counts its bytes.
const ETHERNET_HEADER: u64 = 14;

fn loaded() -> Loaded {
    load::load(&Object::find().expect("the built-in object"), AMPLE).expect("the program loads")
}

fn wanted(interface: &str, deployment: Deployment, mode: Mode) -> Wanted {
    Wanted {
        interface: interface.to_owned(),
        deployment,
        mode,
        consume: Some(true),
        accepts_hidden_tags: false,
        sampling_rate: 0,
        port: 0,
        enforces: false,
    }
}

/// Frames that a packet socket takes for an interface with an MTU of 9,000, and a ring of 256 holds.
fn frames() -> Vec<Fixture> {
    let fits = |frame: &Fixture| (14..=1500).contains(&frame.bytes.len());
    corpus().into_iter().filter(fits).step_by(23).collect()
}

/// What the host's code counts on the same interface.
fn expected(attached: &Attached, frames: &[Fixture]) -> Tally {
    let (deployment, mac) = (attached.deployment, attached.interface.mac);
    let policy = PortPolicy::new(attached.slot, deployment, mac, true, 0);
    let mut tally = Tally::default();
    for frame in frames {
        observe(&Captured::whole(&frame.bytes), &policy, None::<&HostMemory>, &mut tally);
    }
    tally
}

/// Sends frames to an attached interface and holds what is counted there against the host's count and
/// the kernel's own. Gives what the kernel says of the bytes.
fn check(loaded: &mut Loaded, attached: &Attached, from: &str, frames: &[Fixture]) -> u64 {
    let expected = expected(attached, frames);
    let nic = || nic_counters(&attached.interface.name).expect("it is there").received;
    let mut totals = Totals::default();
    let before = totals.read(&mut loaded.counters, attached.slot).expect("counters are read");
    let nic_before = nic();
    let wire = Wire::open(from).expect("the other end is there");
    for frame in frames {
        wire.send(&frame.bytes).unwrap_or_else(|error| panic!("{}: {error:#}", frame.name));
    }
    for _ in 0..PATIENCE {
        let after = totals.read(&mut loaded.counters, attached.slot).expect("counters are read");
        let tally = Tally::between(&before, &after, attached.slot);
        let received = nic().since(nic_before);
        if tally.seen.packets >= expected.seen.packets && received.packets >= expected.seen.packets {
            assert_eq!(tally, expected);
            assert_eq!(received.packets, expected.seen.packets);
            return received.bytes;
        }
        thread::yield_now();
    }
    panic!("{}: not all of {:?} came; the kernel says {:?}", attached.interface.name, expected.seen, nic());
}

fn bytes_of(frames: &[Fixture]) -> u64 {
    frames.iter().map(|frame| u64::try_from(frame.bytes.len()).expect("short")).sum()
}

#[test]
fn a_native_program_counts_what_came_over_the_wire() {
    let namespace = Namespace::enter().expect("a namespace of its own");
    namespace.veth("fabric", "sampler").expect("a pair of interfaces");
    let mut loaded = loaded();
    let wanted = wanted("sampler", Deployment::Tap, Mode::Native);
    let attached = attach(&mut loaded, &[wanted]).expect("it attaches").remove(0);
    assert_eq!((attached.mode, attached.slot, &attached.reason), ("native", 1, &None));
    let frames = frames();
    let packets = u64::try_from(frames.len()).expect("few");
    let received = check(&mut loaded, &attached, "fabric", &frames);
    assert_eq!(received + packets * ETHERNET_HEADER, bytes_of(&frames));
}

#[test]
fn interfaces_with_numbers_beyond_the_table_of_near_ones_count_as_well() {
    let namespace = Namespace::enter().expect("a namespace of its own");
    let mut loaded = loaded();
    for (at, index) in [NEAR_PORTS - 1, NEAR_PORTS, 2_000_000_000].into_iter().enumerate() {
        let (fabric, sampler) = (format!("fabric{at}"), format!("sampler{at}"));
        let index = index.to_string();
        let peer = ["peer", "name", fabric.as_str()];
        let add = ["link", "add", &sampler, "index", &index, "type", "veth"].into_iter().chain(peer);
        namespace.ip(&add.collect::<Vec<_>>()).expect("a pair of interfaces");
        for name in [&fabric, &sampler] {
            namespace.ip(&["link", "set", name, "mtu", "9000", "up"]).expect("it is up");
        }
        let wanted = wanted(&sampler, Deployment::Tap, Mode::Native);
        let attached = attach(&mut loaded, &[wanted]).expect("it attaches").remove(0);
        assert_eq!(attached.interface.index.to_string(), index);
        check(&mut loaded, &attached, &fabric, &frames()[..5]);
        loaded.detach().expect("it comes off");
        loaded = self::loaded();
    }
}

#[test]
fn a_generic_program_counts_what_came_over_the_wire() {
    let namespace = Namespace::enter().expect("a namespace of its own");
    namespace.veth("fabric", "sampler").expect("a pair of interfaces");
    let mut loaded = loaded();
    let wanted = wanted("sampler", Deployment::Tap, Mode::Generic);
    let attached = attach(&mut loaded, &[wanted]).expect("it attaches").remove(0);
    assert_eq!((attached.mode, &attached.reason), ("generic", &None));
    let frames = frames();
    assert_eq!(check(&mut loaded, &attached, "fabric", &frames), bytes_of(&frames));
}

#[test]
fn auto_takes_native_where_the_driver_has_it_and_else_says_why_not() {
    let namespace = Namespace::enter().expect("a namespace of its own");
    namespace.veth("fabric", "sampler").expect("a pair of interfaces");
    let mut loaded = loaded();
    let wanted = ["sampler", "lo"].map(|name| wanted(name, Deployment::Port, Mode::Auto));
    let attached = attach(&mut loaded, &wanted).expect("both attach");
    assert_eq!((attached[0].mode, &attached[0].reason), ("native", &None));
    assert_eq!(attached[1].mode, "generic");
    let reason = attached[1].reason.as_ref().expect("the loopback driver has no XDP");
    assert!(reason.starts_with("no native XDP from driver"), "{reason}");
}

#[test]
fn several_interfaces_count_side_by_side() {
    let namespace = Namespace::enter().expect("a namespace of its own");
    let names: Vec<(String, String)> =
        (0..4).map(|at| (format!("member{at}"), format!("port{at}"))).collect();
    for (member, port) in &names {
        namespace.veth(member, port).expect("a pair of interfaces");
    }
    let mut loaded = loaded();
    let deployments = [Deployment::Tap, Deployment::Port, Deployment::Inline, Deployment::Tap];
    let modes = [Mode::Native, Mode::Generic, Mode::Auto, Mode::Generic];
    let wanted: Vec<Wanted> = names
        .iter()
        .zip(deployments.into_iter().zip(modes))
        .map(|((_, port), (deployment, mode))| wanted(port, deployment, mode))
        .collect();
    let attached = attach(&mut loaded, &wanted).expect("all attach");
    assert_eq!(attached.iter().map(|port| port.slot).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let frames = frames();
    for (port, (member, _)) in attached.iter().zip(&names) {
        check(&mut loaded, port, member, &frames);
    }
}

#[test]
fn a_tagged_frame_is_counted_under_its_vlan_in_either_mode() {
    let namespace = Namespace::enter().expect("a namespace of its own");
    let tagged: Vec<Fixture> = frames_named("tags: 0x8100 with 0x0064");
    for (mode, member, port) in [(Mode::Native, "member0", "port0"), (Mode::Generic, "member1", "port1")] {
        namespace.veth(member, port).expect("a pair of interfaces");
        let mut loaded = loaded();
        let wanted = wanted(port, Deployment::Inline, mode);
        let attached = attach(&mut loaded, &[wanted]).expect("it attaches").remove(0);
        check(&mut loaded, &attached, member, &tagged);
        let vlans: Vec<VlanId> = loaded.counters.pairs.book().keys().iter().map(PairKey::vlan).collect();
        assert_eq!(vlans, [VlanId::from_tci(100)], "{mode:?}");
    }
}

fn frames_named(name: &str) -> Vec<Fixture> {
    let frames: Vec<Fixture> = corpus().into_iter().filter(|frame| frame.name == name).collect();
    assert_eq!(frames.len(), 1, "{name}");
    frames
}

#[test]
fn a_busy_interface_is_refused_with_what_to_type() {
    let namespace = Namespace::enter().expect("a namespace of its own");
    namespace.veth("fabric", "sampler").expect("a pair of interfaces");
    let mut first = loaded();
    let mut second = loaded();
    for mode in [Mode::Native, Mode::Auto, Mode::Generic] {
        let wanted = [wanted("sampler", Deployment::Tap, mode)];
        if mode == Mode::Native {
            attach(&mut first, &wanted).expect("the first one attaches");
        }
        let error = attach(&mut second, &wanted).expect_err("there is one already").to_string();
        assert!(error.contains("`ip link set sampler xdp off`"), "{mode:?}: {error}");
    }
}

#[test]
fn a_missing_interface_is_refused_with_a_near_name_before_any_is_attached() {
    let namespace = Namespace::enter().expect("a namespace of its own");
    namespace.veth("fabric", "sampler").expect("a pair of interfaces");
    let mut first = loaded();
    let names = ["sampler", "fabrik"].map(|name| wanted(name, Deployment::Tap, Mode::Native));
    let error = attach(&mut first, &names).expect_err("no such interface");
    assert!(error.is_bad_usage());
    assert!(error.to_string().ends_with("did you mean fabric?"), "{error}");
    attach(&mut loaded(), &names[..1]).expect("the first one is still free");
}
