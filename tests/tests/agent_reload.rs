//! A members file that changes fifty times while frames flow in; each frame judged by the old members or by the new
//! ones, no clean one dropped, and every one counted, out.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::Result;
use ixp_common::addr::Mac;
use ixp_tests::agent::site::{FABRIC, SAMPLER, Site, enforcing};
use ixp_tests::agent::{Agent, number, wait};
use ixp_tests::feed::Feed;
use ixp_tests::frames::tagged;

/// How often the members change.
const RELOADS: usize = 50;

/// The members, of whom the third and the fourth have these addresses besides their own.
fn members(third: &[u16], fourth: &[u16]) -> String {
    let mut text = "[[lan]]\nname = \"peering\"\nipv6 = \"2001:db8:1::/64\"\nvlan = 0\n".to_owned();
    for (number, more) in [(1, &[][..]), (2, &[]), (3, third), (4, fourth), (5, &[])] {
        let addresses: Vec<String> =
            [number].iter().chain(more).map(|host| format!("\"2001:db8:1::{host:x}\"")).collect();
        text += &format!(
            "[[member]]\nasn = {}\n[[member.interface]]\nlan = \"peering\"\nmacs = [\"{}\"]\nipv6 = [{}]\n",
            64500 + u32::from(number),
            mac(number),
            addresses.join(", ")
        );
    }
    text
}

fn mac(number: u16) -> Mac {
    Mac([2, 0, 0, 0, 0, u8::try_from(number).expect("few")])
}

/// A datagram of a member to another, from an address.
fn datagram(from: u16, host: u16, to: u16) -> Vec<u8> {
    let address = |host: u16| [&[0x20, 1, 0xd, 0xb8, 0, 1][..], &[0; 8], &host.to_be_bytes()].concat();
    let header = [0x60, 0, 0, 0, 0, 8, 17, 64];
    let ports = [0xc3, 0x50, 0x82, 0x9a, 0, 8, 0, 0];
    let packet = [&header[..], &address(host), &address(to), &ports].concat();
    between(from, to, 0x86dd, &packet)
}

fn between(from: u16, to: u16, ethertype: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = tagged(&[], ethertype, payload);
    frame[..12].copy_from_slice(&[mac(to).0, mac(from).0].concat());
    frame
}

/// What is sent in turn: one that is clean, one that is broken whoever is there, one of an address that is nobody's
/// and then another's, and one of an address that passes from one member to another.
fn frames() -> [Vec<u8>; 4] {
    let arp = [&[0, 1, 8, 0, 6, 4, 0, 3][..], &[0; 38]].concat();
    [datagram(5, 5, 1), between(3, 1, 0x0806, &arp), datagram(1, 0x66, 2), datagram(2, 0x77, 1)]
}

/// Sends the frames in turn until it is over; how many rounds there were.
fn send(over: &AtomicBool) -> Result<u64> {
    let (mut feed, frames) = (Feed::open(FABRIC, SAMPLER)?, frames());
    let mut rounds = 0;
    while !over.load(Ordering::Relaxed) {
        frames.iter().try_for_each(|frame| feed.send(frame))?;
        rounds += 1;
    }
    feed.flush()?;
    Ok(rounds)
}

/// Has the agent read the members again, and waits until the rules go by them.
fn reload(site: &Site, agent: &Agent, members: &str) -> Result<()> {
    let in_force = |agent: &Agent| agent.log().matches("rules in force").count();
    let before = in_force(agent);
    // The agent never reads half a file.
    std::fs::rename(site.write("next.toml", members)?, site.path("members.toml"))?;
    agent.signal(libc::SIGHUP);
    wait("the rules go by the new members", || Ok((in_force(agent) > before).then_some(())))
}

/// Frames that broke each rule, by rule and station, and how many of them were dropped.
fn broken(agent: &Agent) -> BTreeMap<(String, String), (u64, u64)> {
    let matrix = agent.json("/api/v1/matrix?by=mac").expect("a matrix");
    let rows = matrix["rules"].as_array().expect("rows").iter().map(|row| {
        let text = |name: &str| row[name].as_str().expect("a text").to_owned();
        let column = |name: &str| number(&row[name]).expect("a number");
        ((text("rule"), text("mac")), (column("packets"), column("dropped")))
    });
    rows.collect()
}

#[test]
fn members_that_change_under_load_drop_no_clean_frame_and_judge_each_other_one_once() {
    let site = Site::enter().expect("a place for an agent");
    let versions = [members(&[], &[0x77]), members(&[0x66, 0x77], &[])];
    site.write("members.toml", &versions[0]).expect("it is written");
    let agent = site.agent(&enforcing(&[SAMPLER])).expect("the agent starts");
    let over = AtomicBool::new(false);
    let rounds = thread::scope(|scope| {
        let sender = scope.spawn(|| send(&over));
        let reloaded = (1..=RELOADS).try_for_each(|at| reload(&site, &agent, &versions[at % 2]));
        over.store(true, Ordering::Relaxed);
        reloaded.expect("the members are read");
        sender.join().expect("it ends").expect("frames are sent")
    });
    agent.settled(rounds * frames().len() as u64).expect("all are counted");
    let broken = broken(&agent);
    let of = |rule: &str, member| broken.get(&(rule.to_owned(), mac(member).to_string())).copied();
    let (nobodys, anothers) =
        (of("N08", 1).expect("the old members"), of("I09", 1).expect("the new members"));
    println!("{rounds} rounds, {} by the one and {} by the other members", nobodys.0, anothers.0);
    assert_eq!((nobodys.0 + anothers.0, nobodys.1, anothers.1), (rounds, 0, anothers.0));
    assert_eq!((of("I09", 2), of("A01", 3)), (Some((rounds, rounds)), Some((rounds, rounds))));
    assert_eq!(broken.len(), 4, "{broken:?}");
    let metrics = agent.get("/metrics").expect("the metrics").body;
    let dropped =
        format!("\nixp_dropped_packets_total{{interface=\"sampler\"}} {}\n", 2 * rounds + anothers.0);
    assert!(metrics.contains(&dropped), "{dropped} is not in\n{metrics}");
}
