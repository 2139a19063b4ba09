//! A flow of the plan and the time that passes come in, its messages go out.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use super::{PORT, ZEROS, keep_small};
use crate::plan::{Flow, Network, Transport};
use crate::random::Random;
use crate::station::Station;

const RECONNECT: Duration = Duration::from_millis(500);

/// Messages of a flow in one tick at most, whatever it owes.
const MOST_PER_TICK: f64 = 8.0;

/// TCP messages: small ones, full frames and trains of frames.
const TCP_SIZES: [usize; 6] = [40, 300, 1000, 1400, 2800, 5600];

/// UDP payload, shortest and longest: with IPv6 and Ethernet a frame of 64 to 1514 bytes.
const UDP_SIZES: (usize, usize) = (2, 1452);

/// One flow, and what it owes.
pub(super) struct Source {
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
    pub(super) fn new(flow: Flow, start: Instant) -> Self {
        let sizes = Random::new(flow.seed);
        let connect = start + Duration::from_millis(flow.delay);
        Self { flow, sizes, owed: 0.0, rest: 0, socket: None, connect }
    }

    /// Sends what is due after another `passed`; only while `may_speak`, since routes come by BGP.
    pub(super) fn advance(&mut self, now: Instant, passed: Duration, may_speak: bool) {
        if !may_speak {
            return;
        }
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
