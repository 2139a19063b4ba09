//! Words in, what the commands of the agent say of files and of this host out.

use std::fs;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use ixp_tests::agent::binary;
use ixp_tests::agent::command::{self, Ended, finish, quiet};
use ixp_tests::agent::lan::MEMBERS;
use ixp_tests::agent::site::{SAMPLER, Site, word};
use serde_json::Value;
use tempfile::TempDir;

fn run(words: &[&str]) -> Ended {
    command::run(words).expect("it ends")
}

/// Runs a command on a file with this text.
fn run_on(words: &[&str], name: &str, text: &str) -> Ended {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join(name);
    fs::write(&file, text).expect("it is written");
    run(&[words, &[word(&file)]].concat())
}

/// It exits so, and says this on standard output.
fn check(ended: &Ended, code: i32, parts: &[&str]) {
    assert_eq!(ended.code, Some(code), "{}{}", ended.out, ended.err);
    for part in parts {
        assert!(ended.out.contains(part), "{part} is not in:\n{}{}", ended.out, ended.err);
    }
}

#[test]
fn doctor_says_of_each_interface_what_it_can_do_and_attaches_nothing() {
    let site = Site::enter().expect("a place for an agent");
    let ended = run(&["doctor", "--interface", SAMPLER, "--interface", "lo"]);
    let parts =
        ["kernel", "privileges", "XDP program", "sampler XDP", "driver veth has native XDP", "sampler tags"];
    check(&ended, 0, &parts);
    let is_line = |line: &&str| {
        ["ok ", "warning ", "missing ", "         "].iter().any(|state| line.starts_with(state))
    };
    let stray: Vec<&str> = ended.out.lines().filter(|line| !is_line(line)).collect();
    assert!(stray.is_empty(), "{stray:?}");
    assert!(ended.out.lines().any(|line| line.starts_with("warning  lo XDP")), "{}", ended.out);
    assert!(!site.has_program(SAMPLER).expect("it is there"));
}

#[test]
fn doctor_fails_if_something_is_missing_and_says_the_fix() {
    let site = Site::enter().expect("a place for an agent");
    check(&run(&["doctor", "--interface", "samplr"]), 77, &["missing  samplr", "did you mean sampler?"]);
    let program = site.path("ixp-agent");
    fs::copy(binary::agent(), &program).expect("it is copied");
    let words = ["--bounding-set=-all", "--inh-caps=-all", word(&program), "doctor", "--interface", SAMPLER];
    let ended = finish(quiet(Command::new("setpriv"), &words).stdin(Stdio::null())).expect("it ends");
    check(
        &ended,
        77,
        &["missing  privileges", "CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF", "setcap", "missing  XDP program"],
    );
}

#[test]
fn doctor_refuses_a_bad_configuration_as_run_does() {
    let ended = run_on(&["doctor", "--config"], "config.toml", "[windov]\n");
    assert_eq!(ended.code, Some(2), "{}", ended.out);
    assert!(ended.err.contains("windov") && ended.err.contains("window"), "{}", ended.err);
}

#[test]
fn members_are_checked() {
    check(&run_on(&["members", "check"], "members.toml", MEMBERS), 0, &["2 members"]);
    let twice = MEMBERS.replacen("02:00:00:00:00:02", "02:00:00:00:00:01", 1);
    check(&run_on(&["members", "check"], "members.toml", &twice), 2, &["members.toml:", "02:00:00:00:00:01"]);
    let outside = MEMBERS.replacen("[\"192.0.2.1\"]", "[\"203.0.113.1\"]", 1);
    check(&run_on(&["members", "check"], "members.toml", &outside), 2, &["203.0.113.1", "192.0.2.0/24"]);
    let absent = run(&["members", "check", "/nonexistent/members.toml"]);
    assert_eq!((absent.code, absent.out.as_str()), (Some(2), ""), "{}", absent.err);
}

#[test]
fn a_change_that_is_over_is_said_when_members_are_checked() {
    let change = "macs = [\"02:00:00:00:00:01\"]\nchange = { mac = \"02:00:00:00:00:11\", until = \"2020-12-01T06:00:00Z\" }";
    let text = MEMBERS.replacen("macs = [\"02:00:00:00:00:01\"]", change, 1);
    let ended = run_on(&["members", "check"], "members.toml", &text);
    check(&ended, 0, &["02:00:00:00:00:11 ended at 2020-12-01T06:00:00Z", "with 1 warning"]);
}

