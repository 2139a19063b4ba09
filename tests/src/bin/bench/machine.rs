//! Where figures were measured: they mean nothing without it.

use std::fs;

use serde::Serialize;

/// What shapes the figures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Machine {
    /// Release of the kernel.
    pub(crate) kernel: String,
    /// The CPU's name.
    pub(crate) cpu: String,
    /// How many of them there are.
    pub(crate) cpus: usize,
    /// Whether programs are compiled to machine code.
    pub(crate) jit: String,
    /// What an indirect call costs extra.
    pub(crate) spectre_v2: String,
}

/// Asks the kernel. What it does not tell is `unknown`.
pub(crate) fn facts() -> Machine {
    let table = read("/proc/cpuinfo");
    let named = table.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    Machine {
        kernel: read("/proc/sys/kernel/osrelease"),
        cpu: named.map_or("unknown".to_owned(), |(_, name)| name.trim().to_owned()),
        cpus: table.lines().filter(|line| line.starts_with("processor")).count(),
        jit: match read("/proc/sys/net/core/bpf_jit_enable").as_str() {
            "0" => "off".to_owned(),
            "1" | "2" => "on".to_owned(),
            other => other.to_owned(),
        },
        spectre_v2: read("/sys/devices/system/cpu/vulnerabilities/spectre_v2"),
    }
}

fn read(file: &str) -> String {
    fs::read_to_string(file).map_or("unknown".to_owned(), |text| text.trim().to_owned())
}
