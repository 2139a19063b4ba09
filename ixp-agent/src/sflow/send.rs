//! Datagrams in, sent to each collector; nobody waits for one that cannot be reached, and what it misses is counted.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::{info, warn};

/// What became of the datagrams for one collector.
#[derive(Debug)]
pub struct Delivery {
    /// The collector.
    pub collector: SocketAddr,
    sent: AtomicU64,
    lost: AtomicU64,
}

impl Delivery {
    /// Datagrams that the host sent, and those that it could not, or that were refused where they arrived.
    #[must_use]
    pub fn read(&self) -> (u64, u64) {
        (self.sent.load(Ordering::Relaxed), self.lost.load(Ordering::Relaxed))
    }
}

/// The way to all collectors.
#[derive(Debug)]
pub struct Sender {
    collectors: Vec<Collector>,
}

#[derive(Debug)]
struct Collector {
    delivery: Arc<Delivery>,
    /// Connected, so that the host says when nobody listens; `None` where there is no way yet.
    socket: Option<UdpSocket>,
    /// Whether it could not be reached, the last time.
    is_lost: bool,
}

impl Sender {
    /// Opens a socket for each collector. One to which there is no way is tried again with each [`retry`](Self::retry).
    #[must_use]
    pub fn open(collectors: &[SocketAddr]) -> Self {
        let open = |collector: &SocketAddr| {
            let collector = *collector;
            let delivery = Delivery { collector, sent: AtomicU64::new(0), lost: AtomicU64::new(0) };
            let socket = connected(collector).inspect_err(|error| told(collector, error)).ok();
            Collector { delivery: Arc::new(delivery), is_lost: socket.is_none(), socket }
        };
        Self { collectors: collectors.iter().map(open).collect() }
    }

    /// The address by which the host reaches the first collector that it has a way to.
    #[must_use]
    pub fn own_address(&self) -> Option<IpAddr> {
        let mut sockets = self.collectors.iter().filter_map(|collector| collector.socket.as_ref());
        Some(sockets.next()?.local_addr().ok()?.ip())
    }

    /// What becomes of the datagrams, to be read at any time.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Arc<Delivery>> {
        self.collectors.iter().map(|collector| Arc::clone(&collector.delivery)).collect()
    }

    /// Sends a datagram to all.
    pub fn send(&mut self, datagram: &[u8]) {
        self.collectors.iter_mut().for_each(|collector| collector.send(datagram));
    }

    /// Looks again for a way to those that have none.
    pub fn retry(&mut self) {
        for Collector { delivery, socket, .. } in &mut self.collectors {
            if socket.is_none() {
                *socket = connected(delivery.collector).ok();
            }
        }
    }
}

impl Collector {
    fn send(&mut self, datagram: &[u8]) {
        let Self { delivery, socket, is_lost } = self;
        let Some(socket) = socket else {
            delivery.lost.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let mut sent = socket.send(datagram);
        if let Err(error) = &sent {
            delivery.lost.fetch_add(1, Ordering::Relaxed);
            if !*is_lost {
                told(delivery.collector, error);
            }
            *is_lost = true;
            // A refusal is that of the datagram before, and this one is not sent yet.
            if error.kind() == io::ErrorKind::ConnectionRefused {
                sent = socket.send(datagram);
            }
        } else if *is_lost {
            info!(collector = %delivery.collector, "the collector can be reached");
            *is_lost = false;
        }
        if sent.is_ok() {
            delivery.sent.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn told(collector: SocketAddr, error: &io::Error) {
    warn!(%collector, %error, "the collector cannot be reached; datagrams for it are lost and counted until it can");
}

fn connected(collector: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr =
        if collector.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0))?;
    socket.set_nonblocking(true)?;
    socket.connect(collector)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_collector_gets_each_datagram_and_one_that_is_gone_holds_up_nobody() {
        let here = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let there = UdpSocket::bind("[::1]:0").expect("a port");
        let gone = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let addresses = [&gone, &here, &there].map(|socket| socket.local_addr().expect("bound"));
        drop(gone);
        let mut sender = Sender::open(&addresses);
        assert_eq!(sender.own_address(), Some(Ipv4Addr::LOCALHOST.into()));
        for number in 0..100u8 {
            sender.send(&[number]);
        }
        let mut bytes = [0; 9];
        for number in 0..100u8 {
            for socket in [&here, &there] {
                let len = socket.recv(&mut bytes).expect("a datagram");
                assert_eq!(bytes[..len], [number]);
            }
        }
        let [lost, first, second] = sender.deliveries().try_into().expect("three");
        assert_eq!((first.read(), second.read()), ((100, 0), (100, 0)));
        let (sent, refused) = lost.read();
        assert!(sent == 100 && refused > 0, "{sent} sent, {refused} refused");
    }

    #[test]
    fn a_collector_to_which_there_is_no_way_is_counted() {
        // A socket has no leave to broadcast unless it asks for it.
        let mut sender = Sender::open(&["255.255.255.255:6343".parse().expect("an address")]);
        sender.send(&[1]);
        sender.retry();
        sender.send(&[2]);
        assert_eq!(sender.deliveries()[0].read(), (0, 2));
    }
}
