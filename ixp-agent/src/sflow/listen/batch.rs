//! A socket in, as many datagrams as wait there in one call out.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::RawFd;
use std::{fmt, io, mem, ptr};

/// Datagrams of one call.
const DATAGRAMS: usize = 64;
/// Bytes of a datagram: the most that UDP carries.
const BYTES: usize = 65_535;

/// Room for datagrams.
pub(super) struct Batch {
    bytes: Vec<u8>,
    names: Box<[libc::sockaddr_storage; DATAGRAMS]>,
    lengths: [usize; DATAGRAMS],
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").finish_non_exhaustive()
    }
}

impl Batch {
    pub(super) fn new() -> Self {
        // SAFETY: all bytes zero is an address of no family, which a `sockaddr_storage` may be.
        let none: libc::sockaddr_storage = unsafe { mem::zeroed() };
        Self {
            // Zeroed by the system: pages that no datagram reaches take no memory.
            bytes: vec![0; DATAGRAMS * BYTES],
            names: Box::new([none; DATAGRAMS]),
            lengths: [0; DATAGRAMS],
        }
    }

    /// Waits for one datagram and takes those that are there with it; says how many.
    pub(super) fn receive(&mut self, socket: RawFd) -> io::Result<usize> {
        let mut vectors: [libc::iovec; DATAGRAMS] =
            [libc::iovec { iov_base: ptr::null_mut(), iov_len: 0 }; DATAGRAMS];
        // SAFETY: all bytes zero is a message of no bytes to nobody, which an `mmsghdr` may be.
        let none: libc::mmsghdr = unsafe { mem::zeroed() };
        let mut messages = [none; DATAGRAMS];
        let room = self.bytes.chunks_exact_mut(BYTES).zip(self.names.iter_mut());
        for ((message, vector), (bytes, name)) in messages.iter_mut().zip(&mut vectors).zip(room) {
            *vector = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: BYTES };
            message.msg_hdr.msg_iov = vector;
            message.msg_hdr.msg_iovlen = 1;
            message.msg_hdr.msg_name = ptr::from_mut(name).cast();
            message.msg_hdr.msg_namelen = NAME;
        }
        // SAFETY: each message has the room of its own that it says, and all of it lives until the call is over.
        let received = unsafe {
            libc::recvmmsg(
                socket,
                messages.as_mut_ptr(),
                u32::try_from(DATAGRAMS).unwrap_or(0),
                libc::MSG_WAITFORONE,
                ptr::null_mut(),
            )
        };
        let Ok(received) = usize::try_from(received) else {
            return Err(io::Error::last_os_error());
        };
        for (length, message) in self.lengths.iter_mut().zip(&messages).take(received) {
            *length = usize::try_from(message.msg_len).unwrap_or(0);
        }
        Ok(received)
    }

    /// The sender and the bytes of a datagram that was taken.
    pub(super) fn datagram(&self, at: usize) -> Option<(IpAddr, &[u8])> {
        let bytes = self.bytes.get(at * BYTES..)?.get(..*self.lengths.get(at)?)?;
        Some((address(self.names.get(at)?)?, bytes))
    }
}

/// Bytes of a name.
#[expect(clippy::cast_possible_truncation, reason = "128")]
const NAME: libc::socklen_t = size_of::<libc::sockaddr_storage>() as libc::socklen_t;

fn address(name: &libc::sockaddr_storage) -> Option<IpAddr> {
    match libc::c_int::from(name.ss_family) {
        libc::AF_INET => {
            // SAFETY: a name of this family is a `sockaddr_in`, and a `sockaddr_storage` is as large and as aligned.
            let name = unsafe { &*ptr::from_ref(name).cast::<libc::sockaddr_in>() };
            Some(Ipv4Addr::from(u32::from_be(name.sin_addr.s_addr)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: a name of this family is a `sockaddr_in6`, and a `sockaddr_storage` is as large and as aligned.
            let name = unsafe { &*ptr::from_ref(name).cast::<libc::sockaddr_in6>() };
            Some(Ipv6Addr::from(name.sin6_addr.s6_addr).into())
        }
        _ => None,
    }
}
