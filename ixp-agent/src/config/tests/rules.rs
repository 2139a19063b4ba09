//! `[policy]`: what it says, what is refused, and a policy in a file of its own.

use super::*;
use crate::members::Asn;
use crate::policy::{LanKind, Policy, Profile, Rate, Webhook};
use ixp_common::rules::{Rule, RuleAction, RuleSet};

fn read(text: &str) -> Result<Policy, String> {
    policy::read(Path::new("etc/policy.toml"), text).map_err(|error| error.to_string())
}

const FULL: &str = r#"
profile = "enforce"
ethertypes = ["0x0800", "0x88e5"]
allow_lacp = true
route_servers = [64999]
rules = { N10 = "off", l20 = "drop", L11 = "drop" }
[limits]
arp = { rate = 3 }
sweep_targets = 100
[[member]]
asn = 64500
rules = { L12 = "observe" }
[[lan]]
lan = "multicast"
kind = "multicast"
[[exempt]]
name = "ARP sponge"
macs = ["02:00:00:00:00:01"]
rules = ["A05", "A10"]
[[exempt]]
name = "monitor"
macs = ["02:00:00:00:00:02"]
[webhook]
url_file = "hook"
"#;

#[test]
fn a_policy_says_what_differs_from_the_usual() {
    let policy = read(FULL).unwrap();
    assert_eq!(policy.profile, Profile::Enforce);
    assert_eq!(policy.ethertypes.iter().map(|ethertype| ethertype.0).collect::<Vec<_>>(), [0x0800, 0x88e5]);
    assert!(policy.allow_lacp && policy.route_servers.contains(&Asn(64999)));
    assert_eq!(policy.rules, [(Rule::L20, RuleAction::Drop), (Rule::N10, RuleAction::Off)].into());
    assert_eq!(policy.limits.arp, Rate { rate: 3, burst: 100 });
    assert_eq!(policy.sweep_targets, Some(100));
    assert_eq!(policy.members[&Asn(64500)], [(Rule::L12, RuleAction::Observe)].into());
    assert_eq!(policy.lans["multicast"].kind, LanKind::Multicast);
    let exempted: Vec<_> = policy.exempt.iter().map(|exempt| exempt.rules).collect();
    assert_eq!(exempted, [Some(RuleSet::of(&[Rule::A05, Rule::A10])), None]);
    assert_eq!(policy.webhook, Some(Webhook::File("etc/hook".into())));
    assert_eq!(read("").unwrap(), Policy::default());
}

#[test]
fn a_policy_is_also_found_in_a_configuration() {
    let inside = FULL
        .replace("[[", "[[policy.")
        .replace("[limits", "[policy.limits")
        .replace("[webhook", "[policy.webhook");
    assert_eq!(read(&format!("[policy]\n{inside}")), read(FULL));
    assert_eq!(read("[sampling]\nrate = 1\n"), Ok(Policy::default()));
}

#[test]
fn a_bad_rule_is_told_what_to_write() {
    check(
        "[policy]\nrules = { N1 = \"off\", X01 = \"off\" }\n",
        &[
            r#"c:2: "N1" is no rule; write L01 to L22, A01 to A12, N01 to N11 or I01 to I13; did you mean "N01"?"#,
            r#"c:2: "X01" is no rule; write L01 to L22, A01 to A12, N01 to N11 or I01 to I13; did you mean "L01"?"#,
        ],
    );
    check(
        "[policy.rules]\nN01 = \"block\"\nn02 = \"off\"\nN02 = \"off\"\nA09 = \"drop\"\nA12 = \"alert\"\n",
        &[
            r#"c:2: "block" is no value of "N01", which takes one of "off", "observe", "alert", "limit", "drop""#,
            "c:3: N02 has an action already; write it once",
            r#"c:5: A09 (two MACs claim one address) is found when its frames have passed; write "alert", "observe" or "off""#,
            "c:6: A12 (answer to an ARP probe) is about programs that answer, which this one does not; leave it out",
        ],
    );
}

