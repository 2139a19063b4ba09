//! What an agent cannot run with in, one line that says what to do and an exit code out; nothing is attached.

use std::fs;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use ixp_common::names::{ABI_SECTION, ABI_VERSION};
use ixp_tests::agent::binary;
use ixp_tests::agent::command::{self, Ended, agent, finish, quiet};
use ixp_tests::agent::http::{ADDRESS, ask};
use ixp_tests::agent::lan::MEMBERS;
use ixp_tests::agent::site::{SAMPLER, Site, word};
use object::{Object as _, ObjectSection as _};

static OBJECT: &[u8] = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/ebpf/ixp-ebpf.o"));

/// The agent on the usual interface, with more words.
fn run(words: &[&str]) -> Ended {
    command::run(&[&["run", "--interface", SAMPLER], words].concat()).expect("it ends")
}

/// It failed with this code, and its error has these parts.
fn check(ended: &Ended, code: i32, parts: &[&str]) {
    assert_eq!(ended.code, Some(code), "{}", ended.err);
    assert!(ended.err.contains("error: "), "{}", ended.err);
    for part in parts {
        assert!(ended.err.contains(part), "{part} is not in: {}", ended.err);
    }
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
}

/// Nothing is on the interface.
fn check_nothing_attached(site: &Site) {
    assert!(!site.has_program(SAMPLER).expect("it is there"));
}

#[test]
fn an_interface_that_does_not_exist_is_bad_usage_with_a_near_name() {
    let site = Site::enter().expect("a place for an agent");
    let ended = command::run(&["run", "--interface", SAMPLER, "--interface", "fabrik"]).expect("it ends");
    check(&ended, 2, &["interface fabrik does not exist", "ip -brief link", "did you mean fabric?"]);
    check_nothing_attached(&site);
}

#[test]
fn no_interface_at_all_is_bad_usage_with_what_to_write() {
    let site = Site::enter().expect("a place for an agent");
    let config = site.write("config.toml", "").expect("it is written");
    let ended = command::run(&["run", "--config", word(&config)]).expect("it ends");
    check(&ended, 2, &["no interface to count on", "--interface eth0", "[[attach]]"]);
}

#[test]
fn a_port_in_use_is_a_failure_and_nothing_is_attached() {
    let site = Site::enter().expect("a place for an agent");
    let taken = TcpListener::bind(ADDRESS).expect("it is free");
    check(&run(&[]), 1, &["listen on 127.0.0.1:9179", "--listen"]);
    check_nothing_attached(&site);
    drop(taken);
}

#[test]
fn without_privilege_the_capabilities_are_named() {
    let site = Site::enter().expect("a place for an agent");
    // The test's target directory may be closed to a process without capabilities.
    let program = site.path("ixp-agent");
    fs::copy(binary::agent(), &program).expect("it is copied");
    let words = ["--bounding-set=-all", "--inh-caps=-all", word(&program), "run", "--interface", SAMPLER];
    let ended = finish(quiet(Command::new("setpriv"), &words).stdin(Stdio::null())).expect("it ends");
    check(&ended, 77, &["no privilege", "CAP_NET_ADMIN", "CAP_PERFMON", "CAP_BPF", "setcap"]);
    let words = [
        "--bounding-set=-perfmon,-sys_admin",
        "--inh-caps=-all",
        word(&program),
        "run",
        "--interface",
        SAMPLER,
    ];
    let ended = finish(quiet(Command::new("setpriv"), &words).stdin(Stdio::null())).expect("it ends");
    check(&ended, 77, &["no privilege: CAP_PERFMON missing"]);
    check_nothing_attached(&site);
}

#[test]
fn bad_members_are_told_by_file_and_line() {
    let site = Site::enter().expect("a place for an agent");
    let bad = MEMBERS.replacen("02:00:00:00:00:02", "02:00:00:00:00:01", 1);
    let line = bad.lines().position(|line| line.contains("AS64501") || line.contains("asn = 64501"));
    let line = line.expect("the second member") + 1;
    let file = site.write("members.toml", bad).expect("it is written");
    let ended = run(&["--members", word(&file)]);
    check(&ended, 2, &["members.toml:", "02:00:00:00:00:01"]);
    let told = ended.err.split("members.toml:").nth(1).expect("a place");
    let told: usize = told.split(':').next().expect("a line").parse().expect("a number");
    assert!((line..line + 5).contains(&told), "{}", ended.err);
    check(&run(&["--members", word(&site.path("absent.toml"))]), 2, &["absent.toml", "No such file"]);
    check_nothing_attached(&site);
}

#[test]
fn a_bad_configuration_is_told_by_line_with_a_suggestion() {
    let site = Site::enter().expect("a place for an agent");
    let text = "[[attach]]\ninterfase = \"sampler\"\n\n[window]\nstep = \"0s\"\n";
    let file = site.write("config.toml", text).expect("it is written");
    let ended = command::run(&["run", "--config", word(&file)]).expect("it ends");
    check(&ended, 2, &["config.toml:2", "interfase", "interface", "config.toml:5"]);
    let ended = command::run(&["run", "--config", word(&site.path("absent.toml"))]).expect("it ends");
    check(&ended, 2, &["absent.toml", "No such file"]);
    check_nothing_attached(&site);
}

