//! AF_PACKET sockets inside a namespace: one watches what an interface sends, one sends frames as they are.

mod filter;

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use anyhow::{Context, Result, ensure};

use crate::netns::Namespace;
use crate::socket::{checked, get, length_of, set};
use crate::station::Station;

/// Bytes of each frame that are read: the addresses, two VLAN tags and the EtherType.
const HEADER: usize = 64;

/// Frames read by one call.
const BATCH: u32 = 64;

/// What the kernel may hold for a watcher that is late: many seconds of a lab's traffic.
const BACKLOG_BYTES: libc::c_int = 64 << 20;

/// Which of an interface's frames are seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that it sends.
    Sent,
    /// Those that it receives by its own address.
    Received,
    /// Those that it receives and that are not of this or an earlier member.
    ReceivedFromOthersThan(Station),
    /// Router solicitations that it receives (RFC 4861 §4.1).
    Solicitations,
}

/// Sees frames of an interface, from its first.
#[derive(Debug)]
pub struct Watcher {
    socket: OwnedFd,
}

impl Watcher {
    /// Watches `interface`, which may be down: a frame sent as it comes up is seen.
    ///
    /// # Errors
    /// There is no such interface, or this process may not.
    pub fn open(namespace: &Namespace, interface: &str, which: Which) -> Result<Self> {
        let open = || -> Result<Self> {
            // Without a protocol nothing arrives before the filter is in place.
            let socket = packet_socket(0)?;
            filter::attach(&socket, index(interface)?, which)?;
            set(&socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, BACKLOG_BYTES)?;
            // Bound to every interface: a socket bound to one that is down misses the frames of its coming up.
            bind(&socket, 0, libc::ETH_P_ALL)?;
            Ok(Self { socket })
        };
        namespace.enter(open).with_context(|| format!("watch {interface} in {}", namespace.name()))
    }

    /// Hands every frame that waits to `each`: its first bytes, and its length without FCS.
    ///
    /// # Errors
    /// The kernel ends the socket.
    pub fn drain(&self, mut each: impl FnMut(&[u8], u32)) -> Result<()> {
        let mut headers = [[0u8; HEADER]; BATCH as usize];
        let mut parts: [libc::iovec; BATCH as usize] = std::array::from_fn(|at| libc::iovec {
            iov_base: headers[at].as_mut_ptr().cast(),
            iov_len: HEADER,
        });
        // SAFETY: all-zero is a valid mmsghdr: no name, no parts, no control.
        let mut messages: [libc::mmsghdr; BATCH as usize] = unsafe { std::mem::zeroed() };
        for (message, part) in messages.iter_mut().zip(&mut parts) {
            message.msg_hdr.msg_iov = part;
            message.msg_hdr.msg_iovlen = 1;
        }
        loop {
            let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC;
            let (fd, start) = (self.socket.as_raw_fd(), messages.as_mut_ptr());
            // SAFETY: BATCH messages, each with one part of HEADER bytes; all of them outlive the call.
            let read = unsafe { libc::recvmmsg(fd, start, BATCH, flags, std::ptr::null_mut()) };
            let Ok(read) = u32::try_from(read) else {
                let error = io::Error::last_os_error();
                return if error.kind() == io::ErrorKind::WouldBlock { Ok(()) } else { Err(error.into()) };
            };
            for (message, header) in messages.iter().zip(&headers).take(read as usize) {
                each(&header[..HEADER.min(message.msg_len as usize)], message.msg_len);
            }
            if read < BATCH {
                return Ok(());
            }
        }
    }

    /// Frames since the last call that the kernel had no room to keep for this watcher.
    ///
    /// # Errors
    /// The kernel refuses.
    pub fn lost(&self) -> Result<u32> {
        let nothing = libc::tpacket_stats { tp_packets: 0, tp_drops: 0 };
        let statistics = get(&self.socket, libc::SOL_PACKET, libc::PACKET_STATISTICS, nothing)?;
        Ok(statistics.tp_drops)
    }
}

/// Sends frames as they are through an interface.
#[derive(Debug)]
pub struct Injector {
    socket: OwnedFd,
}

impl Injector {
    /// Sends through `interface`, which is up.
    ///
    /// # Errors
    /// There is no such interface, or this process may not.
    pub fn open(namespace: &Namespace, interface: &str) -> Result<Self> {
        let open = || -> Result<Self> {
            let socket = packet_socket(0)?;
            bind(&socket, index(interface)?, 0)?;
            Ok(Self { socket })
        };
        namespace.enter(open).with_context(|| format!("send through {interface} in {}", namespace.name()))
    }

    /// Sends one frame: at least an Ethernet header, without FCS.
    ///
    /// # Errors
    /// The frame is longer than the interface takes, or its queue is full.
    pub fn send(&self, frame: &[u8]) -> Result<()> {
        // SAFETY: the frame is as long as its length says.
        let sent = unsafe { libc::send(self.socket.as_raw_fd(), frame.as_ptr().cast(), frame.len(), 0) };
        let whole = usize::try_from(sent).is_ok_and(|sent| sent == frame.len());
        ensure!(whole, "send a frame of {} bytes: {}", frame.len(), io::Error::last_os_error());
        Ok(())
    }
}

fn packet_socket(protocol: libc::c_int) -> Result<OwnedFd> {
    // SAFETY: no pointers.
    let fd = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, protocol) };
    let fd = checked(fd).context("open an AF_PACKET socket")?;
    // SAFETY: a fresh descriptor that nobody else owns.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn index(interface: &str) -> Result<libc::c_int> {
    let name = CString::new(interface)?;
    // SAFETY: a text that ends with 0.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    ensure!(index != 0, "no interface {interface}");
    Ok(libc::c_int::try_from(index)?)
}

fn bind(socket: &OwnedFd, interface: libc::c_int, protocol: libc::c_int) -> Result<()> {
    // SAFETY: all-zero is a valid sockaddr_ll.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = u16::try_from(libc::AF_PACKET)?;
    address.sll_protocol = u16::try_from(protocol)?.to_be();
    address.sll_ifindex = interface;
    let length = length_of::<libc::sockaddr_ll>();
    // SAFETY: the address is as long as the length says.
    let answer = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) };
    checked(answer).context("bind an AF_PACKET socket")?;
    Ok(())
}
