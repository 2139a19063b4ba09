//! A members file in, a summary of it and all that was noticed out, as text.

use std::collections::HashSet;
use std::fmt::Write;

use comfy_table::{Table, presets};

use jiff::Timestamp;

use super::{Interface, Lan, MemberId, Registry, VlanTags, parse};
use crate::notice::Checked;

/// What `members check` prints at a time, and whether the agent would take the file.
#[must_use]
pub fn check(label: &str, text: &str, vlan_tags: &VlanTags, now: Timestamp) -> Checked {
    match parse(label, text, vlan_tags) {
        Err(errors) => Checked { text: format!("{errors}\n{label}: not usable\n"), usable: false },
        Ok((registry, notices)) => {
            let mut notices: Vec<String> = notices.iter().map(ToString::to_string).collect();
            notices.extend(registry.past_changes(now).map(|text| format!("{label}: {text}")));
            let mut text = String::new();
            for notice in &notices {
                text += &format!("{notice}\n");
            }
            text += &summary(label, &registry);
            text += &match notices.len() {
                0 => format!("{label}: usable\n"),
                1 => format!("{label}: usable, with 1 warning\n"),
                count => format!("{label}: usable, with {count} warnings\n"),
            };
            Checked { text, usable: true }
        }
    }
}

fn summary(label: &str, registry: &Registry) -> String {
    let macs: usize = registry.interfaces().iter().map(|interface| interface.macs.len()).sum();
    let counts = [
        count(registry.lans().len(), "LAN"),
        count(registry.members().len(), "member"),
        count(registry.interfaces().len(), "interface"),
        count(macs, "MAC"),
    ];
    let mut text = format!("{label}: {}\n", counts.join(", "));
    if !registry.lans().is_empty() {
        text += &lans(registry);
    }
    text += &places(registry);
    let silent = without_mac(registry);
    if !silent.is_empty() {
        text += "members without MAC, whose traffic is not matched:\n";
    }
    for id in silent {
        let member = registry.member(id);
        let line = format!("  {} {}", member.asn, member.name);
        text += &format!("{}\n", line.trim_end());
    }
    text
}

fn count(number: usize, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        _ => format!("{number} {noun}s"),
    }
}

fn lans(registry: &Registry) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["LAN", "VLAN", "IPv4", "IPv6", "members", "interfaces"]);
    for (at, lan) in registry.lans().iter().enumerate() {
        let here = || registry.interfaces().iter().filter(move |interface| interface.lan == at);
        let members: HashSet<MemberId> = here().map(|interface| interface.member).collect();
        table.add_row([
            lan.name.clone(),
            tag(lan),
            or_dash(lan.ipv4),
            or_dash(lan.ipv6),
            members.len().to_string(),
            here().count().to_string(),
        ]);
    }
    let mut text = String::new();
    for line in table.lines() {
        let _ = writeln!(text, " {}", line.trim_end());
    }
    text
}

/// How much a matrix by switch or facility can tell; nothing where neither is given.
fn places(registry: &Registry) -> String {
    let interfaces = registry.interfaces();
    let switches: Vec<&str> = interfaces.iter().filter_map(Interface::switch).collect();
    let facilities: Vec<&str> =
        interfaces.iter().filter_map(|interface| interface.facility.as_deref()).collect();
    let mut text = String::new();
    for (names, one, many) in [(switches, "switch", "switches"), (facilities, "facility", "facilities")] {
        let different = names.iter().collect::<HashSet<_>>().len();
        let noun = if different == 1 { one } else { many };
        if different > 0 {
            text += &format!(
                "at {different} {noun}: {} of {}\n",
                names.len(),
                count(interfaces.len(), "interface")
            );
        }
    }
    text
}

fn tag(lan: &Lan) -> String {
    lan.vlan.map_or_else(|| "any".to_owned(), |vlan| vlan.to_string())
}

fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

fn without_mac(registry: &Registry) -> Vec<MemberId> {
    let interfaces = registry.interfaces().iter();
    let seen: HashSet<MemberId> =
        interfaces.filter(|interface| !interface.macs.is_empty()).map(|interface| interface.member).collect();
    let all = (0u32..).map(MemberId).take(registry.members().len());
    all.filter(|id| !seen.contains(id)).collect()
}
