//! A signal in, an agent that has ended out: the program is off, and every frame has its place.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use ixp_agent::kernel::interface::nic_counters;
use ixp_common::addr::Family;
use ixp_tests::agent::http::ADDRESS;
use ixp_tests::agent::lan::{self, FIRST, Frame, MEMBERS, SECOND, STRANGER};
use ixp_tests::agent::site::{FABRIC, SAMPLER, Site};
use ixp_tests::agent::{Stopped, wait};
use ixp_tests::wire::Wire;

/// The number that the last line of the log has under this name.
fn last(stopped: &Stopped, name: &str) -> u64 {
    let line = stopped.log.lines().rfind(|line| line.contains("stopped;")).expect("a last line");
    let mut words = line.split(' ').filter_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    words.next().expect("a value").parse().expect("a number")
}

fn received() -> u64 {
    nic_counters(SAMPLER).expect("it is there").received.packets
}

/// Sends frames that no reading has seen yet, ends the agent, and looks for them in its last line.
fn ended_with_the_last_frames_counted(signal: libc::c_int, name: &str) {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, "").expect("the agent starts");
    assert!(site.has_program(SAMPLER).expect("it is there"));
    let wire = Wire::open(FABRIC).expect("the other end is there");
    let frames = vec![Frame::new(FIRST, SECOND, Family::Ipv4, 100); 150];
    for frame in &frames {
        wire.send(&frame.bytes).expect("it is sent");
    }
    let stopped = agent.stop(signal).expect("it ends");
    assert_eq!(stopped.code, Some(0), "{}", stopped.log);
    assert!(stopped.log.contains(name), "{}", stopped.log);
    assert_eq!(last(&stopped, "difference"), 0, "{}", stopped.log);
    let sent = lan::total(frames.iter().map(|frame| frame.bytes.as_slice()));
    assert_eq!((last(&stopped, "frames"), last(&stopped, "bytes")), (sent.packets, sent.bytes));
    assert!(!site.has_program(SAMPLER).expect("it is there"));
}

#[test]
fn sigterm_ends_the_agent_with_its_last_frames_counted() {
    ended_with_the_last_frames_counted(libc::SIGTERM, "SIGTERM");
}

#[test]
fn sigint_ends_the_agent_with_its_last_frames_counted() {
    ended_with_the_last_frames_counted(libc::SIGINT, "SIGINT");
}

#[test]
fn an_agent_that_ends_under_traffic_leaves_no_frame_without_a_place() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, "").expect("the agent starts");
    let wire = Wire::open(FABRIC).expect("the other end is there");
    let over = AtomicBool::new(false);
    let frames = [(FIRST, SECOND), (SECOND, FIRST), (STRANGER, FIRST)]
        .map(|(source, destination)| Frame::new(source, destination, Family::Ipv4, 400));
    let (stopped, before) = thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                frames.iter().for_each(|frame| wire.send(&frame.bytes).expect("it is sent"));
            }
        });
        let enough = wait("traffic", || Ok(Some(received()).filter(|received| *received > 5_000)));
        let stopped = enough.and_then(|before| Ok((agent.stop(libc::SIGTERM)?, before)));
        over.store(true, Ordering::Relaxed);
        stopped.expect("it ends")
    });
    assert_eq!(stopped.code, Some(0), "{}", stopped.log);
    assert_eq!(last(&stopped, "difference"), 0, "{}", stopped.log);
    let counted = last(&stopped, "frames");
    assert!((before..=received()).contains(&counted), "{before} to {}: {counted}", received());
    assert!(!site.has_program(SAMPLER).expect("it is there"));
}

#[test]
fn a_client_that_keeps_its_connection_does_not_hold_up_the_end() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, "").expect("the agent starts");
    let mut client = TcpStream::connect(ADDRESS).expect("it listens");
    client.write_all(b"GET /api/v1/matrix HTTP/1.1\r\nhost: a\r\n").expect("half a query");
    let stopped = agent.stop(libc::SIGTERM).expect("it ends");
    assert_eq!((stopped.code, last(&stopped, "difference")), (Some(0), 0), "{}", stopped.log);
}

#[test]
fn an_agent_starts_again_where_one_has_ended() {
    let site = Site::enter().expect("a place for an agent");
    for _ in 0..2 {
        let agent = site.tap(MEMBERS, "").expect("the agent starts");
        let stopped = agent.stop(libc::SIGTERM).expect("it ends");
        assert_eq!((stopped.code, last(&stopped, "frames")), (Some(0), 0), "{}", stopped.log);
    }
}

#[test]
fn an_agent_that_is_killed_leaves_no_program_behind() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, "").expect("the agent starts");
    let stopped = agent.stop(libc::SIGKILL).expect("it ends");
    assert_eq!(stopped.code, None);
    let is_off = || Ok((!site.has_program(SAMPLER)?).then_some(()));
    wait("the program is off", is_off).expect("the kernel takes it off");
}

#[test]
fn idle_clients_take_nothing_from_the_counting() {
    let site = Site::enter().expect("a place for an agent");
    let agent = site.tap(MEMBERS, "").expect("the agent starts");
    // More than it serves at once, and no more than wait in its queue.
    let idle: Vec<TcpStream> = (0..200).map(|_| TcpStream::connect(ADDRESS).expect("it listens")).collect();
    let wire = Wire::open(FABRIC).expect("the other end is there");
    for _ in 0..5 {
        wire.send(&Frame::new(FIRST, SECOND, Family::Ipv4, 100).bytes).expect("it is sent");
    }
    drop(idle);
    let status = agent.settled(5).expect("all are counted");
    assert_eq!((&status["drain"]["failed"], &status["interfaces"][0]["attached"]), (&0.into(), &true.into()));
    let stopped = agent.stop(libc::SIGTERM).expect("it ends");
    assert_eq!(stopped.code, Some(0), "{}", stopped.log);
    assert!(!stopped.log.contains("WARN"), "{}", stopped.log);
}
