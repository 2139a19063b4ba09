//! A network interface's name in, its numbers and offloads out.

use std::ffi::CStr;
use std::fs;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use ixp_common::addr::Mac;
use ixp_common::counters::Counts;

use super::Error;

const SIOCETHTOOL: libc::c_ulong = 0x8946;
const ETHTOOL_GDRVINFO: u32 = 0x03;
const ETHTOOL_GRINGPARAM: u32 = 0x10;
const ETHTOOL_GFLAGS: u32 = 0x25;
const ETH_FLAG_RXVLAN: u32 = 1 << 8;
const ETH_FLAG_LRO: u32 = 1 << 15;

/// What is known of an interface before anything is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Its index in this network namespace.
    pub index: u32,
    /// The host's own address on it.
    pub mac: Mac,
    /// Largest L3 packet.
    pub mtu: u32,
    /// The driver's name; empty if it tells none.
    pub driver: String,
    /// Whether it takes VLAN tags out of the frame (`rxvlan`).
    pub strips_tags: bool,
    /// Whether it merges frames (`lro`), which no counter could undo.
    pub merges_frames: bool,
    /// Receive ring: entries in use and at most, where the driver tells.
    pub rx_ring: Option<(u32, u32)>,
}

/// The kernel's own counters of what an interface received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NicCounters {
    /// Frames and bytes as the driver counts them.
    pub received: Counts,
    /// Frames that the driver or the stack could not take.
    pub dropped: u64,
}

impl Interface {
    /// Asks the kernel.
    ///
    /// # Errors
    /// [`Error::NoInterface`], [`Error::Interface`].
    pub fn find(name: &str) -> Result<Self, Error> {
        let asked = Asked::new(name)?;
        let index = asked.index()?;
        Ok(Self {
            name: name.to_owned(),
            index,
            mac: asked.mac()?,
            mtu: asked.mtu()?,
            driver: asked.driver().unwrap_or_default(),
            strips_tags: asked.flags() & ETH_FLAG_RXVLAN != 0,
            merges_frames: asked.flags() & ETH_FLAG_LRO != 0,
            rx_ring: asked.rx_ring(),
        })
    }

    /// Whether XDP misses tags on this interface. A veth hands frames over as they were written: its
    /// flag says only what a VLAN device on top may do.
    #[must_use]
    pub fn hides_tags(&self) -> bool {
        self.strips_tags && self.driver != "veth"
    }
}

/// The counters of an interface in this network namespace.
#[must_use]
pub fn nic_counters(name: &str) -> Option<NicCounters> {
    parse_counters(&fs::read_to_string("/proc/thread-self/net/dev").ok()?, name)
}

/// Names of all interfaces in this network namespace.
#[must_use]
pub fn names() -> Vec<String> {
    let table = fs::read_to_string("/proc/thread-self/net/dev").unwrap_or_default();
    table.lines().filter_map(|line| Some(line.split_once(':')?.0.trim().to_owned())).collect()
}

fn parse_counters(table: &str, name: &str) -> Option<NicCounters> {
    let of = |line: &str| Some(line.split_once(':').filter(|(found, _)| found.trim() == name)?.1.to_owned());
    let row = table.lines().find_map(of)?;
    let mut numbers = row.split_ascii_whitespace().map(|number| number.parse().unwrap_or(0));
    let (bytes, packets, _errors) = (numbers.next()?, numbers.next()?, numbers.next()?);
    Some(NicCounters { received: Counts { packets, bytes }, dropped: numbers.next()? })
}

/// One interface that is being asked, and the socket to ask by.
struct Asked<'a> {
    name: &'a str,
    socket: OwnedFd,
}

