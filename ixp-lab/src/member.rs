//! One member's router: its plan comes in by standard input, real traffic goes out until it is killed.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::clock;
use crate::plan::{Flow, Network, Transport};
use crate::random::Random;
use crate::socket;
use crate::station::Station;

/// iperf's port, for both transports.
const PORT: u16 = 5001;

/// Kept small: one writer can then not fill a veth ring of 256 frames.
const SEND_BUFFER_BYTES: libc::c_int = 32 << 10;

/// How often the flows are looked after.
const TICK: Duration = Duration::from_millis(10);

/// Messages of a flow in one tick at most, whatever it owes.
const MOST_PER_TICK: f64 = 8.0;

const RECONNECT: Duration = Duration::from_millis(500);

const ZEROS: [u8; 8192] = [0; 8192];

/// TCP messages: small ones, full frames and trains of frames.
const TCP_SIZES: [usize; 6] = [40, 300, 1000, 1400, 2800, 5600];

/// UDP payload, shortest and longest: with IPv6 and Ethernet a frame of 64 to 1514 bytes.
const UDP_SIZES: (usize, usize) = (2, 1452);

/// Serves and sends until the process is killed. Reads its flows as one line of JSON from standard input; a
/// second line, or the end of the input, starts the traffic.
///
/// # Errors
/// The plan cannot be read, or the ports are taken.
pub fn run() -> Result<()> {
    let mut line = String::new();
    io::stdin().read_line(&mut line).context("read the plan")?;
    let flows: Vec<Flow> = serde_json::from_str(&line).context("read the plan")?;
    let any = (Ipv6Addr::UNSPECIFIED, PORT);
    let listener = TcpListener::bind(any).context("serve TCP")?;
    let sink = UdpSocket::bind(any).context("serve UDP")?;
    thread::spawn(move || serve_tcp(&listener));
    thread::spawn(move || serve_udp(&sink));
    io::stdin().read_line(&mut line).context("wait for the start")?;
    send(flows);
    Ok(())
}

fn serve_tcp(listener: &TcpListener) {
    for stream in listener.incoming().flatten() {
        thread::spawn(move || answer(stream));
    }
}

/// Sends a quarter of what came in back, until the peer is gone.
fn answer(mut stream: TcpStream) -> io::Result<()> {
    keep_small(&stream);
    let mut buffer = [0u8; 8192];
    loop {
        let read = stream.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(&ZEROS[..read.div_ceil(4)])?;
    }
}

/// Answers every fourth datagram by one of half its size.
fn serve_udp(sink: &UdpSocket) {
    let mut buffer = [0u8; 2048];
    for count in 0u64.. {
        let Ok((read, from)) = sink.recv_from(&mut buffer) else {
            continue;
        };
        if count.is_multiple_of(4) {
            // A datagram that finds no room is lost, as on any router.
            let _: io::Result<usize> = sink.send_to(&buffer[..read / 2], from);
        }
    }
}

fn send(flows: Vec<Flow>) {
    let mut last = clock::now();
    let mut sources: Vec<Source> = flows.into_iter().map(|flow| Source::new(flow, last)).collect();
    loop {
        let now = clock::now();
        for source in &mut sources {
            source.advance(now, now - last);
        }
        last = now;
        clock::pause(TICK);
    }
}

struct Source {
    flow: Flow,
    sizes: Random,
    /// Messages due.
    owed: f64,
    /// Bytes of a TCP message that found no room yet.
    rest: usize,
    socket: Option<Socket>,
    /// When to connect, if it is not connected.
    connect: Instant,
}

enum Socket {
    Tcp(TcpStream),
    Udp(UdpSocket),
}

impl Source {
    fn new(flow: Flow, start: Instant) -> Self {
        let sizes = Random::new(flow.seed);
        let connect = start + Duration::from_millis(flow.delay);
        Self { flow, sizes, owed: 0.0, rest: 0, socket: None, connect }
    }

    fn advance(&mut self, now: Instant, passed: Duration) {
        if self.socket.is_none() && self.connect <= now {
            self.connect = now + RECONNECT;
            self.rest = 0;
            self.socket = connect(&self.flow).ok();
        }
        self.owed = (self.owed + self.flow.rate * passed.as_secs_f64()).min(MOST_PER_TICK);
        let due = self.owed >= 1.0 || self.rest > 0;
        let Some(connected) = self.socket.as_mut().filter(|_| due) else {
            return;
        };
        let sent = match connected {
            Socket::Tcp(stream) => write(stream, &mut self.owed, &mut self.rest, &mut self.sizes),
            Socket::Udp(socket) => transmit(socket, &mut self.owed, &mut self.sizes),
        };
        if sent.is_err() {
            self.socket = None;
        }
    }
}

fn connect(flow: &Flow) -> io::Result<Socket> {
    let peer = Station { number: flow.to };
    let address: IpAddr = match flow.network {
        Network::Ipv4 => peer.ipv4(),
        Network::Ipv6 => peer.ipv6(),
    };
    let to = SocketAddr::new(address, PORT);
    match flow.transport {
        Transport::Tcp => {
            let stream = TcpStream::connect_timeout(&to, Duration::from_millis(200))?;
            keep_small(&stream);
            stream.set_nonblocking(true)?;
            Ok(Socket::Tcp(stream))
        }
        Transport::Udp => {
            let any = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
            let socket = UdpSocket::bind(any)?;
            socket.connect(to)?;
            socket.set_nonblocking(true)?;
            Ok(Socket::Udp(socket))
        }
    }
}

fn write(stream: &mut TcpStream, owed: &mut f64, rest: &mut usize, sizes: &mut Random) -> io::Result<()> {
    let mut answers = [0u8; 8192];
    while let Some(read) = unless_blocked(stream.read(&mut answers))? {
        if read == 0 {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
    }
    loop {
        while *rest > 0 {
            match unless_blocked(stream.write(&ZEROS[..*rest]))? {
                Some(written) => *rest -= written,
                None => return Ok(()),
            }
        }
        if *owed < 1.0 {
            return Ok(());
        }
        *owed -= 1.0;
        *rest = TCP_SIZES[sizes.index(TCP_SIZES.len())];
    }
}

fn transmit(socket: &UdpSocket, owed: &mut f64, sizes: &mut Random) -> io::Result<()> {
    let mut answer = [0u8; 2048];
    while unless_blocked(socket.recv(&mut answer))?.is_some() {}
    while *owed >= 1.0 {
        *owed -= 1.0;
        let (shortest, longest) = UDP_SIZES;
        let size = shortest + sizes.index(longest - shortest + 1);
        unless_blocked(socket.send(&ZEROS[..size]))?;
    }
    Ok(())
}

fn unless_blocked<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

/// Without this the traffic flows too, in longer trains: refusals do not end it.
fn keep_small(stream: &TcpStream) {
    let kept = socket::set(stream, libc::SOL_SOCKET, libc::SO_SNDBUF, SEND_BUFFER_BYTES);
    let sent_at_once = stream.set_nodelay(true);
    debug_assert!(kept.is_ok() && sent_at_once.is_ok(), "{kept:?} {sent_at_once:?}");
}
