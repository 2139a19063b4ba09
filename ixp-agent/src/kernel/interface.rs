//! A network interface's name in, its numbers and offloads out.

mod asked;
mod statistics;

use std::fs;
use std::io;

use ixp_common::addr::Mac;
use ixp_common::counters::Counts;

use self::asked::Asked;
use self::statistics::parse;
pub use self::statistics::{Statistics, Way, statistics};
use super::Error;

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
            has_address: asked.has_ipv4() || has_wide_ipv6(&inet6(), name),
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
    let Way { bytes, packets, dropped, .. } =
        parse(&fs::read_to_string("/proc/thread-self/net/dev").ok()?, name)?.received;
    Some(NicCounters { received: Counts { packets, bytes }, dropped })
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

/// The kernel's table of IPv6 addresses in this network namespace.
fn inet6() -> String {
    fs::read_to_string("/proc/thread-self/net/if_inet6").unwrap_or_default()
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
