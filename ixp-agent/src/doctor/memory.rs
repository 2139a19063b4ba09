//! What the tables take: the kernel's as it says itself, the window's by its bound.

use std::fs;

use super::Report;
use crate::config::Config;
use crate::kernel::load::Capacity;

/// A count of a pair in a step: an id and two counters.
const RECORD_BYTES: u64 = 20;
/// A place for a cell of a CPU: what was told of it (16) and its pair's number (4).
const PLACE_BYTES: u64 = 20;
/// A pair: what was told of it in either hash (16 bytes each, and as much again where the list has just grown), its
/// number (21, and as much again), what it grew by (24), its key twice (32), its two sides (8), its sum in the open
/// step (16) and whether it is to speak BGP (1).
const PAIR_BYTES: u64 = 2 * 2 * 16 + 2 * 21 + 24 + 32 + 8 + 16 + 1;
/// A side of a pair: who it is (20), its number (17, and as much again), its sums (32) and its place among those
/// that have one (4).
const SIDE_BYTES: u64 = 20 + 2 * 17 + 32 + 4;

/// The memory that the kernel charges for this process's maps, read from their file descriptors.
pub(super) fn maps(report: &mut Report) {
    let fds = fs::read_dir("/proc/self/fdinfo").into_iter().flatten().flatten();
    let texts = fds.filter_map(|fd| fs::read_to_string(fd.path()).ok());
    let bytes: u64 = texts.filter_map(|text| map_bytes(&text)).sum();
    report
        .ok("kernel memory", format!("{} for this configuration's tables, taken at the start", size(bytes)));
}

/// The bound that the window never exceeds.
pub(super) fn window(report: &mut Report, config: &Config) {
    let capacity = Capacity { pairs: config.counting.pairs, stations: config.counting.stations };
    let places = match capacity.places() {
        Ok(places) => places,
        Err(error) => return report.warning("agent memory", error.to_string(), "mount /sys"),
    };
    let pairs = u64::from(capacity.pairs) + u64::from(capacity.stranger_pairs());
    let bytes =
        config.window.records * RECORD_BYTES + places * PLACE_BYTES + pairs * (PAIR_BYTES + 2 * SIDE_BYTES);
    let found = format!(
        "at most {} for the last {:#} in steps of {:#}, taken as pairs appear",
        size(bytes),
        config.window.keep,
        config.window.step
    );
    report.ok("agent memory", found);
}

fn map_bytes(fdinfo: &str) -> Option<u64> {
    fdinfo.lines().find(|line| line.starts_with("map_type:"))?;
    fdinfo.lines().find_map(|line| line.strip_prefix("memlock:"))?.trim().parse().ok()
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_maps_are_counted() {
        let map = "pos:\t0\nmap_type:\t5\nmax_entries:\t1024\nmemlock:\t4096\n";
        assert_eq!(map_bytes(map), Some(4096));
        assert_eq!(map_bytes("pos:\t0\nprog_type:\t6\nmemlock:\t4096\n"), None);
    }
}
