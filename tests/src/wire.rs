//! Frames in, as bytes; the same frames on an interface's wire, and those that come up from it.

use std::io;
use std::mem;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};

use anyhow::{Context as _, Result, ensure};
use ixp_agent::kernel::interface::Interface;

/// A socket that sends frames as they are.
#[derive(Debug)]
pub struct Wire {
    socket: OwnedFd,
    address: libc::sockaddr_ll,
}

impl Wire {
    /// Opens one on an interface of the calling thread's network namespace.
    ///
    /// # Errors
    /// If there is no such interface, or CAP_NET_RAW is missing.
    pub fn open(interface: &str) -> Result<Self> {
        let index = Interface::find(interface)?.index;
        // SAFETY: no pointers are passed. Protocol 0: nothing is received.
        let fd = unsafe { libc::socket(libc::AF_PACKET, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0) };
        ensure!(fd >= 0, "a packet socket needs CAP_NET_RAW: {}", io::Error::last_os_error());
        // SAFETY: `fd` was just opened and belongs to nobody else.
        let socket = unsafe { OwnedFd::from_raw_fd(fd) };
        // SAFETY: the address is plain data, for which all zero is a value.
        let mut address: libc::sockaddr_ll = unsafe { mem::zeroed() };
        address.sll_family = u16::try_from(libc::AF_PACKET).context("a small number")?;
        address.sll_ifindex = index.cast_signed();
        Ok(Self { socket, address })
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// If the interface does not take it whole.
    pub fn send(&self, frame: &[u8]) -> Result<()> {
        let address = (&raw const self.address).cast();
        let size = libc::socklen_t::try_from(size_of_val(&self.address)).context("a small number")?;
        // SAFETY: `frame` and the address live until the call returns, and their sizes are given.
        let sent = unsafe {
            libc::sendto(self.socket.as_raw_fd(), frame.as_ptr().cast(), frame.len(), 0, address, size)
        };
        ensure!(
            usize::try_from(sent) == Ok(frame.len()),
            "send {} bytes: {}",
            frame.len(),
            io::Error::last_os_error()
        );
        Ok(())
    }
}

/// A socket that hears what comes up from an interface to the host's stack.
#[derive(Debug)]
pub struct Ear {
    wire: Wire,
}

impl Ear {
    /// Opens one on an interface of the calling thread's network namespace.
    ///
    /// # Errors
    /// As [`Wire::open`].
    pub fn open(interface: &str) -> Result<Self> {
        let mut wire = Wire::open(interface)?;
        wire.address.sll_protocol = u16::try_from(libc::ETH_P_ALL).context("a small number")?.to_be();
        let address = (&raw const wire.address).cast();
        let size = libc::socklen_t::try_from(size_of_val(&wire.address)).context("a small number")?;
        // SAFETY: the address lives until the call returns, and its size is given.
        let result = unsafe { libc::bind(wire.socket.as_raw_fd(), address, size) };
        ensure!(result == 0, "hear all of {interface}: {}", io::Error::last_os_error());
        Ok(Self { wire })
    }

    /// The next frame that came up, if one waits.
    ///
    /// # Errors
    /// If the interface is gone.
    pub fn hear(&self) -> Result<Option<Vec<u8>>> {
        let mut frame = vec![0; 1 << 16];
        // SAFETY: `frame` lives until the call returns, and its size is given.
        let read = unsafe {
            libc::recv(
                self.wire.socket.as_raw_fd(),
                frame.as_mut_ptr().cast(),
                frame.len(),
                libc::MSG_DONTWAIT,
            )
        };
        let Ok(read) = usize::try_from(read) else {
            let error = io::Error::last_os_error();
            ensure!(error.kind() == io::ErrorKind::WouldBlock, "hear a frame: {error}");
            return Ok(None);
        };
        frame.truncate(read);
        Ok(Some(frame))
    }
}
