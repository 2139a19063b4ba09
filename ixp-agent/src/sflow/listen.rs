//! An address in, the datagrams that come there out, many at a time; what the kernel had no room for is counted.

mod batch;

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use self::batch::Batch;

/// How long a receiver waits before it looks whether it is to stop.
const PATIENCE: Duration = Duration::from_millis(100);
/// The word of `SO_MEMINFO` that counts datagrams which found the buffer full.
const DROPS: usize = 8;

/// One of the sockets of an address.
#[derive(Debug)]
pub struct Receiver {
    socket: UdpSocket,
    batch: Batch,
}

/// A look from outside at a socket that a receiver has.
#[derive(Debug)]
pub struct Gauge(UdpSocket);

impl Receiver {
    /// So many sockets of one address, among which the kernel shares out who sends.
    ///
    /// # Errors
    /// Those of the sockets; the address may be another program's.
    pub fn open(address: SocketAddr, sockets: u32, buffer: u32) -> io::Result<Vec<Self>> {
        (0..sockets).map(|_| Self::one(address, sockets > 1, buffer)).collect()
    }

    fn one(address: SocketAddr, is_shared: bool, buffer: u32) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_reuse_port(is_shared)?;
        if address.is_ipv6() {
            // Whoever listens on [::] means everybody.
            socket.set_only_v6(false)?;
        }
        grow(&socket, buffer)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.bind(&address.into())?;
        Ok(Self { socket: socket.into(), batch: Batch::new() })
    }

    /// A look at the socket, for another thread.
    ///
    /// # Errors
    /// If there is no descriptor left.
    pub fn gauge(&self) -> io::Result<Gauge> {
        Ok(Gauge(self.socket.try_clone()?))
    }

    /// What has come, with its senders: at least one datagram, or none if none came within a tenth of a second.
    ///
    /// # Errors
    /// Those of the socket; the next call may go well.
    pub fn receive(&mut self) -> io::Result<impl Iterator<Item = (IpAddr, &[u8])>> {
        let received = match self.batch.receive(self.socket.as_raw_fd()) {
            Ok(received) => received,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => 0,
            Err(error) => return Err(error),
        };
        Ok((0..received).filter_map(|at| self.batch.datagram(at)))
    }
}

impl Gauge {
    /// Datagrams that found the buffer full since the socket is open.
    ///
    /// # Errors
    /// Those of `SO_MEMINFO`, which Linux has since 4.12.
    pub fn dropped(&self) -> io::Result<u64> {
        let mut words = [0u32; DROPS + 1];
        let mut len = u32::try_from(size_of_val(&words)).unwrap_or(0);
        let (fd, value) = (self.0.as_raw_fd(), words.as_mut_ptr().cast());
        // SAFETY: the descriptor is open, and the kernel writes at most `len` bytes, which `words` has.
        let result = unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, libc::SO_MEMINFO, value, &mut len) };
        match result {
            0 => Ok(u64::from(words[DROPS])),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Bytes of the receive buffer that datagrams may take, as the kernel counts them: with what it adds to each.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn buffer(&self) -> io::Result<usize> {
        socket2::SockRef::from(&self.0).recv_buffer_size()
    }
}

/// The buffer that is asked for, beyond what an ordinary user may have if this is root; the kernel cuts it to what is
/// allowed.
fn grow(socket: &Socket, buffer: u32) -> io::Result<()> {
    let size = libc::c_int::try_from(buffer).unwrap_or(libc::c_int::MAX);
    let (fd, value) = (socket.as_raw_fd(), (&raw const size).cast());
    let len = u32::try_from(size_of_val(&size)).unwrap_or(0);
    // SAFETY: the descriptor is open, and the kernel reads `len` bytes of `size`.
    let forced = unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, value, len) };
    match forced {
        0 => Ok(()),
        _ => socket.set_recv_buffer_size(usize::try_from(buffer).unwrap_or(usize::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn free() -> SocketAddr {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        socket.local_addr().expect("its address")
    }

    /// What comes until as many datagrams are there, or nothing more comes.
    fn received(receiver: &mut Receiver, datagrams: usize) -> Vec<(IpAddr, Vec<u8>)> {
        let mut all = Vec::new();
        while all.len() < datagrams {
            let before = all.len();
            let came = receiver.receive().expect("a socket");
            all.extend(came.map(|(from, datagram)| (from, datagram.to_vec())));
            if all.len() == before {
                break;
            }
        }
        all
    }

    #[test]
    fn each_datagram_comes_once_and_whole_with_its_sender() {
        let address = free();
        let mut receivers = Receiver::open(address, 1, 1 << 20).expect("it is free");
        let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let sent: Vec<Vec<u8>> =
            (0..150usize).map(|at| vec![u8::try_from(at).expect("small"); at * 60]).collect();
        for datagram in &sent {
            sender.send_to(datagram, address).expect("it goes");
        }
        let came = received(&mut receivers[0], sent.len());
        assert!(came.iter().all(|(from, _)| *from == IpAddr::from(Ipv4Addr::LOCALHOST)));
        let came: Vec<Vec<u8>> = came.into_iter().map(|(_, datagram)| datagram).collect();
        assert!(came == sent, "{} of {}", came.len(), sent.len());
    }

    #[test]
    fn who_listens_on_all_addresses_hears_both_families() {
        let port = free().port();
        let mut receivers =
            Receiver::open(SocketAddr::from(([0u16; 8], port)), 1, 1 << 16).expect("it is free");
        let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        sender.send_to(b"x", (Ipv4Addr::LOCALHOST, port)).expect("it goes");
        let [(from, _)] = received(&mut receivers[0], 1)[..] else { panic!("nothing came") };
        assert_eq!(from.to_canonical(), IpAddr::from(Ipv4Addr::LOCALHOST));
    }

    #[test]
    fn what_finds_the_buffer_full_is_counted() {
        let address = free();
        let mut receivers = Receiver::open(address, 1, 1 << 16).expect("it is free");
        let gauge = receivers[0].gauge().expect("a descriptor");
        assert_eq!(gauge.dropped().expect("SO_MEMINFO"), 0);
        let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        for _ in 0..1000 {
            sender.send_to(&[7; 1400], address).expect("it goes");
        }
        let came = received(&mut receivers[0], 1000).len() as u64;
        assert_eq!(came + gauge.dropped().expect("SO_MEMINFO"), 1000);
        assert!(came < 1000 && gauge.buffer().expect("a size") >= 1 << 16);
    }

    #[test]
    fn sockets_share_an_address_only_if_there_are_to_be_several() {
        let address = free();
        let two = Receiver::open(address, 2, 1 << 16).expect("it is free");
        assert_eq!(two.len(), 2);
        drop(two);
        let _one = Receiver::open(address, 1, 1 << 16).expect("it is free");
        assert!(Receiver::open(address, 1, 1 << 16).is_err());
    }
}
