//! One member's router: its plan comes in by standard input, BGP and real traffic go out until it is killed.

mod bgp;
mod serve;
mod source;

use std::io;
use std::net::{Ipv6Addr, TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use self::bgp::Sessions;
use self::source::Source;
use crate::clock;
use crate::plan::{Errand, Flow};
use crate::socket;
use crate::station::Station;

/// iperf's port, for both transports.
const PORT: u16 = 5001;

/// Kept small: one writer can then not fill a veth ring of 256 frames.
const SEND_BUFFER_BYTES: libc::c_int = 32 << 10;

/// How often the flows are looked after.
const TICK: Duration = Duration::from_millis(10);

const ZEROS: [u8; 8192] = [0; 8192];

/// Serves and sends until the process is killed. Reads its errand as one line of JSON from standard input; a
/// second line, or the end of the input, starts the traffic.
///
/// # Errors
/// The plan cannot be read, or the ports are taken.
pub fn run() -> Result<()> {
    let mut line = String::new();
    io::stdin().read_line(&mut line).context("read the plan")?;
    let Errand { member, sessions, flows } = serde_json::from_str(&line).context("read the plan")?;
    let bgp = Sessions::listen(Station { number: member }).context("serve BGP")?;
    let any = (Ipv6Addr::UNSPECIFIED, PORT);
    let listener = TcpListener::bind(any).context("serve TCP")?;
    let sink = UdpSocket::bind(any).context("serve UDP")?;
    thread::spawn(move || serve::tcp(&listener));
    thread::spawn(move || serve::udp(&sink));
    io::stdin().read_line(&mut line).context("wait for the start")?;
    sessions.into_iter().for_each(|session| bgp.open(session));
    send(flows, &bgp);
    Ok(())
}

fn send(flows: Vec<Flow>, bgp: &Sessions) {
    let mut last = clock::now();
    let mut sources: Vec<(u8, Source)> =
        flows.into_iter().map(|flow| (flow.to, Source::new(flow, last))).collect();
    loop {
        let now = clock::now();
        let established = bgp.established();
        for (peer, source) in &mut sources {
            source.advance(now, now - last, established.contains(peer));
        }
        last = now;
        clock::pause(TICK);
    }
}

/// Without this the traffic flows too, in longer trains: refusals do not end it.
fn keep_small(stream: &TcpStream) {
    let kept = socket::set(stream, libc::SOL_SOCKET, libc::SO_SNDBUF, SEND_BUFFER_BYTES);
    let sent_at_once = stream.set_nodelay(true);
    debug_assert!(kept.is_ok() && sent_at_once.is_ok(), "{kept:?} {sent_at_once:?}");
}
