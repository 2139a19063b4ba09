//! The capabilities of this process.

use std::fs;

use super::Error;

/// What `setcap` gives a binary that runs without root.
pub const SETCAP: &str = "cap_bpf,cap_net_admin,cap_perfmon+ep";

/// Numbers of `linux/capability.h`.
const NEEDED: [(&str, u32); 3] = [("CAP_NET_ADMIN", 12), ("CAP_PERFMON", 38), ("CAP_BPF", 39)];
/// Stands for CAP_BPF and CAP_PERFMON (capabilities(7)).
const SYS_ADMIN: u32 = 21;

/// Names of the needed capabilities that this process does not have.
#[must_use]
pub fn missing() -> Vec<&'static str> {
    let effective = fs::read_to_string("/proc/self/status").map_or(0, |status| effective(&status));
    missing_from(effective)
}

/// Says what is missing.
///
/// # Errors
/// [`Error::Privilege`].
pub fn check() -> Result<(), Error> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::Privilege { missing: missing.join(", ") })
}

fn effective(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    line.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok()).unwrap_or(0)
}

fn missing_from(effective: u64) -> Vec<&'static str> {
    let has = |bit: u32| effective >> bit & 1 == 1;
    let is_missing = |bit: u32| !(has(bit) || bit >= 38 && has(SYS_ADMIN));
    NEEDED.into_iter().filter(|(_, bit)| is_missing(*bit)).map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let status = "Name:\tx\nCapEff:\t0000000000001000\nCapBnd:\t000001ffffffffff\n";
        assert_eq!(missing_from(effective(status)), ["CAP_PERFMON", "CAP_BPF"]);
        assert_eq!(missing_from(effective("CapEff:\t000001ffffffffff")), [""; 0]);
        assert_eq!(missing_from(1 << 12 | 1 << 21), [""; 0]);
        assert_eq!(missing_from(effective("")).len(), 3);
    }
}
