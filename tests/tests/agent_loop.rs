//! A member that connects two ports of the exchange with each other in, the loop that probes tell of out.

use ixp_tests::agent::lan::MEMBERS;
use ixp_tests::agent::site::{FABRIC, SAMPLER, Site};
use ixp_tests::agent::wait;
use serde_json::Value;

const OTHER_FABRIC: &str = "fabric2";
const OTHER: &str = "sampler2";

/// Two inline interfaces, which probe every second what is behind them.
fn config() -> String {
    let attach = [SAMPLER, OTHER].map(|interface| {
        format!("[[attach]]\ninterface = \"{interface}\"\ndeployment = \"inline\"\nloop_probe = \"1s\"\n")
    });
    format!("[members]\nfile = \"members.toml\"\n{}", attach.concat())
}

fn site() -> Site {
    let site = Site::enter().expect("a place for an agent");
    site.namespace.veth(OTHER_FABRIC, OTHER).expect("a pair of interfaces");
    site.write("members.toml", MEMBERS).expect("it is written");
    site
}

/// Frames that broke a rule.
fn broken(rules: &Value, rule: &str) -> u64 {
    let rules = rules["rules"].as_array().expect("a list");
    let row = rules.iter().find(|row| row["rule"] == rule).expect("each rule has a row");
    row["packets"].as_u64().expect("a number")
}

#[test]
fn a_probe_that_comes_back_by_another_port_is_a_loop() {
    let site = site();
    let bridge = |arguments: &[&str]| site.namespace.ip(arguments).expect("the kernel has bridges");
    bridge(&["link", "add", "member", "type", "bridge"]);
    for interface in [FABRIC, OTHER_FABRIC] {
        bridge(&["link", "set", interface, "master", "member"]);
    }
    bridge(&["link", "set", "member", "up"]);
    let agent = site.agent(&config()).expect("the agent starts");
    let looping = || {
        let events = agent.json("/api/v1/events")?;
        let incidents = events["incidents"].as_array().cloned().unwrap_or_default();
        Ok(incidents.into_iter().find(|incident| incident["kind"] == "loop"))
    };
    let incident = wait("the loop is told", looping).expect("a loop");
    assert_eq!((&incident["rule"], &incident["severity"]), (&"L08".into(), &"critical".into()), "{incident}");
    let summary = incident["summary"].as_str().expect("a text");
    assert!(summary.starts_with("frames of the monitor itself"), "{summary}");
    let rules = agent.json("/api/v1/rules").expect("the rules");
    assert_ne!(broken(&rules, "L08"), 0, "{rules}");
    assert_eq!(broken(&rules, "L07"), 0, "the monitor is no stranger: {rules}");
}

#[test]
fn a_probe_that_does_not_come_back_is_no_loop() {
    let site = site();
    let agent = site.agent(&config()).expect("the agent starts");
    let sent = || {
        let counters = site.namespace.ip(&["-stats", "-json", "link", "show", FABRIC])?;
        let counters: Value = serde_json::from_str(&counters)?;
        Ok(counters[0]["stats64"]["rx"]["packets"].as_u64().filter(|packets| *packets >= 3))
    };
    wait("three probes are on the wire", sent).expect("they are sent");
    let events = agent.json("/api/v1/events").expect("the events");
    assert_eq!(events["incidents"], Value::Array(Vec::new()), "{events}");
    let stopped = agent.stop(libc::SIGTERM).expect("it ends");
    assert!(stopped.log.contains("loop probes are sent"), "{}", stopped.log);
}