#[test]
fn a_bad_setting_is_told_what_to_write() {
    check(
        "[policy]\nprofile = \"enforced\"\nethertypes = [\"0800\", \"0x0800\", \"0x0800\"]\nroute_servers = [\"AS64500\", 0]\n",
        &[
            r#"c:2: "enforced" is no value of "profile", which takes one of "monitor", "enforce"; did you mean "enforce"?"#,
            r#"c:3: "0800" is no EtherType; write 0x0600 to 0xffff, as "0x0800" for IPv4"#,
            r#"c:3: "0x0800" is listed already; write it once"#,
            r#"c:4: "route_servers" takes a whole number, not a text"#,
            "c:4: route_servers = 0 is out of range; write 1 to 4294967295",
        ],
    );
    check(
        "[policy]\nethertypes = []\n[policy.limits]\narp = { rate = -1, burst = 0 }\nsweep_targets = 9999\nndp = 1\n",
        &[
            "c:2: ethertypes is empty, so every frame would break L01; leave it out for the usual ones",
            "c:4: burst = 0 is out of range; write 1 to 1000000000",
            "c:4: rate = -1 is out of range; write 0 to 1000000000",
            "c:5: sweep_targets = 9999 is out of range; write 1 to 2000",
            r#"c:6: unknown key "ndp"; did you mean "nd"?"#,
        ],
    );
}

#[test]
fn a_bad_entry_is_told_what_to_write() {
    check(
        "[[policy.member]]\nrules = {}\n[[policy.member]]\nasn = 1\n[[policy.member]]\nasn = 1\n",
        &[
            r#"c:1: "asn" is missing; write it as asn = 64500"#,
            "c:6: AS1 has a [[policy.member]] already; write one",
        ],
    );
    check(
        "[[policy.lan]]\nlan = \"a\"\nkind = \"service\"\n[[policy.lan]]\nlan = \"a\"\n",
        &[
            r#"c:3: "service" is no value of "kind", which takes one of "peering", "multicast", "quarantine""#,
            r#"c:5: LAN "a" has a [[policy.lan]] already; write one"#,
        ],
    );
    check(
        "[[policy.exempt]]\nname = \"a\"\nmacs = []\nrules = []\n[[policy.exempt]]\nname = \"b\"\nmacs = [\"01:00:00:00:00:01\"]\n",
        &[
            "c:3: macs is empty; write the MACs, or leave the entry out",
            "c:4: rules is empty; name rules, or leave it out for all",
            r#"c:7: "01:00:00:00:00:01" is no station's address; write one whose first byte is even"#,
        ],
    );
    check(
        "[policy.webhook]\nurl = \"example.net\"\nurl_file = \"a\"\n",
        &[
            r#"c:2: url = "example.net" is no address; write it as "http://127.0.0.1:8080/events""#,
            "c:3: url and url_file are both written; leave one out",
        ],
    );
}

#[test]
fn a_probe_where_it_would_go_nowhere_or_everywhere_is_refused() {
    let text = "[[attach]]\ninterface = \"a\"\nloop_probe = \"1s\"\n[[attach]]\ninterface = \"b\"\n\
                deployment = \"port\"\nloop_probe = \"1s\"\n[[attach]]\ninterface = \"c\"\n\
                deployment = \"inline\"\nloop_probe = \"1s\"\n";
    check(
        text,
        &[
            "c:2: a is a tap, where nothing is sent: loop_probe goes with deployment = \"inline\"; leave it out",
            "c:5: b is a peering port, where a probe would reach every member: loop_probe goes with \
             deployment = \"inline\"; leave it out",
        ],
    );
}

#[test]
fn what_would_drop_on_a_tap_is_refused() {
    let said = |name| {
        format!(
            "{name} is a tap, whose frames are copies: nothing can be dropped there; write profile = \"monitor\" \
             in its [[attach]], or deployment = \"inline\" if frames pass on by it"
        )
    };
    let attach = |profile: &str| format!("[[attach]]\ninterface = \"a\"\n{profile}");
    check(&attach("profile = \"enforce\"\n"), &[&format!("c:2: {}", said("a"))]);
    let general = format!("{}[policy]\nprofile = \"enforce\"\n", attach(""));
    check(&general, &[&format!("c:2: {}", said("a"))]);
    let spared = format!("{}[policy]\nprofile = \"enforce\"\n", attach("profile = \"monitor\"\n"));
    assert!(resolved(&spared, Overrides::default()).is_ok());
    let inline = attach("deployment = \"inline\"\nprofile = \"enforce\"\n");
    let config = resolved(&inline, Overrides::default()).unwrap();
    assert!(config.attach[0].enforces(&config.policy));
    let flags = Overrides { deployment: Some(Deployment::Tap), ..Overrides::default() };
    assert_eq!(resolved(&inline, flags).unwrap_err().to_string(), format!("--deployment: {}", said("a")));
    let flags = Overrides { interfaces: vec!["b".to_owned()], ..Overrides::default() };
    let text = "[policy]\nprofile = \"enforce\"\n";
    assert_eq!(resolved(text, flags).unwrap_err().to_string(), format!("--interface: {}", said("b")));
}
