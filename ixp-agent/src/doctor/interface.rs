//! One interface as it is configured: what it can do, and what it would hide.

use ixp_common::policy::Deployment;

use super::Report;
use crate::config::{Attach, HiddenTags};
use crate::kernel::attach::consumes;
use crate::kernel::interface::Interface;

/// Drivers with native XDP in the kernel's tree.
const NATIVE: [&str; 24] = [
    "atlantic",
    "bnxt_en",
    "ena",
    "fec",
    "gve",
    "hv_netvsc",
    "i40e",
    "iavf",
    "ice",
    "igb",
    "igc",
    "ixgbe",
    "ixgbevf",
    "mlx4_en",
    "mlx5_core",
    "mvneta",
    "nfp",
    "qede",
    "sfc",
    "stmmaceth",
    "tun",
    "veth",
    "virtio_net",
    "vmxnet3",
];

/// Looks at an interface without touching it.
pub(super) fn examine(report: &mut Report, attach: &Attach) {
    let name = attach.interface.as_str();
    let interface = match Interface::find(name) {
        Ok(interface) => interface,
        Err(error) => return report.missing(name, "not there", error.to_string()),
    };
    hook(report, &interface);
    tags(report, &interface, attach.hidden_tags);
    if interface.merges_frames {
        let fix = format!("ethtool -K {name} lro off");
        report.warning(&format!("{name} lro"), "on: merged frames are counted as one", fix);
    }
    ring(report, &interface);
    if attach.deployment == Deployment::Tap {
        stack(report, &interface, attach.consume);
    }
}

fn hook(report: &mut Report, interface: &Interface) {
    let what = format!("{} XDP", interface.name);
    let driver = if interface.driver.is_empty() { "unknown" } else { &interface.driver };
    if interface.is_aggregate() {
        let found = format!("an aggregate ({driver}): the kernel runs XDP on the interfaces below it");
        report.missing(&what, found, "attach to each of those instead");
    } else if NATIVE.contains(&driver) {
        report.ok(&what, format!("driver {driver} has native XDP"));
    } else {
        let found = format!("driver {driver} has no native XDP: generic mode, which is slower");
        report.warning(&what, found, "use a NIC whose driver has it, if frames are lost");
    }
}

fn tags(report: &mut Report, interface: &Interface, hidden_tags: HiddenTags) {
    let what = format!("{} tags", interface.name);
    let fix = format!("ethtool -K {} rxvlan off", interface.name);
    if interface.is_veth() {
        let found = "seen if its peer writes them into the frame, which cannot be told from here";
        return report.warning(&what, found, "ethtool -K PEER txvlan off, if there are tags");
    }
    match (interface.hides_tags(), hidden_tags) {
        (false, _) => report.ok(&what, "rxvlan is off"),
        (true, HiddenTags::Accept) => {
            report.warning(&what, "rxvlan hides them, accepted by configuration", fix);
        }
        (true, HiddenTags::Refuse) => report.missing(&what, "rxvlan hides them from XDP", fix),
    }
}

fn ring(report: &mut Report, interface: &Interface) {
    let what = format!("{} ring", interface.name);
    match interface.rx_ring {
        Some((size, most)) if size < most => {
            let fix = format!("ethtool -G {} rx {most}", interface.name);
            report.warning(&what, format!("{size} of {most} entries: bursts may be lost"), fix);
        }
        Some((size, _)) => report.ok(&what, format!("{size} entries")),
        None => report.ok(&what, "the driver tells no size"),
    }
}

fn stack(report: &mut Report, interface: &Interface, consume: Option<bool>) {
    let what = format!("{} stack", interface.name);
    match (consumes(Deployment::Tap, consume, interface), interface.has_address) {
        (true, false) => report.ok(&what, "counted frames end here"),
        (true, true) => report.warning(
            &what,
            "counted frames end here, ARP, ND and DHCP of the host's own address included",
            "consume = false, if the host is managed by this interface",
        ),
        (false, _) => report.warning(
            &what,
            "counted frames also go up the host's stack, which costs more than counting",
            "consume = true, unless the host or another program needs them",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_interface_is_missing_with_its_fix() {
        let mut report = Report::default();
        examine(&mut report, &Attach::new("lp".parse().expect("a name")));
        assert!(report.is_missing_something());
        assert!(report.to_string().contains("did you mean lo?"), "{report}");
    }

    #[test]
    fn a_tap_with_the_hosts_address_leaves_the_host_its_frames() {
        let mut report = Report::default();
        examine(&mut report, &Attach::new("lo".parse().expect("a name")));
        assert!(report.to_string().contains("also go up the host's stack"), "{report}");
    }
}
