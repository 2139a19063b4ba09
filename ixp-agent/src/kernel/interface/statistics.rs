//! What the kernel counts of an interface, both ways, and in which state it is.

use std::fs;

use super::asked::Asked;

/// Of one interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// What came in.
    pub received: Way,
    /// Frames to groups that came in.
    pub multicast: u64,
    /// What went out.
    pub sent: Way,
    /// Bits per second, if the driver tells.
    pub speed: Option<u64>,
    /// Whether both directions are used at once, if the driver tells.
    pub is_full_duplex: Option<bool>,
    /// Whether it is switched on.
    pub is_up: bool,
    /// Whether there is a link.
    pub is_running: bool,
    /// Whether it takes frames for others, too.
    pub is_promiscuous: bool,
}

/// One direction of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Way {
    /// As the driver counts them.
    pub bytes: u64,
    /// Frames.
    pub packets: u64,
    /// Frames that were broken.
    pub errors: u64,
    /// Frames for which there was no room.
    pub dropped: u64,
}

/// Those of an interface in this network namespace.
#[must_use]
pub fn statistics(name: &str) -> Option<Statistics> {
    let counted = parse(&fs::read_to_string("/proc/thread-self/net/dev").ok()?, name)?;
    let asked = Asked::new(name).ok()?;
    let flags = asked.device_flags().ok()?;
    let (speed, is_full_duplex) = asked.link().unwrap_or_default();
    Some(Statistics {
        speed,
        is_full_duplex,
        is_up: flags & libc::IFF_UP != 0,
        is_running: flags & libc::IFF_RUNNING != 0,
        is_promiscuous: flags & libc::IFF_PROMISC != 0,
        ..counted
    })
}

/// The counters in a table as `/proc/net/dev`.
pub(super) fn parse(table: &str, name: &str) -> Option<Statistics> {
    let of =
        |line: &'_ str| Some(line.split_once(':').filter(|(found, _)| found.trim() == name)?.1.to_owned());
    let row = table.lines().find_map(of)?;
    let numbers: Vec<u64> = row.split_ascii_whitespace().map(|number| number.parse().unwrap_or(0)).collect();
    let [bytes, packets, errors, dropped, _fifo, _frame, _compressed, multicast, sent @ ..] =
        numbers.as_slice()
    else {
        return None;
    };
    let received = Way { bytes: *bytes, packets: *packets, errors: *errors, dropped: *dropped };
    let [bytes, packets, errors, dropped, ..] = sent else {
        return None;
    };
    let sent = Way { bytes: *bytes, packets: *packets, errors: *errors, dropped: *dropped };
    Some(Statistics { received, multicast: *multicast, sent, ..Statistics::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_of_the_kernels_table_has_its_place() {
        let table = "Inter-|   Receive                                                |  Transmit\n \
                     face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n  \
                     eth0:1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n eth01: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
        let read = parse(table, "eth0").expect("it is there");
        assert_eq!(read.received, Way { bytes: 1, packets: 2, errors: 3, dropped: 4 });
        assert_eq!(read.multicast, 8);
        assert_eq!(read.sent, Way { bytes: 9, packets: 10, errors: 11, dropped: 12 });
        assert_eq!(parse(table, "eth"), None);
    }

    #[test]
    fn the_loopback_interface_has_statistics_up_or_down() {
        let read = statistics("lo").expect("each namespace has one");
        assert!(read.is_up || read == Statistics::default(), "{read:?}");
        assert_eq!(statistics("no-such-one"), None);
    }
}
