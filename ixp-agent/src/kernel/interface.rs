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
    /// Whether the host is reached by it: it has an IPv4 address, or an IPv6 one beyond link scope.
    pub has_address: bool,
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
            has_address: asked.has_address(),
        })
    }

    /// Whether XDP misses tags on this interface. A veth takes none out: what its peer's `txvlan`
    /// leaves out of the frame is not told by any flag on this side.
    #[must_use]
    pub fn hides_tags(&self) -> bool {
        self.strips_tags && !self.is_veth()
    }

    /// Whether it is one end of a pair.
    #[must_use]
    pub fn is_veth(&self) -> bool {
        self.driver == "veth"
    }

    /// Whether the kernel runs the program on the devices below it, under their indices and not its own.
    #[must_use]
    pub fn is_aggregate(&self) -> bool {
        matches!(self.driver.as_str(), "bonding" | "team")
    }
}

/// The counters of an interface in this network namespace.
#[must_use]
pub fn nic_counters(name: &str) -> Option<NicCounters> {
    parse_counters(&fs::read_to_string("/proc/thread-self/net/dev").ok()?, name)
}

/// Whether there still is an interface of this index, whatever its name. In doubt it is there: that
/// it could not be asked about does not take it away.
#[must_use]
pub fn exists(index: u32) -> bool {
    let mut name = [0; libc::IF_NAMESIZE];
    // SAFETY: the kernel writes at most `IF_NAMESIZE` bytes into `name`.
    let found = unsafe { libc::if_indextoname(index, name.as_mut_ptr()) };
    !found.is_null() || io::Error::last_os_error().raw_os_error() != Some(libc::ENXIO)
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

    fn has_address(&self) -> bool {
        let table = fs::read_to_string("/proc/thread-self/net/if_inet6").unwrap_or_default();
        self.ask(libc::SIOCGIFADDR, "its IPv4 address").is_ok() || has_wide_ipv6(&table, self.name)
    }

    /// Sets or clears `IFF_PROMISC`; gives whether it was set.
    fn set_promiscuous(&self, on: bool) -> Result<bool, Error> {
        let mut request = self.ask(libc::SIOCGIFFLAGS, "its flags")?;
        // SAFETY: SIOCGIFFLAGS filled this field.
        let flags = i32::from(unsafe { request.ifr_ifru.ifru_flags });
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

/// Whether a line of `if_inet6` (address, index, prefix length, scope, flags, name) gives the
/// interface an address beyond link scope (0x20).
fn has_wide_ipv6(table: &str, name: &str) -> bool {
    let fields = |line: &str| line.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>();
    table
        .lines()
        .map(fields)
        .any(|line| matches!(line.as_slice(), [_, _, _, scope, _, found] if found == name && scope != "20"))
}

/// An interface that takes frames for any address, as long as this lives.
#[derive(Debug)]
pub struct Promiscuous {
    name: String,
}

impl Promiscuous {
    /// Makes it so; `None` if it was so already, and then stays so.
    ///
    /// # Errors
    /// [`Error::Interface`].
    pub fn set(name: &str) -> Result<Option<Self>, Error> {
        let was_set = Asked::new(name)?.set_promiscuous(true)?;
        Ok((!was_set).then(|| Self { name: name.to_owned() }))
    }
}

impl Drop for Promiscuous {
    fn drop(&mut self) {
        // An interface that is gone needs no flag.
        let _gone: Result<bool, Error> =
            Asked::new(&self.name).and_then(|asked| asked.set_promiscuous(false));
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
    fn a_link_scope_address_reaches_nobody() {
        let table = "fe80000000000000 02 40 20 80   eth0\n20010db800010000 03 40 00 80   eth1\n";
        assert!(!has_wide_ipv6(table, "eth0"));
        assert!(has_wide_ipv6(table, "eth1"));
    }

    #[test]
    fn an_index_that_no_interface_has_does_not_exist() {
        assert!(exists(1));
        assert!(!exists(0x7fff_ffff));
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