#[test]
fn words_that_are_no_command_are_bad_usage() {
    for words in [&["rum"][..], &["run", "--interfase", "x"], &["replay"], &["run", "--listen", "here"]] {
        let ended = command::run(words).expect("it ends");
        assert_eq!(ended.code, Some(2), "{words:?}: {}", ended.err);
        assert!(ended.err.contains("error: ") && ended.out.is_empty(), "{words:?}: {}", ended.err);
    }
}

/// Runs the agent with another object.
fn run_with(site: &Site, object: &[u8]) -> Ended {
    let file = site.write("other.o", object).expect("it is written");
    run_with_file(word(&file))
}

fn run_with_file(file: &str) -> Ended {
    let mut command = agent(&["run", "--interface", SAMPLER]);
    finish(command.env("IXP_EBPF_OBJECT", file).stdin(Stdio::null())).expect("it ends")
}

/// The object with another version in it.
fn of_another_version() -> Vec<u8> {
    let file = object::File::parse(OBJECT).expect("an object");
    let section = file.section_by_name(ABI_SECTION).expect("the section");
    let (start, _) = section.file_range().expect("it has bytes");
    let start = usize::try_from(start).expect("small");
    let mut bytes = OBJECT.to_vec();
    bytes[start..start + 4].copy_from_slice(&(ABI_VERSION + 41).to_ne_bytes());
    bytes
}

#[test]
fn an_object_that_is_none_of_this_agent_is_refused_in_one_line() {
    let site = Site::enter().expect("a place for an agent");
    let one_line = |ended: &Ended, parts: &[&str]| {
        check(ended, 1, parts);
        assert!(ended.error().contains(parts[0]), "{}", ended.err);
    };
    one_line(&run_with(&site, b"not an object"), &["other.o is no sampler object"]);
    one_line(&run_with(&site, b""), &["other.o is no sampler object"]);
    one_line(&run_with(&site, &OBJECT[..OBJECT.len() / 2]), &["other.o is no sampler object"]);
    let version = format!("other.o has ABI version {}, this agent needs {ABI_VERSION}", ABI_VERSION + 41);
    one_line(&run_with(&site, &of_another_version()), &[&version, "cargo xtask ebpf"]);
    one_line(&run_with_file(word(&site.path("absent.o"))), &["IXP_EBPF_OBJECT: read", "No such file"]);
    check_nothing_attached(&site);
}

#[test]
fn another_program_on_the_interface_is_told_with_what_to_type() {
    let site = Site::enter().expect("a place for an agent");
    let first = site.tap(MEMBERS, "").expect("the agent starts");
    let ended = run(&["--listen", "127.0.0.1:9180"]);
    check(&ended, 1, &["already has an XDP program", "xdp off"]);
    assert!(site.has_program(SAMPLER).expect("it is there"));
    drop(first);
}

#[test]
fn nothing_but_loopback_is_served_without_a_token() {
    let site = Site::enter().expect("a place for an agent");
    check(&run(&["--listen", "0.0.0.0:9179"]), 2, &["token_file", "127.0.0.1:9179"]);
    check(&run(&["--listen", "[::]:9179"]), 2, &["token_file"]);
    let empty = site.write("token", "\n").expect("it is written");
    let config = format!("[http]\nlisten = \"0.0.0.0:9179\"\ntoken_file = \"{}\"\n", word(&empty));
    let config = site.write("config.toml", config).expect("it is written");
    check(&run(&["--config", word(&config)]), 2, &["token", "it is empty"]);
    check_nothing_attached(&site);
}

#[test]
fn a_token_is_asked_for_but_by_probes() {
    let site = Site::enter().expect("a place for an agent");
    site.write("token", "open sesame\n").expect("it is written");
    let http = "[http]\nlisten = \"0.0.0.0:9179\"\ntoken_file = \"token\"\n";
    let agent = site.tap(MEMBERS, http).expect("the agent starts");
    let status = |path: &str, token| ask("GET", path, token).expect("an answer").status;
    for path in ["/", "/metrics", "/api/v1/matrix", "/api/v1/status", "/api/v1/members", "/nothing"] {
        let refused = ask("GET", path, None).expect("an answer");
        assert_eq!(
            (refused.status, refused.content_type.as_str()),
            (401, "application/problem+json"),
            "{path}"
        );
        assert_eq!(status(path, Some("open")), 401, "{path}");
        assert_eq!(status(path, Some("open sesame")), if path == "/nothing" { 404 } else { 200 }, "{path}");
    }
    assert_eq!((status("/healthz", None), status("/readyz", None)), (200, 200));
    drop(agent);
}
