//! Sins do not get in each other's way, and each frame is what its standard says, byte by byte.

use std::collections::BTreeSet;

use super::*;

#[test]
fn each_sin_has_a_member_of_its_own_after_the_others() {
    let sins = catalogue(6, Mode::Inline);
    let sinners: BTreeSet<u8> = sins.iter().map(|sin| sin.sinner.number).collect();
    assert_eq!(sinners, (7..=29).collect::<BTreeSet<u8>>());
    assert_eq!(sins.len(), sinners.len());
}

#[test]
fn a_listener_tells_all_sins_apart() {
    let sins = catalogue(6, Mode::Inline);
    let mut heads = BTreeSet::new();
    for sin in &sins {
        let own: BTreeSet<_> = sin.frames.iter().map(|frame| &frame[..14]).collect();
        assert!(own.iter().all(|head| heads.insert(head.to_vec())), "{}", sin.name);
    }
}

#[test]
fn a_frame_claims_to_be_of_whom_the_sin_says() {
    for sin in catalogue(6, Mode::Inline) {
        for frame in &sin.frames {
            let source = Mac(frame[6..12].try_into().unwrap());
            assert!(sin.is_by(Some(source)), "{}: {source}", sin.name);
        }
    }
}

#[test]
fn without_ports_no_rule_goes_by_them() {
    let rules = |mode| catalogue(2, mode).into_iter().flat_map(|sin| sin.rules).map(|(rule, _)| rule);
    assert!(rules(Mode::Inline).any(|rule| rule == Rule::L06));
    assert!(!rules(Mode::Tap).any(|rule| matches!(rule, Rule::L06 | Rule::L08)));
    let parts = |mode| catalogue(2, mode).into_iter().filter_map(|sin| sin.part).map(|part| part.of);
    assert!(parts(Mode::Inline).any(|incident| incident == Incident::MacMove));
    assert!(!parts(Mode::Tap).any(|incident| incident == Incident::MacMove));
}

#[test]
fn a_frame_reaches_whom_it_is_for_or_all_if_nobody_knows_its_destination() {
    let sins = catalogue(2, Mode::Inline);
    let reaching = |name: &str, sent| {
        let sin = sins.iter().find(|sin| sin.name == name).unwrap();
        [1, 2].map(|number| sin.reaching(Station { number }, sent))
    };
    assert_eq!(reaching("proxy ARP", 50), [50, 0]);
    assert_eq!(reaching("RA", 50), [50, 50]);
    assert_eq!(reaching("MAC flood", 10_000), [10_000, 10_000]);
    assert_eq!(reaching("no BGP", 241), [121, 121]);
}

/// The first frame of a sin among those of two members; padding to 60 bytes is left out of `expected`, and blanks mean
/// nothing.
#[track_caller]
fn check(name: &str, frame: usize, expected: &str) {
    let sins = catalogue(2, Mode::Inline);
    let sin = sins.iter().find(|sin| sin.name == name).unwrap();
    let bare: String = expected.split_whitespace().collect();
    let bytes = (0..bare.len()).step_by(2).map(|at| u8::from_str_radix(&bare[at..at + 2], 16).unwrap());
    let mut bytes: Vec<u8> = bytes.collect();
    bytes.resize(bytes.len().max(60), 0);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(hex(&sin.frames[frame]), hex(&bytes));
}

/// RFC 826: hardware type, protocol type, lengths, operation; sender, target.
#[test]
fn arp_is_that_of_rfc_826() {
    let reply =
        "020000000001 020000000003 0806 0001 0800 06 04 0002 020000000003 c00002fa 020000000001 c0000201";
    check("proxy ARP", 0, reply);
    let own =
        "ffffffffffff 02000000000d 0806 0001 0800 06 04 0001 02000000000d c000020d 000000000000 c000020d";
    check("broadcast storm", 0, own);
    let ask =
        "ffffffffffff 02000000000f 0806 0001 0800 06 04 0001 02000000000f c000020f 000000000000 c00002e6";
    check("ARP sweep", 0, ask);
    let claim =
        "ffffffffffff 020000000016 0806 0001 0800 06 04 0001 020000000016 c00002fb 000000000000 c00002fb";
    check("duplicate IP", 0, claim);
    let robbed =
        "ffffffffffff 020000000015 0806 0001 0800 06 04 0001 020000000015 c0000215 000000000000 c0000215";
    check("(robbed of MAC)", 0, robbed);
}

/// RFC 4861 §4.1 to §4.4: an IPv6 header with hop limit 255, type, code, checksum, body, options of 8 bytes.
#[test]
fn neighbour_discovery_is_that_of_rfc_4861() {
    let na = "333300000001 020000000004 86dd 60000000 0020 3a ff
        20010db8000100000000000000000004 ff020000000000000000000000000001
        88 00 CHCK 20000000 20010db8000100000000000000000005 02 01 020000000004";
    check("spoofed NA", 0, &na.replace("CHCK", &sum("spoofed NA")));
    let ra = "333300000001 020000000005 86dd 60000000 0018 3a ff
        fe800000000000000000000000000005 ff020000000000000000000000000001
        86 00 CHCK 40 00 0708 00000000 00000000 01 01 020000000005";
    check("RA", 0, &ra.replace("CHCK", &sum("RA")));
    let answer = ra.replace("020000000005", "020000000011").replace("0000000005 ff02", "0000000011 ff02");
    check("RA when asked", 0, &answer.replace("CHCK", &sum("RA when asked")));
    let rs = "333300000002 020000000006 86dd 60000000 0010 3a ff
        fe800000000000000000000000000006 ff020000000000000000000000000002
        85 00 CHCK 00000000 01 01 020000000006";
    check("RS", 0, &rs.replace("CHCK", &sum("RS")));
    let ns = "3333ffff0000 020000000010 86dd 60000000 0020 3a ff
        20010db8000100000000000000000010 ff0200000000000000000001ffff0000
        87 00 CHCK 00000000 20010db8000100000000000000ff0000 01 01 020000000010";
    check("NS sweep", 0, &ns.replace("CHCK", &sum("NS sweep")));
}

