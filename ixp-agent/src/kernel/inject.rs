//! Loop probes in, frames on the wire out: the only frames that the agent sends. One that comes back breaks rule L08.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use ixp_common::addr::Mac;

use super::Error;

#[expect(clippy::cast_possible_truncation, reason = "17")]
const FAMILY: libc::sa_family_t = libc::AF_PACKET as libc::sa_family_t;
#[expect(clippy::cast_possible_truncation, reason = "20")]
const ADDRESS_LEN: libc::socklen_t = size_of::<libc::sockaddr_ll>() as libc::socklen_t;

/// A group address of nobody: locally administered, so that no bridge keeps it to itself (IEEE 802.1Q table 8-1)
/// and no station listens to it.
const NOBODY: Mac = Mac([0x03, 0, 0, 0, 0, 0]);
/// Local experimental EtherType 1 (IEEE 802 §9.2.4).
const EXPERIMENTAL: u16 = 0x88b5;
/// Without FCS, the shortest that Ethernet has.
const PROBE_LEN: usize = 60;
/// What people who capture it see.
const TEXT: &[u8] = b"loop probe of the exchange's monitor";

/// A probe that says it is from `source`.
#[must_use]
pub fn probe(source: Mac) -> [u8; PROBE_LEN] {
    let mut frame = [0; PROBE_LEN];
    let header = [&NOBODY.0[..], &source.0[..], &EXPERIMENTAL.to_be_bytes(), TEXT].concat();
    frame[..header.len()].copy_from_slice(&header);
    frame
}

/// A socket to send frames by.
#[derive(Debug)]
pub struct Injector(OwnedFd);

impl Injector {
    /// Opens it. It receives nothing.
    ///
    /// # Errors
    /// [`Error::Inject`].
    pub fn open() -> Result<Self, Error> {
        // SAFETY: no pointers are passed.
        let fd = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
        if fd < 0 {
            return Err(Error::Inject(io::Error::last_os_error()));
        }
        // SAFETY: `fd` was just opened and belongs to nobody else.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Puts a frame, without FCS, on the wire of an interface. It does not wait.
    ///
    /// # Errors
    /// What the kernel says, as that the interface is down.
    pub fn send(&self, ifindex: u32, frame: &[u8]) -> io::Result<()> {
        // SAFETY: `sockaddr_ll` is plain data, for which all zero is a value.
        let mut to: libc::sockaddr_ll = unsafe { mem::zeroed() };
        to.sll_family = FAMILY;
        to.sll_ifindex = ifindex.cast_signed();
        let (frame, len) = (frame.as_ptr().cast(), frame.len());
        let address = (&raw const to).cast();
        let fd = self.0.as_raw_fd();
        // SAFETY: the frame and the address are as long as is said, and live until the call returns.
        let sent = unsafe { libc::sendto(fd, frame, len, libc::MSG_DONTWAIT, address, ADDRESS_LEN) };
        if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_is_a_frame_to_nobody_that_says_what_it_is() {
        let frame = probe(Mac([2, 0, 0, 0, 0, 9]));
        assert!(frame.starts_with(&[3, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 9, 0x88, 0xb5]));
        assert!(frame[14..].starts_with(b"loop probe of the exchange's monitor\0"));
    }
}
