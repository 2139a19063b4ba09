//! Configuration files and flags in, the words of their errors and the configurations out.

use std::path::Path;

use super::*;

mod property;
mod rrd;
mod rules;
mod sflow;

fn resolved(text: &str, flags: Overrides) -> Result<Config, ConfigError> {
    resolve(Some((Path::new("etc/config.toml"), text)), flags)
}

fn check(text: &str, expected: &[&str]) {
    let said = match resolved(text, Overrides::default()) {
        Ok(config) => format!("taken: {config:?}"),
        Err(error) => error.to_string().replace("etc/config.toml", "c"),
    };
    assert_eq!(said, expected.join("\n"), "of\n{text}");
}

fn interface(name: &str) -> InterfaceName {
    name.parse().unwrap()
}

#[test]
fn without_a_file_every_default_holds() {
    assert_eq!(resolve(None, Overrides::default()).unwrap(), Config::default());
    assert_eq!(resolved("", Overrides::default()).unwrap(), Config::default());
}

#[test]
fn a_file_says_what_differs_from_the_defaults() {
    let text = r#"
[[attach]]
interface = "eth1"
deployment = "inline"
xdp = "native"
consume = true
lan = "peering"
[members]
file = "members.toml"
vlan_tags = { 1 = 100, 2 = 0 }
[window]
step = "1m"
keep = "1h 30m"
[http]
listen = "[::]:80"
token_file = "/run/token"
"#;
    let config = resolved(text, Overrides::default()).unwrap();
    let [attach] = config.attach.as_slice() else { panic!("{config:?}") };
    assert_eq!(attach.deployment, Deployment::Inline);
    assert_eq!((attach.xdp, attach.consume), (XdpMode::Native, Some(true)));
    assert_eq!(config.members.file.as_deref(), Some(Path::new("etc/members.toml")));
    assert_eq!(config.members.vlan_tags[&1].get(), 100);
    assert_eq!(config.window.keep, SignedDuration::from_mins(90));
    assert_eq!(config.http.token_file.as_deref(), Some(Path::new("/run/token")));
}

#[test]
fn flags_go_before_the_file() {
    let text = "[[attach]]\ninterface = \"a\"\nconsume = false\n[[attach]]\ninterface = \"b\"\n[members]\nfile = \"m\"\n";
    let flags = Overrides {
        interfaces: vec!["c".to_owned(), "a".to_owned()],
        members: Some("flag.toml".into()),
        listen: Some("127.0.0.1:1".parse().unwrap()),
        deployment: Some(Deployment::Port),
        xdp: Some(XdpMode::Generic),
    };
    let config = resolved(text, flags).unwrap();
    let attached = |name, consume| Attach {
        deployment: Deployment::Port,
        xdp: XdpMode::Generic,
        consume,
        ..Attach::new(interface(name))
    };
    assert_eq!(config.attach, [attached("c", None), attached("a", Some(false))]);
    assert_eq!(config.members.file.as_deref(), Some(Path::new("flag.toml")));
    assert_eq!(config.http.listen.port(), 1);
}

#[test]
fn a_bad_flag_is_named() {
    let flags = Overrides {
        interfaces: vec!["eth 1".to_owned(), "a".to_owned(), "a".to_owned()],
        listen: Some("192.0.2.1:9179".parse().unwrap()),
        ..Overrides::default()
    };
    let said = resolve(None, flags).unwrap_err().to_string();
    let expected = r#"--interface: "a" is given twice; give it once
--interface: "eth 1" is no interface name; write 1 to 15 bytes without "/", ":" and blanks, as "eth0"
--listen: nothing but loopback is served without a token: 192.0.2.1:9179 is open to others; set token_file in [http], or listen on 127.0.0.1:9179"#;
    assert_eq!(said, expected);
}

