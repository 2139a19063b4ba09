//! The corpora in: each rule that a frame decides has frames that break it, one that almost does, and one for each
//! way in which it could be evaded. The other rules have a test elsewhere, which is named and there.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use ixp_common::rules::Rule;
use ixp_tests::corpus::{self, Case};
use ixp_tests::evasion::Evasion::{self, Fragment, Headers, Odd, Padding, Tag, Tags};
use ixp_tests::evasion::of;

/// How a rule is tried.
enum Tried {
    /// By frames: those that almost break it, and how those that do may hide it.
    Frames(&'static [&'static str], &'static [Evasion]),
    /// By these tests: the file, and the test in it.
    Elsewhere(&'static [(&'static str, &'static str)]),
}

/// What is found by its EtherType has no length of its own.
const TYPED: &[Evasion] = &[Tag, Tags, Odd];
/// LLC and ARP say how long they are.
const SIZED: &[Evasion] = &[Tag, Tags, Odd, Padding];
/// IP has options and fragments, too.
const IP: &[Evasion] = &[Tag, Tags, Odd, Padding, Headers, Fragment];
/// A trailer is no part of a packet, so none is too large for it.
const LARGE: &[Evasion] = &[Tag, Tags, Odd, Headers, Fragment];

const RATES: (&str, &str) = ("tests/rates.rs", "each_class_passes_its_burst_and_then_its_rate");
const HIDDEN: (&str, &str) = ("tests/rates.rs", "no_class_is_evaded_by_tags_padding_or_headers");

fn tried(rule: Rule) -> Tried {
    use Tried::{Elsewhere, Frames};
    match rule {
        Rule::L01 => Frames(&["allowed-ipv4", "allowed-ipv6"], TYPED),
        Rule::L02 => Frames(&["ethertype-first"], SIZED),
        Rule::L03 => Frames(&["dot1x"], TYPED),
        Rule::L04 => Frames(&["vlan-priority-bits", "vlan-v6only"], SIZED),
        Rule::L05 => Frames(&["source-stranger"], SIZED),
        Rule::L06 => Elsewhere(&[
            ("tests/rules_ports.rs", "a_station_at_anothers_port_breaks_l06"),
            ("tests/rules_ports.rs", "a_station_at_its_own_port_breaks_nothing"),
        ]),
        Rule::L07 => Frames(&["arp-own-second-mac"], SIZED),
        Rule::L08 => Elsewhere(&[
            ("tests/rules_ports.rs", "a_station_that_moves_breaks_l08_with_its_first_frame"),
            ("tests/rules_ports.rs", "a_station_at_its_own_port_breaks_nothing"),
        ]),
        Rule::L09 => Frames(&["arp-own-target", "ns", "to-individual-of-that-oui"], IP),
        Rule::L10 => Frames(&["to-bridge-behind-last", "to-garp-before-first", "to-bridge-other-oui"], SIZED),
        Rule::L11 => Frames(&["llc-null", "to-bridge-first"], SIZED),
        Rule::L12 => Frames(&["dot1x", "ethertype-macsec"], TYPED),
        Rule::L13 => Frames(&["cdp-as-an-ethertype", "cgmp"], SIZED),
        Rule::L14 => Frames(&["snap-ipv4", "cgmp"], SIZED),
        Rule::L15 => Frames(&["tcp-port-5678", "tcp-port-20561"], IP),
        Rule::L16 => Frames(&["ethertype-loop-protect"], TYPED),
        Rule::L17 => Frames(&["decnet"], TYPED),
        Rule::L18 => Frames(&["ethertype-pppoe", "rip2"], IP),
        Rule::L19 => Frames(&["llc-netbeui"], SIZED),
        Rule::L20 => Frames(&["mtu-ipv4-fits", "mtu-ipv6-fits", "mtu-ipv4-with-a-trailer"], LARGE),
        Rule::L21 | Rule::L22 | Rule::A10 | Rule::N11 => Elsewhere(&[RATES, HIDDEN]),
        Rule::A01 => Frames(&["arp-own-request-junk-behind"], SIZED),
        Rule::A02 => Frames(&["arp-own-second-mac"], SIZED),
        Rule::A03 => Frames(&["arp-stranger-probe", "probe"], SIZED),
        Rule::A04 => Frames(&["arp-own-target"], SIZED),
        Rule::A05 => Frames(&["arp-own-second-mac-announces"], SIZED),
        Rule::A06 => Frames(&["arp-own-gratuitous-reply"], SIZED),
        Rule::A07 => Frames(&["arp-own-gratuitous-reply"], SIZED),
        Rule::A08 => Frames(&["gratuitous-for-itself", "arp-own-second-mac-announces"], SIZED),
        Rule::A09 => Elsewhere(&[
            (
                "../ixp-agent/src/events/incident/tests.rs",
                "two_that_claim_one_address_are_an_incident_and_count",
            ),
            (
                "../ixp-agent/src/events/incident/tests.rs",
                "a_claim_that_is_over_and_one_of_the_sponge_contradict_nobody",
            ),
        ]),
        Rule::A11 => Frames(&["arp-own-target"], SIZED),
        Rule::A12 => Elsewhere(&[(
            "../ixp-agent/src/policy/applicable.rs",
            "without_members_what_the_frame_itself_says_is_decided",
        )]),
        Rule::N01 => Frames(&["icmp-type-134", "ipv4-icmp6-type-134"], IP),
        Rule::N02 => Frames(&["ns-to-all-routers", "mld-done"], IP),
        Rule::N03 => Frames(&["icmp-type-137", "ipv4-icmp6-type-137"], IP),
        Rule::N04 => Frames(&["dad", "nud", "options-cut-transit"], IP),
        Rule::N05 => Frames(&["ns-link-local", "ns-free-target"], IP),
        Rule::N06 => Frames(&["ns-trailer-like-an-option", "redirect6-option"], IP),
        Rule::N07 => Frames(&["na-own-from-link-local"], IP),
        Rule::N08 => Frames(&["dad"], IP),
        Rule::N09 => Frames(&["ns-link-local"], IP),
        Rule::N10 => Frames(&["icmp-type-143", "ipv4-icmp6-type-143"], IP),
        Rule::I01 => Frames(&["broadcast-of-another-lan"], IP),
        Rule::I02 => Frames(&["no-bogon-223.255.255.255", "broadcast-limited"], IP),
        Rule::I03 => Frames(&["ipv6-icmp-type-5", "ipv6-icmp-type-9", "ipv6-icmp-type-10"], IP),
        Rule::I04 => Frames(&["tcp-port-67", "dhcp-later-fragment"], IP),
        Rule::I05 => Frames(&["tcp-port-520"], IP),
        Rule::I06 => Frames(&["igmp-query"], IP),
        Rule::I07 => Frames(&["glbp", "tcp-port-1985"], IP),
        Rule::I08 => Frames(&["ntp-between-routers", "tcp-port-5353", "sctp-port-5353"], IP),
        Rule::I09 => Frames(&["jumbo-on-link"], IP),
        Rule::I10 => Frames(&["destination-free"], IP),
        Rule::I11 => Frames(&["bgp-to-nobody-syn-ack", "bgp-port-as-the-source"], IP),
        Rule::I12 => Elsewhere(&[
            (
                "../ixp-agent/src/events/incident/tests.rs",
                "traffic_without_bgp_is_told_after_ten_minutes_and_counted",
            ),
            ("../ixp-agent/src/events/incident/tests.rs", "a_common_route_server_stands_for_a_session"),
        ]),
        Rule::I13 => Frames(&["no-bogon-9.255.255.255", "no-bogon-2001:db7::1"], IP),
    }
}

fn all() -> Vec<Case> {
    let corpora = [corpus::sinners(), corpus::by_hand(), corpus::transit()];
    corpora.into_iter().flat_map(|cases| cases.expect("the corpus is there")).collect()
}

/// What is missing of a rule's frames.
fn missing(rule: Rule, near: &[&str], evasions: &[Evasion], cases: &[Case]) -> Vec<String> {
    let breaks = |case: &&Case| case.expected.broken.contains(rule.name());
    let mut missing = Vec::new();
    let plain = BTreeSet::from([Tag, Odd]);
    if !cases.iter().filter(breaks).any(|case| of(&case.bytes).is_subset(&plain)) {
        missing.push(format!("{rule}: no plain frame breaks it"));
    }
    for name in near {
        let may_break = |case: &Case| breaks(&case) || case.expected.open.contains(rule.name());
        match cases.iter().find(|case| case.name == *name) {
            None => missing.push(format!("{rule}: no frame {name}")),
            Some(case) if may_break(case) => missing.push(format!("{rule}: {name} is no near miss")),
            Some(_) => {}
        }
    }
    let seen: BTreeSet<Evasion> = cases.iter().filter(breaks).flat_map(|case| of(&case.bytes)).collect();
    let unseen = evasions.iter().filter(|evasion| !seen.contains(evasion));
    missing.extend(unseen.map(|evasion| format!("{rule}: no frame hides it by {evasion:?}")));
    missing
}

#[test]
fn each_rule_has_frames_that_break_it_almost_break_it_and_hide_it() {
    let cases = all();
    let missing: Vec<String> = Rule::ALL
        .into_iter()
        .flat_map(|rule| match tried(rule) {
            Tried::Frames(near, evasions) => missing(rule, near, evasions, &cases),
            Tried::Elsewhere(_) => Vec::new(),
        })
        .collect();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn a_rule_that_no_frame_decides_has_its_tests_elsewhere() {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    for rule in Rule::ALL {
        let Tried::Elsewhere(tests) = tried(rule) else { continue };
        assert!(!tests.is_empty(), "{rule}");
        for (file, test) in tests {
            let text = fs::read_to_string(here.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            let is_there =
                text.split("#[test]").any(|part| part.trim_start().starts_with(&format!("fn {test}(")));
            assert!(is_there, "{rule}: no test {test} in {file}");
        }
    }
}