#[test]
fn a_configuration_is_checked_with_its_members() {
    let folder = TempDir::new().expect("a folder");
    let checked = |members: Option<&str>| {
        if let Some(text) = members {
            fs::write(folder.path().join("members.toml"), text).expect("it is written");
        }
        let config = "[members]\nfile = \"members.toml\"\n[[attach]]\ninterface = \"eth1\"\n[[policy.lan]]\nlan = \"peerng\"\n";
        let file = folder.path().join("config.toml");
        fs::write(&file, config).expect("it is written");
        run(&["config", "check", word(&file)])
    };
    check(&checked(None), 0, &["members.toml: No such file", "config.toml: usable"]);
    let near = "there is no LAN \"peerng\": its [[policy.lan]] has no effect; did you mean \"peering\"?";
    check(&checked(Some(MEMBERS)), 0, &[near, "config.toml: usable"]);
    check(&checked(Some("[[lan]]\n")), 2, &["members.toml:1", "config.toml: not usable with these members"]);
}

#[test]
fn a_configuration_is_checked_with_its_table_of_vlan_interfaces() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("config.toml");
    let text = "[[attach]]\ninterface = \"eth1\"\n[store]\nfolder = \"store\"\n[rrd]\nrrdcached = \"/run/r.sock\"\n\
                folder = \"/srv/ixpmatrix\"\nvlis = \"vlis.json\"\n";
    fs::write(&file, text).expect("it is written");
    let said = |table: &str, code, parts: &[&str]| {
        fs::write(folder.path().join("vlis.json"), table).expect("it is written");
        check(&run(&["config", "check", word(&file)]), code, parts);
    };
    check(
        &run(&["config", "check", word(&file)]),
        0,
        &["vlis.json: No such file", "until it is there", "usable"],
    );
    said("[]", 0, &["usable, counts on eth1"]);
    said(r#"{"1":{"100":{"x":1}}}"#, 0, &["\"x\" on VLAN 100 is not a MAC address", "usable"]);
    said(
        "{\"member_list\":[1]}",
        2,
        &["vlis.json: no table of VLAN interfaces", "sflow-db-mapper", "not usable"],
    );
}

#[test]
fn configurations_are_checked_by_line() {
    let good = "[[attach]]\ninterface = \"eth1\"\n";
    check(&run_on(&["config", "check"], "config.toml", good), 0, &[]);
    let bad = "[[attach]]\ninterface = \"eth1\"\ndeployment = \"tab\"\n[http]\nlisten = \"0.0.0.0:1\"\n";
    check(
        &run_on(&["config", "check"], "config.toml", bad),
        2,
        &["config.toml:3", "tap", "config.toml:5", "token_file"],
    );
}

#[test]
fn the_shown_configuration_is_one_and_has_every_default() {
    let shown = run_on(&["config", "show", "--config"], "config.toml", "[[attach]]\ninterface = \"eth1\"\n");
    check(&shown, 0, &["eth1", "127.0.0.1:9179", "pairs", "step", "rate"]);
    let again = run_on(&["config", "show", "--config"], "config.toml", &shown.out);
    assert_eq!((again.code, &again.out), (Some(0), &shown.out), "{}", again.err);
    let named = run_on(&["config", "show"], "config.toml", &shown.out);
    assert_eq!((named.code, &named.out), (Some(0), &shown.out), "{}", named.err);
}

#[test]
fn the_schema_is_json_and_names_every_section() {
    let ended = run(&["config", "schema"]);
    check(&ended, 0, &[]);
    let schema: Value = serde_json::from_str(&ended.out).expect("JSON");
    for section in ["attach", "members", "counting", "sampling", "window", "http"] {
        assert!(schema["properties"][section].is_object(), "{section}: {}", ended.out);
    }
}

#[test]
fn every_shell_has_its_completions_and_help_has_examples() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        check(&run(&["completions", shell]), 0, &["ixp-agent", "replay", "doctor"]);
    }
    check(&run(&["man"]), 0, &[".TH ixp-agent"]);
    check(&run(&["--help"]), 0, &["Examples:", "Exit codes:", "doctor"]);
    check(&run(&["replay", "--help"]), 0, &["Examples:"]);
    check(&run(&["--version"]), 0, &["ixp-agent 0."]);
}

#[test]
fn logs_are_json_lines_if_asked_for() {
    let site = Site::enter().expect("a place for an agent");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let members = site.write("members.toml", "").expect("it is written");
    let flags = ["--interface", "lo", "--members", word(&members), "--listen", &address];
    let ended = run(&[&["run", "--log-format", "json"], flags.as_slice()].concat());
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    let logged: Vec<&str> = ended.err.lines().filter(|line| line.starts_with('{')).collect();
    assert!(!logged.is_empty(), "{}", ended.err);
    for line in logged {
        let line: Value = serde_json::from_str(line).expect("JSON");
        assert!(line["message"].is_string() && line["level"].is_string(), "{line}");
    }
}