/// The checksum as it stands in the frame, once it is known to be right: RFC 1071 over RFC 8200's pseudo-header and
/// message is all ones.
fn sum(name: &str) -> String {
    let sins = catalogue(2, Mode::Inline);
    let frame = &sins.iter().find(|sin| sin.name == name).unwrap().frames[0];
    let end = 54 + usize::from(u16::from_be_bytes([frame[18], frame[19]]));
    let words = |bytes: &[u8]| -> u32 {
        bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0))).sum()
    };
    let mut sum = words(&frame[22..54]) + words(&frame[54..end]) + u32::try_from(end - 54).unwrap() + 58;
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    assert_eq!(sum, 0xffff, "{name}");
    format!("{:02x}{:02x}", frame[56], frame[57])
}

/// IEEE 802.1D §9.3.1: LLC 42-42-03, then protocol, version, type, flags, root, cost, bridge, port, four times.
#[test]
fn a_bpdu_is_that_of_802_1d() {
    let bpdu =
        "0180c2000000 020000000007 0026 424203 0000 00 00 00 8000020000000007 00000000 8000020000000007 8001
        0000 1400 0200 0f00";
    check("STP", 0, bpdu);
}

/// IEEE 802.1AX §6.4.2.3: subtype 1, version 1; actor (1, 20 bytes), partner (2, 20), collector (3, 16); reserved.
#[test]
fn a_lacpdu_is_that_of_802_1ax() {
    let actor = "01 14 ffff 020000000008 0001 ffff 0001 3d 000000";
    let partner = "02 14 000000000000 000000000000 000000000000";
    let rest = format!("03 10 {} 0000 {}", "00".repeat(14), "00".repeat(50));
    check("LACP", 0, &format!("0180c2000002 020000000008 8809 01 01 {actor} {partner} {rest}"));
}

/// IEEE 802.1AB §8.5: chassis by MAC address, port by name, time to live, end.
#[test]
fn an_lldpdu_is_that_of_802_1ab() {
    check("LLDP", 0, "0180c200000e 020000000009 88cc 0207 04 020000000009 0405 05 78652d30 0602 0078 0000");
}

/// SNAP 00-00-0c 0x2000; version 2, 180 s, checksum, device id.
#[test]
fn cdp_is_snap_of_cisco() {
    check("CDP", 0, "01000ccccccc 02000000000a 0016 aaaa03 00000c 2000 02 b4 afea 0001 000a 726f75746572");
}

/// RFC 2131 §2, RFC 1542 §2.1: BOOTREQUEST to everybody from 68 to 67, 300 bytes, DHCPDISCOVER.
#[test]
fn a_discover_is_that_of_rfc_2131() {
    let header =
        "ffffffffffff 02000000000b 0800 45000148 0000 0000 40 11 79a6 00000000 ffffffff 0044 0043 0134 0000";
    let fixed = format!("01 01 06 00 0000000b {} 02000000000b", "00".repeat(20));
    let rest = format!("{} 63825363 350101 ff {}", "00".repeat(202), "00".repeat(56));
    check("DHCP", 0, &format!("{header} {fixed} {rest}"));
}

/// RFC 2328 §A.3.1, §A.3.2: version 2, hello, 44 bytes, router, area, checksum, no authentication; mask, interval,
/// options, priority, dead interval; to AllSPFRouters with a TTL of 1.
#[test]
fn a_hello_is_that_of_rfc_2328() {
    let header = "01005e000005 02000000000c 0800 45000040 0000 0000 01 59 1754 c000020c e0000005";
    let hello = "02 01 002c c000020c 00000000 3a92 0000 0000000000000000 ffffff00 000a 02 01 00000028 00000000 00000000";
    check("OSPF", 0, &format!("{header} {hello}"));
}

/// RFC 791, RFC 768: a datagram of another's, to a station of nobody or of one without BGP.
#[test]
fn transit_is_udp_over_ipv4() {
    let udp = format!("1389 1389 001a 0000 {}", "00".repeat(18));
    let flood =
        format!("027700000001 026600000000 0800 4500002e 0000 0000 40 11 1489 c6336401 cb007101 {udp}");
    check("MAC flood", 0, &flood);
    let theft =
        format!("027700000001 020000000015 0800 4500002e 0000 0000 40 11 7ca8 c0000215 cb007101 {udp}");
    check("MAC move", 0, &theft);
    let payload = format!("1389 1389 006c 0000 {}", "00".repeat(100));
    let silent =
        format!("020000000019 020000000018 0800 45000080 0000 0000 40 11 f63b c0000218 c0000219 {payload}");
    check("no BGP", 1, &silent);
}