impl<'a> Asked<'a> {
    fn new(name: &'a str) -> Result<Self, Error> {
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

    fn index(&self) -> Result<u32, Error> {
        let missing = || Error::NoInterface { name: self.name.to_owned(), near: near(self.name, &names()) };
        if self.name.is_empty() || self.name.len() >= libc::IFNAMSIZ || self.name.contains('\0') {
            return Err(missing());
        }
        let mut request = self.request();
        self.ioctl(libc::SIOCGIFINDEX, &mut request).map_err(|_| missing())?;
        // SAFETY: SIOCGIFINDEX filled this field.
        Ok(unsafe { request.ifr_ifru.ifru_ifindex }.cast_unsigned())
    }

    fn mac(&self) -> Result<Mac, Error> {
        let request = self.ask(libc::SIOCGIFHWADDR, "its address")?;
        // SAFETY: SIOCGIFHWADDR filled this field.
        let address = unsafe { request.ifr_ifru.ifru_hwaddr };
        let [a, b, c, d, e, f, ..] = address.sa_data.map(i8::cast_unsigned);
        Ok(Mac([a, b, c, d, e, f]))
    }

    fn mtu(&self) -> Result<u32, Error> {
        let request = self.ask(libc::SIOCGIFMTU, "its MTU")?;
        // SAFETY: SIOCGIFMTU filled this field.
        Ok(unsafe { request.ifr_ifru.ifru_mtu }.cast_unsigned())
    }

    /// Hands `words` to ethtool, which fills them; `words[0]` is the command.
    fn ethtool<const N: usize>(&self, words: &mut [u32; N]) -> io::Result<()> {
        let mut request = self.request();
        request.ifr_ifru.ifru_data = words.as_mut_ptr().cast();
        self.ioctl(SIOCETHTOOL, &mut request)
    }

    fn flags(&self) -> u32 {
        let mut value = [ETHTOOL_GFLAGS, 0];
        self.ethtool(&mut value).map_or(0, |()| value[1])
    }

    /// `struct ethtool_drvinfo`: 196 bytes, the driver's name in bytes 4..36.
    fn driver(&self) -> Option<String> {
        let mut words = [0; 49];
        words[0] = ETHTOOL_GDRVINFO;
        self.ethtool(&mut words).ok()?;
        let name: Vec<u8> = words[1..9].iter().flat_map(|word| word.to_ne_bytes()).chain([0]).collect();
        Some(CStr::from_bytes_until_nul(&name).ok()?.to_string_lossy().into_owned())
    }

    /// `struct ethtool_ringparam`: nine words, the receive ring's bound first and its size fifth.
    fn rx_ring(&self) -> Option<(u32, u32)> {
        let mut words = [ETHTOOL_GRINGPARAM, 0, 0, 0, 0, 0, 0, 0, 0];
        self.ethtool(&mut words).ok()?;
        Some((words[5], words[1])).filter(|(size, _)| *size > 0)
    }
}

fn near(name: &str, names: &[String]) -> Option<String> {
    let scored = names.iter().map(|found| (strsim::damerau_levenshtein(name, found), found));
    scored.filter(|(distance, _)| *distance <= 2).min().map(|(_, found)| found.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_table_is_read_by_name() {
        let table = "Inter-|   Receive\n face |bytes packets\n    lo: 10 2 0 0 0 0 0 0 10 2\n eth0:1500 3 0 7 0 0 0 0 1 1\n";
        let counters = NicCounters { received: Counts { packets: 3, bytes: 1500 }, dropped: 7 };
        assert_eq!(parse_counters(table, "eth0"), Some(counters));
        assert_eq!(parse_counters(table, "eth"), None);
    }

    #[test]
    fn the_loopback_interface_is_found_by_name_and_a_missing_one_is_not() {
        let loopback = Interface::find("lo").expect("every namespace has one");
        assert_eq!((loopback.mac, loopback.index), (Mac::ZERO, 1));
        let error = Interface::find("l").expect_err("not there").to_string();
        assert!(error.ends_with("did you mean lo?"), "{error}");
        assert!(matches!(Interface::find("a-name-beyond-bounds"), Err(Error::NoInterface { .. })));
    }
}
