//! BGP sessions come in and go out: each by OPEN and KEEPALIVE (RFC 4271), without a route.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::clock;
use crate::plan::Session;
use crate::station::Station;

/// RFC 4271 §1.
const PORT: u16 = 179;

/// RFC 4271 §10 proposes 90 s, and a third of it between two keepalives.
const HOLD_SECONDS: u16 = 90;

const RETRY: Duration = Duration::from_millis(500);

/// RFC 4271 §4.1: 16 bytes of ones, a length, a type.
const HEADER: usize = 19;

/// Message types (RFC 4271 §4.1).
mod kind {
    pub(super) const OPEN: u8 = 1;
    pub(super) const KEEPALIVE: u8 = 4;
}

/// The sessions of one member.
#[derive(Debug, Clone)]
pub(super) struct Sessions {
    own: Station,
    established: Arc<Mutex<BTreeSet<u8>>>,
}

impl Sessions {
    /// Takes sessions that others open.
    ///
    /// # Errors
    /// The port is taken.
    pub(super) fn listen(own: Station) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, PORT))?;
        let sessions = Self { own, established: Arc::default() };
        let taken = sessions.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sessions = taken.clone();
                thread::spawn(move || sessions.speak(stream));
            }
        });
        Ok(sessions)
    }

    /// Opens a session, and again whenever it ends.
    pub(super) fn open(&self, session: Session) {
        let sessions = self.clone();
        let to = SocketAddr::new(Station { number: session.peer }.ipv4(), PORT);
        thread::spawn(move || {
            clock::pause(Duration::from_millis(session.delay));
            loop {
                // Without a session the flows to this peer wait.
                let _ended: io::Result<()> =
                    TcpStream::connect_timeout(&to, RETRY).and_then(|stream| sessions.speak(stream));
                clock::pause(RETRY);
            }
        });
    }

    /// The peers with whom there is a session.
    pub(super) fn established(&self) -> BTreeSet<u8> {
        self.established.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// RFC 4271 §8: OPEN both ways, KEEPALIVE both ways, established.
    fn speak(&self, mut stream: TcpStream) -> io::Result<()> {
        let peer = peer(&stream)?;
        stream.set_nodelay(true)?;
        stream.write_all(&open(self.own))?;
        expect(&mut stream, kind::OPEN)?;
        stream.write_all(&message(kind::KEEPALIVE, &[]))?;
        expect(&mut stream, kind::KEEPALIVE)?;
        self.set(peer, true);
        let writer = stream.try_clone()?;
        thread::spawn(move || keep_alive(writer));
        let ended = loop {
            if let Err(error) = expect(&mut stream, kind::KEEPALIVE) {
                break error;
            }
        };
        self.set(peer, false);
        Err(ended)
    }

    fn set(&self, peer: u8, is_established: bool) {
        let mut established = self.established.lock().unwrap_or_else(PoisonError::into_inner);
        if is_established {
            established.insert(peer);
        } else {
            established.remove(&peer);
        }
    }
}

/// Ends with the session: its writing fails.
fn keep_alive(mut stream: TcpStream) -> io::Result<()> {
    loop {
        clock::pause(Duration::from_secs(u64::from(HOLD_SECONDS / 3)));
        stream.write_all(&message(kind::KEEPALIVE, &[]))?;
    }
}

/// The last byte of an address is the member's number.
fn peer(stream: &TcpStream) -> io::Result<u8> {
    Ok(match stream.peer_addr()?.ip() {
        IpAddr::V4(address) => address.octets()[3],
        IpAddr::V6(address) => address.octets()[15],
    })
}

fn expect(stream: &mut TcpStream, wanted: u8) -> io::Result<()> {
    let mut header = [0; HEADER];
    stream.read_exact(&mut header)?;
    let length = usize::from(u16::from_be_bytes([header[16], header[17]]));
    let mut body = vec![0; length.saturating_sub(HEADER)];
    stream.read_exact(&mut body)?;
    if header[18] == wanted { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
}

/// RFC 4271 §4.2, without optional parameters. The lab's AS numbers have 16 bits.
fn open(own: Station) -> Vec<u8> {
    let [.., high, low] = own.asn().to_be_bytes();
    let [hold_high, hold_low] = HOLD_SECONDS.to_be_bytes();
    let mut body = vec![4, high, low, hold_high, hold_low];
    match own.ipv4() {
        IpAddr::V4(address) => body.extend(address.octets()),
        IpAddr::V6(_) => body.extend([0; 4]),
    }
    body.push(0);
    message(kind::OPEN, &body)
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(HEADER + body.len()).expect("a short message");
    [&[0xff; 16], &length.to_be_bytes()[..], &[kind], body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_is_that_of_rfc_4271() {
        let tail = [0, 29, 1, 4, 0xfd, 0xeb, 0, 90, 192, 0, 2, 3, 0];
        assert_eq!(open(Station { number: 3 }), [&[0xff; 16], &tail[..]].concat());
    }

    #[test]
    fn a_keepalive_is_a_header_alone() {
        assert_eq!(message(kind::KEEPALIVE, &[]), [&[0xff; 16], &[0, 19, 4][..]].concat());
    }

    #[test]
    fn two_members_that_open_and_keep_alive_have_a_session() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let to = listener.local_addr().unwrap();
        let sessions = |number| Sessions { own: Station { number }, established: Arc::default() };
        let (one, other) = (sessions(1), sessions(2));
        let (opened, taken) = (one.clone(), other.clone());
        thread::spawn(move || opened.speak(TcpStream::connect(to).unwrap()));
        thread::spawn(move || taken.speak(listener.accept().unwrap().0));
        // Both come from 127.0.0.1.
        let both =
            || Ok(one.established() == BTreeSet::from([1]) && other.established() == one.established());
        assert!(clock::until(Duration::from_secs(30), both).unwrap());
    }
}
