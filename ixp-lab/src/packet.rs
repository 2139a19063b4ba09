//! AF_PACKET sockets inside a namespace: one watches what an interface sends, one sends frames as they are.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use anyhow::{Context, Result, ensure};

use crate::netns::Namespace;

/// Bytes of each frame that are read: the addresses, two VLAN tags and the EtherType.
const HEADER: usize = 64;

/// Frames read by one call.
const BATCH: usize = 64;

/// What the kernel may hold for a watcher that is late: many seconds of a lab's traffic.
const BACKLOG_BYTES: libc::c_int = 64 << 20;

/// Sees every frame that an interface sends, from its first.
#[derive(Debug)]
pub struct Watcher {
    socket: OwnedFd,
}

impl Watcher {
    /// Watches `interface`, which may be down: a frame sent as it comes up is seen.
    ///
    /// # Errors
    /// There is no such interface, or this process may not.
    pub fn open(namespace: &Namespace, interface: &str) -> Result<Self> {
        let open = || -> Result<Self> {
            // Without a protocol nothing arrives before the filter is in place.
            let socket = packet_socket(0)?;
            only_outgoing(&socket, index(interface)?)?;
            set(&socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, &BACKLOG_BYTES)?;
            // Bound to every interface: a socket bound to one that is down misses the frames of its coming up.
            bind(&socket, 0, libc::ETH_P_ALL)?;
            Ok(Self { socket })
        };
        namespace
            .enter(open)
            .with_context(|| format!("watch {interface} in {}", namespace.name()))
    }

    /// Hands every frame that waits to `each`: its first bytes, and its length without FCS.
    ///
    /// # Errors
    /// The kernel ends the socket.
    pub fn drain(&self, mut each: impl FnMut(&[u8], u32)) -> Result<()> {
        let mut headers = [[0u8; HEADER]; BATCH];
        let mut parts: [libc::iovec; BATCH] = std::array::from_fn(|at| libc::iovec {
            iov_base: headers[at].as_mut_ptr().cast(),
            iov_len: HEADER,
        });
        // SAFETY: all-zero is a valid mmsghdr: no name, no parts, no control.
        let mut messages: [libc::mmsghdr; BATCH] = unsafe { std::mem::zeroed() };
        for (message, part) in messages.iter_mut().zip(&mut parts) {
            message.msg_hdr.msg_iov = part;
            message.msg_hdr.msg_iovlen = 1;
        }
        loop {
            let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC;
            let (fd, start) = (self.socket.as_raw_fd(), messages.as_mut_ptr());
            // SAFETY: BATCH messages, each with one part of HEADER bytes; all of them outlive the call.
            let read = unsafe { libc::recvmmsg(fd, start, BATCH as u32, flags, std::ptr::null_mut()) };
            let Ok(read) = usize::try_from(read) else {
                let error = io::Error::last_os_error();
                return if error.kind() == io::ErrorKind::WouldBlock {
                    Ok(())
                } else {
                    Err(error.into())
                };
            };
            for (message, header) in messages.iter().zip(&headers).take(read) {
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
        let mut statistics = libc::tpacket_stats {
            tp_packets: 0,
            tp_drops: 0,
        };
        let mut length = size_of::<libc::tpacket_stats>() as libc::socklen_t;
        let value = (&raw mut statistics).cast();
        let (fd, option) = (self.socket.as_raw_fd(), libc::PACKET_STATISTICS);
        // SAFETY: the value is as long as the length says.
        let answer = unsafe { libc::getsockopt(fd, libc::SOL_PACKET, option, value, &raw mut length) };
        checked(answer).context("read PACKET_STATISTICS")?;
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
        namespace
            .enter(open)
            .with_context(|| format!("send through {interface} in {}", namespace.name()))
    }

    /// Sends one frame: at least an Ethernet header, without FCS.
    ///
    /// # Errors
    /// The frame is longer than the interface takes, or its queue is full.
    pub fn send(&self, frame: &[u8]) -> Result<()> {
        // SAFETY: the frame is as long as its length says.
        let sent = unsafe { libc::send(self.socket.as_raw_fd(), frame.as_ptr().cast(), frame.len(), 0) };
        let whole = usize::try_from(sent).is_ok_and(|sent| sent == frame.len());
        ensure!(
            whole,
            "send a frame of {} bytes: {}",
            frame.len(),
            io::Error::last_os_error()
        );
        Ok(())
    }
}

fn packet_socket(protocol: libc::c_int) -> Result<OwnedFd> {
    // SAFETY: no pointers.
    let fd = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, protocol) };
    checked(fd).context("open an AF_PACKET socket")?;
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
    let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: the address is as long as the length says.
    let answer = unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length) };
    checked(answer).context("bind an AF_PACKET socket")
}

/// Lets through what `interface` sends, whole, and nothing else (socket filters: kernel, networking/filter).
fn only_outgoing(socket: &OwnedFd, interface: libc::c_int) -> Result<()> {
    const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const SAME: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    const ANCILLARY: u32 = libc::SKF_AD_OFF.cast_unsigned();
    let step = |code, otherwise, k| libc::sock_filter {
        code,
        jt: 0,
        jf: otherwise,
        k,
    };
    let mut steps = [
        step(LOAD, 0, ANCILLARY + libc::SKF_AD_IFINDEX.cast_unsigned()),
        step(SAME, 3, interface.cast_unsigned()),
        step(LOAD, 0, ANCILLARY + libc::SKF_AD_PKTTYPE.cast_unsigned()),
        step(SAME, 1, u32::from(libc::PACKET_OUTGOING)),
        step(RETURN, 0, u32::MAX),
        step(RETURN, 0, 0),
    ];
    let filter = libc::sock_fprog {
        len: u16::try_from(steps.len())?,
        filter: steps.as_mut_ptr(),
    };
    set(socket, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &filter)
}

fn set<T>(socket: &OwnedFd, level: libc::c_int, option: libc::c_int, value: &T) -> Result<()> {
    let length = size_of::<T>() as libc::socklen_t;
    let value = std::ptr::from_ref(value).cast();
    // SAFETY: the value is as long as the length says.
    let answer = unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, value, length) };
    checked(answer).with_context(|| format!("set socket option {option}"))
}

fn checked(answer: libc::c_int) -> Result<()> {
    ensure!(answer >= 0, "{}", io::Error::last_os_error());
    Ok(())
}