#[test]
fn an_unknown_key_is_told_the_one_that_was_meant() {
    check("[windw]\n", &[r#"c:1: unknown key "windw"; did you mean "window"?"#]);
    check("[http]\nlisten_on = 1\n", &[r#"c:2: unknown key "listen_on"; did you mean "listen"?"#]);
    check("[sampling]\nevery = 1\n", &[r#"c:2: unknown key "every"; known here: rate"#]);
    check(
        "[[attach]]\nxdp = \"auto\"\n",
        &[r#"c:1: "interface" is missing; write it as interface = "eth1""#],
    );
}

#[test]
fn a_bad_value_is_told_what_to_write() {
    check("counting = 1\n", &[r#"c:1: "counting" takes a table, not a number"#]);
    check("[counting]\npairs = 0\n", &["c:2: pairs = 0 is out of range; write 1 to 67108864"]);
    check(
        "[counting]\npairs = \"1\"\n",
        &[r#"c:2: "pairs" takes a whole number, not a text; write it as pairs = 262144"#],
    );
    check("[sampling]\nrate = -1\n", &["c:2: rate = -1 is out of range; write 0 to 4294967295"]);
    check(
        "[window]\nstep = \"10\"\n",
        &[r#"c:2: step = "10" is no length of time; write it as "10s", "5m" or "1h""#],
    );
    check(
        "[window]\nstep = \"100ms\"\n",
        &[r#"c:2: step = "100ms" is not in whole seconds; write 1s or more"#],
    );
    check("[window]\nkeep = \"9999h\"\n", &[r#"c:2: keep = "9999h" is too long; write 744h or less"#]);
    check(
        "[window]\nstep = \"7s\"\n",
        &[r#"c:2: keep = "1h" is no multiple of step = "7s"; a step is kept whole or not at all"#],
    );
}

#[test]
fn collectors_are_hosts_each_once_and_get_samples_that_are_taken() {
    let check_at =
        |lines: &str, errors: &[&str]| check(&format!("[sampling]\nrate = 9\n[sflow]\n{lines}"), errors);
    let hint = r#"write it as "192.0.2.10:6343" or "[2001:db8::10]:6343""#;
    for wrong in ["192.0.2.1", "collector:6343"] {
        let error = format!(r#"c:4: "{wrong}" is no address with a port; {hint}"#);
        check_at(&format!("collectors = [\"{wrong}\"]\n"), &[&error]);
    }
    for wrong in ["0.0.0.0:6343", "224.0.0.1:6343", "192.0.2.1:0"] {
        let error = format!(r#"c:4: "{wrong}" is no collector's address; {hint}"#);
        check_at(&format!("collectors = [\"{wrong}\"]\n"), &[&error]);
    }
    check_at(
        "collectors = [\"[::1]:1\", \"[::1]:1\"]\n",
        &["c:4: [::1]:1 is a collector already; write it once"],
    );
    check_at(
        "agent = \"0.0.0.0\"\nheader = 129\ndatagram = 100\n",
        &[
            r#"c:4: agent = "0.0.0.0" is no IP address of a host; write it as "192.0.2.5""#,
            "c:5: header = 129 is out of range; write 22 to 128",
            "c:6: datagram = 100 is out of range; write 300 to 65507",
        ],
    );
    let read = |text: &str| resolve(Some((Path::new("c"), text)), Overrides::default());
    let attach = "[[attach]]\ninterface = \"eth1\"\n";
    let here = read(&format!("{attach}sampling = 9\n[sflow]\ncollectors = [\"[::1]:1\"]\n"))
        .expect("samples are taken");
    assert_eq!(here.attach[0].sampling_rate(&here.sampling), 9);
    let there = read(&format!("{attach}[sampling]\nrate = 7\n")).expect("it is sound");
    assert_eq!(there.attach[0].sampling_rate(&there.sampling), 7);
    check(
        "[sflow]\ncollectors = [\"[::1]:1\"]\n",
        &["c:2: collectors get samples, and none is taken: set rate in [sampling], as rate = 1024"],
    );
}

#[test]
fn a_bad_text_is_told_what_to_write() {
    check(
        "[http]\nlisten = \"localhost:9179\"\n",
        &[
            r#"c:2: listen = "localhost:9179" is no address with a port; write it as "127.0.0.1:9179" or "[::1]:9179""#,
        ],
    );
    check("[members]\nfile = \"\"\n", &["c:2: file is empty; give it a value or leave it out"]);
    check(
        "[members.vlan_tags]\nx = 1\n1 = 4095\n01 = 1\n001 = 2\n",
        &[
            r#"c:2: "x" is no VLAN id; write the number of the VLAN in the IX-F export, as in { 1 = 100 }"#,
            "c:3: 4095 is no 802.1Q tag; write 1 to 4094, or 0 for untagged",
            "c:4: VLAN id 1 has a tag already; write it once",
        ],
    );
}

#[test]
fn a_bad_attachment_is_told_what_to_write() {
    check(
        "[[attach]]\ninterface = \"a/b\"\ndeployment = \"tpa\"\nlan = \" \"\n",
        &[
            r#"c:2: "a/b" is no interface name; write 1 to 15 bytes without "/", ":" and blanks, as "eth0""#,
            r#"c:3: "tpa" is no value of "deployment", which takes one of "tap", "port", "inline"; did you mean "tap"?"#,
        ],
    );
    check(
        "[[attach]]\ninterface = \"a\"\n[[attach]]\ninterface = \"a\"\n",
        &[r#"c:4: interface "a" is attached at line 2 already; write it once"#],
    );
}

#[test]
fn nothing_but_loopback_is_served_without_a_token() {
    let said = "c:2: nothing but loopback is served without a token: [::]:80 is open to others; \
                set token_file in [http], or listen on 127.0.0.1:80";
    check("[http]\nlisten = \"[::]:80\"\n", &[said]);
}

#[test]
fn a_check_says_what_is_counted_on() {
    let said = |text: &str| check::check(Path::new("c"), text);
    assert_eq!(said("[[attach]]\ninterface = \"eth1\"\n").text, "c: usable, counts on eth1\n");
    assert!(said("").text.contains("names no interface"));
    let bad = said("[http]\nport = 1\n");
    assert!(!bad.usable);
    assert!(bad.text.ends_with("c: not usable\n"), "{}", bad.text);
}

#[test]
fn the_schema_knows_every_section_and_forbids_others() {
    let schema: serde_json::Value = serde_json::from_str(&schema::schema()).unwrap();
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["properties"]["counting"]["properties"]["pairs"]["maximum"], key::MOST_PAIRS);
    assert_eq!(schema["properties"]["window"]["properties"]["step"]["default"], "10s");
    let attach = &schema["properties"]["attach"]["items"]["properties"];
    assert_eq!((&attach["xdp"]["default"], attach["lan"].get("default")), (&"auto".into(), None));
    let sections: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(sections, policy::SECTIONS, "by them a file of a policy is told from a configuration");
    let policy = &schema["properties"]["policy"]["properties"];
    assert_eq!(policy["profile"]["default"], "monitor");
    assert_eq!(policy["limits"]["properties"]["arp"]["default"]["burst"], 100);
    assert_eq!(policy["rules"]["additionalProperties"]["oneOf"].as_array().unwrap().len(), 5);
}

#[test]
fn every_default_is_shown_with_its_meaning() {
    let mut config = Config::default();
    config.attach.push(Attach::new(interface("eth1")));
    let shown = show::show(&config);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/config/tests/default.toml"), &shown)
            .unwrap();
    }
    assert_eq!(shown, include_str!("tests/default.toml"));
}
