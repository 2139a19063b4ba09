//! Questions about one interface by `ioctl`, and a setting.

use std::ffi::CStr;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use ixp_common::addr::Mac;

use super::{Error, names, near};

const SIOCETHTOOL: libc::c_ulong = 0x8946;
const ETHTOOL_GSET: u32 = 0x01;
const ETHTOOL_GDRVINFO: u32 = 0x03;
const ETHTOOL_GRINGPARAM: u32 = 0x10;
const ETHTOOL_GFLAGS: u32 = 0x25;

/// One interface that is being asked, and the socket to ask by.
pub(super) struct Asked<'a> {
    name: &'a str,
    socket: OwnedFd,
}

impl<'a> Asked<'a> {
    pub(super) fn new(name: &'a str) -> Result<Self, Error> {
        // SAFETY: no pointers are passed.
        let fd = unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
        if fd < 0 {
            return Err(Error::Interface {
                name: name.to_owned(),
                what: "its numbers",
                source: io::Error::last_os_error(),
            });
        }
        // SAFETY: `fd` was just opened and belongs to nobody else.
        Ok(Self { name, socket: unsafe { OwnedFd::from_raw_fd(fd) } })
    }

    fn request(&self) -> libc::ifreq {
        // SAFETY: `ifreq` is plain data, for which all zero is a value.
        let mut request: libc::ifreq = unsafe { mem::zeroed() };
        for (into, byte) in request.ifr_name.iter_mut().take(libc::IFNAMSIZ - 1).zip(self.name.bytes()) {
            *into = byte.cast_signed();
        }
        request
    }

    fn ioctl(&self, code: libc::c_ulong, request: &mut libc::ifreq) -> io::Result<()> {
        // SAFETY: `request` is a live `ifreq`, which all codes used here take.
        let result = unsafe { libc::ioctl(self.socket.as_raw_fd(), code, request) };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    fn ask(&self, code: libc::c_ulong, what: &'static str) -> Result<libc::ifreq, Error> {
        let mut request = self.request();
        match self.ioctl(code, &mut request) {
            Ok(()) => Ok(request),
            Err(source) => Err(Error::Interface { name: self.name.to_owned(), what, source }),
        }
    }

    pub(super) fn index(&self) -> Result<u32, Error> {
        let missing = || Error::NoInterface { name: self.name.to_owned(), near: near(self.name, &names()) };
        if self.name.is_empty() || self.name.len() >= libc::IFNAMSIZ || self.name.contains('\0') {
            return Err(missing());
        }
        let mut request = self.request();
        self.ioctl(libc::SIOCGIFINDEX, &mut request).map_err(|_| missing())?;
        // SAFETY: SIOCGIFINDEX filled this field.
        Ok(unsafe { request.ifr_ifru.ifru_ifindex }.cast_unsigned())
    }

    pub(super) fn mac(&self) -> Result<Mac, Error> {
        let request = self.ask(libc::SIOCGIFHWADDR, "its address")?;
        // SAFETY: SIOCGIFHWADDR filled this field.
        let address = unsafe { request.ifr_ifru.ifru_hwaddr };
        let [a, b, c, d, e, f, ..] = address.sa_data.map(i8::cast_unsigned);
        Ok(Mac([a, b, c, d, e, f]))
    }

    pub(super) fn mtu(&self) -> Result<u32, Error> {
        let request = self.ask(libc::SIOCGIFMTU, "its MTU")?;
        // SAFETY: SIOCGIFMTU filled this field.
        Ok(unsafe { request.ifr_ifru.ifru_mtu }.cast_unsigned())
    }

    pub(super) fn has_ipv4(&self) -> bool {
        self.ask(libc::SIOCGIFADDR, "its IPv4 address").is_ok()
    }

    /// Sets or clears `IFF_PROMISC`; gives whether it was set.
    pub(super) fn set_promiscuous(&self, on: bool) -> Result<bool, Error> {
        let flags = self.device_flags()?;
        let mut request = self.request();
        let wanted = if on { flags | libc::IFF_PROMISC } else { flags & !libc::IFF_PROMISC };
        let [low, high, ..] = wanted.to_ne_bytes();
        request.ifr_ifru.ifru_flags = i16::from_ne_bytes([low, high]);
        let set = self.ioctl(libc::SIOCSIFFLAGS, &mut request);
        set.map_err(|source| Error::Interface {
            name: self.name.to_owned(),
            what: "promiscuous mode",
            source,
        })?;
        Ok(flags & libc::IFF_PROMISC != 0)
    }

    /// Hands `words` to ethtool, which fills them; `words[0]` is the command.
    fn ethtool<const N: usize>(&self, words: &mut [u32; N]) -> io::Result<()> {
        let mut request = self.request();
        request.ifr_ifru.ifru_data = words.as_mut_ptr().cast();
        self.ioctl(SIOCETHTOOL, &mut request)
    }

    pub(super) fn flags(&self) -> u32 {
        let mut value = [ETHTOOL_GFLAGS, 0];
        self.ethtool(&mut value).map_or(0, |()| value[1])
    }

    /// `IFF_…`.
    pub(super) fn device_flags(&self) -> Result<libc::c_int, Error> {
        let request = self.ask(libc::SIOCGIFFLAGS, "its flags")?;
        // SAFETY: SIOCGIFFLAGS filled this field.
        Ok(i32::from(unsafe { request.ifr_ifru.ifru_flags }))
    }

    /// Bits per second and full duplex, each if the driver tells. `struct ethtool_cmd`: eleven words, the low half of the speed in
    /// Mbit/s and the duplex in the fourth, its high half in the eighth.
    pub(super) fn link(&self) -> Option<(Option<u64>, Option<bool>)> {
        const HALF: u8 = 0;
        const FULL: u8 = 1;
        let mut words = [0; 11];
        words[0] = ETHTOOL_GSET;
        self.ethtool(&mut words).ok()?;
        let [[low_0, low_1, duplex, _], [high_0, high_1, ..]] = [words[3], words[7]].map(u32::to_ne_bytes);
        let [low, high] = [[low_0, low_1], [high_0, high_1]].map(u16::from_ne_bytes);
        let speed = u32::from(high) << 16 | u32::from(low);
        let is_known = speed != 0 && speed != u32::MAX && speed != u32::from(u16::MAX);
        let is_full = match duplex {
            HALF => Some(false),
            FULL => Some(true),
            _ => None,
        };
        Some((is_known.then(|| u64::from(speed) * 1_000_000), is_full))
    }

    /// `struct ethtool_drvinfo`: 196 bytes, the driver's name in bytes 4..36.
    pub(super) fn driver(&self) -> Option<String> {
        let mut words = [0; 49];
        words[0] = ETHTOOL_GDRVINFO;
        self.ethtool(&mut words).ok()?;
        let name: Vec<u8> = words[1..9].iter().flat_map(|word| word.to_ne_bytes()).chain([0]).collect();
        Some(CStr::from_bytes_until_nul(&name).ok()?.to_string_lossy().into_owned())
    }

    /// `struct ethtool_ringparam`: nine words, the receive ring's bound first and its size fifth.
    pub(super) fn rx_ring(&self) -> Option<(u32, u32)> {
        let mut words = [ETHTOOL_GRINGPARAM, 0, 0, 0, 0, 0, 0, 0, 0];
        self.ethtool(&mut words).ok()?;
        Some((words[5], words[1])).filter(|(size, _)| *size > 0)
    }
}
