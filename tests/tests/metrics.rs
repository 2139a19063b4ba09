//! The metrics page is what Prometheus' own checker takes for one.

use std::collections::BTreeMap;
use std::env;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use ixp_agent::intake::{Exporter, Exporters, Room};
use ixp_agent::live::{Live, PortState, Roster, Sampled};
use ixp_agent::matrix::Window;
use ixp_agent::members::{self, VlanTags};
use ixp_agent::metrics::{Build, render};
use ixp_agent::pairs::PairBook;
use ixp_agent::snapshot::{Delta, Estimate, Port, Snapshot};
use ixp_agent::stations::Inventory;
use ixp_common::addr::{Family, Mac, VlanId};
use ixp_common::counters::{Counts, Outcome, PairKey, RuleCounts, RuleKey, StationKey};
use ixp_common::frame::{Malformed, Oddity};
use ixp_common::policy::Deployment;
use ixp_common::rules::Rule;
use jiff::{SignedDuration, Timestamp};

const MEMBERS: &str = r#"
[[lan]]
name = "peering"
[[member]]
asn = 64500
name = "Example \"Networks\""
[[member.interface]]
lan = "peering"
macs = ["02:00:00:00:00:01"]
"#;

const BUILD: Build = Build { version: "1.2.3", revision: "abc" };

fn port() -> PortState {
    let three = Counts { packets: 3, bytes: 200 };
    let mut counted = Port {
        malformed: [(Malformed::Ipv4Version, Counts::frame(60))].into(),
        odd: [(Oddity::ThirdTag, Counts::frame(60))].into(),
        ..Port::default()
    };
    counted.counters.seen = three;
    counted.counters.would_drop = Counts::frame(60);
    counted.counters.events_lost = 4;
    PortState {
        name: "eth1".to_owned(),
        driver: "veth".to_owned(),
        mtu: 1500,
        deployment: Deployment::Tap,
        xdp: "native",
        xdp_reason: None,
        lan: None,
        port: None,
        sampling_rate: 1024,
        is_attached: true,
        counted,
        nic: None,
    }
}

/// An agent that has counted one frame of each kind.
fn page() -> String {
    let (registry, _) = members::parse("members.toml", MEMBERS, &VlanTags::new()).expect("it is sound");
    let window = Window::new(SignedDuration::from_secs(10), SignedDuration::from_hours(1), 100);
    let mut live = Live::new(Timestamp::UNIX_EPOCH, window, Inventory::new(10));
    live.ports.insert(1, port());
    live.in_force.inapplicable.insert(Rule::L06, "no port is configured".to_owned());
    let member = Mac([2, 0, 0, 0, 0, 1]);
    let mut book = PairBook::default();
    let mut cell = |source, destination, family| {
        (book.id(&PairKey::new(VlanId::UNTAGGED, source, destination, family)), Counts::frame(64))
    };
    let pairs = vec![cell(member, Mac([4; 6]), Family::Ipv4), cell(member, Mac::BROADCAST, Family::Arp)];
    let mut broken = RuleCounts::default();
    broken.add_frame(60, Outcome::WouldDrop);
    let key = |mac| RuleKey::new(StationKey::new(VlanId::UNTAGGED, mac), Rule::N01 as u8);
    let rules = BTreeMap::from([(key(member), broken), (key(Mac([4; 6])), broken)]);
    let delta = Delta { pairs, rules, ..Delta::default() };
    let snapshot = Snapshot { ports: BTreeMap::from([(1, port().counted)]), ..Snapshot::default() };
    let roster = Roster { registry, loaded: Some(Timestamp::UNIX_EPOCH), ..Roster::default() };
    let roster = Arc::new(roster);
    live.absorb(Timestamp::UNIX_EPOCH, &delta, &book, &snapshot, &roster);
    live.drained(Duration::from_micros(400));
    live.sampled = Some(sampled(&roster));
    render(&live, &roster, BUILD).expect("it is written")
}

/// What a switch sampled of a member, and how well it was heard.
fn sampled(roster: &Arc<Roster>) -> Sampled {
    let switch = IpAddr::from([192, 0, 2, 1]);
    let window = Window::new(SignedDuration::from_secs(10), SignedDuration::from_hours(1), 100);
    let room = Room { members: 9, strangers: 1 };
    let mut sampled = Sampled::new(SocketAddr::from(([127, 0, 0, 1], 6343)), window, room);
    let key = PairKey::new(VlanId::UNTAGGED, Mac([2, 0, 0, 0, 0, 1]), Mac([4; 6]), Family::Ipv4);
    let delta = Delta { pairs: vec![(key, Estimate::sample(1000, 64))], ..Delta::default() };
    sampled.absorb(Timestamp::UNIX_EPOCH, delta, roster);
    sampled.hearing.exporters = Exporters::new([Exporter::new(switch, None, None)]).health();
    sampled
}

#[test]
fn promtool_finds_nothing_to_say_about_the_metrics() {
    let promtool = env::var_os("IXP_PROMTOOL").unwrap_or_else(|| "promtool".into());
    let mut checker = Command::new(&promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("{}: {error}; `cargo xtask test` fetches it", Path::new(&promtool).display())
        });
    checker.stdin.take().expect("it is piped").write_all(page().as_bytes()).expect("it reads");
    let said = checker.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&said.stderr).into_owned() + &String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success() && text.trim().is_empty(), "{text}");
}

#[test]
fn a_members_counters_have_its_number_family_and_direction() {
    let page = page();
    for line in [
        r#"ixp_member_packets_total{asn="64500",direction="sent",family="ipv4"} 1"#,
        r#"ixp_member_bytes_total{asn="64500",direction="sent",family="arp"} 64"#,
        r#"ixp_unknown_bytes_total{direction="received",family="ipv4"} 64"#,
        r#"ixp_member_info{asn="64500",name="Example \"Networks\""} 1"#,
        r#"ixp_malformed_packets_total{interface="eth1",reason="ipv4-version"} 1"#,
        r#"ixp_seen_bytes_total{interface="eth1"} 200"#,
        r#"ixp_sampling_rate{interface="eth1"} 1024"#,
        r#"ixp_rule_packets_total{action="would_drop",rule="N01"} 2"#,
        r#"ixp_rule_packets_total{action="dropped",rule="N01"} 0"#,
        r#"ixp_rule_member_packets_total{asn="64500",rule="N01"} 1"#,
        r#"ixp_would_drop_bytes_total{interface="eth1"} 60"#,
        r#"ixp_events_lost_total{stage="ring"} 4"#,
        r#"ixp_incidents_open 0"#,
        r#"ixp_agent_drain_duration_seconds_bucket{le="0.0005"} 1"#,
    ] {
        assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
    }
}

#[test]
fn a_rule_that_cannot_be_decided_is_not_zero() {
    let page = page();
    let of = |rule: &str| page.lines().filter(|line| line.contains(&format!("rule=\"{rule}\""))).count();
    assert_eq!((of("L05"), of("L06")), (3, 0));
}
